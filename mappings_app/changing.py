"""One change of one code's meaning: which versions it supersedes and which it writes, and writing them.

Computing and writing are apart, so that an import computes thousands of changes and writes them at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import connection as database
from django.db.models import QuerySet

from connectors import ports
from connectors.models import Brand, Link, record_audit
from mappings_app.checking import has_control_characters
from mappings_app.kinds import Kind
from mappings_app.models import CURRENT, LABEL_LENGTH, MappingVersion

REASON_LENGTH = 500
_BATCH = 1_000
EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a change does to one key."""

    superseded: Sequence[MappingVersion]
    told: Sequence[MappingVersion]  # not saved yet; the last one says what was asked for


def lock_table(kind: Kind, brand: Brand) -> None:
    """Hold up every other change of the brand's table until the transaction ends: for what changes thousands of codes.

    One lock rather than one for each code: the database's lock table holds only some thousands.
    """
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_table_name(kind, brand)])


def _table_name(kind: Kind, brand: Brand) -> str:
    return f"mappings|{kind.code}|{brand.pk}"


@dataclass(frozen=True, kw_only=True)
class Key:
    """What no two current versions may speak of at the same business time."""

    kind: Kind
    brand: Brand
    link: Link | None
    from_code: str

    @classmethod
    def of(cls, version: MappingVersion) -> "Key":
        return cls(kind=version.kind_spec, brand=version.brand, link=version.link, from_code=version.from_code)

    def lock(self) -> None:
        """Let one change of this key through at a time. Not a row lock: a first version has no row yet."""
        name = f"mapping|{self.kind.code}|{self.brand.pk}|{self.link.pk if self.link else 0}|{self.from_code}"
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0)),"
                " pg_advisory_xact_lock(hashtextextended(%s, 0))",
                [_table_name(self.kind, self.brand), name],
            )

    def versions(self) -> QuerySet[MappingVersion]:
        return MappingVersion.objects.filter(
            kind=self.kind.code, brand=self.brand, link=self.link, from_code=self.from_code
        )

    def current(self) -> list[MappingVersion]:
        """Current versions, earliest business time first."""
        return sorted(self.versions().filter(CURRENT), key=lambda version: version.valid_from or EARLIEST)

    def latest_change(self) -> str:
        return self.versions().order_by("-pk").values_list("change", flat=True)[0]


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a version says, apart from when."""

    to_code: str = ""
    from_label: str = ""
    to_label: str = ""
    attributes: Mapping[str, Any]
    retired: bool = False

    @classmethod
    def of(cls, version: MappingVersion) -> "Meaning":
        return cls(
            to_code=version.to_code,
            from_label=version.from_label,
            to_label=version.to_label,
            attributes=version.attributes,
            retired=version.retired,
        )

    def completed_by(self, current: list[MappingVersion]) -> "Meaning":
        """With the labels that the version in force has and this one leaves out."""
        if not current:
            return self
        standing = current[-1]
        to_label = self.to_label or (standing.to_label if standing.to_code == self.to_code else "")
        return replace(self, from_label=self.from_label or standing.from_label, to_label=to_label)


@dataclass(frozen=True, kw_only=True)
class Change:
    key: Key
    action: str
    actor: str
    reason: str

    def put(
        self, meaning: Meaning, current: list[MappingVersion], *, effective_from: datetime | None
    ) -> MappingVersion:
        """Write that the key means this from then on, and return the version that says so."""
        if standing := said_already(meaning, current, since=effective_from):
            return standing
        return self.write(self.step(meaning, current, effective_from=effective_from))[-1]

    def step(self, meaning: Meaning, current: list[MappingVersion], *, effective_from: datetime | None) -> Step:
        """What it takes that the key means this from then on. Writes nothing."""
        if effective_from is not None and effective_from.tzinfo is None:
            raise ValueError("A mapping changes at an aware time.")
        touched = [version for version in current if _reaches(version, effective_from)]
        told = [self._version(meaning, valid_from=effective_from)]
        if effective_from and touched and (touched[0].valid_from or EARLIEST) < effective_from:
            cut = touched[0]
            told.insert(0, self._version(Meaning.of(cut), valid_from=cut.valid_from, valid_to=effective_from))
        return Step(superseded=touched, told=told)

    def swap(self, removed: Sequence[MappingVersion], replaced: Iterable[MappingVersion]) -> Step:
        """What it takes that what was replaced holds again instead of what is removed. Writes nothing."""
        told = [self._version(Meaning.of(old), valid_from=old.valid_from, valid_to=old.valid_to) for old in replaced]
        return Step(superseded=removed, told=told)

    def _version(
        self, meaning: Meaning, *, valid_from: datetime | None, valid_to: datetime | None = None
    ) -> MappingVersion:
        return MappingVersion(
            kind=self.key.kind.code,
            brand=self.key.brand,
            link=self.key.link,
            from_code=self.key.from_code,
            to_code=meaning.to_code,
            from_label=meaning.from_label,
            to_label=meaning.to_label,
            attributes=dict(meaning.attributes),
            retired=meaning.retired,
            valid_from=valid_from,
            valid_to=valid_to,
            recorded_by=self.actor,
            reason=self.reason[:REASON_LENGTH],
        )

    def write(self, step: Step) -> Sequence[MappingVersion]:
        """Write it with its audit entry; returns the versions that were told."""
        now, change = ports.now(), ports.new_id()
        MappingVersion.objects.filter(pk__in=[version.pk for version in step.superseded]).update(
            superseded_at=now, superseded_in=change
        )
        for version in step.told:
            version.recorded_at, version.change = now, change
            version.save(force_insert=True)
        record_audit(
            actor=self.actor,
            action=self.action,
            subject=step.told[-1],
            brand=self.key.brand,
            before={"versions": [version.told() for version in step.superseded]},
            after={"versions": [version.told() for version in step.told]},
            reason=self.reason[:REASON_LENGTH],
        )
        return step.told


def write_steps(steps: Sequence[Step], *, change: str = "") -> str:
    """Write many changes as one, in two statements and some, without an audit entry. Returns the change's name."""
    now, change = ports.now(), change or ports.new_id()
    superseded = [version.pk for step in steps for version in step.superseded]
    MappingVersion.objects.filter(pk__in=superseded).update(superseded_at=now, superseded_in=change)
    told = [version for step in steps for version in step.told]
    for version in told:
        version.recorded_at, version.change = now, change
    MappingVersion.objects.bulk_create(told, batch_size=_BATCH)
    return change


def said_already(meaning: Meaning, current: list[MappingVersion], *, since: datetime | None) -> MappingVersion | None:
    """The version that says this already for all of the time asked for, if there is one."""
    if not current:
        return None
    last = current[-1]
    covers = last.valid_from is None or (since is not None and last.valid_from <= since)
    return last if covers and Meaning.of(last) == meaning else None


def _reaches(version: MappingVersion, since: datetime | None) -> bool:
    return since is None or version.valid_to is None or version.valid_to > since


def tidy_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if attributes is None:
        return None
    tidy = {name: value.strip() if isinstance(value, str) else value for name, value in attributes.items()}
    return {name: value for name, value in tidy.items() if value not in ("", False, None)}


def tidy_label(label: str) -> str:
    seen = "".join(letter for letter in label if letter.isspace() or not has_control_characters(letter))
    return " ".join(seen.split())[:LABEL_LENGTH]
