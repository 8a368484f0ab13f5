"""Whether one value is what a channel's attribute wants: checks turn our spelling into the channel's, or say why not. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from connectors.canonical.listings import AttributeKind, ChannelAttribute
from integrationhub.catalogue.models.listings import Trouble

GTIN_ROLES = frozenset({"EAN", "GTIN", "UPC"})  # what channels call an attribute that holds one
GTIN_LENGTHS = (8, 12, 13, 14)
YES, NO = frozenset({"yes", "true", "1", "y"}), frozenset({"no", "false", "0", "n"})
# Unit → (what it measures, how many of its base unit).
UNITS: Mapping[str, tuple[str, Decimal]] = {
    "mm": ("length", Decimal("0.001")),
    "cm": ("length", Decimal("0.01")),
    "dm": ("length", Decimal("0.1")),
    "m": ("length", Decimal(1)),
    "in": ("length", Decimal("0.0254")),
    "ft": ("length", Decimal("0.3048")),
    "mg": ("weight", Decimal("0.000001")),
    "g": ("weight", Decimal("0.001")),
    "kg": ("weight", Decimal(1)),
    "oz": ("weight", Decimal("0.028349523125")),
    "lb": ("weight", Decimal("0.45359237")),
    "ml": ("volume", Decimal("0.001")),
    "cl": ("volume", Decimal("0.01")),
    "l": ("volume", Decimal(1)),
}
UNIT_DIGITS = 6  # after the point, of what was converted


class WrongValueError(Exception):
    """The value is not what the attribute wants."""

    def __init__(self, kind: Trouble, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How a rule wants values spelled."""

    unit: str = ""  # of our value
    shorten: bool = False


def spelled(value: str, attribute: ChannelAttribute, spelling: Spelling) -> str:
    """The value as the channel spells it. Raises WrongValueError. Value lists are looked up elsewhere."""
    check = _BY_KIND.get(attribute.kind)
    if check is not None:
        value = check(value, attribute, spelling)
    if attribute.role.upper() in GTIN_ROLES:
        value = _gtin(value, attribute)
    return _fitting(value, attribute, spelling)


def is_gtin(text: str) -> bool:
    """Whether the last digit is the check digit of those before it (GS1 General Specifications, 7.9)."""
    if not (text.isascii() and text.isdigit() and len(text) in GTIN_LENGTHS) or not int(text):
        return False
    digits = [int(letter) for letter in reversed(text)]
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def converted(amount: Decimal, *, unit: str, into: str) -> Decimal:
    """The amount in another unit of the same kind; as it is where one of the two is not said or both are the same."""
    ours, theirs = unit.strip().casefold(), into.strip().casefold()
    if not ours or not theirs or ours == theirs:
        return amount
    if ours not in UNITS or theirs not in UNITS or UNITS[ours][0] != UNITS[theirs][0]:
        raise WrongValueError(Trouble.UNIT, f"{unit} cannot be turned into {into}.")
    found = amount * UNITS[ours][1] / UNITS[theirs][1]
    return found.quantize(Decimal(1).scaleb(-UNIT_DIGITS)).normalize()


def _number(value: str, attribute: ChannelAttribute, spelling: Spelling) -> str:
    plain = value.strip().replace(" ", "")
    if re.fullmatch(r"[+-]?\d+,\d+", plain):
        plain = plain.replace(",", ".")  # a decimal comma; with thousands as well it stays unclear, and is refused
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise WrongValueError(Trouble.NOT_A_NUMBER, f"“{value}” is not a number.")
    return f"{converted(amount, unit=spelling.unit, into=attribute.unit):f}"


def _whole(value: str, attribute: ChannelAttribute, spelling: Spelling) -> str:
    amount = Decimal(_number(value, attribute, spelling))
    if amount != amount.to_integral_value():
        raise WrongValueError(Trouble.NOT_WHOLE, f"{amount:f} is not a whole number.")
    return str(int(amount))


def _date(value: str, attribute: ChannelAttribute, spelling: Spelling) -> str:
    try:
        return date.fromisoformat(value.strip()[:10]).isoformat()
    except ValueError:
        raise WrongValueError(Trouble.NOT_A_DATE, f"“{value}” is not a date such as 2026-01-31.") from None


def _yes_no(value: str, attribute: ChannelAttribute, spelling: Spelling) -> str:
    plain = value.strip().casefold()
    if plain in YES | NO:
        return "true" if plain in YES else "false"
    raise WrongValueError(Trouble.NOT_YES_OR_NO, f"“{value}” is neither yes nor no.")


def _address(value: str, attribute: ChannelAttribute, spelling: Spelling) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme in {"http", "https"} and parts.netloc and " " not in value.strip():
        return value.strip()
    raise WrongValueError(Trouble.NOT_A_LINK, f"“{value[:80]}” is not an address that starts with https://.")


def _gtin(value: str, attribute: ChannelAttribute) -> str:
    plain = value.replace(" ", "").replace("-", "")
    if is_gtin(plain):
        return plain
    raise WrongValueError(Trouble.GTIN, f"“{value}” is not a valid GTIN: a digit is missing or mistyped.")


def _fitting(value: str, attribute: ChannelAttribute, spelling: Spelling) -> str:
    most = attribute.max_length
    if most is None or len(value) <= most:
        return value
    if not spelling.shorten or most < 1:
        raise WrongValueError(Trouble.TOO_LONG, f"It has {len(value)} characters; {most} are allowed.")
    cut = value[: most + 1].rsplit(None, 1)[0] if " " in value[: most + 1].strip() else value[:most]
    return cut[:most].rstrip(" ,;-–")


_BY_KIND: Mapping[AttributeKind, Callable[[str, ChannelAttribute, Spelling], str]] = {
    AttributeKind.WHOLE_NUMBER: _whole,
    AttributeKind.NUMBER: _number,
    AttributeKind.DATE: _date,
    AttributeKind.YES_NO: _yes_no,
    AttributeKind.IMAGE: _address,
    AttributeKind.LINK: _address,
}
