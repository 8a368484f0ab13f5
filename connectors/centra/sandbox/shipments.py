"""Shipments: created from allocated units, captured or marked paid, made ready, completed, deleted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox import stock
from connectors.centra.sandbox.arithmetic import paid_in, shipment_total
from connectors.centra.sandbox.order_state import named as named_order
from connectors.centra.sandbox.order_state import settle_status
from connectors.centra.sandbox.payments import ask_capture
from connectors.centra.sandbox.records import ZERO
from connectors.centra.sandbox.refusals import RefusedError, UserMessage
from connectors.centra.sandbox.sales import Order, OrderLine, Payment, Shipment, ShipmentLine
from connectors.centra.sandbox.shop import Shop

Pick = tuple[OrderLine, int]


def named(shipment: Shipment) -> str:
    return f'Shipment "{shipment.number}"'


# --- creating -----------------------------------------------------------------------------------------------------------
def check_order(order: Order) -> None:
    """Only confirmed orders that are not on hold can be shipped."""
    path = ("input", "order")
    if order.status == "SHIPPED":
        raise RefusedError(f'{named_order(order)} is already fully shipped, it is "SHIPPED".', path)
    if order.status not in ("CONFIRMED", "PROCESSING"):
        raise RefusedError(f'{named_order(order)} must be confirmed to be shipped, it is "{order.status}".', path)
    if order.is_on_hold:
        raise RefusedError(f"{named_order(order)} is on hold.", path)


def check_picks(shop: Shop, order: Order, picks: Sequence[Pick], *, allocate_demand: bool) -> None:
    asked: Counter[int] = Counter()
    short: Counter[int] = Counter()  # by size: what has to be allocated in passing
    for index, (line, quantity) in enumerate(picks):
        path = ("input", "lines", str(index), "quantity")
        before = max(0, asked[line.id] - line.allocated_quantity)
        asked[line.id] += quantity
        if quantity < 1:
            raise RefusedError("Quantity must be at least 1.", path)
        if line.open_quantity == 0:
            raise RefusedError(f"Order line {line.id} is already fully shipped.", path)
        if asked[line.id] > line.open_quantity:
            raise RefusedError(f"Only {line.open_quantity} units of order line {line.id} are left to ship.", path)
        if any(item.is_waiting_for_confirmation for item in line.free_allocations):
            raise RefusedError(f"The allocation of order line {line.id} is waiting for confirmation.", path)
        missing = asked[line.id] - line.allocated_quantity - before
        if missing > 0:
            size_id = line.product_size.id if line.product_size else 0
            short[size_id] += missing
            if not (allocate_demand and _free_for(shop, order, line) >= short[size_id]):
                raise RefusedError(f"Only {line.allocated_quantity} units of order line {line.id} are allocated.", path)


def _free_for(shop: Shop, order: Order, line: OrderLine) -> int:
    warehouses = [shop.warehouses[warehouse_id] for warehouse_id in order.rule.warehouse_ids]
    size = line.product_size
    return 0 if size is None else stock.sellable(shop, size, warehouses, honour_thresholds=False)


def create(
    shop: Shop,
    order: Order,
    picks: Sequence[Pick],
    *,
    good_to_go: bool = False,
    paid: bool = False,
    allocate_demand: bool = False,
    created_at: datetime | None = None,
) -> Shipment:
    """Raises RefusedError and changes nothing; moves the order to PROCESSING."""
    check_order(order)
    if not picks:
        raise RefusedError(f"{named_order(order)} has nothing left to ship that is allocated.", ("input", "lines"))
    check_picks(shop, order, picks, allocate_demand=allocate_demand)
    order.shipments_made += 1
    shipment = Shipment(
        id=shop.new_id("Shipment"),
        number=f"{order.number}-{order.shipments_made}",
        order=order,
        created_at=created_at or shop.now(),
        updated_at=shop.now(),
        shipping=ZERO if order.shipments else order.shipping,  # shipping belongs on one shipment only
        is_good_to_go=good_to_go,
    )
    if paid:
        set_paid(shop, shipment, paid=True)
    _pick(shop, shipment, picks)
    order.shipments.append(shipment)
    for line, _ in picks:
        stock.set_demand(shop, line)
    shop.shipments.add(shipment.id, shipment)
    shop.shipments_by_number[shipment.number] = shipment
    settle_status(order)
    shop.shipment_changed(shipment, "CREATED", "create")
    if good_to_go:
        shop.webhooks.note("shipment", "good_to_go", shipment.id, shop.now())
    shop.order_changed(order)
    return shipment


def _pick(shop: Shop, shipment: Shipment, picks: Sequence[Pick]) -> None:
    order = shipment.order
    warehouses = [shop.warehouses[warehouse_id] for warehouse_id in order.rule.warehouse_ids]
    for line, quantity in picks:
        if (short := quantity - line.allocated_quantity) > 0:
            stock.allocate(shop, line, short, warehouses, honour_thresholds=False)
        shipment_line = ShipmentLine(
            id=shop.new_id("ShipmentLine"), quantity=quantity, order_line=line, shipment=shipment
        )
        stock.pack(shop, shipment_line)
        shipment.lines.append(shipment_line)


def allocated_rest(order: Order) -> list[Pick]:
    """What can be shipped now when no lines are named."""
    return [(line, line.allocated_quantity) for line in order.lines if line.allocated_quantity]


# --- changing -----------------------------------------------------------------------------------------------------------
def check_info(shipment: Shipment, *, info: bool, good_to_go: bool) -> None:
    """Shipment info, method and good-to-go are frozen once shipped."""
    if shipment.is_shipped and info:
        raise RefusedError(f"{named(shipment)} is already shipped, its info cannot change.", ("input", "shipmentInfo"))
    if shipment.is_shipped and good_to_go:
        raise RefusedError(f"{named(shipment)} is already shipped.", ("input", "isGoodToGo"))


def apply_info(shipment: Shipment, info: Mapping[str, Any]) -> None:
    """ShipmentInfoInput: only what is given changes."""
    for key, attribute in (
        ("carrier", "carrier"),
        ("service", "service"),
        ("trackingNumber", "tracking_number"),
        ("returnTrackingNumber", "return_tracking_number"),
        ("packagesNumber", "number_of_packages"),
    ):
        if info.get(key) is not None:
            setattr(shipment, attribute, info[key])
    if info.get("internalShippingCost") is not None:
        shipment.internal_cost = Decimal(str(info["internalShippingCost"]["value"]))


def set_paid(shop: Shop, shipment: Shipment, *, paid: bool) -> None:
    """Marked paid by hand: no payment service is asked. The marketplace case."""
    if shipment.is_captured and not paid:
        raise RefusedError(f"{named(shipment)} is already captured.", ("input", "isPaid"))
    shipment.is_paid = paid
    shipment.paid_at = (shipment.paid_at or shop.now()) if paid else None


def changed(shop: Shop, shipment: Shipment, *, became_ready: bool = False) -> None:
    """Tell of a change, and let the order follow: the last payment may complete it."""
    before = shipment.order.status
    settle_status(shipment.order)
    shop.shipment_changed(shipment)
    if became_ready:
        shop.webhooks.note("shipment", "good_to_go", shipment.id, shop.now())
    _order_follows(shop, shipment.order, before)


def _order_follows(shop: Shop, order: Order, before: str) -> None:
    completed = order.status == "SHIPPED" and before != "SHIPPED"
    shop.order_changed(order, "COMPLETED" if completed else "UPDATED")


def check_capture(shipment: Shipment) -> None:
    if shipment.is_captured:
        raise RefusedError(f"{named(shipment)} is already captured.", ("id",))
    if paid_in(shipment.order, "AUTH") <= 0:
        raise RefusedError(f"{named(shipment)} cannot be captured, its payment is not authorized.", ("id",))


def capture(shop: Shop, shipment: Shipment) -> Payment:
    """Ask the payment service. The entry says what it answered; the caller decides between error and warning."""
    entry = ask_capture(shop, shipment.order, shipment_total(shipment), shipment=shipment)
    changed(shop, shipment)
    return entry


def capture_on_create(shop: Shop, shipment: Shipment, warnings: list[UserMessage]) -> None:
    """createShipment(capture: true): the shipment stands whatever the payment service says."""
    try:
        check_capture(shipment)
    except RefusedError as refusal:
        warnings.append(UserMessage(f"Shipment was created without capture: {refusal}", ["input", "capture"]))
        return
    entry = capture(shop, shipment)
    if entry.status == "FAILED":
        warnings.append(UserMessage("Shipment was created, but the capture failed.", ["input", "capture"]))


# --- completing and deleting --------------------------------------------------------------------------------------------
def check_complete(shop: Shop, shipment: Shipment, shipped_at: datetime | None) -> None:
    order = shipment.order
    if shipment.is_shipped:
        raise RefusedError(f"{named(shipment)} is already shipped.", ("id",))
    if not shipment.is_good_to_go:
        raise RefusedError(f"{named(shipment)} is not good to go.", ("id",))
    if order.is_on_hold or shipment.is_on_hold:
        raise RefusedError(f"{named_order(order)} is on hold.", ("id",))
    if shipped_at is not None and shipped_at > shop.now():
        raise RefusedError("shippedAt must not be in the future.", ("input", "shippedAt"))


def complete(shop: Shop, shipment: Shipment, *, shipped_at: datetime | None = None, send_email: bool = False) -> None:
    check_complete(shop, shipment, shipped_at)
    before = shipment.order.status
    shipment.is_shipped, shipment.shipped_at = True, shipped_at or shop.now()
    for line in shipment.lines:
        stock.take_off_shelf(line)
    settle_status(shipment.order)
    if send_email:
        shop.mail("shipment", to=shipment.order.shipping_address.email, about=shipment.number)
    shop.shipment_changed(shipment, "COMPLETED")
    _order_follows(shop, shipment.order, before)


def delete(shop: Shop, shipment: Shipment) -> None:
    if shipment.is_shipped or shipment.is_captured:
        state = "shipped" if shipment.is_shipped else "captured"
        raise RefusedError(f"{named(shipment)} is already {state} and cannot be deleted.", ("id",))
    order = shipment.order
    for line in shipment.lines:
        stock.unpack(line)
    order.shipments.remove(shipment)
    shop.shipments.remove(shipment.id)
    del shop.shipments_by_number[shipment.number]
    for line in shipment.lines:
        stock.set_demand(shop, line.order_line)
    settle_status(order)
    shop.shipment_changed(shipment, "DELETED", "delete")
    shop.order_changed(order)
