"""What people change where an order was sold after it was sent on: it cannot be changed there any more, so a person decides.

Units that are no longer wanted are cancelled by the flow of cancellations; this is about everything that came on top.
"""

from decimal import Decimal

from connectors.canonical.orders import Order, OrderState, TargetState
from exceptions_app.facts import stored
from integrationhub.orders.flows.creating import money_differences
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import NeedsPersonError
from integrationhub.sync.models import WriteIntent
from integrationhub.sync.run import Run

OVER = (TargetState.CANCELLED.value, TargetState.SHIPPED.value)
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


def require_not_shipped_twice(run: Run, row: SoldOrder) -> None:
    """Where it was sold it counts as shipped, and no parcel of ours left: nobody should pack it a second time."""
    if row.state != OrderState.SHIPPED.value or row.target_state in OVER or row.dispatches.exists():
        return
    seen = run.target.read_order(row.target_external_id)
    if seen is None or seen.state in OVER or seen.dispatches:
        return
    raise NeedsPersonError(
        "shipped_elsewhere",
        object_key=f"order:{row.pk}",
        context={"order": row.reference, "number": seen.external_id},
        message=f"{run.source_row.name} shows {row.reference} as shipped, but it never left {run.target_row.name}.",
    )


def require_unchanged(run: Run, order: Order, row: SoldOrder) -> None:
    """The order, mapped, against what stands where it is fulfilled."""
    if not _is_on_its_way(row) or not row.created_units_wanted:
        return
    if not run.source.is_shop() and (_as_known(order, row) or _lost_units(order, row)):
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
        message=f"{row.reference} was changed after {run.target_row.name} got it: the two sides differ.",
    )


def _as_known(order: Order, row: SoldOrder) -> bool:
    """Whether the target held just this when it was last seen: a marketplace tells of an order often, and changes few."""
    lines: dict[str, Decimal] = {}
    for line in row.target_lines or ():
        lines[line["sku"]] = lines.get(line["sku"], Decimal(0)) + Decimal(line["line_total"])
    for line in order.open_lines:
        lines[line.sku] = lines.get(line.sku, Decimal(0)) - line.line_total.amount
    amounts = (order.total.amount, order.shipping.amount)
    return amounts == (row.target_total, row.target_shipping) and not any(lines.values())


def _lost_units(order: Order, row: SoldOrder) -> bool:
    """Units were cancelled: what they cost, and their delivery, is shared out otherwise on each side from then on."""
    if any(line.cancelled for line in order.lines):
        return True
    taken_off = WriteIntent.objects.filter(connection=row.target_id, operation="cancel_lines")
    return taken_off.filter(reference__startswith=f"{row.target_external_id}:").exists()


def _is_on_its_way(row: SoldOrder) -> bool:
    return row.target_confirmed_at is not None and row.target_state not in OVER
