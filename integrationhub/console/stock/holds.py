"""What the breaker stopped: what would have been sent, why it was not, and the two buttons that decide."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from exceptions_app.words import counted
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.console.stock import around
from integrationhub.console.stock.filters import ChannelFilter
from integrationhub.inventory import breaker
from integrationhub.inventory.models import StockHold, StockHoldLine

Holds = QuerySet[StockHold]
LINES_SHOWN = 100
DECISIONS = {"release": breaker.release, "refuse": breaker.refuse}


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"

    def choices_for(self, request: HttpRequest) -> Any:
        return StockHold.State.choices

    def narrow(self, rows: Holds, value: str, request: HttpRequest) -> Holds:
        return rows.filter(state=value)


@register(StockHold)
class StockHoldAdmin(HubModelAdmin):
    address = "stock-holds"
    plural = "Held back"
    brand_path = "link__brand_id"
    list_display = ("channel", "because", "opened", "standing", "decided")
    list_filter = (StateFilter, ChannelFilter)
    list_select_related = ("link__source", "link__target", "link__brand")
    ordering = ("-pk",)
    sortable_by = ()
    list_before_template = "console/stock/before_list.html"
    change_list_template = "console/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**around.told(request), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Channel")
    def channel(self, hold: StockHold) -> str:
        return hold.link.source.name

    @display(description="Held back")
    def opened(self, hold: StockHold) -> SafeString:
        return moments.ago(hold.opened_at, now=ports.now(), zone=ZoneInfo(hold.link.brand.timezone))

    @display(description="State")
    def standing(self, hold: StockHold) -> SafeString:
        tone = "hub-chip-bad" if hold.state == StockHold.State.OPEN else ""
        return format_html('<span class="hub-chip {}">{}</span>', tone, hold.get_state_display())

    @display(description="Decided")
    def decided(self, hold: StockHold) -> SafeString:
        if hold.decided_at is None:
            return format_html('<span class="hub-quiet">{}</span>', "–")
        when = moments.ago(hold.decided_at, now=ports.now(), zone=ZoneInfo(hold.link.brand.timezone))
        who = format_html("{} by {}", when, hold.decided_by) if hold.decided_by else when
        return format_html(
            '<span class="hub-two-lines"><span>{}</span><small>{}</small></span>', who, hold.reason[:120]
        )

    # --- one of them ------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [self.page("<slug:object_id>/decide/", self.decide_view, "decide")]

    def found(self, request: HttpRequest, object_id: str) -> StockHold:
        if not object_id.isdigit() or len(object_id) > 18:
            raise PermissionDenied
        rows = self.get_queryset(request).filter(pk=int(object_id))
        row: StockHold | None = rows.select_related(*self.list_select_related).first()
        if row is None:
            raise PermissionDenied
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._show(request, self.found(request, object_id))

    def _show(self, request: HttpRequest, hold: StockHold, *, error: str = "", reason: str = "") -> HttpResponse:
        lines = StockHoldLine.objects.filter(hold=hold).select_related("stock").order_by("quantity", "pk")
        page = Paginator(lines, LINES_SHOWN).get_page(request.GET.get("page"))
        context = {
            "title": f"Stock for {hold.link.source.name}",
            "hold": hold,
            "is_open": hold.state == StockHold.State.OPEN,
            "page": page,
            "limits": breaker.limits_of(hold.link),
            "may_act": rights_of(request).may(around.RIGHT, hold.link.brand_id),
            "error": error,
            "reason": reason,
            "would": counted(hold.moved, "SKU changes", "SKUs change"),
        }
        return around.render(self, request, "hold.html", context)

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
        return HttpResponseRedirect(reverse("admin:inventory_stockhold_change", args=[hold.pk]))

    def _tell(self, request: HttpRequest, hold: StockHold, decided: StockHold | None) -> None:
        channel = hold.link.source.name
        if decided is None:
            hold.refresh_from_db()
            by = f" by {hold.decided_by}" if hold.decided_by else ""
            messages.info(request, f"This is decided already: {hold.get_state_display().lower()}{by}.")
        elif decided.state == StockHold.State.RELEASED:
            messages.success(request, f"Released: {channel} is told with the next delivery, within a minute or two.")
        else:
            messages.success(request, f"Refused: {channel} keeps what it shows until other figures come.")
