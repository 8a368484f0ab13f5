import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrationhub.runtime import pids, programs
from integrationhub.runtime.places import PROJECT_DIR, Places
from integrationhub.runtime.postgres import EmbeddedPostgres
from integrationhub.runtime.valkey import EmbeddedValkey


@pytest.fixture
def console(var_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    """`./hub run --no-workers` on servers of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {"HUB_VAR": str(var_dir), "WEB_PROCESSES": "1", "DJANGO_SETTINGS_MODULE": "integrationhub.settings"}
    words = [sys.executable, "manage.py", "run", "--no-workers", "--port", "18420"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=PROJECT_DIR, env=environment) as running:
        yield running
        running.kill()


@pytest.mark.slow
def test_run_serves_the_console_and_leaves_nothing_behind(console: "subprocess.Popen[str]", var_dir: Path) -> None:
    assert console.stdout is not None
    address = next(found[1] for line in console.stdout if (found := re.search(r"(http://[\d.]+:\d+/)", line)))
    assert pids.wait_until(lambda: status(address + "healthz") == 200, seconds=30)
    assert status(address + "console/login/") == 200
    servers = [EmbeddedPostgres(Places(var_dir)).pid(), EmbeddedValkey(Places(var_dir)).pid()]
    assert None not in servers
    console.send_signal(signal.SIGTERM)
    assert console.wait(timeout=60) == 0
    assert [pid for pid in servers if pid and pids.is_alive(pid)] == []
    assert status(address + "healthz") is None


def status(url: str) -> int | None:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return int(answer.status)
    except OSError:
        return None


def test_each_worker_serves_one_queue() -> None:
    started = programs.workers("drain", count=2, environment={"REDIS_URL": "x"})
    assert [program.name for program in started] == ["drain-1", "drain-2"]
    assert [list(program.argv[2:]) for program in started] == [["run_worker", "--queue", "drain"]] * 2
    assert started[0].environment == {"REDIS_URL": "x"}
    assert [program.name for program in programs.workers("urgent", count=1, environment={})] == ["urgent"]
