"""`look_at_stock`: what a channel shows of the SKUs that its own events named, put right before the rolling scan comes by.

A channel whose stock is owned elsewhere may change it by itself: Centra restocks when a return is created, people count in its
back office. The hub's own writes come back as events too: they show what was told, and make nothing.
"""

from collections.abc import Collection, Sequence

from connectors.base import Capability
from connectors.canonical.events import Event
from connectors.models import Connection
from connectors.registry import platforms_able_to
from integrationhub.inventory import drift, overwrites, tellings
from integrationhub.inventory.flows.publishing import PUBLISH_STOCK
from integrationhub.inventory.models import StockTelling
from integrationhub.sync.enqueue import NewJob, enqueue, job_for_connection
from integrationhub.sync.flows import Done, Flow, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run

SKUS_A_LOOK = 40


def look_at_stock(run: Run) -> Outcome:
    channel, seen, again = run.connection.row, 0, 0
    while run.job.may_start_call and (told := _next(channel)):
        offers = run.connection.connector.fetch_offers_of([row.external_id for row in told])
        counted = {row.external_id for row in told if row.kind == tellings.COUNTED}
        looked = drift.look(channel, offers, counted=counted)
        if looked.changed:
            overwrites.tell(channel, where=run.connection.connector.stock_written_in)
        again += looked.again
        tellings.forget(told)
        seen += len(told)
    if again:
        enqueue(job_for_connection(PUBLISH_STOCK.name, channel, key="tick"))
    return Done(f"{seen:,} SKUs looked at, {again:,} sent again." if seen else "Nothing to look at.")


def _next(channel: Connection) -> list[StockTelling]:
    return tellings.waiting(channel.pk, limit=SKUS_A_LOOK, kinds=tellings.LOOKS)


LOOK_AT_STOCK = register(
    Flow(
        name="look_at_stock",
        label="Look at what changed in a channel",
        lane=Lane.STOCK,
        run=look_at_stock,
        side="connection",
        part="source",
        platforms=platforms_able_to(Capability.READ_OFFERS),
        record="SKU",
        records="SKUs",
        done="looked at",
    )
)


def asked_by_events(place: Connection, events: Sequence[Event]) -> list[NewJob]:
    """Stock changes name the SKUs that are to be looked at in this channel."""
    return look_at(place, {event.external_id for event in events if event.kind == "stock"}, kind=tellings.COUNTED)


def look_at(place: Connection, skus: Collection[str], *, kind: str) -> list[NewJob]:
    """The job that looks at those of the SKUs that this place shows as a channel; none where it is no channel."""
    if place.platform not in LOOK_AT_STOCK.platforms or not tellings.note_looks(place.pk, skus, kind=kind):
        return []
    return [job_for_connection(LOOK_AT_STOCK.name, place, key="tick")]
