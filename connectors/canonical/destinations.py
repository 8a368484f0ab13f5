"""Where an order goes, who pays for it, and whether two places are the same one, however each is written."""

import re
from collections import Counter
from dataclasses import dataclass

from connectors.canonical.orders import Address

PHONE_DIGITS = 7  # the last ones: a country's code is written in many ways


@dataclass(frozen=True, kw_only=True)
class Destination:
    """As a target holds it. An e-mail address of "" is one that it does not show."""

    deliveries: tuple[Address, ...]  # of each parcel that has not left; the order's own where there is none
    billing: Address | None = None
    email: str = ""


def same_address(one: Address, other: Address) -> bool:
    """The same words and the same country; a telephone number that one of them lacks says nothing.

    Platforms share a name and a street out over their fields in their own ways, and drop regions that have no code.
    """
    return one.country == other.country and _words(one) == _words(other) and _same_phone(one.phone, other.phone)


def _words(address: Address) -> Counter[str]:
    fields = (
        address.first_name,
        address.last_name,
        address.company,
        *address.street,
        address.postal_code,
        address.city,
    )
    return Counter(re.findall(r"\w+", " ".join(fields).casefold()))


def _same_phone(one: str, other: str) -> bool:
    digits = [re.sub(r"\D", "", phone) for phone in (one, other)]
    return not all(digits) or digits[0][-PHONE_DIGITS:] == digits[1][-PHONE_DIGITS:]
