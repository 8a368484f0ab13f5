"""What every test run has: servers of its own, fixed randomness, a clock that tests move."""

import gc
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from connectors import ports
from integrationhub.runtime import pids
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.places import Places
from integrationhub.runtime.services import Services, start_services

VIRTUAL_START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)  # a Thursday
KEPT_TABLES = {"django_content_type", "auth_permission"}  # made by migrations, changed by nobody
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

# The same examples on every run and machine; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis_settings.register_profile(
    "fixed", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile("explore", max_examples=2000, deadline=None, database=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

_services = pytest.StashKey[Services]()


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ or config.option.collectonly:
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # an ended run stops its servers too
    run_dir = Path(os.environ["HUB_VAR"])
    _remove_abandoned(run_dir.parent)
    try:
        config.stash[_services] = start_services(
            run_dir,
            database_url=os.environ.get("DATABASE_URL"),
            redis_url=os.environ.get("REDIS_URL"),
            durable=False,
        )
    except RuntimeSetupError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    if services := config.stash.get(_services, None):
        services.stop()
        shutil.rmtree(services.places.var, ignore_errors=True)


def _remove_abandoned(directory: Path) -> None:
    """Stop and remove what runs that were killed have left behind."""
    for run_dir in directory.glob("[0-9]*"):
        if not pids.is_alive(int(run_dir.name)):
            with suppress(RuntimeSetupError):  # half removed already: nothing runs on it
                start_services(run_dir, durable=False).stop()
            shutil.rmtree(run_dir, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        live = item.get_closest_marker("live")
        if live and (missing := [name for name in live.args if name not in os.environ]):
            item.add_marker(pytest.mark.skip(reason=f"live test: set {' and '.join(missing)}"))
        if item.get_closest_marker("browser") and chromium() is None:
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine: apt-get install chromium"))


def pytest_collection_finish() -> None:
    """Let the garbage collector look at what tests make, seldom, and no more at all that was imported and collected before.

    A sixth of the time of a page's tests went into looking at it again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def chromium() -> str | None:
    """Return the path of an installed Chromium."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Make pytest-playwright use the machine's Chromium; it downloads none."""
    return {"executable_path": chromium(), "args": ["--no-sandbox", "--disable-dev-shm-usage"]}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End every session before the database is dropped: a live server's thread or the pool's own may still hold one."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Tests that commit are cleaned up after by truncating every table, which the audit trail refuses.
        cursor.execute("ALTER TABLE connectors_auditentry DISABLE TRIGGER no_truncate")
        tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: _empty(sorted(tables - KEPT_TABLES)))
        yield
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
        connection.close()
        cast(DatabaseWrapper, connection).close_pool()
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as guard:
        guard.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def _empty(tables: Sequence[str]) -> None:
    """Empty the tables that have rows. Django's own flush goes through all of them, and makes again what it should keep."""
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(asked)
        if filled := ", ".join(name for (name,) in cursor.fetchall()):
            cursor.execute(f"TRUNCATE {filled} CASCADE")


@pytest.fixture
def virtual_clock() -> Iterator[ports.VirtualClock]:
    """Time stands at 2026-01-15 09:00 UTC until the test advances it; sleeping advances it too."""
    clock = ports.VirtualClock(VIRTUAL_START)
    with ports.using(clock=clock):
        yield clock


@pytest.fixture
def redis_client() -> Iterator[redis.Redis]:
    """An empty Redis database, emptied again afterwards; the queues of `settings.RQ_QUEUES` live in it."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture(scope="session")
def embedded_places() -> Places:
    """The directory of this run's own servers."""
    return Places(Path(os.environ["HUB_VAR"]))
