"""Putting articles into the tenant: products, variants, sizes, displays, prices and their first stock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from connectors.centra.sandbox.records import (
    Display,
    Media,
    Named,
    Price,
    Pricelist,
    Product,
    ProductSize,
    SizeChart,
    Variant,
    Warehouse,
)
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.stock import move_physical, stock_row
from connectors.centra.sandbox.structure import RETAIL_STORE_ID, STANDARD_TAX_ID
from connectors.sandboxdata import CatalogueItem

_COMPOSITIONS = {"Coats": "80 % wool, 20 % polyamide", "Knitwear": "100 % wool", "Shoes": "100 % leather"}


def load_catalogue(
    shop: Shop,
    items: Iterable[CatalogueItem],
    *,
    stock: int | Mapping[str, int],
    warehouse: Warehouse,
    market_ids: Collection[int] | None = None,
) -> list[ProductSize]:
    """Everything active, priced in every price list that has the currency.

    `stock`: units of each size, or units by SKU (a SKU left out has none). `market_ids`: where new products are shown;
    None for every market of the retail store.
    """
    sizes = [add_item(shop, item, market_ids=market_ids) for item in items]
    levels = [(size, stock if isinstance(stock, int) else stock.get(size.sku, 0)) for size in sizes]
    receive(shop, warehouse, levels, comment="Opening stock")
    return sizes


def add_item(shop: Shop, item: CatalogueItem, *, market_ids: Collection[int] | None = None) -> ProductSize:
    """Raises ValueError when the SKU is not the numbers put together, or is taken."""
    if item.sku != item.product_number + item.variant_number + item.size_number:
        raise ValueError(f"{item.sku} is not the product, variant and size number put together.")
    if shop.sizes_with("SKU", item.sku):
        raise ValueError(f"{item.sku} exists already.")
    product = shop.products_by_number.get(item.product_number) or _product(shop, item, market_ids)
    variant = next((held for held in product.variants if held.variant_number == item.variant_number), None)
    if variant is None:
        variant = _variant(shop, product, item)
    set_item_prices(shop, variant, item.prices)
    return _size(shop, variant, item)


def _product(shop: Shop, item: CatalogueItem, market_ids: Collection[int] | None) -> Product:
    now = shop.now()
    product = Product(
        id=shop.new_id("Product"),
        name=item.product_name,
        product_number=item.product_number,
        created_at=now,
        updated_at=now,
        tax_group=shop.tax_groups[STANDARD_TAX_ID],
        brand=shop.brands[1],
        collection=shop.collections[1],
        folder=shop.folders[1],
        category=_named(shop, shop.categories, "Category", item.category),
        attributes={"material": {"composition": _COMPOSITIONS.get(item.category, "100 % cotton")}},
    )
    shop.products.add(product.id, product)
    shop.products_by_number[product.product_number] = product
    shop.events.add("Product", "CREATED", product.id)
    _display(shop, product, market_ids)
    return product


def _named(shop: Shop, held: dict[int, Named], kind: str, name: str) -> Named:
    for row in held.values():
        if row.name == name:
            return row
    row = Named(id=shop.new_id(kind), name=name, uri=name.lower().replace(" ", "-"))
    held[row.id] = row
    return row


def _display(shop: Shop, product: Product, market_ids: Collection[int] | None) -> None:
    store = shop.stores[RETAIL_STORE_ID]
    display = Display(
        id=shop.new_id("Display"),
        name=product.name,
        product=product,
        store=store,
        markets=[
            item for item in shop.markets.values() if item.store is store and item.id in (market_ids or shop.markets)
        ],
        tax_group=product.tax_group,
        updated_at=shop.now(),
        uri=f"{product.name.lower().replace(' ', '-')}-{product.id}",
        categories=[product.category] if product.category else [],
        description=f"{product.name}. Made to last, and easy to care for.",
        media=[
            Media(id=shop.new_id("ProductMedia"), url=f"https://img.example.com/{product.product_number}-{view}.jpg")
            for view in ("front", "back")
        ],
    )
    product.displays.append(display)
    shop.displays.add(display.id, display)
    shop.events.add("Display", "CREATED", display.id, store=store)


def _variant(shop: Shop, product: Product, item: CatalogueItem) -> Variant:
    variant = Variant(
        id=shop.new_id("ProductVariant"),
        product=product,
        name=item.variant_name,
        variant_number=item.variant_number,
        updated_at=shop.now(),
        size_chart=SizeChart(id=product.id, name=item.category),
        attributes={"colour": {"name": item.variant_name}},
    )
    product.variants.append(variant)
    shop.variants.add(variant.id, variant)
    shop.events.add("ProductVariant", "CREATED", variant.id)
    return variant


def _size(shop: Shop, variant: Variant, item: CatalogueItem) -> ProductSize:
    if item.size not in shop.size_names:
        shop.size_names[item.size] = Named(id=shop.new_id("Size"), name=item.size)
    size = ProductSize(
        id=shop.new_id("ProductSize"),
        product_variant=variant,
        size=shop.size_names[item.size],
        size_number=item.size_number,
        sku=item.sku,
        ean=item.gtin or None,
        updated_at=shop.now(),
    )
    variant.product_sizes.append(size)
    if variant.size_chart is not None:
        variant.size_chart.sizes.append(size.size)
    shop.sizes.add(size.id, size)
    shop.index_size(size)
    shop.events.add("ProductSize", "CREATED", size.id)
    return size


# --- prices -------------------------------------------------------------------------------------------------------------
def set_item_prices(shop: Shop, variant: Variant, prices: Mapping[str, Decimal]) -> None:
    """On the product; on the variant where its product already has another price."""
    for pricelist in shop.pricelists.values():
        amount = prices.get(pricelist.currency.code)
        if amount is None:
            continue
        listed = pricelist.prices.get((variant.product.id, None))
        if listed is None:
            set_price(shop, pricelist, variant.product, None, amount)
        elif listed.amount != amount:
            set_price(shop, pricelist, variant.product, variant, amount)


def set_price(shop: Shop, pricelist: Pricelist, product: Product, variant: Variant | None, amount: Decimal) -> Price:
    key = (product.id, variant.id if variant else None)
    price = pricelist.prices.get(key)
    if price is None:
        price = Price(
            id=shop.new_id("Price"), pricelist=pricelist, product=product, product_variant=variant, amount=amount
        )
        pricelist.prices[key] = shop.prices[price.id] = price
        shop.events.add("Price", "CREATED", price.id, store=pricelist.store)
    elif price.amount != amount:
        price.amount = amount
        shop.events.add("Price", "UPDATED", price.id, store=pricelist.store)
    pricelist.updated_at = shop.now()
    return price


# --- stock --------------------------------------------------------------------------------------------------------------
def receive(shop: Shop, warehouse: Warehouse, levels: Sequence[tuple[ProductSize, int]], *, comment: str) -> None:
    """Set physical stock as a warehouse count does. Raises ValueError below what is allocated; then nothing is set."""
    deltas = []
    for size, level in levels:
        row = stock_row(shop, warehouse, size)
        if level < row.allocated:
            raise ValueError(f"{row.allocated} units of {size.sku} are allocated to orders; {level} is too few.")
        if level != row.physical:
            deltas.append((size, level - row.physical, None))
    if deltas:
        move_physical(shop, warehouse, deltas, comment=comment)


def describe(
    shop: Shop,
    product: Product,
    *,
    description: str | None = None,
    images: Sequence[str] | None = None,
    brand: str | None = None,
    category: str | None = None,
) -> None:
    """What is told of a product on its pages. Only what changes gets a new time of change."""
    if brand is not None:
        product.brand = _named(shop, shop.brands, "Brand", brand)
        product_changed(shop, product)
    for display in product.displays:
        if category is not None:
            display.categories = [_named(shop, shop.categories, "Category", category)]
        if description is not None:
            display.description = description or None
        if images is not None:
            display.media = [Media(id=shop.new_id("ProductMedia"), url=url) for url in images]
        if (category, description, images) != (None, None, None):
            shop.displays.touch(display.id, shop.now())
            shop.events.add("Display", "UPDATED", display.id, store=display.store)


def product_changed(shop: Shop, product: Product) -> None:
    shop.products.touch(product.id, shop.now())
    shop.events.add("Product", "UPDATED", product.id)


def variant_changed(shop: Shop, variant: Variant) -> None:
    shop.variants.touch(variant.id, shop.now())
    shop.events.add("ProductVariant", "UPDATED", variant.id)


def size_changed(shop: Shop, size: ProductSize) -> None:
    shop.sizes.touch(size.id, shop.now())
    shop.events.add("ProductSize", "UPDATED", size.id)


def remove_size(shop: Shop, size: ProductSize) -> None:
    """The article is deleted: order lines keep their words and lose the reference."""
    for order in shop.orders:
        for line in order.lines:
            if line.product_size is size:
                line.product_size = None
    size.product_variant.product_sizes.remove(size)
    shop.unindex_size(size)
    for row in shop.stock_by_size.pop(size.id, {}).values():
        del shop.stock_by_warehouse[row.warehouse.id][size.id]
    shop.sizes.remove(size.id)
    shop.events.add("ProductSize", "DELETED", size.id)
