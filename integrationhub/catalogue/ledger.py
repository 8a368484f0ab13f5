"""The price ledger in SQL: what has changed is computed, claimed, sent and acknowledged. Nothing here grows with the catalogue.

As with stock: a row is computed under its lock and read in a second statement, so that what somebody else committed meanwhile
is seen, and their mark stays.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.base import Capability
from connectors.canonical.money import Money
from connectors.canonical.offers import PriceUpdate
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.catalogue.models import ListingPrice, PriceDelivery, PriceTerms
from integrationhub.catalogue.pricing import Listed, wanted
from integrationhub.sync.deliveries import Ledger

COMPUTE_ROWS = 5_000
NOT_SHOWN = "The channel shows no offer of it yet."

State = ListingPrice.State


# --- what has changed -------------------------------------------------------------------------------------------------
def mark_links(link_ids: Sequence[int]) -> int:
    """The price list or the currency of these channels has changed: all is computed, and what was refused tried, again."""
    rows = "UPDATE catalogue_listingprice SET dirty = TRUE"
    again = ", state = CASE WHEN state = 'REFUSED' AND wanted IS NOT NULL THEN 'PENDING' ELSE state END"
    return _execute(f"{rows}{again} WHERE link_id = ANY(%s)", [list(link_ids)])


# --- what it shall be -------------------------------------------------------------------------------------------------
_LOCK = """
SELECT id FROM catalogue_listingprice
WHERE channel_id = %s AND link_id = ANY(%s) AND dirty ORDER BY id LIMIT %s FOR UPDATE
"""
_READ = """
SELECT s.id, s.retired, t.price_list, COALESCE(NULLIF(s.shown_currency, ''), NULLIF(t.currency, ''), t.seen_currency),
       r.id IS NOT NULL, r.amount, COALESCE(r.currency, ''), r.as_of
FROM catalogue_listingprice s
JOIN catalogue_priceterms t ON t.link_id = s.link_id
LEFT JOIN catalogue_pricereading r ON r.connection_id = s.owner_id AND r.price_list = t.price_list AND r.sku = s.sku
WHERE s.id = ANY(%s)
"""
_WRITE = """
UPDATE catalogue_listingprice s
SET dirty = FALSE, price_list = v.price_list, currency = v.currency, listed = v.listed,
    listed_currency = v.listed_currency, as_of = v.as_of, wanted = v.wanted,
    wanted_at = CASE WHEN s.wanted IS DISTINCT FROM v.wanted THEN %(now)s ELSE s.wanted_at END,
    superseded = s.superseded + (s.state = 'PENDING' AND s.wanted IS DISTINCT FROM v.wanted)::int,
    released = CASE WHEN s.wanted IS DISTINCT FROM v.wanted THEN NULL ELSE s.released END,
    turned_down = CASE WHEN s.turned_down = v.wanted THEN s.turned_down END,
    healed = CASE WHEN s.wanted IS DISTINCT FROM v.wanted THEN 0 ELSE s.healed END,
    reason = CASE
        WHEN v.wanted IS NULL THEN v.reason
        WHEN s.turned_down = v.wanted OR (s.state = 'REFUSED' AND s.wanted = v.wanted) THEN s.reason
        WHEN s.state <> 'SENT' AND s.acknowledged IS NULL AND %(shows)s THEN %(not_shown)s
        ELSE ''
    END,
    state = CASE
        WHEN s.state = 'SENT' THEN s.state
        WHEN v.wanted IS NULL THEN CASE WHEN v.reason = '' THEN 'UNREAD' ELSE 'SKIPPED' END
        WHEN s.turned_down = v.wanted THEN 'SKIPPED'
        WHEN s.state = 'REFUSED' AND s.wanted = v.wanted THEN s.state
        WHEN s.acknowledged IS NULL AND %(shows)s THEN 'SKIPPED'
        WHEN v.wanted IS DISTINCT FROM s.acknowledged THEN 'PENDING'
        ELSE 'ACKNOWLEDGED'
    END
FROM unnest(%(ids)s::bigint[], %(price_list)s::text[], %(currency)s::text[], %(listed)s::numeric[],
            %(listed_currency)s::text[], %(as_of)s::timestamptz[], %(wanted)s::numeric[], %(reason)s::text[])
     AS v(id, price_list, currency, listed, listed_currency, as_of, wanted, reason)
WHERE s.id = v.id
"""


def compute(channel: Connection, links: Sequence[Link]) -> int:
    """Compute every marked row of a channel again. Returns how many there were."""
    done = 0
    while True:
        with transaction.atomic():
            ids = [row[0] for row in _rows(_LOCK, [channel.pk, [link.pk for link in links], COMPUTE_ROWS])]
            if not ids:
                return done
            _write(_rows(_READ, [ids]), shows=channel.platform in platforms_able_to(Capability.READ_OFFERS))
        done += len(ids)
        if len(ids) < COMPUTE_ROWS:
            return done


def _write(rows: Sequence[Sequence[Any]], *, shows: bool) -> None:
    """`shows`: the channel can be read back, so that only what it offers is priced."""
    names = ("ids", "price_list", "currency", "listed", "listed_currency", "as_of", "wanted", "reason")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for pk, retired, price_list, sells_in, read, amount, currency, as_of in rows:
        listed = Listed(
            price_list=price_list, sells_in=sells_in, read=read, amount=amount, currency=currency, retired=retired
        )
        found = wanted(listed)
        values = (pk, price_list, sells_in, amount, currency, as_of, found.amount, found.reason[:300])
        for name, value in zip(names, values, strict=True):
            columns[name].append(value)
    _execute(_WRITE, {**columns, "now": ports.now(), "shows": shows, "not_shown": NOT_SHOWN})


# --- what it is told, and what it took --------------------------------------------------------------------------------
def _update(sku: str, amount: Decimal, currency: str) -> PriceUpdate:
    return PriceUpdate(sku=sku, price=Money(amount, currency))


# A price that would fall too far waits for a person; the others need not wait for it.
_FALLS_TOO_FAR = f"""
s.wanted * 100 < s.acknowledged * (100 - COALESCE(
    (SELECT t.fall_percent FROM {PriceTerms._meta.db_table} t WHERE t.link_id = s.link_id),
    {PriceTerms._meta.get_field("fall_percent").default}
))
"""  # noqa: S608  our own names
LEDGER = Ledger(
    rows=ListingPrice,
    deliveries=PriceDelivery,
    update=_update,
    wanted="wanted",
    frozen={"sent": "wanted", "sent_currency": "currency"},
    without="CASE WHEN s.reason = '' THEN 'UNREAD' ELSE 'SKIPPED' END",
    # What is sold too cheap goes first.
    first="s.wanted <= COALESCE(s.acknowledged, 0)",
    sendable=f"(s.released = s.wanted OR s.acknowledged IS NULL OR NOT ({_FALLS_TOO_FAR}))",
)
claim, on_its_way = LEDGER.claim, LEDGER.on_its_way


# --- SQL --------------------------------------------------------------------------------------------------------------
def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _execute(statement: str, values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
