"""`read_prices`: what the owner's price lists ask, as far as channels are priced by them. The whole of it, page by page.

A price has no time of change that could be asked for; so everything is read on a clock, and once more a moment after the owner
told of a change. A reading that is cut short goes on where it stopped.
"""

from collections.abc import Sequence
from datetime import timedelta

from connectors import ports
from connectors.base import Capability
from connectors.canonical.events import Event
from connectors.canonical.prices import PricePage
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.catalogue import readings, terms
from integrationhub.sync.enqueue import NewJob, job_for_connection
from integrationhub.sync.events import listen
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Feed
from integrationhub.sync.run import Run

# Kinds of events, and how long changes are gathered: they come in waves, and a wave is one reading. Most changes of an
# article do not touch its price.
GATHERED_SECONDS = {"price": 60, "product": 300}


def read_prices(run: Run) -> Outcome:
    owner, count = run.connection.row, 0
    codes = _lists_in_use(owner)
    if not codes:
        return Done("No channel is priced by a list yet.")
    feed, _ = Feed.objects.get_or_create(connection=owner, name=terms.FEED)
    while run.job.may_start_call:
        page = run.connection.connector.fetch_prices(codes, token=feed.next_token or None)
        if not feed.next_token:
            _note_lists(owner, codes, page)
        count += readings.record(owner.pk, page.prices)
        _advance(feed, page)
        if page.next_token is None:
            return Done(f"{count:,} prices changed." if count else "Nothing changed.")
    return Later(ports.now(), f"{count:,} prices changed so far; reading goes on.")


def _lists_in_use(owner: Connection) -> list[str]:
    """The lists that price a channel of this owner, as mappings answer now, and those that may."""
    codes: set[str] = set()
    for link in Link.objects.filter(target=owner, active=True).select_related("brand", "source", "target"):
        settled = terms.settle(link, read=False)
        codes |= {settled.price_list} - {""}
        codes |= terms.lists_to_learn(link, settled.sells_in, at=ports.now()) if settled.sells_in else set()
    return sorted(codes)


def _note_lists(owner: Connection, codes: Sequence[str], page: PricePage) -> None:
    known = {one.code: one.currency for one in page.lists}
    for code in codes:
        terms.note_list(owner, code, known.get(code, ""))


def _advance(feed: Feed, page: PricePage) -> None:
    feed.next_token, feed.last_read_at = page.next_token or "", ports.now()
    if page.next_token is None:
        feed.last_success_at = feed.last_read_at
    feed.save(update_fields=["next_token", "last_read_at", "last_success_at"])


READ_PRICES = register(
    Flow(
        name=terms.READING,
        label="Read prices",
        lane=Lane.CATALOGUE,
        run=read_prices,
        side="connection",
        part="target",
        cadence_seconds=900,
        platforms=platforms_able_to(Capability.READ_PRICES),
        record="price",
        records="prices",
        done="read",
    )
)


def read_again_by_events(place: Connection, events: Sequence[Event]) -> list[NewJob]:
    waits = [GATHERED_SECONDS[event.kind] for event in events if event.kind in GATHERED_SECONDS]
    if place.platform not in READ_PRICES.platforms or not waits:
        return []
    due_at = ports.now() + timedelta(seconds=min(waits))
    return [job_for_connection(READ_PRICES.name, place, key="tick", due_at=due_at)]


listen(read_again_by_events)
