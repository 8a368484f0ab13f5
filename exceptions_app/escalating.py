"""A case that its team has not decided within its own target is told once: in its story, on Home, and by e-mail where wanted."""

from collections import defaultdict
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q

from connectors import ports
from connectors.models import Brand, RoleGrant, record_audit
from exceptions_app import letters
from exceptions_app.deadlines import clock
from exceptions_app.models import CaseEvent, ExceptionCase
from exceptions_app.opening import HUB, lock_case
from exceptions_app.words import counted

AT_ONCE = 500
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
    """One letter to each team of each brand, and its administrators."""
    by_team: dict[tuple[Brand, str], list[ExceptionCase]] = defaultdict(list)
    for case in cases:
        by_team[case.brand, case.team].append(case)
    letters.send(
        [
            _letter(team_cases, to)
            for (brand, team), team_cases in by_team.items()
            if (to := letters.addresses(brand, {team, RoleGrant.Role.ADMIN.value}))
        ]
    )


def _letter(cases: Sequence[ExceptionCase], to: Sequence[str]) -> EmailMessage:
    brand, team = cases[0].brand, cases[0].get_team_display()
    passed = f"{counted(len(cases), 'case has', 'cases have')} passed the target of {team}"
    return letters.letter(
        f"{brand}: {passed}",
        f"{passed}:",
        cases,
        to=to,
        count=len(cases),
        where="Cases, Overdue",
        page=f"{letters.CASES}?late=yes",
    )
