"""Jobs that wait for a person: put to wait on cases, released when what was missing is there.

Blocking and releasing race. Both take the same advisory lock per missing key inside their transaction: whoever comes second
sees what the first committed. So a mapping saved while a job is being blocked either is found by the job's second look, or
finds the job's blocker.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Min, Q, QuerySet, Sum

from connectors import ports
from connectors.canonical.errors import MissingMapping
from connectors.models import Connection, Link
from exceptions_app.deciding import close_case
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import open_case, open_unmapped, roll_up
from integrationhub.sync import queue
from integrationhub.sync.claim import ClaimedJob
from integrationhub.sync.flows import flow
from integrationhub.sync.lanes import queue_of
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES
from integrationhub.sync.places import place
from mappings_app.lookup import Resolver

RULE = "the hub"


@dataclass(frozen=True, kw_only=True)
class CaseRequest:
    """A case that a job must wait for."""

    cause: str
    object_key: str = ""
    missing: MissingMapping | None = None  # a mapping case instead
    target: Connection | None = None
    context: dict[str, Any] = field(default_factory=dict)
    platform_words: str = ""


def mapping_requests(missing: Iterable[MissingMapping]) -> list[CaseRequest]:
    """One case per missing code."""
    return [CaseRequest(cause=f"unmapped_{item.kind}", missing=item) for item in missing]


def block(job: ClaimedJob, requests: Sequence[CaseRequest], *, state: str, reason: str) -> bool:
    """Let the job wait on the cases. False when all that was missing exists by now, or a trigger came meanwhile (with a
    newer document, maybe): the job is queued again instead.
    """
    link = place.link(job.link_id) if job.link_id else None
    with transaction.atomic():
        missing = {(request.missing.kind, request.missing.code) for request in requests if request.missing is not None}
        for kind, code in sorted(missing):  # in one order, so that two jobs cannot lock each other out
            lock_key(job.brand_id, kind, code)
        needed = [request for request in requests if not _exists_now(request, job, link)]
        if not needed or not _set_waiting(job, state=state, reason=reason):
            _queue_again(job)
            return False
        cases = [_open(request, job, link) for request in sorted(needed, key=_order)]
        _replace_blockers(job.id, [case.pk for case in cases])
    return True


def _order(request: CaseRequest) -> tuple[str, str, str]:
    return (request.cause, request.missing.code if request.missing else "", request.object_key)


def _open(request: CaseRequest, job: ClaimedJob, link: Link | None) -> ExceptionCase:
    if request.missing is not None and link is not None:
        case, _ = open_unmapped(link=link, missing=request.missing)
        return case
    here = place(job.connection_id).row
    case, _ = open_case(
        brand=here.brand,
        cause=request.cause,
        target=request.target or here,
        object_key=request.object_key,
        link=link,
        context=request.context,
        platform_words=request.platform_words,
    )
    return case


def _exists_now(request: CaseRequest, job: ClaimedJob, link: Link | None) -> bool:
    if request.missing is None or link is None:
        return False
    found = Resolver(link, job.occurred_at or ports.now()).find(request.missing.kind, [request.missing.code])
    return request.missing.code in found


def _set_waiting(job: ClaimedJob, *, state: str, reason: str) -> bool:
    mine = SyncJob.objects.filter(pk=job.id, fence=job.fence, state=SyncJob.State.RUNNING)
    changed = mine.filter(wanted=job.wanted).update(
        state=state, reason=reason[:500], lease_until=None, lease_owner="", due_at=ports.now(), kills=0
    )
    return changed == 1


def _queue_again(job: ClaimedJob) -> None:
    """Does nothing when overtaken: another worker holds the job, and will say what it waits for."""
    SyncJob.objects.filter(pk=job.id, fence=job.fence, state=SyncJob.State.RUNNING).update(
        state=SyncJob.State.QUEUED, reason="", lease_until=None, lease_owner="", due_at=ports.now(), kills=0
    )


def _replace_blockers(job_id: int, case_ids: Sequence[int]) -> None:
    """The job waits on exactly these cases from now on; what it waited on before is let go."""
    have = set(Blocker.objects.filter(job_id=job_id, released_at=None).values_list("case_id", flat=True))
    Blocker.objects.bulk_create(
        [Blocker(job_id=job_id, case_id=case_id) for case_id in case_ids if case_id not in have], ignore_conflicts=True
    )
    gone = have - set(case_ids)
    if gone:
        Blocker.objects.filter(job_id=job_id, case_id__in=gone, released_at=None).update(
            released_at=ports.now(), released_by=RULE
        )
    recount([*case_ids, *gone])


def lock_key(brand_id: int, kind: str, code: str) -> None:
    """Held until the transaction ends."""
    digest = hashlib.blake2b(f"{brand_id}|{kind}|{code}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest, "big", signed=True)])


# --- letting go -------------------------------------------------------------------------------------------------------


def release(blockers: QuerySet[Blocker], *, by: str) -> list[int]:
    """Release these open blockers; jobs with none left are queued. Returns the ids of the jobs that go on.

    The jobs are locked first: of two that release a job's last two blockers at once, the later one sees that none is left.
    """
    now = ports.now()
    with transaction.atomic():
        waiting = blockers.filter(released_at=None)
        jobs = SyncJob.objects.filter(pk__in=list(waiting.values_list("job_id", flat=True)))
        list(jobs.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        rows = list(waiting.order_by("pk").select_for_update(of=("self",)).values_list("pk", "job_id", "case_id"))
        Blocker.objects.filter(pk__in=[row[0] for row in rows]).update(released_at=now, released_by=by[:150])
        freed = _queue_unblocked({row[1] for row in rows})
        recount({row[2] for row in rows}, closed_by=by)
    return freed


def _queue_unblocked(job_ids: set[int]) -> list[int]:
    waiting = Blocker.objects.filter(job_id__in=job_ids, released_at=None).values("job_id")
    free = SyncJob.objects.filter(pk__in=job_ids, state__in=WAITING_STATES).exclude(pk__in=waiting)
    rows = list(free.values_list("pk", "connection_id", "lane"))
    ids = [row[0] for row in rows]
    SyncJob.objects.filter(pk__in=ids).update(state=SyncJob.State.QUEUED, due_at=ports.now(), tries=0, reason="")
    # Being tried again in a run that takes its time: nothing holds them any more, so they need not wait for their turn.
    spread = SyncJob.objects.filter(pk__in=job_ids, state=SyncJob.State.QUEUED, due_at__gt=ports.now())
    spread.exclude(pk__in=waiting).update(due_at=ports.now())
    _wake_after_commit((connection_id, lane) for _, connection_id, lane in rows)
    return ids


def _wake_after_commit(places: Iterable[tuple[int, int]]) -> None:
    wake = {(connection_id, queue_of(lane)) for connection_id, lane in places}
    transaction.on_commit(lambda: queue.wake_many(wake))


def release_mapping(*, brand_id: int, kind: str, code: str, link_id: int | None, by: str) -> list[int]:
    """What a saved mapping releases: every job of its scope that waits for this code. Inside the saver's transaction."""
    lock_key(brand_id, kind, code)
    blockers = Blocker.objects.filter(case__brand_id=brand_id, case__mapping_kind=kind, case__code=code)
    if link_id is not None:
        blockers = blockers.filter(job__link_id=link_id)
    else:  # what is said for every channel does not count on every link
        blockers = blockers.exclude(job__link__own_mappings_only=True)
    return release(blockers, by=by)


def retry(case: ExceptionCase, *, by: str, job_ids: Sequence[int] | None = None) -> list[int]:
    """Try again what waits on a case. The blockers stay until a try succeeds, so the case neither flaps nor forgets."""
    jobs = SyncJob.objects.filter(blockers__case=case, blockers__released_at=None, state__in=WAITING_STATES)
    if job_ids is not None:
        jobs = jobs.filter(pk__in=job_ids)
    now = ports.now()
    with transaction.atomic():
        given = try_again(dict.fromkeys(jobs.values_list("pk", flat=True), now), reason=f"Tried again by {by}.")
    return [one.job_id for one in given]


@dataclass(frozen=True, kw_only=True)
class Given:
    """A waiting job that was queued again, and how it stood before: what putting it back needs."""

    job_id: int
    was: str
    was_reason: str
    fence: int
    wanted: int


_TRY_AGAIN = """
WITH wanted AS (SELECT * FROM unnest(%(ids)s::bigint[], %(due)s::timestamptz[]) AS w (id, due_at)),
picked AS (
    SELECT j.id, j.state, j.reason, j.fence, j.wanted, wanted.due_at
    FROM sync_syncjob j JOIN wanted ON wanted.id = j.id
    WHERE j.state IN ('BLOCKED', 'FAILED', 'ERRORED')
    ORDER BY j.id FOR UPDATE OF j
)
UPDATE sync_syncjob j SET state = 'QUEUED', due_at = picked.due_at, tries = 0, reason = %(reason)s
FROM picked WHERE j.id = picked.id
RETURNING j.id, picked.state, picked.reason, j.fence, j.wanted, j.connection_id, j.lane
"""


def try_again(due: Mapping[int, datetime], *, reason: str) -> list[Given]:
    """Queue those of these jobs that wait for a person, each due at its time. Inside the caller's transaction.

    Their blockers stay until a try succeeds. Jobs that went on by themselves meanwhile are left out.
    """
    values: dict[str, Any] = {"ids": list(due), "due": list(due.values()), "reason": reason[:500]}
    with connection.cursor() as cursor:
        cursor.execute(_TRY_AGAIN, values)
        rows = cursor.fetchall()
    _wake_after_commit((row[5], row[6]) for row in rows)
    return [Given(job_id=row[0], was=row[1], was_reason=row[2], fence=row[3], wanted=row[4]) for row in rows]


_PUT_BACK = """
WITH given AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(was)s::text[], %(reasons)s::text[], %(fences)s::bigint[], %(wanted)s::int[])
        AS g (id, was, reason, fence, wanted)
), picked AS (
    SELECT j.id, given.was, given.reason
    FROM sync_syncjob j JOIN given ON given.id = j.id
    -- Not a plain comparison: a moment after ten thousand jobs were queued the statistics still know of none, and the planner
    -- would begin with "those few" and compare each with every job that was given.
    WHERE j.state || '' = 'QUEUED' AND j.fence = given.fence AND j.wanted = given.wanted
      AND EXISTS (SELECT 1 FROM sync_blocker b WHERE b.job_id = j.id AND b.released_at IS NULL)
    ORDER BY j.id FOR UPDATE OF j
)
UPDATE sync_syncjob j SET state = picked.was, reason = picked.reason, due_at = %(now)s
FROM picked WHERE j.id = picked.id
RETURNING j.id
"""


def put_back(given: Sequence[Given]) -> list[int]:
    """Let those of these jobs wait again that nobody has begun, exactly as they stood. Returns their ids.

    Left going: what a worker has claimed since, what a newer document came for, and what waits for nothing any more.
    """
    values: dict[str, Any] = {
        "ids": [one.job_id for one in given],
        "was": [one.was for one in given],
        "reasons": [one.was_reason for one in given],
        "fences": [one.fence for one in given],
        "wanted": [one.wanted for one in given],
        "now": ports.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, values)
        return [row[0] for row in cursor.fetchall()]


def end_what_waits(case: ExceptionCase, *, actor: str, reason: str) -> list[int]:
    """End the jobs that wait for this case and for nothing else, since a person says that it was settled elsewhere.

    Inside the transaction that closes the case. Jobs that wait for another case too go on waiting for that one.
    """
    mine = Blocker.objects.filter(case=case, released_at=None)
    elsewhere = Blocker.objects.filter(released_at=None).exclude(case=case).values("job_id")
    jobs = SyncJob.objects.filter(pk__in=mine.values("job_id"), state__in=WAITING_STATES).exclude(pk__in=elsewhere)
    ids = list(jobs.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    SyncJob.objects.filter(pk__in=ids, state__in=WAITING_STATES).update(
        state=SyncJob.State.SKIPPED, finished_at=ports.now(), reason=f"Settled by {actor}: {reason}"[:500]
    )
    release(mine, by=actor)
    return ids


def let_go_of_finished(job_ids: Sequence[int]) -> None:
    """Jobs that finished wait for nothing any more."""
    rows = list(Blocker.objects.filter(job_id__in=job_ids, released_at=None).values_list("pk", "case_id"))
    if rows:
        with transaction.atomic():
            Blocker.objects.filter(pk__in=[row[0] for row in rows]).update(released_at=ports.now(), released_by=RULE)
            recount({row[1] for row in rows})


def recount(case_ids: Iterable[int], *, closed_by: str = RULE) -> None:
    """Compute what each case holds up, and close those that hold up nothing any more: that is the checked postcondition."""
    ids = sorted(set(case_ids))
    list(ExceptionCase.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
    held = (
        Blocker.objects.filter(case_id__in=ids, released_at=None)
        .exclude(job__state__in=TERMINAL_STATES)
        .values("case_id")
        .annotate(
            count=Count("pk"),
            value=Sum("job__value_reporting"),
            oldest=Min("since"),
            deadline=Min("job__deadline_at", filter=Q(job__deadline_at__isnull=False)),
        )
    )
    found = {row["case_id"]: row for row in held}
    for case_id in ids:
        row = found.get(case_id)
        if row is None:
            roll_up(case_id, count=0, value=Decimal(0), oldest=None, deadline=None)
            close_case(case_id, actor=closed_by, reason="Nothing waits for it any more.")
        else:
            value = row["value"] or Decimal(0)
            roll_up(case_id, count=row["count"], value=value, oldest=row["oldest"], deadline=row["deadline"])


def open_poison_case(job_id: int) -> None:
    """A job that kills its workers is put aside for a person. Inside the sweeper's transaction."""
    job = SyncJob.objects.get(pk=job_id)
    here = place(job.connection_id).row
    case, _ = open_case(
        brand=here.brand,
        cause="our_bug",
        target=here,
        object_key=f"{job.flow}:stopped:{job.key}",
        link=place.link(job.link_id) if job.link_id else None,
        context={**flow(job.flow).words, "example": job.key},
    )
    _replace_blockers(job.pk, [case.pk])
