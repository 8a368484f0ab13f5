"""What the stock ledger asks of orders: how much was sold, and that new orders are known before a channel is told a figure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Sum

from connectors import ports
from connectors.base import Capability
from connectors.models import Connection
from connectors.registry import platforms_able_to
from integrationhub.inventory import hooks
from integrationhub.orders.models import SoldLine
from integrationhub.sync import ticks
from integrationhub.sync.models import Feed, Schedule

FRESH_SECONDS = 120  # the shortest time between two polls that a platform allows is a minute
# A shop that fulfils too adds what is allocated to its orders when it is told what is free: those must be known by then.
SHOP_FRESH_SECONDS = 20
BROKEN_MINUTES = 15  # then the poll is broken: a case tells of it, and what is known is published
LOOK_AGAIN_SECONDS = 10


def sold_units(owner_id: int, skus: Sequence[str], since: datetime) -> Mapping[str, int]:
    lines = SoldLine.objects.filter(
        order__target=owner_id, order__placed_at__gte=since, target_sku__in=list(skus), cancelled=False
    )
    return dict(lines.values_list("target_sku").annotate(Sum("quantity")))


def wait_for_orders(channel: Connection) -> datetime | None:
    """None when the channel's orders were read a moment ago, or cannot be read; else when to look again."""
    now = ports.now()
    schedule = Schedule.objects.filter(flow="read_orders", connection=channel, link=None).first()
    if schedule is None or schedule.mode == Schedule.Mode.HELD or schedule.paused_reason:
        return None
    last = Feed.objects.filter(connection=channel, name="orders").values_list("last_success_at", flat=True).first()
    fresh = SHOP_FRESH_SECONDS if channel.platform in platforms_able_to(Capability.CREATE_ORDERS) else FRESH_SECONDS
    if last is None or not timedelta(seconds=fresh) < now - last < timedelta(minutes=BROKEN_MINUTES):
        return None
    ticks.enqueue_now(schedule)
    return now + timedelta(seconds=LOOK_AGAIN_SECONDS)


hooks.tell_sold_units(sold_units)
hooks.tell_orders_read(wait_for_orders)
