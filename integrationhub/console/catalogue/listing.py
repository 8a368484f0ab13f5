"""The list of listings: one row per SKU and channel, with what is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register, require
from integrationhub.adminkit import moments
from integrationhub.catalogue.listings import deciding
from integrationhub.catalogue.models import KnownCategory, Listing
from integrationhub.console.catalogue import around, filters, product, words
from integrationhub.console.reasons import NO_REASON, number, said_why, two_lines

Rows = QuerySet[Listing]
_CHANNEL, _CATEGORY, _UNREAD = "_listing_channel", "_listing_category", "_listing_unread"


@register(Listing)
class ListingAdmin(HubModelAdmin):
    address = "listings"
    plural = "Listings"
    counted_as = "products in channels"
    brand_path = "link__brand_id"
    list_display = ("theirs", "channel_name", "their_category", "standing", "took")
    list_filter = (
        filters.WatchFilter,
        filters.ChannelFilter,
        filters.TroubleFilter,
        filters.AboutFilter,
        filters.BrandFilter,
    )
    ordering = ("owner_id", "sku")  # what an index holds in order; a SKU's channels stand together
    sortable_by = ()
    search_fields = ("channel_sku",)  # what is searched: get_search_results
    search_help_text = "Beginning of their SKU or ours"
    list_before_template = "console/catalogue/before_list.html"
    change_list_template = "console/list.html"

    def get_queryset(self, request: HttpRequest) -> Rows:
        """By the ids of the person's links, so that no join stands before an index."""
        channels = around.around(request).channels
        owners = {one.link.target_id for one in channels.values()}
        rows = Listing.objects.filter(owner_id__in=owners, link_id__in=list(channels))
        return rows.defer("content", "sent_content", "published")

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        return beginning(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        watched = request.GET.get("watch", "")
        tabs = [("", "Everything"), *filters.WATCHES]
        context = {
            "watches": [(value, label, value == watched) for value, label in tabs],
            "waiting": around.around(request).waiting(),
        }
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        if isinstance(told := getattr(response, "context_data", {}), Mapping) and "cl" in told:
            _lay_beside(request, told["cl"].result_list)
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="SKU")
    def theirs(self, listing: Listing) -> SafeString:
        return sku_cell(listing.channel_sku, listing.sku, listing.title)

    @display(description="Channel")
    def channel_name(self, listing: Listing) -> str:
        known = getattr(listing, _CHANNEL, None)
        return known.name if known else ""

    @display(description="Category there")
    def their_category(self, listing: Listing) -> SafeString:
        if not listing.category:
            return format_html('<span class="hub-quiet">{}</span>', "not mapped")
        return two_lines(getattr(listing, _CATEGORY, "") or listing.category, f"ours: {listing.own_category}")

    @display(description="State")
    def standing(self, listing: Listing) -> SafeString:
        found = words.standing(listing, unread=getattr(listing, _UNREAD, ""))
        return two_lines(found.words, found.why, tone=found.tone)

    @display(description="Took")
    def took(self, listing: Listing) -> SafeString:
        known = getattr(listing, _CHANNEL, None)
        zone = ZoneInfo(known.link.brand.timezone if known else "UTC")
        return moments.ago(listing.acknowledged_at, now=ports.now(), zone=zone, never="never")

    # --- one of them ------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [self.page("<slug:object_id>/again/", self.again_view, "again")]

    def found(self, request: HttpRequest, object_id: str) -> Listing:
        rows = Listing.objects.filter(link_id__in=list(around.around(request).channels), pk=number(object_id))
        row = rows.select_related("link__brand", "link__source", "link__target", "owner").first()
        if row is None:
            raise PermissionDenied
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return product.show(self, request, self.found(request, object_id))

    def again_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        listing = self.found(request, object_id)
        require(request, around.RIGHT, listing.link.brand_id)
        reason = said_why(request)
        if not reason:
            return product.show(self, request, listing, error=NO_REASON)
        if deciding.send_again([listing], actor=request.user.get_username(), reason=reason):
            messages.success(request, f"{listing.channel_sku} goes out again with the next delivery.")
        else:
            messages.info(request, "It is not rejected any more: there is nothing to send again.")
        return HttpResponseRedirect(reverse("admin:catalogue_listing_change", args=[listing.pk]))


def sku_cell(theirs: str, ours: str, title: str) -> SafeString:
    told = " · ".join(filter(None, [f"ours: {ours}" if ours != theirs else "", title]))
    return two_lines(format_html('<span class="hub-code hub-number">{}</span>', theirs), told)


def beginning(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Rows whose SKU, theirs or ours, begins so: in capitals or not."""
    clean = term.replace("\x00", "").strip()
    if not clean:
        return rows
    begins = Q()
    for spelling in dict.fromkeys([clean, clean.upper(), clean.lower()]):
        begins |= Q(sku__startswith=spelling) | Q(channel_sku__startswith=spelling)
    return rows.filter(begins)


def _lay_beside(request: HttpRequest, rows: Sequence[Listing]) -> None:
    """Channel and category beside each row of the page, so that no column asks the database."""
    channels = around.around(request).channels
    codes = {row.category for row in rows if row.category}
    places = {row.channel_id for row in rows}
    known = KnownCategory.objects.filter(connection__in=places, code__in=codes) if codes else ()
    labels = {(one.connection_id, one.code): one.label for one in known}
    unread = around.around(request).unread
    for row in rows:
        setattr(row, _CHANNEL, channels.get(row.link_id))
        setattr(row, _UNREAD, unread.get(row.owner_id, ""))
        setattr(row, _CATEGORY, labels.get((row.channel_id, row.category), ""))
