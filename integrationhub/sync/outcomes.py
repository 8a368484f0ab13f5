"""What happens after a try: the error families, decided in one place and written under the fence."""

import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from connectors import ports
from connectors.canonical.errors import (
    ConfigurationError,
    DataError,
    MappingError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from exceptions_app.grouping import bug_key, problems_key, refusal_key
from integrationhub.sync import blocking, standing
from integrationhub.sync.attempts import RECORD_TRIES, TRIES, try_row, values_of, write_attempts
from integrationhub.sync.blocking import CaseRequest
from integrationhub.sync.claim import ClaimedJob
from integrationhub.sync.flows import Done, Later, NeedsPersonError, Outcome, Skipped, flow
from integrationhub.sync.gate import BudgetSpentError, OvertakenError
from integrationhub.sync.models import SyncAttempt, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES
from integrationhub.sync.run import Run, ShadowedError, Stake
from integrationhub.sync.writes import SETTLE_SECONDS, SettlingError

log = structlog.get_logger(__name__)

MAX_TRIES = 8  # about half an hour of backing off; then a person hears of it
BACKOFF_SECONDS = (2, 5, 15, 60, 180, 300, 600, 900)
PAUSED_SECONDS = 300  # what a refused connection or operation keeps waiting is looked at again this often at most
UNKNOWN_TRIES = 5  # look-ups that themselves failed

State = SyncJob.State
Result = SyncAttempt.Result


@dataclass(kw_only=True)
class Verdict:
    """What a try came to."""

    job: ClaimedJob
    state: str
    result: str
    reason: str = ""
    due_at: datetime | None = None  # None = now
    tries: int = 0
    cases: list[CaseRequest] = field(default_factory=list)
    traceback: str = ""
    pause: ConfigurationError | None = None

    def __post_init__(self) -> None:
        # Both may quote what a platform sent, and PostgreSQL keeps no NUL.
        self.reason, self.traceback = self.reason.replace("\x00", ""), self.traceback.replace("\x00", "")


def judge(run: Run, outcome: Outcome) -> Verdict:
    """The verdict on a try that returned."""
    match outcome:
        case Done(message):
            return Verdict(job=run.job, state=State.DONE, result=Result.DONE, reason=message)
        case Skipped(reason):
            return Verdict(job=run.job, state=State.SKIPPED, result=Result.SKIPPED, reason=reason)
        case Later(due_at, reason):
            return Verdict(job=run.job, state=State.RETRYING, result=Result.LATER, reason=reason, due_at=due_at)


def judge_error(run: Run, error: Exception) -> Verdict | None:
    """The verdict on a try that raised. None when the worker lost its job: then nothing is written."""
    job = run.job
    match error:
        case OvertakenError():
            return None
        case ShadowedError():
            return Verdict(job=job, state=State.SKIPPED, result=Result.SKIPPED, reason=f"Shadow: {error}")
        case NeedsPersonError():
            return _waits(job, error.message, *map(_finding, (error, *error.also)))
        case BudgetSpentError():
            return _put_off(job, error.message, error.retry_at, tries=job.tries)
        case SettlingError():
            return _unknown(job, error.message, due_at=error.due_at, tries=job.tries)
        case TransientError():
            return _transient(job, error)
        case UnknownOutcomeError():
            return _unknown_again(job, error)
        case ConfigurationError():
            due_at = ports.now() + timedelta(seconds=PAUSED_SECONDS)
            return _put_off(job, error.message, due_at, tries=job.tries, pause=error)
        case MappingError():
            verdict = _waits(job, error.message)
            verdict.cases = blocking.mapping_requests(error.missing)
            return verdict
        case DataError():
            return _waits(job, error.message, _unreadable(job, error))
        case PermanentError():
            return _refused(job, error)
    return _our_bug(job, error)


def _waits(job: ClaimedJob, reason: str, *cases: CaseRequest) -> Verdict:
    return Verdict(
        job=job, state=State.BLOCKED, result=Result.BLOCKED, reason=reason, tries=job.tries, cases=list(cases)
    )


def _put_off(
    job: ClaimedJob, reason: str, due_at: datetime | None, *, tries: int, pause: ConfigurationError | None = None
) -> Verdict:
    return Verdict(
        job=job, state=State.RETRYING, result=Result.LATER, reason=reason, due_at=due_at, tries=tries, pause=pause
    )


def _transient(job: ClaimedJob, error: TransientError) -> Verdict:
    tries = job.tries + 1
    if tries >= MAX_TRIES:
        return _waits(job, error.message, _spent(job, error, tries))
    due_at = max(error.retry_at or ports.now(), ports.now() + timedelta(seconds=backoff(tries)))
    return Verdict(
        job=job, state=State.RETRYING, result=Result.TRANSIENT, reason=error.message, due_at=due_at, tries=tries
    )


def _finding(error: NeedsPersonError) -> CaseRequest:
    return CaseRequest(
        cause=error.cause,
        object_key=error.object_key,
        target=error.place,
        context=error.context,
        platform_words=error.platform_words,
    )


def _spent(job: ClaimedJob, error: TransientError, tries: int) -> CaseRequest:
    return CaseRequest(
        cause="retries_spent",
        object_key=f"{job.flow}:{job.connection_id}",
        context={**_words(job), "tries": tries},
        platform_words=error.platform_words or error.message,
    )


def _words(job: ClaimedJob) -> dict[str, str]:
    return {**flow(job.flow).words, "example": job.key}


def backoff(tries: int) -> float:
    """Seconds to wait after so many failed tries, spread by up to half so that no two come back together."""
    base = BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS)) - 1]
    return base * (1 + ports.rng().random() / 2)


def _unknown(job: ClaimedJob, reason: str, *, due_at: datetime, tries: int) -> Verdict:
    return Verdict(job=job, state=State.UNKNOWN, result=Result.UNKNOWN, reason=reason, due_at=due_at, tries=tries)


def _unknown_again(job: ClaimedJob, error: UnknownOutcomeError) -> Verdict:
    tries = job.tries + 1
    due_at = ports.now() + timedelta(seconds=SETTLE_SECONDS)
    verdict = _unknown(job, error.message, due_at=due_at, tries=tries)
    if tries >= UNKNOWN_TRIES:
        request = CaseRequest(
            cause="outcome_unknown", object_key=f"{job.flow}:{job.connection_id}", context=_words(job)
        )
        return _waits(job, error.message, request)
    return verdict


def _unreadable(job: ClaimedJob, error: DataError) -> CaseRequest:
    problems = [f"{item.field}: {item.message}" for item in error.problems]
    return CaseRequest(
        cause="unreadable_record",
        object_key=problems_key(error.problems, source_id=job.connection_id, kind=job.flow),
        context={**_words(job), "problems": problems},
        platform_words=error.platform_words,
    )


def _refused(job: ClaimedJob, error: PermanentError) -> Verdict:
    request = CaseRequest(
        cause="refused_by_platform",
        object_key=refusal_key(error, target_id=job.connection_id, operation=job.flow),
        context={**_words(job), "explanation": error.message},
        platform_words=error.platform_words,
    )
    return Verdict(
        job=job, state=State.FAILED, result=Result.REFUSED, reason=error.message, tries=job.tries + 1, cases=[request]
    )


def _our_bug(job: ClaimedJob, error: Exception) -> Verdict:
    log.error("flow_errored", flow=job.flow, key=job.key, job=job.id, exc_info=error)
    request = CaseRequest(cause="our_bug", object_key=f"{job.flow}:{bug_key(error)}", context=_words(job))
    return Verdict(
        job=job,
        state=State.ERRORED,
        result=Result.ERRORED,
        reason="The hub made a mistake here. Its developers have the details; nothing was lost.",
        tries=job.tries + 1,
        cases=[request],
        traceback="".join(traceback.format_exception(error))[-20_000:],
    )


# --- writing it down --------------------------------------------------------------------------------------------------

# What came of the jobs of a batch and the record of its tries, in one statement: either all of it is written or nothing.
# A job that another worker took meanwhile has a higher fence; its try is recorded as overtaken.
_SETTLE = f"""
WITH {TRIES}, applied AS (
    UPDATE sync_syncjob j
    SET state = CASE WHEN v.state IN ('DONE', 'SKIPPED') AND j.wanted <> v.wanted THEN 'QUEUED' ELSE v.state END,
        due_at = CASE WHEN v.state IN ('DONE', 'SKIPPED') THEN %(now)s ELSE COALESCE(v.due_at, %(now)s) END,
        finished_at = CASE WHEN v.state IN ('DONE', 'SKIPPED') AND j.wanted = v.wanted THEN %(now)s END,
        lease_until = NULL, lease_owner = '', kills = 0, tries = v.tries, reason = v.message,
        value = CASE WHEN v.staked THEN v.value ELSE j.value END,
        value_currency = CASE WHEN v.staked THEN v.currency ELSE j.value_currency END,
        value_reporting = CASE WHEN v.staked THEN v.reporting ELSE j.value_reporting END,
        occurred_at = CASE WHEN v.staked THEN v.occurred_at ELSE j.occurred_at END,
        deadline_at = CASE WHEN v.staked THEN v.deadline_at ELSE j.deadline_at END
    FROM try v
    WHERE j.id = v.job_id AND j.fence = v.fence AND j.state = 'RUNNING'
    RETURNING j.id, j.state AS now_in,
        EXISTS (SELECT 1 FROM sync_blocker b WHERE b.job_id = j.id AND b.released_at IS NULL) AS waits,
        v.place, v.job_id, v.fence, v.started_at, v.result, v.message, v.versions, v.traceback
), told AS (
    SELECT place, job_id, fence, started_at, result, message, versions, traceback FROM applied
    UNION ALL
    SELECT place, job_id, fence, started_at, 'OVERTAKEN', message, versions, traceback FROM try
    WHERE job_id NOT IN (SELECT id FROM applied)
), {RECORD_TRIES}
SELECT id, now_in, waits FROM applied
"""  # noqa: S608  our own names

Try = tuple[Run, Verdict | None]


def settle(tries: Sequence[Try], *, owner: str) -> dict[int, str]:
    """Write what came of a batch, under its fences. Returns job id → state; a job that is missing was overtaken."""
    plain = [(run, verdict) for run, verdict in tries if verdict is not None and not verdict.cases]
    states = _settle_plain(plain, owner=owner) if plain else {}
    for _, verdict in plain:
        if verdict.pause is not None:
            standing.pause(verdict.job, verdict.pause)
    others = [(run, verdict) for run, verdict in tries if verdict is None or verdict.cases]
    _write_stakes([run for run, verdict in others if verdict is not None])
    states |= {verdict.job.id: _block(verdict) for _, verdict in others if verdict is not None}
    write_attempts(others, owner=owner, states=states)
    return states


def _settle_plain(tries: Sequence[tuple[Run, Verdict]], *, owner: str) -> dict[int, str]:
    """Outcomes that open no case: they touch nothing but their jobs, and are written with their tries."""
    rows = [_row(place, run, verdict) for place, (run, verdict) in enumerate(tries)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTLE, values_of(rows, [run for run, _ in tries], owner=owner))
        applied = cursor.fetchall()
        if waited := [job_id for job_id, state, waits in applied if waits and state in TERMINAL_STATES]:
            blocking.let_go_of_finished(waited)
    return {job_id: state for job_id, state, _ in applied}


def _row(place: int, run: Run, verdict: Verdict) -> dict[str, Any]:
    """A try and what its outcome means for its job; what is left out is NULL."""
    row = try_row(place, run, verdict)
    row |= {"wanted": verdict.job.wanted, "state": verdict.state, "tries": verdict.tries}
    if verdict.due_at is not None:
        row["due_at"] = verdict.due_at.isoformat()
    if run.stake is not None:
        row |= {"staked": True, **_stake_row(run.stake)}
    return row


def _stake_row(stake: Stake) -> dict[str, str | None]:
    return {
        "value": str(stake.value),
        "currency": stake.currency,
        "reporting": None if stake.reporting is None else str(stake.reporting),
        "occurred_at": stake.occurred_at.isoformat(),
        "deadline_at": None if stake.deadline_at is None else stake.deadline_at.isoformat(),
    }


def _block(verdict: Verdict) -> str:
    """Let the job wait for its cases. A case that cannot be told is a fault of the flow, and costs this job alone."""
    try:
        waits = blocking.block(verdict.job, verdict.cases, state=verdict.state, reason=verdict.reason)
    except (ValueError, TypeError, LookupError) as error:
        verdict = _our_bug(verdict.job, error)
        waits = blocking.block(verdict.job, verdict.cases, state=verdict.state, reason=verdict.reason)
    return verdict.state if waits else State.QUEUED


_STAKES = """
UPDATE sync_syncjob j
SET value = v.value, value_currency = v.currency, value_reporting = v.reporting, occurred_at = v.occurred_at,
    deadline_at = v.deadline_at
FROM json_to_recordset(%s) AS v (id bigint, value numeric, currency text, reporting numeric, occurred_at timestamptz,
                                 deadline_at timestamptz)
WHERE j.id = v.id
"""


def _write_stakes(runs: Sequence[Run]) -> None:
    """What is at stake, before a case is opened that tells it."""
    stakes = [{"id": run.job.id, **_stake_row(run.stake)} for run in runs if run.stake is not None]
    if stakes:
        with connection.cursor() as cursor:
            cursor.execute(_STAKES, [json.dumps(stakes)])
