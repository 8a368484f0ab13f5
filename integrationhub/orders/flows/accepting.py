"""`accept_order`: tell the marketplace that we take the order, once what the link's policy demands is in place.

`refuse_order`: tell it that we don't, whole or line by line, as a person decided. What is kept must be mapped and covered.
"""

from collections.abc import Collection
from dataclasses import replace

from connectors import ports
from connectors.canonical.errors import PermanentError
from connectors.canonical.options import LineDecision
from connectors.canonical.orders import OrderState, TargetState
from integrationhub.inventory import promises
from integrationhub.orders import reserving
from integrationhub.orders.flows.asking import fresh_order
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import Done, Flow, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect
from mappings_app.resolving import resolve_order

NOT_ACCEPTED = frozenset(
    {OrderState.STAGING, OrderState.AWAITING_ACCEPTANCE, OrderState.REFUSED, OrderState.CANCELLED, OrderState.UNKNOWN}
)


def accept_order(run: Run) -> Outcome:
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    if row.state != OrderState.AWAITING_ACCEPTANCE:
        return Skipped(f"{run.source_row.name} does not wait for an answer any more.")
    if row.refused_by_us_at is not None or row.cancel_wanted_at is not None:
        return Skipped("A person has decided against it.")
    require_not_held(row)
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
    order = fresh_order(run, row.reference)
    return order is not None and order.state == OrderState.AWAITING_ACCEPTANCE


def _acceptance(run: Run, row: SoldOrder) -> Effect:
    decisions = [LineDecision(line_id=line.line_id, accepted=True) for line in row.lines.filter(cancelled=False)]

    def send() -> str:
        run.source.decide_order(row.reference, decisions)
        return ""

    def accepted() -> str | None:
        order = fresh_order(run, row.reference)
        return None if order is None or order.state in NOT_ACCEPTED else ""

    return Effect(place=run.source_row, operation="accept_order", reference=row.reference, send=send, find=accepted)


# --- refusing ---------------------------------------------------------------------------------------------------------


def refuse_order(run: Run) -> Outcome:
    """Refuse the lines that a person chose (all, when none is named); the others are accepted by the same answer."""
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    if row.state != OrderState.AWAITING_ACCEPTANCE:
        return Skipped(f"{run.source_row.name} does not wait for an answer any more.")
    if row.accept_sent_at is not None:
        return Skipped("It was accepted before that.")
    require_not_held(row)
    chosen = set((run.job.argument or {}).get("lines") or ())
    line_ids = list(row.lines.filter(cancelled=False).values_list("line_id", flat=True))
    kept = [line_id for line_id in line_ids if chosen and line_id not in chosen]
    if kept:
        _cover(run, row, kept)
    else:  # so that its refusal is not taken for one by the clock
        SoldOrder.objects.filter(pk=row.pk, refused_by_us_at=None).update(refused_by_us_at=ports.now())
    try:
        run.write(_refusal(run, row, [LineDecision(line_id=one, accepted=one in kept) for one in line_ids]))
    except PermanentError:
        if _waits(run, row):
            SoldOrder.objects.filter(pk=row.pk).update(refused_by_us_at=None)
            raise
        return Skipped(f"{run.source_row.name} does not wait for an answer any more.")
    return _after_refusal(run, row, partly=bool(kept))


def _cover(run: Run, row: SoldOrder, kept: Collection[str]) -> None:
    """What is accepted must be mapped, and alive where it is fulfilled or covered by held stock: as for a whole order."""
    order = fresh_order(run, row.reference)
    if order is None or (row.target_external_id and row.target_created_at is not None):
        return
    left = replace(order, lines=tuple(line for line in order.lines if line.line_id in kept))
    resolved = resolve_order(left, link=run.link, known_at=row.mappings_as_of)
    skus = {line.sku for line in resolved.order.open_lines}
    promises.let_go(row.link_id, row.reference, reason="Its line is refused.", but=skus)
    reserving.reserve(run, resolved.order, row)


def _refusal(run: Run, row: SoldOrder, decisions: list[LineDecision]) -> Effect:
    def send() -> str:
        run.source.decide_order(row.reference, decisions)
        return ""

    def decided() -> str | None:
        order = fresh_order(run, row.reference)
        return None if order is None or order.state == OrderState.AWAITING_ACCEPTANCE else ""

    return Effect(place=run.source_row, operation="refuse_order", reference=row.reference, send=send, find=decided)


def _after_refusal(run: Run, row: SoldOrder, *, partly: bool) -> Outcome:
    if partly:
        SoldOrder.objects.filter(pk=row.pk, accept_sent_at=None).update(accept_sent_at=ports.now())
        return Done(f"Refused in part at {run.source_row.name}; the rest is accepted.")
    reserving.let_go(row, reason=f"Refused at {run.source_row.name}.")
    return Done(f"Refused at {run.source_row.name}.")


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
REFUSE_ORDER = register(
    Flow(
        name="refuse_order",
        label="Refuse orders",
        lane=Lane.ACCEPTANCE,
        run=refuse_order,
        side="source",
        record="order",
        records="orders",
        done="refused",
    )
)
