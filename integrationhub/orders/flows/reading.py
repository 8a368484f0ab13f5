"""`read_orders`, `read_order_changes`, `read_dispatches`: polling what changed, page by page, each stored before the next.

The window has a fixed upper bound, so that what changes while paging falls into the next one; it overlaps the last window,
so that what became visible late is still seen; the cursor moves only when the whole window is stored.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

import structlog
from django.db import transaction
from django.db.models import Min

from connectors import ports
from connectors.base import Capability, Connector, Page, Record
from connectors.canonical.errors import DataError
from connectors.canonical.orders import Order
from connectors.models import Connection, Link
from connectors.registry import CONNECTORS, platforms_able_to
from integrationhub.orders.flows.routing import jobs_for_dispatches, jobs_for_order_changes, jobs_for_orders
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import inbox, places
from integrationhub.sync.enqueue import NewJob, enqueue_many
from integrationhub.sync.flows import BackfillPage, Done, Flow, Later, Outcome, Skipped, register
from integrationhub.sync.gate import BudgetSpentError
from integrationhub.sync.inbox import Stored
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Feed, InboxRecord
from integrationhub.sync.run import Run
from mappings_app.codes import codes_in_orders, note_seen

OVERLAP_SECONDS = 300  # Mirakl subtracts a delta of its own of unknown size; orders become visible late
LAG_SECONDS = 2  # some platforms refuse "now" as an upper bound
WINDOW_DAYS = 30  # a long outage is caught up in windows: some platforms refuse ranges over a year

log = structlog.get_logger(__name__)

Fetch: TypeAlias = Callable[..., Page]
Route: TypeAlias = Callable[[Connection, Sequence[Stored]], list[NewJob]]


def read_orders(run: Run) -> Outcome:
    return read_feed(run, feed="orders", fetch=run.connection.connector.fetch_orders, route=jobs_for_orders)


def read_dispatches(run: Run) -> Outcome:
    return read_feed(run, feed="dispatches", fetch=run.connection.connector.fetch_dispatches, route=jobs_for_dispatches)


def read_order_changes(run: Run) -> Outcome:
    connector = run.connection.connector
    return read_feed(run, feed="order_changes", fetch=connector.fetch_order_changes, route=jobs_for_order_changes)


def take_dispatch(run: Run) -> Outcome:
    """Read one dispatch that an event told of. A poll would see it later; a shipment that is not complete yet makes no job."""
    place = run.connection.row
    record = run.connection.connector.fetch_dispatch(run.job.key)
    if record is None:
        return Skipped("It is not there, or has not left yet.")
    with transaction.atomic():
        stored = inbox.store(place.pk, [record], origin=InboxRecord.Origin.EVENT)
        jobs = enqueue_many(jobs_for_dispatches(place, stored))
    return Done("Taken up.") if jobs else Skipped("Seen before, or none of the hub's orders.")


def read_feed(run: Run, *, feed: str, fetch: Fetch, route: Route) -> Outcome:
    place = run.connection.row
    row, _ = Feed.objects.get_or_create(connection=place, name=feed, defaults={"cursor_at": start_of(place)})
    count = 0
    while True:
        if not run.job.may_start_call:
            return Later(ports.now(), f"{count} new so far; reading goes on.")
        since, until = _window(row)
        page = fetch(updated_from=since, updated_until=until, token=row.next_token or None)
        stored = _store_page(place, row, page, until, route)
        count += len(stored)
        if feed == "orders":
            note_codes(place, run.connection.connector, [item.record for item in stored])
        if row.next_token == "" and row.reading_until is None and until >= ports.now() - timedelta(seconds=60):
            return Done(f"{count} new or changed.")


def _window(row: Feed) -> tuple[datetime, datetime]:
    """What to ask for: the rest of an unfinished window, else the next one."""
    now = ports.now()
    cursor = row.cursor_at or now
    until = row.reading_until or min(now - timedelta(seconds=LAG_SECONDS), cursor + timedelta(days=WINDOW_DAYS))
    return cursor - timedelta(seconds=OVERLAP_SECONDS), until


def _store_page(place: Connection, row: Feed, page: Page, until: datetime, route: Route) -> list[Stored]:
    """Store a page, make its jobs and move the feed on, in one transaction. Returns the versions that are new."""
    with transaction.atomic():
        stored = inbox.store(place.pk, page.records, origin=InboxRecord.Origin.POLL)
        enqueue_many(route(place, stored))
        row.next_token = page.next_token or ""
        row.reading_until = until if page.next_token else None
        row.last_read_at = ports.now()
        if page.next_token is None:
            row.cursor_at, row.last_success_at = until, ports.now()
        row.save()
    return stored


def note_codes(place: Connection, connector: Connector, records: Sequence[Record]) -> None:
    """Keep which codes orders carry, so that a person can map them before an order waits: see `note_seen`."""
    orders = [order for record in records if (order := _readable(connector, record)) is not None]
    if orders:
        for link in places.active_links(place.pk):
            note_seen(link, codes_in_orders(orders))


def _readable(connector: Connector, record: Record) -> Order | None:
    """What cannot be read becomes a case when its own job runs; here it names no codes, and stops no other."""
    try:
        return connector.parse_order(record.payload)
    except DataError:
        return None
    except Exception:
        log.exception("order_not_readable", connection=connector.account.name, record=record.external_id)
        return None


def backfill_orders(place: Connection, since: datetime, preview: bool) -> Iterator[BackfillPage]:
    """Bring in orders changed since then, older than the link's start too. One page at a time; a preview stores nothing.

    What a poll stored and passed over as too old is brought in too: known is what some link has no order of.
    """
    connector, token, until = places.place(place.pk).connector, None, ports.now()
    while True:
        page = _when_it_may(partial(connector.fetch_orders, updated_from=since, updated_until=until, token=token))
        made = _bring_in(place, page, preview=preview)
        if not preview:
            note_codes(place, connector, page.records)
        known = len(page.records) - made
        yield BackfillPage(seen=len(page.records), known=known, stored=0 if preview else made, total=page.total)
        token = page.next_token
        if token is None:
            return


def _bring_in(place: Connection, page: Page, *, preview: bool) -> int:
    """Store a page and make the jobs of every order that a link does not have yet. Returns how many orders those are."""
    with transaction.atomic():
        stored = [] if preview else inbox.store(place.pk, page.records, origin=InboxRecord.Origin.BACKFILL)
        missing = _not_imported(place, [record.external_id for record in page.records])
        if not preview:
            stored_before = inbox.latest(place.pk, [record for record in page.records if record.external_id in missing])
            everything = {item.record_id: item for item in (*stored, *stored_before)}
            enqueue_many(jobs_for_orders(place, list(everything.values()), backfill=True))
    return len(missing)


def _not_imported(place: Connection, references: Sequence[str]) -> set[str]:
    links = [link.pk for link in places.active_links(place.pk)]
    rows = SoldOrder.objects.filter(link_id__in=links, reference__in=references).values_list("link_id", "reference")
    there = set(rows)
    return {reference for reference in references if any((link_id, reference) not in there for link_id in links)}


def _when_it_may(fetch: Callable[[], Page]) -> Page:
    """A person waits for a back-fill, often right after its preview: it waits for room in the call budget too."""
    while True:
        try:
            return fetch()
        except BudgetSpentError as error:
            ports.sleep(max(((error.retry_at or ports.now()) - ports.now()).total_seconds(), 1))


def start_of(place: Connection) -> datetime:
    """A feed starts where its first link starts: nothing older comes in by itself."""
    sides = Link.objects.filter(source=place) | Link.objects.filter(target=place)
    return sides.aggregate(first=Min("started_at"))["first"] or place.created_at


READ_ORDERS = register(
    Flow(
        name="read_orders",
        label="Read orders",
        lane=Lane.ORDERS,
        run=read_orders,
        side="connection",
        part="source",
        cadence_seconds=120,
        platforms=platforms_able_to(Capability.READ_ORDERS),
        backfill=backfill_orders,
    )
)
READ_ORDER_CHANGES = register(
    Flow(
        name="read_order_changes",
        label="Read what changed where orders are fulfilled",
        lane=Lane.DISPATCH,
        run=read_order_changes,
        side="connection",
        part="target",
        cadence_seconds=120,
        platforms=frozenset(name for name, connector in CONNECTORS.items() if connector.lists_order_changes),
    )
)
TAKE_DISPATCH = register(
    Flow(
        name="take_dispatch",
        label="Read one dispatch",
        lane=Lane.DISPATCH,
        run=take_dispatch,
        side="connection",
        part="target",
        platforms=platforms_able_to(Capability.READ_DISPATCHES),
        record="dispatch",
        records="dispatches",
        done="read",
    )
)
READ_DISPATCHES = register(
    Flow(
        name="read_dispatches",
        label="Read dispatches",
        lane=Lane.DISPATCH,
        run=read_dispatches,
        side="connection",
        part="target",
        cadence_seconds=300,
        platforms=platforms_able_to(Capability.READ_DISPATCHES),
    )
)
