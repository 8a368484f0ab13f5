"""What a decision is made of: when it may be pressed, what it brings about, what it does."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from connectors.access import Right
from integrationhub.orders.deciding.standing import Standing
from integrationhub.orders.mapped_then import Option


class RefusedDecisionError(Exception):
    """It cannot be decided like this now; the message is a sentence for the person."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    label: str
    right: Right
    why_not: Callable[[Standing], str]
    consequences: Callable[[Standing], tuple[str, ...]]
    do: Callable[["Decision", Standing], str]
    needs_reason: Callable[[Standing], bool] = lambda standing: True
    danger: bool = False
    chooses_lines: bool = False
    typed_twice: bool = False
    options: Callable[[Standing], tuple[Option, ...]] = lambda standing: ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person pressed."""

    name: str
    by: str
    reason: str = ""
    lines: Collection[str] = field(default_factory=tuple)
    option: str = ""
