"""Stock as its owner counts it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class StockLevel:
    sku: str
    gtin: str = ""
    available: int  # sellable units over the locations that serve the channel, thresholds taken off, never negative
    as_of: datetime  # aware, UTC: when the owner counted, or when we asked if it does not say
