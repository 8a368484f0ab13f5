"""`keep_one_copy`: an order stands twice where it is fulfilled, a person chose which one stays, and the other is cancelled.

The cancelling is a write like any other: declared before it is sent, looked up after a doubt, and never done to the last
living copy.
"""

from django.db import transaction

from connectors.canonical.orders import TargetOrder, TargetState
from integrationhub.orders import ledger
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import blocking
from integrationhub.sync.flows import Done, Flow, NeedsPersonError, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Blocker
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect


def keep_one_copy(run: Run) -> Outcome:
    """Cancel the copies that nobody wants, then let go of what waited for the choice."""
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    argument = run.job.argument
    kept = _living(run, row, argument["stays"]) if argument["stays"] else None
    for number in argument["cancel"]:
        _cancel(run, row, number, stays=argument["stays"])
    with transaction.atomic():
        if kept is not None:
            ledger.record_target(row, kept)
        else:
            SoldOrder.objects.filter(pk=row.pk).update(target_state=TargetState.CANCELLED.value)
        blocking.release(Blocker.objects.filter(case_id=argument["case"]), by=argument["by"])
        blocking.recount([argument["case"]], closed_by=argument["by"])  # where nothing waited for it, it closes here
    return Done(f"{argument['stays'] or 'None'} stays in {run.target_row.name}; the rest is cancelled.")


def _living(run: Run, row: SoldOrder, number: str) -> TargetOrder:
    """The copy that stays. The last living one is never cancelled for one that is gone."""
    seen = run.target.read_order(number)
    if seen is None or seen.state == TargetState.CANCELLED:
        raise NeedsPersonError(
            "cancelled_at_target",
            object_key=f"order:{row.pk}",
            context={"order": row.reference, "number": number},
            message=f"{number} was to stay, but {run.target_row.name} has it cancelled. Nothing was changed.",
        )
    return seen


def _cancel(run: Run, row: SoldOrder, number: str, *, stays: str) -> None:
    seen = run.target.read_order(number)
    if seen is None or seen.state == TargetState.CANCELLED:
        return
    if seen.state == TargetState.SHIPPED or seen.dispatches:
        raise NeedsPersonError(
            "cancelled_after_dispatch",
            object_key=f"order:{row.pk}",
            context={"order": row.reference, "number": number},
            message=f"{number} was to be cancelled, but {run.target_row.name} has shipped it.",
        )

    def send() -> str:
        run.target.cancel_order(seen, comment=f"Second copy of {stays or row.reference}.")
        return number

    def cancelled() -> str | None:
        now = run.target.read_order(number)
        return number if now is None or now.state == TargetState.CANCELLED else None

    run.write(Effect(place=run.target_row, operation="cancel_copy", reference=number, send=send, find=cancelled))


KEEP_ONE_COPY = register(
    Flow(
        name="keep_one_copy",
        label="Cancel the second copy",
        lane=Lane.ORDERS,
        run=keep_one_copy,
        side="target",
        record="order",
        records="orders",
        done="put right",
    )
)
