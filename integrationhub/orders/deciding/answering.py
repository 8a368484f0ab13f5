"""Accepting and refusing an order that waits for an answer."""

from connectors.access import Right
from connectors.base import CAPABILITY_LABELS, Capability
from connectors.canonical.orders import OrderState, TargetState
from exceptions_app.words import listed
from integrationhub.inventory import promises
from integrationhub.orders.deciding.cancelling import asked, cancel
from integrationhub.orders.deciding.kinds import Decision, Kind, RefusedDecisionError
from integrationhub.orders.deciding.standing import Standing
from integrationhub.orders.flows.routing import order_job, order_key
from integrationhub.sync import blocking
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.models import Blocker


def _why_not_answer(standing: Standing) -> str:
    order, source = standing.order, standing.order.link.source.name
    if order.state != OrderState.AWAITING_ACCEPTANCE:
        return f"{source} does not wait for an answer."
    if not standing.can(Capability.ACCEPT_ORDERS):
        return f"{source} cannot do this: {CAPABILITY_LABELS[Capability.ACCEPT_ORDERS].lower()}."
    if order.accept_sent_at is not None:
        return f"It is accepted; {source} has not shown it yet."
    if order.refused_by_us_at is not None or standing.is_under_way("refuse_order"):
        return "It is being refused."
    return "It is on hold. Release it first." if order.held_at is not None else ""


def _why_not_accept(standing: Standing) -> str:
    if why_not := _why_not_answer(standing):
        return why_not
    if standing.unmapped or not standing.lines:
        return f"{listed(standing.unmapped) or 'No line'} is not mapped. An order is accepted whole, or not at all."
    if standing.order.target_state == TargetState.CANCELLED.value:
        return f"{standing.order.target.name} has it as cancelled."
    return "It is being accepted." if standing.is_under_way("accept_order") else ""


def _accept_consequences(standing: Standing) -> tuple[str, ...]:
    source, target = standing.order.link.source.name, standing.order.target.name
    told = [f"{source} is told that we take this order. After that it can only be cancelled."]
    if standing.uncovered:
        told.append(
            f"No stock is reserved for {listed(standing.uncovered)}. By accepting anyway you vouch that it is there: the hub"
            f" holds it for this order, and sells it to nobody else. If {target} still counts too little once the order is"
            " paid, it refuses it, and a case is opened."
        )
    return tuple(told)


def _accept(decision: Decision, standing: Standing) -> str:
    """Invariant: accepted only when stored, mapped and covered. Where no stock was counted, a person vouches for it."""
    order = standing.order
    if standing.uncovered:
        _vouch(decision, standing)
        key = order_key(order.link_id, order.reference)
        waits = Blocker.objects.filter(job__serial_key=key, case__cause="out_of_stock", released_at=None)
        blocking.release(waits, by=decision.by)
    enqueue(order_job("accept_order", order, deadline_at=order.accept_by))
    return f"{order.link.source.name} is being told that we take it."


def _vouch(decision: Decision, standing: Standing) -> None:
    wanted: dict[str, int] = {}
    for line in standing.lines:
        wanted[line.target_sku] = wanted.get(line.target_sku, 0) + line.quantity
    reason = f"{decision.by} vouches for it: {decision.reason}"
    promises.vouch(standing.order.link, standing.order.reference, wanted, reason=reason)


def _why_not_refuse(standing: Standing) -> str:
    if why_not := _why_not_answer(standing):
        return why_not
    return "It is being accepted." if standing.is_under_way("accept_order") else ""


def _refuse_consequences(standing: Standing) -> tuple[str, ...]:
    source = standing.order.link.source.name
    if standing.source_cancels_by_asking:
        return (asked(source), "The order is created nowhere any more, and its stock is free again.")
    return (
        f"{source} tells the customer. It counts against us there, and cannot be undone.",
        "Where only some lines are refused, the others are accepted by the same answer: they must be mapped and in stock.",
    )


def _refuse(decision: Decision, standing: Standing) -> str:
    known = {line.line_id for line in standing.lines}
    chosen = sorted(known & set(decision.lines))
    if decision.lines and len(chosen) != len(set(decision.lines)):
        raise RefusedDecisionError("Choose among the lines of this order.")
    if len(chosen) == len(known):
        chosen = []
    if chosen and not standing.can(Capability.REFUSE_LINES):
        raise RefusedDecisionError(f"{standing.order.link.source.name} takes an answer for the whole order only.")
    if standing.source_cancels_by_asking:  # what is only asked for would look like an order to be fulfilled meanwhile
        return cancel(decision, standing)
    argument = {"lines": chosen, "by": decision.by}
    enqueue(order_job("refuse_order", standing.order, argument=argument, deadline_at=standing.order.accept_by))
    what = f"{len(chosen)} of {len(known)} lines are" if chosen else "The order is"
    return f"{what} being refused at {standing.order.link.source.name}."


ACCEPT = Kind(
    label="Accept",
    right=Right.CHANGE_ORDERS,
    why_not=_why_not_accept,
    consequences=_accept_consequences,
    do=_accept,
    needs_reason=lambda standing: bool(standing.uncovered),
)
REFUSE = Kind(
    label="Refuse",
    right=Right.CHANGE_ORDERS,
    why_not=_why_not_refuse,
    consequences=_refuse_consequences,
    do=_refuse,
    danger=True,
    chooses_lines=True,
)
