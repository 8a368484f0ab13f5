"""Saving, retiring and rolling back mappings: each is one change, written with its audit entry in one transaction.

The current versions of a key always cover all of business time, from the first one's −∞ on. A change supersedes the
versions it touches and writes new ones; `change` and `superseded_in` keep what belongs together, so that rolling back
restores exactly what stood before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from connectors import ports
from connectors.models import Brand, Link
from mappings_app.changing import EARLIEST, Change, Key, Meaning, Step, tidy_attributes, tidy_label
from mappings_app.checking import Draft, check_draft, check_listed
from mappings_app.errors import RefusedMappingError
from mappings_app.kinds import kind_named
from mappings_app.models import CURRENT, MappingVersion
from mappings_app.signals import mapping_saved


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
    given = tidy_attributes(attributes)
    draft = Draft(
        kind=kind_named(kind),
        brand=brand,
        link=link,
        from_code=from_code,
        to_code=to_code.strip(),
        attributes=given or {},
    )
    key = Key(kind=draft.kind, brand=brand, link=link, from_code=from_code)
    check_draft(draft)
    with transaction.atomic():
        key.lock()
        current = key.current()
        if given is None and current and current[-1].to_code == draft.to_code:
            draft = replace(draft, attributes=current[-1].attributes)
        check_listed(draft)
        meaning = Meaning(
            to_code=draft.to_code,
            from_label=tidy_label(from_label),
            to_label=tidy_label(to_label),
            attributes=draft.attributes,
        )
        change = Change(key=key, action="mapping.saved", actor=actor, reason=reason)
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
    key = Key.of(version)
    with transaction.atomic():
        key.lock()
        change = Change(key=key, action="mapping.retired", actor=actor, reason=reason)
        meaning = Meaning(retired=True, from_label=version.from_label, attributes={})
        return change.put(meaning, key.current(), effective_from=effective_from)


def roll_back(version: MappingVersion, *, actor: str, reason: str) -> MappingVersion:
    """Undo the change that wrote this version: what it replaced comes back, as new versions. Returns the one for now.

    Raises RefusedMappingError when the code was changed again since, or when this was the first thing said about it.
    """
    key = Key.of(version)
    with transaction.atomic():
        key.lock()
        if version.change != key.latest_change():
            raise RefusedMappingError(["It was changed again since. Undo the newest change first."])
        replaced = list(key.versions().filter(superseded_in=version.change).order_by("pk"))
        if not replaced:
            raise RefusedMappingError(
                ["This was its first mapping; there is nothing to go back to. Retire it instead."]
            )
        change = Change(key=key, action="mapping.rolled_back", actor=actor, reason=reason)
        restored = change.write(change.swap(list(key.versions().filter(CURRENT, change=version.change)), replaced))
        _announce(restored)
    return _in_force_now(restored)


def restore(version: MappingVersion, *, actor: str, reason: str) -> MappingVersion:
    """Let the code mean again what it meant when this version was recorded, whatever was changed since, as new versions.

    Returns the one for now. Raises RefusedMappingError when that is what counts already.
    """
    key = Key.of(version)
    with transaction.atomic():
        key.lock()
        change = Change(key=key, action="mapping.rolled_back", actor=actor, reason=reason)
        restored = change.write(_step_back(change, version))
        _announce(restored)
    return _in_force_now(restored)


def touched_by_restoring(version: MappingVersion) -> Sequence[MappingVersion]:
    """The versions that restoring this one would supersede. Raises RefusedMappingError as restoring would."""
    change = Change(key=Key.of(version), action="mapping.rolled_back", actor="", reason="")
    return _step_back(change, version).superseded


def _step_back(change: Change, version: MappingVersion) -> Step:
    """Current versions that stood then already stay; the others give way to those that stood then."""
    story = list(change.key.versions().order_by("pk"))
    last_of: dict[str, int] = {one.change: one.pk for one in story}  # the last version of each change
    until = last_of[version.change]
    then = [one for one in story if one.pk <= until and not last_of.get(one.superseded_in, until + 1) <= until]
    removed = [one for one in story if one.current and one not in then]
    back = sorted((one for one in then if not one.current), key=lambda one: one.valid_from or EARLIEST)
    if not back:
        raise RefusedMappingError(["This is what counts already."])
    return change.swap(removed, back)


def change_scope(version: MappingVersion, *, link: Link | None, actor: str, reason: str) -> MappingVersion:
    """Let a meaning count for another channel, or (no link) for every channel, and no longer where it counted.

    Two changes in one transaction: what it means now is saved there, and retired here. Raises RefusedMappingError when the
    code means something else there already, or the version does not count now.
    """
    current = Key.of(version).current()
    standing = next((one for one in current if one.holds_at(ports.now())), None)
    if standing is None or standing.retired:
        raise RefusedMappingError(["It means nothing now; there is nothing to move."])
    there = Key(kind=version.kind_spec, brand=version.brand, link=link, from_code=version.from_code)
    with transaction.atomic():
        for key in sorted((Key.of(version), there), key=lambda one: one.link.pk if one.link else 0):
            key.lock()
        for other in there.current():
            if not other.retired and other.to_code != standing.to_code:
                where = f"only {link}" if link else "every channel"
                raise RefusedMappingError(
                    [f"For {where} it means {other.to_code} already. Change or retire that first."]
                )
        moved = save_mapping(
            kind=version.kind,
            brand=version.brand,
            link=link,
            from_code=version.from_code,
            to_code=standing.to_code,
            from_label=standing.from_label,
            to_label=standing.to_label,
            attributes=standing.attributes,
            actor=actor,
            reason=reason,
        )
        retire_mapping(standing, actor=actor, reason=reason)
    return moved


def _announce(versions: Sequence[MappingVersion]) -> None:
    for version in versions:
        if not version.retired:
            mapping_saved.send(sender=MappingVersion, version=version)


def _in_force_now(versions: Sequence[MappingVersion]) -> MappingVersion:
    now = ports.now()
    return next((one for one in versions if one.holds_at(now)), versions[0])
