"""What imports and market mappings release, beyond what saving one mapping does (see `integrationhub.sync.signals`)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.dispatch import receiver

from connectors.models import Brand
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import blocking
from integrationhub.sync.models import Blocker
from mappings_app.kinds import PAYMENT_METHOD, PRICE_LIST
from mappings_app.models import MappingVersion
from mappings_app.signals import mapping_saved, mappings_imported

# The database's lock table holds only some thousands of locks.
LOCKED_AT_ONCE = 500


@receiver(mappings_imported)
def release_what_they_blocked(
    sender: Any, *, brand: Brand, kind: str, codes: Sequence[tuple[str, int | None]], by: str, **_: Any
) -> None:
    """Releases in the importer's transaction, so that mappings and release stand or fall together; and once more after it
    for jobs that were being blocked meanwhile: their second look did not see what was not committed yet.
    """
    waiting = _waiting(brand.pk, kind, {code for code, _ in codes})
    _release(brand.pk, kind, [one for one in codes if one[0] in waiting][:LOCKED_AT_ONCE], by=by)
    transaction.on_commit(lambda: _release_stragglers(brand.pk, kind, codes, by=by))


def _release_stragglers(brand_id: int, kind: str, codes: Sequence[tuple[str, int | None]], *, by: str) -> None:
    for batch in _batches(sorted(codes, key=lambda one: (one[0], one[1] or 0))):
        with transaction.atomic():
            for code in dict.fromkeys(code for code, _ in batch):
                blocking.lock_key(brand_id, kind, code)
            waiting = _waiting(brand_id, kind, {code for code, _ in batch})
            _release(brand_id, kind, [one for one in batch if one[0] in waiting], by=by)


def _waiting(brand_id: int, kind: str, codes: Iterable[str]) -> set[str]:
    """The codes that something waits for."""
    open_blockers = Blocker.objects.filter(
        released_at=None, case__brand_id=brand_id, case__mapping_kind=kind, case__code__in=list(codes)
    )
    return set(open_blockers.values_list("case__code", flat=True).distinct())


def _release(brand_id: int, kind: str, codes: Sequence[tuple[str, int | None]], *, by: str) -> None:
    for code, link_id in sorted(codes, key=lambda one: (one[0], one[1] or 0)):
        blocking.release_mapping(brand_id=brand_id, kind=kind, code=code, link_id=link_id, by=by)


def _batches(codes: Sequence[tuple[str, int | None]]) -> Iterator[Sequence[tuple[str, int | None]]]:
    for start in range(0, len(codes), LOCKED_AT_ONCE):
        yield codes[start : start + LOCKED_AT_ONCE]


@receiver(mapping_saved)
def release_what_the_market_answers(sender: Any, *, version: MappingVersion, **_: Any) -> None:
    """A market mapping that names a price list (or payment method) answers for its orders that waited for one."""
    if version.kind != "market":
        return
    for kind in (PRICE_LIST, PAYMENT_METHOD):
        if version.attributes.get(kind):
            blocking.release(_of_channel(version, kind), by=version.recorded_by)


def _of_channel(version: MappingVersion, kind: str) -> QuerySet[Blocker]:
    order = SoldOrder.objects.filter(link_id=OuterRef("job__link_id"), reference=OuterRef("job__key"))
    blockers = Blocker.objects.filter(case__brand_id=version.brand_id, case__mapping_kind=kind, released_at=None)
    if version.link_id is not None:
        blockers = blockers.filter(job__link_id=version.link_id)
    found = blockers.annotate(channel=Subquery(order.values("channel")[:1])).filter(channel=version.from_code)
    return Blocker.objects.filter(pk__in=found.values("pk"))
