"""What a person presses on a case: one service call each, told back in a sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from connectors import ports
from connectors.access import Right, roles_with
from connectors.models import RoleGrant
from exceptions_app import deciding
from exceptions_app.causes import Fix, cause_named
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import ExceptionCase
from integrationhub.sync import blocking
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import WAITING_STATES

# Causes that a person settles outside the hub: what waits for them is then over, not tried again.
SETTLED_BY_HAND = frozenset({Fix.CONFIRM, Fix.CHOOSE, Fix.NONE})
SNOOZES: Mapping[str, tuple[str, timedelta]] = {
    "1h": ("For an hour", timedelta(hours=1)),
    "4h": ("For 4 hours", timedelta(hours=4)),
    "1d": ("Until this time tomorrow", timedelta(days=1)),
    "3d": ("For 3 days", timedelta(days=3)),
    "7d": ("For a week", timedelta(days=7)),
}


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done, as a sentence; `retried` = work was set going, which the page then counts down."""

    told: str
    retried: bool = False
    job_id: int | None = None  # the one record that was retried, where it was one


def snooze_labels() -> dict[str, str]:
    return {key: label for key, (label, _) in SNOOZES.items()}


class NotAskedProperlyError(Exception):
    """The form that was sent lacks something; the message is a sentence for the person."""


def act(name: str, case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    """Do one named thing. Raises RefusedCaseError or NotAskedProperlyError with a sentence; KeyError for no such thing."""
    return ACTS[name](case, data, user)


def may_close(case: ExceptionCase) -> bool:
    """A case is closed by hand where nothing waits for it, or where it is settled outside the hub."""
    if case.state == ExceptionCase.State.CLOSED:
        return False
    if cause_named(case.cause).fix in SETTLED_BY_HAND:
        return True
    return case.waiting_count == 0 and not Blocker.objects.filter(case=case, released_at=None).exists()


def colleagues(brand_id: int) -> list[AbstractBaseUser]:
    """Who may work on this brand's cases."""
    grants = RoleGrant.objects.filter(brand_id=brand_id, role__in=roles_with(Right.WORK_CASES))
    people = get_user_model().objects.filter(pk__in=grants.values("user_id"), is_active=True)
    return list(people.order_by("username"))


def snooze_end(data: QueryDict, zone: ZoneInfo) -> datetime:
    """When the snooze ends: a moment on the brand's clock where one was given, else one of SNOOZES."""
    chosen = data.get("for", "")
    if chosen in SNOOZES and not data.get("until"):
        return ports.now() + SNOOZES[chosen][1]
    field = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M"])
    with timezone.override(zone):
        try:
            end: datetime = field.clean(data.get("until", ""))
        except forms.ValidationError:
            raise NotAskedProperlyError("Say until when.") from None
    return end


# --- the acts ---------------------------------------------------------------------------------------------------------


def _take(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    deciding.assign(case.pk, owner=user, actor=user.get_username())
    return Done(told="The case is yours.")


def _assign(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    wanted = data.get("owner", "")
    if not wanted:
        deciding.assign(case.pk, owner=None, actor=user.get_username())
        return Done(told="The case belongs to nobody now.")
    owner = next((one for one in colleagues(case.brand_id) if str(one.pk) == wanted), None)
    if owner is None:
        raise NotAskedProperlyError("Choose somebody who may work on this brand's cases.")
    deciding.assign(case.pk, owner=owner, actor=user.get_username())
    return Done(told=f"The case belongs to {owner.get_username()} now.")


def _hand_over(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    team = data.get("team", "")
    if team not in ExceptionCase.Team.values:
        raise NotAskedProperlyError("Choose a team.")
    deciding.hand_over(case.pk, team=team, actor=user.get_username(), reason=data.get("text", ""))
    return Done(told=f"Handed over to {ExceptionCase.Team(team).label}.")


def _comment(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    deciding.comment(case.pk, text=data.get("text", ""), actor=user.get_username())
    return Done(told="Your comment is kept.")


def _snooze(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    end = snooze_end(data, ZoneInfo(case.brand.timezone))
    deciding.snooze(case.pk, until=end, actor=user.get_username(), reason=data.get("text", ""))
    return Done(told="Snoozed. It comes back by itself.")


def _wake(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    deciding.end_snooze(case.pk, actor=user.get_username())
    return Done(told="The case is back in the queue.")


def _retry(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    deciding.request_retry(case.pk, actor=user.get_username())
    return Done(told="Everything that waits for this is being tried again.", retried=True)


def _retry_one(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    job_id = data.get("job", "")
    ids = blocking.retry(case, by=user.get_username(), job_ids=[int(job_id)]) if job_id.isdigit() else []
    if not ids:
        raise NotAskedProperlyError("That one is no longer waiting.")
    return Done(told="It is being tried again.", retried=True, job_id=ids[0])


def _reopen(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    deciding.reopen_case(case.pk, actor=user.get_username(), reason=data.get("text", ""))
    return Done(told="The case is open again.")


def _close(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    """Close with a reason. What still waits is ended with it: a person says that it was settled outside the hub."""
    reason, actor = data.get("text", "").strip(), user.get_username()
    with transaction.atomic():
        if not may_close(case):
            raise RefusedCaseError("Work still waits for this case. It closes by itself when nothing waits any more.")
        deciding.close_case(case.pk, actor=actor, reason=reason)
        ended = _end_what_waits(case, actor=actor, reason=reason)
    return Done(told="Closed." if not ended else f"Closed; {len(ended)} will not be tried again.")


def _end_what_waits(case: ExceptionCase, *, actor: str, reason: str) -> list[int]:
    """End the jobs that wait for this case and for nothing else. Inside the transaction that closes the case."""
    mine = Blocker.objects.filter(case=case, released_at=None)
    elsewhere = Blocker.objects.filter(released_at=None).exclude(case=case).values("job_id")
    jobs = SyncJob.objects.filter(pk__in=mine.values("job_id"), state__in=WAITING_STATES).exclude(pk__in=elsewhere)
    ids = list(jobs.select_for_update().values_list("pk", flat=True))
    SyncJob.objects.filter(pk__in=ids, state__in=WAITING_STATES).update(
        state=SyncJob.State.SKIPPED, finished_at=ports.now(), reason=f"Settled by {actor}: {reason}"[:500]
    )
    blocking.release(mine, by=actor)
    return ids


ACTS: Mapping[str, Callable[[ExceptionCase, QueryDict, Any], Done]] = {
    "take": _take,
    "assign": _assign,
    "hand_over": _hand_over,
    "comment": _comment,
    "snooze": _snooze,
    "wake": _wake,
    "retry": _retry,
    "retry_one": _retry_one,
    "reopen": _reopen,
    "close": _close,
}
