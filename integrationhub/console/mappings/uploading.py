"""A file becomes a plan: read, compared with the tables, and kept for a person to look at. Nothing is mapped here.

A short file is read at once, a long one by `long_imports`.
"""

from typing import Any

from django.http import HttpRequest

from connectors.access import Right
from connectors.admin_base import rights_of
from connectors.models import Brand
from integrationhub.console.mappings import words
from integrationhub.console.uploads import too_large
from mappings_app.columns import header_of
from mappings_app.errors import UnreadableFileError
from mappings_app.kinds import Kind
from mappings_app.models import ImportPlan
from mappings_app.reading import begin_reading, plan_file
from mappings_app.sheets import BYTES_AT_MOST, ROWS_AT_MOST, TOO_LARGE, is_short


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
        """Read the file, or begin to; None, with `errors`, when it cannot be read."""
        brand = self._brand()
        upload = self.request.FILES.get("file")
        if brand is None:
            self.errors.append("Choose the brand.")
        if too_large(self.request):
            self.errors.append(TOO_LARGE)
        elif upload is None:
            self.errors.append("Choose a file.")
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
        read = plan_file if is_short(data) else begin_reading
        return read(data, kind=self.kind, brand=brand, file_name=name, actor=actor)
