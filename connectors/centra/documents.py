"""Every GraphQL document the hub sends to Centra, in one place; each is tested against the vendor's schema.

Reads take their filter as a variable, so that the connection test runs the very documents that the work runs.
Centra has no total on lists: the end is a page with fewer rows than `limit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LIST_ROWS = 200  # the most rows that a list gives


@dataclass(frozen=True, kw_only=True)
class Document:
    name: str  # the document's own name, sent as operationName
    operation: str  # Centra's name of what it does: "orders", "confirmOrder"
    text: str
    complexity: int  # points assumed for one unit until Centra's answer says better
    mutations: int = 0  # each counts against the mutation quota; 0 = a read
    units: int = 1  # how many alike parts it asks for (SKUs): its complexity grows with them
    probe: bool = False  # its mutations name nothing that exists, so they cannot change anything

    @property
    def write(self) -> bool:
        return self.mutations > 0 and not self.probe


_MESSAGES = "userErrors { message path } userWarnings { message path }"

_ORDER = """
fragment order on Order {
  id number status externalId isOnHold otherComment createdAt updatedAt
  grandTotal { value currency { code } }
  totals { shipping { value } taxIncluded { value } taxAdded { value } }
  lines(includeFullyCancelled: true) {
    id quantity cancelledQuantity unitPrice { value } lineValue { value } productSize { SKU }
  }
  shipments { id }
  ... on DirectToConsumerOrder { orderHoldReason }
}
"""

# An order's other shipments tell whether anything is left to ship; the comment keeps our reference when the external
# id, which lives under the token's integration name, is out of sight.
_SHIPMENT = """
fragment shipment on Shipment {
  id number isShipped shippedAt updatedAt trackingNumber
  carrierInformation { carrierName serviceName }
  lines { id quantity orderLine { id productSize { SKU } } }
  order {
    number status externalId otherComment
    lines { id quantity }
    shipments { id isShipped shippedAt lines { quantity orderLine { id } } }
  }
}
"""

# Three places name our reference: the external id, set after creation; the comment and the payment's transaction, both
# written in the same stroke as the order. Staff or a plugin may rewrite the comment; the payment's entry stays.
_CARRIERS = """
fragment carrier on Order { number status externalId otherComment }
"""

FIND_ORDERS = Document(
    name="FindOrders",
    operation="orders",
    complexity=1000,
    text="""
query FindOrders($references: [String!], $mark: String!, $limit: Int!, $page: Int!) {
  byExternalId: orders(where: { externalId: $references }, sort: [number_ASC], limit: $limit, page: $page) {
    ...carrier
  }
  byComment: orders(where: { otherComment: { contains: $mark } }, sort: [number_ASC], limit: $limit, page: $page) {
    ...carrier
  }
  byPayment: orderPaymentHistory(where: { externalReference: $references }, limit: $limit, page: $page) {
    externalReference order { ...carrier }
  }
}
"""
    + _CARRIERS,
)

READ_ORDERS = Document(
    name="ReadOrders",
    operation="orders",
    complexity=1000,
    text="""
query ReadOrders($where: OrderFilter!, $limit: Int!) {
  orders(where: $where, sort: [number_ASC], limit: $limit) { ...order }
}
"""
    + _ORDER,
)

# Before the commit point: the order itself, and whoever else carries its reference.
READ_BEFORE_FINISH = Document(
    name="ReadBeforeFinish",
    operation="orders",
    complexity=1500,
    text="""
query ReadBeforeFinish($number: Int!, $references: [String!], $mark: String!) {
  this: orders(where: { number: [$number] }, limit: 1) { ...order }
  byExternalId: orders(where: { externalId: $references }, limit: 20) { ...carrier }
  byComment: orders(where: { otherComment: { contains: $mark } }, limit: 20) { ...carrier }
  byPayment: orderPaymentHistory(where: { externalReference: $references }, limit: 20) {
    externalReference order { ...carrier }
  }
}
"""
    + _ORDER
    + _CARRIERS,
)

UPDATE_ORDER = Document(
    name="UpdateOrder",
    operation="updateDirectToConsumerOrder",
    complexity=200,
    mutations=1,
    text=f"""
mutation UpdateOrder($number: Int!, $input: DirectToConsumerOrderUpdateInput!) {{
  update: updateDirectToConsumerOrder(order: {{ number: $number }}, input: $input) {{
    order {{ number status }} {_MESSAGES}
  }}
}}
""",
)

CONFIRM_ORDER = Document(
    name="ConfirmOrder",
    operation="confirmOrder",
    complexity=200,
    mutations=1,
    text=f"""
mutation ConfirmOrder($number: Int!) {{
  confirm: confirmOrder(input: {{ order: {{ number: $number }} }}) {{ order {{ number status }} {_MESSAGES} }}
}}
""",
)

# Mutations of one document run in order; a refused one neither stops the next nor is undone by it.
UPDATE_AND_CONFIRM_ORDER = Document(
    name="UpdateAndConfirmOrder",
    operation="confirmOrder",
    complexity=400,
    mutations=2,
    text=f"""
mutation UpdateAndConfirmOrder($number: Int!, $input: DirectToConsumerOrderUpdateInput!) {{
  update: updateDirectToConsumerOrder(order: {{ number: $number }}, input: $input) {{
    order {{ number status }} {_MESSAGES}
  }}
  confirm: confirmOrder(input: {{ order: {{ number: $number }} }}) {{ order {{ number status }} {_MESSAGES} }}
}}
""",
)

CANCEL_ORDER = Document(
    name="CancelOrder",
    operation="cancelDirectToConsumerOrder",
    complexity=200,
    mutations=1,
    text=f"""
mutation CancelOrder($id: String!, $comment: String!) {{
  cancel: cancelDirectToConsumerOrder(id: $id, input: {{
    emailOptions: {{ sendEmail: false }}
    stockAction: {{ releaseItemsBackToWarehouse: true }}
    cancelAuthorization: false
    comment: $comment
  }}) {{ order {{ number status }} {_MESSAGES} }}
}}
""",
)

# Older tenants say `stockAction` where newer ones say `stockActionPolicy`.
CANCEL_LINE_FIELDS = Document(
    name="CancelLineFields",
    operation="__type",
    complexity=100,
    text="""
query CancelLineFields { __type(name: "OrderLineCancelInput") { inputFields { name } } }
""",
)

READ_SHIPMENTS = Document(
    name="ReadShipments",
    operation="shipments",
    complexity=6000,
    text="""
query ReadShipments($where: ShipmentFilter!, $limit: Int!, $page: Int!) {
  shipments(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { ...shipment }
}
"""
    + _SHIPMENT,
)

# Everything that decides whether a dispatch can become a shipment, and whether it is one already.
READ_BEFORE_DISPATCH = Document(
    name="ReadBeforeDispatch",
    operation="orders",
    complexity=500,
    text="""
query ReadBeforeDispatch($number: Int!) {
  orders(where: { number: [$number] }, limit: 1) {
    number status isOnHold externalId otherComment
    grandTotal { value }
    lines(includeFullyCancelled: true) { id quantity productSize { SKU } }
    paymentHistory { entryType status value { value } }
    shipments {
      id number externalId isGoodToGo isPaid isCaptured isShipped trackingNumber
      lines { quantity orderLine { id } }
    }
    ... on DirectToConsumerOrder { orderHoldReason }
  }
}
""",
)

CREATE_SHIPMENT = Document(
    name="CreateShipment",
    operation="createShipment",
    complexity=200,
    mutations=1,
    text=f"""
mutation CreateShipment($input: ShipmentCreateInput!) {{
  create: createShipment(input: $input) {{ shipment {{ id number }} {_MESSAGES} }}
}}
""",
)

UPDATE_SHIPMENT = Document(
    name="UpdateShipment",
    operation="updateShipment",
    complexity=200,
    mutations=1,
    text=f"""
mutation UpdateShipment($id: Int!, $input: ShipmentUpdateInput!) {{
  update: updateShipment(id: $id, input: $input) {{ shipment {{ id number }} {_MESSAGES} }}
}}
""",
)

COMPLETE_SHIPMENT = Document(
    name="CompleteShipment",
    operation="completeShipment",
    complexity=200,
    mutations=1,
    text=f"""
mutation CompleteShipment($id: Int!, $input: ShipmentCompleteInput!) {{
  complete: completeShipment(id: $id, input: $input) {{ shipment {{ id number }} {_MESSAGES} }}
}}
""",
)

_RETURN = """
fragment return on Return {
  id returnStatus createdAt returnedToStock
  grandTotal { value currency { code } }
  totals {
    lineValues { value } shipping { value } handling { value } discounts { value } returnCost { value }
    taxIncluded { value } taxAdded { value }
  }
  lines { id quantity orderLine { id taxPercent unitPrice { value } productSize { SKU } } }
  refundPaymentHistory { id externalReference status createdAt value { value currency { code } } }
  order { number }
}
"""

READ_RETURNS = Document(
    name="ReadReturns",
    operation="returns",
    complexity=1500,
    text="""
query ReadReturns($where: ReturnFilter!, $limit: Int!, $page: Int!) {
  returns(where: $where, sort: [createdAt_ASC], limit: $limit, page: $page) { ...return }
}
"""
    + _RETURN,
)

# A refund names its return; one without a return is in no other list.
READ_REFUNDS = Document(
    name="ReadRefunds",
    operation="orderPaymentHistory",
    complexity=500,
    text="""
query ReadRefunds($where: PaymentHistoryEntryFilter!, $limit: Int!, $page: Int!) {
  orderPaymentHistory(where: $where, limit: $limit, page: $page) {
    id entryType status createdAt externalReference
    value { value currency { code } }
    return { id } order { number }
  }
}
""",
)

_SIZE = """
fragment size on ProductSize {
  id SKU EAN UPC isActive updatedAt size { name }
  productVariant { id name status product { id name status } }
}
"""

READ_PRODUCTS = Document(
    name="ReadProducts",
    operation="productSizes",
    complexity=3000,
    text="""
query ReadProducts($where: ProductSizeFilter!, $limit: Int!, $page: Int!) {
  productSizes(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { ...size }
}
"""
    + _SIZE,
)

# What is told of an article, once for each variant and apart from its sizes, since nested lists multiply the complexity.
# Pictures and words belong to the displays: a variant shows those of the products' pages that it is on.
READ_CONTENT = Document(
    name="ReadContent",
    operation="productVariants",
    complexity=8000,
    text="""
query ReadContent($where: ProductVariantFilter!, $limit: Int!) {
  productVariants(where: $where, limit: $limit) {
    id attributes { ...attribute }
    product { id brand { name } attributes { ...attribute } }
    displays {
      id status store { type } description shortDescription
      canonicalCategory { name uri } categories { name uri } media { source(sizeName: "standard") { url } }
    }
  }
}
fragment attribute on Attribute {
  type { name }
  elements {
    key
    ... on AttributeStringElement { value }
    ... on AttributeChoiceElement { selectedValue selectedValueName }
    ... on AttributeFileElement { url }
    ... on AttributeImageElement { url }
  }
}
""",
)

READ_SIZES_OF_VARIANTS = Document(
    name="ReadSizesOfVariants",
    operation="productVariants",
    complexity=4000,
    text="""
query ReadSizesOfVariants($where: ProductVariantFilter!, $limit: Int!) {
  productVariants(where: $where, limit: $limit) { id productSizes { ...size } }
}
"""
    + _SIZE,
)

READ_CHANGED_VARIANTS = Document(
    name="ReadChangedVariants",
    operation="productVariants",
    complexity=200,
    text="""
query ReadChangedVariants($where: ProductVariantFilter!, $limit: Int!, $page: Int!) {
  productVariants(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { id updatedAt product { id } }
}
""",
)

READ_CHANGED_PRODUCTS = Document(
    name="ReadChangedProducts",
    operation="products",
    complexity=200,
    text="""
query ReadChangedProducts($where: ProductFilter!, $limit: Int!, $page: Int!) {
  products(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { id updatedAt }
}
""",
)

READ_CHANGED_DISPLAYS = Document(
    name="ReadChangedDisplays",
    operation="displays",
    complexity=200,
    text="""
query ReadChangedDisplays($where: DisplayFilter!, $limit: Int!, $page: Int!) {
  displays(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { id updatedAt product { id } }
}
""",
)

# Sizes and prices apart, since nested lists multiply the complexity: first a page of sizes, then their products' prices.
READ_PRICED_SIZES = Document(
    name="ReadPricedSizes",
    operation="productSizes",
    complexity=2000,
    text="""
query ReadPricedSizes($where: ProductSizeFilter!, $limit: Int!, $page: Int!) {
  productSizes(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) {
    id SKU isActive updatedAt productVariant { id status product { id status } }
  }
}
""",
)

READ_PRICES = Document(
    name="ReadPrices",
    operation="prices",
    complexity=2000,
    text="""
query ReadPrices($where: PriceFilter!, $limit: Int!) {
  prices(where: $where, sort: [productId_ASC, productVariantId_ASC], limit: $limit) {
    id pricelist { id } product { id } productVariant { id } price { value currency { code } }
  }
}
""",
)

READ_PRICELISTS = Document(
    name="ReadPricelists",
    operation="pricelists",
    complexity=500,
    text="""
query ReadPricelists { pricelists { id name status currency { code } } }
""",
)

# What it shows as a channel of stock that another system owns: what is free in the one warehouse that the hub writes.
READ_OFFERED_SIZES = Document(
    name="ReadOfferedSizes",
    operation="productSizes",
    complexity=3000,
    text="""
query ReadOfferedSizes($where: ProductSizeFilter!, $limit: Int!, $page: Int!, $warehouse: [Int!]!) {
  productSizes(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) {
    ...size
    stock(where: { warehouseId: $warehouse }, limit: 1) { freeToAllocateQuantity }
  }
}
"""
    + _SIZE,
)

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
  }}) {{ stockChanges {{ id }} {_MESSAGES} }}
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


def sizes_of(count: int) -> Document:
    """The document that reads the articles of `count` SKUs, as variables $s0, $s1, …; one alias each, as for their stock."""
    declared = " ".join(f"$s{index}: String!" for index in range(count))
    asked = "\n".join(
        f"  s{index}: productSizes(where: {{ SKU: {{ equals: $s{index} }} }}, limit: 5) {{ ...size }}"
        for index in range(count)
    )
    return Document(
        name="SizesOfSkus",
        operation="productSizes",
        complexity=100,
        units=count,
        text=f"query SizesOfSkus({declared}) {{\n{asked}\n}}\n{_SIZE}",
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


# The listeners come along with every read, so that a queue whose listeners someone removed is noticed and mended.
READ_EVENTS = Document(
    name="ReadEvents",
    operation="events",
    complexity=3000,
    text="""
query ReadEvents($limit: Int!) {
  eventListeners { objectType changeTypes }
  events(limit: $limit) {
    id objectType changeType objectReference createdAt
    object { __typename ... on StockChange { lines { productSize { SKU } } } }
  }
}
""",
)

SET_LISTENERS = Document(
    name="SetListeners",
    operation="setEventListeners",
    complexity=100,
    mutations=1,
    text=f"""
mutation SetListeners($listeners: [EventListenerInput!]!) {{
  listen: setEventListeners(input: $listeners) {{ eventListeners {{ objectType changeTypes }} {_MESSAGES} }}
}}
""",
)

CONFIRM_EVENTS = Document(
    name="ConfirmEvents",
    operation="confirmEvents",
    complexity=200,
    mutations=1,
    text=f"""
mutation ConfirmEvents($ids: [Int!]!) {{
  done: confirmEvents(input: {{ eventsIds: $ids }}) {{ events {{ id }} {_MESSAGES} }}
}}
""",
)

RATE_LIMITS = Document(
    name="RateLimits",
    operation="rateLimits",
    complexity=50,
    text="""
query RateLimits { rateLimits { type intervalSeconds quota } }
""",
)

READ_STRUCTURE = Document(
    name="ReadStructure",
    operation="stores",
    complexity=2000,
    text="""
query ReadStructure {
  stores { id name type }
  markets { id name store { id } }
  pricelists { id name currency { code } store { id } }
}
""",
)

# Asks to confirm an order and to complete a shipment that cannot exist (numbers start at 1), and no event at all: with
# the permission Centra answers "could not find" at most, without it the answer names the permission.
PROBE_ORDER_WRITE = Document(
    name="ProbeOrderWrite",
    operation="confirmOrder",
    complexity=50,
    mutations=1,
    probe=True,
    text=f"""
mutation ProbeOrderWrite {{
  confirm: confirmOrder(input: {{ order: {{ number: 0 }} }}) {{ order {{ id }} {_MESSAGES} }}
}}
""",
)

PROBE_STOCK_WRITE = Document(
    name="ProbeStockWrite",
    operation="setStock",
    complexity=50,
    mutations=1,
    probe=True,
    text=f"""
mutation ProbeStockWrite {{
  set: setStock(input: {{
    warehouse: {{ id: 0 }}, description: "Connection test", stockQuantityType: PHYSICAL, productSizes: []
  }}) {{ stockChanges {{ id }} {_MESSAGES} }}
}}
""",
)

PROBE_SHIPMENT_WRITE = Document(
    name="ProbeShipmentWrite",
    operation="completeShipment",
    complexity=50,
    mutations=1,
    probe=True,
    text=f"""
mutation ProbeShipmentWrite {{
  complete: completeShipment(id: 0, input: {{ sendEmail: false }}) {{ shipment {{ id }} {_MESSAGES} }}
}}
""",
)

# In no work, and not among DOCUMENTS: a tenant may lack the list, which only other programs are known to read.
PROBE_STOCK_CHANGES = Document(
    name="ProbeStockChanges",
    operation="stockChangeLines",
    complexity=50,
    text="""
query ProbeStockChanges { stockChangeLines(limit: 1) { productSize { SKU } } }
""",
)

PROBE_EVENT_WRITE = Document(
    name="ProbeEventWrite",
    operation="confirmEvents",
    complexity=50,
    mutations=1,
    probe=True,
    text=f"""
mutation ProbeEventWrite {{ done: confirmEvents(input: {{ eventsIds: [] }}) {{ events {{ id }} {_MESSAGES} }} }}
""",
)

# Every document of fixed text; `stock_of`, `shelf_of` and `touched_by` make those that are not.
DOCUMENTS: tuple[Document, ...] = (
    FIND_ORDERS,
    READ_ORDERS,
    READ_BEFORE_FINISH,
    UPDATE_ORDER,
    CONFIRM_ORDER,
    UPDATE_AND_CONFIRM_ORDER,
    CANCEL_ORDER,
    CANCEL_LINE_FIELDS,
    READ_SHIPMENTS,
    READ_BEFORE_DISPATCH,
    CREATE_SHIPMENT,
    UPDATE_SHIPMENT,
    COMPLETE_SHIPMENT,
    READ_RETURNS,
    READ_REFUNDS,
    READ_PRODUCTS,
    READ_CONTENT,
    READ_SIZES_OF_VARIANTS,
    READ_CHANGED_VARIANTS,
    READ_CHANGED_PRODUCTS,
    READ_CHANGED_DISPLAYS,
    READ_PRICED_SIZES,
    READ_PRICES,
    READ_PRICELISTS,
    READ_OFFERED_SIZES,
    SET_STOCK,
    READ_WAREHOUSE_STOCK,
    READ_WAREHOUSES,
    READ_EVENTS,
    SET_LISTENERS,
    CONFIRM_EVENTS,
    RATE_LIMITS,
    READ_STRUCTURE,
    PROBE_ORDER_WRITE,
    PROBE_STOCK_WRITE,
    PROBE_SHIPMENT_WRITE,
    PROBE_EVENT_WRITE,
)
