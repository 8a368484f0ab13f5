"""The call budget: every process together keeps inside the windows that a platform documents.

Keyed by what the platform counts (a Centra environment, a Mirakl account, ...); several connections may share one key.
The truth is in Redis. It may be wiped: windows are then filled again from what the engine's records say was spent. It
may be down: then one process, which PostgreSQL chooses, goes on with a part of the limits, counted in its memory.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from connectors import ports
from connectors.http import Limit
from integrationhub.sync import budget_scripts
from integrationhub.sync.budget_holding import Holding, OneHolder
from integrationhub.sync.budget_line import (
    AGAIN_MILLISECONDS,
    STANDS_MILLISECONDS,
    URGENT_MILLISECONDS,
    Line,
    Work,
    written,
)
from integrationhub.sync.budget_windows import LocalWindows, Spent, Window, entries, milliseconds, windows_of
from integrationhub.sync.lanes import URGENT_LANES

log = logging.getLogger(__name__)

RESERVE = 0.2  # of each window, for acceptance and orders alone
LOCAL_SHARE = 0.2  # of each limit, while Redis cannot be asked
UNRECORDED_SECONDS = 60  # a call is on record sooner than that: when its job ends
REDIS_RETRY_SECONDS = 5.0
REDIS_TIMEOUT_SECONDS = 1.0
# Callers that wait for the same moment are spread behind it by a fifth of the wait, never before it. Of a ten-second window
# that would cost a tenth of the limit: so short a wait is spread by a two-hundredth.
SPREAD_SHARE = 0.2
SHORT_WAIT_SECONDS = 11.0
SHORT_SPREAD_SHARE = 0.005
SPREAD_MIN_SECONDS = 0.05
SPREAD_MAX_SECONDS = 30.0
# A platform that refuses again as soon as it is asked again has smaller limits than the connection was told: each refusal in a
# row closes it for twice as long as the one before, up to one of the ten-second windows that platforms count in.
REPEATED_MAX_MILLISECONDS = 10_000
KEPT_MILLISECONDS = 26 * 60 * 60 * 1000  # longer than the longest window there is, a day
ALL = "*"
UNLIMITED = 1000

SpentSince = Callable[[str, datetime], Iterable[Spent]]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """`allowed`, or not before `retry_at` because `bucket` is full or closed ("*": the whole key)."""

    allowed: bool
    retry_at: datetime | None = None  # always given when not allowed
    bucket: str = ""
    closed: bool = False  # the platform itself asked this process to wait


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How full one window is."""

    limit: Limit
    used: int
    closed_until: datetime | None  # the platform said 429


class Budget:
    """Shared by all threads of a process. Nothing here raises because Redis is down or slow."""

    def __init__(
        self,
        client: "redis.Redis",
        *,
        prefix: str = "hub",
        reserve: float = RESERVE,
        urgent_rank: int = max(URGENT_LANES),
        spent_since: SpentSince | None = None,
        holding: Holding | None = None,
        local_share: float = LOCAL_SHARE,
    ) -> None:
        """`spent_since(key, since)`: what the records say was spent, asked for when Redis knows nothing of a key.

        `holding` says whether this process is the one that may go on while Redis is down, with `local_share` of the
        limits; None: there is no other process. Ranks above `urgent_rank` leave `reserve` of each window untouched.
        """
        self._client, self._prefix = client, prefix
        self._reserve, self._urgent_rank = reserve, urgent_rank
        self._spent_since, self._holding, self._local_share = spent_since, holding, local_share
        self._acquire = client.register_script(budget_scripts.ACQUIRE)
        self._read = client.register_script(budget_scripts.READ)
        self._leave = client.register_script(budget_scripts.LEAVE)
        self._close = client.register_script(budget_scripts.CLOSE)
        self._seed = client.register_script(budget_scripts.SEED)
        self._record = client.register_script(budget_scripts.RECORD)
        self._lock = threading.RLock()
        self._closed: dict[tuple[str, str], int] = {}  # what this process was told, which a wiped Redis forgets
        self._refusals: dict[tuple[str, ...], tuple[int, int]] = {}  # the last one's end and length, in milliseconds
        self._local = LocalWindows()
        self._lines: dict[str, Line] = {}  # of this process, while Redis is down
        self._seeded_locally: set[str] = set()
        self._spent_locally: dict[str, dict[Window, list[tuple[int, int]]]] = {}
        self._down_until: float | None = None

    # --- asking ---------------------------------------------------------------------------------------------------
    def acquire(
        self,
        key: str,
        costs: Mapping[str, int],
        limits: Sequence[Limit],
        *,
        rank: int,
        work: Work | None = None,
    ) -> Grant:
        """Take `costs` from every window they touch, or from none.

        `work`: what the call is for. Of urgent work, from its first call until it leaves, the calls it needs still are kept
        for it, also from what began after it. Raises ValueError for a call that costs more than a whole window: no waiting
        helps it.
        """
        return self._ask(key, costs, limits, rank=rank, take=True, work=work if rank <= self._urgent_rank else None)

    def look(self, key: str, costs: Mapping[str, int], limits: Sequence[Limit], *, rank: int) -> Grant:
        """What `acquire` would answer work that only begins; nothing is taken."""
        return self._ask(key, costs, limits, rank=rank, take=False)

    def leave(self, key: str, name: str) -> None:
        """The work of this name makes no call any more: whatever was kept for it is there for others."""
        with self._lock:
            if key in self._lines:
                self._lines[key].leave(name)
        if self._may_ask_redis():
            try:
                self._leave([self._name(key)], [milliseconds(ports.now()), STANDS_MILLISECONDS, name])
            except redis.RedisError as error:
                self._lost(error)

    def _ask(
        self,
        key: str,
        costs: Mapping[str, int],
        limits: Sequence[Limit],
        *,
        rank: int,
        take: bool,
        work: Work | None = None,
    ) -> Grant:
        buckets = tuple(bucket for bucket, cost in costs.items() if cost > 0)
        windows = windows_of(limits, costs=costs, kept_back=self._kept_back(rank))
        now = milliseconds(ports.now())
        at, bucket = self._closed_here(key, buckets, now=now)
        if at > now:
            return replace(self._refused(at, bucket, now=now), closed=True)
        after_urgent = rank > self._urgent_rank
        if self._may_ask_redis():
            try:
                at, bucket = self._acquire_shared(
                    key, costs, windows, limits, now=now, take=take, work=work, after_urgent=after_urgent
                )
                return self._refused(at, bucket, now=now) if at else Grant(allowed=True)
            except redis.RedisError as error:
                self._lost(error)
        return self._acquire_alone(key, costs, limits, now=now, take=take, work=work, after_urgent=after_urgent)

    def capacity(self, key: str, limits: Sequence[Limit], *, rank: int, costs: Mapping[str, int] | None = None) -> int:
        """How many calls of `costs` may start now, for work that only begins.

        Without costs: of one unit of each bucket in lower case ("requests", "mutations"), which count every call. A
        bucket named like an operation ("OR11") counts that one only, and does not hold up the others.
        """
        wanted = costs if costs is not None else {limit.bucket: 1 for limit in limits if limit.bucket.islower()}
        windows = windows_of(limits, costs=wanted, kept_back=self._kept_back(rank))
        used, closed, ahead = self._look(key, windows, tuple(wanted))
        if any(till > milliseconds(ports.now()) for till in closed.values()):
            return 0
        room = [(window.allowance - used[window] - window.spoken_for(ahead)) // window.cost for window in windows]
        return max(0, min(room, default=UNLIMITED))

    def usage(self, key: str, limits: Sequence[Limit]) -> tuple[Usage, ...]:
        """How full each window is now, for the console."""
        by_name = {(window.bucket, window.seconds): window for window in windows_of(limits, costs=None)}
        used, closed, _ = self._look(key, tuple(by_name.values()), tuple({limit.bucket for limit in limits}))
        now = milliseconds(ports.now())
        found: list[Usage] = []
        for limit in limits:
            till = max(closed[limit.bucket], closed[ALL])
            closed_until = datetime.fromtimestamp(till / 1000, UTC) if till > now else None
            window = by_name[limit.bucket, limit.seconds]
            found.append(Usage(limit=limit, used=used[window], closed_until=closed_until))
        return tuple(found)

    @property
    def degraded(self) -> bool:
        """True while Redis cannot be asked and this process counts alone."""
        return self._down_until is not None

    # --- telling --------------------------------------------------------------------------------------------------
    def penalise(self, key: str, buckets: Iterable[str], until: datetime) -> None:
        """Close these buckets, or the whole key when none is named, for every process until then, or longer (see above)."""
        names = tuple(buckets) or (ALL,)
        with self._lock:
            till = self._longer_if_repeated((key, *names), milliseconds(until))
            for bucket in names:
                self._closed[key, bucket] = max(till, self._closed.get((key, bucket), 0))
        if self._may_ask_redis():
            try:
                self._close([self._name(key)], [milliseconds(ports.now()), KEPT_MILLISECONDS, till, *names])
            except redis.RedisError as error:
                self._lost(error)

    def seed(self, key: str, limits: Sequence[Limit], spent: Iterable[Spent]) -> bool:
        """Fill the windows of a key that Redis knows nothing of. False when another process was first."""
        now = milliseconds(ports.now())
        known = list(spent)
        rows: list[Any] = []
        for window in windows_of(limits, costs=None):
            for moment, units in reversed(entries(window, known, now=now)):
                rows += (window.name, moment, units)
        return bool(self._seed([self._name(key)], [now, KEPT_MILLISECONDS, *rows]))

    def generation(self) -> str:
        """A mark that stays the same until Redis is wiped. Raises redis.RedisError."""
        name = f"{self._prefix}:budget-generation"
        self._client.set(name, ports.new_id(), nx=True)
        found: Any = self._client.get(name)
        return found.decode() if isinstance(found, bytes) else str(found)

    # --- with Redis -----------------------------------------------------------------------------------------------
    def _acquire_shared(
        self,
        key: str,
        costs: Mapping[str, int],
        windows: Sequence[Window],
        limits: Sequence[Limit],
        *,
        now: int,
        take: bool,
        work: Work | None,
        after_urgent: bool,
    ) -> tuple[int, str]:
        """(0, "") when taken, else when to ask again and the bucket that is full."""
        must_be_seeded = 0 if self._spent_since is None else 1
        kept = KEPT_MILLISECONDS if take else 0
        buckets = [ALL, *(bucket for bucket, cost in costs.items() if cost > 0)]
        arguments: list[Any] = [now, must_be_seeded, kept, STANDS_MILLISECONDS, AGAIN_MILLISECONDS]
        arguments += (int(after_urgent), URGENT_MILLISECONDS)
        arguments += ("", "", "") if work is None else _place(work, costs)
        arguments += (len(buckets), *buckets)
        for window in windows:
            arguments += (window.name, window.bucket, window.span, window.moment(now))
            arguments += (window.calls, window.allowance, window.cost, 0 if window.paced else 1)
        state, at, bucket = self._acquire([self._name(key)], arguments)
        if state == -1 and self._spent_since is not None:
            self.seed(key, limits, self._spent_since(key, _longest_ago(limits)))
            state, at, bucket = self._acquire([self._name(key)], [now, 0, *arguments[2:]])
        self._found()
        return (0, "") if state == 1 else (int(at), _text(bucket))

    def _look(
        self, key: str, windows: Sequence[Window], buckets: Sequence[str]
    ) -> tuple[dict[Window, int], dict[str, int], dict[str, int]]:
        """Units used in each window; until when each bucket is closed (milliseconds, 0 when open); what the line needs."""
        now = milliseconds(ports.now())
        names = (ALL, *buckets)
        closed = {name: self._closed.get((key, name), 0) for name in names}
        if self._may_ask_redis():
            try:
                arguments: list[Any] = [now, STANDS_MILLISECONDS, len(names), *names]
                for window in windows:
                    arguments += (window.name, window.span)
                found = [int(each) for each in self._read([self._name(key)], arguments)]
                self._found()
                of_names = len(windows) + len(names)
                for name, till in zip(names, found[len(windows) : of_names], strict=True):
                    closed[name] = max(closed[name], till)
                return dict(zip(windows, found, strict=False)), closed, dict(zip(names, found[of_names:], strict=True))
            except redis.RedisError as error:
                self._lost(error)
        with self._lock:
            used = {window: self._local.used(key, window, now=now) for window in windows}
            return used, closed, self._line(key).ahead_of("", now=now)

    def _may_ask_redis(self) -> bool:
        """True unless it was down a moment ago; then one caller tries every five seconds, and the others do not wait."""
        with self._lock:
            if self._down_until is None:
                return True
            if ports.boottime() < self._down_until:
                return False
            self._down_until = ports.boottime() + REDIS_RETRY_SECONDS
            return True

    def _lost(self, error: redis.RedisError) -> None:
        with self._lock:
            if self._down_until is None:
                log.error("Redis cannot be asked; the call budget is kept in this process: %s", type(error).__name__)
            self._down_until = ports.boottime() + REDIS_RETRY_SECONDS

    def _found(self) -> None:
        """Redis answers again: tell it what was spent meanwhile, and count there from now on."""
        if self._down_until is None:
            return
        with self._lock:
            now = milliseconds(ports.now())
            for key, windows in self._spent_locally.items():
                rows: list[Any] = []
                for window, taken in windows.items():
                    for moment, units in taken:
                        rows += (window.name, moment, units)
                self._record([self._name(key)], [now, KEPT_MILLISECONDS, *rows])
            self._down_until = None
            self._local, self._spent_locally = LocalWindows(), {}
            self._lines.clear()
            self._seeded_locally.clear()
            if self._holding is not None:
                self._holding.let_go()
        log.warning("Redis answers again; the call budget is shared again.")

    # --- without Redis --------------------------------------------------------------------------------------------
    def _acquire_alone(
        self,
        key: str,
        costs: Mapping[str, int],
        limits: Sequence[Limit],
        *,
        now: int,
        take: bool,
        work: Work | None,
        after_urgent: bool,
    ) -> Grant:
        if self._holding is not None and not self._holding.may_hold():
            with self._lock:  # what another spends from now on is not in our memory
                self._local = LocalWindows()
                self._seeded_locally.clear()
            return self._refused(now + round(REDIS_RETRY_SECONDS * 1000), ALL, now=now)
        # Nothing is kept back for urgent lanes: the share is small, and they are asked first.
        windows = windows_of(limits, costs=costs, share=self._local_share)
        self._seed_locally(key, limits, now=now)
        with self._lock:
            line = self._line(key)
            ahead = line.ahead_of("" if work is None else work.name, now=now)
            at, bucket = self._local.room_at(key, windows, now=now, ahead=ahead)
            if after_urgent:
                at, bucket = max(line.urgent_until(costs, now=now), (at, bucket))
            if at:
                if take and work is not None:
                    line.told(bucket, at=at)
                    if work.begun:
                        line.stand(work.name, work.before(costs), now=now)
                return self._refused(at, bucket, now=now)
            if not take:
                return Grant(allowed=True)
            if work is not None:
                line.stand(work.name, work.after(costs), now=now)
            self._local.take(key, windows, now=now)
            for window in windows_of(limits, costs=costs):
                taken = self._spent_locally.setdefault(key, {}).setdefault(window, [])
                taken.append((window.moment(now), window.cost))
        return Grant(allowed=True)

    def _seed_locally(self, key: str, limits: Sequence[Limit], *, now: int) -> None:
        """Begin with what the records say. Calls of the last moments, by whomever, may not be recorded yet: where others
        call too, a short window counts as full.
        """
        with self._lock:
            if key in self._seeded_locally:
                return
            self._seeded_locally.add(key)
            spent = [] if self._spent_since is None else list(self._spent_since(key, _longest_ago(limits)))
            for window in windows_of(limits, costs=None, share=self._local_share):
                if self._holding is not None and window.seconds <= UNRECORDED_SECONDS:
                    self._local.add(key, window, [(window.moment(now), window.calls)])
                else:
                    self._local.add(key, window, entries(window, spent, now=now))

    # --- parts ----------------------------------------------------------------------------------------------------
    def _line(self, key: str) -> Line:
        return self._lines.setdefault(key, Line())

    def _kept_back(self, rank: int) -> float:
        return self._reserve if rank > self._urgent_rank else 0.0

    def _name(self, key: str) -> str:
        return f"{self._prefix}:budget:{key}"

    def _longer_if_repeated(self, what: tuple[str, ...], till: int) -> int:
        now = milliseconds(ports.now())
        last_till, last_wait = self._refusals.get(what, (0, 0))
        if now < last_till:  # a call that was on its way when the last refusal came
            till = max(till, last_till)
            self._refusals[what] = (till, max(last_wait, till - now))
            return till
        if now < last_till + 2 * last_wait:
            till = max(till, now + min(2 * last_wait, REPEATED_MAX_MILLISECONDS))
        self._refusals[what] = (till, till - now)
        return till

    def _closed_here(self, key: str, buckets: Sequence[str], *, now: int) -> tuple[int, str]:
        return max((self._closed.get((key, bucket), 0), bucket) for bucket in (ALL, *buckets))

    def _refused(self, at: int, bucket: str, *, now: int) -> Grant:
        wait = max(0, at - now) / 1000
        share = SPREAD_SHARE if wait > SHORT_WAIT_SECONDS else SHORT_SPREAD_SHARE
        spread = min(max(wait * share, SPREAD_MIN_SECONDS), SPREAD_MAX_SECONDS)
        later = timedelta(seconds=ports.rng().uniform(0, spread))
        return Grant(allowed=False, retry_at=datetime.fromtimestamp(at / 1000, UTC) + later, bucket=bucket)


def _place(work: Work, costs: Mapping[str, int]) -> tuple[str, str, str]:
    """The work as the script is told of it: its name, what it needs after this call, and while it waits for it."""
    return work.name, written(work.after(costs)), written(work.before(costs)) if work.begun else ""


def _longest_ago(limits: Sequence[Limit]) -> datetime:
    return ports.now() - timedelta(seconds=max((limit.seconds for limit in limits), default=0) + 1)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@lru_cache(maxsize=1)
def shared_budget(spent_since: SpentSince | None = None) -> Budget:
    """The budget of this process, on the Redis of the settings; `spent_since` re-seeds its windows after a wipe."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),  # once: a connection that Redis closed while it idled
    )
    holding = OneHolder(settings.DATABASE_URL, name=f"{settings.REDIS_KEY_PREFIX}:budget")
    return Budget(client, prefix=settings.REDIS_KEY_PREFIX, spent_since=spent_since, holding=holding)
