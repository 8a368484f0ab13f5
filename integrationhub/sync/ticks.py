"""The clock's part: which flows are due, once each, whoever looks. Any process may run a tick."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

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


Place: TypeAlias = tuple[int, int | None]  # connection, link


def plan_schedules() -> int:
    """Make the schedules that links and connections should have and do not have yet; those they should no longer have rest.

    Returns how many there were to make. A few queries, however many there are.
    """
    links = list(Link.objects.filter(active=True).select_related("source", "target"))
    connections = dict(Connection.objects.values_list("pk", "platform"))
    planned: dict[tuple[str, Place], tuple[int, bool]] = {}
    columns = ("pk", "flow", "connection_id", "link_id", "next_due_at")
    for pk, name, connection_id, link_id, due_at in Schedule.objects.values_list(*columns):
        planned[name, (connection_id, link_id)] = pk, due_at is None
    missing: list[Schedule] = []
    woken: list[int] = []
    for kind in flows():
        for place in _feed_places(kind, connections, links) if kind.side == "connection" else _link_places(kind, links):
            pk, rests = planned.pop((kind.name, place), (0, False))
            if not pk:
                missing.append(_planned(kind, place))
            elif rests and kind.cadence_seconds:
                woken.append(pk)
    Schedule.objects.bulk_create(missing, ignore_conflicts=True)  # two schedulers may plan at once
    Schedule.objects.filter(pk__in=woken, next_due_at=None).update(next_due_at=ports.now())
    # Their link has ended, or their connection plays another part now: no next time until they are wanted again.
    known = {kind.name for kind in flows()}
    rested = [pk for (name, _), (pk, rests) in planned.items() if name in known and not rests]
    Schedule.objects.filter(pk__in=rested).update(next_due_at=None)
    return len(missing)


def _planned(kind: Flow, place: Place) -> Schedule:
    connection_id, link_id = place
    return Schedule(
        flow=kind.name,
        connection_id=connection_id,
        link_id=link_id,
        cadence_seconds=kind.cadence_seconds,
        next_due_at=ports.now() if kind.cadence_seconds else None,
    )


def _feed_places(kind: Flow, connections: Mapping[int, str], links: Sequence[Link]) -> list[Place]:
    able = [pk for pk, platform in connections.items() if platform in kind.platforms]
    if kind.part:
        parts = ("source", "target") if kind.part == "either" else (kind.part,)
        playing = {getattr(link, f"{part}_id") for link in links for part in parts}
        able = [pk for pk in able if pk in playing]
    return [(pk, None) for pk in able]


def _link_places(kind: Flow, links: Sequence[Link]) -> list[Place]:
    return [
        (link.target_id if kind.side == "target" else link.source_id, link.pk)
        for link in links
        if not kind.platforms or link.source.platform in kind.platforms
    ]


def label(name: str) -> str:
    """What people call a flow; a flow that is gone keeps its name."""
    try:
        return flow(name).label
    except KeyError:
        return name
