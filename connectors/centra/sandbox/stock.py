"""Stock per warehouse and size, and how order lines are given units of it.

physical = free + allocated holds after every call; completing a shipment is what takes units off the shelf.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.centra.sandbox.records import ProductSize, StockChange, StockChangeLine, StockRow, Warehouse
from connectors.centra.sandbox.sales import Allocation, OrderLine, ShipmentLine
from connectors.centra.sandbox.shop import Shop


@dataclass(frozen=True, kw_only=True)
class StockPolicy:
    """What becomes of units that are given up: exactly one of the three."""

    release: bool = False
    move_to: Warehouse | None = None
    remove: bool = False


def stock_row(shop: Shop, warehouse: Warehouse, size: ProductSize) -> StockRow:
    rows = shop.stock_by_size.setdefault(size.id, {})
    if warehouse.id not in rows:
        rows[warehouse.id] = StockRow(warehouse=warehouse, product_size=size)
        shop.stock_by_warehouse.setdefault(warehouse.id, {})[size.id] = rows[warehouse.id]
    return rows[warehouse.id]


def rows_of(shop: Shop, size: ProductSize) -> list[StockRow]:
    return list(shop.stock_by_size.get(size.id, {}).values())


# --- changes of what lies on the shelf ----------------------------------------------------------------------------------
def move_physical(
    shop: Shop,
    warehouse: Warehouse,
    deltas: Sequence[tuple[ProductSize, int, Decimal | None]],
    *,
    comment: str,
    kind: str = "STOCK_CHANGE",
) -> StockChange:
    """Add (or with negative numbers take off) physical units; the caller has made sure none goes below what is allocated."""
    change = StockChange(
        id=shop.new_id("StockChange"), type=kind, comment=comment, created_at=shop.now(), warehouse=warehouse
    )
    shop.stock_changes[change.id] = change
    for size, delta, cost in deltas:
        _add_change_line(shop, change, stock_row(shop, warehouse, size), delta=delta, cost=cost)
    shop.events.add("StockChange", "CREATED", change.id)
    return change


def _add_change_line(shop: Shop, change: StockChange, row: StockRow, *, delta: int, cost: Decimal | None) -> None:
    line = StockChangeLine(
        id=shop.new_id("StockChangeLine"),
        delivered_quantity=delta,
        product_size=row.product_size,
        stock_change=change,
        row=row,
        cost=cost,
    )
    row.physical += delta
    row.last_line = line
    change.lines.append(line)
    shop.stock_change_lines[line.id] = line
    shop.lines_of_size.setdefault(row.product_size.id, []).append(line)


# --- allocation ---------------------------------------------------------------------------------------------------------
def sellable(shop: Shop, size: ProductSize, warehouses: Iterable[Warehouse], *, honour_thresholds: bool) -> int:
    rows = shop.stock_by_size.get(size.id, {})
    mine = [rows[warehouse.id] for warehouse in warehouses if warehouse.id in rows]
    return sum(row.publishable if honour_thresholds else row.free for row in mine)


def allocate(
    shop: Shop, line: OrderLine, quantity: int, warehouses: Iterable[Warehouse], *, honour_thresholds: bool
) -> int:
    """Give the line up to `quantity` units, warehouse by warehouse in the order given. Returns how many it got."""
    if line.product_size is None:
        return 0
    rows = shop.stock_by_size.get(line.product_size.id, {})
    left = quantity
    for warehouse in warehouses:
        row = rows.get(warehouse.id)
        if row is None or warehouse.status != "ACTIVE":
            continue
        units = min(left, row.publishable if honour_thresholds else row.free)
        if units > 0:
            _give(shop, line, row, units)
            left -= units
    return quantity - left


def _give(shop: Shop, line: OrderLine, row: StockRow, units: int) -> None:
    row.allocated += units
    waiting = row.warehouse.allocation_policy == "DIRECT_THEN_CONFIRM"
    for allocation in line.free_allocations:
        if allocation.row is row and allocation.is_waiting_for_confirmation == waiting:
            allocation.quantity += units
            return
    line.allocations.append(
        Allocation(
            id=shop.new_id("Allocation"),
            quantity=units,
            row=row,
            order_line=line,
            is_waiting_for_confirmation=waiting,
        )
    )


def set_demand(shop: Shop, line: OrderLine) -> None:
    """Units ordered and not allocated are demand, counted at the first warehouse of the order's allocation rule."""
    if line.product_size is None:
        return
    if line.demand_row is None:
        first = shop.warehouses[line.order.rule.warehouse_ids[0]]
        line.demand_row = stock_row(shop, first, line.product_size)
    wanted = 0 if line.order.status in ("CANCELLED", "INCOMPLETE") else line.open_quantity - line.allocated_quantity
    line.demand_row.demand += max(0, wanted) - line.demand
    line.demand = max(0, wanted)


def give_up(shop: Shop, line: OrderLine, quantity: int, policy: StockPolicy, *, comment: str) -> int:
    """Take up to `quantity` allocated units, not yet in a shipment, away from the line. Returns how many there were."""
    left = quantity
    for allocation in line.free_allocations:
        units = min(left, allocation.quantity)
        if units == 0:
            break
        allocation.quantity -= units
        allocation.row.allocated -= units
        left -= units
        _dispose(shop, allocation.row, units, policy, comment=comment)
    line.allocations = [allocation for allocation in line.allocations if allocation.quantity > 0]
    return quantity - left


def _dispose(shop: Shop, row: StockRow, units: int, policy: StockPolicy, *, comment: str) -> None:
    if policy.release:
        return
    move_physical(shop, row.warehouse, [(row.product_size, -units, None)], comment=comment)
    if policy.move_to is not None:
        move_physical(shop, policy.move_to, [(row.product_size, units, None)], comment=comment)


# --- shipments ----------------------------------------------------------------------------------------------------------
def pack(shop: Shop, shipment_line: ShipmentLine) -> None:
    """Mark allocated units of the order line as being in the shipment; a larger allocation is divided."""
    left = shipment_line.quantity
    for allocation in shipment_line.order_line.free_allocations:
        if left == 0:
            break
        if allocation.quantity > left:
            rest = Allocation(
                id=shop.new_id("Allocation"),
                quantity=allocation.quantity - left,
                row=allocation.row,
                order_line=allocation.order_line,
                is_waiting_for_confirmation=allocation.is_waiting_for_confirmation,
            )
            allocation.order_line.allocations.append(rest)
            allocation.quantity = left
        allocation.shipment_line = shipment_line
        left -= allocation.quantity


def unpack(shipment_line: ShipmentLine) -> None:
    for allocation in shipment_line.order_line.allocations:
        if allocation.shipment_line is shipment_line:
            allocation.shipment_line = None


def take_off_shelf(shipment_line: ShipmentLine) -> None:
    """The shipment left: physical and allocated go down together, so that what is free stays as it was."""
    line = shipment_line.order_line
    for allocation in [item for item in line.allocations if item.shipment_line is shipment_line]:
        allocation.row.physical -= allocation.quantity
        allocation.row.allocated -= allocation.quantity
        shipment_line.shipped_from.append((allocation.row, allocation.quantity))
        line.allocations.remove(allocation)
