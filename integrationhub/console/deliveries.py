"""What was sent to each channel and what became of it, whatever the ledger: the list of deliveries, and the page of one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, rights_of
from connectors.models import Connection, Link
from integrationhub.adminkit import moments
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.console.stock.words import Standing
from integrationhub.sync.deliveries import REFUSED, Delivery, Ledger

LINES_SHOWN = 100


def standing_of(one: Any) -> Standing:
    """What became of a batch: one that was never handed over was refused by nobody, and goes out again."""
    if one.state == Delivery.State.FAILED:
        went = one.sent_at is not None
        words = str(one.get_state_display()) if went else "Did not go out"
        return Standing(tone="bad" if went else "", words=words, why=one.words or "All of it waits again.")
    refused = f"{one.refused:,} refused" if one.refused else ""
    return Standing(tone="warn" if refused else "", words=str(one.get_state_display()), why=refused or one.words)


class AccountFilter(ChoiceFilter):
    """Deliveries are kept per account rather than per link."""

    title, parameter_name = "channel", "channel"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        links = Link.objects.filter(brand_id__in=rights_of(request).brand_ids(Right.SEE))
        rows = Connection.objects.filter(pk__in=links.values("source_id")).order_by("name", "pk")
        return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(connection_id=int(value))


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return Delivery.State.choices

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(state=value)


class DeliveryAdmin(HubModelAdmin):
    """The deliveries of one ledger. A concrete one names the ledger, and what its lines are called."""

    ledger: ClassVar[Ledger[Any]]
    lines_words: ClassVar[str]
    brand_path = "connection__brand_id"
    list_display: tuple[str, ...] = ("channel", "lines_told", "standing", "made", "sent", "ended", "number")
    list_display_links = ("channel",)
    list_filter = (AccountFilter, StateFilter)
    list_select_related = ("connection__brand",)
    ordering = ("-pk",)
    sortable_by = ()
    change_list_template = "console/list.html"
    empty_words = "Nothing has been sent to a channel yet."

    def around(self, request: HttpRequest) -> dict[str, Any]:
        """What stands above the list."""
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, {**self.around(request), **(extra_context or {})})
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        one = self.found(request, object_id)
        lines = list(refused_lines(self.ledger, one)[: LINES_SHOWN + 1]) if one.refused else []
        name = self.ledger.rows._meta.label_lower.replace(".", "_")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{self.lines_words} for {one.connection.name}",
            "one": one,
            "number": _number(one),
            "found": standing_of(one),
            "lines_words": self.lines_words,
            "lines": [(line, reverse(f"admin:{name}_change", args=[line.pk])) for line in lines],
            "shown_at_most": LINES_SHOWN,
            "list_url": reverse(f"admin:{self.opts.label_lower.replace('.', '_')}_changelist"),
            "now": ports.now(),
            "zone": ZoneInfo(one.connection.brand.timezone),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "console/delivery.html", context)

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Channel")
    def channel(self, one: Any) -> str:
        return str(one.connection.name)

    @display(description="Lines")
    def lines_told(self, one: Any) -> SafeString:
        return format_html('<span class="hub-number">{}</span>', f"{one.lines:,}")

    @display(description="State")
    def standing(self, one: Any) -> SafeString:
        found = standing_of(one)
        return format_html(
            '<span class="hub-two-lines"><span class="{}">{}</span><small>{}</small></span>',
            f"hub-cell-{found.tone}" if found.tone else "",
            found.words,
            found.why,
        )

    @display(description="Made")
    def made(self, one: Any) -> SafeString:
        return ago(one, one.made_at)

    @display(description="Handed over")
    def sent(self, one: Any) -> SafeString:
        return ago(one, one.sent_at)

    @display(description="Ended")
    def ended(self, one: Any) -> SafeString:
        return ago(one, one.ended_at)

    @display(description="The channel's number")
    def number(self, one: Any) -> SafeString:
        return format_html('<span class="hub-code">{}</span>', _number(one) or "–")


def refused_lines(ledger: Ledger[Any], one: Any) -> QuerySet[Any]:
    """What the channel refused of this delivery and was not sent again since. A line keeps when it was sent last, and one
    delivery of an account ends before the next is made: so it belongs to the one that was made last before that.
    """
    later = ledger.deliveries.objects.filter(connection_id=one.connection_id, pk__gt=one.pk)
    following = later.order_by("pk").values_list("made_at", flat=True).first()
    links = Link.objects.filter(source_id=one.connection_id)
    rows = ledger.rows._default_manager.filter(link__in=links, state=REFUSED, sent_at__gte=one.made_at)
    return (rows.filter(sent_at__lt=following) if following else rows).order_by("channel_sku", "pk")


def _number(one: Any) -> str:
    """The channel's own number of it; what a connector notes behind it is nobody's to read."""
    return str(one.ticket).partition(":")[0]


def ago(one: Any, at: datetime | None) -> SafeString:
    return moments.ago(at, now=ports.now(), zone=ZoneInfo(one.connection.brand.timezone), never="–")
