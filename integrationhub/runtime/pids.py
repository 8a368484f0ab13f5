"""Other programs by their number: are they alive, are they ours, and ending them."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors import ports

POLL_SECONDS = 0.02


def is_alive(pid: int) -> bool:
    """Return whether `pid` runs; a dead child of ours that nobody has waited for is collected and counts as dead."""
    if pid <= 0:
        return False
    with contextlib.suppress(ChildProcessError):  # raised where it is not our child
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


def command_line(pid: int) -> str:
    """Return the command line of `pid`, words separated by spaces; empty when there is no such program."""
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    found = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)  # noqa: S607
    return found.stdout.strip()


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Wait for `condition`; return whether it came true in time."""
    deadline = ports.boottime() + seconds
    while not condition():
        if ports.boottime() >= deadline:
            return False
        ports.sleep(POLL_SECONDS)
    return True


def end(pid: int, *, signals: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send each signal in turn and wait its seconds; return whether the program is gone."""
    for number, seconds in signals:
        if not is_alive(pid):
            return True
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until(lambda: not is_alive(pid), seconds=seconds):
            return True
    return not is_alive(pid)


def let_go(program: subprocess.Popen[bytes] | None) -> None:
    """Stop minding a program that we started and that has ended, or that others still use."""
    if program is not None and program.poll() is None:
        program.returncode = 0  # else Python warns about a child left running, which here is meant
