"""The pages of the audit trail: the list that is narrowed by choices, one entry, and the file for an auditor."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern

from connectors import ports, sealing
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.models import AuditEntry, record_audit
from integrationhub.adminkit.spreadsheets import csv_lines
from integrationhub.console.audit import reading

EXPORTED_AT_MOST = 100_000
_HEADER = ("Position", "When (UTC)", "Who", "What", "Kind", "Record", "Called", "Brand", "Changes", "Why", "Seal")


@register(AuditEntry)
class AuditAdmin(HubModelAdmin):
    address = "audit"
    plural = "Audit trail"
    see_right = Right.READ_AUDIT

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Entries of the person's brands, and those of no brand (log-ins, the switch over everything)."""
        return AuditEntry.objects.seen_by(rights_of(request).brand_ids(Right.READ_AUDIT))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        of_a_brand = obj.brand_id if isinstance(obj, AuditEntry) and obj.brand_id else None
        return rights_of(request).may(Right.READ_AUDIT, of_a_brand)

    def own_urls(self) -> list[URLPattern]:
        return [self.page("export/", self.export_view, "export")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rights, asked, now = rights_of(request), reading.wanted(request.GET), ports.now()
        found = reading.page(reading.entries(rights, asked, now=now), asked)
        context = {
            "title": "Audit trail",
            "asked": asked,
            "page": found,
            "people": reading.people(rights),
            "kinds": sorted(reading.KINDS.items(), key=lambda kind: kind[1]),
            "spans": list(reading.SPANS.items()),
            "brands": reading.brands(rights),
            "chain": sealing.chain_standing(),
            "at_most": EXPORTED_AT_MOST,
        }
        return self._render(request, "console/audit/list.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        entry = self.found(request, object_id)
        if not self.has_view_permission(request, entry):
            raise PermissionDenied
        row = reading.told(entry)
        context = {"title": f"{entry.actor}: {row.action} {entry.subject}", "row": row, "entry": entry}
        return self._render(request, "console/audit/entry.html", context)

    def export_view(self, request: HttpRequest) -> Any:
        """Every entry of the choices made, as CSV. Whoever takes it out is on the trail first."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        rights, asked = rights_of(request), reading.wanted(request.POST)
        rows = reading.entries(rights, asked, now=ports.now()).order_by("-at", "-pk")[:EXPORTED_AT_MOST]
        choices = {name: value for name, value in vars(asked).items() if value}
        record_audit(
            actor=request.user.get_username(),
            action="audit.exported",
            subject=request.user,  # type: ignore[arg-type]
            brand=None,
            after={"entries": rows.count(), "choices": choices or "everything"},
        )
        response = StreamingHttpResponse(csv_lines(_HEADER, _cells(rows)), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="audit-trail-{ports.now():%Y-%m-%d}.csv"'
        return response

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        around = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(
            request, template, {**around, "now": ports.now(), "zone": rights_of(request).zone, **context}
        )


def _cells(rows: QuerySet[AuditEntry]) -> Iterator[tuple[object, ...]]:
    for entry in rows.select_related("brand").iterator(chunk_size=2_000):
        row = reading.told(entry)
        yield (
            entry.position or "not sealed yet",
            entry.at.isoformat(timespec="seconds"),
            entry.actor,
            row.action,
            row.kind,
            row.record,
            entry.subject,
            entry.brand.name if entry.brand else "",
            reading.change_words(row.changes),
            entry.reason,
            entry.seal,
        )
