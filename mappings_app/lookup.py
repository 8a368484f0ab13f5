"""Looking codes up: which version speaks for a code, on a link, at a business time.

Replay means today's knowledge at the record's business time: among the versions that are current now, the one whose
business time holds the record's. A link's own mapping goes before the brand's default. Where a person asks for what was
believed at an earlier moment (`known_at`), the versions of then go before; a code that had none then has today's.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import Q

from connectors.canonical.errors import MappingError, MissingMapping
from connectors.models import Link
from mappings_app.checking import can_be_mapped
from mappings_app.codes import CodeItem
from mappings_app.kinds import kind_named
from mappings_app.models import CURRENT, MappingVersion

_FIELDS = [field.attname for field in MappingVersion._meta.concrete_fields]
_ATTRIBUTES = _FIELDS.index("attributes")
# Stands in the path of every order, so it is not put together anew each time.
_LOAD = f"""
SELECT {", ".join(f"v.{name}" for name in _FIELDS)}
FROM mappings_app_mappingversion v
JOIN unnest(%s::text[], %s::text[]) AS wanted (kind, code) ON v.kind = wanted.kind AND v.from_code = wanted.code
WHERE v.brand_id = %s AND v.superseded_at IS NULL AND NOT v.retired AND (v.link_id = %s OR (v.link_id IS NULL AND NOT %s))
"""  # noqa: S608  our own names
_LOAD_THEN_TOO = _LOAD.replace(
    "v.superseded_at IS NULL", "(v.superseded_at IS NULL OR (v.recorded_at <= %s AND v.superseded_at > %s))"
)


def _version(row: Sequence[Any]) -> MappingVersion:
    values = list(row)
    values[_ATTRIBUTES] = json.loads(values[_ATTRIBUTES])
    return MappingVersion.from_db(database.alias, _FIELDS, values)


def counting_for(link: Link) -> Q:
    """Versions that may speak on this link: its own, and the brand's where those count here."""
    own = Q(link=link)
    return own if link.own_mappings_only else own | Q(link__isnull=True)


class VersionTable:
    """The current versions of some codes, read at once; answers for any business time.

    With `known_at` also those that were current at that moment: they answer first.
    """

    def __init__(self, versions: Iterable[MappingVersion], *, known_at: datetime | None = None) -> None:
        self.known_at = known_at
        self._by_code: dict[tuple[str, str], list[MappingVersion]] = {}
        for version in versions:
            self._by_code.setdefault((version.kind, version.from_code), []).append(version)

    @classmethod
    def load(
        cls, link: Link, codes: Mapping[str, Iterable[str]], *, known_at: datetime | None = None
    ) -> "VersionTable":
        """One query for any number of codes of any number of kinds; none for no codes."""
        wanted = {
            (kind_named(kind).code, code) for kind, given in codes.items() for code in given if can_be_mapped(code)
        }
        if not wanted:
            return cls((), known_at=known_at)
        kinds, from_codes = zip(*wanted, strict=True)
        then = [] if known_at is None else [known_at, known_at]
        own_only = link.own_mappings_only
        with database.cursor() as cursor:
            cursor.execute(
                _LOAD_THEN_TOO if then else _LOAD,
                [list(kinds), list(from_codes), link.brand_id, *then, link.pk, own_only],
            )
            return cls(map(_version, cursor.fetchall()), known_at=known_at)

    def at(self, kind: str, code: str, at: datetime) -> MappingVersion | None:
        holding = [version for version in self._by_code.get((kind, code), ()) if version.holds_at(at)]
        if self.known_at is not None:
            then = [version for version in holding if version.known_at(self.known_at)]
            holding = then or [version for version in holding if version.current]
        # At most one of the link and one of the brand holds at any time: the exclusion constraint sees to it.
        return max(holding, key=lambda version: version.link_id is not None, default=None)


class Resolver:
    """Finds codes for one link at one business time, and remembers what it used and what it missed."""

    def __init__(self, link: Link, at: datetime, *, table: VersionTable | None = None) -> None:
        self.link = link
        self.at = at
        self._table = table
        self._used: dict[int, None] = {}
        self._missing: dict[tuple[str, str], MissingMapping] = {}

    def find(self, kind: str, codes: Iterable[str | CodeItem]) -> dict[str, MappingVersion]:
        """Return the version for each code that has one, in one query (none with a table); the rest is `missing`."""
        items = [CodeItem(code=code) if isinstance(code, str) else code for code in codes]
        table = self._table or VersionTable.load(self.link, {kind: [item.code for item in items]})
        found: dict[str, MappingVersion] = {}
        for item in items:
            if version := table.at(kind_named(kind).code, item.code, self.at):
                found[item.code] = version
                self._used[version.pk] = None
            else:
                self._miss(kind, item)
        return found

    def find_optional(self, kind: str, code: str) -> MappingVersion | None:
        """Return the version for the code, or None without calling it missing."""
        table = self._table or VersionTable.load(self.link, {kind: [code]})
        version = table.at(kind_named(kind).code, code, self.at)
        if version:
            self._used[version.pk] = None
        return version

    def find_unless_empty(self, kind: str, item: CodeItem) -> MappingVersion | None:
        """As `find` for one code; an empty code need not be mapped."""
        return self.find(kind, [item]).get(item.code) if item.code else self.find_optional(kind, "")

    @property
    def missing(self) -> tuple[MissingMapping, ...]:
        return tuple(self._missing.values())

    @property
    def version_ids(self) -> tuple[int, ...]:
        return tuple(self._used)

    def require_all(self) -> None:
        """Raise MappingError naming every code that was missed."""
        if self._missing:
            raise MappingError(self.missing)

    def _miss(self, kind: str, item: CodeItem) -> None:
        told = MissingMapping(kind=kind, code=item.code, label=item.label, gtin=item.gtin)
        known = self._missing.setdefault((kind, item.code), told)
        if not known.label or not known.gtin:
            self._missing[kind, item.code] = replace(
                known, label=known.label or item.label, gtin=known.gtin or item.gtin
            )


def sources_of(
    link: Link, kind: str, to_codes: Iterable[str], *, at: datetime
) -> dict[str, tuple[MappingVersion, ...]]:
    """The way back: for each target code, the versions that lead to it on this link (several SKUs may be one of ours).

    Two queries for any number of codes. A brand default whose code the link maps elsewhere does not count.
    """
    found: dict[str, tuple[MappingVersion, ...]] = dict.fromkeys(to_codes, ())
    leading = MappingVersion.objects.filter(
        CURRENT, counting_for(link), brand_id=link.brand_id, kind=kind_named(kind).code, to_code__in=list(found)
    )
    from_codes = set(leading.values_list("from_code", flat=True))
    table = VersionTable.load(link, {kind: from_codes})
    for from_code in sorted(from_codes):
        version = table.at(kind, from_code, at)
        if version and version.to_code in found:
            found[version.to_code] += (version,)
    return found
