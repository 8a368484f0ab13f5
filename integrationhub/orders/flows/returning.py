"""`announce_return`, `note_received`, `note_credit`, `watch_returns`: one return on its two sides.

A return that was announced where the order was sold is announced once to who receives it, against the original order. The
goods come back only as the receiver says, and what is credited must be what was refunded, to the minor unit.
"""

from datetime import timedelta
from decimal import Decimal

from django.db.models import Q

from connectors import ports
from connectors.base import Capability
from connectors.canonical.money import Money
from connectors.canonical.returns import Return, ReturnRequest, ReturnState, check_return
from exceptions_app.facts import stored
from integrationhub.orders import return_ledger, return_standing
from integrationhub.orders.flows.refunding import join_answers
from integrationhub.orders.flows.routing import order_job
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.orders.refundable import breach, told
from integrationhub.sync.enqueue import NewJob
from integrationhub.sync.flows import Done, Flow, Later, NeedsPersonError, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect

COMPARED_HOURS = 24
COMPARED_AT_MOST = 20  # in one go; each is a call or two
NOT_THERE_SECONDS = 600  # how long to wait for the order itself to be at the target


def announce_return(run: Run) -> Outcome:
    order = _order(run)
    if run.job.argument.get("gone"):
        return _withdraw(order, run.job.key)
    found = check_return(run.source.parse_return(run.document()))
    row = return_ledger.record_source(order, found)
    if found.state is ReturnState.CANCELLED:
        return _withdraw(order, found.external_id)
    if not return_ledger.takes_returns(run.target_row):
        return_standing.judge(row)
        join_answers(order)
        return Done(f"Kept. Who fulfils the order makes the return in {run.target_row.name}.")
    _refuse_unknown(run, order, found)
    if not row.announced_at:
        _refuse_breach(order)
    if found.lines and not row.announced_at:
        if not order.target_external_id:
            due_at = ports.now() + timedelta(seconds=NOT_THERE_SECONDS)
            return Later(due_at, f"{run.target_row.name} does not have the order yet.")
        _announce(run, order, row, found)
    return_standing.judge(row)
    return Done(f"{run.target_row.name} expects it." if found.lines else "A refund without goods: kept.")


def _order(run: Run) -> SoldOrder:
    rows = SoldOrder.objects.select_related("brand", "target", "link__brand", "link__source", "link__target")
    return rows.get(pk=run.job.argument["order"])


def _withdraw(order: SoldOrder, source_id: str) -> Outcome:
    row = SoldReturn.objects.filter(order=order, source_id=source_id).first()
    if row is None:
        return Skipped("It was never taken up.")
    return_ledger.record_gone(row)
    return_standing.judge(row)
    return Done("It was withdrawn where it was sold.")


# --- announcing -------------------------------------------------------------------------------------------------------
def _announce(run: Run, order: SoldOrder, row: SoldReturn, found: Return) -> None:
    require_not_held(order)
    reference = return_ledger.reference_of(order.link, found.external_id)
    ready = told(
        found,
        reference=reference,
        order_external_id=order.target_external_id,
        currency=order.currency,
        delivery=_delivery_left(order, row),
    )
    number = run.write(_effect(run, ready.request))
    row.target_reference, row.target_id, row.announced_at = reference, number, ports.now()
    row.announced_shipping = ready.request.shipping.amount if ready.request.shipping else None
    row.by_hand = ready.by_hand.amount
    row.save()


def _effect(run: Run, request: ReturnRequest) -> Effect:
    return Effect(
        place=run.target_row,
        operation="announce_return",
        reference=request.reference,
        send=lambda: run.target.send_return(request),
        find=lambda: run.target.find_return(request.reference),
    )


def _delivery_left(order: SoldOrder, row: SoldReturn) -> Money:
    """Delivery is one line of one unit at the target: the first return that gives some of it back takes it."""
    taken = order.returns.exclude(pk=row.pk).filter(announced_shipping__gt=0).exists()
    return Money(Decimal(0) if taken else order.shipping, order.currency)


def _refuse_unknown(run: Run, order: SoldOrder, found: Return) -> None:
    if found.state is not ReturnState.UNKNOWN:
        return
    raise NeedsPersonError(
        "unknown_state",
        object_key=f"link:{order.link_id}:return:{found.source_state}"[:200],
        context={"state": found.source_state},
        place=run.source_row,
        message=f"Return {found.external_id} is {found.source_state}, and the hub does not know what that means.",
    )


def _refuse_breach(order: SoldOrder) -> None:
    over = breach(order)
    if over is None:
        return
    raise NeedsPersonError(
        "refund_exceeds",
        object_key=f"order:{order.pk}",
        context={
            "order": order.reference,
            "what": over.what,
            "charged": stored(over.charged.rounded()),
            "given": stored(over.given.rounded()),
        },
        message=f"{order.reference}: {over.given} is given back, and {over.charged} was charged. Nothing was sent.",
    )


# --- what the other side says -----------------------------------------------------------------------------------------
def note_received(run: Run) -> Outcome:
    """One parcel as the warehouse has it. Stock is not touched here: who owns it says what there is."""
    found = check_return(run.target.parse_return(run.document()))
    order = _order(run)
    row = return_ledger.row_for(order, found.reference, target_id=found.return_id or found.external_id)
    return_ledger.record_parcel(row, found)
    return_standing.judge(row)
    return Done(f"{row.get_state_display()}.")


def note_credit(run: Run) -> Outcome:
    note = run.target.parse_credit_note(run.document())
    order = _order(run)
    row = return_ledger.row_for(order, note.reference, target_id=note.return_id)
    return_ledger.record_credit(row, note)
    return_standing.judge(row)
    return Done("Posted." if note.posted else "Seen; not posted yet.")


def watch_returns(run: Run) -> Outcome:
    """What only time makes wrong: one side ended a return, and the other has not followed."""
    rows = SoldReturn.objects.filter(order__link=run.link).exclude(state__in=return_ledger.OVER_STATES)
    count = 0
    for row in rows.select_related("order__brand", "order__target", "order__link__source", "order__link__target"):
        return_standing.judge(row)
        count += 1
    run.enqueue(_compared_again(run))
    return Done(f"{count} returns are open.")


def _compared_again(run: Run) -> list[NewJob]:
    """Refunds where it was sold that nothing was heard of for a day are asked for."""
    if not run.source.capabilities[Capability.SEND_REFUNDS] or return_ledger.takes_returns(run.target_row):
        return []
    before = ports.now() - timedelta(hours=COMPARED_HOURS)
    unseen = Q(source_seen_at__lte=before) | Q(source_seen_at=None, credited_at__lte=before)
    rows = SoldReturn.objects.filter(unseen, order__link=run.link).exclude(credited=None)
    rows = rows.exclude(state__in=return_ledger.OVER_STATES).select_related(
        "order__link__source", "order__link__target"
    )
    orders = {row.order_id: row.order for row in rows.select_related("order__link__brand")[:COMPARED_AT_MOST]}
    return [order_job("note_refunds", order) for order in orders.values()]


ANNOUNCE_RETURN = register(
    Flow(
        name="announce_return",
        label="Announce returns",
        lane=Lane.REFUNDS,
        run=announce_return,
        side="target",
        record="return",
        records="returns",
        done="announced",
    )
)
NOTE_RECEIVED = register(
    Flow(
        name="note_received",
        label="Take up what came back",
        lane=Lane.REFUNDS,
        run=note_received,
        side="target",
        record="return",
        records="returns",
        done="taken up",
    )
)
NOTE_CREDIT = register(
    Flow(
        name="note_credit",
        label="Compare credit notes",
        lane=Lane.REFUNDS,
        run=note_credit,
        side="target",
        record="credit note",
        records="credit notes",
        done="compared",
    )
)
WATCH_RETURNS = register(
    Flow(
        name="watch_returns",
        label="Watch returns",
        lane=Lane.REFUNDS,
        run=watch_returns,
        side="source",
        cadence_seconds=1800,
    )
)
