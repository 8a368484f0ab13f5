"""Units promised to orders that the owner of stock does not count yet.

Free is what the owner had at its last reading, less what is held for others. Both are read under one lock per SKU, taken in
SKU order, so that parallel orders neither deadlock nor promise a unit twice. A hold ends when a reading taken after the owner
had the order is in hand (it counts the order itself), or when the order lapses, is refused or cancelled.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from connectors import ports
from connectors.models import Link
from integrationhub.inventory import ledger, owners
from integrationhub.inventory.models import Reservation, StockReading
from integrationhub.sync import arrays

State = Reservation.State


def held(link_id: int, reference: str) -> dict[str, int]:
    """Units held for an order, by SKU."""
    rows = Reservation.objects.filter(link=link_id, reference=reference, state=State.HELD)
    return dict(rows.values_list("sku", "quantity"))


def held_by(orders: Iterable[tuple[int, str]]) -> dict[tuple[int, str], dict[str, int]]:
    """As `held`, for many orders: (link id, reference) → units by SKU. One query."""
    wanted = set(orders)
    rows = Reservation.objects.filter(
        link__in={link_id for link_id, _ in wanted}, reference__in={reference for _, reference in wanted}
    )
    found: dict[tuple[int, str], dict[str, int]] = {order: {} for order in wanted}
    for link_id, reference, sku, units in rows.filter(state=State.HELD).values_list(
        "link_id", "reference", "sku", "quantity"
    ):
        found.get((link_id, reference), {})[sku] = units
    return found


def of_order(link_id: int, reference: str) -> QuerySet[Reservation]:
    return Reservation.objects.filter(link=link_id, reference=reference).order_by("pk")


def of_orders(orders: Iterable[tuple[int, str]]) -> QuerySet[Reservation]:
    """As `of_order`, for several orders: (link id, reference)."""
    about = Q()
    for link_id, reference in orders:
        about |= Q(link=link_id, reference=reference)
    return Reservation.objects.filter(about).order_by("pk")


def hold(link: Link, reference: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """Hold all of `wanted` (SKU → units), or nothing. Returns what is free of the SKUs that are short, {} when it is held."""
    with transaction.atomic():
        free = _free(link, reference, wanted)
        short = {sku: max(0, free.get(sku, 0)) for sku, units in wanted.items() if free.get(sku, 0) < units}
        if short:
            return short
        Reservation.objects.bulk_create(
            [
                Reservation(link=link, reference=reference, connection_id=link.target_id, sku=sku, quantity=units)
                for sku, units in sorted(wanted.items())
            ],
            update_conflicts=True,
            unique_fields=["link", "reference", "sku"],
            update_fields=["quantity", "state", "ended_at", "known_at"],
        )
        ledger.mark(link.target_id, list(wanted))
    return {}


def vouch(link: Link, reference: str, wanted: Mapping[str, int], *, reason: str) -> None:
    """Hold what a person says is there, whatever the readings say."""
    with transaction.atomic():
        Reservation.objects.bulk_create(
            [
                Reservation(
                    link=link,
                    reference=reference,
                    connection_id=link.target_id,
                    sku=sku,
                    quantity=units,
                    reason=reason[:120],
                )
                for sku, units in sorted(wanted.items())
            ],
            update_conflicts=True,
            unique_fields=["link", "reference", "sku"],
            update_fields=["quantity", "state", "reason", "held_at", "ended_at", "known_at"],
        )
        ledger.mark(link.target_id, list(wanted))


def _free(link: Link, reference: str, wanted: Mapping[str, int]) -> dict[str, int]:
    rows = StockReading.objects.filter(connection=link.target_id, sku__in=list(wanted)).order_by("sku")
    counted = {row.sku: row.available for row in rows.select_for_update() if row.available is not None}
    for sku, units in owners.free_beyond(link.target_id, list(counted)).items():
        counted[sku] = min(counted[sku], units)
    others = Reservation.objects.filter(connection=link.target_id, sku__in=list(counted), state=State.HELD)
    for sku, units in others.exclude(link=link, reference=reference).values_list("sku", "quantity"):
        counted[sku] -= units
    return counted


def let_go(link_id: int, reference: str, *, reason: str, but: Collection[str] = ()) -> int:
    """End what is held for an order that will not be created any more, or only in part: `but` names the SKUs that stay."""
    rows = Reservation.objects.filter(link=link_id, reference=reference).exclude(sku__in=but)
    return _end(rows, State.RELEASED, reason=reason)


_KNOWN = """
INSERT INTO inventory_reservation AS h
    (link_id, reference, connection_id, sku, quantity, state, reason, held_at, known_at)
SELECT %(link)s, %(reference)s, %(owner)s, v.sku, v.units, 'HELD', %(reason)s, %(since)s, %(since)s
FROM unnest(%(skus)s::text[], %(units)s::int[]) AS v (sku, units)
ORDER BY v.sku
ON CONFLICT (link_id, reference, sku) DO UPDATE SET known_at = EXCLUDED.known_at
WHERE h.state = 'HELD' AND h.known_at IS NULL
"""


def owner_knows(link: Link, reference: str, wanted: Mapping[str, int], *, since: datetime, reason: str) -> None:
    """The order was created where its stock is owned: the next count holds it. What was not held yet is, until then.

    Nothing is computed again for it: what was told is no less true than before, and whatever is told from now on, is less these.
    """
    values: dict[str, Any] = {
        "link": link.pk,
        "reference": reference,
        "owner": link.target_id,
        "skus": arrays.texts(list(wanted)),
        "units": list(wanted.values()),
        "reason": reason[:120],
        "since": since,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, values)


_COUNTED = """
UPDATE inventory_reservation h SET state = 'COUNTED', ended_at = %(now)s, reason = 'Counted where it is fulfilled.'
FROM unnest(%(skus)s::text[], %(as_of)s::timestamptz[]) AS v(sku, as_of)
WHERE h.connection_id = %(owner)s AND h.sku = v.sku AND h.state = 'HELD' AND h.known_at < v.as_of
"""


def end_counted(owner_id: int, as_of: Mapping[str, datetime]) -> int:
    """Orders that the owner knew before it counted are in its figure: holding for them too would count them twice."""
    if not Reservation.objects.filter(connection=owner_id, state=State.HELD, known_at__isnull=False).exists():
        return 0
    values: dict[str, Any] = {
        "owner": owner_id,
        "skus": arrays.texts(list(as_of)),
        "as_of": arrays.times(as_of.values()),
        "now": ports.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, values)
        return int(cursor.rowcount)


def _end(rows: Any, state: str, *, reason: str) -> int:
    with transaction.atomic():
        ended = list(rows.filter(state=State.HELD).select_for_update())
        rows.filter(pk__in=[row.pk for row in ended]).update(state=state, ended_at=ports.now(), reason=reason[:120])
        for owner_id in {row.connection_id for row in ended}:
            ledger.mark(owner_id, [row.sku for row in ended if row.connection_id == owner_id])
    return len(ended)
