"""What the stock ledger asks of orders: how much was sold, and that new orders are known before a channel is told a figure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection

from connectors import ports
from connectors.models import Connection
from integrationhub.inventory import hooks
from integrationhub.sync import arrays, ticks
from integrationhub.sync.models import Feed, Schedule, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES

TAKEN_UP_SECONDS = 60  # an order that was not taken up after so long is held up by something else than its turn


# By thousands of SKUs at a time: as one array, not as a list of so many parameters.
_SOLD = """
SELECT l.target_sku, SUM(l.quantity)
FROM orders_soldline l JOIN orders_soldorder o ON o.id = l.order_id
WHERE o.target_id = %(owner)s AND o.placed_at >= %(since)s AND l.target_sku = ANY(%(skus)s::text[]) AND NOT l.cancelled
GROUP BY l.target_sku
"""


def sold_units(owner_id: int, skus: Sequence[str], since: datetime) -> Mapping[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_SOLD, {"owner": owner_id, "since": since, "skus": arrays.texts(skus)})
        return {str(sku): int(units) for sku, units in cursor.fetchall()}


def orders_due_at(place: Connection, since: datetime) -> datetime | None:
    """When the orders that came in before `since` may be in hand; None when they are, or cannot be had.

    In hand: read, and each new one tried once, so that what it needs is held. Where nobody reads orders, or none was ever
    read, there is nothing to wait for.
    """
    schedule = _schedule(place)
    last = Feed.objects.filter(connection=place, name="orders").values_list("last_success_at", flat=True).first()
    if schedule is None or last is None:
        return None
    now = ports.now()
    if last >= since:
        return now if _not_taken_up(place, last) else None
    reading = SyncJob.objects.filter(schedule=schedule, key="tick").exclude(state__in=TERMINAL_STATES)
    return max(now, reading.values_list("due_at", flat=True).first() or now)


def _not_taken_up(place: Connection, read_at: datetime) -> bool:
    """Whether an order that was just read has not had its first try."""
    fresh = SyncJob.objects.filter(flow="import_order", link__source=place, tries=0, created_at__lte=read_at)
    fresh = fresh.filter(state__in=(SyncJob.State.QUEUED, SyncJob.State.RUNNING))
    return fresh.filter(created_at__gte=ports.now() - timedelta(seconds=TAKEN_UP_SECONDS)).exists()


def ask_for_orders(place: Connection) -> None:
    schedule = _schedule(place)
    if schedule is not None:
        ticks.enqueue_now(schedule)


def orders_known_at(place: Connection) -> datetime | None:
    return Feed.objects.filter(connection=place, name="orders").values_list("cursor_at", flat=True).first()


def _schedule(place: Connection) -> Schedule | None:
    """Of the reading of its orders, while that runs."""
    rows = Schedule.objects.filter(flow="read_orders", connection=place, link=None, paused_reason="")
    return rows.exclude(mode=Schedule.Mode.HELD).select_related("connection").first()


hooks.tell_sold_units(sold_units)
hooks.tell_orders_feed(hooks.OrdersFeed(due_at=orders_due_at, ask=ask_for_orders, known_at=orders_known_at))
