"""The record of tries and calls: what was asked, what came back, how long it took. Redacted before it gets here."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection

from connectors import ports
from connectors.http import Exchange
from integrationhub.sync.models import SyncAttempt

if TYPE_CHECKING:
    from integrationhub.sync.outcomes import Verdict
    from integrationhub.sync.run import Run

# One statement for a batch, columns as arrays: this stands in the path of every job. A call names its attempt by its
# place in the batch, since the ids are drawn here.
_WRITE_ATTEMPTS = """
INSERT INTO sync_attempt (job_id, fence, owner, started_at, finished_at, result, message, mapping_versions, traceback)
SELECT n.job_id, n.fence, %(owner)s, n.started_at, %(now)s, n.result, n.message, n.versions::bigint[], n.traceback
FROM unnest(%(jobs)s::bigint[], %(fences)s::bigint[], %(started)s::timestamptz[], %(results)s::text[],
            %(messages)s::text[], %(versions)s::text[], %(tracebacks)s::text[])
     AS n (job_id, fence, started_at, result, message, versions, traceback)
"""

_WRITE_WITH_CALLS = """
WITH attempt AS (
    SELECT nextval('sync_attempt_id_seq') AS id, n.*
    FROM unnest(%(jobs)s::bigint[], %(fences)s::bigint[], %(started)s::timestamptz[], %(results)s::text[],
                %(messages)s::text[], %(versions)s::text[], %(tracebacks)s::text[])
         WITH ORDINALITY AS n (job_id, fence, started_at, result, message, versions, traceback, place)
), call AS (
    SELECT nextval('sync_call_id_seq') AS id, n.*
    FROM unnest(%(places)s::int[], %(connections)s::bigint[], %(operations)s::text[], %(writes)s::bool[],
                %(methods)s::text[], %(urls)s::text[], %(statuses)s::int[], %(call_started)s::timestamptz[],
                %(seconds)s::float8[], %(errors)s::text[], %(costs)s::text[], %(requests)s::bytea[], %(responses)s::bytea[])
         AS n (place, connection_id, operation, write, method, url, status, started_at, seconds, error, costs, request,
               response)
), written AS (
    INSERT INTO sync_attempt
        (id, job_id, fence, owner, started_at, finished_at, result, message, mapping_versions, traceback)
    SELECT id, job_id, fence, %(owner)s, started_at, %(now)s, result, message, versions::bigint[], traceback FROM attempt
), called AS (
    INSERT INTO sync_call
        (id, attempt_id, job_id, connection_id, operation, write, method, url, status, started_at, seconds, error,
         costs)
    SELECT c.id, a.id, a.job_id, c.connection_id, c.operation, c.write, c.method, c.url, c.status, c.started_at, c.seconds,
           c.error, c.costs::jsonb
    FROM call c JOIN attempt a ON a.place = c.place
)
INSERT INTO sync_callbody (call_id, request, response) SELECT id, request, response FROM call
"""


def write_attempts(runs: Sequence[tuple["Run", "Verdict | None"]], *, owner: str, states: Mapping[int, str]) -> None:
    """Write the tries of a batch, with their calls."""
    if not runs:
        return
    calls = [
        (place, connection_id, exchange)
        for place, (run, _) in enumerate(runs, 1)
        for connection_id, exchange in run.calls
    ]
    values = {"owner": owner, "now": ports.now(), **_attempt_columns(runs, states)}
    with connection.cursor() as cursor:
        if calls:
            cursor.execute(_WRITE_WITH_CALLS, {**values, **_call_columns(calls)})
        else:
            cursor.execute(_WRITE_ATTEMPTS, values)


def _attempt_columns(runs: Sequence[tuple["Run", "Verdict | None"]], states: Mapping[int, str]) -> dict[str, Any]:
    return {
        "jobs": [run.job.id for run, _ in runs],
        "fences": [run.job.fence for run, _ in runs],
        "started": [run.started_at for run, _ in runs],
        "results": [_result(run, verdict, states) for run, verdict in runs],
        "messages": ["" if verdict is None else verdict.reason[:500] for _, verdict in runs],
        "versions": ["{" + ",".join(map(str, sorted(run.mapping_versions))) + "}" for run, _ in runs],
        "tracebacks": ["" if verdict is None else verdict.traceback for _, verdict in runs],
    }


def _result(run: "Run", verdict: "Verdict | None", states: Mapping[int, str]) -> str:
    overtaken = verdict is None or run.job.id not in states
    return str(SyncAttempt.Result.OVERTAKEN if overtaken or verdict is None else verdict.result)


def _call_columns(calls: Sequence[tuple[int, int, Exchange]]) -> dict[str, Any]:
    exchanges = [exchange for _, _, exchange in calls]
    return {
        "places": [place for place, _, _ in calls],
        "connections": [connection_id for _, connection_id, _ in calls],
        "operations": [exchange.call.operation[:60] for exchange in exchanges],
        "writes": [exchange.call.write for exchange in exchanges],
        "methods": [exchange.call.method for exchange in exchanges],
        "urls": [exchange.call.url[:500] for exchange in exchanges],
        "statuses": [exchange.status for exchange in exchanges],
        "call_started": [exchange.started_at for exchange in exchanges],
        "seconds": [exchange.seconds for exchange in exchanges],
        "errors": [exchange.error[:300] for exchange in exchanges],
        "costs": [json.dumps(dict(exchange.call.costs)) for exchange in exchanges],
        "requests": [_packed(exchange.request_headers, exchange.request_body) for exchange in exchanges],
        "responses": [_packed(exchange.response_headers, exchange.response_body) for exchange in exchanges],
    }


def _packed(headers: Mapping[str, str], body: str) -> bytes:
    return zlib.compress(json.dumps({"headers": dict(headers), "body": body}, ensure_ascii=False).encode(), 1)


def unpack(data: bytes) -> dict[str, Any]:
    """One side of a call: {"headers": {...}, "body": "..."}."""
    unpacked: dict[str, Any] = json.loads(zlib.decompress(bytes(data)))
    return unpacked
