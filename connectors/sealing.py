"""The chain of the audit trail: each sealed entry carries a hash over the entry before it and over itself.

Entries are inserted unsealed, in transactions that commit in any order. One sealer at a time, under the lock of
`AuditHead`'s only row, gives what is committed the next positions. Whoever changes, removes or slips in an entry
afterwards breaks the chain at that entry; whoever rewrites the whole chain does not meet the heads that the log kept.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction

from connectors import ports
from connectors.models import AuditEntry, AuditHead

log = structlog.get_logger(__name__)

SEALED_AT_ONCE = 2_000
CHECKED_AT_ONCE = 20_000
CHECK_AGAIN_SECONDS = 3600  # after a check has come to the end it begins anew
_CHUNK = 2_000
_FIELDS = (
    "id",
    "at",
    "brand_id",
    "actor",
    "action",
    "subject_kind",
    "subject_id",
    "subject",
    "before",
    "after",
    "reason",
    "position",
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Where the chain does not hold."""

    entry_id: int | None  # None: the entry is gone
    position: int
    problem: str  # a whole sentence


@dataclass(frozen=True, kw_only=True)
class Checked:
    """How far the chain was followed and what was found; `seal` is that of the last entry followed."""

    position: int
    seal: str
    finding: Finding | None = None


def seal_of(previous: str, entry: dict[str, Any]) -> str:
    """The SHA-256 over the seal before and the entry, in hexadecimal."""
    told = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return hashlib.sha256(f"{previous}\n{told}".encode()).hexdigest()


def _plain(value: Any) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else str(value)


# --- sealing ----------------------------------------------------------------------------------------------------------


def seal() -> int:
    """Seal what is committed and not sealed yet. Returns how many entries; 0 too when another process is at it."""
    total = 0
    while True:
        sealed = _seal_some()
        total += sealed
        if sealed < SEALED_AT_ONCE:
            return total


@transaction.atomic
def _seal_some() -> int:
    head = _lease()
    if head is None:
        return 0
    now = ports.now()
    rows = list(AuditEntry.objects.filter(position=None).order_by("id").values(*_FIELDS)[:SEALED_AT_ONCE])
    seals: list[tuple[int, int, str]] = []
    position, previous = head.position, head.seal
    for row in rows:
        position += 1
        previous = seal_of(previous, {**row, "position": position})
        seals.append((row["id"], position, previous))
    _write(seals, now)
    _tell_new_day(head, now, position=position, seal=previous)
    AuditHead.objects.filter(pk=True).update(position=position, seal=previous, sealed_at=now)
    return len(rows)


def _lease() -> AuditHead | None:
    """The head with its row locked; None while another sealer holds it."""
    head = AuditHead.objects.select_for_update(skip_locked=True).first()
    if head is None and not AuditHead.objects.exists():
        AuditHead.objects.bulk_create([AuditHead()], ignore_conflicts=True)
        head = AuditHead.objects.select_for_update(skip_locked=True).first()
    return head


def _write(seals: list[tuple[int, int, str]], now: datetime) -> None:
    if not seals:
        return
    ids, positions, texts = (list(column) for column in zip(*seals, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE connectors_auditentry e SET position = n.position, seal = n.seal, sealed_at = %s
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS n (id, position, seal)
            WHERE e.id = n.id AND e.position IS NULL
            """,
            [now, ids, positions, texts],
        )


def _tell_new_day(head: AuditHead, now: datetime, *, position: int, seal: str) -> None:
    """Once a day the head goes to the log, which is kept elsewhere: a chain that was cut or rewritten does not meet it."""
    if position and (head.sealed_at is None or head.sealed_at.date() != now.date()):
        log.info("audit_head", position=position, seal=seal)


# --- checking ---------------------------------------------------------------------------------------------------------


def verify(*, expected: tuple[int, str] | None = None) -> Checked:
    """Follow the whole chain, from its first entry to its head. Stops at the first entry that does not hold.

    `expected`: a head that was kept elsewhere, (position, seal): the chain must pass through it.
    """
    # Read first: what is sealed while we read lies behind it.
    head = AuditHead.objects.first() or AuditHead()
    checked = follow(position=0, seal="", until=head.position, expected=expected)
    if checked.finding is None and checked.seal != head.seal:
        problem = "The last entry's seal is not the one that the head of the chain names."
        finding = Finding(entry_id=_id_at(checked.position), position=checked.position, problem=problem)
        return Checked(position=checked.position, seal=checked.seal, finding=finding)
    if checked.finding is None and expected and expected[0] > head.position:
        problem = f"The chain ends at entry {head.position}, before the head that was kept: entries were cut off."
        finding = Finding(entry_id=None, position=expected[0], problem=problem)
        return Checked(position=checked.position, seal=checked.seal, finding=finding)
    return checked


def check_some() -> None:
    """A part of the standing check: it follows the chain bit by bit, and begins anew an hour after it came to its end."""
    with transaction.atomic():
        head = AuditHead.objects.select_for_update(skip_locked=True).first()
        if head is None or not head.position:
            return
        now = ports.now()
        at_end = head.checked_position >= head.position
        if at_end and head.checked_at and (now - head.checked_at).total_seconds() >= CHECK_AGAIN_SECONDS:
            head.checked_position, head.checked_seal = 0, ""
        until = min(head.position, head.checked_position + CHECKED_AT_ONCE)
        checked = follow(position=head.checked_position, seal=head.checked_seal, until=until)
        head.checked_position, head.checked_seal = checked.position, checked.seal
        head.broken = _broken(checked, head)
        if checked.position >= head.position:
            head.checked_at = now
        head.save(update_fields=["checked_position", "checked_seal", "checked_at", "broken"])


def _broken(checked: Checked, head: AuditHead) -> str:
    """What stays on the head until a check passes the place again."""
    if checked.finding is not None:
        log.error("audit_chain_broken", position=checked.finding.position, problem=checked.finding.problem)
        return checked.finding.problem[:300]
    if checked.position >= head.position and checked.seal != head.seal:
        return "The last entry's seal is not the one that the head of the chain names."
    return "" if checked.position >= head.position else head.broken


def follow(*, position: int, seal: str, until: int, expected: tuple[int, str] | None = None) -> Checked:
    """Follow the chain from behind `position`, whose seal is `seal`, to `until`."""
    for row in _rows(position, until):
        position += 1
        finding = _judge(row, position, seal)
        if finding is None and expected == (position, row["seal"]):
            expected = None
        elif finding is None and expected and expected[0] == position:
            problem = f"Entry {row['id']} does not carry the seal that was kept for position {position}."
            finding = Finding(entry_id=row["id"], position=position, problem=problem)
        if finding is not None:
            return Checked(position=position - 1, seal=seal, finding=finding)
        seal = row["seal"]
    if position < until:
        problem = f"The entry at position {position + 1} is gone: the chain should go on to {until}."
        return Checked(
            position=position, seal=seal, finding=Finding(entry_id=None, position=position + 1, problem=problem)
        )
    return Checked(position=position, seal=seal)


def _rows(position: int, until: int) -> Iterator[dict[str, Any]]:
    rows = AuditEntry.objects.filter(position__gt=position, position__lte=until).order_by("position")
    yield from rows.values(*_FIELDS, "seal").iterator(chunk_size=_CHUNK)


def _judge(row: dict[str, Any], position: int, previous: str) -> Finding | None:
    if row["position"] != position:
        following = f"the next one there is, entry {row['id']}, stands at {row['position']}"
        problem = f"The entry at position {position} is gone; {following}."
        return Finding(entry_id=None, position=position, problem=problem)
    entry = {name: row[name] for name in _FIELDS}
    if seal_of(previous, entry) == row["seal"]:
        return None
    problem = (
        f"Entry {row['id']} (position {position}) is not what was sealed: it, or its seal, was changed afterwards."
    )
    return Finding(entry_id=row["id"], position=position, problem=problem)


def _id_at(position: int) -> int | None:
    return AuditEntry.objects.filter(position=position).values_list("id", flat=True).first()


# --- how it stands ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ChainStanding:
    sealed_at: datetime | None
    position: int
    checked_at: datetime | None
    broken: str
    unsealed: int  # capped
    late: bool  # entries wait longer than a sealer needs


UNSEALED_CAP = 1_000
LATE_SECONDS = 180


def chain_standing() -> ChainStanding:
    """What the audit pages say in their header. One query."""
    unsealed = AuditEntry.objects.filter(position=None).order_by("id").values("at")[:UNSEALED_CAP]
    found = AuditHead.objects.annotate(waiting=ArraySubquery(unsealed)).first()
    # Before the first seal there is no head.
    times: list[datetime] = list(unsealed.values_list("at", flat=True)) if found is None else found.waiting
    head: AuditHead = found or AuditHead()
    late = bool(times) and (ports.now() - min(times)).total_seconds() > LATE_SECONDS
    return ChainStanding(
        sealed_at=head.sealed_at,
        position=head.position,
        checked_at=head.checked_at,
        broken=head.broken,
        unsealed=len(times),
        late=late,
    )
