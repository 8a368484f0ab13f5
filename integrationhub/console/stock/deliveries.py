"""What was sent to each channel, and what became of it."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.console.stock import around, words
from integrationhub.console.stock.filters import ConnectionFilter
from integrationhub.inventory.models import StockDelivery

Rows = QuerySet[StockDelivery]


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return StockDelivery.State.choices

    def narrow(self, rows: Rows, value: str, request: HttpRequest) -> Rows:
        return rows.filter(state=value)


@register(StockDelivery)
class StockDeliveryAdmin(HubModelAdmin):
    address = "stock-deliveries"
    plural = "Stock deliveries"
    brand_path = "connection__brand_id"
    list_display = ("channel", "lines_told", "standing", "made", "sent", "ended", "orders_known", "number")
    list_display_links = None
    list_filter = (ConnectionFilter, StateFilter)
    list_select_related = ("connection__brand",)
    ordering = ("-pk",)
    sortable_by = ()
    list_before_template = "console/stock/before_list.html"
    change_list_template = "console/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**around.told(request), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A delivery's row is all there is to it."""
        self.found(request, object_id)
        return HttpResponseRedirect(reverse("admin:inventory_stockdelivery_changelist"))

    @display(description="Channel")
    def channel(self, one: StockDelivery) -> str:
        return one.connection.name

    @display(description="SKUs")
    def lines_told(self, one: StockDelivery) -> SafeString:
        return format_html('<span class="hub-number">{}</span>', f"{one.lines:,}")

    @display(description="State")
    def standing(self, one: StockDelivery) -> SafeString:
        found = words.delivery(one)
        return format_html(
            '<span class="hub-two-lines"><span class="{}">{}</span><small>{}</small></span>',
            f"hub-cell-{found.tone}" if found.tone else "",
            found.words,
            found.why,
        )

    @display(description="Made")
    def made(self, one: StockDelivery) -> SafeString:
        return _ago(one, one.made_at)

    @display(description="Handed over")
    def sent(self, one: StockDelivery) -> SafeString:
        return _ago(one, one.sent_at)

    @display(description="Ended")
    def ended(self, one: StockDelivery) -> SafeString:
        return _ago(one, one.ended_at)

    @display(description="Orders known up to")
    def orders_known(self, one: StockDelivery) -> SafeString:
        return _ago(one, one.orders_known_at)

    @display(description="The channel's number")
    def number(self, one: StockDelivery) -> SafeString:
        return format_html('<span class="hub-code">{}</span>', one.ticket or "–")


def _ago(one: StockDelivery, at: Any) -> SafeString:
    return moments.ago(at, now=ports.now(), zone=ZoneInfo(one.connection.brand.timezone), never="–")
