"""Making jobs. One open job per (schedule, key): a trigger that finds one raises its `wanted`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.models import Brand, Connection, Link
from integrationhub.sync import queue
from integrationhub.sync.flows import Flow, flow
from integrationhub.sync.lanes import Lane, queue_of
from integrationhub.sync.models import Schedule


@dataclass(frozen=True, kw_only=True)
class NewJob:
    flow: str
    key: str
    connection_id: int
    brand_id: int
    link_id: int | None = None
    serial_key: str = ""  # "" = runs beside everything else
    lane: Lane | None = None  # None = the flow's own
    due_at: datetime | None = None  # None = now
    record_id: int | None = None
    argument: Any = None
    occurred_at: datetime | None = None
    deadline_at: datetime | None = None
    value: Decimal | None = None
    value_currency: str = ""
    value_reporting: Decimal | None = None


# What a trigger does to a job that is open already: it is wanted once more; a newer document replaces an older one and
# gives a job that waits for a person another chance; nothing that was due sooner is put off.
_ENQUEUE = """
INSERT INTO sync_syncjob AS j (
    brand_id, schedule_id, connection_id, link_id, flow, key, serial_key, lane, state, due_at, wanted, record_id, argument,
    lease_owner, fence, tries, kills, reason, occurred_at, deadline_at, value, value_currency, value_reporting, created_at
)
SELECT n.brand_id, n.schedule_id, n.connection_id, n.link_id, n.flow, n.key, n.serial_key, n.lane, 'QUEUED', n.due_at, 1,
       n.record_id, n.argument::jsonb, '', 0, 0, 0, '', n.occurred_at, n.deadline_at, n.value, n.value_currency,
       n.value_reporting, %s
FROM unnest(
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::timestamptz[],
    %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s::text[], %s::numeric[]
) AS n (brand_id, schedule_id, connection_id, link_id, flow, key, serial_key, lane, due_at, record_id, argument, occurred_at,
        deadline_at, value, value_currency, value_reporting)
ON CONFLICT (schedule_id, key) WHERE NOT (state IN ('DONE', 'SKIPPED')) DO UPDATE SET
    wanted = j.wanted + 1,
    record_id = COALESCE(GREATEST(j.record_id, excluded.record_id), j.record_id, excluded.record_id),
    argument = COALESCE(excluded.argument, j.argument),
    lane = LEAST(j.lane, excluded.lane),
    due_at = CASE WHEN j.state IN ('QUEUED', 'BLOCKED', 'FAILED', 'ERRORED') THEN LEAST(j.due_at, excluded.due_at)
                  ELSE j.due_at END,
    state = CASE WHEN j.state IN ('BLOCKED', 'FAILED', 'ERRORED') AND excluded.record_id > COALESCE(j.record_id, 0)
                 THEN 'QUEUED' ELSE j.state END,
    tries = CASE WHEN excluded.record_id > COALESCE(j.record_id, 0) THEN 0 ELSE j.tries END,
    deadline_at = COALESCE(excluded.deadline_at, j.deadline_at),
    occurred_at = COALESCE(excluded.occurred_at, j.occurred_at),
    value = COALESCE(excluded.value, j.value),
    value_currency = COALESCE(NULLIF(excluded.value_currency, ''), j.value_currency),
    value_reporting = COALESCE(excluded.value_reporting, j.value_reporting)
RETURNING j.id, j.connection_id, j.lane
"""


def enqueue(job: NewJob) -> int:
    """Make, or want once more, one job. Returns its id. Workers are woken when the transaction commits."""
    return enqueue_many([job])[0]


def enqueue_many(jobs: Iterable[NewJob]) -> list[int]:
    """Like `enqueue` for many, in one statement. Two entries of one key count as one trigger with the later one's content."""
    unique = {(job.flow, job.connection_id, job.link_id, job.key): job for job in jobs}
    if not unique:
        return []
    now = ports.now()
    schedules = _schedule_ids({(job.flow, job.connection_id, job.link_id) for job in unique.values()})
    rows = [_row(job, schedules[(job.flow, job.connection_id, job.link_id)], now) for job in unique.values()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ENQUEUE, [now, *(list(column) for column in zip(*rows, strict=True))])
        made = cursor.fetchall()
    wake = {(connection_id, queue_of(lane)) for _, connection_id, lane in made}
    transaction.on_commit(lambda: queue.wake_many(wake))
    return [row[0] for row in made]


def _row(job: NewJob, schedule_id: int, now: datetime) -> Sequence[Any]:
    kind: Flow = flow(job.flow)
    return (
        job.brand_id,
        schedule_id,
        job.connection_id,
        job.link_id,
        job.flow,
        job.key,
        job.serial_key or f"{schedule_id}:{job.key}",
        int(job.lane if job.lane is not None else kind.lane),
        job.due_at or now,
        job.record_id,
        None if job.argument is None else json.dumps(job.argument),
        job.occurred_at,
        job.deadline_at,
        job.value,
        job.value_currency,
        job.value_reporting,
    )


def _schedule_ids(wanted: set[tuple[str, int, int | None]]) -> dict[tuple[str, int, int | None], int]:
    """The schedule of each (flow, connection, link); made, without cadence, where it does not exist yet."""
    names = {name for name, _, _ in wanted}
    found: dict[tuple[str, int, int | None], int] = {
        (name, connection_id, link_id): pk
        for pk, name, connection_id, link_id in Schedule.objects.filter(flow__in=names).values_list(
            "pk", "flow", "connection_id", "link_id"
        )
    }
    for name, connection_id, link_id in wanted - found.keys():
        place: dict[str, Any] = {"connection_id": connection_id, "link_id": link_id}
        row, _ = Schedule.objects.get_or_create(flow=name, **place)
        found[(name, connection_id, link_id)] = row.pk
    return found


def job_for_link(name: str, link: Link, *, key: str, **values: Any) -> NewJob:
    """A job of a flow on a link; the flow says whose budget it spends."""
    side = link.target_id if flow(name).side == "target" else link.source_id
    return NewJob(flow=name, key=key, connection_id=side, brand_id=link.brand_id, link_id=link.pk, **values)


def job_for_connection(name: str, place: Connection, *, key: str, **values: Any) -> NewJob:
    return NewJob(flow=name, key=key, connection_id=place.pk, brand_id=place.brand_id, **values)


def reporting_value(brand: Brand, value: Decimal, currency: str, *, on: datetime) -> Decimal | None:
    """The value in the brand's reporting currency at the latest rate known on that day; None when no rate is known."""
    if currency == brand.reporting_currency:
        return value
    rate = (
        brand.conversion_rates.filter(currency=currency, rate_date__lte=on.date())
        .order_by("-rate_date")
        .values_list("rate", flat=True)
        .first()
    )
    return None if rate is None else value * rate
