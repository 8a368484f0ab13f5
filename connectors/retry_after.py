"""When a platform may be asked again, in every form that the platforms' pages show.

Seconds (Mirakl, Fulfil, Marketplacer), an HTTP date (RFC 9110), and "a timestamp" whose form Centra's page does not
show: an ISO date and epoch seconds or milliseconds are read alike.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DEFAULT_SECONDS = 60
# The longest documented window is an hour. What a platform says beyond two is more likely an error than a wish.
MAX_SECONDS = 2 * 60 * 60
# "0" is a platform rounding down a part of a second.
MIN_SECONDS = 1
# Seconds since 1970 from 2001 on; no wait is this long.
EPOCH_FROM = 1_000_000_000
EPOCH_MILLISECONDS_FROM = 1_000_000_000_000

_NUMBER = re.compile(r"[0-9]{1,16}(?:\.[0-9]+)?")


def parse_retry_after(value: str | None, *, now: datetime, default_seconds: float = DEFAULT_SECONDS) -> datetime:
    """The moment named by a Retry-After header, between one second and two hours from `now`.

    Missing, garbage, negative or already past: `default_seconds` from now.
    """
    said = _moment((value or "").strip(), now=now)
    if said is None or said < now:
        said = now + timedelta(seconds=default_seconds)
    earliest, latest = now + timedelta(seconds=MIN_SECONDS), now + timedelta(seconds=MAX_SECONDS)
    return min(max(said, earliest), latest)


def _moment(value: str, *, now: datetime) -> datetime | None:
    if _NUMBER.fullmatch(value):
        return _from_number(float(value), now=now)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        # An HTTP date is UTC by definition, and a timestamp that says no zone is taken to be.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _from_number(number: float, *, now: datetime) -> datetime | None:
    if number < EPOCH_FROM:
        return now + timedelta(seconds=min(number, MAX_SECONDS))
    seconds = number / 1000 if number >= EPOCH_MILLISECONDS_FROM else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
