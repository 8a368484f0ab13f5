"""How much of what is seen in the wild is mapped, and what is not: the work list before anything blocks."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

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
    """Seen and mapped codes for each link and kind of the brand, in one query."""
    counts = (
        SeenCode.objects.filter(brand=brand)
        .values("link_id", "kind")
        .annotate(seen=Count("pk"), mapped=Count("pk", filter=Q(_mapped(at))))
        .order_by("link_id", "kind")
    )
    return [Coverage(**row) for row in counts]


def unmapped_codes(brand: Brand, *, at: datetime) -> QuerySet[SeenCode]:
    """Codes that were seen and have no mapping at that time, the most frequent first; filter it by link and kind."""
    return SeenCode.objects.filter(~_mapped(at), brand=brand).order_by("-times", "code", "pk")


def _mapped(at: datetime) -> Exists:
    speaking = MappingVersion.objects.filter(
        in_force(at),
        Q(link=OuterRef("link")) | Q(link__isnull=True),
        brand=OuterRef("brand"),
        kind=OuterRef("kind"),
        from_code=OuterRef("code"),
        retired=False,
    )
    return Exists(speaking)
