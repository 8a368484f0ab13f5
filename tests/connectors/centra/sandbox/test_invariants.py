"""Whatever is sent, in whatever order: stock adds up, statuses fit, and a refusal leaves everything as it was."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from connectors.centra.sandbox import CentraSandbox
from connectors.centra.sandbox.arithmetic import grand_total
from connectors.centra.sandbox.sales import Order
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import Api
from tests.connectors.centra.sandbox.test_orders import UPDATE

SKUS = ("COAT-S", "COAT-M", "SCARF")
POLICIES: tuple[dict[str, Any], ...] = (
    {"releaseItemsBackToWarehouse": True},
    {"sendItemsToDifferentWarehouse": {"id": 2}},
    {"removeItemsFromStock": True},
)
STEPS = 150

Step = Callable[["Walk"], list[Any]]


class Walk:
    """A random integration: it sends sensible and senseless things alike."""

    def __init__(self, api: Api, sandbox: CentraSandbox, seed: int) -> None:
        self.api, self.sandbox, self.rng = api, sandbox, Random(seed)  # noqa: S311 - a walk, not a secret

    def send(self, query: str, **variables: Any) -> list[Any]:
        """The messages of what was refused; [] when it was done."""
        payload = self.api.mutate(query, **variables)
        return list(payload["userErrors"])

    def any_order(self) -> Order:
        return self.rng.choice(self.sandbox.orders)

    # --- steps ------------------------------------------------------------------------------------------------------
    def create(self) -> list[Any]:
        lines = [(sku, self.rng.randint(1, 4), "12.50") for sku in self.rng.sample(SKUS, self.rng.randint(1, 3))]
        answer = self.api.create(*lines, forceCreate=self.rng.random() < 0.3, shippingValue="4.95")
        return [] if answer["status"] == "ok" else [answer]

    def confirm(self) -> list[Any]:
        return self.send(operations.CONFIRM, number=self.any_order().number)

    def hold(self) -> list[Any]:
        on = self.rng.random() < 0.3
        return self.send(UPDATE, number=self.any_order().number, input={"isOnHold": on})

    def ship(self) -> list[Any]:
        order = self.any_order()
        lines = [
            {"orderLine": {"id": line.id}, "quantity": self.rng.randint(1, line.original_quantity)}
            for line in order.lines
            if self.rng.random() < 0.7
        ]
        return self.send(operations.SHIP_1, number=order.number, lines=lines, ext=None)

    def complete(self) -> list[Any]:
        shipments = list(self.sandbox.shop.shipments)
        if not shipments:
            return []
        return self.send(operations.SHIP_2, id=self.rng.choice(shipments).id, at="now", info={"carrier": "DHL"})

    def delete(self) -> list[Any]:
        shipments = list(self.sandbox.shop.shipments)
        if not shipments:
            return []
        query = "mutation D($id: Int!) { deleteShipment(id: $id) { userErrors { message } } }"
        return self.send(query, id=self.rng.choice(shipments).id)

    def cancel_line(self) -> list[Any]:
        order = self.any_order()
        line = self.rng.choice(order.lines)
        cancel = {
            "line": {"id": line.id},
            "quantity": self.rng.randint(1, 4),
            "stockActionPolicy": self.rng.choice(POLICIES),
        }
        return self.send(UPDATE, number=order.number, input={"cancelLines": [cancel], "otherComment": "cut"})

    def cancel(self) -> list[Any]:
        return self.send(operations.CANCEL_ORDER, id=self.any_order().id)

    def return_some(self) -> list[Any]:
        shipments = list(self.sandbox.shop.shipments)
        if not shipments:
            return []
        shipment = self.rng.choice(shipments)
        lines = [{"shipmentLine": {"id": line.id}, "quantity": self.rng.randint(1, 3)} for line in shipment.lines]
        return self.send(operations.NEW_RETURN, ship=shipment.id, lines=lines, ext=None)

    def deliver(self) -> list[Any]:
        quantity = self.rng.randint(1, 5)
        return self.send(operations.DELTA, into=1, sku=self.rng.choice(SKUS), qty=quantity, why="Delivery")

    def step(self) -> list[Any]:
        if not self.sandbox.orders:
            return self.create()
        steps: tuple[Step, ...] = (
            Walk.create, Walk.create, Walk.confirm, Walk.confirm, Walk.hold, Walk.ship, Walk.ship, Walk.complete,
            Walk.delete, Walk.cancel_line, Walk.cancel, Walk.return_some, Walk.deliver,
        )  # fmt: skip
        return self.rng.choice(steps)(self)


def everything(sandbox: CentraSandbox) -> list[Any]:
    shop = sandbox.shop
    rows = [
        (row.warehouse.id, row.product_size.id, row.physical, row.allocated, row.demand)
        for held in shop.stock_by_size.values()
        for row in held.values()
        if row.physical or row.demand
    ]
    orders = [
        (
            order.number,
            order.status,
            order.is_on_hold,
            order.other_comment,
            order.updated_at,
            grand_total(order),
            [(line.cancelled_quantity, line.returned_quantity, line.allocated_quantity) for line in order.lines],
            [(item.number, item.is_shipped, [line.quantity for line in item.lines]) for item in order.shipments],
        )
        for order in sandbox.orders
    ]
    return [rows, orders, len(shop.returns), len(shop.stock_changes), len(shop.payments)]


def check(sandbox: CentraSandbox) -> None:
    for held in sandbox.shop.stock_by_size.values():
        for row in held.values():
            assert min(row.physical, row.free, row.allocated, row.demand) >= 0
            lines = [line for order in sandbox.orders for line in order.lines]
            given = sum(item.quantity for line in lines for item in line.allocations if item.row is row)
            assert row.allocated == given
            assert row.demand == sum(line.demand for line in lines if line.demand_row is row)
    for order in sandbox.orders:
        check_order(order)


def check_order(order: Order) -> None:
    for line in order.lines:
        assert 0 <= line.cancelled_quantity <= line.original_quantity
        assert line.open_quantity >= 0
        assert line.demand == (0 if order.status == "CANCELLED" else line.open_quantity - line.allocated_quantity)
        packed = [item for item in line.allocations if item.shipment_line is not None]
        waiting = [item for shipment in order.shipments if not shipment.is_shipped for item in shipment.lines]
        assert sum(item.quantity for item in packed) == sum(x.quantity for x in waiting if x.order_line is line)
    all_shipped = bool(order.shipments) and all(item.is_shipped and item.is_paid for item in order.shipments)
    over = not any(line.open_quantity for line in order.lines)
    if order.status == "SHIPPED":
        assert all_shipped
        assert over
    elif order.status == "PROCESSING":
        assert order.shipments
        assert not (all_shipped and over)
    else:
        assert order.shipments == []
    assert grand_total(order) == sum((line.value for line in order.lines), Decimal(0)) + Decimal("4.95")


@pytest.mark.parametrize("seed", range(6))
def test_a_random_walk_keeps_the_books_and_refusals_change_nothing(api: Api, sandbox: CentraSandbox, seed: int) -> None:
    sandbox.set_limits({("REQUEST_COUNT", "TEN_SECONDS"): 10_000, ("MUTATION_COUNT", "TEN_SECONDS"): 10_000})
    walk, refused, seen = Walk(api, sandbox, seed), 0, set[str]()

    for _ in range(STEPS):
        before = everything(sandbox)
        sandbox.advance(1)
        if walk.step():
            refused += 1
            assert everything(sandbox) == before
        check(sandbox)
        seen |= {order.status for order in sandbox.orders}

    assert seen >= {"PENDING", "CONFIRMED", "PROCESSING", "CANCELLED"}
    assert refused > STEPS / 10
