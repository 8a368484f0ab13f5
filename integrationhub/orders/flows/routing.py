"""Which jobs an arrival makes. Shared by polls, events, webhooks and back-fills, so that each has the same end."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction

from connectors import ports
from connectors.base import Capability
from connectors.canonical.events import Event
from connectors.models import Connection
from connectors.registry import connector_class, platforms_able_to
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import blocking
from integrationhub.sync.enqueue import NewJob, job_for_connection, job_for_link
from integrationhub.sync.events import listen
from integrationhub.sync.inbox import Stored
from integrationhub.sync.models import SyncJob
from integrationhub.sync.models.jobs import WAITING_STATES
from integrationhub.sync.places import active_links


def order_key(link_id: int, reference: str) -> str:
    """Everything about one order runs one at a time."""
    return f"order:{link_id}:{reference}"


def jobs_for_orders(place: Connection, stored: Sequence[Stored], *, backfill: bool = False) -> list[NewJob]:
    imports = [
        job_for_link(
            "import_order",
            link,
            key=item.record.external_id,
            serial_key=order_key(link.pk, item.record.external_id),
            record_id=item.record_id,
            argument={"backfill": True} if backfill else None,
        )
        for link in active_links(place.pk)
        for item in stored
    ]
    shows_refunds = connector_class(place.platform).shows_refunds
    refunded = {item.record.external_id: item for item in stored if shows_refunds(item.record.payload)}
    return [*imports, *_refund_jobs(place, refunded)]


def _refund_jobs(place: Connection, refunded: Mapping[str, Stored]) -> list[NewJob]:
    """What was given back of orders that are kept here already; who takes returns is told of them by `announce_return`."""
    if not refunded:
        return []
    orders = SoldOrder.objects.filter(link__source=place, link__active=True, reference__in=refunded)
    orders = orders.exclude(target__platform__in=platforms_able_to(Capability.TAKE_RETURNS))
    return [
        order_job("note_refunds", order, record_id=refunded[order.reference].record_id)
        for order in orders.select_related("link__source", "link__target", "link__brand")
    ]


def jobs_for_order_changes(place: Connection, stored: Sequence[Stored]) -> list[NewJob]:
    """What changed where it is fulfilled is read again as a whole. Orders that the hub did not create make no job."""
    orders = _orders_of(place, (item.record.external_id for item in stored))
    return [order_job("watch_target_order", order) for order in orders.values()]


def jobs_for_dispatches(place: Connection, stored: Sequence[Stored]) -> list[NewJob]:
    """Dispatches of orders that the hub did not create are none of its business."""
    jobs = []
    by_number = _orders_of(place, (str(item.record.order_external_id) for item in stored))
    for item in stored:
        order = by_number.get(str(item.record.order_external_id))
        if order is not None:
            jobs.append(_confirm_job(order, item))
    return jobs


def _confirm_job(order: SoldOrder, item: Stored) -> NewJob:
    return job_for_link(
        "confirm_dispatch",
        order.link,
        key=item.record.external_id,
        serial_key=order_key(order.link_id, order.reference),
        record_id=item.record_id,
        argument={"order": order.pk},
        occurred_at=order.placed_at,
        deadline_at=order.ship_by,
        value=order.total,
        value_currency=order.currency,
        value_reporting=order.value_reporting,
    )


@listen
def jobs_for_events(place: Connection, events: Sequence[Event]) -> list[NewJob]:
    """An event is a hint: the job it makes reads the state again."""
    jobs: list[NewJob] = []
    numbers = {event.external_id for event in events if event.kind == "order"}
    sold = numbers or any(event.kind == "missed" for event in events)
    if sold and _sells(place):  # the next poll comes now
        jobs.append(job_for_connection("read_orders", place, key="tick"))
    for order in _orders_of(place, numbers).values():
        jobs.append(order_job("watch_target_order", order))
    for event in events:
        if event.kind == "shipment":
            jobs.append(job_for_connection("take_dispatch", place, key=event.external_id))
    return jobs


def _sells(place: Connection) -> bool:
    """A shop may fulfil only: then nobody reads what it sells."""
    return place.platform in platforms_able_to(Capability.READ_ORDERS) and bool(active_links(place.pk))


def order_job(flow: str, order: SoldOrder, **values: object) -> NewJob:
    """A job of a flow about one order, with what is at stake."""
    return job_for_link(
        flow,
        order.link,
        key=order.reference,
        serial_key=order_key(order.link_id, order.reference),
        occurred_at=order.placed_at,
        value=order.total,
        value_currency=order.currency,
        value_reporting=order.value_reporting,
        **values,
    )


def look_again(order: SoldOrder, flows: Collection[str]) -> None:
    """Those of its jobs that wait for a person try once more: what they wait for may be settled by now."""
    key = order_key(order.link_id, order.reference)
    waiting = SyncJob.objects.filter(serial_key=key, flow__in=flows, state__in=WAITING_STATES)
    ids = list(waiting.values_list("pk", flat=True))
    if ids:
        with transaction.atomic():
            blocking.try_again(dict.fromkeys(ids, ports.now()), reason="Something of the order has changed.")


def _orders_of(place: Connection, numbers: Iterable[str]) -> dict[str, SoldOrder]:
    found = SoldOrder.objects.filter(target=place, target_external_id__in=[number for number in numbers if number])
    return {
        order.target_external_id: order for order in found.select_related("link__source", "link__target", "link__brand")
    }
