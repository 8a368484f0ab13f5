"""A refund reaches both sides: what Centra gave back is given back at the marketplace, once; and the reverse is told."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.centra.sandbox import payments, returns
from connectors.sandboxkit import Fault
from exceptions_app.deciding import close_case
from exceptions_app.models import ExceptionCase
from integrationhub.orders.models import SoldReturn
from integrationhub.sync.models import Schedule
from tests.flows.giving_back import causes, read, row_of, take_back, told
from tests.flows.world import World

pytestmark = pytest.mark.django_db

TEE = ("NG-TEE-BLK-M", 2, "29.90")


@pytest.fixture
def refunding(world: World) -> World:
    """The link gives refunds, with a reason of the marketplace's."""
    world.roomy()
    world.link.gives_refunds, world.link.return_reason = True, "17"
    world.link.save()
    world.map("carrier", "DPD Next Day", "DPDUK")
    return world


def shipped(world: World, *lines: tuple[str, int, str], **sale: Any) -> str:
    """Sold at Northgate, sent from Centra, shown as shipped."""
    reference = world.sell(*(lines or (TEE,)), to="SHIPPING", **sale)
    world.poll()
    (order,) = world.in_centra(reference)
    world.centra.ship_order(order.number, carrier="DPD Next Day", tracking="15501234567890")
    world.advance(3)
    world.run("read_dispatches")
    world.wait(60)
    assert world.state_at_northgate(reference) == "SHIPPED", world.reasons()
    return reference


def refunds(world: World, reference: str, line: int = 0) -> list[tuple[Decimal, Decimal]]:
    rows = world.mirakl.order(reference)["order_lines"][line]["refunds"]
    return [(row["amount"], row["shipping_amount"]) for row in rows]


def operator_refunds(world: World, reference: str, amount: str, **more: Any) -> str:
    line = world.mirakl.order(reference)["order_lines"][0]
    return world.mirakl.create_refund(line["order_line_id"], amount, **more)


def test_a_completed_return_is_refunded_once_and_ends_on_both_sides(refunding: World) -> None:
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})

    refunding.advance(601)
    refunding.run("read_returns")
    assert refunds(refunding, reference) == [(Decimal("29.90"), 0)], refunding.reasons()
    assert row_of(made).state == "SENT"
    read(refunding)

    row = row_of(made)
    assert (row.state, row.credited, row.source_total, row.source_refunded) == ("COMPLETED", *[Decimal("29.90")] * 3)
    assert row.source_refunds[0]["transaction"].startswith("RFD-")
    assert [line.order_line_id for line in row.lines.all()] == [f"{reference}-1"]
    assert (refunding.mirakl.journal.count("OR28"), causes(), refunding.unsettled()) == (1, [], [])


def test_a_part_twice_and_then_the_rest_with_the_delivery(refunding: World) -> None:
    reference = shipped(refunding, ("NG-TEE-BLK-M", 3, "29.90"))
    delivery = refunding.order(reference).shipping
    made = []
    for costs in ({}, {}, {"shipping": str(delivery)}):
        made.append(take_back(refunding, reference, {"TEE-BLK-M": 1}, **costs))
        read(refunding)
    read(refunding)

    assert delivery > 0
    assert refunds(refunding, reference) == [(Decimal("29.90"), 0), (Decimal("29.90"), 0), (Decimal("29.90"), delivery)]
    assert [row_of(one).state for one in made] == ["COMPLETED"] * 3
    assert refunding.mirakl.order(reference)["fully_refunded"] is True
    assert (sum(row_of(one).source_refunded or 0 for one in made), causes()) == (refunding.order(reference).total, [])


def test_the_whole_after_a_part_that_was_kept_back_for_returning(refunding: World) -> None:
    reference = shipped(refunding)
    first = take_back(refunding, reference, {"TEE-BLK-M": 1}, cost="5.00")
    read(refunding)
    second = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    read(refunding)

    assert refunds(refunding, reference) == [(Decimal("24.90"), 0), (Decimal("29.90"), 0)]
    assert [row_of(one).state for one in (first, second)] == ["COMPLETED"] * 2


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "late"])
def test_a_refund_with_an_unknown_outcome_is_made_once(refunding: World, kind: str) -> None:
    reference = shipped(refunding)
    first = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    refunding.mirakl.faults.add(Fault(kind=kind, operation="OR28"))
    second = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    refunding.wait(180)
    read(refunding)

    assert refunds(refunding, reference) == [(Decimal("29.90"), 0)] * 2
    assert [row_of(one).state for one in (first, second)] == ["COMPLETED"] * 2
    assert (refunding.unsettled(), causes(), SoldReturn.objects.count()) == ([], [], 2)


def test_what_was_settled_before_the_hub_followed_refunds_is_nobodys_work(refunding: World) -> None:
    reference = shipped(refunding)
    take_back(refunding, reference, {"TEE-BLK-M": 1})
    operator_refunds(refunding, reference, "10.00")
    refunding.advance(60)
    refunding.link.refunds_since = refunding.clock.now()
    refunding.link.save()
    read(refunding)

    assert (SoldReturn.objects.count(), refunding.mirakl.journal.count("OR28"), causes()) == (0, 0, [])


def test_a_return_of_goods_that_are_not_shown_as_shipped_waits_for_that(refunding: World) -> None:
    reference = refunding.sell(TEE, to="SHIPPING")
    refunding.poll()
    (order,) = refunding.in_centra(reference)
    refunding.centra.ship_order(order.number, carrier="DPD Next Day", tracking="1")
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    assert (row_of(made).state, refunds(refunding, reference)) == ("DUE", [])

    refunding.run("read_dispatches")
    refunding.wait(3600)
    assert (row_of(made).state, refunds(refunding, reference)) == ("SENT", [(Decimal("29.90"), 0)])


def test_a_return_that_is_not_complete_refunds_nothing_yet(refunding: World) -> None:
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    with refunding.centra.lock:
        found = refunding.centra.shop.returns.get(made)
        assert found is not None
        returns.uncomplete(refunding.centra.shop, found)
    read(refunding)
    assert (row_of(made).state, refunds(refunding, reference)) == ("MADE", [])

    with refunding.centra.lock:
        returns.complete(refunding.centra.shop, found)
    refunding.advance(3600)
    read(refunding)
    assert refunds(refunding, reference) == [(Decimal("29.90"), 0)]


def test_without_the_links_word_nothing_is_sent_and_a_person_says_it_is_done(refunding: World) -> None:
    refunding.link.gives_refunds = False
    refunding.link.save()
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)

    assert (row_of(made).state, causes()) == ("BY_HAND", ["refund_to_give"])
    assert "£29.90" in told("refund_to_give")
    assert "does not let the hub refund" in told("refund_to_give")
    close_case(ExceptionCase.objects.get().pk, actor="fiona", reason="Refunded in the back office.")
    refunding.run("watch_returns")
    assert (row_of(made).state, causes(), refunding.mirakl.journal.count("OR28")) == ("COMPLETED", [], 0)


def test_a_case_closes_by_itself_once_the_marketplace_shows_the_refund(refunding: World) -> None:
    refunding.link.gives_refunds = False
    refunding.link.save()
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    operator_refunds(refunding, reference, "29.90")
    read(refunding)
    read(refunding)

    assert (row_of(made).state, causes(), SoldReturn.objects.count()) == ("COMPLETED", [], 1)


def test_in_shadow_mode_nothing_is_sent(refunding: World) -> None:
    reference = shipped(refunding)
    refunding.run("read_returns")
    Schedule.objects.update_or_create(
        flow="refund_sold_order",
        link=refunding.link,
        connection=refunding.northgate,
        defaults={"mode": Schedule.Mode.SHADOW},
    )
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)

    assert (row_of(made).state, refunds(refunding, reference)) == ("DUE", [])


def test_what_the_balance_does_not_cover_is_for_the_operator(refunding: World) -> None:
    reference = shipped(refunding)
    refunding.mirakl.change_settings(balance_check=True)
    take_back(refunding, reference, {"TEE-BLK-M": 2})
    read(refunding)

    assert (causes(), refunds(refunding, reference)) == (["refund_to_give"], [])
    assert "only its operator can" in told("refund_to_give")


def test_a_closed_order_is_refunded_by_hand(refunding: World) -> None:
    reference = shipped(refunding)
    refunding.mirakl.advance_order(reference, "CLOSED")
    take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)

    assert (causes(), refunding.mirakl.journal.count("OR28")) == (["refund_to_give"], 0)
    assert "in the state the order is in" in told("refund_to_give")


def test_what_the_marketplace_refunded_already_is_not_refunded_again(refunding: World) -> None:
    reference = shipped(refunding)
    operator_refunds(refunding, reference, "29.90")
    read(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    read(refunding)

    assert (row_of(made).state, refunding.mirakl.journal.count("OR28")) == ("COMPLETED", 0)
    assert SoldReturn.objects.count() == 1


def test_another_refund_of_the_same_line_is_compared_by_a_person(refunding: World) -> None:
    reference = shipped(refunding)
    operator_refunds(refunding, reference, "10.00")
    take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)

    assert (causes(), refunding.mirakl.journal.count("OR28")) == (["refund_to_give"], 0)
    assert "compare the two" in told("refund_to_give")


def test_more_than_is_left_there_is_told_with_both_amounts_and_not_sent(refunding: World) -> None:
    """A goodwill of the operator's that a person explained is no answer to a return, and leaves less of the line."""
    reference = shipped(refunding)
    operator_refunds(refunding, reference, "20.00", quantity=0)
    read(refunding)
    read(refunding)
    refunding.advance(48 * 3600)
    refunding.run("watch_returns")
    close_case(ExceptionCase.objects.unresolved().get().pk, actor="fiona", reason="A goodwill of the operator's.")
    refunding.run("watch_returns")
    take_back(refunding, reference, {"TEE-BLK-M": 2})
    read(refunding)

    delivery = refunding.order(reference).shipping
    assert (causes(), refunding.mirakl.journal.count("OR28")) == (["refund_to_give"], 0)
    assert "gave back £59.80" in told("refund_to_give")
    assert f"Only £{Decimal('39.80') + delivery:.2f} of it is left" in told("refund_to_give")


def test_a_refund_of_the_marketplaces_own_is_one_sided_after_two_days(refunding: World) -> None:
    reference = shipped(refunding)
    operator_refunds(refunding, reference, "29.90")
    read(refunding)
    read(refunding)
    assert (SoldReturn.objects.get().state, causes()) == ("REFUNDED", [])
    refunding.advance(48 * 3600)
    refunding.run("watch_returns")

    assert causes() == ["refund_one_sided"]
    assert "has no return for it" in told("refund_one_sided")
    take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    assert (SoldReturn.objects.get().state, causes()) == ("COMPLETED", [])


def test_what_was_asked_for_and_is_not_paid_after_two_days_is_told(refunding: World) -> None:
    """And asked for again every day, should a poll have missed it."""
    refunding.mirakl.change_settings(refund_confirm_seconds=None)
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    refunding.advance(48 * 3600)
    refunding.run("watch_returns")

    assert causes() == ["refund_one_sided"]
    assert "has not paid it yet" in told("refund_one_sided")
    with refunding.mirakl.lock:
        (refund,) = refunding.mirakl.order(reference)["order_lines"][0]["refunds"]
        refunding.mirakl.confirm_refund(refund["id"])
    refunding.advance(24 * 3600)
    refunding.run("watch_returns")
    assert (row_of(made).state, causes()) == ("COMPLETED", [])


def test_delivery_alone_is_for_a_person_and_is_known_again_when_it_was_refunded(refunding: World) -> None:
    reference = shipped(refunding)
    delivery = refunding.order(reference).shipping
    (order,) = refunding.in_centra(reference)
    with refunding.centra.lock:
        entry = payments.add_entry(refunding.centra.shop, order, "REFUND", "SUCCESS", delivery, reference="psp-77")
    read(refunding)
    assert (causes(), refunding.mirakl.journal.count("OR28")) == (["refund_to_give"], 0)
    assert "nobody says what it is for" in told("refund_to_give")

    operator_refunds(refunding, reference, "0", shipping_amount=str(delivery), quantity=0)
    read(refunding)
    read(refunding)
    row = SoldReturn.objects.get()
    assert (row.target_id, row.state, row.source_shipping) == (f"refund-{entry.id}", "COMPLETED", delivery)
    assert causes() == []


def test_a_refund_without_a_reason_of_theirs_waits_for_its_mapping(refunding: World) -> None:
    refunding.link.return_reason = ""
    refunding.link.save()
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    assert (causes(), refunds(refunding, reference)) == (["unmapped_refund_reason"], [])

    refunding.map("refund_reason", "RETURN", "17")
    refunding.work()
    read(refunding)
    assert (row_of(made).state, refunds(refunding, reference)) == ("COMPLETED", [(Decimal("29.90"), 0)])


def test_a_held_order_refunds_nothing(refunding: World) -> None:
    reference = shipped(refunding)
    order = refunding.order(reference)
    order.held_at, order.held_by, order.hold_reason = refunding.clock.now(), "olivia", "Waits for the customer"
    order.save()
    take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)

    assert (causes(), refunds(refunding, reference)) == (["on_hold"], [])
