"""Mutations of stock and prices."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox.arithmetic import rounded
from connectors.centra.sandbox.catalogue import set_price
from connectors.centra.sandbox.gql import references
from connectors.centra.sandbox.gql.payloads import Args, Warnings, mutation
from connectors.centra.sandbox.records import ProductSize, StockChange, Warehouse
from connectors.centra.sandbox.refusals import RefusedError, UserMessage
from connectors.centra.sandbox.stock import move_physical, stock_row
from connectors.centra.sandbox.tokens import Session

Quantity = tuple[ProductSize, int, Decimal | None, list[str]]  # size, units, unit cost, path into the input


def _quantities(session: Session, given: Mapping[str, Any], *, lists: tuple[str, str]) -> list[Quantity]:
    """Sizes by SKU or EAN in `productSizes`, or by variant and size name in `productVariants`."""
    variant_list, quantity_name = lists
    found: list[Quantity] = []
    for index, item in enumerate(given.get("productSizes") or ()):
        path = ["input", "productSizes", str(index)]
        size = references.product_size(session, item["productSize"], [*path, "productSize"])
        found.append((size, item[quantity_name], _cost(item), [*path, quantity_name]))
    for index, item in enumerate(given.get("productVariants") or ()):
        path = ["input", "productVariants", str(index)]
        variant = references.variant(session, item["productVariant"], [*path, "productVariant"])
        for place, change in enumerate(item[variant_list]):
            at = [*path, variant_list, str(place)]
            size = references.size_of(variant, change["size"], [*at, "size"])
            found.append((size, change[quantity_name], _cost(item), [*at, quantity_name]))
    if not found:
        raise RefusedError("No product sizes given.", ("input", "productSizes"))
    if len({size.id for size, *_ in found}) != len(found):
        raise RefusedError("A product size is given twice.", ("input", "productSizes"))
    return found


def _cost(item: Mapping[str, Any]) -> Decimal | None:
    given = item.get("unitCost")
    return None if given is None else Decimal(str(given["value"]))


def _description(given: Mapping[str, Any]) -> str:
    text = str(given["description"])
    if not text.strip():
        raise RefusedError("Description must not be empty.", ("input", "description"))
    return text


# --- delta ------------------------------------------------------------------------------------------------------------------
@mutation("changeStock")
def change_stock(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    """Into a warehouse, out of one, or both: a transfer. Not beyond what is free."""
    shop, given = session.shop, args["input"]
    into, out = (_warehouse(session, given, name) for name in ("intoWarehouse", "outFromWarehouse"))
    if into is None and out is None:
        raise RefusedError("At least one warehouse is needed.", ("input", "intoWarehouse"))
    comment = _description(given)
    quantities = _quantities(session, given, lists=("sizeChanges", "deliveredQuantity"))
    _check_change(session, quantities, out)
    change: StockChange | None = None
    if out is not None:
        change = move_physical(
            shop, out, [(size, -units, cost) for size, units, cost, _ in quantities], comment=comment
        )
    if into is not None:
        change = move_physical(
            shop, into, [(size, units, cost) for size, units, cost, _ in quantities], comment=comment
        )
    return {"stockChange": change}


def _warehouse(session: Session, given: Mapping[str, Any], name: str) -> Warehouse | None:
    return None if given.get(name) is None else references.warehouse(session, given[name], ("input", name))


def _check_change(session: Session, quantities: Sequence[Quantity], out: Warehouse | None) -> None:
    for size, units, _, path in quantities:
        if units < 1:
            raise RefusedError("Quantity must be at least 1.", path)
        if out is not None and units > (free := stock_row(session.shop, out, size).free):
            raise RefusedError(f"Only {free} units of {size.sku} are free to allocate.", path)


# --- absolute ---------------------------------------------------------------------------------------------------------------
@mutation("setStock", empty=("stockChanges",))
def set_stock(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    """Naturally repeatable. Physical stock cannot go below what is allocated: it stops there, with a warning."""
    shop, given = session.shop, args["input"]
    warehouse = references.warehouse(session, given["warehouse"], ("input", "warehouse"))
    comment = _description(given)
    quantities = _quantities(session, given, lists=("sizeStockLevels", "quantity"))
    for _, units, _, path in quantities:
        if units < 0:
            raise RefusedError("Quantity must not be negative.", path)
    deltas = []
    for size, units, cost, path in quantities:
        row = stock_row(shop, warehouse, size)
        wanted = units + row.allocated if given["stockQuantityType"] == "FREE_TO_ALLOCATE" else units
        if wanted < row.allocated:
            text = f"Stock of {size.sku} was set to {row.allocated}, which is allocated to orders."
            warnings.append(UserMessage(text, path))
        delta = max(wanted, row.allocated) - row.physical
        if delta:
            deltas.append((size, delta, cost))
    changes = [move_physical(shop, warehouse, deltas, comment=comment)] if deltas else []
    return {"stockChanges": changes}


# --- prices -----------------------------------------------------------------------------------------------------------------
@mutation("setPrices", empty=("products",))
def set_prices(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    """A batch that reports single problems as warnings."""
    given = args["input"]
    pricelist = references.pricelist(session, given["pricelist"], ("input", "pricelist"))
    products = []
    for index, item in enumerate(given.get("productPrices") or ()):
        path = ["input", "productPrices", str(index)]
        try:
            product = references.product(session, item["product"], [*path, "product"])
            if item["price"]["currencyIsoCode"] != pricelist.currency.code:
                raise RefusedError(f"Currency must be {pricelist.currency.code}.", [*path, "price"])
        except RefusedError as refusal:
            warnings.extend(refusal.errors)
            continue
        set_price(session.shop, pricelist, product, None, rounded(Decimal(str(item["price"]["value"]))))
        products.append(product)
    return {"pricelist": pricelist, "products": products}
