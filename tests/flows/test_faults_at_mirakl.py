"""Every write to Mirakl × every way it can go wrong: the end is the same, the effect is there once, nobody is bothered."""

from collections import Counter

import pytest

from tests.flows.faults import FAULTS, Case, play
from tests.flows.world import World

pytestmark = pytest.mark.django_db

TEE = ("NG-TEE-BLK-M", 2, "29.90")
COAT = ("NG-COAT-NVY-38", 1, "199.00")


def sold(world: World) -> str:
    return world.sell(TEE, COAT)


def polled(world: World, reference: str) -> None:
    world.poll()


def shipped(world: World) -> str:
    """The parcel left Centra's warehouse, and the marketplace was not told yet."""
    world.map("carrier", "DPD Next Day", "DPDUK")
    reference = world.sell(TEE, COAT, to="SHIPPING")
    world.poll()
    (order,) = world.in_centra(reference)
    world.centra.ship_order(order.number, carrier="DPD Next Day", tracking="15501234567890")
    world.advance(3)
    return reference


def shipped_to_a_marketplace_without_shipments(world: World) -> str:
    world.mirakl.change_settings(multi_shipment=False)
    return shipped(world)


def dispatches_read(world: World, reference: str) -> None:
    world.run("read_dispatches")


def watched(world: World) -> None:
    """The hub hears of changes at Centra, and knows the marketplace's reason codes."""
    world.link.cancellation_reason, world.link.refund_reason = "34", "15"
    world.link.save()
    world.run("read_events")


def paid(world: World) -> str:
    watched(world)
    reference = world.sell(TEE, COAT, to="SHIPPING")
    world.poll()
    return reference


def not_accepted_yet(world: World) -> str:
    """Created first, and the marketplace takes no answer yet."""
    watched(world)
    world.link.acceptance_policy = world.link.AcceptancePolicy.CREATE_FIRST
    world.link.save()
    world.mirakl.change_settings(addresses_visible_from="CREATION")
    world.mirakl.set_call_frequency("OR21", 0, 60)
    reference = world.sell(TEE, COAT)
    world.poll()
    world.mirakl.set_call_frequency("OR21", None)
    return reference


def accepted_to_be_paid_on_shipment(world: World) -> str:
    watched(world)
    reference = world.sell(TEE, COAT, payment_workflow="PAY_ON_SHIPMENT", to="SHIPPING")
    world.poll()
    return reference


def cancelled_in_centra(world: World, reference: str) -> None:
    (order,) = world.in_centra(reference)
    world.centra.cancel_order(order.number)
    world.run("read_events")


# --- what must be true in the end -------------------------------------------------------------------------------------


def accepted_once(world: World, reference: str) -> None:
    assert world.state_at_northgate(reference) == "SHIPPING"
    (order,) = world.in_centra(reference)
    assert order.status == "CONFIRMED"


def dispatched_once(world: World, reference: str) -> None:
    assert world.state_at_northgate(reference) == "SHIPPED"
    (row,) = world.order(reference).dispatches.all()
    assert (row.state, row.carrier_code, row.tracking_number) == ("SHOWN", "DPDUK", "15501234567890")
    shipments = [item for item in world.mirakl.market.shipments.values() if item.order_id == reference]
    assert len(shipments) == 1
    units: Counter[str] = Counter()
    for line_id, quantity in shipments[0].quantities.items():
        units[line_id] += quantity
    assert units.total() == 3


def refused(world: World, reference: str) -> None:
    assert world.state_at_northgate(reference) == "REFUSED"
    assert [order.status for order in world.in_centra(reference)] == ["CANCELLED"]


def given_back_once(world: World, reference: str, name: str) -> None:
    """Every penny of every line, once."""
    lines = world.mirakl.order(reference)["order_lines"]
    for line in lines:
        assert sum(item["amount"] for item in line[name]) == line["price"]
        assert sum(item["shipping_amount"] for item in line[name]) == line["shipping_price"]
        assert len(line[name]) == 1


def refunded(world: World, reference: str) -> None:
    given_back_once(world, reference, "refunds")


def cancelled(world: World, reference: str) -> None:
    given_back_once(world, reference, "cancelations")
    assert world.state_at_northgate(reference) == "CANCELED"


WRITES = {
    "accept": Case(operation="OR21", before=sold, act=polled, after=accepted_once),
    "confirm a dispatch": Case(operation="ST01", before=shipped, act=dispatches_read, after=dispatched_once),
    "set the tracking of an order": Case(
        operation="OR23",
        before=shipped_to_a_marketplace_without_shipments,
        act=dispatches_read,
        after=dispatched_once,
    ),
    "ship an order": Case(
        operation="OR24",
        before=shipped_to_a_marketplace_without_shipments,
        act=dispatches_read,
        after=dispatched_once,
    ),
    "refuse": Case(operation="OR21", before=not_accepted_yet, act=cancelled_in_centra, after=refused),
    "cancel before payment": Case(
        operation="OR30", before=accepted_to_be_paid_on_shipment, act=cancelled_in_centra, after=cancelled
    ),
    "refund before dispatch": Case(operation="OR28", before=paid, act=cancelled_in_centra, after=refunded),
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("write", WRITES)
def test_a_write_to_mirakl_comes_to_the_same_end_whatever_goes_wrong(world: World, write: str, kind: str) -> None:
    play(world, world.mirakl, WRITES[write], kind)
