"""Every GraphQL document the hub sends to Marketplacer, in one place; each is tested against the contract.

There is no official schema to download, and instances differ. A field whose name is not confirmed by an official page is
asked for only where the instance has it: `build` leaves out what the client has learned to be absent.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

PAGE_ROWS = 100  # recommended ceiling 500; an invoice carries lines, shipments and refunds
ADVERT_ROWS = 50
INNER_ROWS = 100  # variants of one advert in one page

Absent = frozenset[str]  # "LineItem.costCents", "Query.advertsWhere(skus)"
EVERYTHING: Absent = frozenset()


@dataclass(frozen=True, kw_only=True)
class Document:
    name: str  # sent as operationName
    operation: str  # what people read: the root field
    build: Callable[[Absent], str]
    write: bool = False

    def text(self, absent: Absent = EVERYTHING) -> str:
        return self.build(absent)


def _known(kind: str, selections: Iterable[str], absent: Absent) -> str:
    """The selections whose field (their first word) this instance has."""
    return " ".join(text for text in selections if f"{kind}.{text.split(maxsplit=1)[0]}" not in absent)


def _fixed(text: str) -> Callable[[Absent], str]:
    return lambda absent: text


def _money(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}{form}" for name in names for form in ("Cents", "Formatted"))


# --- what is asked for only where it exists ---------------------------------------------------------------------------
LINE_MONEY = ("cost", "postage", "tax", "total")
INVOICE_MONEY = ("subtotal", "discount", "postage", "tax", "total", "commissionAmount", "commissionAmountTax")
_REFUND_LINE = ("dispatched", "quantity", "lineItem { id variantSku }", "status")
_REFUND_MONEY = ("amountCents", "amountFormatted")
_SHIPMENT_OPTIONAL = ("note",)
_ADDRESS = (
    "id address city postcode fullAddress",
    "streetAddress2",
    "state { name short }",
)
_VARIANT = (
    "published",
    "displayable",
    "buyable",
    "infiniteQuantity",
    "editablePrice",
)
_ADVERT = (
    "published",
    "displayable",
    "online",
    "vetted",
    "requiresVetting",
    "vettingRejected",
    "vettingRejectedReason",
    "editablePrice",
)


def _address(absent: Absent) -> str:
    country = _known("Country", ("name", "code"), absent)
    return f"{{ {_known('Address', _ADDRESS, absent)} country {{ {country} }} }}"


def _refund_request(absent: Absent, *, head: Iterable[str] = (), line: Iterable[str] = ()) -> str:
    """`head`, `line`: what is asked for besides."""
    own = _known("RefundRequest", ("legacyId", "createdAt", "refundedAt", *head), absent)
    each = _known("RefundRequestLineItem", (*_REFUND_LINE, *line), absent)
    return f"id status {own} lineItems {{ id reason {each} }}"


def _shipment(absent: Absent) -> str:
    more = _known("Shipment", _SHIPMENT_OPTIONAL, absent)
    return (
        "id legacyId carrier trackingNumber trackingLink dispatchedAt createdAt updatedAt "
        f"{more} shippedItems {{ quantity lineItem {{ id }} }}"
    )


def _invoice(absent: Absent) -> str:
    """Everything an order is read from.

    `order` is not for sellers, `commissionPdfData` is expensive, and `buyerMessageToSeller` is a customer's free text that
    nothing masks: none is named.
    """
    line = _known(
        "LineItem",
        ("brandName", "variantName", *_money(*LINE_MONEY), "adjustments { amountCents description }"),
        absent,
    )
    refunds = f"refundRequests {{ {_refund_request(absent)} }}"
    head = _known(
        "Invoice",
        ("updatedAt", *_money(*INVOICE_MONEY), "adjustments { amountCents description }", "commissionTaxRate", refunds),
        absent,
    )
    return (
        "id legacyId createdAt paidAt deliveryType statusFlags buyerFirstName buyerSurname buyerEmailAddress buyerPhone "
        f"buyerBillingAddress {_address(absent)} shippingAddress {_address(absent)} {head} "
        "lineItems { id legacyId quantity status variantId variantSku variantBarcode advertTitle "
        f"{line} }} shipments {{ {_shipment(absent)} }}"
    )


_PAGE = "totalCount pageInfo { hasNextPage endCursor }"
_SAID = "status errors { field messages }"


def _invoices(absent: Absent) -> str:
    return (
        "query Invoices($first: Int, $after: String, $filters: InvoiceFilters) { "
        "invoices(first: $first, after: $after, filters: $filters, "
        "sort: { fields: [CREATED_AT], ordering: ASCENDING }) "
        f"{{ {_PAGE} nodes {{ {_invoice(absent)} }} }} }}"
    )


def _invoice_by_number(absent: Absent) -> str:
    """One invoice, with its refund requests by the road that is documented."""
    return (
        "query Invoice($number: Int) { "
        f"invoices(first: 2, filters: {{ legacyId: $number }}) {{ nodes {{ {_invoice(absent)} }} }} "
        "refundRequests(first: 100, filters: { invoiceLegacyId: $number }) "
        f"{{ nodes {{ {_refund_request(absent)} }} }} }}"
    )


def _invoice_by_id(absent: Absent) -> str:
    return f"query InvoiceById($id: ID!) {{ node(id: $id) {{ __typename ... on Invoice {{ {_invoice(absent)} }} }} }}"


def _return(absent: Absent) -> str:
    """A refund request by itself: with its order and its money."""
    return f"{_refund_request(absent, head=_money('cashAmount'), line=_REFUND_MONEY)} invoice {{ id legacyId }}"


def _refund_requests(absent: Absent) -> str:
    return (
        "query RefundRequests($first: Int, $after: String, $filters: RefundRequestFilters) { "
        "refundRequests(first: $first, after: $after, filters: $filters) "
        f"{{ {_PAGE} nodes {{ {_return(absent)} }} }} }}"
    )


def _refund_request_by_id(absent: Absent) -> str:
    return f"query RefundRequest($id: ID!) {{ node(id: $id) {{ __typename ... on RefundRequest {{ {_return(absent)} }} }} }}"


LIST_INVOICES = Document(name="Invoices", operation="invoices", build=_invoices)
READ_INVOICE = Document(name="Invoice", operation="invoices", build=_invoice_by_number)
READ_INVOICE_BY_ID = Document(name="InvoiceById", operation="node", build=_invoice_by_id)
LIST_REFUND_REQUESTS = Document(name="RefundRequests", operation="refundRequests", build=_refund_requests)
READ_REFUND_REQUEST = Document(name="RefundRequest", operation="node", build=_refund_request_by_id)

WHO_AM_I = Document(
    name="Me",
    operation="apiKeyPrincipal",
    build=_fixed("query Me { apiKeyPrincipal { emailAddress name seller { id businessName } } }"),
)
LIST_CARRIERS = Document(
    name="Carriers",
    operation="shipmentCarriers",
    build=_fixed(
        f"query Carriers($after: String) {{ shipmentCarriers(first: 100, after: $after) {{ {_PAGE} nodes {{ id name }} }} }}"
    ),
)
LIST_ANNOTATION_TYPES = Document(
    name="AnnotationTypes",
    operation="invoiceAnnotationTypes",
    build=_fixed(
        "query AnnotationTypes($after: String) { invoiceAnnotationTypes(first: 100, after: $after) "
        f"{{ {_PAGE} nodes {{ id name description creatableBySeller }} }} }}"
    ),
)

READ_ANNOTATIONS = Document(
    name="Annotations",
    operation="invoices",
    build=_fixed(
        "query Annotations($number: Int) { invoices(first: 2, filters: { legacyId: $number }) "
        "{ nodes { id legacyId annotations { id content } } } }"
    ),
)


# --- adverts and variants ---------------------------------------------------------------------------------------------
def _variant(absent: Absent) -> str:
    return f"id sku barcode countOnHand lowestPrice {_known('Variant', _VARIANT, absent)}"


def _advert(absent: Absent) -> str:
    return (
        f"id title taxon {{ id }} {_known('Advert', _ADVERT, absent)} "
        f"variants(first: {INNER_ROWS}, displayableOnly: false) "
        f"{{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_variant(absent)} }} }}"
    )


def _adverts(absent: Absent) -> str:
    return (
        "query Adverts($first: Int, $after: String, $seller: [ID!]) { "
        "advertsWhere(first: $first, after: $after, retailerIds: $seller) "
        f"{{ {_PAGE} nodes {{ {_advert(absent)} }} }} }}"
    )


def _adverts_of_skus(absent: Absent) -> str:
    return (
        "query AdvertsOfSkus($first: Int, $after: String, $seller: [ID!], $skus: [String!]) { "
        "advertsWhere(first: $first, after: $after, retailerIds: $seller, skus: $skus) "
        f"{{ {_PAGE} nodes {{ {_advert(absent)} }} }} }}"
    )


def _more_variants(absent: Absent) -> str:
    return (
        "query MoreVariants($id: ID!, $after: String) { node(id: $id) { __typename ... on Advert { id "
        f"variants(first: {INNER_ROWS}, after: $after, displayableOnly: false) "
        f"{{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_variant(absent)} }} }} }} }} }}"
    )


SKU_ARGUMENT = "Query.advertsWhere(skus)"  # not confirmed: where it is missing, every advert is read
LIST_ADVERTS = Document(name="Adverts", operation="advertsWhere", build=_adverts)
FIND_ADVERTS = Document(name="AdvertsOfSkus", operation="advertsWhere", build=_adverts_of_skus)
MORE_VARIANTS = Document(name="MoreVariants", operation="node", build=_more_variants)


def update_variants(count: int, *, name: str) -> Document:
    """`count` aliased variantUpdate fields: the schema has no bulk mutation. One bad variant does not undo the others."""
    variables = ", ".join(f"$i{index}: VariantUpdateMutationInput!" for index in range(count))
    fields = " ".join(
        f"v{index}: variantUpdate(input: $i{index}) {{ {_SAID} variant {{ id countOnHand }} }}"
        for index in range(count)
    )
    text = f"mutation {name}({variables}) {{ {fields} }}"
    return Document(name=name, operation="variantUpdate", build=_fixed(text), write=True)


# --- categories, attributes and products --------------------------------------------------------------------------------
_TAXON = "id displayName prototype { id }"
LIST_TAXONS = Document(
    name="Categories",
    operation="taxons",
    build=_fixed(
        f"query Categories($after: String) {{ taxons(first: 100, after: $after) {{ {_PAGE} nodes {{ {_TAXON} "
        f"children(first: 200) {{ pageInfo {{ hasNextPage }} nodes {{ {_TAXON} }} }} }} }} }}"
    ),
)
READ_TAXONS = Document(
    name="Subcategories",
    operation="nodes",
    build=_fixed(
        f"query Subcategories($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename ... on Taxon {{ {_TAXON} "
        f"children(first: 200) {{ pageInfo {{ hasNextPage }} nodes {{ {_TAXON} }} }} }} }} }}"
    ),
)
# There is no root query for prototypes; `nodes` is the documented way.
READ_PROTOTYPES = Document(
    name="Attributes",
    operation="nodes",
    build=_fixed(
        "query Attributes($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Prototype { id name "
        "optionTypes(first: 200) { nodes { id name displayName fieldType appliedTo optional } } } } }"
    ),
)
READ_OPTION_VALUES = Document(
    name="AttributeValues",
    operation="node",
    build=_fixed(
        "query AttributeValues($id: ID!, $after: String) { node(id: $id) { __typename ... on OptionType { id "
        f"optionValues(first: 200, after: $after) {{ {_PAGE} nodes {{ id name displayName }} }} }} }} }}"
    ),
)


def upsert_adverts(count: int) -> Document:
    """`count` aliased advertUpsert fields, each with a verdict of its own."""
    variables = ", ".join(f"$i{index}: AdvertUpsertMutationInput!" for index in range(count))
    fields = " ".join(
        f"v{index}: advertUpsert(input: $i{index}) {{ {_SAID} advert {{ id }} }}" for index in range(count)
    )
    text = f"mutation PutProducts({variables}) {{ {fields} }}"
    return Document(name="PutProducts", operation="advertUpsert", build=_fixed(text), write=True)


# --- changing invoices ------------------------------------------------------------------------------------------------
def _mutation(name: str, field: str, payload: str) -> Document:
    kind = f"{field[0].upper()}{field[1:]}MutationInput"
    text = f"mutation {name}($input: {kind}!) {{ {field}(input: $input) {{ {_SAID} {payload} }} }}"
    return Document(name=name, operation=field, build=_fixed(text), write=True)


CREATE_SHIPMENT = _mutation(
    "Dispatch", "shipmentCreate", "shipment { id trackingNumber shippedItems { quantity lineItem { id } } }"
)
CREATE_REFUND_REQUEST = _mutation("Cancel", "refundRequestCreate", "refundRequest { id status lineItems { id } }")
RETURN_REFUND_REQUEST = _mutation("Returned", "refundRequestReturn", "refundRequest { id status }")
CREATE_ANNOTATION = _mutation("Annotate", "invoiceAnnotationCreate", "invoiceAnnotation { id content resolved }")


def decide_refund_lines(count: int, *, accepted: bool) -> Document:
    """`count` aliased decisions of one kind."""
    field = "refundRequestLineItemAccept" if accepted else "refundRequestLineItemDeny"
    kind = f"{field[0].upper()}{field[1:]}MutationInput"
    variables = ", ".join(f"$i{index}: {kind}!" for index in range(count))
    fields = " ".join(
        f"v{index}: {field}(input: $i{index}) {{ {_SAID} refundRequestLineItem {{ id status }} }}"
        for index in range(count)
    )
    name = "AcceptLines" if accepted else "DenyLines"
    return Document(
        name=name, operation=field, build=_fixed(f"mutation {name}({variables}) {{ {fields} }}"), write=True
    )


# --- the schema -------------------------------------------------------------------------------------------------------
INTROSPECTED = (
    "Invoice",
    "LineItem",
    "RefundRequest",
    "RefundRequestLineItem",
    "Shipment",
    "Advert",
    "Variant",
    "Query",
)
READ_SCHEMA = Document(
    name="Schema",
    operation="__type",
    build=_fixed(
        "query Schema { "
        + " ".join(f'{kind}: __type(name: "{kind}") {{ fields {{ name args {{ name }} }} }}' for kind in INTROSPECTED)
        + ' Mutation: __type(name: "Mutation") { fields { name args { name } } } }'
    ),
)

# Entered with the webhook at Marketplacer; it runs with the one variable $id when the event fires. The aliases keep apart
# an invoice that may be null and one that may not.
WEBHOOK_QUERY = (
    "query ($id: ID!) { node(id: $id) { __typename ... on Invoice { id legacyId } "
    "... on Shipment { id shipped: invoice { id legacyId } } ... on RefundRequest { id refunded: invoice { id legacyId } } "
    "... on Variant { id sku } ... on Advert { id } } }"
)

DOCUMENTS: tuple[Document, ...] = (
    LIST_INVOICES,
    READ_INVOICE,
    READ_INVOICE_BY_ID,
    LIST_REFUND_REQUESTS,
    READ_REFUND_REQUEST,
    WHO_AM_I,
    LIST_CARRIERS,
    LIST_ANNOTATION_TYPES,
    READ_ANNOTATIONS,
    LIST_ADVERTS,
    FIND_ADVERTS,
    MORE_VARIANTS,
    LIST_TAXONS,
    READ_TAXONS,
    READ_PROTOTYPES,
    READ_OPTION_VALUES,
    CREATE_SHIPMENT,
    CREATE_REFUND_REQUEST,
    RETURN_REFUND_REQUEST,
    CREATE_ANNOTATION,
    READ_SCHEMA,
)
