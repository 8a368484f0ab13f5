"""Erasing what is personal of one order, wherever the hub keeps it. Amounts, SKUs, states and the story stay.

What arrived is kept with its personal values masked: sums can still be proven from it, and a replay still reads it. Later
versions of the same documents are masked before they are stored (`Document.erased_at`).
"""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from connectors import ports
from connectors.canonical.orders import OVER_STATES, OrderState
from connectors.personal import Kind, kind_of
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import OrderPerson, SoldOrder
from integrationhub.orders.way import whole_way
from integrationhub.sync import inbox
from integrationhub.sync.models import Correction, Document, InboxRecord, SyncAttempt, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES

OVER = frozenset({*(state.value for state in OVER_STATES), OrderState.SHIPPED.value, OrderState.RECEIVED.value})
NEED_ADDRESSES = frozenset({"import_order", "confirm_dispatch", "change_address"})


def why_not_erase(order: SoldOrder, open_flows: Collection[str]) -> str:
    if erased_at(order) is not None:
        return "It is erased already."
    if order.state not in OVER:
        return "It is still on its way: its address is needed."
    return "Something of it is not finished yet. Settle that first." if NEED_ADDRESSES & set(open_flows) else ""


def why_not_erase_elsewhere(order: SoldOrder) -> str:
    """The same of the order's rows on other links: its address is kept on each."""
    others = [row for row in whole_way(order) if row.pk != order.pk]
    keys = [order_key(row.link_id, row.reference) for row in others]
    jobs = SyncJob.objects.filter(serial_key__in=keys, flow__in=NEED_ADDRESSES).exclude(state__in=TERMINAL_STATES)
    if any(row.state not in OVER for row in others) or (others and jobs.exists()):
        names = " and ".join(f"{row.link.source.name} → {row.target.name}" for row in others)
        return f"It is not over on {names}: its address is needed there."
    return ""


def erased_at(order: SoldOrder) -> object | None:
    try:
        return order.person.erased_at
    except OrderPerson.DoesNotExist:
        return None


def records_of(order: SoldOrder, *, dispatch_ids: Collection[str] | None = None) -> Q:
    """The inbox records that are about this order: its own versions, those of its dispatches, and what told of them."""
    ids = list(order.dispatches.values_list("dispatch_id", flat=True)) if dispatch_ids is None else list(dispatch_ids)
    about = Q(connection_id=order.link.source_id, external_id=order.reference)
    if order.target_external_id:
        about |= Q(connection_id=order.target_id, external_id=order.target_external_id)
    return about | Q(connection_id=order.target_id, kind="shipment", external_id__in=ids) if ids else about


def _erase_corrections(corrections: QuerySet[Correction]) -> None:
    """Those that touch something personal; a corrected amount stays, and so does what the hub reads by it."""
    personal = [one.pk for one in corrections if any(is_personal(name) for name in one.fields)]
    corrections.filter(pk__in=personal).update(changes=None)


def is_personal(field: str) -> bool:
    return kind_of(field) is Kind.FIELD


def erase(order: SoldOrder) -> None:
    """On all its links. Inside the caller's transaction, which also tells the audit trail who and why."""
    for row in whole_way(order):
        _erase_row(row)


def _erase_row(order: SoldOrder) -> None:
    now = ports.now()
    OrderPerson.objects.update_or_create(order=order, defaults={"data": None, "sent": None, "erased_at": now})
    SoldOrder.objects.filter(pk=order.pk).update(customer_initials="")
    records = InboxRecord.objects.filter(records_of(order))
    documents = Document.objects.filter(pk__in=records.values("document_id"))
    documents.update(erased_at=now)
    inbox.mask_bodies(list(records.values_list("pk", flat=True)))
    _erase_corrections(Correction.objects.filter(document__in=documents))
    jobs = SyncJob.objects.filter(serial_key=order_key(order.link_id, order.reference))
    SyncAttempt.objects.filter(job_id__in=list(jobs.values_list("pk", flat=True))).exclude(traceback="").update(
        traceback=""
    )
