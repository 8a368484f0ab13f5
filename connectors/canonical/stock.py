"""Stock as its owner counts it, and as a channel is told."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class StockLevel:
    sku: str
    gtin: str = ""
    available: int  # sellable units over the locations that serve the channel, thresholds taken off, never negative
    as_of: datetime  # aware, UTC: when the owner counted, or when we asked if it does not say


@dataclass(frozen=True, kw_only=True)
class StockUpdate:
    """What a channel shall show of one SKU from now on. 0 is a value."""

    sku: str  # as the channel knows it
    quantity: int

    def __post_init__(self) -> None:
        if not self.sku or self.quantity < 0:
            raise ValueError(f"A stock update names a SKU and 0 or more units, not {self.sku!r} and {self.quantity}.")
