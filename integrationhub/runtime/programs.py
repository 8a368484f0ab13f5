"""The command lines of the hub's own programs, as the supervisor starts them."""

import sys
from collections.abc import Mapping
from pathlib import Path

from integrationhub.runtime.places import PROJECT_DIR
from integrationhub.runtime.supervisor import Program

# A gunicorn worker is replaced after so many requests, so that a leak never becomes an outage.
REQUESTS_PER_WEB_PROCESS = 20_000


def command(name: str, *words: str, environment: Mapping[str, str]) -> Program:
    """Return the program that runs `manage.py` with these words."""
    argv = [sys.executable, str(PROJECT_DIR / "manage.py"), *words]
    return Program(name=name, argv=argv, environment=environment, directory=PROJECT_DIR)


def web(*, host: str, port: int, workers: int, threads: int, environment: Mapping[str, str]) -> Program:
    """Return the console: gunicorn on the hub's WSGI application."""
    argv = [sys.executable, "-m", "gunicorn", "integrationhub.wsgi", "--bind", f"{host}:{port}"]
    argv += ["--workers", str(workers), "--threads", str(threads), "--worker-class", "gthread"]
    argv += ["--max-requests", str(REQUESTS_PER_WEB_PROCESS), "--max-requests-jitter", "2000"]
    argv += ["--timeout", "120", "--graceful-timeout", "20", "--log-level", "warning", "--no-control-socket"]
    # Its heartbeat file belongs on memory: on a disk that stalls, gunicorn kills healthy workers.
    argv += ["--worker-tmp-dir", "/dev/shm"] if Path("/dev/shm").is_dir() else []  # noqa: S108
    return Program(name="web", argv=argv, environment=environment, directory=PROJECT_DIR, grace_seconds=25)


def workers(queue: str, *, count: int, environment: Mapping[str, str]) -> list[Program]:
    """Return `count` workers of one queue; each serves that queue only."""
    names = [f"{queue}-{number}" if count > 1 else queue for number in range(1, count + 1)]
    return [command(name, "run_worker", "--queue", queue, environment=environment) for name in names]


def scheduler(*, environment: Mapping[str, str]) -> Program:
    return command("scheduler", "run_scheduler", environment=environment)
