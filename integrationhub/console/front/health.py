"""Whether the hub itself is well, in plain words: the clock, the workers, the queue, connections and their keys.

Silence is a sign too: a flow that should have made progress and did not is told, whatever no error said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db.models import CharField, F, Value
from django.urls import reverse
from redis.backoff import NoBackoff
from redis.retry import Retry

from connectors import ports
from connectors.models import Connection
from integrationhub.adminkit import moments
from integrationhub.console.connections.ages import too_old
from integrationhub.console.syncs.table import Standing
from integrationhub.sync.models import Beat, Schedule, Switch

# By the scheduler, about every ten seconds; silence this long means that nothing runs by the clock.
SILENT_AFTER_SECONDS = 180
# Due work that nobody takes up: workers poll by the second, so minutes mean that there are none, or all are stuck.
IDLE_AFTER_SECONDS = 300
KEY_WARNED_FOR = timedelta(days=14)
LATE_TOLD = 3
REDIS_TIMEOUT_SECONDS = 0.3
_SWITCH = "all calls"


@dataclass(frozen=True, kw_only=True)
class Sign:
    tone: str  # "bad" | "warn"
    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Engine:
    """How the parts that run by themselves stand."""

    scheduler_at: datetime | None
    silent: bool
    stopped_by: str  # "" while calls are allowed
    stopped_reason: str


def engine() -> Engine:
    """The scheduler's beat and the switch over everything. One query."""
    beats = Beat.objects.order_by().values_list("name", "at", "detail", Value("", output_field=CharField()))
    switch = Switch.objects.filter(calls_allowed=False).order_by()
    told = switch.values_list(Value(_SWITCH, output_field=CharField()), "changed_at", F("changed_by"), F("reason"))
    rows = {name: (at, by, reason) for name, at, by, reason in beats.union(told, all=True)}
    at = rows["scheduler"][0] if "scheduler" in rows else None
    _, by, reason = rows.get(_SWITCH, (None, "", ""))
    silent = at is not None and (ports.now() - at).total_seconds() > SILENT_AFTER_SECONDS
    return Engine(scheduler_at=at, silent=silent, stopped_by=by, stopped_reason=reason)


def signs(
    running: Engine,
    connections: Sequence[Connection],
    standings: Sequence[Standing],
    *,
    now: datetime,
    configures: bool,
) -> list[Sign]:
    """What everybody should know first; administrators also what only they can mend."""
    found = [*_clock(running), *_connections(connections), *_paused(standings), *_late(standings, now)]
    if configures:
        found += [*_keys(connections, now), *_idle(standings, now), *_redis()]
    return found


def _syncs() -> str:
    return reverse("admin:sync_schedule_changelist")


def _clock(running: Engine) -> list[Sign]:
    found = []
    if running.silent:
        text = "Nothing has run by the clock for a while: no order is being read. An administrator has to look."
        found.append(Sign(tone="bad", text=text, url=_syncs()))
    if running.stopped_by:
        text = f"All calls are switched off by {running.stopped_by}: {running.stopped_reason}"
        found.append(Sign(tone="bad", text=text, url=_syncs()))
    return found


def _connections(rows: Sequence[Connection]) -> list[Sign]:
    """What stands still on purpose or by refusal."""
    found = []
    for row in rows:
        if row.state == Connection.State.ACTIVE:
            continue
        refused = row.state == Connection.State.REFUSED
        what = "needs attention" if refused else "is switched off"
        text = f"{row.name} {what}: {row.state_reason or 'no reason was given'}"
        found.append(Sign(tone="bad" if refused else "warn", text=text, url=_page(row)))
    return found


def _page(row: Connection) -> str:
    return reverse("admin:connectors_connection_change", args=[row.pk])


def _paused(standings: Sequence[Standing]) -> list[Sign]:
    """What a platform refuses of one thing that it is asked; everything else with it goes on."""
    rows = [one for one in standings if one.schedule.paused_reason and one.schedule.connection.works]
    found = [Sign(tone="warn", text=_paused_words(one), url=f"{_syncs()}#sync-{one.schedule.pk}") for one in rows]
    if len(found) > LATE_TOLD + 1:
        rest = len(found) - LATE_TOLD
        return [*found[:LATE_TOLD], Sign(tone="warn", text=f"{rest} more flows stand still.", url=_syncs())]
    return found


def _paused_words(one: Standing) -> str:
    return f"“{one.label}” stands still for {_place(one.schedule)}: {one.schedule.paused_reason}"


def _late(standings: Sequence[Standing], now: datetime) -> list[Sign]:
    """The dead man's switch: a clocked flow that has made no progress for several of its slots."""
    late = [one for one in standings if one.late and not one.schedule.paused_reason]
    found = [Sign(tone="bad", text=_late_words(one, now), url=f"{_syncs()}#sync-{one.schedule.pk}") for one in late]
    if len(found) > LATE_TOLD + 1:
        rest = len(found) - LATE_TOLD
        return [*found[:LATE_TOLD], Sign(tone="bad", text=f"{rest} more flows make no progress.", url=_syncs())]
    return found


def _late_words(one: Standing, now: datetime) -> str:
    schedule = one.schedule
    at = schedule.last_success_at
    since = f"for {moments.span((now - at).total_seconds())}" if at else "yet"
    every = moments.span(schedule.cadence_seconds or 0)
    return f"“{one.label}” has not succeeded {since} for {_place(schedule)}. It should every {every}."


def _place(schedule: Schedule) -> str:
    return str(schedule.link or schedule.connection)


def _keys(rows: Sequence[Connection], now: datetime) -> list[Sign]:
    """Keys that expire soon, or did; and those that nobody has changed for long."""
    found = []
    for row in rows:
        at = row.credentials_expire_at
        if at is not None and at - now < KEY_WARNED_FOR:
            left = (at - now).total_seconds()
            when = f"expires in {moments.span(left)}" if left > 0 else f"expired {moments.span(-left)} ago"
            text = f"The key of {row.name} {when}. Ask for a new one and enter it."
            found.append(Sign(tone="warn" if left > 0 else "bad", text=text, url=_page(row)))
        elif text := too_old(row, now):
            found.append(Sign(tone="warn", text=text, url=_page(row)))
    return found


def _idle(standings: Sequence[Standing], now: datetime) -> list[Sign]:
    since = idle_since(standings)
    if since is None or (now - since).total_seconds() <= IDLE_AFTER_SECONDS:
        return []
    waited = moments.span((now - since).total_seconds())
    text = f"Work has been due for {waited} and nobody took it up: the workers may have stopped, or a call limit is used up."
    return [Sign(tone="bad", text=text, url=_syncs())]


def idle_since(standings: Sequence[Standing]) -> datetime | None:
    """Since when the longest-waiting work is due that could run now."""
    able = (one for one in standings if one.able and one.due_since is not None)
    return min((one.due_since for one in able if one.due_since is not None), default=None)


def _redis() -> list[Sign]:
    if redis_answers():
        return []
    text = "The queue (Redis) does not answer. Nothing is lost; work goes on slowly until it is back."
    return [Sign(tone="bad", text=text, url=_syncs())]


def redis_answers() -> bool:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()
