"""Stock from Centra to Mirakl through the real connectors: what is shown is what is free, and nothing older overtakes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.stock import StockLevel
from connectors.mirakl.connector import MiraklConnector
from connectors.models import Link
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from integrationhub.inventory import breaker, ledger, promises, readings
from integrationhub.inventory.flows.reading import OLD_HOURS
from integrationhub.inventory.models import (
    ChannelStock,
    StockDelivery,
    StockHold,
    StockLimits,
    StockReading,
    StockRule,
    StockSwitch,
)
from integrationhub.sync.models import Schedule
from tests.flows.world import World

pytestmark = pytest.mark.django_db

State = ChannelStock.State
TEE, LARGE, COAT = "NG-TEE-BLK-M", "NG-TEE-BLK-L", "NG-COAT-NVY-38"


@pytest.fixture
def shop(world: World) -> Iterator[World]:
    """What is mapped is offered; both sides' limits as documented; orders read a moment ago."""
    world.roomy()
    for sku in (TEE, LARGE, COAT):
        world.mirakl.add_offer(sku)
    world.run("list_stock")
    world.run("read_stock")
    return world


def publish(world: World, *, seconds: float = 300) -> None:
    """One slot: publish, and follow to the end."""
    world.advance(61)
    world.start("publish_stock")
    world.wait(seconds)


def shown(world: World, *skus: str) -> list[int]:
    return [world.mirakl.market.offers[sku].quantity for sku in skus]


def row(world: World, sku: str = TEE) -> ChannelStock:
    return ChannelStock.objects.get(link=world.link, channel_sku=sku)


def sent(world: World) -> int:
    return world.mirakl.journal.count("STO01")


def count(world: World, sku: str, units: int) -> None:
    """Centra's warehouse counts, and its queue tells."""
    world.centra.set_stock(sku, units)


def hear(world: World) -> None:
    world.advance(61)
    world.run("read_events")


# --- the whole way ----------------------------------------------------------------------------------------------------
def test_what_centra_has_is_what_mirakl_shows(shop: World) -> None:
    publish(shop)
    assert shown(shop, TEE, LARGE, COAT) == [50, 50, 5]
    assert sent(shop) == 1
    assert {(one.state, one.acknowledged, one.dirty) for one in ChannelStock.objects.all()} == {
        (State.ACKNOWLEDGED, 50, False),
        (State.ACKNOWLEDGED, 5, False),
    }
    assert shop.cases() == []


def test_where_nothing_changed_nothing_is_sent(shop: World) -> None:
    publish(shop)
    for _ in range(3):
        shop.advance(61)
        shop.run("read_stock")
        publish(shop)
    assert sent(shop) == 1


def test_only_what_changed_is_sent_and_five_to_zero_arrives(shop: World) -> None:
    publish(shop)
    hear(shop)
    count(shop, "COAT-NVY-38", 0)
    hear(shop)
    publish(shop)
    assert shown(shop, TEE, LARGE, COAT) == [50, 50, 0]
    assert StockDelivery.objects.latest("pk").lines == 1
    assert row(shop, COAT).acknowledged == 0


def test_ten_changes_of_a_sku_are_one_send_of_the_last_value(shop: World) -> None:
    publish(shop)
    hear(shop)
    for units in range(41, 31, -1):
        count(shop, "TEE-BLK-M", units)
        hear(shop)
        ledger.compute(shop.northgate, [shop.link])
    publish(shop)
    assert (shown(shop, TEE), sent(shop)) == ([32], 2)
    assert row(shop).superseded == 9


def test_what_the_channel_is_busy_with_waits_for_the_next_batch(shop: World) -> None:
    busy = RefusedLine(sku=TEE, message="It is being published.", busy=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            MiraklConnector,
            "follow_stock",
            lambda self, ticket: Delivery(state=DeliveryState.DONE, ticket=ticket, refused=(busy,)),
        )
        publish(shop, seconds=61)
    assert (row(shop).state, row(shop).acknowledged, row(shop).reason) == (State.PENDING, None, "")
    assert row(shop, LARGE).state == State.ACKNOWLEDGED
    publish(shop)
    assert (row(shop).state, row(shop).acknowledged) == (State.ACKNOWLEDGED, 50)
    assert (StockDelivery.objects.latest("pk").lines, shop.cases()) == (1, [])


def test_what_changes_while_a_file_is_on_its_way_follows_in_the_next(shop: World) -> None:
    publish(shop)
    hear(shop)
    count(shop, "TEE-BLK-M", 20)
    hear(shop)
    shop.advance(61)
    shop.run("publish_stock")
    assert row(shop).state == State.SENT
    count(shop, "TEE-BLK-M", 19)
    hear(shop)
    ledger.compute(shop.northgate, [shop.link])
    assert (row(shop).sent, row(shop).computed, row(shop).state) == (20, 19, State.SENT)
    shop.wait(120)
    assert row(shop).acknowledged == 20
    publish(shop)
    assert (shown(shop, TEE), row(shop).acknowledged) == ([19], 19)


def test_one_import_of_an_account_is_in_flight_at_a_time(shop: World) -> None:
    shop.advance(61)
    shop.run("publish_stock")
    batch = ledger.on_its_way(shop.northgate)
    assert batch is not None
    ChannelStock.objects.filter(channel_sku=TEE).update(state=State.PENDING)
    assert ledger.claim(shop.northgate, [shop.link.pk], size=10) is None
    assert StockDelivery.objects.count() == 1


# --- promises ---------------------------------------------------------------------------------------------------------
def test_what_is_promised_to_an_order_on_its_way_is_not_for_sale(shop: World) -> None:
    publish(shop)
    shop.sell((COAT, 3, "199.00"))
    shop.poll()
    assert [(one.sku, one.quantity) for one in promises.Reservation.objects.filter(state="HELD")] == [
        ("COAT-NVY-38", 3)
    ]
    publish(shop)
    assert shown(shop, COAT) == [2]
    assert (row(shop, COAT).available, row(shop, COAT).reserved) == (5, 3)


def test_units_of_a_cancelled_order_come_back_less_what_is_kept_back(shop: World) -> None:
    StockRule.objects.create(brand=shop.brand, buffer_units=4, changed_by="olivia", reason="Test")
    reference = shop.sell((COAT, 1, "149.00"))
    shop.poll()
    publish(shop)
    assert shown(shop, COAT) == [0]
    shop.mirakl.cancel_order(reference)
    shop.poll()
    publish(shop)
    assert shown(shop, COAT) == [1]  # 5 less 4, not 5


def test_a_promise_ends_when_a_count_made_after_the_order_was_created_is_in_hand(shop: World) -> None:
    reference = shop.sell((COAT, 3, "199.00"))
    shop.poll()
    shop.mirakl.request_debit(reference)
    shop.mirakl.confirm_debit(reference)
    shop.poll()
    assert [order.status for order in shop.in_centra(reference)] == ["CONFIRMED"]
    assert shop.promises(reference).get().state == "HELD"
    readings.ask(shop.centra_row.pk, ["COAT-NVY-38"])
    shop.advance(61)
    shop.run("read_stock")
    assert shop.promises(reference).get().state == "COUNTED"
    publish(shop)
    assert (shown(shop, COAT), row(shop, COAT).reserved) == ([2], 0)


# --- readings ---------------------------------------------------------------------------------------------------------
def test_an_older_reading_never_replaces_a_newer_one(shop: World) -> None:
    now, owner = shop.clock.now(), shop.centra_row.pk
    readings.record(owner, [StockLevel(sku="TEE-BLK-M", available=7, as_of=now)])
    taken = readings.record(owner, [StockLevel(sku="TEE-BLK-M", available=90, as_of=now - timedelta(seconds=5))])
    assert taken == []
    assert StockReading.objects.get(sku="TEE-BLK-M").available == 7


def test_stock_that_changes_without_an_event_is_found_by_the_rolling_reading(shop: World) -> None:
    """A bundle's stock follows from its parts: Centra tells of the part that was sold, not of the bundle."""
    publish(shop)
    shop.centra.shop.switches.events_enabled = False
    count(shop, "COAT-NVY-38", 2)
    shop.advance(61)
    shop.run("read_stock")
    publish(shop)
    assert shown(shop, COAT) == [5]
    shop.advance(OLD_HOURS * 3600)
    shop.run("read_stock")
    publish(shop)
    assert (shown(shop, COAT), row(shop, COAT).acknowledged) == ([2], 2)


def test_a_run_reads_a_sku_once_even_if_it_is_told_of_meanwhile(shop: World) -> None:
    """On a clock that stands, what is told of at the moment of its reading stays asked for: the next run reads it."""
    readings.ask(shop.centra_row.pk, ["TEE-BLK-M"])
    before = len(shop.centra.journal.entries())
    shop.run("read_stock")
    stock_calls = [entry for entry in shop.centra.journal.entries()[before:] if "TEE-BLK-M" in entry.body]
    assert len(stock_calls) == 1
    assert readings.asked(shop.centra_row.pk, limit=10) == ["TEE-BLK-M"]


def test_a_telling_that_came_after_the_count_is_not_forgotten(shop: World) -> None:
    owner, counted = shop.centra_row.pk, shop.clock.now()
    shop.advance(5)
    readings.ask(owner, ["TEE-BLK-M"])
    readings.record(owner, [StockLevel(sku="TEE-BLK-M", available=7, as_of=counted)])
    assert readings.asked(owner, limit=10) == ["TEE-BLK-M"]


def test_a_sku_that_was_never_read_is_not_sent_and_is_not_zero(world: World) -> None:
    world.roomy()
    world.mirakl.add_offer(TEE, quantity=12)
    world.run("list_stock")
    publish(world)
    assert (shown(world, TEE), sent(world), row(world).state) == ([12], 0, State.UNREAD)


def test_a_sku_that_centra_does_not_know_keeps_what_it_shows(world: World) -> None:
    world.roomy()
    world.map("sku", "NG-GHOST", "NO-SUCH-SIZE")
    world.mirakl.add_offer("NG-GHOST", quantity=12)
    world.run("list_stock")
    for _ in range(3):
        world.advance(61)
        world.run("read_stock")
    publish(world)
    assert (shown(world, "NG-GHOST"), row(world, "NG-GHOST").state) == ([12], State.UNREAD)
    asked = [entry for entry in world.centra.journal.entries() if "NO-SUCH-SIZE" in entry.body]
    assert len(asked) == 1


def test_a_source_that_answers_with_nothing_wipes_nothing_and_opens_one_case(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = shop.centra_row.pk
    for number in range(30):
        readings.record(owner, [StockLevel(sku=f"X-{number}", available=9, as_of=shop.clock.now())])
    readings.ask(owner, [f"X-{number}" for number in range(30)])
    monkeypatch.setattr("connectors.centra.connector.CentraConnector.fetch_stock", lambda self, skus: ())
    for _ in range(3):
        shop.advance(400)
        shop.run("read_stock")
    assert set(StockReading.objects.filter(sku__startswith="X-").values_list("available", flat=True)) == {9}
    assert shop.cases() == [("stock_source_empty", 0)]
    monkeypatch.undo()
    monkeypatch.setattr(
        "connectors.centra.connector.CentraConnector.fetch_stock",
        lambda self, skus: tuple(StockLevel(sku=sku, available=8, as_of=shop.clock.now()) for sku in skus),
    )
    shop.advance(400)
    shop.run("read_stock")
    assert shop.cases() == []
    assert set(StockReading.objects.filter(sku__startswith="X-").values_list("available", flat=True)) == {8}


def test_one_sku_that_cannot_be_read_keeps_no_other_from_being_read(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.canonical.errors import DataError, Problem

    def fetch(self: Any, skus: list[str]) -> tuple[StockLevel, ...]:
        if "TEE-BLK-L" in skus:
            raise DataError([Problem(field="SKU", message="2 sizes carry it.")], record="SKU TEE-BLK-L")
        return tuple(StockLevel(sku=sku, available=3, as_of=shop.clock.now()) for sku in skus)

    monkeypatch.setattr("connectors.centra.connector.CentraConnector.fetch_stock", fetch)
    readings.ask(shop.centra_row.pk, ["TEE-BLK-M", "TEE-BLK-L", "COAT-NVY-38"])
    shop.advance(61)
    shop.run("read_stock")
    found = dict(StockReading.objects.values_list("sku", "available"))
    assert found == {"TEE-BLK-M": 3, "TEE-BLK-L": 50, "COAT-NVY-38": 3}
    assert StockReading.objects.get(sku="TEE-BLK-L").missed_at is not None


# --- what the channel says --------------------------------------------------------------------------------------------
def test_a_line_that_mirakl_refuses_says_why_and_the_others_stand(shop: World) -> None:
    del shop.mirakl.market.offers[LARGE]
    publish(shop)
    assert shown(shop, TEE, COAT) == [50, 5]
    assert (row(shop, LARGE).state, row(shop, LARGE).reason) == (State.REFUSED, "The offer does not exist")
    hear(shop)
    publish(shop)
    assert sent(shop) == 1  # the same value is not sent again
    count(shop, "TEE-BLK-L", 49)
    hear(shop)
    shop.mirakl.add_offer(LARGE)
    publish(shop)
    assert (shown(shop, LARGE), row(shop, LARGE).state) == ([49], State.ACKNOWLEDGED)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_after", "malformed"])
def test_after_an_unknown_outcome_exactly_the_same_goes_out_again(shop: World, kind: str) -> None:
    shop.mirakl.faults.add(Fault(kind=kind, operation="STO01"))
    publish(shop, seconds=400)
    assert shown(shop, TEE, LARGE, COAT) == [50, 50, 5]
    bodies = [entry.body.partition("offer-sku")[2] for entry in shop.mirakl.journal.entries("STO01")]
    assert len(bodies) == 2
    assert bodies[0].partition("--")[0] == bodies[1].partition("--")[0]
    assert StockDelivery.objects.get().state == "DONE"
    assert shop.cases() == []


def test_what_was_certainly_not_sent_gives_way_to_newer_figures(shop: World) -> None:
    hear(shop)
    shop.mirakl.faults.add(Fault(kind="rate_limit", operation="STO01", seconds=120))
    shop.advance(61)
    shop.run("publish_stock")
    assert (row(shop).state, StockDelivery.objects.get().state) == (State.PENDING, "FAILED")
    count(shop, "TEE-BLK-M", 11)
    hear(shop)
    shop.wait(600)
    assert shown(shop, TEE) == [11]
    assert shop.cases() == []


def test_a_file_that_is_never_worked_on_becomes_a_case_and_is_sent_again(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.canonical.deliveries import Delivery, DeliveryState

    path = "connectors.mirakl.connector.MiraklConnector.follow_stock"
    monkeypatch.setattr(path, lambda self, ticket: Delivery(state=DeliveryState.PENDING, ticket=ticket))
    publish(shop, seconds=4000)
    assert [cause for cause, _ in shop.cases()] == ["refused_by_platform"]
    assert row(shop).state == State.PENDING


def test_a_channel_that_takes_its_time_is_no_flow_that_stands_still(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.canonical.deliveries import Delivery, DeliveryState

    path = "connectors.mirakl.connector.MiraklConnector.follow_stock"
    monkeypatch.setattr(path, lambda self, ticket: Delivery(state=DeliveryState.PENDING, ticket=ticket))
    began = shop.clock.now()
    publish(shop, seconds=600)
    assert StockDelivery.objects.latest("pk").state == "FOLLOWED"
    alive = Schedule.objects.get(flow="publish_stock", connection=shop.northgate).last_success_at
    assert alive is not None
    assert alive - began > timedelta(seconds=300)


# --- stop before harm -------------------------------------------------------------------------------------------------
@pytest.fixture
def big(shop: World) -> World:
    """A shop of forty SKUs, all for sale."""
    owner = shop.centra_row.pk
    for number in range(40):
        shop.map("sku", f"NG-X-{number}", f"X-{number}")
        shop.mirakl.add_offer(f"NG-X-{number}")
    shop.advance(601)
    shop.run("list_stock")
    readings.record(owner, [StockLevel(sku=f"X-{n}", available=9, as_of=shop.clock.now()) for n in range(40)])
    publish(shop)
    assert ChannelStock.objects.filter(acknowledged=9).count() == 40
    return shop


def zero(world: World, *, many: int) -> None:
    world.advance(1)
    levels = [StockLevel(sku=f"X-{n}", available=0, as_of=world.clock.now()) for n in range(many)]
    readings.record(world.centra_row.pk, levels)


def test_a_push_that_would_empty_the_shop_is_stopped_and_asks(big: World) -> None:
    zero(big, many=30)
    before = sent(big)
    for _ in range(3):
        publish(big)
    assert sent(big) == before
    hold = StockHold.objects.get()
    assert (hold.live, hold.zeroed, hold.moved) == (43, 30, 30)
    assert hold.because == "30 of 43 SKUs for sale would end at 0."
    assert hold.lines.count() == 30
    assert big.cases() == [("stock_stopped", 0)]


def test_few_zeros_pass(big: World) -> None:
    zero(big, many=8)
    publish(big)
    assert shown(big, "NG-X-0", "NG-X-7", "NG-X-8") == [0, 0, 9]
    assert StockHold.objects.count() == 0


def test_released_with_a_reason_exactly_that_goes_out(big: World) -> None:
    zero(big, many=30)
    publish(big)
    assert breaker.release(StockHold.objects.get().pk, actor="olivia", reason="The sale is over.") is not None
    assert big.cases() == []
    publish(big)
    assert shown(big, "NG-X-0", "NG-X-29", "NG-X-30") == [0, 0, 9]
    assert breaker.release(StockHold.objects.get().pk, actor="olivia", reason="Again") is None


def test_what_changed_since_the_hold_is_looked_at_anew(big: World) -> None:
    zero(big, many=30)
    publish(big)
    before = sent(big)
    zero(big, many=40)
    breaker.release(StockHold.objects.get().pk, actor="olivia", reason="The sale is over.")
    StockLimits.objects.update(least=5)
    publish(big)
    assert sent(big) == before
    assert [hold.zeroed for hold in StockHold.objects.order_by("pk")] == [30, 10]


def test_refused_with_a_reason_the_shop_keeps_what_it_shows_until_the_source_says_something_else(big: World) -> None:
    zero(big, many=30)
    publish(big)
    breaker.refuse(StockHold.objects.get().pk, actor="olivia", reason="The count is broken.")
    before = sent(big)
    publish(big)
    assert (sent(big), shown(big, "NG-X-0")) == (before, [9])
    assert row(big, "NG-X-0").reason == "Refused by olivia: The count is broken."
    big.advance(1)
    now = big.clock.now()
    readings.record(big.centra_row.pk, [StockLevel(sku="X-0", available=6, as_of=now)])
    publish(big)
    assert shown(big, "NG-X-0", "NG-X-1") == [6, 9]


def test_a_hold_ends_by_itself_when_the_source_has_come_to_its_senses(big: World) -> None:
    zero(big, many=30)
    publish(big)
    big.advance(1)
    levels = [StockLevel(sku=f"X-{n}", available=9, as_of=big.clock.now()) for n in range(40)]
    readings.record(big.centra_row.pk, levels)
    publish(big)
    assert (StockHold.objects.get().state, big.cases()) == ("ENDED", [])


def test_a_decision_without_a_reason_is_refused(big: World) -> None:
    zero(big, many=30)
    publish(big)
    with pytest.raises(ValueError, match="reason"):
        breaker.release(StockHold.objects.get().pk, actor="olivia", reason=" ")
    assert StockHold.objects.get().state == "OPEN"


# --- switches and rules -----------------------------------------------------------------------------------------------
def switch(world: World, mode: str, *, link: Link | None = None) -> None:
    StockSwitch.objects.update_or_create(
        brand=world.brand, link=link, defaults={"mode": mode, "reason": "Test", "set_by": "olivia"}
    )
    ledger.mark_links([world.link.pk])


@pytest.mark.parametrize("mode", ["HOLD", "LAST_GOOD"])
@pytest.mark.parametrize("everywhere", [True, False])
def test_a_switched_off_channel_is_told_nothing(shop: World, mode: str, everywhere: bool) -> None:
    switch(shop, mode, link=None if everywhere else shop.link)
    publish(shop)
    assert sent(shop) == 0
    StockSwitch.objects.all().delete()
    publish(shop)
    assert shown(shop, TEE) == [50]


def test_a_channel_switched_to_zero_sells_nothing_and_comes_back(shop: World) -> None:
    publish(shop)
    switch(shop, "ZERO", link=shop.link)
    publish(shop)
    assert shown(shop, TEE, LARGE, COAT) == [0, 0, 0]
    StockSwitch.objects.all().delete()
    ledger.mark_links([shop.link.pk])
    publish(shop)
    assert shown(shop, TEE, LARGE, COAT) == [50, 50, 5]


def test_the_most_specific_rule_counts(shop: World) -> None:
    def rule(**values: Any) -> None:
        StockRule.objects.create(brand=shop.brand, changed_by="olivia", **values)

    rule(buffer_units=1)
    rule(link=shop.link, buffer_units=2)
    rule(sku="TEE-BLK-M", cap=3)
    rule(sku="TEE-BLK-L", link=shop.link, buffer_percent=50)
    publish(shop)
    assert shown(shop, TEE, LARGE, COAT) == [3, 25, 3]


def test_a_retired_mapping_ends_what_is_for_sale(shop: World) -> None:
    from mappings_app.models import MappingVersion
    from mappings_app.saving import retire_mapping

    publish(shop)
    version = MappingVersion.objects.get(kind="sku", from_code=TEE, superseded_at=None)
    retire_mapping(version, actor="olivia", reason="No longer sold")
    shop.advance(601)
    shop.run("list_stock")
    publish(shop)
    assert shown(shop, TEE, LARGE) == [0, 50]


def test_in_shadow_everything_is_done_but_sending(shop: World) -> None:
    Schedule.objects.filter(flow="publish_stock").update(mode="SHADOW")
    shop.start("publish_stock")
    Schedule.objects.filter(flow="publish_stock").update(mode="SHADOW")
    shop.work()
    assert (sent(shop), row(shop).computed, row(shop).state) == (0, 50, State.PENDING)


def test_the_case_of_a_stopped_push_says_what_would_happen(big: World) -> None:
    from exceptions_app.telling import explain

    zero(big, many=30)
    publish(big)
    told = explain(ExceptionCase.objects.get(), now=big.clock.now())
    assert "Stock for Northgate is held back: 30 of 43 SKUs for sale would change, 30 of them to 0." in str(
        told.sentence
    )
