import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from integrationhub.runtime import pids
from integrationhub.runtime.places import PROJECT_DIR
from integrationhub.runtime.supervisor import Program, Supervisor, backoff_seconds, print_line

STAYS = "import signal; print('up', flush=True); signal.pause()"
ENDS_AT_ONCE = "import sys; print('bye', flush=True); sys.exit(3)"
# Deaf to the polite signal, with a child of its own that is deaf too.
DEAF = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
own = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("grandchild", own.pid, flush=True)
signal.pause()
"""
# A supervisor of one child, as a program of its own.
SUPERVISES = """
import sys
from integrationhub.runtime.supervisor import Program, Supervisor
Supervisor([Program(name="child", argv=[sys.executable, "-c", sys.argv[1]], grace_seconds=0.5)]).run()
"""


class Lines:
    """What a supervisor said, as (name, line)."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.said.append((name, line))

    def has(self, name: str, start: str) -> Callable[[], bool]:
        return lambda: any(who == name and line.startswith(start) for who, line in list(self.said))

    def number_after(self, word: str) -> int:
        return next(int(line.split()[1]) for _, line in self.said if line.startswith(word))


def program(name: str, code: str, *, grace_seconds: float = 5.0, **environment: str) -> Program:
    return Program(name=name, argv=[sys.executable, "-c", code], environment=environment, grace_seconds=grace_seconds)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0.0), (1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (5000, 30.0)]
)
def test_each_end_in_a_row_doubles_the_wait_up_to_half_a_minute(failures: int, seconds: float) -> None:
    assert backoff_seconds(failures) == seconds


def test_children_start_and_their_lines_carry_their_names() -> None:
    lines = Lines()
    code = "import os, signal; print(os.environ['GREETING'], flush=True); signal.pause()"
    supervisor = Supervisor([program("one", code, GREETING="hej"), program("two", code, GREETING="hallo")], say=lines)
    assert supervisor.wait_for(lambda: len(lines.said) == 2, seconds=20)
    supervisor.stop_children()
    assert sorted(lines.said) == [("one", "hej"), ("two", "hallo")]
    assert supervisor.restarts == 0


def test_a_killed_child_is_started_again_and_that_is_said() -> None:
    lines = Lines()
    supervisor = Supervisor([program("worker", STAYS)], say=lines)
    assert supervisor.wait_for(lines.has("worker", "up"), seconds=20)
    first = supervisor.pids["worker"]
    os.kill(first, signal.SIGKILL)
    assert supervisor.wait_for(lambda: supervisor.pids.get("worker", first) != first, seconds=20)
    supervisor.stop_children()
    assert supervisor.restarts == 1
    said = [line for name, line in lines.said if name == "supervisor"]
    assert said == ["worker was ended by SIGKILL after 0 s; starting it again in 0.5 s."]


def test_a_child_that_keeps_ending_is_started_less_and_less_often() -> None:
    lines = Lines()
    supervisor = Supervisor([program("worker", ENDS_AT_ONCE)], say=lines)
    assert supervisor.wait_for(lambda: supervisor.restarts == 3, seconds=30)
    supervisor.stop_children()
    said = [line for name, line in lines.said if name == "supervisor"]
    assert said == [
        f"worker ended with exit code 3 after 0 s; starting it again in {wait} s." for wait in ("0.5", "1", "2")
    ]
    assert lines.said.count(("worker", "bye")) == 3


def test_a_deaf_child_and_its_own_children_are_gone_after_the_grace_time() -> None:
    lines = Lines()
    supervisor = Supervisor([program("deaf", DEAF, grace_seconds=0.2)], say=lines)
    assert supervisor.wait_for(lines.has("deaf", "grandchild"), seconds=20)
    child, grandchild = supervisor.pids["deaf"], lines.number_after("grandchild")
    supervisor.stop_children()
    assert pids.wait_until(lambda: not pids.is_alive(child) and not pids.is_alive(grandchild), seconds=10)


def test_a_child_gets_time_to_finish_what_it_has_in_hand(tmp_path: Path) -> None:
    finished = tmp_path / "finished"
    code = (
        "import pathlib, signal, sys\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(finished)!r}).touch(), sys.exit(0)))\n"
        "print('up', flush=True)\n"
        "signal.pause()"
    )
    lines = Lines()
    supervisor = Supervisor([program("worker", code)], say=lines)
    assert supervisor.wait_for(lines.has("worker", "up"), seconds=20)
    supervisor.stop_children()
    assert finished.exists()


def test_what_a_dead_child_had_started_is_ended_before_it_starts_again() -> None:
    lines = Lines()
    supervisor = Supervisor([program("worker", DEAF)], say=lines)
    assert supervisor.wait_for(lines.has("worker", "grandchild"), seconds=20)
    grandchild = lines.number_after("grandchild")
    os.kill(supervisor.pids["worker"], signal.SIGKILL)
    assert supervisor.wait_for(lambda: supervisor.restarts == 1, seconds=20)
    assert pids.wait_until(lambda: not pids.is_alive(grandchild), seconds=10)
    supervisor.stop()
    supervisor.stop_children()


def test_nothing_starts_once_it_is_stopping() -> None:
    supervisor = Supervisor([program("worker", STAYS)], say=Lines())
    supervisor.stop()
    supervisor.step()
    assert supervisor.pids == {}


def test_another_thread_can_stop_a_running_supervisor() -> None:
    lines = Lines()
    supervisor = Supervisor([program("worker", STAYS)], say=lines)

    def stop_when_up() -> None:
        pids.wait_until(lines.has("worker", "up"), seconds=20)
        supervisor.stop()

    other = threading.Thread(target=stop_when_up)
    other.start()
    supervisor.run()
    other.join()
    assert supervisor.pids == {}


def test_the_watch_is_called_while_it_runs() -> None:
    calls: list[None] = []
    supervisor = Supervisor([], watch=lambda: calls.append(None))
    assert supervisor.wait_for(lambda: bool(calls), seconds=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_the_supervisor_and_its_child(number: signal.Signals) -> None:
    with supervising("import os, signal; print('number', os.getpid(), flush=True); signal.pause()") as (outer, child):
        outer.send_signal(number)
        assert outer.wait(timeout=20) == 0
        assert not pids.is_alive(child)


def test_a_hang_up_that_was_ignored_before_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Supervisor().stop_on_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_lines_that_nobody_reads_any_more_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, text: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    print_line("worker", "still talking")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_children_of_a_killed_supervisor_end_too() -> None:
    with supervising("import os, signal; print('number', os.getpid(), flush=True); signal.pause()") as (outer, child):
        outer.kill()
        assert pids.wait_until(lambda: not pids.is_alive(child), seconds=20)


class supervising:  # noqa: N801
    """A supervisor as a program of its own, and the number of its one child."""

    def __init__(self, code: str) -> None:
        words = [sys.executable, "-c", SUPERVISES, code]
        self.outer = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=PROJECT_DIR)

    def __enter__(self) -> tuple[subprocess.Popen[str], int]:
        assert self.outer.stdout is not None
        return self.outer, int(self.outer.stdout.readline().split()[-1])

    def __exit__(self, *error: object) -> None:
        self.outer.kill()
        self.outer.wait()
        assert self.outer.stdout is not None
        self.outer.stdout.close()
