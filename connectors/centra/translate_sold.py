"""An order that Centra sold, in our words. Pure; its money is `sold_money`.

Source: Integration API type reference 1.60 and the example queries for shops. Whether a status, a hold or a payment lets an
order be sent is decided by the connection's settings (`Terms`), since shops differ in what they call paid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical.counts import OrderMark
from connectors.canonical.destinations import Destination
from connectors.canonical.errors import DataError
from connectors.canonical.money import Money, zero
from connectors.canonical.orders import Address, Order, OrderLine, OrderState, TaxAmount, check_order
from connectors.canonical.payload import JSON
from connectors.centra.reading import Node
from connectors.centra.sold_money import Charge, Charges, money, paid_by_voucher, percent, read_charges
from connectors.centra.sold_payments import read_payments
from connectors.centra.translate import currency_of, marked_references, order_reference

# What Centra calls an order that is over, or not one yet. What may be sent is the connection's to say.
STATES: Mapping[str, OrderState] = {
    "INCOMPLETE": OrderState.STAGING,
    "PENDING": OrderState.STAGING,
    "SHIPPED": OrderState.SHIPPED,
    "ARCHIVED": OrderState.CLOSED,
    "CANCELLED": OrderState.CANCELLED,
}
READ_STATUSES = ("PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "CANCELLED")
SENT_STATUSES = ("CONFIRMED", "PROCESSING")
_PROMISED = frozenset({"AUTH", "AUTH_GIFT_CARD", "PREPAID"})
_TAKEN = frozenset({"CAPTURE", "CAPTURE_GIFT_CARD", "ADDITIONAL_ORDER_PAYMENT"})
_GIVEN_BACK = frozenset({"CANCEL", "CANCEL_GIFT_CARD"})


@dataclass(frozen=True, kw_only=True)
class Terms:
    """When an order may be sent on, as the connection's settings say."""

    statuses: frozenset[str] = frozenset(SENT_STATUSES)
    every_confirmed: bool = False  # a confirmed order counts as paid, whatever its payment history says
    marketplace_paid: bool = True  # so does one that the hub created for a marketplace


def parse_order(payload: JSON, *, zone: ZoneInfo, terms: Terms) -> Order:
    """Return the order for one element of documents.sold.READ_SOLD. Amounts include tax whatever the price list holds.

    `reference` is Centra's order number, `commercial_reference` the marketplace's order id where it bears one. Raises DataError
    naming every field at fault.
    """
    node = Node.root(payload, kind="Order", key="number")
    status = node.word("status")
    currency = currency_of(node.need("grandTotal"))
    cancelled = STATES.get(status) is OrderState.CANCELLED
    lines = node.children("lines")
    open_lines = [] if cancelled else [line for line in lines if line.count("quantity") > 0]
    # A cancelled order may show any total; nothing of it is wanted, and nothing is left to compare.
    charges = _nothing(currency) if cancelled else read_charges(node, open_lines, currency=currency)
    node.faults.raise_any()
    by_line = {id(line): charge for line, charge in zip(open_lines, charges.lines, strict=True)}
    billing, shipping = _address(node, "billingAddress"), _address(node, "shippingAddress")
    option, method = _option(node), _payment_method(node)
    order = Order(
        reference=str(node.count("number")),
        commercial_reference=order_reference(node),
        state=_state(node, status, charges.total, terms),
        source_state=_source_state(node, status),
        currency=currency,
        placed_at=node.moment("createdAt", zone=zone),
        updated_at=node.moment("updatedAt", zone=zone),
        tax_included=True,
        lines=_lines(lines, by_line, charges, currency),
        shipping=charges.shipping.gross,
        total=charges.total,
        billing_address=billing,
        shipping_address=shipping or billing,
        relay_email=_email(node),
        channel=_channel(node),
        shipping_service="" if option is None else option.text("uri") or option.text("name"),
        shipping_service_label="" if option is None else option.text("name"),
        payment_method=method,
        payments=read_payments(node, method=method, charged=charges.total),
        part_shipped=any(one.flag("isShipped") for one in node.children("shipments")),
        sets_units_aside=status != "INCOMPLETE",
    )
    node.faults.raise_any()
    return check_order(order)


def parse_destination(payload: JSON) -> Destination:
    """Return where the order of documents.sold.READ_DESTINATION goes."""
    node = Node.root(payload, kind="Order", key="number")
    billing, shipping = _address(node, "billingAddress"), _address(node, "shippingAddress")
    held = (node.child("billingAddress"), node.child("shippingAddress"))
    emails = [part.text("email") for part in held if part is not None]
    node.faults.raise_any()
    goes_to = shipping or billing
    return Destination(
        deliveries=() if goes_to is None else (goes_to,), billing=billing, email=next(filter(None, emails), "")
    )


def build_addresses(order: Order, email: str) -> dict[str, JSON]:
    """The part of DirectToConsumerOrderUpdateInput that says where an order goes. Centra changes no country."""
    delivery = order.shipping_address or order.billing_address
    billing = order.billing_address or delivery
    named = (("shippingAddress", delivery), ("billingAddress", billing))
    return {name: _built(address, email) for name, address in named if address is not None}


def _built(address: Address, email: str) -> dict[str, JSON]:
    street, *rest = address.street or ("",)
    return {
        "firstName": address.first_name,
        "lastName": address.last_name,
        "companyName": address.company,
        "address1": street,
        "address2": ", ".join(rest),
        "city": address.city,
        "zipCode": address.postal_code,
        "stateOrProvince": address.region,
        "phoneNumber": address.phone,
        "cellPhoneNumber": address.phone,
        **({"email": email} if email else {}),
    }


def mark_order(payload: JSON, *, zone: ZoneInfo) -> OrderMark | None:
    """One order of documents.sold.LIST_SOLD; None when not even its number can be read."""
    try:
        node = Node.root(payload, kind="Order", key="number")
        reference = str(node.count("number"))
        placed_at, updated_at = node.moment("createdAt", zone=zone), node.moment("updatedAt", zone=zone)
        status = node.word("status")
        node.faults.raise_any()
    except DataError:
        return None
    expected = STATES.get(status) not in (OrderState.CANCELLED, OrderState.STAGING, OrderState.CLOSED)
    return OrderMark(
        reference=reference, placed_at=placed_at, updated_at=updated_at, total=_marked_total(node), expected=expected
    )


def _marked_total(node: Node) -> Money | None:
    try:
        currency = currency_of(node.need("grandTotal"))
        charged = money(node.need("grandTotal"), currency) + paid_by_voucher(node, currency)
        node.faults.raise_any()
    except DataError:
        return None
    return charged


# --- where it stands --------------------------------------------------------------------------------------------------
def _state(node: Node, status: str, charged: Money, terms: Terms) -> OrderState:
    """Over, or not one yet; else held, not to be sent, not paid, or ready."""
    if status in STATES:
        known = STATES[status]
        if known is not OrderState.STAGING or status not in terms.statuses:
            return known
    elif status not in SENT_STATUSES:
        return OrderState.UNKNOWN
    if node.flag("isOnHold") or status not in terms.statuses:
        waits = node.text("orderHoldReason") == "WAITING_FOR_PAYMENT"
        return OrderState.AWAITING_PAYMENT if waits else OrderState.STAGING
    return OrderState.READY_TO_SHIP if _is_paid(node, charged, terms) else OrderState.AWAITING_PAYMENT


def _source_state(node: Node, status: str) -> str:
    """Centra's own words, the hold among them."""
    if not node.flag("isOnHold"):
        return status
    reason = node.text("orderHoldReason")
    return f"{status}, on hold{f': {reason}' if reason else ''}"


def _is_paid(node: Node, charged: Money, terms: Terms) -> bool:
    """Whether what was promised or taken covers the order. Centra has no field that says so."""
    if terms.every_confirmed or (terms.marketplace_paid and marked_references(node.text("otherComment"))):
        return True
    sums = dict.fromkeys((_PROMISED, _TAKEN, _GIVEN_BACK), Decimal(0))
    marked = False
    for entry in sorted(node.children("paymentHistory"), key=lambda one: one.count("id")):
        kind = entry.word("entryType")
        if entry.word("status") != "SUCCESS":
            continue
        marked = kind == "MARKED_AS_PAID" or (marked and kind != "MARKED_AS_UNPAID")
        for names in sums:
            if kind in names:
                sums[names] += abs(entry.need("value").amount("value"))
    covered = max(sums[_PROMISED] - sums[_GIVEN_BACK], sums[_TAKEN])
    covered += paid_by_voucher(node, charged.currency).amount
    return marked or not charged.amount or Money(covered, charged.currency).rounded().amount >= charged.amount


# --- lines ------------------------------------------------------------------------------------------------------------
def _nothing(currency: str) -> Charges:
    none = Charge(gross=zero(currency), tax=zero(currency))
    return Charges(lines=(), shipping=none, shipping_rate="", total=zero(currency))


def _lines(lines: list[Node], by_line: Mapping[int, Charge], charges: Charges, currency: str) -> tuple[OrderLine, ...]:
    """Delivery is Centra's for the whole order: the first open line carries its tax, so that it is counted once."""
    found: list[OrderLine] = []
    carried = False
    for line in lines:
        charge = by_line.get(id(line))
        if charge is None:
            found.append(_cancelled_line(line, currency))
            continue
        found.append(_open_line(line, charge, None if carried else charges, currency))
        carried = True
    return tuple(found)


def _open_line(line: Node, charge: Charge, charges: Charges | None, currency: str) -> OrderLine:
    quantity, rate = line.count("quantity"), percent(line.amount("taxPercent"))
    return OrderLine(
        **_article(line),
        quantity=quantity,
        unit_price=Money(charge.gross.amount / quantity, currency),
        line_total=charge.gross,
        shipping=zero(currency) if charges is None else charges.shipping.gross,
        taxes=_taxes(charge.tax, rate),
        shipping_taxes=() if charges is None else _taxes(charges.shipping.tax, charges.shipping_rate),
    )


def _cancelled_line(line: Node, currency: str) -> OrderLine:
    units = max(line.count("cancelledQuantity"), line.count("quantity"), 1)
    price = money(line.need("unitPrice"), currency)
    return OrderLine(
        **_article(line),
        quantity=units,
        unit_price=price,
        line_total=price * units,
        shipping=zero(currency),
        cancelled=True,
    )


def _article(line: Node) -> dict[str, Any]:
    """`line_id`, SKU, GTIN and title; a line whose article was deleted in Centra has no SKU, and says so when it is needed."""
    article = line.child("productSize")
    parts = (line.text("productName"), line.text("productVariantName"), line.text("size"))
    return {
        "line_id": str(line.count("id")),
        "sku": "" if article is None else article.text("SKU"),
        "gtin": "" if article is None else article.text("EAN"),
        "title": ", ".join(part for part in parts if part),
    }


def _taxes(tax: Money, rate: str) -> tuple[TaxAmount, ...]:
    return (TaxAmount(code="", amount=tax, rate=rate),) if tax.amount else ()


# --- who, where -------------------------------------------------------------------------------------------------------
def _address(node: Node, name: str) -> Address | None:
    given = node.child(name)
    if given is None:
        return None
    country, state = given.child("country"), given.child("state")
    return Address(
        first_name=given.text("firstName"),
        last_name=given.text("lastName"),
        company=given.text("companyName"),
        street=tuple(line for line in (given.text("address1"), given.text("address2")) if line),
        postal_code=given.text("zipCode"),
        city=given.text("city"),
        region=(state.text("code") if state is not None else "") or given.text("stateOrProvince"),
        country="" if country is None else country.text("code").upper(),
        phone=given.text("cellPhoneNumber") or given.text("phoneNumber"),
        email=given.text("email"),
    )


def _email(node: Node) -> str:
    """The customer's own, else the one on an address."""
    holders = (node.child("customer"), node.child("billingAddress"), node.child("shippingAddress"))
    return next((found for holder in holders if holder is not None and (found := holder.text("email"))), "")


def _channel(node: Node) -> str:
    """The market's name, as people know it; the store's where an order has no market."""
    market, store = node.child("market"), node.child("store")
    return (market.text("name") if market is not None else "") or ("" if store is None else store.text("name"))


def _option(node: Node) -> Node | None:
    group = node.child("shippingPriceGroup")
    return None if group is None else group.child("shippingOption")


def _payment_method(node: Node) -> str:
    plugin = node.child("paymentMethod")
    return "" if plugin is None else plugin.text("uri")
