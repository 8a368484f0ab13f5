"""Fulfil's JSON ↔ ours. Pure; with `webhooks.py` the only home of Fulfil's field names.

Fulfil's unit prices are without tax and after all discounts; what was charged, tax included, is carried over as net
price, explicit tax lines and an order total that Fulfil compares with its own sum. Source: the platform reference of
this project, sections 7 to 10.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.canonical.dispatches import Dispatch, DispatchLine, check_dispatch
from connectors.canonical.errors import DataError, PermanentError, Problem
from connectors.canonical.money import Money, minor_digits, total, zero
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import (
    Address,
    Order,
    OrderLine,
    Payment,
    TargetLine,
    TargetOrder,
    TargetState,
    TaxAmount,
)
from connectors.canonical.payload import JSON
from connectors.canonical.products import Product
from connectors.canonical.stock import StockLevel
from connectors.canonical.taxes import ListedTax, fitting_tax, tax_code
from connectors.fulfil.reading import Node, refuse
from connectors.fulfil.typedjson import read_day, read_decimal, read_moment

SALE_FIELDS = (
    "number", "reference", "channel_identifier", "state", "currency.code", "untaxed_amount", "tax_amount", "total_amount",
    "has_channel_exception", "shipment_state", "shipments", "create_date", "write_date",
)  # fmt: skip
LINE_FIELDS = (
    "sale", "type", "product.code", "product.type", "quantity", "unit_price", "amount", "channel_identifier", "metadata",
)  # fmt: skip
SALE_SHIPMENT_FIELDS = ("number", "state", "picking_status", "on_hold")
SHIPMENT_FIELDS = (
    "number", "state", "effective_date", "write_date", "sales", "tracking_number.tracking_number",
    "tracking_number_blurb", "carrier.rec_name", "carrier_service.rec_name",
)  # fmt: skip
MOVE_FIELDS = (
    "shipment", "origin", "product.code", "quantity", "origin.channel_identifier", "origin.sale",
    "origin.sale.channel_identifier", "origin.sale.number", "origin.sale.shipment_state",
)  # fmt: skip
PRODUCT_FIELDS = ("code", "rec_name", "upc", "active", "variant_name", "template", "template.name")

SHIPPING_LINE = "shipping"  # the channel identifier of the line that carries the delivery
TAX_MARK = "tax"  # in a line's metadata: the tax the source stated for it, which Fulfil does not show by line
PRICE_DIGITS = (4, 6, 8)  # unit prices carry at least 4
NO_TIME_OF_DAY = time(12)

# A confirmed order has no shipments yet, so nothing of it can leave: it is what we call pending.
STATES: Mapping[str, TargetState] = {
    "draft": TargetState.PENDING,
    "quotation": TargetState.PENDING,
    "confirmed": TargetState.PENDING,
    "processing": TargetState.CONFIRMED,
    "done": TargetState.SHIPPED,
    "cancel": TargetState.CANCELLED,
}
BEGUN = frozenset({"packed", "done"})


# --- orders, ours → theirs --------------------------------------------------------------------------------------------
def build_order(order: Order, options: OrderOptions, *, taxes: Sequence[ListedTax]) -> dict[str, JSON]:
    """The order for `sale.channel/create_order`, not yet typed: Decimals and texts. `taxes` are the channel's.

    Raises DataError naming every missing part; PermanentError for a tax that the channel does not have.
    """
    address = order.shipping_address or order.billing_address
    problems = list(_problems(order, address))
    if problems or address is None:
        raise DataError(problems, record=f"Order {order.reference}")
    built: dict[str, JSON] = {
        "channel_identifier": order.reference,
        "reference": order.reference,
        "confirmed_at": order.placed_at.astimezone(UTC).isoformat(),
        "customer": {"name": _name(order.billing_address or address), "contacts": _contacts(address, options.email)},
        "billing_address": _address(order.billing_address or address),
        "shipping_address": _address(address),
        "sale_lines": [_line(order, line, address.country, taxes) for line in order.open_lines],
        "shipping_lines": _shipping_lines(order, address.country, taxes),
        "payments": _payments(order, options),
        "amount": order.paid.rounded().amount,
        "currency_code": order.currency,
        "status": "pending",
        "financial_status": "paid" if options.paid else "unpaid",
        "fulfillment_status": "unshipped",
    }
    if options.shipping_option:
        built["requested_shipping_service"] = options.shipping_option
    if options.attributes:
        built["metadata"] = dict(options.attributes)
    return built


def _problems(order: Order, address: Address | None) -> Iterable[Problem]:
    if address is None:
        yield Problem(field="shipping_address", message="The order has no address.", record=order.reference)
    if not order.open_lines:
        yield Problem(field="lines", message="Nothing of the order is left to be sent.", record=order.reference)
    if order.taxes:
        words = "Taxes of the order as a whole cannot be carried over: Fulfil knows taxes of lines."
        yield Problem(field="taxes", message=words, record=order.reference)


def _line(order: Order, line: OrderLine, country: str, taxes: Sequence[ListedTax]) -> dict[str, JSON]:
    stated = total((tax.amount for tax in line.taxes), currency=order.currency)
    net = (line.line_total - stated if order.tax_included else line.line_total).rounded().amount
    return {
        "channel_identifier": line.line_id,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_price": unit_price(net, line.quantity, order.currency),
        "amount": net,
        "description": line.title or line.sku,
        "tax_lines": _tax_lines(order, line.taxes, net, country, taxes),
        "metadata": {TAX_MARK: format(stated.rounded().amount, "f")},
    }


def unit_price(net: Decimal, quantity: int, currency: str) -> Decimal:
    """The shortest price whose multiple rounds to the net amount."""
    step = Decimal(1).scaleb(-minor_digits(currency))
    prices = [(net / quantity).quantize(Decimal(1).scaleb(-digits)) for digits in PRICE_DIGITS]
    return next((price for price in prices if (price * quantity).quantize(step) == net), prices[-1])


def _shipping_lines(order: Order, country: str, taxes: Sequence[ListedTax]) -> list[JSON]:
    stated = [tax for line in order.open_lines for tax in line.shipping_taxes]
    if not order.shipping.amount and not stated:
        return []
    taken = total((tax.amount for tax in stated), currency=order.currency)
    net = (order.shipping - taken if order.tax_included else order.shipping).rounded().amount
    merged: dict[tuple[str, str], TaxAmount] = {}
    for tax in stated:
        known = merged.get((tax.code, tax.rate))
        amount = tax.amount + known.amount if known else tax.amount
        merged[tax.code, tax.rate] = TaxAmount(code=tax.code, rate=tax.rate, amount=amount)
    return [
        {
            "channel_identifier": SHIPPING_LINE,
            "description": order.shipping_service_label or "Delivery",
            "amount": net,
            "tax_lines": _tax_lines(order, merged.values(), net, country, taxes),
        }
    ]


def _tax_lines(
    order: Order, stated: Iterable[TaxAmount], net: Decimal, country: str, taxes: Sequence[ListedTax]
) -> list[JSON]:
    """A tax of nothing need not be one that the channel has."""
    lines = [(tax, fitting_tax(tax, net=Money(net, order.currency), country=country, listed=taxes)) for tax in stated]
    for tax, found in lines:
        if found is None and tax.amount.amount:
            raise _no_such_tax(order, tax, country, taxes)
    return [
        {"name": found.name, "rate": found.rate, "amount": tax.amount.rounded().amount}
        for tax, found in lines
        if found is not None
    ]


def _no_such_tax(order: Order, tax: TaxAmount, country: str, taxes: Sequence[ListedTax]) -> PermanentError:
    known = ", ".join(one.name for one in taxes) or "none"
    words = (
        f"Order {order.reference} states the tax {tax_code(tax, country)}, and the channel in Fulfil has no tax that it "
        f"must be. It has: {known}. Map the tax, or add it in the channel's settings, then try again."
    )
    return PermanentError(words, subject=order.reference, code="unknown_tax")


def _payments(order: Order, options: OrderOptions) -> list[JSON]:
    """Each of the means it was paid by; without a reference of the payment service, ours stands for it."""
    if not options.paid:
        return []
    parts = order.payments or (Payment(method="", amount=order.paid),)
    return [
        {
            "method": part.method or options.payment_method,
            "amount": part.amount.rounded().amount,
            "provider_reference": part.reference or order.reference,
            "state": "success",
        }
        for part in parts
        if part.amount.amount or len(parts) == 1
    ]


def _name(address: Address) -> str:
    person = " ".join(part for part in (address.first_name, address.last_name) if part)
    return ", ".join(part for part in (address.company, person) if part)


def _contacts(address: Address, email: str) -> list[JSON]:
    """E-mail tells customers apart at Fulfil, and a marketplace's relay address is another one for each order."""
    found = (("email", email), ("phone", address.phone))
    return [[kind, value] for kind, value in found if value]


def _address(address: Address) -> dict[str, JSON]:
    built = {
        "name": _name(address),
        "address1": address.street[0] if address.street else "",
        "address2": ", ".join(address.street[1:]),
        "city": address.city,
        "zip": address.postal_code,
        "country_code": address.country,
        "subdivision_code": _subdivision(address),
        "phone": address.phone,
        "email": address.email,
    }
    return {name: value for name, value in built.items() if value}


def _subdivision(address: Address) -> str:
    """The bare code ("CA"), "" for a region written out: Fulfil refuses what is no code."""
    code = address.region.strip().upper().removeprefix(f"{address.country}-")
    return code if re.fullmatch(r"[A-Z0-9]{1,3}", code) else ""


# --- orders, theirs → ours --------------------------------------------------------------------------------------------
def parse_target_order(payload: JSON) -> TargetOrder:
    """{"sale", "lines", "shipments"} as read with the fields above. Amounts come back as they were charged: with tax."""
    root = Node.root(payload, kind="Order")
    sale = root.child("sale")
    lines = [line for line in root.children("lines") if line.text("type") in ("line", "")]
    shipments = root.children("shipments")
    currency = sale.word("currency.code")
    root.faults.record = f"Order {sale.value.get('number') or sale.value.get('id') or ''}".strip()
    if not re.fullmatch(r"[A-Z]{3}", currency):
        sale.fault("currency.code", "It must be a currency.")
        currency = "XXX"
    amounts = {name: Money(sale.amount(name), currency) for name in ("tax_amount", "total_amount")}
    shown, shipping = _shown_lines(lines, amounts["tax_amount"])
    found = TargetOrder(
        external_id=str(sale.whole("id")),
        number=sale.text("number"),
        reference=sale.text("channel_identifier"),
        state=_state(sale, shipments),
        target_state=sale.text("state"),
        total=amounts["total_amount"],
        shipping=shipping,
        tax=amounts["tax_amount"],
        lines=shown,
        dispatches=tuple(
            f"{one.whole('id')}-{sale.whole('id')}" for one in shipments if one.value.get("state") == "done"
        ),
        updated_at=read_moment(sale.value.get("write_date")) or read_moment(sale.value.get("create_date")),
    )
    root.faults.raise_any()
    return found


def _state(sale: Node, shipments: Sequence[Node]) -> TargetState:
    """An order is done in Fulfil when it is paid too; for us it is shipped when everything has left."""
    state = STATES.get(sale.word("state"), TargetState.UNKNOWN)
    if state is TargetState.CONFIRMED and sale.value.get("shipment_state") == "sent":
        return TargetState.SHIPPED
    begun = any(one.value.get("state") in BEGUN or one.value.get("picking_status") for one in shipments)
    return TargetState.PROCESSING if state is TargetState.CONFIRMED and begun else state


def _shown_lines(lines: Sequence[Node], tax: Money) -> tuple[tuple[TargetLine, ...], Money]:
    """Fulfil shows net amounts by line and one tax for the order: the tax of a line is what we noted on it.

    What is left of Fulfil's own tax is the delivery's. So the sum is always Fulfil's total, whatever we noted.
    """
    currency = tax.currency
    goods = [line for line in lines if not is_shipping(line.value)]
    net = {id(line): Money(line.amount("amount"), currency) for line in lines}
    noted = [_noted_tax(line, currency) for line in goods]
    if any(one is None for one in noted):
        noted = list(_shared(tax, [net[id(line)] for line in lines], of=[line in goods for line in lines]))
    taxes = [one or zero(currency) for one in noted]
    shown = tuple(_target_line(line, (net[id(line)] + own).rounded()) for line, own in zip(goods, taxes, strict=True))
    delivery = total((net[id(line)] for line in lines if line not in goods), currency=currency)
    return shown, (delivery + tax - total(taxes, currency=currency)).rounded()


def is_shipping(line: Mapping[str, JSON]) -> bool:
    own = line.get("channel_identifier")
    return own == SHIPPING_LINE or (line.get("product.type") == "service" and not own)


def _noted_tax(line: Node, currency: str) -> Money | None:
    metadata = line.value.get("metadata")
    amount = read_decimal(metadata.get(TAX_MARK)) if isinstance(metadata, dict) else None
    return None if amount is None else Money(amount, currency)


def _shared(tax: Money, nets: Sequence[Money], *, of: Sequence[bool]) -> Iterable[Money]:
    """The tax over all lines by their net amounts, rounded so that the parts sum to it; those of goods are given back."""
    whole = sum((net.amount for net in nets), start=Decimal(0))
    passed, given = Decimal(0), zero(tax.currency)
    for net, wanted in zip(nets, of, strict=True):
        passed += net.amount
        until = Money(tax.amount * passed / whole if whole else Decimal(0), tax.currency).rounded()
        if wanted:
            yield until - given
        given = until


def _target_line(line: Node, gross: Money) -> TargetLine:
    quantity = line.whole("quantity")
    return TargetLine(
        line_id=str(line.whole("id")),
        sku=line.word("product.code"),
        quantity=quantity,
        unit_price=Money(gross.amount / quantity if quantity else Decimal(0), gross.currency),
        line_total=gross,
    )


# --- dispatches -------------------------------------------------------------------------------------------------------
def parse_dispatch(payload: JSON, *, zone: ZoneInfo) -> Dispatch:
    """{"shipment", "moves", "is_last"}: the units of one order in one shipment, since a shipment may serve several."""
    root = Node.root(payload, kind="Shipment")
    shipment, moves = root.child("shipment"), root.children("moves")
    root.faults.record = f"Shipment {shipment.value.get('number') or shipment.value.get('id') or ''}".strip()
    if not moves:
        root.fault("moves", "The shipment has no units of this order.")
        root.faults.raise_any()
    first = moves[0]
    dispatch = Dispatch(
        dispatch_id=f"{shipment.whole('id')}-{first.whole('origin.sale')}",
        number=shipment.text("number"),
        order_reference=first.word("origin.sale.channel_identifier"),
        order_external_id=str(first.whole("origin.sale")),
        carrier=shipment.text("carrier.rec_name"),
        service=shipment.text("carrier_service.rec_name"),
        tracking_number=shipment.text("tracking_number.tracking_number"),
        tracking_url=_link(shipment.value.get("tracking_number_blurb")),
        lines=tuple(_dispatch_line(move) for move in moves),
        dispatched_at=_left_at(shipment, zone),
        is_last=payload.get("is_last") is True,
    )
    root.faults.raise_any()
    return check_dispatch(dispatch)


def _dispatch_line(move: Node) -> DispatchLine:
    origin = move.word("origin").partition(",")[2]
    return DispatchLine(
        sku=move.word("product.code"),
        line_id=move.text("origin.channel_identifier"),
        source_line_id=origin,
        quantity=move.whole("quantity"),
    )


def _left_at(shipment: Node, zone: ZoneInfo) -> datetime:
    """Fulfil gives the day only. On that day the last change tells the time; after it, noon stands for it."""
    changed, day = shipment.moment("write_date"), read_day(shipment.value.get("effective_date"))
    if day is None or changed.astimezone(zone).date() == day:
        return changed
    return min(changed, datetime.combine(day, NO_TIME_OF_DAY, tzinfo=zone).astimezone(UTC))


def _link(blurb: JSON) -> str:
    rows = blurb.get("subtitle") if isinstance(blurb, dict) else None
    pairs = [row for row in rows if isinstance(row, list) and len(row) == 2] if isinstance(rows, list) else []
    found = next((value for name, value in pairs if name == "link"), "")
    return found if isinstance(found, str) and found.startswith("https://") else ""


# --- products and stock -----------------------------------------------------------------------------------------------
def parse_product(payload: JSON) -> Product:
    row = Node.root(payload, kind="Product")
    product = Product(
        external_id=str(row.whole("id")),
        sku=row.word("code"),
        gtin=row.text("upc"),
        title=", ".join(part for part in (row.text("template.name"), row.text("variant_name")) if part)
        or row.text("code"),
        active=row.value.get("active") is not False,
        group=str(row.value.get("template") or ""),
        name=row.text("template.name"),
        variant=row.text("variant_name"),
    )
    row.faults.raise_any()
    return product


def product_ids(rows: Sequence[Mapping[str, JSON]]) -> dict[str, int]:
    """SKU → id. Raises DataError for a SKU that several products have: none of them can be told to be the right one."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(str(row["code"]), []).append(int(row["id"]))
    several = sorted(sku for sku, ids in found.items() if len(ids) > 1)
    if several:
        words = "Several active products have this SKU. Give each a SKU of its own in Fulfil, or archive one."
        raise DataError([Problem(field="code", message=words, record=sku) for sku in several], record="Stock of Fulfil")
    return {sku: ids[0] for sku, ids in found.items()}


def parse_stock(sku: str, quantities: JSON, *, warehouses: Sequence[int], as_of: datetime) -> StockLevel:
    """What the warehouses can promise together, never below 0; `quantities` is {"4": {"quantity_available": 8.0}, …}.

    Raises DataError unless every warehouse is told of: a warehouse left out is not an empty one.
    """
    promised = Decimal(0)
    for warehouse in warehouses:
        place = quantities.get(str(warehouse)) if isinstance(quantities, dict) else None
        units = read_decimal(place.get("quantity_available")) if isinstance(place, dict) else None
        if units is None:
            refuse(f"Stock of {sku}", f"{warehouse}.quantity_available", "Fulfil told no quantity.")
        promised += units
    return StockLevel(sku=sku, available=max(0, int(promised)), as_of=as_of)
