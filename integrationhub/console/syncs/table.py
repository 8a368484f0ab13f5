"""How every flow stands on every link: read in a few queries, whatever the number of links."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils.safestring import SafeString

from connectors.models import Connection, Link
from integrationhub.console.syncs.budgets import Used
from integrationhub.sync import ticks
from integrationhub.sync.flows import flow
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Feed, Schedule, SyncJob
from integrationhub.sync.models.jobs import CLAIMABLE_STATES, TERMINAL_STATES, WAITING_STATES

LATE_AFTER_SLOTS = 3  # a clocked flow that missed so many of its slots is late
GRACE = timedelta(minutes=1)
# Flow → the feed whose cursor it moves.
FEEDS = {
    "read_orders": "orders",
    "read_dispatches": "dispatches",
    "read_returns": "returns",
    "read_received": "received",
    "read_credit_notes": "credit_notes",
}

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
    cursor_at: datetime | None = None  # everything that changed before this is stored
    due_since: datetime | None = None  # of what could be taken up and is due, the longest-waiting

    @property
    def able(self) -> bool:
        """Whether its work may be taken up now."""
        schedule = self.schedule
        return schedule.mode != Schedule.Mode.HELD and not schedule.paused_reason and schedule.connection.works

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
    budgets: Sequence[tuple[str, Sequence[Used]]] = ()  # (connection, its fullest windows)

    @property
    def backlog(self) -> list[tuple[str, int, int]]:
        """(lane, under way, waiting for a person) of every lane in which something is open."""
        lanes: dict[int, list[int]] = {}
        for one in self.standings:
            sums = lanes.setdefault(one.lane, [0, 0])
            sums[0] += one.going
            sums[1] += one.waiting
        return [
            (Lane(lane).label, going, waiting) for lane, (going, waiting) in sorted(lanes.items()) if going or waiting
        ]


def standings(brand_ids: Iterable[int], *, now: datetime, cursors: bool = False) -> list[Standing]:
    """Every schedule of these brands, by lane and name. Two queries, and one more for how far feeds have read."""
    rows = Schedule.objects.filter(connection__brand_id__in=list(brand_ids)).select_related(
        "connection__brand", "link__source", "link__target"
    )
    counts, read_up_to = _counts(brand_ids, now), _cursors(brand_ids) if cursors else {}
    found = [
        _standing(
            row, counts.get(row.pk, _NONE), now=now, cursor_at=read_up_to.get((row.connection_id, FEEDS.get(row.flow)))
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.lane, one.label, one.schedule.pk))


@dataclass
class _Open:
    """The open jobs of one schedule."""

    by_state: dict[str, int] = field(default_factory=dict)
    due_since: datetime | None = None


_NONE = _Open()


def _counts(brand_ids: Iterable[int], now: datetime) -> dict[int, _Open]:
    open_jobs = SyncJob.objects.exclude(state__in=TERMINAL_STATES).filter(brand_id__in=list(brand_ids))
    found: dict[int, _Open] = defaultdict(_Open)
    rows = open_jobs.values_list("schedule_id", "state").annotate(count=Count("pk"), due=Min("due_at"))
    for schedule_id, state, count, due in rows:
        found[schedule_id].by_state[state] = count
        if state in CLAIMABLE_STATES and due <= now:
            found[schedule_id].due_since = min(due, found[schedule_id].due_since or due)
    return found


def _cursors(brand_ids: Iterable[int]) -> dict[tuple[int, str | None], datetime | None]:
    rows = Feed.objects.filter(connection__brand_id__in=list(brand_ids))
    return {
        (connection_id, name): at for connection_id, name, at in rows.values_list("connection_id", "name", "cursor_at")
    }


def _standing(row: Schedule, jobs: _Open, *, now: datetime, cursor_at: datetime | None) -> Standing:
    waiting = sum(jobs.by_state.get(state, 0) for state in WAITING_STATES)
    return Standing(
        schedule=row,
        label=ticks.label(row.flow),
        lane=_lane(row.flow),
        waiting=waiting,
        going=sum(jobs.by_state.values()) - waiting,
        late=_is_late(row, now),
        cursor_at=cursor_at,
        due_since=jobs.due_since,
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


def grouped(rows: Iterable[Standing], used: Mapping[int, Sequence[Used]] | None = None) -> list[Group]:
    """By link, then the feeds by connection. `used`: the call budgets, told with whose flows spend them."""
    groups: dict[tuple[str, int], Group] = {}
    for one in rows:
        key, title = _place(one.schedule.link, one.schedule.connection)
        groups.setdefault(key, Group(title=title, url_kind=key[0], pk=key[1])).standings.append(one)
    for group in groups.values():
        spenders = {one.schedule.connection_id: one.schedule.connection.name for one in group.standings}
        group.budgets = [(name, (used or {}).get(pk, ())) for pk, name in spenders.items() if (used or {}).get(pk)]
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
    spark: str = ""  # SVG, safe


def lanes_of(
    rows: Iterable[Standing], *, spark: Callable[[Sequence[int]], SafeString] | None = None
) -> tuple[list[Lane], list[tuple[Link, list[Cell | None]]]]:
    """For each link, one cell per lane that any link uses; feeds count for every link of their connection.

    `spark` draws the last day of the schedules with these ids.
    """
    rows = list(rows)
    links = {one.schedule.link.pk: one.schedule.link for one in rows if one.schedule.link and one.schedule.link.active}
    lanes: list[Lane] = [lane for lane in Lane if any(one.lane == lane for one in rows) and lane != Lane.BULK]
    table = []
    for link in sorted(links.values(), key=str):
        mine = [one for one in rows if _belongs(one.schedule, link)]
        table.append((link, [_cell([one for one in mine if one.lane == lane], spark) for lane in lanes]))
    return lanes, table


def _belongs(schedule: Schedule, link: Link) -> bool:
    if schedule.link_id is not None:
        return schedule.link_id == link.pk
    return schedule.connection_id in (link.source_id, link.target_id)


def _cell(rows: list[Standing], spark: Callable[[Sequence[int]], SafeString] | None) -> Cell | None:
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
        spark=spark([one.schedule.pk for one in rows]) if spark else "",
    )


def _words(one: Standing) -> str:
    if one.schedule.paused_reason:
        return "stands still"
    if one.schedule.mode == Schedule.Mode.HELD:
        return "held"
    if one.schedule.mode == Schedule.Mode.SHADOW:
        return "shadow"
    return "late" if one.late else ""
