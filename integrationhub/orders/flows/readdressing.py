"""`change_address`: where an order goes, or whom to tell, changed where it was sold after it had been sent on.

It is carried over where the target documents a way and nothing is packed; else a person does it there. Either way it is over
only when the target, read again, shows it. What was told is kept encrypted with the order; no case holds an address.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F

from connectors.canonical.destinations import Destination, same_address
from connectors.canonical.orders import Address, Order, TargetOrder, TargetState
from exceptions_app.words import listed
from integrationhub.orders.flows.asking import fresh_order
from integrationhub.orders.flows.routing import order_job
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import OrderPerson, SoldOrder
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.flows import Done, Flow, NeedsPersonError, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect

PARTS: Mapping[str, str] = {"delivery": "delivery address", "billing": "billing address", "email": "e-mail address"}
OVER = (TargetState.CANCELLED, TargetState.SHIPPED)


def notice(row: SoldOrder) -> None:
    """Make the job when the customer's data are other than those that were sent on."""
    if row.target_created_at is None or row.target_state in OVER:
        return
    person = OrderPerson.objects.filter(order=row).exclude(sent=None).first()
    if person is not None and changed_parts(person.sent, person.data):
        enqueue(order_job("change_address", row, deadline_at=row.ship_by))


def changed_parts(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Which of PARTS were told otherwise. What is not told any more, or was not told before, is no change."""
    if not was or not now:
        return ()
    pairs = {
        "delivery": (was["shipping"] or was["billing"], now["shipping"] or now["billing"]),
        "billing": (was["billing"], now["billing"]),
        "email": (was["email"], now["email"]),
    }
    return tuple(part for part, (before, after) in pairs.items() if before and after and before != after)


def change_address(run: Run) -> Outcome:
    row = SoldOrder.objects.select_related("person").get(link=run.link, reference=run.job.key)
    parts = changed_parts(row.person.sent, row.person.data)
    order, seen = fresh_order(run, row.reference), run.target.read_order(row.target_external_id)
    wanted = None if order is None else _wanted(order)
    if not parts or order is None or wanted is None:
        return Skipped("Nothing of it differs from what was sent on.")
    if seen is None or seen.state in OVER:
        return Skipped(f"{run.target_row.name} does not have it open any more.")
    number = seen.external_id
    held = run.target.read_destination(number)
    if not _goes_to(held, wanted, parts):
        _require_way(run, row, seen, wanted, held, parts)
        run.write(_change(run, row, order, wanted, parts))
        if not _goes_to(run.target.read_destination(number), wanted, parts):
            raise _by_hand(run, row, parts, why=f"{run.target_row.name} took it and does not show it")
    run.settle(run.target_row, "change_address", reference__startswith=f"{number}:")
    OrderPerson.objects.filter(order=row).update(sent=F("data"))
    return Done(f"{run.target_row.name} has the new {_named(parts)}.")


def _wanted(order: Order) -> Destination | None:
    delivery = order.shipping_address or order.billing_address
    if delivery is None:
        return None
    return Destination(deliveries=(delivery,), billing=order.billing_address, email=order.relay_email)


def _goes_to(held: Destination, wanted: Destination, parts: Sequence[str]) -> bool:
    """Whether the target holds the parts that changed, as far as it shows them."""
    (delivery,) = wanted.deliveries
    agrees = {
        "delivery": all(same_address(delivery, one) for one in held.deliveries),
        "billing": _same(wanted.billing, held.billing),
        "email": not wanted.email or wanted.email.casefold() == held.email.casefold(),
    }
    return all(agrees[part] for part in parts)


def _same(wanted: Address | None, held: Address | None) -> bool:
    return wanted is None or (held is not None and same_address(wanted, held))


def _require_way(
    run: Run, row: SoldOrder, seen: TargetOrder, wanted: Destination, held: Destination, parts: Sequence[str]
) -> None:
    name = run.target_row.name
    if not run.target.changes_addresses:
        raise _by_hand(run, row, parts, why=f"{name} offers no way to change it from outside")
    if seen.state == TargetState.PROCESSING or seen.dispatches:
        raise _by_hand(run, row, parts, why=f"{name} is packing it")
    if any(one.country != wanted.deliveries[0].country for one in held.deliveries):
        raise _by_hand(run, row, parts, why=f"{name} changes no order's country")
    require_not_held(row)


def _change(run: Run, row: SoldOrder, order: Order, wanted: Destination, parts: Sequence[str]) -> Effect:
    number = row.target_external_id

    def send() -> str:
        run.target.change_address(number, order, email=order.relay_email or run.link.fallback_email)
        return number

    def changed() -> str | None:
        return number if _goes_to(run.target.read_destination(number), wanted, parts) else None

    version = order.updated_at.isoformat()
    return Effect(
        place=run.target_row, operation="change_address", reference=f"{number}:{version}", send=send, find=changed
    )


def _by_hand(run: Run, row: SoldOrder, parts: Sequence[str], *, why: str) -> NeedsPersonError:
    return NeedsPersonError(
        "address_changed",
        object_key=f"order:{row.pk}",
        context={"order": row.reference, "number": row.target_external_id, "what": _named(parts), "reason": why},
        message=f"The {_named(parts)} of {row.reference} changed after {run.target_row.name} got it, and {why}.",
    )


def _named(parts: Sequence[str]) -> str:
    return listed(PARTS[part] for part in parts)


CHANGE_ADDRESS = register(
    Flow(
        name="change_address",
        label="Carry changed addresses over",
        lane=Lane.ORDERS,
        run=change_address,
        side="target",
        record="order",
        records="orders",
        done="readdressed",
    )
)
