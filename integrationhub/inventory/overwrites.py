"""Another system writes a channel's stock too: it is put back a few times, then a person is told who may be at it.

Putting a figure back is right when somebody mistyped. It is no cure where a second system writes on: each would undo the other
once a minute for ever, out of one call budget. So a SKU is put back three times within an hour; the third time opens the case.
After that it waits until its hour is over, or until the hub itself has something new to tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.models import Connection, Link
from exceptions_app.opening import HUB, open_case
from integrationhub.inventory.models import StockOverwrite
from integrationhub.sync.standing import close_open_case

WITHIN = timedelta(hours=1)
PUT_BACK_MOST = 3  # times that a SKU is put back within that time, and from when on a person is told
KEPT = timedelta(days=1)
CAUSE = "stock_overwritten"

# Once for each time that it was told: what was not told again since was not overwritten again.
_NOTE = """
INSERT INTO inventory_stockoverwrite (stock_id, channel_id, told, shown, seen_at)
SELECT s.id, s.channel_id, COALESCE(s.sent, s.acknowledged), s.shown, %(now)s
FROM inventory_channelstock s
WHERE s.id = ANY(%(ids)s) AND s.shown IS NOT NULL AND COALESCE(s.sent, s.acknowledged) IS NOT NULL
  AND NOT EXISTS (
      SELECT 1 FROM inventory_stockoverwrite o WHERE o.stock_id = s.id AND o.seen_at > COALESCE(s.sent_at, s.acknowledged_at)
  )
"""
_SPENT = """
SELECT stock_id FROM inventory_stockoverwrite
WHERE stock_id = ANY(%(ids)s) AND seen_at > %(since)s
GROUP BY stock_id HAVING COUNT(*) > %(most)s
"""
_CONTESTED = """
WITH contested AS (
    SELECT stock_id, COUNT(*) AS times, MAX(id) AS latest FROM inventory_stockoverwrite
    WHERE channel_id = %(channel)s AND seen_at > %(since)s
    GROUP BY stock_id HAVING COUNT(*) >= %(most)s
)
SELECT c.times, s.channel_sku, o.told, o.shown, COUNT(*) OVER ()
FROM contested c JOIN inventory_stockoverwrite o ON o.id = c.latest JOIN inventory_channelstock s ON s.id = c.stock_id
ORDER BY c.times DESC, s.channel_sku LIMIT 1
"""


@dataclass(frozen=True, kw_only=True)
class Contested:
    """What somebody else overwrites again and again in one channel."""

    skus: int
    times: int  # the most often in the last hour
    example: str  # the channel's SKU that was
    told: int
    shown: int


def may_put_back(ids: Sequence[int]) -> list[int]:
    """Write down that these rows show something else than they were told. Returns those that are put back once more."""
    if not ids:
        return []
    now = ports.now()
    values: dict[str, Any] = {"ids": list(ids), "now": now, "since": now - WITHIN, "most": PUT_BACK_MOST}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
        cursor.execute(_SPENT, values)
        spent = {row[0] for row in cursor.fetchall()}
    return [pk for pk in ids if pk not in spent]


def contested(channel: Connection) -> Contested | None:
    values: dict[str, Any] = {"channel": channel.pk, "since": ports.now() - WITHIN, "most": PUT_BACK_MOST}
    with connection.cursor() as cursor:
        cursor.execute(_CONTESTED, values)
        row = cursor.fetchone()
    if row is None:
        return None
    times, example, told, shown, skus = row
    return Contested(skus=skus, times=times, example=example, told=told, shown=shown)


def tell(channel: Connection, *, where: str) -> None:
    """One case for each channel. `where`: the part of it that the hub writes, "" = all of it."""
    found = contested(channel)
    if found is None:
        return
    link = Link.objects.filter(source=channel, active=True).order_by("pk").first()
    with transaction.atomic():
        open_case(
            brand=channel.brand,
            cause=CAUSE,
            object_key=_key(channel),
            target=channel,
            link=link,
            context={
                "skus": found.skus,
                "times": found.times,
                "example": found.example,
                "told": found.told,
                "shown": found.shown,
                "where": where,
            },
        )


def close_if_over(channel: Connection) -> None:
    """After everything that the channel shows was read and agrees: closed when nothing was overwritten for an hour."""
    now = ports.now()
    StockOverwrite.objects.filter(channel=channel, seen_at__lt=now - KEPT).delete()
    if StockOverwrite.objects.filter(channel=channel, seen_at__gt=now - WITHIN).exists():
        return
    reason = "All that it shows was read back and agrees, and for an hour nobody else changed it."
    close_open_case(channel.brand_id, cause=CAUSE, object_key=_key(channel), actor=HUB, reason=reason)


def _key(channel: Connection) -> str:
    return f"stock overwritten:{channel.pk}"
