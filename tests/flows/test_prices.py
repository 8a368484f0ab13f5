"""Prices from Centra to Mirakl through the real connectors: a shop asks what the mapped list says, and nothing else moves."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.deliveries import Delivery, DeliveryState
from connectors.canonical.money import Money
from connectors.canonical.prices import ListedPrice
from connectors.mirakl.connector import MiraklConnector
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import explain
from integrationhub.catalogue import breaker, drift, ledger, readings
from integrationhub.catalogue.models import ListingPrice, PriceDelivery, PriceHold, PriceReading, PriceTerms
from integrationhub.sync.models import Schedule, SyncJob
from tests.flows.world import World

pytestmark = pytest.mark.django_db

State = ListingPrice.State
TEE, LARGE, COAT = "NG-TEE-BLK-M", "NG-TEE-BLK-L", "NG-COAT-NVY-38"


@pytest.fixture
def offered(world: World) -> World:
    """What is mapped is offered, for 90.00 each, and was taken into the ledger."""
    world.roomy()
    for sku in (TEE, LARGE, COAT):
        world.mirakl.add_offer(sku, price="90.00", quantity=7)
    world.run("list_prices")
    return world


@pytest.fixture
def shop(offered: World) -> Iterator[World]:
    """Both sides were read, and nothing was published yet."""
    scan(offered)
    read(offered)
    return offered


def scan(world: World) -> None:
    world.advance(3601)
    world.run("scan_stock")


def read(world: World) -> None:
    world.advance(61)
    world.run("read_prices")


def publish(world: World, *, seconds: float = 300) -> None:
    """One slot: publish, and follow to the end."""
    world.advance(61)
    world.start("publish_prices")
    world.wait(seconds)


def asked(world: World, *skus: str) -> list[str]:
    return [str(world.mirakl.market.offers[sku].price) for sku in skus]


def row(world: World, sku: str = TEE) -> ListingPrice:
    return ListingPrice.objects.get(link=world.link, channel_sku=sku)


def sent(world: World) -> int:
    return world.mirakl.journal.count("PRI01")


def price(world: World, sku: str, amount: str, currency: str = "GBP") -> None:
    """Somebody sets a price in Centra, on the variant."""
    world.centra.set_price(sku, currency, amount)


def reprice(world: World, sku: str, amount: str) -> None:
    price(world, sku, amount)
    read(world)


# --- the whole way ----------------------------------------------------------------------------------------------------
def test_what_the_mapped_list_says_is_what_mirakl_asks(shop: World) -> None:
    publish(shop)
    assert asked(shop, TEE, LARGE, COAT) == ["100.00", "100.00", "100.00"]
    assert sent(shop) == 1
    told = row(shop)
    assert (told.state, told.acknowledged, told.currency, told.price_list) == (
        State.ACKNOWLEDGED, Decimal(100), "GBP", "1",
    )  # fmt: skip
    assert told.as_of is not None
    assert PriceDelivery.objects.get().lines == 3
    assert shop.cases() == []


def test_prices_touch_no_stock_and_stock_no_prices(shop: World) -> None:
    publish(shop)
    assert {offer.quantity for offer in shop.mirakl.market.offers.values()} == {7}
    assert shop.mirakl.journal.count("STO01") == 0
    (file,) = [entry.body for entry in shop.mirakl.journal.entries("PRI01")]
    assert '"offer-sku";"price";"discount-price";"discount-start-date";"discount-end-date"' in file
    assert "quantity" not in file


def test_where_nothing_changed_nothing_is_sent(shop: World) -> None:
    publish(shop)
    for _ in range(3):
        read(shop)
        publish(shop)
    assert sent(shop) == 1


def test_a_shop_that_asks_what_it_should_already_is_told_nothing(world: World) -> None:
    world.roomy()
    world.mirakl.add_offer(TEE, price="100.00")
    world.run("list_prices")
    scan(world)
    read(world)
    publish(world)
    assert (sent(world), row(world).state, row(world).acknowledged) == (0, State.ACKNOWLEDGED, Decimal(100))


def test_only_what_changed_is_sent(shop: World) -> None:
    publish(shop)
    reprice(shop, "COAT-NVY-38", "119.95")
    publish(shop)
    assert asked(shop, TEE, COAT) == ["100.00", "119.95"]
    assert PriceDelivery.objects.latest("pk").lines == 1


def test_centra_tells_of_a_price_and_it_goes_out_without_waiting_for_the_clock(shop: World) -> None:
    publish(shop)
    shop.advance(61)
    shop.run("read_events")
    Schedule.objects.filter(flow="read_prices").update(cadence_seconds=None)
    price(shop, "COAT-NVY-38", "119.95")
    shop.advance(61)
    shop.run("read_events")
    shop.wait(61)
    publish(shop)
    assert asked(shop, COAT) == ["119.95"]


def test_a_price_that_changes_while_a_file_is_on_its_way_follows_in_the_next(shop: World) -> None:
    shop.advance(61)
    shop.run("publish_prices")
    assert (row(shop).state, row(shop).sent) == (State.SENT, Decimal(100))
    reprice(shop, "TEE-BLK-M", "99")
    ledger.compute(shop.northgate, [shop.link])
    assert (row(shop).sent, row(shop).wanted, row(shop).state) == (Decimal(100), Decimal(99), State.SENT)
    assert ledger.claim(shop.northgate, [shop.link.pk], size=10) is None
    shop.wait(300)
    publish(shop)
    assert asked(shop, TEE) == ["99.00"]


def test_ten_changes_of_a_price_are_one_send_of_the_last(shop: World) -> None:
    publish(shop)
    for pence in range(10, 20):
        reprice(shop, "COAT-NVY-38", f"101.{pence}")
        ledger.compute(shop.northgate, [shop.link])
    publish(shop)
    assert (asked(shop, COAT), sent(shop), row(shop, COAT).superseded) == (["101.19"], 2, 9)


def test_no_float_is_anywhere(shop: World) -> None:
    reprice(shop, "COAT-NVY-38", "100.10")
    publish(shop)
    told = row(shop, COAT)
    amounts = (told.listed, told.wanted, told.sent, told.acknowledged, PriceReading.objects.latest("pk").amount)
    assert {type(amount) for amount in amounts} == {Decimal}
    assert asked(shop, COAT) == ["100.10"]


# --- readings ---------------------------------------------------------------------------------------------------------
def listed(world: World, sku: str, amount: str | None, *, seconds: float = 0, currency: str = "GBP") -> int:
    money = None if amount is None else Money(Decimal(amount), currency)
    as_of = world.clock.now() + timedelta(seconds=seconds)
    return readings.record(world.centra_row.pk, [ListedPrice(sku=sku, price_list="1", price=money, as_of=as_of)])


def test_an_older_reading_never_replaces_a_newer_one(shop: World) -> None:
    assert listed(shop, "TEE-BLK-M", "95") == 1
    assert listed(shop, "TEE-BLK-M", "70", seconds=-5) == 0
    publish(shop)
    assert asked(shop, TEE) == ["95.00"]


def test_a_sku_that_no_channel_has_is_not_kept(shop: World) -> None:
    assert listed(shop, "NOBODYS", "95") == 0
    assert not PriceReading.objects.filter(sku="NOBODYS").exists()


def test_what_was_never_read_is_not_sent(offered: World) -> None:
    scan(offered)
    PriceReading.objects.all().delete()
    ListingPrice.objects.update(dirty=True)
    publish(offered)
    assert (sent(offered), row(offered).state, asked(offered, TEE)) == (0, State.UNREAD, ["90.00"])


def test_a_sku_that_the_shop_does_not_offer_is_not_priced(shop: World) -> None:
    shop.map("sku", "NG-NEW", "TEE-BLK-M")
    shop.advance(601)
    shop.run("list_prices")
    publish(shop)
    new = ListingPrice.objects.get(channel_sku="NG-NEW")
    assert (new.state, new.reason) == (State.SKIPPED, "The channel shows no offer of it yet.")
    shop.mirakl.add_offer("NG-NEW", price="90.00")
    scan(shop)
    publish(shop)
    assert asked(shop, "NG-NEW") == ["100.00"]


@pytest.mark.parametrize(
    ("amount", "reason"),
    [(None, "Price list 1 has no price for it."), ("0", "Its price in list 1 is 0.00 GBP.")],
)
def test_a_sku_without_a_price_keeps_what_it_asks_and_says_why(shop: World, amount: str | None, reason: str) -> None:
    publish(shop)
    shop.advance(1)
    listed(shop, "COAT-NVY-38", amount)
    publish(shop)
    told = row(shop, COAT)
    assert (sent(shop), asked(shop, COAT)) == (1, ["100.00"])
    assert (told.state, told.reason, told.wanted) == (State.SKIPPED, reason, None)
    shop.advance(1)
    listed(shop, "COAT-NVY-38", "100")
    publish(shop)
    assert (sent(shop), row(shop, COAT).state, row(shop, COAT).reason) == (1, State.ACKNOWLEDGED, "")


def test_a_price_that_goes_while_it_is_on_its_way_is_skipped_afterwards_and_never_sent_as_nothing(shop: World) -> None:
    shop.advance(61)
    shop.run("publish_prices")
    listed(shop, "COAT-NVY-38", None)
    ledger.compute(shop.northgate, [shop.link])
    shop.wait(300)
    publish(shop)
    told = row(shop, COAT)
    assert (told.state, told.reason) == (State.SKIPPED, "Price list 1 has no price for it.")
    assert sent(shop) == 1


# --- which list -------------------------------------------------------------------------------------------------------
def test_a_list_in_another_currency_sends_nothing_and_opens_one_case(offered: World) -> None:
    offered.map("price_list", "GBP", "3")
    scan(offered)
    read(offered)
    for _ in range(3):
        publish(offered)
    assert (sent(offered), asked(offered, TEE)) == (0, ["90.00"])
    assert (row(offered).state, row(offered).reason) == (State.SKIPPED, "Price list 3 is in EUR, the offer in GBP.")
    assert offered.cases() == [("price_currency", 0)]
    told = explain(ExceptionCase.objects.get(), now=offered.clock.now())
    assert str(told.sentence) == (
        "Price list in another currency: Northgate sells in GBP, price list 3 is in EUR. No price is sent."
    )
    offered.map("price_list", "GBP", "1")
    publish(offered)
    publish(offered)
    assert (asked(offered, TEE), offered.cases()) == (["100.00"], [])


def test_a_mapping_that_changes_prices_the_shop_anew(shop: World) -> None:
    publish(shop)
    pounds = shop.centra.shop.pricelists[3]
    pounds.currency = shop.centra.shop.currencies["GBP"]  # a second list in pounds: 115.00
    shop.map("price_list", "GBP", "3")
    publish(shop)
    publish(shop)
    assert asked(shop, TEE, LARGE, COAT) == ["115.00", "115.00", "115.00"]
    assert (row(shop).price_list, sent(shop)) == ("3", 2)


def test_of_the_lists_that_markets_name_the_one_in_the_shops_currency_counts(offered: World) -> None:
    offered.map("market", "SE", "2", attributes={"price_list": "2"})
    scan(offered)
    read(offered)
    publish(offered)
    read(offered)
    publish(offered)
    assert (asked(offered, TEE), offered.cases()) == (["100.00"], [])


def test_a_shop_without_a_price_list_is_told_nothing_and_a_person_is_asked(offered: World) -> None:
    offered.map("market", "IE", "2", attributes={"price_list": "3"})
    offered.centra.shop.pricelists[3].currency = offered.centra.shop.currencies["GBP"]
    scan(offered)
    read(offered)
    publish(offered)
    read(offered)
    publish(offered)
    assert (sent(offered), row(offered).reason) == (0, "No price list answers for GBP.")
    assert offered.cases() == [("price_list_missing", 0)]


def test_a_mapping_that_changes_has_its_list_read_once_and_not_for_ever(shop: World) -> None:
    publish(shop)
    shop.map("price_list", "GBP", "77")
    before = len(shop.centra.calls("pricelists"))
    publish(shop)
    publish(shop)
    assert len(shop.centra.calls("pricelists")) == before + 1
    assert shop.job("read_prices", "tick").state == "DONE"


def test_a_list_that_centra_does_not_know_is_a_case_until_the_mapping_is_right(offered: World) -> None:
    offered.map("price_list", "GBP", "77")
    scan(offered)
    read(offered)
    publish(offered)
    assert (sent(offered), offered.cases()) == (0, [("price_list_unknown", 0)])
    offered.map("price_list", "GBP", "United Kingdom GBP")
    publish(offered)
    publish(offered)
    assert (asked(offered, TEE), offered.cases()) == (["100.00"], [])


def test_an_ended_mapping_leaves_the_price_as_it_is(shop: World) -> None:
    from mappings_app.models import MappingVersion
    from mappings_app.saving import retire_mapping

    publish(shop)
    version = MappingVersion.objects.get(kind="sku", from_code=TEE, superseded_at=None)
    retire_mapping(version, actor="olivia", reason="No longer sold")
    shop.advance(601)
    shop.run("list_prices")
    reprice(shop, "TEE-BLK-M", "110")
    publish(shop)
    assert asked(shop, TEE, LARGE) == ["100.00", "110.00"]  # one variant: both sizes
    assert (row(shop).state, row(shop).reason) == (State.SKIPPED, "Its mapping has ended.")


# --- what the channel says --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_after", "malformed"])
def test_after_an_unknown_outcome_exactly_the_same_goes_out_again(shop: World, kind: str) -> None:
    shop.mirakl.faults.add(Fault(kind=kind, operation="PRI01"))
    publish(shop, seconds=600)
    assert asked(shop, TEE, LARGE, COAT) == ["100.00", "100.00", "100.00"]
    bodies = [entry.body.partition("offer-sku")[2] for entry in shop.mirakl.journal.entries("PRI01")]
    assert len(bodies) == 2
    assert bodies[0].partition("--")[0] == bodies[1].partition("--")[0]
    assert (PriceDelivery.objects.get().state, shop.cases()) == ("DONE", [])


def fail_imports(patch: pytest.MonkeyPatch, *, times: int) -> None:
    """The next imports of prices end as failed, in Mirakl's words."""
    follow, left = MiraklConnector.follow_prices, [None] * times

    def fail(connector: MiraklConnector, ticket: str) -> Delivery:
        if not left:
            return follow(connector, ticket)
        left.pop()
        return Delivery(state=DeliveryState.FAILED, ticket=ticket, words="Internal error")

    patch.setattr(MiraklConnector, "follow_prices", fail)


def test_an_import_that_fails_is_sent_once_more_and_bothers_nobody(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_imports(monkeypatch, times=1)
    publish(shop)
    assert (asked(shop, TEE, LARGE, COAT), sent(shop)) == (["100.00"] * 3, 2)
    assert [each.state for each in PriceDelivery.objects.order_by("pk")] == ["FAILED", "DONE"]
    assert (ExceptionCase.objects.count(), shop.open_jobs()) == (0, [])


def test_an_import_that_fails_twice_in_a_row_is_a_case(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_imports(monkeypatch, times=2)
    publish(shop)
    assert ([cause for cause, _ in shop.cases()], sent(shop)) == (["refused_by_platform"], 2)
    assert row(shop).state == State.PENDING


def test_what_was_certainly_not_sent_gives_way_to_newer_prices(shop: World) -> None:
    shop.mirakl.faults.add(Fault(kind="rate_limit", operation="PRI01", seconds=120))
    shop.advance(61)
    shop.run("publish_prices")
    assert (row(shop).state, PriceDelivery.objects.get().state) == (State.PENDING, "FAILED")
    reprice(shop, "TEE-BLK-M", "98")
    shop.wait(600)
    assert asked(shop, TEE) == ["98.00"]
    assert shop.cases() == []


def test_refused_prices_are_one_case_for_each_reason_and_the_others_stand(shop: World) -> None:
    shop.mirakl.change_settings(offer_prices_decimals=0)
    price(shop, "TEE-BLK-M", "99.50")
    del shop.mirakl.market.offers[COAT]
    read(shop)
    publish(shop)
    assert [(row(shop, sku).state, row(shop, sku).reason) for sku in (TEE, LARGE, COAT)] == [
        (State.REFUSED, "The price is invalid"),
        (State.REFUSED, "The price is invalid"),
        (State.REFUSED, "The offer does not exist"),
    ]
    told = [explain(case, now=shop.clock.now()) for case in ExceptionCase.objects.order_by("pk")]
    assert [str(one.sentence) for one in told] == [
        "2 prices refused: The price is invalid",
        "1 price refused: The offer does not exist",
    ]
    publish(shop)
    assert sent(shop) == 1  # the same price is not sent again
    shop.mirakl.change_settings(offer_prices_decimals=2)
    reprice(shop, "TEE-BLK-M", "99.40")
    publish(shop)
    assert asked(shop, TEE, LARGE) == ["99.40", "99.40"]
    assert [case.context["refused"] for case in ExceptionCase.objects.unresolved()] == [1]


def test_a_new_mapping_gives_a_refused_price_another_chance(shop: World) -> None:
    del shop.mirakl.market.offers[COAT]
    publish(shop)
    assert row(shop, COAT).state == State.REFUSED
    shop.mirakl.add_offer(COAT, price="90.00")
    shop.map("sku", COAT, "TEE-BLK-M")
    shop.advance(601)
    shop.run("list_prices")
    publish(shop)
    assert (row(shop, COAT).state, asked(shop, COAT), shop.cases()) == (State.ACKNOWLEDGED, ["100.00"], [])


def test_in_shadow_everything_is_done_but_sending(shop: World) -> None:
    shop.start("publish_prices")
    Schedule.objects.filter(flow="publish_prices").update(mode="SHADOW")
    shop.work()
    assert (sent(shop), row(shop).wanted, row(shop).state) == (0, Decimal(100), State.PENDING)


# --- stop before harm -------------------------------------------------------------------------------------------------
@pytest.fixture
def big(shop: World) -> World:
    """A shop of 43 prices that asks what it should: forty of them 50.00."""
    for number in range(40):
        shop.map("sku", f"NG-X-{number}", f"X-{number}")
        shop.mirakl.add_offer(f"NG-X-{number}", price="50.00")
    shop.advance(601)
    shop.run("list_prices")
    scan(shop)
    move(shop, range(40), "50")
    publish(shop)
    assert ListingPrice.objects.filter(state=State.ACKNOWLEDGED).count() == 43
    return shop


def move(world: World, numbers: range, amount: str) -> None:
    world.advance(1)
    for number in numbers:
        listed(world, f"X-{number}", amount)


def test_a_push_that_would_shake_the_shop_is_held_whole_and_asks(big: World) -> None:
    before = sent(big)
    move(big, range(25), "61")
    move(big, range(30, 31), "50.50")
    for _ in range(3):
        publish(big)
    hold = PriceHold.objects.get()
    assert (sent(big), hold.live, hold.moved, hold.fallen) == (before, 43, 25, 0)
    assert hold.because == "25 of 43 prices would change by more than 20 %."
    assert (hold.lines.count(), big.cases()) == (25, [("prices_stopped", 0)])
    told = explain(ExceptionCase.objects.get(), now=big.clock.now())
    assert str(told.sentence) == "Prices for Northgate are held back: 25 of 43 prices would change by more than 20 %."


def test_many_small_changes_pass(big: World) -> None:
    move(big, range(40), "60")
    publish(big)
    assert set(asked(big, *(f"NG-X-{n}" for n in range(40)))) == {"60.00"}
    assert PriceHold.objects.count() == 0


def test_released_with_a_reason_exactly_that_goes_out(big: World) -> None:
    move(big, range(25), "61")
    publish(big)
    hold = PriceHold.objects.get()
    with pytest.raises(ValueError, match="reason"):
        breaker.release(hold.pk, actor="olivia", reason=" ")
    assert breaker.release(hold.pk, actor="olivia", reason="The sale is over.") is not None
    assert breaker.release(hold.pk, actor="olivia", reason="Again") is None
    publish(big)
    assert (asked(big, "NG-X-0", "NG-X-25"), big.cases()) == (["61.00", "50.00"], [])


def test_refused_with_a_reason_the_shop_keeps_its_prices_until_the_list_says_something_else(big: World) -> None:
    move(big, range(25), "61")
    publish(big)
    before = sent(big)
    breaker.refuse(PriceHold.objects.get().pk, actor="olivia", reason="The list is wrong.")
    for _ in range(2):
        ListingPrice.objects.update(dirty=True)
        publish(big)
    assert (sent(big), asked(big, "NG-X-0")) == (before, ["50.00"])
    assert row(big, "NG-X-0").reason == "Refused by olivia: The list is wrong."
    move(big, range(1), "52")
    publish(big)
    assert asked(big, "NG-X-0", "NG-X-1") == ["52.00", "50.00"]


def test_one_price_that_would_fall_by_more_than_half_waits_alone(big: World) -> None:
    move(big, range(1), "24.99")
    move(big, range(1, 2), "25")
    publish(big)
    publish(big)
    assert asked(big, "NG-X-0", "NG-X-1") == ["50.00", "25.00"]
    hold = PriceHold.objects.get()
    assert (hold.because, hold.fallen, hold.sample) == (
        "1 price would fall by more than 50 %.", 1, [["NG-X-0", "50.000000", "24.990000"]],
    )  # fmt: skip
    breaker.release(hold.pk, actor="olivia", reason="The last pieces.")
    publish(big)
    assert asked(big, "NG-X-0") == ["24.99"]


def test_the_limits_are_the_links_own(big: World) -> None:
    PriceTerms.objects.update(fall_percent=10, least=2, move_percent=5, change_percent=4)
    before = sent(big)
    move(big, range(2), "53")
    publish(big)
    assert (sent(big), PriceHold.objects.get().because) == (before, "2 of 43 prices would change by more than 5 %.")
    move(big, range(2), "50")
    publish(big)
    assert (PriceHold.objects.get().state, big.cases()) == ("ENDED", [])
    move(big, range(1), "44")
    publish(big)
    assert (sent(big), PriceHold.objects.latest("pk").because) == (before, "1 price would fall by more than 10 %.")


def test_the_first_push_to_a_shop_that_sells_is_looked_at_too(offered: World) -> None:
    offered.mirakl.market.offers[COAT].price = Decimal("300")
    scan(offered)
    read(offered)
    publish(offered)
    assert asked(offered, TEE, COAT) == ["100.00", "300"]
    assert offered.cases() == [("prices_stopped", 0)]


# --- drift ------------------------------------------------------------------------------------------------------------
def tamper(world: World, sku: str, amount: str) -> None:
    world.mirakl.market.offers[sku].price = Decimal(amount)


def test_a_price_that_was_changed_at_the_shop_is_sent_again(shop: World) -> None:
    publish(shop)
    tamper(shop, TEE, "1.00")
    scan(shop)
    assert (row(shop).state, row(shop).healed) == (State.PENDING, 1)
    publish(shop)
    assert (asked(shop, TEE), sent(shop), shop.cases()) == (["100.00"], 2, [])
    scan(shop)
    assert (row(shop).state, row(shop).shown) == (State.ACKNOWLEDGED, Decimal(100))


def test_a_price_that_never_stays_is_a_persons_after_a_few_times(shop: World) -> None:
    publish(shop)
    for _ in range(drift.HEAL_TIMES + 1):
        tamper(shop, TEE, "1.00")
        scan(shop)
        publish(shop)
    assert (sent(shop), asked(shop, TEE), shop.cases()) == (1 + drift.HEAL_TIMES, ["1.00"], [("price_drift", 0)])
    reprice(shop, "TEE-BLK-M", "101")
    publish(shop)
    scan(shop)
    assert (asked(shop, TEE), shop.cases()) == (["101.00"], [])


def test_what_is_on_its_way_is_no_drift(shop: World) -> None:
    publish(shop)
    reprice(shop, "TEE-BLK-M", "102")
    shop.advance(61)
    shop.run("publish_prices")
    assert row(shop).state == State.SENT
    drift.record(shop.northgate, shop_offers(shop))
    drift.compare(shop.northgate, shop.clock.now())
    assert (row(shop).healed, row(shop).state) == (0, State.SENT)
    shop.wait(300)
    assert asked(shop, TEE) == ["102.00"]


def shop_offers(world: World) -> Any:
    from integrationhub.sync.places import place

    return place(world.northgate.pk).connector.fetch_offers().offers


def test_nothing_is_left_open(shop: World) -> None:
    publish(shop)
    assert shop.unsettled() == []
    assert not SyncJob.objects.filter(flow__in=("publish_prices", "read_prices", "list_prices")).exclude(
        state__in=("DONE", "SKIPPED")
    )
