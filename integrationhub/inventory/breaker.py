"""Stop before harm: when a push would empty or shake a channel, nothing is sent, and a person is asked."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from connectors import ports
from connectors.models import Link
from integrationhub.inventory.models import ChannelStock, StockHold, StockHoldLine, StockLimits
from integrationhub.sync.holding import Holds

SAMPLE_LINES = 20
COUNTED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Push:
    """What would be sent to a channel, as far as nobody has let it through yet."""

    live: int  # SKUs for sale there now
    zeroed: int  # of these, how many would end at 0
    moved: int  # of these, how many would change; what is told for the first time changes only where it ends at 0


# For sale is what the channel took last; before it was ever told anything, what it showed when it was read.
_FOR_SALE = Q(acknowledged__gt=0) | Q(acknowledged=None, shown__gt=0)
_PUSH = """
SELECT COUNT(*) FILTER (WHERE computed = 0), COUNT(*) FILTER (WHERE acknowledged > 0 OR computed = 0)
FROM inventory_channelstock
WHERE channel_id = %s AND link_id = %s AND state = 'PENDING' AND COALESCE(acknowledged, shown) > 0
  AND released IS DISTINCT FROM computed
"""


def look(link: Link, limits: StockLimits) -> Push:
    with connection.cursor() as cursor:
        cursor.execute(_PUSH, [link.source_id, link.pk])
        zeroed, moved = cursor.fetchone()
    live = _live(link, limits) if moved >= limits.least else limits.live
    return Push(live=live, zeroed=zeroed, moved=moved)


def _live(link: Link, limits: StockLimits) -> int:
    """How many SKUs the channel has for sale, counted anew when the figure is old."""
    now = ports.now()
    if limits.live_counted_at is None or now - limits.live_counted_at > COUNTED_FOR:
        limits.live = ChannelStock.objects.filter(_FOR_SALE, link=link).count()
        limits.live_counted_at = now
        StockLimits.objects.update_or_create(
            link=link, defaults={"live": limits.live, "live_counted_at": limits.live_counted_at}
        )
    return limits.live


def harm(push: Push, limits: StockLimits) -> str:
    """Why the push must not go, in plain words; "" when it may."""
    if push.moved < limits.least:
        return ""
    if push.zeroed * 100 > push.live * limits.zero_percent:
        return f"{push.zeroed} of {push.live} SKUs for sale would end at 0."
    if push.moved * 100 > push.live * limits.move_percent:
        return f"{push.moved} of {push.live} SKUs for sale would change at once."
    return ""


def limits_of(link: Link) -> StockLimits:
    return StockLimits.objects.filter(link=link).first() or StockLimits(link=link)


_LET_THROUGH = """
UPDATE inventory_channelstock s SET released = l.quantity
FROM inventory_stockholdline l WHERE l.hold_id = %(hold)s AND l.stock_id = s.id
"""
_TURN_DOWN = """
UPDATE inventory_channelstock s SET state = 'SKIPPED', reason = LEFT(%(words)s, 300)
FROM inventory_stockholdline l
WHERE l.hold_id = %(hold)s AND l.stock_id = s.id AND s.state = 'PENDING' AND s.computed = l.quantity
"""


def _figures(hold: StockHold) -> dict[str, Any]:
    return {"live": hold.live, "zeroed": hold.zeroed, "moved": hold.moved}


HOLDS = Holds(
    model=StockHold,
    kind="stock",
    cause="stock_stopped",
    figures=_figures,
    let_through=_LET_THROUGH,
    turn_down=_TURN_DOWN,
)
release, refuse = HOLDS.release, HOLDS.refuse


def check(link: Link) -> StockHold | None:
    """The hold that keeps this channel from being told anything, new or standing; None when it may be told."""
    limits = limits_of(link)
    push = look(link, limits)
    because = harm(push, limits)
    standing = HOLDS.standing(link.pk)
    if not because:
        if standing is not None:
            HOLDS.end_by_itself(standing)
        return None
    return standing or _open(link, push, because)


def _open(link: Link, push: Push, because: str) -> StockHold:
    with transaction.atomic():
        rows = _stopped(link)
        hold = StockHold.objects.create(
            link=link,
            live=push.live,
            zeroed=push.zeroed,
            moved=push.moved,
            because=because,
            sample=[[row.channel_sku, _shows(row), row.computed] for row in rows[:SAMPLE_LINES]],
        )
        lines = (StockHoldLine(hold=hold, stock=row, quantity=row.computed or 0) for row in rows.iterator(5_000))
        StockHoldLine.objects.bulk_create(lines, batch_size=5_000)
        HOLDS.tell(hold)
    return hold


def _shows(row: ChannelStock) -> int | None:
    return row.shown if row.acknowledged is None else row.acknowledged


def _stopped(link: Link) -> Any:
    rows = ChannelStock.objects.filter(_FOR_SALE, link=link, state=ChannelStock.State.PENDING)
    return rows.order_by("computed", "-acknowledged", "pk")
