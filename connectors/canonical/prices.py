"""What a price list asks for a SKU, as its owner has it."""

from dataclasses import dataclass
from datetime import datetime

from connectors.canonical.money import Money


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """One price list of the owner; all its prices are in one currency."""

    code: str  # as it was asked for: the owner's number or name of it
    external_id: str
    name: str
    currency: str  # ISO 4217


@dataclass(frozen=True, kw_only=True)
class ListedPrice:
    """The price of one SKU in one list. What the owner prices above the SKU (product, variant) is spread over its SKUs."""

    sku: str
    price_list: str  # the list's `code`
    price: Money | None  # exact, in the list's currency; None: the list has no price for it, which is not 0
    as_of: datetime  # aware, UTC: no later than the owner looked


@dataclass(frozen=True, kw_only=True)
class PricePage:
    lists: tuple[PriceList, ...]  # those of the lists asked for that the owner knows
    prices: tuple[ListedPrice, ...]  # every SKU of the page that sells, once for each of `lists`
    next_token: str | None  # opaque; None at the end
