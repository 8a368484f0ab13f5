"""The documents of the account itself: events, limits, structure, and what the connection test tries."""

from connectors.centra.documents.document import MESSAGES, Document

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
  listen: setEventListeners(input: $listeners) {{ eventListeners {{ objectType changeTypes }} {MESSAGES} }}
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
  done: confirmEvents(input: {{ eventsIds: $ids }}) {{ events {{ id }} {MESSAGES} }}
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
  confirm: confirmOrder(input: {{ order: {{ number: 0 }} }}) {{ order {{ id }} {MESSAGES} }}
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
  }}) {{ stockChanges {{ id }} {MESSAGES} }}
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
  complete: completeShipment(id: 0, input: {{ sendEmail: false }}) {{ shipment {{ id }} {MESSAGES} }}
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
mutation ProbeEventWrite {{ done: confirmEvents(input: {{ eventsIds: [] }}) {{ events {{ id }} {MESSAGES} }} }}
""",
)
