"""Ten orders missing for five days with no error anywhere is what users fear most: the count finds them within the hour."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from connectors.sandboxkit import Fault
from exceptions_app.deciding import request_retry
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import plain
from integrationhub.orders.flows import counting
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.models import CountUnderWay, DayCount, SyncJob
from tests.flows.world import World

pytestmark = pytest.mark.django_db

HIDDEN_SECONDS = 12 * 60  # longer than the polls overlap
TODAY = date(2026, 1, 15)


@pytest.fixture
def trading(world: World) -> World:
    """Two hours of ordinary trade are behind it, and everything is complete."""
    world.roomy()
    world.advance(2 * 3600)
    world.poll()
    return world


def sell(world: World, **sale: object) -> str:
    return world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING", **sale)


def hide(world: World) -> str:
    """An order that no poll shows in time: the marketplace's index shows it late, with the date of its change as it was."""
    world.mirakl.change_settings(index_lag_seconds=HIDDEN_SECONDS)
    reference = sell(world)
    for _ in range(HIDDEN_SECONDS // 121 + 2):
        world.poll()
    world.mirakl.change_settings(index_lag_seconds=0)
    assert not SoldOrder.objects.filter(reference=reference).exists()
    return reference


def count(world: World) -> None:
    """The hour is over."""
    world.advance(120)
    world.run("count_orders")


def today() -> DayCount:
    return DayCount.objects.get(day=TODAY)


def test_a_day_is_complete_only_when_number_and_value_are_the_same_everywhere(trading: World) -> None:
    for _ in range(3):
        sell(trading)
    trading.poll()
    trading.poll()
    count(trading)
    row = today()
    assert (row.source_count, row.hub_count, row.target_count, row.complete) == (3, 3, 3, True)
    assert row.source_value == row.hub_value == row.target_value > Decimal(89)
    yesterday = DayCount.objects.get(day=TODAY - timedelta(days=1))
    assert (yesterday.source_count, yesterday.complete) == (0, True)
    assert trading.cases() == []


def test_an_order_that_no_poll_saw_and_no_error_told_of_is_a_case_within_one_cycle(trading: World) -> None:
    reference = hide(trading)
    assert trading.cases() == []
    count(trading)
    assert trading.cases() == [("order_missing", 1)]
    case = ExceptionCase.objects.get()
    assert plain(case) == f"1 order of Northgate never reached Centra, and no error told of it: {reference}."
    assert case.waiting_value == Decimal("29.90") + trading_shipping(trading, reference)
    row = today()
    assert (row.source_count, row.hub_count, row.missing_count, row.missing) == (1, 0, 1, [reference])
    assert not row.complete
    assert trading.in_centra(reference) == []


def trading_shipping(world: World, reference: str) -> Decimal:
    order = world.mirakl.order(reference)
    return Decimal(str(order["shipping_price"]))


def test_the_fix_reads_the_order_in_and_the_case_closes_when_it_has_arrived(trading: World) -> None:
    reference = hide(trading)
    count(trading)
    case = ExceptionCase.objects.get()
    request_retry(case.pk, actor="olivia")
    trading.wait(60)
    assert [order.status for order in trading.in_centra(reference)] == ["CONFIRMED"]
    case.refresh_from_db()
    assert (case.state, trading.cases()) == ("CLOSED", [])
    count(trading)
    assert (today().complete, today().target_count) == (True, 1)


def test_the_case_stays_as_long_as_the_order_is_missing_however_often_it_is_counted(trading: World) -> None:
    hide(trading)
    for _ in range(3):
        count(trading)
    assert trading.cases() == [("order_missing", 1)]
    assert ExceptionCase.objects.count() == 1


def test_several_missing_orders_are_one_case_that_names_them(trading: World) -> None:
    first, second = hide(trading), hide(trading)
    count(trading)
    case = ExceptionCase.objects.get()
    assert (case.waiting_count, case.context["orders"]) == (2, [first, second])
    assert first in plain(case)
    assert second in plain(case)


def test_an_order_that_comes_in_by_itself_closes_the_case_at_the_next_count(trading: World) -> None:
    reference = hide(trading)
    count(trading)
    trading.mirakl.market.touch(trading.mirakl.market.orders[reference])
    trading.poll()
    trading.poll()
    assert [order.status for order in trading.in_centra(reference)] == ["CONFIRMED"]
    count(trading)
    trading.wait(30)
    assert trading.cases() == []
    assert today().complete


def test_what_the_hub_knows_a_reason_for_is_waiting_and_not_missing(trading: World) -> None:
    """One waits for a mapping, one for acceptance, and one was sold a moment ago and will be read by the next poll."""
    unmapped = trading.sell(("NG-NEW", 1, "10.00"), to="SHIPPING")
    accepting = trading.sell()
    trading.poll()
    fresh = sell(trading)
    count(trading)
    row = today()
    assert (row.source_count, row.missing, sorted(row.waiting)) == (3, [], sorted([unmapped, accepting, fresh]))
    assert not row.complete
    assert "order_missing" not in dict(trading.cases())


def test_refused_and_cancelled_orders_are_nobodys_to_miss(trading: World) -> None:
    trading.mirakl.change_settings(index_lag_seconds=HIDDEN_SECONDS)
    reference = sell(trading)
    trading.mirakl.cancel_order(reference)
    for _ in range(HIDDEN_SECONDS // 121 + 2):
        trading.poll()
    trading.mirakl.change_settings(index_lag_seconds=0)
    count(trading)
    assert (today().source_count, today().complete, trading.cases()) == (0, True, [])


def test_an_order_that_got_lost_inside_the_hub_is_missing_too(trading: World) -> None:
    """In the ledger, due at the target, not there, and no job left that would bring it."""
    reference = sell(trading)
    trading.poll()
    trading.poll()
    SoldOrder.objects.filter(reference=reference).update(target_external_id="", target_state="")
    SyncJob.objects.filter(key=reference, flow="reconcile_order").update(state="DONE")
    count(trading)
    assert (today().hub_count, today().target_count, today().missing) == (1, 0, [reference])
    assert trading.cases() == [("order_missing", 1)]


def test_what_was_sold_before_the_link_started_is_not_missed(trading: World) -> None:
    trading.link.started_at = trading.clock.now() + timedelta(seconds=1)
    trading.link.save()
    trading.northgate.feeds.all().delete()
    sell(trading)
    trading.advance(300)
    trading.poll()
    trading.poll()
    count(trading)
    assert (today().source_count, trading.cases()) == (0, [])


def test_a_listing_is_one_use_of_the_poll_operation_however_many_pages_it_takes(
    trading: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.mirakl import client

    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    for _ in range(5):
        sell(trading)
    trading.poll()
    trading.poll()
    trading.mirakl.journal.clear()
    count(trading)
    listings = [entry for entry in trading.mirakl.journal.entries("OR11") if "start_date" in entry.query]
    assert len(listings) == 3
    assert (today().source_count, today().complete) == (5, True)


def test_a_count_that_is_cut_off_between_two_pages_goes_on_there(
    trading: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.mirakl import client

    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    for _ in range(5):
        sell(trading)
    trading.poll()
    trading.poll()
    trading.mirakl.faults.add(Fault(kind="rate_limit", operation="OR11", skip=1, seconds=20))
    count(trading)
    kept = CountUnderWay.objects.get()
    assert len(kept.marks) == 2
    trading.wait(120)
    assert not CountUnderWay.objects.exists()
    assert (today().source_count, today().complete) == (5, True)


def test_values_that_differ_are_not_complete_though_the_numbers_are_equal(trading: World) -> None:
    reference = sell(trading)
    trading.poll()
    trading.poll()
    SoldOrder.objects.filter(reference=reference).update(target_total=Decimal("1.00"))
    count(trading)
    row = today()
    assert (row.source_count, row.hub_count, row.target_count) == (1, 1, 1)
    assert (row.complete, row.differing, row.missing) == (False, [reference], [])


def test_a_person_whose_word_does_not_help_is_asked_again(trading: World) -> None:
    """What was read in and is still not there may not be called arrived."""
    reference = hide(trading)
    count(trading)
    case = ExceptionCase.objects.get()
    trading.link.target.schedules.filter(flow="import_order").update(mode="HELD")
    request_retry(case.pk, actor="olivia")
    trading.wait(30)
    assert trading.cases() == [("order_missing", 1)]
    assert trading.in_centra(reference) == []
    assert counting.LOOK_AGAIN_SECONDS == 15
