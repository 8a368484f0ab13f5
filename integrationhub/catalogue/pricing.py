"""What a channel shall ask for a SKU. One function; every road to a channel goes through it. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from connectors.canonical.money import Money


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What is known of one SKU in one channel."""

    price_list: str  # "" while none answers for the channel
    sells_in: str  # the currency of the offer; "" while nobody knows it
    read: bool  # the list was read for this SKU
    amount: Decimal | None  # what it asked; None: it has no price
    currency: str  # of the list; "" where it has no price
    retired: bool = False


@dataclass(frozen=True, kw_only=True)
class Wanted:
    amount: Decimal | None  # rounded to the currency's digits, above 0; None: nothing is sent
    reason: str = ""  # why nothing is sent; "" while it is not known what to send


def wanted(listed: Listed) -> Wanted:
    """The price to be shown, or why there is none. Nothing is ever guessed, converted, or sent as 0."""
    if listed.retired:
        return Wanted(amount=None, reason="Its mapping has ended.")
    if not listed.sells_in:
        return Wanted(amount=None)
    if not listed.price_list:
        return Wanted(amount=None, reason=f"No price list answers for {listed.sells_in}.")
    if not listed.read:
        return Wanted(amount=None)
    if listed.amount is None:
        return Wanted(amount=None, reason=f"Price list {listed.price_list} has no price for it.")
    if listed.currency != listed.sells_in:
        words = f"Price list {listed.price_list} is in {listed.currency}, the offer in {listed.sells_in}."
        return Wanted(amount=None, reason=words)
    rounded = Money(listed.amount, listed.currency).rounded()
    if rounded.amount <= 0:
        return Wanted(amount=None, reason=f"Its price in list {listed.price_list} is {rounded}.")
    return Wanted(amount=rounded.amount)
