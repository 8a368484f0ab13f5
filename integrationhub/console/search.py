"""One box for everything: an order's number on either side, a tracking number, a SKU or another code, a case.

Every finder asks an index: exact values in the spellings people type, or the beginning of one. Nothing here may scan a
table, however many orders there are.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst

from connectors.access import Right
from connectors.admin_base import rights_of
from connectors.models import Connection
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import plain
from integrationhub.console.orders.way import beginnings
from integrationhub.orders.models import SoldDispatch, SoldLine, SoldOrder
from mappings_app.kinds import KINDS
from mappings_app.models import CURRENT, MAPPING_MODELS, MappingVersion

EACH = 10  # hits of one kind; whoever gets more types one character more
ORDERS_AT_MOST = 200
SHORTEST_PREFIX = 3
NUMBERED = ~Q(target_number="")  # said so, for the index holds only those
_CASE_NUMBER = re.compile(r"(?:case\s*)?#?(\d{1,18})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Hit:
    group: str  # "Orders"
    title: str
    detail: str
    url: str


def results(request: HttpRequest) -> HttpResponse:
    """The one hit itself, or what was found, by kind."""
    term = request.GET.get("q", "").strip()
    hits = find(term, brands=rights_of(request).brand_ids(Right.SEE)) if term else []
    if len(hits) == 1:
        return HttpResponseRedirect(hits[0].url)
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.group, []).append(hit)
    context = {"title": "Search", "term": term, "groups": groups, "each": EACH}
    return TemplateResponse(request, "console/search.html", {**admin.site.each_context(request), **context})


def find(term: str, *, brands: set[int]) -> list[Hit]:
    """What the term names among what these brands have, best kinds first. At most EACH of a kind."""
    if not term or not brands or "\x00" in term or len(term) > 120:
        return []
    unique: dict[str, Hit] = {}
    for finder in _FINDERS:
        for hit in finder(term, brands):
            unique.setdefault(hit.url, hit)
    return list(unique.values())


def order_ids(term: str, *, brands: set[int]) -> list[int]:
    """The orders that a number names: on either side, or of a parcel. A few indexed look-ups, whatever the table's size."""
    if not brands or "\x00" in term or len(term) > 120:
        return []
    mine = SoldOrder.objects.filter(brand_id__in=brands)
    targets = list(Connection.objects.filter(brand_id__in=brands).values_list("pk", flat=True))
    found = [
        mine.filter(_begins("reference", term)).values_list("pk", flat=True),
        mine.filter(_begins("commercial_reference", term)).values_list("pk", flat=True),
        mine.filter(target_id__in=targets, target_external_id__in=_spellings(term)).values_list("pk", flat=True),
        mine.filter(NUMBERED, _begins("target_number", term)).values_list("pk", flat=True),
        SoldDispatch.objects.filter(_begins("tracking_number", term), order__brand_id__in=brands).values_list(
            "order_id", flat=True
        ),
    ]
    return list({pk for rows in found for pk in rows[:ORDERS_AT_MOST]})


def _spellings(term: str) -> list[str]:
    return list(dict.fromkeys([term, term.upper(), term.lower()]))


def _begins(field: str, term: str) -> Q:
    """The field begins with the term in one of its spellings; equals it, where the term is too short to be a beginning."""
    lookup = "startswith" if len(term) >= SHORTEST_PREFIX else "exact"
    condition = Q()
    for spelling in _spellings(term):
        condition |= Q(**{f"{field}__{lookup}": spelling})
    return condition


def _orders(term: str, brands: set[int]) -> Iterator[Hit]:
    found = SoldOrder.objects.filter(_begins("reference", term), brand_id__in=brands)
    yield from _order_hits(found.order_by("reference"))


def _commercial_orders(term: str, brands: set[int]) -> Iterator[Hit]:
    found = SoldOrder.objects.filter(_begins("commercial_reference", term), brand_id__in=brands)
    yield from _order_hits(found.order_by("commercial_reference"))


def _target_orders(term: str, brands: set[int]) -> Iterator[Hit]:
    targets = Connection.objects.filter(brand_id__in=brands).values("pk")
    found = SoldOrder.objects.filter(target_id__in=targets, target_external_id__in=_spellings(term))
    yield from _order_hits(found)
    named = SoldOrder.objects.filter(NUMBERED, _begins("target_number", term), brand_id__in=brands)
    yield from _order_hits(named.order_by("target_number"))


def _orders_of_sku(term: str, brands: set[int]) -> Iterator[Hit]:
    """The latest orders that sold this very SKU, as the marketplace spells it."""
    lines = SoldLine.objects.filter(sku__in=_spellings(term), order__brand_id__in=brands)
    newest = lines.order_by("-order_id").values_list("order_id", flat=True)[:EACH]
    yield from _order_hits(SoldOrder.objects.filter(pk__in=list(newest)).order_by("-placed_at"))


def _order_hits(found: QuerySet[SoldOrder]) -> Iterator[Hit]:
    """One hit for an order, however many links it goes over: its beginning, whose page tells the whole story."""
    rows = list(found.select_related("link__source", "target")[:EACH])
    begun = beginnings(rows)
    yield from map(_order_hit, dict.fromkeys(begun.get(row.pk, row) for row in rows))


def _order_hit(row: SoldOrder) -> Hit:
    number = f" {row.number_there}" if row.number_there else ""
    return Hit(
        group="Orders",
        title=row.reference,
        detail=f"{row.link.source.name} → {row.target.name}{number}, {row.get_state_display().lower()}",
        url=reverse("admin:orders_soldorder_change", args=[row.pk]),
    )


def _dispatches(term: str, brands: set[int]) -> Iterator[Hit]:
    found = SoldDispatch.objects.filter(_begins("tracking_number", term), order__brand_id__in=brands)
    rows = list(found.select_related("order__link__source")[:EACH])
    begun = beginnings([row.order for row in rows])
    for row in rows:
        order = begun.get(row.order_id, row.order)
        yield Hit(
            group="Dispatches",
            title=f"{row.tracking_number} ({row.carrier})" if row.carrier else row.tracking_number,
            detail=f"Order {order.reference} of {order.link.source.name}. {row.standing}.",
            url=reverse("admin:orders_soldorder_change", args=[order.pk]),
        )


def _cases(term: str, brands: set[int]) -> Iterator[Hit]:
    about = Q(mapping_kind__in=list(KINDS), code__in=_spellings(term))
    if number := _CASE_NUMBER.fullmatch(term):
        about |= Q(pk=int(number.group(1)))
    found = ExceptionCase.objects.unresolved().filter(about, brand_id__in=brands)
    for case in found.with_words()[:EACH]:
        yield Hit(
            group="Cases",
            title=plain(case),
            detail=f"Case {case.pk}, {case.get_state_display().lower()}",
            url=reverse("admin:exceptions_app_exceptioncase_change", args=[case.pk]),
        )


def _mappings(term: str, brands: set[int]) -> Iterator[Hit]:
    of_brands = MappingVersion.objects.filter(CURRENT, brand_id__in=brands, kind__in=list(KINDS))
    yield from _mapping_hits(of_brands.filter(_begins("from_code", term)).order_by("from_code"))
    yield from _mapping_hits(of_brands.filter(_begins("to_code", term)).order_by("to_code"))


def _mapping_hits(rows: Any) -> Iterable[Hit]:
    for version in rows.select_related("link__source", "link__target")[:EACH]:
        model = MAPPING_MODELS[version.kind]._meta.model_name
        yield Hit(
            group="Mappings",
            title=str(version),
            detail=f"{capfirst(version.kind_spec.label)} {_scope(version)}",
            url=reverse(f"admin:mappings_app_{model}_change", args=[version.pk]),
        )


def _scope(version: MappingVersion) -> str:
    return f"for {version.link}" if version.link else "for every channel"


_FINDERS: tuple[Callable[[str, set[int]], Iterator[Hit]], ...] = (
    _orders,
    _commercial_orders,
    _target_orders,
    _dispatches,
    _orders_of_sku,
    _cases,
    _mappings,
)
