"""One product in one channel: what its owner says, what becomes of it, what the channel has; and everything that is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse

from connectors.admin_base import rights_of
from connectors.canonical.listings import Requirement
from connectors.canonical.products import Product
from integrationhub.catalogue.listings import composing
from integrationhub.catalogue.listings.composing import Line, Wishes
from integrationhub.catalogue.listings.ledger import outcome_of
from integrationhub.catalogue.listings.readings import as_product
from integrationhub.catalogue.listings.wishes import WishBook, path_of
from integrationhub.catalogue.models import KnownCategory, Listing, ListingProblem, ProductReading, Trouble
from integrationhub.console.catalogue import around, words

if TYPE_CHECKING:
    from integrationhub.console.catalogue.listing import ListingAdmin


@dataclass(frozen=True, kw_only=True)
class Row:
    """One attribute, as the page shows it."""

    line: Line
    ours: str
    mapped: str
    there: str  # as the channel took it last
    differs: bool
    refusals: tuple[str, ...]

    @property
    def required(self) -> bool:
        return self.line.attribute.requirement is Requirement.REQUIRED

    @property
    def wrong(self) -> bool:
        return bool(self.line.problems or self.refusals)


def show(model_admin: "ListingAdmin", request: HttpRequest, listing: Listing, *, error: str = "") -> HttpResponse:
    reading = ProductReading.objects.filter(connection=listing.owner_id, sku=listing.sku).first()
    product = as_product(reading.content) if reading else None
    book = WishBook(listing.link)
    book.learn([product.category] if product else [])
    told = outcome_of(product, book, channel_sku=listing.channel_sku, retired=listing.retired)
    wishes = book.wishes(told.category) if told.category else None
    refused = list(ListingProblem.objects.filter(listing=listing, kind=Trouble.REFUSED).order_by("pk"))
    rows = list(_rows(listing, product, wishes, refused))
    categories = {one.code: one for one in KnownCategory.objects.filter(connection=listing.channel_id)}
    show_all = request.GET.get("all") == "1"
    context = {
        "title": listing.channel_sku,
        "listing": listing,
        "reading": reading,
        "product": product,
        "category_path": " / ".join(path_of(categories, told.category)),
        "told": told,
        "standing": words.standing(listing, unread=around.around(request).unread.get(listing.owner_id, "")),
        "rows": [row for row in rows if show_all or _matters(row)],
        "left_out": 0 if show_all else sum(not _matters(row) for row in rows),
        "general": [one for one in told.problems if not one.attribute],
        "refusals": [one for one in refused if not one.attribute],
        "refused_before": listing.state != Listing.State.REFUSED and bool(refused),
        "may_act": rights_of(request).may(around.RIGHT, listing.link.brand_id),
        "error": error,
    }
    return around.render(model_admin, request, "product.html", context)


def _rows(
    listing: Listing, product: Product | None, wishes: Wishes | None, refused: list[ListingProblem]
) -> Iterator[Row]:
    if product is None or wishes is None:
        return
    _, there = composing.read_content(listing.published)
    composed = composing.compose(product, wishes, channel_sku=listing.channel_sku)
    for line in composed.lines:
        code = line.attribute.code
        yield Row(
            line=line,
            ours=_spoken(line.ours, None),
            mapped=_spoken(line.theirs, wishes.lists.get(line.attribute.list_code)),
            there=_spoken(there.get(code, ()), wishes.lists.get(line.attribute.list_code)),
            differs=bool(listing.published) and there.get(code, ()) != line.theirs,
            refusals=tuple(one.message for one in refused if one.attribute == code),
        )


def _spoken(values: tuple[str, ...], known: composing.Values | None) -> str:
    labels: Any = known.labels if known else {}
    return ", ".join(labels.get(value) or value for value in values)


def _matters(row: Row) -> bool:
    """What an optional attribute that nobody fills would only hide."""
    return bool(row.wrong or row.ours or row.there or row.line.attribute.requirement is not Requirement.OPTIONAL)
