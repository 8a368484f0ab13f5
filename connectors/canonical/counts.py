"""What counting needs to know of an order: enough to say that it is everywhere, and nothing personal."""

from dataclasses import dataclass
from datetime import datetime

from connectors.canonical.money import Money


@dataclass(frozen=True, kw_only=True)
class OrderMark:
    """One order as the platform lists it by the time it was placed."""

    reference: str
    placed_at: datetime  # aware, UTC
    updated_at: (
        datetime  # of its last change, by the platform's clock: a poll that read beyond this should have seen it
    )
    total: Money | None  # as `Order.total`; None when the platform's answer cannot be read
    expected: bool  # False: refused, cancelled, or not ours to fulfil: nobody misses it downstream


@dataclass(frozen=True, kw_only=True)
class MarkPage:
    marks: tuple[OrderMark, ...]
    next_token: str | None  # opaque; None at the end
