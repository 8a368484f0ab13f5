"""A case that its team has not decided within its own target is told once: in its story, on Home, and by e-mail where wanted."""

import smtplib
from collections import defaultdict
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F, Q

from connectors import ports
from connectors.models import Brand, RoleGrant, record_audit
from exceptions_app.deadlines import clock
from exceptions_app.models import CaseEvent, ExceptionCase
from exceptions_app.opening import HUB, lock_case
from exceptions_app.telling import tell
from exceptions_app.words import counted

log = structlog.get_logger(__name__)

AT_ONCE = 500
NAMED_AT_MOST = 20
# Told once while a team has it; whoever gets it next has a clock of their own.
_NOT_TOLD = Q(escalated_at=None) | Q(escalated_at__lte=F("team_since"))


def escalate() -> int:
    """Tell of each case that has passed its team's target since the last look. Returns how many there were."""
    told = escalate_overdue()
    if told and settings.CASE_ALERTS_BY_EMAIL:
        _mail(told)
    return len(told)


def escalate_overdue() -> list[ExceptionCase]:
    """Write it into the story of each such case and onto the audit trail. A case is one transaction of its own."""
    due = ExceptionCase.objects.overdue(ports.now()).filter(_NOT_TOLD).order_by("target_at", "pk")
    ids = list(due.values_list("pk", flat=True)[:AT_ONCE])
    told = {pk for pk in ids if _escalated(pk)}
    return list(ExceptionCase.objects.filter(pk__in=told).with_words().in_queue_order())


def _escalated(case_id: int) -> bool:
    """False when somebody has decided, or told of it, meanwhile."""
    now = ports.now()
    with transaction.atomic():
        case = lock_case(case_id)
        still = ExceptionCase.objects.overdue(now).filter(_NOT_TOLD, pk=case_id).exists()
        if not still or case.target_at is None:
            return False
        case.escalated_at = now
        case.save(update_fields=["escalated_at"])
        until = clock(case.target_at, now, ZoneInfo(case.brand.timezone))
        text = f"{case.get_team_display()} had until {until} to decide it."
        CaseEvent.objects.create(case=case, actor=HUB, kind=CaseEvent.Kind.ESCALATED, text=text)
        record_audit(actor=HUB, action="case.escalated", subject=case, brand=case.brand, after=case.told(), reason=text)
    return True


# --- by e-mail --------------------------------------------------------------------------------------------------------


def _mail(cases: Sequence[ExceptionCase]) -> None:
    """One letter to each team of each brand, and its administrators. A mail server that fails stops nothing."""
    by_team: dict[tuple[Brand, str], list[ExceptionCase]] = defaultdict(list)
    for case in cases:
        by_team[case.brand, case.team].append(case)
    letters = [
        _letter(team_cases, to)
        for (brand, team), team_cases in by_team.items()
        if (to := _addresses(brand, {team, RoleGrant.Role.ADMIN.value}))
    ]
    try:
        get_connection().send_messages(letters)
    except (OSError, smtplib.SMTPException) as error:
        log.error("case_alert_not_sent", error=type(error).__name__)


def _addresses(brand: Brand, roles: set[str]) -> list[str]:
    grants = RoleGrant.objects.filter(brand=brand, role__in=roles)
    people = get_user_model().objects.filter(pk__in=grants.values("user_id"), is_active=True).exclude(email="")
    return list(people.order_by("email").values_list("email", flat=True).distinct())


def _letter(cases: Sequence[ExceptionCase], to: Sequence[str]) -> EmailMessage:
    brand, team = cases[0].brand, cases[0].get_team_display()
    passed = counted(len(cases), "case has", "cases have")
    lines = [f"- {tell(case)}" for case in cases[:NAMED_AT_MOST]]
    if len(cases) > NAMED_AT_MOST:
        lines.append(f"- and {len(cases) - NAMED_AT_MOST} more")
    body = [f"{passed} passed the target of {team}:", "", *lines, "", "In the console: Cases, Overdue."]
    # Addresses stay hidden from one another: colleagues may have left theirs for this alone.
    return EmailMessage(f"{brand}: {passed} passed the target of {team}", "\n".join(body), to=[], bcc=list(to))
