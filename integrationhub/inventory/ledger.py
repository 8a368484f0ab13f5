"""The stock ledger in SQL: what has changed is computed, claimed, sent and acknowledged. Nothing here grows with the catalogue.

A row is computed under its lock, and read in a second statement, after its marks were taken off: what somebody else committed
meanwhile is then seen, and a mark that comes later stays. A mark that is there already is written again all the same: so whoever
takes it off waits for the change, or the change for them. Marks are written in the order of their rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.canonical.stock import StockUpdate
from connectors.models import Connection, Link
from integrationhub.inventory.models import ChannelStock, StockDelivery, StockSwitch
from integrationhub.inventory.owners import FREE_BEYOND
from integrationhub.inventory.quantity import published
from integrationhub.inventory.rules import RuleBook, sold_lately
from integrationhub.sync import arrays
from integrationhub.sync.deliveries import Ledger

COMPUTE_ROWS = 5_000

State = ChannelStock.State
Mode = StockSwitch.Mode


# --- what has changed -------------------------------------------------------------------------------------------------
_MARK = """
INSERT INTO inventory_stockmark (stock_id, link_id)
SELECT s.id, s.link_id FROM inventory_channelstock s WHERE s.owner_id = %(owner)s AND s.sku = ANY(%(skus)s::text[])
ORDER BY s.id
ON CONFLICT (stock_id) DO UPDATE SET link_id = EXCLUDED.link_id
"""
# What a channel passes on to others of an owner's stock: their rows are computed from that owner's figures too.
_MARK_BEYOND = """
INSERT INTO inventory_stockmark (stock_id, link_id)
SELECT DISTINCT s.id, s.link_id
FROM inventory_channelstock u JOIN connectors_link l ON l.target_id = u.channel_id AND l.active
JOIN inventory_channelstock s ON s.link_id = l.id AND s.owner_id = u.channel_id AND s.sku = u.channel_sku
WHERE u.owner_id = %(owner)s AND u.sku = ANY(%(skus)s::text[])
ORDER BY s.id
ON CONFLICT (stock_id) DO UPDATE SET link_id = EXCLUDED.link_id
"""
_PASSED_ON = """
SELECT EXISTS (SELECT 1 FROM connectors_link a JOIN connectors_link b ON b.target_id = a.source_id WHERE a.target_id = %s)
"""


def mark(owner_id: int, skus: Sequence[str]) -> int:
    """Something that these SKUs are computed from has changed. In the transaction of the change."""
    values = {"owner": owner_id, "skus": arrays.texts(skus)}
    marked = _execute(_MARK, values)
    if _rows(_PASSED_ON, [owner_id])[0][0]:
        marked += _execute(_MARK_BEYOND, values)
    return marked


def mark_passed_on(link: Link) -> int:
    """What this link's source passes on has changed altogether: everything that is read from it is computed again."""
    return _execute("UPDATE inventory_channelstock SET dirty = TRUE WHERE owner_id = %s", [link.source_id])


def mark_links(link_ids: Sequence[int]) -> int:
    """A rule or a switch has changed: everything of these channels is computed again."""
    return _execute("UPDATE inventory_channelstock SET dirty = TRUE WHERE link_id = ANY(%s)", [list(link_ids)])


_STIRS = """
SELECT EXISTS (
        SELECT 1 FROM connectors_link l JOIN inventory_stockmark m ON m.link_id = l.id
        WHERE l.source_id = %(channel)s AND l.active
    )
    OR EXISTS (SELECT 1 FROM inventory_channelstock WHERE channel_id = %(channel)s AND dirty)
    OR EXISTS (SELECT 1 FROM inventory_channelstock WHERE channel_id = %(channel)s AND state = 'PENDING')
    OR EXISTS (
        SELECT 1 FROM inventory_stockhold h JOIN connectors_link l ON l.id = h.link_id
        WHERE l.source_id = %(channel)s AND h.state = 'OPEN'
    )
"""


def stirs(channel: Connection) -> bool:
    """Whether a channel's slot has anything to do: most find nothing, and ask no more than this."""
    return bool(_rows(_STIRS, {"channel": channel.pk})[0][0])


# --- what it may show -------------------------------------------------------------------------------------------------
_MARKED = """
WITH taken AS (
    DELETE FROM inventory_stockmark
    WHERE stock_id = ANY(ARRAY(
        SELECT stock_id FROM inventory_stockmark WHERE link_id = ANY(%(links)s) ORDER BY stock_id LIMIT %(most)s
    ))
    RETURNING stock_id
)
SELECT s.id FROM inventory_channelstock s
WHERE s.id = ANY(ARRAY(SELECT stock_id FROM taken)) AND s.link_id = ANY(%(links)s) ORDER BY s.id FOR UPDATE
"""
_DIRTY = """
SELECT id FROM inventory_channelstock
WHERE channel_id = %(channel)s AND link_id = ANY(%(links)s) AND dirty ORDER BY id LIMIT %(most)s FOR UPDATE
"""
# Readings are looked up one by one: joined, the planner reads all of them for some thousands of rows.
_READ = f"""
SELECT s.id, s.link_id, s.owner_id, s.sku, s.category, s.retired,
       CASE WHEN beyond.units < r.available THEN GREATEST(beyond.units, 0) ELSE r.available END, r.as_of,
       COALESCE(h.units, 0)
FROM inventory_channelstock s
LEFT JOIN LATERAL (
    SELECT available, as_of FROM inventory_stockreading WHERE connection_id = s.owner_id AND sku = s.sku LIMIT 1
) r ON TRUE
LEFT JOIN LATERAL (
    SELECT SUM(quantity) AS units FROM inventory_reservation
    WHERE connection_id = s.owner_id AND sku = s.sku AND state = 'HELD'
) h ON TRUE
LEFT JOIN LATERAL ({FREE_BEYOND}) beyond ON TRUE
WHERE s.id = ANY(%s::bigint[])
"""  # noqa: S608  our own names
_WRITE = """
UPDATE inventory_channelstock s
SET dirty = FALSE, available = v.available, as_of = v.as_of, reserved = v.reserved, buffer = v.buffer,
    computed = v.computed,
    computed_at = CASE WHEN s.computed IS DISTINCT FROM v.computed THEN %(now)s ELSE s.computed_at END,
    superseded = s.superseded + (s.state = 'PENDING' AND s.computed IS DISTINCT FROM v.computed)::int,
    reason = CASE WHEN s.computed IS DISTINCT FROM v.computed THEN '' ELSE s.reason END,
    state = CASE
        WHEN s.state = 'SENT' THEN s.state
        WHEN v.computed IS NULL THEN 'UNREAD'
        WHEN s.state IN ('REFUSED', 'SKIPPED') AND s.computed IS NOT DISTINCT FROM v.computed THEN s.state
        WHEN v.computed IS DISTINCT FROM s.acknowledged THEN 'PENDING'
        ELSE 'ACKNOWLEDGED'
    END
FROM unnest(%(ids)s::bigint[], %(available)s::int[], %(as_of)s::timestamptz[], %(reserved)s::int[], %(buffer)s::int[],
            %(computed)s::int[]) AS v(id, available, as_of, reserved, buffer, computed)
WHERE s.id = v.id
"""


def compute(channel: Connection, links: Sequence[Link]) -> int:
    """Compute every marked row of a channel again. Returns how many there were."""
    book, modes, done = None, switches(links), 0
    while True:
        with transaction.atomic():
            ids = _taken(channel, links)
            if not ids:
                return done
            book = book or RuleBook(links)
            _write(_rows(_READ, [arrays.numbers(ids)]), book, modes)
        done += len(ids)


def _taken(channel: Connection, links: Sequence[Link]) -> list[int]:
    """The next rows to compute, locked, and their marks taken off."""
    values = {"channel": channel.pk, "links": [link.pk for link in links], "most": COMPUTE_ROWS}
    return [row[0] for row in _rows(_MARKED, values) or _rows(_DIRTY, values)]


def _write(rows: Sequence[Sequence[Any]], book: RuleBook, modes: Mapping[int, str]) -> None:
    columns = _columns(rows, book, modes)
    values = {name: (arrays.times if name == "as_of" else arrays.numbers)(column) for name, column in columns.items()}
    _execute(_WRITE, {**values, "now": ports.now()})


def foresee(ids: Sequence[int], book: RuleBook, modes: Mapping[int, str]) -> dict[int, int | None]:
    """What these rows would show by this book of rules, from the readings and promises of now. Writes nothing."""
    columns = _columns(_rows(_READ, [arrays.numbers(ids)]), book, modes)
    return dict(zip(columns["ids"], columns["computed"], strict=True))


def _columns(rows: Sequence[Sequence[Any]], book: RuleBook, modes: Mapping[int, str]) -> dict[str, list[Any]]:
    sold: dict[int, Mapping[str, int]] = {}
    for owner_id in {row[2] for row in rows}:
        sold[owner_id] = sold_lately(owner_id, [row[3] for row in rows if row[2] == owner_id])
    columns: dict[str, list[Any]] = {
        name: [] for name in ("ids", "available", "as_of", "reserved", "buffer", "computed")
    }
    for pk, link_id, owner_id, sku, category, retired, available, as_of, reserved in rows:
        buffer, computed = 0, None
        if available is not None:
            rule = book.rule(link_id=link_id, sku=sku, category=category, sold=sold[owner_id].get(sku, 0))
            shown = published(available=available, reserved=reserved, rule=rule)
            buffer, computed = shown.buffer, shown.quantity
        if retired or modes.get(link_id) == Mode.ZERO:
            computed = 0
        for name, value in zip(columns, (pk, available, as_of, reserved, buffer, computed), strict=True):
            columns[name].append(value)
    return columns


def switches(links: Sequence[Link]) -> dict[int, str]:
    """By link: what it is switched to; a channel's own switch goes before its brand's."""
    rows = StockSwitch.objects.filter(brand__in={link.brand_id for link in links})
    modes = {(row.brand_id, row.link_id): row.mode for row in rows}
    found = {link.pk: modes.get((link.brand_id, link.pk)) or modes.get((link.brand_id, None)) for link in links}
    return {link_id: mode for link_id, mode in found.items() if mode}


# --- what it is told, and what it took --------------------------------------------------------------------------------
def _update(sku: str, quantity: int) -> StockUpdate:
    return StockUpdate(sku=sku, quantity=quantity)


LEDGER = Ledger(
    rows=ChannelStock,
    deliveries=StockDelivery,
    update=_update,
    wanted="computed",
    frozen={"sent": "computed"},
    without="'UNREAD'",
    # What would be oversold goes first: what shows more than there is.
    first="s.computed >= COALESCE(s.acknowledged, s.shown, 2147483647)",
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
