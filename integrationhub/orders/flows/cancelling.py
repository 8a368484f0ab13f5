"""Cancellations in both directions. A change that the hub made itself does not travel back."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping

from django.db import transaction

from connectors import ports
from connectors.base import Capability
from connectors.canonical.errors import MappingError, MissingMapping
from connectors.canonical.money import Money, zero
from connectors.canonical.orders import Order, OrderState, TargetOrder, TargetState
from exceptions_app.facts import stored
from integrationhub.orders import ledger, reserving
from integrationhub.orders.flows.asking import fresh_order
from integrationhub.orders.flows.routing import order_job
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.flows import Done, Flow, NeedsPersonError, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect
from mappings_app.kinds import CANCELLED_BEFORE_PAYMENT, REFUNDED_BEFORE_DISPATCH
from mappings_app.resolving import resolve_reason

ENDED_AT_SOURCE = (OrderState.CANCELLED.value, OrderState.REFUSED.value, OrderState.CLOSED.value)
LIVE_AT_SOURCE = (
    OrderState.STAGING.value,  # a shop holds it
    OrderState.AWAITING_ACCEPTANCE.value,
    OrderState.AWAITING_PAYMENT.value,
    OrderState.READY_TO_SHIP.value,
)


def cancel_target_order(run: Run) -> Outcome:
    """Cancelled or refused where it was sold, whole or in part: cancel as much where it would be fulfilled.

    A person's cancellation comes this way too: it is cancelled here first, then where it was sold.
    """
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    if not row.target_external_id:
        return Skipped("There is nothing to cancel.")
    require_not_held(row)
    seen = run.target.read_order(row.target_external_id)
    if seen is None or seen.state == TargetState.CANCELLED:
        run.settle(run.target_row, "cancel_order", reference=row.target_external_id)
        _note_cancelled(row)
        return Skipped(f"{run.target_row.name} does not have it open.")
    wanted = Counter[str]() if row.cancel_wanted_at is not None else wanted_units(row)
    if wanted and row.state not in (OrderState.CANCELLED.value, OrderState.REFUSED.value):
        return _trim(run, row, seen, wanted)
    if seen.state == TargetState.SHIPPED and answers_by_dispatching(run, row):
        return _told_by_dispatch(run)
    if seen.state == TargetState.SHIPPED or seen.dispatches:
        raise _too_late(run, row, seen)
    run.write(_cancellation(run, row, seen))
    _note_cancelled(row)
    return Done(f"Cancelled in {run.target_row.name}; its stock is free again.")


def _cancellation(run: Run, row: SoldOrder, seen: TargetOrder) -> Effect:
    def send() -> str:
        by = row.cancel_wanted_by and f"{row.cancel_wanted_by} in the hub"
        run.target.cancel_order(seen, comment=f"Cancelled {f'by {by}' if by else f'at {run.source_row.name}'}.")
        return seen.external_id

    def cancelled() -> str | None:
        now = run.target.read_order(seen.external_id)
        return seen.external_id if now is not None and now.state == TargetState.CANCELLED else None

    return Effect(place=run.target_row, operation="cancel_order", reference=seen.external_id, send=send, find=cancelled)


def wanted_units(row: SoldOrder) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for line in row.lines.filter(cancelled=False):
        wanted[line.target_sku] += line.quantity
    return wanted


def _trim(run: Run, row: SoldOrder, seen: TargetOrder, wanted: Counter[str]) -> Outcome:
    """Cancel the units that the source no longer wants. Not repeatable there, so the order is read again before a retry."""
    surplus = surplus_units(seen, wanted)
    if not surplus:
        run.settle(run.target_row, "cancel_lines", reference__startswith=f"{seen.external_id}:")
        _note_units(row, wanted)
        return Skipped(f"{run.target_row.name} has no unit too many.")
    if seen.state == TargetState.SHIPPED and answers_by_dispatching(run, row):
        return _told_by_dispatch(run)
    if seen.state == TargetState.SHIPPED:
        raise _too_late(run, row, seen)

    def send() -> str:
        run.target.cancel_lines(seen, quantities=surplus, comment=f"Cancelled at {run.source_row.name}.")
        return seen.external_id

    def trimmed() -> str | None:
        now = run.target.read_order(seen.external_id)
        return seen.external_id if now is not None and not surplus_units(now, wanted) else None

    effect = Effect(
        place=run.target_row, operation="cancel_lines", reference=_trim_name(seen, surplus), send=send, find=trimmed
    )
    run.write(effect)
    _note_units(row, wanted)
    return Done(f"Cancelled in part in {run.target_row.name}.")


def _trim_name(seen: TargetOrder, surplus: dict[str, int]) -> str:
    """Named by what is left afterwards: taking one unit off a line again later is another effect, not the same one."""
    left = {line.line_id: line.quantity - surplus[line.line_id] for line in seen.lines if line.line_id in surplus}
    names = ",".join(f"{line}={units}" for line, units in sorted(left.items()))
    if len(names) > 100:
        names = hashlib.sha256(names.encode()).hexdigest()
    return f"{seen.external_id}:{names}"


def surplus_units(seen: TargetOrder, wanted: Counter[str]) -> dict[str, int]:
    """Target line id → units that are more than the source wants of its SKU."""
    left = Counter(wanted)
    surplus: dict[str, int] = {}
    for line in seen.lines:
        keep = min(line.quantity, left[line.sku])
        left[line.sku] -= keep
        if line.quantity > keep:
            surplus[line.line_id] = line.quantity - keep
    return surplus


def _note_units(row: SoldOrder, wanted: Counter[str]) -> None:
    SoldOrder.objects.filter(pk=row.pk).update(created_units=wanted.total())


def _note_cancelled(row: SoldOrder) -> None:
    with transaction.atomic():  # what is written down as known must have travelled on
        SoldOrder.objects.filter(pk=row.pk).update(target_state=TargetState.CANCELLED.value)
        if row.cancel_wanted_at is not None and row.state in LIVE_AT_SOURCE:
            enqueue(order_job("cancel_sold_order", row))


def answers_by_dispatching(run: Run, row: SoldOrder) -> bool:
    """Whether the source only asked for the cancellation, still waits, and takes a dispatch for an answer."""
    if not run.source.cancels_by_asking or row.cancel_wanted_at is not None:
        return False
    order = fresh_order(run, row.reference)
    return order is not None and order.cancellation_requested


def _told_by_dispatch(run: Run) -> Skipped:
    return Skipped(f"It has left {run.target_row.name} already; {run.source_row.name} is told so by its dispatch.")


def _too_late(run: Run, row: SoldOrder, seen: TargetOrder) -> NeedsPersonError:
    return NeedsPersonError(
        "cancelled_after_dispatch",
        object_key=f"order:{row.pk}",
        context={"order": row.reference, "number": seen.external_id},
        message=f"{run.source_row.name} cancelled {row.reference}, but {run.target_row.name} has shipped it.",
    )


def watch_target_order(run: Run) -> Outcome:
    """Something changed at the target: read the order again, and carry a cancellation to where it was sold."""
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    seen = run.target.read_order(row.target_external_id) if row.target_external_id else None
    if seen is None:
        return Skipped("It is not there.")
    was_cancelled = row.target_state == TargetState.CANCELLED.value
    travels = seen.state == TargetState.CANCELLED and not was_cancelled and row.state in LIVE_AT_SOURCE
    with transaction.atomic():  # what is written down as known must have travelled on
        ledger.record_target(row, seen)
        if travels:
            enqueue(order_job("cancel_sold_order", row))
    if travels:
        return Done(f"Cancelled in {run.target_row.name}; {run.source_row.name} is told.")
    _require_all_units(run, row, seen)
    return Done(f"{run.target_row.name} shows it as {row.get_target_state_display().lower()}.")


def _require_all_units(run: Run, row: SoldOrder, seen: TargetOrder) -> None:
    """A person took units off the order where it is fulfilled: only a person can say what its buyer is to be told."""
    if row.state not in LIVE_AT_SOURCE or seen.state in (TargetState.CANCELLED, TargetState.UNKNOWN):
        return
    lacking = lacking_units(row, seen)
    if lacking:
        raise NeedsPersonError(
            "units_cancelled_at_target",
            object_key=f"order:{row.pk}",
            context={
                "order": row.reference,
                "number": seen.external_id,
                "lacking": lacking,
                "worth": stored(_worth(row, lacking)),
                "differences": list(_both_sides(row, seen, lacking)),
            },
            message=f"{run.target_row.name} has fewer units of {', '.join(sorted(lacking))} than {row.reference} wants.",
        )


def lacking_units(row: SoldOrder, seen: TargetOrder) -> dict[str, int]:
    """Target SKU → units that are wanted and not there."""
    missing = wanted_units(row)
    for line in seen.lines:
        missing[line.sku] -= line.quantity
    return {sku: units for sku, units in missing.items() if units > 0}


def _worth(row: SoldOrder, lacking: Mapping[str, int]) -> Money:
    """What was charged for these units. Of one SKU at two prices, those of the later lines."""
    left, worth = Counter(lacking), zero(row.currency)
    for line in reversed(row.lines.filter(cancelled=False)):
        units = min(line.quantity, left[line.target_sku])
        left[line.target_sku] -= units
        worth += Money(line.line_total * units / line.quantity, row.currency)
    return worth.rounded()


def _both_sides(row: SoldOrder, seen: TargetOrder, lacking: Mapping[str, int]) -> Iterator[dict[str, str]]:
    wanted = wanted_units(row)
    for sku in sorted(lacking):
        yield {"what": f"Units of {sku}", "theirs": str(wanted[sku]), "ours": str(wanted[sku] - lacking[sku])}


def cancel_sold_order(run: Run) -> Outcome:
    """Cancelled where it would be fulfilled: cancel, or refund before dispatch, what is left of it where it was sold."""
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    if row.state in ENDED_AT_SOURCE:
        return _ended(run, row)
    if not run.source.capabilities[Capability.CANCEL_SOLD_ORDERS]:
        return Skipped(f"{run.source_row.name} takes no cancellations from the hub: cancel it there by hand.")
    require_not_held(row)
    order = fresh_order(run, row.reference)
    if order is None:
        return Skipped(f"{run.source_row.name} does not know this order any more.")
    if order.state.value in ENDED_AT_SOURCE or not order.open_lines:
        return _ended(run, row)
    if run.source.is_shop() and row.cancel_wanted_at is None:
        seen = run.target.read_order(row.target_external_id)
        if seen is not None and seen.state != TargetState.CANCELLED:
            return Skipped(f"{run.target_row.name} has it open again.")
        if not run.link.cancels_in_shop:
            raise _undecided(run, row)
    run.write(_cancellation_at_source(run, row, order))
    if run.source.cancels_by_asking:
        reserving.let_go(row, reason=f"{run.source_row.name} is asked to cancel it.")
        return Done(f"{run.source_row.name} is asked to cancel it; it is over once that is done there.")
    return Done(f"Cancelled at {run.source_row.name}.")


def _ended(run: Run, row: SoldOrder) -> Skipped:
    """An earlier try of ours may have ended it, or its buyer: either way nothing is left in doubt."""
    run.settle(run.source_row, "cancel_sold_order", reference=row.reference)
    return Skipped(f"{run.source_row.name} has ended it already.")


def _undecided(run: Run, row: SoldOrder) -> NeedsPersonError:
    """The shop owns its orders: without a word of its people, or of the link, none is cancelled behind their backs."""
    total = Money(row.total, row.currency)
    return NeedsPersonError(
        "cancelled_in_warehouse",
        object_key=f"order:{row.pk}",
        context={
            "order": row.reference,
            "number": row.target_external_id,
            "charged": stored(total),
            "differences": [{"what": "Order", "theirs": f"{row.get_state_display()}, {total}", "ours": "Cancelled"}],
        },
        place=run.target_row,
        message=f"{row.reference} was cancelled in {run.target_row.name}, and {run.source_row.name} still expects it.",
    )


def _cancellation_at_source(run: Run, row: SoldOrder, order: Order) -> Effect:
    reason_code = _reason_code(run, order)
    if order.state == OrderState.AWAITING_ACCEPTANCE:  # so that its refusal is not taken for one by the clock
        SoldOrder.objects.filter(pk=row.pk, refused_by_us_at=None).update(refused_by_us_at=ports.now())

    def send() -> str:
        return run.source.cancel_sold_order(order, reason_code=reason_code)

    def ended() -> str | None:
        now = fresh_order(run, row.reference)
        return "" if now is None or not now.open_lines else None

    return Effect(place=run.source_row, operation="cancel_sold_order", reference=row.reference, send=send, find=ended)


def _reason_code(run: Run, order: Order) -> str:
    """The marketplace's code for why: by mapping, else the link's. A refusal needs none, and neither does a shop."""
    if order.state == OrderState.AWAITING_ACCEPTANCE or run.source.cancels_by_asking or run.source.is_shop():
        return ""
    reason = CANCELLED_BEFORE_PAYMENT if order.can_cancel else REFUNDED_BEFORE_DISPATCH
    mapped = resolve_reason(run.link, reason, at=ports.now())
    if mapped is not None:
        run.mapping_versions.add(mapped.pk)
        return mapped.to_code
    code = run.link.cancellation_reason if order.can_cancel else run.link.refund_reason
    if not code:
        raise MappingError([MissingMapping(kind="refund_reason", code=reason)])
    return code


CANCEL_TARGET_ORDER = register(
    Flow(
        name="cancel_target_order",
        label="Cancel where it is fulfilled",
        lane=Lane.ORDERS,
        run=cancel_target_order,
        side="target",
        record="order",
        records="orders",
        done="cancelled",
    )
)
WATCH_TARGET_ORDER = register(
    Flow(
        name="watch_target_order",
        label="Follow orders where they are fulfilled",
        lane=Lane.DISPATCH,
        run=watch_target_order,
        side="target",
        record="order",
        records="orders",
        done="cancelled",
    )
)
CANCEL_SOLD_ORDER = register(
    Flow(
        name="cancel_sold_order",
        label="Cancel where it was sold",
        lane=Lane.REFUNDS,
        run=cancel_sold_order,
        side="source",
        record="order",
        records="orders",
        done="cancelled",
    )
)
