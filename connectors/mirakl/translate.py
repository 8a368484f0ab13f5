"""Mirakl's orders → ours. Pure; with `lists` and `writes` the only home of Mirakl's field names.

Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07), operation OR11; arithmetic and null
habits checked against the vendor's own examples.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectors.canonical.countries import alpha_2
from connectors.canonical.counts import OrderMark
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money, total
from connectors.canonical.orders import Address, Order, OrderLine, OrderState, TaxAmount, check_order
from connectors.canonical.payload import JSON
from connectors.mirakl.reading import Node, read_moment

ORDER_STATES: Mapping[str, OrderState] = {
    "STAGING": OrderState.STAGING,
    "WAITING_ACCEPTANCE": OrderState.AWAITING_ACCEPTANCE,
    "WAITING_DEBIT": OrderState.AWAITING_PAYMENT,
    "WAITING_DEBIT_PAYMENT": OrderState.AWAITING_PAYMENT,
    "SHIPPING": OrderState.READY_TO_SHIP,
    "SHIPPED": OrderState.SHIPPED,
    "TO_COLLECT": OrderState.SHIPPED,
    "RECEIVED": OrderState.RECEIVED,
    "CLOSED": OrderState.CLOSED,
    "REFUSED": OrderState.REFUSED,
    "CANCELED": OrderState.CANCELLED,
}
# A line has the order's states and these. WAITING_REFUND* are deprecated and still met on old orders.
LINE_STATES = frozenset(ORDER_STATES) | {
    "INCIDENT_OPEN",
    "INCIDENT_CLOSED",
    "REFUNDED",
    "WAITING_REFUND",
    "WAITING_REFUND_PAYMENT",
}
NOBODY_EXPECTS = frozenset({OrderState.REFUSED, OrderState.CANCELLED})
OFF_LINE_STATES = frozenset({"REFUSED", "CANCELED"})
TAX_MODES = frozenset({"TAX_INCLUDED", "TAX_EXCLUDED"})
OWN_CENTER = "DEFAULT"
UNIT_PRICE_STEP = Decimal("0.000001")
NO_CURRENCY = "XXX"  # stands in for a faulty code until the DataError is raised


def parse_order(payload: JSON) -> Order:
    """Return the canonical order for one element of OR11's `orders`.

    Amounts are what the customer was charged, tax included, cancelations taken off; times are UTC. A line that is
    refused, cancelled, or refunded in full before it was shipped is kept and marked cancelled; other refunds change
    nothing here. An address that is withheld, or unreadable while nothing has to be shipped to it, is None.
    Raises DataError naming every field at fault by its path in the payload.
    Source: OR11; tests/payloads/mirakl/order_shipping.json.
    """
    node = Node.root(payload)
    reference = node.text("order_id", required=True)
    node.faults.record = reference or "The order"
    currency = _currency(node)
    gross = _amounts_contain_tax(node)
    read = [_read_line(line, currency=currency, gross=gross) for line in node.children("order_lines")]
    _check_stated_total(node, read, currency=currency)
    lines = [item.line for item in read]
    state = _state(node, read)
    ours = _is_ours_to_ship(node)
    needed = ours and state is OrderState.READY_TO_SHIP
    shipping = total((line.shipping for line in lines if not line.cancelled), currency=currency)
    goods = total((line.line_total for line in lines if not line.cancelled), currency=currency)
    order = Order(
        reference=reference,
        commercial_reference=node.text("commercial_id"),
        state=state,
        source_state=node.text("order_state", required=True),
        currency=currency,
        placed_at=node.required_moment("created_date"),
        updated_at=node.required_moment("last_updated_date"),
        accepted_at=_accepted_at(node, state),
        paid_at=node.moment("customer_debited_date"),
        ship_by=node.moment("shipping_deadline"),
        tax_included=gross,
        lines=tuple(lines),
        shipping=shipping,
        total=goods + shipping,
        taxes=_order_taxes(node, lines, currency=currency, gross=gross),
        billing_address=_address(node, "billing_address", needed=needed),
        shipping_address=_address(node, "shipping_address", needed=needed),
        relay_email=node.text("customer_notification_email"),
        channel=_code_of(node, "channel"),
        shipping_service=node.text("shipping_type_code"),
        shipping_service_label=node.text("shipping_type_label"),
        payment_method=node.text("payment_type") or node.text("paymentType"),
        can_ship=node.flag("can_shop_ship"),
        can_cancel=node.flag("can_cancel"),
        fulfilled_by_seller=ours,
        attributes=_attributes(node),
    )
    node.faults.raise_any()
    return _checked(order)


# --- the order's head -------------------------------------------------------------------------------------------------
def _currency(node: Node) -> str:
    code = node.text("currency_iso_code", required=True)
    if code and not re.fullmatch("[A-Z]{3}", code):
        node.fault("currency_iso_code", f"{code!r} is not an ISO 4217 currency code.")
    return code if re.fullmatch("[A-Z]{3}", code) else NO_CURRENCY


def _amounts_contain_tax(node: Node) -> bool:
    """The payload's own tax mode. Without tax both modes show the same amounts (OR11), so none is needed."""
    mode = node.text("order_tax_mode")
    if mode not in TAX_MODES and _states_tax(node.detached()):
        node.fault("order_tax_mode", f"{mode!r} does not say whether the amounts contain tax.")
    return mode != "TAX_EXCLUDED"


def mark_order(payload: JSON) -> OrderMark | None:
    """Return what counting needs of one element of OR11's `orders`; None for one without an id or a creation date.

    An order that cannot be read whole is counted all the same, without its total: that it cannot be read is told elsewhere.
    """
    try:
        order = parse_order(payload)
    except DataError:
        return _mark_unreadable(payload)
    expected = order.fulfilled_by_seller and order.state not in NOBODY_EXPECTS and bool(order.open_lines)
    return OrderMark(
        reference=order.reference,
        placed_at=order.placed_at,
        updated_at=order.updated_at,
        total=order.total,
        expected=expected,
    )


def _mark_unreadable(payload: JSON) -> OrderMark | None:
    fields = payload if isinstance(payload, dict) else {}
    reference, placed_at = fields.get("order_id"), read_moment(fields.get("created_date"))
    if not isinstance(reference, str) or not reference or placed_at is None:
        return None
    return OrderMark(
        reference=reference,
        placed_at=placed_at,
        updated_at=read_moment(fields.get("last_updated_date")) or placed_at,
        total=None,
        expected=fields.get("order_state") not in OFF_LINE_STATES,
    )


def _states_tax(node: Node) -> bool:
    lines = node.children("order_lines")
    return bool(node.children("order_taxes")) or any(
        line.children("taxes") or line.children("shipping_taxes") for line in lines
    )


def _state(node: Node, read: Sequence["_ReadLine"]) -> OrderState:
    """A state nobody has seen yet, the order's or a line's, makes the whole order UNKNOWN: a person must look."""
    if any(item.state not in LINE_STATES for item in read):
        return OrderState.UNKNOWN
    return ORDER_STATES.get(node.text("order_state"), OrderState.UNKNOWN)


def _accepted_at(node: Node, state: OrderState) -> datetime | None:
    """The decision's date. A refusal carries it too; an automatic decision never does."""
    decided_at = node.moment("acceptance_decision_date")
    return None if state is OrderState.REFUSED else decided_at


def _is_ours_to_ship(node: Node) -> bool:
    fulfillment = node.child("fulfillment")
    return fulfillment is None or _code_of(fulfillment, "center") in {"", OWN_CENTER}


def _code_of(node: Node, name: str) -> str:
    child = node.child(name)
    return child.text("code") if child else ""


def _attributes(node: Node) -> dict[str, str]:
    customer, references = node.child("customer"), node.child("references")
    found = {
        "payment_workflow": node.text("payment_workflow"),
        "shipping_zone": node.text("shipping_zone_code"),
        "pickup_point": node.text("shipping_pudo_id"),
        "quote": node.text("quote_id"),
        "has_incident": "true" if node.flag("has_incident") else "",
        "customer_id": customer.text("customer_id") if customer else "",
        "customer_locale": customer.text("locale") if customer else "",
        "reference_for_customer": references.text("order_reference_for_customer") if references else "",
        "reference_for_seller": references.text("order_reference_for_seller") if references else "",
        "refund_ids": " ".join(refund_ids(node.value)),
    }
    for item in node.children("order_additional_fields"):
        found[f"field.{item.text('code', required=True)}"] = _plain(item.value.get("value"))
    return {name: value for name, value in found.items() if value}


def _plain(value: JSON) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def refund_ids(payload: JSON) -> list[str]:
    """Every refund the order shows, whoever made it: the snapshot to compare with after an unknown outcome."""
    return _nested_ids(payload, "refunds")


def cancelation_ids(payload: JSON) -> list[str]:
    return _nested_ids(payload, "cancelations")


def _nested_ids(payload: JSON, name: str) -> list[str]:
    lines = Node.root(payload).children("order_lines")
    return [item.text("id") for line in lines for item in line.children(name)]


# --- lines and money --------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class _ReadLine:
    line: OrderLine
    state: str
    stated: Money  # the line with its shipping as the payload states it, in the payload's own tax mode
    left: Money  # the same, cancelations taken off


def _read_line(node: Node, *, currency: str, gross: bool) -> _ReadLine:
    state = node.text("order_line_state", required=True)
    quantity = node.count("quantity", required=True)
    cancelations = node.children("cancelations")
    gone = sum(item.count("quantity") for item in cancelations)
    price = node.amount("price", required=True)
    shipping = node.amount("shipping_price", required=True)
    spent = price <= sum(item.amount("amount") for item in cancelations)
    cancelled = is_off(node) or (0 < quantity <= gone and spent)
    off = [] if cancelled else cancelations  # a cancelled line is told as it was sold
    left, left_shipping = _take_off(node, off, price=price, shipping=shipping)
    taxes = _taxes(node, "taxes", off, currency=currency)
    shipping_taxes = _taxes(node, "shipping_taxes", off, currency=currency)
    line_total, shipping_total = Money(left, currency), Money(left_shipping, currency)
    if not gross:
        line_total += total((tax.amount for tax in taxes), currency=currency)
        shipping_total += total((tax.amount for tax in shipping_taxes), currency=currency)
    wanted = max(quantity, gone, 1) if cancelled else quantity - gone
    line = OrderLine(
        line_id=node.text("order_line_id", required=True),
        sku=node.text("offer_sku", required=True),
        title=node.text("product_title"),
        quantity=wanted,
        unit_price=_unit_price(node, line_total, wanted, as_stated=gross and not off and not cancelled),
        line_total=line_total,
        shipping=shipping_total,
        taxes=taxes,
        shipping_taxes=shipping_taxes,
        cancelled=cancelled,
    )
    stated = _stated_line_total(node, price + shipping, currency=currency, cancelled=cancelled)
    return _ReadLine(line=line, state=state, stated=stated, left=Money(left + left_shipping, currency))


def is_off(line: Node) -> bool:
    """Refused or cancelled, or the money went back before the goods left."""
    state = line.text("order_line_state")
    return state in OFF_LINE_STATES or (state == "REFUNDED" and not line.given("shipped_date"))


def _take_off(node: Node, off: Sequence[Node], *, price: Decimal, shipping: Decimal) -> tuple[Decimal, Decimal]:
    """Price and shipping less the cancelations: they do not reduce `price` themselves, and their quantity may be 0."""
    left = price - sum(item.amount("amount") for item in off)
    left_shipping = shipping - sum(item.amount("shipping_amount") for item in off)
    if (off and price > 0 >= left) or left_shipping < 0:
        node.fault("cancelations", "They take away the whole amount, but not all units.")
    return left, left_shipping


def _unit_price(node: Node, line_total: Money, quantity: int, *, as_stated: bool) -> Money:
    """The stated unit price, unless cancelations or tax on top changed what a unit cost."""
    stated = Money(node.amount("price_unit", required=True), line_total.currency)
    if as_stated or quantity < 1 or (stated * quantity).agrees_with(line_total):
        return stated
    return Money((line_total.amount / quantity).quantize(UNIT_PRICE_STEP), line_total.currency)


def _taxes(node: Node, name: str, off: Sequence[Node], *, currency: str) -> tuple[TaxAmount, ...]:
    """The line's taxes as stated, less those its cancelations give back, by code; rates are never computed."""
    back: dict[str, Decimal] = {}
    for tax in (tax for item in off for tax in item.children(name)):
        back[tax.text("code")] = back.get(tax.text("code"), Decimal(0)) + tax.amount("amount")
    taxes = []
    for tax in node.children(name):
        code, amount = tax.text("code", required=True), tax.amount("amount", required=True)
        less = min(amount, back.get(code, Decimal(0)))
        back[code] = back.get(code, Decimal(0)) - less
        taxes.append(TaxAmount(code=code, amount=Money(amount - less, currency), rate=_rate(tax)))
    return tuple(taxes)


def _rate(tax: Node) -> str:
    return format(tax.amount("rate"), "f") if tax.given("rate") else ""


def _order_taxes(node: Node, lines: Sequence[OrderLine], *, currency: str, gross: bool) -> tuple[TaxAmount, ...]:
    """Taxes stated for the whole order. Where the lines state theirs, these are the same money summed up: left out."""
    if any(line.taxes or line.shipping_taxes for line in lines):
        return ()
    taxes = tuple(
        TaxAmount(
            code=tax.text("code", required=True),
            amount=Money(tax.amount("total_amount", required=True), currency),
            rate=_rate(tax),
        )
        for tax in node.children("order_taxes")
    )
    if taxes and not gross:
        node.fault("order_taxes", "The amounts exclude tax, and the tax is stated for the whole order only.")
    return taxes


def _stated_line_total(node: Node, price_and_shipping: Decimal, *, currency: str, cancelled: bool) -> Money:
    """The line's `total_price`, checked; a cancelled line may show 0 or what it once cost."""
    if not node.given("total_price"):
        return Money(price_and_shipping, currency)
    stated, expected = Money(node.amount("total_price"), currency), Money(price_and_shipping, currency)
    fees = Money(sum((fee.amount("amount") for fee in node.children("fees")), Decimal(0)), currency)
    if cancelled or stated.agrees_with(expected):
        return stated
    if fees.amount and stated.agrees_with(expected + fees):
        node.fault("fees", f"The customer was charged {fees} in fees, which cannot be passed on as goods or shipping.")
    else:
        node.fault("total_price", f"Price and shipping make {expected}, the line says {stated}.")
    return stated


def _check_stated_total(node: Node, read: Sequence[_ReadLine], *, currency: str) -> None:
    """The order's total proves that no line is missing. Whether it counts lines that are off is not documented."""
    stated = Money(node.amount("total_price", required=True), currency)
    standing = [item for item in read if not item.line.cancelled]
    if not standing:
        return
    sums = [
        total((item.left for item in standing), currency=currency),
        total((item.stated for item in standing), currency=currency),
        total((item.stated for item in read), currency=currency),
    ]
    if not any(stated.agrees_with(amount) for amount in sums):
        node.fault("total_price", f"The lines and their shipping make {sums[0]}, the order says {stated}.")


_THEIR_NAMES = {
    "line_id": "order_line_id",
    "unit_price": "price_unit",
    "line_total": "price",
    "total": "total_price",
}


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
    *parents, name = path.replace("lines", "order_lines", 1).split(".")
    return ".".join([*parents, _THEIR_NAMES.get(name, name)])


# --- addresses --------------------------------------------------------------------------------------------------------
def _address(node: Node, name: str, *, needed: bool) -> Address | None:
    """None when withheld. Faults count only when goods are to be sent: old orders have no country code at all."""
    customer = node.child("customer")
    found = customer.child(name) if customer else None
    if customer is None or found is None:
        return None
    apart = found if needed else found.detached()
    address = _read_address(apart, customer)
    return None if apart.faults.problems and not needed else address


def _read_address(node: Node, customer: Node) -> Address:
    named = node if node.text("lastname") or node.text("firstname") else customer
    lines = tuple(line for line in map(node.text, ("street_1", "street_2", "additional_info")) if line)
    if not lines:
        node.fault("street_1", "The address has no street.")
    companies = [name for name in map(node.text, ("company", "company_2")) if name]
    return Address(
        first_name=named.text("firstname"),
        last_name=named.text("lastname", required=not companies),
        company=", ".join(companies),
        street=lines,
        postal_code=node.text("zip_code"),
        city=node.text("city", required=True),
        region=node.text("state"),
        country=_country(node),
        phone=node.text("phone") or node.text("phone_secondary"),
    )


def _country(node: Node) -> str:
    code = node.text("country_iso_code", required=True)
    country = alpha_2(code)
    if code and country is None:
        node.fault("country_iso_code", f"{code!r} is not an ISO 3166-1 alpha-3 country code.")
    return country or ""
