"""How every flow stands on every link: read in a few queries, whatever the number of links."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count

from connectors.models import Connection, Link
from integrationhub.sync import ticks
from integrationhub.sync.flows import flow
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Schedule, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES

LATE_AFTER_SLOTS = 3  # a clocked flow that missed so many of its slots is late
GRACE = timedelta(minutes=1)

State = SyncJob.State


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One flow on one link, or one feed of one connection."""

    schedule: Schedule
    label: str
    lane: int
    waiting: int  # for a person
    going: int  # queued, running, being tried again
    late: bool

    @property
    def tone(self) -> str:
        """What needs somebody is coloured, and nothing else."""
        if self.schedule.paused_reason or self.late:
            return "bad"
        return "warn" if self.schedule.mode != Schedule.Mode.LIVE else ""

    @property
    def reason(self) -> str:
        return self.schedule.paused_reason or (
            self.schedule.mode_reason if self.schedule.mode != Schedule.Mode.LIVE else ""
        )


@dataclass
class Group:
    """What belongs together on the page: a link's flows, or a connection's feeds."""

    title: str
    url_kind: str  # "link" | "connection"
    pk: int
    standings: list[Standing] = field(default_factory=list)


def standings(brand_ids: Iterable[int], *, now: datetime) -> list[Standing]:
    """Every schedule of these brands, by lane and name. Two queries."""
    rows = Schedule.objects.filter(connection__brand_id__in=list(brand_ids)).select_related(
        "connection__brand", "link__source", "link__target"
    )
    counts = _counts(brand_ids)
    found = [_standing(row, counts.get(row.pk, {}), now=now) for row in rows]
    return sorted(found, key=lambda one: (one.lane, one.label, one.schedule.pk))


def _counts(brand_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    open_jobs = SyncJob.objects.exclude(state__in=TERMINAL_STATES).filter(brand_id__in=list(brand_ids))
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for schedule_id, state, count in open_jobs.values_list("schedule_id", "state").annotate(count=Count("pk")):
        counts[schedule_id][state] = count
    return counts


def _standing(row: Schedule, counts: Mapping[str, int], *, now: datetime) -> Standing:
    waiting = sum(counts.get(state, 0) for state in WAITING_STATES)
    return Standing(
        schedule=row,
        label=ticks.label(row.flow),
        lane=_lane(row.flow),
        waiting=waiting,
        going=sum(counts.values()) - waiting,
        late=_is_late(row, now),
    )


def _lane(name: str) -> int:
    try:
        return int(flow(name).lane)
    except KeyError:
        return int(Lane.BULK)


def _is_late(row: Schedule, now: datetime) -> bool:
    """A clocked flow that runs should have succeeded a few slots ago at the latest."""
    if row.cadence_seconds is None or row.mode == Schedule.Mode.HELD or not row.connection.works:
        return False
    if row.last_success_at is None:
        return False
    return now - row.last_success_at > timedelta(seconds=row.cadence_seconds * LATE_AFTER_SLOTS) + GRACE


def grouped(rows: Iterable[Standing]) -> list[Group]:
    """By link, then the feeds by connection."""
    groups: dict[tuple[str, int], Group] = {}
    for one in rows:
        key, title = _place(one.schedule.link, one.schedule.connection)
        groups.setdefault(key, Group(title=title, url_kind=key[0], pk=key[1])).standings.append(one)
    return sorted(groups.values(), key=lambda group: (group.url_kind != "link", group.title))


def _place(link: Link | None, connection: Connection) -> tuple[tuple[str, int], str]:
    if link is not None:
        return ("link", link.pk), str(link)
    return ("connection", connection.pk), connection.name


# --- the small table on the home page ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One lane of one link, its feeds included."""

    last_success_at: datetime | None
    waiting: int
    going: int
    tone: str
    words: str  # "held", "shadow", "stands still", "late"; "" when all is well


def lanes_of(rows: Iterable[Standing]) -> tuple[list[Lane], list[tuple[Link, list[Cell | None]]]]:
    """For each link, one cell per lane that any link uses; feeds count for every link of their connection."""
    rows = list(rows)
    links = {one.schedule.link.pk: one.schedule.link for one in rows if one.schedule.link and one.schedule.link.active}
    lanes: list[Lane] = [lane for lane in Lane if any(one.lane == lane for one in rows) and lane != Lane.BULK]
    table = []
    for link in sorted(links.values(), key=str):
        mine = [one for one in rows if _belongs(one.schedule, link)]
        table.append((link, [_cell([one for one in mine if one.lane == lane]) for lane in lanes]))
    return lanes, table


def _belongs(schedule: Schedule, link: Link) -> bool:
    if schedule.link_id is not None:
        return schedule.link_id == link.pk
    return schedule.connection_id in (link.source_id, link.target_id)


def _cell(rows: list[Standing]) -> Cell | None:
    if not rows:
        return None
    times = [one.schedule.last_success_at for one in rows if one.schedule.last_success_at]
    worst = max(rows, key=lambda one: ("", "warn", "bad").index(one.tone))
    return Cell(
        last_success_at=max(times, default=None),
        waiting=sum(one.waiting for one in rows),
        going=sum(one.going for one in rows),
        tone=worst.tone,
        words=_words(worst),
    )


def _words(one: Standing) -> str:
    if one.schedule.paused_reason:
        return "stands still"
    if one.schedule.mode == Schedule.Mode.HELD:
        return "held"
    if one.schedule.mode == Schedule.Mode.SHADOW:
        return "shadow"
    return "late" if one.late else ""
