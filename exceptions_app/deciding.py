"""What a person does with a case. Each is one transaction: the change, an event in the case's story, an audit entry."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from connectors import ports
from connectors.access import Right, may
from connectors.models import record_audit
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import CaseEvent, ExceptionCase
from exceptions_app.opening import lock_case
from exceptions_app.routing import start_clock
from exceptions_app.signals import retry_requested
from exceptions_app.words import counted

REASON_LENGTH = 500
LONGEST_SNOOZE = timedelta(days=90)

State = ExceptionCase.State
Kind = CaseEvent.Kind

_DECIDED_FIELDS = (
    "state",
    "team",
    "owner",
    "snoozed_until",
    "wake_at_count",
    "closed_at",
    "closed_by",
    "close_reason",
    "team_since",
    "target_at",
    "placed_by_hand",
)


def close_case(case_id: int, *, actor: str, reason: str) -> ExceptionCase:
    """Close for a reason; closing a closed case changes nothing. Age is no reason: nothing in the hub closes by age.

    Work that still waits for the case is the caller's: release it, or give it a case of its own, in this transaction.
    """
    _require(reason, "Say why the case is closed.")
    with transaction.atomic():
        case = lock_case(case_id)
        if case.state == State.CLOSED:
            return case
        before = case.told()
        case.state, case.snoozed_until, case.wake_at_count = State.CLOSED, None, None
        case.closed_at, case.closed_by, case.close_reason = ports.now(), actor, reason.strip()[:REASON_LENGTH]
        _record(case, Kind.CLOSED, actor=actor, before=before, text=reason)
    return case


def reopen_case(case_id: int, *, actor: str, reason: str) -> ExceptionCase:
    """Open a closed case again. Refused when the same cause has come back and has an open case of its own."""
    _require(reason, "Say why the case is opened again.")
    try:
        with transaction.atomic():
            case = lock_case(case_id)
            if case.state != State.CLOSED:
                return case
            before = case.told()
            case.state, case.closed_at, case.closed_by, case.close_reason = State.OPEN, None, "", ""
            start_clock(case, since=ports.now())
            _record(case, Kind.REOPENED, actor=actor, before=before, text=reason)
    except IntegrityError as error:
        raise RefusedCaseError("It has come back and has an open case of its own. Work on that one.") from error
    return case


def assign(case_id: int, *, owner: AbstractBaseUser | None, actor: str) -> ExceptionCase:
    """Give the case to a person, or to nobody. Refused for somebody who may not work on this brand's cases."""
    with transaction.atomic():
        case = lock_case(case_id)
        if owner and not may(owner, Right.WORK_CASES, case.brand_id):
            raise RefusedCaseError(f"{owner.get_username()} may not work on cases of {case.brand}.")
        if case.owner_id == (owner.pk if owner else None):
            return case
        before = case.told()
        case.owner_id, case.placed_by_hand = owner.pk if owner else None, True
        _record(case, Kind.ASSIGNED, actor=actor, before=before, text=owner.get_username() if owner else "")
    return case


def hand_over(case_id: int, *, team: str, actor: str, reason: str = "") -> ExceptionCase:
    """Give the case to another team; it has no owner then."""
    if team not in ExceptionCase.Team.values:
        raise ValueError(f"{team!r} is not a team.")
    with transaction.atomic():
        case = lock_case(case_id)
        if case.team == team:
            return case
        before = case.told()
        case.team, case.owner_id, case.placed_by_hand = team, None, True
        start_clock(case, since=ports.now())
        _record(case, Kind.HANDED_OVER, actor=actor, before=before, text=reason)
    return case


def comment(case_id: int, *, text: str, actor: str) -> CaseEvent:
    """Add a remark. The audit trail tells that there is one; its words stay with the case."""
    _require(text, "Write something first.")
    with transaction.atomic():
        case = lock_case(case_id)
        event = CaseEvent.objects.create(case=case, actor=actor, kind=Kind.COMMENTED, text=_storable(text))
        _audit(case, Kind.COMMENTED, actor=actor, before=None, after={"event": event.pk})
    return event


def snooze(
    case_id: int, *, until: datetime, actor: str, reason: str = "", wake_at_count: int | None = None
) -> ExceptionCase:
    """Take the case out of the queue until a moment, or until so many records wait. A snooze always ends.

    Refused past the case's own deadline, while that is still to come.
    """
    now = ports.now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise RefusedCaseError(f"A snooze ends at most {LONGEST_SNOOZE.days} days from now.")
    with transaction.atomic():
        case = lock_case(case_id)
        if case.state == State.CLOSED:
            raise RefusedCaseError("The case is closed already.")
        if case.next_deadline_at and now < case.next_deadline_at < until:
            raise RefusedCaseError("It must be decided before that. Choose a moment before its deadline.")
        if wake_at_count is not None and wake_at_count <= case.waiting_count:
            raise RefusedCaseError(
                f"{counted(case.waiting_count, 'is', 'are')} waiting already. Choose a higher number."
            )
        before = case.told()
        case.state, case.snoozed_until, case.wake_at_count = State.SNOOZED, until, wake_at_count
        _record(case, Kind.SNOOZED, actor=actor, before=before, text=reason)
    return case


def end_snooze(case_id: int, *, actor: str) -> ExceptionCase:
    """Put a snoozed case back into the queue before its time."""
    with transaction.atomic():
        case = lock_case(case_id)
        if case.state != State.SNOOZED:
            return case
        before = case.told()
        case.state, case.snoozed_until, case.wake_at_count = State.OPEN, None, None
        _record(case, Kind.WOKEN, actor=actor, before=before)
    return case


def choose(case_id: int, *, chosen: str, among: Sequence[str], actor: str) -> bool:
    """Write down which of several records stays. False when the same was chosen before.

    Refused when another one was chosen among the same: both could be on their way to being removed then. What follows
    from the choice is the caller's, in this transaction.
    """
    with transaction.atomic():
        case = lock_case(case_id)
        if case.state == State.CLOSED:
            raise RefusedCaseError("The case is closed already.")
        known = case.context.get("choice")
        choice = {"stays": chosen, "among": sorted(among)}
        if known == choice:
            return False
        if isinstance(known, dict) and known.get("among") == choice["among"]:
            raise RefusedCaseError(f"It was decided already: {known.get('stays') or 'none'} stays.")
        case.context = {**case.context, "choice": choice}
        case.save(update_fields=["context"])
        text = f"{chosen} stays." if chosen else "None stays."
        CaseEvent.objects.create(case=case, actor=actor, kind=Kind.CHOSEN, text=text, data=choice)
        _audit(case, Kind.CHOSEN, actor=actor, before=None, after=choice, reason=text)
    return True


def note_retry(case_id: int, *, actor: str, text: str = "") -> None:
    """Tell in the case's story that what waits for it is tried again, where the layer above sees to that itself."""
    with transaction.atomic():
        case = lock_case(case_id)
        if case.state != State.CLOSED:
            _record(case, Kind.RETRIED, actor=actor, before=case.told(), text=text)


def request_retry(case_id: int, *, actor: str) -> ExceptionCase:
    """Ask the layers above to try again what waits for this case, in the same transaction."""
    with transaction.atomic():
        case = lock_case(case_id)
        if case.state == State.CLOSED:
            raise RefusedCaseError("The case is closed: nothing waits for it.")
        _record(case, Kind.RETRIED, actor=actor, before=case.told())
        retry_requested.send(sender=ExceptionCase, case=case, actor=actor)
    return case


def _require(text: str, otherwise: str) -> None:
    if not text.strip():
        raise RefusedCaseError(otherwise)


def _record(case: ExceptionCase, kind: CaseEvent.Kind, *, actor: str, before: dict[str, Any], text: str = "") -> None:
    case.save(update_fields=_DECIDED_FIELDS)
    CaseEvent.objects.create(
        case=case, actor=actor, kind=kind, text=_storable(text), data=_changed(before, case.told())
    )
    _audit(case, kind, actor=actor, before=before, after=case.told(), reason=_storable(text)[:REASON_LENGTH])


def _audit(
    case: ExceptionCase,
    kind: CaseEvent.Kind,
    *,
    actor: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    reason: str = "",
) -> None:
    action = f"case.{kind.value.lower()}"
    record_audit(actor=actor, action=action, subject=case, brand=case.brand, before=before, after=after, reason=reason)


def _changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What the change made different: name → [old, new]."""
    return {name: [old, after[name]] for name, old in before.items() if old != after[name]}


def _storable(text: str) -> str:
    return text.replace("\x00", "").strip()
