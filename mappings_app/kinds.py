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

    @property
    def to_side(self) -> Side:
        return Side.TARGET if self.from_side is Side.SOURCE else Side.SOURCE


UNLISTED = "unlisted"
TRACKING_LINK = "tracking_link"
TRACKING_PLACEHOLDER = "{tracking_number}"
PRICE_LIST = "price_list"
CURRENCY = "currency"
PAYMENT_METHOD = "payment_method"

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
)
_MARKET_ATTRIBUTES = (
    Attribute(name=PRICE_LIST, label="price list", help="The code of the price list these orders are created with."),
    Attribute(name=CURRENCY, label="currency", help="Three capital letters, such as GBP.", kind="currency"),
    Attribute(name=PAYMENT_METHOD, label="payment method", help="The code these orders are created with."),
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
        ),
    )
}


def kind_named(code: str) -> Kind:
    """Return the kind, or raise ValueError: an unknown kind is a fault of ours, not of a record."""
    if code not in KINDS:
        raise ValueError(f"{code!r} is not a kind of mapping.")
    return KINDS[code]
