"""A file becomes a plan: read, compared with the tables, and kept for a person to look at. Nothing is mapped here."""

import hashlib
from typing import Any

from django.http import HttpRequest

from connectors.access import Right
from connectors.admin_base import rights_of
from connectors.models import Brand, Link
from integrationhub.console.mappings import words
from mappings_app.columns import columns_of, header_of, wanted_rows
from mappings_app.errors import UnreadableFileError
from mappings_app.kinds import Kind
from mappings_app.models import ImportPlan
from mappings_app.planning import make_plan
from mappings_app.sheets import BYTES_AT_MOST, ROWS_AT_MOST, read_sheet


class UploadForm:
    """The upload of one file for one brand. `errors` are full sentences."""

    def __init__(self, request: HttpRequest, kind: Kind) -> None:
        self.request, self.kind = request, kind
        self.brands = list(Brand.objects.filter(pk__in=rights_of(request).brand_ids(Right.MAP_CODES)))
        self.errors: list[str] = []

    def context(self) -> dict[str, Any]:
        kind = self.kind
        return {
            "title": f"Import {kind.plural}",
            "brands": self.brands,
            "errors": self.errors,
            "chosen_brand": self.request.POST.get("brand", ""),
            "columns": header_of(kind)[: 5 + len(kind.attributes)],
            "template_url": words.address(kind.code, "template"),
            "list_url": words.address(kind.code, "changelist"),
            "megabytes": BYTES_AT_MOST // 1024 // 1024,
            "rows_at_most": f"{ROWS_AT_MOST:,}",
        }

    def make_plan(self, *, actor: str) -> ImportPlan | None:
        """Read the file and keep the plan; None, with `errors`, when it cannot be read."""
        brand = self._brand()
        upload = self.request.FILES.get("file")
        if brand is None:
            self.errors.append("Choose the brand.")
        if upload is None:
            self.errors.append("Choose a file.")
        elif upload.size and upload.size > BYTES_AT_MOST:
            self.errors.append(f"The file is larger than {BYTES_AT_MOST // 1024 // 1024} MB. Split it.")
        if self.errors or brand is None or upload is None:
            return None
        try:
            return self._planned(upload.read(), str(upload.name or "file"), brand, actor=actor)
        except UnreadableFileError as error:
            self.errors.append(str(error))
            return None

    def _brand(self) -> Brand | None:
        if len(self.brands) == 1:
            return self.brands[0]
        return next((brand for brand in self.brands if str(brand.pk) == self.request.POST.get("brand")), None)

    def _planned(self, data: bytes, name: str, brand: Brand, *, actor: str) -> ImportPlan:
        kind = self.kind
        needed = {"from_code": "from code", "to_code": "to code"}
        sheet = read_sheet(data, columns_of(kind), needed=needed)
        links = list(Link.objects.filter(brand=brand).select_related("source", "target", "brand"))
        notices = list(sheet.notices)
        if "scope" not in sheet.columns:
            notices.append("The file has no column “counts for”: every row counts for every channel.")
        return make_plan(
            wanted_rows(sheet, kind=kind, brand=brand, links=links),
            kind=kind,
            brand=brand,
            file_name=name,
            file_hash=hashlib.sha256(data).hexdigest(),
            notices=notices,
            actor=actor,
        )
