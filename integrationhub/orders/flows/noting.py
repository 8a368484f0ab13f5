"""`note_order`: where an account asks for it, the order's number where it is fulfilled is written down where it was sold.

People there then find the order by it. It is no acceptance, and nothing waits for it.
"""

from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import Done, Flow, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect


def note_order(run: Run) -> Outcome:
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    number = row.target_external_id
    if not number or not run.source.notes_orders:
        return Skipped(f"{run.source_row.name} is told no number.")
    source, reference = run.source, row.reference
    run.write(
        Effect(
            place=run.source_row,
            operation="note_order",
            reference=f"{reference}:{number}",
            send=lambda: source.note_order(reference, number=number),
            find=lambda: source.find_order_note(reference, number=number),
        )
    )
    return Done(f"{run.source_row.name} has its number {number}.")


NOTE_ORDER = register(
    Flow(
        name="note_order",
        label="Write down numbers where orders were sold",
        lane=Lane.BULK,
        run=note_order,
        side="source",
        record="order",
        records="orders",
        done="noted",
    )
)
