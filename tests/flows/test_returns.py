"""A return on its two sides: announced at Centra, received and credited in Fulfil, through the real connectors."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import redis

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.sandboxkit import Fault, SandboxClock
from exceptions_app.deciding import close_case
from exceptions_app.telling import tell
from integrationhub.orders.models import SoldReturn
from integrationhub.sync.models import SyncJob
from tests.flows.returns_world import ReturnsWorld, build, stock_up
from tests.sync.conftest import make_flow

__all__ = ["make_flow"]

TEES = {"TEE-BLK-M": (3, "299.00")}
RETURN_ORDER = "sale.sale/return_order"


@pytest.fixture
def centra(virtual_clock: ports.VirtualClock) -> Iterator[CentraSandbox]:
    with CentraSandbox(clock=SandboxClock(virtual_clock.now(), frozen=True)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def fulfil() -> Iterator[FulfilSandbox]:
    with FulfilSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def world(
    db: None,
    virtual_clock: ports.VirtualClock,
    centra: CentraSandbox,
    fulfil: FulfilSandbox,
    redis_client: redis.Redis,
) -> ReturnsWorld:
    fulfil.reset(SandboxClock(virtual_clock.now(), frozen=True))
    stock_up(centra, fulfil)
    return build(virtual_clock, centra, fulfil)


def finish(world: ReturnsWorld, return_id: int, *, damaged: bool = False) -> None:
    """The goods arrive and are inspected, the money goes back, and everything is read."""
    world.receive(return_id)
    world.inspect(return_id, damaged=damaged)
    world.refund(return_id)
    world.read()


def test_a_return_goes_from_announced_to_completed_and_both_sides_agree(world: ReturnsWorld) -> None:
    order = world.sell(TEES, shipping="49.00")
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1}, shipping="49.00")

    world.read()
    row = world.row(made)
    assert (row.state, row.source_total, row.source_tax) == ("ANNOUNCED", Decimal("348.00"), Decimal("69.60"))
    assert row.returned_to_stock is True
    assert world.announced(made) == 1

    world.receive(made)
    world.read()
    assert world.row(made).state == "RECEIVED"

    world.inspect(made)
    world.read()
    row = world.row(made)
    (line,) = row.lines.all()
    assert (row.state, row.credited, row.credited_tax) == ("CREDITED", Decimal("348.00"), Decimal("69.60"))
    assert (line.sku, line.received, line.restocked) == ("TEE-BLK-M", 1, 1)

    world.refund(made)
    world.read()
    row = world.row(made)
    assert row.state == "COMPLETED"
    assert [entry["state"] for entry in row.source_refunds] == ["SUCCESS"]
    assert [note["posted"] for note in row.credit_notes.values()] == [True]
    assert world.cases() == []


def test_a_part_comes_back_twice_and_then_the_rest(world: ReturnsWorld) -> None:
    order = world.sell(TEES, shipping="49.00")
    shipment = world.ship(order)
    made = []
    for costs in ({}, {}, {"shipping": "49.00"}):
        made.append(world.take_back(shipment, {"TEE-BLK-M": 1}, **costs))
        world.read()
        finish(world, made[-1])

    rows = [world.row(one) for one in made]
    assert [row.state for row in rows] == ["COMPLETED"] * 3
    assert [row.credited for row in rows] == [Decimal("299.00"), Decimal("299.00"), Decimal("348.00")]
    assert sum(row.source_refunded or 0 for row in rows) == order.total
    assert world.cases() == []


def test_more_than_was_charged_is_a_case_and_nothing_is_sent(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    shipment = world.ship(order)
    world.goodwill(order, "700.00")
    world.read()
    made = world.take_back(shipment, {"TEE-BLK-M": 1})

    world.read()

    assert "refund_exceeds" in world.cases()
    told = tell(world.case("refund_exceeds"))
    assert "gives back SEK" in told or "999.00" in told
    assert world.announced(made) == 0
    assert world.fulfil.journal.count(RETURN_ORDER) == 0


def test_a_refund_without_goods_is_booked_by_hand_and_closed_with_a_reason(world: ReturnsWorld) -> None:
    order = world.sell(TEES, shipping="49.00")
    world.ship(order)
    world.goodwill(order, "49.00")

    world.read()

    row = SoldReturn.objects.get()
    assert (row.by_hand, row.source_refunds[0]["transaction"]) == (Decimal("49.00"), "psp-77")
    assert world.cases() == ["refund_by_hand"]
    assert "49.00" in tell(world.case("refund_by_hand"))

    close_case(world.case("refund_by_hand").pk, actor="fiona", reason="Booked as INV-9.")
    world.run("watch_returns")
    row.refresh_from_db()
    assert (row.state, world.cases()) == ("COMPLETED", [])


def test_delivery_given_back_a_second_time_is_booked_by_hand(world: ReturnsWorld) -> None:
    order = world.sell(TEES, shipping="49.00")
    shipment = world.ship(order)
    first = world.take_back(shipment, {"TEE-BLK-M": 1}, shipping="20.00")
    world.read()
    second = world.take_back(shipment, {"TEE-BLK-M": 1}, shipping="29.00")

    world.read()
    finish(world, first)
    finish(world, second)

    assert (world.row(first).by_hand, world.row(second).by_hand) == (0, Decimal("29.00"))
    assert world.row(first).credited == Decimal("319.00")
    assert world.row(second).credited == Decimal("299.00")
    assert world.cases() == ["refund_by_hand"]


def test_promotions_and_mixed_taxes_end_equal_after_a_part_was_shipped_and_came_back(world: ReturnsWorld) -> None:
    """The amounts are those of two discounts: prices that no tax rate divides evenly."""
    goods = {"TEE-BLK-M": (3, "254.15"), "COAT-NVY-38": (1, "1614.05"), "BOOK-1": (2, "118.92")}
    order = world.sell(goods, shipping="49.00")
    shipment = world.ship(order, {"TEE-BLK-M": 2, "BOOK-1": 2})

    made = world.take_back(shipment, {"TEE-BLK-M": 1, "BOOK-1": 1}, shipping="49.00", cost="59.00")
    world.read()
    finish(world, made)

    row = world.row(made)
    assert row.source_total == Decimal("363.07")
    assert (row.credited, row.credited_tax) == (row.source_total, row.source_tax)
    assert (row.state, world.cases()) == ("COMPLETED", [])


def test_damaged_goods_are_received_and_not_restocked(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 2})
    world.read()

    finish(world, made, damaged=True)

    (line,) = world.row(made).lines.all()
    assert (line.quantity, line.received, line.restocked) == (2, 2, 0)
    assert world.row(made).state == "COMPLETED"


def test_a_credit_note_that_is_a_cent_apart_is_a_case_until_it_is_put_right(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    world.read()
    world.receive(made)
    world.inspect(made)
    note = world.credit_note(made)
    world.fulfil.tenant.update("account.invoice", note, total_amount=Decimal("299.01"))

    world.refund(made)
    world.read()

    assert (world.cases(), world.row(made).state) == (["credit_differs"], "CREDITED")
    assert "Difference" in tell(world.case("credit_differs"))
    world.clock.advance(60)
    world.fulfil.tenant.update("account.invoice", note, total_amount=Decimal("299.00"))
    world.read()
    assert (world.cases(), world.row(made).state) == ([], "COMPLETED")


def test_a_difference_that_a_person_explained_stays_closed(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    world.read()
    world.receive(made)
    world.inspect(made)
    world.fulfil.tenant.update("account.invoice", world.credit_note(made), total_amount=Decimal("299.01"))
    world.refund(made)
    world.read()

    close_case(world.case("credit_differs").pk, actor="fiona", reason="Rounded up on purpose.")
    world.run("watch_returns")

    assert (world.cases(), world.row(made).state) == ([], "COMPLETED")


def test_an_announcement_whose_answer_was_lost_makes_one_return_order(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    world.fulfil.faults.add(Fault(kind="drop_after", operation=RETURN_ORDER))

    world.read()
    assert SyncJob.objects.get(flow="announce_return").state == "UNKNOWN"
    world.clock.advance(120)
    world.work()

    assert world.fulfil.journal.count(RETURN_ORDER) == 1
    assert (world.announced(made), world.row(made).state) == (1, "ANNOUNCED")


def test_a_refund_that_stays_on_one_side_is_a_case_that_closes_itself(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    world.refund(made)
    world.read()
    world.clock.advance(47 * 3600)
    world.run("watch_returns")
    assert world.cases() == []

    world.clock.advance(2 * 3600)
    world.run("watch_returns")
    assert world.cases() == ["refund_one_sided"]
    assert "shows no credit note" in tell(world.case("refund_one_sided"))

    world.receive(made)
    world.inspect(made)
    world.read()
    assert (world.cases(), world.row(made).state) == ([], "COMPLETED")


def test_what_fulfil_credited_and_centra_did_not_refund_is_told_too(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    world.read()
    world.receive(made)
    world.inspect(made)
    world.read()

    world.clock.advance(49 * 3600)
    world.run("watch_returns")

    assert world.cases() == ["refund_one_sided"]
    assert "has not refunded it" in tell(world.case("refund_one_sided"))


def test_an_event_tells_of_a_completed_return(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    world.run("read_events")
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    world.run("read_events")
    assert world.row(made).state == "ANNOUNCED"

    world.refund(made)
    world.run("read_events")

    assert world.row(made).source_completed_at is not None


def test_a_lost_event_only_makes_a_change_come_later(world: ReturnsWorld) -> None:
    """Completed by hand, so no refund tells of it either: the return is asked for again."""
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    world.read()
    world.complete(made)

    world.read()
    assert world.row(made).source_completed_at is None
    world.clock.advance(3600)
    world.read()

    assert world.row(made).source_completed_at is not None


def test_a_return_that_was_deleted_after_it_was_announced_is_told(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    world.run("read_events")
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    world.run("read_events", "read_received")
    world.clock.advance(601)
    world.run("read_received")

    world.delete(made)
    world.run("read_events")

    assert world.cases() == ["return_withdrawn"]
    assert world.row(made).source_state == "deleted"


def test_a_held_order_announces_nothing(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    order.held_at, order.held_by, order.hold_reason = world.clock.now(), "olivia", "Waits for the customer"
    order.save()

    world.read()

    assert (world.announced(made), world.cases()) == (0, ["on_hold"])


def test_a_return_that_only_fulfil_has_is_told_after_two_days(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    world.ship(order)
    world.credit_without_a_return(order)
    world.read()
    row = SoldReturn.objects.get()
    assert (row.source_id, row.credited, world.cases()) == ("", Decimal("299.00"), [])

    world.clock.advance(48 * 3600)
    world.run("watch_returns")

    assert world.cases() == ["refund_one_sided"]
    assert SoldReturn.objects.count() == 1


def test_a_return_whose_order_is_not_the_hubs_is_none_of_its_business(world: ReturnsWorld) -> None:
    order = world.sell(TEES)
    made = world.take_back(world.ship(order), {"TEE-BLK-M": 1})
    order.delete()

    world.read()

    assert (SoldReturn.objects.count(), world.announced(made)) == (0, 0)
