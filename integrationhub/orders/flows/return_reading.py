"""`read_returns`, `read_received`, `read_credit_notes`: what is told of returns on either side, stored and made into jobs.

One list of returns may concern two links: of what a shop sold itself they are announced to who fulfils it, of what it
fulfils they are refunded where that was sold.

Where a platform lists returns by their creation alone, what is open here is asked for again one by one: so a lost event
only makes a change come later.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from connectors import ports
from connectors.base import Capability
from connectors.canonical.events import Event
from connectors.models import Connection, Link
from connectors.registry import connector_class, platforms_able_to
from integrationhub.orders.flows.reading import read_feed
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.orders.return_ledger import OVER_STATES, withdrawn
from integrationhub.sync import inbox
from integrationhub.sync.enqueue import NewJob, enqueue_many, job_for_connection, job_for_link
from integrationhub.sync.events import listen
from integrationhub.sync.flows import Done, Flow, Outcome, Skipped, register
from integrationhub.sync.inbox import Stored
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import InboxRecord
from integrationhub.sync.run import Run

# Who takes returns tells what it received by lists of its own.
READERS = platforms_able_to(Capability.READ_RETURNS) - platforms_able_to(Capability.TAKE_RETURNS)
ASK_AGAIN_SECONDS = 3600
ASK_AGAIN_AT_MOST = 50  # in one reading; the longest unseen come first


def read_returns(run: Run) -> Outcome:
    outcome = read_feed(run, feed="returns", fetch=run.connection.connector.fetch_returns, route=jobs_for_returns)
    if isinstance(outcome, Done) and run.connection.connector.returns_by_creation:
        enqueue_many(_asked_again(run.connection.row))
    return outcome


def read_received(run: Run) -> Outcome:
    return read_feed(run, feed="received", fetch=run.connection.connector.fetch_returns, route=jobs_for_received)


def read_credit_notes(run: Run) -> Outcome:
    fetch = run.connection.connector.fetch_credit_notes
    return read_feed(run, feed="credit_notes", fetch=fetch, route=jobs_for_credit_notes)


def take_return(run: Run) -> Outcome:
    """Ask for one return as it stands now: an event told of it, or it has been open for long."""
    place = run.connection.row
    record = run.connection.connector.fetch_return(run.job.key)
    sold = SoldReturn.objects.filter(order__link__source=place, source_id=run.job.key)
    given = SoldReturn.objects.filter(order__target=place, target_id=run.job.key)
    sold.update(source_seen_at=ports.now())
    given.update(target_seen_at=ports.now())
    if record is None:
        jobs = enqueue_many([*_gone("announce_return", sold), *_gone("refund_sold_order", given)])
        return Done("It was deleted there.") if jobs else Skipped("It is not there.")
    with transaction.atomic():
        stored = inbox.store(place.pk, [record], origin=InboxRecord.Origin.EVENT)
        made = enqueue_many(jobs_for_returns(place, stored))
    return Done("Taken up.") if made else Skipped("Nothing has changed, or none of the hub's orders.")


def _gone(flow: str, rows: QuerySet[SoldReturn]) -> list[NewJob]:
    joined = rows.select_related("order__link__brand", "order__link__source", "order__link__target")
    ids = ((row.source_id if flow == "announce_return" else row.target_id, row) for row in joined if not withdrawn(row))
    return [_job(flow, row.order, key, gone=True) for key, row in ids]


# --- the jobs they make -----------------------------------------------------------------------------------------------
def jobs_for_returns(place: Connection, stored: Sequence[Stored]) -> list[NewJob]:
    return [*jobs_for_announced(place, stored), *_jobs_at_target("refund_sold_order", place, stored)]


def jobs_for_announced(place: Connection, stored: Sequence[Stored]) -> list[NewJob]:
    """Returns of orders that the hub does not keep are none of its business."""
    orders = _sold_there(place, [item.record.order_external_id for item in stored])
    return [
        _job("announce_return", order, item.record.external_id, record_id=item.record_id)
        for item in stored
        for order in orders.get(item.record.order_external_id, ())
    ]


def jobs_for_received(place: Connection, stored: Sequence[Stored]) -> list[NewJob]:
    return _jobs_at_target("note_received", place, stored)


def jobs_for_credit_notes(place: Connection, stored: Sequence[Stored]) -> list[NewJob]:
    return _jobs_at_target("note_credit", place, stored)


def _jobs_at_target(flow: str, place: Connection, stored: Sequence[Stored]) -> list[NewJob]:
    numbers = [item.record.order_external_id for item in stored if item.record.order_external_id]
    rows = SoldOrder.objects.filter(target=place, target_external_id__in=numbers)
    orders = {order.target_external_id: order for order in _joined(rows)}
    return [
        _job(flow, orders[item.record.order_external_id], item.record.external_id, record_id=item.record_id)
        for item in stored
        if item.record.order_external_id in orders
    ]


def _job(flow: str, order: SoldOrder, key: str, *, record_id: int | None = None, gone: bool = False) -> NewJob:
    return job_for_link(
        flow,
        order.link,
        key=key,
        serial_key=order_key(order.link_id, order.reference),
        record_id=record_id,
        argument={"order": order.pk, "gone": gone},
        occurred_at=order.placed_at,
        value=order.total,
        value_currency=order.currency,
        value_reporting=order.value_reporting,
    )


def _sold_there(place: Connection, references: Iterable[str]) -> dict[str, list[SoldOrder]]:
    rows = SoldOrder.objects.filter(
        link__source=place, link__active=True, reference__in=[one for one in references if one]
    )
    found: dict[str, list[SoldOrder]] = {}
    for order in _joined(rows):
        found.setdefault(order.reference, []).append(order)
    return found


def _joined(rows: QuerySet[SoldOrder]) -> QuerySet[SoldOrder]:
    return rows.select_related("link__source", "link__target", "link__brand")


def _asked_again(place: Connection) -> list[NewJob]:
    """What is open where it was sold, and was not seen for a while."""
    before = ports.now() - timedelta(seconds=ASK_AGAIN_SECONDS)
    live = SoldReturn.objects.exclude(state__in=OVER_STATES)
    sold = live.filter(order__link__source=place, source_completed_at=None, source_seen_at__lte=before)
    sold = sold.exclude(source_id="").order_by("source_seen_at")[:ASK_AGAIN_AT_MOST]
    given = live.filter(order__target=place, credited_at=None, target_seen_at__lte=before)
    given = given.exclude(target_id="").order_by("target_seen_at")[:ASK_AGAIN_AT_MOST]
    ids = [*(row.source_id for row in sold if not withdrawn(row)), *(row.target_id for row in given)]
    return [job_for_connection("take_return", place, key=external_id) for external_id in dict.fromkeys(ids)]


@listen
def jobs_for_events(place: Connection, events: Iterable[Event]) -> list[NewJob]:
    """An event names a return; whoever lists changes is asked for the list, the others for the return."""
    ids = list(dict.fromkeys(event.external_id for event in events if event.kind == "return"))
    if not ids or place.platform not in READERS or not _has_part(place):
        return []
    if connector_class(place.platform).returns_by_creation:
        return [job_for_connection("take_return", place, key=external_id) for external_id in ids]
    return [job_for_connection("read_returns", place, key="tick")]


def _has_part(place: Connection) -> bool:
    return Link.objects.filter(Q(source=place) | Q(target=place), active=True).exists()


READ_RETURNS = register(
    Flow(
        name="read_returns",
        label="Read returns",
        lane=Lane.REFUNDS,
        run=read_returns,
        side="connection",
        part="either",
        cadence_seconds=600,
        platforms=READERS,
    )
)
TAKE_RETURN = register(
    Flow(
        name="take_return",
        label="Read one return",
        lane=Lane.REFUNDS,
        run=take_return,
        side="connection",
        part="either",
        platforms=READERS,
        record="return",
        records="returns",
        done="read",
    )
)
READ_RECEIVED = register(
    Flow(
        name="read_received",
        label="Read what came back",
        lane=Lane.REFUNDS,
        run=read_received,
        side="connection",
        part="target",
        cadence_seconds=600,
        platforms=platforms_able_to(Capability.READ_RETURNS) & platforms_able_to(Capability.TAKE_RETURNS),
    )
)
READ_CREDIT_NOTES = register(
    Flow(
        name="read_credit_notes",
        label="Read credit notes",
        lane=Lane.REFUNDS,
        run=read_credit_notes,
        side="connection",
        part="target",
        cadence_seconds=900,
        platforms=platforms_able_to(Capability.READ_CREDIT_NOTES),
    )
)
