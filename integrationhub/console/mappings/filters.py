"""Filters of the mapping lists."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from connectors import ports
from connectors.access import Right
from connectors.admin_base import brand_choices, rights_of
from connectors.models import Link
from integrationhub.adminkit.filters import ChoiceFilter
from mappings_app.kinds import KINDS
from mappings_app.models import CURRENT, ImportPlan, MappingUse, MappingVersion
from mappings_app.uses import USED_LATELY

Versions = QuerySet[MappingVersion]


class StandingFilter(ChoiceFilter):
    title, parameter_name, default, all_label = "standing", "standing", "current", "Everything, former ones too"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("current", "What counts now"), ("retired", "Retired")]

    def narrow(self, rows: Versions, value: str, request: HttpRequest) -> Versions:
        return rows.filter(CURRENT, retired=value == "retired")


class LinkFilter(ChoiceFilter):
    title, parameter_name, all_label = "scope", "scope", "Any"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("every", "Every channel"), *((str(link.pk), f"Only {link}") for link in links_seen(request))]

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(link=None) if value == "every" else rows.filter(link_id=int(value))


class SeenLinkFilter(LinkFilter):
    """Of what was seen in channels: each was seen in one."""

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(str(link.pk), f"Only {link}") for link in links_seen(request)]


def links_seen(request: HttpRequest) -> Sequence[Link]:
    """The links this person sees, read once per request."""
    kept: Sequence[Link] | None = getattr(request, "_hub_links_seen", None)
    if kept is None:
        rows = Link.objects.filter(brand_id__in=rights_of(request).brand_ids(Right.SEE))
        kept = list(rows.select_related("source", "target", "brand"))
        request._hub_links_seen = kept  # type: ignore[attr-defined]
    return kept


class UsedFilter(ChoiceFilter):
    title, parameter_name, all_label = "used", "used", "Whenever"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("lately", "In the last 30 days"), ("not", "Not in the last 30 days")]

    def narrow(self, rows: Versions, value: str, request: HttpRequest) -> Versions:
        lately = MappingUse.objects.filter(version=OuterRef("pk"), used_at__gte=ports.now() - USED_LATELY)
        return rows.filter(Exists(lately) if value == "lately" else ~Exists(lately))


class BrandFilter(ChoiceFilter):
    title, parameter_name = "brand", "brand"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return brand_choices(request)

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(brand_id=int(value))


class KindFilter(ChoiceFilter):
    title, parameter_name = "kind", "kind"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(kind.code, kind.from_words[:1].upper() + kind.from_words[1:]) for kind in KINDS.values()]

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(kind=value)


class PlanStateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in ImportPlan.State.choices]

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(state=value)


def spelt(field: str, term: str) -> Q:
    """The field begins with the term, as typed, in capitals or in small letters: each can use the index."""
    condition = Q()
    for spelling in {term, term.upper(), term.lower()}:
        condition |= Q(**{f"{field}__startswith": spelling})
    return condition
