"""What arrives is stored as bytes before it is answered or worked on. Bodies are encrypted: they hold names and addresses."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import connection, transaction

from connectors import ports
from connectors.base import Record
from connectors.canonical.errors import DataError, Problem
from connectors.redaction import Redaction
from integrationhub.sync.models import InboxBody, InboxRecord

LONGEST_ID = 120


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A version of a document that is new to us."""

    record_id: int
    version: int
    record: Record


_UPSERT_DOCUMENTS = """
INSERT INTO sync_document AS d (connection_id, kind, external_id, digest, version, updated_at)
SELECT %s, n.kind, n.external_id, n.digest, 1, n.updated_at
FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[]) AS n (kind, external_id, digest, updated_at)
ORDER BY n.kind, n.external_id
ON CONFLICT (connection_id, kind, external_id) DO UPDATE
SET digest = excluded.digest, version = d.version + 1, updated_at = excluded.updated_at
WHERE d.digest <> excluded.digest AND (d.updated_at IS NULL OR excluded.updated_at IS NULL OR excluded.updated_at >= d.updated_at)
RETURNING d.id, d.kind, d.external_id, d.version, d.erased_at IS NOT NULL
"""


def store(connection_id: int, records: Sequence[Record], *, origin: str) -> list[Stored]:
    """Store the records that differ from their latest stored version; the others have been seen. One transaction.

    An answer older than what is stored (by the platform's own clock) changes nothing.
    """
    latest = {(record.kind, record.external_id): record for record in map(_named, records)}
    if not latest:
        return []
    bodies = {key: encode(record.payload) for key, record in latest.items()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _UPSERT_DOCUMENTS,
            [
                connection_id,
                [kind for kind, _ in latest],
                [external_id for _, external_id in latest],
                [hashlib.sha256(bodies[key]).hexdigest() for key in latest],
                [record.updated_at for record in latest.values()],
            ],
        )
        changed = cursor.fetchall()
        rows = [
            InboxRecord(
                connection_id=connection_id,
                document_id=document_id,
                version=version,
                kind=kind,
                external_id=external_id,
                origin=origin,
                state=InboxRecord.State.TAKEN,
            )
            for document_id, kind, external_id, version, _ in changed
        ]
        for _, kind, external_id, _, erased in changed:
            if erased:
                bodies[(kind, external_id)] = masked(bodies[(kind, external_id)])
        InboxRecord.objects.bulk_create(rows)
        _write_bodies({row.pk: bodies[(row.kind, row.external_id)] for row in rows})
    return [
        Stored(record_id=row.pk, version=row.version or 0, record=latest[(row.kind, row.external_id)]) for row in rows
    ]


def _named(record: Record) -> Record:
    """The record under a name that the tables can hold: one whose id is missing or absurd must not stop its whole page."""
    given = record.external_id
    if 0 < len(given) <= LONGEST_ID and given.isprintable():
        return record
    digest = hashlib.sha256(given.encode("utf-8", "replace") or encode(record.payload)).hexdigest()[:16]
    return replace(record, external_id=f"{_readable(given)[:60] or 'without id'} #{digest}")


def _readable(text: str) -> str:
    return "".join(character for character in text if character.isprintable()).strip()


def latest(connection_id: int, records: Sequence[Record]) -> list[Stored]:
    """The latest stored version of each of the records that is stored at all."""
    by_name = {(record.kind, record.external_id): record for record in map(_named, records)}
    rows = (
        InboxRecord.objects.filter(
            connection_id=connection_id,
            kind__in={kind for kind, _ in by_name},
            external_id__in=[external_id for _, external_id in by_name],
            document__isnull=False,
        )
        .order_by("kind", "external_id", "-id")
        .distinct("kind", "external_id")
    )
    return [
        Stored(record_id=row.pk, version=row.version or 0, record=by_name[(row.kind, row.external_id)])
        for row in rows
        if (row.kind, row.external_id) in by_name
    ]


def store_delivery(
    connection_id: int, *, kind: str, external_id: str, body: bytes, delivery_key: str, origin: str
) -> int | None:
    """Store one delivery (a webhook body, an event) under the key that names it. None when it was delivered before."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO sync_inboxrecord
                (connection_id, kind, external_id, origin, state, state_reason, delivery_key, received_at)
            VALUES (%s, %s, %s, %s, 'STORED', '', %s, %s)
            ON CONFLICT (connection_id, delivery_key) WHERE delivery_key IS NOT NULL DO NOTHING RETURNING id
            """,
            [connection_id, kind, external_id, origin, delivery_key, ports.now()],
        )
        row = cursor.fetchone()
        if row is None:
            return None
        _write_bodies({row[0]: body})
    return int(row[0])


def set_state(record_id: int, state: str, *, reason: str = "") -> None:
    InboxRecord.objects.filter(pk=record_id).update(state=state, state_reason=reason[:300])


def delivery_key(record_id: int) -> str:
    """What names this delivery, "" for what no platform delivered."""
    return InboxRecord.objects.values_list("delivery_key", flat=True).get(pk=record_id) or ""


def read_body(record_id: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM sync_inboxbody WHERE record_id = %s", [record_id])
        row = cursor.fetchone()
    if row is None:
        raise InboxBody.DoesNotExist(f"The bytes of record {record_id} are gone.")
    return zlib.decompress(_keyring().decrypt(bytes(row[0])))


def read_payload(record_id: int) -> Any:
    """The stored document, amounts as Decimal. Raises DataError when the bytes are not JSON."""
    return decode(read_body(record_id), record=f"Record {record_id}")


def read_document(record_id: int) -> tuple[Any, int | None]:
    """The stored document, amounts as Decimal, and its id where corrections of it count. One query.

    Raises DataError when the bytes are not JSON.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.body, d.id FROM sync_inboxbody b JOIN sync_inboxrecord r ON r.id = b.record_id"
            " LEFT JOIN sync_document d ON d.id = r.document_id AND d.corrected WHERE b.record_id = %s",
            [record_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise InboxBody.DoesNotExist(f"The bytes of record {record_id} are gone.")
    body = zlib.decompress(_keyring().decrypt(bytes(row[0])))
    return decode(body, record=f"Record {record_id}"), row[1]


def decode(body: bytes, *, record: str) -> Any:
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise DataError([Problem(field="body", message=f"This is not JSON: {error}.")], record=record) from None


def masked(body: bytes) -> bytes:
    """The document without what is personal in it; amounts, codes and states as they came."""
    return Redaction(body_bytes=len(body) + 1).body(body, "application/json").encode()


def mask_bodies(record_ids: Sequence[int]) -> None:
    """Erase what is personal in what arrived, for good. Inside the caller's transaction."""
    keyring = _keyring()
    for row in InboxBody.objects.filter(record_id__in=record_ids).select_for_update():
        body = masked(zlib.decompress(keyring.decrypt(bytes(row.body))))
        InboxBody.objects.filter(record_id=row.record_id).update(body=keyring.encrypt(zlib.compress(body, 1)))


def _write_bodies(bodies: dict[int, bytes]) -> None:
    keyring = _keyring()
    InboxBody.objects.bulk_create(
        InboxBody(record_id=record_id, body=keyring.encrypt(zlib.compress(body, 1)))
        for record_id, body in bodies.items()
    )


def _keyring() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


_scalar = json.JSONEncoder(ensure_ascii=False).encode  # one encoder for all: json.dumps makes a new one each time


def encode(payload: Any) -> bytes:
    """JSON bytes with keys in order and Decimals exact, so that equal documents have equal digests."""
    return _encoder(payload).encode()


def _encoder(value: Any) -> str:
    if isinstance(value, dict):
        inner = ",".join(f"{_scalar(str(key))}:{_encoder(value[key])}" for key in sorted(value, key=str))
        return "{" + inner + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_encoder, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return _scalar(value.isoformat())
    return _scalar(value)
