"""The stock list: one row per SKU and channel, read by indexes whatever the catalogue's size."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register
from integrationhub.adminkit import moments
from integrationhub.console.stock import around, filters, sku, words
from integrationhub.inventory.models import ChannelStock

Rows = QuerySet[ChannelStock]
_KNOWN = "_stock_channel"


@register(ChannelStock)
class ChannelStockAdmin(HubModelAdmin):
    address = "stock"
    plural = "Stock"
    counted_as = "SKUs in channels"
    brand_path = "link__brand_id"
    list_display = (
        "theirs",
        "channel_name",
        "free",
        "reserved",
        "kept",
        "may_show",
        "last_sent",
        "took",
        "shows",
        "standing",
    )
    list_filter = (
        filters.WatchFilter,
        filters.ChannelFilter,
        filters.StateFilter,
        filters.BrandFilter,
    )
    ordering = ("owner_id", "sku")  # what an index holds in order; a SKU's channels stand together
    search_fields = ("channel_sku",)  # what is searched: get_search_results
    search_help_text = "Beginning of their SKU or ours"
    list_before_template = "console/stock/before_list.html"
    change_list_template = "console/list.html"

    def get_queryset(self, request: HttpRequest) -> Rows:
        """By the ids of the person's links, so that no join stands before an index."""
        channels = around.around(request).channels
        owners = {one.link.target_id for one in channels.values()}
        return ChannelStock.objects.filter(owner_id__in=owners, link_id__in=list(channels))

    def get_sortable_by(self, request: HttpRequest) -> Sequence[str]:
        """By their SKU inside one channel: there, an index holds it in order."""
        return ("theirs",) if request.GET.get("channel", "").isdigit() else ()

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        term = search_term.replace("\x00", "").strip()
        if not term:
            return queryset, False
        begins = Q()
        for spelling in dict.fromkeys([term, term.upper(), term.lower()]):
            begins |= Q(sku__startswith=spelling) | Q(channel_sku__startswith=spelling)
        return queryset.filter(begins), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        watched = request.GET.get("watch", "")
        tabs = [("", "Everything"), *filters.WATCHES]
        context = {**around.told(request), "watches": [(value, label, value == watched) for value, label in tabs]}
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        if isinstance(rows := getattr(response, "context_data", {}), Mapping) and "cl" in rows:
            for row in rows["cl"].result_list:
                setattr(row, _KNOWN, around.around(request).channels.get(row.link_id))
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="SKU", ordering="channel_sku")
    def theirs(self, stock: ChannelStock) -> SafeString:
        other = f"ours: {stock.sku}" if stock.sku != stock.channel_sku else ""
        told = " · ".join(filter(None, [other, stock.title]))
        return format_html(
            '<span class="hub-two-lines"><span class="hub-code hub-number">{}</span><small>{}</small></span>',
            stock.channel_sku,
            told,
        )

    @display(description="Channel")
    def channel_name(self, stock: ChannelStock) -> str:
        known = _channel(stock)
        return known.name if known else ""

    @display(description="Free")
    def free(self, stock: ChannelStock) -> SafeString:
        return _counted(
            stock.available, moments.ago(stock.as_of, now=ports.now(), zone=_zone(stock), never="not counted yet")
        )

    @display(description="Reserved")
    def reserved(self, stock: ChannelStock) -> SafeString:
        return _quantity(stock.reserved)

    @display(description="Buffer")
    def kept(self, stock: ChannelStock) -> SafeString:
        return _quantity(stock.buffer)

    @display(description="May show")
    def may_show(self, stock: ChannelStock) -> SafeString:
        return _quantity(stock.computed)

    @display(description="Told")
    def last_sent(self, stock: ChannelStock) -> SafeString:
        return _quantity(stock.sent)

    @display(description="Took")
    def took(self, stock: ChannelStock) -> SafeString:
        """With the age of the last acknowledgement: an attempt that came to nothing is no news."""
        at = moments.ago(stock.acknowledged_at, now=ports.now(), zone=_zone(stock), never="never")
        return _counted(stock.acknowledged, at)

    @display(description="Shows")
    def shows(self, stock: ChannelStock) -> SafeString:
        if stock.shown is None:
            known = _channel(stock)
            return format_html('<span class="hub-quiet">{}</span>', known.not_read if known else "not read since")
        return _counted(stock.shown, moments.ago(stock.shown_at, now=ports.now(), zone=_zone(stock)))

    @display(description="State")
    def standing(self, stock: ChannelStock) -> SafeString:
        found = words.standing(stock, _channel(stock))
        tone = f"hub-cell-{found.tone}" if found.tone else ""
        return format_html(
            '<span class="hub-two-lines"><span class="{}">{}</span><small>{}</small></span>',
            tone,
            found.words,
            found.why,
        )

    # --- one SKU ----------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [self.page("<slug:object_id>/read/", self.read_view, "read")]

    def found(self, request: HttpRequest, object_id: str) -> ChannelStock:
        """With its link, where the person may see it. One query."""
        if not object_id.isdigit() or len(object_id) > 18:
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=int(object_id)).select_related("link__brand", "owner").first()
        if row is None:
            raise PermissionDenied
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return sku.show(self, request, self.found(request, object_id))

    def read_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return sku.read_again(request, self.found(request, object_id))


def _channel(stock: ChannelStock) -> around.Channel | None:
    """Laid beside each row of the page, so that no column asks the database."""
    return getattr(stock, _KNOWN, None)


def _zone(stock: ChannelStock) -> ZoneInfo:
    known = _channel(stock)
    return ZoneInfo(known.link.brand.timezone if known else "UTC")


def _quantity(value: int | None) -> SafeString:
    if value is None:
        return format_html('<span class="hub-quiet">{}</span>', "–")
    return format_html('<span class="hub-number">{}</span>', f"{value:,}")


def _counted(value: int | None, at: SafeString) -> SafeString:
    return format_html('<span class="hub-two-lines"><span>{}</span><small>{}</small></span>', _quantity(value), at)
