"""Prices and listings: what their owner says, what each channel was told, took and shows."""

from integrationhub.catalogue.models.listings import (
    AttributeRule,
    Listing,
    ListingDelivery,
    ListingProblem,
    ListingTerms,
    Trouble,
)
from integrationhub.catalogue.models.prices import (
    CODE_LENGTH,
    KnownPriceList,
    ListingPrice,
    PriceDelivery,
    PriceHold,
    PriceHoldLine,
    PriceReading,
    PriceTerms,
)
from integrationhub.catalogue.models.wishes import KnownAttribute, KnownCategory, KnownValue, ProductReading, ValueList

__all__ = [
    "CODE_LENGTH",
    "AttributeRule",
    "KnownAttribute",
    "KnownCategory",
    "KnownPriceList",
    "KnownValue",
    "Listing",
    "ListingDelivery",
    "ListingPrice",
    "ListingProblem",
    "ListingTerms",
    "PriceDelivery",
    "PriceHold",
    "PriceHoldLine",
    "PriceReading",
    "PriceTerms",
    "ProductReading",
    "Trouble",
    "ValueList",
]
