"""The list of corrections: what waits for a second person, what counts, what lapsed."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, rights_of
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.console.orders import editing
from integrationhub.orders.correcting_fields import words_of
from integrationhub.sync.models import Correction

_TONES = {
    Correction.State.PROPOSED: "hub-chip-warn",
    Correction.State.APPROVED: "hub-chip-good",
    Correction.State.LAPSED: "hub-chip-warn",
}


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(value, str(label)) for value, label in Correction.State.choices]

    def narrow(self, rows: QuerySet[Correction], value: str, request: HttpRequest) -> QuerySet[Correction]:
        return rows.filter(state=value)


@register(Correction)
class CorrectionAdmin(HubModelAdmin):
    address = "corrections"
    plural = "Corrections"
    list_display = ("record", "what", "standing", "proposer", "proposed", "decider", "reason")
    list_filter = (StateFilter,)
    list_select_related = ("document__connection", "proposed_by", "decided_by", "brand")
    ordering = ("-id",)
    search_fields = ("document__external_id",)
    search_help_text = "Order or dispatch number"
    change_list_template = "console/list.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        rights, brand = rights_of(request), None if obj is None or isinstance(obj, str | int) else obj.brand_id
        return rights.may(Right.CHANGE_ORDERS, brand) or rights.may(Right.APPROVE_MONEY, brand)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Correction]:
        rights = rights_of(request)
        brands = rights.brand_ids(Right.CHANGE_ORDERS) | rights.brand_ids(Right.APPROVE_MONEY)
        rows: QuerySet[Correction] = super().get_queryset(request)
        return rows.filter(brand_id__in=brands).defer("changes")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A correction is looked at where it was made."""
        row: Correction = self.found(request, object_id)
        if not editing.may_open(rights_of(request), row.brand_id):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:record_edit", args=[row.job_id]))

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Record", ordering="document__external_id")
    def record(self, row: Correction) -> SafeString:
        return format_html(
            '<span class="hub-two-lines"><span class="hub-code">{}</span><small>{}</small></span>',
            row.document.external_id,
            row.document.connection.name,
        )

    @display(description="Fields")
    def what(self, row: Correction) -> SafeString:
        names = format_html_join("", "{}<br>", ((words_of(name),) for name in row.fields[:4]))
        more = f"and {len(row.fields) - 4} more" if len(row.fields) > 4 else ""
        money = format_html('<span class="hub-chip">{}</span>', "money") if row.money else ""
        return format_html("{}{}{}", names, more, money)

    @display(description="State", ordering="state")
    def standing(self, row: Correction) -> SafeString:
        tone = _TONES.get(Correction.State(row.state), "")
        return format_html('<span class="hub-chip {}">{}</span>', tone, row.get_state_display())

    @display(description="Proposed by")
    def proposer(self, row: Correction) -> str:
        return row.proposed_by.get_username()

    @display(description="Proposed", ordering="proposed_at")
    def proposed(self, row: Correction) -> SafeString:
        return moments.ago(row.proposed_at, now=ports.now(), zone=ZoneInfo(row.brand.timezone))

    @display(description="Decided by")
    def decider(self, row: Correction) -> str:
        return row.decided_by.get_username() if row.decided_by else "–"
