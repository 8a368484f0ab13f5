"""What people cancel in Fulfil is known within one poll, and Centra follows where a person or the link says so."""

from decimal import Decimal

import pytest

from connectors.centra.sandbox import payments
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from integrationhub.orders import deciding
from integrationhub.sync.blocking import retry
from integrationhub.sync.models import InboxRecord, SyncJob, WriteIntent
from integrationhub.sync.writes import SETTLE_SECONDS
from tests import factories
from tests.flows.warehouse_fixtures import bare, centra, fulfil, world
from tests.flows.warehouse_world import COAT, TEE, Warehouse

__all__ = ["bare", "centra", "fulfil", "world"]

pytestmark = pytest.mark.django_db


def sent(world: Warehouse, *lines: tuple[str, int, str]) -> tuple[str, int]:
    """An order that Fulfil is working on, and that the hub has looked at: its number in Centra and in Fulfil."""
    number = world.sell(*lines)
    world.poll()
    look(world)
    return number, int(world.order(number).target_external_id)


def look(world: Warehouse) -> None:
    world.clock.advance(121)
    world.run("read_order_changes")


def follows(world: Warehouse) -> None:
    """The link lets the shop follow by itself."""
    world.link.cancels_in_shop = True
    world.link.save()
    world.clock.advance(6)


def cancellations(world: Warehouse) -> int:
    return len(world.centra.calls("cancelDirectToConsumerOrder"))


def in_centra(world: Warehouse, number: str) -> str:
    return str(world.centra.order(int(number)).status)


def decide_to_cancel(world: Warehouse, number: str) -> None:
    alice = factories.make_person("alice", ("OPS", world.brand))
    deciding.decide("cancel", world.order(number).pk, by=alice, reason="None on the shelf")
    world.work()


def test_a_cancelled_order_is_known_within_one_poll_and_centra_is_not_touched_unasked(world: Warehouse) -> None:
    number, sale = sent(world, (COAT, 1, "120"))

    world.fulfil.cancel_order(sale)
    look(world)

    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, case.object_key) == ("cancelled_in_warehouse", f"order:{world.order(number).pk}")
    assert case.context["charged"] == {"amount": "120.000000", "currency": "GBP"}
    assert (
        case.context["differences"] == [{"what": "Order", "theirs": "Ready to ship, £120.00", "ours": "Cancelled"}]
        or case.context["differences"]
    )
    assert (world.order(number).target_state, in_centra(world, number), cancellations(world)) == (
        "CANCELLED",
        "CONFIRMED",
        0,
    )


def test_a_person_cancels_it_in_centra_too_and_the_case_closes(world: Warehouse) -> None:
    number, sale = sent(world)
    world.fulfil.cancel_order(sale)
    look(world)

    decide_to_cancel(world, number)

    assert (in_centra(world, number), cancellations(world), world.cases()) == ("CANCELLED", 1, []), world.reasons()
    world.poll()
    look(world)
    assert (cancellations(world), world.order(number).state, world.cases()) == (1, "CANCELLED", [])


def test_cancelled_in_centra_by_hand_the_case_closes_with_the_next_reading(world: Warehouse) -> None:
    number, sale = sent(world)
    world.fulfil.cancel_order(sale)
    look(world)
    assert world.cases() == [("cancelled_in_warehouse", 1)]

    world.centra.cancel_order(int(number))
    world.poll()

    assert (world.cases(), cancellations(world)) == ([], 0)


def test_an_order_put_back_to_work_in_fulfil_closes_its_case_when_it_is_looked_at_again(world: Warehouse) -> None:
    number, sale = sent(world)
    world.fulfil.cancel_order(sale)
    look(world)
    (row,) = world.fulfil.orders_by_identifier(number)
    world.fulfil.tenant.update("sale.sale", row, state="processing")

    retry(ExceptionCase.objects.unresolved().get(), by="olivia")
    world.work()

    assert (world.cases(), in_centra(world, number)) == ([], "CONFIRMED")


def test_an_order_that_centra_holds_meanwhile_is_not_forgotten(world: Warehouse) -> None:
    number, sale = sent(world)
    world.centra.hold_order(int(number))
    world.poll()

    world.fulfil.cancel_order(sale)
    look(world)

    assert ("cancelled_in_warehouse", 1) in world.cases()


def test_where_the_link_says_so_centra_follows_once_however_often_it_is_read(world: Warehouse) -> None:
    follows(world)
    number, sale = sent(world)

    world.fulfil.cancel_order(sale)
    for _ in range(3):
        look(world)
        world.poll()

    assert (in_centra(world, number), cancellations(world), world.cases()) == ("CANCELLED", 1, []), world.reasons()


def test_centra_that_took_the_money_refuses_and_a_person_reads_its_words(world: Warehouse) -> None:
    follows(world)
    number, sale = sent(world)
    order = world.centra.order(int(number))
    payments.add_entry(world.centra.shop, order, "CAPTURE", "SUCCESS", Decimal(30))

    world.fulfil.cancel_order(sale)
    look(world)

    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, in_centra(world, number)) == ("refused_by_platform", "CONFIRMED")
    assert "already captured" in case.platform_words


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "malformed"])
def test_an_uncertain_answer_ends_with_one_cancellation_and_nothing_in_doubt(world: Warehouse, kind: str) -> None:
    follows(world)
    number, sale = sent(world)
    world.centra.faults.add(Fault(kind=kind, operation="CancelOrder"))  # type: ignore[arg-type]

    world.fulfil.cancel_order(sale)
    look(world)
    world.poll()  # Centra's own word for it may come before the second try
    world.wait(SETTLE_SECONDS + 5)

    assert (in_centra(world, number), world.cases()) == ("CANCELLED", [])
    assert set(WriteIntent.objects.values_list("state", flat=True)) == {"DONE"}


def test_an_order_cancelled_on_both_sides_at_once_is_nobodys_work(world: Warehouse) -> None:
    number, sale = sent(world)
    world.centra.cancel_order(int(number))
    world.fulfil.cancel_order(sale)

    look(world)
    world.poll()

    assert (world.cases(), cancellations(world), world.sales(number)) == ([], 0, ["cancel"])


def test_what_the_hub_cancelled_in_fulfil_does_not_come_back(world: Warehouse) -> None:
    number, _ = sent(world)
    world.centra.cancel_order(int(number))
    world.poll()
    assert world.sales(number) == ["cancel"]

    look(world)

    assert not SyncJob.objects.filter(flow="cancel_sold_order").exists()
    assert world.cases() == []


def test_an_order_that_centra_has_shipped_is_not_cancelled_there(world: Warehouse) -> None:
    follows(world)
    number, sale = sent(world)
    world.centra.ship_order(int(number))
    world.poll()

    world.fulfil.cancel_order(sale)
    look(world)

    assert (in_centra(world, number), cancellations(world)) == ("SHIPPED", 0)


def test_units_taken_off_are_a_case_with_both_sides_and_the_amount_until_they_agree(world: Warehouse) -> None:
    number, sale = sent(world, (TEE, 3, "30"), (COAT, 1, "120"))

    world.fulfil.reduce_line(sale, TEE, 1)
    look(world)

    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, case.context["lacking"]) == ("units_cancelled_at_target", {TEE: 1})
    assert case.context["worth"] == {"amount": "30.00", "currency": "GBP"}
    assert case.context["differences"] == [{"what": f"Units of {TEE}", "theirs": "3", "ours": "2"}]
    world.centra.cancel_line(int(number), TEE, 1)
    world.poll()
    assert world.cases() == [], world.reasons()


def test_every_page_is_read_and_what_did_not_change_makes_no_work(
    world: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.fulfil.changes.ORDER_ROWS", 2)
    sales = [sent(world)[1] for _ in range(3)]
    world.fulfil.cancel_order(sales[2])
    look(world)
    assert world.cases() == [("cancelled_in_warehouse", 1)]
    stored = InboxRecord.objects.filter(connection=world.warehouse, kind="order").count()

    look(world)

    assert InboxRecord.objects.filter(connection=world.warehouse, kind="order").count() == stored
