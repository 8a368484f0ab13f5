"""The figures behind the pictures of the home page, read in one query, and the pictures themselves."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import CharField, Count, DateTimeField, F, Value
from django.db.models.functions import Cast, Concat, TruncHour
from django.utils.safestring import SafeString

from connectors.models import Link
from exceptions_app.causes import cause_named
from exceptions_app.models import ExceptionCase
from integrationhub.adminkit import charts
from integrationhub.inventory import drift
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.models import FlowHour

HOURS = 24
# Each sale makes a channel show one too many until it has taken the next delivery: that is told by nobody.
ON_ITS_WAY = timedelta(minutes=5)
CAUSES_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Figures:
    """By hour (its beginning, UTC), and by cause."""

    finished: Mapping[tuple[int, datetime], int]  # (schedule, hour) → jobs finished
    sold: Mapping[tuple[int, datetime], int]  # (link, hour) → orders placed
    open_by_cause: Mapping[str, int]
    overdue: Mapping[tuple[int, str], int]  # (brand, team) → cases that have passed the team's target
    oversold: Mapping[int, int]  # link → SKUs that show more than they may, for longer than a delivery takes

    @property
    def open_cases(self) -> int:
        return sum(self.open_by_cause.values())


def figures_of(brand_ids: Iterable[int], *, now: datetime) -> Figures:
    """Five small tables of numbers in one statement: a page may not cost a query per picture."""
    brands, since = list(brand_ids), hours_until(now)[0]
    finished = FlowHour.objects.filter(hour__gte=since, schedule__connection__brand_id__in=brands)
    sold = SoldOrder.objects.filter(brand_id__in=brands, placed_at__gte=since).order_by()
    cases = ExceptionCase.objects.filter(brand_id__in=brands, state=ExceptionCase.State.OPEN).order_by()
    oversold = drift.oversold_of(brands, since=now - ON_ITS_WAY).order_by()
    none = Value(None, output_field=DateTimeField())
    rows: Any = (
        finished.order_by()
        .values_list(_text("finished"), Cast("schedule_id", CharField()), F("hour"), F("finished"))
        .union(
            sold.annotate(at=TruncHour("placed_at", tzinfo=ZoneInfo("UTC")))
            .values_list(_text("sold"), Cast("link_id", CharField()), F("at"))
            .annotate(count=Count("pk")),
            cases.values_list(_text("case"), F("cause"), none).annotate(count=Count("pk")),
            ExceptionCase.objects.filter(brand_id__in=brands)
            .overdue(now)
            .order_by()
            .values_list(_text("overdue"), Concat(Cast("brand_id", CharField()), Value(":"), F("team")), none)
            .annotate(count=Count("pk")),
            oversold.values_list(_text("oversold"), Cast("link_id", CharField()), none).annotate(count=Count("pk")),
            all=True,
        )
    )
    found: dict[str, dict[Any, int]] = {"finished": {}, "sold": {}, "case": {}, "overdue": {}, "oversold": {}}
    for kind, key, hour, count in rows:
        found[kind][key if kind in ("case", "overdue") else (int(key), hour)] = count
    return Figures(
        finished=found["finished"],
        sold=found["sold"],
        open_by_cause=found["case"],
        overdue={_brand_and_team(key): count for key, count in found["overdue"].items()},
        oversold={link_id: count for (link_id, _), count in found["oversold"].items()},
    )


def _brand_and_team(key: str) -> tuple[int, str]:
    brand_id, _, team = key.partition(":")
    return int(brand_id), team


def _text(word: str) -> Value:
    return Value(word, output_field=CharField())


def hours_until(now: datetime) -> list[datetime]:
    """The beginnings of the last HOURS hours, the current one last."""
    current = now.replace(minute=0, second=0, microsecond=0)
    return [current - timedelta(hours=ago) for ago in range(HOURS - 1, -1, -1)]


def spark_of(schedule_ids: Sequence[int], figures: Figures, *, now: datetime) -> SafeString:
    """What these schedules finished in the last day, hour by hour; "" where they finished nothing."""
    values = [sum(figures.finished.get((pk, hour), 0) for pk in schedule_ids) for hour in hours_until(now)]
    if not any(values):
        return SafeString("")
    label = f"{sum(values):,} finished in the last 24 hours, {values[-1]:,} of them in this hour"
    return charts.spark(values, label=label)


@dataclass(frozen=True, kw_only=True)
class Chart:
    svg: SafeString
    legend: Sequence[str]
    hours: Sequence[tuple[str, Sequence[int], int]]  # (hour, by channel, together): the table beside the picture
    total: int


def orders_chart(links: Sequence[Link], figures: Figures, *, now: datetime, zone: ZoneInfo) -> Chart:
    """Orders by the hour in which they were placed, stacked by channel."""
    hours = hours_until(now)
    channels: dict[str, Counter[datetime]] = {}
    for link in links:
        counts = channels.setdefault(link.source.name, Counter())
        counts.update({hour: figures.sold.get((link.pk, hour), 0) for hour in hours})
    series = [charts.Series(label=name, values=[counts[hour] for hour in hours]) for name, counts in channels.items()]
    labels = [f"{hour.astimezone(zone):%H}:00" for hour in hours]
    rows = [(label, [one.values[index] for one in series]) for index, label in enumerate(labels)]
    total = sum(sum(one.values) for one in series)
    busiest = max(rows, key=lambda row: sum(row[1]), default=("", []))
    told = f"Orders in the last 24 hours by hour and channel: {total:,}, most of them at {busiest[0]}" if total else ""
    return Chart(
        svg=charts.columns(series, labels=labels, label=told) if total else SafeString(""),
        legend=[one.label for one in series],
        hours=[(label, values, sum(values)) for label, values in rows],
        total=total,
    )


def causes_chart(figures: Figures) -> list[dict[str, Any]]:
    """Open cases by cause, the most frequent first."""
    counts = sorted(figures.open_by_cause.items(), key=lambda item: (-item[1], item[0]))
    largest = counts[0][1] if counts else 0
    return [
        {
            "cause": code,
            "label": cause_named(code).label,
            "count": count,
            "bar": charts.bar(count, largest=largest),
        }
        for code, count in counts[:CAUSES_SHOWN]
    ]
