"""`acknowledge_cancellation`: a source that asked for a cancellation waits to hear that the goods will not leave."""

from dataclasses import replace
from datetime import timedelta

from connectors import ports
from connectors.canonical.orders import TargetState
from integrationhub.orders.flows.asking import fresh_order
from integrationhub.orders.flows.cancelling import surplus_units, wanted_units
from integrationhub.orders.flows.creating import may_exist
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import Done, Flow, Later, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect

ACKNOWLEDGE_AFTER = timedelta(minutes=2)


def acknowledge_cancellation(run: Run) -> Outcome:
    """The source asked for a cancellation: say that the goods will not leave, once that is certain where they would."""
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    order = fresh_order(run, row.reference)
    if order is None or not order.cancellation_requested:
        return Skipped(f"{run.source_row.name} does not wait for it any more.")
    require_not_held(row)
    if (not row.target_external_id and may_exist(row)) or not _is_stopped(run, row):
        return Later(ports.now() + ACKNOWLEDGE_AFTER, f"{run.target_row.name} has not let it go yet.")

    def acknowledged() -> str | None:
        now = fresh_order(run, row.reference)
        return "" if now is None or not now.cancellation_requested else None

    cancelled = replace(order, lines=tuple(line for line in order.lines if line.cancelled))
    run.write(
        Effect(
            place=run.source_row,
            operation="acknowledge_cancellation",
            reference=row.reference,
            send=lambda: run.source.cancel_sold_order(cancelled, reason_code=""),
            find=acknowledged,
        )
    )
    return Done(f"{run.source_row.name} knows that it will not leave.")


def _is_stopped(run: Run, row: SoldOrder) -> bool:
    """Whether what is created at the target holds no more units than the source still wants."""
    seen = run.target.read_order(row.target_external_id) if row.target_external_id else None
    return seen is None or seen.state == TargetState.CANCELLED or not surplus_units(seen, wanted_units(row))


ACKNOWLEDGE_CANCELLATION = register(
    Flow(
        name="acknowledge_cancellation",
        label="Answer requests to cancel",
        lane=Lane.ORDERS,
        run=acknowledge_cancellation,
        side="source",
        record="order",
        records="orders",
        done="answered",
    )
)
