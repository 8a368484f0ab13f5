"""B1: jobs that do nothing, through the real dispatcher. What a job costs when its work costs nothing."""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Max, Min

from benchmarks.ground import Ground, empty
from benchmarks.measuring import Figure, Goal, Report, Watched, output_of, paired
from benchmarks.noop import NOOP, enqueue_noops
from benchmarks.peers import celery_queue
from benchmarks.progress import say
from connectors.models import Brand, Connection
from integrationhub.sync import queue
from integrationhub.sync.lanes import DRAIN
from integrationhub.sync.models import SyncAttempt, SyncJob

TITLE = "Jobs that do nothing, through the real dispatcher"
TABLES = ("sync_syncjob", "sync_attempt", "sync_blocker")
PATIENCE_SECONDS = 120.0


@dataclass
class _Measured:
    hub: list[float] = field(default_factory=list)  # jobs a second
    hub_small: list[float] = field(default_factory=list)
    celery: list[float] = field(default_factory=list)
    limit: list[float] = field(default_factory=list)
    hub_mb: list[float] = field(default_factory=list)
    celery_mb: list[float] = field(default_factory=list)
    wake_ups: list[float] = field(default_factory=list)


def run(ground: Ground, *, quick: bool) -> Report:
    count, times = (5_000, 3) if quick else (20_000, 5)
    place = _place()
    measured = _Measured()
    for number in range(times):
        say(f"B1: round {number + 1} of {times}, {count:,} jobs each")
        _hub(ground, place, count // 4, into=measured.hub_small, measured=None)
        _hub(ground, place, count, into=measured.hub, measured=measured)
        _celery(ground, count, measured)
        measured.limit.append(count / _limit(ground, count))
    return _report(measured, count=count)


def _place() -> Connection:
    brand, _ = Brand.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    defaults = {"base_url": "https://instant.example.com", "credentials": {"token": "bench-token"}}
    place, _ = Connection.objects.get_or_create(brand=brand, platform="instant", name="B1", defaults=defaults)
    return place


def _hub(ground: Ground, place: Connection, count: int, *, into: list[float], measured: _Measured | None) -> None:
    """The queue is filled, one worker starts, works it off and ends; its rows tell from when to when."""
    empty(TABLES)
    enqueue_noops(place, count)
    wake_ups = len(queue.queued_ids(DRAIN))
    with ground.worker(DRAIN, burst=True) as worker:
        output_of(worker, seconds=PATIENCE_SECONDS)
    into.append(count / _seconds_of(count))
    if measured is not None:
        measured.hub_mb.append(worker.peak_mb)
        measured.wake_ups.append(wake_ups)


def _seconds_of(count: int) -> float:
    done = SyncJob.objects.filter(flow=NOOP.name, state=SyncJob.State.DONE)
    tries = SyncAttempt.objects.filter(result=SyncAttempt.Result.DONE)
    if (done.count(), tries.count()) != (count, count):
        raise RuntimeError(f"{done.count()} of {count} jobs are done, with {tries.count()} tries.")
    began: datetime = tries.aggregate(at=Min("started_at"))["at"]
    ended: datetime = tries.aggregate(at=Max("finished_at"))["at"]
    connection.close()
    return (ended - began).total_seconds()


def _celery(ground: Ground, count: int, measured: _Measured) -> None:
    with ground.program("-m", "benchmarks.peers.celery_noop", str(count)) as filler:
        output_of(filler, seconds=PATIENCE_SECONDS)
    with ground.program(*celery_queue.worker_words()) as worker:
        measured.celery.append(count / _celery_seconds(worker))
    measured.celery_mb.append(worker.peak_mb)


def _celery_seconds(worker: Watched) -> float:
    store = celery_queue.store()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and worker.process.poll() is None:
        if told := store.get(celery_queue.KEY):
            return float(json.loads(str(told, "ascii") if isinstance(told, bytes) else str(told))["seconds"])
        time.sleep(0.1)
    raise RuntimeError("Celery did not work its queue off in time.")


def _limit(ground: Ground, count: int) -> float:
    with ground.program("-m", "benchmarks.peers.skip_locked", str(count)) as peer:
        return float(json.loads(output_of(peer, seconds=PATIENCE_SECONDS))["seconds"])


def _report(measured: _Measured, *, count: int) -> Report:
    hub = Figure(name="Hub: one worker, 10 threads", unit="jobs/s", values=tuple(measured.hub))
    small = Figure(name=f"Hub, {count // 4:,} jobs", unit="jobs/s", values=tuple(measured.hub_small))
    celery = Figure(name="Celery: one worker, 10 threads, same Valkey", unit="jobs/s", values=tuple(measured.celery))
    limit = Figure(name="Limit: SKIP LOCKED by a hundred, one process", unit="jobs/s", values=tuple(measured.limit))
    hub_mb = Figure(name="Hub's worker, peak", unit="MB", values=tuple(measured.hub_mb))
    celery_mb = Figure(name="Celery's worker, peak", unit="MB", values=tuple(measured.celery_mb))
    against_celery = paired("Hub against Celery", measured.hub, measured.celery)
    against_limit = paired("Hub against the limit", measured.hub, measured.limit)
    growth = paired(f"Cost of a job at {count:,} against {count // 4:,}", measured.hub_small, measured.hub)
    return Report(
        id="B1",
        title=TITLE,
        how=(
            f"{count:,} rows are made by `enqueue_many`; then one worker (`run_worker`, as `./hub run` starts it) drains"
            " them: claim under lease and fence, run, outcome, attempt. The clock runs from the start of the first job to"
            " the record of the last, as the rows say. Celery's queue is filled first too; its clock runs from its first"
            " task to its last. Each in turn, in the same run; a ratio is that of a round, and the median of the rounds counts."
        ),
        figures=(hub, small, celery, limit, against_celery, against_limit, growth, hub_mb, celery_mb),
        goals=(
            Goal(name=against_celery.name, measured=against_celery.median, bound=5.0, unit="x"),
            Goal(name=against_limit.name, measured=against_limit.median, bound=0.15, unit="x"),
            Goal(name="Hub's worker, peak", measured=hub_mb.median, bound=120.0, at_least=False, unit="MB"),
            Goal(name=growth.name, measured=growth.median, bound=1.3, at_least=False, unit="x"),
            Goal(
                name="RQ jobs for all of them",
                measured=max(measured.wake_ups),
                bound=1.0,
                at_least=False,
                unit="",
            ),
        ),
    )
