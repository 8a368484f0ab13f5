"""Whether every order is everywhere: yesterday and today in a line, and by link where it is not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from integrationhub.sync.models import DayCount

STALE_AFTER = timedelta(hours=2)  # it is counted every hour


@dataclass(frozen=True, kw_only=True)
class DaySum:
    """One business day over all links: orders by their number, whatever their currency."""

    name: str  # "yesterday"
    source: int
    target: int
    missing: int
    waiting: int
    complete: bool
    as_of: datetime
    stale: bool

    @property
    def tone(self) -> str:
        if self.missing:
            return "bad"
        return "" if self.complete else "warn"


def days_of(brand_ids: Iterable[int], *, now: datetime, zone: ZoneInfo) -> list[DaySum]:
    """Yesterday and today, where they were counted. One query."""
    today = now.astimezone(zone).date()
    yesterday = today - timedelta(days=1)
    rows = DayCount.objects.filter(link__brand_id__in=list(brand_ids), link__active=True, day__gte=yesterday)
    by_day: dict[date, list[DayCount]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    names = ((yesterday, "yesterday"), (today, "today"))
    return [_sum(name, by_day[day], now) for day, name in names if day in by_day]


def _sum(name: str, rows: Sequence[DayCount], now: datetime) -> DaySum:
    return DaySum(
        name=name,
        source=sum(row.source_count for row in rows),
        target=sum(row.target_count for row in rows),
        missing=sum(row.missing_count for row in rows),
        waiting=sum(row.waiting_count for row in rows),
        complete=all(row.complete for row in rows),
        as_of=min(row.as_of for row in rows),
        stale=now - min(row.counted_at for row in rows) > STALE_AFTER,
    )
