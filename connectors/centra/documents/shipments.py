"""The documents of shipments, returns and refunds."""

from connectors.centra.documents.document import MESSAGES, Document

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
CARRIERS = """
fragment carrier on Order { number status externalId otherComment }
"""

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
  create: createShipment(input: $input) {{ shipment {{ id number }} {MESSAGES} }}
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
  update: updateShipment(id: $id, input: $input) {{ shipment {{ id number }} {MESSAGES} }}
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
  complete: completeShipment(id: $id, input: $input) {{ shipment {{ id number }} {MESSAGES} }}
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
