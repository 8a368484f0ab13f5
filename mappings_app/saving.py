"""Saving, retiring and rolling back mappings: each is one change, written with its audit entry in one transaction.

The current versions of a key always cover all of business time, from the first one's −∞ on. A change supersedes the
versions it touches and writes new ones; `change` and `superseded_in` keep what belongs together, so that rolling back
restores exactly what stood before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet

from connectors import ports
from connectors.models import Brand, Link, record_audit
from mappings_app.checking import Draft, check_draft, check_listed
from mappings_app.errors import RefusedMappingError
from mappings_app.kinds import Kind, kind_named
from mappings_app.models import CURRENT, LABEL_LENGTH, MappingVersion
from mappings_app.signals import mapping_saved

REASON_LENGTH = 500
_EARLIEST = datetime.min.replace(tzinfo=UTC)


def save_mapping(
    *,
    kind: str,
    brand: Brand,
    link: Link | None = None,
    from_code: str,
    to_code: str,
    from_label: str = "",
    to_label: str = "",
    attributes: Mapping[str, Any] | None = None,
    effective_from: datetime | None = None,
    actor: str,
    reason: str = "",
) -> MappingVersion:
    """Say what a code means: for all time, or from `effective_from` (aware) on. Returns the version that says so.

    Without a link it is the brand's default; a link's own mapping goes before it. The first version of a key starts at
    −∞ whatever was asked, so that it covers the records that already wait. Saving what stands already writes nothing
    and returns what stands; `mapping_saved` is sent all the same. Where `to_code` stays as it was, labels left empty
    and attributes left None stay too.
    Raises RefusedMappingError naming everything that is wrong; nothing is written then.
    """
    given = _tidy_attributes(attributes)
    draft = Draft(
        kind=kind_named(kind),
        brand=brand,
        link=link,
        from_code=from_code,
        to_code=to_code.strip(),
        attributes=given or {},
    )
    key = _Key(kind=draft.kind, brand=brand, link=link, from_code=from_code)
    check_draft(draft)
    with transaction.atomic():
        key.lock()
        current = key.current()
        if given is None and current and current[-1].to_code == draft.to_code:
            draft = replace(draft, attributes=current[-1].attributes)
        check_listed(draft)
        meaning = _Meaning(
            to_code=draft.to_code,
            from_label=_tidy_label(from_label),
            to_label=_tidy_label(to_label),
            attributes=draft.attributes,
        )
        change = _Change(key=key, action="mapping.saved", actor=actor, reason=reason)
        version = change.put(meaning.completed_by(current), current, effective_from=effective_from if current else None)
        mapping_saved.send(sender=MappingVersion, version=version)
    return version


def retire_mapping(
    version: MappingVersion, *, actor: str, reason: str, effective_from: datetime | None = None
) -> MappingVersion:
    """Let the version's code mean nothing any more: for all time, or from `effective_from` (aware) on.

    Returns the version that says so. A link's code that is retired falls back to the brand's default. Records that
    carry an unmapped code wait for a person; nothing that was done already changes.
    """
    key = _Key.of(version)
    with transaction.atomic():
        key.lock()
        change = _Change(key=key, action="mapping.retired", actor=actor, reason=reason)
        meaning = _Meaning(retired=True, from_label=version.from_label, attributes={})
        return change.put(meaning, key.current(), effective_from=effective_from)


def roll_back(version: MappingVersion, *, actor: str, reason: str) -> MappingVersion:
    """Undo the change that wrote this version: what it replaced comes back, as new versions. Returns the one for now.

    Raises RefusedMappingError when the code was changed again since, or when this was the first thing said about it.
    """
    key = _Key.of(version)
    with transaction.atomic():
        key.lock()
        if version.change != key.latest_change():
            raise RefusedMappingError(["It was changed again since. Undo the newest change first."])
        replaced = list(key.versions().filter(superseded_in=version.change).order_by("pk"))
        if not replaced:
            raise RefusedMappingError(
                ["This was its first mapping; there is nothing to go back to. Retire it instead."]
            )
        change = _Change(key=key, action="mapping.rolled_back", actor=actor, reason=reason)
        restored = change.swap(list(key.versions().filter(CURRENT, change=version.change)), replaced)
        for one in restored:
            if not one.retired:
                mapping_saved.send(sender=MappingVersion, version=one)
    now = ports.now()
    return next((one for one in restored if one.holds_at(now)), restored[0])


@dataclass(frozen=True, kw_only=True)
class _Key:
    """What no two current versions may speak of at the same business time."""

    kind: Kind
    brand: Brand
    link: Link | None
    from_code: str

    @classmethod
    def of(cls, version: MappingVersion) -> "_Key":
        return cls(kind=version.kind_spec, brand=version.brand, link=version.link, from_code=version.from_code)

    def lock(self) -> None:
        """Let one change of this key through at a time. Not a row lock: a first version has no row yet."""
        name = f"mapping|{self.kind.code}|{self.brand.pk}|{self.link.pk if self.link else 0}|{self.from_code}"
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])

    def versions(self) -> QuerySet[MappingVersion]:
        return MappingVersion.objects.filter(
            kind=self.kind.code, brand=self.brand, link=self.link, from_code=self.from_code
        )

    def current(self) -> list[MappingVersion]:
        """Current versions, earliest business time first."""
        return sorted(self.versions().filter(CURRENT), key=lambda version: version.valid_from or _EARLIEST)

    def latest_change(self) -> str:
        return self.versions().order_by("-pk").values_list("change", flat=True)[0]


@dataclass(frozen=True, kw_only=True)
class _Meaning:
    """What a version says, apart from when."""

    to_code: str = ""
    from_label: str = ""
    to_label: str = ""
    attributes: Mapping[str, Any]
    retired: bool = False

    @classmethod
    def of(cls, version: MappingVersion) -> "_Meaning":
        return cls(
            to_code=version.to_code,
            from_label=version.from_label,
            to_label=version.to_label,
            attributes=version.attributes,
            retired=version.retired,
        )

    def completed_by(self, current: list[MappingVersion]) -> "_Meaning":
        """With the labels that the version in force has and this one leaves out."""
        if not current:
            return self
        standing = current[-1]
        to_label = self.to_label or (standing.to_label if standing.to_code == self.to_code else "")
        return replace(self, from_label=self.from_label or standing.from_label, to_label=to_label)


@dataclass(frozen=True, kw_only=True)
class _Change:
    key: _Key
    action: str
    actor: str
    reason: str

    def put(
        self, meaning: _Meaning, current: list[MappingVersion], *, effective_from: datetime | None
    ) -> MappingVersion:
        """Write that the key means this from then on, and return the version that says so."""
        if effective_from is not None and effective_from.tzinfo is None:
            raise ValueError("A mapping changes at an aware time.")
        if standing := _said_already(meaning, current, since=effective_from):
            return standing
        touched = [version for version in current if _reaches(version, effective_from)]
        told = [self._version(meaning, valid_from=effective_from)]
        if effective_from and touched and (touched[0].valid_from or _EARLIEST) < effective_from:
            cut = touched[0]
            told.insert(0, self._version(_Meaning.of(cut), valid_from=cut.valid_from, valid_to=effective_from))
        return self._write(touched, told)[-1]

    def swap(self, removed: list[MappingVersion], replaced: Iterable[MappingVersion]) -> list[MappingVersion]:
        """Write that what was replaced holds again instead of what is removed."""
        told = [self._version(_Meaning.of(old), valid_from=old.valid_from, valid_to=old.valid_to) for old in replaced]
        return self._write(removed, told)

    def _version(
        self, meaning: _Meaning, *, valid_from: datetime | None, valid_to: datetime | None = None
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

    def _write(self, superseded: list[MappingVersion], told: list[MappingVersion]) -> list[MappingVersion]:
        now, change = ports.now(), ports.new_id()
        MappingVersion.objects.filter(pk__in=[version.pk for version in superseded]).update(
            superseded_at=now, superseded_in=change
        )
        for version in told:
            version.recorded_at, version.change = now, change
            version.save(force_insert=True)
        record_audit(
            actor=self.actor,
            action=self.action,
            subject=told[-1],
            brand=self.key.brand,
            before={"versions": [version.told() for version in superseded]},
            after={"versions": [version.told() for version in told]},
            reason=self.reason[:REASON_LENGTH],
        )
        return told


def _said_already(meaning: _Meaning, current: list[MappingVersion], *, since: datetime | None) -> MappingVersion | None:
    """The version that says this already for all of the time asked for, if there is one."""
    if not current:
        return None
    last = current[-1]
    covers = last.valid_from is None or (since is not None and last.valid_from <= since)
    return last if covers and _Meaning.of(last) == meaning else None


def _reaches(version: MappingVersion, since: datetime | None) -> bool:
    return since is None or version.valid_to is None or version.valid_to > since


def _tidy_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if attributes is None:
        return None
    tidy = {name: value.strip() if isinstance(value, str) else value for name, value in attributes.items()}
    return {name: value for name, value in tidy.items() if value not in ("", False, None)}


def _tidy_label(label: str) -> str:
    return " ".join(label.split()).replace("\x00", "")[:LABEL_LENGTH]
