"""B5: all that a channel shows, compared with all that it took. The hub's ledger against DuckDB, on the same files."""

import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from benchmarks import catalogue
from benchmarks.ground import Ground, empty
from benchmarks.measuring import Figure, Goal, Report, output_of, paired
from benchmarks.progress import say
from connectors.canonical.offers import Offer
from connectors.models import Link
from integrationhub.inventory import drift

TITLE = "Everything a channel shows against what it took"
DRIFTED_IN = 1_000  # one SKU in so many shows something else
PATIENCE_SECONDS = 120.0
PAGE = 100  # as Mirakl lists offers
PAGES = 50


@dataclass
class _Measured:
    hub: list[float] = field(default_factory=list)
    hub_small: list[float] = field(default_factory=list)
    duckdb: list[float] = field(default_factory=list)
    mb: list[float] = field(default_factory=list)
    mb_small: list[float] = field(default_factory=list)
    duckdb_mb: list[float] = field(default_factory=list)
    page_ms: list[float] = field(default_factory=list)
    page_ms_small: list[float] = field(default_factory=list)


def run(ground: Ground, *, quick: bool) -> Report:
    small, large, times = (20_000, 100_000, 3) if quick else (100_000, 1_000_000, 5)
    (link,) = catalogue.make_links("b5", channels=1)
    directory = ground.services.places.var
    measured = _Measured()
    for count in (small, large):
        say(f"B5: {count:,} SKUs are made")
        catalogue.fill([link], count)
        snapshot, ledger = _files(directory, count)
        for number in range(times):
            say(f"B5: {count:,} SKUs, round {number + 1} of {times}")
            _hub(ground, link, snapshot, count, into=measured, large=count == large)
            if count == large:
                _duckdb(ground, snapshot, ledger, count, into=measured)
        (measured.page_ms if count == large else measured.page_ms_small).extend(_pages(link, count, times))
    return _report(measured, small=small, large=large)


def _files(directory: Path, count: int) -> tuple[Path, Path]:
    """What the channel shows, and what it took: (SKU, quantity), the same order as a channel's own export has none."""
    snapshot, ledger = directory / "snapshot.csv", directory / "ledger.csv"
    snapshot.write_text("".join(f"SHOP-{n},{_shown(n)}\n" for n in range(count)))
    ledger.write_text("".join(f"SHOP-{n},{catalogue.UNITS}\n" for n in range(count)))
    return snapshot, ledger


def _shown(number: int) -> int:
    return catalogue.UNITS + 7 if number % DRIFTED_IN == 0 else catalogue.UNITS


def _hub(ground: Ground, link: Link, snapshot: Path, count: int, *, into: _Measured, large: bool) -> None:
    _as_before(link)
    with ground.program("-m", "benchmarks.scan", str(link.source_id), str(snapshot)) as program:
        found = json.loads(output_of(program, seconds=PATIENCE_SECONDS).splitlines()[-1])
    if found["drifted"] != count // DRIFTED_IN:
        raise RuntimeError(f"The scan of {count} SKUs found {found}.")
    (into.hub if large else into.hub_small).append(found["seconds"])
    (into.mb if large else into.mb_small).append(program.peak_mb)


_UNDO = """
UPDATE inventory_channelstock
SET shown = %(units)s, acknowledged = %(units)s, computed = %(units)s, state = 'ACKNOWLEDGED', drifted_at = NULL, released = NULL
WHERE link_id = %(link)s AND (drifted_at IS NOT NULL OR shown <> %(units)s OR acknowledged <> %(units)s)
"""


def _as_before(link: Link) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_UNDO, {"units": catalogue.UNITS, "link": link.pk})
    empty(["inventory_driftscan", "exceptions_app_exceptioncase"])


def _duckdb(ground: Ground, snapshot: Path, ledger: Path, count: int, *, into: _Measured) -> None:
    with ground.program("-m", "benchmarks.peers.duckdb_drift", str(snapshot), str(ledger)) as program:
        found = json.loads(output_of(program, seconds=PATIENCE_SECONDS).splitlines()[-1])
    if found["drifted"] != count // DRIFTED_IN:
        raise RuntimeError(f"DuckDB found {found} in {count} SKUs.")
    into.duckdb.append(found["seconds"])
    into.duckdb_mb.append(program.peak_mb)


def _pages(link: Link, count: int, times: int) -> list[float]:
    """Milliseconds a page of what a channel lists, spread over the catalogue; the median of each round."""
    _as_before(link)
    found: list[float] = []
    for _ in range(times):
        took = [_page(link, start) for start in range(0, count - PAGE, count // PAGES)]
        found.append(1000 * statistics.median(took))
    connection.close()
    return found


def _page(link: Link, start: int) -> float:
    offers = [
        Offer(sku=f"SHOP-{n}", quantity=_shown(n), category=f"C{n % 50}", title=f"Product {n}")
        for n in range(start, start + PAGE)
    ]
    began = time.perf_counter()
    drift.record(link.source, offers)
    return time.perf_counter() - began


def _report(measured: _Measured, *, small: int, large: int) -> Report:
    hub = Figure(name=f"Hub, {large:,} SKUs", unit="s", values=tuple(measured.hub))
    hub_small = Figure(name=f"Hub, {small:,} SKUs", unit="s", values=tuple(measured.hub_small))
    duckdb = Figure(name=f"DuckDB, {large:,} SKUs", unit="s", values=tuple(measured.duckdb))
    against = paired("Hub against DuckDB", measured.hub, measured.duckdb)
    memory = Figure(name="Hub's program, peak", unit="MB", values=tuple(measured.mb))
    memory_small = Figure(name=f"Hub's program, peak, {small:,} SKUs", unit="MB", values=tuple(measured.mb_small))
    duckdb_memory = Figure(name="DuckDB's program, peak", unit="MB", values=tuple(measured.duckdb_mb))
    page = Figure(name=f"A page of {PAGE} offers, {large:,} SKUs", unit="ms", values=tuple(measured.page_ms))
    page_small = Figure(
        name=f"A page of {PAGE} offers, {small:,} SKUs", unit="ms", values=tuple(measured.page_ms_small)
    )
    flat = statistics.median(measured.mb) / statistics.median(measured.mb_small)
    return Report(
        id="B5",
        title=TITLE,
        how=(
            f"A file says what a channel shows of {large:,} SKUs; one in {DRIFTED_IN:,} shows something else than it took. A"
            " program of the hub loads it, compares it with the ledger, marks what differs, tells what has a reason, lets"
            " the first be sent again and opens the case for what is left. DuckDB reads the same file and the ledger as a"
            " file, joins them and writes what differs into a table; its start is not counted, nor the hub's. Then offers"
            f" are recorded in pages of {PAGE}, as marketplaces list them."
        ),
        figures=(hub, hub_small, duckdb, against, memory, memory_small, duckdb_memory, page, page_small),
        goals=(
            _at_most(against.name, against.median, 6.0, unit="x"),
            _at_most(hub.name, hub.median, 1.5, unit="s"),
            _at_most(hub_small.name, hub_small.median, 0.25, unit="s"),
            _at_most(memory.name, max(memory.values), 150.0, unit="MB"),
            _at_most(f"Its memory at {large:,} SKUs against {small:,}", flat, 1.1, unit="x"),
            _at_most(
                f"Cost of a page at {large:,} SKUs against {small:,}",
                page.median / page_small.median,
                1.3,
                unit="x",
            ),
        ),
        remarks=(
            "The hub's ledger is durable and serves others meanwhile; DuckDB's table is in its memory and gone when it ends.",
        ),
    )


def _at_most(name: str, measured: float, bound: float, *, unit: str) -> Goal:
    return Goal(name=name, measured=measured, bound=bound, at_least=False, unit=unit)
