"""Codes seen in the wild and codes that can be chosen: kept in bulk, so that a person maps before anything blocks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection as database
from django.db.models import QuerySet

from connectors import ports
from connectors.canonical.orders import Order
from connectors.models import Connection, Link
from mappings_app.kinds import PAYMENT_METHOD, PRICE_LIST, kind_named
from mappings_app.models import CODE_LENGTH, LABEL_LENGTH, KnownCode, normal_code

BATCH_SIZE = 5_000
GTIN_LENGTH = 14


@dataclass(frozen=True, kw_only=True)
class CodeItem:
    """A code with what helps a person to recognise it."""

    code: str
    label: str = ""
    gtin: str = ""


def learn_codes(connection: Connection, kind: str, items: Iterable[CodeItem], *, whole: bool = False) -> int:
    """Keep what the connection knows, for people to choose from. Returns how many codes were told.

    `whole` says that the list is complete: codes it lacks are no longer offered. An empty list is never taken for a
    complete one. For a list that is read page by page, see `deactivate_unseen`.
    """
    kind_named(kind)
    unique = {item.code: item for item in items if _storable(item.code) and item.code}
    now = ports.now()
    for batch in _batches(sorted(unique.values(), key=lambda item: item.code)):
        KnownCode.objects.bulk_create(
            [_known(connection, kind, item, now) for item in batch],
            update_conflicts=True,
            unique_fields=["connection", "kind", "code"],
            update_fields=["label", "gtin", "normal_code", "active", "seen_at"],
        )
    if whole and unique:
        _known_codes(connection, kind).exclude(code__in=list(unique)).update(active=False)
    return len(unique)


def deactivate_unseen(connection: Connection, kind: str, *, since: datetime) -> int:
    """Stop offering what no page told since the reading began. Returns how many codes that were.

    Call it only after a reading that reached its end. A reading that told nothing deactivates nothing.
    """
    codes = _known_codes(connection, kind)
    if not codes.filter(seen_at__gte=since).exists():
        return 0
    return codes.filter(seen_at__lt=since).update(active=False)


def _known_codes(connection: Connection, kind: str) -> QuerySet[KnownCode]:
    return KnownCode.objects.filter(connection=connection, kind=kind, active=True)


def _known(connection: Connection, kind: str, item: CodeItem, now: datetime) -> KnownCode:
    return KnownCode(
        connection=connection,
        kind=kind,
        code=item.code,
        normal_code=normal_code(item.code),
        label=_label(item.label),
        gtin=_gtin(item.gtin),
        active=True,
        seen_at=now,
    )


# Rows are told in the order of their codes, so that two workers that note the same codes queue up and do not deadlock.
_NOTE_SEEN = """
INSERT INTO mappings_app_seencode AS seen
    (brand_id, link_id, kind, code, label, gtin, first_seen_at, last_seen_at, times)
SELECT %(brand)s, %(link)s, told.kind, told.code, told.label, told.gtin, %(at)s, %(at)s, told.times
FROM unnest(%(kinds)s::text[], %(codes)s::text[], %(labels)s::text[], %(gtins)s::text[], %(times)s::bigint[])
    AS told(kind, code, label, gtin, times)
ORDER BY told.kind, told.code
ON CONFLICT (link_id, kind, code) DO UPDATE SET
    label = COALESCE(NULLIF(EXCLUDED.label, ''), seen.label),
    gtin = COALESCE(NULLIF(EXCLUDED.gtin, ''), seen.gtin),
    last_seen_at = GREATEST(seen.last_seen_at, EXCLUDED.last_seen_at),
    times = seen.times + EXCLUDED.times
"""


def note_seen(link: Link, seen: Mapping[str, Iterable[CodeItem]], *, sold: bool = True) -> int:
    """Keep which codes a link's records carried, by kind, in one statement. Returns how many different ones there were.

    `sold` False: they are offered only, and no record has carried them yet, so they do not count as a time. Call it once
    for a batch of records (a page of orders) and outside the transaction that works on them: popular codes are rows that
    many want at the same time.
    """
    rows: dict[tuple[str, str], tuple[str, str, int]] = {}
    for kind, items in seen.items():
        kind_named(kind)
        for item in items:
            if not _storable(item.code):
                continue
            label, gtin, times = rows.get((kind, item.code), ("", "", 0))
            rows[kind, item.code] = (_label(item.label) or label, _gtin(item.gtin) or gtin, times + int(sold))
    if not rows:
        return 0
    columns: dict[str, list[Any]] = {
        "kinds": [kind for kind, _ in rows],
        "codes": [code for _, code in rows],
        "labels": [label for label, _, _ in rows.values()],
        "gtins": [gtin for _, gtin, _ in rows.values()],
        "times": [times for _, _, times in rows.values()],
    }
    with database.cursor() as cursor:
        cursor.execute(_NOTE_SEEN, {"brand": link.brand_id, "link": link.pk, "at": ports.now(), **columns})
    return len(rows)


def codes_in_orders(orders: Iterable[Order]) -> dict[str, list[CodeItem]]:
    """The codes of orders that mappings are for, by kind, repeats included: what `note_seen` takes.

    Taxes are left out: most need no mapping, and which one does shows when an order is to be created.
    """
    kinds = ("sku", "market", "shipping_service", PRICE_LIST, PAYMENT_METHOD)
    seen: dict[str, list[CodeItem]] = {kind: [] for kind in kinds}
    for order in orders:
        seen["sku"] += [CodeItem(code=line.sku, label=line.title, gtin=line.gtin) for line in order.lines if line.sku]
        if order.channel:
            seen["market"].append(CodeItem(code=order.channel))
        if order.shipping_service:
            seen["shipping_service"].append(CodeItem(code=order.shipping_service, label=order.shipping_service_label))
        seen[PRICE_LIST].append(CodeItem(code=order.currency))
        methods = dict.fromkeys((order.payment_method, *(one.method for one in order.payments)))
        seen[PAYMENT_METHOD] += [CodeItem(code=method) for method in methods if method]
    return seen


def _storable(code: str) -> bool:
    return len(code) <= CODE_LENGTH and "\x00" not in code


def _label(label: str) -> str:
    return label.replace("\x00", "")[:LABEL_LENGTH]


def _gtin(gtin: str) -> str:
    return gtin if len(gtin) <= GTIN_LENGTH and gtin.isascii() and gtin.isdigit() else ""


def _batches(items: list[CodeItem]) -> Iterator[list[CodeItem]]:
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch
