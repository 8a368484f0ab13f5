"""Cancelling an order on both sides, because a person wants it."""

from connectors import ports
from connectors.access import Right
from connectors.base import Capability
from connectors.canonical.orders import OrderState, TargetState
from integrationhub.orders.deciding.kinds import Decision, Kind
from integrationhub.orders.deciding.standing import Standing
from integrationhub.orders.flows.cancelling import ENDED_AT_SOURCE
from integrationhub.orders.flows.routing import look_again, order_job
from integrationhub.sync.enqueue import enqueue

SHIPPED = (OrderState.SHIPPED.value, OrderState.RECEIVED.value)


def _why_not_cancel(standing: Standing) -> str:
    order = standing.order
    if order.cancel_wanted_at is not None:
        return f"{order.cancel_wanted_by} has cancelled it already."
    if order.state == OrderState.AWAITING_ACCEPTANCE and order.accept_sent_at is None:
        return "It is not accepted yet: refuse it instead."
    if order.state in ENDED_AT_SOURCE and order.target_state in ("", TargetState.CANCELLED.value):
        return "It is over already."
    if order.state in SHIPPED or order.target_state == TargetState.SHIPPED.value:
        return "It has been shipped: what comes back is a return."
    return "It is on hold. Release it first." if order.held_at is not None else ""


def _cancel_consequences(standing: Standing) -> tuple[str, ...]:
    order, source, target = standing.order, standing.order.link.source.name, standing.order.target.name
    told = []
    if order.target_external_id:
        told.append(f"{target} cancels {order.target_external_id}, and its stock is free again.")
    else:
        told.append(f"It is not created in {target} any more.")
    if not standing.can(Capability.CANCEL_SOLD_ORDERS):
        told.append(f"{source} takes no cancellations from the hub: cancel it there by hand.")
    elif order.state not in ENDED_AT_SOURCE and standing.source_cancels_by_asking:
        told.append(asked(source))
    elif order.state not in ENDED_AT_SOURCE and standing.sold_by_a_shop:
        told.append(f"Then {source} cancels it too. It refuses where money was taken: return and refund it there then.")
    elif order.state not in ENDED_AT_SOURCE:
        told.append(f"Then {source} is told: the customer gets the money back. It counts against us there.")
    return (*told, "It cannot be undone.")


def asked(source: str) -> str:
    return f"{source} is asked to cancel it: its lines go on back order with a reason. It is over once {source} cancels it."


def cancel(decision: Decision, standing: Standing) -> str:
    order = standing.order
    order.cancel_wanted_at, order.cancel_wanted_by = ports.now(), decision.by[:150]
    order.save(update_fields=["cancel_wanted_at", "cancel_wanted_by"])
    there = order.target_external_id and order.target_state != TargetState.CANCELLED.value
    flow = "cancel_target_order" if there else "cancel_sold_order"
    enqueue(order_job(flow, order))
    look_again(order, (flow,))  # it may have waited for this very word
    return "It is being cancelled."


CANCEL = Kind(
    label="Cancel",
    right=Right.CHANGE_ORDERS,
    why_not=_why_not_cancel,
    consequences=_cancel_consequences,
    do=cancel,
    danger=True,
)
