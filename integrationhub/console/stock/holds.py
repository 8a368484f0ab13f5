"""The page of what the stock breaker stopped: what would have been sent, and why it was not."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from connectors.admin_base import register
from integrationhub.console.held_back import LINES_SHOWN, HeldBackAdmin, StateFilter
from integrationhub.console.stock import around
from integrationhub.console.stock.filters import ChannelFilter
from integrationhub.inventory import breaker
from integrationhub.inventory.models import StockHold, StockHoldLine


@register(StockHold)
class StockHoldAdmin(HeldBackAdmin):
    address = "stock-holds"
    plural = "Held back"
    ledger = breaker.HOLDS
    right = around.RIGHT
    refused_words = "keeps what it shows until other figures come."
    list_filter = (StateFilter, ChannelFilter)
    list_before_template = "console/stock/before_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**around.told(request), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def show(self, request: HttpRequest, hold: StockHold, context: dict[str, Any]) -> HttpResponse:
        lines = StockHoldLine.objects.filter(hold=hold).select_related("stock").order_by("quantity", "pk")
        told = {
            "title": f"Stock for {hold.link.source.name}",
            "page": Paginator(lines, LINES_SHOWN).get_page(request.GET.get("page")),
            "limits": breaker.limits_of(hold.link),
        }
        return around.render(self, request, "hold.html", {**told, **context})
