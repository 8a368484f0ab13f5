"""B9: a Centra with the limits of a fresh instance. Orders alone, orders while 100,000 SKUs wait to be read, and a backlog."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection

from benchmarks.b3b import LIMIT, WINDOW_SECONDS, floors
from benchmarks.ground import Ground
from benchmarks.measuring import Figure, Goal, Report, percentile, wait_until
from benchmarks.orders import store_pages
from benchmarks.platforms import Platforms, platforms
from benchmarks.progress import say
from connectors import ports
from connectors.base import Record
from integrationhub.inventory.flows.reading import READ_STOCK
from integrationhub.inventory.models import StockReading
from integrationhub.sync import ticks
from integrationhub.sync.enqueue import enqueue, job_for_connection
from integrationhub.sync.lanes import DRAIN, URGENT
from integrationhub.sync.models import Schedule, SyncCall, SyncJob

TITLE = "Limits in force: orders beside a hundred thousand SKUs, and a backlog"
CHANGES = 100_000
WARM_UP = 4
APART_SECONDS = 4.0  # between two orders: half of the limit, at four requests an order
STOCK_CALLS = 16  # read so far when the orders begin: the budget is under pressure then
PATIENCE_SECONDS = 300.0

_ASKED = """
INSERT INTO inventory_stockreading (connection_id, sku, asked_at)
SELECT %s, 'CHANGED-' || n, %s FROM generate_series(1, %s) n
"""


@dataclass
class _Measured:
    alone: list[float] = field(default_factory=list)  # an order each: taken up → confirmed, seconds
    beside: list[float] = field(default_factory=list)
    stock_calls: int = 0  # made while those orders came
    stock_seconds: float = 0.0
    used: float = 0.0  # of what the limit allows, while a backlog of orders waits
    refused: int = 0
    requests: int = 0


def run(ground: Ground, *, quick: bool) -> Report:
    orders, backlog = (8, 20) if quick else (20, 40)
    measured = _Measured()
    with platforms() as world, _programs(ground):
        _one_by_one(world, WARM_UP, apart=0.0)
        time.sleep(WINDOW_SECONDS)
        say(f"B9: {orders} orders, alone")
        measured.alone = _one_by_one(world, orders, apart=APART_SECONDS)
        say(f"B9: {orders} orders, while {CHANGES:,} SKUs wait to be read")
        _beside_stock(world, orders, into=measured)
        time.sleep(WINDOW_SECONDS)
        say(f"B9: {backlog} orders at once")
        measured.used = _backlog(world, backlog)
        entries = [entry for entry in world.centra.journal.entries() if entry.path == "/graphql"]
        measured.requests, measured.refused = len(entries), sum(entry.status == 429 for entry in entries)
        if world.doubled():
            raise RuntimeError("An order is in Centra more than once.")
        connection.close()
    return _report(measured, orders=orders, backlog=backlog)


@contextmanager
def _programs(ground: Ground) -> Iterator[None]:
    """What `./hub run` starts, without the console; no flow is started by the clock."""
    ticks.plan_schedules()
    Schedule.objects.filter(cadence_seconds__isnull=False).update(next_due_at=ports.now() + timedelta(days=1))
    with ExitStack() as stack:
        stack.enter_context(ground.worker(URGENT))
        stack.enter_context(ground.worker(DRAIN))
        stack.enter_context(ground.program("manage.py", "run_scheduler"))
        yield


def _one_by_one(world: Platforms, count: int, *, apart: float) -> list[float]:
    """That many orders are taken up, one after the other. How long each took until Centra had confirmed it."""
    taken: dict[str, float] = {}
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number * apart - time.monotonic()))
        taken |= _take(world, [world.sell(number)])
    return _confirmed(world, taken)


def _take(world: Platforms, references: Sequence[str]) -> dict[str, float]:
    """Store them as a poll does. Returns reference → when."""
    moment = time.time()
    records = [
        Record(kind="order", external_id=reference, payload=world.mirakl.order(reference)) for reference in references
    ]
    store_pages(world.link, records)
    connection.close()
    return dict.fromkeys(references, moment)


def _confirmed(world: Platforms, taken: dict[str, float]) -> list[float]:
    wait_until(lambda: taken.keys() <= world.confirmed().keys(), seconds=PATIENCE_SECONDS)
    there = world.confirmed()
    return [there[reference] - moment for reference, moment in taken.items()]


def _beside_stock(world: Platforms, count: int, *, into: _Measured) -> None:
    owner = world.link.target
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, [owner.pk, ports.now(), CHANGES])
    enqueue(job_for_connection(READ_STOCK.name, owner, key="tick"))
    wait_until(lambda: _stock_calls(world) >= STOCK_CALLS, seconds=PATIENCE_SECONDS)
    before, began = _stock_calls(world), time.monotonic()
    into.beside = _one_by_one(world, count, apart=APART_SECONDS)
    into.stock_calls, into.stock_seconds = _stock_calls(world) - before, time.monotonic() - began
    if not StockReading.objects.filter(asked_at__isnull=False).exists():
        raise RuntimeError("No SKU waited any more while the orders came.")
    StockReading.objects.update(asked_at=None)
    wait_until(lambda: not SyncJob.objects.filter(flow=READ_STOCK.name, state="RUNNING").exists(), seconds=60)
    connection.close()


def _stock_calls(world: Platforms) -> int:
    return sum("StockOfSkus" in entry.body for entry in world.centra.journal.entries())


def _backlog(world: Platforms, count: int) -> float:
    """The share of the limit that was used: how soon the requests of all orders could have been made, and were."""
    began = ports.now()
    _confirmed(world, _take(world, [world.sell(number) for number in range(count)]))
    time.sleep(1)  # the last try is written down
    rows = SyncCall.objects.filter(costs__has_key="requests", started_at__gte=began).values_list(
        "started_at", flat=True
    )
    made = sorted(at.timestamp() for at in rows)
    soonest = floors(1, start=made[0], calls=len(made), latency=0.0)[-1]
    return (soonest - made[0]) / (made[-1] - made[0])


def _report(measured: _Measured, *, orders: int, backlog: int) -> Report:
    alone = Figure(name="Order alone, taken up to confirmed, p95", unit="s", values=(percentile(measured.alone, 95),))
    beside = Figure(name="Order beside the stock, p95", unit="s", values=(percentile(measured.beside, 95),))
    refused = 100 * measured.refused / max(1, measured.requests)
    return Report(
        id="B9",
        title=TITLE,
        how=(
            f"A Centra sandbox enforces the limits of a fresh instance ({LIMIT} requests in {WINDOW_SECONDS:g} seconds);"
            f" an urgent worker, a drain worker and a scheduler run as `./hub run` starts them. {orders} orders are taken"
            f" up, one every {APART_SECONDS:g} seconds: first alone, then while {CHANGES:,} SKUs are told to have changed"
            f" and are read, which takes hours at these limits. Then {backlog} orders are taken up at once. An order's"
            " time runs from when it is stored, as a poll stores it, to Centra's confirmation."
        ),
        figures=(
            alone,
            beside,
            Figure(name="Order alone, p50", unit="s", values=(percentile(measured.alone, 50),)),
            Figure(name="Order beside the stock, p50", unit="s", values=(percentile(measured.beside, 50),)),
            Figure(
                name="Calls for stock meanwhile",
                unit="/s",
                values=(measured.stock_calls / max(measured.stock_seconds, 0.1),),
            ),
            Figure(name="Requests in all", unit="", values=(measured.requests,)),
            Figure(name="Refused with 429", unit="", values=(measured.refused,)),
        ),
        goals=(
            Goal(name="Of the limit used while a backlog waits", measured=100 * measured.used, bound=95.0, unit="%"),
            Goal(name="Requests refused with 429", measured=refused, bound=2.0, at_least=False, unit="%"),
            Goal(
                name="p95 of an order beside the stock, against alone",
                measured=beside.median / alone.median,
                bound=2.0,
                at_least=False,
                unit="x",
            ),
        ),
        remarks=(
            "A fifth of each window is kept for acceptance and orders: stock alone uses four fifths of the limit, by design.",
        ),
    )
