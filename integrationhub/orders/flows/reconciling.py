"""`reconcile_order`: a creation that was sent more than once may have a late twin. It is looked for while the order lives.

The twin cannot ship meanwhile: the target confirms nothing by itself, and the hub confirms one order only.
"""

from datetime import timedelta

from connectors import ports
from connectors.canonical.orders import OrderState, TargetOrder, TargetState
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import Done, Flow, Later, NeedsPersonError, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect

LOOK_AGAIN_SECONDS = (600, 3600, 6 * 3600, 24 * 3600)
UNWANTED = (OrderState.CANCELLED.value, OrderState.REFUSED.value)
OVER = (OrderState.SHIPPED.value, OrderState.RECEIVED.value, OrderState.CLOSED.value, *UNWANTED)


def reconcile_order(run: Run) -> Outcome:
    """Cancel every living order at the target that carries the reference and is not the one the hub knows."""
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    if not row.target_external_id and row.lines.filter(cancelled=False).exists() and row.state not in UNWANTED:
        return Skipped("It is not created yet.")
    twins = [
        found
        for found in run.target.find_orders(row.target_reference)
        if found.external_id != row.target_external_id and found.state != TargetState.CANCELLED
    ]
    for twin in twins:
        _cancel_twin(run, row, twin)
    age = ports.now() - (row.target_created_at or row.first_seen_at)
    if row.state in OVER and age.total_seconds() >= LOOK_AGAIN_SECONDS[-1]:
        return Done("No second one, and the order is over.")
    wait = next((step for step in LOOK_AGAIN_SECONDS if step > age.total_seconds()), LOOK_AGAIN_SECONDS[-1])
    told = f"{len(twins)} late second orders cancelled." if twins else "No second one so far."
    return Later(ports.now() + timedelta(seconds=wait), told)


def _cancel_twin(run: Run, row: SoldOrder, twin: TargetOrder) -> None:
    if twin.state != TargetState.PENDING:
        raise NeedsPersonError(
            "duplicate_order",
            object_key=f"order:{row.pk}",
            context={"order": row.reference, "copies": [row.target_external_id, twin.external_id]},
            message=f"{run.target_row.name} has {row.reference} twice: {row.target_external_id} and {twin.external_id}.",
        )

    require_not_held(row)

    def send() -> str:
        run.target.cancel_order(twin, comment=f"Second copy of {row.target_external_id or row.reference}.")
        return twin.external_id

    def cancelled() -> str | None:
        now = run.target.read_order(twin.external_id)
        return twin.external_id if now is not None and now.state == TargetState.CANCELLED else None

    run.write(
        Effect(place=run.target_row, operation="cancel_twin", reference=twin.external_id, send=send, find=cancelled)
    )


RECONCILE_ORDER = register(
    Flow(
        name="reconcile_order",
        label="Look for second copies",
        lane=Lane.ORDERS,
        run=reconcile_order,
        side="target",
        record="order",
        records="orders",
        done="checked for second copies",
    )
)
