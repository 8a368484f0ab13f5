"""Claiming due jobs, keeping and giving up their leases. Compare-and-set in SQL; no two workers hold one job or one order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction

from connectors import ports

LEASE_SECONDS = 90
CALL_SECONDS = 30  # the longest a call can take: a claim is not used to start one later than LEASE - CALL
# Looked at past the batch, so that parallel claimers find rows that others have not locked: few at first, and where all of
# those were locked, more than all others together can have locked.
CANDIDATES_BEYOND = (60, 5_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedJob:
    """A job this worker holds, as it stood at the claim."""

    id: int
    brand_id: int
    schedule_id: int
    connection_id: int
    link_id: int | None
    flow: str
    key: str
    serial_key: str
    lane: int
    record_id: int | None
    argument: Any
    wanted: int
    fence: int
    tries: int
    was: str  # the state it was claimed in
    occurred_at: datetime | None
    deadline_at: datetime | None
    value: Decimal | None
    value_currency: str
    own_deadline: float  # ports.boottime() after which no call may start

    @property
    def may_start_call(self) -> bool:
        return ports.boottime() < self.own_deadline


# The plan must not hang on what the planner believes. Nearly every job it has seen is done, so it takes any index over the open
# ones for empty, reads one from end to end, and compares row with row: four seconds a claim with 20,000 queued instead of ten
# milliseconds. Without sorting it must take the two indexes that are in order already; LATERAL and the state made up of
# two strings leave it nothing but to look up a candidate by its id.
_IN_ORDER = "SELECT set_config('enable_sort', 'off', TRUE), set_config('enable_incremental_sort', 'off', TRUE)"
_CLAIM = """
WITH running AS MATERIALIZED (
    SELECT r.serial_key FROM sync_syncjob r WHERE r.state = 'RUNNING' ORDER BY r.serial_key
), due AS MATERIALIZED (
    SELECT j.id, j.lane, j.due_at, j.serial_key
    FROM sync_syncjob j
    WHERE j.connection_id = %(connection)s
      AND j.state IN ('QUEUED', 'RETRYING', 'UNKNOWN')
      AND j.lane = ANY(%(lanes)s)
      AND j.due_at <= %(now)s
      AND j.schedule_id <> ALL(%(held)s)
      AND j.serial_key NOT IN (SELECT serial_key FROM running)
    ORDER BY j.lane, j.due_at, j.id
    LIMIT %(candidates)s
), candidate AS MATERIALIZED (
    SELECT id
    FROM (SELECT id, lane, due_at, row_number() OVER (PARTITION BY serial_key ORDER BY lane, due_at, id) AS place FROM due) d
    WHERE place = 1
    ORDER BY lane, due_at, id
), picked AS MATERIALIZED (
    SELECT held.id, held.state
    FROM candidate
    CROSS JOIN LATERAL (
        SELECT j.id, j.state
        FROM sync_syncjob j
        WHERE j.id = candidate.id AND j.state || '' IN ('QUEUED', 'RETRYING', 'UNKNOWN')
        FOR UPDATE SKIP LOCKED
    ) held
    LIMIT %(size)s
), claimed AS (
    UPDATE sync_syncjob j
    SET state = 'RUNNING', fence = j.fence + 1, lease_until = %(lease_until)s, lease_owner = %(owner)s
    FROM picked
    WHERE j.id = picked.id
    RETURNING j.*, picked.state AS was
)
SELECT id, brand_id, schedule_id, connection_id, link_id, flow, key, serial_key, lane, record_id, argument, wanted, fence,
       tries, was, occurred_at, deadline_at, value, value_currency
FROM claimed
ORDER BY lane, due_at, id
"""


def claim(
    *, connection_id: int, lanes: Sequence[int], size: int, owner: str, held: Sequence[int] = ()
) -> list[ClaimedJob]:
    """Claim up to `size` due jobs of the connection, best lane first. Two claimers never get the same job or order."""
    now = ports.now()
    own_deadline = ports.boottime() + LEASE_SECONDS - CALL_SECONDS
    values = {
        "connection": connection_id,
        "lanes": [int(lane) for lane in lanes],
        "now": now,
        "held": list(held),
        "size": size,
        "lease_until": now + timedelta(seconds=LEASE_SECONDS),
        "owner": owner,
    }
    for beyond in CANDIDATES_BEYOND:
        if rows := _run_claim({**values, "candidates": size + beyond}):
            return [_claimed(row, own_deadline) for row in rows]
    return []


def _run_claim(values: dict[str, Any]) -> list[Any]:
    """The claim; when another claimer took a job of the same order in between, again, one job at a time."""
    for size in (values["size"], 1, 1):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_IN_ORDER)
                cursor.execute(_CLAIM, {**values, "size": size})
                return list(cursor.fetchall())
        except IntegrityError as error:
            if "job_running_once_per_serial_key" not in str(error):
                raise
    return []


def _claimed(row: Any, own_deadline: float) -> ClaimedJob:
    argument = row[10]
    return ClaimedJob(
        id=row[0],
        brand_id=row[1],
        schedule_id=row[2],
        connection_id=row[3],
        link_id=row[4],
        flow=row[5],
        key=row[6],
        serial_key=row[7],
        lane=row[8],
        record_id=row[9],
        argument=_json(argument),
        wanted=row[11],
        fence=row[12],
        tries=row[13],
        was=row[14],
        occurred_at=row[15],
        deadline_at=row[16],
        value=row[17],
        value_currency=row[18],
        own_deadline=own_deadline,
    )


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


_NEXT_DUE = """
SELECT min(soonest.due_at)
FROM unnest(%s::int[]) AS lane (rank)
CROSS JOIN LATERAL (
    SELECT j.due_at
    FROM sync_syncjob j JOIN sync_schedule s ON s.id = j.schedule_id AND s.mode <> 'HELD' AND s.paused_reason = ''
    WHERE j.connection_id = %s AND j.lane = lane.rank AND j.state IN ('QUEUED', 'RETRYING', 'UNKNOWN') AND j.due_at > %s
    ORDER BY j.due_at
    LIMIT 1
) soonest
"""


def next_due(connection_id: int, *, lanes: Sequence[int]) -> datetime | None:
    """When the next job of the connection falls due that is not due yet; None when none will."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_DUE, [[int(lane) for lane in lanes], connection_id, ports.now()])
        row = cursor.fetchone()
    return row[0] if row else None


_STANDING = """
SELECT c.state = 'ACTIVE' AND NOT EXISTS (SELECT 1 FROM sync_switch WHERE NOT calls_allowed)
FROM sync_syncjob j JOIN connectors_connection c ON c.id = j.connection_id
WHERE j.id = %s AND j.fence = %s AND j.state = 'RUNNING'
"""


def still_held(job: ClaimedJob) -> bool:
    """Whether our claim is still the latest."""
    return calls_allowed(job) is not None


def calls_allowed(job: ClaimedJob) -> bool | None:
    """Whether the switches let this job call its platform, read now; None when our claim is not the latest any more."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [job.id, job.fence])
        row = cursor.fetchone()
    return None if row is None else bool(row[0])


def give_back(jobs: Sequence[ClaimedJob]) -> int:
    """Return claimed jobs that were not started; they stand as they stood before."""
    if not jobs:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE sync_syncjob j SET state = given.was, lease_until = NULL, lease_owner = ''
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS given (id, fence, was)
            WHERE j.id = given.id AND j.fence = given.fence AND j.state = 'RUNNING'
            """,
            [[job.id for job in jobs], [job.fence for job in jobs], [job.was for job in jobs]],
        )
        return int(cursor.rowcount)
