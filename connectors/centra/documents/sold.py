"""The GraphQL documents that read what Centra itself sold. Tested against the vendor's schema like `documents`.

`lineValue` and `grandTotal` are asked for twice, with and without tax, so that nobody has to know whether a price list
holds its tax: what lies between the two is the tax that Centra charged.
"""

from connectors.centra.documents.document import Document

_SOLD = """
fragment sold on Order {
  id number status externalId isOnHold otherComment createdAt updatedAt
  store { id name } market { id name }
  grandTotal { value currency { code } }
  totals {
    lineValues { value } shipping { value } handling { value } discounts { value }
    taxIncluded { value } taxAdded { value } taxDeducted { value }
    shippingTaxIncluded { value } shippingTaxAdded { value }
    discountTaxRules { taxPercent }
  }
  discountsApplied { value { value } ... on AppliedDiscount { discount { type } } }
  shippingPriceGroup { shippingOption { name uri } }
  paymentMethod { uri }
  paymentHistory { id entryType status externalReference value { value } }
  shippingAddress { ...soldTo } billingAddress { ...soldTo }
  lines(includeFullyCancelled: true) {
    id quantity cancelledQuantity taxPercent productName productVariantName size
    productSize { SKU EAN } unitPrice { value } lineValue { value } net: lineValue(includingTax: false) { value }
  }
  shipments { id isShipped }
  ... on DirectToConsumerOrder { orderHoldReason customer { email } }
}
"""

_SOLD_TO = """
fragment soldTo on Address {
  firstName lastName companyName address1 address2 city zipCode stateOrProvince state { code } country { code }
  email phoneNumber cellPhoneNumber
}
"""

READ_SOLD = Document(
    name="ReadSold",
    operation="orders",
    complexity=8000,
    text="""
query ReadSold($where: OrderFilter!, $limit: Int!, $page: Int!) {
  orders(where: $where, sort: [updatedAt_ASC, number_ASC], limit: $limit, page: $page) { ...sold }
}
"""
    + _SOLD
    + _SOLD_TO,
)

READ_DESTINATION = Document(
    name="ReadDestination",
    operation="orders",
    complexity=300,
    text="""
query ReadDestination($number: Int!) {
  orders(where: { number: [$number] }, limit: 1) {
    number shippingAddress { ...soldTo } billingAddress { ...soldTo }
    ... on DirectToConsumerOrder { customer { email } }
  }
}
"""
    + _SOLD_TO,
)

# By the time they were created, which never changes: no page can shift.
LIST_SOLD = Document(
    name="ListSold",
    operation="orders",
    complexity=1000,
    text="""
query ListSold($where: OrderFilter!, $limit: Int!, $page: Int!) {
  orders(where: $where, sort: [createdAt_ASC, number_ASC], limit: $limit, page: $page) {
    number status createdAt updatedAt grandTotal { value currency { code } }
    discountsApplied { value { value } ... on AppliedDiscount { discount { type } } }
  }
}
""",
)

SOLD_DOCUMENTS: tuple[Document, ...] = (READ_SOLD, READ_DESTINATION, LIST_SOLD)
