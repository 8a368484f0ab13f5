"""Corrections of documents: values a person put in the place of what arrived, laid over it each time it is read.

The bytes that arrived stay untouched. A change counts while the platform still says what it said when the change was made;
once a later version says something else at that place, the change lapses, and people are told. A member of a list is found
again by its own identifier, not by its place: a line that moved is still the same line.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from django.db import transaction

from connectors.base import Record
from connectors.models import record_audit
from integrationhub.sync import inbox
from integrationhub.sync.models import Correction, Document

RULE = "the hub"


class _Missing:
    """The platform sent no such field; different from null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, kw_only=True)
class Item:
    """A member of a list: the one whose `name` is `value`; where members have no identifier, the one at this place."""

    at: int
    name: str = ""
    value: Any = None


Path: TypeAlias = tuple[str | Item, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One value of a platform's document: what it said, and what counts instead. Both are JSON scalars, `old` or MISSING."""

    path: Path
    old: Any
    new: Any

    @property
    def field(self) -> str:
        return field_name(self.path)


# --- paths ------------------------------------------------------------------------------------------------------------

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_IDENTIFIERS = ("order_line_id", "line_id", "id", "code", "line_number", "sku")


def field_name(path: Path) -> str:
    """ "order_lines[0].price": as connectors name the fields at fault."""
    text = ""
    for step in path:
        text += f"[{step.at}]" if isinstance(step, Item) else f".{step}" if text else step
    return text


def path_named(payload: Any, name: str) -> Path:
    """The path that `name` spells in this document, its list members held by their identifiers."""
    path: list[str | Item] = []
    value = payload
    for match in _STEP.finditer(name):
        if match.group(2) is None:
            path.append(match.group(1))
            value = value.get(match.group(1)) if isinstance(value, dict) else None
        else:
            path.append(_item(value, int(match.group(2))))
            value = _at(value, int(match.group(2)))
    return tuple(path)


def _item(members: Any, at: int) -> Item:
    member = _at(members, at)
    if not isinstance(member, dict):
        return Item(at=at)
    for name in _IDENTIFIERS:
        value = member.get(name)
        if isinstance(value, str | int) and value != "" and _is_only_one(members, name, value):
            return Item(at=at, name=name, value=value)
    return Item(at=at)


def _is_only_one(members: Any, name: str, value: Any) -> bool:
    return [isinstance(member, dict) and member.get(name) == value for member in members].count(True) == 1


def _at(members: Any, at: int) -> Any:
    return members[at] if isinstance(members, list) and at < len(members) else None


def scalars(payload: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that is neither object nor list, with its path, in the document's order."""
    if isinstance(payload, dict):
        for name, value in payload.items():
            yield from scalars(value, (*path, str(name)))
    elif isinstance(payload, list):
        for at, value in enumerate(payload):
            yield from scalars(value, (*path, _item(payload, at)))
    elif path:
        yield path, payload


def value_at(payload: Any, path: Path) -> Any:
    """What the document says there; MISSING where it says nothing."""
    holder = _holder(payload, path)
    if holder is None:
        return MISSING
    container, key = holder
    return container.get(key, MISSING) if isinstance(container, dict) else container[key]


def _holder(payload: Any, path: Path) -> tuple[Any, Any] | None:
    """The object or list that holds the last step, and its key there; None when the way there is gone."""
    value = payload
    for position, step in enumerate(path):
        key = _key(value, step)
        if key is None:
            return None
        if position == len(path) - 1:
            return value, key
        value = value.get(key) if isinstance(value, dict) else value[key]
    return None


def _key(value: Any, step: str | Item) -> str | int | None:
    if isinstance(step, str):
        return step if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if not step.name:
        return step.at if step.at < len(value) else None
    found = [at for at, member in enumerate(value) if isinstance(member, dict) and member.get(step.name) == step.value]
    return found[0] if len(found) == 1 else None


# --- laying them over -------------------------------------------------------------------------------------------------


def overlaid(payload: Any, changes: Iterable[Change]) -> tuple[Any, list[Change]]:
    """A copy of the document with the changes in it, and those that found something else than what they replace."""
    copied, lapsed = copy.deepcopy(payload), []
    places = []
    for change in changes:
        holder = _holder(copied, change.path)  # found before anything is changed: a change may touch an identifier
        if holder is None or not same(value_at(payload, change.path), change.old):
            lapsed.append(change)
        else:
            places.append((*holder, change.new))
    for container, key, new in places:
        container[key] = new
    return copied, lapsed


def same(one: Any, other: Any) -> bool:
    """Equal as a person reads them: 49.9 is 49.90, but true is not 1."""
    if isinstance(one, bool | _Missing) or isinstance(other, bool | _Missing):
        return one is other
    return bool(one == other)


def applied(payload: Any, *, document_id: int, record_id: int) -> Any:
    """The document as it counts: with its corrections. Those that a later version has overtaken lapse here."""
    counting = list(counting_corrections(document_id))
    changes = _latest_by_path(counting)
    result, lapsed = overlaid(payload, changes.values())
    if lapsed:
        _lapse(counting, {change.field for change in lapsed}, record_id=record_id)
    return result


def as_it_counts(connection_id: int, record: Record) -> Any:
    """A document that was just read from the platform, with the corrections that hold for it. Nothing lapses by a look."""
    document = Document.objects.filter(
        connection_id=connection_id, kind=record.kind, external_id=record.external_id, corrected=True
    ).first()
    if document is None:
        return record.payload
    return overlaid(record.payload, _latest_by_path(counting_corrections(document.pk)).values())[0]


def counting_corrections(document_id: int) -> Iterable[Correction]:
    return Correction.objects.filter(document_id=document_id, state=Correction.State.APPROVED).order_by(
        "decided_at", "pk"
    )


def counting_among(corrections: Iterable[Correction]) -> dict[str, Change]:
    """Field → the change that counts for it now, of all corrections of one document."""
    counting = [one for one in corrections if one.state == Correction.State.APPROVED and one.decided_at is not None]
    counting.sort(key=lambda one: (one.decided_at, one.pk))
    return {change.field: change for change in _latest_by_path(counting).values()}


def _latest_by_path(corrections: Iterable[Correction]) -> dict[Path, Change]:
    """Of two corrections of one field, the later one counts."""
    found: dict[Path, Change] = {}
    for correction in corrections:
        for change in changes_of(correction):
            if change.field not in correction.lapsed_fields:
                found[change.path] = change
    return found


def _lapse(corrections: Sequence[Correction], fields: set[str], *, record_id: int) -> None:
    for correction in corrections:
        gone = (fields & set(correction.fields)) - set(correction.lapsed_fields)
        if not gone or record_id == correction.record_id:
            continue
        everything = sorted({*correction.lapsed_fields, *gone})
        over = len(everything) == len(correction.fields)
        with transaction.atomic():
            changed = Correction.objects.filter(
                pk=correction.pk, state=Correction.State.APPROVED, lapsed_fields=correction.lapsed_fields
            ).update(lapsed_fields=everything, state=Correction.State.LAPSED if over else Correction.State.APPROVED)
            if changed:
                record_audit(
                    actor=RULE,
                    action="correction.lapsed",
                    subject=correction,
                    brand=correction.brand,
                    before={"lapsed": correction.lapsed_fields},
                    after={"lapsed": everything},
                    reason="The platform sent something else.",
                )


# --- how they are kept ------------------------------------------------------------------------------------------------


def packed(changes: Iterable[Change]) -> dict[str, Any]:
    """As `Correction.changes` keeps them; values as JSON text, so that 50.10 stays 50.10."""
    return {"changes": [{"path": [_packed_step(step) for step in one.path], **_packed_values(one)} for one in changes]}


def _packed_step(step: str | Item) -> Any:
    if isinstance(step, str):
        return step
    return {"at": step.at, "name": step.name, "value": step.value}


def _packed_values(change: Change) -> dict[str, str | None]:
    return {
        "old": None if change.old is MISSING else inbox.encode(change.old).decode(),
        "new": inbox.encode(change.new).decode(),
    }


def changes_of(correction: Correction) -> list[Change]:
    """What it changes; nothing once it was erased."""
    return [
        Change(
            path=tuple(step if isinstance(step, str) else Item(**step) for step in row["path"]),
            old=MISSING if row["old"] is None else inbox.decode(row["old"].encode(), record="A correction"),
            new=inbox.decode(row["new"].encode(), record="A correction"),
        )
        for row in (correction.changes or {}).get("changes", [])
    ]
