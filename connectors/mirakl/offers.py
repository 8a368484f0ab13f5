"""Stock and prices → Mirakl's files; its imports, reports and offers → ours. Pure.

An import is done line by line: COMPLETE says that it was worked on, the report says which lines were not taken.
Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07), operations STO01-03, PRI01-03 and OF21.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money
from connectors.canonical.offers import Offer, OfferPage, PriceUpdate
from connectors.canonical.payload import JSON
from connectors.canonical.stock import StockUpdate
from connectors.mirakl.reading import Node

STOCK_COLUMNS = ("offer-sku", "quantity")
PRICE_COLUMNS = ("offer-sku", "price", "discount-price", "discount-start-date", "discount-end-date")
UNDER_WAY = frozenset({"WAITING", "RUNNING", "QUEUED"})
GTIN_TYPES = ("EAN", "UPC", "GTIN", "ISBN")


# --- files ------------------------------------------------------------------------------------------------------------
def stock_file(updates: Sequence[StockUpdate]) -> bytes:
    """STO01: the quantity of each offer over all its warehouses."""
    return _file(STOCK_COLUMNS, ((update.sku, str(update.quantity)) for update in updates))


def price_file(updates: Sequence[PriceUpdate]) -> bytes:
    """PRI01. All lines of an offer replace all its prices, so a discount that is not named here ends."""
    return _file(PRICE_COLUMNS, map(_price_row, updates))


def _price_row(update: PriceUpdate) -> tuple[str, ...]:
    discount = "" if update.discount is None else _amount(update.discount)
    return (update.sku, _amount(update.price), discount, _date(update.discount_from), _date(update.discount_until))


def _amount(money: Money) -> str:
    return f"{money.rounded().amount:f}"


def _date(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _file(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()


# --- imports ----------------------------------------------------------------------------------------------------------
def parse_ticket(payload: JSON) -> str:
    """The import's number: a string here, a number for other imports. Raises DataError."""
    node = Node.root(payload)
    ticket = node.text("import_id", required=True)
    node.faults.raise_any()
    return ticket


def parse_import(payload: JSON, *, ticket: str) -> tuple[Delivery, bool]:
    """STO02, or one of PRI02's: how far it is, and whether there is a report of refused lines. Raises DataError."""
    node = Node.root(payload)
    status = node.text("status", required=True)
    taken, has_report = node.count("lines_in_success"), node.flag("has_error_report")
    node.faults.raise_any()
    if status in UNDER_WAY:
        return Delivery(state=DeliveryState.PENDING, ticket=ticket), False
    if status == "COMPLETE":
        return Delivery(state=DeliveryState.DONE, ticket=ticket, taken=taken), has_report
    if status == "FAILED":
        return Delivery(state=DeliveryState.FAILED, ticket=ticket, words=node.text("reason_status")), has_report
    node.fault("status", f"{status!r} is not a state of an import.")
    node.faults.raise_any()
    raise AssertionError("unreachable")


def parse_report(report: bytes) -> tuple[RefusedLine, ...]:
    """STO03 and PRI03: a line number and a reason, whatever their columns are called, then the line as it was sent."""
    reader = csv.reader(io.StringIO(report.decode("utf-8-sig", "replace")), delimiter=";")
    lines = [line for line in reader if line]
    if not lines:
        return ()
    columns = [cell.strip() for cell in lines[0]]
    if "offer-sku" not in columns[2:]:
        raise DataError([Problem(field="offer-sku", message="The report does not name the offers.", record="report")])
    place = columns.index("offer-sku")
    refused: dict[str, RefusedLine] = {}
    for line in lines[1:]:
        if len(line) > place and line[place]:
            refused.setdefault(line[place], RefusedLine(sku=line[place], message=line[1].strip()))
    return tuple(refused.values())


# --- what the shop shows ----------------------------------------------------------------------------------------------
def parse_offers(payload: JSON, *, offset: int) -> OfferPage:
    """OF21, one page. Raises DataError: a page that cannot be read tells nothing about what is not on it."""
    node = Node.root(payload)
    items = node.children("offers")
    total = node.count("total_count") if node.given("total_count") else None
    offers = tuple(_offer(item) for item in items)
    node.faults.raise_any()
    following = offset + len(offers)
    at_end = not offers or (total is not None and following >= total)
    return OfferPage(offers=offers, next_token=None if at_end else str(following), total=total)


def _offer(node: Node) -> Offer:
    currency = node.text("currency_iso_code", required=True)
    general = _general_price(node)
    price = general.amount("unit_origin_price") if general else Decimal(0)
    discount = general.amount("unit_discount_price") if general else Decimal(0)
    price = price or node.amount("price")
    return Offer(
        sku=node.text("shop_sku", required=True),
        external_id=node.text("offer_id"),
        gtin=_gtin(node),
        title=node.text("product_title"),
        category=node.text("category_code"),
        quantity=node.count("quantity") if node.given("quantity") else None,
        price=_money(node, price, currency),
        discount=_money(node, discount, currency),
        active=node.flag("active"),
        inactive_because=tuple(str(reason) for reason in node.value.get("inactivity_reasons") or ()),
    )


def _general_price(node: Node) -> Node | None:
    """The price of every storefront and customer that has none of its own: "The context is not returned for default prices"."""
    for price in node.children("all_prices"):
        context = price.child("context")
        if not price.text("channel_code") and not (context and any(context.value.values())):
            return price
    return None


def _money(node: Node, amount: Decimal, currency: str) -> Money | None:
    if not amount:
        return None
    try:
        return Money(amount, currency)
    except ValueError as problem:
        node.fault("currency_iso_code", str(problem))
        return None


def _gtin(node: Node) -> str:
    references = node.children("product_references")
    found = (item.text("reference") for item in references if item.text("reference_type").upper() in GTIN_TYPES)
    return next(found, "")
