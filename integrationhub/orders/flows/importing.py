"""`import_order`: a sold order becomes an order where it is fulfilled — whole or not at all, exactly once, with the
source's money as final.

What happens depends on where the order stands at its source and on the link's acceptance policy:

    waiting to be accepted   CREATE_FIRST: create on hold, then accept      RESERVE_FIRST: reserve, then accept
    waiting for payment      wait for the next version
    ready to ship            create (or confirm what waits on hold); a shop's units are held until it is there
    refused, cancelled       cancel what was created; a reservation ends
"""

from connectors.canonical.errors import MappingError
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order, OrderState
from integrationhub.orders import ledger, reserving
from integrationhub.orders.flows import alike, following, naming, readdressing
from integrationhub.orders.flows.creating import bring_to_target, may_exist
from integrationhub.orders.flows.routing import look_again, order_job
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.flows import Done, Flow, NeedsPersonError, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from mappings_app.resolving import ResolvedOrder

BEFORE_FULFILMENT = frozenset(
    {OrderState.STAGING, OrderState.AWAITING_ACCEPTANCE, OrderState.AWAITING_PAYMENT, OrderState.READY_TO_SHIP}
)
# What a person was asked to settle where it was sold: a newer version of the order may show that it is.
WAIT_FOR_THE_SOURCE = ("watch_target_order", "cancel_sold_order", "change_address")


def import_order(run: Run) -> Outcome:
    order = run.source.parse_order(run.document())
    if order.placed_at < run.link.started_at and not _was_brought_in(run, order):
        return Skipped("Sold before this link started. A back-fill brings it in.")
    row = ledger.record_sold(order, link=run.link, record_id=run.job.record_id)
    run.weigh(
        value=row.total,
        currency=row.currency,
        reporting=row.value_reporting,
        occurred_at=row.placed_at,
        deadline_at=row.accept_by or row.ship_by,
    )
    if row.source_updated_at > order.updated_at:
        return Skipped("A newer version of this order is known already.")
    return _next_step(run, order, row)


def _was_brought_in(run: Run, order: Order) -> bool:
    """A back-fill brings it in now, or did: then its later versions count like those of any other order."""
    if run.job.argument and run.job.argument.get("backfill"):
        return True
    return SoldOrder.objects.filter(link=run.link, reference=order.reference).exists()


def _next_step(run: Run, order: Order, row: SoldOrder) -> Outcome:
    if not order.fulfilled_by_seller:
        return Skipped(f"{run.source_row.name} fulfils this order itself.")
    if order.test:
        return Skipped(f"A test order of {run.source_row.name}: it is neither accepted nor sent to the warehouse.")
    if row.target_external_id:
        look_again(row, WAIT_FOR_THE_SOURCE)
    if order.cancellation_requested:
        enqueue(order_job("acknowledge_cancellation", row))
    if run.source.is_shop():
        following.require_not_stopped(run, order, row)
        if order.state in following.STOPPED and order.sets_units_aside and not order.part_shipped:
            _keep_units(run, order, row)
    match order.state:
        case OrderState.STAGING:
            return Skipped(f"{run.source_row.name} does not let this order go yet: {order.source_state.lower()}.")
        case OrderState.AWAITING_PAYMENT if run.source.is_shop():
            return Skipped("Waiting for the customer's payment.")
        case OrderState.REFUSED | OrderState.CANCELLED:
            return _undo(run, order, row)
        case OrderState.UNKNOWN:
            raise NeedsPersonError(
                "unknown_state",
                object_key=f"{run.link.source_id}:{order.source_state}",
                context={"state": order.source_state, "example": order.reference},
                place=run.source_row,
                message=f"{run.source_row.name} says {order.source_state}, which the hub does not know.",
            )
    if not order.open_lines:
        return _undo(run, order, row)
    if row.target_external_id and not row.created_units_wanted:
        enqueue(order_job("cancel_target_order", row))
    if order.state not in BEFORE_FULFILMENT:
        return _after_fulfilment(run, order, row)
    if run.source.is_shop():
        _keep_units(run, order, row)
    if row.cancel_wanted_at is not None:
        return Skipped("A person wants it cancelled: it is not created any more.")
    resolved = _resolved(run, order, row)
    run.mapping_versions.update(resolved.version_ids)
    ledger.record_mapped(row, resolved)
    readdressing.notice(row)
    following.require_unchanged(run, resolved.order, row)
    return _fulfil(run, resolved, row)


def _keep_units(run: Run, order: Order, row: SoldOrder) -> None:
    """A shop has sold them: nobody else may promise them until they are counted where they are fulfilled."""
    if row.target_external_id or row.target_created_at is not None:
        return
    if order.part_shipped:
        raise _shipped_before_import(run, order, row)
    if row.cancel_wanted_at is None:
        reserving.keep(run.link, order, row)


def _resolved(run: Run, order: Order, row: SoldOrder) -> ResolvedOrder:
    try:
        return naming.resolve(run, order, row)
    except MappingError as error:
        if not alike.found_after_all(run, error):
            if order.state == OrderState.READY_TO_SHIP:
                _keep_units(run, order, row)  # sold and paid: they are nobody else's while somebody maps the rest
            raise
    if run.source.is_shop():
        _keep_units(run, order, row)
    return naming.resolve(run, order, row)


def _fulfil(run: Run, resolved: ResolvedOrder, row: SoldOrder) -> Outcome:
    require_not_held(row)
    order = resolved.order
    ready = order.state == OrderState.READY_TO_SHIP
    if ready or _creates_first(run, order):
        created = bring_to_target(run, resolved, options(run, resolved), row, confirm=ready)
        if order.state == OrderState.AWAITING_ACCEPTANCE:
            _ask_to_accept(row)
        if run.source.notes_orders and isinstance(created, Done):
            enqueue(order_job("note_order", row))
        return created
    if order.state == OrderState.AWAITING_ACCEPTANCE:
        reserving.reserve(run, order, row)
        _ask_to_accept(row)
        return Done("Stock is reserved; the order can be accepted.")
    return Skipped("Waiting for the customer's payment.")


def _creates_first(run: Run, order: Order) -> bool:
    """Where the address is withheld before acceptance there is nothing to create yet, whatever the policy."""
    policy = run.link.acceptance_policy
    return policy == run.link.AcceptancePolicy.CREATE_FIRST and order.shipping_address is not None


def options(run: Run, resolved: ResolvedOrder) -> OrderOptions:
    """How this order is created at the target, every code mapped."""
    order, market = resolved.order, resolved.market
    settings = run.target_row.settings
    return OrderOptions(
        market=market.to_code if market else str(settings.get("market", "")),
        price_list=resolved.price_list,
        shipping_option=resolved.shipping_service,
        payment_method=resolved.payment_method,
        email=order.relay_email or run.link.fallback_email,
        # Centra cancels no order whose money was captured there, and a marketplace cancels paid orders until they ship.
        paid=order.state == OrderState.READY_TO_SHIP
        and (run.target.creates_paid_orders or settings.get("record_capture") is True),
        hold_reason="" if order.state == OrderState.READY_TO_SHIP else "Waiting for the marketplace's payment.",
        attributes=_attributes(run, order),
    )


def _attributes(run: Run, order: Order) -> dict[str, str]:
    """What the target's order says of where it was sold; a shop's order may come from a marketplace in its turn."""
    tax = str(order.tax.rounded().amount)
    if not run.source.is_shop():
        return {"marketplace": run.source_row.name, "marketplace_order": order.reference, "marketplace_tax": tax}
    told = {"shop": run.source_row.name, "shop_order": order.reference, "shop_tax": tax}
    return {**told, "marketplace_order": order.commercial_reference} if order.commercial_reference else told


def _ask_to_accept(row: SoldOrder) -> None:
    if row.accept_sent_at is None:
        enqueue(order_job("accept_order", row, deadline_at=row.accept_by))


def _undo(run: Run, order: Order, row: SoldOrder) -> Outcome:
    """Refused or cancelled at the source: what is reserved is let go, what was created is cancelled."""
    reserving.let_go(row, reason=f"{run.source_row.name} says {order.source_state.lower()}.")
    if row.target_external_id:
        enqueue(order_job("cancel_target_order", row))
    elif may_exist(row):
        enqueue(order_job("reconcile_order", row))
    if _lapsed(order, row):
        raise_lapsed(run, row)
    return Done(f"{'Refused' if order.state == OrderState.REFUSED else 'Cancelled'} at {run.source_row.name}.")


def _lapsed(order: Order, row: SoldOrder) -> bool:
    """A refusal nobody decided: neither we nor a person accepted or refused it in time."""
    return order.state == OrderState.REFUSED and order.accepted_at is None and row.refused_by_us_at is None


def raise_lapsed(run: Run, row: SoldOrder) -> None:
    raise NeedsPersonError(
        "acceptance_lapsed",
        object_key=f"order:{row.pk}",
        context={"order": row.reference},
        place=run.source_row,
        message=f"{run.source_row.name} refused {row.reference} by itself: it was not accepted in time.",
    )


def _after_fulfilment(run: Run, order: Order, row: SoldOrder) -> Outcome:
    """Shipped or later at the source. Fine when the target has it; else somebody shipped it past the hub."""
    if row.target_external_id:
        following.require_not_shipped_twice(run, row)
        reserving.let_go(row, reason="Shipped.")
        return Done(f"{run.source_row.name} shows it as {order.source_state.lower()}.")
    raise _shipped_before_import(run, order, row)


def _shipped_before_import(run: Run, order: Order, row: SoldOrder) -> NeedsPersonError:
    return NeedsPersonError(
        "shipped_before_import",
        object_key=f"order:{row.pk}",
        context={"order": row.reference},
        message=f"{order.reference} was shipped before it reached {run.target_row.name}.",
    )


IMPORT_ORDER = register(
    Flow(
        name="import_order",
        label="Create orders",
        lane=Lane.ORDERS,
        run=import_order,
        side="target",
        record="order",
        records="orders",
        done="created",
    )
)
