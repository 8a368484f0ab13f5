"""What Fulfil ships becomes a shipment in Centra, once and whole, and goes on to the marketplace that sold the order."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors import ports
from connectors.canonical.orders import OrderState
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.models import Link
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import explain
from integrationhub.orders.models import SoldLine
from integrationhub.sync.blocking import retry
from integrationhub.sync.places import place
from tests.flows.warehouse import Warehouse, behind
from tests.flows.world import World, sandbox_clock

pytestmark = pytest.mark.django_db

TEE, COAT = "TEE-BLK-M", "COAT-NVY-38"
NOT_READ = tuple(f"stock.shipment.out/{method}" for method in ("pack", "done", "cancel", "split", "merge", "hold"))


@pytest.fixture
def fulfil(virtual_clock: ports.VirtualClock) -> Iterator[FulfilSandbox]:
    with FulfilSandbox(clock=sandbox_clock(virtual_clock.now())) as sandbox:
        yield sandbox


@pytest.fixture
def unmapped(world: World, fulfil: FulfilSandbox) -> Warehouse:
    return behind(world, fulfil)


@pytest.fixture
def house(unmapped: Warehouse) -> Warehouse:
    """With Fulfil's carrier mapped for Centra."""
    unmapped.map("carrier", "PostNord", "PostNord AB", link=unmapped.onward, attributes={"service": "MyPack Home"})
    return unmapped


def told(house: Warehouse, number: int) -> list[tuple[str, str, dict[str, int]]]:
    """(tracking, whether it left, units) of every shipment that Centra shows."""
    return [
        (
            shipment.tracking_number,
            "shipped" if shipment.is_shipped else "open",
            {line.order_line.sku: line.quantity for line in shipment.lines},
        )
        for shipment in house.in_shop(number)
    ]


def sentence() -> str:
    case = ExceptionCase.objects.unresolved().get()
    return f"{case.context.get('explanation', '')} {case.platform_words}".strip()


def set_connection(house: Warehouse, **settings: Any) -> None:
    house.centra_row.settings.update(settings)
    house.centra_row.save()
    place.forget()


# --- one parcel -------------------------------------------------------------------------------------------------------
def test_a_parcel_becomes_a_shipment_with_the_mapped_carrier_and_service_and_is_read_back(house: Warehouse) -> None:
    number = house.buy(TEE_BLK_M=2)
    (shipment,) = house.shipments(house.hand_on(number))
    house.leave(shipment, tracking="00370001")

    house.tell()

    assert told(house, number) == [("00370001", "shipped", {TEE: 2})], house.reasons()
    (made,) = house.in_shop(number)
    assert (made.carrier, made.service, made.is_paid) == ("PostNord AB", "MyPack Home", True)
    (row,) = house.dispatches(number)
    assert (row.state, row.carrier_code, row.external_id) == ("SENT", "PostNord AB", str(made.id))
    house.wait(30)
    (row,) = house.dispatches(number)
    assert (row.state, row.standing) == ("SHOWN", "Shown by Centra")
    assert house.mutations() == {"createShipment": 1, "completeShipment": 1}
    assert house.cases() == []
    assert house.centra.mails == []


def test_an_order_leaves_in_two_parcels(house: Warehouse) -> None:
    number = house.buy(TEE_BLK_M=2, COAT_NVY_38=1)
    first, second = house.split(house.hand_on(number), {TEE: 1})
    house.leave(second, tracking="A")
    house.tell()
    assert told(house, number) == [("A", "shipped", {TEE: 1})], house.reasons()
    assert house.centra.order(number).status == "PROCESSING"

    house.advance(400)
    house.leave(first, tracking="B")
    house.tell()

    assert told(house, number)[1:] == [("B", "shipped", {TEE: 1, COAT: 1})], house.reasons()
    assert house.centra.order(number).status == "SHIPPED"
    assert house.mutations() == {"createShipment": 2, "completeShipment": 2}


def test_a_parcel_that_serves_two_orders_is_a_shipment_of_each(house: Warehouse) -> None:
    numbers = [house.buy(TEE_BLK_M=1), house.buy(COAT_NVY_38=1)]
    shipments = [house.shipments(house.hand_on(number))[0] for number in numbers]
    house.leave(house.fulfil.merge_shipments(*shipments), tracking="A")

    house.tell()

    assert [told(house, number) for number in numbers] == [
        [("A", "shipped", {TEE: 1})],
        [("A", "shipped", {COAT: 1})],
    ], house.reasons()
    house.wait(30)
    assert [[row.state for row in house.dispatches(number)] for number in numbers] == [["SHOWN"], ["SHOWN"]]


# --- the carrier ------------------------------------------------------------------------------------------------------
def test_a_carrier_that_nobody_mapped_is_a_case_and_its_mapping_lets_the_parcel_go(unmapped: Warehouse) -> None:
    number = unmapped.buy(TEE_BLK_M=1)
    (shipment,) = unmapped.shipments(unmapped.hand_on(number))
    unmapped.leave(shipment)
    unmapped.tell()
    assert unmapped.cases() == [("unmapped_carrier", 1)], unmapped.reasons()
    assert ExceptionCase.objects.unresolved().get().code == "PostNord"
    assert (unmapped.mutations(), told(unmapped, number)) == ({}, [])

    unmapped.map("carrier", "PostNord", "PostNord AB", link=unmapped.onward)
    unmapped.work()

    assert told(unmapped, number) == [("T1", "shipped", {TEE: 1})], unmapped.reasons()
    assert unmapped.in_shop(number)[0].service is None
    assert unmapped.cases() == []


# --- answers that were lost -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("operation", ["createShipment", "completeShipment"])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_answer_makes_no_second_shipment_and_leaves_none_half_made(
    house: Warehouse, operation: str, kind: str
) -> None:
    set_connection(house, dispatch_emails=True)
    number = house.buy(TEE_BLK_M=2)
    (shipment,) = house.shipments(house.hand_on(number))
    house.leave(shipment)
    house.centra.faults.add(Fault(kind=kind, operation=operation))

    house.tell()
    house.wait(120)

    assert told(house, number) == [("T1", "shipped", {TEE: 2})], house.reasons()
    assert [row.state for row in house.dispatches(number)] == ["SHOWN"]
    assert [mail.kind for mail in house.centra.mails] == ["shipment"]
    assert house.unsettled() == []


def test_what_was_completed_is_shown_even_if_a_poll_was_faster_than_the_look_up(house: Warehouse) -> None:
    number = house.buy(TEE_BLK_M=1)
    (shipment,) = house.shipments(house.hand_on(number))
    house.leave(shipment)
    house.centra.faults.add(Fault(kind="drop_after", operation="completeShipment"))
    house.tell()
    house.read_back(number, OrderState.SHIPPED)

    house.wait(120)

    assert [row.state for row in house.dispatches(number)] == ["SHOWN"], house.reasons()
    assert house.mutations() == {"createShipment": 1, "completeShipment": 1}


# --- money ------------------------------------------------------------------------------------------------------------
def test_a_capture_that_hides_in_a_warning_is_a_case_once_and_the_shipment_is_shown(house: Warehouse) -> None:
    set_connection(house, capture_payments=True)
    house.centra.configure(capture="fail")
    number = house.buy(TEE_BLK_M=1)
    (shipment,) = house.shipments(house.hand_on(number))
    house.leave(shipment)

    house.tell()
    house.wait(60)

    assert house.cases() == [("payment_not_captured", 1)], house.reasons()
    assert sentence() == (
        f"Centra made shipment {number}-1 without capturing the payment, and completed it all the same. "
        "Shipment was created, but the capture failed."
    )
    assert [row.state for row in house.dispatches(number)] == ["SHOWN"]
    assert ExceptionCase.objects.count() == 1


# --- what does not fit ------------------------------------------------------------------------------------------------
def test_more_than_was_ordered_is_a_case_and_nothing_is_sent(house: Warehouse) -> None:
    number = house.buy(TEE_BLK_M=2)
    (shipment,) = house.shipments(house.hand_on(number))
    SoldLine.objects.filter(order__link=house.onward).update(quantity=1)  # one was cancelled, and the poll has seen it
    house.leave(shipment)

    house.tell()

    assert house.cases() == [("packed_beyond_order", 1)], house.reasons()
    case = ExceptionCase.objects.get()
    assert (case.context["units"], case.context["order"]) == ([f"1 of {TEE}"], str(number))
    assert (house.mutations(), told(house, number)) == ({}, [])


@pytest.mark.parametrize("seen", [True, False])
def test_an_order_that_was_cancelled_in_centra_after_packing_is_a_case(house: Warehouse, seen: bool) -> None:
    number = house.buy(TEE_BLK_M=1)
    (shipment,) = house.shipments(house.hand_on(number))
    house.centra.cancel_order(number)
    if seen:
        house.read_back(number, OrderState.CANCELLED)
    house.leave(shipment)

    house.tell()

    assert house.cases() == [("cancelled_after_dispatch", 1)], house.reasons()
    assert (house.mutations(), told(house, number)) == ({}, [])


def test_an_order_on_hold_says_what_to_do_and_goes_on_when_it_is_tried_again(house: Warehouse) -> None:
    number = house.buy(TEE_BLK_M=1)
    (shipment,) = house.shipments(house.hand_on(number))
    house.centra.hold_order(number)
    house.leave(shipment)
    house.tell()
    assert house.cases() == [("refused_by_platform", 1)], house.reasons()
    assert "Settle the hold in Centra, then try again." in sentence()
    assert house.mutations() == {}

    house.centra.release_order(number)
    retry(ExceptionCase.objects.get(), by="olivia")
    house.wait(30)

    assert told(house, number) == [("T1", "shipped", {TEE: 1})], house.reasons()
    assert house.cases() == []


def test_an_order_that_was_shipped_by_hand_in_centra_is_not_shipped_twice_and_ends_once_that_is_read(
    house: Warehouse,
) -> None:
    number = house.buy(TEE_BLK_M=1)
    (shipment,) = house.shipments(house.hand_on(number))
    house.centra.ship_order(number, tracking="BY-HAND")
    house.leave(shipment)
    house.tell()
    assert house.cases() == [("refused_by_platform", 1)], house.reasons()
    assert f"shipped already in {number}-1" in sentence()

    house.read_back(number, OrderState.SHIPPED)
    retry(ExceptionCase.objects.get(), by="olivia")
    house.work()

    assert told(house, number) == [("BY-HAND", "shipped", {TEE: 1})]
    assert (house.mutations(), house.cases()) == ({}, []), house.reasons()


def test_a_shipment_that_centra_does_not_show_any_more_is_a_case_in_words_that_fit(house: Warehouse) -> None:
    number = house.buy(TEE_BLK_M=1)
    (shipment,) = house.shipments(house.hand_on(number))
    house.leave(shipment)
    house.tell()
    (made,) = house.in_shop(number)
    made.is_shipped = False
    Link.objects.filter(pk=house.onward.pk).update(dispatch_confirmed_within_hours=1)
    place.forget()

    house.wait(3600 + 900)

    assert house.cases() == [("dispatch_unconfirmed", 1)], house.reasons()
    told_of = explain(ExceptionCase.objects.get())
    words = f"{told_of.sentence} {told_of.why} {told_of.if_nobody_acts}"
    assert words.startswith("1 dispatch was sent to Centra, which still doesn't show it as shipped after 1 h.")
    assert "marketplace" not in words


# --- onward to the marketplace ----------------------------------------------------------------------------------------
def test_a_marketplace_s_order_goes_from_fulfil_to_centra_to_the_marketplace_once(
    world: World, fulfil: FulfilSandbox
) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    world.poll()
    (placed,) = world.in_centra(reference)
    house = behind(world, fulfil)
    set_connection(house, dispatch_emails=True, capture_payments=True)
    house.map("carrier", "PostNord", "PostNord AB", link=house.onward)
    house.map("carrier", "PostNord AB", "DPDUK", link=house.link)
    (shipment,) = house.shipments(house.hand_on(placed.number))
    house.leave(shipment, tracking="15501234567890")

    for _ in range(3):
        house.tell()
        house.wait(301)

    assert told(house, placed.number) == [("15501234567890", "shipped", {TEE: 2})], house.reasons()
    assert house.state_at_northgate(reference) == "SHIPPED", house.reasons()
    assert house.mirakl.journal.count("ST01") == 1
    assert house.mutations() == {"createShipment": 1, "completeShipment": 1}
    assert [row.state for row in house.order(reference).dispatches.all()] == ["SHOWN"]
    assert [row.state for row in house.dispatches(placed.number)] == ["SHOWN"]
    assert [entry.operation for entry in fulfil.journal.entries() if entry.operation in NOT_READ] == []
    assert [mail for mail in house.centra.mails if mail.kind == "shipment"] == []
    assert house.cases() == []
