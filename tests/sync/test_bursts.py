"""A burst of orders runs into a limit: each comes as soon as the limit lets as many calls through, in every phase of its window.

The real drain, gate and budget (its scripts in Redis), on a virtual clock; jobs, platform and database are models.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from benchmarks.b3b import floors, late_by
from connectors import ports
from connectors.http import Call, Exchange, Limit
from integrationhub.sync import drain, expecting, gate
from integrationhub.sync.budget import Budget
from integrationhub.sync.claim import ClaimedJob
from integrationhub.sync.flows import Done, Flow, Outcome
from integrationhub.sync.lanes import QUEUES, URGENT, Lane
from integrationhub.sync.outcomes import Try
from integrationhub.sync.run import Run
from tests.conftest import VIRTUAL_START
from tests.sync.turns import Bell, TurnEvent, TurnLock, TurnPool, Turns

LIMITS = (
    Limit(bucket="requests", calls=20, seconds=10),
    Limit(bucket="requests", calls=10_000, seconds=3600),
    Limit(bucket="mutations", calls=100, seconds=10),
)
CENTRA, SHOP = 1, 2
REQUEST, MUTATION = {"requests": 1}, {"requests": 1, "mutations": 2}
ORDER = (
    REQUEST,
    {},
    REQUEST,
    REQUEST,
    MUTATION,
)  # look up, create (another API), read back, read before finishing, confirm
BURST_AT = 30.0
COUNT, WARM_UP = 20, 5
BESIDE = 0  # the number of calls that are no order's


@dataclass
class Job:
    """A row of the queue."""

    claimed: ClaimedJob
    due_at: datetime
    state: str = "QUEUED"


class Places:
    """The one connection."""

    def __init__(self, its_gate: gate.ConnectionGate) -> None:
        self._place = SimpleNamespace(gate=its_gate)

    def __call__(self, connection_id: int) -> SimpleNamespace:
        return self._place

    def calls_allowed(self, connection_id: int) -> bool:
        return True


@dataclass
class Ground:
    """Workers of one installation, and what they did at the platform."""

    turns: Turns
    budget: Budget
    random: Random
    jobs: list[Job] = field(default_factory=list)
    calls: list[tuple[float, int]] = field(default_factory=list)  # when each request began, and its job
    done: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.woken = Bell(self.turns)
        self.gate = gate.ConnectionGate(connection_id=CENTRA, budget=self.budget, key="centra", limits=LIMITS)

    # --- what happens ---------------------------------------------------------------------------------------------
    def enqueue(self, number: int, *, flow: str = "import_order", lane: int = Lane.ORDERS) -> None:
        claimed = ClaimedJob(
            id=number,
            brand_id=1,
            schedule_id=1,
            connection_id=CENTRA,
            link_id=1,
            flow=flow,
            key=str(number),
            serial_key=str(number),
            lane=lane,
            record_id=None,
            argument=None,
            wanted=1,
            fence=1,
            tries=0,
            was="QUEUED",
            occurred_at=None,
            deadline_at=None,
            value=None,
            value_currency="",
            own_deadline=0.0,
        )
        self.jobs.append(Job(claimed=claimed, due_at=self.turns.now()))
        self.woken.ring()

    def work(self, queue_name: str) -> None:
        """A worker, woken by what is enqueued and by the sweeper."""
        while True:
            drain.drain_connection(CENTRA, queue_name)
            if not self._waiting(QUEUES[queue_name]):
                self.woken.wait()

    def call_beside(self, *, rank: int = Lane.STOCK) -> None:
        """A feed's request, or another program's."""
        while not self.budget.acquire("centra", REQUEST, LIMITS, rank=rank).allowed:
            self.turns.sleep(0.5)
        self.calls.append((self.turns.boottime(), BESIDE))

    def import_order(self, run: Run) -> Outcome:
        for costs in ORDER:
            self._pause(0.005, 0.03)  # the hub's own work
            call = Call(operation="call", write=False, method="POST", url="/graphql", costs=costs)
            self.gate.before_call(call)
            if "requests" in costs:
                self.calls.append((self.turns.boottime(), run.job.id))
            began = self.turns.now()
            self._pause(0.003, 0.012)
            exchange = Exchange(
                call=call,
                request_headers={},
                request_body="",
                status=200,
                response_headers={},
                response_body="",
                started_at=began,
                seconds=0.01,
            )
            self.gate.after_call(exchange)
        self.done[run.job.id] = self.turns.boottime()
        return Done()

    # --- what the database does -----------------------------------------------------------------------------------
    def claim(
        self, *, connection_id: int, lanes: Sequence[int], size: int, owner: str, held: object
    ) -> list[ClaimedJob]:
        self._pause(0.002, 0.006)
        due = [job for job in self._waiting(lanes) if job.due_at <= self.turns.now()]
        chosen = sorted(due, key=lambda job: (job.claimed.lane, job.due_at, job.claimed.id))[:size]
        for job in chosen:
            job.state = "RUNNING"
        own_deadline = self.turns.boottime() + 60
        return [replace(job.claimed, own_deadline=own_deadline) for job in chosen]

    def settle(self, tries: Sequence[Try], *, owner: str) -> dict[int, str]:
        self._pause(0.002, 0.008)
        states = {}
        for _, verdict in tries:
            assert verdict is not None
            job = next(job for job in self.jobs if job.claimed.id == verdict.job.id)
            job.state, job.due_at = verdict.state, verdict.due_at or self.turns.now()
            states[job.claimed.id] = job.state
        return states

    def next_due(self, connection_id: int, *, lanes: Sequence[int]) -> datetime | None:
        return min((job.due_at for job in self._waiting(lanes) if job.due_at > self.turns.now()), default=None)

    def give_back(self, jobs: Sequence[ClaimedJob]) -> int:
        for given in jobs:
            next(job for job in self.jobs if job.claimed.id == given.id).state = given.was
        return len(jobs)

    def _waiting(self, lanes: Sequence[int]) -> list[Job]:
        return [job for job in self.jobs if job.state in ("QUEUED", "RETRYING") and job.claimed.lane in lanes]

    def _pause(self, least: float, most: float) -> None:
        self.turns.sleep(self.random.uniform(least, most))


@pytest.fixture
def ground(redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    turns, random = Turns(VIRTUAL_START), Random(1)  # noqa: S311  repeatable on purpose
    made = Ground(turns=turns, budget=Budget(redis_client), random=random)
    flow = Flow(name="import_order", label="Create orders", lane=Lane.ORDERS, run=made.import_order, side="target")
    learned = expecting.Expectations()
    begin = drain._Slice.__init__

    def begin_with_turns(part: drain._Slice, *words: Any, **more: Any) -> None:
        begin(part, *words, **more)
        part._claiming, part._stirred = TurnLock(turns), TurnEvent(turns)  # type: ignore[assignment]

    for name, value in {
        "claim": made.claim,
        "give_back": made.give_back,
        "next_due": made.next_due,
        "settle": made.settle,
        "place": Places(made.gate),
        "flow": lambda name: flow,
        "standing_schedules": lambda connection_id: ({}, []),
        "release_database": lambda: None,
        "connection": SimpleNamespace(close=lambda: None),
        "ThreadPoolExecutor": TurnPool(turns),
        "_calls_a_job": {},
        "expectations": learned,
    }.items():
        monkeypatch.setattr(drain, name, value)
    monkeypatch.setattr(drain._Slice, "__init__", begin_with_turns)
    monkeypatch.setattr(drain.standing, "note_success", lambda schedules: None)
    monkeypatch.setattr(drain.queue, "taken_up", lambda *words: None)
    monkeypatch.setattr(drain.queue, "wake", lambda *words: None)
    monkeypatch.setattr(drain.queue, "queued_ids", lambda name: [])
    monkeypatch.setattr(gate, "release_database", lambda: None)
    monkeypatch.setattr(gate, "expectations", learned)
    with ports.using(clock=turns, rng=random):
        yield made
        turns.end()


def burst(ground: Ground, *, beside: Sequence[float] = (), workers: int = 1) -> list[float]:
    """How much later than its floor each order is there; `beside`: when other requests are made, from the burst on."""
    for _ in range(workers):
        ground.turns.start(lambda: ground.work(URGENT), at=0.0)
    for number in range(WARM_UP):  # what an order takes is learned
        ground.enqueue(COUNT + 1 + number)
    for moment in beside:
        ground.turns.start(ground.call_beside, at=BURST_AT + moment)
    ground.turns.start(lambda: [ground.enqueue(number) for number in range(1, COUNT + 1)], at=BURST_AT)
    ground.turns.run(until=BURST_AT + 90)
    there = [at for number, at in ground.done.items() if number <= COUNT]
    others = [at for at, number in ground.calls if number == BESIDE]
    return list(late_by(there, floors(COUNT, start=BURST_AT, calls=4.0, latency=0.0, others=others)))


PHASES = (
    pytest.param((), id="nothing else"),
    pytest.param((-7.0,), id="one call a while before"),
    pytest.param((-3.0, -1.0), id="two calls before"),
    pytest.param((-9.9, -6.0, -0.1), id="three calls spread over the window before"),
    pytest.param(tuple(-4 + number / 10 for number in range(11)), id="half a window before"),
    pytest.param((0.3, 0.4, 12.0, 21.0, 30.1), id="calls that want in while orders wait"),
    pytest.param(tuple(-9 + 2.5 * number for number in range(24)), id="a feed that reads every 2.5 s"),
    pytest.param(tuple(-5 + 5.0 * number for number in range(12)), id="a feed that reads every 5 s"),
)


@pytest.mark.parametrize("beside", PHASES)
def test_every_order_of_a_burst_is_there_when_the_limit_lets_it(ground: Ground, beside: Sequence[float]) -> None:
    """Four windows, each a tenth of a second further from the limit than the one before; the rest is the hub's own work."""
    late = burst(ground, beside=beside)
    assert len(late) == COUNT
    assert max(late) < 0.8


@pytest.mark.parametrize("beside", [(), (-7.0,), (0.3, 0.4, 12.0, 21.0, 30.1)])
def test_two_workers_share_one_line(ground: Ground, beside: Sequence[float]) -> None:
    late = burst(ground, beside=beside, workers=2)
    assert len(late) == COUNT
    assert max(late) < 0.8


def test_no_window_is_exceeded_and_none_is_left_unused_while_orders_wait(ground: Ground) -> None:
    burst(ground)
    moments = sorted(at for at, number in ground.calls if number <= COUNT)
    within = [sum(start <= at < start + 10 for at in moments) for start in moments]
    assert max(within) == 20
    soonest = floors(1, start=moments[0], calls=len(moments), latency=0.0)[-1]
    assert (soonest - moments[0]) / (moments[-1] - moments[0]) > 0.95


def test_an_order_is_not_put_off_with_half_of_its_calls_made(ground: Ground) -> None:
    burst(ground, beside=(-7.0,))
    assert len([number for _, number in ground.calls if 0 < number <= COUNT]) == 4 * COUNT
