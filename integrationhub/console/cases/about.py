"""The order that a case is about: its page here, and its number on each side with the way to it there."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from exceptions_app.models import ExceptionCase
from integrationhub.console.back_office import page_url
from integrationhub.orders.models import SoldDispatch, SoldOrder, SoldReturn
from integrationhub.orders.way import PARTS, whole_way


@dataclass(frozen=True, kw_only=True)
class Place:
    """The order or the return, as one platform numbers it."""

    name: str
    number: str
    url: str  # "" where the platform's pages are not known


@dataclass(frozen=True, kw_only=True)
class About:
    reference: str
    url: str  # the order's page here
    places: Sequence[Place]
    returned: Sequence[Place]  # the return's numbers, where the case is about one


def about(case: ExceptionCase) -> About | None:
    """None for a case that is about many records, or about none. Four queries at most."""
    kind, _, text = case.object_key.partition(":")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    row = _return(int(text), case) if kind == "return" else None
    pk = row.order_id if row else _order_id(kind, int(text))
    orders = SoldOrder.objects.filter(brand_id=case.brand_id).select_related(*PARTS)
    order = orders.filter(pk=pk).first() if pk is not None else None
    if order is None:
        return None
    way = whole_way(order)
    address = reverse("admin:orders_soldorder_change", args=[way[0].pk])
    return About(
        reference=way[0].reference,
        url=f"{address}#returns" if row else address,
        places=_places(way),
        returned=_returned(row) if row else (),
    )


def _order_id(kind: str, pk: int) -> int | None:
    if kind == "order":
        return pk
    if kind == "dispatch":
        return SoldDispatch.objects.filter(pk=pk).values_list("order_id", flat=True).first()
    return None


def _return(pk: int, case: ExceptionCase) -> SoldReturn | None:
    rows = SoldReturn.objects.filter(pk=pk, brand_id=case.brand_id)
    return rows.select_related("order__link__source", "order__target").first()


def _places(way: Sequence[SoldOrder]) -> list[Place]:
    first = way[0]
    source = first.link.source
    url = page_url(source, "order", first.reference)
    # The number itself leads to the order's page here: once is enough where there is no other page.
    sold = [Place(name=source.name, number=first.reference, url=url)] if url else []
    there = [
        Place(
            name=order.target.name,
            number=order.number_there,
            url=page_url(order.target, "order", order.target_external_id),
        )
        for order in way
        if order.target_external_id
    ]
    return [*sold, *there]


def _returned(row: SoldReturn) -> list[Place]:
    sides = ((row.order.link.source, row.source_id), (row.order.target, row.target_id))
    return [
        Place(name=place.name, number=number, url=page_url(place, "return", number))
        for place, number in sides
        if number
    ]
