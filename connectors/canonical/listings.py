"""What a channel wants to know of a product, and what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Requirement(StrEnum):
    REQUIRED = "REQUIRED"  # without it the channel refuses the product
    RECOMMENDED = "RECOMMENDED"
    OPTIONAL = "OPTIONAL"


class AttributeKind(StrEnum):
    TEXT = "TEXT"
    LONG_TEXT = "LONG_TEXT"
    WHOLE_NUMBER = "WHOLE_NUMBER"
    NUMBER = "NUMBER"
    DATE = "DATE"
    YES_NO = "YES_NO"
    LIST = "LIST"  # one code of the attribute's value list
    LIST_OF_SEVERAL = "LIST_OF_SEVERAL"
    IMAGE = "IMAGE"  # an address that the channel can fetch it from
    LINK = "LINK"
    UNKNOWN = "UNKNOWN"  # a kind the channel has added since: sent as it is mapped, checked by the channel alone


@dataclass(frozen=True, kw_only=True)
class ChannelCategory:
    code: str
    label: str
    parent: str = ""  # code; "" at the top


@dataclass(frozen=True, kw_only=True)
class ChannelAttribute:
    code: str
    label: str
    category: str = ""  # code; "" = of every category. Holds for the categories below it too
    requirement: Requirement
    kind: AttributeKind
    list_code: str = ""  # of its value list
    max_length: int | None = None  # characters
    unit: str = ""
    role: str = ""  # what the channel itself uses it for, in its own words ("TITLE", "EAN", "CATEGORY"); "" = nothing
    variant: bool = False  # tells the variants of one product apart


@dataclass(frozen=True, kw_only=True)
class ChannelValue:
    list_code: str
    code: str
    label: str


@dataclass(frozen=True, kw_only=True)
class ListingUpdate:
    """All that a channel shall know of one SKU from now on."""

    sku: str  # as the channel knows it
    category: str  # the channel's code
    values: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # attribute code → its values, as the channel spells them
    emptied: frozenset[str] = frozenset()  # attributes it was told before and that have no value any more

    def __post_init__(self) -> None:
        if not self.sku or not self.category:
            raise ValueError(f"A listing names a SKU and a category, not {self.sku!r} and {self.category!r}.")
