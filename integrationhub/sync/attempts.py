"""The record of tries and calls: what was asked, what came back, how long it took. Redacted before it gets here."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors import ports
from connectors.http import Exchange
from integrationhub.sync.models import CallBody, SyncAttempt, SyncCall

if TYPE_CHECKING:
    from integrationhub.sync.outcomes import Verdict
    from integrationhub.sync.run import Run


def write_attempts(runs: Sequence[tuple["Run", "Verdict | None"]], *, owner: str, states: Mapping[int, str]) -> None:
    """Write the tries of a batch, with their calls."""
    attempts = [_attempt(run, verdict, owner=owner, states=states) for run, verdict in runs]
    SyncAttempt.objects.bulk_create(attempts)
    pairs = [(attempt, run) for attempt, (run, _) in zip(attempts, runs, strict=True) if run.calls]
    if pairs:
        _write_calls(pairs)


def _attempt(run: "Run", verdict: "Verdict | None", *, owner: str, states: Mapping[int, str]) -> SyncAttempt:
    overtaken = verdict is None or run.job.id not in states
    return SyncAttempt(
        job_id=run.job.id,
        fence=run.job.fence,
        owner=owner,
        started_at=run.started_at,
        finished_at=ports.now(),
        result=SyncAttempt.Result.OVERTAKEN if overtaken or verdict is None else verdict.result,
        message="" if verdict is None else verdict.reason[:500],
        mapping_versions=sorted(run.mapping_versions),
        traceback="" if verdict is None else verdict.traceback,
    )


def _write_calls(pairs: Sequence[tuple[SyncAttempt, "Run"]]) -> None:
    rows: list[tuple[SyncCall, Exchange]] = []
    for attempt, run in pairs:
        rows += [(_call(connection_id, exchange, attempt), exchange) for connection_id, exchange in run.calls]
    SyncCall.objects.bulk_create([row for row, _ in rows])
    CallBody.objects.bulk_create(
        CallBody(
            call_id=row.pk,
            request=_packed(exchange.request_headers, exchange.request_body),
            response=_packed(exchange.response_headers, exchange.response_body),
        )
        for row, exchange in rows
    )


def _call(connection_id: int, exchange: Exchange, attempt: SyncAttempt) -> SyncCall:
    return SyncCall(
        attempt_id=attempt.pk,
        job_id=attempt.job_id,
        connection_id=connection_id,
        operation=exchange.call.operation[:60],
        write=exchange.call.write,
        method=exchange.call.method,
        url=exchange.call.url[:500],
        status=exchange.status,
        started_at=exchange.started_at,
        seconds=exchange.seconds,
        error=exchange.error[:300],
    )


def _packed(headers: Mapping[str, str], body: str) -> bytes:
    return zlib.compress(json.dumps({"headers": dict(headers), "body": body}, ensure_ascii=False).encode(), 1)


def unpack(data: bytes) -> dict[str, Any]:
    """One side of a call: {"headers": {...}, "body": "..."}."""
    unpacked: dict[str, Any] = json.loads(zlib.decompress(bytes(data)))
    return unpacked
