"""Draining a connection: each thread claims due jobs by (lane, due time), runs them inside the budget, writes what came of it.

This is what one RQ job does, for at most a slice of time. Quick jobs are claimed many at a time, so that neither RQ nor the
claim stands in the per-item path; jobs that call a platform soon find themselves claimed one by one.
"""

import math
import os
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import connection

from connectors import ports
from connectors.canonical.errors import ConfigurationError
from connectors.models import Connection
from integrationhub.sync import queue, standing
from integrationhub.sync.claim import ClaimedJob, claim, give_back, next_due
from integrationhub.sync.expecting import expectations
from integrationhub.sync.flows import flow
from integrationhub.sync.gate import release_database, running
from integrationhub.sync.lanes import QUEUES
from integrationhub.sync.models import Schedule, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES
from integrationhub.sync.outcomes import Try, Verdict, judge, judge_error, settle
from integrationhub.sync.places import place, standing_schedules
from integrationhub.sync.run import Run

log = structlog.get_logger(__name__)

BATCH_MAX = 250
BATCH_GROWTH = 4  # times the last batch at most: one quick job says little of the next hundred
BATCH_SECONDS = 0.2  # as many are claimed as the last batch's pace would finish in this time
LOOK_SECONDS = 0.25  # how often a worker that waits for what falls due looks whether it is needed elsewhere
LATE_SECONDS = 1.0  # a batch that takes longer gives back what it has not started: other threads may be free

LEARNING_SHARE = 0.25

_calls_a_job: dict[int, float] = {}  # connection → as this process has seen it
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

    def __iadd__(self, other: "Tally") -> "Tally":
        self.overtaken += other.overtaken
        for state, count in other.states.items():
            self.states[state] = self.states.get(state, 0) + count
        return self

    @property
    def total(self) -> int:
        return sum(self.states.values())


def drain_connection(connection_id: int, queue_name: str) -> int:
    """The RQ task. Returns how many jobs came to an outcome."""
    ends = ports.boottime() + queue.SLICE_SECONDS
    lanes = QUEUES[queue_name]
    queue.taken_up(connection_id, queue_name)
    tally = drain(connection_id, lanes=lanes, threads=settings.DRAIN_THREADS, seconds=queue.SLICE_SECONDS)
    while _falls_due(connection_id, queue_name, ends=ends):
        tally += drain(connection_id, lanes=lanes, threads=settings.DRAIN_THREADS, seconds=ends - ports.boottime())
    if ports.boottime() >= ends or _soonest(connection_id, lanes) < queue.SLICE_SECONDS:
        queue.wake(connection_id, queue_name)
    if tally.total:
        log.info("drained", connection=connection_id, queue=queue_name, **tally.states)
    return tally.total


def _falls_due(connection_id: int, queue_name: str, *, ends: float) -> bool:
    """Wait for the next job that falls due before the slice ends, as long as no other connection needs this worker.

    What a call budget put off by some seconds goes on at its time, rather than when the sweeper next looks.
    """
    while not stopping.is_set():
        wait = _soonest(connection_id, QUEUES[queue_name])
        if ports.boottime() + wait >= ends:
            return False
        ports.sleep(min(wait, LOOK_SECONDS))
        if wait <= LOOK_SECONDS:
            return True
        if queue.queued_ids(queue_name):
            return False
    return False


def _soonest(connection_id: int, lanes: Sequence[int]) -> float:
    """Seconds until the next job of the connection falls due that is not due yet."""
    due_at = next_due(connection_id, lanes=lanes)
    release_database()
    return max(0.0, (due_at - ports.now()).total_seconds()) if due_at else math.inf


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
    part.stays = True
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
        self.stays = False  # what falls due in a moment, or while others are at work, is waited for
        self._claiming = threading.Lock()
        self._counting = threading.Lock()
        self._stirred = threading.Event()
        self._begun = 0  # jobs that threads of this slice have claimed and not yet settled

    def work_in_thread(self, number: int) -> None:
        try:
            self.work()
        finally:
            connection.close()

    def work(self) -> None:
        size = 1
        while jobs := self._claim(size):
            began = ports.boottime()
            try:
                done = self._run_batch(jobs)
            finally:
                self._count(-len(jobs))
                self._stirred.set()
            size = _next_size(done, seconds=ports.boottime() - began)

    def _is_over(self) -> bool:
        return ports.boottime() >= self.ends or stopping.is_set()

    def _claim(self, size: int) -> list[ClaimedJob]:
        """The next jobs of a thread; none when it is to end.

        One thread after another: claims at the same moment would only pass over the rows that the others have locked. Where
        there is nothing to claim, that one waits for all, as long as others are at work.
        """
        release_database()  # whoever waits for its turn with a connection in hand may keep it from the one whose turn it is
        with self._claiming:
            while not self._is_over():
                jobs, wait = self._claim_now(size)
                if jobs or not self._waits(wait):
                    return jobs
        return []

    def _claim_now(self, size: int) -> tuple[list[ClaimedJob], float]:
        """What may be begun now; or nothing, and how many seconds until that may be otherwise."""
        room, wait = self._room()
        if not room:
            return [], wait
        jobs = claim(
            connection_id=self.connection_id, lanes=self.lanes, size=min(size, room), owner=self.owner, held=self.held
        )
        self._count(len(jobs))
        return jobs, _soonest(self.connection_id, self.lanes) if self.stays and not jobs else math.inf

    def _room(self) -> tuple[int, float]:
        """How many jobs may be begun for the budget's sake (those that are begun have what they need set aside), or none,
        and in how many seconds one may.

        Where nobody is at work, at least one, which then waits or is put off with a time.
        """
        gate, rank = place(self.connection_id).gate, min(self.lanes)
        calls = max(1.0, _calls_a_job.get(self.connection_id, 1.0))
        if room := min(int(gate.capacity(rank) / calls), BATCH_MAX):
            return room, 0.0
        wait = gate.wait_for_room(rank) if self._begun else 0.0
        return (0, wait) if wait > 0 else (1, 0.0)

    def _waits(self, seconds: float) -> bool:
        """Wait so long, or until another thread has settled its jobs. False when there is nothing to wait for."""
        release_database()
        if self.stays and self._begun:
            self._stirred.wait(min(seconds, LOOK_SECONDS))
            self._stirred.clear()
            return True
        if not self.stays or seconds > LOOK_SECONDS:
            return False
        ports.sleep(seconds)
        return True

    def _count(self, more: int) -> None:
        with self._counting:
            self._begun += more

    def _run_batch(self, jobs: Sequence[ClaimedJob]) -> int:
        """Run the jobs and write what came of them. Returns how many were run; the others are given back."""
        tries: list[Try] = []
        late_at = min(self.ends, ports.boottime() + LATE_SECONDS)
        for position, job in enumerate(jobs):
            if not job.may_start_call or (position and ports.boottime() > late_at):
                give_back(jobs[position:])
                break
            tries.append(self._run(job))
        self._learn(tries)
        states = settle(tries, owner=self.owner)
        verdicts = [verdict for _, verdict in tries if verdict is not None]
        self._heed_pauses(verdicts)
        self._note_success(verdicts, states)
        self.tally.add(verdicts, states, len(tries) - len(verdicts))
        return len(tries)

    def _learn(self, tries: Sequence[Try]) -> None:
        """Keep in mind how many calls a job of this connection takes, the latest weighing most; and what each flow's took."""
        mean = _calls_a_job.get(self.connection_id, 1.0)
        taken = sum(len(run.calls) for run, _ in tries) / len(tries)
        _calls_a_job[self.connection_id] = mean + (taken - mean) * LEARNING_SHARE
        for run, verdict in tries:
            if verdict is not None and verdict.state == SyncJob.State.DONE:
                expectations.learn(run)

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

    def _run(self, job: ClaimedJob) -> Try:
        run = Run(job, mode=self.modes.get(job.schedule_id, Schedule.Mode.LIVE))
        try:
            with running(run):
                return run, judge(run, flow(job.flow).run(run))
        except Exception as error:
            if type(error).__name__ == "JobTimeoutException":  # RQ's own, a plain Exception: the worker must see it
                raise
            return run, judge_error(run, error)


def _next_size(done: int, *, seconds: float) -> int:
    """How many jobs to claim after a batch of `done` that took so long."""
    fitting = int(done * BATCH_SECONDS / max(seconds, 0.000_1))
    return max(1, min(fitting, done * BATCH_GROWTH, BATCH_MAX))


def work_off(connection_ids: Sequence[int], *, seconds: float = 25.0) -> Tally:
    """Drain several connections in this process, all lanes, until nothing is due on any: for tests, cron and the demo's check."""
    whole = Tally()
    lanes = [lane for lanes in QUEUES.values() for lane in lanes]
    while True:
        before = whole.total + whole.overtaken
        for connection_id in connection_ids:
            whole += drain(connection_id, lanes=lanes, seconds=seconds)
        if whole.total + whole.overtaken == before:
            return whole
