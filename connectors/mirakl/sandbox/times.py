"""Mirakl's date-times: read with their offset, written in UTC with Z."""

import re
from datetime import UTC, datetime

_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})")


def moment(text: str) -> datetime:
    """Raises ValueError. A literal + in a query string arrives as a space and is refused like any other mistake."""
    if not _DATE_TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not a date-time")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:  # the year 1 or 9999, pushed over the edge by its offset
        raise ValueError(f"{text!r} is out of range") from None


def stamp(at: datetime | None) -> str | None:
    """Milliseconds are left out when they are zero, as the platform does."""
    if at is None:
        return None
    at = at.astimezone(UTC)
    precision = "milliseconds" if at.microsecond >= 1000 else "seconds"
    return at.isoformat(timespec=precision).replace("+00:00", "Z")


def stamp_seconds(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
