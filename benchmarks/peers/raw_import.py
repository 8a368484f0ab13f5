"""The hub's own statements on bare psycopg: what the database alone takes for the same orders.

`python -m benchmarks.peers.raw_import ORDERS PROCESSES` prints {"seconds": ...}. Page by page it stores the documents and
their jobs, claims them, and runs for each order what `import_order` runs, in the same transactions, with the hub's SQL.
Left out is everything else: Django, the translation, encryption, mappings' rules, Redis, the call itself and its redaction.
"""

import json
import multiprocessing
import os
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import django
import psycopg

PAGE = 100
CLAIM = 16  # as many as the hub's claim grows to when an order takes some milliseconds
LINES = 2
CALLS = 4
BODY = b"x" * 1800  # a stored order, compressed and encrypted
PERSON = b"x" * 900
CALL_BODY = b64encode(b"x" * 500).decode()
SHOWN_LINES = json.dumps([{"sku": "OURS-1", "quantity": 1, "unit_price": "29.90", "line_total": "29.90"}] * LINES)


@dataclass(frozen=True, kw_only=True)
class _Ids:
    brand: int
    source: int
    target: int
    link: int
    schedule: int
    versions: tuple[int, ...]


_SELECT_BODY = """
SELECT b.body, d.id FROM sync_inboxbody b JOIN sync_inboxrecord r ON r.id = b.record_id
LEFT JOIN sync_document d ON d.id = r.document_id AND d.corrected WHERE b.record_id = %s
"""
_INSERT_RECORDS = """
INSERT INTO sync_inboxrecord (connection_id, document_id, version, kind, external_id, origin, state, state_reason, received_at)
SELECT %s, n.document, 1, 'order', n.external_id, 'POLL', 'TAKEN', '', %s
FROM unnest(%s::bigint[], %s::text[]) AS n (document, external_id) RETURNING id, external_id
"""
_INSERT_BODIES = "INSERT INTO sync_inboxbody (record_id, body) SELECT id, %s FROM unnest(%s::bigint[]) AS n (id)"
_SELECT_MAPPINGS = """
SELECT * FROM mappings_app_mappingversion
WHERE brand_id = %s AND NOT retired AND superseded_at IS NULL AND (link_id = %s OR link_id IS NULL)
  AND ((kind = 'sku' AND from_code = ANY (%s)) OR (kind = 'market' AND from_code = 'GB') OR from_code = 'STD')
"""
_MARK_CREATED = """
UPDATE orders_soldorder SET target_created_at = %s, created_units = %s WHERE id = %s AND target_created_at IS NULL
"""
_RECORD_TARGET = """
UPDATE orders_soldorder SET target_external_id = %s, target_state = %s, target_total = %s, target_tax = %s,
    target_on_hold = %s, target_seen_at = %s, target_shipping = %s, target_lines = %s, target_confirmed_at = %s
WHERE id = %s
"""


class _Importer:
    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]", ids: _Ids) -> None:
        self.connection = connection
        self.ids = ids
        self.run = connection.execute

    def import_all(self, references: Sequence[str]) -> None:
        for start in range(0, len(references), PAGE):
            page = references[start : start + PAGE]
            self._store(page)
            while jobs := self._claim():
                self._settle(jobs, [self._import(job) for job in jobs])

    def _store(self, references: Sequence[str]) -> None:
        from integrationhub.sync.enqueue import _ENQUEUE
        from integrationhub.sync.inbox import _UPSERT_DOCUMENTS

        now, count = datetime.now(UTC), len(references)
        names = list(references)
        with self.connection.transaction():
            documents = self.run(
                _UPSERT_DOCUMENTS, [self.ids.source, ["order"] * count, names, ["0" * 64] * count, [now] * count]
            ).fetchall()
            rows = [(row[0], row[2]) for row in documents]
            records = self.run(
                _INSERT_RECORDS, [self.ids.source, now, [row[0] for row in rows], [row[1] for row in rows]]
            ).fetchall()
            self.run(_INSERT_BODIES, [BODY, [row[0] for row in records]])
            self.run(_ENQUEUE, [now, *self._job_columns(records, now)])

    def _job_columns(self, records: Sequence[Any], now: datetime) -> list[list[Any]]:
        ids, count = self.ids, len(records)
        names = [name for _, name in records]
        alike = [[each] * count for each in (ids.brand, ids.schedule, ids.target, ids.link, "import_order")]
        serial = [f"{os.getpid()}:{name}" for name in names]
        nothing: list[Any] = [None] * count
        return [
            *alike,
            names,
            serial,
            [20] * count,
            [now] * count,
            [pk for pk, _ in records],
            *[nothing] * 4,
            [""] * count,
            nothing,
        ]

    def _claim(self) -> list[Any]:
        from integrationhub.sync.claim import _CLAIM, _IN_ORDER

        now = datetime.now(UTC)
        values = {"connection": self.ids.target, "lanes": [10, 20], "now": now, "held": [], "owner": "raw"}
        values |= {"candidates": CLAIM + 60, "size": CLAIM, "lease_until": now + timedelta(seconds=90)}
        with self.connection.transaction():
            self.run(_IN_ORDER)
            return self.run(_CLAIM, values).fetchall()

    def _import(self, job: Any) -> str:
        from integrationhub.inventory.promises import _KNOWN
        from integrationhub.orders.ledger import _RECORD_MAPPED
        from integrationhub.sync.claim import _STANDING

        job_id, reference, record_id, fence = job[0], str(job[6]), job[9], job[12]
        self.run(_SELECT_BODY, [record_id]).fetchone()
        order_id = self._record_sold(reference, record_id)
        skus = ["SHOP-1", "SHOP-2"]
        self.run(_SELECT_MAPPINGS, [self.ids.brand, self.ids.link, skus]).fetchall()
        lines = [f"{reference}-{number}" for number in range(LINES)]
        mapped = {"order": order_id, "lines": lines, "skus": skus, "versions": list(self.ids.versions)}
        self.run(_RECORD_MAPPED, mapped)
        intent = self._intent(job_id, fence, reference)
        self._declare(intent)
        self.run(_STANDING, [job_id, fence]).fetchone()
        self._record(intent, "SENT", number=reference)
        self.run(_MARK_CREATED, [datetime.now(UTC), 3, order_id])
        held = {"link": self.ids.link, "reference": reference, "owner": self.ids.target, "skus": skus, "units": [1, 2]}
        self.run(_KNOWN, {**held, "reason": "Not counted since.", "since": datetime.now(UTC)})
        self.run(_STANDING, [job_id, fence]).fetchone()
        now, total = datetime.now(UTC), Decimal("93.65")
        told = [
            reference,
            "CONFIRMED",
            total,
            Decimal("15.61"),
            False,
            now,
            Decimal("3.95"),
            SHOWN_LINES,
            now,
            order_id,
        ]
        self.run(_RECORD_TARGET, told)
        self._record(intent, "DONE", number="")
        return reference

    def _record_sold(self, reference: str, record_id: int) -> int:
        from integrationhub.orders.ledger import _RECORD_SOLD

        now, ids = datetime.now(UTC), self.ids
        values: dict[str, Any] = {
            "link_id": ids.link, "brand_id": ids.brand, "target_id": ids.target, "reference": reference,
            "target_reference": reference, "commercial_reference": reference, "state": "READY_TO_SHIP",
            "source_state": "SHIPPING", "channel": "GB", "country": "GB", "customer_initials": "A.B.", "currency": "GBP",
            "total": Decimal("93.65"), "shipping": Decimal("3.95"), "tax": Decimal("15.61"),
            "value_reporting": Decimal("93.65"), "placed_at": now, "source_updated_at": now, "ship_by": now,
            "accept_by": None, "accepted_at": now, "record_id": record_id, "now": now, "person": PERSON,
            "line_ids": [f"{reference}-{number}" for number in range(LINES)], "skus": ["SHOP-1", "SHOP-2"],
            "titles": ["A shirt", "A coat"], "quantities": [1, 2], "unit_prices": [Decimal("29.90")] * LINES,
            "line_totals": [Decimal("29.90"), Decimal("59.80")], "line_taxes": [Decimal("4.98"), Decimal("9.97")],
            "cancelled": [False] * LINES,
        }  # fmt: skip
        row = self.run(_RECORD_SOLD, values).fetchone()
        assert row is not None
        return int(row[0])

    def _intent(self, job_id: int, fence: int, reference: str) -> dict[str, Any]:
        keys = {"place": self.ids.target, "operation": "create_order", "reference": reference, "token": "0" * 32}
        return {**keys, "job": job_id, "fence": fence}

    def _declare(self, intent: dict[str, Any]) -> None:
        from integrationhub.sync.writes import _DECLARE_FIRST

        self.run(_DECLARE_FIRST, {**intent, "now": datetime.now(UTC)})

    def _record(self, intent: dict[str, Any], state: str, *, number: str) -> None:
        from integrationhub.sync.writes import _RECORD

        self.run(_RECORD, {**intent, "now": datetime.now(UTC), "state": state, "external_id": number})

    def _settle(self, jobs: Sequence[Any], references: Sequence[str]) -> None:
        from integrationhub.sync.outcomes import _SETTLE

        now = datetime.now(UTC)
        tries = [self._try(place, job, references[place], now) for place, job in enumerate(jobs)]
        calls = [self._call(place, now) for place in range(len(jobs)) for _ in range(CALLS)]
        with self.connection.transaction():
            values = {"owner": "raw", "now": now, "tries": json.dumps(tries), "calls": json.dumps(calls)}
            self.run(_SETTLE, values).fetchall()

    def _try(self, place: int, job: Any, reference: str, now: datetime) -> dict[str, Any]:
        stake = {"value": "93.65", "currency": "GBP", "reporting": "93.65", "occurred_at": now.isoformat()}
        return {
            "place": place, "job_id": job[0], "fence": job[12], "started_at": now.isoformat(), "result": "DONE",
            "message": f"Target has it as {reference}.", "versions": [1, 2, 3, 4], "traceback": "", "wanted": 1,
            "state": "DONE", "tries": 0, "staked": True, "deadline_at": now.isoformat(), **stake,
        }  # fmt: skip

    def _call(self, place: int, now: datetime) -> dict[str, Any]:
        return {
            "place": place, "connection_id": self.ids.target, "operation": "createOrder", "write": True, "method": "POST",
            "url": "https://instant.example.com/orders", "status": 200, "started_at": now.isoformat(), "seconds": 0.001,
            "error": "", "costs": {"requests": 1}, "request": CALL_BODY, "response": CALL_BODY,
        }  # fmt: skip


def _ids() -> _Ids:
    from connectors.models import Link
    from integrationhub.sync.models import Schedule
    from mappings_app.models import MappingVersion

    link = Link.objects.get(source__name="Shop")
    schedule, _ = Schedule.objects.get_or_create(flow="import_order", connection_id=link.target_id, link=link)
    versions = MappingVersion.objects.filter(brand_id=link.brand_id).values_list("pk", flat=True)[:LINES]
    return _Ids(
        brand=link.brand_id,
        source=link.source_id,
        target=link.target_id,
        link=link.pk,
        schedule=schedule.pk,
        versions=tuple(versions),
    )


def _work(ids: _Ids, references: Sequence[str], barrier: Any) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        importer = _Importer(connection, ids)
        barrier.wait()
        importer.import_all(references)


def _shares(count: int, processes: int) -> Iterator[list[str]]:
    for process in range(processes):
        yield [f"RAW-{process}-{number}" for number in range(count // processes)]


def main(count: int, processes: int) -> float:
    django.setup()
    ids = _ids()
    django.db.connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes + 1)
    children = [context.Process(target=_work, args=(ids, share, barrier)) for share in _shares(count, processes)]
    for each in children:
        each.start()
    barrier.wait()
    began = time.perf_counter()
    for each in children:
        each.join()
    if any(each.exitcode for each in children):
        raise RuntimeError("A raw importer failed.")
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps({"seconds": main(int(sys.argv[1]), int(sys.argv[2]))}))
