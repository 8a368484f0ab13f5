"""What waits for a case, as rows a person can read: at most so many, the most urgent first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Prefetch, QuerySet
from django.urls import reverse

from connectors.models import Link
from exceptions_app.models import ExceptionCase
from integrationhub.orders.flows.watching import at_risk
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import ticks
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES

SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class WaitingRow:
    title: str  # the order's reference, or what is being done
    url: str
    what: str  # "Create orders"
    channel: str
    initials: str
    value: Decimal | None
    currency: str
    since: datetime | None
    deadline_at: datetime | None
    why: str
    state: str
    job_id: int | None  # what "try this one again" takes; None where nothing can be tried


def waiting_rows(case: ExceptionCase) -> list[WaitingRow]:
    """The first SHOWN records that wait, by deadline and then by age."""
    kind, _, pk = case.object_key.partition(":")
    if case.cause == "acceptance_at_risk" and kind == "link" and pk.isdigit():
        return _orders_at_risk(int(pk))
    jobs = _jobs_of_place(case, kind, pk) if case.cause in ("connection_refused", "operation_refused") else None
    return _rows(jobs if jobs is not None else _blocked_jobs(case))


def _blocked_jobs(case: ExceptionCase) -> QuerySet[SyncJob]:
    mine = Blocker.objects.filter(case=case, released_at=None)
    return SyncJob.objects.filter(pk__in=mine.values("job_id")).prefetch_related(
        Prefetch("blockers", queryset=mine, to_attr="waits_here")
    )


def _jobs_of_place(case: ExceptionCase, kind: str, pk: str) -> QuerySet[SyncJob] | None:
    """Jobs of a connection or schedule that stands still: they wait without blockers."""
    if not pk.isdigit():
        return None
    place = {"connection": "connection_id", "schedule": "schedule_id"}.get(kind)
    return SyncJob.objects.filter(**{place: int(pk)}) if place else None


def _rows(jobs: QuerySet[SyncJob]) -> list[WaitingRow]:
    open_jobs = jobs.exclude(state__in=TERMINAL_STATES).select_related("link__source", "connection")
    found = list(open_jobs.order_by(F("deadline_at").asc(nulls_last=True), "created_at", "pk")[:SHOWN])
    orders = orders_of(found)
    return [_row(job, orders.get(job.serial_key)) for job in found]


def orders_of(jobs: Iterable[SyncJob]) -> dict[str, SoldOrder]:
    """The order each job is about, by the job's serial key ("order:<link>:<reference>"). One query."""
    wanted: dict[tuple[int, str], str] = {}
    for job in jobs:
        kind, _, rest = job.serial_key.partition(":")
        link_id, _, reference = rest.partition(":")
        if kind == "order" and link_id.isdigit():
            wanted[int(link_id), reference] = job.serial_key
    if not wanted:
        return {}
    found = SoldOrder.objects.filter(
        link_id__in={link_id for link_id, _ in wanted}, reference__in={reference for _, reference in wanted}
    ).select_related("link__source")
    keys = {(order.link_id, order.reference): order for order in found}
    return {serial_key: keys[key] for key, serial_key in wanted.items() if key in keys}


def _row(job: SyncJob, order: SoldOrder | None) -> WaitingRow:
    blockers: Sequence[Blocker] = getattr(job, "waits_here", ())
    return WaitingRow(
        title=order.reference if order else _title(job),
        url=reverse("admin:orders_soldorder_change", args=[order.pk]) if order else "",
        what=ticks.label(job.flow),
        channel=job.link.source.name if job.link else job.connection.name,
        initials=order.customer_initials if order else "",
        value=job.value if job.value is not None else (order.total if order else None),
        currency=job.value_currency or (order.currency if order else ""),
        since=blockers[0].since if blockers else job.created_at,
        deadline_at=job.deadline_at,
        why=job.reason,
        state=job.get_state_display(),
        job_id=job.pk if blockers else None,
    )


def _title(job: SyncJob) -> str:
    return ticks.label(job.flow) if job.key == "tick" else job.key


def _orders_at_risk(link_id: int) -> list[WaitingRow]:
    link = Link.objects.filter(pk=link_id).first()
    if link is None:
        return []
    rows = at_risk(link).select_related("link__source").order_by("accept_by", "pk")[:SHOWN]
    return [
        WaitingRow(
            title=order.reference,
            url=reverse("admin:orders_soldorder_change", args=[order.pk]),
            what="Accept orders",
            channel=order.link.source.name,
            initials=order.customer_initials,
            value=order.total,
            currency=order.currency,
            since=order.placed_at,
            deadline_at=order.accept_by,
            why="Not accepted yet.",
            state=order.get_state_display(),
            job_id=None,
        )
        for order in rows
    ]
