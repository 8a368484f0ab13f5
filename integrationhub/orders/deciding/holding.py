"""Holding an order: nothing is sent for it until somebody releases it."""

from django.db.models import F

from connectors import ports
from connectors.access import Right
from connectors.canonical.orders import OrderState
from exceptions_app.models import ExceptionCase
from integrationhub.orders import holding
from integrationhub.orders.deciding.kinds import Decision, Kind
from integrationhub.orders.deciding.standing import Standing
from integrationhub.orders.flows.cancelling import ENDED_AT_SOURCE
from integrationhub.sync import blocking
from integrationhub.sync.models import Blocker, SyncJob

LEFT_AT_SOURCE = (OrderState.SHIPPED.value, OrderState.RECEIVED.value)


def _why_not_hold(standing: Standing) -> str:
    order = standing.order
    if order.held_at is not None:
        return f"{order.held_by} holds it already."
    if order.state in LEFT_AT_SOURCE:
        return f"It has left, and {order.link.source.name} shows it: there is nothing to hold back."
    return "It is over: nothing is sent for it any more." if order.state in ENDED_AT_SOURCE else ""


def _hold_consequences(standing: Standing) -> tuple[str, ...]:
    order, source, target = standing.order, standing.order.link.source.name, standing.order.target.name
    told = [f"Nothing is sent for it to {source} or {target} until somebody releases it. Reading goes on."]
    if order.state == OrderState.AWAITING_ACCEPTANCE:
        told.append(f"{source} refuses it by itself when its acceptance window closes, held or not.")
    if order.target_external_id:
        told.append(f"{target} has it already as {order.target_external_id}, and may ship it: hold it there too.")
    return (*told, "What is being sent this very moment still arrives.")


def _hold(decision: Decision, standing: Standing) -> str:
    order = standing.order
    order.held_at, order.held_by, order.hold_reason = ports.now(), decision.by[:150], decision.reason
    order.save(update_fields=["held_at", "held_by", "hold_reason"])
    return "It is on hold. Nothing is sent for it until it is released."


def _release(decision: Decision, standing: Standing) -> str:
    order = standing.order
    order.held_at, order.held_by, order.hold_reason = None, "", ""
    order.save(update_fields=["held_at", "held_by", "hold_reason"])
    # A try that read "held" and is only now about to wait finds that it is wanted again, and looks once more.
    SyncJob.objects.filter(pk__in=[job.pk for job in standing.open_jobs]).update(wanted=F("wanted") + 1)
    cases = ExceptionCase.objects.unresolved().filter(
        brand=order.brand_id, cause=holding.CAUSE, object_key=f"order:{order.pk}"
    )
    blocking.release(Blocker.objects.filter(case__in=cases), by=decision.by)
    return "It is released. What waited goes on."


HOLD = Kind(label="Hold", right=Right.CHANGE_ORDERS, why_not=_why_not_hold, consequences=_hold_consequences, do=_hold)
RELEASE = Kind(
    label="Release",
    right=Right.CHANGE_ORDERS,
    why_not=lambda standing: "" if standing.order.held_at is not None else "Nobody holds it.",
    consequences=lambda standing: ("Everything that waited for it goes on at once.",),
    do=_release,
    needs_reason=lambda standing: False,
)
