"""Centra's JSON ↔ ours. Pure; with `webhooks.py` the only home of Centra's field names.

Source: Order API reference (POST order), Integration API type reference 1.60 and its example queries for shops.
Amounts of a shop include tax. GraphQL gives them as numbers, parsed as Decimal, and are rounded to the currency's
digits.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.canonical.cursor import Faults
from connectors.canonical.dispatches import Dispatch, DispatchLine, check_dispatch
from connectors.canonical.errors import DataError, PermanentError, Problem
from connectors.canonical.money import Money, minor_digits
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Address, Order, OrderLine, TargetLine, TargetOrder, TargetState
from connectors.canonical.payload import JSON
from connectors.canonical.prices import ListedPrice, PriceList
from connectors.canonical.products import Product
from connectors.canonical.stock import StockLevel
from connectors.centra.content import NOTHING_TOLD, parse_content
from connectors.centra.reading import Node

DIGITS = 2  # the Order API takes "decimal2" amounts
SUCCESS = 1  # payment status: 0 pending, 1 success, 2 failed

# GraphQL says SHIPPED where the back office says Completed. Not here, so UNKNOWN and a person's to look at:
# INCOMPLETE, a basket that is no order yet, ARCHIVED, which hides what the order was before, and any word we have
# never met.
STATES: Mapping[str, TargetState] = {
    "PENDING": TargetState.PENDING,
    "CONFIRMED": TargetState.CONFIRMED,
    "PROCESSING": TargetState.PROCESSING,
    "SHIPPED": TargetState.SHIPPED,
    "CANCELLED": TargetState.CANCELLED,
}


# --- our reference in the order's comment -----------------------------------------------------------------------------
# The comment is written in the same stroke as the order, the external id only afterwards. Brackets guard the
# reference, so that a search for MK-1 does not meet MK-10; what could break the search or the brackets is written as
# =XX (UTF-8).
_PLAIN = re.compile(r"[A-Za-z0-9._:/#-]")
_MARK = re.compile(r"\[marketplace order ((?:[A-Za-z0-9._:/#-]|=[0-9A-F]{2})+)\]")


def reference_mark(reference: str) -> str:
    """The words in an order's comment that name our reference, and that one only."""
    if not reference:
        raise ValueError("An order without a reference could not be found again.")
    written = "".join(
        character if _PLAIN.fullmatch(character) else "".join(f"={byte:02X}" for byte in character.encode())
        for character in reference
    )
    return f"[marketplace order {written}]"


def marked_references(comment: str) -> tuple[str, ...]:
    """Every reference that a comment names; people may have written around it."""
    found = []
    for written in _MARK.findall(comment):
        raw = re.sub(rb"=([0-9A-F]{2})", lambda code: bytes([int(code[1], 16)]), written.encode("ascii"))
        found.append(raw.decode("utf-8", "replace"))
    return tuple(found)


def carriers_of(found: Mapping[str, JSON], reference: str) -> dict[int, TargetState]:
    """Number → state of every order that carries exactly this reference, from the three searches of a document.

    Centra's searches may be looser than we are: `contains`, and perhaps upper case read as lower.
    """
    orders = [row for row in (*found["byExternalId"], *found["byComment"]) if _is_ours(row, reference)]
    paid = [row["order"] for row in found["byPayment"] if row["externalReference"] == reference]
    return {row["number"]: STATES.get(row["status"], TargetState.UNKNOWN) for row in (*orders, *paid)}


def _is_ours(row: Mapping[str, JSON], reference: str) -> bool:
    return row["externalId"] == reference or reference in marked_references(row["otherComment"] or "")


# --- orders, ours → theirs --------------------------------------------------------------------------------------------
def build_order(order: Order, options: OrderOptions) -> dict[str, JSON]:
    """Return the body of POST /order for an order whose SKUs are Centra's.

    Stock is taken or the order refused (adjustStock, no forceCreate); nothing is recalculated (both prices given, no
    automatic vouchers). A line total that its quantity does not divide evenly goes as two lines of neighbouring
    prices, so that the sum is the sold amount to the cent. Raises DataError naming every missing part; PermanentError
    for a currency of three digits.
    """
    _check_currency(order)
    _check_parts(order, options)
    return {
        **_addresses(order, options.email),
        "products": [product for line in order.open_lines for product in _products(line)],
        **_named("market", options.market),
        **_named("pricelist", options.price_list),
        **({"shippingList": options.shipping_option} if options.shipping_option else {}),
        "shippingValue": _decimal2(order.shipping),
        "adjustStock": True,
        "forceCreate": False,
        "applyVouchers": False,
        "sendEmail": options.send_email,
        "comment": reference_mark(order.reference),
        "payment": _payment(order, options),
        **({"extraAttributes": dict(options.attributes)} if options.attributes else {}),
        **({} if options.forced_number is None else {"orderNumber": options.forced_number}),
    }


def _check_currency(order: Order) -> None:
    if minor_digits(order.currency) > DIGITS:
        words = (
            f"Centra keeps amounts with two decimals and {order.currency} has {minor_digits(order.currency)}, "
            "so this order cannot be created there with the amounts it was sold at. Handle it by hand."
        )
        raise PermanentError(words, subject=order.currency, code="currency_digits")


def _check_parts(order: Order, options: OrderOptions) -> None:
    faults = Faults(f"Order {order.reference}")
    if not order.open_lines:
        faults.add("lines", "The order has no open lines.")
    for index, line in enumerate(order.lines):
        if not line.cancelled and not line.sku:
            faults.add(f"lines[{index}].sku", "The line has no SKU.")
    if order.shipping_address is None:
        faults.add("shipping_address", "The order has no delivery address yet.")
    for name, address in (("shipping_address", order.shipping_address), ("billing_address", order.billing_address)):
        if address is not None and not address.country:
            faults.add(f"{name}.country", "The address has no country.")
    if not options.email:
        faults.add("relay_email", "The order has no e-mail address and the link names none.")
    faults.raise_any()


def _addresses(order: Order, email: str) -> dict[str, JSON]:
    delivery = order.shipping_address
    if delivery is None:  # told in _check_parts
        return {}
    if order.billing_address is None or order.billing_address == delivery:
        return {"address": _address(delivery, email)}
    return {
        "invoiceAddress": _address(order.billing_address, email),
        "deliveryAddress": _address(delivery, email),
    }


def _address(address: Address, email: str) -> dict[str, JSON]:
    """Centra's order addresses have two street lines and no company: the company goes first on the second line."""
    street, *rest = address.street or ("",)
    return {
        "email": email,
        "firstName": address.first_name,
        "lastName": address.last_name,
        "address": street,
        "coaddress": ", ".join(part for part in (address.company, *rest) if part),
        "zipcode": address.postal_code,
        "city": address.city,
        "state": address.region,
        "country": address.country,
        "tele": address.phone,
    }


def _products(line: OrderLine) -> list[dict[str, JSON]]:
    return [
        {"sku": line.sku, "qty": quantity, "unitPrice": _decimal2(price), "originalPrice": _decimal2(price)}
        for quantity, price in even_parts(line.line_total, quantity=line.quantity)
    ]


def even_parts(amount: Money, *, quantity: int) -> tuple[tuple[int, Money], ...]:
    """Quantities and unit prices, one pair or two, that make exactly `amount`: 3 for 10.00 → 1 at 3.34 and 2 at 3.33.

    Raises DataError for an amount finer than the currency's smallest coin, since no whole prices make it.
    """
    if quantity < 1 or amount.rounded().amount != amount.amount:
        words = f"{quantity} units for {amount.amount} {amount.currency} cannot be written as whole unit prices."
        raise DataError([Problem(field="line_total", message=words)])
    low, dearer = divmod(amount.minor(), quantity)
    parts = ((dearer, low + 1), (quantity - dearer, low))
    scale = -minor_digits(amount.currency)
    return tuple((units, Money(Decimal(coins).scaleb(scale), amount.currency)) for units, coins in parts if units)


def _payment(order: Order, options: OrderOptions) -> dict[str, JSON]:
    """The marketplace vouches for the money (auth); once it has collected it, the order is paid (capture)."""
    entry: dict[str, JSON] = {
        "status": SUCCESS,
        "transaction": order.reference,
        "method": order.payment_method or "marketplace",
        "amount": _decimal2(order.total),
    }
    payment: dict[str, JSON] = {"auth": entry}
    if options.payment_method:
        payment["id"] = _whole(options.payment_method, "payment_method", "a Centra payment plugin's id")
    if options.paid:
        payment["capture"] = dict(entry)
    return payment


def _named(field: str, code: str) -> dict[str, JSON]:
    """A market or price list, by id where the code is a number, else by name."""
    if not code:
        return {}
    return {f"{field}Id": int(code)} if code.isascii() and code.isdigit() else {field: code}


def _whole(code: str, field: str, meaning: str) -> int:
    if not (code.isascii() and code.isdigit()):
        raise DataError([Problem(field=field, message=f"{code} is not {meaning}: a whole number.")])
    return int(code)


def _decimal2(money: Money) -> Decimal:
    return money.rounded().amount.quantize(Decimal("0.01"))


# --- orders, theirs → ours --------------------------------------------------------------------------------------------
def parse_target_order(payload: JSON, *, zone: ZoneInfo) -> TargetOrder:
    """Return an order as it stands at Centra, from the fields of documents.READ_ORDERS.

    `reference` is the external id: "" until the order is tagged, even when the comment names our reference.
    A line whose article was deleted has no SKU. Raises DataError naming every field at fault.
    """
    node = Node.root(payload, kind="Order", key="number")
    grand_total, totals = node.need("grandTotal"), node.need("totals")
    currency = currency_of(grand_total)
    status = node.word("status")
    found = TargetOrder(
        external_id=str(node.count("number")),
        internal_id=node.word("id"),
        reference=node.text("externalId"),
        state=STATES.get(status, TargetState.UNKNOWN),
        target_state=status,
        on_hold=node.flag("isOnHold"),
        hold_reason=node.text("orderHoldReason"),
        total=_money(grand_total, currency),
        shipping=_money(totals.need("shipping"), currency),
        tax=_money(totals.need("taxIncluded"), currency) + _money(totals.need("taxAdded"), currency),
        lines=tuple(_target_line(line, currency) for line in node.children("lines")),
        dispatches=tuple(str(shipment.count("id")) for shipment in node.children("shipments")),
        updated_at=node.moment("updatedAt", zone=zone),
    )
    node.faults.raise_any()
    return found


def _target_line(node: Node, currency: str) -> TargetLine:
    article = node.child("productSize")
    return TargetLine(
        line_id=str(node.count("id")),
        sku="" if article is None else article.text("SKU"),
        quantity=node.count("quantity"),
        cancelled_quantity=node.count("cancelledQuantity"),
        unit_price=_money(node.need("unitPrice"), currency),
        line_total=_money(node.need("lineValue"), currency),
    )


def currency_of(node: Node) -> str:
    currency = node.need("currency")
    code = currency.word("code")
    if not re.fullmatch(r"[A-Z]{3}", code, re.ASCII):
        currency.fault("code", "It must be a currency code.")
        return "XXX"
    return code


def _money(node: Node, currency: str) -> Money:
    return Money(node.amount("value"), currency).rounded()


# --- dispatches -------------------------------------------------------------------------------------------------------
def parse_dispatch(payload: JSON, *, zone: ZoneInfo) -> Dispatch:
    """Return the dispatch for one shipment as documents.READ_SHIPMENTS gives it.

    `order_reference` is the order's external id, else what the comment names; "" for an order that is not the hub's.
    Raises DataError naming every field at fault, also for a shipment that has not left.
    """
    node = Node.root(payload, kind="Shipment", key="number")
    order = node.need("order")
    if not node.flag("isShipped"):
        node.fault("isShipped", "The shipment has not left yet.")
    shipped_at = node.moment("shippedAt", zone=zone)
    carrier = node.child("carrierInformation")
    dispatch = Dispatch(
        dispatch_id=str(node.count("id")),
        number=node.text("number"),
        order_reference=order_reference(order),
        order_external_id=str(order.count("number")),
        carrier="" if carrier is None else carrier.text("carrierName"),
        service="" if carrier is None else carrier.text("serviceName"),
        tracking_number=node.text("trackingNumber"),
        lines=tuple(_dispatch_line(line) for line in node.children("lines")),
        dispatched_at=shipped_at,
        is_last=_is_last(order, shipped_at=shipped_at, shipment_id=node.count("id"), zone=zone),
    )
    node.faults.raise_any()
    return check_dispatch(dispatch)


def order_reference(order: Node) -> str:
    marked = marked_references(order.text("otherComment"))
    return order.text("externalId") or (marked[0] if marked else "")


def _dispatch_line(node: Node) -> DispatchLine:
    order_line = node.need("orderLine")
    article = order_line.child("productSize")
    sku = "" if article is None else article.text("SKU")
    if not sku:
        order_line.fault("productSize", "The article was deleted in Centra or has no SKU, so its line cannot be told.")
    return DispatchLine(sku=sku, source_line_id=str(order_line.count("id")), quantity=node.count("quantity"))


class _Leaving(NamedTuple):
    """Shipments of one order in the order they left."""

    shipped_at: datetime
    shipment_id: int


def _is_last(order: Node, *, shipped_at: datetime, shipment_id: int, zone: ZoneInfo) -> bool:
    """Whether this shipment, and those that left before it, hold every unit that is still wanted.

    A line's quantity is without its cancelled units; cancelling the whole order leaves quantities as they were.
    """
    if order.text("status") == "CANCELLED":
        return True
    left = {line.count("id"): line.count("quantity") for line in order.children("lines")}
    this = _Leaving(shipped_at, shipment_id)
    for shipment in order.children("shipments"):
        if not shipment.flag("isShipped"):
            continue
        if _Leaving(shipment.moment("shippedAt", zone=zone), shipment.count("id")) > this:
            continue
        for line in shipment.children("lines"):
            line_id = line.need("orderLine").count("id")
            left[line_id] = left.get(line_id, 0) - line.count("quantity")
    return all(units <= 0 for units in left.values())


# --- products and stock -----------------------------------------------------------------------------------------------
def parse_product(payload: JSON) -> Product:
    """Return the sellable unit for one product size as documents.READ_PRODUCTS gives it. Raises DataError.

    Its content is that of its variant as documents.READ_CONTENT gives it, under `content`; empty where there is none.
    """
    node = Node.root(payload, kind="Product size", key="id")
    variant = node.child("productVariant")
    product = variant.child("product") if variant else None
    size = node.child("size")
    names = [part.text("name") if part is not None else "" for part in (product, variant, size)]
    if any(names):
        node.faults.record = f"{', '.join(filter(None, names))} ({node.faults.record.lower()})"
    content = node.child("content")
    active = sellable(node)
    found = Product(
        external_id=str(node.count("id")),
        sku=node.word("SKU") if active else node.text("SKU"),  # what does not sell needs none
        gtin=node.text("EAN") or node.text("UPC"),
        title=", ".join(name for name in names if name),
        active=active,
        name=names[0],
        variant=names[1],
        size=names[2],
        **(NOTHING_TOLD if content is None else parse_content(content)),
    )
    node.faults.raise_any()
    return found


def sellable(size: Node) -> bool:
    """A size sells while it, its variant and its product are active; an article that was deleted has no variant."""
    variant = size.child("productVariant")
    product = variant.child("product") if variant else None
    parts = (variant, product)
    return size.flag("isActive") and all(part is not None and part.text("status") == "ACTIVE" for part in parts)


# --- prices -----------------------------------------------------------------------------------------------------------
def parse_price_lists(rows: JSON, *, codes: Sequence[str]) -> tuple[PriceList, ...]:
    """Those of `codes` (a number, else a name) that documents.READ_PRICELISTS shows. Raises DataError.

    A name that two lists bear names neither: a guess could ask the wrong price.
    """
    faults = Faults("Price lists")
    nodes = [Node(row, f"pricelists[{index}]", faults) for index, row in enumerate(_objects(rows))]
    by_id = {str(node.count("id")): node for node in nodes}
    by_name: dict[str, list[Node]] = {}
    for node in nodes:
        by_name.setdefault(node.word("name"), []).append(node)
    found = {code: by_id.get(code) or _only(by_name.get(code, [])) for code in codes}
    lists = tuple(
        PriceList(code=code, external_id=str(node.count("id")), name=node.word("name"), currency=currency_of(node))
        for code, node in found.items()
        if node is not None
    )
    faults.raise_any()
    return lists


def product_ids(sizes: JSON) -> tuple[int, ...]:
    """The products of a page of documents.READ_PRICED_SIZES, each once."""
    faults = Faults("Product sizes")
    nodes = [Node(row, f"productSizes[{index}]", faults) for index, row in enumerate(_objects(sizes))]
    found = dict.fromkeys(_variant_and_product(node)[1] for node in nodes if sellable(node))
    faults.raise_any()
    return tuple(found)


def parse_prices(sizes: JSON, rows: JSON, *, lists: Sequence[PriceList], as_of: datetime) -> tuple[ListedPrice, ...]:
    """The price of each SKU that sells, in each list: its variant's, else its product's, else None.

    `sizes` and `rows` are a page of documents.READ_PRICED_SIZES and what documents.READ_PRICES gives for its products. A
    size without SKU is left out, and so is a SKU that two variants on the page bear: a guess could ask the wrong price.
    Amounts are exact, in their list's currency. Raises DataError naming every field at fault.
    """
    faults = Faults("Prices")
    amounts = _listed_amounts(
        [Node(row, f"prices[{index}]", faults) for index, row in enumerate(_objects(rows))], lists
    )
    nodes = [Node(row, f"productSizes[{index}]", faults) for index, row in enumerate(_objects(sizes))]
    places: dict[str, set[tuple[int, int]]] = {}
    for node in nodes:
        if sellable(node) and node.text("SKU"):
            places.setdefault(node.text("SKU"), set()).add(_variant_and_product(node))
    faults.raise_any()
    return tuple(
        ListedPrice(sku=sku, price_list=listed.code, price=_price_at(amounts, listed, *place), as_of=as_of)
        for sku, (place, *others) in ((sku, sorted(found)) for sku, found in places.items())
        if not others
        for listed in lists
    )


_Amounts = dict[tuple[str, int, int | None], Money]


def _listed_amounts(nodes: Sequence[Node], lists: Sequence[PriceList]) -> _Amounts:
    """By (list's id, product, variant or None for the whole product)."""
    currencies = {one.external_id: one.currency for one in lists}
    found: _Amounts = {}
    for node in nodes:
        price, variant = node.need("price"), node.child("productVariant")
        currency, list_id = currency_of(price), str(node.need("pricelist").count("id"))
        if currencies.get(list_id) != currency:
            price.fault("currency", f"It is in {currency}, and its price list is not.")
        key = (list_id, node.need("product").count("id"), None if variant is None else variant.count("id"))
        found[key] = Money(price.amount("value"), currency)
    return found


def _price_at(amounts: _Amounts, listed: PriceList, variant: int, product: int) -> Money | None:
    return amounts.get((listed.external_id, product, variant)) or amounts.get((listed.external_id, product, None))


def _variant_and_product(size: Node) -> tuple[int, int]:
    variant = size.need("productVariant")
    return variant.count("id"), variant.need("product").count("id")


def _objects(rows: JSON) -> list[dict[str, JSON]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _only(nodes: Sequence[Node]) -> Node | None:
    return nodes[0] if len(nodes) == 1 else None


def warehouses_of(rows: Sequence[Mapping[str, JSON]], *, rule: int) -> tuple[int, ...]:
    """The active warehouses that an allocation rule takes stock from."""
    return tuple(
        row["id"]
        for row in rows
        if row["status"] == "ACTIVE" and any(found["id"] == rule for found in row["allocationRules"])
    )


def touched_skus(rows: JSON) -> tuple[str, ...]:
    """The SKUs on the lines of orders, shipments or returns, each once. A line of a deleted article names none."""
    lines = (line for row in _objects(rows) for line in _objects(row.get("lines")))
    sizes = ((line.get("orderLine") or line).get("productSize") for line in lines)
    return tuple(dict.fromkeys(str(size["SKU"]) for size in sizes if isinstance(size, dict) and size.get("SKU")))


def parse_stock(sku: str, sizes: JSON, *, as_of: datetime) -> StockLevel | None:
    """The stock of one SKU over the warehouses that were asked for; None when Centra does not know the SKU.

    Per warehouse: free to allocate, less the variant's stock offset where it has one, else the warehouse's threshold
    (free to allocate excludes neither), never below 0. A size that is switched off has 0 to sell: Centra would refuse
    it. Raises DataError when two sizes that sell carry the SKU, since a guess would oversell one of them.
    """
    chosen, faults, selling = chosen_size(sku, sizes)
    level = None if chosen is None else _stock_level(chosen, sku=sku, selling=selling, as_of=as_of)
    faults.raise_any()
    return level


def chosen_size(sku: str, sizes: JSON) -> tuple[Node | None, Faults, bool]:
    """The one size that is meant by the SKU, and whether it sells; two that sell are a fault."""
    faults = Faults(f"SKU {sku}")
    rows = sizes if isinstance(sizes, list) else []
    nodes = [Node(row, f"productSizes[{index}]", faults) for index, row in enumerate(rows) if isinstance(row, dict)]
    same = [node for node in nodes if node.text("SKU") == sku]  # the filter may not tell upper from lower case
    selling = [node for node in same if sellable(node)]
    if len(selling) > 1:
        faults.add("SKU", f"{len(selling)} sizes that sell carry it in Centra. Give each its own SKU there.")
    return next(iter(selling or same), None), faults, bool(selling)


def _stock_level(size: Node, *, sku: str, selling: bool, as_of: datetime) -> StockLevel:
    gtin = size.text("EAN") or size.text("UPC")
    return StockLevel(sku=sku, gtin=gtin, available=_free_units(size) if selling else 0, as_of=as_of)


def _free_units(size: Node) -> int:
    variant = size.need("productVariant")
    offset = variant.count("stockOffset")
    free = 0
    for row in size.children("stock"):
        warehouse = row.need("warehouse")
        threshold = 0 if warehouse.value.get("threshold") is None else warehouse.count("threshold")
        free += max(0, row.count("freeToAllocateQuantity") - (offset if offset > 0 else threshold))
    return free
