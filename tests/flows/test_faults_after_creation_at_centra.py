"""What follows an order's creation at Centra × every way a call can go wrong: done once, nobody is bothered."""

import pytest

from connectors.sandboxkit import Fault
from integrationhub.sync.writes import SETTLE_SECONDS
from tests.flows.faults import FAULTS, QUARTER, Case, fault, living, play
from tests.flows.world import World

pytestmark = pytest.mark.django_db

TEE = ("NG-TEE-BLK-M", 2, "29.90")
COAT = ("NG-COAT-NVY-38", 1, "199.00")


def created(world: World) -> str:
    reference = world.sell(TEE, COAT, to="SHIPPING")
    world.poll()
    return reference


def listening(world: World) -> str:
    world.run("read_events")
    return created(world)


def events_read(world: World, reference: str) -> None:
    world.run("read_events")


def cancelled_at_northgate(world: World, reference: str) -> None:
    world.mirakl.cancel_order(reference)
    world.poll()


def tee_refunded_at_northgate(world: World, reference: str) -> None:
    (line, _) = world.mirakl.order(reference)["order_lines"]
    world.mirakl.create_refund(line["order_line_id"], line["price"], quantity=2, excluded_from_shipment=True)
    world.poll()


# --- what must be true in the end -------------------------------------------------------------------------------------


def none_living(world: World, reference: str) -> None:
    assert living(world, reference) == []
    assert world.order(reference).target_state == "CANCELLED"
    assert world.centra.stock("TEE-BLK-M")["allocated"] == 0


def only_the_coat_left(world: World, reference: str) -> None:
    (order,) = living(world, reference)
    assert order.status == "CONFIRMED"
    assert {line.sku: line.open_quantity for line in order.lines} == {"TEE-BLK-M": 0, "COAT-NVY-38": 1}
    assert (world.centra.stock("TEE-BLK-M")["allocated"], world.centra.stock("COAT-NVY-38")["allocated"]) == (0, 1)


def queue_is_empty(world: World, reference: str) -> None:
    world.run("read_events")
    assert list(world.centra.shop.events.pending(world.centra.integration)) == []


WRITES = {
    "cancel": Case(operation="CancelOrder", before=created, act=cancelled_at_northgate, after=none_living),
    "cancel lines": Case(
        operation="UpdateOrder", before=created, act=tee_refunded_at_northgate, after=only_the_coat_left
    ),
    "listen": Case(operation="SetListeners", before=created, act=events_read, after=queue_is_empty),
    "confirm events": Case(operation="ConfirmEvents", before=listening, act=events_read, after=queue_is_empty),
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("write", WRITES)
def test_a_change_at_centra_is_made_once_whatever_goes_wrong(world: World, write: str, kind: str) -> None:
    play(world, world.centra, WRITES[write], kind)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_late_second_copy_is_cancelled_whatever_goes_wrong_with_that(world: World, kind: str) -> None:
    world.roomy()
    world.centra.faults.add(Fault(kind="late", operation="POST /order", seconds=SETTLE_SECONDS + 20))
    reference = created(world)
    world.centra.faults.add(fault(kind, "CancelOrder"))
    for _ in range(4):
        world.wait(QUARTER)
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED", "CANCELLED"]
    assert next(entry.fault for entry in world.centra.journal.entries("CancelOrder")) == kind.split()[0]
    assert (world.open_jobs(), world.cases()) == ([], [])
