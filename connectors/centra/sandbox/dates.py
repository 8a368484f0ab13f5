"""Dates as a PHP application reads and writes them.

Input takes ISO 8601 and what PHP's date parser takes in the vendor's examples ("2021-10-23 00:00:00", "now", "-1 hour");
output follows a PHP date format, by default Y-m-d\\TH:i:sP in the tenant's time zone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import format_datetime

DEFAULT_FORMAT = "Y-m-d\\TH:i:sP"

_DAY_WORDS = {"today": 0, "midnight": 0, "yesterday": -1, "tomorrow": 1}
_UNITS = {
    "sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "fortnight": 1_209_600,
}  # fmt: skip
_SHIFT = re.compile(r"([+-]?)\s*(\d+)\s*([a-z]+?)s?(\s+ago)?(?=\s|$|[+-])", re.IGNORECASE)
_EPOCH = re.compile(r"@(-?\d+)$")


@dataclass(frozen=True)
class PhpDate:
    """A date as it was written; relative words need a clock to become a time."""

    text: str

    def at(self, now: datetime, zone: tzinfo) -> datetime:
        """The time meant, aware and cut to seconds. A value without an offset is read in `zone`, the tenant's."""
        local = now.astimezone(zone).replace(microsecond=0)
        found = _read(self.text.strip(), local)
        if found is None:
            raise ValueError(f"{self.text!r} is not a date.")
        return (found if found.tzinfo else found.replace(tzinfo=zone)).replace(microsecond=0)


def parse(text: object) -> PhpDate:
    """Raises ValueError for what PHP could not read, before anything is done with it."""
    if not isinstance(text, str):
        raise ValueError("A date is a string.")
    written = PhpDate(text)
    written.at(datetime(2024, 1, 1, tzinfo=UTC), UTC)
    return written


def _read(text: str, now: datetime) -> datetime | None:
    if match := _EPOCH.match(text):
        return datetime.fromtimestamp(int(match[1]), UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _relative(text.lower(), now)


def _relative(text: str, now: datetime) -> datetime | None:
    first, _, rest = text.partition(" ")
    base = now
    if first in _DAY_WORDS:
        base = now.replace(hour=0, minute=0, second=0) + timedelta(days=_DAY_WORDS[first])
        text = rest
    elif first == "now":
        text = rest
    elif not text:
        return None
    return _shifted(base, text.strip())


def _shifted(base: datetime, text: str) -> datetime | None:
    while text:
        match = _SHIFT.match(text)
        if match is None:
            return None
        count = int(match[2]) * (-1 if match[1] == "-" else 1) * (-1 if match[4] else 1)
        moved = _moved(base, count, match[3])
        if moved is None:
            return None
        base, text = moved, text[match.end() :].strip()
    return base


def _moved(base: datetime, count: int, unit: str) -> datetime | None:
    if unit in _UNITS:
        return base + timedelta(seconds=count * _UNITS[unit])
    if unit not in ("month", "year"):
        return None
    months = base.year * 12 + base.month - 1 + count * (12 if unit == "year" else 1)
    first = base.replace(year=months // 12, month=months % 12 + 1, day=1)
    return first + timedelta(days=base.day - 1)  # 31 January + 1 month is 2 or 3 March in PHP too


def stored(moment: datetime) -> datetime:
    """Times are kept to the second."""
    return moment.replace(microsecond=0)


def formatted(moment: datetime, zone: tzinfo, pattern: str = DEFAULT_FORMAT) -> str:
    local = moment.astimezone(zone)
    if pattern == DEFAULT_FORMAT:
        return local.isoformat(timespec="seconds")
    pieces, signs = [], iter(pattern)
    for sign in signs:
        pieces.append(next(signs, "") if sign == "\\" else _FORMATS[sign](local) if sign in _FORMATS else sign)
    return "".join(pieces)


def _suffix(day: int) -> str:
    return "th" if 10 < day % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _offset(moment: datetime, colon: str) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}{colon}{abs(minutes) % 60:02d}"


def _days_in_month(moment: datetime) -> int:
    following = date(moment.year + moment.month // 12, moment.month % 12 + 1, 1)
    return (following - date(moment.year, moment.month, 1)).days


_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

# https://www.php.net/manual/en/datetime.format.php
_FORMATS: dict[str, Callable[[datetime], str]] = {
    "d": lambda t: f"{t.day:02d}",
    "j": lambda t: str(t.day),
    "D": lambda t: _DAYS[t.weekday()][:3],
    "l": lambda t: _DAYS[t.weekday()],
    "N": lambda t: str(t.isoweekday()),
    "w": lambda t: str(t.isoweekday() % 7),
    "z": lambda t: str(t.timetuple().tm_yday - 1),
    "S": lambda t: _suffix(t.day),
    "W": lambda t: f"{t.isocalendar().week:02d}",
    "o": lambda t: str(t.isocalendar().year),
    "m": lambda t: f"{t.month:02d}",
    "n": lambda t: str(t.month),
    "M": lambda t: _MONTHS[t.month - 1][:3],
    "F": lambda t: _MONTHS[t.month - 1],
    "t": lambda t: str(_days_in_month(t)),
    "Y": lambda t: f"{t.year:04d}",
    "y": lambda t: f"{t.year % 100:02d}",
    "L": lambda t: str(int(_days_in_month(t.replace(month=2, day=1)) == 29)),
    "a": lambda t: "am" if t.hour < 12 else "pm",
    "A": lambda t: "AM" if t.hour < 12 else "PM",
    "g": lambda t: str(t.hour % 12 or 12),
    "G": lambda t: str(t.hour),
    "h": lambda t: f"{t.hour % 12 or 12:02d}",
    "H": lambda t: f"{t.hour:02d}",
    "i": lambda t: f"{t.minute:02d}",
    "s": lambda t: f"{t.second:02d}",
    "u": lambda t: f"{t.microsecond:06d}",
    "v": lambda t: f"{t.microsecond // 1000:03d}",
    "e": lambda t: str(t.tzinfo),
    "T": lambda t: t.tzname() or "",
    "I": lambda t: str(int(bool(t.dst()))),
    "O": lambda t: _offset(t, ""),
    "P": lambda t: _offset(t, ":"),
    "p": lambda t: "Z" if not t.utcoffset() else _offset(t, ":"),
    "Z": lambda t: str(int((t.utcoffset() or timedelta()).total_seconds())),
    "U": lambda t: str(int(t.timestamp())),
    "c": lambda t: t.isoformat(timespec="seconds"),
    "r": format_datetime,
}
