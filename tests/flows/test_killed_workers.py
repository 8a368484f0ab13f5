"""Real worker processes, a real queue, killed and wiped in the middle of the work: every order is in Centra exactly once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.db.models import F

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxkit import Fault, SandboxClock
from integrationhub.sync import sweep, ticks
from integrationhub.sync.lanes import URGENT
from integrationhub.sync.models import Schedule, SyncJob, WriteIntent
from integrationhub.sync.models.jobs import TERMINAL_STATES
from integrationhub.sync.writes import SETTLE_SECONDS
from tests.flows.world import SKUS, World, build

pytestmark = pytest.mark.django_db(transaction=True)

ORDERS = 40
PATIENCE_SECONDS = 60
PROJECT = Path(settings.BASE_DIR)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition of other processes; fail with its name when it never comes true."""
    deadline = ports.boottime() + PATIENCE_SECONDS
    while ports.boottime() < deadline:
        if condition():
            return
        ports.sleep(0.05)
    pytest.fail(f"Waited {PATIENCE_SECONDS} s in vain until {what}.")


@pytest.fixture
def world(redis_client: redis.Redis) -> Iterator[World]:
    """The usual world on the real clock, as worker processes see it."""
    a_little_ago = SandboxClock(ports.now() - timedelta(seconds=30))  # a poll asks for nothing of the last seconds
    mirakl = MiraklSandbox(currency="GBP", countries=("GBR",), order_prefix="MK", clock=a_little_ago)
    with mirakl, CentraSandbox() as centra:
        centra.add_product("TEE", name="Tee", variant_number="-BLK", variant_name="Black", sizes={"-M": 500, "-L": 500})
        centra.add_product("COAT", name="Coat", variant_number="-NVY", variant_name="Navy", sizes={"-38": 500})
        limits = {
            (kind, span): 1_000_000
            for kind in ("REQUEST_COUNT", "MUTATION_COUNT")
            for span in ("TEN_SECONDS", "ONE_HOUR")
        }
        centra.set_limits(limits)
        made = build(ports.VirtualClock(ports.now()), mirakl, centra, started_at=ports.now() - timedelta(hours=1))
        for theirs, ours in SKUS.items():
            made.map("sku", theirs, ours)
        made.map("market", "GB", "1", attributes={"price_list": "1"})
        made.map("shipping_service", "STD", "standard-gbp")
        made.centra_row.settings["payment_method"] = "11"
        made.centra_row.save()
        yield made


@pytest.fixture
def start_worker() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        words = [sys.executable, "manage.py", "run_worker", "--queue", URGENT]
        process = subprocess.Popen(words, cwd=PROJECT, env=worker_environment(), start_new_session=True)
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


def worker_environment() -> dict[str, str]:
    """The test's own database and queue, told to a process as an operator would."""
    database = connection.settings_dict
    address = (
        f"postgres://{database['USER']}@/{database['NAME']}?host={quote(str(database['HOST']))}&port={database['PORT']}"
    )
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "integrationhub.settings",
        "DATABASE_URL": address,
        "REDIS_URL": settings.REDIS_URL,
        "REDIS_KEY_PREFIX": settings.REDIS_KEY_PREFIX,
        "DRAIN_THREADS": "5",
        "LOG_LEVEL": "ERROR",
    }


def time_passes() -> None:
    """Leases and settle windows run out, as they would while nobody works."""
    SyncJob.objects.filter(state="RUNNING").update(lease_until=ports.now() - timedelta(seconds=1))
    WriteIntent.objects.update(sent_at=F("sent_at") - timedelta(seconds=SETTLE_SECONDS + 1))
    SyncJob.objects.filter(state__in=("RETRYING", "UNKNOWN")).update(due_at=ports.now())


def finished() -> int:
    """Done, or found done: a worker that dies between the effect and its note leaves nothing to do for the next."""
    return SyncJob.objects.filter(flow="import_order", state__in=TERMINAL_STATES).count()


def test_every_order_is_created_once_whoever_is_killed_and_wiped(
    world: World, start_worker: Callable[[], subprocess.Popen[bytes]], redis_client: redis.Redis
) -> None:
    references = [world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(ORDERS)]
    world.centra.faults.add(Fault(kind="drop_after", operation="POST /order", times=4, skip=6))
    ticks.plan_schedules()
    ticks.enqueue_now(Schedule.objects.get(flow="read_orders"))

    first = start_worker()
    until(lambda: finished() >= 5, "the first worker has created some orders")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    redis_client.flushall()
    assert finished() < ORDERS

    time_passes()
    second = start_worker()
    sweep.sweep()
    until(lambda: finished() >= ORDERS // 2, "the second worker goes on")
    redis_client.flushall()

    def all_done() -> bool:
        time_passes_for_the_dead_only()
        sweep.sweep()
        return finished() >= ORDERS

    until(all_done, "every order is finished")
    assert second.poll() is None
    for reference in references:
        live = [order for order in world.in_centra(reference) if order.status != "CANCELLED"]
        assert [order.status for order in live] == ["CONFIRMED"], reference
    assert SyncJob.objects.filter(flow="import_order").count() == ORDERS


def time_passes_for_the_dead_only() -> None:
    """Doubts settle; what the living worker holds is left alone."""
    doubtful = WriteIntent.objects.filter(state="UNKNOWN")
    doubtful.update(sent_at=F("sent_at") - timedelta(seconds=SETTLE_SECONDS + 1))
    SyncJob.objects.filter(state__in=("RETRYING", "UNKNOWN"), due_at__gt=ports.now()).update(due_at=ports.now())
