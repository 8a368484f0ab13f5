"""The imports of one shop in the order in which they came, and how far each of them is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from connectors.mirakl.sandbox.refusals import RefusedError


@dataclass(kw_only=True)
class ImportJob:
    import_id: str
    kind: str
    steps: tuple[str, ...]
    digest: str  # of the file and its options, to recognise the same request
    created_at: datetime
    step_seconds: float
    apply: Callable[["ImportJob"], None]
    mode: str = ""
    looks: int = 0  # how often the shop asked for the state
    finished: bool = False
    failure: str | None = None  # why the whole file was refused
    columns: tuple[str, ...] = ()
    lines_read: int = 0
    lines_in_success: int = 0
    errors: list[tuple[int, dict[str, str], str]] = field(default_factory=list)  # line number, cells, message
    counts: dict[str, int] = field(default_factory=dict)  # inserted, updated, deleted
    warnings: int = 0  # lines with one
    held: list[dict[str, str]] | None = None  # product lines that wait for the operator
    reports: dict[str, str] = field(default_factory=dict)  # of product imports, by operation code

    def add(self, what: str, times: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + times


class ImportDesk:
    """A later file never overtakes an earlier one."""

    def __init__(self) -> None:
        self.jobs: dict[tuple[str, str], ImportJob] = {}

    def take(self, job: ImportJob) -> None:
        self.jobs[job.kind, job.import_id] = job

    def get(self, kind: str, import_id: str) -> ImportJob:
        job = self.jobs.get((kind, import_id))
        if job is None:
            raise RefusedError(404, f"Import with identifier {import_id} not found")
        return job

    def of(self, kind: str) -> list[ImportJob]:
        return [job for job in self.jobs.values() if job.kind == kind]

    def same_unfinished(self, kind: str, digest: str) -> ImportJob | None:
        return next((job for job in self.of(kind) if job.digest == digest and not job.finished), None)

    def finish(self, job: ImportJob) -> None:
        for other in self.jobs.values():
            if not other.finished:
                other.finished = True
                other.apply(other)
            if other is job:
                return

    def look(self, job: ImportJob, *, now: datetime) -> str:
        """The state as the shop sees it now: each look moves it on by a step at most, and so does each step's time."""
        last = len(job.steps) - 1
        elapsed = (now - job.created_at).total_seconds()
        by_time = int(elapsed // job.step_seconds) if job.step_seconds else last
        step = min(last, max(job.looks, by_time), job.looks + 1)
        job.looks += 1
        if step == last:
            self.finish(job)
            return "FAILED" if job.failure is not None else job.steps[-1]
        return job.steps[step]
