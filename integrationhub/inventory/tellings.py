"""What events named, kept until it is read.

Orders, shipments and returns, whose lines tell which stock moved; and, at a channel that tells of changes itself, the SKUs that
are to be looked at there.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import connection

from connectors import ports
from connectors.canonical.events import Event
from integrationhub.inventory.models import StockTelling

KINDS = frozenset({"order", "shipment", "return"})
# SKUs of a channel: a change of stock named it; or a unit of it was sold, sent or came back.
COUNTED, MOVED = "counted", "moved"
LOOKS = frozenset({COUNTED, MOVED})
ID_LENGTH = 80

_NOTE = """
INSERT INTO inventory_stocktelling (connection_id, kind, external_id, told_at)
SELECT %(owner)s, v.kind, v.external_id, %(now)s
FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS v(kind, external_id) ORDER BY v.kind, v.external_id
ON CONFLICT (connection_id, kind, external_id) DO UPDATE SET told_at = EXCLUDED.told_at
"""


def note(owner_id: int, events: Iterable[Event]) -> int:
    """Keep what is told, each object once. Returns how many objects that were."""
    told = {
        (event.kind, event.external_id[:ID_LENGTH]) for event in events if event.kind in KINDS and event.external_id
    }
    _keep(owner_id, told)
    return len(told)


_LISTED = """
SELECT DISTINCT s.channel_sku FROM connectors_link l JOIN inventory_channelstock s ON s.link_id = l.id
WHERE l.source_id = %(channel)s AND l.active AND s.channel_sku = ANY(%(skus)s) AND length(s.channel_sku) <= %(most)s
"""


def note_looks(channel_id: int, skus: Collection[str], *, kind: str) -> int:
    """Keep which SKUs are to be looked at in a channel, those that its ledger has. Returns how many."""
    if not skus:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, {"channel": channel_id, "skus": sorted(skus), "most": ID_LENGTH})
        told = {(kind, str(row[0])) for row in cursor.fetchall()}
    _keep(channel_id, told)
    return len(told)


def _keep(connection_id: int, named: Collection[tuple[str, str]]) -> None:
    told = sorted(named)
    if told:
        values: dict[str, Any] = {
            "owner": connection_id, "kinds": [kind for kind, _ in told], "ids": [one for _, one in told], "now": ports.now()
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, values)


def waiting(owner_id: int, *, limit: int, kinds: Collection[str] = KINDS) -> list[StockTelling]:
    """The oldest tellings of one of these kinds."""
    rows = StockTelling.objects.filter(connection=owner_id, kind__in=kinds)
    first = rows.order_by("told_at", "pk").first()
    if first is None:
        return []
    rows = StockTelling.objects.filter(connection=owner_id, kind=first.kind)
    return list(rows.order_by("told_at", "pk")[:limit])


def forget(read: Sequence[StockTelling]) -> None:
    """Their SKUs are known. What was told again meanwhile stays."""
    for told_at in {row.told_at for row in read}:
        ids = [row.pk for row in read if row.told_at == told_at]
        StockTelling.objects.filter(pk__in=ids, told_at=told_at).delete()
