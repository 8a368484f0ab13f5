"""The list of returns and refunds, newest first: what is wrong, how much, by when; the order's page has the rest."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.canonical.returns import REFUND_MARK
from exceptions_app.models import ExceptionCase
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.console import search
from integrationhub.console.cases.filters import BrandFilter
from integrationhub.console.money_words import amount
from integrationhub.console.orders.returns import differs, state_of, title_of, units_back
from integrationhub.orders.models import SoldReturn

Returns = QuerySet[SoldReturn]


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return SoldReturn.State.choices

    def narrow(self, rows: Returns, value: str, request: HttpRequest) -> Returns:
        return rows.filter(state=value)


class ProblemFilter(ChoiceFilter):
    title, parameter_name = "waiting for a person", "waits"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("yes", "Yes")]

    def narrow(self, rows: Returns, value: str, request: HttpRequest) -> Returns:
        return rows.filter(Q(wrong=True))


@register(SoldReturn)
class ReturnAdmin(HubModelAdmin):
    address = "returns"
    plural = "Returns"
    list_display = ("what", "order_of", "goods_back", "standing", "given_back", "credit", "seen", "due", "problem")
    list_filter = (ProblemFilter, StateFilter, BrandFilter)
    list_select_related = ("order__link__source", "order__target", "brand")
    ordering = ("-first_seen_at", "-id")
    sortable_by = ()
    search_fields = ("source_id",)  # what is searched: get_search_results
    search_help_text = "Order number, or the return's"
    change_list_template = "console/list.html"
    empty_words = (
        "Nobody has sent anything back. Returns are read where orders were sold, and listed here by themselves."
    )

    def get_queryset(self, request: HttpRequest) -> Returns:
        key = Concat(Value("return:"), Cast(OuterRef("pk"), CharField()))
        cases = ExceptionCase.objects.unresolved().filter(brand_id=OuterRef("brand_id"), object_key=key)
        rows: Returns = super().get_queryset(request)
        return rows.annotate(wrong=Exists(cases)).prefetch_related("lines")

    def get_search_results(self, request: HttpRequest, queryset: Returns, search_term: str) -> tuple[Returns, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        ids = (term, f"{REFUND_MARK}{term}")
        orders = search.order_ids(term, brands=rights_of(request).brand_ids(self.see_right))
        return queryset.filter(Q(order_id__in=orders) | Q(source_id__in=ids) | Q(target_id__in=ids)), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A return is told on the page of its order."""
        row = self.get_object(request, object_id)
        if row is None:
            self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        address = reverse("admin:orders_soldorder_change", args=[row.order_id])
        return HttpResponseRedirect(f"{address}#returns")

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Return")
    def what(self, row: SoldReturn) -> SafeString:
        return format_html('<span class="hub-number">{}</span>', title_of(row))

    @display(description="Order")
    def order_of(self, row: SoldReturn) -> SafeString:
        return format_html(
            '<span class="hub-two-lines"><span class="hub-code">{}</span><small class="hub-time">{} → {}</small></span>',
            row.order.reference,
            row.order.link.source.name,
            row.order.target.name,
        )

    @display(description="Goods")
    def goods_back(self, row: SoldReturn) -> str:
        return units_back(row)

    @display(description="State")
    def standing(self, row: SoldReturn) -> str:
        return state_of(row)

    @display(description="Given back")
    def given_back(self, row: SoldReturn) -> SafeString:
        return format_html('<span class="hub-number">{}</span>', amount(row.source_total, row.currency))

    @display(description="Credited")
    def credit(self, row: SoldReturn) -> SafeString:
        shown = amount(row.credited, row.currency)
        tone = " hub-cell-bad" if differs(row) else ""
        return format_html('<span class="hub-number{}">{}</span>', tone, shown)

    @display(description="Seen")
    def seen(self, row: SoldReturn) -> SafeString:
        return moments.ago(row.first_seen_at, now=ports.now(), zone=ZoneInfo(row.brand.timezone))

    @display(description="Answer by")
    def due(self, row: SoldReturn) -> SafeString:
        at = row.answer_by if row.source_completed_at is None else None
        return moments.countdown(at, now=ports.now(), zone=ZoneInfo(row.brand.timezone))

    @display(description="Problem")
    def problem(self, row: Any) -> SafeString:
        if row.wrong:
            return format_html('<span class="hub-chip hub-chip-bad">{}</span>', "waits for a person")
        return format_html('<span class="hub-quiet">{}</span>', "–")
