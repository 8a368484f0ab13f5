"""The GraphQL operations an integration sends, our own copies of the platform reference's examples."""

CATALOGUE_PAGE = """
query CatalogPage($page: Int!, $since: DateTimeTz) {
  productSizes(where: { isActive: true, updatedAt: { from: $since } }, sort: [updatedAt_ASC], limit: 100, page: $page) {
    id SKU EAN UPC sizeNumber updatedAt size { id name }
    productVariant {
      id name status variantNumber unitCost { value currency { code } }
      attributes { ...attr }
      product {
        id name status productNumber harmonizedCommodityCode weight { value unit }
        countryOfOrigin { code } brand { id name } collection { id name } folder { id name } attributes { ...attr }
      }
      displays {
        id name uri status store { id type } markets { id } taxGroup { id name }
        media { id source(sizeName: "standard") { url } } categories { id name uri }
      }
    }
  }
}
fragment attr on Attribute {
  type { name isMapped } description
  elements {
    key kind
    ... on AttributeStringElement { value }
    ... on AttributeChoiceElement { isMulti selectedValue selectedValueName }
    ... on AttributeFileElement { url }
    ... on AttributeImageElement { url width height mimeType }
  }
}
"""

STRUCTURE = """
query Structure {
  stores { id name type }
  markets(where: { storeId: [1] }) { id name assignedToCountries { id code isEU } }
  pricelists(where: { storeId: [1] }) {
    id name status currency { code } defaultShippingOption { id uri } assignedToCountries { code }
  }
  prices(where: { pricelistId: [1], productId: [1] }, limit: 200) {
    id productVariant { id } price { value currency { code } }
  }
  currencies(where: { isBase: true }) { code }
}
"""

FIND_IMPORTED = """
query FindImported($ext: [String!], $ref: String!) {
  byExternalId: orders(where: { externalId: $ext }, limit: 5) { id number status externalId }
  byComment: orders(where: { otherComment: { contains: $ref } }, limit: 5) { id number status otherComment createdAt }
}
"""

TAG_IMPORTED = """
mutation TagImported($number: Int!, $ext: String!) {
  updateDirectToConsumerOrder(order: { number: $number }, input: { externalId: $ext }) {
    order { id number externalId } userErrors { message path } userWarnings { message path }
  }
}
"""

CONFIRM = """
mutation Confirm($number: Int!) {
  confirmOrder(input: { order: { number: $number } }) {
    order { id status } userErrors { message path } userWarnings { message path }
  }
}
"""

STOCK_PAGE = """
query StockPage($warehouse: [Int!], $page: Int!) {
  warehouses(where: { id: $warehouse }) {
    id name threshold stockMaster allocationPolicy allocationRules { id name }
    stock(limit: 200, page: $page, sort: [productSizeId_ASC]) {
      freeToAllocateQuantity productSize { id SKU EAN productVariant { id stockOffset } }
    }
  }
}
"""

STOCK_OF_SKU = """
query StockOfSku($sku: String!) {
  productSizes(where: { SKU: { equals: $sku } }) {
    id SKU stock { physicalQuantity freeToAllocateQuantity allocatedQuantity warehouse { id name } }
    stockTotals { freeToAllocateQuantity }
  }
}
"""

DELTA = """
mutation Delta($into: Int!, $sku: String!, $qty: Int!, $why: String!) {
  changeStock(input: {
    intoWarehouse: { id: $into }, description: $why,
    productSizes: [{ productSize: { SKU: $sku }, deliveredQuantity: $qty }]
  }) { stockChange { id } userErrors { message path } userWarnings { message path } }
}
"""

ABSOLUTE = """
mutation Absolute($wh: Int!, $why: String!, $levels: [StockSetProductSizeInput!]!) {
  setStock(input: { warehouse: { id: $wh }, description: $why, stockQuantityType: PHYSICAL, productSizes: $levels }) {
    stockChanges { id } userErrors { message path } userWarnings { message path }
  }
}
"""

ORDERS_SINCE = """
query OrdersSince($since: DateTimeTz!, $stores: [Int!], $page: Int!) {
  orders(
    where: {
      updatedAt: { from: $since }, storeId: $stores, storeType: DIRECT_TO_CONSUMER, status: [CONFIRMED, PROCESSING]
    }, sort: [updatedAt_ASC], limit: 50, page: $page
  ) { ...order }
}
fragment order on Order {
  id number status externalId isOnHold isLocked createdAt updatedAt otherComment
  store { id } market { id name } pricelist { id currency { code } } country { code }
  grandTotal { value currency { code } conversionRate } currencyBaseRate
  totals {
    quantity cancelledQuantity lineValues { value } shipping { value } handling { value } discounts { value }
    taxIncluded { value } taxAdded { value } taxDeducted { value }
  }
  discountsApplied { value { value } ... on AppliedDiscount { discount { code name } } }
  shippingPriceGroup { shippingOption { id uri name } } paymentMethod { uri plugin }
  paymentHistory { id entryType status externalReference value { value } }
  shippingAddress { ...addr } billingAddress { ...addr }
  lines(includeFullyCancelled: true) {
    id quantity cancelledQuantity returnedQuantity taxPercent discountPercent comment
    productSize { id SKU EAN } unitOriginalPrice { value } unitPrice { value } lineValue { value }
    net: lineValue(includingTax: false) { value }
    allocations { quantity warehouse { id } isWaitingForConfirmation }
  }
  shipments {
    id number isGoodToGo isPaid isCaptured isShipped shippedAt trackingNumber
    carrierInformation { carrierName serviceName } lines { id quantity orderLine { id } }
  }
  ... on DirectToConsumerOrder {
    orderHoldReason customer { id email firstName lastName }
    attributes { elements { key ... on AttributeStringElement { value } } }
  }
}
fragment addr on Address {
  firstName lastName companyName address1 address2 city zipCode stateOrProvince country { code } email phoneNumber
  cellPhoneNumber
}
"""

HOLD_ORDER = """
mutation HoldOrder($number: Int!, $why: String!) {
  updateDirectToConsumerOrder(order: { number: $number }, input: { isOnHold: true, holdStatusChangeReason: $why }) {
    order { number isOnHold } userErrors { message path } userWarnings { message path }
  }
}
"""

CANCEL_LINE = """
mutation CancelLine($number: Int!, $line: Int!, $qty: Int!) {
  updateDirectToConsumerOrder(order: { number: $number }, input: {
    cancelLines: [{
      line: { id: $line }, quantity: $qty, stockActionPolicy: { releaseItemsBackToWarehouse: true }
    }], cancellationComment: "Rejected by marketplace"
  }) {
    order { number status lines(includeFullyCancelled: true) { id quantity cancelledQuantity } }
    userErrors { message path } userWarnings { message path }
  }
}
"""

CANCEL_ORDER = """
mutation CancelOrder($id: String!) {
  cancelDirectToConsumerOrder(id: $id, input: {
    emailOptions: { sendEmail: false }, stockAction: { releaseItemsBackToWarehouse: true },
    comment: "Cancelled at marketplace", cancelAuthorization: false
  }) { order { id status } userErrors { message path } userWarnings { message path } }
}
"""

SHIP_1 = """
mutation Ship1($number: Int!, $lines: [ShipmentLineInput!]!, $ext: String) {
  createShipment(input: {
    order: { number: $number }, lines: $lines, isGoodToGo: true, isPaid: true, externalId: $ext, sendEmail: false
  }) {
    shipment { id number isGoodToGo isPaid isCaptured isShipped lines { id quantity } }
    userErrors { message path } userWarnings { message path }
  }
}
"""

SHIP_2 = """
mutation Ship2($id: Int!, $at: DateTimeTz!, $info: ShipmentInfoInput!) {
  completeShipment(id: $id, input: { shippedAt: $at, sendEmail: false, shipmentInfo: $info }) {
    shipment { id number isShipped shippedAt trackingNumber order { number status } }
    userErrors { message path } userWarnings { message path }
  }
}
"""

CAPTURE_IT = """
mutation CaptureIt($id: Int!) {
  captureShipment(id: $id) {
    paymentHistoryEntry { entryType status value { value } paramsJSON } shipment { id isCaptured }
    userErrors { message path } userWarnings { message path }
  }
}
"""

SHIPPED_SINCE = """
query ShippedSince($since: DateTimeTz!, $page: Int!) {
  shipments(
    where: { isShipped: true, updatedAt: { from: $since }, storeType: DIRECT_TO_CONSUMER },
    sort: [updatedAt_ASC], limit: 100, page: $page
  ) {
    id number shippedAt updatedAt trackingNumber returnTrackingNumber numberOfPackages
    carrierInformation { carrierName serviceName }
    lines { id quantity orderLine { id productSize { SKU EAN } } } order { id number externalId }
  }
}
"""

NEW_RETURN = """
mutation NewReturn($ship: Int!, $lines: [ReturnLineCreateInput!]!, $ext: String) {
  createReturn(input: {
    shipment: { id: $ship }, lines: $lines, returnStockActionPolicy: { releaseItemsBackToWarehouse: true },
    comment: "Marketplace return", externalId: $ext
  }) {
    return {
      id returnStatus grandTotal { value currency { code } }
      lines { id shipmentLine { id } orderLine { id returnedQuantity } }
    }
    userErrors { message path } userWarnings { message path }
  }
}
"""

FINISH_RETURN = """
mutation FinishReturn($id: Int!) {
  completeReturn(id: $id, input: { sendEmail: false }) {
    return { id returnStatus } userErrors { message path } userWarnings { message path }
  }
}
"""

REFUND = """
mutation Refund($id: Int!) {
  refundReturn(id: $id, input: { sendEmail: false }) {
    return { id } paymentHistoryEntries { entryType status value { value } }
    userErrors { message path } userWarnings { message path }
  }
}
"""

RETURNS_SINCE = """
query ReturnsSince($since: DateTimeTz!, $page: Int!) {
  returns(where: { createdAt: { from: $since }, storeType: DIRECT_TO_CONSUMER }, limit: 100, page: $page) {
    id returnStatus externalId createdAt returnedToStock returnWarehouse { id }
    totals { lineValues { value } returnCost { value } shipping { value } taxIncluded { value } }
    lines { shipmentLine { id } orderLine { id returnedQuantity productSize { SKU } } }
    ... on DirectToConsumerReturn {
      order { id number externalId } shipment { number } customer { id email }
      refundPaymentHistory { entryType status value { value } }
    }
  }
}
"""

MAP_IDS = """
mutation MapIds($size: Int!, $ext: String!) {
  setIdConversions(input: [{ objectType: ProductSize, internalId: $size, externalId: $ext }]) {
    entries { id objectType internalId externalId integrationName }
    userErrors { message path } userWarnings { message path }
  }
}
"""

MAPPED_IDS = """
query MappedIds($ext: String!) {
  idConversions(where: { objectType: [ProductSize], externalId: { equals: $ext } }) { internalId externalId }
}
"""

LISTEN = """
mutation Listen {
  setEventListeners(input: [
    { objectType: Order }, { objectType: Shipment }, { objectType: Return },
    { objectType: ProductSize, changeTypes: [CREATED, UPDATED] }, { objectType: StockChange, changeTypes: [CREATED] }
  ]) { eventListeners { objectType changeTypes } userErrors { message path } userWarnings { message path } }
}
"""

PULL = """
query Pull {
  events(limit: 100) {
    id objectType changeType objectReference createdAt store { id } market { id }
    object {
      __typename
      ... on DirectToConsumerOrder { orderId: id number status }
      ... on DirectToConsumerShipment { shipmentId: id shipmentNumber: number isShipped }
    }
  }
}
"""

ACK = """
mutation Ack($ids: [Int!]!) {
  confirmEvents(input: { eventsIds: $ids }) {
    events { id } userErrors { message path } userWarnings { message path }
  }
}
"""

RATE_LIMITS = "query Limits { rateLimits { type intervalSeconds quota usedQuota remainingQuota } }"

READ_ORDER = """
query ReadOrder($number: Int!) {
  orders(where: { number: [$number] }) {
    id number status isOnHold updatedAt otherComment externalId grandTotal { value currency { code } }
    totals { quantity cancelledQuantity lineValues { value } shipping { value } discounts { value } taxIncluded { value } }
    paymentHistory { entryType status externalReference value { value } }
    lines(includeFullyCancelled: true) {
      id quantity cancelledQuantity taxPercent unitPrice { value } unitOriginalPrice { value } lineValue { value }
      productSize { SKU } allocations { quantity warehouse { id } isWaitingForConfirmation }
    }
    shipments { id number isPaid isCaptured isShipped lines { id quantity orderLine { id } } }
    ... on DirectToConsumerOrder {
      orderHoldReason customer { id email }
      attributes { type { name } elements { key ... on AttributeStringElement { value } } }
    }
  }
}
"""

ALL = {
    name: text
    for name, text in globals().items()
    if name.isupper() and isinstance(text, str) and ("query " in text or "mutation " in text)
}
