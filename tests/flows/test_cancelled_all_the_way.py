"""What is cancelled in Fulfil reaches the marketplace that sold it, through Centra, once on each side."""

from collections.abc import Iterator

import pytest

from connectors import ports
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.sandboxkit import Fault
from tests.flows.warehouse import Warehouse, behind
from tests.flows.world import World, sandbox_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def fulfil(virtual_clock: ports.VirtualClock) -> Iterator[FulfilSandbox]:
    with FulfilSandbox(clock=sandbox_clock(virtual_clock.now())) as sandbox:
        yield sandbox


@pytest.fixture
def house(world: World, fulfil: FulfilSandbox) -> Warehouse:
    world.link.refund_reason = "15"
    world.link.save()
    built = behind(world, fulfil)
    built.roomy()
    built.onward.cancels_in_shop = True
    built.onward.save()
    return built


def test_a_cancellation_in_fulfil_is_refunded_at_the_marketplace_once(house: Warehouse) -> None:
    house.run("read_events")
    reference = house.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    house.poll()
    (order,) = house.in_centra(reference)
    sale = house.hand_on(order.number)
    house.centra.faults.add(Fault(kind="drop_after", operation="CancelOrder"))

    house.fulfil.cancel_order(sale)
    for _ in range(3):
        house.advance(121)
        house.run("read_order_changes")
        house.run("read_events")
        house.wait(70)

    assert (order.status, house.mirakl.journal.count("OR28")) == ("CANCELLED", 1), house.reasons()
    assert len(house.centra.calls("cancelDirectToConsumerOrder")) == 1
    assert (house.cases(), house.unsettled()) == ([], [])
