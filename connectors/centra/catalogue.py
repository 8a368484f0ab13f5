"""Reading articles with what is told of them: sizes page by page, then the content of their variants.

A size's time of change does not move when its variant, its product or a display of it changes, as far as Centra
documents. So what changed since a moment is asked for four times over: sizes, variants, products, displays. An article
may come more than once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.base import Page, Record
from connectors.canonical.errors import ConfigurationError, PermanentError
from connectors.canonical.payload import JSON
from connectors.centra import documents
from connectors.centra.client import CentraClient, permissions_named
from connectors.centra.documents import LIST_ROWS, Document
from connectors.centra.paging import Position
from connectors.centra.reading import read_moment

OWNER_ROWS = 20  # changed variants, products or displays a page: each brings all its sizes


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One of the lists in which a change may show."""

    document: Document
    product_of: Callable[[JSON], int]  # of one row


STAGES: Mapping[str, Stage] = {
    "variants": Stage(document=documents.READ_CHANGED_VARIANTS, product_of=lambda row: int(row["product"]["id"])),
    "products": Stage(document=documents.READ_CHANGED_PRODUCTS, product_of=lambda row: int(row["id"])),
    "displays": Stage(document=documents.READ_CHANGED_DISPLAYS, product_of=lambda row: int(row["product"]["id"])),
}
ORDER = ("sizes", *STAGES)
# What is told of an article, by the permission that it takes (centra.dev/integration-api, authorization).
TOLD = {
    "Display:read": ("words", "pictures", "categories"),
    "Category:read": ("categories",),
    "Brand:read": ("brands",),
    "Attribute:read": ("attributes",),
    "Product.attributes:read": ("attributes",),
    "ProductVariant.attributes:read": ("attributes",),
}


def lacking_words(missing: Sequence[str]) -> str:
    """What a token without these permissions costs, and what it does not, in sentences."""
    told = list(dict.fromkeys(part for name in missing for part in TOLD[name]))
    return (
        f"The token lacks {_listed(missing)}, so {_listed(told)} of products cannot be read. Listings wait for that;"
        " SKUs, stock and prices go on. Add it in Centra under System → API Tokens."
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a reading is: the list, since when, and how far; between pages it travels as a token."""

    stage: str
    since: datetime | None
    position: Position

    @classmethod
    def start(cls, stage: str, since: datetime | None) -> "Place":
        return cls(stage=stage, since=since, position=Position(since=since))

    @classmethod
    def decoded(cls, token: str) -> "Place":
        stage, bar, rest = token.partition("|")
        if not bar:  # of a reading of everything
            return cls(stage=ORDER[0], since=None, position=Position.from_token(token))
        since, _, position = rest.partition("|")
        moment = datetime.fromisoformat(since)
        if not position:
            return cls.start(stage, moment)
        return cls(stage=stage, since=moment, position=Position.from_token(position))

    def encoded(self) -> str:
        position = self.position.token()
        return position if self.since is None else f"{self.stage}|{self.since.isoformat()}|{position}"

    def following(self, position: Position | None, *, content: bool) -> "Place | None":
        """The next page of this list, or the next list; None at the end. A reading of everything has one list."""
        if position is not None:
            return Place(stage=self.stage, since=self.since, position=position)
        # Displays hold nothing but content.
        later = [stage for stage in ORDER[ORDER.index(self.stage) + 1 :] if content or stage != "displays"]
        return Place.start(later[0], self.since) if later and self.since is not None else None


class Catalogue:
    def __init__(self, client: CentraClient, *, zone: ZoneInfo) -> None:
        self.client = client
        self.zone = zone

    def page(self, *, token: str | None, updated_from: datetime | None, content: bool = True) -> Page:
        """`content`: with what is told of the articles. A token that may read sizes only still tells which there are."""
        place = Place.start(ORDER[0], updated_from) if token is None else Place.decoded(token)
        try:
            return self._page(place, content=content)
        except ConfigurationError as error:
            missing = permissions_named(error)
            if error.code != "permission" or not missing or not TOLD.keys() >= set(missing):
                raise
            words = lacking_words(missing)
            raise ConfigurationError(
                words, operation=error.operation, platform_words=error.platform_words, code=error.code
            ) from error

    def _page(self, place: Place, *, content: bool) -> Page:
        sizes, position = self._sizes(place) if place.stage == ORDER[0] else self._sizes_of_changed(place)
        following = place.following(position, content=content)
        records = tuple(self._records(sizes, content=content))
        return Page(records=records, next_token=None if following is None else following.encoded())

    def _sizes(self, place: Place) -> tuple[Sequence[JSON], Position | None]:
        asked = {"where": place.position.where(), "limit": LIST_ROWS, "page": place.position.page}
        rows = self.client.execute(documents.READ_PRODUCTS, asked).data["productSizes"]
        return rows, place.position.after(rows, limit=LIST_ROWS, zone=self.zone)

    def _sizes_of_changed(self, place: Place) -> tuple[Sequence[JSON], Position | None]:
        stage = STAGES[place.stage]
        asked = {"where": place.position.where(), "limit": OWNER_ROWS, "page": place.position.page}
        rows = self.client.execute(stage.document, asked).data[stage.document.operation]
        products = tuple(dict.fromkeys(map(stage.product_of, rows)))
        variants = self._variants(documents.READ_SIZES_OF_VARIANTS, "productId", products)
        sizes = [size for variant in variants for size in variant["productSizes"]]
        return sizes, place.position.after(rows, limit=OWNER_ROWS, zone=self.zone)

    def _records(self, sizes: Sequence[JSON], *, content: bool) -> Iterable[Record]:
        """Each size with the content of its variant beside it, under `content`; a deleted article has neither."""
        ids = dict.fromkeys(size["productVariant"]["id"] for size in sizes if content and size.get("productVariant"))
        told = {row["id"]: row for row in self._variants(documents.READ_CONTENT, "id", tuple(ids))}
        for size in sizes:
            variant = (size.get("productVariant") or {}).get("id")
            yield Record(
                kind="product",
                external_id=str(size["id"]),
                payload={**size, "content": told.get(variant)},
                updated_at=read_moment(size.get("updatedAt"), zone=self.zone),
            )

    def _variants(self, document: Document, key: str, ids: Sequence[int]) -> list[JSON]:
        """Every variant with one of these ids. A full page may be cut off: then each half is asked for."""
        if not ids:
            return []
        # By their own ids no more variants can come than were named.
        limit = len(ids) if key == "id" else LIST_ROWS
        rows: list[JSON] = self.client.execute(document, {"where": {key: list(ids)}, "limit": limit}).data[
            "productVariants"
        ]
        if key == "id" or len(rows) < LIST_ROWS:
            return rows
        if len(ids) == 1:
            words = f"Centra has {LIST_ROWS} variants or more of one product: too many to read."
            raise PermanentError(words, subject=str(ids[0]), code="too_many_variants")
        half = len(ids) // 2
        return [*self._variants(document, key, ids[:half]), *self._variants(document, key, ids[half:])]
