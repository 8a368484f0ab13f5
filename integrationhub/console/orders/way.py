"""An order's whole way: where it was sold, the shop that passes it on, the ERP that fulfils it.

Each link that it goes over has a row of its own; a row's number at its target is the next row's reference. Most orders go
over one link, and then nothing more is read for them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, QuerySet

from connectors.base import Capability
from connectors.models import Link
from connectors.registry import platforms_able_to
from integrationhub.orders.models import SoldDispatch, SoldLine, SoldOrder


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """An order on one link, with what its page reads of it."""

    order: SoldOrder
    lines: Sequence[SoldLine] = field(default_factory=list)
    dispatches: Sequence[SoldDispatch] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.order.link.source.name} → {self.order.target.name}"


def with_neighbours(rows: QuerySet[SoldOrder]) -> QuerySet[SoldOrder]:
    """Says of each whether links meet at one of its ends: else `whole_way` has nothing to look for."""
    links = Link.objects.order_by()
    before, after = links.filter(target=OuterRef("link__source")), links.filter(source=OuterRef("target"))
    return rows.annotate(links_meet=Exists(before) | Exists(after))


def stretches(way: Iterable[SoldOrder]) -> list[Stretch]:
    """Two queries, however long the way is."""
    orders = list(way)
    lines = list(SoldLine.objects.filter(order__in=orders).select_related("mapping_version").order_by("pk"))
    parcels = SoldDispatch.objects.filter(order__in=orders).select_related("carrier_version")
    dispatches = list(parcels.order_by("dispatched_at", "pk"))
    return [
        Stretch(
            order=order,
            lines=[line for line in lines if line.order_id == order.pk],
            dispatches=[row for row in dispatches if row.order_id == order.pk],
        )
        for order in orders
    ]


def beginnings(rows: Iterable[SoldOrder]) -> dict[int, SoldOrder]:
    """Primary key → the row that the order's way begins with, for those that were passed on. One query at most.

    The rows come with their links' sources.
    """
    passers = platforms_able_to(Capability.CREATE_ORDERS)
    passed_on = [row for row in rows if row.link.source.platform in passers]
    if not passed_on:
        return {}
    earlier = SoldOrder.objects.filter(
        target_id__in={row.link.source_id for row in passed_on},
        target_external_id__in={row.reference for row in passed_on},
    ).select_related("link__source", "target")
    by_number = {(row.target_id, row.target_external_id): row for row in earlier}
    keys = {row.pk: (row.link.source_id, row.reference) for row in passed_on}
    return {pk: by_number[key] for pk, key in keys.items() if key in by_number}
