"""Home: what needs this person now, how the flows stand, and what is switched off or refused."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import Rights, rights_of
from connectors.models import Brand, Connection
from exceptions_app.causes import cause_named
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import tell
from integrationhub.console.connections.switching import all_calls_stopped
from integrationhub.console.money_words import at_stake
from integrationhub.console.syncs import table
from integrationhub.sync.models import Beat

NEEDS_SHOWN = 12
# By the scheduler, about every ten seconds; silence this long means that nothing runs by the clock.
SILENT_AFTER_SECONDS = 180


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The skin's dashboard callback: completes the context of `templates/admin/index.html`."""
    rights, now = rights_of(request), ports.now()
    brands = rights.brand_ids(Right.SEE)
    rows = table.standings(brands, now=now) if brands else []
    lanes, links = table.lanes_of(rows)
    needs = list(_needs(brands)[: NEEDS_SHOWN + 1])
    return {
        **context,
        "title": "Home",
        "now": now,
        "zone": rights.zone,
        "needs": [_need(case) for case in needs[:NEEDS_SHOWN]],
        "needs_more": len(needs) > NEEDS_SHOWN,
        "lanes": lanes,
        "links": links,
        "warnings": _warnings(brands, rights),
        "first_steps": _first_steps(rights) if not links else [],
        "sees": bool(brands),
    }


def _needs(brands: set[int]) -> "QuerySet[ExceptionCase]":
    mine = ExceptionCase.objects.filter(brand_id__in=brands, state=ExceptionCase.State.OPEN)
    return mine.in_queue_order().with_words()


def _need(case: ExceptionCase) -> dict[str, Any]:
    return {
        "case": case,
        "sentence": tell(case),
        "value": at_stake(case.waiting_value, case.brand.reporting_currency),
        "button": cause_named(case.cause).next_step,
        "url": reverse("admin:exceptions_app_exceptioncase_change", args=[case.pk]),
    }


def _warnings(brands: set[int], rights: Rights) -> list[dict[str, str]]:
    """What stands still on purpose or by refusal, each with where to go."""
    found = []
    if brands and scheduler_silent():
        text = "Nothing has run by the clock for a while: no order is being read. An administrator has to look."
        found.append({"tone": "bad", "text": text, "url": reverse("admin:sync_schedule_changelist")})
    if stopped := all_calls_stopped():
        text = f"All calls are switched off by {stopped.changed_by}: {stopped.reason}"
        found.append({"tone": "bad", "text": text, "url": reverse("admin:sync_schedule_changelist")})
    for row in Connection.objects.filter(brand_id__in=brands).exclude(state=Connection.State.ACTIVE):
        refused = row.state == Connection.State.REFUSED
        what = "needs attention" if refused else "is switched off"
        found.append(
            {
                "tone": "bad" if refused else "warn",
                "text": f"{row.name} {what}: {row.state_reason or 'no reason was given'}",
                "url": reverse("admin:connectors_connection_change", args=[row.pk]),
            }
        )
    return found


def _first_steps(rights: Rights) -> list[dict[str, str]]:
    """What to do before there is anything to show."""
    steps = []
    if rights.superuser and not Brand.objects.exists():
        steps.append(
            {"text": "Add the brand that trades through the hub", "url": reverse("admin:connectors_brand_add")}
        )
    if rights.superuser and not rights.any:
        steps.append({"text": "Give yourself a role", "url": reverse("admin:auth_user_change", args=[rights.user.pk])})
    if rights.may(Right.CONFIGURE):
        steps.append(
            {"text": "Connect a marketplace and a Centra shop", "url": reverse("admin:connectors_connection_add")}
        )
        steps.append({"text": "Link the two", "url": reverse("admin:connectors_link_add")})
    return steps


def scheduler_silent() -> bool:
    """Whether nothing has run by the clock for so long that somebody should look."""
    at = Beat.objects.filter(name="scheduler").values_list("at", flat=True).first()
    return at is not None and (ports.now() - at).total_seconds() > SILENT_AFTER_SECONDS
