"""Shipments that the hub makes at Centra: the order as it stands, which of its shipments is which dispatch, what to ask for.

Pure. Source: Integration API type reference 1.60, example queries for shops (createShipment, completeShipment). Centra's
refusals are prose without codes: what can be told beforehand is told from the order itself.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectors.canonical.dispatches import Dispatch, check_dispatch
from connectors.canonical.errors import DataError, PermanentError, Problem, TransientError
from connectors.canonical.payload import JSON
from connectors.centra.reading import Node
from connectors.centra.translate import order_reference

SHIPPABLE = frozenset({"CONFIRMED", "PROCESSING"})
_COLLECTED = frozenset({"CAPTURE", "CAPTURE_GIFT_CARD", "MARKED_AS_PAID", "PREPAID"})
_CAPTURING = frozenset({"CAPTURE", "CAPTURE_PENDING", "CAPTURE_REQUEST"})  # PENDING: the payment service answers later


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """One shipment that the order has."""

    shipment_id: int
    number: str  # "39790-1"
    external_id: str  # "" where nobody, or another integration, gave it one
    good_to_go: bool
    paid: bool
    captured: bool
    shipped: bool
    tracking_number: str
    units: Mapping[str, int]  # order line id → units


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An order as it stands, as far as shipping is concerned."""

    number: int
    status: str
    on_hold: bool
    hold_reason: str  # "" where a person holds it
    sold_elsewhere: bool  # a marketplace has the money, and tells the customer
    quantities: Mapping[str, int]  # order line id → units that are not cancelled
    skus: Mapping[str, str]
    shipments: tuple[Shipment, ...]
    total: Decimal
    collected: Decimal
    capture_pending: bool

    def left(self, line_id: str) -> int:
        """Units of the line that are in no shipment yet."""
        return self.quantities.get(line_id, 0) - sum(one.units.get(line_id, 0) for one in self.shipments)

    @property
    def wants_capture(self) -> bool:
        return not self.sold_elsewhere and self.collected < self.total


def parse_standing(payload: JSON) -> Standing:
    """From documents.READ_BEFORE_DISPATCH. Raises DataError naming every field at fault."""
    node = Node.root(payload, kind="Order", key="number")
    lines = node.children("lines")
    entries = [
        (entry.word("entryType"), entry.word("status"), entry.need("value").amount("value"))
        for entry in node.children("paymentHistory")
    ]
    standing = Standing(
        number=node.count("number"),
        status=node.word("status"),
        on_hold=node.flag("isOnHold"),
        hold_reason=node.text("orderHoldReason"),
        sold_elsewhere=bool(order_reference(node)),
        quantities={str(line.count("id")): line.count("quantity") for line in lines},
        skus={str(line.count("id")): _sku(line) for line in lines},
        shipments=tuple(_shipment(one) for one in node.children("shipments")),
        total=node.need("grandTotal").amount("value"),
        collected=sum(
            (value for kind, status, value in entries if kind in _COLLECTED and status == "SUCCESS"), Decimal(0)
        ),
        capture_pending=any(kind in _CAPTURING and status == "PENDING" for kind, status, _ in entries),
    )
    node.faults.raise_any()
    return standing


def _sku(line: Node) -> str:
    article = line.child("productSize")
    return "" if article is None else article.text("SKU")


def _shipment(node: Node) -> Shipment:
    units: Counter[str] = Counter()
    for line in node.children("lines"):
        units[str(line.need("orderLine").count("id"))] += line.count("quantity")
    return Shipment(
        shipment_id=node.count("id"),
        number=node.text("number"),
        external_id=node.text("externalId"),
        good_to_go=node.flag("isGoodToGo"),
        paid=node.flag("isPaid"),
        captured=node.flag("isCaptured"),
        shipped=node.flag("isShipped"),
        tracking_number=node.text("trackingNumber"),
        units=dict(units),
    )


# --- which shipment is which dispatch ---------------------------------------------------------------------------------
def find_shipment(standing: Standing, dispatch: Dispatch) -> Shipment | None:
    """The shipment that is this dispatch: by our id, which it was made with; else one that a person made of the same units.

    A person's shipment is this dispatch when it has the same tracking number; or while it waits there with none, since
    only the hub tells Centra what left. What carries another id is another dispatch, whatever its units.
    """
    units = units_of(dispatch)
    named = [one for one in standing.shipments if one.external_id == dispatch.dispatch_id]
    alike = [one for one in standing.shipments if not one.external_id and one.units == units]
    same = [one for one in alike if one.tracking_number and one.tracking_number == dispatch.tracking_number]
    waiting = [one for one in alike if not one.shipped and not one.tracking_number]
    return next(iter((*named, *same, *waiting)), None)


def units_of(dispatch: Dispatch) -> dict[str, int]:
    units: Counter[str] = Counter()
    for line in dispatch.lines:
        units[line.line_id] += line.quantity
    return dict(units)


# --- what is asked for ------------------------------------------------------------------------------------------------
def check_sendable(dispatch: Dispatch) -> Dispatch:
    """Return the dispatch, or raise DataError naming everything Centra would need and does not get."""
    check_dispatch(dispatch)
    problems = [
        Problem(field=f"lines[{index}].line_id", message=f"{line.sku} has no order line in Centra.")
        for index, line in enumerate(dispatch.lines)
        if not (line.line_id.isascii() and line.line_id.isdigit())
    ]
    if not (dispatch.carrier or dispatch.carrier_name):
        problems.append(Problem(field="carrier", message="The dispatch has no carrier to tell Centra."))
    if problems:
        raise DataError(problems, record=f"Dispatch {dispatch.number or dispatch.dispatch_id}")
    return dispatch


def build_shipment(standing: Standing, dispatch: Dispatch, *, capture: bool) -> dict[str, JSON]:
    """ShipmentCreateInput. Money that Centra holds is captured in the same stroke, so never twice; else it is marked paid.

    Centra itself puts the order's shipping cost on one shipment only. No e-mail: completing sends it, where it is wanted.
    """
    money = {"capture": True} if capture and standing.wants_capture else {"isPaid": True}
    lines = [
        {"orderLine": {"id": int(line_id)}, "quantity": quantity} for line_id, quantity in units_of(dispatch).items()
    ]
    return {
        "order": {"number": standing.number},
        "lines": lines,
        "isGoodToGo": True,
        "externalId": dispatch.dispatch_id,
        "shipmentInfo": build_info(dispatch),
        "sendEmail": False,
        **money,
    }


def build_readiness(standing: Standing, shipment: Shipment, dispatch: Dispatch, *, capture: bool) -> dict[str, JSON]:
    """ShipmentUpdateInput for a shipment that somebody else made: what it lacks to be completed. {} where it lacks nothing."""
    wanted: dict[str, JSON] = {}
    if not shipment.good_to_go:
        wanted["isGoodToGo"] = True
    if not shipment.paid and not (capture and standing.wants_capture):
        wanted["isPaid"] = True
    if shipment.external_id != dispatch.dispatch_id:
        wanted["externalId"] = dispatch.dispatch_id
    return wanted


def build_completion(dispatch: Dispatch, *, now: datetime, send_email: bool) -> dict[str, JSON]:
    """ShipmentCompleteInput. shippedAt must not be in the future."""
    shipped_at = min(dispatch.dispatched_at, now).isoformat(timespec="seconds")
    return {"shippedAt": shipped_at, "sendEmail": send_email, "shipmentInfo": build_info(dispatch)}


def build_info(dispatch: Dispatch) -> dict[str, JSON]:
    """Carrier and service are free text at Centra; GraphQL takes no tracking link."""
    fields = {
        "carrier": dispatch.carrier or dispatch.carrier_name,
        "service": dispatch.service,
        "trackingNumber": dispatch.tracking_number,
    }
    return {name: value for name, value in fields.items() if value}


# --- refusals that can be told beforehand -----------------------------------------------------------------------------
def refuse_unshippable(standing: Standing, dispatch: Dispatch) -> None:
    """Raise for an order that cannot get this shipment: nothing is sent then."""
    number = standing.number
    if standing.status == "CANCELLED":
        words = (
            f"Order {number} was cancelled in Centra after it had left. Stop the parcel, or take it back as a return."
        )
        raise _refusal(standing, "order_cancelled", words)
    if standing.status == "PENDING":
        words = f"Order {number} is not confirmed in Centra, so it cannot be shipped there. Confirm it in Centra, then try again."
        raise _refusal(standing, "unconfirmed", words)
    if standing.status == "SHIPPED":
        raise _already_shipped(standing)
    if standing.status not in SHIPPABLE:
        words = f"Order {number} is in a state in which Centra ships nothing. Look at it in Centra, then try again."
        raise _refusal(standing, "state", words)
    refuse_held(standing)
    _refuse_units(standing, dispatch)


def refuse_held(standing: Standing) -> None:
    """A hold of Centra's own that it lifts by itself passes; every other hold is a person's to settle."""
    if not standing.on_hold:
        return
    why = standing.hold_reason.replace("_", " ").lower()
    if why.startswith("waiting"):
        words = f"Centra does not ship order {standing.number} yet: it is {why}."
        raise TransientError(words, platform_words=standing.hold_reason, code="held_by_centra")
    because = f" ({why})" if why else ""
    words = (
        f"Order {standing.number} is on hold in Centra{because}, though its parcel has left. "
        "Settle the hold in Centra, then try again."
    )
    raise _refusal(standing, "on_hold", words, theirs=standing.hold_reason)


def refuse_changed(standing: Standing, shipment: Shipment, dispatch: Dispatch) -> None:
    if shipment.units != units_of(dispatch):
        words = (
            f"Somebody changed shipment {shipment.number} in Centra: it does not hold the units that left. "
            "Put it right or delete it in Centra, then try again."
        )
        raise _refusal(standing, "shipment_changed", words)


def _refuse_units(standing: Standing, dispatch: Dispatch) -> None:
    for line_id, units in units_of(dispatch).items():
        if units <= standing.left(line_id):
            continue
        sku = standing.skus.get(line_id) or line_id
        holding = [one for one in standing.shipments if one.units.get(line_id) and not one.shipped]
        if holding and units <= standing.quantities.get(line_id, 0):
            words = (
                f"Shipment {holding[0].number} in Centra holds units of {sku} that have left in this parcel. "
                "Delete that shipment in Centra, or complete it there if it is this parcel; then try again."
            )
            raise _refusal(standing, "open_shipment", words)
        if standing.quantities.get(line_id) and not any(map(standing.left, standing.quantities)):
            raise _already_shipped(standing)
        alike = [one for one, name in standing.skus.items() if name and name == sku] or [line_id]
        sent = sum(units_of(dispatch).get(one, 0) for one in alike)
        left = sum(max(0, standing.left(one)) for one in alike)
        words = (
            f"{sent} of {sku} left, and order {standing.number} has {left} of it to ship in Centra. "
            "See whether units were cancelled there or too much was packed."
        )
        raise _refusal(standing, "quantity", words)


def _already_shipped(standing: Standing) -> PermanentError:
    numbers = ", ".join(one.number for one in standing.shipments if one.shipped)
    inside = f" in {numbers}" if numbers else ""
    words = (
        f"Centra shows everything of order {standing.number} as shipped already{inside}, and none of it is this parcel. "
        "Compare the tracking numbers in Centra, then try again: what is shipped there is not sent twice."
    )
    return _refusal(standing, "already_shipped", words)


def _refusal(standing: Standing, code: str, words: str, *, theirs: str = "") -> PermanentError:
    return PermanentError(words, subject=str(standing.number), platform_words=theirs or standing.status, code=code)
