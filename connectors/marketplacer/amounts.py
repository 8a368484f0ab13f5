"""Marketplacer's two ways to write money → exact Decimals. Pure.

`xCents` are whole minor units, deprecated since they overflow; `xFormatted` is what a page shows: a symbol and an amount
in the habits of some locale. An instance has one currency, so its digits after the point are known, and they tell a
decimal mark from a thousands mark: "1.234" is 1234 dollars, "1.23" is not 123.
Source: G:invoice and G:lineitem (provenance in tests/contracts/marketplacer.graphql).
"""

import re
from decimal import Decimal

from connectors.canonical.money import minor_digits
from connectors.canonical.payload import JSON

_SPACES = "\u0020\u00a0\u202f\u2009"
_MINUS = "-\u2212\u2013"
_SHOWN = re.compile(r"[0-9][0-9.,'\u2019" + _SPACES + r"]*")
_CODE = re.compile(r"\b[A-Z]{3}\b")
# Every separator group but the last has three digits: "1,23,456.00" is refused rather than guessed at.
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,'\u2019" + _SPACES + r"])[0-9]{3})(?:\1[0-9]{3})*|[0-9]+")


def from_cents(value: JSON, *, currency: str) -> Decimal:
    """Raises ValueError for anything but a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("It must be a whole number.")
    return Decimal(value).scaleb(-minor_digits(currency))


def from_decimal_text(value: JSON) -> Decimal:
    """ "25.0" or a JSON number, as `lowestPrice` shows it. Raises ValueError."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", value.strip()):
        return Decimal(value.strip())
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise ValueError("It must be an amount.")


def from_shown(value: JSON, *, currency: str) -> Decimal:
    """ "$1,234.50", "25,00 €", "-A$5.00", "($5.00)". Raises ValueError for what can be read in two ways, or in none."""
    if not isinstance(value, str):
        raise ValueError("It must be text.")
    text = value.strip()
    codes = set(_CODE.findall(text))
    if codes - {currency}:
        raise ValueError(f"It is in {', '.join(sorted(codes))}, the marketplace's currency is {currency}.")
    numbers = [found.group().rstrip("." + "," + _SPACES) for found in _SHOWN.finditer(text)]
    if len(numbers) != 1:
        raise ValueError("It must show one amount.")
    amount = _number(numbers[0], digits=minor_digits(currency))
    before = text[: text.index(numbers[0])]
    bracketed = text.startswith("(") and text.endswith(")")
    trailing = text[-1] in _MINUS
    negative = bracketed or trailing or any(sign in before for sign in _MINUS)
    return -amount if negative else amount


def _number(text: str, *, digits: int) -> Decimal:
    whole, fraction = text, ""
    marks = [place for place, sign in enumerate(text) if sign in ".,"]
    if digits and marks and len(text) - marks[-1] - 1 == digits:
        whole, mark, fraction = text[: marks[-1]], text[marks[-1]], text[marks[-1] + 1 :]
        if mark in whole:
            raise ValueError("It can be read in two ways.")
    if not _GROUPED.fullmatch(whole):
        raise ValueError("It can be read in two ways.")
    plain = re.sub("[^0-9]", "", whole)
    return Decimal(f"{plain}.{fraction}" if fraction else plain)
