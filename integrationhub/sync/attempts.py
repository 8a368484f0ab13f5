"""The record of tries and calls: what was asked, what came back, how long it took. Redacted before it gets here."""

import json
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection

from connectors import ports
from connectors.http import Exchange
from integrationhub.sync.models import SyncAttempt

if TYPE_CHECKING:
    from integrationhub.sync.outcomes import Verdict
    from integrationhub.sync.run import Run

# One statement for a batch. Rows travel as JSON: a driver quotes an array element by element, which for the eleven columns
# of a try cost more than all the work of the engine around it. A call names its attempt by the place of its try in the
# batch, since the ids are drawn here.
TRIES = """
try AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(tries)s) AS t (
        place int, job_id bigint, fence bigint, started_at timestamptz, result text, message text, versions bigint[],
        traceback text, wanted int, state text, due_at timestamptz, tries int, staked bool, value numeric, currency text,
        reporting numeric, occurred_at timestamptz, deadline_at timestamptz)
)"""

RECORD_TRIES = """
attempt AS MATERIALIZED (SELECT nextval('sync_attempt_id_seq') AS id, t.* FROM told t),
call AS MATERIALIZED (
    SELECT nextval('sync_call_id_seq') AS id, c.*
    FROM json_to_recordset(%(calls)s) AS c (
        place int, connection_id bigint, operation text, write bool, method text, url text, status int,
        started_at timestamptz, seconds float8, error text, costs jsonb, request text, response text)
), written AS (
    INSERT INTO sync_attempt
        (id, job_id, fence, owner, started_at, finished_at, result, message, mapping_versions, traceback)
    SELECT id, job_id, fence, %(owner)s, started_at, %(now)s, result, message, versions, traceback FROM attempt
), called AS (
    INSERT INTO sync_call
        (id, attempt_id, job_id, connection_id, operation, write, method, url, status, started_at, seconds, error,
         costs)
    SELECT c.id, a.id, a.job_id, c.connection_id, c.operation, c.write, c.method, c.url, c.status, c.started_at, c.seconds,
           c.error, c.costs
    FROM call c JOIN attempt a ON a.place = c.place
), kept AS (
    INSERT INTO sync_callbody (call_id, request, response)
    SELECT id, decode(request, 'base64'), decode(response, 'base64') FROM call
)"""

_WRITE_ATTEMPTS = f"WITH {TRIES}, told AS (SELECT * FROM try), {RECORD_TRIES} SELECT count(*) FROM attempt"  # noqa: S608  our own


def write_attempts(runs: Sequence[tuple["Run", "Verdict | None"]], *, owner: str, states: Mapping[int, str]) -> None:
    """Write the tries of a batch, with their calls. A try whose job is not in `states` was overtaken."""
    if not runs:
        return
    tries = [try_row(place, run, verdict) for place, (run, verdict) in enumerate(runs)]
    for row, (run, verdict) in zip(tries, runs, strict=True):
        if verdict is None or run.job.id not in states:
            row["result"] = SyncAttempt.Result.OVERTAKEN
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_ATTEMPTS, values_of(tries, [run for run, _ in runs], owner=owner))


def values_of(tries: Sequence[Mapping[str, Any]], runs: Sequence["Run"], *, owner: str) -> dict[str, Any]:
    """What the statements above are given."""
    calls = [
        _call_row(place, connection_id, exchange)
        for place, run in enumerate(runs)
        for connection_id, exchange in run.calls
    ]
    return {"owner": owner, "now": ports.now(), "tries": json.dumps(tries), "calls": json.dumps(calls)}


def try_row(place: int, run: "Run", verdict: "Verdict | None") -> dict[str, Any]:
    """One try: what is the same whatever its outcome means for the job."""
    return {
        "place": place,
        "job_id": run.job.id,
        "fence": run.job.fence,
        "started_at": run.started_at.isoformat(),
        "result": None if verdict is None else verdict.result,
        "message": "" if verdict is None else verdict.reason[:500],
        "versions": sorted(run.mapping_versions),
        "traceback": "" if verdict is None else verdict.traceback,
    }


def _call_row(place: int, connection_id: int, exchange: Exchange) -> dict[str, Any]:
    call = exchange.call
    return {
        "place": place,
        "connection_id": connection_id,
        "operation": call.operation[:60],
        "write": call.write,
        "method": call.method,
        "url": call.url[:500],
        "status": exchange.status,
        "started_at": exchange.started_at.isoformat(),
        "seconds": exchange.seconds,
        "error": exchange.error[:300],
        "costs": dict(call.costs),
        "request": b64encode(_packed(exchange.request_headers, exchange.request_body)).decode(),
        "response": b64encode(_packed(exchange.response_headers, exchange.response_body)).decode(),
    }


def _packed(headers: Mapping[str, str], body: str) -> bytes:
    return zlib.compress(json.dumps({"headers": dict(headers), "body": body}, ensure_ascii=False).encode(), 1)


def unpack(data: bytes) -> dict[str, Any]:
    """One side of a call: {"headers": {...}, "body": "..."}."""
    unpacked: dict[str, Any] = json.loads(zlib.decompress(bytes(data)))
    return unpacked
