"""What a breaker stopped, whatever the ledger: the list, the page of one, and the two buttons that decide."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, require, rights_of
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.console.reasons import NO_REASON, number, said_why, two_lines
from integrationhub.sync.holding import Hold, Holds

LINES_SHOWN = 100


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"

    def choices_for(self, request: HttpRequest) -> Any:
        return Hold.State.choices

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(state=value)


class HeldBackAdmin(HubModelAdmin):
    """The holds of one ledger. A concrete one names its ledger and right, and shows the lines of a hold."""

    ledger: ClassVar[Holds[Any]]
    right: ClassVar[Right]
    refused_words: ClassVar[str]  # what the channel does after a refusal
    brand_path = "link__brand_id"
    list_display = ("channel", "because", "opened", "standing", "decided")
    list_select_related = ("link__source", "link__target", "link__brand")
    ordering = ("-pk",)
    sortable_by = ()
    change_list_template = "console/list.html"
    empty_words = "Nothing was held back: no push would have emptied or shaken a channel."

    def show(self, request: HttpRequest, hold: Any, context: dict[str, Any]) -> HttpResponse:
        """The page of one hold: its lines beside `context`."""
        raise NotImplementedError

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Channel")
    def channel(self, hold: Any) -> str:
        return str(hold.link.source.name)

    @display(description="Held back")
    def opened(self, hold: Any) -> SafeString:
        return moments.ago(hold.opened_at, now=ports.now(), zone=ZoneInfo(hold.link.brand.timezone))

    @display(description="State")
    def standing(self, hold: Any) -> SafeString:
        tone = "hub-chip-bad" if hold.state == Hold.State.OPEN else ""
        return format_html('<span class="hub-chip {}">{}</span>', tone, hold.get_state_display())

    @display(description="Decided")
    def decided(self, hold: Any) -> SafeString:
        if hold.decided_at is None:
            return format_html('<span class="hub-quiet">{}</span>', "–")
        when = moments.ago(hold.decided_at, now=ports.now(), zone=ZoneInfo(hold.link.brand.timezone))
        who = format_html("{} by {}", when, hold.decided_by) if hold.decided_by else when
        return two_lines(who, hold.reason[:120])

    # --- one of them ------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [self.page("<slug:object_id>/decide/", self.decide_view, "decide")]

    def found(self, request: HttpRequest, object_id: str) -> Any:
        rows = self.get_queryset(request).filter(pk=number(object_id))
        row = rows.select_related(*self.list_select_related).first()
        if row is None:
            raise PermissionDenied
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._shown(request, self.found(request, object_id))

    def _shown(self, request: HttpRequest, hold: Any, *, error: str = "") -> HttpResponse:
        context = {
            "hold": hold,
            "is_open": hold.state == Hold.State.OPEN,
            "may_act": rights_of(request).may(self.right, hold.link.brand_id),
            "error": error,
            "refused_words": self.refused_words,
            "decide_url": reverse(self._address("decide"), args=[hold.pk]),
        }
        return self.show(request, hold, context)

    def decide_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        hold = self.found(request, object_id)
        require(request, self.right, hold.link.brand_id)
        decisions = {"release": self.ledger.release, "refuse": self.ledger.refuse}
        name, reason = request.POST.get("do", ""), said_why(request)
        if name not in decisions:
            raise PermissionDenied
        if not reason:
            return self._shown(request, hold, error=NO_REASON)
        self._tell(request, hold, decisions[name](hold.pk, actor=request.user.get_username(), reason=reason))
        return HttpResponseRedirect(reverse(self._address("change"), args=[hold.pk]))

    def _address(self, page: str) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _tell(self, request: HttpRequest, hold: Any, decided: Any) -> None:
        channel = hold.link.source.name
        if decided is None:
            hold.refresh_from_db()
            by = f" by {hold.decided_by}" if hold.decided_by else ""
            messages.info(request, f"This is decided already: {hold.get_state_display().lower()}{by}.")
        elif decided.state == Hold.State.RELEASED:
            messages.success(request, f"Released: {channel} is told with the next delivery, within a minute or two.")
        else:
            messages.success(request, f"Refused: {channel} {self.refused_words}")
