"""What happens to an order after it was placed, shipments and returns apart: confirm, edit, cancel, hold, lock, allocate."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox import shipments, stock
from connectors.centra.sandbox.arithmetic import paid_in
from connectors.centra.sandbox.order_state import OPEN_STATUSES, check_lock, named, settle_status
from connectors.centra.sandbox.payments import add_entry, capturable
from connectors.centra.sandbox.records import ZERO, Customer, ProductSize, Warehouse
from connectors.centra.sandbox.refusals import RefusedError, UserMessage
from connectors.centra.sandbox.sales import Order, OrderLine
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.stock import StockPolicy

RELEASE = StockPolicy(release=True)


@dataclass(frozen=True, kw_only=True)
class LineCancel:
    line: OrderLine
    quantity: int
    policy: StockPolicy


@dataclass(frozen=True, kw_only=True)
class LineAdd:
    size: ProductSize
    quantity: int
    unit_price: Decimal
    unit_original_price: Decimal
    tax_percent: Decimal
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class OrderUpdate:
    """Everything one updateDirectToConsumerOrder asks for; None means leave it."""

    cancel_lines: Sequence[LineCancel] = ()
    cancellation_comment: str = ""
    add_lines: Sequence[LineAdd] = ()
    shipping_cost: Decimal | None = None
    on_hold: bool | None = None
    hold_comment: str = ""
    customer: Customer | None = None
    customer_info: Mapping[str, Any] = field(default_factory=dict)
    shipping_address: Mapping[str, Any] = field(default_factory=dict)  # by attribute of Address
    billing_address: Mapping[str, Any] = field(default_factory=dict)
    internal: bool | None = None
    internal_comment: str | None = None
    other_comment: str | None = None


def confirm(shop: Shop, order: Order) -> None:
    path = ("input", "order")
    if order.status != "PENDING":
        raise RefusedError(f'{named(order)} cannot be confirmed, its status is "{order.status}".', path)
    if order.hold_reason is not None:
        raise RefusedError(f"{named(order)} cannot be confirmed while it is on hold: {order.hold_reason}.", path)
    order.status = "CONFIRMED"
    shop.order_changed(order)
    if shop.switches.direct_to_shipment and not order.is_on_hold:
        picks = [(line, line.allocated_quantity) for line in order.lines if line.allocated_quantity]
        if picks:
            shipments.create(shop, order, picks, good_to_go=True)


# --- editing ------------------------------------------------------------------------------------------------------------
def update(shop: Shop, order: Order, change: OrderUpdate) -> None:
    """Check everything, then do everything."""
    _check_update(order, change)
    check_cancels(order, change.cancel_lines)
    for cancel in change.cancel_lines:
        _cancel_units(shop, cancel, comment=change.cancellation_comment)
    for addition in change.add_lines:
        _add_line(shop, order, addition)
    if change.on_hold is not None:
        hold(order, on=change.on_hold, comment=change.hold_comment)
    _set_fields(order, change)
    settle_status(order)
    shop.order_changed(order)


def _check_update(order: Order, change: OrderUpdate) -> None:
    if change.add_lines and order.status not in OPEN_STATUSES:
        raise RefusedError(f'Lines cannot be added, order is "{order.status}".', ("input", "addLines"))
    if change.on_hold and order.status not in OPEN_STATUSES:
        raise RefusedError(f'{named(order)} cannot be put on hold, it is "{order.status}".', ("input", "isOnHold"))
    if change.shipping_cost is None:
        return
    path = ("input", "shippingCost")
    if order.status != "CONFIRMED":
        raise RefusedError("Shipping cost can only be changed while the order is CONFIRMED.", path)
    if change.shipping_cost > order.shipping or change.shipping_cost < 0:
        raise RefusedError("Shipping cost can only be lowered.", path)


def _set_fields(order: Order, change: OrderUpdate) -> None:
    if change.shipping_cost is not None:
        order.shipping = change.shipping_cost
    if change.customer is not None:
        order.customer = change.customer
    for address, values in (
        (order.shipping_address, change.shipping_address),
        (order.billing_address, {**change.customer_info, **change.billing_address}),
    ):
        for attribute, value in values.items():
            setattr(address, attribute, value)
    for attribute in ("internal_comment", "other_comment"):
        if getattr(change, attribute) is not None:
            setattr(order, attribute, getattr(change, attribute))
    if change.internal is not None:
        order.is_internal = change.internal


def _add_line(shop: Shop, order: Order, addition: LineAdd) -> None:
    variant = addition.size.product_variant
    line = OrderLine(
        id=shop.new_id("OrderLine"),
        order=order,
        product_size=addition.size,
        original_quantity=addition.quantity,
        unit_original_price=addition.unit_original_price,
        unit_price=addition.unit_price,
        tax_percent=addition.tax_percent,
        product_number=variant.product.product_number,
        product_name=variant.product.name,
        product_variant_name=variant.name,
        size=addition.size.size.name,
        sku=addition.size.sku,
        comment=addition.comment,
    )
    order.lines.append(line)
    warehouses = [shop.warehouses[warehouse_id] for warehouse_id in order.rule.warehouse_ids]
    stock.allocate(shop, line, addition.quantity, warehouses, honour_thresholds=False)
    stock.set_demand(shop, line)


# --- hold and lock ------------------------------------------------------------------------------------------------------
def hold(order: Order, *, on: bool, comment: str = "", reason: str | None = None) -> None:
    order.is_on_hold, order.hold_reason, order.hold_comment = on, reason if on else None, comment


def lock(shop: Shop, orders: Sequence[Order], *, actor: str, on: bool) -> None:
    for index, order in enumerate(orders):
        check_lock(order, actor, path=("input", "orders", str(index)))
    for order in orders:
        order.locked_by = actor if on else None
        shop.order_changed(order)


# --- cancelling ---------------------------------------------------------------------------------------------------------
def check_cancels(order: Order, cancels: Sequence[LineCancel]) -> None:
    """Units that are neither cancelled nor in a shipment can be cancelled."""
    asked: Counter[int] = Counter()
    for index, cancel in enumerate(cancels):
        path = ("input", "cancelLines", str(index), "quantity")
        asked[cancel.line.id] += cancel.quantity
        if order.status not in OPEN_STATUSES:
            raise RefusedError(f'Lines cannot be cancelled, {named(order)} is "{order.status}".', path)
        if cancel.quantity < 1:
            raise RefusedError("Quantity must be at least 1.", path)
        if asked[cancel.line.id] > cancel.line.open_quantity:
            text = f"Cannot cancel {asked[cancel.line.id]} units, only {cancel.line.open_quantity} are not shipped."
            raise RefusedError(text, path)


def _cancel_units(shop: Shop, cancel: LineCancel, *, comment: str) -> None:
    """Units that have no stock go first; only the rest gives stock up."""
    line = cancel.line
    unallocated = line.open_quantity - line.allocated_quantity
    line.cancelled_quantity += cancel.quantity
    stock.give_up(shop, line, max(0, cancel.quantity - unallocated), cancel.policy, comment=comment or "Cancelled")
    stock.set_demand(shop, line)


def cancel_order(
    shop: Shop,
    order: Order,
    policy: StockPolicy,
    *,
    cancel_authorization: bool = False,
    send_email: bool = False,
    comment: str = "",
    warnings: list[UserMessage],
) -> None:
    _check_cancel(order)
    order.status = "CANCELLED"
    for line in order.lines:
        stock.give_up(shop, line, line.allocated_quantity, policy, comment=comment or "Order cancelled")
        stock.set_demand(shop, line)
    if cancel_authorization and capturable(order) > 0:
        cancel_payment(shop, order, warnings)
    if send_email:
        shop.mail("order_cancelled", to=order.billing_address.email, about=str(order.number))
    shop.order_changed(order)


def _check_cancel(order: Order) -> None:
    if order.status not in OPEN_STATUSES:
        raise RefusedError(f'{named(order)} cannot be cancelled, it is "{order.status}".', ("id",))
    if paid_in(order, "CAPTURE") > 0:
        raise RefusedError(f"{named(order)} cannot be cancelled, its payment is already captured.", ("id",))
    if order.shipments:
        raise RefusedError(f"{named(order)} cannot be cancelled, it has shipments.", ("id",))


def cancel_payment(shop: Shop, order: Order, warnings: list[UserMessage]) -> bool:
    """Give the open authorisation back. A refusal of the payment service is a warning; the cancellation stands."""
    ok = shop.switches.cancel_authorization == "ok"
    add_entry(shop, order, "CANCEL", "SUCCESS" if ok else "FAILED", capturable(order))
    if not ok:
        warnings.append(UserMessage("Payment authorization could not be cancelled.", ["input", "cancelAuthorization"]))
    return ok


# --- allocation by hand -------------------------------------------------------------------------------------------------
def allocate(
    shop: Shop,
    order: Order,
    wanted: Sequence[tuple[OrderLine, int]],
    warehouses: Sequence[Warehouse],
    warnings: list[UserMessage],
) -> None:
    """By hand thresholds do not count. Less than asked for is a warning."""
    if order.status not in OPEN_STATUSES:
        raise RefusedError(f'{named(order)} cannot be allocated, it is "{order.status}".', ("input", "order"))
    for index, (line, quantity) in enumerate(wanted):
        missing = line.open_quantity - line.allocated_quantity
        got = stock.allocate(shop, line, min(quantity, missing), warehouses, honour_thresholds=False)
        stock.set_demand(shop, line)
        if got < quantity:
            text = f"Only {got} of {quantity} units of order line {line.id} were allocated."
            warnings.append(UserMessage(text, ["input", "allocate", str(index), "quantity"]))
    shop.order_changed(order)


def unallocate(
    shop: Shop, order: Order, wanted: Sequence[tuple[OrderLine, int]], policy: StockPolicy, warnings: list[UserMessage]
) -> None:
    for index, (line, quantity) in enumerate(wanted):
        got = stock.give_up(shop, line, quantity, policy, comment="Unallocated")
        stock.set_demand(shop, line)
        if got < quantity:
            text = f"Only {got} of {quantity} units of order line {line.id} could be unallocated."
            warnings.append(UserMessage(text, ["input", "unallocate", str(index), "quantity"]))
    shop.order_changed(order)


def release_authorization(shop: Shop, order: Order, warnings: list[UserMessage]) -> None:
    """releaseRemainingOrderAuthorization: for a partly captured order; fails as a whole when the payment service does."""
    left = capturable(order)
    if order.status not in OPEN_STATUSES or paid_in(order, "CAPTURE") == ZERO or left <= 0:
        raise RefusedError(f"{named(order)} has no remaining authorization to release.", ("order",))
    if shop.switches.cancel_authorization != "ok":
        raise RefusedError("Payment authorization could not be released.", ("order",))
    cancel_payment(shop, order, warnings)
    shop.order_changed(order)
