"""What a person presses on a case: one service call each, told back in a sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.http import QueryDict
from django.utils import timezone

from connectors import ports
from connectors.access import Right, roles_with
from connectors.models import RoleGrant
from exceptions_app import deciding
from exceptions_app.models import ExceptionCase
from integrationhub.console.cases import choosing
from integrationhub.console.cases.settling import settle
from integrationhub.sync import blocking

MOST_MORE = 1_000_000
# Where only a count is to end the snooze, it ends after this at the latest.
COUNTED_SNOOZE = timedelta(days=30)
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
    chosen_job_id: int | None = None  # the job that carries out a choice


def snooze_labels() -> dict[str, str]:
    return {key: label for key, (label, _) in SNOOZES.items()}


class NotAskedProperlyError(Exception):
    """The form that was sent lacks something; the message is a sentence for the person."""


def act(name: str, case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    """Do one named thing. Raises RefusedCaseError or NotAskedProperlyError with a sentence; KeyError for no such thing."""
    return ACTS[name](case, data, user)


def colleagues(brand_id: int) -> list[AbstractBaseUser]:
    """Who may work on this brand's cases."""
    grants = RoleGrant.objects.filter(brand_id=brand_id, role__in=roles_with(Right.WORK_CASES))
    people = get_user_model().objects.filter(pk__in=grants.values("user_id"), is_active=True)
    return list(people.order_by("username"))


def how_many_more(data: QueryDict) -> int | None:
    """So many more records may come to wait before the snooze ends; None where only the clock ends it."""
    typed = data.get("more", "").strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and 0 < int(typed) <= MOST_MORE):
        raise NotAskedProperlyError("Say how many more as a whole number, such as 20.")
    return int(typed)


def snooze_end(data: QueryDict, zone: ZoneInfo, *, deadline: datetime | None = None) -> datetime:
    """When the snooze ends: a moment on the brand's clock where one was given, else one of SNOOZES.

    With a count and neither of the two: as late as a snooze may end.
    """
    chosen, typed, now = data.get("for", ""), data.get("until", ""), ports.now()
    if typed:
        return _typed_moment(typed, zone)
    if chosen in SNOOZES:
        return now + SNOOZES[chosen][1]
    if how_many_more(data) is None:
        raise NotAskedProperlyError("Say until when.")
    latest = now + COUNTED_SNOOZE
    return min(latest, deadline) if deadline and deadline > now else latest


def _typed_moment(typed: str, zone: ZoneInfo) -> datetime:
    field = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M"])
    with timezone.override(zone):
        try:
            end: datetime = field.clean(typed)
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
    end, more = snooze_end(data, ZoneInfo(case.brand.timezone), deadline=case.next_deadline_at), how_many_more(data)
    deciding.snooze(
        case.pk,
        until=end,
        actor=user.get_username(),
        reason=data.get("text", ""),
        wake_at_count=case.waiting_count + more if more else None,
    )
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
    ended = settle(case, actor=user.get_username(), reason=data.get("text", "").strip())
    return Done(told="Closed." if not ended else f"Closed; {len(ended)} will not be tried again.")


def _confirm(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    """Say that it was done by hand: what was done is the reason it is closed for."""
    if not data.get("done"):
        raise NotAskedProperlyError("Tick that it was done. Nothing is changed before that.")
    return _close(case, data, user)


def _choose(case: ExceptionCase, data: QueryDict, user: Any) -> Done:
    stays = data.get("stays")
    if stays is None:
        raise NotAskedProperlyError("Choose which one stays.")
    job_id = choosing.choose(case, stays=stays, actor=user.get_username())
    return Done(told="Noted. The other one is being cancelled.", chosen_job_id=job_id)


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
    "confirm": _confirm,
    "choose": _choose,
}
