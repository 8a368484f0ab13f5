"""What leaves the warehouse is told to the marketplace: with a carrier it lists, or not at all."""

import pytest

from tests.flows.world import World

pytestmark = pytest.mark.django_db


def shipped(world: World, *, carrier: str = "DPD Next Day", tracking: str = "15501234567890", **more: object) -> str:
    """An order that reached Centra and was shipped there."""
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    world.poll()
    (order,) = world.in_centra(reference)
    world.centra.ship_order(order.number, carrier=carrier, tracking=tracking, **more)  # type: ignore[arg-type]
    world.advance(3)
    return reference


def test_a_dispatch_is_confirmed_with_the_mapped_carrier_and_read_back(world: World) -> None:
    world.map("carrier", "DPD Next Day", "DPDUK")
    reference = shipped(world)
    world.run("read_dispatches")
    row = world.order(reference).dispatches.get()
    assert (row.state, row.carrier_code) == ("SENT", "DPDUK"), world.reasons()
    assert world.state_at_northgate(reference) == "SHIPPED"
    world.advance(30)
    world.work()
    assert world.order(reference).dispatches.get().state == "SHOWN"
    assert world.mirakl.journal.count("ST01") == 1


def test_a_carrier_without_mapping_never_reaches_the_marketplace(world: World) -> None:
    reference = shipped(world)
    world.run("read_dispatches")
    assert world.cases() == [("unmapped_carrier", 1)]
    assert world.mirakl.journal.count("ST01") == 0
    assert world.state_at_northgate(reference) == "SHIPPING"
    world.map("carrier", "DPD Next Day", "DPDUK")
    world.work()
    assert world.state_at_northgate(reference) == "SHIPPED"
    assert world.cases() == []


def test_a_carrier_that_the_marketplace_does_not_list_never_reaches_it(world: World) -> None:
    world.map("carrier", "DPD Next Day", "DPDUK")
    world.mirakl.set_carriers([{"code": "UPS", "label": "UPS"}])
    reference = shipped(world)
    world.run("read_dispatches")
    assert world.cases() == [("carrier_not_listed", 1)]
    assert world.mirakl.journal.count("ST01") == 0
    assert world.state_at_northgate(reference) == "SHIPPING"


def test_two_parcels_of_one_order_are_two_dispatches(world: World) -> None:
    world.map("carrier", "DPD Next Day", "DPDUK")
    reference = shipped(world, lines={"TEE-BLK-M": 1}, tracking="1")
    world.run("read_dispatches")
    assert world.state_at_northgate(reference) == "SHIPPING"
    (order,) = world.in_centra(reference)
    world.advance(400)
    world.centra.ship_order(order.number, carrier="DPD Next Day", tracking="2")
    world.advance(3)
    world.run("read_dispatches")
    assert world.state_at_northgate(reference) == "SHIPPED", world.reasons()
    assert sorted(row.tracking_number for row in world.order(reference).dispatches.all()) == ["1", "2"]
    assert world.mirakl.journal.count("ST01") == 2


def test_without_multi_shipment_the_order_is_confirmed_with_its_last_parcel(world: World) -> None:
    world.mirakl.change_settings(multi_shipment=False)
    world.map("carrier", "DPD Next Day", "DPDUK")
    reference = shipped(world, lines={"TEE-BLK-M": 1}, tracking="1")
    world.run("read_dispatches")
    assert world.state_at_northgate(reference) == "SHIPPING"
    assert world.mirakl.journal.count("OR24") == 0
    (order,) = world.in_centra(reference)
    world.advance(400)
    world.centra.ship_order(order.number, carrier="DPD Next Day", tracking="2")
    world.advance(3)
    world.run("read_dispatches")
    assert world.state_at_northgate(reference) == "SHIPPED", world.reasons()
    assert world.mirakl.journal.count("OR24") == 1


def test_an_event_brings_the_dispatch_before_the_next_poll(world: World) -> None:
    world.map("carrier", "DPD Next Day", "DPDUK")
    world.run("read_events")
    reference = shipped(world)
    world.run("read_events")
    assert world.state_at_northgate(reference) == "SHIPPED", world.reasons()
