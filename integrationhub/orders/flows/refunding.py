"""`refund_sold_order`, `note_refunds`: what was given back where an order is fulfilled is given back where it was sold, once.

Repeated, a refund refunds again, so what the source shows is read before each try: a refund that gives back just this, whoever
made it, is taken for ours and nothing is sent. Refunds before dispatch are cancellations and travel by `cancel_sold_order`.
"""

from collections.abc import Iterable
from datetime import timedelta

from connectors import ports
from connectors.base import Capability
from connectors.canonical.errors import MappingError, MissingMapping, PermanentError
from connectors.canonical.refunds import ByHand, Refund, RefundStanding
from connectors.canonical.returns import Return, ReturnState, check_return
from exceptions_app.opening import HUB
from integrationhub.orders import refund_ledger, return_standing
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.sync.flows import Done, Flow, Later, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.standing import close_open_case
from integrationhub.sync.writes import Effect
from mappings_app.kinds import REFUNDED_AFTER_DISPATCH
from mappings_app.resolving import resolve_reason

NOT_SHIPPED_SECONDS = 1800  # how long to wait for the dispatch to be shown where it was sold


def refund_sold_order(run: Run) -> Outcome:
    """A return of the target's as it stands now; once it is complete, as much is given back where the order was sold."""
    order = _order(run)
    if run.job.argument.get("gone"):
        return _taken_back(run, order)
    found = check_return(run.target.parse_return(run.document()))
    if _was_settled_before(order, found):
        return Skipped("It was complete before the hub followed the refunds of this link.")
    row = refund_ledger.record_given(order, found)
    return_standing.judge(row)
    if row.credited is None:
        return Done(f"{run.target_row.name} has not completed it yet.")
    if not row.credited:
        return Done("No money goes back with it.")
    if not order.link.active:
        return Skipped("The link is not in use.")
    outcome = _give_back(run, row)
    return_standing.judge(row)
    return outcome


def _order(run: Run) -> SoldOrder:
    rows = SoldOrder.objects.select_related("brand", "target", "link__brand", "link__source", "link__target")
    return rows.get(pk=run.job.argument["order"])


def _was_settled_before(order: SoldOrder, found: Return) -> bool:
    """One that was open then, and is completed now, is to be given back like any other."""
    if found.state is not ReturnState.COMPLETED or not refund_ledger.is_old(order, found):
        return False
    return not SoldReturn.objects.filter(order=order, target_id=found.external_id[:60]).exists()


def _taken_back(run: Run, order: SoldOrder) -> Outcome:
    row = SoldReturn.objects.filter(order=order, target_id=run.job.key).select_related("order__target").first()
    if row is None:
        return Skipped("It was never taken up.")
    refund_ledger.record_taken_back(row)
    return_standing.judge(row)
    return Done(f"{run.target_row.name} has it no more.")


# --- giving back ------------------------------------------------------------------------------------------------------
def _give_back(run: Run, row: SoldReturn) -> Outcome:
    source = run.source_row.name
    if row.source_id:
        return Skipped(f"{source} has been told.")
    standing = _standing(run, row.order)
    answer = refund_ledger.answer_to(row)
    if answer is not None and answer.source_refunds and (row.by_hand_why or not _may_send(run)):
        _join(row, answer.source_id)
        return Done(f"{source} has given it back already.")
    if standing is not None and standing.waits_for_dispatch(refund_ledger.lines_of(row)):
        due_at = ports.now() + timedelta(seconds=NOT_SHIPPED_SECONDS)
        return Later(due_at, f"{source} does not show the goods as shipped yet.")
    why = _why_by_hand(run, row, standing, answer=answer)
    if why is not None:
        return _asked(run, row, why, standing)
    require_not_held(row.order)
    try:
        source_id = run.write(_effect(run, row, already_there=answer is not None))
    except PermanentError as error:
        if error.code not in set(ByHand):
            row.refund_sent_at = None
            row.save(update_fields=["refund_sent_at"])
            raise
        return _asked(run, row, ByHand(error.code), standing)
    _join(row, source_id)
    return Done(f"{source} had given it back already." if answer else f"{source} is told to give it back.")


def _may_send(run: Run) -> bool:
    return run.link.gives_refunds and run.source.capabilities[Capability.SEND_REFUNDS]


def _standing(run: Run, order: SoldOrder) -> RefundStanding | None:
    """What the source shows now, written down; None where it cannot be asked."""
    if not run.source.capabilities[Capability.SEND_REFUNDS]:
        return None
    standing = run.source.read_refunds(order.reference)
    refund_ledger.note_made(order, standing)
    return standing


def _why_by_hand(
    run: Run, row: SoldReturn, standing: RefundStanding | None, *, answer: SoldReturn | None
) -> ByHand | None:
    """Why this refund is for a person; None when the hub may ask for it."""
    if row.by_hand_why:
        return ByHand(row.by_hand_why)  # once a person was asked, the hub does not do it as well
    if standing is None:
        return ByHand.NO_CALL
    if not run.link.gives_refunds:
        return ByHand.SWITCHED_OFF
    if answer is not None:
        return None
    if not refund_ledger.is_placed(row):
        return ByHand.NOT_PLACED
    if not refund_ledger.lines_of(row):
        return ByHand.NO_GOODS
    if refund_ledger.meets_another(row):
        return ByHand.UNLIKE
    return standing.why_not(_refund(row, reason_code=""))


def _refund(row: SoldReturn, *, reason_code: str) -> Refund:
    return Refund(
        order_reference=row.order.reference,
        lines=refund_ledger.lines_of(row),
        shipping=refund_ledger.delivery_of(row),
        reason_code=reason_code,
    )


def _asked(run: Run, row: SoldReturn, why: ByHand, standing: RefundStanding | None) -> Outcome:
    left = None
    if why is ByHand.NOT_LEFT and standing is not None:
        left = standing.left_of([line.line_id for line in refund_ledger.lines_of(row)], currency=row.currency)
    refund_ledger.ask_a_person(row, why, left=left)
    return Done(f"A person is asked to give it back at {run.source_row.name}.")


def _effect(run: Run, row: SoldReturn, *, already_there: bool) -> Effect:
    reason_code = "" if already_there else _reason_code(run)

    def send() -> str:
        row.refund_sent_at = row.refund_sent_at or ports.now()
        row.save(update_fields=["refund_sent_at"])
        return run.source.send_refund(_refund(row, reason_code=reason_code))

    def find() -> str | None:
        _standing(run, row.order)
        answer = refund_ledger.answer_to(row)
        return answer.source_id if answer is not None else None

    return Effect(
        place=run.source_row,
        operation="refund_sold_order",
        reference=f"{row.order.reference}:{row.target_id}",
        send=send,
        find=find,
        finish=run.source.finish_refund,
        look_first=already_there,
    )


def _reason_code(run: Run) -> str:
    """The marketplace's word for why: by mapping, else the link's."""
    mapped = resolve_reason(run.link, REFUNDED_AFTER_DISPATCH, at=ports.now())
    if mapped is not None:
        run.mapping_versions.add(mapped.pk)
        return mapped.to_code
    if not run.link.return_reason:
        raise MappingError([MissingMapping(kind="refund_reason", code=REFUNDED_AFTER_DISPATCH)])
    return run.link.return_reason


def _join(row: SoldReturn, source_id: str) -> None:
    for key in refund_ledger.join(row, source_id):
        for cause in return_standing.CAUSES:
            words = "It is the refund of a return that is known now."
            close_open_case(row.brand_id, cause=cause, object_key=key, actor=HUB, reason=words)


# --- what the source says ---------------------------------------------------------------------------------------------
def note_refunds(run: Run) -> Outcome:
    """The refunds that an order shows where it was sold, the hub's own and others'."""
    rows = SoldOrder.objects.select_related("brand", "target", "link__brand", "link__source", "link__target")
    order = rows.filter(link=run.link, reference=run.job.key).first()
    if order is None:
        return Skipped("The order is not kept here.")
    payload = None if run.job.record_id is None else run.document()
    refund_ledger.note_made(order, run.source.read_refunds(order.reference, payload))
    join_answers(order)
    _judge_all(
        order.returns.select_related("order__brand", "order__target", "order__link__source", "order__link__target")
    )
    return Done("Its refunds are written down.")


def join_answers(order: SoldOrder) -> None:
    """What a person was asked to give back, and now is on its way: the two rows become one."""
    for row in refund_ledger.waiting(order):
        answer = refund_ledger.answer_to(row)
        if answer is not None and answer.source_refunds:
            _join(row, answer.source_id)
            return_standing.judge(row)


def _judge_all(rows: Iterable[SoldReturn]) -> None:
    for row in rows:
        return_standing.judge(row)


REFUND_SOLD_ORDER = register(
    Flow(
        name="refund_sold_order",
        label="Refund where it was sold",
        lane=Lane.REFUNDS,
        run=refund_sold_order,
        side="source",
        record="refund",
        records="refunds",
        done="given back",
    )
)
NOTE_REFUNDS = register(
    Flow(
        name="note_refunds",
        label="Compare refunds",
        lane=Lane.REFUNDS,
        run=note_refunds,
        side="source",
        record="order",
        records="orders",
        done="compared",
    )
)
