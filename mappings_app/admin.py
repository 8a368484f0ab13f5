"""Mappings on screen: one list for each kind, the story of each code, and what was seen without a mapping.

Rows are versions and never edited: every change goes through `mappings_app.saving`.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, brand_choices, register, require, rights_of
from connectors.models import Brand, Link
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter
from mappings_app.coverage import unmapped_codes
from mappings_app.errors import RefusedMappingError
from mappings_app.forms import MappingForm, all_receivers, find_known_codes
from mappings_app.kinds import KINDS, Kind
from mappings_app.models import CURRENT, MAPPING_MODELS, MappingVersion, SeenCode
from mappings_app.saving import retire_mapping, roll_back
from mappings_app.suggesting import suggestions

Versions = QuerySet[MappingVersion]
ADDRESSES = {"sku": "skus", "carrier": "carriers", "shipping_service": "delivery-methods", "market": "markets"}
HISTORY_SHOWN = 100
_BADGE_CAP = 99


class StandingFilter(ChoiceFilter):
    title, parameter_name, default, all_label = "standing", "standing", "current", "Everything, former ones too"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("current", "What counts now"), ("retired", "Retired")]

    def narrow(self, rows: Versions, value: str, request: HttpRequest) -> Versions:
        return rows.filter(CURRENT, retired=value == "retired")


class LinkFilter(ChoiceFilter):
    title, parameter_name, all_label = "scope", "scope", "Any"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        links = Link.objects.filter(brand_id__in=rights_of(request).brand_ids(Right.SEE))
        named = [(str(link.pk), f"Only {link}") for link in links.select_related("source", "target")]
        return [("every", "Every channel"), *named]

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(link=None) if value == "every" else rows.filter(link_id=int(value))


class BrandFilter(ChoiceFilter):
    title, parameter_name = "brand", "brand"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return brand_choices(request)

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(brand_id=int(value))


def _spelt(field: str, term: str) -> Q:
    """The field begins with the term, as typed, in capitals or in small letters: each can use the index."""
    condition = Q()
    for spelling in {term, term.upper(), term.lower()}:
        condition |= Q(**{f"{field}__startswith": spelling})
    return condition


class MappingAdmin(HubModelAdmin):
    kind: ClassVar[Kind]
    add_right = Right.MAP_CODES
    list_display = ("says", "means", "counts_for", "valid", "changed")
    list_filter = (StandingFilter, LinkFilter, BrandFilter)
    list_select_related = ("link__source", "link__target", "brand")
    ordering = ("from_code", "-pk")
    search_fields = ("from_code",)  # what is searched: get_search_results
    search_help_text = "Beginning of either code"
    list_before_template = "console/mappings/banner.html"
    change_list_template = "console/list.html"

    def get_search_results(self, request: HttpRequest, queryset: Versions, search_term: str) -> tuple[Versions, bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(_spelt("from_code", term) | _spelt("to_code", term)) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        waiting = unmapped(request).filter(kind=self.kind.code)[: _BADGE_CAP + 1].count()
        context = {
            "kind": self.kind,
            "unmapped": f"{_BADGE_CAP}+" if waiting > _BADGE_CAP else waiting,
            "unmapped_url": f"{reverse('admin:mappings_app_seencode_changelist')}?kind={self.kind.code}",
        }
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="From", ordering="from_code")
    def says(self, version: MappingVersion) -> SafeString:
        return _code(version.from_code or version.kind_spec.empty_words, version.from_label)

    @display(description="To", ordering="to_code")
    def means(self, version: MappingVersion) -> SafeString:
        if version.retired:
            return format_html('<span class="hub-chip">{}</span>', "retired")
        return _code(version.to_code, version.to_label)

    @display(description="Counts for")
    def counts_for(self, version: MappingVersion) -> str:
        return f"Only {version.link}" if version.link else f"Every channel of {version.brand}"

    @display(description="Valid")
    def valid(self, version: MappingVersion) -> str:
        return _stretch(version)

    @display(description="Changed", ordering="recorded_at")
    def changed(self, version: MappingVersion) -> SafeString:
        at = moments.ago(version.recorded_at, now=ports.now(), zone=ZoneInfo(version.brand.timezone))
        return format_html(
            '<span class="hub-two-lines"><span>{}</span><small>{}</small></span>', at, version.recorded_by
        )

    # --- one code's story -------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("codes/", self.codes_view, "codes"),
            self.page("<slug:object_id>/retire/", self.retire_view, "retire"),
            self.page("<slug:object_id>/roll-back/", self.roll_back_view, "roll_back"),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        version = self.found(request, object_id)
        story = self.model._default_manager.filter(
            brand_id=version.brand_id, link_id=version.link_id, from_code=version.from_code
        )
        latest = story.order_by("-pk").first()
        context = {
            "title": str(version),
            "version": version,
            "story": story.select_related("brand").order_by("-pk")[:HISTORY_SHOWN],
            "latest": latest,
            "attributes": _attributes(version),
            "now": ports.now(),
            "zone": ZoneInfo(version.brand.timezone),
            "may_map": rights_of(request).may(Right.MAP_CODES, version.brand_id),
            "change_url": self._add_url(version.from_code, version.link_id, version.brand_id),
        }
        return self._render(request, "console/mappings/mapping.html", context)

    def retire_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._change(request, object_id, retire_mapping, told="Retired. It means nothing from now on.")

    def roll_back_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._change(request, object_id, roll_back, told="Undone. What stood before counts again.")

    def _change(self, request: HttpRequest, object_id: str, change: Any, *, told: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        version = self.found(request, object_id)
        require(request, Right.MAP_CODES, version.brand_id)
        reason = request.POST.get("reason", "").strip()
        address = self._address("change", version.pk)
        if not reason:
            messages.error(request, "Say why: it is kept on the audit trail.")
            return HttpResponseRedirect(address)
        try:
            now_counts = change(version, actor=request.user.get_username(), reason=reason)
        except RefusedMappingError as error:
            for problem in error.problems:
                messages.error(request, problem)
            return HttpResponseRedirect(address)
        messages.success(request, told)
        return HttpResponseRedirect(self._address("change", now_counts.pk))

    # --- a new one --------------------------------------------------------------------------------------------------
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        brand_ids = rights_of(request).brand_ids(Right.MAP_CODES)
        form = MappingForm(
            request.POST if request.method == "POST" else None,
            kind=self.kind,
            brands=Brand.objects.filter(pk__in=brand_ids),
            links=Link.objects.filter(brand_id__in=brand_ids),
            initial={name: request.GET.get(name, "") for name in ("brand", "link", "from_code", "to_code")},
        )
        if request.method == "POST" and form.is_valid() and (version := form.save(actor=request.user.get_username())):
            messages.success(request, f"Saved: {version}. What waited for it goes on.")
            return HttpResponseRedirect(self._address("change", version.pk))
        context = {
            "title": f"New {self.kind.label}",
            "form": form,
            "kind": self.kind,
            "suggestions": self._suggestions(form),
            "codes_url": self._address("codes"),
        }
        return self._render(request, "console/mappings/add.html", context)

    def _suggestions(self, form: MappingForm) -> Sequence[Any]:
        code = str(form["from_code"].value() or "")
        chosen = form.links.get(str(form["link"].value() or ""))
        link = chosen or next(iter(form.links.values()), None)
        return suggestions(self.kind.code, link, code) if link and code else []

    def codes_view(self, request: HttpRequest) -> JsonResponse:
        """The codes that can be chosen and match what was typed: {"codes": [{"code", "label"}]}."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        known = all_receivers(self.kind.code, rights_of(request).brand_ids(Right.MAP_CODES))
        found = find_known_codes(self.kind, known, request.GET.get("q", ""))
        return JsonResponse({"codes": [{"code": one.code, "label": one.label} for one in found]})

    # --- around ------------------------------------------------------------------------------------------------------
    def _address(self, name: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=args)

    def _add_url(self, from_code: str, link_id: int | None, brand_id: int) -> str:
        query = {"from_code": from_code, "link": link_id or "", "brand": brand_id}
        return f"{self._address('add')}?{urlencode(query)}"

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )


def _code(code: str, label: str) -> SafeString:
    return format_html(
        '<span class="hub-two-lines"><span class="hub-code">{}</span><small>{}</small></span>', code, label
    )


def _attributes(version: MappingVersion) -> list[tuple[str, str]]:
    """What else the mapping says, in its kind's words."""
    return [
        (
            attribute.label[:1].upper() + attribute.label[1:],
            "yes" if version.attributes[attribute.name] is True else str(version.attributes[attribute.name]),
        )
        for attribute in version.kind_spec.attributes
        if version.attributes.get(attribute.name)
    ]


def _stretch(version: MappingVersion) -> str:
    zone = ZoneInfo(version.brand.timezone)
    begins = moments.exact(version.valid_from, zone) if version.valid_from else ""
    ends = moments.exact(version.valid_to, zone) if version.valid_to else ""
    if not begins and not ends:
        return "always"
    return " ".join(filter(None, [begins and f"from {begins}", ends and f"until {ends}"]))


def _register(kind: Kind) -> None:
    members = {"__module__": __name__, "kind": kind, "address": f"mappings/{ADDRESSES.get(kind.code, kind.code)}"}
    register(MAPPING_MODELS[kind.code])(type(f"{kind.model_name}Admin", (MappingAdmin,), members))


for _kind in KINDS.values():
    _register(_kind)


# --- seen, and not mapped ---------------------------------------------------------------------------------------------


class KindFilter(ChoiceFilter):
    title, parameter_name = "kind", "kind"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(kind.code, kind.from_words[:1].upper() + kind.from_words[1:]) for kind in KINDS.values()]

    def narrow(self, rows: QuerySet[SeenCode], value: str, request: HttpRequest) -> QuerySet[SeenCode]:
        return rows.filter(kind=value)


def unmapped(request: HttpRequest) -> QuerySet[SeenCode]:
    """What was seen at this person's brands and has no mapping now, the most frequent first."""
    brands = Brand.objects.filter(pk__in=rights_of(request).brand_ids(Right.SEE))
    lists = [unmapped_codes(brand, at=ports.now()) for brand in brands]
    return reduce(or_, lists) if lists else SeenCode.objects.none()


@register(SeenCode)
class SeenCodeAdmin(HubModelAdmin):
    """A work list: map these before an order waits for them."""

    address = "mappings/not-mapped-yet"
    plural = "Not mapped yet"
    list_display = ("seen", "kind_words", "where", "how_often", "last_seen", "press")
    list_display_links = None
    list_filter = (KindFilter, LinkFilter, BrandFilter)
    list_select_related = ("link__source", "link__target", "brand")
    ordering = ("-times", "code", "pk")
    search_fields = ("code",)
    search_help_text = "Beginning of the code"
    change_list_template = "console/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SeenCode]:
        return unmapped(request)

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        may_map = rights_of(request).may(Right.MAP_CODES)
        return self.list_display if may_map else [name for name in self.list_display if name != "press"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(_spelt("code", term)) if term else queryset), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """There is nothing to see of one but its mapping-to-be."""
        return HttpResponseRedirect(_map_url(self.found(request, object_id)))

    @display(description="Seen", ordering="code")
    def seen(self, code: SeenCode) -> SafeString:
        return _code(code.code or KINDS[code.kind].empty_words, code.label)

    @display(description="What it is", ordering="kind")
    def kind_words(self, code: SeenCode) -> str:
        words = KINDS[code.kind].from_words
        return words[:1].upper() + words[1:]

    @display(description="Where")
    def where(self, code: SeenCode) -> str:
        return str(code.link)

    @display(description="How often", ordering="times")
    def how_often(self, code: SeenCode) -> SafeString:
        return format_html('<span class="hub-number">{}</span>', f"{code.times:,}")

    @display(description="Last seen", ordering="last_seen_at")
    def last_seen(self, code: SeenCode) -> SafeString:
        return moments.ago(code.last_seen_at, now=ports.now(), zone=ZoneInfo(code.brand.timezone))

    @display(description="")
    def press(self, code: SeenCode) -> SafeString:
        return format_html('<a class="hub-button hub-button-small" href="{}">Map</a>', _map_url(code))


def _map_url(code: SeenCode) -> str:
    model = MAPPING_MODELS[code.kind]._meta.model_name
    query = {"from_code": code.code, "link": code.link_id, "brand": code.brand_id}
    return f"{reverse(f'admin:mappings_app_{model}_add')}?{urlencode(query)}"
