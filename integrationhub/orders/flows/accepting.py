"""`accept_order`: tell the marketplace that we take the order, once what the link's policy demands is in place."""

from connectors import ports
from connectors.canonical.errors import PermanentError
from connectors.canonical.options import LineDecision
from connectors.canonical.orders import OrderState, TargetState
from integrationhub.inventory import promises
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import Done, Flow, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect

NOT_ACCEPTED = frozenset(
    {OrderState.STAGING, OrderState.AWAITING_ACCEPTANCE, OrderState.REFUSED, OrderState.CANCELLED, OrderState.UNKNOWN}
)


def accept_order(run: Run) -> Outcome:
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    if row.state != OrderState.AWAITING_ACCEPTANCE:
        return Skipped(f"{run.source_row.name} does not wait for an answer any more.")
    if not may_accept(row):
        return Skipped("Neither created nor reserved yet; the order's own job asks again.")
    try:
        run.write(_acceptance(run, row))
    except PermanentError:
        if _waits(run, row):
            raise
        return Skipped(f"{run.source_row.name} does not wait for an answer any more.")
    SoldOrder.objects.filter(pk=row.pk, accept_sent_at=None).update(accept_sent_at=ports.now())
    return Done(f"Accepted at {run.source_row.name}.")


def may_accept(row: SoldOrder) -> bool:
    """Stored and fully mapped, and either alive where it is fulfilled or covered by held stock, line by line."""
    lines = list(row.lines.filter(cancelled=False))
    if not lines or any(not line.target_sku for line in lines):
        return False
    if row.target_external_id and row.target_created_at is not None:
        return row.target_state != TargetState.CANCELLED.value
    held = promises.held(row.link_id, row.reference)
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.target_sku] = wanted.get(line.target_sku, 0) + line.quantity
    return all(held.get(sku, 0) >= units for sku, units in wanted.items())


def _waits(run: Run, row: SoldOrder) -> bool:
    """Whether the marketplace still waits for an answer; when it lapsed or was cancelled, its next version tells that."""
    record = run.source.fetch_order(row.reference)
    return record is not None and run.source.parse_order(record.payload).state == OrderState.AWAITING_ACCEPTANCE


def _acceptance(run: Run, row: SoldOrder) -> Effect:
    decisions = [LineDecision(line_id=line.line_id, accepted=True) for line in row.lines.filter(cancelled=False)]

    def send() -> str:
        run.source.decide_order(row.reference, decisions)
        return ""

    def accepted() -> str | None:
        record = run.source.fetch_order(row.reference)
        if record is None or run.source.parse_order(record.payload).state in NOT_ACCEPTED:
            return None
        return ""

    return Effect(place=run.source_row, operation="accept_order", reference=row.reference, send=send, find=accepted)


ACCEPT_ORDER = register(
    Flow(
        name="accept_order",
        label="Accept orders",
        lane=Lane.ACCEPTANCE,
        run=accept_order,
        side="source",
        record="order",
        records="orders",
        done="accepted",
    )
)
