"""Tables as files: what a list shows, and an empty template. Cells that a spreadsheet would run are made harmless."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect

from connectors import ports
from connectors.models import Brand, record_audit
from integrationhub.console.mappings import words
from mappings_app.columns import exported, header_of, template_rows
from mappings_app.kinds import Kind
from mappings_app.models import MappingVersion
from mappings_app.sheets import write_csv, write_xlsx

EXPORT_AT_MOST = 200_000
CSV, XLSX = "text/csv; charset=utf-8", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """The list as it is filtered, searched and sorted, as a file. Told to the audit trail of each brand in it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    kind: Kind = model_admin.kind
    versions: QuerySet[MappingVersion] = model_admin.get_changelist_instance(request).queryset
    rows = list(versions.select_related("link__source", "link__target", "brand")[: EXPORT_AT_MOST + 1])
    if len(rows) > EXPORT_AT_MOST:
        messages.error(request, f"The list has more than {EXPORT_AT_MOST:,} rows. Filter it first.")
        return HttpResponseRedirect(f"{words.address(kind.code, 'changelist')}?{request.GET.urlencode()}")
    xlsx = request.POST.get("as") == "xlsx"
    _audit(rows, kind, request, xlsx=xlsx)
    return _file(kind.plural, header_of(kind), [exported(version) for version in rows], xlsx=xlsx)


def _audit(rows: list[MappingVersion], kind: Kind, request: HttpRequest, *, xlsx: bool) -> None:
    counts: dict[Brand, int] = {}
    for version in rows:
        counts[version.brand] = counts.get(version.brand, 0) + 1
    for brand, count in counts.items():
        told = {"kind": kind.code, "rows": count, "as": "xlsx" if xlsx else "csv", "filter": request.GET.urlencode()}
        record_audit(
            actor=request.user.get_username(), action="mapping.exported", subject=brand, brand=brand, after=told
        )


def template(kind: Kind, *, xlsx: bool) -> HttpResponse:
    header, *rows = template_rows(kind)
    return _file(f"template for {kind.plural}", header, rows, xlsx=xlsx)


def _file(name: str, header: list[str], rows: list[list[str]], *, xlsx: bool) -> HttpResponse:
    data = write_xlsx(header, rows, title=name) if xlsx else write_csv(header, rows)
    file_name = f"{name.replace(' ', '-')}-{ports.now():%Y-%m-%d}.{'xlsx' if xlsx else 'csv'}"
    disposition = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return HttpResponse(data, content_type=XLSX if xlsx else CSV, headers=disposition)
