"""Run the hub's programs as children: start them, pass on what they print, start those again that end, stop them all.

A child gets a session of its own, so Ctrl-C in the terminal reaches the supervisor alone, which then stops the
children: a polite signal to the child itself, time to finish what it has in hand, then an end to its whole group.
Should the supervisor be killed, Linux sends its children the polite signal.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

from connectors import ports

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
POLL_SECONDS = 0.1
GRACE_SECONDS = 35.0  # a worker's slice is 30 s at most
LONGEST_BACKOFF_SECONDS = 30.0
STABLE_SECONDS = 60.0  # a child that ran this long starts again without delay
WATCH_SECONDS = 2.0
# A program of its own rather than a hook between fork and exec, which is unsafe beside threads. prctl's 1 asks for the
# signal at the parent's death; a parent that died before that is noticed by its changed number.
FOLLOW_PARENT = (
    "import ctypes,os,sys\n"
    "ctypes.CDLL(None).prctl(1,15)\n"
    "if os.getppid()!=int(sys.argv[1]): sys.exit(0)\n"
    "os.execvp(sys.argv[2],sys.argv[2:])"
)


@dataclass(frozen=True, kw_only=True)
class Program:
    """One child: what to run and how to stop it."""

    name: str  # shown before each line it prints
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)  # on top of the supervisor's
    directory: Path | None = None
    grace_seconds: float = GRACE_SECONDS


def backoff_seconds(failures: int) -> float:
    """Return how long to wait before the next start after so many ends in a row: 0.5, 1, 2, ... at most 30."""
    return 0.0 if failures <= 0 else float(min(0.5 * 2 ** min(failures - 1, 10), LONGEST_BACKOFF_SECONDS))


class _Child:
    """A program, the run of it that lives now, and when the next one is due."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.running: subprocess.Popen[str] | None = None
        self.started_at = 0.0
        self.failures = 0
        self.due_at = 0.0
        self.reader: threading.Thread | None = None

    def start(self, *, say: Callable[[str, str], None]) -> None:
        self.started_at = ports.boottime()
        argv = list(self.program.argv)
        if sys.platform == "linux":
            argv = [sys.executable, "-I", "-S", "-c", FOLLOW_PARENT, str(os.getpid()), *argv]
        self.running = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **self.program.environment},
            cwd=self.program.directory,
            start_new_session=True,
        )
        assert self.running.stdout is not None
        self.reader = threading.Thread(target=self._pass_on, args=(self.running.stdout, say), daemon=True)
        self.reader.start()

    def _pass_on(self, lines: TextIO, say: Callable[[str, str], None]) -> None:
        with lines:
            for line in lines:
                say(self.program.name, line.rstrip("\n"))

    def ask_to_stop(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()

    def kill_group(self) -> None:
        if self.running is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.running.pid, signal.SIGKILL)

    def end_group(self) -> None:
        """End whatever is left of the child's group, itself included, and wait for the child."""
        if self.running is None:
            return
        self.kill_group()
        self.running.wait()
        if self.reader is not None:
            self.reader.join(timeout=2)
        self.running = None


def print_line(name: str, line: str) -> None:
    """Write one line of a child, its name before it. Where nobody reads any more (`| head`), the line is dropped."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{name:>14} | {line}\n")
        sys.stdout.flush()


class Supervisor:
    """Keeps programs running until it is told to stop. `run()` is for the main thread; `stop()` may come from any."""

    def __init__(
        self,
        programs: Sequence[Program] = (),
        *,
        say: Callable[[str, str], None] = print_line,
        watch: Callable[[], object] | None = None,
    ) -> None:
        """`say(name, line)` gets every line; `watch` is called every two seconds (to revive embedded servers)."""
        self._children = [_Child(program) for program in programs]
        self._say = say
        self._watch = watch
        self._watched_at = ports.boottime()
        self._stopping = threading.Event()
        self.restarts = 0

    def add(self, program: Program) -> None:
        """Add one more program; if the supervisor runs, it starts with the next step."""
        self._children.append(_Child(program))

    @property
    def pids(self) -> dict[str, int]:
        """Numbers of the children that live now, by name."""
        return {child.program.name: child.running.pid for child in self._children if child.running}

    def run(self) -> None:
        """Start everything and stay until SIGTERM, SIGINT, SIGHUP or `stop()`; nothing is left behind afterwards."""
        with self.stop_on_signals():
            try:
                while not self._stopping.is_set():
                    self.step()
                    self._stopping.wait(POLL_SECONDS)
            finally:
                self.stop_children()

    def wait_for(self, condition: Callable[[], bool], *, seconds: float) -> bool:
        """Step until `condition`; return whether it came true before the time was up or somebody stopped us."""
        deadline = ports.boottime() + seconds
        while not self._stopping.is_set() and ports.boottime() < deadline:
            self.step()
            if condition():
                return True
            self._stopping.wait(POLL_SECONDS)
        return False

    def step(self) -> None:
        """Start what is due, notice what has ended. `run` and `wait_for` call it."""
        for child in self._children:
            if child.running is not None and child.running.poll() is not None:
                self._note_end(child, code=child.running.returncode)
            if child.running is None and ports.boottime() >= child.due_at and not self._stopping.is_set():
                child.start(say=self._say)
        if self._watch is not None and ports.boottime() - self._watched_at >= WATCH_SECONDS:
            self._watched_at = ports.boottime()
            self._watch()

    def stop(self) -> None:
        """Make `run` and `wait_for` return."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop_children(self) -> None:
        """Stop every child and everything they started; the last added first, all at the same time."""
        self._stopping.set()
        for child in reversed(self._children):
            child.ask_to_stop()
        begun = ports.boottime()
        for child in self._children:
            if child.running is not None:
                left = max(0.0, begun + child.program.grace_seconds - ports.boottime())
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.running.wait(timeout=left)
            child.end_group()

    @contextlib.contextmanager
    def stop_on_signals(self) -> Iterator[None]:
        """Turn the stop signals into `stop()`; the second one of a kind ends the waiting for children at once."""
        before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        # Under nohup a hang-up is already ignored, and stays so.
        before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}

        def stop(number: int, frame: FrameType | None) -> None:
            if self._stopping.is_set():
                for child in self._children:
                    child.kill_group()
            self._stopping.set()

        for number in before:
            signal.signal(number, stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note_end(self, child: _Child, *, code: int) -> None:
        lived = ports.boottime() - child.started_at
        child.failures = 1 if lived >= STABLE_SECONDS else child.failures + 1
        child.end_group()
        wait = backoff_seconds(child.failures)
        child.due_at = ports.boottime() + wait
        self.restarts += 1
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self._say("supervisor", f"{child.program.name} {how} after {lived:.0f} s; starting it again in {wait:g} s.")
