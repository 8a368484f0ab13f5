"""What the owner of stock says, written down. An older reading never replaces a newer one; nothing said is not zero."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.canonical.stock import StockLevel
from integrationhub.inventory import ledger, promises
from integrationhub.inventory.models import StockReading
from integrationhub.sync import arrays

UNKNOWN_MOST = 10_000

_RECORD = """
INSERT INTO inventory_stockreading AS r (connection_id, sku, available, as_of)
SELECT %(owner)s, v.sku, v.available, v.as_of
FROM unnest(%(skus)s::text[], %(available)s::int[], %(as_of)s::timestamptz[]) AS v(sku, available, as_of)
ORDER BY v.sku
ON CONFLICT (connection_id, sku) DO UPDATE
SET available = EXCLUDED.available, as_of = EXCLUDED.as_of, missed_at = NULL, looked_at = NULL,
    asked_at = CASE WHEN r.asked_at >= EXCLUDED.as_of THEN r.asked_at ELSE NULL END
WHERE r.as_of IS NULL OR r.as_of <= EXCLUDED.as_of
RETURNING sku
"""
# A telling that is older than one that was heard before tells nothing: deliveries come late and out of order.
_ASK = """
INSERT INTO inventory_stockreading AS r (connection_id, sku, asked_at, told_at)
SELECT %(owner)s, v.sku, %(now)s, v.told_at
FROM unnest(%(skus)s::text[], %(told)s::timestamptz[]) AS v(sku, told_at) ORDER BY v.sku
ON CONFLICT (connection_id, sku) DO UPDATE
SET asked_at = EXCLUDED.asked_at, told_at = GREATEST(r.told_at, EXCLUDED.told_at)
WHERE r.told_at IS NULL OR EXCLUDED.told_at IS NULL OR r.told_at <= EXCLUDED.told_at
RETURNING r.sku
"""

_MISSED = """
INSERT INTO inventory_stockreading AS r (connection_id, sku, missed_at, looked_at)
SELECT %(owner)s, sku, %(now)s, %(now)s FROM unnest(%(skus)s::text[]) AS v(sku) ORDER BY sku
ON CONFLICT (connection_id, sku) DO UPDATE
SET missed_at = COALESCE(r.missed_at, EXCLUDED.missed_at), looked_at = EXCLUDED.looked_at, asked_at = NULL
"""
_LISTED = """
SELECT DISTINCT s.sku FROM inventory_channelstock s
WHERE s.owner_id = %(owner)s AND s.sku = ANY(%(skus)s) AND NOT s.retired
"""
_UNKNOWN = """
SELECT COUNT(*), MIN(sku) FROM (
    SELECT r.sku FROM inventory_stockreading r
    WHERE r.connection_id = %(owner)s AND r.missed_at IS NOT NULL
      AND EXISTS (
          SELECT 1 FROM inventory_channelstock s WHERE s.owner_id = r.connection_id AND s.sku = r.sku AND NOT s.retired
      )
    LIMIT %(most)s
) missed
"""


def record(owner_id: int, levels: Sequence[StockLevel]) -> list[str]:
    """Write readings down, end the promises that they count, and mark what is computed from them. Returns the SKUs taken."""
    newest: dict[str, StockLevel] = {}
    for level in levels:
        if level.sku not in newest or newest[level.sku].as_of <= level.as_of:
            newest[level.sku] = level
    if not newest:
        return []
    values = {
        "owner": owner_id,
        "skus": arrays.texts(list(newest)),
        "available": arrays.numbers(level.available for level in newest.values()),
        "as_of": arrays.times(level.as_of for level in newest.values()),
    }
    with transaction.atomic():
        taken = [str(row[0]) for row in _rows(_RECORD, values)]
        promises.end_counted(owner_id, {sku: newest[sku].as_of for sku in taken})
        ledger.mark(owner_id, taken)
    return taken


def ask(owner_id: int, skus: Collection[str], *, told: Mapping[str, datetime | None] | None = None) -> list[str]:
    """These SKUs are said to have changed: they are read next. Returns those of which this is not stale news.

    `told`: SKU → when the owner says that it changed, by its own clock.
    """
    wanted, times = sorted(set(skus)), told or {}
    values = {"owner": owner_id, "skus": wanted, "told": [times.get(sku) for sku in wanted], "now": ports.now()}
    return [str(row[0]) for row in _rows(_ASK, values)]


def asked(owner_id: int, *, limit: int) -> list[str]:
    """SKUs that were said to have changed and were not read since, the oldest telling first."""
    rows = StockReading.objects.filter(connection=owner_id, asked_at__isnull=False).order_by("asked_at", "sku")
    return list(rows.values_list("sku", flat=True)[:limit])


def known(owner_id: int, skus: Sequence[str]) -> set[str]:
    """Those of the SKUs that the owner has named before and not failed to name since."""
    rows = StockReading.objects.filter(connection=owner_id, sku__in=list(skus), missed_at=None)
    return set(rows.filter(available__isnull=False).values_list("sku", flat=True))


def missed(owner_id: int, skus: Sequence[str]) -> None:
    """A reading that asked for these SKUs did not hold them: what was known of them stands until a person decides."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSED, {"owner": owner_id, "skus": sorted(set(skus)), "now": ports.now()})


def listed(owner_id: int, skus: Collection[str]) -> list[str]:
    """Those of the SKUs that some channel has for sale: the others need no reading."""
    return [str(row[0]) for row in _rows(_LISTED, {"owner": owner_id, "skus": sorted(skus)})]


def unknown(owner_id: int) -> tuple[int, str]:
    """How many listed SKUs the owner did not name when it was asked (UNKNOWN_MOST at most), and one of them."""
    count, example = _rows(_UNKNOWN, {"owner": owner_id, "most": UNKNOWN_MOST})[0]
    return count, example or ""


def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
