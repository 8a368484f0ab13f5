"""The dry run of an import: what each row would do to the tables as they stand, kept row by row until a person confirms."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from django.db import transaction

from connectors import ports
from connectors.models import Brand, Connection, Link
from mappings_app.changing import EARLIEST, Meaning, said_already, tidy_attributes, tidy_label
from mappings_app.checking import Draft, draft_problems, not_listed_words, receivers_of
from mappings_app.columns import REPLACED, RETIRED, WantedRow
from mappings_app.kinds import Kind, Listed
from mappings_app.models import CURRENT, WRITTEN, ImportPlan, ImportRow, KnownCode, MappingVersion

Verdict = ImportRow.Verdict
COMPARED = (*WRITTEN, Verdict.UNCHANGED.value)
FORMER = "A former version: history is not imported."
BATCH = 1_000
OTHERS_NAMED = 5  # of the rows that contradict one
CodeKey: TypeAlias = tuple[int, str]  # link id (0: every channel), code
Standing: TypeAlias = Mapping[CodeKey, list[MappingVersion]]


@transaction.atomic
def make_plan(
    rows: Iterable[WantedRow],
    *,
    kind: Kind,
    brand: Brand,
    file_name: str,
    file_hash: str = "",
    notices: Sequence[str] = (),
    origin: str = ImportPlan.Origin.FILE,
    actor: str,
) -> ImportPlan:
    """Compare the rows with the tables and keep what each comes to. Nothing is mapped."""
    plan = ImportPlan(
        brand=brand,
        kind=kind.code,
        origin=origin,
        file_name=file_name[:200],
        file_hash=file_hash,
        notices=list(notices),
        made_by=actor,
    )
    found = compared(list(rows), kind=kind, brand=brand)
    plan.counts = _counts(found)
    plan.save()
    for row in found:
        row.plan = plan
    ImportRow.objects.bulk_create(found, batch_size=BATCH)
    return plan


@transaction.atomic
def make_plan_anew(plan: ImportPlan, *, differing: Iterable[int]) -> None:
    """Compare again what speaks of the codes that changed; `differing` are the numbers of the rows that come out otherwise."""
    numbers = set(differing)
    changed = plan.rows.filter(number__in=numbers).values("from_code")
    rows = plan.rows.filter(verdict__in=COMPARED, from_code__in=changed)
    plan.rows.filter(differs=True).update(differs=False)
    old = list(rows.select_related("link__source", "link__target").order_by("number"))
    fresh = {
        row.number: row for row in compared([_as_wanted(row) for row in old], kind=plan.kind_spec, brand=plan.brand)
    }
    for row in old:
        row.verdict, row.why = fresh[row.number].verdict, fresh[row.number].why or row.why
        row.standing, row.old_code = fresh[row.number].standing, fresh[row.number].old_code
        row.differs = row.number in numbers
    ImportRow.objects.bulk_update(old, ["verdict", "why", "standing", "old_code", "differs"], batch_size=BATCH)
    plan.counts, plan.planned_at = dict(Counter(plan.rows.values_list("verdict", flat=True))), ports.now()
    plan.save(update_fields=["counts", "planned_at"])


def _as_wanted(row: ImportRow) -> WantedRow:
    return WantedRow(
        number=row.number,
        from_code=row.from_code,
        to_code=row.to_code,
        link=row.link,
        from_label=row.from_label,
        to_label=row.to_label,
        attributes=row.attributes,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        status=RETIRED if row.retired else "counts",
        why=row.why,
    )


def _counts(rows: Sequence[ImportRow]) -> dict[str, int]:
    return dict(Counter(str(row.verdict) for row in rows))


def current_versions(kind: Kind, brand: Brand, codes: Iterable[str]) -> Standing:
    """The current versions of these codes in every scope, earliest business time first. One query."""
    rows = MappingVersion.objects.filter(CURRENT, kind=kind.code, brand=brand, from_code__in=set(codes))
    found: dict[CodeKey, list[MappingVersion]] = defaultdict(list)
    for version in sorted(rows, key=lambda one: one.valid_from or EARLIEST):
        found[version.link_id or 0, version.from_code].append(version)
    return found


def standing_ids(standing: Standing, key: CodeKey) -> list[int]:
    return sorted(version.pk for version in standing.get(key, ()))


# --- what each row comes to -------------------------------------------------------------------------------------------


def compared(rows: Sequence[WantedRow], *, kind: Kind, brand: Brand) -> list[ImportRow]:
    """What each row comes to, in the tables and beside the others."""
    found = compared_alone(rows, kind=kind, brand=brand)
    mark_repeats(found)
    return found


def compared_alone(rows: Sequence[WantedRow], *, kind: Kind, brand: Brand) -> list[ImportRow]:
    """What each row comes to, whatever the others say. A few queries."""
    standing = current_versions(kind, brand, (row.from_code for row in rows))
    lists = _Lists(kind, brand, {row.link for row in rows}, {row.to_code for row in rows})
    return [_Comparison(row, kind, brand, standing, lists).row() for row in rows]


class _Lists:
    """What the receiving sides list, read at once for all rows."""

    def __init__(self, kind: Kind, brand: Brand, links: Iterable[Link | None], codes: Iterable[str]) -> None:
        self.kind = kind
        self.receivers: dict[int, list[Connection]] = {
            link.pk if link else 0: receivers_of(brand, link, kind.to_side) for link in links
        }
        ids = {one.pk for receivers in self.receivers.values() for one in receivers}
        known = KnownCode.objects.filter(connection_id__in=ids, kind=kind.code, active=True)
        self.telling = set(known.values_list("connection_id", flat=True).distinct())
        wanted = known.filter(code__in=set(codes)).values_list("connection_id", "code", "label")
        self.labels = {(connection_id, code): label for connection_id, code, label in wanted}

    def warning(self, link: Link | None, code: str) -> str:
        """A sentence where lists were told and none has the code."""
        receivers = self.receivers[link.pk if link else 0]
        told = [one for one in receivers if one.pk in self.telling]
        if self.kind.listed is Listed.FREE or not told or any((one.pk, code) in self.labels for one in told):
            return ""
        return not_listed_words(receivers, code)

    def label(self, link: Link | None, code: str) -> str:
        receivers = self.receivers[link.pk if link else 0]
        return next((label for one in receivers if (label := self.labels.get((one.pk, code), ""))), "")


@dataclass(frozen=True)
class _Comparison:
    wanted: WantedRow
    kind: Kind
    brand: Brand
    standing: Standing
    lists: _Lists

    @property
    def key(self) -> CodeKey:
        return (self.wanted.link.pk if self.wanted.link else 0, self.wanted.from_code)

    def row(self) -> ImportRow:
        current = self.standing.get(self.key, [])
        meaning = self._meaning(current)
        verdict, why = self._verdict(meaning, current)
        wanted = self.wanted
        return ImportRow(
            number=wanted.number,
            verdict=verdict,
            why=why,
            link=wanted.link,
            from_code=wanted.from_code.replace("\x00", ""),
            to_code=meaning.to_code.replace("\x00", ""),
            from_label=meaning.from_label,
            to_label=meaning.to_label,
            attributes=dict(meaning.attributes),
            valid_from=wanted.valid_from if current else None,
            valid_to=wanted.valid_to,
            retired=wanted.status == RETIRED,
            old_code=self._old_code(current),
            standing=standing_ids(self.standing, self.key),
        )

    def _meaning(self, current: list[MappingVersion]) -> Meaning:
        """What the row says, completed by what stands: as saving one mapping completes it."""
        wanted = self.wanted
        if wanted.status == RETIRED:
            return Meaning(retired=True, from_label=tidy_label(wanted.from_label), attributes={})
        same = bool(current) and current[-1].to_code == wanted.to_code
        kept: Mapping[str, Any] = current[-1].attributes if same else {}
        attributes = tidy_attributes({**kept, **(wanted.attributes or {})}) or {}
        said = Meaning(
            to_code=wanted.to_code,
            from_label=tidy_label(wanted.from_label),
            to_label=tidy_label(wanted.to_label),
            attributes=attributes,
        ).completed_by(current)
        if said.to_label or same:
            return said
        return Meaning(
            to_code=said.to_code,
            from_label=said.from_label,
            to_label=tidy_label(self.lists.label(wanted.link, said.to_code)),
            attributes=attributes,
        )

    def _verdict(self, meaning: Meaning, current: list[MappingVersion]) -> tuple[str, str]:
        wanted = self.wanted
        if wanted.status == REPLACED:
            return Verdict.UNCHANGED, FORMER
        if problems := self._problems(meaning):
            return Verdict.WRONG, " ".join(problems)
        if self._stands(meaning, current):
            return Verdict.UNCHANGED, ""
        if wanted.status == RETIRED:
            return Verdict.WRONG, "A mapping is retired on its own page, with a reason."
        if wanted.valid_to:
            return Verdict.WRONG, "Leave “valid until” empty: a mapping holds until the next one begins."
        warning = self.lists.warning(wanted.link, meaning.to_code)
        if warning and self.kind.listed is Listed.MUST and not meaning.attributes.get("unlisted"):
            return Verdict.WRONG, warning
        counts = any(not version.retired for version in current)
        return (Verdict.CHANGED if counts else Verdict.NEW), " ".join(filter(None, [wanted.why, warning]))

    def _problems(self, meaning: Meaning) -> list[str]:
        wanted = self.wanted
        problems = list(wanted.problems)
        if wanted.status != RETIRED:
            draft = Draft(
                kind=self.kind,
                brand=self.brand,
                link=wanted.link,
                from_code=wanted.from_code,
                to_code=wanted.to_code,
                attributes=meaning.attributes,
            )
            problems += draft_problems(draft)
        return problems

    def _stands(self, meaning: Meaning, current: list[MappingVersion]) -> bool:
        wanted = self.wanted
        for version in current:
            if (version.valid_from, version.valid_to) == (wanted.valid_from, wanted.valid_to) and _agree(
                version, wanted
            ):
                return True
        return wanted.valid_to is None and said_already(meaning, current, since=wanted.valid_from) is not None

    def _old_code(self, current: list[MappingVersion]) -> str:
        at = self.wanted.valid_from or ports.now()
        return next((version.to_code for version in current if version.holds_at(at)), "")


def _agree(version: MappingVersion, wanted: WantedRow) -> bool:
    """Whether the version says what the row says; what the row leaves out is no difference."""
    if version.retired or wanted.status == RETIRED:
        return version.retired and wanted.status == RETIRED
    return (
        version.to_code == wanted.to_code
        and tidy_attributes({**version.attributes, **(wanted.attributes or {})}) == dict(version.attributes)
        and tidy_label(wanted.from_label) in ("", tidy_label(version.from_label))
        and tidy_label(wanted.to_label) in ("", tidy_label(version.to_label))
    )


# --- the file against itself ------------------------------------------------------------------------------------------


def mark_repeats(rows: Sequence[ImportRow]) -> None:
    """Rows that say the same twice, and rows that contradict each other: of those, none is taken."""
    same_key: dict[CodeKey, list[ImportRow]] = defaultdict(list)
    for row in rows:
        if row.verdict in COMPARED and row.why != FORMER:
            same_key[row.link_id or 0, row.from_code].append(row)
    for group in same_key.values():
        if len(group) > 1:
            _mark_group(group)


def _mark_group(group: Sequence[ImportRow]) -> None:
    first: dict[Any, ImportRow] = {}
    for row in group:
        said = (
            row.to_code,
            row.from_label,
            row.to_label,
            tuple(sorted(row.attributes.items())),
            row.valid_from,
            row.valid_to,
        )
        earlier = first.setdefault(said, row)
        if earlier is not row:
            row.verdict, row.why = Verdict.DUPLICATE, f"Says the same as row {earlier.number}."
    different = list(first.values())
    written = [row for row in different if row.verdict in WRITTEN]
    clash = {row.valid_from for row in different}
    if len(written) > 1 or (written and len(clash) < len(different)):
        for row in different:
            row.verdict, row.why = Verdict.CONFLICT, _conflict_words(row, different)


def _conflict_words(row: ImportRow, different: Sequence[ImportRow]) -> str:
    others = [str(one.number) for one in islice((one for one in different if one is not row), OTHERS_NAMED)]
    more = len(different) - 1 - len(others)
    if len(others) == 1:
        return f"Row {others[0]} says something else about the same code."
    last = f" and {more} more" if more else ""
    return f"Rows {', '.join(others)}{last} say something else about the same code."
