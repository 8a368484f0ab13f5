"""What a person may decide about an order, when, and what pressing it does.

Each decision is one transaction under the order's lock: checked again, written down with who and why, and carried out by
the flows, through the write protocol. Pressed twice, the second press finds that it is on its way.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F

from connectors import ports
from connectors.access import Right, may
from connectors.base import CAPABILITY_LABELS, Capability
from connectors.canonical.orders import OrderState, TargetState
from connectors.models import record_audit
from connectors.registry import CONNECTORS
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import open_case, roll_up
from exceptions_app.words import listed
from integrationhub.inventory import promises
from integrationhub.orders import holding, mapped_then
from integrationhub.orders.erasing import erase, why_not_erase, why_not_erase_elsewhere
from integrationhub.orders.flows.cancelling import ENDED_AT_SOURCE
from integrationhub.orders.flows.routing import order_job, order_key
from integrationhub.orders.mapped_then import Option
from integrationhub.orders.models import SoldLine, SoldOrder
from integrationhub.sync import blocking, queue
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.lanes import queue_of
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES

REASON_LENGTH = 300
LEFT_AT_SOURCE = (OrderState.SHIPPED.value, OrderState.RECEIVED.value)


class RefusedDecisionError(Exception):
    """It cannot be decided like this now; the message is a sentence for the person."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How an order stands, as far as decisions hang on it. Read once for the page, and again under the lock."""

    order: SoldOrder
    lines: list[SoldLine]  # those still wanted
    held: Mapping[str, int]  # our SKU → units reserved for it
    open_jobs: list[SyncJob]
    manual_case: int | None = None

    @property
    def unmapped(self) -> list[str]:
        return sorted({line.sku for line in self.lines if not line.target_sku})

    @property
    def uncovered(self) -> list[str]:
        """Our SKUs that are neither alive where it is fulfilled nor reserved."""
        if self.order.target_external_id and self.order.target_created_at is not None:
            return ["it was cancelled there"] if self.order.target_state == TargetState.CANCELLED.value else []
        wanted: dict[str, int] = {}
        for line in self.lines:
            if line.target_sku:
                wanted[line.target_sku] = wanted.get(line.target_sku, 0) + line.quantity
        return sorted(sku for sku, units in wanted.items() if self.held.get(sku, 0) < units)

    def is_under_way(self, *flows: str) -> bool:
        return any(job.flow in flows and job.state not in WAITING_STATES for job in self.open_jobs)

    @property
    def waiting_jobs(self) -> list[SyncJob]:
        return [job for job in self.open_jobs if job.state in WAITING_STATES]

    def can(self, capability: Capability) -> bool:
        connector = CONNECTORS.get(self.order.link.source.platform)
        return connector is not None and connector.capabilities[capability]

    @property
    def source_cancels_by_asking(self) -> bool:
        connector = CONNECTORS.get(self.order.link.source.platform)
        return connector is not None and connector.cancels_by_asking


def standing_of(order: SoldOrder, *, jobs: Collection[SyncJob] | None = None) -> Standing:
    """`jobs`: the order's, where they have been read already."""
    key = order_key(order.link_id, order.reference)
    if jobs is None:
        jobs = SyncJob.objects.filter(serial_key=key).exclude(state__in=TERMINAL_STATES)
    cases = ExceptionCase.objects.unresolved().filter(
        brand=order.brand_id, cause="manual", object_key=f"order:{order.pk}"
    )
    return Standing(
        order=order,
        lines=[line for line in order.lines.all() if not line.cancelled],
        held=promises.held(order.link_id, order.reference),
        open_jobs=[job for job in jobs if job.state not in TERMINAL_STATES],
        manual_case=cases.values_list("pk", flat=True).first(),
    )


# --- what there is to press -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing to press: what it is called, what it brings about, and why it cannot be pressed now ("" = it can)."""

    name: str
    label: str
    consequences: tuple[str, ...]
    why_not: str
    needs_reason: bool = True
    danger: bool = False
    chooses_lines: bool = False
    typed_twice: bool = False  # the order's number must be typed


@dataclass(frozen=True, kw_only=True)
class Kind:
    label: str
    right: Right
    why_not: Callable[[Standing], str]
    consequences: Callable[[Standing], tuple[str, ...]]
    do: Callable[["Decision", Standing], str]
    needs_reason: Callable[[Standing], bool] = lambda standing: True
    danger: bool = False
    chooses_lines: bool = False
    typed_twice: bool = False
    options: Callable[[Standing], tuple[Option, ...]] = lambda standing: ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person pressed."""

    name: str
    by: str
    reason: str = ""
    lines: Collection[str] = field(default_factory=tuple)
    option: str = ""


def actions(standing: Standing, *, has: Callable[[Right], bool]) -> list[Action]:
    """Every action, with why it cannot be pressed now where it cannot."""
    return [action(name, standing, has=has) for name in KINDS]


def action(name: str, standing: Standing, *, has: Callable[[Right], bool]) -> Action:
    kind = KINDS[name]
    why_not = kind.why_not(standing) if has(kind.right) else "Your role does not allow it."
    return Action(
        name=name,
        label=kind.label,
        consequences=kind.consequences(standing),
        why_not=why_not,
        needs_reason=kind.needs_reason(standing),
        danger=kind.danger,
        chooses_lines=kind.chooses_lines and standing.can(Capability.REFUSE_LINES) and len(standing.lines) > 1,
        typed_twice=kind.typed_twice,
    )


def options(pressed: Action, order: SoldOrder) -> tuple[Option, ...]:
    """The ways to do it, the one that stands first; none where there is only one, or none now."""
    return () if pressed.why_not else KINDS[pressed.name].options(standing_of(order))


def decide(
    name: str, order_id: int, *, by: AbstractBaseUser, reason: str = "", lines: Collection[str] = (), option: str = ""
) -> str:
    """Carry the decision out and return what was done, in a sentence. Raises RefusedDecisionError."""
    kind, reason = KINDS[name], reason.replace("\x00", "").strip()[:REASON_LENGTH]
    with transaction.atomic():
        rows = SoldOrder.objects.select_for_update(of=("self",))
        order = rows.select_related("brand", "target", "link__source", "link__target", "link__brand").get(pk=order_id)
        if not may(by, kind.right, order.brand_id):
            raise RefusedDecisionError("Your role does not allow it.")
        standing = standing_of(order)
        if why_not := kind.why_not(standing):
            raise RefusedDecisionError(why_not)
        if kind.needs_reason(standing) and not reason:
            raise RefusedDecisionError("Say why: it is kept on the audit trail.")
        if option and option not in {one.name for one in kind.options(standing)}:
            raise RefusedDecisionError("Choose one of the ways that are offered.")
        before = _told(order)
        decision = Decision(name=name, by=by.get_username(), reason=reason, lines=tuple(lines), option=option)
        told = kind.do(decision, standing)
        order.refresh_from_db()
        after = {**_told(order), **({"lines": sorted(lines)} if lines else {})}
        record_audit(
            actor=decision.by,
            action=f"order.{name}",
            subject=order,
            brand=order.brand,
            before=before,
            after=after,
            reason=reason,
        )
    return told


def _told(order: SoldOrder) -> dict[str, Any]:
    return {
        "state": order.state,
        "there": order.target_state,
        "held": order.held_at is not None,
        "cancelling": order.cancel_wanted_at is not None,
        "mappings": f"as of {order.mappings_as_of.isoformat()}" if order.mappings_as_of else "today's",
    }


# --- accepting and refusing -------------------------------------------------------------------------------------------


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
        return (_asked(source), "The order is created nowhere any more, and its stock is free again.")
    return (
        f"{source} tells the customer. It counts against us there, and cannot be undone.",
        "Where only some lines are refused, the others are accepted by the same answer: they must be mapped and in stock.",
    )


def _asked(source: str) -> str:
    return f"{source} is asked to cancel it: its lines go on back order with a reason. It is over once {source} cancels it."


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
        return _cancel(decision, standing)
    argument = {"lines": chosen, "by": decision.by}
    enqueue(order_job("refuse_order", standing.order, argument=argument, deadline_at=standing.order.accept_by))
    what = f"{len(chosen)} of {len(known)} lines are" if chosen else "The order is"
    return f"{what} being refused at {standing.order.link.source.name}."


# --- cancelling -------------------------------------------------------------------------------------------------------

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
        told.append(_asked(source))
    elif order.state not in ENDED_AT_SOURCE:
        told.append(f"Then {source} is told: the customer gets the money back. It counts against us there.")
    return (*told, "It cannot be undone.")


def _cancel(decision: Decision, standing: Standing) -> str:
    order = standing.order
    order.cancel_wanted_at, order.cancel_wanted_by = ports.now(), decision.by[:150]
    order.save(update_fields=["cancel_wanted_at", "cancel_wanted_by"])
    there = order.target_external_id and order.target_state != TargetState.CANCELLED.value
    enqueue(order_job("cancel_target_order" if there else "cancel_sold_order", order))
    return "It is being cancelled."


# --- holding ----------------------------------------------------------------------------------------------------------


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


# --- the rest ---------------------------------------------------------------------------------------------------------


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


def _open_case(decision: Decision, standing: Standing) -> str:
    order = standing.order
    case, _ = open_case(
        brand=order.brand,
        cause="manual",
        object_key=f"order:{order.pk}",
        link=order.link,
        target=order.target,
        context={"order": order.reference, "by": decision.by, "why": decision.reason},
        actor=decision.by,
    )
    roll_up(
        case.pk,
        count=1,
        value=order.value_reporting,
        oldest=ports.now(),
        deadline=order.accept_by or (order.ship_by if order.state not in ENDED_AT_SOURCE else None),
    )
    return "A case is open for it."


def _erase(decision: Decision, standing: Standing) -> str:
    if why_not := why_not_erase_elsewhere(standing.order):
        raise RefusedDecisionError(why_not)
    erase(standing.order)
    return "What was personal is erased. Amounts stay."


def _nothing(standing: Standing) -> tuple[str, ...]:
    return ()


KINDS: Mapping[str, Kind] = {
    "accept": Kind(
        label="Accept",
        right=Right.CHANGE_ORDERS,
        why_not=_why_not_accept,
        consequences=_accept_consequences,
        do=_accept,
        needs_reason=lambda standing: bool(standing.uncovered),
    ),
    "refuse": Kind(
        label="Refuse",
        right=Right.CHANGE_ORDERS,
        why_not=_why_not_refuse,
        consequences=_refuse_consequences,
        do=_refuse,
        danger=True,
        chooses_lines=True,
    ),
    "hold": Kind(
        label="Hold", right=Right.CHANGE_ORDERS, why_not=_why_not_hold, consequences=_hold_consequences, do=_hold
    ),
    "release": Kind(
        label="Release",
        right=Right.CHANGE_ORDERS,
        why_not=lambda standing: "" if standing.order.held_at is not None else "Nobody holds it.",
        consequences=lambda standing: ("Everything that waited for it goes on at once.",),
        do=_release,
        needs_reason=lambda standing: False,
    ),
    "retry": Kind(
        label="Try again",
        right=Right.WORK_CASES,
        why_not=lambda standing: "" if standing.waiting_jobs else "Nothing of it waits for a person.",
        consequences=lambda standing: (
            "What waits is tried once more. What succeeds is off the list; the rest says why.",
        ),
        do=_retry,
        needs_reason=lambda standing: False,
        options=_ways_to_retry,
    ),
    "reread": Kind(
        label="Read again now",
        right=Right.WORK_CASES,
        why_not=_why_not_reread,
        consequences=lambda standing: (
            f"{standing.order.link.source.name} is asked how it stands. Nothing is changed there.",
        ),
        do=_reread,
        needs_reason=lambda standing: False,
    ),
    "case": Kind(
        label="Open a case",
        right=Right.WORK_CASES,
        why_not=lambda standing: "A case that a person opened is open already." if standing.manual_case else "",
        consequences=lambda standing: (
            "It stands in the queue until somebody says what was done. Nothing is held up.",
        ),
        do=_open_case,
    ),
    "cancel": Kind(
        label="Cancel",
        right=Right.CHANGE_ORDERS,
        why_not=_why_not_cancel,
        consequences=_cancel_consequences,
        do=_cancel,
        danger=True,
    ),
    "erase": Kind(
        label="Erase personal data",
        right=Right.CONFIGURE,
        why_not=lambda standing: why_not_erase(standing.order, {job.flow for job in standing.open_jobs}),
        consequences=lambda standing: (
            "Name, addresses, telephone and e-mail are erased wherever the hub keeps them: the order, what arrived, what was"
            " corrected. Amounts, SKUs and the timeline stay. Later versions are kept without them.",
            "It cannot be undone.",
        ),
        do=_erase,
        danger=True,
        typed_twice=True,
    ),
}
