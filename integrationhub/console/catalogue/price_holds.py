"""The page of what the breaker of prices stopped: what would have been asked, and why it was not."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse

from connectors.admin_base import register
from integrationhub.catalogue import breaker, terms
from integrationhub.catalogue.models import PriceHold, PriceHoldLine
from integrationhub.console.catalogue import around
from integrationhub.console.catalogue.filters import ChannelFilter
from integrationhub.console.catalogue.prices import amount_words
from integrationhub.console.held_back import LINES_SHOWN, HeldBackAdmin, StateFilter


@register(PriceHold)
class PriceHoldAdmin(HeldBackAdmin):
    address = "price-holds"
    plural = "Prices held back"
    ledger = breaker.HOLDS
    right = around.RIGHT
    refused_words = "goes on asking what it asks until other prices come."
    list_filter = (StateFilter, ChannelFilter)
    list_before_template = "console/catalogue/before_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**around.told(request), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def show(self, request: HttpRequest, hold: PriceHold, context: dict[str, Any]) -> HttpResponse:
        lines = PriceHoldLine.objects.filter(hold=hold).select_related("price")
        falling = lines.order_by(F("amount") / F("price__acknowledged"), "pk")  # what falls most comes first
        page = Paginator(falling, LINES_SHOWN).get_page(request.GET.get("page"))
        told = {
            "title": f"Prices for {hold.link.source.name}",
            "page": page,
            "lines": [_told(line) for line in page],
            "limits": terms.of(hold.link),
            **around.told(request),
        }
        return around.render(self, request, "price_hold.html", {**told, **context})


def _told(line: PriceHoldLine) -> dict[str, Any]:
    price, currency = line.price, line.price.currency
    return {
        "line": line,
        "took": amount_words(price.acknowledged, currency),
        "would": amount_words(line.amount, currency),
        "change": _change(line),
        "since": amount_words(price.wanted, currency) if price.wanted != line.amount else "",
    }


def _change(line: PriceHoldLine) -> str:
    """ "−62 %"."""
    before = line.price.acknowledged
    if not before:
        return ""
    percent = (line.amount - before) * 100 / before
    return f"{'+' if percent > 0 else '−'}{abs(percent):.0f} %"
