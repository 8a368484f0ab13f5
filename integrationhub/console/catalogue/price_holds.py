"""What the breaker of prices stopped: what would have been asked, why it was not, and the two buttons that decide."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from integrationhub.adminkit import moments
from integrationhub.catalogue import breaker, terms
from integrationhub.catalogue.models import PriceHold, PriceHoldLine
from integrationhub.console.catalogue import around, filters
from integrationhub.console.catalogue.prices import amount_words

LINES_SHOWN = 100
DECISIONS = {"release": breaker.release, "refuse": breaker.refuse}


@register(PriceHold)
class PriceHoldAdmin(HubModelAdmin):
    address = "price-holds"
    plural = "Prices held back"
    brand_path = "link__brand_id"
    list_display = ("channel", "because", "opened", "standing", "decided")
    list_filter = (filters.HoldStateFilter, filters.ChannelFilter)
    list_select_related = ("link__source", "link__target", "link__brand")
    ordering = ("-pk",)
    sortable_by = ()
    list_before_template = "console/catalogue/before_list.html"
    change_list_template = "console/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**around.told(request), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Channel")
    def channel(self, hold: PriceHold) -> str:
        return hold.link.source.name

    @display(description="Held back")
    def opened(self, hold: PriceHold) -> SafeString:
        return moments.ago(hold.opened_at, now=ports.now(), zone=ZoneInfo(hold.link.brand.timezone))

    @display(description="State")
    def standing(self, hold: PriceHold) -> SafeString:
        tone = "hub-chip-bad" if hold.state == PriceHold.State.OPEN else ""
        return format_html('<span class="hub-chip {}">{}</span>', tone, hold.get_state_display())

    @display(description="Decided")
    def decided(self, hold: PriceHold) -> SafeString:
        if hold.decided_at is None:
            return format_html('<span class="hub-quiet">{}</span>', "–")
        when = moments.ago(hold.decided_at, now=ports.now(), zone=ZoneInfo(hold.link.brand.timezone))
        who = format_html("{} by {}", when, hold.decided_by) if hold.decided_by else when
        return around.two_lines(who, hold.reason[:120])

    # --- one of them ------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [self.page("<slug:object_id>/decide/", self.decide_view, "decide")]

    def found(self, request: HttpRequest, object_id: str) -> PriceHold:
        rows = self.get_queryset(request).filter(pk=around.number(object_id))
        row: PriceHold | None = rows.select_related(*self.list_select_related).first()
        if row is None:
            raise PermissionDenied
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._show(request, self.found(request, object_id))

    def _show(self, request: HttpRequest, hold: PriceHold, *, error: str = "") -> HttpResponse:
        lines = PriceHoldLine.objects.filter(hold=hold).select_related("price")
        page = Paginator(lines.order_by(F("amount") / F("price__acknowledged"), "pk"), LINES_SHOWN).get_page(
            request.GET.get("page")
        )
        context = {
            "title": f"Prices for {hold.link.source.name}",
            "hold": hold,
            "is_open": hold.state == PriceHold.State.OPEN,
            "page": page,
            "lines": [
                {
                    "line": line,
                    "took": amount_words(line.price.acknowledged, line.price.currency),
                    "would": amount_words(line.amount, line.price.currency),
                    "change": _change(line),
                    "since": amount_words(line.price.wanted, line.price.currency)
                    if line.price.wanted != line.amount
                    else "",
                }
                for line in page
            ],
            "limits": terms.of(hold.link),
            "may_act": rights_of(request).may(around.RIGHT, hold.link.brand_id),
            "error": error,
            **around.told(request),
        }
        return around.render(self, request, "price_hold.html", context)

    def decide_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        hold = self.found(request, object_id)
        require(request, around.RIGHT, hold.link.brand_id)
        name, reason = request.POST.get("do", ""), around.said_why(request)
        if name not in DECISIONS:
            raise PermissionDenied
        if not reason:
            return self._show(request, hold, error=around.NO_REASON)
        decided = DECISIONS[name](hold.pk, actor=request.user.get_username(), reason=reason)
        self._tell(request, hold, decided)
        return HttpResponseRedirect(reverse("admin:catalogue_pricehold_change", args=[hold.pk]))

    def _tell(self, request: HttpRequest, hold: PriceHold, decided: PriceHold | None) -> None:
        channel = hold.link.source.name
        if decided is None:
            hold.refresh_from_db()
            by = f" by {hold.decided_by}" if hold.decided_by else ""
            messages.info(request, f"This is decided already: {hold.get_state_display().lower()}{by}.")
        elif decided.state == PriceHold.State.RELEASED:
            messages.success(request, f"Released: {channel} is told with the next delivery, within a minute or two.")
        else:
            messages.success(request, f"Refused: {channel} goes on asking what it asks until other prices come.")


def _change(line: PriceHoldLine) -> str:
    """ "−62 %"."""
    before = line.price.acknowledged
    if not before:
        return ""
    percent = (line.amount - before) * 100 / before
    return f"{'+' if percent > 0 else '−'}{abs(percent):.0f} %"
