"""Trying again what waits, and reading an order again."""

from django.db import transaction

from connectors import ports
from connectors.access import Right
from connectors.base import CAPABILITY_LABELS, Capability
from integrationhub.orders import mapped_then
from integrationhub.orders.deciding.kinds import Decision, Kind
from integrationhub.orders.deciding.standing import Standing
from integrationhub.orders.flows.routing import order_job
from integrationhub.orders.mapped_then import Option
from integrationhub.sync import queue
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.lanes import queue_of
from integrationhub.sync.models import SyncJob
from integrationhub.sync.models.jobs import WAITING_STATES


def _ways_to_retry(standing: Standing) -> tuple[Option, ...]:
    if not any(job.flow == "import_order" for job in standing.waiting_jobs):
        return ()
    return mapped_then.ways(standing.order, standing.lines)


def _choose_mappings(decision: Decision, standing: Standing) -> None:
    """Kept with the order, so that its later versions are mapped in the same way."""
    order = standing.order
    order.mappings_as_of = mapped_then.first_mapped_at(order) if decision.option == mapped_then.ORIGINAL else None
    order.save(update_fields=["mappings_as_of"])


def _retry(decision: Decision, standing: Standing) -> str:
    if decision.option:
        _choose_mappings(decision, standing)
    rows = SyncJob.objects.filter(pk__in=[job.pk for job in standing.waiting_jobs], state__in=WAITING_STATES)
    going = list(rows.select_for_update().values_list("pk", "connection_id", "lane"))
    SyncJob.objects.filter(pk__in=[row[0] for row in going]).update(
        state=SyncJob.State.QUEUED, due_at=ports.now(), tries=0, reason=f"Tried again by {decision.by}."[:500]
    )
    wake = {(connection_id, queue_of(lane)) for _, connection_id, lane in going}
    transaction.on_commit(lambda: queue.wake_many(wake))
    how = mapped_then.WORDS.get(decision.option, "")
    return f"{len(going)} step{'s are' if len(going) != 1 else ' is'} being tried again{how}."


def _reread(decision: Decision, standing: Standing) -> str:
    order = standing.order
    enqueue(order_job("reread_order", order))
    if order.target_external_id:
        enqueue(order_job("watch_target_order", order))
    return "It is being read again on both sides." if order.target_external_id else "It is being read again."


def _why_not_reread(standing: Standing) -> str:
    if not standing.can(Capability.READ_ORDERS):
        return f"{standing.order.link.source.name} cannot do this: {CAPABILITY_LABELS[Capability.READ_ORDERS].lower()}."
    return "It is being read already." if standing.is_under_way("reread_order") else ""


RETRY = Kind(
    label="Try again",
    right=Right.WORK_CASES,
    why_not=lambda standing: "" if standing.waiting_jobs else "Nothing of it waits for a person.",
    consequences=lambda standing: ("What waits is tried once more. What succeeds is off the list; the rest says why.",),
    do=_retry,
    needs_reason=lambda standing: False,
    options=_ways_to_retry,
)
REREAD = Kind(
    label="Read again now",
    right=Right.WORK_CASES,
    why_not=_why_not_reread,
    consequences=lambda standing: (
        f"{standing.order.link.source.name} is asked how it stands. Nothing is changed there.",
    ),
    do=_reread,
    needs_reason=lambda standing: False,
)
