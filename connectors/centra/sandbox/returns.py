"""Returns of one shipped shipment: restocked when created, completed, taken back, deleted, refunded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectors.centra.sandbox.arithmetic import paid_in, return_total
from connectors.centra.sandbox.payments import add_entry
from connectors.centra.sandbox.records import ZERO, StockRow
from connectors.centra.sandbox.refusals import RefusedError
from connectors.centra.sandbox.sales import Payment, Return, ReturnLine, Shipment, ShipmentLine
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.stock import StockPolicy, move_physical, stock_row


@dataclass(frozen=True, kw_only=True)
class ReturnCosts:
    """None: not refunded. `from_shipment` names the costs taken over from the shipment as far as they remain."""

    shipping: Decimal = ZERO
    handling: Decimal = ZERO
    discount: Decimal = ZERO
    cost: Decimal = ZERO


def remaining_shipping(shop: Shop, shipment: Shipment) -> Decimal:
    return shipment.shipping - sum((item.shipping for item in returns_of(shop, shipment)), ZERO)


def returns_of(shop: Shop, shipment: Shipment) -> list[Return]:
    return [item for item in shop.returns if item.shipment is shipment]


def create(
    shop: Shop,
    shipment: Shipment,
    lines: Sequence[tuple[ShipmentLine, int]],
    policy: StockPolicy,
    *,
    costs: ReturnCosts,
    comment: str | None = None,
    created_at: datetime | None = None,
) -> Return:
    _check_create(shop, shipment, lines, costs)
    return_ = Return(
        id=shop.new_id("Return"),
        shipment=shipment,
        created_at=created_at or shop.now(),
        updated_at=shop.now(),
        returned_to_stock=not policy.remove,
        return_warehouse=policy.move_to,
        comment=comment,
        shipping=costs.shipping,
        handling=costs.handling,
        discount=costs.discount,
        cost=costs.cost,
    )
    for shipment_line, quantity in lines:
        return_.lines.append(_return_line(shop, shipment_line, quantity, policy))
    if return_.return_warehouse is None and policy.release and return_.lines[0].restocked:
        return_.return_warehouse = return_.lines[0].restocked[0][0].warehouse
    shop.returns.add(return_.id, return_)
    shop.return_changed(return_, "CREATED", "create")
    shop.order_changed(return_.order)
    return return_


def _check_create(
    shop: Shop, shipment: Shipment, lines: Sequence[tuple[ShipmentLine, int]], costs: ReturnCosts
) -> None:
    if not shipment.is_shipped:
        raise RefusedError(f'Shipment "{shipment.number}" is not shipped.', ("input", "shipment"))
    if not lines:
        raise RefusedError("A return needs at least one line.", ("input", "lines"))
    asked: Counter[int] = Counter()
    for index, (line, quantity) in enumerate(lines):
        path = ("input", "lines", str(index), "quantity")
        asked[line.id] += quantity
        left = line.quantity - line.returned_quantity
        if quantity < 1:
            raise RefusedError("Quantity must be at least 1.", path)
        if asked[line.id] > left:
            raise RefusedError(f"Only {left} units of shipment line {line.id} can be returned.", path)
    if costs.shipping > remaining_shipping(shop, shipment):
        raise RefusedError("Shipping cost is more than what remains on the shipment.", ("input", "shippingCost"))
    if costs.handling > shipment.order.handling:
        raise RefusedError("Handling cost is more than what remains on the shipment.", ("input", "handlingCost"))


def _return_line(shop: Shop, line: ShipmentLine, quantity: int, policy: StockPolicy) -> ReturnLine:
    line.returned_quantity += quantity
    line.order_line.returned_quantity += quantity
    restocked = [] if policy.remove else _homes(shop, line, quantity, policy)
    for row, units in restocked:
        move_physical(shop, row.warehouse, [(row.product_size, units, None)], comment="Return", kind="RETURN")
    return ReturnLine(id=shop.new_id("ReturnLine"), quantity=quantity, shipment_line=line, restocked=restocked)


def _homes(shop: Shop, line: ShipmentLine, quantity: int, policy: StockPolicy) -> list[tuple[StockRow, int]]:
    """Where returned units go: the named warehouse, else back where they were shipped from."""
    if policy.move_to is not None:
        size = line.order_line.product_size
        return [] if size is None else [(stock_row(shop, policy.move_to, size), quantity)]
    homes, left = [], quantity
    for row, units in reversed(line.shipped_from):
        take = min(left, units)
        if take:
            homes.append((row, take))
            left -= take
    return homes


def complete(shop: Shop, return_: Return, *, send_email: bool = False) -> None:
    if return_.return_status == "COMPLETED":
        raise RefusedError(f"Return {return_.id} is already completed.", ("id",))
    return_.return_status = "COMPLETED"
    if send_email:
        shop.mail("return", to=return_.order.billing_address.email, about=str(return_.id))
    shop.return_changed(return_, "COMPLETED")
    shop.order_changed(return_.order)


def uncomplete(shop: Shop, return_: Return) -> None:
    if return_.return_status != "COMPLETED":
        raise RefusedError(f"Return {return_.id} is not completed.", ("id",))
    if any(entry.status == "SUCCESS" for entry in return_.refunds):
        raise RefusedError(f"Return {return_.id} is already refunded.", ("id",))
    return_.return_status = "PENDING"
    shop.return_changed(return_)
    shop.order_changed(return_.order)


def delete(shop: Shop, return_: Return) -> None:
    """The stock policy is reversed: what was restocked leaves the shelf again, if it is still free."""
    if return_.return_status == "COMPLETED":
        raise RefusedError(f"Return {return_.id} is completed and cannot be deleted.", ("id",))
    if any(row.free < units for line in return_.lines for row, units in line.restocked):
        raise RefusedError(f"Return {return_.id} cannot be deleted, its items are no longer in stock.", ("id",))
    for line in return_.lines:
        line.shipment_line.returned_quantity -= line.quantity
        line.shipment_line.order_line.returned_quantity -= line.quantity
        for row, units in line.restocked:
            move_physical(shop, row.warehouse, [(row.product_size, -units, None)], comment="Return deleted")
    shop.returns.remove(return_.id)
    shop.return_changed(return_, "DELETED", "delete")
    shop.order_changed(return_.order)


def refund(shop: Shop, return_: Return, *, send_email: bool = False) -> list[Payment]:
    """Ask the payment service; a successful refund completes the return. Raises RefusedError; a failure leaves an entry."""
    order, amount = return_.order, return_total(return_)
    if any(entry.status == "SUCCESS" for entry in return_.refunds):
        raise RefusedError(f"Return {return_.id} is already refunded.", ("id",))
    if amount > paid_in(order, "CAPTURE") - paid_in(order, "REFUND"):
        raise RefusedError(f"Return {return_.id} cannot be refunded, not enough was captured.", ("id",))
    ok = shop.switches.refund == "ok"
    entry = add_entry(shop, order, "REFUND", "SUCCESS" if ok else "FAILED", amount, return_=return_)
    return_.refunds.append(entry)
    if not ok:
        shop.order_changed(order)
        raise RefusedError(f"Refund of return {return_.id} failed.", ("id",))
    if send_email:
        shop.mail("refund", to=order.billing_address.email, about=str(return_.id))
    if return_.return_status != "COMPLETED":
        complete(shop, return_)
    return [entry]
