"""One list for each kind of mapping. Rows are versions and never edited: every change goes through `mappings_app.saving`."""

from collections.abc import Sequence
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.models import Brand, Link
from integrationhub.adminkit import moments
from integrationhub.console.mappings import exporting, page, uploading, words
from integrationhub.console.mappings.filters import BrandFilter, LinkFilter, StandingFilter, UsedFilter, spelt
from mappings_app.coverage import unmapped_codes
from mappings_app.forms import MappingForm, all_receivers, find_known_codes
from mappings_app.kinds import KINDS, Kind
from mappings_app.models import MAPPING_MODELS, MappingVersion, SeenCode
from mappings_app.suggesting import suggestions
from mappings_app.uses import count_words, used_lately

Versions = QuerySet[MappingVersion]
ADDRESSES = {
    "sku": "skus",
    "carrier": "carriers",
    "shipping_service": "delivery-methods",
    "market": "markets",
    "price_list": "price-lists",
    "payment_method": "payment-methods",
    "tax": "taxes",
    "refund_reason": "refund-reasons",
}
_BADGE_CAP = 99


def unmapped(request: HttpRequest) -> QuerySet[SeenCode]:
    """What was seen at this person's brands and has no mapping now, the most frequent first."""
    return unmapped_codes(*rights_of(request).brand_ids(Right.SEE), at=ports.now())


class MappingAdmin(HubModelAdmin):
    kind: ClassVar[Kind]
    add_right = Right.MAP_CODES
    list_display = ("says", "means", "counts_for", "used", "valid", "changed", "because")
    list_filter = (StandingFilter, LinkFilter, UsedFilter, BrandFilter)
    list_select_related = ("link__source", "link__target", "brand")
    ordering = ("from_code", "-pk")
    search_fields = ("from_code",)  # what is searched: get_search_results
    search_help_text = "Beginning of either code"
    list_before_template = "console/mappings/before_list.html"
    change_list_template = "console/list.html"
    empty_words = (
        "No code is mapped. One that is missing becomes a case as soon as a record needs it;"
        " saving it there lists it here."
    )

    def get_queryset(self, request: HttpRequest) -> Versions:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_search_results(self, request: HttpRequest, queryset: Versions, search_term: str) -> tuple[Versions, bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(spelt("from_code", term) | spelt("to_code", term)) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        waiting = unmapped(request).filter(kind=self.kind.code)[: _BADGE_CAP + 1].count()
        context = {
            "kind": self.kind,
            "unmapped": f"{_BADGE_CAP}+" if waiting > _BADGE_CAP else waiting,
            "unmapped_url": f"{reverse('admin:mappings_app_seencode_changelist')}?kind={self.kind.code}",
            "may_map": rights_of(request).may(Right.MAP_CODES),
            "import_url": words.address(self.kind.code, "import"),
            "export_url": f"{words.address(self.kind.code, 'export')}?{request.GET.urlencode()}",
        }
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            _count_uses(response.context_data["cl"].result_list)
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="From", ordering="from_code")
    def says(self, version: MappingVersion) -> SafeString:
        return words.code(version.from_code or version.kind_spec.empty_words, version.from_label)

    @display(description="To", ordering="to_code")
    def means(self, version: MappingVersion) -> SafeString:
        if version.retired:
            return format_html('<span class="hub-chip">{}</span>', "retired")
        return words.code(version.to_code, version.to_label)

    @display(description="Counts for")
    def counts_for(self, version: MappingVersion) -> str:
        return words.scope(version.link, version.brand)

    @display(description="Used in 30 days")
    def used(self, version: MappingVersion) -> SafeString:
        count: int = getattr(version, "used_count", 0)
        tone = "hub-number" if count else "hub-number hub-quiet"
        return format_html('<span class="{}">{}</span>', tone, count_words(count) if count else "not used")

    @display(description="Valid")
    def valid(self, version: MappingVersion) -> str:
        return words.stretch(version)

    @display(description="Changed", ordering="recorded_at")
    def changed(self, version: MappingVersion) -> SafeString:
        at = moments.ago(version.recorded_at, now=ports.now(), zone=ZoneInfo(version.brand.timezone))
        return format_html(
            '<span class="hub-two-lines"><span>{}</span><small>{}</small></span>', at, version.recorded_by
        )

    @display(description="Why")
    def because(self, version: MappingVersion) -> str:
        return version.reason if len(version.reason) <= 40 else f"{version.reason[:39]}…"

    # --- pages beside the list --------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("codes/", self.codes_view, "codes"),
            self.page("import/", self.import_view, "import"),
            self.page("template/", self.template_view, "template"),
            self.page("export/", self.export_view, "export"),
            self.page("<slug:object_id>/retire/", self.retire_view, "retire"),
            self.page("<slug:object_id>/roll-back/", self.roll_back_view, "roll_back"),
            self.page("<slug:object_id>/scope/", self.scope_view, "scope"),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self.render(
            request, "console/mappings/mapping.html", page.story(request, self.found(request, object_id))
        )

    def retire_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return page.retire(request, self.found(request, object_id))

    def scope_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return page.move(request, self.found(request, object_id))

    def roll_back_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self.found(request, object_id)
        if request.method == "POST":
            return page.roll_back(request, version)
        return self.render(request, "console/mappings/roll_back.html", page.preview(request, version))

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = uploading.UploadForm(request, self.kind)
        if request.method == "POST" and (plan := form.make_plan(actor=request.user.get_username())):
            return HttpResponseRedirect(reverse("admin:mappings_app_importplan_change", args=[plan.pk]))
        return self.render(request, "console/mappings/import.html", {**form.context(), "kind": self.kind})

    def template_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return exporting.template(self.kind, xlsx=request.GET.get("as") == "xlsx")

    def export_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return exporting.export(self, request)

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
            return HttpResponseRedirect(words.address(self.kind.code, "change", version.pk))
        context = {
            "title": f"New {self.kind.label}",
            "form": form,
            "kind": self.kind,
            "suggestions": self._suggestions(form),
            "codes_url": words.address(self.kind.code, "codes"),
        }
        return self.render(request, "console/mappings/add.html", context)

    def _suggestions(self, form: MappingForm) -> Sequence[Any]:
        code = str(form["from_code"].value() or "")
        chosen = form.links.get(str(form["link"].value() or ""))
        link = chosen or next(iter(form.links.values()), None)
        if not link or not code:
            return []
        seen = SeenCode.objects.filter(link=link, kind=self.kind.code, code=code).first()
        gtin, label = (seen.gtin, seen.label) if seen else ("", "")
        return suggestions(self.kind.code, link, code, gtin=gtin, label=label)

    def codes_view(self, request: HttpRequest) -> JsonResponse:
        """The codes that can be chosen and match what was typed: {"codes": [{"code", "label"}]}."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        known = all_receivers(self.kind.code, rights_of(request).brand_ids(Right.MAP_CODES))
        found = find_known_codes(self.kind, known, request.GET.get("q", ""))
        return JsonResponse({"codes": [{"code": one.code, "label": one.label} for one in found]})

    def render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )


def _count_uses(versions: Sequence[MappingVersion]) -> None:
    """Lay how often each was used lately beside the rows of a page: one query."""
    counts = used_lately([version.pk for version in versions])
    for version in versions:
        version.used_count = counts.get(version.pk, 0)  # type: ignore[attr-defined]


def _register(kind: Kind) -> None:
    members = {"__module__": __name__, "kind": kind, "address": f"mappings/{ADDRESSES.get(kind.code, kind.code)}"}
    register(MAPPING_MODELS[kind.code])(type(f"{kind.model_name}Admin", (MappingAdmin,), members))


for _kind in KINDS.values():
    _register(_kind)
