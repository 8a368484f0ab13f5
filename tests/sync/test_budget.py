"""The call budget: no window is ever exceeded, by whomever, whatever happens to Redis."""

import itertools
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

import pytest
import redis
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors import ports
from connectors.http import Limit
from integrationhub.sync.budget import Budget, Grant, shared_budget
from integrationhub.sync.budget_holding import OneHolder
from integrationhub.sync.budget_line import Line, Work
from integrationhub.sync.budget_windows import LocalWindows, Spent, milliseconds, windows_of
from tests.conftest import VIRTUAL_START

URGENT, LATER = 20, 50
TEN_SECONDS = Limit(bucket="requests", calls=20, seconds=10)
CENTRA = (
    TEN_SECONDS,
    Limit(bucket="requests", calls=10_000, seconds=3600),
    Limit(bucket="mutations", calls=100, seconds=10),
    Limit(bucket="mutations", calls=1_000, seconds=3600),
    Limit(bucket="complexity", calls=150_000, seconds=10),
)
ORDER_LIST = Limit(bucket="OR11", calls=1, seconds=60)
keys = (f"key-{number}" for number in itertools.count())


@pytest.fixture
def budget(redis_client: redis.Redis, virtual_clock: ports.VirtualClock) -> Budget:
    return Budget(redis_client)


@pytest.fixture
def lost_redis() -> Iterator[redis.Redis]:
    """A Redis that refuses every connection."""
    client = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=None)
    yield client
    client.close()


def take(budget: Budget, count: int, *, limits: Iterable[Limit] = (TEN_SECONDS,), rank: int = URGENT) -> list[Grant]:
    return [budget.acquire("shop", {"requests": 1}, tuple(limits), rank=rank) for _ in range(count)]


def seeded(number: int) -> Random:
    return Random(number)  # noqa: S311  repeatable on purpose


class Holder:
    """Says what it is told to say."""

    def __init__(self, *, holds: bool) -> None:
        self.holds = holds

    def may_hold(self) -> bool:
        return self.holds

    def let_go(self) -> None:
        self.holds = False


def allowed(grants: Iterable[Grant]) -> int:
    return sum(grant.allowed for grant in grants)


def most_in(taken: list[tuple[int, int]], seconds: int) -> int:
    """The most units that any `seconds` hold of [(milliseconds, units)]."""
    return max(
        (sum(units for at, units in taken if start <= at < start + seconds * 1000) for start, _ in taken), default=0
    )


# --- windows ---------------------------------------------------------------------------------------------------------


def test_a_window_admits_its_limit_and_then_names_the_moment_it_has_room_again(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    first = take(budget, 20)
    virtual_clock.advance(4)
    refused = budget.acquire("shop", {"requests": 1}, (TEN_SECONDS,), rank=URGENT)

    assert allowed(first) == 20
    assert not refused.allowed
    assert refused.bucket == "requests"
    # The first call leaves the window after 10 s and its guard of 0.1 s; the spread only ever adds.
    assert refused.retry_at is not None
    room = VIRTUAL_START + timedelta(seconds=10.1)
    assert room <= refused.retry_at <= room + timedelta(seconds=0.05)

    virtual_clock.advance(6.099)
    assert allowed(take(budget, 1)) == 0
    virtual_clock.advance(0.001)
    assert allowed(take(budget, 30)) == 20


def test_a_call_takes_from_all_its_windows_or_from_none(budget: Budget) -> None:
    limits = (TEN_SECONDS, Limit(bucket="mutations", calls=1, seconds=10))
    costs = {"requests": 1, "mutations": 1}

    assert budget.acquire("shop", costs, limits, rank=URGENT).allowed
    refused = budget.acquire("shop", costs, limits, rank=URGENT)

    assert (refused.allowed, refused.bucket) == (False, "mutations")
    assert [usage.used for usage in budget.usage("shop", limits)] == [1, 1]


def test_keys_and_buckets_do_not_touch_each_other(budget: Budget) -> None:
    take(budget, 20)

    assert budget.acquire("other shop", {"requests": 1}, (TEN_SECONDS,), rank=URGENT).allowed
    assert budget.acquire("shop", {"OR11": 1}, (TEN_SECONDS, ORDER_LIST), rank=URGENT).allowed
    assert budget.acquire("shop", {}, (TEN_SECONDS,), rank=URGENT).allowed


def test_a_call_dearer_than_a_whole_window_is_a_fault_of_ours_and_not_a_wait(budget: Budget) -> None:
    with pytest.raises(ValueError, match="One call costs 200000 complexity"):
        budget.acquire("shop", {"complexity": 200_000}, CENTRA, rank=URGENT)
    assert [usage.used for usage in budget.usage("shop", CENTRA)] == [0, 0, 0, 0, 0]


def test_the_stricter_of_two_limits_on_one_window_holds(budget: Budget) -> None:
    assert allowed(take(budget, 10, limits=(TEN_SECONDS, Limit(bucket="requests", calls=3, seconds=10)))) == 3


steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 7, 90, 400, 2_500, 11_000, 61_000]) | st.integers(0, 5_000),  # milliseconds that pass
        st.sampled_from(["requests", "mutations", "complexity"]),
        st.integers(1, 12),  # units, in tenths of a call for the small buckets
        st.sampled_from([URGENT, LATER]),
    ),
    max_size=80,
)
SMALL = (
    Limit(bucket="requests", calls=7, seconds=1),
    Limit(bucket="requests", calls=25, seconds=60),
    Limit(bucket="mutations", calls=12, seconds=10),
    Limit(bucket="complexity", calls=5_000, seconds=10),
    Limit(bucket="complexity", calls=20_000, seconds=60),
)
UNITS = {"requests": 1, "mutations": 1, "complexity": 150}


@given(steps=steps)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_window_is_exceeded_by_any_sequence_of_calls(redis_client: redis.Redis, steps: list) -> None:
    budget, key, clock = Budget(redis_client), next(keys), ports.VirtualClock(VIRTUAL_START)
    taken: dict[str, list[tuple[int, int]]] = {"requests": [], "mutations": [], "complexity": []}
    with ports.using(clock=clock, rng=seeded(1)):
        for passed, bucket, count, rank in steps:
            clock.advance(passed / 1000)
            cost = min(7, count) * UNITS[bucket]
            grant = budget.acquire(key, {bucket: cost}, SMALL, rank=rank)
            if grant.allowed:
                taken[bucket].append((milliseconds(clock.now()), cost))
            else:
                assert grant.retry_at is not None
                assert grant.retry_at > clock.now()
    for limit in SMALL:
        assert most_in(taken[limit.bucket], limit.seconds) <= limit.calls


workers = st.lists(st.sampled_from(["", "", "a", "b", "c", "leaves"]), min_size=80, max_size=80)


@given(steps=steps, workers=workers)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_redis_and_the_windows_in_memory_decide_alike(
    redis_client: redis.Redis, steps: list, workers: list[str]
) -> None:
    """Also where some of the urgent calls are for work that stands in line."""
    budget, key, clock = Budget(redis_client), next(keys), ports.VirtualClock(VIRTUAL_START)
    local, line = LocalWindows(), Line()
    with ports.using(clock=clock, rng=seeded(1)):
        for (passed, bucket, count, rank), name in zip(steps, workers, strict=False):
            clock.advance(passed / 1000)
            costs = {bucket: min(7, count) * UNITS[bucket]}
            now = milliseconds(clock.now())
            if name == "leaves":
                budget.leave(key, "a")
                line.leave("a")
            named = name in ("a", "b", "c") and rank == URGENT
            work = Work(name=name, needs={"requests": 3, "complexity": 300}, begun=name == "c") if named else None
            windows = windows_of(SMALL, costs=costs, kept_back=0.2 if rank == LATER else 0.0)
            at, full = local.room_at(key, windows, now=now, ahead=line.ahead_of(name if work else "", now=now))
            if rank == LATER:
                at, full = max(line.urgent_until(costs, now=now), (at, full))
            if work is not None and at:
                line.told(full, at=at)
            if work is not None and (not at or work.begun):
                line.stand(name, work.before(costs) if at else work.after(costs), now=now)
            if not at:
                local.take(key, windows, now=now)
            grant = budget.acquire(key, costs, SMALL, rank=rank, work=work)
            assert (grant.allowed, grant.bucket) == (at == 0, full)
            assert grant.retry_at is None or milliseconds(grant.retry_at) >= at


def test_when_the_moment_comes_the_call_goes_through(budget: Budget, virtual_clock: ports.VirtualClock) -> None:
    take(budget, 20)
    refused = take(budget, 1)[0]
    assert refused.retry_at is not None

    virtual_clock.advance((refused.retry_at - virtual_clock.now()).total_seconds())

    assert allowed(take(budget, 1)) == 1


def test_a_clock_that_ran_ahead_holds_nobody_up_for_longer_than_one_window(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    virtual_clock.advance(7200)
    take(budget, 20)
    virtual_clock.advance(-7200)

    assert allowed(take(budget, 1)) == 0
    virtual_clock.advance(10.1)
    assert allowed(take(budget, 30)) == 20


# --- many callers ----------------------------------------------------------------------------------------------------

OTHER_PROCESS = """
import sys, redis
from datetime import datetime
from connectors import ports
from connectors.http import Limit
from integrationhub.sync.budget import Budget

url, moments = sys.argv[1], [datetime.fromisoformat(text) for text in sys.argv[2:]]
budget, limits = Budget(redis.Redis.from_url(url)), (Limit(bucket="requests", calls=20, seconds=10),)
clock = ports.VirtualClock(moments[0])
with ports.using(clock=clock):
    for moment in moments:
        clock.advance((moment - clock.now()).total_seconds())
        print(sum(budget.acquire("shop", {"requests": 1}, limits, rank=20).allowed for _ in range(100)), flush=True)
        sys.stdin.readline()
"""


def test_four_processes_share_one_window(redis_client: redis.Redis) -> None:
    moments = [VIRTUAL_START + timedelta(seconds=seconds) for seconds in (0, 5, 11)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, settings.REDIS_URL, *(moment.isoformat() for moment in moments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        totals = []
        for _ in moments:
            totals.append(sum(int(process.stdout.readline()) for process in processes))  # type: ignore[union-attr]
            for process in processes:
                process.stdin.write("\n")  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
        assert totals == [20, 0, 20]
    finally:
        for process in processes:
            process.communicate(timeout=20)


def test_fifty_callers_that_are_put_off_come_back_at_fifty_moments(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    until = VIRTUAL_START + timedelta(seconds=30)
    budget.penalise("shop", ["requests"], until)
    with ports.using(rng=seeded(7)):
        moments = sorted(grant.retry_at for grant in take(budget, 50) if grant.retry_at is not None)

    assert len(set(moments)) == 50
    assert moments[0] >= until
    assert moments[-1] <= until + timedelta(seconds=6)
    assert moments[-1] - moments[0] > timedelta(seconds=4)


# --- lanes -----------------------------------------------------------------------------------------------------------


def test_the_last_fifth_of_a_window_is_for_acceptance_and_orders(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    taken = 0
    for _ in range(4):
        taken += allowed(take(budget, 30, rank=LATER))
        virtual_clock.advance(2.1)
    assert taken == 16
    assert allowed(take(budget, 30, rank=LATER)) == 0
    assert budget.capacity("shop", (TEN_SECONDS,), rank=LATER) == 0
    assert budget.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 4
    assert allowed(take(budget, 30, rank=URGENT)) == 4


def test_the_other_lanes_take_their_part_evenly_so_that_it_comes_free_evenly(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    """Whatever they want, an order of four calls need not wait for the end of the window."""
    for _ in range(10):
        assert allowed(take(budget, 30, rank=LATER)) <= 4
        virtual_clock.advance(1.05)
    for _ in range(3):
        assert allowed(take(budget, 4, rank=URGENT)) == 4
        for _ in range(4):
            take(budget, 30, rank=LATER)
            virtual_clock.advance(1.05)


def ask(budget: Budget, name: str, *, needs: int, begun: bool = False, rank: int = URGENT, costs: int = 1) -> Grant:
    """A call of work that is expected to take so many requests still, this one included."""
    work = Work(name=name, needs={"requests": needs}, begun=begun)
    return budget.acquire("shop", {"requests": costs}, (TEN_SECONDS,), rank=rank, work=work)


def test_what_urgent_work_needs_still_is_kept_for_it_when_it_has_begun(budget: Budget) -> None:
    take(budget, 12)

    assert [ask(budget, name, needs=4).allowed for name in ("first", "second", "third")] == [True, True, False]
    assert budget.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 0
    assert allowed(take(budget, 5)) == 0
    for left in (3, 2, 1):
        assert ask(budget, "second", needs=left, begun=True).allowed
        assert ask(budget, "first", needs=left, begun=True).allowed
    assert [usage.used for usage in budget.usage("shop", (TEN_SECONDS,))] == [20]


def test_an_order_begins_also_where_the_window_holds_a_part_of_its_calls_but_only_one(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    take(budget, 18)
    virtual_clock.advance(1)

    assert ask(budget, "first", needs=4).allowed
    told = ask(budget, "second", needs=4)
    assert ask(budget, "first", needs=3, begun=True).allowed
    halfway = ask(budget, "first", needs=2, begun=True)

    room = VIRTUAL_START + timedelta(seconds=10.1)
    assert told.retry_at is not None
    assert told.retry_at <= virtual_clock.now() + timedelta(seconds=0.25)  # room is there, and spoken for: ask again
    assert halfway.retry_at is not None
    assert room <= halfway.retry_at <= room + timedelta(seconds=0.05)


def test_the_first_to_begin_gets_the_first_call_there_is(budget: Budget, virtual_clock: ports.VirtualClock) -> None:
    ask(budget, "first", needs=2)
    virtual_clock.advance(1)
    take(budget, 18)
    ask(budget, "second", needs=2)  # nothing: one call is left, and it is the first's
    ask(budget, "first", needs=1, begun=True)
    for name in ("third", "second"):  # told more than was expected of them, both are midway without a place
        assert not ask(budget, name, needs=1, begun=True).allowed
    virtual_clock.advance(9.1)

    assert not ask(budget, "second", needs=1, begun=True).allowed
    assert not take(budget, 1)[0].allowed
    assert ask(budget, "third", needs=1, begun=True).allowed
    virtual_clock.advance(1)
    assert ask(budget, "second", needs=1, begun=True).allowed


def test_whoever_leaves_the_line_keeps_nobody_waiting(budget: Budget) -> None:
    assert ask(budget, "first", needs=20).allowed
    assert not ask(budget, "second", needs=4).allowed

    budget.leave("shop", "first")

    assert ask(budget, "second", needs=4).allowed
    assert budget.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 15


def test_who_does_not_ask_for_longer_than_a_window_loses_its_place(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    """Its process was killed, or its call hangs."""
    ask(budget, "first", needs=21)
    virtual_clock.advance(14.9)
    assert not ask(budget, "second", needs=4).allowed
    virtual_clock.advance(0.1)
    assert ask(budget, "second", needs=4).allowed
    assert ask(budget, "first", needs=19, begun=True).allowed  # behind the second from now on
    assert budget.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 0
    assert ask(budget, "second", needs=3, begun=True).allowed


def test_a_place_from_a_clock_that_ran_ahead_keeps_nobody_waiting(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    virtual_clock.advance(7200)
    ask(budget, "first", needs=20)
    virtual_clock.advance(-7200)
    take(budget, 1)  # what was spent at that clock counts from now
    assert budget.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 18


def test_a_caller_that_read_the_clock_earlier_and_comes_later_drops_nobody(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    virtual_clock.advance(0.02)
    ask(budget, "first", needs=19)
    virtual_clock.advance(-0.02)
    assert ask(budget, "second", needs=4).allowed
    assert not ask(budget, "third", needs=4).allowed
    assert ask(budget, "first", needs=18, begun=True).allowed
    assert budget.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 0


def test_the_line_goes_with_a_wipe_and_comes_back_with_the_next_calls(
    budget: Budget, redis_client: redis.Redis
) -> None:
    ask(budget, "first", needs=19)
    redis_client.flushdb()

    assert ask(budget, "second", needs=4).allowed
    assert ask(budget, "first", needs=18, begun=True).allowed
    assert not ask(budget, "third", needs=4).allowed


def test_other_lanes_stand_in_no_line_and_wait_for_those_that_do(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    assert ask(budget, "stock", needs=20, rank=LATER).allowed
    assert budget.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 19

    assert ask(budget, "order", needs=19).allowed  # 18 are kept for it: the 4 kept back, and 14 of the other lanes' 16
    assert [grant.allowed for grant in take(budget, 2, rank=LATER)] == [False, False]
    budget.leave("shop", "order")
    assert take(budget, 1, rank=LATER)[0].allowed


def test_while_urgent_work_waits_for_room_other_lanes_do_not_slip_in_before_it(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    take(budget, 20)
    ask(budget, "order", needs=4)
    virtual_clock.advance(10.1)

    assert not take(budget, 1, rank=LATER)[0].allowed
    assert allowed(take(budget, 1)) == 1  # a person's call, say
    virtual_clock.advance(2)
    assert take(budget, 1, rank=LATER)[0].allowed


def test_without_redis_the_line_holds_too(lost_redis: redis.Redis, virtual_clock: ports.VirtualClock) -> None:
    budget = Budget(lost_redis)  # a fifth of twenty calls
    assert ask(budget, "first", needs=4).allowed
    assert not ask(budget, "second", needs=4).allowed
    assert budget.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 16
    assert [ask(budget, "first", needs=left, begun=True).allowed for left in (3, 2, 1)] == [True] * 3
    virtual_clock.advance(10.1)
    assert ask(budget, "second", needs=4).allowed
    budget.leave("shop", "second")
    assert allowed(take(budget, 5)) == 3


def test_a_limit_of_one_call_keeps_no_reserve_and_shuts_no_lane_out(budget: Budget) -> None:
    assert budget.acquire("shop", {"OR11": 1}, (ORDER_LIST,), rank=LATER).allowed


def test_a_dear_call_of_a_late_lane_goes_when_the_window_is_empty(budget: Budget) -> None:
    limits = (Limit(bucket="complexity", calls=100, seconds=10),)

    assert budget.acquire("shop", {"complexity": 95}, limits, rank=LATER).allowed
    assert not budget.acquire("shop", {"complexity": 1}, limits, rank=LATER).allowed


def test_capacity_counts_what_every_call_takes_and_not_what_one_operation_takes(budget: Budget) -> None:
    limits = (*CENTRA, ORDER_LIST)
    assert budget.acquire("shop", {"OR11": 1, "requests": 1}, limits, rank=URGENT).allowed

    assert budget.capacity("shop", limits, rank=URGENT) == 19
    assert budget.capacity("shop", limits, rank=URGENT, costs={"OR11": 1}) == 0
    assert budget.capacity("shop", limits, rank=URGENT, costs={"requests": 2, "mutations": 3}) == 9
    assert budget.capacity("shop", (ORDER_LIST,), rank=URGENT) == 1000


# --- 429 -------------------------------------------------------------------------------------------------------------


def test_a_closed_bucket_is_closed_for_every_process_to_the_second(
    budget: Budget, redis_client: redis.Redis, virtual_clock: ports.VirtualClock
) -> None:
    until = VIRTUAL_START + timedelta(seconds=90)
    budget.penalise("shop", ["requests"], until)
    other = Budget(redis_client)

    for each in (budget, other):
        refused = take(each, 1)[0]
        assert (refused.allowed, refused.bucket) == (False, "requests")
        assert refused.retry_at is not None
        assert refused.retry_at >= until
        assert each.capacity("shop", (TEN_SECONDS,), rank=URGENT) == 0
        assert each.usage("shop", (TEN_SECONDS,))[0].closed_until == until
    assert other.acquire("shop", {"OR11": 1}, (ORDER_LIST,), rank=URGENT).allowed
    virtual_clock.advance(90)
    assert allowed(take(other, 1)) == 1


def test_a_shorter_penalty_does_not_open_a_bucket_early(
    budget: Budget, redis_client: redis.Redis, virtual_clock: ports.VirtualClock
) -> None:
    budget.penalise("shop", ["requests"], VIRTUAL_START + timedelta(seconds=90))
    budget.penalise("shop", ["requests"], VIRTUAL_START + timedelta(seconds=5))
    virtual_clock.advance(60)

    assert allowed(take(budget, 1)) == 0
    assert allowed(take(Budget(redis_client), 1)) == 0


def test_refusals_in_a_row_close_for_longer_each_time_and_one_alone_as_long_as_it_says(
    budget: Budget, virtual_clock: ports.VirtualClock
) -> None:
    waits = []
    for _ in range(6):
        budget.penalise("shop", ["requests"], virtual_clock.now() + timedelta(seconds=1))
        (usage,) = {each.closed_until for each in budget.usage("shop", (TEN_SECONDS,))}
        assert usage is not None
        waits.append((usage - virtual_clock.now()).total_seconds())
        virtual_clock.advance(waits[-1])
    assert waits == [1, 2, 4, 8, 10, 10]
    virtual_clock.advance(20)
    budget.penalise("shop", ["requests"], virtual_clock.now() + timedelta(seconds=1))
    virtual_clock.advance(1)
    assert allowed(take(budget, 1)) == 1


def test_a_429_of_a_call_without_buckets_closes_the_whole_key(budget: Budget, redis_client: redis.Redis) -> None:
    budget.penalise("shop", [], VIRTUAL_START + timedelta(seconds=30))

    refused = take(Budget(redis_client), 1)[0]
    assert (refused.allowed, refused.bucket) == (False, "*")


# --- Redis is wiped --------------------------------------------------------------------------------------------------


def test_windows_are_filled_again_from_the_records_after_a_wipe(
    redis_client: redis.Redis, virtual_clock: ports.VirtualClock
) -> None:
    hourly = Limit(bucket="mutations", calls=1_000, seconds=3600)
    records: list[Spent] = []
    asked: list[tuple[str, datetime]] = []

    def spent_since(key: str, since: datetime) -> list[Spent]:
        asked.append((key, since))
        return records

    budget = Budget(redis_client, spent_since=spent_since)
    for _ in range(990):
        assert budget.acquire("shop", {"mutations": 1}, (hourly,), rank=URGENT).allowed
        records.append(("mutations", virtual_clock.now(), 1))
        virtual_clock.advance(1)
    redis_client.flushdb()

    assert allowed(budget.acquire("shop", {"mutations": 1}, (hourly,), rank=URGENT) for _ in range(50)) == 10
    assert asked[1] == ("shop", virtual_clock.now() - timedelta(seconds=3601))
    assert len(asked) == 2
    assert len(records) == 990


def test_what_was_spent_before_the_window_is_not_counted(budget: Budget, virtual_clock: ports.VirtualClock) -> None:
    old, recent = VIRTUAL_START - timedelta(seconds=30), VIRTUAL_START - timedelta(seconds=3)
    spent = [("requests", old, 15), ("requests", recent, 4), ("requests", recent, 1), ("mutations", recent, 9)]

    assert budget.seed("shop", (TEN_SECONDS,), spent)
    assert budget.usage("shop", (TEN_SECONDS,))[0].used == 5
    virtual_clock.advance(7.2)
    assert budget.usage("shop", (TEN_SECONDS,))[0].used == 0


def test_only_the_first_to_fill_a_window_counts(budget: Budget) -> None:
    spent = [("requests", VIRTUAL_START, 5)]

    assert budget.seed("shop", (TEN_SECONDS,), spent)
    assert not budget.seed("shop", (TEN_SECONDS,), spent)
    assert budget.usage("shop", (TEN_SECONDS,))[0].used == 5


def test_a_wipe_does_not_open_what_this_process_knows_to_be_closed(budget: Budget, redis_client: redis.Redis) -> None:
    budget.penalise("shop", ["requests"], VIRTUAL_START + timedelta(seconds=90))
    redis_client.flushdb()

    assert allowed(take(budget, 1)) == 0


def test_the_generation_changes_with_a_wipe_and_only_then(budget: Budget, redis_client: redis.Redis) -> None:
    before = budget.generation()
    assert Budget(redis_client).generation() == before
    redis_client.flushdb()
    assert budget.generation() != before


# --- Redis is down ---------------------------------------------------------------------------------------------------


def test_without_redis_one_process_goes_on_with_a_part_of_the_limits(
    lost_redis: redis.Redis, virtual_clock: ports.VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    budget = Budget(lost_redis)

    assert allowed(take(budget, 20)) == 4  # a fifth of 20
    assert budget.degraded
    virtual_clock.advance(10.1)
    assert allowed(take(budget, 20)) == 4
    assert [record.message for record in caplog.records] == [
        "Redis cannot be asked; the call budget is kept in this process: ConnectionError"
    ]


def test_without_redis_a_process_that_does_not_hold_the_budget_makes_no_call(
    lost_redis: redis.Redis, virtual_clock: ports.VirtualClock
) -> None:
    refused = take(Budget(lost_redis, holding=Holder(holds=False)), 1)[0]

    assert not refused.allowed
    assert refused.retry_at is not None
    assert refused.retry_at >= VIRTUAL_START + timedelta(seconds=5)


def test_who_goes_on_alone_begins_with_full_short_windows(
    lost_redis: redis.Redis, virtual_clock: ports.VirtualClock
) -> None:
    """Calls of the last seconds, by whomever, may not be on record yet."""
    hourly = Limit(bucket="requests", calls=100, seconds=3600)
    budget = Budget(lost_redis, holding=Holder(holds=True))

    first = take(budget, 20, limits=(TEN_SECONDS, hourly))
    assert (allowed(first), first[0].bucket) == (0, "requests")
    virtual_clock.advance(10.1)
    assert allowed(take(budget, 20, limits=(TEN_SECONDS, hourly))) == 4
    virtual_clock.advance(10.1)
    assert allowed(take(budget, 20, limits=(TEN_SECONDS, hourly))) == 4


def test_who_was_not_the_one_meanwhile_forgets_what_it_had_counted(
    lost_redis: redis.Redis, virtual_clock: ports.VirtualClock
) -> None:
    holder = Holder(holds=True)
    budget = Budget(lost_redis, holding=holder)
    take(budget, 1)
    virtual_clock.advance(10.1)
    assert allowed(take(budget, 1)) == 1
    holder.holds = False
    assert allowed(take(budget, 1)) == 0
    holder.holds = True
    assert allowed(take(budget, 1)) == 0  # another may have called
    virtual_clock.advance(10.1)
    assert allowed(take(budget, 20)) == 4


def test_one_process_of_all_is_the_one_and_another_after_it(db: None, virtual_clock: ports.VirtualClock) -> None:
    first, second = (OneHolder(settings.DATABASE_URL, name="test:budget", idle_seconds=3600) for _ in range(2))
    try:
        assert (first.may_hold(), second.may_hold()) == (True, False)
        first.let_go()
        assert second.may_hold() is False  # it does not ask again so soon
        virtual_clock.advance(5)
        assert (second.may_hold(), first.may_hold()) == (True, False)
        second.let_go_if_idle()
        assert second.may_hold() is True
        virtual_clock.advance(3600)
        second.let_go_if_idle()  # it has not called for so long
        assert first.may_hold() is True
    finally:
        first.let_go()
        second.let_go()


def test_without_a_database_nobody_is_the_one(virtual_clock: ports.VirtualClock) -> None:
    assert OneHolder("postgresql://127.0.0.1:1/none", name="test:budget").may_hold() is False


def test_the_hubs_own_budget_asks_who_is_the_one() -> None:
    assert isinstance(shared_budget()._holding, OneHolder)


def test_looking_takes_nothing(budget: Budget, lost_redis: redis.Redis) -> None:
    for one in (budget, Budget(lost_redis)):
        assert all(one.look("shop", {"requests": 1}, (TEN_SECONDS,), rank=URGENT).allowed for _ in range(40))
        assert one.usage("shop", (TEN_SECONDS,))[0].used == 0
        taken = allowed(take(one, 40))
        refused = one.look("shop", {"requests": 1}, (TEN_SECONDS,), rank=URGENT)
        assert (taken in (4, 20), refused.allowed) == (True, False)
        assert refused.retry_at is not None
        assert refused.retry_at >= VIRTUAL_START + timedelta(seconds=10)


def test_without_redis_what_the_records_say_was_spent_counts(
    lost_redis: redis.Redis, virtual_clock: ports.VirtualClock
) -> None:
    spent: list[Spent] = [("requests", VIRTUAL_START - timedelta(seconds=2), 3)]
    budget = Budget(lost_redis, spent_since=lambda key, since: spent)

    assert allowed(take(budget, 20)) == 1


def test_without_redis_penalties_hold(lost_redis: redis.Redis, virtual_clock: ports.VirtualClock) -> None:
    budget = Budget(lost_redis)
    budget.penalise("shop", ["requests"], VIRTUAL_START + timedelta(seconds=30))

    assert allowed(take(budget, 1)) == 0
    assert budget.usage("shop", (TEN_SECONDS,))[0].closed_until == VIRTUAL_START + timedelta(seconds=30)
    virtual_clock.advance(30)
    assert allowed(take(budget, 1)) == 1


class Outage:
    """Cuts a client off from Redis and lets it back."""

    def __init__(self, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tries = 0
        self.down = False
        whole = client.execute_command

        def execute(*args: object, **options: object) -> object:
            if self.down:
                self.tries += 1
                raise redis.ConnectionError("down")
            return whole(*args, **options)

        monkeypatch.setattr(client, "execute_command", execute)


def test_when_redis_answers_again_it_learns_what_was_spent_meanwhile(
    budget: Budget, redis_client: redis.Redis, virtual_clock: ports.VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage(redis_client, monkeypatch)
    take(budget, 10)
    outage.down = True
    assert allowed(take(budget, 20)) == 4
    outage.down = False
    assert allowed(take(budget, 20)) == 0  # it is not asked again so soon, and the part is used up
    virtual_clock.advance(5)

    assert allowed(take(budget, 20)) == 6
    assert not budget.degraded
    assert Budget(redis_client).usage("shop", (TEN_SECONDS,))[0].used == 20


def test_a_redis_that_is_down_is_asked_once_in_five_seconds(
    budget: Budget, redis_client: redis.Redis, virtual_clock: ports.VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage(redis_client, monkeypatch)
    outage.down = True
    for _ in range(10):
        take(budget, 5)
        budget.capacity("shop", (TEN_SECONDS,), rank=URGENT)
        virtual_clock.advance(1)
    outage.down = False

    assert outage.tries == 2


def test_the_hubs_own_budget_is_one_per_process_and_waits_a_second_for_redis_at_most() -> None:
    budget = shared_budget()

    assert shared_budget() is budget
    connection = budget._client.connection_pool.connection_kwargs
    assert (connection["socket_timeout"], connection["socket_connect_timeout"]) == (1.0, 1.0)
