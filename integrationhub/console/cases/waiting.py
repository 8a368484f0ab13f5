"""What waits for a case, as rows a person can read: page by page, the most urgent first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat, JSONObject, Length, Substr
from django.urls import reverse

from connectors.models import Link
from exceptions_app.models import ExceptionCase
from integrationhub.orders.flows import watching_dispatches
from integrationhub.orders.flows.watching import at_risk
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import ticks
from integrationhub.sync.models import SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES

PAGE = 25


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
    going: bool = False  # it is being tried at this moment


@dataclass(frozen=True, kw_only=True)
class WaitingPage:
    """One page of the records that wait for a case, by deadline and then by age."""

    rows: Sequence[WaitingRow]
    number: int
    more: bool

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def waiting_page(case: ExceptionCase, *, number: int = 1) -> WaitingPage:
    """Two queries at most, whatever waits. A page past the end is empty."""
    kind, _, pk = case.object_key.partition(":")
    start = (number - 1) * PAGE
    if case.cause == "acceptance_at_risk" and kind == "link" and pk.isdigit():
        rows = _orders_at_risk(int(pk), start)
    elif case.cause == watching_dispatches.AT_RISK and kind == "link" and pk.isdigit():
        rows = _orders_to_leave(int(pk), start)
    elif case.cause == watching_dispatches.UNTOLD and kind == "link" and pk.isdigit():
        rows = _dispatches_untold(int(pk), start)
    elif case.cause in _PLACE_CAUSES and kind in _PLACES and pk.isdigit():
        # Jobs of a connection or schedule that stands still wait without blockers.
        rows = _rows(_in_order(SyncJob.objects.filter(**{_PLACES[kind]: int(pk)}), start), blocked=False)
    else:
        rows = _rows(_in_order(blocked_jobs(case), start), blocked=True)
    return WaitingPage(rows=rows[:PAGE], number=number, more=len(rows) > PAGE)


_PLACE_CAUSES = ("connection_refused", "operation_refused")
_PLACES = {"connection": "connection_id", "schedule": "schedule_id"}


def blocked_jobs(case: ExceptionCase) -> QuerySet[SyncJob]:
    """The jobs that wait for the case, each with since when (`waits_since`)."""
    return SyncJob.objects.filter(blockers__case=case, blockers__released_at=None).annotate(
        waits_since=F("blockers__since")
    )


def _in_order(jobs: QuerySet[SyncJob], start: int) -> list[SyncJob]:
    """One page and one more, with the order that each job is about (`order`), found by its serial key."""
    about = SoldOrder.objects.filter(
        link_id=OuterRef("link_id"), reference=Substr(OuterRef("serial_key"), _key_length())
    )
    told = JSONObject(
        pk="pk",
        reference="reference",
        initials="customer_initials",
        total=Cast("total", TextField()),
        currency="currency",
    )
    open_jobs = jobs.exclude(state__in=TERMINAL_STATES).select_related("link__source", "connection")
    by_urgency = open_jobs.order_by(F("deadline_at").asc(nulls_last=True), "created_at", "pk")
    return list(by_urgency.annotate(order=Subquery(about.values(told=told)[:1]))[start : start + PAGE + 1])


def _key_length() -> Any:
    """Where the reference begins in "order:<link>:<reference>"."""
    prefix = Concat(Value("order:"), Cast(OuterRef("link_id"), TextField()), Value(":"), output_field=TextField())
    return Length(prefix) + 1


def _rows(jobs: Sequence[SyncJob], *, blocked: bool) -> list[WaitingRow]:
    return [_row(job, blocked=blocked) for job in jobs]


def _row(job: Any, *, blocked: bool) -> WaitingRow:
    order = job.order if job.serial_key.startswith("order:") else None
    total = Decimal(order["total"]) if order else None
    return WaitingRow(
        title=order["reference"] if order else _title(job),
        url=reverse("admin:orders_soldorder_change", args=[order["pk"]]) if order else "",
        what=ticks.label(job.flow),
        channel=job.link.source.name if job.link else job.connection.name,
        initials=order["initials"] if order else "",
        value=job.value if job.value is not None else total,
        currency=job.value_currency or (order["currency"] if order else ""),
        since=job.waits_since if blocked else job.created_at,
        deadline_at=job.deadline_at,
        why=job.reason,
        state=job.get_state_display(),
        job_id=job.pk if blocked else None,
        going=blocked and job.state not in WAITING_STATES,
    )


def _title(job: SyncJob) -> str:
    return ticks.label(job.flow) if job.key == "tick" else job.key


def _orders_at_risk(link_id: int, start: int) -> list[WaitingRow]:
    link = Link.objects.filter(pk=link_id).first()
    if link is None:
        return []
    rows = at_risk(link).select_related("link__source").order_by("accept_by", "pk")[start : start + PAGE + 1]
    return [
        _order_row(order, what="Accept orders", deadline_at=order.accept_by, why="Not accepted yet.") for order in rows
    ]


def _orders_to_leave(link_id: int, start: int) -> list[WaitingRow]:
    link = Link.objects.filter(pk=link_id).first()
    if link is None:
        return []
    late = watching_dispatches.must_leave(link)
    rows = list(late.select_related("link__source").order_by("ship_by", "pk")[start : start + PAGE + 1])
    packed = set(
        watching_dispatches.packed(late.filter(pk__in=[order.pk for order in rows])).values_list("pk", flat=True)
    )
    return [
        _order_row(
            order,
            what="Dispatch",
            deadline_at=order.ship_by,
            why="Packed, and not told as dispatched yet." if order.pk in packed else "Not packed yet.",
        )
        for order in rows
    ]


def _dispatches_untold(link_id: int, start: int) -> list[WaitingRow]:
    link = Link.objects.filter(pk=link_id).first()
    if link is None:
        return []
    waiting = watching_dispatches.not_told(link).select_related("order__link__source")
    return [
        _order_row(
            row.order, what=f"Dispatch {row}", deadline_at=row.order.ship_by, why="Left the warehouse, not told.",
            since=row.dispatched_at,
        )
        for row in waiting.order_by("dispatched_at", "pk")[start : start + PAGE + 1]
    ]  # fmt: skip


def _order_row(
    order: SoldOrder, *, what: str, deadline_at: datetime | None, why: str, since: datetime | None = None
) -> WaitingRow:
    return WaitingRow(
        title=order.reference,
        url=reverse("admin:orders_soldorder_change", args=[order.pk]),
        what=what,
        channel=order.link.source.name,
        initials=order.customer_initials,
        value=order.total,
        currency=order.currency,
        since=since or order.placed_at,
        deadline_at=deadline_at,
        why=why,
        state=order.get_state_display(),
        job_id=None,
    )
