"""The connection test: what the platform says about our key, told as sentences; and what a passed test sets going."""

from dataclasses import dataclass

from connectors.base import CheckReport, Finding
from connectors.canonical.errors import HubError
from connectors.models import Connection, record_audit
from integrationhub.sync import standing
from integrationhub.sync.models import Schedule, Switch
from integrationhub.sync.places import place


@dataclass(frozen=True, kw_only=True)
class Tried:
    findings: tuple[Finding, ...]
    ok: bool
    resumed: bool = False  # the connection was refused before, and goes on now


def try_connection(row: Connection, *, actor: str) -> Tried:
    """Ask the platform, outside any transaction, within the connection's call budget. Never raises for what it finds."""
    if (stopped := _stopped(row)) is not None:
        return Tried(findings=(stopped,), ok=False)
    report = _report(row)
    record_audit(
        actor=actor,
        action="connection.tested",
        subject=row,
        brand=row.brand,
        after={finding.subject: "ok" if finding.ok else finding.message for finding in report.findings},
    )
    resumed = _resume(row, actor=actor) if report.ok else False
    return Tried(findings=report.findings, ok=report.ok, resumed=resumed)


def _stopped(row: Connection) -> Finding | None:
    """Why no call may be made at all, if so: a switch that a person turned counts for tests too."""
    if Switch.objects.filter(calls_allowed=False).exists():
        message = "All calls are switched off. Switch them on again under Syncs, then test."
        return Finding(ok=False, subject="Switch over everything", message=message)
    if row.state == Connection.State.SWITCHED_OFF:
        message = f"{row.name} is switched off. Switch it on again, then test."
        return Finding(ok=False, subject="Switch of this connection", message=message)
    return None


def _report(row: Connection) -> CheckReport:
    place.forget()  # what was just saved is what is tested
    try:
        return place(row.pk).connector.check()
    except HubError as error:
        return CheckReport(findings=(Finding(ok=False, subject="Reaching it", message=error.message),))


def _resume(row: Connection, *, actor: str) -> bool:
    """What stood still because of a refusal goes on: the connection, and single flows that were refused."""
    reason = "The connection test passed."
    resumed = standing.resume_connection(row, by=actor, reason=reason)
    for schedule in Schedule.objects.filter(connection=row).exclude(paused_reason="").select_related("connection"):
        standing.resume_schedule(schedule, by=actor, reason=reason)
    return resumed
