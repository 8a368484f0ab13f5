"""Working time: how long a team has had a case, on the brand's own calendar. Exact across weekends and clock changes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.models import Brand

# A calendar without a single working day would never come to an end.
_LONGEST_LOOK_DAYS = 3_660


def after_working(brand: Brand, since: datetime, *, hours: float) -> datetime | None:
    """The moment at which so many working hours have passed since then; None where the brand never works.

    An hour is a real one: in the night of a clock change a shift of 00:00-06:00 is five or seven hours long.
    """
    left = timedelta(hours=hours)
    for shift_begins, ends in _shifts(brand, since):
        begins = max(shift_begins, since)
        if ends - begins >= left:
            return begins + left
        left -= ends - begins
    return None


def _shifts(brand: Brand, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The brand's shifts that end after `since`, in UTC, the earliest first. None runs past midnight."""
    zone = ZoneInfo(brand.timezone)
    first = since.astimezone(zone).date()
    for day in (first + timedelta(days=number) for number in range(_LONGEST_LOOK_DAYS)):
        if str(day.isoweekday()) not in brand.working_days:
            continue
        begins = datetime.combine(day, brand.working_from, tzinfo=zone).astimezone(UTC)
        ends = datetime.combine(day, brand.working_until, tzinfo=zone).astimezone(UTC)
        if ends > since and ends > begins:
            yield begins, ends
