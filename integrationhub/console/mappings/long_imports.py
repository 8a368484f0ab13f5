"""A long import is read, saved and undone in slices: some while its page is open, the rest by the scheduler; the page counts."""

from typing import Any

from django.db.models.functions import Substr

from connectors import ports
from exceptions_app.words import number
from integrationhub.sync.sweep import chore
from mappings_app.applying import SLICE_ROWS, apply_plan, begin_plan, carry_on_plan, gone_through
from mappings_app.models import ImportFile, ImportPlan
from mappings_app.reading import PlanReader, rows_read
from mappings_app.sheets import is_xlsx
from mappings_app.undoing import Undoing, begin_undo, carry_on_undo, undo_plan

AT_ONCE_SECONDS = 1.5  # what one request, or one look of the scheduler, does
State = ImportPlan.State
GOING = (State.READING, State.APPLYING, State.UNDOING)
_TITLES = {State.READING: "Reading the file", State.APPLYING: "Saving", State.UNDOING: "Undoing"}
_MEANWHILE = {
    State.READING: "Nothing is saved: you look at the rows first.",
    State.APPLYING: "What somebody changes meanwhile stays as that person said, and is named here.",
    State.UNDOING: "What somebody changes meanwhile stays as that person said, and is named here.",
}
# The scheduler keeps its files open from look to look: an Excel file takes seconds to open.
_OPEN: dict[int, PlanReader] = {}


def save(plan: ImportPlan, *, actor: str, reason: str) -> ImportPlan:
    """Confirm the plan. A short one is saved when this returns; a long one has begun. Raises as `apply_plan`."""
    if plan.to_write <= SLICE_ROWS:
        return apply_plan(plan.pk, actor=actor, reason=reason)
    return begin_plan(plan.pk, actor=actor, reason=reason)


def undo(plan: ImportPlan, *, actor: str, reason: str) -> Undoing:
    """As `save`. Raises as `undo_plan`."""
    press = undo_plan if plan.to_write <= SLICE_ROWS else begin_undo
    return press(plan.pk, actor=actor, reason=reason)


def carry_on(plan: ImportPlan, *, ends: float | None = None) -> None:
    """Do slices for a moment, at least one."""
    reader = _OPEN.get(plan.pk) or PlanReader(plan.pk)
    ends = ports.boottime() + AT_ONCE_SECONDS if ends is None else ends
    while _slice(plan, reader) and ports.boottime() < ends:
        pass


def _slice(plan: ImportPlan, reader: PlanReader) -> bool:
    if plan.state == State.READING:
        return reader.carry_on()
    return carry_on_plan(plan.pk) if plan.state == State.APPLYING else carry_on_undo(plan.pk)


def lend_a_hand(plan: ImportPlan) -> None:
    """What a look at the page does of it. Excel files are left to the scheduler, which has them open."""
    if plan.state == State.READING and plan.repeats_up_to is None and _is_excel(plan):
        return
    if plan.state in GOING:
        carry_on(plan)


def _is_excel(plan: ImportPlan) -> bool:
    head = ImportFile.objects.filter(plan=plan).values_list(Substr("content", 1, 4), flat=True).first()
    return head is not None and is_xlsx(bytes(head))


@chore
def finish_imports() -> None:
    """What was uploaded, confirmed or undone goes on when nobody watches; the longest-standing first."""
    plans = list(ImportPlan.objects.filter(state__in=GOING).order_by("pk"))
    for gone in set(_OPEN) - {plan.pk for plan in plans if plan.state == State.READING}:
        del _OPEN[gone]
    ends = ports.boottime() + AT_ONCE_SECONDS
    for plan in plans:
        if plan.state == State.READING:
            _OPEN.setdefault(plan.pk, PlanReader(plan.pk))
        carry_on(plan, ends=ends)


def panel_of(plan: ImportPlan) -> dict[str, Any] | None:
    """What the page says of what goes on; None when nothing does. One query while it is being saved."""
    if plan.state not in GOING:
        return None
    state = State(plan.state)
    return {"title": _TITLES[state], "meanwhile": _MEANWHILE[state], **progress_of(plan)}


def progress_of(plan: ImportPlan) -> dict[str, Any]:
    """{"total", "ended", "told", "state", "over"}: what the page counts by."""
    total, ended, told = _stands(plan)
    return {
        "total": total,
        "ended": ended,
        "told": told,
        "state": plan.get_state_display(),
        "over": plan.state not in GOING,
    }


def _stands(plan: ImportPlan) -> tuple[int, int, str]:
    if plan.state == State.APPLYING:
        done = gone_through(plan)
        return plan.to_write, done, f"{number(done)} of {number(plan.to_write)} mappings saved"
    if plan.state == State.UNDOING:
        done, total = plan.count("UNDONE"), plan.count("TO_UNDO")
        return total, done, f"{number(done)} of {number(total)} mappings as before"
    if plan.state != State.READING:
        return 1, 1, f"{plan.get_state_display()}."
    done = rows_read(plan)
    if plan.repeats_up_to is not None:
        return done, done, f"{number(done)} rows read. Now the rows about the same code are compared with each other."
    total = max(plan.rows_expected, done)
    if not total:
        return 1, 0, "The file waits for its turn, a few seconds."
    return total, done, f"{number(done)} of about {number(total)} rows read and compared"
