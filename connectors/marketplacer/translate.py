"""Marketplacer's invoices → our orders. Pure; with `dispatching` and `offers` the only home of Marketplacer's field names.

An invoice is the seller's part of one customer's order. Its status is a set of flags, and there is no acceptance step.
The names of price, postage, tax and total fields are not confirmed by official pages: whatever an instance states is
added up, and where it states a total, both must agree.
Source: Marketplacer Seller API, tests/contracts/marketplacer.graphql; D:seller-api/examples/orders/howto_invoicestatusflags.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from connectors.canonical.countries import alpha_2
from connectors.canonical.counts import OrderMark
from connectors.canonical.errors import DataError
from connectors.canonical.money import Money, total, zero
from connectors.canonical.orders import Address, Order, OrderLine, OrderState, TaxAmount, check_order
from connectors.canonical.payload import JSON
from connectors.marketplacer.countries import code_of
from connectors.marketplacer.reading import Node, read_moment

FLAGS = frozenset(
    {
        "PAID",
        "PAYMENT_UNDER_REVIEW",
        "SENT",
        "PARTIALLY_SENT",
        "AWAITING_RETURN",
        "AWAITING_REFUND",
        "REFUNDED",
        "CANCELLED",
        "READY",
        "COLLECTED",
        "REMITTED",
    }
)
LINE_STATES = frozenset({"NEW", "ALLOCATED", "SHIPPED", "REFUNDED", "CANCELLED"})
REFUSED_REQUESTS = frozenset({"DENIED", "REFUND_DENIED"})
ONLINE = "BUY_ONLINE"
NOBODY_EXPECTS = frozenset({OrderState.REFUSED, OrderState.CANCELLED})
UNIT_PRICE_STEP = Decimal("0.000001")


def parse_order(payload: JSON, *, currency: str) -> Order:
    """Return the canonical order for one invoice.

    Amounts are what the customer was charged, tax included; times are UTC. Units that a refund request takes off before
    dispatch do not count any more, whoever asked for it, unless it was denied; a return after dispatch changes nothing.
    Raises DataError naming every field at fault by its path in the payload.
    Source: Invoice, LineItem; tests/payloads/marketplacer/invoice_paid.json.
    """
    node = Node.root(payload)
    reference = node.text("legacyId", required=True)
    node.faults.record = reference or "The order"
    flags = _flags(node)
    units = _units(node, flags)
    lines, shipping, gross = _priced(node, units, currency=currency)
    rest = _tax_beside_lines(node, currency=currency)
    state = _state(node, flags, units)
    node.faults.raise_any()
    open_lines = [line for line in lines if not line.cancelled]
    order = Order(
        reference=reference,
        state=state,
        source_state=", ".join(flags),
        currency=currency,
        placed_at=node.required_moment("createdAt"),
        updated_at=changed_at(payload) or node.required_moment("createdAt"),
        paid_at=node.moment("paidAt"),
        tax_included=gross,
        lines=tuple(lines),
        shipping=shipping,
        taxes=(TaxAmount(code="tax", amount=rest),) if open_lines and rest.amount > 0 else (),
        total=total((line.line_total for line in open_lines), currency=currency) + shipping,
        billing_address=_address(node, "buyerBillingAddress", needed=False),
        shipping_address=_address(node, "shippingAddress", needed=state is OrderState.READY_TO_SHIP),
        relay_email=node.text("buyerEmailAddress"),
        can_ship=state is OrderState.READY_TO_SHIP,
        cancellation_requested=_waits_for_seller(node),
        fulfilled_by_seller=node.text("deliveryType") in {ONLINE, ""},
        attributes=_attributes(node),
    )
    node.faults.raise_any()
    return check_order(order)


def mark_order(payload: JSON, *, currency: str) -> OrderMark | None:
    """What counting needs; None for one without a number or a creation date. One that cannot be read counts all the same."""
    try:
        order = parse_order(payload, currency=currency)
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
    placed_at = read_moment(fields.get("createdAt"))
    reference = reference_of(fields)
    if not reference or placed_at is None:
        return None
    updated_at = changed_at(payload) or placed_at
    return OrderMark(reference=reference, placed_at=placed_at, updated_at=updated_at, total=None, expected=True)


def reference_of(payload: JSON) -> str:
    """The number that people see in the portals; "" where there is none."""
    number = payload.get("legacyId") if isinstance(payload, dict) else None
    return str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""


def changed_at(payload: JSON) -> datetime | None:
    """When the invoice changed last. Where an instance has no `updatedAt`, the latest time that the invoice shows."""
    fields = payload if isinstance(payload, dict) else {}
    stated = read_moment(fields.get("updatedAt"))
    if stated is not None:
        return stated
    times = [fields.get("createdAt"), fields.get("paidAt")]
    for name, keys in (("shipments", ("createdAt", "updatedAt")), ("refundRequests", ("createdAt", "refundedAt"))):
        rows = fields.get(name)
        times += (
            [row.get(key) for row in rows if isinstance(row, dict) for key in keys] if isinstance(rows, list) else []
        )
    return max((moment for moment in map(read_moment, times) if moment is not None), default=None)


# --- flags and units --------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Units:
    """What became of one line's units."""

    sold: int
    shipped: int
    off: int  # taken off before dispatch: cancelled, refunded or asked to be

    @property
    def wanted(self) -> int:
        """Sold and not taken off, shipped ones included."""
        return max(self.sold - self.off, 0)

    @property
    def to_ship(self) -> int:
        return max(self.wanted - self.shipped, 0)


def _flags(node: Node) -> tuple[str, ...]:
    flags = node.words("statusFlags")
    if not flags:
        node.fault("statusFlags", "Marketplacer sent no status.")
    return flags


def _units(node: Node, flags: Sequence[str]) -> dict[str, Units]:
    """By line item id. A whole cancellation that no refund request explains takes off all that was not shipped."""
    shipped: dict[str, int] = {}
    for item in (item for shipment in node.children("shipments") for item in shipment.children("shippedItems")):
        line = item.child("lineItem")
        key = line.text("id") if line else ""
        shipped[key] = shipped.get(key, 0) + item.count("quantity")
    off = taken_off(node)
    unexplained = "CANCELLED" in flags and not off
    units = {}
    for line in node.children("lineItems"):
        key, sold = line.text("id", required=True), line.count("quantity")
        sent = shipped.get(key, 0)
        gone = off.get(key, 0)
        if unexplained or (line.text("status") in {"CANCELLED", "REFUNDED"} and not gone and not sent):
            gone = sold - sent
        units[key] = Units(sold=sold, shipped=sent, off=max(min(gone, sold), 0))
    return units


def taken_off(node: Node) -> dict[str, int]:
    """Line item id → units that refund requests take off before dispatch (`dispatched: false`), denied ones left out."""
    off: dict[str, int] = {}
    for request in node.children("refundRequests"):
        if request.text("status") in REFUSED_REQUESTS:
            continue
        for item in request.children("lineItems"):
            line = item.child("lineItem")
            before = item.given("dispatched") and not item.flag("dispatched")
            if line is not None and before and item.text("status") != "REFUND_DENIED":
                off[line.text("id")] = off.get(line.text("id"), 0) + item.count("quantity")
    return off


def _waits_for_seller(node: Node) -> bool:
    """Whether a cancellation, whoever asked for it, waits to hear from the seller that the goods will not leave."""
    return any(
        request.text("status") == "AWAITING"
        and any(_is_undecided(item) for item in request.children("lineItems"))
        and all(item.given("dispatched") and not item.flag("dispatched") for item in request.children("lineItems"))
        for request in node.children("refundRequests")
    )


def _is_undecided(item: Node) -> bool:
    """In the standard flow lines have no status of their own, or the one they began with."""
    return item.text("status") in {"", "PENDING_APPROVAL"}


def read_units(payload: JSON) -> dict[str, Units]:
    """For a writer: what became of each line's units. Raises DataError."""
    node = Node.root(payload)
    node.faults.record = reference_of(payload) or "The order"
    units = _units(node, _flags(node))
    node.faults.raise_any()
    return units


def _state(node: Node, flags: Sequence[str], units: Mapping[str, Units]) -> OrderState:
    """A flag or line status nobody has seen yet makes the whole order UNKNOWN: a person must look."""
    held = set(flags)
    strange = any(line.text("status") not in LINE_STATES | {""} for line in node.children("lineItems"))
    if held - FLAGS or strange:
        return OrderState.UNKNOWN
    if units and all(item.wanted == 0 for item in units.values()):
        return OrderState.CANCELLED
    if "PAYMENT_UNDER_REVIEW" in held:
        return OrderState.AWAITING_PAYMENT
    if "COLLECTED" in held:
        return OrderState.RECEIVED
    if "SENT" in held or (units and all(item.to_ship == 0 for item in units.values())):
        return OrderState.SHIPPED
    return OrderState.READY_TO_SHIP if "PAID" in held else OrderState.UNKNOWN


# --- money ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class _Stated:
    """One line as the invoice states it, for all its units, in the invoice's own tax mode."""

    node: Node
    goods: Money
    postage: Money
    tax: Money


def _priced(node: Node, units: Mapping[str, Units], *, currency: str) -> tuple[list[OrderLine], Money, bool]:
    """The lines with what is left of them, the shipping charged for the order, and whether amounts contain tax."""
    stated = [_stated(line, currency=currency) for line in node.children("lineItems")]
    stated = _with_discount(node, stated, currency=currency)
    lines_postage = total((line.postage for line in stated), currency=currency)
    postage = _or_else(node, "postage", lines_postage, currency=currency)
    gross, tax_on_top = _tax_mode(node, stated, postage, currency=currency)
    if not gross:
        stated = [replace(line, goods=line.goods + line.tax) for line in stated]
        postage += tax_on_top - total((line.tax for line in stated), currency=currency)
    lines = [_line(line, units, currency=currency) for line in stated]
    gone = [line.shipping for line in lines if line.cancelled]
    shipping = postage - total(gone, currency=currency) if any(not line.cancelled for line in lines) else zero(currency)
    return lines, shipping, gross


def _stated(line: Node, *, currency: str) -> _Stated:
    cost = line.required_money("cost", currency=currency)
    adjusted = sum((_cents(item, currency=currency) for item in line.children("adjustments")), Decimal(0))
    return _Stated(
        node=line,
        goods=Money(cost * line.count("quantity") + adjusted, currency),
        postage=Money(line.money("postage", currency=currency) or Decimal(0), currency),
        tax=Money(line.money("tax", currency=currency) or Decimal(0), currency),
    )


def _cents(node: Node, *, currency: str) -> Decimal:
    return node.money("amount", currency=currency) or Decimal(0)


def _or_else(node: Node, name: str, otherwise: Money, *, currency: str) -> Money:
    found = node.money(name, currency=currency)
    return otherwise if found is None else Money(found, currency)


def _with_discount(node: Node, stated: Sequence[_Stated], *, currency: str) -> list[_Stated]:
    """The invoice's discount (negative), less what the lines' own adjustments say of it, spread over the lines."""
    discount = node.money("discount", currency=currency)
    on_lines = sum(
        (_cents(item, currency=currency) for line in stated for item in line.node.children("adjustments")), Decimal(0)
    )
    rest = Money((discount or Decimal(0)) - on_lines if discount is not None else Decimal(0), currency)
    if rest.amount > 0:
        node.fault("discountCents", "The lines are discounted by more than the invoice says.")
        return list(stated)
    if not rest.amount or not stated:
        return list(stated)
    shares = _shares(rest, [line.goods for line in stated])
    return [replace(line, goods=line.goods + share) for line, share in zip(stated, shares, strict=True)]


def _shares(amount: Money, weights: Sequence[Money]) -> list[Money]:
    """`amount` spread by weight to the smallest coin; the last line with a weight takes what rounding leaves."""
    whole = total(weights, currency=amount.currency).amount
    if not whole:
        return [amount, *(zero(amount.currency) for _ in weights[1:])]
    shares = [Money(amount.amount * weight.amount / whole, amount.currency).rounded() for weight in weights]
    last = max(index for index, weight in enumerate(weights) if weight.amount)
    shares[last] += amount - total(shares, currency=amount.currency)
    return shares


def _tax_mode(node: Node, stated: Sequence[_Stated], postage: Money, *, currency: str) -> tuple[bool, Money]:
    """Whether amounts contain tax, told by the stated total; and the tax that comes on top."""
    tax = _or_else(node, "tax", total((line.tax for line in stated), currency=currency), currency=currency)
    added = total((line.goods for line in stated), currency=currency) + postage
    said = node.money("total", currency=currency)
    if said is None or added.agrees_with(Money(said, currency)):
        return True, zero(currency)
    if (added + tax).agrees_with(Money(said, currency)):
        return False, tax
    words = (
        f"Lines, postage and discount make {added}, with tax {added + tax}, the invoice says {Money(said, currency)}."
    )
    node.fault("totalCents" if node.given("totalCents") else "totalFormatted", words)
    return True, zero(currency)


def _tax_beside_lines(node: Node, *, currency: str) -> Money:
    """What the invoice's tax has beyond its lines': that of postage. Lines state the tax of their goods alone."""
    stated = node.money("tax", currency=currency)
    lines = sum(
        ((line.money("tax", currency=currency) or Decimal(0)) for line in node.children("lineItems")), Decimal(0)
    )
    return Money(Decimal(0) if stated is None else stated - lines, currency)


def _line(stated: _Stated, units: Mapping[str, Units], *, currency: str) -> OrderLine:
    node = stated.node
    key, sold = node.text("id"), node.count("quantity")
    wanted = units[key].wanted if key in units else sold
    cancelled = wanted < 1
    quantity = sold if cancelled else wanted
    goods = stated.goods if quantity == sold else _part(stated.goods, quantity, sold)
    tax = stated.tax if quantity == sold else _part(stated.tax, quantity, sold)
    if node.text("variantSku") == "":
        node.fault("variantSku", "The line names no SKU. Give the variant its SKU at the marketplace.")
    return OrderLine(
        line_id=key,
        sku=node.text("variantSku"),
        gtin=node.text("variantBarcode"),
        title=", ".join(filter(None, (node.text("advertTitle"), node.text("variantName")))),
        quantity=quantity,
        unit_price=_unit_price(node, goods, quantity, currency=currency),
        line_total=goods,
        shipping=stated.postage,
        taxes=(TaxAmount(code="tax", amount=tax),) if tax.amount else (),
        cancelled=cancelled,
    )


def _part(amount: Money, quantity: int, sold: int) -> Money:
    return Money(amount.amount * quantity / sold, amount.currency).rounded() if sold else amount


def _unit_price(node: Node, goods: Money, quantity: int, *, currency: str) -> Money:
    stated = Money(node.money("cost", currency=currency) or Decimal(0), currency)
    if quantity < 1 or (stated * quantity).agrees_with(goods):
        return stated
    return Money((goods.amount / quantity).quantize(UNIT_PRICE_STEP), currency)


# --- people -----------------------------------------------------------------------------------------------------------
def _address(node: Node, name: str, *, needed: bool) -> Address | None:
    """Addresses carry no names: the buyer's stand on the invoice. One that is not needed is left out if it is broken."""
    found = node.child(name)
    if found is None:
        if needed:
            node.fault(name, "The address is missing.")
        return None
    place = found if needed else Node(found.value, found.path, type(found.faults)())
    state, country = place.child("state"), place.child("country")
    code = _country(country)
    city, postcode = place.text("city"), place.text("postcode")
    street = tuple(filter(None, (place.text("address"), place.text("streetAddress2"))))
    for part, value in (("address", street), ("city", city), ("country", code)):
        if not value:
            place.fault(part, "The address lacks it, or it is no country we know.")
    if place.faults is not node.faults and place.faults.problems:
        return None
    return Address(
        first_name=node.text("buyerFirstName"),
        last_name=node.text("buyerSurname"),
        street=street[:3],
        postal_code=postcode,
        city=city,
        region=(state.text("short") or state.text("name")) if state else "",
        country=code,
        phone=node.text("buyerPhone"),
        email=node.text("buyerEmailAddress"),
    )


def _country(country: Node | None) -> str:
    """Its code where the instance shows one (the field is not confirmed), else by its English name; "" for none."""
    if country is None:
        return ""
    code = country.text("code").upper()
    if len(code) == 2 and code.isalpha():
        return code
    return (alpha_2(code) if len(code) == 3 else None) or code_of(country.text("name"))


def _attributes(node: Node) -> dict[str, str]:
    found = {
        "invoice_id": node.text("id"),
        "delivery_type": node.text("deliveryType"),
        "refund_requests": " ".join(refund_ids(node.value)),
    }
    return {name: value for name, value in found.items() if value}


def refund_ids(payload: JSON) -> list[str]:
    """Every refund request that the order shows, whoever made it."""
    return [request.text("id") for request in Node.root(payload).children("refundRequests")]
