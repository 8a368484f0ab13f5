"""Cancellations in both directions, whole and in part; what the hub did itself does not come back to it."""

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.mirakl.sandbox import givingback
from connectors.mirakl.sandbox.amounts import share
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from integrationhub.inventory.models import Reservation
from integrationhub.orders.flows import cancelling
from integrationhub.sync.blocking import retry
from integrationhub.sync.enqueue import NewJob
from integrationhub.sync.models import SyncJob, WriteIntent
from integrationhub.sync.writes import SETTLE_SECONDS
from tests.flows.world import World

pytestmark = pytest.mark.django_db

TEE = ("NG-TEE-BLK-M", 2, "29.90")
COAT = ("NG-COAT-NVY-38", 1, "199.00")
REASONS = {"cancellation_reason": "34", "refund_reason": "15"}  # the marketplace's own codes


@pytest.fixture
def told(world: World) -> World:
    """The hub hears of changes at Centra and knows the marketplace's reason codes."""
    for name, code in REASONS.items():
        setattr(world.link, name, code)
    world.link.save()
    world.map("carrier", "DPD Next Day", "DPDUK")
    world.run("read_events")
    return world


def created(world: World, *lines: tuple[str, int, str], to: str = "SHIPPING", **sale: Any) -> str:
    reference = world.sell(*(lines or (TEE, COAT)), to=to, **sale)
    world.poll()
    return reference


def refund_line(world: World, reference: str, index: int) -> None:
    line = world.mirakl.order(reference)["order_lines"][index]
    world.mirakl.create_refund(
        line["order_line_id"],
        line["price"],
        shipping_amount=line["shipping_price"],
        quantity=line["quantity"],
        excluded_from_shipment=True,
    )


def cancel_units(world: World, reference: str, *, quantity: int) -> None:
    """The operator cancels some units of the first line, which is not paid yet."""
    order = world.mirakl.market.orders[reference]
    line, mode = order.lines[0], world.mirakl.market.settings.order_tax_mode
    part = line.goods.gross * quantity / line.quantity
    piece = givingback.Piece(
        order=order,
        line=line,
        goods=share(line.goods, spent=line.goods_spent, part=part, mode=mode, given={}),
        shipping=share(line.shipping, spent=line.shipping_spent, part=Decimal(0), mode=mode, given={}),
        quantity=quantity,
        reason_code="35",
    )
    with world.mirakl.lock:
        givingback.cancel(world.mirakl.market, [piece])


def nothing_open(world: World) -> None:
    assert (world.open_jobs(), world.cases()) == ([], [])


# --- from where it was sold to where it is fulfilled -------------------------------------------------------------------


def test_an_order_cancelled_at_the_marketplace_is_cancelled_in_centra_and_its_stock_is_free(told: World) -> None:
    reference = created(told)
    told.mirakl.cancel_order(reference)
    told.poll()
    assert [order.status for order in told.in_centra(reference)] == ["CANCELLED"]
    assert [told.centra.stock(sku)["allocated"] for sku in ("TEE-BLK-M", "COAT-NVY-38")] == [0, 0]
    assert told.order(reference).target_state == "CANCELLED"
    nothing_open(told)


def test_a_line_refunded_before_it_was_shipped_is_cancelled_in_centra_and_the_rest_ships(told: World) -> None:
    reference = created(told)
    refund_line(told, reference, 0)
    told.poll()
    (order,) = told.in_centra(reference)
    assert order.status == "CONFIRMED"
    assert {line.sku: line.open_quantity for line in order.lines} == {"TEE-BLK-M": 0, "COAT-NVY-38": 1}
    told.centra.ship_order(order.number, carrier="DPD Next Day", tracking="1")
    told.advance(3)
    told.run("read_dispatches")
    told.wait(60)
    assert told.order(reference).dispatches.get().state == "SHOWN", told.reasons()
    nothing_open(told)


def test_some_units_of_a_line_cancelled_before_payment_are_cancelled_in_centra(told: World) -> None:
    reference = created(told, ("NG-TEE-BLK-M", 3, "29.90"), payment_workflow="PAY_ON_SHIPMENT")
    cancel_units(told, reference, quantity=1)
    told.poll()
    (order,) = told.in_centra(reference)
    assert [line.open_quantity for line in order.lines] == [2]
    cancel_units(told, reference, quantity=1)
    told.poll()
    assert [line.open_quantity for line in order.lines] == [1]
    assert told.order(reference).created_units == 1
    nothing_open(told)


def test_two_lines_of_one_sku_lose_the_units_of_the_line_that_was_cancelled(told: World) -> None:
    reference = created(told, ("NG-TEE-BLK-M", 2, "29.90"), ("NG-TEE-BLK-M", 1, "25.00"))
    refund_line(told, reference, 1)
    told.poll()
    (order,) = told.in_centra(reference)
    assert sum(line.open_quantity for line in order.lines) == 2
    nothing_open(told)


def test_an_order_cancelled_before_it_was_ever_read_is_not_created(told: World) -> None:
    reference = told.sell(TEE, to="SHIPPING")
    told.mirakl.cancel_order(reference)
    told.poll()
    assert (told.in_centra(reference), told.centra.journal.count("POST /order")) == ([], 0)
    nothing_open(told)


def test_an_order_cancelled_while_it_waited_for_a_mapping_is_not_created_and_its_case_closes(told: World) -> None:
    reference = created(told, ("NG-SCARF", 1, "19.90"))
    assert told.cases() == [("unmapped_sku", 1)]
    told.mirakl.cancel_order(reference)
    told.poll()
    nothing_open(told)
    told.map("sku", "NG-SCARF", "TEE-BLK-M")
    told.work()
    assert (told.in_centra(reference), told.centra.journal.count("POST /order")) == ([], 0)


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "late"])
def test_an_order_cancelled_while_nobody_knew_whether_it_was_created_does_not_stay_in_centra(
    told: World, kind: str
) -> None:
    """The create's answer was lost, and before the hub could look, the customer cancelled."""
    told.centra.faults.add(Fault(kind=kind, operation="POST /order", seconds=100 if kind == "late" else 0))
    reference = told.sell(TEE, COAT, to="SHIPPING")
    told.poll()
    told.mirakl.cancel_order(reference)
    told.poll()
    told.wait(900)
    told.poll()
    assert [order.status for order in told.in_centra(reference) if order.status != "CANCELLED"] == []
    assert [told.centra.stock(sku)["allocated"] for sku in ("TEE-BLK-M", "COAT-NVY-38")] == [0, 0]
    assert told.confirmed_numbers() == []
    nothing_open(told)


def test_reserved_stock_is_let_go_when_the_customer_cancels_before_paying(told: World) -> None:
    told.mirakl.change_settings(debit_request_seconds=None, debit_confirm_seconds=None)
    reference = created(told, ("NG-COAT-NVY-38", 5, "199.00"), to="")
    assert told.promises(reference).get().state == Reservation.State.HELD
    told.mirakl.cancel_order(reference)
    told.poll()
    assert told.promises(reference).get().state == Reservation.State.RELEASED
    nothing_open(told)


def test_an_order_cancelled_after_it_was_shipped_is_a_case_and_nothing_is_cancelled(told: World) -> None:
    reference = created(told)
    (order,) = told.in_centra(reference)
    told.centra.ship_order(order.number, carrier="DPD Next Day", tracking="1")
    told.mirakl.cancel_order(reference)
    told.poll()
    assert told.cases() == [("cancelled_after_dispatch", 1)]
    assert order.status == "SHIPPED"
    assert told.centra.journal.count("CancelOrder") == 0
    told.advance(3)
    told.run("read_dispatches")
    assert told.mirakl.journal.count("ST01") == 0
    assert dict(told.cases())["cancelled_after_dispatch"] in (1, 2)


# --- from where it is fulfilled to where it was sold -------------------------------------------------------------------


def lines_given_back(world: World, reference: str, name: str) -> list[int]:
    return [len(line[name]) for line in world.mirakl.order(reference)["order_lines"]]


def test_a_paid_order_cancelled_in_centra_is_refunded_at_the_marketplace_once(told: World) -> None:
    reference = created(told)
    told.centra.cancel_order(told.in_centra(reference)[0].number)
    told.run("read_events")
    assert lines_given_back(told, reference, "refunds") == [1, 1]
    for _ in range(3):
        told.poll()
        told.run("read_events")
    assert lines_given_back(told, reference, "refunds") == [1, 1]
    assert told.mirakl.journal.count("OR28") == 1
    nothing_open(told)


def test_an_order_not_paid_yet_that_is_cancelled_in_centra_is_cancelled_at_the_marketplace(told: World) -> None:
    reference = created(told, payment_workflow="PAY_ON_SHIPMENT")
    told.centra.cancel_order(told.in_centra(reference)[0].number)
    told.run("read_events")
    told.poll()
    assert lines_given_back(told, reference, "cancelations") == [1, 1]
    assert told.state_at_northgate(reference) == "CANCELED"
    nothing_open(told)


def test_without_a_reason_code_the_marketplace_is_told_nothing_and_a_person_is(told: World) -> None:
    told.link.refund_reason = ""
    told.link.save()
    told.advance(6)
    reference = created(told)
    told.centra.cancel_order(told.in_centra(reference)[0].number)
    told.run("read_events")
    assert told.cases() == [("unmapped_refund_reason", 1)]
    assert told.mirakl.journal.count("OR28") == 0
    told.map("refund_reason", "REFUND", "15", link=told.link)
    told.work()
    assert [json.loads(entry.body)["refunds"][0]["reason_code"] for entry in told.mirakl.journal.entries("OR28")] == [
        "15"
    ]
    nothing_open(told)


def test_a_cancellation_by_the_hub_that_comes_back_as_an_event_does_not_travel_on(told: World) -> None:
    reference = created(told)
    told.mirakl.cancel_order(reference)
    told.poll()
    sent = [entry.operation for entry in told.mirakl.journal.entries() if entry.method != "GET"]
    told.run("read_events")
    told.poll()
    assert [entry.operation for entry in told.mirakl.journal.entries() if entry.method != "GET"] == sent
    assert not SyncJob.objects.filter(flow="cancel_sold_order").exists()
    nothing_open(told)


def test_a_second_copy_that_the_hub_cancels_does_not_cancel_the_sale(told: World) -> None:
    told.centra.faults.add(Fault(kind="late", operation="POST /order", seconds=100))
    reference = created(told)
    told.wait(3600)
    told.run("read_events")
    told.poll()
    assert [order.status for order in told.in_centra(reference)] == ["CONFIRMED", "CANCELLED"]
    assert told.state_at_northgate(reference) == "SHIPPING"
    assert not SyncJob.objects.filter(flow="cancel_sold_order").exists()
    assert WriteIntent.objects.filter(operation="cancel_twin").count() == 1


def test_an_event_about_an_order_of_somebody_else_changes_nothing(told: World) -> None:
    created(told)
    told.centra.shop.events.add("Order", "UPDATED", 4_242)
    told.run("read_events")
    nothing_open(told)


# --- changes that meet each other on the way ---------------------------------------------------------------------------


def test_units_cancelled_while_nobody_knew_whether_the_order_was_created_are_taken_off_before_it_is_confirmed(
    told: World,
) -> None:
    told.centra.faults.add(Fault(kind="drop_after", operation="POST /order"))
    reference = told.sell(("NG-TEE-BLK-M", 3, "29.90"), to="SHIPPING", payment_workflow="PAY_ON_SHIPMENT")
    told.poll()
    cancel_units(told, reference, quantity=1)
    told.poll()
    told.wait(600)
    (order,) = told.in_centra(reference)
    assert (order.status, [line.open_quantity for line in order.lines]) == ("CONFIRMED", [2])
    assert told.order(reference).target_total == told.order(reference).total
    nothing_open(told)


def test_a_cancellation_seen_at_centra_travels_on_even_if_the_worker_dies_on_the_way(
    told: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = created(told)
    told.centra.cancel_order(told.in_centra(reference)[0].number)
    enqueue, died = cancelling.enqueue, []

    def dying(job: NewJob) -> int:
        if not died:
            died.append(job)
            raise MemoryError
        return enqueue(job)

    monkeypatch.setattr(cancelling, "enqueue", dying)
    told.run("read_events")
    (case,) = ExceptionCase.objects.unresolved()
    assert (case.cause, told.order(reference).target_state) == ("our_bug", "CONFIRMED")
    retry(case, by="olivia")
    told.work()
    assert lines_given_back(told, reference, "refunds") == [1, 1]


def test_units_that_a_person_took_off_in_centra_are_a_case_until_the_marketplace_knows(told: World) -> None:
    reference = created(told, TEE, COAT)
    told.centra.cancel_line(told.in_centra(reference)[0].number, "COAT-NVY-38", 1)
    told.run("read_events")
    assert told.cases() == [("units_cancelled_at_target", 1)]
    assert told.mirakl.journal.count("OR28") == 0
    refund_line(told, reference, 1)
    told.poll()
    nothing_open(told)


@pytest.mark.parametrize("seconds", [40, 200])
def test_a_cancellation_of_units_that_takes_effect_late_is_not_made_twice_unseen(told: World, seconds: float) -> None:
    """Centra counts units, it does not know ours: beyond the settle window too many may go. Then a person is told."""
    reference = created(told, ("NG-TEE-BLK-M", 3, "29.90"), payment_workflow="PAY_ON_SHIPMENT")
    told.run("read_events")
    told.centra.faults.add(Fault(kind="late", operation="UpdateOrder", seconds=seconds))
    cancel_units(told, reference, quantity=1)
    told.poll()
    told.wait(600)
    told.run("read_events")
    (line,) = told.in_centra(reference)[0].lines
    if seconds < SETTLE_SECONDS:
        assert (line.open_quantity, told.cases()) == (2, [])
    else:
        assert (line.open_quantity, told.cases()) == (1, [("units_cancelled_at_target", 1)])
