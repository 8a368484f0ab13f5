"""The documents of stock, and of what orders, shipments and returns did to it."""

from collections.abc import Mapping

from connectors.centra.documents.document import MESSAGES, Document

# `setStock` sets what is on the shelf, allocated units included, and may be repeated; sizes are named by their ids.
SET_STOCK = Document(
    name="SetStock",
    operation="setStock",
    complexity=300,
    mutations=1,
    text=f"""
mutation SetStock($warehouse: Int!, $why: String!, $levels: [StockSetProductSizeInput!]!) {{
  set: setStock(input: {{
    warehouse: {{ id: $warehouse }}, description: $why, stockQuantityType: PHYSICAL, productSizes: $levels
  }}) {{ stockChanges {{ id }} {MESSAGES} }}
}}
""",
)

READ_WAREHOUSE_STOCK = Document(
    name="ReadWarehouseStock",
    operation="warehouses",
    complexity=2500,
    text="""
query ReadWarehouseStock($warehouse: [Int!], $sizes: [Int!], $limit: Int!) {
  warehouses(where: { id: $warehouse }, limit: 1) {
    id
    stock(where: { productSizeId: $sizes }, sort: [productSizeId_ASC], limit: $limit) {
      physicalQuantity freeToAllocateQuantity productSize { id }
    }
  }
}
""",
)

READ_WAREHOUSES = Document(
    name="ReadWarehouses",
    operation="warehouses",
    complexity=1000,
    text="""
query ReadWarehouses($limit: Int!, $page: Int!) {
  warehouses(limit: $limit, page: $page) { id name status threshold allocationRules { id name } }
}
""",
)


def stock_of(count: int) -> Document:
    """The document that reads the stock of `count` SKUs, as variables $s0, $s1, … in the warehouses $warehouses.

    One alias a SKU, since the SKU filter takes one value; a size carries a row per warehouse where it was ever kept.
    `limit: 5` shows a SKU that several sizes carry, old inactive ones included.
    """
    declared = " ".join(f"$s{index}: String!" for index in range(count))
    asked = "\n".join(
        f"  s{index}: productSizes(where: {{ SKU: {{ equals: $s{index} }} }}, limit: 5) {{ ...size }}"
        for index in range(count)
    )
    return Document(
        name="StockOfSkus",
        operation="productSizes",
        complexity=150,
        units=count,
        text=f"""
query StockOfSkus({declared} $warehouses: [Int!], $rows: Int!) {{
{asked}
}}
fragment size on ProductSize {{
  id SKU EAN UPC isActive
  productVariant {{ status stockOffset product {{ status }} }}
  stock(where: {{ warehouseId: $warehouses }}, limit: $rows) {{ freeToAllocateQuantity warehouse {{ id threshold }} }}
}}
""",
    )


def shelf_of(count: int) -> Document:
    """The document that reads what `count` SKUs have on the shelf and free in the warehouse $warehouse; else as `stock_of`."""
    declared = " ".join(f"$s{index}: String!" for index in range(count))
    asked = "\n".join(
        f"  s{index}: productSizes(where: {{ SKU: {{ equals: $s{index} }} }}, limit: 5) {{ ...size }}"
        for index in range(count)
    )
    return Document(
        name="ShelfOfSkus",
        operation="productSizes",
        complexity=150,
        units=count,
        text=f"""
query ShelfOfSkus({declared} $warehouse: [Int!]) {{
{asked}
}}
fragment size on ProductSize {{
  id SKU EAN UPC isActive size {{ name }} productVariant {{ id name status product {{ id name status }} }}
  stock(where: {{ warehouseId: $warehouse }}, limit: 1) {{ physicalQuantity freeToAllocateQuantity }}
}}
""",
    )


# kind of event → the list, the filter that takes what its events name, the way to a line's SKU
TOUCHING: Mapping[str, tuple[str, str, str]] = {
    "order": ("orders", "number", "lines(includeFullyCancelled: true) { productSize { SKU } }"),
    "shipment": ("shipments", "id", "lines { orderLine { productSize { SKU } } }"),
    "return": ("returns", "id", "lines { orderLine { productSize { SKU } } }"),
}


def touched_by(kind: str, count: int) -> Document:
    """The document that reads which SKUs are on the lines of `count` orders, shipments or returns, $ids."""
    plural, named_by, lines = TOUCHING[kind]
    return Document(
        name="TouchedSkus",
        operation=plural,
        complexity=150,
        units=count,
        text=f"""
query TouchedSkus($ids: [Int!], $limit: Int!) {{
  found: {plural}(where: {{ {named_by}: $ids }}, limit: $limit) {{ {lines} }}
}}
""",
    )
