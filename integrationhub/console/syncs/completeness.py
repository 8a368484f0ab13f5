"""The page that says whether every order is everywhere: by link and business day, with the numbers of what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import require, rights_of
from connectors.base import Capability
from connectors.models import Link
from connectors.registry import CONNECTORS
from integrationhub.console.front.completeness import STALE_AFTER
from integrationhub.console.money_words import amount
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.models import DayCount

DAYS_SHOWN = 7


@dataclass(frozen=True, kw_only=True)
class Row:
    """One business day of one link, in one currency."""

    count: DayCount
    source_value: str
    hub_value: str
    target_value: str
    missing: Sequence[tuple[str, int | None]]  # (reference, our order's id where the hub has it)
    waiting: Sequence[tuple[str, int | None]]
    differing: Sequence[tuple[str, int | None]]
    stale: bool

    @property
    def verdict(self) -> str:
        if self.count.missing_count:
            return f"{self.count.missing_count} missing"
        if self.count.complete:
            return "complete"
        if self.count.waiting_count:
            return f"{self.count.waiting_count} on the way or waiting"
        return "values differ"

    @property
    def tone(self) -> str:
        if self.count.missing_count:
            return "bad"
        return "good" if self.count.complete else "warn"


@dataclass(frozen=True, kw_only=True)
class OfLink:
    link: Link
    rows: Sequence[Row]
    countable: bool  # whether the source can list its orders by day
    source_label: str


def page(request: HttpRequest) -> HttpResponse:
    require(request, Right.SEE, None)
    context = {**admin.site.each_context(request), "now": ports.now(), "zone": rights_of(request).zone}
    return TemplateResponse(request, "console/syncs/completeness.html", {**context, **_context(request)})


def _context(request: HttpRequest) -> dict[str, Any]:
    """Every link of the person's brands with its last days. Three queries."""
    rights, now = rights_of(request), ports.now()
    links = list(
        Link.objects.filter(brand_id__in=rights.brand_ids(Right.SEE), active=True).select_related(
            "brand", "source", "target"
        )
    )
    since = now.astimezone(rights.zone).date() - timedelta(days=DAYS_SHOWN - 1)
    counts = list(_counts(links, since))
    known = _known(counts)
    by_link: dict[int, list[Row]] = {}
    for count in counts:
        by_link.setdefault(count.link_id, []).append(_row(count, known, stale=now - count.counted_at > STALE_AFTER))
    return {"title": "Complete?", "links": [_of_link(link, by_link.get(link.pk, [])) for link in links]}


def _counts(links: Iterable[Link], since: date) -> QuerySet[DayCount]:
    return DayCount.objects.filter(link__in=list(links), day__gte=since).order_by("-day", "currency")


def _known(counts: Iterable[DayCount]) -> dict[tuple[int, str], int]:
    """Which of the orders that are named the hub has a page of."""
    named = {(count.link_id, one) for count in counts for one in (*count.missing, *count.waiting, *count.differing)}
    rows = SoldOrder.objects.filter(
        link_id__in={link_id for link_id, _ in named}, reference__in={reference for _, reference in named}
    )
    return {(link_id, reference): pk for pk, link_id, reference in rows.values_list("pk", "link_id", "reference")}


def _row(count: DayCount, known: dict[tuple[int, str], int], *, stale: bool) -> Row:
    def told(references: Sequence[str]) -> list[tuple[str, int | None]]:
        return [(reference, known.get((count.link_id, reference))) for reference in references]

    return Row(
        count=count,
        source_value=amount(count.source_value, count.currency),
        hub_value=amount(count.hub_value, count.currency),
        target_value=amount(count.target_value, count.currency),
        missing=told(count.missing),
        waiting=told(count.waiting),
        differing=told(count.differing),
        # A day that is over is counted until it is the day before yesterday; then its last count stands.
        stale=stale and (count.as_of.date() - count.day).days < 1,
    )


def _of_link(link: Link, rows: Sequence[Row]) -> OfLink:
    kind = CONNECTORS.get(link.source.platform)
    able = bool(kind and kind.capabilities.get(Capability.COUNT_ORDERS))
    return OfLink(link=link, rows=rows, countable=able, source_label=kind.label if kind else link.source.platform)
