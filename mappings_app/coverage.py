"""How much of what is seen in the wild is mapped, and what is not: the work list before anything blocks."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform

from connectors.models import Brand
from mappings_app.kinds import CURRENCY, KINDS, PRICE_LIST, Kind
from mappings_app.models import MappingVersion, SeenCode, in_force

# The brand's mappings, as far as they count on the link of a seen code.
_FOR_ALL = Q(link__isnull=True, brand__links=OuterRef("link"), brand__links__own_mappings_only=False)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    link_id: int
    kind: str
    seen: int  # different codes
    mapped: int  # has a mapping, or needs none

    @property
    def unmapped(self) -> int:
        return self.seen - self.mapped

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: 100 means all."""
        return 100 * self.mapped // self.seen if self.seen else 100


def coverage(*brands: Brand | int, at: datetime) -> list[Coverage]:
    """Seen and mapped codes for each link and kind of the brands, in two queries."""
    seen = _counts(SeenCode.objects.filter(brand__in=brands))
    unmapped = _counts(unmapped_codes(*brands, at=at))
    return [
        Coverage(link_id=link_id, kind=kind, seen=count, mapped=count - unmapped.get((link_id, kind), 0))
        for (link_id, kind), count in sorted(seen.items())
    ]


def unmapped_codes(*brands: Brand | int, at: datetime) -> QuerySet[SeenCode]:
    """Codes that were seen, have no mapping at that time and need one, the most frequent first; filter by link and kind."""
    speaking = MappingVersion.objects.filter(
        in_force(at), brand=OuterRef("brand"), kind=OuterRef("kind"), from_code=OuterRef("code"), retired=False
    )
    # Two conditions rather than one with OR inside: PostgreSQL then joins instead of asking for each row.
    codes = SeenCode.objects.filter(
        ~Exists(speaking.filter(_FOR_ALL)),
        ~Exists(speaking.filter(link=OuterRef("link"))),
        brand__in=brands,
    )
    for kind in KINDS.values():
        if kind.default_in:
            codes = codes.exclude(_answered_elsewhere(kind, at))
    return codes.order_by("-times", "code", "pk")


def _answered_elsewhere(kind: Kind, at: datetime) -> Combinable | Q:
    """Codes of a kind whose table may stay empty, because the connection or a market mapping of their link answers."""
    setting = f"link__target__settings__{kind.default_in}"
    by_connection = Q(**{f"{setting}__isnull": False}) & ~Q(**{f"{setting}__in": ["", None]})
    markets = MappingVersion.objects.filter(
        in_force(at), brand=OuterRef("brand"), kind="market", retired=False, attributes__has_key=kind.default_in
    )
    if kind.code == PRICE_LIST:
        of = KeyTextTransform(CURRENCY, "attributes")
        markets = markets.annotate(of=of).filter(Q(of__isnull=True) | Q(of=OuterRef("code")))
    by_market = Exists(markets.filter(link=OuterRef("link"))) | Exists(markets.filter(_FOR_ALL))
    return Q(kind=kind.code) & (by_connection | by_market)


def _counts(codes: QuerySet[SeenCode]) -> dict[tuple[int, str], int]:
    counted = codes.order_by().values_list("link_id", "kind").annotate(Count("pk"))
    return {(link_id, kind): count for link_id, kind, count in counted}
