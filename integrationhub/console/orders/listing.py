"""The list of orders, newest first, found by any number people have of one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat, JSONObject
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.canonical.orders import OrderState
from connectors.models import Connection
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.console import search
from integrationhub.console.cases.filters import BrandFilter
from integrationhub.console.money_words import amount
from integrationhub.console.orders import acting, page
from integrationhub.console.orders.way import with_neighbours
from integrationhub.orders.models import ORDER_STATE_LABELS, TARGET_STATE_LABELS, SoldOrder
from integrationhub.orders.way import PARTS
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import WAITING_STATES

Orders = QuerySet[SoldOrder]
WAITING_AT_MOST = 5_000


class StateFilter(ChoiceFilter):
    title, parameter_name = "state where it was sold", "state"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(state.value, ORDER_STATE_LABELS[state]) for state in OrderState]

    def narrow(self, rows: Orders, value: str, request: HttpRequest) -> Orders:
        return rows.filter(state=value)


class TargetStateFilter(ChoiceFilter):
    title, parameter_name = "state where it is fulfilled", "there"
    _none = "none"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(str(state) or self._none, label) for state, label in TARGET_STATE_LABELS.items()]

    def narrow(self, rows: Orders, value: str, request: HttpRequest) -> Orders:
        return rows.filter(target_state="" if value == self._none else value)


class ChannelFilter(ChoiceFilter):
    title, parameter_name = "sold at", "channel"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        brands = rights_of(request).brand_ids(Right.SEE)
        sold_at = Connection.objects.filter(brand_id__in=brands, links_as_source__isnull=False).distinct()
        return [(str(pk), name) for pk, name in sold_at.order_by("name").values_list("pk", "name")]

    def narrow(self, rows: Orders, value: str, request: HttpRequest) -> Orders:
        return rows.filter(link__source_id=int(value))


class PlacedFilter(ChoiceFilter):
    title, parameter_name, all_label = "placed", "placed", "Any time"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("1", "In the last 24 hours"), ("7", "In the last 7 days"), ("30", "In the last 30 days")]

    def narrow(self, rows: Orders, value: str, request: HttpRequest) -> Orders:
        return rows.filter(placed_at__gte=ports.now() - timedelta(days=int(value)))


class ProblemFilter(ChoiceFilter):
    title, parameter_name = "waiting for a person", "waits"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("yes", "Yes")]

    def narrow(self, rows: Orders, value: str, request: HttpRequest) -> Orders:
        """From the few jobs that wait to their orders; the other way round would look at every order there is."""
        waiting = Blocker.objects.filter(
            released_at=None,
            job__brand_id__in=rights_of(request).brand_ids(Right.SEE),
            job__serial_key__startswith="order:",
        )
        keys = waiting.values_list("job__serial_key", flat=True).distinct()[:WAITING_AT_MOST]
        return rows.filter(Q(waits=True), reference__in={key.split(":", 2)[2] for key in keys})


@register(SoldOrder)
class OrderAdmin(HubModelAdmin):
    address = "orders"
    plural = "Orders"
    list_display = ("order", "marketplace", "standing", "fulfilment", "charged", "placed", "problem")
    list_filter = (ProblemFilter, StateFilter, TargetStateFilter, ChannelFilter, PlacedFilter, BrandFilter)
    list_select_related = ("link__source", "target", "brand")
    ordering = ("-placed_at", "-id")
    search_fields = ("reference",)  # what is searched: get_search_results
    search_help_text = "Its number on any side, or a tracking number"
    change_list_template = "console/list.html"

    def get_queryset(self, request: HttpRequest) -> Orders:
        key = Concat(Value("order:"), Cast(OuterRef("link_id"), CharField()), Value(":"), OuterRef("reference"))
        waiting = SyncJob.objects.filter(serial_key=key, state__in=WAITING_STATES)
        begun = SoldOrder.objects.filter(target=OuterRef("link__source"), target_external_id=OuterRef("reference"))
        told = JSONObject(reference="reference", place="link__source__name")
        rows: Orders = super().get_queryset(request)
        return rows.annotate(waits=Exists(waiting), begun=Subquery(begun.values(told=told)[:1]))

    def get_search_results(self, request: HttpRequest, queryset: Orders, search_term: str) -> tuple[Orders, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        ids = search.order_ids(term, brands=rights_of(request).brand_ids(Right.SEE))
        return queryset.filter(pk__in=ids), False

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Order", ordering="reference")
    def order(self, order: Any) -> SafeString:
        """Passed on by a shop, it is the same order as the row of where it was sold first."""
        if not order.begun:
            return format_html('<span class="hub-code">{}</span>', order.reference)
        first = f"{order.begun['reference']} at {order.begun['place']}"
        words = '<span class="hub-two-lines"><span class="hub-code">{}</span><small>{}</small></span>'
        return format_html(words, order.reference, first)

    @display(description="Sold at")
    def marketplace(self, order: SoldOrder) -> str:
        return order.link.source.name

    @display(description="State there")
    def standing(self, order: SoldOrder) -> str:
        return order.get_state_display()

    @display(description="Fulfilled in")
    def fulfilment(self, order: SoldOrder) -> SafeString:
        number = f"{order.target.name} {order.number_there}".strip()
        return format_html(
            '<span class="hub-two-lines"><span>{}</span><small>{}</small></span>',
            number,
            order.get_target_state_display(),
        )

    @display(description="Total", ordering="total")
    def charged(self, order: SoldOrder) -> SafeString:
        return format_html('<span class="hub-number">{}</span>', amount(order.total, order.currency))

    @display(description="Placed", ordering="placed_at")
    def placed(self, order: SoldOrder) -> SafeString:
        return moments.ago(order.placed_at, now=ports.now(), zone=ZoneInfo(order.brand.timezone))

    @display(description="Problem")
    def problem(self, order: Any) -> SafeString:
        if order.held_at:
            return format_html('<span class="hub-chip hub-chip-warn">{}</span>', "on hold")
        if order.waits:
            return format_html('<span class="hub-chip hub-chip-bad">{}</span>', "waits for a person")
        if order.tax_differs:
            return format_html('<span class="hub-chip hub-chip-warn">{}</span>', "tax differs")
        return format_html('<span class="hub-quiet">{}</span>', "–")

    # --- one order --------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("<slug:object_id>/act/<slug:name>/", self.act_view, "act"),
            self.page("<slug:object_id>/timeline/", self.timeline_view, "timeline"),
            self.page("<slug:object_id>/person/", self.person_view, "person"),
            self.page("<slug:object_id>/calls/<int:call_id>/", self.call_view, "call"),
            self.page("<slug:object_id>/received/<int:record_id>/", self.received_view, "received"),
        ]

    def found(self, request: HttpRequest, object_id: str) -> SoldOrder:
        """With all that every page of one order reads: one query."""
        if not object_id.isdigit() or len(object_id) > 18:
            raise PermissionDenied
        brands = rights_of(request).brand_ids(self.see_right)
        rows = SoldOrder.objects.filter(pk=int(object_id), brand_id__in=brands)
        row = with_neighbours(rows).select_related(*PARTS).first()
        if row is None:
            raise PermissionDenied
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return page.show(self, request, self.found(request, object_id))

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        return acting.act(self, request, self.found(request, object_id), name)

    def timeline_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return page.tell_story(self, request, self.found(request, object_id))

    def person_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return page.person(request, self.found(request, object_id))

    def call_view(self, request: HttpRequest, object_id: str, call_id: int) -> HttpResponse:
        return page.call(request, self.found(request, object_id), call_id)

    def received_view(self, request: HttpRequest, object_id: str, record_id: int) -> HttpResponse:
        return page.received(request, self.found(request, object_id), record_id)
