"""An order's status and lock: what orders, shipments and returns all lean on."""

from collections.abc import Iterable

from connectors.centra.sandbox.refusals import RefusedError
from connectors.centra.sandbox.sales import Order

OPEN_STATUSES = ("PENDING", "CONFIRMED", "PROCESSING")


def named(order: Order) -> str:
    return f'Order "{order.number}"'


def check_lock(order: Order, actor: str | None, *, path: Iterable[str] = ("order",)) -> None:
    """A lock keeps everyone out but the integration that set it; `actor` None is staff in the back office."""
    if order.locked_by is not None and order.locked_by != actor:
        raise RefusedError(f"{named(order)} is locked by an integration.", path)


def settle_status(order: Order) -> None:
    """SHIPPED once every unit is shipped or cancelled and each shipment is shipped and paid; PROCESSING with a shipment."""
    if order.status not in OPEN_STATUSES:
        return
    if not any(line.quantity for line in order.lines) and not order.shipments:
        order.status = "CANCELLED"
    elif order.shipments:
        over = not any(line.open_quantity for line in order.lines)
        done = all(shipment.is_shipped and shipment.is_paid for shipment in order.shipments)
        order.status = "SHIPPED" if over and done else "PROCESSING"
    elif order.status == "PROCESSING":
        order.status = "CONFIRMED"
