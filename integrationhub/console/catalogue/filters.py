"""What the lists of listings and prices can be narrowed by."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from connectors.admin_base import brand_choices
from integrationhub.adminkit.filters import ChoiceFilter
from integrationhub.catalogue.models import Listing, ListingPrice, ListingProblem, Trouble
from integrationhub.console.catalogue.around import around

State = Listing.State
WATCHES: Sequence[tuple[str, str]] = (
    ("live", "Live"),
    ("waiting", "Waiting"),
    ("rejected", "Rejected"),
    ("incomplete", "Incomplete"),
)
WATCHED = {
    "live": Q(acknowledged__isnull=False),
    "waiting": Q(state__in=[State.PENDING, State.SENT]),
    "rejected": Q(state=State.REFUSED),
    "incomplete": Q(state=State.INCOMPLETE),
}
PRICE_WATCHES: Sequence[tuple[str, str]] = (
    ("waiting", "Waiting"),
    ("refused", "Refused"),
    ("skipped", "Without a price"),
    ("differs", "Asks something else"),
)
_Price = ListingPrice.State
PRICES_WATCHED = {
    "waiting": Q(state__in=[_Price.PENDING, _Price.SENT]),
    "refused": Q(state=_Price.REFUSED),
    "skipped": Q(state=_Price.SKIPPED),
    "differs": Q(drifted_at__isnull=False),
}


class WatchFilter(ChoiceFilter):
    title, parameter_name = "what to look at", "watch"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return WATCHES

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(WATCHED[value])


class PriceWatchFilter(ChoiceFilter):
    title, parameter_name = "what to look at", "watch"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return PRICE_WATCHES

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(PRICES_WATCHED[value])


class ChannelFilter(ChoiceFilter):
    title, parameter_name = "channel", "channel"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [(str(pk), one.name) for pk, one in around(request).channels.items()]

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(link_id=int(value))


class TroubleFilter(ChoiceFilter):
    title, parameter_name = "what is wrong", "trouble"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return Trouble.choices

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        found = ListingProblem.objects.filter(listing=OuterRef("pk"), kind=value)
        if attribute := request.GET.get("about", ""):
            found = found.filter(attribute=attribute)
        return rows.filter(Exists(found))


class AboutFilter(ChoiceFilter):
    """The attribute that something is wrong with: where a case or a channel's page leads from."""

    title, parameter_name = "attribute", "about"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        rows = ListingProblem.objects.filter(link__in=list(around(request).channels)).exclude(attribute="")
        return list(rows.order_by("label", "attribute").values_list("attribute", "label").distinct()[:200])

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(Exists(ListingProblem.objects.filter(listing=OuterRef("pk"), attribute=value)))


class BrandFilter(ChoiceFilter):
    title, parameter_name = "brand", "brand"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return brand_choices(request)

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        ids = [pk for pk, one in around(request).channels.items() if one.link.brand_id == int(value)]
        return rows.filter(link_id__in=ids)
