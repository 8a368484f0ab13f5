"""What the stock list can be narrowed by. The first asks what matters; each of its answers reads an index of its own."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from connectors import ports
from connectors.admin_base import brand_choices
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.adminkit.paginator import COUNT_CAP
from integrationhub.console.stock.around import around
from integrationhub.inventory import drift
from integrationhub.inventory.models import ChannelStock

Rows = QuerySet[ChannelStock]
State = ChannelStock.State
LATE = timedelta(minutes=15)

REFUSED, DIFFERS = Q(state=State.REFUSED), Q(drifted_at__isnull=False) & ~Q(state=State.UNREAD)
WATCHES = (
    ("more", "Shows more than it may"),
    ("late", "Waits, last taken over 15 min ago"),
    ("differs", "Shows something else"),
    ("refused", "Refused"),
)


class WatchFilter(ChoiceFilter):
    title, parameter_name = "what to look at", "watch"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return WATCHES

    def narrow(self, rows: Rows, value: str, request: HttpRequest) -> Rows:
        if value == "more":
            return rows.filter(pk__in=list(more_than_they_may(list(around(request).channels))))
        before = ports.now() - LATE
        long_ago = Q(acknowledged_at__lt=before) | Q(acknowledged_at=None, computed_at__lt=before)
        on_its_way = Q(state=State.SENT, delivery__isnull=False)  # in the words of its index
        late = (Q(state=State.PENDING) | on_its_way) & long_ago
        return rows.filter({"late": late, "differs": DIFFERS, "refused": REFUSED}[value])


def more_than_they_may(link_ids: Sequence[int]) -> QuerySet[ChannelStock, int]:
    """The ids, by the index that holds nothing else: how few they are, no statistics tell the planner of the list."""
    found = drift.oversold(link_ids).order_by("link_id", "pk")
    return found.values_list("pk", flat=True)[: COUNT_CAP + 1]


class ChannelFilter(ChoiceFilter):
    title, parameter_name = "channel", "channel"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(str(pk), one.name) for pk, one in around(request).channels.items()]

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(link_id=int(value))


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return State.choices

    def narrow(self, rows: Rows, value: str, request: HttpRequest) -> Rows:
        return rows.filter(state=value)


class BrandFilter(ChoiceFilter):
    title, parameter_name = "brand", "brand"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return brand_choices(request)

    def narrow(self, rows: Rows, value: str, request: HttpRequest) -> Rows:
        return rows.filter(
            link_id__in=[pk for pk, one in around(request).channels.items() if one.link.brand_id == int(value)]
        )
