"""The clock's part: which flows are due, once each, whoever looks. Any process may run a tick."""

from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction

from connectors import ports
from connectors.models import Connection, Link
from integrationhub.sync.enqueue import NewJob, enqueue
from integrationhub.sync.flows import Flow, flow, flows
from integrationhub.sync.models import Schedule

log = structlog.get_logger(__name__)


def tick() -> int:
    """Enqueue every flow whose time has come. A slot is taken by compare-and-set, so two schedulers make one job."""
    now = ports.now()
    made = 0
    for schedule in Schedule.objects.filter(next_due_at__lte=now, cadence_seconds__isnull=False).select_related(
        "connection", "link"
    ):
        made += _take_slot(schedule)
    return made


def _take_slot(schedule: Schedule) -> int:
    now = ports.now()
    following = now + timedelta(seconds=schedule.cadence_seconds or 0)
    with transaction.atomic():
        mine = Schedule.objects.filter(pk=schedule.pk, next_due_at=schedule.next_due_at).update(next_due_at=following)
        if not mine or schedule.mode == Schedule.Mode.HELD or schedule.paused_reason:
            return 0
        enqueue_now(schedule)
    return 1


def enqueue_now(schedule: Schedule) -> int:
    """Make the job that a clocked flow runs as. Returns its id."""
    return enqueue(
        NewJob(
            flow=schedule.flow,
            key="tick",
            connection_id=schedule.connection_id,
            brand_id=schedule.connection.brand_id,
            link_id=schedule.link_id,
        )
    )


def plan_schedules() -> int:
    """Make the schedules that links and connections should have and do not have yet; those they should no longer have rest.

    Returns how many were made.
    """
    made = 0
    for kind in flows():
        places = _feed_places(kind) if kind.side == "connection" else _link_places(kind)
        for connection_id, link_id in places:
            made += _plan(kind, connection_id, link_id)
        _rest(kind, wanted=set(places))
    return made


def _rest(kind: Flow, *, wanted: set[tuple[int, int | None]]) -> None:
    """Their link has ended, or their connection plays another part now: they have no next time until they are wanted again."""
    clocked = Schedule.objects.filter(flow=kind.name, next_due_at__isnull=False)
    ended = [pk for pk, *place in clocked.values_list("pk", "connection_id", "link_id") if tuple(place) not in wanted]
    Schedule.objects.filter(pk__in=ended).update(next_due_at=None)


def _plan(kind: Flow, connection_id: int, link_id: int | None) -> int:
    place: dict[str, Any] = {"connection_id": connection_id, "link_id": link_id}
    schedule, created = Schedule.objects.get_or_create(
        flow=kind.name,
        **place,
        defaults={
            "cadence_seconds": kind.cadence_seconds,
            "next_due_at": ports.now() if kind.cadence_seconds else None,
        },
    )
    if schedule.next_due_at is None and schedule.cadence_seconds:  # it rested
        Schedule.objects.filter(pk=schedule.pk, next_due_at=None).update(next_due_at=ports.now())
    return int(created)


def _feed_places(kind: Flow) -> list[tuple[int, int | None]]:
    rows = Connection.objects.filter(platform__in=kind.platforms)
    if kind.part:
        rows = rows.filter(pk__in=Link.objects.filter(active=True).values(f"{kind.part}_id"))
    return [(pk, None) for pk in rows.values_list("pk", flat=True)]


def _link_places(kind: Flow) -> list[tuple[int, int | None]]:
    return [
        (link.target_id if kind.side == "target" else link.source_id, link.pk)
        for link in Link.objects.filter(active=True).select_related("source", "target")
        if not kind.platforms or link.source.platform in kind.platforms
    ]


def label(name: str) -> str:
    """What people call a flow; a flow that is gone keeps its name."""
    try:
        return flow(name).label
    except KeyError:
        return name
