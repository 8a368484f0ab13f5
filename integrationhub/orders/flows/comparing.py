"""Whether every order is everywhere: what the marketplace lists, held against the ledger and what was seen at the target.

A count trusts no error: it finds what failed without one. What the hub knows a reason for (a case, a job under way, an
order that nobody has paid yet) is waiting; what it knows no reason for is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from connectors import ports
from connectors.canonical.counts import OrderMark
from connectors.canonical.orders import OrderState, TargetState
from connectors.models import Link
from integrationhub.orders.flows.reading import OVERLAP_SECONDS
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.models import DayCount, Feed, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES

# An order in one of these should be at the target; before, it waits for the marketplace or the customer.
DUE_STATES = frozenset(
    state.value for state in (OrderState.READY_TO_SHIP, OrderState.SHIPPED, OrderState.RECEIVED, OrderState.CLOSED)
)
THERE = frozenset(str(state) for state in (TargetState.CONFIRMED, TargetState.PROCESSING, TargetState.SHIPPED))
# What these do about an order is no reason why it is not there.
_NO_REASON = ("reconcile_order", "read_missing_order")


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the hub holds of an order."""

    total: Decimal
    currency: str
    placed_at: datetime
    there: bool  # at the target
    target_total: Decimal | None
    explained: bool  # not there, and the hub knows why


@dataclass(frozen=True, kw_only=True)
class Missing:
    """An order that nobody told of: the source lists it, and it is not in the hub, or got lost in it."""

    reference: str
    placed_at: datetime
    total: Decimal | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    counts: Sequence[DayCount]
    missing: Sequence[Missing]
    settled: Sequence[str]  # listed, and nothing is missing about them


@dataclass
class _Sums:
    """One day in one currency, while it is being added up."""

    source: list[Decimal] = field(default_factory=list)
    hub: list[Decimal] = field(default_factory=list)
    target: list[Decimal] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


def window(zone: ZoneInfo, *, now: datetime) -> datetime:
    """The beginning of yesterday, by the brand's clock."""
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    return datetime.combine(yesterday, time.min, tzinfo=zone)


def compare(link: Link, marks: Iterable[OrderMark], *, since: datetime, until: datetime) -> Compared:
    """Hold what the source lists for [since, until] against what the hub holds. Reads only."""
    listed = {mark.reference: mark for mark in marks if since <= mark.placed_at <= until}
    held, under_way = _held(link, listed, since=since, until=until)
    polled_until = read_until(link)
    zone = ZoneInfo(link.brand.timezone)
    sums: dict[tuple[date, str], _Sums] = {}
    missing: list[Missing] = []
    for mark in listed.values():
        known = held.get(mark.reference)
        if not mark.expected or (known is None and mark.placed_at < link.started_at):
            continue
        currency = mark.total.currency if mark.total else (known.currency if known else link.brand.reporting_currency)
        day = sums.setdefault((mark.placed_at.astimezone(zone).date(), currency), _Sums())
        on_its_way = mark.reference in under_way or polled_until is None or mark.updated_at > polled_until
        if _add(day, mark, known, on_its_way=on_its_way):
            total = mark.total.amount if mark.total else None
            missing.append(Missing(reference=mark.reference, placed_at=mark.placed_at, total=total, currency=currency))
    _add_unlisted(sums, held, listed, zone)
    lost = {one.reference for one in missing}
    return Compared(
        counts=_rows(link, sums, since=since, until=until),
        missing=missing,
        settled=[reference for reference in listed if reference not in lost],
    )


def _add(day: _Sums, mark: OrderMark, known: Held | None, *, on_its_way: bool) -> bool:
    """Add an order that the source lists. True when it is missing."""
    total = mark.total.amount if mark.total else (known.total if known else Decimal(0))
    day.source.append(total)
    if known is None:
        (day.waiting if on_its_way else day.missing).append(mark.reference)
        return not on_its_way
    day.hub.append(known.total)
    differs = mark.total is not None and mark.total.amount != known.total
    if known.there:
        day.target.append(known.target_total if known.target_total is not None else Decimal(0))
        differs = differs or known.target_total != known.total
    elif known.explained:
        day.waiting.append(mark.reference)
    else:
        day.missing.append(mark.reference)
        return True
    if differs:
        day.differing.append(mark.reference)
    return False


def _add_unlisted(
    sums: dict[tuple[date, str], _Sums], held: Mapping[str, Held], listed: Mapping[str, OrderMark], zone: ZoneInfo
) -> None:
    """What the hub has and the source no longer lists at all: the sides differ, and a person can see by what."""
    for reference, known in held.items():
        if reference not in listed:
            day = sums.setdefault((known.placed_at.astimezone(zone).date(), known.currency), _Sums())
            day.hub.append(known.total)
            day.differing.append(reference)
            if known.there:
                day.target.append(known.target_total or Decimal(0))


def read_until(link: Link) -> datetime | None:
    """What changed at the source before this has been polled; None before the first poll ended."""
    cursor = Feed.objects.filter(connection=link.source, name="orders").values_list("cursor_at", flat=True).first()
    return cursor - timedelta(seconds=OVERLAP_SECONDS) if cursor else None


def _held(
    link: Link, listed: Mapping[str, OrderMark], *, since: datetime, until: datetime
) -> tuple[dict[str, Held], set[str]]:
    """What the hub holds of these orders, and which of the others it is working on."""
    orders = SoldOrder.objects.filter(link=link)
    held = _read(orders.filter(placed_at__gte=since, placed_at__lte=until))
    absent = [reference for reference in listed if reference not in held]
    keys = {order_key(link.pk, reference): reference for reference in absent}
    jobs = SyncJob.objects.filter(serial_key__in=keys).exclude(state__in=TERMINAL_STATES).exclude(flow__in=_NO_REASON)
    under_way = {keys[key] for key in jobs.values_list("serial_key", flat=True)}
    # Whoever finished between the two questions is in the ledger by now.
    held |= _read(orders.filter(reference__in=[reference for reference in absent if reference not in under_way]))
    return held, under_way


def _read(orders: QuerySet[SoldOrder]) -> dict[str, Held]:
    """One statement, so that an order and its jobs are seen at the same moment."""
    key = Concat(Value("order:"), Cast(OuterRef("link_id"), CharField()), Value(":"), OuterRef("reference"))
    jobs = SyncJob.objects.filter(serial_key=key).exclude(state__in=TERMINAL_STATES).exclude(flow__in=_NO_REASON)
    rows: Any = orders.annotate(at_work=Exists(jobs)).values_list(
        "reference",
        "total",
        "currency",
        "placed_at",
        "state",
        "target_external_id",
        "target_state",
        "target_total",
        "at_work",
    )
    return {reference: _one(*values) for reference, *values in rows}


def _one(
    total: Decimal,
    currency: str,
    placed_at: datetime,
    state: str,
    number: str,
    target_state: str,
    target_total: Decimal | None,
    at_work: bool,
) -> Held:
    there = bool(number) and target_state in THERE
    return Held(
        total=total,
        currency=currency,
        placed_at=placed_at,
        there=there,
        target_total=target_total,
        explained=at_work or state not in DUE_STATES,
    )


def _rows(link: Link, sums: Mapping[tuple[date, str], _Sums], *, since: datetime, until: datetime) -> list[DayCount]:
    """A row per day and currency; a day without orders has one too, since nothing is a count as well."""
    zone = ZoneInfo(link.brand.timezone)
    first = since.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((until.astimezone(zone).date() - first).days + 1)]
    empty = {(day, link.brand.reporting_currency): _Sums() for day in days if not any(day == one for one, _ in sums)}
    return [_row(link, day, currency, one, until) for (day, currency), one in {**sums, **empty}.items()]


def _row(link: Link, day: date, currency: str, sums: _Sums, until: datetime) -> DayCount:
    zero = Decimal(0)
    return DayCount(
        link=link,
        day=day,
        currency=currency,
        source_count=len(sums.source),
        source_value=sum(sums.source, zero),
        hub_count=len(sums.hub),
        hub_value=sum(sums.hub, zero),
        target_count=len(sums.target),
        target_value=sum(sums.target, zero),
        missing_count=len(sums.missing),
        missing=sums.missing[: DayCount.LISTED],
        waiting_count=len(sums.waiting),
        waiting=sums.waiting[: DayCount.LISTED],
        differing=sums.differing[: DayCount.LISTED],
        as_of=until,
        counted_at=ports.now(),
    )


@transaction.atomic
def keep(link: Link, counts: Sequence[DayCount]) -> None:
    """The new count of these days takes the place of the last one."""
    DayCount.objects.filter(link=link, day__in={count.day for count in counts}).delete()
    DayCount.objects.bulk_create(counts)


# --- marks between two slices -----------------------------------------------------------------------------------------


def packed(mark: OrderMark) -> list[Any]:
    amount, currency = (str(mark.total.amount), mark.total.currency) if mark.total else (None, None)
    return [mark.reference, mark.placed_at.isoformat(), mark.updated_at.isoformat(), amount, currency, mark.expected]
