"""Stock from Fulfil to Centra, and from there to Mirakl, through the real connectors.

Centra's shelf holds what is free and what it has allocated; no marketplace ever shows more than both owners have.
"""

from collections.abc import Iterator, Sequence

import pytest

from connectors import ports
from connectors.canonical.stock import StockLevel
from connectors.centra.connector import CentraConnector
from connectors.fulfil.connector import FulfilConnector
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.models import Connection, Link
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from integrationhub.inventory import deciding, promises, readings
from integrationhub.inventory.models import (
    ChannelStock,
    DriftScan,
    StockHold,
    StockLimits,
    StockReading,
    StockRule,
    StockTelling,
)
from integrationhub.sync import ticks
from integrationhub.sync.models import SyncJob
from mappings_app.codes import CodeItem, learn_codes
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import Api
from tests.flows.fulfil_world import FulfilWorld, build, sell_in_the_shop, stocked
from tests.flows.world import World, sandbox_clock

pytestmark = pytest.mark.django_db

COAT = "COAT-NVY-38"
State = ChannelStock.State


@pytest.fixture
def fulfil(virtual_clock: ports.VirtualClock) -> Iterator[FulfilSandbox]:
    with stocked(FulfilSandbox(clock=sandbox_clock(virtual_clock.now()))) as sandbox:
        yield sandbox


@pytest.fixture
def shop(bare_world: World, fulfil: FulfilSandbox) -> FulfilWorld:
    """All three agree: 30, 20 and 5."""
    world = build(bare_world, fulfil)
    world.agree(TEE_BLK_M=30, TEE_BLK_L=20, COAT_NVY_38=5)
    return world


def count(world: FulfilWorld, sku: str, units: int) -> None:
    """Fulfil's warehouse counts, and its webhook tells."""
    world.advance(1)
    world.fulfil.set_stock(sku, units)
    assert world.told_by_fulfil(sku) == 202
    world.work()


# --- the whole way ----------------------------------------------------------------------------------------------------
def test_what_fulfil_can_promise_is_free_in_centra_and_for_sale_in_the_marketplace(
    bare_world: World, fulfil: FulfilSandbox
) -> None:
    """From the first reading on. Centra had 50, 50 and 5."""
    shop = build(bare_world, fulfil)
    shop.run("read_events")
    shop.run("list_stock")
    shop.read()
    shop.settle()
    assert [shop.in_centra_now(sku)[2] for sku in ("TEE-BLK-M", "TEE-BLK-L", COAT)] == [30, 20, 5]
    assert [shop.at_northgate(f"NG-{sku}") for sku in ("TEE-BLK-M", "TEE-BLK-L", COAT)] == [30, 20, 5]
    assert (shop.cases(), len(shop.writes())) == ([], 1)


def test_a_change_in_fulfil_is_read_at_once_and_reaches_the_marketplace_less_its_buffer(shop: FulfilWorld) -> None:
    StockRule.objects.create(brand=shop.brand, link=shop.link, buffer_units=2, changed_by="olivia", reason="Test")
    shop.is_in_fulfil(shop.sold_in_the_shop((COAT, 2, "199.00")))
    count(shop, "F-COAT", 9)
    assert StockReading.objects.get(connection=shop.fulfil_row, sku="F-COAT").available == 9
    shop.settle()
    assert (shop.in_centra_now(), shop.at_northgate()) == ((11, 2, 9), 7)
    count(shop, "F-COAT", 0)
    shop.settle()
    assert (shop.in_centra_now(), shop.at_northgate()) == ((2, 2, 0), 0)


def test_ten_changes_in_a_second_are_one_write(shop: FulfilWorld) -> None:
    before = len(shop.writes())
    for units in range(19, 9, -1):
        shop.fulfil.set_stock("F-COAT", units)
        shop.told_by_fulfil("F-COAT")
    shop.work()
    shop.publish()
    assert (len(shop.writes()) - before, shop.in_centra_now()[2]) == (1, 10)


def test_a_late_telling_that_is_older_than_one_heard_before_is_dropped(shop: FulfilWorld) -> None:
    body, headers = shop.fulfil.signed_webhook("F-COAT")
    count(shop, "F-COAT", 7)
    shop.wait(1)  # what was told at the very moment of its reading stays asked for
    shop.read()
    calls = len(shop.fulfil.journal.entries())
    shop.fulfil.signed_webhook = lambda *skus: (body, headers)  # type: ignore[method-assign]
    assert shop.told_by_fulfil("F-COAT") == 202
    shop.work()
    assert (len(shop.fulfil.journal.entries()), readings.asked(shop.fulfil_row.pk, limit=9)) == (calls, [])


def test_without_a_webhook_the_rolling_reading_finds_the_change(shop: FulfilWorld) -> None:
    shop.fulfil.set_stock("F-COAT", 3)
    shop.advance(6 * 3600)
    shop.read()
    shop.settle()
    assert (shop.in_centra_now()[2], shop.at_northgate()) == (3, 3)


def test_so_many_skus_cost_so_many_mutations_and_no_more(shop: FulfilWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CentraConnector, "stock_lines_max", 2)
    before = len(shop.writes())
    for sku in ("F-TEE-M", "F-TEE-L", "F-COAT"):
        count(shop, sku, 11)
    shop.publish()
    assert [len(levels) for levels in shop.writes()[before:]] == [2, 1]


# --- echoes -----------------------------------------------------------------------------------------------------------
def test_what_the_hub_wrote_comes_back_as_a_reading_and_travels_no_further(shop: FulfilWorld) -> None:
    count(shop, "F-COAT", 8)
    shop.publish()
    writes, asked = len(shop.writes()), len(shop.fulfil.journal.entries())
    shop.hear()
    assert StockReading.objects.get(connection=shop.centra_row, sku=COAT).available == 8
    for _ in range(2):
        shop.publish()
        shop.hear()
    assert (len(shop.writes()), len(shop.fulfil.journal.entries()), shop.at_northgate()) == (writes, asked, 8)
    assert (StockTelling.objects.count(), shop.row().state) == (0, State.ACKNOWLEDGED)


# --- orders in flight -------------------------------------------------------------------------------------------------
def test_an_order_that_fulfil_does_not_count_yet_is_for_sale_nowhere(shop: FulfilWorld) -> None:
    """Nobody has paid it: Centra has set its units aside, and Fulfil, which is not told of it, counts them as free."""
    number = shop.sold_in_the_shop((COAT, 2, "199.00"))
    shop.publish()
    assert (shop.in_centra_now(), shop.at_northgate()) == ((5, 2, 3), 3)  # before Centra was read again
    shop.is_in_fulfil(number)
    count(shop, "F-COAT", 3)  # Fulfil's figure without the two
    shop.settle()
    assert promises.of_order(shop.upstream.pk, number).get().state == "COUNTED"
    assert (shop.in_centra_now(), shop.at_northgate()) == ((5, 2, 3), 3)


def test_an_order_that_arrives_between_fulfils_reading_and_the_write_is_not_sold_twice(shop: FulfilWorld) -> None:
    count(shop, "F-COAT", 9)
    shop.sold_in_the_shop((COAT, 2, "199.00"))
    shop.publish()
    assert shop.in_centra_now() == (9, 2, 7)
    assert shop.at_northgate() <= 7
    shop.hear()
    shop.publish()
    assert shop.at_northgate() == 7


def test_an_order_that_leaves_centra_after_the_reading_frees_nothing(shop: FulfilWorld) -> None:
    number = sell_in_the_shop(shop.centra, (COAT, 2, "199.00"))
    count(shop, "F-COAT", 4)  # counts the order
    shop.centra.ship_order(number)
    shop.settle()
    assert (shop.in_centra_now(), shop.at_northgate()) == ((4, 0, 4), 4)


def test_a_fall_in_fulfil_reaches_the_marketplace_even_while_centra_cannot_be_written(shop: FulfilWorld) -> None:
    shop.centra.faults.add(Fault(kind="status_before", operation="setStock", times=0))
    count(shop, "F-COAT", 1)
    shop.publish()
    assert (shop.in_centra_now()[2], shop.at_northgate()) == (5, 1)


def test_an_order_of_the_marketplace_is_held_by_what_fulfil_has(shop: FulfilWorld) -> None:
    """Centra still shows five, of which Fulfil can promise one."""
    count(shop, "F-COAT", 1)
    assert promises.hold(shop.link, "MK-1", {COAT: 2}) == {COAT: 1}
    assert promises.hold(shop.link, "MK-1", {COAT: 1}) == {}


# --- what Centra does by itself ---------------------------------------------------------------------------------------
def test_what_a_return_puts_back_in_centra_is_fulfils_to_say(shop: FulfilWorld) -> None:
    number = sell_in_the_shop(shop.centra, (COAT, 2, "199.00"))
    count(shop, "F-COAT", 3)
    shop.settle()
    shipment = shop.centra.ship_order(number)["shipment"]
    line = shop.centra.shop.shipments.rows[shipment].lines[0]
    Api(shop.centra).done(
        operations.NEW_RETURN, ship=shipment, lines=[{"shipmentLine": {"id": line.id}, "quantity": 2}]
    )
    assert shop.in_centra_now() == (3, 0, 3)
    shop.hear()
    shop.publish()
    assert (shop.in_centra_now(), shop.at_northgate()) == (
        (1, 0, 1),
        1,
    )  # Fulfil's three, two of which are this order's
    assert shop.cases() == [
        ("shipped_before_import", 1)
    ]  # of the parcel that left Centra itself; of stock there is none


def test_what_a_person_types_in_centra_is_put_back_when_centra_tells_of_it(shop: FulfilWorld) -> None:
    for typed in (2, 40):
        shop.centra.set_stock(COAT, typed)
        shop.hear()
        shop.publish()
        assert shop.in_centra_now() == (5, 0, 5)
        assert shop.at_northgate() <= 5


def test_what_was_sold_a_moment_ago_is_not_put_back_by_an_event(shop: FulfilWorld) -> None:
    """The order is not read yet: its units are missing, and must stay missing."""
    before = len(shop.writes())
    sell_in_the_shop(shop.centra, (COAT, 2, "199.00"))
    shop.hear()
    shop.publish()
    assert (shop.in_centra_now(), len(shop.writes()) - before) == ((5, 2, 3), 0)


def test_a_change_that_no_event_told_is_healed_by_the_scan_and_prices_are_none_of_it(shop: FulfilWorld) -> None:
    shop.centra.shop.switches.events_enabled = False
    shop.centra.set_stock(COAT, 40)
    shop.advance(3601)
    shop.run("scan_stock")
    shop.run("learn_offers")
    shop.publish()
    scan = DriftScan.objects.get(channel=shop.centra_row, drifted__gt=0)
    assert (scan.offers, scan.drifted, scan.healed) == (3, 1, 1)
    assert (shop.in_centra_now()[2], shop.cases()) == (5, [])


# --- guards -----------------------------------------------------------------------------------------------------------
def test_a_source_that_answers_with_nothing_wipes_nothing(shop: FulfilWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = shop.fulfil_row.pk
    names = [f"F-{number}" for number in range(30)]
    readings.record(owner, [StockLevel(sku=sku, available=9, as_of=shop.clock.now()) for sku in names])
    readings.ask(owner, [*names, "F-COAT", "F-TEE-M", "F-TEE-L"])

    def nothing(self: FulfilConnector, skus: Sequence[str]) -> tuple[StockLevel, ...]:
        return ()

    monkeypatch.setattr(FulfilConnector, "fetch_stock", nothing)
    shop.read()
    shop.settle()
    assert (shop.in_centra_now(), shop.at_northgate()) == ((5, 0, 5), 5)
    assert shop.cases() == [("stock_source_empty", 0)]


def test_the_breaker_holds_what_would_empty_centra(shop: FulfilWorld) -> None:
    StockLimits.objects.create(link=shop.upstream, least=2)
    for sku in ("F-TEE-M", "F-TEE-L", "F-COAT"):
        count(shop, sku, 0)
    before = len(shop.writes())
    shop.publish()
    assert (len(shop.writes()), shop.in_centra_now()[2]) == (before, 5)
    hold = StockHold.objects.get(link=shop.upstream, state="OPEN")
    assert (hold.zeroed, hold.live) == (3, 3)
    assert shop.cases() == [("stock_stopped", 0)]


def test_the_first_telling_empties_no_shop_that_sold_before(bare_world: World, fulfil: FulfilSandbox) -> None:
    """The wrong warehouse is named in Fulfil: every figure is 0."""
    world = build(bare_world, fulfil)
    world.fulfil_row.settings["warehouse_ids"] = "65"
    world.fulfil_row.save()
    StockLimits.objects.create(link=world.upstream, least=2)
    world.run("list_stock")
    world.read()
    world.publish()
    assert (world.writes(), world.in_centra_now()) == ([], (5, 0, 5))
    hold = StockHold.objects.get(link=world.upstream, state="OPEN")
    assert (hold.zeroed, hold.live) == (3, 3)
    assert [COAT, 5, 0] in hold.sample


def test_a_first_telling_that_only_changes_figures_goes_out(bare_world: World, fulfil: FulfilSandbox) -> None:
    """Every figure is new to a channel that was never told any: that alone shakes nobody."""
    world = build(bare_world, fulfil)
    StockLimits.objects.create(link=world.upstream, least=2)
    for sku in ("F-COAT", "F-TEE-M", "F-TEE-L"):
        world.fulfil.set_stock(sku, 8)
    world.run("list_stock")
    world.read()
    world.publish()
    assert not StockHold.objects.filter(link=world.upstream).exists()
    assert world.in_centra_now() == (8, 0, 8)


def test_the_switches_work_for_centra_as_for_any_channel(shop: FulfilWorld) -> None:
    count(shop, "F-COAT", 8)
    for mode, free in (("HOLD", 5), ("LAST_GOOD", 5), ("ZERO", 0)):
        deciding.set_switch(shop.brand, shop.upstream, mode, actor="olivia", reason="Test")
        shop.publish()
        assert shop.in_centra_now()[2] == free


def test_after_a_lost_answer_the_same_state_is_sent_again(shop: FulfilWorld) -> None:
    sell_in_the_shop(shop.centra, (COAT, 2, "199.00"))
    for units, kind in enumerate(("drop_before", "drop_after", "malformed"), start=7):
        shop.centra.faults.add(Fault(kind=kind, operation="setStock"))
        count(shop, "F-COAT", units)
        shop.publish(seconds=130)
        assert (shop.in_centra_now(), shop.row().acknowledged) == ((units + 2, 2, units), units)
        assert (shop.row().state, shop.unsettled(), shop.cases()) == (State.ACKNOWLEDGED, [], [])


def test_two_owners_are_refused_and_nothing_is_written(shop: FulfilWorld) -> None:
    second = Connection.objects.create(
        brand=shop.brand,
        platform="fulfil",
        name="Fulfil 2",
        base_url="http://127.0.0.1:9",
        credentials={"api_key": "k"},
    )
    link = Link.objects.create(brand=shop.brand, source=shop.centra_row, target=second)
    count(shop, "F-COAT", 9)
    before = len(shop.writes())
    shop.publish()
    ticks.plan_schedules()
    shop.start("list_stock")
    shop.work()
    assert (len(shop.writes()), shop.in_centra_now()[2]) == (before, 5)
    assert shop.cases() == [("stock_two_owners", 0)]
    assert not ChannelStock.objects.filter(link=link).exists()
    reasons = SyncJob.objects.filter(flow="list_stock", link=link).values_list("state", "reason")
    assert [(state, "Two systems" in reason) for state, reason in reasons] == [("SKIPPED", True)]
    Link.objects.filter(pk=link.pk).update(active=False)
    shop.publish()
    assert (shop.in_centra_now()[2], shop.cases()) == (9, [])


def test_skus_of_marketplaces_are_not_told_to_centra(shop: FulfilWorld) -> None:
    """A brand's default mapping names Northgate's code; Centra, whose catalogue is known, has no such SKU."""
    learn_codes(shop.centra_row, "sku", [CodeItem(code=COAT)])
    shop.map("sku", "NG-HAT", "HAT-RED-1")
    shop.run("list_stock")
    assert not ChannelStock.objects.filter(link=shop.upstream, channel_sku="NG-HAT").exists()
    assert ChannelStock.objects.filter(link=shop.upstream, retired=False).count() == 3


def test_without_the_warehouse_only_the_telling_of_stock_stops(shop: FulfilWorld) -> None:
    shop.centra_row.settings["stock_warehouse_id"] = ""
    shop.centra_row.save()
    count(shop, "F-COAT", 9)
    shop.advance(61)
    shop.run("publish_stock")
    case = ExceptionCase.objects.unresolved().get(cause="operation_refused")
    assert "Warehouse that the hub writes" in str(case.context)
    shop.centra_row.refresh_from_db()
    assert (shop.centra_row.state, shop.in_centra_now()[2]) == ("ACTIVE", 5)
