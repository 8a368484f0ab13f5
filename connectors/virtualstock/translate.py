"""Virtualstock's orders → ours. Pure; with `addresses`, `catalogue` and `writes` the only home of its field names.

Amounts are what the retailer pays the supplier: cost prices. What the customer paid is not told.
Source: the vendor's Postman collection, "Orders"; captured orders of one retailer, read 2026-01.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.canonical.cursor import NO_TIME, Faults
from connectors.canonical.dispatches import Carrier
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money, total, zero
from connectors.canonical.orders import Address, Order, OrderLine, OrderState, TaxAmount, check_order
from connectors.canonical.payload import JSON
from connectors.virtualstock.addresses import parse_address
from connectors.virtualstock.reading import Node, read_moment, rest_id

LINE_STATES: Mapping[str, OrderState] = {
    "ORDER": OrderState.AWAITING_ACCEPTANCE,
    "ORDER_ACK": OrderState.READY_TO_SHIP,
    "BACKORDER": OrderState.READY_TO_SHIP,
    "DISPATCH": OrderState.SHIPPED,
    **dict.fromkeys(
        ("RMA", "RMA_ACK", "RMA_AUTHORISED", "RMA_REJ", "RMA_COLLECTION_BOOKED", "RMA_REC", "RMA_EXC"),
        OrderState.RECEIVED,
    ),
    "CANCEL": OrderState.CANCELLED,  # asked for by the retailer, and to be acknowledged: the goods must not leave
    "CANCEL_ACK": OrderState.CANCELLED,
}
OFF_STATES = frozenset({"CANCEL", "CANCEL_ACK"})
ACCEPTED_STATES = frozenset(LINE_STATES) - OFF_STATES - {"ORDER"}
SENT_STATES = ACCEPTED_STATES - {"ORDER_ACK", "BACKORDER"}
# The least advanced open line speaks for the order. Mixed lines are not documented.
_PROGRESS = (OrderState.AWAITING_ACCEPTANCE, OrderState.READY_TO_SHIP, OrderState.SHIPPED, OrderState.RECEIVED)
UNIT_PRICE_STEP = Decimal("0.000001")
NO_CURRENCY = "XXX"  # stands in for a faulty code until the DataError is raised
NEEDS_ADDRESS = frozenset({OrderState.AWAITING_ACCEPTANCE, OrderState.READY_TO_SHIP})


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a connection wants its orders read."""

    zone: ZoneInfo  # of the platform's times, which name none
    zero_without_prices: bool = False  # a retailer that sends no prices: 0, where a person has said so
    take_test_orders: bool = False


def parse_order(payload: JSON, reading: Reading) -> Order:
    """Return the canonical order for one order of the list.

    Amounts are cost prices, tax included; times are UTC. The platform tells no time of the last change: the order's date
    stands in for it, and versions are told apart by their content. Lines that are cancelled, or that the retailer asks to
    cancel, are kept and marked. Raises DataError naming every field at fault by its path in the payload.
    Source: GET /restapi/v4/orders/; tests/payloads/virtualstock/order_new.json.
    """
    node = Node.root(payload)
    reference = node.text("order_reference", required=True)
    node.faults.record = reference or "The order"
    currency = _currency(node)
    statuses = line_statuses(payload)
    lines = tuple(
        _line(item, status=status, currency=currency, reading=reading)
        for item, status in zip(node.children("items"), statuses, strict=False)
    )
    _check_stated_total(node, lines, currency=currency, reading=reading)
    state = _state(node, statuses)
    placed_at = node.moment("order_date", reading.zone, required=True) or NO_TIME
    test = node.flag("test_flag") and not reading.take_test_orders
    order = Order(
        reference=reference,
        commercial_reference=node.text("end_user_purchase_order_reference") or node.text("purchase_order_reference"),
        state=state,
        source_state=node.text("status", required=True),
        currency=currency,
        placed_at=placed_at,
        updated_at=placed_at,
        ship_by=None if test else _ship_by(node, statuses, reading.zone),  # nobody waits for a test order
        tax_included=True,  # `total` is `subtotal` and `tax`
        lines=lines,
        shipping=zero(currency),
        total=total((line.line_total for line in lines if not line.cancelled), currency=currency),
        shipping_address=_address(node, needed=state in NEEDS_ADDRESS),
        channel=node.text("channel"),
        shipping_service=node.text("delivery_service_code"),
        shipping_service_label=node.text("delivery_service_code"),
        can_ship=any(status in {"ORDER_ACK", "BACKORDER"} for status in statuses),
        can_cancel="CANCEL" in statuses,
        cancellation_requested="CANCEL" in statuses,
        test=test,
        attributes=_attributes(node, statuses),
    )
    node.faults.raise_any()
    return _checked(order)


def line_statuses(payload: JSON) -> list[str]:
    """The status of each line, where line and order may disagree.

    The line leads, but for two habits: an order that is further than ORDER has no line that is still new (a captured
    order was ORDER_ACK with its line at ORDER), and a cancelled order none of whose lines says so is cancelled whole.
    """
    node = Node.root(payload).detached()
    whole = node.text("status")
    said = [item.text("status") or whole for item in node.children("items")]
    if whole in OFF_STATES and not OFF_STATES & set(said):
        return [whole if status in {"ORDER", "ORDER_ACK", "BACKORDER"} else status for status in said]
    if whole in {"ORDER_ACK", "BACKORDER", "DISPATCH"}:
        return ["ORDER_ACK" if status == "ORDER" else status for status in said]
    return said


def parse_carriers(payload: Sequence[JSON]) -> tuple[Carrier, ...]:
    """The live list. The slug is what a dispatch names, though the vendor's own example sends display names."""
    faults = Faults(record="The list of carriers")
    if not all(isinstance(item, dict) for item in payload):
        faults.add("", "It must be a list of objects.")
        faults.raise_any()
    nodes = [Node(item, f"[{index}]", faults) for index, item in enumerate(payload)]
    carriers = tuple(
        Carrier(
            code=node.text("slug", required=True),
            label=node.text("name") or node.text("slug"),
            needs_tracking_number=True,
        )
        for node in nodes
    )
    faults.raise_any()
    return carriers


def order_reference(payload: JSON) -> str:
    fields = payload if isinstance(payload, dict) else {}
    found = fields.get("order_reference")
    return str(found).strip() if isinstance(found, str | int) else ""


def order_id(payload: JSON) -> str:
    """The number that the calls on one order take: there is no `id`, it ends the order's `url`."""
    return rest_id(payload.get("url")) if isinstance(payload, dict) else ""


def placed_at(payload: JSON, zone: ZoneInfo) -> datetime | None:
    return read_moment(payload.get("order_date"), zone) if isinstance(payload, dict) else None


# --- the order's head -------------------------------------------------------------------------------------------------
def _currency(node: Node) -> str:
    code = node.text("currency_code", required=True)
    if re.fullmatch("[A-Z]{3}", code):
        return code
    if code:
        node.fault("currency_code", f"{code!r} is not an ISO 4217 currency code.")
    return NO_CURRENCY


def _state(node: Node, statuses: Sequence[str]) -> OrderState:
    """A status nobody has seen yet, the order's or a line's, makes the whole order UNKNOWN: a person must look."""
    if {node.text("status"), *statuses} - set(LINE_STATES):
        return OrderState.UNKNOWN
    states = {LINE_STATES[status] for status in statuses}
    return next((state for state in _PROGRESS if state in states), OrderState.CANCELLED)


def _ship_by(node: Node, statuses: Sequence[str], zone: ZoneInfo) -> datetime | None:
    """The earliest promise of the open lines: suppliers are measured against it."""
    items = zip(node.children("items"), statuses, strict=False)
    promised = [item.moment("promised_date", zone) for item, status in items if status not in OFF_STATES]
    return min((moment for moment in promised if moment is not None), default=None)


def _address(node: Node, *, needed: bool) -> Address | None:
    """Faults count only while goods are to be sent."""
    found = node.child("shipping_address")
    if found is None:
        if needed:
            node.fault("shipping_address", "The order has no delivery address.")
        return None
    apart = found if needed else found.detached()
    address = parse_address(apart)
    return None if apart.faults.problems and not needed else address


def _attributes(node: Node, statuses: Sequence[str]) -> dict[str, str]:
    retailer = node.child("retailer_data")
    found = {
        "prices": "cost",
        "retailer": (retailer.text("name") if retailer else "") or rest_id(node.value.get("retailer")),
        "comment": node.text("comment"),
        "purchase_order": node.text("purchase_order_reference"),
        "additional_reference": node.text("additional_order_reference"),
        "test_order": "true" if node.flag("test_flag") else "",
        "returns": " ".join(sorted({status for status in statuses if status.startswith("RMA")})),
    }
    return {name: value for name, value in found.items() if value}


# --- lines and money --------------------------------------------------------------------------------------------------
def _line(node: Node, *, status: str, currency: str, reading: Reading) -> OrderLine:
    quantity = node.count("quantity")
    amount, tax = _money(node, quantity, reading=reading)
    line_total = Money(amount, currency)
    rate = node.text("tax_rate")
    return OrderLine(
        line_id=node.text("line_reference", required=True),
        sku=node.text("supplier_sku_reference") or node.text("part_number", required=True),
        title=node.text("name") or node.text("description"),
        quantity=quantity,
        unit_price=_unit_price(line_total, quantity),
        line_total=line_total,
        shipping=zero(currency),
        taxes=(TaxAmount(code="tax", amount=Money(tax, currency), rate=rate),) if tax or rate else (),
        cancelled=status in OFF_STATES,
    )


def _money(node: Node, quantity: int, *, reading: Reading) -> tuple[Decimal, Decimal]:
    """The line with its tax, and the tax. `total = subtotal + tax`; a retailer may send none of it, or a part."""
    unit, subtotal, tax, stated = map(node.amount, ("unit_cost_price", "subtotal", "tax", "total"))
    if subtotal is None and unit is not None:
        subtotal = unit * quantity
    if stated is None and subtotal is not None and tax is not None:
        stated = subtotal + tax
    if stated is None:
        if not (reading.zero_without_prices and subtotal is None and tax is None):
            node.fault("total", "The retailer sent no price with its tax, and the hub does not guess one.")
        return Decimal(0), Decimal(0)
    if tax is None:
        tax = stated - subtotal if subtotal is not None else Decimal(0)
    if subtotal is not None and subtotal + tax != stated:
        node.fault("total", f"Subtotal and tax make {subtotal + tax}, the line says {stated}.")
    return stated, tax


def _unit_price(line_total: Money, quantity: int) -> Money:
    if quantity < 1:
        return line_total
    return Money((line_total.amount / quantity).quantize(UNIT_PRICE_STEP), line_total.currency)


def _check_stated_total(node: Node, lines: Sequence[OrderLine], *, currency: str, reading: Reading) -> None:
    """The order's total proves that no line is missing. Whether it counts cancelled lines is not documented."""
    stated = node.amount("total")
    standing = total((line.line_total for line in lines if not line.cancelled), currency=currency)
    whole = total((line.line_total for line in lines), currency=currency)
    if stated is None or not lines or (reading.zero_without_prices and not whole.amount):
        return
    if not any(Money(stated, currency).agrees_with(amount) for amount in (standing, whole)):
        node.fault("total", f"The lines make {whole}, the order says {stated} {currency}.")


_THEIR_NAMES = {"line_id": "line_reference", "unit_price": "unit_cost_price", "line_total": "total"}


def _checked(order: Order) -> Order:
    """check_order, its faults told by the payload's paths."""
    try:
        return check_order(order)
    except DataError as error:
        problems = [
            Problem(field=_their_path(problem.field), message=problem.message, record=problem.record)
            for problem in error.problems
        ]
        raise DataError(problems, record=error.record) from error


def _their_path(path: str) -> str:
    *parents, name = path.replace("lines", "items", 1).split(".")
    return ".".join([*parents, _THEIR_NAMES.get(name, name)])
