"""What each channel knows of our products: live, waiting, rejected, incomplete, and why; and the switch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.http import urlencode

from connectors.admin_base import HubModelAdmin, register, require, rights_of
from connectors.models import Link
from integrationhub.catalogue.listings import deciding
from integrationhub.catalogue.models import KnownCategory, Listing, ListingProblem, ListingTerms, Trouble
from integrationhub.console.catalogue import around
from integrationhub.console.catalogue.rules import address_of
from integrationhub.console.reasons import NO_REASON, number, said_why
from mappings_app.kinds import ATTRIBUTE_VALUE, CATEGORY

REASONS_SHOWN = 50
State = Listing.State


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One thing that keeps products back, with what mends it."""

    kind: str  # as people read it
    attribute: str
    category: str
    example: str
    count: int
    list_url: str
    fix_url: str
    fix: str


@register(ListingTerms)
class ListingTermsAdmin(HubModelAdmin):
    address = "listing-channels"
    plural = "Products by channel"
    brand_path = "link__brand_id"

    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("<slug:object_id>/publish/", self.switch_view, "publish"),
            self.page("<slug:object_id>/ask/", self.ask_view, "ask"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        known = {pk: one for pk, one in around.around(request).channels.items() if one.takes_products}
        terms = {row.pk: row for row in ListingTerms.objects.filter(link__in=list(known))}
        counts = {row["link"]: row for row in _counted(Listing.objects.filter(link__in=list(known)))}
        rows = [(one, terms.get(pk), counts.get(pk, {})) for pk, one in known.items()]
        return around.render(self, request, "channels.html", {"title": self.plural, "rows": rows})

    def channel(self, request: HttpRequest, object_id: str) -> around.Channel:
        """By the link's id: a channel has its page before anybody has switched it."""
        found = around.around(request).channels.get(number(object_id))
        if found is None:
            raise PermissionDenied
        return found

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> ListingTerms | None:
        channel = around.around(request).channels.get(number(object_id))
        if channel is None:
            return None
        return ListingTerms.objects.filter(link=channel.link).first() or ListingTerms(link=channel.link)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._show(request, self.channel(request, object_id))

    def _show(self, request: HttpRequest, channel: around.Channel, *, error: str = "") -> HttpResponse:
        rows = _counted(Listing.objects.filter(link=channel.link))
        context = {
            "title": f"Products at {channel.name}",
            "channel": channel,
            "terms": ListingTerms.objects.filter(link=channel.link).first() or ListingTerms(link=channel.link),
            "counts": rows[0] if rows else {},
            "reasons": reasons(channel.link),
            "may_act": rights_of(request).may(around.RIGHT, channel.link.brand_id),
            "error": error,
        }
        return around.render(self, request, "channel.html", context)

    def switch_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        channel = self.channel(request, object_id)
        require(request, around.RIGHT, channel.link.brand_id)
        reason = said_why(request)
        if not reason:
            return self._show(request, channel, error=NO_REASON)
        on = request.POST.get("do") == "on"
        if deciding.switch(channel.link, on=on, actor=request.user.get_username(), reason=reason):
            told = (
                f"{channel.name} is told about products from now on." if on else f"{channel.name} is told nothing more."
            )
            messages.success(request, told)
        else:
            messages.info(request, "It stood like that already.")
        return _page(channel)

    def ask_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        channel = self.channel(request, object_id)
        require(request, around.RIGHT, channel.link.brand_id)
        deciding.ask_again(channel.link, actor=request.user.get_username())
        messages.success(request, f"{channel.name} is asked now what it wants to know; what is known stands meanwhile.")
        return _page(channel)


def _page(channel: around.Channel) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:catalogue_listingterms_change", args=[channel.link.pk]))


def _counted(rows: QuerySet[Listing]) -> Sequence[dict[str, Any]]:
    """Of each link, in one query by an index."""
    counted: Any = rows.values("link").annotate(
        products=Count("pk"),
        live=Count("pk", filter=Q(acknowledged__isnull=False)),
        waiting=Count("pk", filter=Q(state__in=[State.PENDING, State.SENT])),
        rejected=Count("pk", filter=Q(state=State.REFUSED)),
        incomplete=Count("pk", filter=Q(state=State.INCOMPLETE)),
    )
    return list(counted)


def reasons(link: Link) -> list[Reason]:
    """What keeps products of a channel back, what keeps most of them first. Two queries."""
    counts = Q(kind=Trouble.REFUSED, listing__state=State.REFUSED)
    counts |= ~Q(kind=Trouble.REFUSED) & Q(listing__state=State.INCOMPLETE)
    anywhere = Q(kind__in=[Trouble.NOT_ON_LIST, Trouble.NO_CATEGORY])  # one mapping mends it in every category
    found: Any = ListingProblem.objects.filter(counts, link=link).annotate(
        place=Case(When(anywhere, then=Value("")), default="category"),
        word=Case(When(anywhere, then="code"), default=Value("")),
    )
    grouped: Any = found.values("kind", "attribute", "label", "place", "word")
    rows: list[Any] = list(
        grouped.annotate(count=Count("listing", distinct=True)).order_by("-count", "kind", "label")[:REASONS_SHOWN]
    )
    labels = dict(
        KnownCategory.objects.filter(connection=link.source_id, code__in={row["place"] for row in rows}).values_list(
            "code", "label"
        )
    )
    return [_reason(link, row, labels) for row in rows]


def _reason(link: Link, row: Mapping[str, Any], labels: dict[str, str]) -> Reason:
    query: dict[str, Any] = {"channel": link.pk, "trouble": row["kind"], "about": row["attribute"]}
    told = urlencode({name: value for name, value in query.items() if value})
    fix_url, fix = _fix(link, row)
    return Reason(
        kind=Trouble(row["kind"]).label,
        attribute=row["label"],
        category=labels.get(row["place"], row["place"]),
        example=row["word"],
        count=row["count"],
        list_url=f"{reverse('admin:catalogue_listing_changelist')}?{told}",
        fix_url=fix_url,
        fix=fix,
    )


def _fix(link: Link, row: Mapping[str, Any]) -> tuple[str, str]:
    if row["kind"] in (Trouble.NO_CATEGORY, Trouble.CATEGORY_GONE):
        return mapping_url(CATEGORY, row["word"], link), "Map category"
    if row["kind"] == Trouble.NOT_ON_LIST:
        return mapping_url(ATTRIBUTE_VALUE, row["word"], link), "Map value"
    return address_of(link.pk, row["place"], about=row["attribute"]), "Say what it is made of"


def mapping_url(kind: str, code: str, link: Link) -> str:
    model = {CATEGORY: "categorymapping", ATTRIBUTE_VALUE: "attributevaluemapping"}[kind]
    asked = urlencode({"from_code": code, "link": str(link.pk)})
    return f"{reverse(f'admin:mappings_app_{model}_add')}?{asked}"
