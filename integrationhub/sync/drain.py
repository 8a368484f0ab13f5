"""Draining a connection: each thread claims due jobs by (lane, due time), runs them inside the budget, writes what came of it.

This is what one RQ job does, for at most a slice of time. Quick jobs are claimed many at a time, so that neither RQ nor the
claim stands in the per-item path; jobs that call a platform soon find themselves claimed one by one.
"""

import os
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import connection, transaction

from connectors import ports
from connectors.canonical.errors import ConfigurationError
from connectors.models import Connection
from integrationhub.sync import queue, standing
from integrationhub.sync.attempts import write_attempts
from integrationhub.sync.claim import ClaimedJob, claim, give_back
from integrationhub.sync.flows import flow
from integrationhub.sync.gate import running
from integrationhub.sync.lanes import QUEUES
from integrationhub.sync.models import Schedule
from integrationhub.sync.models.jobs import TERMINAL_STATES
from integrationhub.sync.outcomes import Verdict, apply, judge, judge_error
from integrationhub.sync.places import place, standing_schedules
from integrationhub.sync.run import Run

log = structlog.get_logger(__name__)

BATCH_MAX = 200
QUICK_SECONDS = 0.1  # a batch done faster than this is doubled; a slower one halved

stopping = threading.Event()  # set by a worker that was asked to stop: no new claim after that


@dataclass
class Tally:
    """What a slice did, for the log and for tests."""

    states: dict[str, int] = field(default_factory=dict)
    overtaken: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, verdicts: Sequence[Verdict], states: dict[int, str], overtaken: int) -> None:
        with self._lock:
            for state in states.values():
                self.states[state] = self.states.get(state, 0) + 1
            self.overtaken += overtaken + len(verdicts) - len(states)

    @property
    def total(self) -> int:
        return sum(self.states.values())


def drain_connection(connection_id: int, queue_name: str) -> int:
    """The RQ task. Returns how many jobs came to an outcome."""
    queue.taken_up(connection_id, queue_name)
    tally = drain(connection_id, lanes=QUEUES[queue_name], threads=settings.DRAIN_THREADS, seconds=queue.SLICE_SECONDS)
    if tally.total:
        log.info("drained", connection=connection_id, queue=queue_name, **tally.states)
    return tally.total


def drain(connection_id: int, *, lanes: Sequence[int], threads: int = 1, seconds: float = 25.0) -> Tally:
    """Work off what is due on a connection. With one thread it runs in the caller's, and ends when nothing is due."""
    tally = Tally()
    if not place.calls_allowed(connection_id):
        return tally
    try:
        place(connection_id)
    except ConfigurationError as error:
        row = Connection.objects.select_related("brand").get(pk=connection_id)
        standing.refuse_connection(row, error)
        return tally
    part = _Slice(connection_id, lanes=lanes, ends=ports.boottime() + seconds, tally=tally)
    if threads <= 1:
        part.work()
        return tally
    with ThreadPoolExecutor(threads, thread_name_prefix=f"drain-{connection_id}") as pool:
        for done in [pool.submit(part.work_in_thread, number) for number in range(threads)]:
            done.result()
    return tally


class _Slice:
    """One slice of one connection's work, shared by its threads."""

    def __init__(self, connection_id: int, *, lanes: Sequence[int], ends: float, tally: Tally) -> None:
        self.connection_id = connection_id
        self.lanes = lanes
        self.ends = ends
        self.tally = tally
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{ports.new_id()[:8]}"
        self.modes, self.held = standing_schedules(connection_id)
        self.noted: dict[int, float] = {}  # schedule → when its success was stamped

    def work_in_thread(self, number: int) -> None:
        try:
            self.work()
        finally:
            connection.close()

    def work(self) -> None:
        size = 1
        while ports.boottime() < self.ends and not stopping.is_set():
            size = min(size, self._room())
            jobs = claim(
                connection_id=self.connection_id, lanes=self.lanes, size=size, owner=self.owner, held=self.held
            )
            if not jobs:
                return
            began = ports.boottime()
            self._run_batch(jobs)
            size = (
                min(size * 2, BATCH_MAX)
                if ports.boottime() - began < QUICK_SECONDS * max(1, size / 10)
                else max(size // 2, 1)
            )

    def _room(self) -> int:
        """How many jobs may be started for the budget's sake; at least one, which then waits or is put off with a time."""
        room = place(self.connection_id).gate.capacity(rank=min(self.lanes))
        return max(1, min(room, BATCH_MAX))

    def _run_batch(self, jobs: Sequence[ClaimedJob]) -> None:
        runs: list[tuple[Run, Verdict | None]] = []
        for position, job in enumerate(jobs):
            if not job.may_start_call or (position and ports.boottime() > self.ends):
                give_back(jobs[position:])
                break
            run, verdict = self._run(job)
            runs.append((run, verdict))
            if verdict is not None:
                verdict.stake = run.stake
        self._settle(runs)

    def _settle(self, runs: Sequence[tuple[Run, Verdict | None]]) -> None:
        """Write what came of a batch. Outcomes that touch nothing but their job are written with their tries, in one commit."""
        plain = [(run, verdict) for run, verdict in runs if verdict is not None and verdict.is_plain]
        others = [(run, verdict) for run, verdict in runs if verdict is None or not verdict.is_plain]
        verdicts = [verdict for _, verdict in runs if verdict is not None]
        with transaction.atomic():
            states = apply([verdict for _, verdict in plain])
            write_attempts(plain, owner=self.owner, states=states)
        states |= apply([verdict for _, verdict in others if verdict is not None])
        self._heed_pauses(verdicts)
        write_attempts(others, owner=self.owner, states=states)
        self._note_success(verdicts, states)
        self.tally.add(verdicts, states, len(runs) - len(verdicts))

    def _note_success(self, verdicts: Sequence[Verdict], states: dict[int, str]) -> None:
        """Stamp the schedules whose jobs finished, unless this slice did so a moment ago."""
        finished = {verdict.job.schedule_id for verdict in verdicts if states.get(verdict.job.id) in TERMINAL_STATES}
        stale = ports.boottime() - standing.SUCCESS_NOTED_SECONDS
        if due := {pk for pk in finished if self.noted.get(pk, float("-inf")) <= stale}:
            standing.note_success(due)
            self.noted.update(dict.fromkeys(due, ports.boottime()))

    def _heed_pauses(self, verdicts: Sequence[Verdict]) -> None:
        """A refused connection ends the slice; a refused operation ends its own flow's part in it."""
        for verdict in verdicts:
            if verdict.pause is None:
                continue
            if verdict.pause.operation:
                self.held = [*self.held, verdict.job.schedule_id]
            else:
                self.ends = float("-inf")

    def _run(self, job: ClaimedJob) -> tuple[Run, Verdict | None]:
        run = Run(job, mode=self.modes.get(job.schedule_id, Schedule.Mode.LIVE))
        try:
            with running(run):
                return run, judge(run, flow(job.flow).run(run))
        except Exception as error:
            if type(error).__name__ == "JobTimeoutException":  # RQ's own, a plain Exception: the worker must see it
                raise
            return run, judge_error(run, error)


def work_off(connection_ids: Sequence[int], *, seconds: float = 25.0) -> Tally:
    """Drain several connections in this process, all lanes, until nothing is due on any: for tests, cron and the demo's check."""
    whole = Tally()
    lanes = [lane for lanes in QUEUES.values() for lane in lanes]
    while True:
        before = whole.total + whole.overtaken
        for connection_id in connection_ids:
            part = drain(connection_id, lanes=lanes, seconds=seconds)
            whole.overtaken += part.overtaken
            for state, count in part.states.items():
                whole.states[state] = whole.states.get(state, 0) + count
        if whole.total + whole.overtaken == before:
            return whole
