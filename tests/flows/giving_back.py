"""What Centra's people give back, and what is seen of it, whichever marketplace it was sold at."""

from collections.abc import Mapping
from decimal import Decimal

from connectors.centra.sandbox import returns
from connectors.centra.sandbox.stock import StockPolicy
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import tell
from integrationhub.orders.models import SoldReturn
from tests.flows.world import World


def take_back(world: World, reference: str, units: Mapping[str, int], **costs: str) -> int:
    """Somebody makes a return of the order's shipment in Centra and completes it. Returns its id."""
    (order,) = world.in_centra(reference)
    with world.centra.lock:
        shop = world.centra.shop
        (sent,) = (shipment for shipment in shop.shipments if shipment.order is order)
        picks = [(next(line for line in sent.lines if line.order_line.sku == sku), n) for sku, n in units.items()]
        amounts = returns.ReturnCosts(**{name: Decimal(value) for name, value in costs.items()})
        made = returns.create(shop, sent, picks, StockPolicy(release=True), costs=amounts)
        returns.complete(shop, made)
    return made.id


def read(world: World) -> None:
    """Time passes, and what was given back is read on both sides."""
    world.advance(601)
    world.run("read_returns")
    world.run("read_orders")


def row_of(made: int) -> SoldReturn:
    return SoldReturn.objects.get(target_id=str(made))


def causes() -> list[str]:
    return list(ExceptionCase.objects.unresolved().order_by("cause").values_list("cause", flat=True))


def told(cause: str) -> str:
    return tell(ExceptionCase.objects.unresolved().get(cause=cause))
