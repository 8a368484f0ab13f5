"""Starting, pausing, resuming and cancelling a run. Each is a compare-and-set: pressing twice has one effect.

Whatever happens in between, every case and record of the run ends done, refused with a reason, or exactly as it stood.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from connectors import ports
from exceptions_app import deciding
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import CaseRun, CaseRunItem, ExceptionCase
from integrationhub.console.cases.settling import settle
from integrationhub.sync import blocking
from integrationhub.sync.blocking import Given
from integrationhub.sync.models import SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES
from integrationhub.sync.sweep import chore

AT_ONCE_SECONDS = 1.5  # what one request, or one look of the scheduler, works off of runs over cases

State = CaseRun.State
Item = CaseRunItem.State


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a run is, in cases or records."""

    total: int
    done: int
    to_go: int
    going: int  # begun, not ended
    waiting: int  # ended as waiting for a case again, the same or a new one
    refused: int
    left: int  # as they were: cancelled, or they had gone on by themselves

    @property
    def ended(self) -> int:
        return self.done + self.waiting + self.refused + self.left

    @property
    def finished(self) -> bool:
        return self.ended == self.total


def start(run_id: int, *, by: Any, choice: Mapping[str, Any]) -> bool:
    """Begin a planned run. False when it was begun, or given up, before."""
    with transaction.atomic():
        run = _locked(run_id)
        if run.state != State.PLANNED:
            return False
        run.state, run.started_at, run.planner = State.RUNNING, ports.now(), by
        run.choice = {**run.choice, **choice}
        run.save(update_fields=["state", "started_at", "planner", "choice"])
        if run.act == CaseRun.Act.RETRY:
            for case_id in sorted(run.choice["cases"]):
                deciding.note_retry(case_id, actor=by.get_username(), text="Together with other cases.")
            _give(run)
    return True


def pause(run_id: int) -> bool:
    """Hold what nobody has begun. What a worker has in hand at this moment ends."""
    with transaction.atomic():
        run = _locked(run_id)
        if run.state != State.RUNNING:
            return False
        _take_back(run, leave_as=Item.TO_DO)
        _set_state(run, State.PAUSED)
    return True


def resume(run_id: int) -> bool:
    with transaction.atomic():
        run = _locked(run_id)
        if run.state != State.PAUSED:
            return False
        _set_state(run, State.RUNNING)
        if run.act == CaseRun.Act.RETRY:
            _give(run)
    return True


def cancel(run_id: int) -> bool:
    """Give the run up. What was not begun stands as it stood before the run."""
    with transaction.atomic():
        run = _locked(run_id)
        if run.state not in (State.PLANNED, State.RUNNING, State.PAUSED):
            return False
        _take_back(run, leave_as=Item.LEFT)
        run.items.filter(state=Item.TO_DO).update(state=Item.LEFT, note="Cancelled before its turn.")
        _set_state(run, State.CANCELLED)
    return True


@chore
def carry_on_all() -> None:
    """Work off what was started and whose page is closed: the scheduler does so now and then, for a moment."""
    ends = ports.boottime() + AT_ONCE_SECONDS
    for run_id in CaseRun.objects.filter(state=State.RUNNING).order_by("pk").values_list("pk", flat=True):
        carry_on(run_id, ends=ends)


def carry_on(run_id: int, *, ends: float | None = None) -> None:
    """Work off cases of a running run for a moment (or until `ends`, on the clock since boot); note when it has ended."""
    ends = ports.boottime() + AT_ONCE_SECONDS if ends is None else ends
    run = CaseRun.objects.select_related("planner").get(pk=run_id)
    if run.act != CaseRun.Act.RETRY:
        while ports.boottime() < ends and _do_next(run):
            pass
    if run.state == State.RUNNING and standing(run).finished:
        CaseRun.objects.filter(pk=run.pk, state=State.RUNNING).update(state=State.DONE, finished_at=ports.now())


# --- how far it is ----------------------------------------------------------------------------------------------------


def standing(run: CaseRun) -> Standing:
    """Two queries, however many records there are."""
    states: Counter[str] = Counter(run.items.order_by().values_list("state", flat=True))
    given = _standing_of_given(run) if states[Item.GIVEN] else Counter()
    return Standing(
        total=states.total(),
        done=states[Item.DONE] + given["done"],
        to_go=states[Item.TO_DO] + given["to_go"],
        going=given["going"],
        waiting=given["waiting"],
        refused=states[Item.REFUSED],
        left=states[Item.LEFT],
    )


def _standing_of_given(run: CaseRun) -> Counter[str]:
    given = run.items.filter(state=Item.GIVEN).values_list("work_id", "fence")
    fences = {job_id: fence for job_id, fence in given if job_id is not None}
    found: Counter[str] = Counter()
    for pk, state, fence in SyncJob.objects.filter(pk__in=fences).values_list("pk", "state", "fence"):
        if state in TERMINAL_STATES:
            found["done"] += 1
        elif state in WAITING_STATES:
            found["waiting"] += 1
        else:
            found["to_go" if state == SyncJob.State.QUEUED and fence == fences[pk] else "going"] += 1
    return found


# --- records: given to the engine, taken back from it -----------------------------------------------------------------

_NOTE_GIVEN = """
UPDATE exceptions_app_caserunitem i
SET state = 'GIVEN', was = g.was, was_reason = g.reason, fence = g.fence, wanted = g.wanted
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::int[]) AS g (work_id, was, reason, fence, wanted)
WHERE i.run_id = %s AND i.work_id = g.work_id
"""


def _give(run: CaseRun) -> None:
    """Queue what is to do, spread over the time that the plan foresaw, so that nothing else has to stand behind it."""
    ids = list(run.items.filter(state=Item.TO_DO).order_by("pk").values_list("work_id", flat=True))
    step = (run.seconds or 0) / max(run.items.count(), 1)
    now = ports.now()
    due = {job_id: now + timedelta(seconds=step * place) for place, job_id in enumerate(ids) if job_id is not None}
    given = blocking.try_again(due, reason=f"Tried again by {run.planner.get_username()}, together with others.")
    _note_given(run, given)
    run.items.filter(state=Item.TO_DO).update(state=Item.LEFT, note="It had gone on by itself.")


def _note_given(run: CaseRun, given: list[Given]) -> None:
    columns: list[Any] = [
        [one.job_id for one in given],
        [one.was for one in given],
        [one.was_reason for one in given],
        [one.fence for one in given],
        [one.wanted for one in given],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_GIVEN, [*columns, run.pk])


def _take_back(run: CaseRun, *, leave_as: str) -> None:
    rows = run.items.filter(state=Item.GIVEN).values_list("work_id", "was", "was_reason", "fence", "wanted")
    given = [
        Given(job_id=job_id or 0, was=was, was_reason=reason, fence=fence or 0, wanted=wanted or 0)
        for job_id, was, reason, fence, wanted in rows
    ]
    back = blocking.put_back(given)
    note = "Cancelled before its turn." if leave_as == Item.LEFT else ""
    run.items.filter(work_id__in=back).update(state=leave_as, note=note)


# --- cases: one at a time ---------------------------------------------------------------------------------------------


def _do_next(run: CaseRun) -> bool:
    """Do the run's act to one case. False when none is left, or the run was stopped."""
    with transaction.atomic():
        state = CaseRun.objects.filter(pk=run.pk).values_list("state", flat=True).get()
        waiting = run.items.filter(state=Item.TO_DO).select_for_update(skip_locked=True, of=("self",))
        item = waiting.select_related("case__brand").order_by("pk").first()
        if state != State.RUNNING or item is None:
            run.state = state
            return False
        try:
            with transaction.atomic():
                _ACTS[CaseRun.Act(run.act)](item.case, run)
            item.state = Item.DONE
        except RefusedCaseError as error:
            item.state, item.note = Item.REFUSED, str(error)[:500]
        item.save(update_fields=["state", "note"])
    return True


def _assign(case: ExceptionCase, run: CaseRun) -> None:
    owner = get_user_model().objects.filter(pk=run.choice.get("owner") or 0).first()
    deciding.assign(case.pk, owner=owner, actor=run.planner.get_username())


def _hand_over(case: ExceptionCase, run: CaseRun) -> None:
    deciding.hand_over(case.pk, team=run.choice["team"], actor=run.planner.get_username(), reason=run.choice["reason"])


def _snooze(case: ExceptionCase, run: CaseRun) -> None:
    more = run.choice.get("more")
    deciding.snooze(
        case.pk,
        until=datetime.fromisoformat(run.choice["until"]),
        actor=run.planner.get_username(),
        reason=run.choice["reason"],
        wake_at_count=case.waiting_count + more if more else None,
    )


def _close(case: ExceptionCase, run: CaseRun) -> None:
    settle(case, actor=run.planner.get_username(), reason=run.choice["reason"])


_ACTS = {
    CaseRun.Act.ASSIGN: _assign,
    CaseRun.Act.HAND_OVER: _hand_over,
    CaseRun.Act.SNOOZE: _snooze,
    CaseRun.Act.CLOSE: _close,
}


def _locked(run_id: int) -> CaseRun:
    return CaseRun.objects.select_for_update(of=("self",)).select_related("planner").get(pk=run_id)


def _set_state(run: CaseRun, state: str) -> None:
    run.state = state
    run.finished_at = ports.now() if state == State.CANCELLED else None
    run.save(update_fields=["state", "finished_at"])
