"""Fields of products, variants, sizes, displays and stock."""

from typing import Any

from connectors.centra.sandbox.arithmetic import Money
from connectors.centra.sandbox.gql import lists
from connectors.centra.sandbox.gql.binding import computed, constant, resolves
from connectors.centra.sandbox.gql.filters import matching, ordered, page_of
from connectors.centra.sandbox.records import (
    Display,
    Product,
    ProductSize,
    StockChangeLine,
    StockRow,
    Variant,
    Warehouse,
)
from connectors.centra.sandbox.tokens import Session

Args = dict[str, Any]


# --- products -------------------------------------------------------------------------------------------------------------
@resolves("Product", "displays")
def product_displays(source: Product, session: Session, args: Args) -> list[Display]:
    return [display for display in source.displays if session.sees(display.store)]


@resolves("ProductVariant", "displays")
def variant_displays(source: Variant, session: Session, args: Args) -> list[Display]:
    return [display for display in source.product.displays if session.sees(display.store)]


@resolves("ProductVariant", "stock")
def variant_stock(source: Variant, session: Session, args: Args) -> Any:
    rows = [row for size in source.product_sizes for row in session.shop.stock_by_size.get(size.id, {}).values()]
    return _stock_page(rows, session, args)


@resolves("ProductSize", "quantity")
def quantity(source: ProductSize, session: Session, args: Args) -> int:
    return sum(row.free for row in session.shop.stock_by_size.get(source.id, {}).values())


@resolves("ProductSize", "stock")
def size_stock(source: ProductSize, session: Session, args: Args) -> Any:
    return _stock_page(list(session.shop.stock_by_size.get(source.id, {}).values()), session, args)


@resolves("ProductSize", "stockTotals")
def size_totals(source: ProductSize, session: Session, args: Args) -> dict[str, int]:
    return _totals(list(session.shop.stock_by_size.get(source.id, {}).values()), session, args)


@resolves("ProductSize", "stockChangeLines")
def size_change_lines(source: ProductSize, session: Session, args: Args) -> Any:
    """Newest first."""
    lines = session.shop.lines_of_size.get(source.id, [])[::-1]
    return page_of(matching(lines, args.get("where"), lists.ID_ONLY, session), args)


# --- displays -------------------------------------------------------------------------------------------------------------
constant(
    "Display",
    "minimumOrderQuantity orderQuantityDenominator comment canonicalCategory metaTitle metaDescription metaKeywords",
    None,
)
constant("Display", "tags", [])
constant("Product ProductVariant", "media", [])
computed("ProductMedia", "source", lambda media: [media])
constant("ProductVariant", "unitCost", None)
computed("Display", "displayItems productVariants", lambda display: display.product.variants)
computed("DisplayItem", "id", lambda variant: variant.id)
computed("DisplayItem", "productVariant", lambda variant: variant)


@resolves("Display", "prices")
def display_prices(source: Display, session: Session, args: Args) -> list[Any]:
    return lists.price_rows(session, {"productId": [source.product.id]}, session.shop.pricelists.values())


# --- stock ----------------------------------------------------------------------------------------------------------------
def _stock_page(rows: list[StockRow], session: Session, args: Args) -> Any:
    found = matching(rows, args.get("where"), lists.STOCK_FILTERS, session)
    return page_of(ordered(found, args.get("sort"), lists.STOCK_KEYS), args)


def _totals(rows: list[StockRow], session: Session, args: Args) -> dict[str, int]:
    found = matching(rows, args.get("where"), lists.STOCK_FILTERS, session)
    return {name: sum(map(number, found)) for name, number in lists.STOCK_NUMBERS.items()}


def _stock_number(name: str) -> None:
    number = lists.STOCK_NUMBERS[name]
    resolves("Stock", name)(lambda source, session, args: number(source))
    resolves("StockTotals", name)(lambda source, session, args: source[name])


for _name in lists.STOCK_NUMBERS:
    _stock_number(_name)


@resolves("Warehouse", "allocationRules")
def allocation_rules(source: Warehouse, session: Session, args: Args) -> list[Any]:
    return [rule for rule in session.shop.rules.values() if source.id in rule.warehouse_ids]


@resolves("Warehouse", "stock")
def warehouse_stock(source: Warehouse, session: Session, args: Args) -> Any:
    return _stock_page(list(session.shop.stock_by_warehouse.get(source.id, {}).values()), session, args)


@resolves("Warehouse", "stockTotals")
def warehouse_totals(source: Warehouse, session: Session, args: Args) -> dict[str, int]:
    return _totals(list(session.shop.stock_by_warehouse.get(source.id, {}).values()), session, args)


@resolves("StockChangeLine", "unitCost")
def change_line_cost(source: StockChangeLine, session: Session, args: Args) -> Money | None:
    base = next(currency for currency in session.shop.currencies.values() if currency.is_base)
    return None if source.cost is None else Money(source.cost, base)


computed("Stock", "product", lambda row: row.product_size.product_variant.product)
computed("Stock", "productVariant", lambda row: row.product_size.product_variant)
computed("StockChangeLine", "freeToAllocateQuantity", lambda line: line.row.free)
constant("StockChangeLine", "currencyBaseRate", 1.0)
