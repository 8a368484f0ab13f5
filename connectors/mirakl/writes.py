"""Ours → Mirakl's request bodies, and what its answers say. Pure; with `translate` the home of its field names.

Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07), the operations each function names.
Amounts stay Decimal: `Http` writes them as exact JSON numbers.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from connectors.canonical.dispatches import Dispatch, check_dispatch
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money
from connectors.canonical.options import LineDecision
from connectors.canonical.payload import JSON
from connectors.mirakl.reading import Node
from connectors.mirakl.translate import OFF_LINE_STATES, is_off

Charges: TypeAlias = list[dict[str, str | Decimal]]  # code and amount

UNDECIDED_STATES = frozenset({"STAGING", "WAITING_ACCEPTANCE"})
SHIPPED_STATES = frozenset({"SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED"})
# A shipment in SHIPPING exists but is not validated; every later state follows the seller's validation.
SENT_SHIPMENT_STATES = SHIPPED_STATES | {"SHIPMENT_PREPARED", "READY_FOR_PICK_UP"}


# --- deciding ---------------------------------------------------------------------------------------------------------
def build_decisions(decisions: Sequence[LineDecision]) -> JSON:
    return {"order_lines": [{"id": item.line_id, "accepted": item.accepted} for item in decisions]}


def build_refusal(payload: JSON) -> JSON:
    """OR21's body that refuses every line of the order: a decision must name them all."""
    lines = Node.root(payload).children("order_lines")
    return build_decisions([LineDecision(line_id=line.text("order_line_id"), accepted=False) for line in lines])


def order_state(payload: JSON) -> str:
    return Node.root(payload).text("order_state")


def shows_decisions(payload: JSON, decisions: Sequence[LineDecision]) -> bool:
    """Whether every line stands where these very decisions put it."""
    lines = Node.root(payload).children("order_lines")
    states = {line.text("order_line_id"): line.text("order_line_state") for line in lines}
    return all(_shows(states.get(item.line_id, ""), accepted=item.accepted) for item in decisions)


def _shows(state: str, *, accepted: bool) -> bool:
    # A line that is CANCELED may have been so before anyone decided: it proves nothing.
    return state not in UNDECIDED_STATES | OFF_LINE_STATES | {""} if accepted else state == "REFUSED"


# --- dispatching ------------------------------------------------------------------------------------------------------
def check_sendable(dispatch: Dispatch) -> Dispatch:
    """Return the dispatch, or raise DataError naming everything Mirakl would need and does not get."""
    check_dispatch(dispatch)
    problems = [
        Problem(field=f"lines[{index}].line_id", message=f"{line.sku} has no order line at the marketplace.")
        for index, line in enumerate(dispatch.lines)
        if not line.line_id
    ]
    if not dispatch.carrier and not dispatch.carrier_name:
        problems.append(Problem(field="carrier", message="The dispatch has no carrier that the marketplace knows."))
    if dispatch.carrier_name and not dispatch.tracking_url:
        words = f"{dispatch.carrier_name} is not on the marketplace's list: a full tracking link is needed."
        problems.append(Problem(field="tracking_url", message=words))
    if problems:
        raise DataError(problems, record=f"Dispatch {dispatch.number or dispatch.dispatch_id}")
    return dispatch


def package_reference(dispatch: Dispatch) -> str:
    """How the dispatch is found again at Mirakl."""
    return dispatch.number or dispatch.dispatch_id


def build_shipment(dispatch: Dispatch) -> JSON:
    """ST01's body: one shipment of one order, created and validated in one step.

    One per call, since `shipment_errors` name only the order.
    """
    reference = package_reference(dispatch)
    lines = [
        {"order_line_id": line.line_id, "quantity": line.quantity, "package_reference": reference}
        for line in dispatch.lines
    ]
    shipment = {"order_id": dispatch.order_reference, "shipped": True, "shipment_lines": lines}
    return {"shipments": [{**shipment, "tracking": _tracking(dispatch, link="tracking_url")}]}


def build_tracking(dispatch: Dispatch) -> JSON:
    """OR23's body. Its link is called carrier_url, in ST01 and ST23 it is tracking_url."""
    return _tracking(dispatch, link="carrier_url")


def _tracking(dispatch: Dispatch, *, link: str) -> dict[str, str]:
    if dispatch.carrier_name:
        fields = {"carrier_name": dispatch.carrier_name, link: dispatch.tracking_url}
    else:
        fields = {"carrier_code": dispatch.carrier}  # the link of a listed carrier is computed by Mirakl
    fields["tracking_number"] = dispatch.tracking_number
    return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """One shipment of ST11 or of ST01's answer, as far as it tells which dispatch it is."""

    shipment_id: str
    state: str
    references: frozenset[str]
    units: Mapping[str, int]  # order line id → quantity
    carrier: str
    tracking_number: str

    @property
    def is_sent(self) -> bool:
        return self.state in SENT_SHIPMENT_STATES


def parse_shipment(payload: JSON) -> Shipment:
    node = Node.root(payload)
    lines, tracking = node.children("shipment_lines"), node.child("tracking")
    shipment = Shipment(
        shipment_id=node.text("id", required=True),
        state=node.text("status"),
        references=frozenset(line.text("package_reference") for line in lines) - {""},
        units=_added((line.text("order_line_id"), line.count("quantity")) for line in lines),
        carrier=(tracking.text("carrier_code") or tracking.text("carrier_name")) if tracking else "",
        tracking_number=tracking.text("tracking_number") if tracking else "",
    )
    node.faults.raise_any()
    return shipment


def find_shipment(shipments: Iterable[Shipment], dispatch: Dispatch) -> Shipment | None:
    """The shipment that is this dispatch: by our reference; where it carries none, by tracking number and units."""
    return next((item for item in shipments if item.state != "CANCELED" and _is_dispatch(item, dispatch)), None)


def _is_dispatch(shipment: Shipment, dispatch: Dispatch) -> bool:
    if shipment.references:
        return shipment.references == {package_reference(dispatch)}
    if shipment.tracking_number != dispatch.tracking_number:
        return False
    same_carrier = shipment.carrier == (dispatch.carrier_name or dispatch.carrier)
    units = _added((line.line_id, line.quantity) for line in dispatch.lines)
    return shipment.units == units and (bool(dispatch.tracking_number) or same_carrier)


def shows_dispatch(payload: JSON, dispatch: Dispatch) -> bool:
    """Whether the order, on a platform without shipments, stands as shipped under this tracking number."""
    node = Node.root(payload)
    return node.text("order_state") in SHIPPED_STATES and node.text("shipping_tracking") == dispatch.tracking_number


def units_in_excess(payload: JSON, dispatch: Dispatch) -> list[str]:
    """SKUs of the dispatch of which the order has no such line, or not so many units."""
    lines = Node.root(payload).children("order_lines")
    sold = {line.text("order_line_id"): line.count("quantity") for line in lines}
    sent = _added((line.line_id, line.quantity) for line in dispatch.lines)
    return [line.sku for line in dispatch.lines if sent[line.line_id] > sold.get(line.line_id, 0)]


def _added(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    units: dict[str, int] = {}
    for key, quantity in pairs:
        units[key] = units.get(key, 0) + quantity
    return units


# --- cancelling and refunding -----------------------------------------------------------------------------------------
class CancelRoute(Enum):
    """What stops an order now. Source: OR28, OR29, OR30 with their conditions per payment workflow."""

    WAIT_FOR_OPERATOR = "the marketplace is still checking the order"
    WAIT_FOR_PAYMENT = "the customer's payment is being taken"
    REFUSE = "refuse every line"
    CANCEL = "cancel what is left"
    REFUND = "refund what is left, and keep it from being shipped"
    OVER = "nothing is left to cancel"
    SHIPPED = "it has left"
    BY_HAND = "neither cancelling nor refunding is allowed"


_ROUTES = {
    "STAGING": CancelRoute.WAIT_FOR_OPERATOR,
    "WAITING_ACCEPTANCE": CancelRoute.REFUSE,
    "REFUSED": CancelRoute.OVER,
    "CANCELED": CancelRoute.OVER,
    **dict.fromkeys(SHIPPED_STATES, CancelRoute.SHIPPED),
}


def cancel_route(payload: JSON) -> CancelRoute:
    node = Node.root(payload)
    state, lines = node.text("order_state"), node.children("order_lines")
    if lines and all(is_off(line) for line in lines):
        return CancelRoute.OVER  # a full refund before shipping leaves the order CLOSED, or so: not documented
    if state in _ROUTES:
        return _ROUTES[state]
    if node.flag("can_cancel"):
        return CancelRoute.CANCEL
    if state in {"WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"}:
        return CancelRoute.WAIT_FOR_PAYMENT
    paid = node.given("customer_debited_date") or node.text("payment_workflow") == "PAY_ON_ACCEPTANCE"
    return CancelRoute.REFUND if state == "SHIPPING" and paid else CancelRoute.BY_HAND


@dataclass(frozen=True, kw_only=True)
class Remainder:
    """What is left of one line: not cancelled, not refunded, not shipped."""

    line_id: str
    units: int
    amount: Decimal
    shipping: Decimal
    charges: Mapping[str, Charges]  # taxes, shipping_taxes, fees: only what Mirakl does not compute itself


def read_remainders(payload: JSON, *, line_ids: Collection[str], shipped: Mapping[str, int]) -> tuple[Remainder, ...]:
    """What is left of the named lines; `shipped` counts units that left (order line id → quantity).

    Raises DataError when a line cannot be read.
    """
    node = Node.root(payload)
    currency = node.text("currency_iso_code", required=True)
    found = [
        _remainder(line, shipped=shipped.get(line.text("order_line_id"), 0), currency=currency)
        for line in node.children("order_lines")
        if line.text("order_line_id") in line_ids and _is_standing(line)
    ]
    node.faults.raise_any()
    return tuple(item for item in found if item.amount > 0 or item.shipping > 0)


def _is_standing(line: Node) -> bool:
    return not is_off(line) and line.text("order_line_state") not in SHIPPED_STATES


def _remainder(line: Node, *, shipped: int, currency: str) -> Remainder:
    """The full amounts left, or the units' own price when a part of the line has left (its shipping was earned)."""
    back = [*line.children("cancelations"), *line.children("refunds")]
    units = line.count("quantity", required=True) - sum(item.count("quantity") for item in back) - shipped
    whole = line.amount("price", required=True) - sum(item.amount("amount") for item in back)
    shipping = line.amount("shipping_price", required=True) - sum(item.amount("shipping_amount") for item in back)
    amount = min(whole, line.amount("price_unit", required=True) * max(units, 0)) if shipped else whole
    share = amount / whole if shipped and whole else Decimal(1)
    charges = {"taxes": own_taxes(line, "taxes", back, share=share, currency=currency)}
    if not shipped:
        charges["shipping_taxes"] = own_taxes(line, "shipping_taxes", back, share=share, currency=currency)
        charges["fees"] = _charges_left(line.children("fees"), "fees", back)
    return Remainder(
        line_id=line.text("order_line_id"),
        units=max(units, 0),
        amount=amount,
        shipping=Decimal(0) if shipped else shipping,
        charges={name: entries for name, entries in charges.items() if entries},
    )


def own_taxes(line: Node, name: str, back: Sequence[Node], *, share: Decimal, currency: str) -> Charges:
    """Taxes under rule NONE are not given back unless they are named; the others Mirakl computes [OR28]."""
    named = [tax for tax in line.children(name) if tax.text("tax_calculation_rule").upper() == "NONE"]
    return _charges_left(named, name, back, share=share, currency=currency)


def _charges_left(
    charges: Sequence[Node], name: str, back: Sequence[Node], *, share: Decimal = Decimal(1), currency: str = ""
) -> Charges:
    given = [entry for item in back for entry in item.children(name)]
    left: Charges = []
    for charge in charges:
        code = charge.text("code", required=True)
        amount = charge.amount("amount") - sum(entry.amount("amount") for entry in given if entry.text("code") == code)
        if share != 1:
            amount = Money(amount * share, currency).rounded().amount
        if amount > 0:
            left.append({"code": code, "amount": amount})
    return left


def build_refund(payload: JSON, remainders: Sequence[Remainder], *, reason_code: str) -> JSON:
    """OR28's body for goods that will not be shipped any more."""
    entries = [
        {**entry, "excluded_from_shipment": True} for entry in _entries(payload, remainders, reason_code=reason_code)
    ]
    return {"order_tax_mode": _tax_mode(payload), "refunds": entries}


def build_cancelation(payload: JSON, remainders: Sequence[Remainder], *, reason_code: str) -> JSON:
    """OR30's body."""
    return {
        "order_tax_mode": _tax_mode(payload),
        "cancelations": _entries(payload, remainders, reason_code=reason_code),
    }


def _entries(payload: JSON, remainders: Sequence[Remainder], *, reason_code: str) -> list[dict[str, object]]:
    # The currency is optional in the contract and demanded in practice: "The currency ISO code is mandatory."
    currency = Node.root(payload).text("currency_iso_code")
    return [
        {
            "order_line_id": item.line_id,
            "amount": item.amount,
            "shipping_amount": item.shipping,
            "quantity": item.units,
            "reason_code": reason_code,
            "currency_iso_code": currency,
            **item.charges,
        }
        for item in remainders
    ]


def _tax_mode(payload: JSON) -> str:
    return Node.root(payload).text("order_tax_mode") or "TAX_INCLUDED"


def build_references(references: Mapping[str, str]) -> JSON:
    """OR04's body: marketplace order id → our own number, which the shop's people see at the marketplace."""
    return {
        "orders": [
            {"order_id": order_id, "references": {"order_reference_for_seller": number}}
            for order_id, number in references.items()
        ]
    }
