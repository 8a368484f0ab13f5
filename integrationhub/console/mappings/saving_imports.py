"""A long import is saved in slices: some while its page is open, the rest by the scheduler; the page counts."""

from typing import Any

from connectors import ports
from exceptions_app.words import number
from integrationhub.sync.sweep import chore
from mappings_app.applying import SLICE_ROWS, apply_plan, begin_plan, carry_on_plan, gone_through
from mappings_app.models import ImportPlan

AT_ONCE_SECONDS = 1.5  # what one request, or one look of the scheduler, writes
State = ImportPlan.State


def save(plan: ImportPlan, *, actor: str, reason: str) -> ImportPlan:
    """Confirm the plan. A short one is saved when this returns; a long one has begun. Raises as `apply_plan`."""
    if plan.to_write <= SLICE_ROWS:
        return apply_plan(plan.pk, actor=actor, reason=reason)
    return begin_plan(plan.pk, actor=actor, reason=reason)


def carry_on(plan_id: int) -> None:
    """Write slices for a moment, at least one."""
    ends = ports.boottime() + AT_ONCE_SECONDS
    while carry_on_plan(plan_id) and ports.boottime() < ends:
        pass


@chore
def finish_imports() -> None:
    """What was confirmed goes on when nobody watches."""
    for plan_id in ImportPlan.objects.filter(state=State.APPLYING).order_by("pk").values_list("pk", flat=True):
        carry_on(plan_id)


def progress_of(plan: ImportPlan) -> dict[str, Any]:
    """{"total", "ended", "told", "state", "over"}: what the page counts by. One query while it is being saved."""
    done = gone_through(plan)
    return {
        "total": plan.to_write,
        "ended": done,
        "told": f"{number(done)} of {number(plan.to_write)} mappings saved",
        "state": plan.get_state_display(),
        "over": plan.state != State.APPLYING,
    }
