"""How connections and schedules stand: refused, paused, held, working again."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet, Sum

from connectors import ports
from connectors.canonical.errors import ConfigurationError
from connectors.models import Connection, record_audit
from exceptions_app.deciding import close_case
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import open_case, roll_up
from integrationhub.sync.claim import ClaimedJob
from integrationhub.sync.counters import counted
from integrationhub.sync.flows import flow
from integrationhub.sync.models import Schedule, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES
from integrationhub.sync.places import place

SUCCESS_NOTED_SECONDS = 5
REFUSED_WEBHOOKS_TOLD = 10  # in an hour; a single one is noise from the internet


def note_success(schedule_ids: Iterable[int]) -> None:
    """Stamp schedules as alive; at most every few seconds each, so that a busy one is not a hot row."""
    now = ports.now()
    stale = Q(last_success_at=None) | Q(last_success_at__lt=now - timedelta(seconds=SUCCESS_NOTED_SECONDS))
    Schedule.objects.filter(stale, pk__in=list(schedule_ids)).update(last_success_at=now)


def pause(job: ClaimedJob, error: ConfigurationError) -> None:
    """A refusal that no retry mends: the whole connection, or this one flow on it. One case, not one per order."""
    refused = place(job.connection_id).row
    if error.operation:
        _pause_schedule(job, error, refused)
    else:
        refuse_connection(refused, error)
    place.forget()


def refuse_connection(refused: Connection, error: ConfigurationError) -> None:
    with transaction.atomic():
        changed = Connection.objects.filter(pk=refused.pk, state=Connection.State.ACTIVE).update(
            state=Connection.State.REFUSED, state_reason=error.message[:300], state_changed_at=ports.now()
        )
        case, _ = open_case(
            brand=refused.brand,
            cause="connection_refused",
            object_key=f"connection:{refused.pk}",
            target=refused,
            context={"reason": error.message},
            platform_words=error.platform_words,
        )
        _count_waiting(case.pk, SyncJob.objects.filter(connection=refused))
        if changed:
            record_audit(
                actor="the hub",
                action="refused",
                subject=refused,
                brand=refused.brand,
                before={"state": Connection.State.ACTIVE},
                after={"state": Connection.State.REFUSED},
                reason=error.message[:500],
            )


def _pause_schedule(job: ClaimedJob, error: ConfigurationError, refused: Connection) -> None:
    with transaction.atomic():
        Schedule.objects.filter(pk=job.schedule_id).update(paused_reason=error.message[:300])
        case, _ = open_case(
            brand=refused.brand,
            cause="operation_refused",
            object_key=f"schedule:{job.schedule_id}",
            target=refused,
            context={"operation": flow(job.flow).label.lower(), "reason": error.message},
            platform_words=error.platform_words,
        )
        _count_waiting(case.pk, SyncJob.objects.filter(schedule_id=job.schedule_id))


def recount_standing() -> None:
    """Bring the figures of refused connections and paused schedules up to date: their jobs wait without blockers."""
    for case in ExceptionCase.objects.unresolved().filter(cause__in=("connection_refused", "operation_refused")):
        kind, _, pk = case.object_key.partition(":")
        field = "connection_id" if kind == "connection" else "schedule_id"
        _count_waiting(case.pk, SyncJob.objects.filter(**{field: int(pk)}))


def tell_of_refused_webhooks() -> None:
    """A wave of webhooks with a wrong signature is told once: a secret was replaced on one side, or somebody tries doors."""
    for row in Connection.objects.select_related("brand"):
        turned_away = counted("webhooks_refused", row.pk, hours=1)
        if turned_away < REFUSED_WEBHOOKS_TOLD:
            continue
        with transaction.atomic():
            open_case(
                brand=row.brand,
                cause="webhook_forged",
                object_key=f"connection:{row.pk}",
                target=row,
                context={"turned_away": turned_away, "during": "in the last hour"},
            )


def _count_waiting(case_id: int, jobs: QuerySet[SyncJob]) -> None:
    held = jobs.exclude(state__in=TERMINAL_STATES).aggregate(
        count=Count("pk"), value=Sum("value_reporting"), oldest=Min("created_at"), deadline=Min("deadline_at")
    )
    held["value"] = held["value"] or Decimal(0)
    roll_up(case_id, **held)


def close_open_case(brand_id: int, *, cause: str, object_key: str, actor: str, reason: str) -> bool:
    """Close the open case of this key, when there is one: its postcondition was just checked."""
    found = ExceptionCase.objects.unresolved().filter(brand_id=brand_id, cause=cause, object_key=object_key).first()
    if found is not None:
        close_case(found.pk, actor=actor, reason=reason)
    return found is not None


def resume_connection(row: Connection, *, by: str, reason: str) -> bool:
    """The connection works again: its jobs go on, its case closes. False when it was not refused."""
    with transaction.atomic():
        changed = Connection.objects.filter(pk=row.pk, state=Connection.State.REFUSED).update(
            state=Connection.State.ACTIVE, state_reason="", state_changed_at=ports.now()
        )
        close_open_case(
            row.brand_id, cause="connection_refused", object_key=f"connection:{row.pk}", actor=by, reason=reason
        )
        if changed:
            record_audit(
                actor=by,
                action="resumed",
                subject=row,
                brand=row.brand,
                before={"state": Connection.State.REFUSED},
                after={"state": Connection.State.ACTIVE},
                reason=reason,
            )
            SyncJob.objects.filter(connection=row, state=SyncJob.State.RETRYING).update(due_at=ports.now())
    place.forget()
    return changed == 1


def resume_schedule(schedule: Schedule, *, by: str, reason: str) -> bool:
    with transaction.atomic():
        changed = Schedule.objects.filter(pk=schedule.pk).exclude(paused_reason="").update(paused_reason="")
        close_open_case(
            schedule.connection.brand_id,
            cause="operation_refused",
            object_key=f"schedule:{schedule.pk}",
            actor=by,
            reason=reason,
        )
        SyncJob.objects.filter(schedule=schedule, state=SyncJob.State.RETRYING).update(due_at=ports.now())
    return changed == 1
