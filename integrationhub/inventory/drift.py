"""What a channel shows against what it took.

Found in SQL; what has a reason is told apart; the rest is sent again, within bounds.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from connectors import ports
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.offers import Offer
from connectors.models import Connection, Link
from integrationhub.inventory import overwrites
from integrationhub.inventory.models import ChannelStock, DriftScan

STAMPED_HOURS = 24
HEAL_ROWS = 500  # of one scan: a channel that differs in more has another trouble than drift

# Only rows that say something else than before are written: writing costs by what differs, not by what was read. A row of
# which nothing is new is stamped once a day, so that people see that it was looked at.
_SHOW = """
UPDATE inventory_channelstock s
SET shown = v.quantity, shown_at = %(now)s, category = LEFT(v.category, 120),
    title = CASE WHEN v.title <> '' THEN LEFT(v.title, 255) ELSE s.title END,
    dirty = s.dirty OR s.category IS DISTINCT FROM LEFT(v.category, 120),
    drifted_at = CASE WHEN v.quantity IS DISTINCT FROM s.acknowledged THEN COALESCE(s.drifted_at, %(now)s) END
FROM unnest(%(skus)s::text[], %(quantities)s::int[], %(categories)s::text[], %(titles)s::text[])
     AS v(sku, quantity, category, title)
WHERE s.link_id = ANY(%(links)s) AND s.channel_sku = v.sku
  AND (s.shown IS DISTINCT FROM v.quantity OR s.acknowledged IS DISTINCT FROM v.quantity OR s.drifted_at IS NOT NULL
       OR s.category IS DISTINCT FROM LEFT(v.category, 120) OR (v.title <> '' AND s.title <> LEFT(v.title, 255))
       OR s.shown_at < %(stale)s)
"""
_LOADED = """
DROP TABLE IF EXISTS pg_temp.loaded_stock;
CREATE TEMPORARY TABLE loaded_stock (sku text, quantity int) ON COMMIT DROP
"""
_LOAD = "COPY loaded_stock (sku, quantity) FROM STDIN (FORMAT csv)"
_SHOW_LOADED = """
WITH differing AS MATERIALIZED (
    SELECT s.id, v.quantity
    FROM inventory_channelstock s JOIN loaded_stock v ON v.sku = s.channel_sku
    WHERE s.link_id = ANY(%(links)s)
      AND (s.shown IS DISTINCT FROM v.quantity OR s.acknowledged IS DISTINCT FROM v.quantity OR s.drifted_at IS NOT NULL)
)
UPDATE inventory_channelstock s
SET shown = d.quantity, shown_at = %(now)s,
    drifted_at = CASE WHEN d.quantity IS DISTINCT FROM s.acknowledged THEN COALESCE(s.drifted_at, %(now)s) END
FROM differing d WHERE s.id = d.id
"""


def record(channel: Connection, offers: Sequence[Offer]) -> int:
    """Write down what the channel shows. Returns how many rows say something else than before."""
    told = {offer.sku: offer for offer in offers if offer.quantity is not None}
    now = ports.now()
    values = {
        "links": _links(channel.pk),
        "now": now,
        "stale": now - timedelta(hours=STAMPED_HOURS),
        "skus": list(told),
        "quantities": [offer.quantity for offer in told.values()],
        "categories": [offer.category for offer in told.values()],
        "titles": [offer.title for offer in told.values()],
    }
    return _execute(_SHOW, values)


def load(channel: Connection, chunks: Iterable[bytes]) -> int:
    """The same of a whole file, CSV lines of their SKU and the quantity in pieces of any size, each SKU once.

    The lines go through to the database; none is kept here. Raises DataError for a file that is not like that.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LOADED)
            with cursor.copy(_LOAD) as copy:
                for chunk in chunks:
                    copy.write(chunk)
            cursor.execute("ANALYZE loaded_stock")
            cursor.execute(_SHOW_LOADED, {"links": _links(channel.pk), "now": ports.now()})
            return int(cursor.rowcount)
    except psycopg.DataError as error:
        problem = Problem(field="file", message="It is not a list of SKUs and quantities.")
        raise DataError([problem], record=f"Stock of {channel.name}") from error


@dataclass(frozen=True, kw_only=True)
class Found:
    drifted: int
    explained: int
    healed: int
    left: int
    contested: int  # of these, how many somebody else overwrites again and again: told of by themselves


# Something is on its way, or was taken since it was read; or it shows less by just what this channel sold since.
_EXPLAINED = """
    s.state IN ('PENDING', 'SENT') OR s.acknowledged_at >= s.shown_at
    OR s.shown = s.acknowledged - COALESCE((
        SELECT SUM(h.quantity) FROM inventory_reservation h
        WHERE h.link_id = s.link_id AND h.sku = s.sku AND h.held_at >= s.acknowledged_at
    ), 0)
"""
_DRIFTED = f"""
SELECT s.id, ({_EXPLAINED}) AS explained
FROM inventory_channelstock s
WHERE s.link_id = ANY(%(links)s) AND s.drifted_at IS NOT NULL AND s.shown_at >= %(since)s
  AND s.acknowledged IS NOT NULL AND s.shown IS DISTINCT FROM s.acknowledged
ORDER BY s.shown <= s.acknowledged, s.id
"""  # noqa: S608  our own names
# It is as if the channel had taken what it shows: then the ledger sees by itself that it has something else to say.
_HEAL = """
UPDATE inventory_channelstock
SET acknowledged = shown, drifted_at = NULL, released = computed,
    state = CASE WHEN computed IS DISTINCT FROM shown THEN 'PENDING' ELSE 'ACKNOWLEDGED' END
WHERE id = ANY(%s) AND state = 'ACKNOWLEDGED' AND shown IS NOT NULL
"""


_DRIFTED_OF = f"""
SELECT s.id, s.channel_sku = ANY(%(counted)s) FROM inventory_channelstock s
WHERE s.link_id = ANY(%(links)s) AND s.channel_sku = ANY(%(skus)s) AND s.drifted_at IS NOT NULL
  AND s.acknowledged IS NOT NULL AND s.shown IS DISTINCT FROM s.acknowledged AND NOT ({_EXPLAINED})
  AND (s.shown > s.acknowledged OR s.channel_sku = ANY(%(counted)s))
"""  # noqa: S608  our own names


# Somebody else wrote at the same moment, so that it was refused: now that they are done, it goes out once more.
_REFUSED_OF = """
SELECT id FROM inventory_channelstock
WHERE link_id = ANY(%(links)s) AND channel_sku = ANY(%(counted)s) AND channel_sku = ANY(%(skus)s)
  AND state = 'REFUSED' AND computed IS DISTINCT FROM shown
"""
_AGAIN = "UPDATE inventory_channelstock SET state = 'PENDING', reason = '' WHERE id = ANY(%s) AND state = 'REFUSED'"


@dataclass(frozen=True, kw_only=True)
class Looked:
    again: int  # will be told again
    changed: int  # somebody else changed them after they were told


def look(channel: Connection, offers: Sequence[Offer], *, counted: Collection[str]) -> Looked:
    """Put right at once what a channel shows of a few SKUs.

    What shows more than it took goes out again; what shows less only where its stock was counted anew (`counted`): units that
    were sold there are missing until their order is read, and must not come back. A SKU that somebody else overwrites again
    and again is put back a few times an hour.
    """
    record(channel, offers)
    values = {"links": _links(channel.pk), "skus": [offer.sku for offer in offers], "counted": sorted(counted)}
    with transaction.atomic():
        refused = [row[0] for row in _rows(_REFUSED_OF, values)]
        drifted = dict(_rows(_DRIFTED_OF, values))
        changed = sorted({*refused, *(pk for pk, was_counted in drifted.items() if was_counted)})
        # What was sold, sent or came back moves by itself: nobody else is at it.
        back = {*overwrites.may_put_back(changed), *(pk for pk, was_counted in drifted.items() if not was_counted)}
        again = _execute(_AGAIN, [sorted(back & {*refused})]) + _execute(_HEAL, [sorted(back & drifted.keys())])
    return Looked(again=again, changed=len(changed))


def compare(scan: DriftScan) -> Found:
    """Tell what drifted since the scan began, and send the first of it again: what shows more than it may goes first."""
    with transaction.atomic():
        rows = _rows(_DRIFTED, {"links": _links(scan.channel_id), "since": scan.began_at})
        real = [pk for pk, explained in rows if not explained]
        first = real[:HEAL_ROWS]
        again = overwrites.may_put_back(first)
        healed = _execute(_HEAL, [again]) if again else 0
    return Found(
        drifted=len(rows),
        explained=len(rows) - len(real),
        healed=healed,
        left=len(real) - healed,
        contested=len(first) - len(again),
    )


def _links(channel_id: int) -> list[int]:
    """A channel's rows are found by its links: their SKUs are in an index."""
    return list(Link.objects.filter(source=channel_id).values_list("pk", flat=True))


_MORE = Q(shown__gt=F("computed")) | Q(acknowledged__gt=F("computed"))  # the index says it in the same words


def oversold(link_ids: Sequence[int]) -> QuerySet[ChannelStock]:
    """Rows of these links whose channel shows, or took, more than it may: the worst first."""
    return ChannelStock.objects.filter(_MORE, link__in=list(link_ids)).order_by("pk")


def oversold_of(brand_ids: Sequence[int], *, since: datetime) -> QuerySet[ChannelStock]:
    """The same for whole brands, of what may show less since before that moment."""
    links = Link.objects.filter(brand_id__in=list(brand_ids)).values("pk")
    return ChannelStock.objects.filter(_MORE, link__in=links, computed_at__lt=since)


def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _execute(statement: str, values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
