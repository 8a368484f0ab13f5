"""What becomes of values that were sent to a channel: taken at once, or by an import that has to be followed."""

from dataclasses import dataclass
from enum import StrEnum


class DeliveryState(StrEnum):
    PENDING = "PENDING"  # the platform works on it; ask again with the ticket
    DONE = "DONE"  # every line was taken, but for those that are named as refused
    FAILED = "FAILED"  # refused as a whole; nothing of it counts


@dataclass(frozen=True, kw_only=True)
class RefusedLine:
    """One line that the channel did not take; the others stand."""

    sku: str  # as the channel knows it
    message: str  # their words
    code: str = ""
    attribute: str = ""  # the channel's code of the attribute at fault, where it says


@dataclass(frozen=True, kw_only=True)
class Delivery:
    state: DeliveryState
    ticket: str = ""  # names an import that is followed; "" where the platform answers at once
    refused: tuple[RefusedLine, ...] = ()
    taken: int | None = None  # lines the platform says it took, where it says
    words: str = (
        ""  # why it failed as a whole, in their words; else what the platform remarks without refusing anything
    )
