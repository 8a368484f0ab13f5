"""Brands and the audit trail on screen. Connections, links and people need more of the hub: `integrationhub.console`."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, brand_choices, register, rights_of
from connectors.models import AuditEntry, Brand, record_audit
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter

TRAIL_WORDS = {
    "brand": "Brands",
    "connection": "Connections",
    "link": "Links",
    "exceptioncase": "Cases",
    "schedule": "Syncs",
    "switch": "The switch over everything",
    "rolegrant": "Roles",
    "user": "People",
    "skumapping": "SKU mappings",
    "mappingversion": "Mappings",
}


@register(Brand)
class BrandAdmin(HubModelAdmin):
    address = "brands"
    brand_path = "pk"
    see_right = Right.CONFIGURE
    change_right = Right.CONFIGURE
    list_display = ("name", "code", "timezone", "reporting_currency")
    fieldsets = (
        (None, {"fields": ("name", "code", "reporting_currency")}),
        ("Clock and calendar", {"fields": ("timezone", "working_days", "working_from", "working_until")}),
    )
    change_list_template = "console/list.html"
    change_form_template = "console/form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Brand]:
        if rights_of(request).superuser:  # who sets the hub up has no role before there is a brand
            return Brand.objects.order_by("name")
        return super().get_queryset(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return rights_of(request).superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return rights_of(request).superuser or super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rights_of(request).superuser or super().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rights_of(request).superuser or super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Brand, form: Any, change: bool) -> None:
        save_and_tell(obj, form, actor=request.user.get_username(), brand=obj)


def save_and_tell(row: Any, form: Any, *, actor: str, brand: Brand | None, hidden: Sequence[str] = ()) -> None:
    """Save a changed row and tell the audit trail what it said before and says now; of `hidden` fields only that they changed."""
    made = row.pk is None
    with transaction.atomic():
        before = None if made else _told(type(row)._default_manager.get(pk=row.pk), form.changed_data, hidden)
        row.save()
        record_audit(
            actor=actor,
            action=f"{row._meta.model_name}.{'added' if made else 'changed'}",
            subject=row,
            brand=brand,
            before=before,
            after=_told(row, form.changed_data, hidden),
        )


def _told(row: Any, names: Sequence[str], hidden: Sequence[str]) -> dict[str, Any]:
    values = model_to_dict(row)
    return {
        name: "not shown" if name in hidden else _plain(values[name])
        for name in names
        if name in values or name in hidden
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)


# --- the audit trail --------------------------------------------------------------------------------------------------


class SubjectFilter(ChoiceFilter):
    title, parameter_name = "what was changed", "kind"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return list(TRAIL_WORDS.items())

    def narrow(self, rows: QuerySet[AuditEntry], value: str, request: HttpRequest) -> QuerySet[AuditEntry]:
        return rows.filter(subject_kind=value)


class TrailBrandFilter(ChoiceFilter):
    title, parameter_name = "brand", "brand"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return brand_choices(request, Right.READ_AUDIT)

    def narrow(self, rows: QuerySet[AuditEntry], value: str, request: HttpRequest) -> QuerySet[AuditEntry]:
        return rows.filter(brand_id=int(value))


@register(AuditEntry)
class AuditAdmin(HubModelAdmin):
    address = "audit"
    plural = "Audit trail"
    see_right = Right.READ_AUDIT
    list_display = ("when", "actor", "did", "to_what", "because")
    list_filter = (SubjectFilter, TrailBrandFilter)
    list_select_related = ("brand",)
    ordering = ("-pk",)
    search_fields = ("subject",)  # what is searched: get_search_results
    search_help_text = "Person, or “connection:12”"
    change_list_template = "console/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Entries of the person's brands, and those of no brand (the second factor, the switch over everything)."""
        brands = rights_of(request).brand_ids(Right.READ_AUDIT)
        if not brands:
            return AuditEntry.objects.none()
        return AuditEntry.objects.filter(Q(brand_id__in=brands) | Q(brand=None))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rights_of(request).may(Right.READ_AUDIT, obj.brand_id if obj is not None and obj.brand_id else None)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip().replace("\x00", "")
        kind, colon, pk = term.partition(":")
        if colon and pk:
            return queryset.filter(subject_kind=kind.lower(), subject_id=pk), False
        return (queryset.filter(actor__iexact=term) if term else queryset), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        entry = self.found(request, object_id)
        if not self.has_view_permission(request, entry):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"{entry.actor}: {action_words(entry.action)} {entry.subject}",
            "opts": self.opts,
            "entry": entry,
            "action": action_words(entry.action),
            "changes": changes_of(entry.before, entry.after),
            "now": ports.now(),
            "zone": rights_of(request).zone,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "console/audit.html", context)

    @display(description="When", ordering="pk")
    def when(self, entry: AuditEntry) -> SafeString:
        zone = ZoneInfo(entry.brand.timezone) if entry.brand else ZoneInfo("UTC")
        return moments.ago(entry.at, now=ports.now(), zone=zone)

    @display(description="What")
    def did(self, entry: AuditEntry) -> str:
        return action_words(entry.action)

    @display(description="To what")
    def to_what(self, entry: AuditEntry) -> SafeString:
        kind = TRAIL_WORDS.get(entry.subject_kind, entry.subject_kind)
        return format_html('<span class="hub-two-lines"><span>{}</span><small>{}</small></span>', entry.subject, kind)

    @display(description="Why")
    def because(self, entry: AuditEntry) -> str:
        return entry.reason


def action_words(action: str) -> str:
    """ "case.snoozed" → "snoozed"."""
    return action.rpartition(".")[2].replace("_", " ")


def changes_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    """(name, what it was, what it is) of everything that differs; long values are told as they are, to be wrapped."""
    old, new = before or {}, after or {}
    names = dict.fromkeys([*old, *new])
    return [
        (name.replace("_", " "), _words(old.get(name)), _words(new.get(name)))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_words(item) for item in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_words(item)}" for key, item in value.items()) or "–"
    return str(value)
