"""`read_products`: what the owner says of its products. What has changed first, then on with a reading of the whole.

The whole is gone through once a day, a stretch at each run: what no time of change tells (a product that a mapping has just
brought in, an owner that forgets to tell) is found by it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors import ports
from connectors.base import Capability, Connector, Page
from connectors.canonical.events import Event
from connectors.models import Connection
from connectors.registry import platforms_able_to
from integrationhub.catalogue.listings import readings
from integrationhub.catalogue.models import Listing
from integrationhub.inventory import products
from integrationhub.sync.enqueue import NewJob, job_for_connection
from integrationhub.sync.events import listen
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Feed
from integrationhub.sync.run import Run

CHANGES, WHOLE = "product changes", "product content"
OVERLAP = timedelta(minutes=5)
WHOLE_EVERY = timedelta(hours=24)
GATHERED_SECONDS = 120  # changes come in waves, and a wave is one reading


def read_products(run: Run) -> Outcome:
    owner, connector = run.connection.row, run.connection.connector
    if not Listing.objects.filter(owner=owner).exists():
        return Done("No channel lists a product yet.")
    count = 0
    for name in (CHANGES, WHOLE):
        feed, _ = Feed.objects.get_or_create(connection=owner, name=name)
        while _has_more(feed):
            if not run.job.may_start_call:
                return Later(ports.now(), f"{count:,} listings are concerned so far; reading goes on.")
            page = _fetch(connector, feed)
            count += readings.record(owner.pk, products.parsed(owner, connector, page.records), as_of=ports.now())
            if not _advance(feed, page):
                break
    return Done(f"{count:,} listings are concerned." if count else "Nothing changed.")


def whole_again(owner_id: int) -> None:
    """Go through everything from its beginning: what came is on pages that may have been read."""
    Feed.objects.filter(connection=owner_id, name=WHOLE).update(next_token="", reading_until=None, last_success_at=None)


def _has_more(feed: Feed) -> bool:
    """Whether there is a page to be read now."""
    if feed.name == CHANGES:
        return feed.last_success_at is not None or bool(feed.next_token)
    fresh = feed.last_success_at is not None and ports.now() - feed.last_success_at < WHOLE_EVERY
    return bool(feed.next_token) or not fresh


def _fetch(connector: Connector, feed: Feed) -> Page:
    if feed.reading_until is None:
        feed.reading_until = ports.now()
        feed.save(update_fields=["reading_until"])
    updated_from: datetime | None = None
    if feed.name == CHANGES and feed.last_success_at is not None:
        updated_from = feed.last_success_at - OVERLAP
    return connector.fetch_products(updated_from=updated_from, token=feed.next_token or None)


def _advance(feed: Feed, page: Page) -> bool:
    """Write down how far it is. Returns whether more pages follow."""
    feed.next_token, feed.last_read_at = page.next_token or "", ports.now()
    if page.next_token is None:
        feed.last_success_at, feed.reading_until = feed.reading_until, None
        if feed.name == WHOLE:
            _start_changes(feed)
            if feed.last_success_at is not None:
                products.forget_gone(feed.connection, since=feed.last_success_at)
    feed.save(update_fields=["next_token", "last_read_at", "last_success_at", "reading_until"])
    return page.next_token is not None


def _start_changes(whole: Feed) -> None:
    """Changes are asked for from where the first reading of everything began."""
    changes = Feed.objects.filter(connection=whole.connection_id, name=CHANGES, last_success_at=None)
    changes.update(last_success_at=whole.last_success_at)


READ_PRODUCTS = register(
    Flow(
        name="read_products",
        label="Read products",
        lane=Lane.BULK,
        run=read_products,
        side="connection",
        part="target",
        cadence_seconds=900,
        platforms=platforms_able_to(Capability.READ_PRODUCTS),
        record="product",
        records="products",
        done="read",
    )
)


def read_again_by_events(place: Connection, events: Sequence[Event]) -> list[NewJob]:
    if place.platform not in READ_PRODUCTS.platforms or not any(event.kind == "product" for event in events):
        return []
    due_at = ports.now() + timedelta(seconds=GATHERED_SECONDS)
    return [job_for_connection(READ_PRODUCTS.name, place, key="tick", due_at=due_at)]


listen(read_again_by_events)
