"""Numbers that were measured, the goals they are held against, and how a child process is watched."""

import contextlib
import math
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

WATCH_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a measured value is held against."""

    name: str
    measured: float
    bound: float
    at_least: bool = True  # else at most
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured quantity: every repetition's value; the median is what counts."""

    name: str
    unit: str
    values: tuple[float, ...]
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one benchmark found."""

    id: str
    title: str
    how: str  # one paragraph: what was done, in which processes
    figures: tuple[Figure, ...]
    goals: tuple[Goal, ...]
    remarks: tuple[str, ...] = ()


def paired(name: str, ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Ours against theirs, round by round: what else the machine did in a round, it did to both."""
    return Figure(name=name, unit="x", values=tuple(mine / other for mine, other in zip(ours, theirs, strict=True)))


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank: a value that was measured, never one between two."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


@dataclass
class Watched:
    """A child process while it runs, and the largest it was."""

    process: subprocess.Popen[str]
    out: IO[str]
    peak_mb: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """VmHWM is the peak since the program began; ps, where there is no /proc, knows only the size now."""
        with contextlib.suppress(
            OSError, ValueError, StopIteration, subprocess.CalledProcessError
        ):  # it has just ended
            self.peak_mb = max(self.peak_mb, _resident_mb(self.process.pid))

    def watch(self) -> None:
        while not self._ended.wait(WATCH_SECONDS):
            self.look()

    def stop_watching(self) -> None:
        self._ended.set()


@contextlib.contextmanager
def child(
    argv: Sequence[str], *, environment: Mapping[str, str], directory: Path, grace_seconds: float = 30.0
) -> Iterator[Watched]:
    """Run a program while the block runs; it is asked to stop, then killed, when it is still there at the end."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            list(argv), env=dict(environment), cwd=directory, stdout=out, stderr=subprocess.STDOUT, text=True
        )
        watched = Watched(process, out)
        watcher = threading.Thread(target=watched.watch, daemon=True)
        watcher.start()
        try:
            yield watched
        finally:
            watched.look()
            watched.stop_watching()
            watcher.join()
            _end(process, grace_seconds)


def _end(process: subprocess.Popen[str], grace_seconds: float) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=grace_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _resident_mb(pid: int) -> float:
    if Path("/proc/self/status").exists():
        status = Path(f"/proc/{pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout) / 1024


def output_of(watched: Watched, *, seconds: float) -> str:
    """Wait for the program's own end and return what it printed. Raises RuntimeError, with its words, when it failed."""
    code = watched.process.wait(timeout=seconds)
    watched.out.seek(0)
    said = watched.out.read()
    if code:
        raise RuntimeError(f"{' '.join(map(str, watched.process.args))} failed: {said.strip()[-2000:]}")  # type: ignore[arg-type]
    return said


def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    """Look ten times a second. Raises RuntimeError when the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"What was waited for did not come within {seconds:g} seconds.")
        time.sleep(0.1)
