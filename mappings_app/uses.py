"""Which records each version shaped, kept in bulk; told by the layer that knows the tries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection as database

from connectors import ports
from mappings_app.models import MappingUse, UseMark
from mappings_app.models.uses import RECORD_LENGTH

USED_LATELY = timedelta(days=30)
COUNT_CAP = 10_000
PRUNED_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True)
class Use:
    version_id: int
    record: str  # the engine's name of the record
    used_at: datetime


# In one order, so that two that keep the same uses queue up and do not deadlock. A version that no longer exists (or never
# did) is left out.
_KEEP = """
INSERT INTO mappings_app_mappinguse AS kept (version_id, record, used_at)
SELECT told.version_id, told.record, max(told.used_at)
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS told (version_id, record, used_at)
JOIN mappings_app_mappingversion version ON version.id = told.version_id
GROUP BY told.version_id, told.record
ORDER BY told.version_id, told.record
ON CONFLICT (version_id, record) DO UPDATE SET used_at = EXCLUDED.used_at WHERE EXCLUDED.used_at > kept.used_at
"""


def keep_uses(uses: Sequence[Use]) -> None:
    """One statement for any number."""
    if uses:
        columns = [one.version_id for one in uses], [one.record[:RECORD_LENGTH] for one in uses]
        with database.cursor() as cursor:
            cursor.execute(_KEEP, [*columns, [one.used_at for one in uses]])


_PRUNE = """
DELETE FROM mappings_app_mappinguse WHERE id IN (
    SELECT id FROM mappings_app_mappinguse WHERE used_at < %s ORDER BY used_at LIMIT %s FOR UPDATE SKIP LOCKED
)
"""


def prune_uses(*, keep_days: int) -> int:
    """Let go of uses older than that, PRUNED_AT_ONCE at most; 0 days keeps them for good. Returns how many went."""
    if keep_days <= 0:
        return 0
    with database.cursor() as cursor:
        cursor.execute(_PRUNE, [ports.now() - timedelta(days=keep_days), PRUNED_AT_ONCE])
        return int(cursor.rowcount)


def use_mark() -> UseMark | None:
    """How far tries are counted, its row locked until the transaction ends; None while somebody else holds it."""
    mark = UseMark.objects.select_for_update(skip_locked=True).first()
    if mark is None and not UseMark.objects.exists():
        UseMark.objects.bulk_create([UseMark(pk=True)], ignore_conflicts=True)
        mark = UseMark.objects.select_for_update(skip_locked=True).first()
    return mark


_COUNT = """
SELECT wanted.id, (
    SELECT count(*) FROM (
        SELECT 1 FROM mappings_app_mappinguse used
        WHERE used.version_id = wanted.id AND used.used_at >= %s LIMIT %s
    ) AS capped
)
FROM unnest(%s::bigint[]) AS wanted (id)
"""


def used_lately(version_ids: Sequence[int]) -> dict[int, int]:
    """How many records each version shaped in the last 30 days, counted up to COUNT_CAP + 1. One query."""
    if not version_ids:
        return {}
    with database.cursor() as cursor:
        cursor.execute(_COUNT, [ports.now() - USED_LATELY, COUNT_CAP + 1, list(version_ids)])
        return dict(cursor.fetchall())


def count_words(count: int) -> str:
    """ "37"; "more than 10,000"."""
    return f"more than {COUNT_CAP:,}" if count > COUNT_CAP else f"{count:,}"


def last_uses(version_id: int, *, at_most: int) -> list[MappingUse]:
    return list(MappingUse.objects.filter(version_id=version_id).order_by("-used_at", "-pk")[:at_most])
