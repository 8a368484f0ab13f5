"""What events named that is not a SKU: orders, shipments and returns whose lines tell which stock moved. Kept until read."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from connectors import ports
from connectors.canonical.events import Event
from integrationhub.inventory.models import StockTelling

KINDS = frozenset({"order", "shipment", "return"})

_NOTE = """
INSERT INTO inventory_stocktelling (connection_id, kind, external_id, told_at)
SELECT %(owner)s, v.kind, v.external_id, %(now)s
FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS v(kind, external_id) ORDER BY v.kind, v.external_id
ON CONFLICT (connection_id, kind, external_id) DO UPDATE SET told_at = EXCLUDED.told_at
"""


def note(owner_id: int, events: Iterable[Event]) -> int:
    """Keep what is told, each object once. Returns how many objects that were."""
    told = sorted(
        {(event.kind, event.external_id[:80]) for event in events if event.kind in KINDS and event.external_id}
    )
    if told:
        values: dict[str, Any] = {
            "owner": owner_id, "kinds": [kind for kind, _ in told], "ids": [one for _, one in told], "now": ports.now()
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, values)
    return len(told)


def waiting(owner_id: int, *, limit: int) -> list[StockTelling]:
    """The oldest tellings of one kind."""
    first = StockTelling.objects.filter(connection=owner_id).order_by("told_at", "pk").first()
    if first is None:
        return []
    rows = StockTelling.objects.filter(connection=owner_id, kind=first.kind)
    return list(rows.order_by("told_at", "pk")[:limit])


def forget(read: Sequence[StockTelling]) -> None:
    """Their SKUs are known. What was told again meanwhile stays."""
    for told_at in {row.told_at for row in read}:
        ids = [row.pk for row in read if row.told_at == told_at]
        StockTelling.objects.filter(pk__in=ids, told_at=told_at).delete()
