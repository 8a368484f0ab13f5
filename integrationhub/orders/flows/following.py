"""What people change in a shop after its order was sent on: it cannot be changed there any more, so a person decides.

Units that are no longer wanted are cancelled by the flow of cancellations; this is about everything that came on top.
"""

from connectors.canonical.orders import Order, OrderState, TargetState
from exceptions_app.facts import stored
from integrationhub.orders.flows.creating import money_differences
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import NeedsPersonError
from integrationhub.sync.run import Run

STOPPED = (OrderState.STAGING, OrderState.AWAITING_PAYMENT)


def require_not_stopped(run: Run, order: Order, row: SoldOrder) -> None:
    """An order that was sent on and is held, or no longer paid, where it was sold: nobody should pack it."""
    if order.state not in STOPPED or not _is_on_its_way(row):
        return
    raise NeedsPersonError(
        "stopped_after_sending",
        object_key=f"order:{row.pk}",
        context={"order": row.reference, "number": row.target_external_id, "state": order.source_state},
        message=f"{run.source_row.name} says {order.source_state}, but {run.target_row.name} has {row.reference} already.",
    )


def require_unchanged(run: Run, order: Order, row: SoldOrder) -> None:
    """The order, mapped, against what stands where it is fulfilled."""
    if not _is_on_its_way(row) or not row.created_units_wanted:
        return
    seen = run.target.read_order(row.target_external_id)
    if seen is None or seen.state in (TargetState.CANCELLED, TargetState.SHIPPED):
        return
    differences = list(money_differences(order, seen))
    if not differences:
        return
    raise NeedsPersonError(
        "changed_after_sending",
        object_key=f"order:{row.pk}",
        context={
            "order": row.reference,
            "number": seen.external_id,
            "charged": stored(order.total),
            "shown": stored(seen.total),
            "differences": differences,
        },
        message=f"{row.reference} was changed in {run.source_row.name} after {run.target_row.name} got it.",
    )


def _is_on_its_way(row: SoldOrder) -> bool:
    over = (TargetState.CANCELLED.value, TargetState.SHIPPED.value)
    return row.target_confirmed_at is not None and row.target_state not in over
