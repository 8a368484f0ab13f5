"""Links on which SKUs are spelled alike: a SKU of one side means the same SKU of the other, once both sides have it.

What that comes to is written as ordinary mapping versions of the link, so that orders, the stock ledger and whatever waits
follow them as they follow those that people make; and people change or retire one like any other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection as database
from django.db import transaction

from connectors.models import Link, record_audit
from mappings_app.changing import Change, Key, Meaning, Step, lock_table, write_steps
from mappings_app.kinds import kind_named
from mappings_app.models import MappingVersion
from mappings_app.signals import mappings_imported

HUB = "the hub"
REASON = "Spelled alike"
AT_ONCE = 2_000
NAMED = 50

# Codes the target lists, that the source sold, offers or lists too, and that nobody has said anything about: a mapping that
# a person retired says something.
_ALIKE = """
SELECT known.code, known.label, COALESCE(seen.label, '')
FROM mappings_app_knowncode known
LEFT JOIN mappings_app_seencode seen ON seen.link_id = %(link)s AND seen.kind = 'sku' AND seen.code = known.code
WHERE known.connection_id = %(target)s AND known.kind = 'sku' AND known.active AND known.code > %(after)s
  AND (%(codes)s::text[] IS NULL OR known.code = ANY(%(codes)s::text[]))
  AND (%(codes)s::text[] IS NOT NULL OR seen.id IS NOT NULL OR EXISTS (
    SELECT 1 FROM mappings_app_knowncode own
    WHERE own.connection_id = %(source)s AND own.kind = 'sku' AND own.active AND own.code = known.code))
  AND NOT EXISTS (
    SELECT 1 FROM mappings_app_mappingversion said
    WHERE said.kind = 'sku' AND said.brand_id = %(brand)s AND said.from_code = known.code AND said.superseded_at IS NULL
      AND (said.link_id = %(link)s OR (said.link_id IS NULL AND NOT %(own_only)s)))
ORDER BY known.code LIMIT %(rows)s
"""


@dataclass(frozen=True)
class _Alike:
    code: str
    to_label: str
    from_label: str


def map_equal(link: Link, codes: Iterable[str] | None = None, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Write the mappings of SKUs that are spelled alike, of these codes or of all. Returns how many; releases what waits.

    Codes that are named need not have been seen: a record carries them. Does nothing for a link that is not so. What is left
    when `go_on` says no comes with the next call.
    """
    if not link.equal_skus:
        return 0
    wanted = None if codes is None else sorted(set(codes))
    count, after = 0, ""
    while True:
        with transaction.atomic():
            lock_table(kind_named("sku"), link.brand)
            found = _alike(link, wanted, after=after)
            _write(link, found)
        count += len(found)
        if len(found) < AT_ONCE or not go_on():
            return count
        after = found[-1].code


def _alike(link: Link, codes: Sequence[str] | None, *, after: str) -> list[_Alike]:
    values = {
        "link": link.pk,
        "brand": link.brand_id,
        "source": link.source_id,
        "target": link.target_id,
        "own_only": link.own_mappings_only,
        "codes": None if codes is None else list(codes),
        "after": after,
        "rows": AT_ONCE,
    }
    with database.cursor() as cursor:
        cursor.execute(_ALIKE, values)
        return [_Alike(*row) for row in cursor.fetchall()]


def _write(link: Link, found: Sequence[_Alike]) -> None:
    if not found:
        return
    change = write_steps([_step(link, one) for one in found])
    told = {"change": change, "codes": [one.code for one in found[:NAMED]], "mappings": len(found)}
    record_audit(actor=HUB, action="mapping.spelled_alike", subject=link, brand=link.brand, after=told, reason=REASON)
    pairs = [(one.code, link.pk) for one in found]
    mappings_imported.send(sender=MappingVersion, brand=link.brand, kind="sku", codes=pairs, by=HUB)


def _step(link: Link, one: _Alike) -> Step:
    key = Key(kind=kind_named("sku"), brand=link.brand, link=link, from_code=one.code)
    meaning = Meaning(to_code=one.code, from_label=one.from_label, to_label=one.to_label, attributes={})
    return Change(key=key, action="", actor=HUB, reason=REASON).step(meaning, [], effective_from=None)
