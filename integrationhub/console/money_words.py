"""Amounts as the pages show them; the words themselves are `exceptions_app.words`."""

from decimal import Decimal

from connectors.canonical.money import Money
from exceptions_app.words import money, money_at_stake

NOTHING = "–"


def amount(value: Decimal | None, currency: str) -> str:
    """£50.00, in the currency's own digits; a dash where nothing is known."""
    return NOTHING if value is None or not currency else money(Money(value, currency))


def at_stake(value: Decimal | None, currency: str) -> str:
    """£4,212, for lists; a dash for nothing."""
    return NOTHING if not value or not currency else money_at_stake(Money(value, currency))
