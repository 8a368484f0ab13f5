"""`read_orders` and `read_dispatches`: polling what changed, page by page, each page stored before the next is asked for.

The window has a fixed upper bound, so that what changes while paging falls into the next one; it overlaps the last window,
so that what became visible late is still seen; the cursor moves only when the whole window is stored.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from django.db import transaction
from django.db.models import Min

from connectors import ports
from connectors.base import Capability, Page
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.orders.flows.routing import jobs_for_dispatches, jobs_for_orders
from integrationhub.sync import inbox, places
from integrationhub.sync.enqueue import NewJob, enqueue_many
from integrationhub.sync.flows import BackfillPage, Done, Flow, Later, Outcome, Skipped, register
from integrationhub.sync.inbox import Stored
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Feed, InboxRecord
from integrationhub.sync.run import Run

OVERLAP_SECONDS = 300  # Mirakl subtracts a delta of its own of unknown size; orders become visible late
LAG_SECONDS = 2  # some platforms refuse "now" as an upper bound
WINDOW_DAYS = 30  # a long outage is caught up in windows: some platforms refuse ranges over a year

Fetch: TypeAlias = Callable[..., Page]
Route: TypeAlias = Callable[[Connection, Sequence[Stored]], list[NewJob]]


def read_orders(run: Run) -> Outcome:
    return _read(run, feed="orders", fetch=run.connection.connector.fetch_orders, route=jobs_for_orders)


def read_dispatches(run: Run) -> Outcome:
    return _read(run, feed="dispatches", fetch=run.connection.connector.fetch_dispatches, route=jobs_for_dispatches)


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


def _read(run: Run, *, feed: str, fetch: Fetch, route: Route) -> Outcome:
    place = run.connection.row
    row, _ = Feed.objects.get_or_create(connection=place, name=feed, defaults={"cursor_at": start_of(place)})
    count = 0
    while True:
        if not run.job.may_start_call:
            return Later(ports.now(), f"{count} new so far; reading goes on.")
        since, until = _window(row)
        page = fetch(updated_from=since, updated_until=until, token=row.next_token or None)
        count += _store_page(place, row, page, until, route)
        if row.next_token == "" and row.reading_until is None and until >= ports.now() - timedelta(seconds=60):
            return Done(f"{count} new or changed.")


def _window(row: Feed) -> tuple[datetime, datetime]:
    """What to ask for: the rest of an unfinished window, else the next one."""
    now = ports.now()
    cursor = row.cursor_at or now
    until = row.reading_until or min(now - timedelta(seconds=LAG_SECONDS), cursor + timedelta(days=WINDOW_DAYS))
    return cursor - timedelta(seconds=OVERLAP_SECONDS), until


def _store_page(place: Connection, row: Feed, page: Page, until: datetime, route: Route) -> int:
    """Store a page, make its jobs and move the feed on, in one transaction. Returns how many versions are new."""
    with transaction.atomic():
        stored = inbox.store(place.pk, page.records, origin=InboxRecord.Origin.POLL)
        enqueue_many(route(place, stored))
        row.next_token = page.next_token or ""
        row.reading_until = until if page.next_token else None
        row.last_read_at = ports.now()
        if page.next_token is None:
            row.cursor_at, row.last_success_at = until, ports.now()
        row.save()
    return len(stored)


def backfill_orders(place: Connection, since: datetime, preview: bool) -> Iterator[BackfillPage]:
    """Fetch orders changed since then, older than the link's start too. One page at a time; a preview stores nothing."""
    connector, token, until = places.place(place.pk).connector, None, ports.now()
    while True:
        page = connector.fetch_orders(updated_from=since, updated_until=until, token=token)
        known = len(page.records) - len(inbox.unknown(place.pk, page.records))
        stored = 0 if preview else _store_backfill(place, page)
        yield BackfillPage(seen=len(page.records), known=known, stored=stored, total=page.total)
        token = page.next_token
        if token is None:
            return


def _store_backfill(place: Connection, page: Page) -> int:
    with transaction.atomic():
        stored = inbox.store(place.pk, page.records, origin=InboxRecord.Origin.BACKFILL)
        enqueue_many(jobs_for_orders(place, stored, backfill=True))
    return len(stored)


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
        cadence_seconds=120,
        platforms=platforms_able_to(Capability.READ_ORDERS),
        backfill=backfill_orders,
    )
)
TAKE_DISPATCH = register(
    Flow(
        name="take_dispatch",
        label="Read one dispatch",
        lane=Lane.DISPATCH,
        run=take_dispatch,
        side="connection",
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
        cadence_seconds=300,
        platforms=platforms_able_to(Capability.READ_DISPATCHES),
    )
)
