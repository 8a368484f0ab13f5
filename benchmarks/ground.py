"""Where benchmarks run: a PostgreSQL and a Valkey of their own, durable as in production, and the hub's own programs on them."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import django

from benchmarks.measuring import Watched, child
from integrationhub.runtime.places import PROJECT_DIR, default_var_dir
from integrationhub.runtime.services import Services, start_services


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One installation for one run of the suite; `environment` makes a child program part of it."""

    services: Services
    environment: Mapping[str, str]

    @contextlib.contextmanager
    def program(self, *words: str, more: Mapping[str, str] | None = None) -> Iterator[Watched]:
        """`python WORDS...` on this ground while the block runs."""
        environment = {**self.environment, **(more or {})}
        with child([sys.executable, *words], environment=environment, directory=PROJECT_DIR) as watched:
            yield watched

    @contextlib.contextmanager
    def worker(self, queue: str, *, burst: bool = False) -> Iterator[Watched]:
        """One of the hub's workers, started as `./hub run` starts it."""
        words = [str(PROJECT_DIR / "manage.py"), "run_worker", "--queue", queue, *(["--burst"] if burst else [])]
        with self.program(*words) as watched:
            yield watched


@contextlib.contextmanager
def ground(*, durable: bool = True) -> Iterator[Ground]:
    """A fresh installation in a directory of its own beside the hub's data, on the same disk; nothing of it stays."""
    var = default_var_dir() / "bench" / str(os.getpid())
    try:
        with start_services(var, durable=durable) as services:
            chosen = {
                **services.environment(),
                "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
                "ENVIRONMENT": "sandbox",
                "LOG_LEVEL": "ERROR",
            }
            os.environ.update(chosen)
            django.setup()
            _migrate()
            yield Ground(services=services, environment={**os.environ, **chosen})
    finally:
        shutil.rmtree(var, ignore_errors=True)


def _migrate() -> None:
    from django.db import connection

    from integrationhub.runtime.prepare import migrate
    from integrationhub.sync.partitions import add_partitions

    migrate()
    add_partitions()
    with (
        connection.cursor() as cursor
    ):  # between two benchmarks all is emptied, here and nowhere else the audit trail too
        cursor.execute("ALTER TABLE connectors_auditentry DISABLE TRIGGER no_truncate")


def empty(tables: Sequence[str]) -> None:
    """Empty these tables and what refers to them, and let PostgreSQL know how they stand."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        for table in tables:
            cursor.execute(f"VACUUM ANALYZE {table}")
