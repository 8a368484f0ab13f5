"""What needs this person now: the cases of their teams and their own, by deadline and then value."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse

from connectors.access import Right
from connectors.admin_base import Rights
from connectors.models import RoleGrant
from exceptions_app.causes import cause_named
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import tell
from exceptions_app.words import counted, listed
from integrationhub.console.front.health import Sign
from integrationhub.console.money_words import at_stake

SHOWN = 12
Role = RoleGrant.Role
Team = ExceptionCase.Team
# Operations stand in for ecommerce: a missing SKU holds up their orders, and they may map it.
TEAMS_OF: dict[str, frozenset[str]] = {
    Role.OPS: frozenset({Team.OPS, Team.ECOMMERCE}),
    Role.ECOMMERCE: frozenset({Team.ECOMMERCE}),
    Role.FINANCE: frozenset({Team.FINANCE}),
    Role.FINANCE_APPROVER: frozenset({Team.FINANCE}),
    Role.ADMIN: frozenset({Team.ADMIN}),
}


@dataclass(frozen=True, kw_only=True)
class Needs:
    rows: Sequence[dict[str, Any]]
    more: bool
    title: str
    mine: bool  # False: the person decides on nothing, and is shown how things stand


def needs_of(rights: Rights) -> Needs:
    """The first cases that are this person's to decide; for who decides on none, of every team, without buttons."""
    decides = rights.may(Right.WORK_CASES)
    found = list(_cases(rights, mine=decides)[: SHOWN + 1])
    finance = bool(rights.roles) and rights.roles <= {Role.FINANCE, Role.FINANCE_APPROVER}
    title = ("Money that needs me now" if finance else "Needs me now") if decides else "What waits for a decision"
    return Needs(rows=[_need(case) for case in found[:SHOWN]], more=len(found) > SHOWN, title=title, mine=decides)


def _cases(rights: Rights, *, mine: bool) -> QuerySet[ExceptionCase]:
    brands = rights.brand_ids(Right.SEE)
    rows = ExceptionCase.objects.filter(brand_id__in=brands, state=ExceptionCase.State.OPEN)
    if mine:
        nobody_elses = Q(owner=None) | Q(owner_id=rights.user.pk)
        rows = rows.filter(Q(owner_id=rights.user.pk) | _of_my_teams(rights) & nobody_elses)
    return rows.in_queue_order().with_words()


def _of_my_teams(rights: Rights) -> Q:
    """The teams that the person belongs to, brand by brand."""
    teams = Q(pk__in=[])
    for role, brand_id in rights.grants:
        teams |= Q(brand_id=brand_id, team__in=TEAMS_OF.get(role, frozenset()))
    return teams


def overdue(rights: Rights, counts: Mapping[tuple[int, str], int]) -> list[Sign]:
    """What has passed the target of the person's teams; administrators hear of every team. `counts` by brand and team."""
    mine: Counter[str] = Counter()
    for (brand_id, team), count in counts.items():
        if any(of == brand_id and (role == Role.ADMIN or team in TEAMS_OF.get(role, ())) for role, of in rights.grants):
            mine[team] += count
    if not mine:
        return []
    cases = counted(mine.total(), "case has", "cases have")
    by_team = [f"{Team(team).label} {count}" for team, count in sorted(mine.items())]
    text = f"{cases} passed the target of {listed([Team(team).label for team in sorted(mine)])}"
    query = {"late": "yes", **({"team": next(iter(mine))} if len(mine) == 1 else {})}
    url = f"{reverse('admin:exceptions_app_exceptioncase_changelist')}?{urlencode(query)}"
    return [Sign(tone="bad", text=f"{text}: {', '.join(by_team)}." if len(mine) > 1 else f"{text}.", url=url)]


def _need(case: ExceptionCase) -> dict[str, Any]:
    return {
        "case": case,
        "sentence": tell(case),
        "value": at_stake(case.waiting_value, case.brand.reporting_currency),
        "button": cause_named(case.cause).next_step,
        "url": reverse("admin:exceptions_app_exceptioncase_change", args=[case.pk]),
    }
