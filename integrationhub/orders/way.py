"""An order's rows on all its links: where it was sold, the shop that passes it on, the ERP that fulfils it.

A row's number at its target is the next row's reference. Most orders go over one link, and have one row.
"""

from django.db.models import Q

from integrationhub.orders.models import SoldOrder

# What every page of an order reads of its row.
PARTS = ("brand", "target", "person", "link__brand", "link__source", "link__target")


def whole_way(order: SoldOrder) -> list[SoldOrder]:
    """The order's rows, from where it was sold on. No query where no links meet, else one."""
    if not getattr(order, "links_meet", True):
        return [order]
    before = Q(target_id=order.link.source_id, target_external_id=order.reference)
    after = Q(link__source_id=order.target_id, reference=order.target_external_id)
    found = SoldOrder.objects.filter(before | after if order.target_external_id else before, brand_id=order.brand_id)
    rows = list(found.exclude(pk=order.pk).select_related(*PARTS).order_by("pk"))
    earlier = [row for row in rows if row.target_id == order.link.source_id][:1]
    later = [row for row in rows if row.link.source_id == order.target_id][:1]
    return [*earlier, order, *later]
