"""What channels show against what they took: each channel's last scans, as a trend."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString

from connectors.admin_base import HubModelAdmin, register, rights_of
from integrationhub.adminkit import charts
from integrationhub.console.stock import around
from integrationhub.inventory.models import DriftScan

SCANS_DRAWN = 24
SCANS_LISTED = 6
SERIES = (("explained", "explained"), ("healed", "sent again"), ("left", "left over"))


@register(DriftScan)
class DriftScanAdmin(HubModelAdmin):
    address = "stock-drift"
    plural = "What channels show"
    brand_path = "channel__brand_id"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        known = around.around(request)
        names = {one.link.source_id: one.name for one in known.channels.values()}
        links = {one.link.source_id: one.link.pk for one in known.channels.values()}
        reads_back = {one.link.source_id: one.reads_back for one in known.channels.values()}
        scans = _last(list(names))
        context = {
            "title": self.plural,
            "groups": [
                {
                    "name": name,
                    "link_id": links[pk],
                    "reads_back": reads_back[pk],
                    "scans": scans.get(pk, [])[:SCANS_LISTED],
                    "picture": _picture(name, scans.get(pk, []), request),
                }
                for pk, name in names.items()
            ],
            "series": [(number, label) for number, (_, label) in enumerate(SERIES, start=1)],
        }
        return around.render(self, request, "drift.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A scan's row is all there is to it."""
        self.found(request, object_id)
        return HttpResponseRedirect(reverse("admin:inventory_driftscan_changelist"))


def _last(channel_ids: Sequence[int]) -> dict[int, list[DriftScan]]:
    """The last scans of each channel that came to an end, the newest first. One query."""
    newest = Window(RowNumber(), partition_by=F("channel_id"), order_by=F("pk").desc())
    rows = DriftScan.objects.filter(channel__in=channel_ids, ended_at__isnull=False).annotate(newest=newest)
    found: dict[int, list[DriftScan]] = {}
    for row in rows.filter(newest__lte=SCANS_DRAWN).order_by("channel_id", "-pk"):
        found.setdefault(row.channel_id, []).append(row)
    return found


def _picture(name: str, scans: Sequence[DriftScan], request: HttpRequest) -> SafeString | None:
    if not any(scan.drifted for scan in scans):
        return None
    zone, oldest_first = rights_of(request).zone, list(reversed(scans))
    series = [
        charts.Series(label=label, values=[getattr(scan, field) for scan in oldest_first]) for field, label in SERIES
    ]
    labels = [f"{scan.ended_at.astimezone(zone):%H:%M}" for scan in oldest_first if scan.ended_at]
    return charts.columns(series, labels=labels, label=f"Offers of {name} that differed, by scan")
