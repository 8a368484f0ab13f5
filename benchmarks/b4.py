"""B4: some SKUs of a large catalogue change. What telling three channels costs, at two sizes of the catalogue."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Max

from benchmarks import catalogue
from benchmarks.ground import Ground
from benchmarks.measuring import Figure, Goal, Report, wait_until
from benchmarks.progress import say
from connectors import ports
from connectors.canonical.stock import StockLevel
from connectors.models import Link
from integrationhub.inventory import breaker, readings
from integrationhub.inventory.flows.publishing import PUBLISH_STOCK, publish_stock
from integrationhub.inventory.models import ChannelStock, StockDelivery
from integrationhub.sync.claim import claim
from integrationhub.sync.enqueue import enqueue_many, job_for_connection
from integrationhub.sync.flows import Done, Outcome
from integrationhub.sync.gate import running
from integrationhub.sync.lanes import DRAIN, Lane
from integrationhub.sync.models import SyncCall, SyncJob
from integrationhub.sync.outcomes import judge, settle
from integrationhub.sync.run import Run

TITLE = "Some SKUs of a large catalogue change"
CHANNELS = 3
OWNER = "bench"
PATIENCE_SECONDS = 60.0
EMPTY_TICKS = 20  # a round of ticks that find nothing


@dataclass
class _Measured:
    seconds: dict[tuple[int, int], list[float]] = field(default_factory=dict)  # (SKUs, changes) → a round each
    tick_ms: list[float] = field(default_factory=list)  # a slot that finds nothing, at the larger size
    count_ms: float = 0.0  # how many SKUs are for sale, counted for the breaker every ten minutes
    until_sent: list[float] = field(default_factory=list)  # change → bytes at the last channel, seconds
    worker_mb: float = 0.0


def run(ground: Ground, *, quick: bool) -> Report:
    sizes = (20_000, 100_000) if quick else (100_000, 1_000_000)
    changes: Sequence[int] = (0, 100, 1_000) if quick else (0, 100, 1_000, 10_000)
    times = 3 if quick else 5
    links = catalogue.make_links("b4", channels=CHANNELS)
    measured = _Measured()
    draw = random.Random(4)  # noqa: S311  repeatable on purpose
    for count in sizes:
        say(f"B4: {count:,} SKUs in each of {CHANNELS} channels are made")
        catalogue.fill(links, count)
        _measure(links, count, changes, times, draw=draw, into=measured)
    _with_a_worker(ground, links, sizes[-1], changes[-1], times, draw=draw, into=measured)
    return _report(measured, sizes=sizes, changes=changes)


def _measure(
    links: Sequence[Link], count: int, changes: Sequence[int], times: int, *, draw: random.Random, into: _Measured
) -> None:
    into.count_ms = 1000 * _timed(lambda: [breaker._live(link, breaker.limits_of(link)) for link in links])
    _tell(links, _change(links, count, 1_000, draw=draw))  # the first slot reads settings and connections
    for number in range(times):
        say(f"B4: {count:,} SKUs, round {number + 1} of {times}")
        for many in changes:
            repeats = 1 if many else EMPTY_TICKS
            levels = _change(links, count, many, draw=draw)
            seconds = _timed(lambda levels=levels: _tell(links, levels), repeats=repeats)  # type: ignore[misc]
            into.seconds.setdefault((count, many), []).append(seconds)
            if not many:
                into.tick_ms.append(1000 * statistics.median(_slot(links[0]).seconds for _ in range(EMPTY_TICKS)))
    into.tick_ms = into.tick_ms[-times:]


def _timed(work: Callable[[], object], *, repeats: int = 1) -> float:
    """The median."""
    found: list[float] = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def _change(links: Sequence[Link], count: int, many: int, *, draw: random.Random) -> list[StockLevel]:
    """The owner's counts of that many SKUs, each other than before."""
    as_of = ports.now()
    units = catalogue.UNITS + 1 + int(time.monotonic() * 1000) % 100_000
    return [StockLevel(sku=f"OURS-{n}", available=units, as_of=as_of) for n in draw.sample(range(count), many)]


def _tell(links: Sequence[Link], levels: Sequence[StockLevel]) -> None:
    """The changes are written down; then each channel's slot: computed, weighed, frozen, sent, acknowledged."""
    readings.record(links[0].target_id, levels)
    for link in links:
        slot = _slot(link)
        if not isinstance(slot.outcome, Done) or slot.took != len(levels):
            raise RuntimeError(f"{link.source} took {slot.took} of {len(levels)} changes: {slot.outcome}.")


@dataclass(frozen=True, kw_only=True)
class _Slot:
    outcome: Outcome
    took: int  # quantities
    seconds: float  # of the flow alone: what a job costs is another benchmark's matter


def _slot(link: Link) -> _Slot:
    enqueue_many([job_for_connection(PUBLISH_STOCK.name, link.source, key="tick")])
    (job,) = claim(connection_id=link.source_id, lanes=[Lane.STOCK], size=1, owner=OWNER)
    work = Run(job, mode="LIVE")
    last = StockDelivery.objects.aggregate(last=Max("pk"))["last"] or 0
    with running(work):
        began = time.perf_counter()
        outcome = publish_stock(work)
        seconds = time.perf_counter() - began
    settle([(work, judge(work, outcome))], owner=OWNER)
    made = StockDelivery.objects.filter(pk__gt=last, state=StockDelivery.State.DONE)
    return _Slot(outcome=outcome, took=sum(made.values_list("lines", flat=True)), seconds=seconds)


def _with_a_worker(
    ground: Ground,
    links: Sequence[Link],
    count: int,
    many: int,
    times: int,
    *,
    draw: random.Random,
    into: _Measured,
) -> None:
    """The same through a worker, as `./hub run` starts it: until the last channel has its bytes, and how large it grows."""
    with ground.worker(DRAIN) as worker:
        for number in range(times + 1):
            levels = _change(links, count, many, draw=draw)
            sent_before = SyncCall.objects.count()
            began = ports.now()
            readings.record(links[0].target_id, levels)
            enqueue_many(job_for_connection(PUBLISH_STOCK.name, link.source, key="tick") for link in links)
            wait_until(lambda before=sent_before: _all_sent(before), seconds=PATIENCE_SECONDS)  # type: ignore[misc]
            last = SyncCall.objects.aggregate(at=Max("started_at"))["at"]
            if number:  # the first finds a program that has just begun
                into.until_sent.append((last - began).total_seconds())
        if ChannelStock.objects.exclude(state=ChannelStock.State.ACKNOWLEDGED).exists():
            raise RuntimeError("Not everything was acknowledged.")
        worker.look()
        into.worker_mb = worker.peak_mb
    connection.close()


def _all_sent(before: int) -> bool:
    done = not SyncJob.objects.exclude(state__in=("DONE", "SKIPPED")).exists()
    return done and SyncCall.objects.count() >= before + CHANNELS


def _report(measured: _Measured, *, sizes: Sequence[int], changes: Sequence[int]) -> Report:
    small, large = sizes
    figures = [
        Figure(name=f"{many:,} changes of {count:,} SKUs", unit="ms", values=tuple(1000 * one for one in seconds))
        for (count, many), seconds in measured.seconds.items()
    ]
    growth = {
        many: statistics.median(measured.seconds[large, many]) / statistics.median(measured.seconds[small, many])
        for many in changes
    }
    tick = Figure(name=f"A slot that finds nothing, at {large:,} SKUs", unit="ms", values=tuple(measured.tick_ms))
    until = Figure(
        name=f"{changes[-1]:,} changes until the last channel has its bytes",
        unit="s",
        values=tuple(measured.until_sent),
    )
    counting = Figure(name="SKUs for sale, counted once in ten minutes", unit="ms", values=(measured.count_ms,))
    memory = Figure(name="Hub's worker, peak", unit="MB", values=(measured.worker_mb,))
    return Report(
        id="B4",
        title=TITLE,
        how=(
            f"{small:,} and then {large:,} SKUs are sold in {CHANNELS} channels from one stock; everything is read, told and"
            " shown. Some SKUs, drawn at random, change: their readings are recorded, and each channel's slot follows:"
            " computed, weighed by the breaker, frozen, sent, acknowledged. The channels are a platform of the"
            " benchmark's own that answers from memory. The clock runs over all of it, the job's claim and outcome"
            " included; that of a slot which finds nothing runs over the flow alone. The last figures come from a worker as"
            " `./hub run` starts it, without the wait for the slot."
        ),
        figures=(*figures, tick, until, counting, memory),
        goals=(
            *(
                Goal(
                    name=f"Cost of {many:,} changes at {large:,} SKUs against {small:,}",
                    measured=ratio,
                    bound=1.3,
                    at_least=False,
                    unit="x",
                )
                for many, ratio in growth.items()
            ),
            Goal(name=tick.name, measured=tick.median, bound=5.0, at_least=False, unit="ms"),
            Goal(name=until.name, measured=max(until.values), bound=5.0, at_least=False, unit="s"),
            Goal(name=memory.name, measured=measured.worker_mb, bound=100.0, at_least=False, unit="MB"),
        ),
        remarks=(
            "How many SKUs a channel has for sale, which the breaker weighs a push against, is counted once in ten minutes"
            " and not at each slot; that count grows with the catalogue and is told by itself.",
        ),
    )
