"""The list of prices: what the owner's list asks, what a channel was told, took and shows."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register
from connectors.canonical.money import minor_digits
from integrationhub.adminkit import moments
from integrationhub.catalogue.models import ListingPrice, PriceTerms
from integrationhub.console.catalogue import around, filters, words
from integrationhub.console.catalogue.listing import beginning, sku_cell
from integrationhub.console.reasons import number, two_lines

Rows = QuerySet[ListingPrice]
_CHANNEL = "_price_channel"


@register(ListingPrice)
class ListingPriceAdmin(HubModelAdmin):
    address = "prices"
    plural = "Prices"
    counted_as = "prices in channels"
    brand_path = "link__brand_id"
    list_display = ("theirs", "channel_name", "asked", "should", "last_sent", "took", "shows", "standing")
    list_filter = (filters.PriceWatchFilter, filters.ChannelFilter, filters.BrandFilter)
    ordering = ("owner_id", "sku")
    sortable_by = ()
    search_fields = ("channel_sku",)  # what is searched: get_search_results
    search_help_text = "Beginning of their SKU or ours"
    list_before_template = "console/catalogue/before_list.html"
    change_list_template = "console/list.html"

    def get_queryset(self, request: HttpRequest) -> Rows:
        channels = around.around(request).channels
        owners = {one.link.target_id for one in channels.values()}
        return ListingPrice.objects.filter(owner_id__in=owners, link_id__in=list(channels))

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        return beginning(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        watched = request.GET.get("watch", "")
        tabs = [("", "Everything"), *filters.PRICE_WATCHES]
        context = {**around.told(request), "watches": [(value, label, value == watched) for value, label in tabs]}
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        if isinstance(rows := getattr(response, "context_data", {}), Mapping) and "cl" in rows:
            for row in rows["cl"].result_list:
                setattr(row, _CHANNEL, around.around(request).channels.get(row.link_id))
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="SKU")
    def theirs(self, price: ListingPrice) -> SafeString:
        return sku_cell(price.channel_sku, price.sku, price.title)

    @display(description="Channel")
    def channel_name(self, price: ListingPrice) -> str:
        known = _channel(price)
        return known.name if known else ""

    @display(description="List asks")
    def asked(self, price: ListingPrice) -> SafeString:
        where = f"list {price.price_list}" if price.price_list else "no price list"
        return two_lines(_money(price.listed, price.listed_currency), where)

    @display(description="Should ask")
    def should(self, price: ListingPrice) -> SafeString:
        return _money(price.wanted, price.currency)

    @display(description="Told")
    def last_sent(self, price: ListingPrice) -> SafeString:
        return _money(price.sent, price.sent_currency)

    @display(description="Took")
    def took(self, price: ListingPrice) -> SafeString:
        at = moments.ago(price.acknowledged_at, now=ports.now(), zone=_zone(price), never="never told")
        return two_lines(_money(price.acknowledged, price.currency), at)

    @display(description="Shows")
    def shows(self, price: ListingPrice) -> SafeString:
        if price.shown is None:
            known = _channel(price)
            return format_html('<span class="hub-quiet">{}</span>', known.not_read if known else "not read since")
        at = moments.ago(price.shown_at, now=ports.now(), zone=_zone(price))
        return two_lines(_money(price.shown, price.shown_currency), at)

    @display(description="State")
    def standing(self, price: ListingPrice) -> SafeString:
        known = _channel(price)
        found = words.price_standing(price, held=bool(known and known.hold_id))
        return two_lines(found.words, found.why, tone=found.tone)

    # --- one of them ------------------------------------------------------------------------------------------------
    def found(self, request: HttpRequest, object_id: str) -> ListingPrice:
        row = self.get_queryset(request).filter(pk=number(object_id)).select_related("owner").first()
        if row is None:
            raise PermissionDenied
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The SKU's price in every channel, beside each other."""
        price, channels = self.found(request, object_id), around.around(request).channels
        rows = ListingPrice.objects.filter(owner=price.owner_id, sku=price.sku, link__in=list(channels))
        terms = {one.pk: one for one in PriceTerms.objects.filter(link__in=list(channels))}
        told = [
            {
                "price": row,
                "channel": channels[row.link_id],
                "terms": terms.get(row.link_id),
                "standing": words.price_standing(row, held=bool(channels[row.link_id].hold_id)),
                "listed": _money(row.listed, row.listed_currency),
                "wanted": _money(row.wanted, row.currency),
                "sent": _money(row.sent, row.sent_currency),
                "acknowledged": _money(row.acknowledged, row.currency),
                "shown": _money(row.shown, row.shown_currency),
            }
            for row in sorted(rows, key=lambda one: channels[one.link_id].name)
        ]
        context = {"title": price.sku, "price": price, "rows": told, **around.told(request)}
        return around.render(self, request, "price.html", context)


def _channel(price: ListingPrice) -> around.Channel | None:
    """Laid beside each row of the page, so that no column asks the database."""
    return getattr(price, _CHANNEL, None)


def _zone(price: ListingPrice) -> ZoneInfo:
    known = _channel(price)
    return ZoneInfo(known.link.brand.timezone if known else "UTC")


def _money(amount: Decimal | None, currency: str) -> SafeString:
    return format_html('<span class="hub-number">{}</span>', amount_words(amount, currency))


def amount_words(amount: Decimal | None, currency: str) -> str:
    """ "119.95 GBP"; more digits where the list has them."""
    if amount is None:
        return "–"
    digits = minor_digits(currency) if currency else 2
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    more = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return f"{plain:,.{max(digits, more)}f} {currency}".strip()
