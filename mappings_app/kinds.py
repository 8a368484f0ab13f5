"""The kinds of mapping. A new kind is one entry in KINDS (and the migration that `makemigrations` then writes)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Which end of a link; `connectors.models.Link` has a field of each name."""

    SOURCE = "source"  # where it is sold
    TARGET = "target"  # where it is fulfilled


class Listed(StrEnum):
    """What a known list of the receiving side's codes is good for."""

    MUST = "MUST"  # a code that the list lacks is refused
    SHOULD = "SHOULD"  # the list suggests and warns: it may be older than the code
    FREE = "FREE"  # there is no list


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One more thing a mapping may say; the form of a mapping is built from these."""

    name: str
    label: str
    help: str
    kind: str = "text"  # text | boolean | currency | link
    placeholder: str = ""  # text a "link" must contain


@dataclass(frozen=True, kw_only=True)
class Kind:
    code: str
    model_name: str  # of the proxy model, which admin pages are made for
    label: str
    plural: str
    from_words: str
    to_words: str
    from_side: Side  # which end of the link says `from_code`
    listed: Listed
    empty_words: str = ""  # what the empty code stands for; "" where a code is never empty
    attributes: tuple[Attribute, ...] = ()
    about: str = ""  # what the table decides and what goes before or after it: shown above the list and the form
    example: str = ""  # a code as the saying side spells it
    records: tuple[str, str] = ("order", "orders")  # what its mappings shape
    default_in: str = ""  # the market attribute and connection setting that answer where the table does not

    @property
    def to_side(self) -> Side:
        return Side.TARGET if self.from_side is Side.SOURCE else Side.SOURCE


UNLISTED = "unlisted"
TRACKING_LINK = "tracking_link"
SERVICE = "service"
TRACKING_PLACEHOLDER = "{tracking_number}"
PRICE_LIST = "price_list"
CURRENCY = "currency"
PAYMENT_METHOD = "payment_method"
TAX = "tax"
CATEGORY = "category"
ATTRIBUTE_VALUE = "attribute_value"
VALUE_OF_LIST = " / "  # between a value list and a value of ours: "colours / Navy"
# Why the hub cancels or refunds at a marketplace, in our words: what REFUND REASON mappings start from.
CANCELLED_BEFORE_PAYMENT = "CANCELLATION"
REFUNDED_BEFORE_DISPATCH = "REFUND"
REFUNDED_AFTER_DISPATCH = "RETURN"
REASON_LABELS: Mapping[str, str] = {
    CANCELLED_BEFORE_PAYMENT: "Cancelled by us before the customer has paid",
    REFUNDED_BEFORE_DISPATCH: "Cancelled by us after payment, before dispatch",
    REFUNDED_AFTER_DISPATCH: "Goods that came back, refunded after dispatch",
}

_CARRIER_ATTRIBUTES = (
    Attribute(
        name=UNLISTED,
        label="not on their list, on purpose",
        help="Send the carrier by its name. Only for marketplaces that allow carriers they do not list.",
        kind="boolean",
    ),
    Attribute(
        name=TRACKING_LINK,
        label="tracking link",
        help=f"Where customers follow the parcel; {TRACKING_PLACEHOLDER} stands for the number.",
        kind="link",
        placeholder=TRACKING_PLACEHOLDER,
    ),
    Attribute(
        name=SERVICE,
        label="their service",
        help="The service beside the carrier, for Centra: there both are free text. Marketplaces take the carrier alone.",
    ),
)
_MARKET_ATTRIBUTES = (
    Attribute(
        name=PRICE_LIST,
        label="price list",
        help="For these orders, where the price list table says nothing for their currency.",
    ),
    Attribute(
        name=CURRENCY,
        label="currency",
        help="Of that price list: three capital letters, such as GBP. Empty: it counts for every currency.",
        kind="currency",
    ),
    Attribute(
        name=PAYMENT_METHOD,
        label="payment method",
        help="For these orders, where the payment method table says nothing.",
    ),
)

KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            code="sku",
            model_name="SkuMapping",
            label="SKU mapping",
            plural="SKU mappings",
            from_words="their SKU",
            to_words="our SKU",
            from_side=Side.SOURCE,
            listed=Listed.SHOULD,
            about="Which of our articles an order line becomes. One SKU without a mapping holds its whole order.",
            example="AB-1021",
        ),
        Kind(
            code="carrier",
            model_name="CarrierMapping",
            label="carrier mapping",
            plural="carrier mappings",
            from_words="our carrier",
            to_words="their carrier",
            from_side=Side.TARGET,
            listed=Listed.MUST,
            empty_words="dispatches that name no carrier",
            attributes=_CARRIER_ATTRIBUTES,
            about="Which carrier is told where it was sold. Carrier and service together (“DPD / Next Day”) go before the"
            " carrier alone. Centra lists no carriers: what you write is what it is told.",
            example="DPD Next Day",
            records=("dispatch", "dispatches"),
        ),
        Kind(
            code="shipping_service",
            model_name="ShippingServiceMapping",
            label="delivery method mapping",
            plural="delivery method mappings",
            from_words="their delivery method",
            to_words="our shipping option",
            from_side=Side.SOURCE,
            listed=Listed.SHOULD,
            empty_words="orders that name no delivery method",
            about="Which shipping option an order gets where it is fulfilled.",
            example="EXP",
        ),
        Kind(
            code="market",
            model_name="MarketMapping",
            label="market mapping",
            plural="market mappings",
            from_words="their channel",
            to_words="our market",
            from_side=Side.SOURCE,
            listed=Listed.SHOULD,
            empty_words="orders that name no channel",
            attributes=_MARKET_ATTRIBUTES,
            about="Which market (or store) the orders of a marketplace's channel belong to. What it says of price list and"
            " payment method counts where their own tables say nothing.",
            example="SE",
        ),
        Kind(
            code=PRICE_LIST,
            model_name="PriceListMapping",
            label="price list mapping",
            plural="price list mappings",
            from_words="their currency",
            to_words="our price list",
            from_side=Side.SOURCE,
            listed=Listed.SHOULD,
            about="Which price list an order is created with. The first that answers counts: 1. this table for the channel,"
            " 2. this table for every channel, 3. the order's market mapping (where its currency is the order's, or is"
            " left empty), 4. the connection's price list. An order whose currency has none of them waits.",
            example="GBP",
            default_in=PRICE_LIST,
        ),
        Kind(
            code=PAYMENT_METHOD,
            model_name="PaymentMethodMapping",
            label="payment method mapping",
            plural="payment method mappings",
            from_words="their payment method",
            to_words="our payment method",
            from_side=Side.SOURCE,
            listed=Listed.SHOULD,
            empty_words="orders that name no payment method",
            about="Which payment method an order is created with. The first that answers counts: 1. this table for the"
            " channel, 2. this table for every channel, 3. the order's market mapping, 4. the connection's payment method."
            " Where none answers, the order goes without one if the platform allows it, and waits if not. For what pays a"
            " part of an order beside its own method, such as a gift card, only this table answers.",
            example="CARD",
            default_in=PAYMENT_METHOD,
        ),
        Kind(
            code=TAX,
            model_name="TaxMapping",
            label="tax mapping",
            plural="tax mappings",
            from_words="their tax",
            to_words="our tax",
            from_side=Side.SOURCE,
            listed=Listed.MUST,
            about="Which tax an order's taxes are booked as, where it is fulfilled by a platform that names its taxes. Their tax"
            " is the name that the source gives it, or else the country the order goes to, with its rate. Not needed where"
            " just one of the listed taxes has the rate and is for the country.",
            example="GB / 20%",
        ),
        Kind(
            code="refund_reason",
            model_name="RefundReasonMapping",
            label="refund reason mapping",
            plural="refund reason mappings",
            from_words="our reason",
            to_words="their reason code",
            from_side=Side.TARGET,
            listed=Listed.MUST,
            empty_words="cancellations and refunds that name no reason",
            about="Which of the marketplace's reasons a cancellation or refund is told with. Our reasons are CANCELLATION"
            " (before the customer has paid), REFUND (paid, before dispatch) and RETURN (refunded after dispatch). Where this"
            " table says nothing, the reason codes on the link count.",
            example="REFUND",
            records=("cancellation", "cancellations"),
        ),
        Kind(
            code=CATEGORY,
            model_name="CategoryMapping",
            label="category mapping",
            plural="category mappings",
            from_words="our category",
            to_words="their category",
            from_side=Side.TARGET,
            listed=Listed.MUST,
            empty_words="products without a category",
            about="In which of the marketplace's categories our products are listed. What it wants to know of a product"
            " follows from the category.",
            example="Women / Knitwear",
            records=("product", "products"),
        ),
        Kind(
            code=ATTRIBUTE_VALUE,
            model_name="AttributeValueMapping",
            label="attribute value mapping",
            plural="attribute value mappings",
            from_words="their value list and our value",
            to_words="their value",
            from_side=Side.TARGET,
            listed=Listed.SHOULD,
            about="Which value of the marketplace's lists our own word stands for. Words that are spelled alike need no"
            " mapping; capitals, accents and blanks make no difference.",
            example="colours / Navy",
            records=("product", "products"),
        ),
    )
}


def kind_named(code: str) -> Kind:
    """Return the kind, or raise ValueError: an unknown kind is a fault of ours, not of a record."""
    if code not in KINDS:
        raise ValueError(f"{code!r} is not a kind of mapping.")
    return KINDS[code]
