"""B3a: marketplace orders from the inbox to a target that answers at once. What an order costs the hub itself."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Max, Min

from benchmarks.counting import counted
from benchmarks.ground import Ground, empty
from benchmarks.measuring import Figure, Goal, Report, output_of, paired, wait_until
from benchmarks.orders import documents, make_link, store_pages
from benchmarks.progress import say
from connectors.models import Link
from integrationhub.orders.models import SoldLine, SoldOrder
from integrationhub.sync.drain import drain
from integrationhub.sync.lanes import QUEUES, URGENT
from integrationhub.sync.models import InboxRecord, SyncAttempt, SyncJob, WriteIntent

TITLE = "Orders from the inbox to the target"
TABLES = (
    "sync_syncjob", "sync_attempt", "sync_call", "sync_callbody", "sync_blocker", "sync_document", "sync_inboxrecord",
    "sync_inboxbody", "sync_writeintent", "orders_soldorder", "inventory_reservation",
)  # fmt: skip
WORKERS = 2  # as many as the machine has cores
LINES = 2
COUNTED = 20  # orders whose statements are counted
PATIENCE_SECONDS = 180.0


@dataclass
class _Measured:
    hub: list[float] = field(default_factory=list)  # orders a second
    hub_small: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    worker_mb: list[float] = field(default_factory=list)
    statements: float = 0.0  # of one order


def run(ground: Ground, *, quick: bool) -> Report:
    count, times = (400, 3) if quick else (1_200, 5)
    link = make_link("b3a", through_http=True)
    measured = _Measured(statements=_statements(link))
    with ground.worker(URGENT) as first, ground.worker(URGENT) as second:
        for number in range(times):
            say(f"B3a: round {number + 1} of {times}, {count:,} orders each")
            measured.hub_small.append(_hub(link, count // 4, prefix=f"S{number}"))
            measured.hub.append(_hub(link, count, prefix=f"L{number}"))
            measured.raw.append(_raw(ground, count))
        first.look()
        second.look()
        measured.worker_mb += [first.peak_mb, second.peak_mb]
    return _report(measured, count=count)


def _hub(link: Link, count: int, *, prefix: str) -> float:
    """Workers wait; pages of orders are stored as a poll stores them; the last order's record ends it. Orders a second."""
    empty(TABLES)
    records = list(documents(count, prefix=prefix, lines=LINES))
    store_pages(link, records)
    wait_until(lambda: not SyncJob.objects.exclude(state=SyncJob.State.DONE).exists(), seconds=PATIENCE_SECONDS)
    return count / _seconds_of(count)


def _statements(link: Link) -> float:
    """How many SQL statements one order's import takes, counted in this process."""
    empty(TABLES)
    store_pages(link, list(documents(1, prefix="F", lines=LINES)))
    drain(link.target_id, lanes=QUEUES[URGENT])  # the process reads the connections and the link
    store_pages(link, list(documents(COUNTED, prefix="C", lines=LINES)))
    with counted() as found:
        done = drain(link.target_id, lanes=QUEUES[URGENT], seconds=PATIENCE_SECONDS)
    connection.close()
    if done.states != {SyncJob.State.DONE: COUNTED}:
        raise RuntimeError(f"Of {COUNTED} orders came {done.states}.")
    return found.in_jobs / COUNTED


def _seconds_of(count: int) -> float:
    """From the first document stored to the last order's record; every row is there, and each order was sent once."""
    confirmed = SoldOrder.objects.filter(target_confirmed_at__isnull=False).count()
    intents = WriteIntent.objects.filter(state=WriteIntent.State.DONE, tries=1).count()
    tries = SyncAttempt.objects.filter(result=SyncAttempt.Result.DONE)
    if {confirmed, intents, tries.count(), SoldLine.objects.count() // LINES} != {count}:
        raise RuntimeError(
            f"Of {count} orders {confirmed} are confirmed, {intents} were sent, {tries.count()} were tried."
        )
    began: datetime = InboxRecord.objects.aggregate(at=Min("received_at"))["at"]
    ended: datetime = tries.aggregate(at=Max("finished_at"))["at"]
    connection.close()
    return (ended - began).total_seconds()


def _raw(ground: Ground, count: int) -> float:
    empty(TABLES)
    with ground.program("-m", "benchmarks.peers.raw_import", str(count), str(WORKERS)) as peer:
        seconds = float(json.loads(output_of(peer, seconds=PATIENCE_SECONDS))["seconds"])
    confirmed = SoldOrder.objects.filter(target_confirmed_at__isnull=False).count()
    done = SyncJob.objects.filter(state=SyncJob.State.DONE).count()
    connection.close()
    if {confirmed, done} != {count}:
        raise RuntimeError(f"Of {count} orders the peer confirmed {confirmed} and finished {done}.")
    return count / seconds


def _report(measured: _Measured, *, count: int) -> Report:
    hub = Figure(name=f"Hub: {WORKERS} workers, 10 threads each", unit="orders/s", values=tuple(measured.hub))
    small = Figure(name=f"Hub, {count // 4:,} orders", unit="orders/s", values=tuple(measured.hub_small))
    raw = Figure(
        name=f"The same statements on psycopg, {WORKERS} processes", unit="orders/s", values=tuple(measured.raw)
    )
    against_raw = paired("Hub against the same statements", measured.hub, measured.raw)
    growth = paired(f"Cost of an order at {count:,} against {count // 4:,}", measured.hub_small, measured.hub)
    memory = Figure(name="Hub's workers, peak", unit="MB", values=tuple(measured.worker_mb))
    return Report(
        id="B3a",
        title=TITLE,
        how=(
            f"{count:,} paid orders of {LINES} lines, as Mirakl lists them, are stored page by page as a poll stores them;"
            f" {WORKERS} urgent workers import them: translation, mappings, ledger, write protocol, four calls each through"
            " the real gate, budget and redaction. The target is a platform of the benchmark's own that answers from memory,"
            " so that no platform's latency is in it. The clock runs from the first document to the record of the last order."
            " The peer runs the hub's own SQL, in the same transactions, on bare psycopg."
        ),
        figures=(hub, small, raw, against_raw, growth, memory),
        goals=(
            Goal(name=against_raw.name, measured=against_raw.median, bound=0.25, unit="x"),
            Goal(name="SQL statements an order", measured=measured.statements, bound=12.0, at_least=False),
            Goal(name="Orders a second", measured=hub.median, bound=300.0, unit="/s"),
            Goal(name="Hub's workers, peak", measured=max(memory.values), bound=150.0, at_least=False, unit="MB"),
            Goal(name=growth.name, measured=growth.median, bound=1.3, at_least=False, unit="x"),
        ),
    )
