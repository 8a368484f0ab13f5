"""What the measured machine is, without its name: enough to judge the figures, nothing to find it by."""

import os
import platform
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.db import connection

from connectors import ports

PACKAGES = ("Django", "psycopg", "rq", "celery", "duckdb")


@dataclass(frozen=True, kw_only=True)
class Machine:
    measured_at: datetime
    processor: str
    cores: int
    memory_gb: float
    system: str
    versions: tuple[tuple[str, str], ...]
    load: tuple[float, float]  # per minute, when the run began and when it ended


def load_now() -> float:
    return os.getloadavg()[0]


def look(*, load_before: float) -> Machine:
    return Machine(
        measured_at=ports.now(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3,
        system=f"{platform.system()} on {platform.machine()}",
        versions=tuple(_versions()),
        load=(load_before, load_now()),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"


def _versions() -> list[tuple[str, str]]:
    found = [("Python", platform.python_version()), ("PostgreSQL", _postgres())]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found


def _postgres() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        row = cursor.fetchone()
    connection.close()
    return str(row[0]).split()[0] if row else "unknown"
