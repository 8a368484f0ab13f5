"""How many units a channel may show. One function; every road to a channel goes through it. Pure."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is kept back. The buffer comes first, then the floor, then the cap."""

    buffer_units: int = 0
    buffer_percent: Decimal = Decimal(0)  # of what is free, rounded up: 10 of 15 keeps 2 back
    floor: int = 0  # fewer than so many are not shown at all
    cap: int | None = None  # never more than so many


NO_RULE = Rule()


@dataclass(frozen=True, kw_only=True)
class Published:
    quantity: int
    buffer: int  # what the rule kept back


def published(*, available: int, reserved: int, rule: Rule = NO_RULE) -> Published:
    """What a channel may show of a SKU.

    available  what the owner had free when it last counted
    reserved   units promised to orders that the owner did not know then
    Never negative, and never more than is free.
    """
    free = max(0, available - reserved)
    part = (free * rule.buffer_percent / 100).to_integral_value(rounding=ROUND_CEILING) if rule.buffer_percent else 0
    buffer = min(free, max(rule.buffer_units, int(part)))
    quantity = free - buffer
    if quantity < rule.floor:
        quantity = 0
    if rule.cap is not None:
        quantity = min(quantity, rule.cap)
    return Published(quantity=quantity, buffer=buffer)
