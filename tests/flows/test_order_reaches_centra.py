"""A sold order becomes an order in Centra: whole, once, with the marketplace's money."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.canonical.stock import StockLevel
from integrationhub.inventory import readings
from integrationhub.inventory.models import Reservation
from integrationhub.sync.models import SyncJob, WriteIntent
from tests.flows.world import World

pytestmark = pytest.mark.django_db


def test_a_paid_order_is_created_and_confirmed_once(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    world.poll()
    assert world.reasons() == []
    (order,) = world.in_centra(reference)
    assert order.status == "CONFIRMED"
    row = world.order(reference)
    assert (row.target_external_id, row.target_state) == (str(order.number), "CONFIRMED")
    assert row.target_total == row.total
    world.poll()
    assert len(world.in_centra(reference)) == 1
    assert WriteIntent.objects.get(operation="create_order").tries == 1


def held(world: World, reference: str) -> dict[str, int]:
    rows = world.promises(reference).filter(state=Reservation.State.HELD)
    return dict(rows.values_list("sku", "quantity"))


def test_units_of_a_paid_order_are_held_until_centra_has_counted_them(world: World) -> None:
    """A count that Centra took before the order came still offers them."""
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    world.poll()
    created = world.clock.now()
    for counted, left in ((created - timedelta(seconds=60), {"TEE-BLK-M": 2}), (created + timedelta(seconds=1), {})):
        readings.record(world.centra_row.pk, [StockLevel(sku="TEE-BLK-M", available=9, as_of=counted)])
        assert held(world, reference) == left
    assert {one.state for one in world.promises(reference)} == {Reservation.State.COUNTED}


def test_an_order_is_reserved_accepted_and_created_when_it_is_paid(world: World) -> None:
    """The address is withheld until payment, so the hub reserves first."""
    reference = world.sell(("NG-COAT-NVY-38", 2, "199.00"))
    world.poll()
    assert world.state_at_northgate(reference) == "WAITING_DEBIT"
    assert world.in_centra(reference) == []
    assert [(r.sku, r.quantity, r.state) for r in world.promises(reference).all()] == [("COAT-NVY-38", 2, "HELD")]
    world.advance(60)
    world.poll()
    assert world.state_at_northgate(reference) == "SHIPPING"
    (order,) = world.in_centra(reference)
    assert order.status == "CONFIRMED"


def test_one_unmapped_line_of_two_holds_the_whole_order(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), ("NG-UNKNOWN", 1, "10.00"), to="SHIPPING")
    world.poll()
    assert world.in_centra(reference) == []
    assert world.centra.journal.count("POST /order") == 0
    assert world.cases() == [("unmapped_sku", 1)]
    assert world.job("import_order", reference).state == SyncJob.State.BLOCKED
    assert held(world, reference) == {"TEE-BLK-M": 1}, "what is paid is nobody else's while somebody maps the rest"

    world.map("sku", "NG-UNKNOWN", "TEE-BLK-L")
    world.work()
    (order,) = world.in_centra(reference)
    assert order.status == "CONFIRMED"
    assert world.cases() == []


def test_an_order_is_not_accepted_while_a_line_is_unmapped(world: World) -> None:
    reference = world.sell(("NG-UNKNOWN", 1, "10.00"))
    world.poll()
    assert world.state_at_northgate(reference) == "WAITING_ACCEPTANCE"
    assert world.mirakl.journal.count("OR21") == 0


def test_stock_that_is_short_is_a_case_and_nothing_is_promised(world: World) -> None:
    reference = world.sell(("NG-COAT-NVY-38", 6, "199.00"))
    world.poll()
    assert world.state_at_northgate(reference) == "WAITING_ACCEPTANCE"
    assert world.mirakl.journal.count("OR21") == 0
    assert world.cases() == [("out_of_stock", 1)]
    assert world.promises(reference).count() == 0


def test_the_last_unit_is_promised_to_one_order_only(world: World) -> None:
    first = world.sell(("NG-COAT-NVY-38", 3, "199.00"))
    second = world.sell(("NG-COAT-NVY-38", 3, "199.00"))
    world.poll()
    states = sorted(world.state_at_northgate(reference) for reference in (first, second))
    assert states == ["WAITING_ACCEPTANCE", "WAITING_DEBIT"]
    assert world.cases() == [("out_of_stock", 1)]


def test_a_total_that_differs_by_a_penny_is_never_confirmed(world: World) -> None:
    world.centra.configure(charge_difference=Decimal("0.01"))
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.poll()
    (order,) = world.in_centra(reference)
    assert order.status == "PENDING"
    assert world.cases() == [("money_mismatch", 1)]


def test_a_line_that_does_not_divide_evenly_keeps_its_total(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 3, "33.33"), to="SHIPPING")
    world.poll()
    (order,) = world.in_centra(reference)
    row = world.order(reference)
    assert (order.status, row.target_total) == ("CONFIRMED", row.total)


def test_a_cancelled_order_is_cancelled_in_centra(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.poll()
    free = world.centra.stock("TEE-BLK-M")["free"]
    world.mirakl.cancel_order(reference)
    world.poll()
    (order,) = world.in_centra(reference)
    assert order.status == "CANCELLED"
    assert world.reasons() == []
    assert world.centra.stock("TEE-BLK-M")["free"] == free + 1


def test_an_order_cancelled_before_it_was_created_is_never_created(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.mirakl.cancel_order(reference)
    world.poll()
    assert world.in_centra(reference) == []
    assert world.centra.journal.count("POST /order") == 0
