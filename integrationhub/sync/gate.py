"""The engine's say over every call: budget, own deadline and fence before it, the record after it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from connectors import ports
from connectors.canonical.errors import TransientError
from connectors.http import Call, Exchange, Limit
from integrationhub.sync.budget import Budget
from integrationhub.sync.budget_line import Work
from integrationhub.sync.expecting import expectations
from integrationhub.sync.lanes import URGENT_LANES

if TYPE_CHECKING:
    from integrationhub.sync.run import Run

WAIT_SECONDS = 2.0  # a call that may start this soon is waited for; a later one is put off
# A job that has called already waits longer for the budget: put off, it would begin again with calls it has made. Where the
# platform itself asked to wait, nobody stands in line.
MIDWAY_WAIT_SECONDS = 11.0  # the next of the ten-second windows that platforms count in
SHORTEST_WAIT_SECONDS = 0.01
_thread = threading.local()


class OvertakenError(Exception):
    """This worker may not go on with its job: its lease ran out, or another holds it. Whatever it knows is not written."""


class UnguardedWriteError(Exception):
    """A flow tried to write to a platform without the write protocol: a fault in the flow."""


class BudgetSpentError(TransientError):
    """The call budget has no room now. Nothing failed: it does not count as a try."""


@contextmanager
def running(run: "Run") -> Iterator[None]:
    """Calls made in this thread while the block runs belong to this run."""
    _thread.run = run
    try:
        yield
    finally:
        _thread.run = None
        for gate in run.in_line.values():
            gate.budget.leave(gate.key, _name(run))


def current_run() -> "Run | None":
    return getattr(_thread, "run", None)


class ConnectionGate:
    """Stands before every call to one connection, whoever makes it."""

    def __init__(self, *, connection_id: int, budget: Budget, key: str, limits: tuple[Limit, ...]) -> None:
        self.connection_id = connection_id
        self.budget = budget
        self.key = key
        self.limits = limits

    def before_call(self, call: Call) -> None:
        run = current_run()
        self._take_budget(call, rank=run.job.lane if run else 0)
        if run is not None:
            run.check_before(call)
        release_database()

    def after_call(self, exchange: Exchange) -> None:
        run = current_run()
        if run is not None:
            run.calls.append((self.connection_id, exchange))

    def penalise(self, call: Call, *, until: datetime) -> None:
        self.budget.penalise(self.key, tuple(call.costs), until)

    def capacity(self, rank: int) -> int:
        return self.budget.capacity(self.key, self.limits, rank=rank)

    def room_at(self, costs: Mapping[str, int], *, rank: int) -> datetime | None:
        """When a call of these costs may start; None: at once, or so soon that it is waited for.

        Without costs: one unit of each bucket in lower case, which count every call.
        """
        retry_at = self._look(costs, rank=rank)
        return None if retry_at is None or retry_at <= ports.now() + timedelta(seconds=WAIT_SECONDS) else retry_at

    def wait_for_room(self, rank: int) -> float:
        """Seconds until a call that takes one unit of each bucket in lower case may start."""
        retry_at = self._look({}, rank=rank)
        return 0.0 if retry_at is None else max((retry_at - ports.now()).total_seconds(), SHORTEST_WAIT_SECONDS)

    def _look(self, costs: Mapping[str, int], *, rank: int) -> datetime | None:
        wanted = costs or {limit.bucket: 1 for limit in self.limits if limit.bucket.islower()}
        grant = self.budget.look(self.key, wanted, self.limits, rank=rank)
        return None if grant.allowed else grant.retry_at

    def _take_budget(self, call: Call, *, rank: int) -> None:
        run, began = current_run(), ports.boottime()
        midway = run is not None and bool(run.calls)
        work = self._work(run, call)
        while True:
            grant = self.budget.acquire(self.key, call.costs, self.limits, rank=rank, work=work)
            if run is not None and work is not None:
                self._note_place(run, stands=bool(work.after(call.costs)) if grant.allowed else work.begun)
            if grant.allowed:
                return
            retry_at = grant.retry_at or ports.now() + timedelta(seconds=1)
            wait = (retry_at - ports.now()).total_seconds()
            patience = MIDWAY_WAIT_SECONDS if midway and not grant.closed else WAIT_SECONDS
            if ports.boottime() + wait > began + patience:
                raise BudgetSpentError("The call budget is used up for now.", retry_at=retry_at, code="budget")
            ports.sleep(max(wait, SHORTEST_WAIT_SECONDS))

    def _work(self, run: "Run | None", call: Call) -> Work | None:
        """What the call is for, where others may have to wait for it."""
        if run is None or run.job.lane not in URGENT_LANES:
            return None
        needs = expectations.needs(run, self.connection_id)
        wanted = {bucket: max(units, needs.get(bucket, 0)) for bucket, units in call.costs.items()}
        return Work(name=_name(run), needs=needs | wanted, begun=bool(run.calls))

    def _note_place(self, run: "Run", *, stands: bool) -> None:
        """Keep in mind whether the run stands in this budget's line, to leave it when it ends."""
        if stands:
            run.in_line[self.key] = self
        else:
            run.in_line.pop(self.key, None)


def _name(run: "Run") -> str:
    return f"{run.job.id}:{run.job.fence}"


def release_database() -> None:
    """Give the connection back to the pool: none is held while a platform thinks. An open transaction here is a fault of ours."""
    if not connection.in_atomic_block:
        connection.close()
    elif not settings.ALLOW_CALLS_IN_TRANSACTIONS:
        raise UnguardedWriteError("A platform was called inside a database transaction.")
