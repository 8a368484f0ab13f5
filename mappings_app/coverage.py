"""How much of what is seen in the wild is mapped, and what is not: the work list before anything blocks."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet

from connectors.models import Brand
from mappings_app.models import MappingVersion, SeenCode, in_force


@dataclass(frozen=True, kw_only=True)
class Coverage:
    link_id: int
    kind: str
    seen: int  # different codes
    mapped: int

    @property
    def unmapped(self) -> int:
        return self.seen - self.mapped

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: 100 means all."""
        return 100 * self.mapped // self.seen if self.seen else 100


def coverage(brand: Brand, *, at: datetime) -> list[Coverage]:
    """Seen and mapped codes for each link and kind of the brand, in two queries."""
    seen = _counts(SeenCode.objects.filter(brand=brand))
    unmapped = _counts(unmapped_codes(brand, at=at))
    return [
        Coverage(link_id=link_id, kind=kind, seen=count, mapped=count - unmapped.get((link_id, kind), 0))
        for (link_id, kind), count in sorted(seen.items())
    ]


def unmapped_codes(brand: Brand, *, at: datetime) -> QuerySet[SeenCode]:
    """Codes that were seen and have no mapping at that time, the most frequent first; filter it by link and kind."""
    speaking = MappingVersion.objects.filter(
        in_force(at), brand=brand, kind=OuterRef("kind"), from_code=OuterRef("code"), retired=False
    )
    # Two conditions rather than one with OR inside: PostgreSQL then joins instead of asking for each row.
    return SeenCode.objects.filter(
        ~Exists(speaking.filter(link__isnull=True)), ~Exists(speaking.filter(link=OuterRef("link"))), brand=brand
    ).order_by("-times", "code", "pk")


def _counts(codes: QuerySet[SeenCode]) -> dict[tuple[int, str], int]:
    counted = codes.order_by().values_list("link_id", "kind").annotate(Count("pk"))
    return {(link_id, kind): count for link_id, kind, count in counted}
