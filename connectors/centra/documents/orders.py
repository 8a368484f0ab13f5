"""The documents of orders that the hub creates, confirms and cancels."""

from connectors.centra.documents.document import MESSAGES, Document
from connectors.centra.documents.shipments import CARRIERS

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
    + CARRIERS,
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
    + CARRIERS,
)

UPDATE_ORDER = Document(
    name="UpdateOrder",
    operation="updateDirectToConsumerOrder",
    complexity=200,
    mutations=1,
    text=f"""
mutation UpdateOrder($number: Int!, $input: DirectToConsumerOrderUpdateInput!) {{
  update: updateDirectToConsumerOrder(order: {{ number: $number }}, input: $input) {{
    order {{ number status }} {MESSAGES}
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
  confirm: confirmOrder(input: {{ order: {{ number: $number }} }}) {{ order {{ number status }} {MESSAGES} }}
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
    order {{ number status }} {MESSAGES}
  }}
  confirm: confirmOrder(input: {{ order: {{ number: $number }} }}) {{ order {{ number status }} {MESSAGES} }}
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
  }}) {{ order {{ number status }} {MESSAGES} }}
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
