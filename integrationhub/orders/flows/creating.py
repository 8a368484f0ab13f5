"""Creating an order at the target: once, found again after any doubt, its money compared before it can ship."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Min, Sum

from connectors import ports
from connectors.canonical.errors import TransientError
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order, TargetOrder, TargetState
from exceptions_app.facts import stored
from exceptions_app.opening import open_case, roll_up
from integrationhub.orders import ledger, reserving
from integrationhub.orders.flows.cancelling import surplus_units
from integrationhub.orders.flows.routing import order_job
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.flows import Done, NeedsPersonError, Outcome, Skipped
from integrationhub.sync.models import WriteIntent
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect
from mappings_app.resolving import ResolvedOrder

FIRST_LOOK_SECONDS = 120


def bring_to_target(
    run: Run, resolved: ResolvedOrder, options: OrderOptions, row: SoldOrder, *, confirm: bool
) -> Outcome:
    """Create the order at the target, or find the one that is there; compare the money; confirm it when it may ship."""
    if row.target_confirmed_at is not None:
        return Skipped(f"{run.target_row.name} has it as {row.number_there}.")
    order = resolved.order
    number = run.write(_creation(run, order, options, row, confirm=confirm))
    if confirm and row.target_confirmed_at is None:
        run.write(_confirmation(run, order, options, row, number))
    return Done(f"{run.target_row.name} has it as {row.number_there or number}{'' if confirm else ', on hold'}.")


def _creation(run: Run, order: Order, options: OrderOptions, row: SoldOrder, *, confirm: bool) -> Effect:
    target, reference = run.target, row.target_reference
    sent = _with_reference(order, reference)

    return Effect(
        place=run.target_row,
        operation="create_order",
        reference=reference,
        send=lambda: target.send_order(sent, options),
        find=lambda: _found(run, reference),
        finish=lambda number: _finish(run, sent, options, row, number, confirm=confirm),
        look_first=True,
    )


def may_exist(row: SoldOrder) -> bool:
    """Whether a creation was sent of which nobody knows, or knew at the time, what came of it."""
    sent = WriteIntent.objects.filter(
        connection=row.target_id, operation="create_order", reference=row.target_reference
    )
    return sent.exclude(state=WriteIntent.State.NOT_SENT, tries=1).exists()


def _with_reference(order: Order, reference: str) -> Order:
    return order if order.reference == reference else replace(order, reference=reference)


def _found(run: Run, reference: str) -> str | None:
    """The order at the target that carries our reference. Of several, the oldest that lives is ours; the rest are duplicates."""
    living = [found for found in run.target.find_orders(reference) if found.state != TargetState.CANCELLED]
    return living[0].external_id if living else None


def _confirmation(run: Run, order: Order, options: OrderOptions, row: SoldOrder, number: str) -> Effect:
    """The commit point of an order that was created on hold; then its hold is lifted."""
    ready = _with_reference(order, row.target_reference)

    def confirm() -> str:
        run.target.finish_order(_checked(run, ready, row, number), ready, options, confirm=True)
        return number

    def confirmed() -> str | None:
        seen = run.target.read_order(number)
        return number if seen and seen.state not in (TargetState.PENDING, TargetState.CANCELLED) else None

    return Effect(
        place=run.target_row,
        operation="confirm_order",
        reference=row.target_reference,
        send=confirm,
        find=confirmed,
        finish=lambda number: _let_it_ship(run, row, _read_back(run, row, number)),
    )


def _finish(run: Run, order: Order, options: OrderOptions, row: SoldOrder, number: str, *, confirm: bool) -> None:
    """Read the order back, compare, then tag it, and hold or confirm it. Nothing ships before the money agrees."""
    seen = _checked(run, order, row, number)
    run.target.finish_order(seen, order, options, confirm=confirm)
    if confirm:
        _let_it_ship(run, row, seen)
    else:
        ledger.record_target(row, replace(seen, on_hold=seen.on_hold or bool(options.hold_reason)))


def _checked(run: Run, order: Order, row: SoldOrder, number: str) -> TargetOrder:
    """The order as it stands at the target, found to be the one that was sold."""
    enqueue_reconciling(run, row)  # before anything says that the order is finished: a dead worker must not forget it
    seen = _read_back(run, row, number)
    units = sum(line.quantity for line in seen.lines)
    now = ports.now()
    if SoldOrder.objects.filter(pk=row.pk, target_created_at=None).update(target_created_at=now, created_units=units):
        reserving.until_counted(run.link, order, row, since=now)
    if seen.state == TargetState.CANCELLED:
        raise NeedsPersonError(
            "cancelled_at_target",
            object_key=f"order:{row.pk}",
            context={"order": row.reference, "number": number},
            message=f"{row.reference} was cancelled in {run.target_row.name} before it was finished.",
        )
    _require_no_surplus(run, order, row, seen)
    _require_same_money(run, order, row, seen)
    _weigh_tax(run, order, row, seen)
    return seen


def _require_no_surplus(run: Run, order: Order, row: SoldOrder, seen: TargetOrder) -> None:
    """Units were cancelled where it was sold after it was created here: they are taken off before it is finished."""
    wanted: Counter[str] = Counter()
    for line in order.open_lines:
        wanted[line.sku] += line.quantity
    if surplus_units(seen, wanted):
        ledger.record_target(row, seen)
        enqueue(order_job("cancel_target_order", row))
        raise TransientError(
            f"{run.target_row.name} has units that were cancelled meanwhile; they are taken off first."
        )


def _let_it_ship(run: Run, row: SoldOrder, seen: TargetOrder) -> None:
    """It is confirmed. What held it was the missing payment: a confirmed order on hold would never be packed."""
    if seen.on_hold:
        run.target.release_order(seen.external_id, reason="Paid at the marketplace.")
    state = TargetState.CONFIRMED if seen.state == TargetState.PENDING else seen.state
    ledger.record_target(row, replace(seen, on_hold=False, state=state), target_confirmed_at=ports.now())


def _read_back(run: Run, row: SoldOrder, number: str) -> TargetOrder:
    seen = run.target.read_order(number)
    if seen is None:
        raise NeedsPersonError(
            "gone_at_target",
            object_key=f"order:{row.pk}",
            context={"order": row.reference, "number": number},
            message=f"{run.target_row.name} made {number} for {row.reference}, and no longer shows it.",
        )
    return seen


def _require_same_money(run: Run, order: Order, row: SoldOrder, seen: TargetOrder) -> None:
    """Order total, shipping and what each SKU came to must agree to the minor unit; else the order stays unconfirmed."""
    differences = list(money_differences(order, seen))
    if not differences:
        return
    ledger.record_target(row, seen)
    raise NeedsPersonError(
        "money_mismatch",
        object_key=f"order:{row.pk}",
        context={
            "order": row.reference,
            "number": seen.external_id,
            "charged": stored(order.total),
            "shown": stored(seen.total),
            "differences": differences,
            "at_cost": "yes" if run.source.sells_at_cost else "",
        },
        message=f"{run.source_row.name} {'pays' if run.source.sells_at_cost else 'charged'} {order.total},"
        f" {run.target_row.name} shows {seen.total}.",
    )


def money_differences(order: Order, seen: TargetOrder) -> list[dict[str, str]]:
    """What does not agree: [{"what", "theirs", "ours"}], amounts as text in the order's currency."""
    pairs: list[tuple[str, Money, Money]] = [
        ("order total", order.total, seen.total),
        ("shipping", order.shipping, seen.shipping),
    ]
    ours = _by_sku((line.sku, line.line_total) for line in seen.lines)
    for sku, amount in _by_sku((line.sku, line.line_total) for line in order.open_lines).items():
        pairs.append((sku, amount, ours.get(sku, Money(amount.amount * 0, amount.currency))))
    return [
        {"what": what, "theirs": str(theirs), "ours": str(mine)}
        for what, theirs, mine in pairs
        if not theirs.agrees_with(mine)
    ]


def _by_sku(amounts: Iterable[tuple[str, Money]]) -> dict[str, Money]:
    sums: dict[str, Money] = {}
    for sku, amount in amounts:
        sums[sku] = sums[sku] + amount if sku in sums else amount
    return sums


def _weigh_tax(run: Run, order: Order, row: SoldOrder, seen: TargetOrder) -> None:
    """The target derives tax by its own rules. A difference is told; whether it holds the order is the link's choice."""
    if seen.tax is None or rounding_explains(order, seen.tax):
        return
    at_cost = "yes" if run.source.sells_at_cost else ""
    context = {"order": row.reference, "charged": stored(order.tax), "shown": stored(seen.tax), "at_cost": at_cost}
    if run.link.tax_difference == run.link.TaxDifference.HOLD:
        ledger.record_target(row, seen)
        raise NeedsPersonError("tax_mismatch", object_key=f"order:{row.pk}", context=context)
    SoldOrder.objects.filter(pk=row.pk).update(tax_differs=True, target_seen_at=ports.now())
    with transaction.atomic():
        case, _ = open_case(
            brand=run.brand,
            cause="tax_mismatch",
            object_key=f"link:{run.link.pk}",
            link=run.link,
            target=run.target_row,
            context=context,
        )
        told = SoldOrder.objects.filter(link=run.link, tax_differs=True, target_seen_at__gte=case.opened_at)
        figures = told.aggregate(count=Count("pk"), value=Sum("value_reporting"), oldest=Min("placed_at"))
        figures["value"] = figures["value"] or Decimal(0)
        roll_up(case.pk, **figures, deadline=None)


def rounding_explains(order: Order, tax: Money) -> bool:
    """Whether two rounding rules alone can lie this far apart: half a minor unit for each unit sold, and for shipping."""
    if tax.currency != order.currency:
        return False
    units = sum(line.quantity for line in order.open_lines)
    return abs(tax.minor() - order.tax.minor()) * 2 <= units + 1


def enqueue_reconciling(run: Run, row: SoldOrder) -> None:
    """An order whose creation was sent more than once may still get a late twin: look for one while it lives."""
    if "create_order" in run.sent_again:
        enqueue(order_job("reconcile_order", row, due_at=ports.now() + timedelta(seconds=FIRST_LOOK_SECONDS)))
