"""A retailer's orders on Virtualstock through the hub's own flows: acknowledged, created, dispatched, cancelled, at cost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from exceptions_app.deciding import close_case
from exceptions_app.models import ExceptionCase
from integrationhub.orders import deciding
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.models import SyncJob
from tests import factories
from tests.flows.giving_back import read, row_of, take_back
from tests.flows.virtualstock_fixtures import bare_supplier, edge, supplier, warehouse
from tests.flows.virtualstock_world import COAT, GOODS, TEE, Supplier

__all__ = ["bare_supplier", "edge", "supplier", "warehouse"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(supplier: Supplier) -> User:
    return factories.make_person("alice", ("OPS", supplier.brand), ("ADMIN", supplier.brand))


def decide(supplier: Supplier, name: str, reference: str, by: User) -> str:
    return deciding.decide(name, supplier.order(reference).pk, by=by, reason="Because")


def asked_by_status(supplier: Supplier) -> list[str]:
    entries = supplier.edge.journal.entries("listOrders")
    return [part.removeprefix("status=") for one in entries for part in one.query.split("&") if "status=" in part]


# --- the whole way ----------------------------------------------------------------------------------------------------
def test_an_order_is_polled_acknowledged_created_dispatched_and_shown(supplier: Supplier) -> None:
    reference = supplier.order_goods()

    supplier.poll()

    assert asked_by_status(supplier)[:4] == ["ORDER", "ORDER_ACK", "BACKORDER", "CANCEL"]
    assert not [one for one in supplier.edge.journal.entries("listOrders") if "updated" in one.query]
    assert supplier.edge.line_statuses(reference) == ["ORDER_ACK", "ORDER_ACK"], supplier.reasons()
    supplier.poll()
    supplier.poll()
    (order,) = supplier.in_centra(reference)
    assert (order.status, supplier.centra.journal.count("POST /order")) == ("CONFIRMED", 1)
    supplier.ship(reference)
    supplier.wait(60)

    assert supplier.edge.line_statuses(reference) == ["DISPATCH", "DISPATCH"], supplier.reasons()
    assert supplier.order(reference).dispatches.get().state == "SHOWN"
    assert supplier.writes() == ["acknowledgeOrder", "dispatchOrder"]
    # A line is named as each call wants it, never without its zeros, and the carrier by the slug of the live list.
    assert [item["line_reference"] for item in supplier.edge.order(reference)["items"]] == ["0501", "0502"]
    for operation in ("acknowledgeOrder", "dispatchOrder"):
        named = [(item["line_ref"], item["part_number"], item["quantity"]) for item in supplier.items(operation)]
        assert named == [("0501", TEE, 2), ("0502", COAT, 1)]
    assert supplier.edge.journal.count("listCarriers") >= 1
    told = {(item["carrier"], item["tracking_number"]) for item in supplier.items("dispatchOrder")}
    assert told == {("dpd", "15501234567890")}
    assert supplier.cases() == []


# --- money ------------------------------------------------------------------------------------------------------------
def test_what_the_retailer_pays_is_what_centra_shows_to_the_penny(supplier: Supplier) -> None:
    reference = supplier.taken({"sku": TEE, "quantity": 3, "cost": "11.37", "reference": "1"})

    row = supplier.order(reference)
    assert (row.total, row.tax) == (Decimal("40.93"), Decimal("6.82"))  # 3 × 11.37 and 20 % of it
    assert (row.target_total, row.target_confirmed_at is not None) == (Decimal("40.93"), True)
    assert supplier.cases() == []


def test_an_order_without_prices_waits_and_nothing_is_sent(supplier: Supplier) -> None:
    supplier.edge.change_retailer(sends_prices=False)
    reference = supplier.order_goods()

    supplier.poll()

    assert (supplier.in_centra(reference), supplier.writes()) == ([], [])
    assert [cause for cause, _ in supplier.cases()] == ["unreadable_record"]


# --- lead times, zones, statuses that disagree ------------------------------------------------------------------------
@pytest.mark.parametrize("bare_supplier", [{"lead_time_days": 2, "zone": "Australia/Sydney"}], indirect=True)
def test_times_without_a_zone_are_read_and_written_in_the_connections(supplier: Supplier) -> None:
    supplier.edge.change_settings(timezone="Australia/Sydney")  # eleven hours ahead in January
    placed_at = supplier.clock.now()
    reference = supplier.taken(placed_at=placed_at)
    supplier.advance(4 * 3600 + 30 * 60)  # half past one in London is another day in Sydney
    supplier.ship(reference)
    supplier.wait(60)

    assert supplier.edge.order(reference)["order_date"] == "2026-01-15T20:00:00"
    assert supplier.order(reference).placed_at == placed_at == datetime(2026, 1, 15, 9, tzinfo=UTC)
    at = datetime.fromisoformat(supplier.edge.journal.entries("acknowledgeOrder")[0].at)
    promised = {item["supplier_dispatch_date"] for item in supplier.items("acknowledgeOrder")}
    assert promised == {(at + timedelta(days=2, hours=11)).strftime("%Y-%m-%dT%H:%M:%S")}
    assert {item["supplier_dispatch_date"] for item in supplier.items("dispatchOrder")} == {"2026-01-16"}


@pytest.mark.parametrize(
    ("disagreement", "shown"),
    [
        ({"line_status_lags": True}, ("ORDER_ACK", {"ORDER"})),  # as captured
        ({"order_status_lag_seconds": 3600}, ("ORDER", {"ORDER_ACK"})),
    ],
)
def test_an_order_and_its_lines_that_disagree_are_acknowledged_once(
    supplier: Supplier, disagreement: dict[str, Any], shown: tuple[str, set[str]]
) -> None:
    supplier.edge.change_settings(**disagreement)
    reference = supplier.order_goods()
    for _ in range(3):
        supplier.poll()

    order = supplier.edge.order(reference)
    assert (order["status"], {item["status"] for item in order["items"]}) == shown
    assert (supplier.writes(), len(supplier.in_centra(reference))) == (["acknowledgeOrder"], 1)
    assert supplier.order(reference).state == "READY_TO_SHIP"


# --- signing in -------------------------------------------------------------------------------------------------------
def test_a_token_that_ends_between_two_steps_is_renewed_and_nothing_is_done_twice(supplier: Supplier) -> None:
    reference = supplier.order_goods()
    supplier.poll()
    supplier.advance(6 * 60)  # an access token lives for five minutes
    supplier.poll()
    supplier.edge.withdraw_tokens()  # and may end before its time
    supplier.ship(reference)
    supplier.wait(60)
    supplier.advance(5 * 3600)  # a refresh token lives for four hours
    supplier.poll()

    assert supplier.writes() == ["acknowledgeOrder", "dispatchOrder"]
    assert supplier.edge.journal.count("requestToken") == 2
    assert supplier.edge.journal.count("refreshToken") >= 2
    assert supplier.cases() == []


@pytest.mark.parametrize("bare_supplier", [{"sign_in": "basic"}], indirect=True)
def test_with_the_plain_password_the_same_way_is_gone(supplier: Supplier) -> None:
    supplier.taken()

    assert supplier.edge.journal.count("requestToken") == 0


# --- held until somebody maps it --------------------------------------------------------------------------------------
def test_an_unmapped_sku_and_delivery_service_hold_the_whole_order_until_they_are_mapped(
    bare_supplier: Supplier,
) -> None:
    supplier = bare_supplier
    supplier.map("sku", TEE, "TEE-BLK-M")
    reference = supplier.order_goods(delivery_service_code="express")
    supplier.poll()
    assert supplier.cases() == [("unmapped_shipping_service", 1), ("unmapped_sku", 1)]

    supplier.map("sku", COAT, "COAT-NVY-38")
    supplier.work()
    assert (supplier.writes(), supplier.in_centra(reference)) == ([], [])
    assert supplier.cases() == [("unmapped_shipping_service", 1)]
    supplier.map("shipping_service", "express", "express-gbp")
    supplier.work()
    supplier.poll()

    assert supplier.cases() == []
    assert len(supplier.in_centra(reference)) == 1
    assert supplier.writes() == ["acknowledgeOrder"]


def test_an_unmapped_carrier_holds_the_dispatch_until_it_is_mapped(supplier: Supplier) -> None:
    reference = supplier.taken()
    supplier.ship(reference, carrier="Royal Mail Tracked")
    assert (supplier.writes(), supplier.cases()) == (["acknowledgeOrder"], [("unmapped_carrier", 1)])

    supplier.map("carrier", "Royal Mail Tracked", "royal-mail")
    supplier.wait(60)

    assert supplier.cases() == []
    assert {item["carrier"] for item in supplier.items("dispatchOrder")} == {"royal-mail"}
    assert supplier.order(reference).dispatches.get().state == "SHOWN"


# --- in parts ---------------------------------------------------------------------------------------------------------
def test_a_line_that_has_left_is_dispatched_while_the_other_waits(supplier: Supplier) -> None:
    reference = supplier.taken()

    supplier.ship(reference, lines={"COAT-NVY-38": 1}, tracking="1550A")
    supplier.wait(60)
    assert supplier.edge.line_statuses(reference) == ["ORDER_ACK", "DISPATCH"]
    supplier.ship(reference, lines={"TEE-BLK-M": 2}, tracking="1550B")
    supplier.wait(60)

    assert supplier.edge.line_statuses(reference) == ["DISPATCH", "DISPATCH"]
    told = [(item["line_ref"], item["tracking_number"]) for item in supplier.items("dispatchOrder")]
    assert told == [("0502", "1550A"), ("0501", "1550B")]
    assert [one.state for one in supplier.order(reference).dispatches.all()] == ["SHOWN", "SHOWN"]
    assert supplier.cases() == []


def test_a_part_of_a_line_waits_for_the_rest_of_it(supplier: Supplier) -> None:
    """This retailer takes a line only whole: it is told with the last parcel's number."""
    reference = supplier.taken(GOODS[0])
    supplier.ship(reference, lines={"TEE-BLK-M": 1}, tracking="1550A")
    supplier.wait(130)
    assert (supplier.edge.line_statuses(reference), supplier.writes()) == (["ORDER_ACK"], ["acknowledgeOrder"])

    supplier.ship(reference, lines={"TEE-BLK-M": 1}, tracking="1550B")
    supplier.wait(300)

    assert supplier.edge.line_statuses(reference) == ["DISPATCH"]
    assert [item["quantity"] for item in supplier.items("dispatchOrder")] == [2]
    assert {one.state for one in supplier.order(reference).dispatches.all()} == {"SHOWN"}
    assert supplier.cases() == []


# --- the retailer cancels ---------------------------------------------------------------------------------------------
def test_what_the_retailer_wants_cancelled_is_cancelled_at_centra_and_acknowledged(supplier: Supplier) -> None:
    reference = supplier.taken()

    supplier.edge.request_cancellation(reference)
    supplier.poll()
    supplier.wait(180)

    assert supplier.order(reference).target_state == "CANCELLED", supplier.reasons()
    assert supplier.edge.line_statuses(reference) == ["CANCEL_ACK", "CANCEL_ACK"]
    assert supplier.writes() == ["acknowledgeOrder", "acknowledgeCancellation"]
    assert supplier.cases() == []


def test_one_line_is_cancelled_and_the_other_goes_on(supplier: Supplier) -> None:
    reference = supplier.taken()

    supplier.edge.request_cancellation(reference, ["0502"])
    supplier.poll()
    supplier.wait(180)

    assert supplier.edge.line_statuses(reference) == ["ORDER_ACK", "CANCEL_ACK"], supplier.reasons()
    assert [item["line_ref"] for item in supplier.items("acknowledgeCancellation")] == ["0502"]
    supplier.ship(reference)
    supplier.wait(60)
    assert supplier.edge.line_statuses(reference) == ["DISPATCH", "CANCEL_ACK"], supplier.reasons()
    assert supplier.cases() == []


def test_what_is_cancelled_before_it_was_created_is_acknowledged_and_created_nowhere(bare_supplier: Supplier) -> None:
    reference = bare_supplier.order_goods()
    bare_supplier.poll()  # it waits for its mappings
    bare_supplier.edge.request_cancellation(reference)
    bare_supplier.poll()
    bare_supplier.wait(180)

    assert bare_supplier.edge.line_statuses(reference) == ["CANCEL_ACK", "CANCEL_ACK"]
    assert bare_supplier.in_centra(reference) == []


def test_a_request_for_what_has_left_is_answered_by_its_dispatch(supplier: Supplier) -> None:
    """Virtualstock takes a dispatch for the answer: Cancellation Requested → Dispatched."""
    reference = supplier.taken()
    (order,) = supplier.in_centra(reference)
    supplier.centra.ship_order(order.number, carrier="DPD Next Day", tracking="15501234567890")

    supplier.edge.request_cancellation(reference)
    supplier.poll()
    supplier.run("read_dispatches")
    supplier.wait(300)
    supplier.advance(3600)  # what has ended is read once an hour
    supplier.poll()

    assert supplier.edge.line_statuses(reference) == ["DISPATCH", "DISPATCH"], supplier.reasons()
    assert supplier.writes() == ["acknowledgeOrder", "dispatchOrder"]
    assert supplier.order(reference).state == "SHIPPED"
    assert (supplier.cases(), supplier.open_jobs()) == ([], [])


# --- we cancel --------------------------------------------------------------------------------------------------------
def test_an_order_that_we_cancel_goes_on_back_order_until_the_retailer_cancels_it(
    supplier: Supplier, alice: User
) -> None:
    reference = supplier.taken()

    decide(supplier, "cancel", reference, alice)
    supplier.work()

    assert supplier.order(reference).target_state == "CANCELLED"
    assert supplier.edge.line_statuses(reference) == ["BACKORDER", "BACKORDER"], supplier.reasons()
    assert {item["sub_status"] for item in supplier.items("backorderOrder")} == {"Out of Stock"}
    job = SyncJob.objects.filter(flow="cancel_sold_order").get()
    assert job.reason == "Harrow & Vale is asked to cancel it; it is over once that is done there."
    supplier.poll()
    assert [one.status for one in supplier.in_centra(reference)] == ["CANCELLED"]

    supplier.edge.request_cancellation(reference)
    supplier.poll()
    supplier.wait(180)
    assert supplier.edge.line_statuses(reference) == ["CANCEL_ACK", "CANCEL_ACK"], supplier.reasons()
    assert supplier.writes() == ["acknowledgeOrder", "backorderOrder", "acknowledgeCancellation"]
    assert supplier.cases() == []


def test_what_is_cancelled_in_centra_needs_no_reason_code(supplier: Supplier) -> None:
    """Virtualstock has no reason codes for suppliers: no mapping of one is asked for."""
    supplier.run("read_events")
    reference = supplier.taken()
    (order,) = supplier.in_centra(reference)

    supplier.centra.cancel_order(order.number)
    supplier.advance(61)
    supplier.run("read_events")

    assert supplier.edge.line_statuses(reference) == ["BACKORDER", "BACKORDER"], supplier.reasons()
    assert supplier.cases() == []


def test_an_order_that_we_do_not_take_is_put_on_back_order_and_never_created(supplier: Supplier, alice: User) -> None:
    supplier.centra.set_stock("COAT-NVY-38", 0)
    reference = supplier.order_goods()
    supplier.poll()
    assert "out_of_stock" in dict(supplier.cases())
    standing = deciding.standing_of(SoldOrder.objects.get(reference=reference))
    refuse = deciding.action("refuse", standing, has=lambda right: True)
    assert refuse.consequences[0] == (
        "Harrow & Vale is asked to cancel it: its lines go on back order with a reason. It is over once Harrow & Vale"
        " cancels it."
    )

    decide(supplier, "refuse", reference, alice)
    supplier.work()
    supplier.centra.set_stock("COAT-NVY-38", 5)
    for _ in range(3):
        supplier.poll()

    assert supplier.edge.line_statuses(reference) == ["BACKORDER", "BACKORDER"], supplier.reasons()
    assert supplier.in_centra(reference) == []
    assert list(supplier.promises(reference).filter(state="HELD")) == []
    supplier.edge.request_cancellation(reference)
    supplier.poll()
    supplier.wait(180)
    assert supplier.edge.line_statuses(reference) == ["CANCEL_ACK", "CANCEL_ACK"], supplier.reasons()


# --- test orders ------------------------------------------------------------------------------------------------------
def test_a_test_order_is_told_as_one_and_never_sent_to_the_warehouse(supplier: Supplier) -> None:
    reference = supplier.order_goods(test_flag=True)
    for _ in range(3):
        supplier.poll()
    supplier.advance(3 * 24 * 3600)
    supplier.run("watch_acceptance")

    assert (supplier.in_centra(reference), supplier.writes(), supplier.cases()) == ([], [], [])
    row = supplier.order(reference)
    assert (row.accept_by, row.ship_by) == (None, None)
    assert supplier.job("import_order", reference).reason == (
        "A test order of Harrow & Vale: it is neither accepted nor sent to the warehouse."
    )


# --- returns ----------------------------------------------------------------------------------------------------------
def test_a_return_that_the_retailer_announces_is_kept_and_ends_as_the_portal_decides(supplier: Supplier) -> None:
    reference = supplier.taken()
    supplier.ship(reference)
    supplier.wait(60)
    announced = supplier.edge.add_return(reference, "0501", 1, reason_code="200")

    supplier.advance(301)
    supplier.run("read_returns")

    row = supplier.order(reference).returns.get()
    assert (row.source_id, row.source_state, row.state) == (announced, "RMA", "REQUESTED")
    assert [(line.order_line_id, line.quantity, line.reason) for line in row.lines.all()] == [("0501", 1, "Faulty")]
    supplier.edge.decide_return(announced, "authorise")
    supplier.edge.decide_return(announced, "approve")
    supplier.advance(3600)  # what is decided is read once an hour
    supplier.run("read_returns")

    row.refresh_from_db()
    assert (row.source_state, row.state) == ("RMA_REC", "REQUESTED")
    assert supplier.edge.journal.count("acknowledgeReturn") == 0
    assert supplier.cases() == []

    made = take_back(supplier, reference, {"TEE-BLK-M": 1})  # the same goods, as Centra's people take them back
    read(supplier)
    supplier.run("watch_returns")
    row.refresh_from_db()
    assert (row.state, row_of(made).state) == ("COMPLETED", "BY_HAND")
    assert "gave back £14.40" in supplier.sentences()[0]  # at cost, and its tax
    assert "takes no refunds from other programs" in supplier.sentences()[0]
    close_case(ExceptionCase.objects.unresolved().get().pk, actor="fiona", reason="Credit note CN-4 sent.")
    supplier.run("watch_returns")
    assert (row_of(made).state, supplier.cases()) == ("COMPLETED", [])
