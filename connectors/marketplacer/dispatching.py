"""Ours → Marketplacer's shipment and refund inputs, and what an invoice shows of them. Pure.

Nothing carries an idempotency key: `clientMutationId` is echoed, no more. A repeated full shipment is refused for its
quantity, a repeated partial one is NOT, so every write looks first, by the parcel's own note or its tracking number.
Source: G:shipmentcreatemutationinput, G:refundrequestlineiteminput, D:seller-api/examples/shipping/creating_shipments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connectors.canonical.dispatches import Dispatch, check_dispatch
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.orders import Order
from connectors.canonical.payload import JSON
from connectors.marketplacer.reading import Node
from connectors.marketplacer.translate import REFUSED_REQUESTS, read_units

NOTE_STARTS = "Parcel "
OPEN_REQUESTS = frozenset({"AWAITING"})


# --- dispatching ------------------------------------------------------------------------------------------------------
def check_sendable(dispatch: Dispatch) -> Dispatch:
    """Return the dispatch, or raise DataError naming everything Marketplacer would need and does not get."""
    check_dispatch(dispatch)
    problems = [
        Problem(field=f"lines[{index}].line_id", message=f"{line.sku} has no order line at the marketplace.")
        for index, line in enumerate(dispatch.lines)
        if not line.line_id
    ]
    if not dispatch.carrier and not dispatch.carrier_name:
        problems.append(Problem(field="carrier", message="The dispatch has no carrier that the marketplace knows."))
    if not dispatch.tracking_number.strip():
        words = "This marketplace takes no dispatch without a tracking number. Enter it where the parcel was packed."
        problems.append(Problem(field="tracking_number", message=words))
    if problems:
        raise DataError(problems, record=f"Dispatch {dispatch.number or dispatch.dispatch_id}")
    return dispatch


def note_of(dispatch: Dispatch) -> str:
    """How the dispatch is found again, and what the portal's people read beside the shipment."""
    return f"{NOTE_STARTS}{dispatch.number or dispatch.dispatch_id}"


def build_shipment(dispatch: Dispatch, *, invoice_id: str, zone: ZoneInfo) -> JSON:
    """`dispatchedAt` is a date here (a time in shipmentUpdate): the day it left, in the marketplace's own zone."""
    return {
        "invoiceId": invoice_id,
        "postageCarrierId": dispatch.carrier,
        "trackingNumber": dispatch.tracking_number,
        "dispatchedAt": dispatch.dispatched_at.astimezone(zone).date().isoformat(),
        "note": note_of(dispatch),
        "shippedItems": [{"lineItemId": key, "quantity": units} for key, units in _units(dispatch).items()],
    }


@dataclass(frozen=True, kw_only=True)
class Shipment:
    shipment_id: str
    tracking_number: str
    note: str
    units: Mapping[str, int]  # line item id → quantity


def read_shipments(payload: JSON) -> tuple[Shipment, ...]:
    node = Node.root(payload)
    found = tuple(
        Shipment(
            shipment_id=item.text("id", required=True),
            tracking_number=item.text("trackingNumber"),
            note=item.text("note"),
            units=_added((line.text("id"), part.count("quantity")) for part, line in _shipped(item)),
        )
        for item in node.children("shipments")
    )
    node.faults.raise_any()
    return found


def _shipped(shipment: Node) -> list[tuple[Node, Node]]:
    pairs = [(item, item.child("lineItem")) for item in shipment.children("shippedItems")]
    return [(item, line) for item, line in pairs if line is not None]


def find_shipment(shipments: Iterable[Shipment], dispatch: Dispatch) -> Shipment | None:
    """The shipment that is this dispatch: by our note; where a person wrote another or none, by number and units."""
    return next((item for item in shipments if _is_dispatch(item, dispatch)), None)


def _is_dispatch(shipment: Shipment, dispatch: Dispatch) -> bool:
    if shipment.note.startswith(NOTE_STARTS):
        return shipment.note == note_of(dispatch)
    return shipment.tracking_number == dispatch.tracking_number and shipment.units == _units(dispatch)


def _units(dispatch: Dispatch) -> dict[str, int]:
    return _added((line.line_id, line.quantity) for line in dispatch.lines)


def _added(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    units: dict[str, int] = {}
    for key, quantity in pairs:
        units[key] = units.get(key, 0) + quantity
    return units


def units_in_excess(payload: JSON, dispatch: Dispatch) -> list[str]:
    """SKUs of the dispatch of which fewer units are left to ship, cancelled ones taken off: Marketplacer's own sample
    forgets those."""
    left = {key: units.to_ship for key, units in read_units(payload).items()}
    sent = _units(dispatch)
    return [line.sku for line in dispatch.lines if sent[line.line_id] > left.get(line.line_id, 0)]


# --- cancelling -------------------------------------------------------------------------------------------------------
def left_to_cancel(payload: JSON, order: Order) -> dict[str, int]:
    """Line item id → units of the order's open lines that have neither left nor been taken off."""
    wanted = {line.line_id for line in order.open_lines}
    return {key: units.to_ship for key, units in read_units(payload).items() if key in wanted and units.to_ship > 0}


def build_cancellation(invoice_id: str, units: Mapping[str, int], *, reason: str) -> JSON:
    """A cancellation is a refund request of goods that were not dispatched. The reason is free text."""
    return {
        "invoiceId": invoice_id,
        "lineItems": [
            {"lineItemId": key, "quantity": quantity, "reason": reason, "dispatched": False}
            for key, quantity in units.items()
        ],
        "notes": [{"note": "Cancelled by the seller"}],
    }


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """A refund request that takes off goods before dispatch, and what of it still waits for the seller."""

    request_id: str
    waits: bool
    undecided: tuple[str, ...]  # its line ids in PENDING_APPROVAL


def cancellations(payload: JSON) -> tuple[Cancellation, ...]:
    """Those that are not denied, oldest first as the invoice shows them."""
    found = []
    for request in Node.root(payload).children("refundRequests"):
        lines = request.children("lineItems")
        before = [line for line in lines if line.given("dispatched") and not line.flag("dispatched")]
        if not lines or len(before) < len(lines) or request.text("status") in REFUSED_REQUESTS:
            continue
        undecided = tuple(line.text("id") for line in lines if line.text("status") == "PENDING_APPROVAL")
        waits = request.text("status") in OPEN_REQUESTS
        found.append(Cancellation(request_id=request.text("id"), waits=waits, undecided=undecided))
    return tuple(found)


# --- returns ----------------------------------------------------------------------------------------------------------
def build_return(request_id: str, *, note: str) -> JSON:
    """`notes` is mandatory, though it may be empty."""
    return {"refundRequestId": request_id, "notes": [{"note": note}] if note else []}


def build_decisions(line_ids: Sequence[str], *, accepted: bool, reason: str) -> JSON:
    """Variables of `decide_refund_lines`. A denial needs its reason."""
    denial = {} if accepted else {"denyRefundReason": reason}
    return {
        f"i{index}": {"refundRequestLineItemId": line_id, "notes": [], **denial}
        for index, line_id in enumerate(line_ids)
    }
