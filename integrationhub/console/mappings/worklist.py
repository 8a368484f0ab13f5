"""Seen, and not mapped: a work list with suggestions, so that nobody maps only after orders wait."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from connectors.models import Brand, Link
from integrationhub.adminkit import moments
from integrationhub.console.mappings import words
from integrationhub.console.mappings.filters import BrandFilter, KindFilter, SeenLinkFilter, links_seen, spelt
from integrationhub.console.mappings.listing import unmapped
from mappings_app.coverage import Coverage, coverage, unmapped_codes
from mappings_app.kinds import KINDS, Kind
from mappings_app.models import ImportPlan, SeenCode
from mappings_app.planning import make_plan
from mappings_app.suggesting import Suggestion, certain_rows, suggestions_for


@register(SeenCode)
class SeenCodeAdmin(HubModelAdmin):
    address = "mappings/not-mapped-yet"
    plural = "Not mapped yet"
    list_display = ("seen", "kind_words", "where", "how_often", "last_seen", "suggested", "press")
    list_display_links = None
    list_filter = (KindFilter, SeenLinkFilter, BrandFilter)
    list_select_related = ("link__source", "link__target", "brand")
    ordering = ("-times", "code", "pk")
    search_fields = ("code",)
    search_help_text = "Beginning of the code"
    list_before_template = "console/mappings/coverage.html"
    change_list_template = "console/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SeenCode]:
        return unmapped(request)

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        may_map = rights_of(request).may(Right.MAP_CODES)
        return self.list_display if may_map else [name for name in self.list_display if name != "press"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(spelt("code", term)) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        rights = rights_of(request)
        rows = coverage(*rights.brand_ids(Right.SEE), at=ports.now())
        links = links_seen(request)
        context = {
            "coverage": _table(rows, {link.pk: link for link in links}),
            "coverage_kinds": [kind for kind in KINDS.values() if any(row.kind == kind.code for row in rows)],
            "acceptable": _acceptable(rows, links, rights.brand_ids(Right.MAP_CODES)),
        }
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            _suggest(response.context_data["cl"].result_list)
        return response

    def own_urls(self) -> list[URLPattern]:
        return [self.page("accept/", self.accept_view, "accept")]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """There is nothing to see of one but its mapping-to-be."""
        return HttpResponseRedirect(words.map_url(self.found(request, object_id)))

    def accept_view(self, request: HttpRequest) -> HttpResponse:
        """Gather what is certain into a plan, which a person looks at and confirms, or drops."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        kind, brand = KINDS.get(request.POST.get("kind", "")), _brand(request.POST.get("brand", ""))
        require(request, Right.MAP_CODES, brand.pk if brand else -1)
        rows = certain_rows(unmapped_codes(brand, at=ports.now()).filter(kind=kind.code)) if kind and brand else []
        if not rows or kind is None or brand is None:
            messages.info(request, "No suggestion is certain enough to accept unseen. Map them one by one.")
            return HttpResponseRedirect(reverse("admin:mappings_app_seencode_changelist"))
        plan = make_plan(
            rows,
            kind=kind,
            brand=brand,
            file_name=f"Certain suggestions for {kind.plural}",
            origin=ImportPlan.Origin.SUGGESTIONS,
            actor=request.user.get_username(),
        )
        return HttpResponseRedirect(reverse("admin:mappings_app_importplan_change", args=[plan.pk]))

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Seen", ordering="code")
    def seen(self, code: SeenCode) -> SafeString:
        return words.code(code.code or KINDS[code.kind].empty_words, code.label)

    @display(description="What it is", ordering="kind")
    def kind_words(self, code: SeenCode) -> str:
        from_words = KINDS[code.kind].from_words
        return from_words[:1].upper() + from_words[1:]

    @display(description="Where")
    def where(self, code: SeenCode) -> str:
        return str(code.link)

    @display(description="How often", ordering="times")
    def how_often(self, code: SeenCode) -> SafeString:
        if not code.times:
            return format_html('<span class="hub-quiet">{}</span>', "offered only")
        return format_html('<span class="hub-number">{}</span>', f"{code.times:,}")

    @display(description="Last seen", ordering="last_seen_at")
    def last_seen(self, code: SeenCode) -> SafeString:
        return moments.ago(code.last_seen_at, now=ports.now(), zone=ZoneInfo(code.brand.timezone))

    @display(description="Suggestion")
    def suggested(self, code: SeenCode) -> SafeString:
        one: Suggestion | None = getattr(code, "suggestion", None)
        if one is None:
            return format_html('<span class="hub-quiet">{}</span>', "none")
        tone = "hub-chip hub-chip-good" if one.certain else "hub-chip"
        return format_html(
            '<span class="hub-two-lines"><span><span class="hub-code">{}</span> <span class="{}">{}</span></span>'
            "<small>{}</small></span>",
            one.code,
            tone,
            one.why,
            one.label,
        )

    @display(description="")
    def press(self, code: SeenCode) -> SafeString:
        one: Suggestion | None = getattr(code, "suggestion", None)
        url = words.map_url(code, one.code if one else "")
        return format_html(
            '<a class="hub-button hub-button-small" href="{}">Map<span class="hub-hidden"> {}</span></a>',
            url,
            code.code,
        )


def _suggest(codes: Sequence[SeenCode]) -> None:
    """Lay the best suggestion beside each row of a page."""
    found = suggestions_for(list(codes))
    for code in codes:
        code.suggestion = found.get(code.pk)  # type: ignore[attr-defined]


def _brand(text: str) -> Brand | None:
    return Brand.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() else None


def _table(rows: Sequence[Coverage], links: Mapping[int, Link]) -> list[dict[str, Any]]:
    """One row per link: how much of each kind is mapped."""
    by_link: dict[int, dict[str, Coverage]] = {}
    for row in rows:
        by_link.setdefault(row.link_id, {})[row.kind] = row
    kinds = [kind.code for kind in KINDS.values() if any(row.kind == kind.code for row in rows)]
    return [
        {"link": links[link_id], "cells": [cells.get(kind) for kind in kinds]}
        for link_id, cells in sorted(by_link.items(), key=lambda item: str(links[item[0]]))
    ]


def _acceptable(rows: Sequence[Coverage], links: Sequence[Link], mappable: set[int]) -> list[tuple[Brand, Kind]]:
    """The (brand, kind) tables that have unmapped values and that this person may fill."""
    brands = {link.pk: link.brand for link in links}
    pairs = {(brands[row.link_id], row.kind) for row in rows if row.unmapped and brands[row.link_id].pk in mappable}
    return [
        (brand, KINDS[kind])
        for brand, kind in sorted(pairs, key=lambda pair: (pair[0].name, list(KINDS).index(pair[1])))
    ]
