"""What a channel shows of a SKU, and the prices it is told."""

from dataclasses import dataclass
from datetime import datetime

from connectors.canonical.money import Money


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One SKU as the channel shows it now."""

    sku: str  # as the channel knows it
    external_id: str = ""  # the channel's own number of the offer
    gtin: str = ""
    title: str = ""
    category: str = ""  # the channel's code
    quantity: int | None = None  # None where the channel does not say
    price: Money | None = None  # before any discount; for every storefront that has no price of its own
    discount: Money | None = None
    active: bool = True  # customers can buy it
    inactive_because: tuple[str, ...] = ()  # the channel's codes


@dataclass(frozen=True, kw_only=True)
class OfferPage:
    offers: tuple[Offer, ...]
    next_token: str | None  # opaque; None at the end
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class PriceUpdate:
    """Every price that a channel shall ask for one SKU from now on; what is not named here ends."""

    sku: str  # as the channel knows it
    price: Money
    discount: Money | None = None
    discount_from: datetime | None = None
    discount_until: datetime | None = None

    def __post_init__(self) -> None:
        if not self.sku or self.price.amount <= 0:
            raise ValueError(f"A price update names a SKU and a price above 0, not {self.sku!r} and {self.price}.")
        if self.discount is not None and (
            self.discount.currency != self.price.currency or not 0 < self.discount.amount < self.price.amount
        ):
            raise ValueError(f"The discount of {self.sku} must lie between 0 and its price, in its currency.")
