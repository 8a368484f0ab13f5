"""Stock that moves without a stock change, SKUs that appear later, and a call budget that is used up."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors import ports
from connectors.canonical.events import Event
from integrationhub.inventory import tellings
from integrationhub.inventory.flows.reading import asked_by_events
from integrationhub.inventory.models import ChannelStock, StockDelivery, StockReading, StockTelling
from integrationhub.sync.models import SyncJob, WriteIntent
from tests.connectors.centra.sandbox.api import Api
from tests.flows.test_stock import COAT, LARGE, TEE, count, hear, publish, sent, shown
from tests.flows.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(world: World) -> Iterator[World]:
    world.roomy()
    for sku in (TEE, LARGE, COAT):
        world.mirakl.add_offer(sku)
    world.run("list_stock")
    world.run("read_stock")
    publish(world)
    hear(world)
    return world


def buy_in_the_web_shop(world: World, *lines: tuple[str, int, str]) -> int:
    """An order that no marketplace knows of. Returns its number."""
    return Api(world.centra).placed(*lines)


def asked_of_centra(world: World, document: str) -> int:
    return sum(
        f'"operationName":"{document}"' in entry.body.replace(": ", ":") for entry in world.centra.journal.entries()
    )


# --- orders of the web shop -------------------------------------------------------------------------------------------
def test_what_the_web_shop_sells_is_not_for_sale_in_the_marketplace(shop: World) -> None:
    buy_in_the_web_shop(shop, ("COAT-NVY-38", 2, "199.00"))
    hear(shop)
    shop.wait(30)
    publish(shop)
    assert shown(shop, TEE, COAT) == [50, 3]
    assert (StockTelling.objects.count(), asked_of_centra(shop, "TouchedSkus")) == (0, 1)


def test_many_orders_of_the_web_shop_are_one_reading_and_a_sku_nobody_offers_is_not_read(shop: World) -> None:
    shop.centra.add_product("HAT", name="Hat", variant_number="-RED", variant_name="Red", sizes={"-1": 9})
    hear(shop)
    before = asked_of_centra(shop, "StockOfSkus")
    for _ in range(4):
        buy_in_the_web_shop(shop, ("TEE-BLK-M", 1, "29.90"), ("HAT-RED-1", 1, "9.90"))
    hear(shop)
    shop.wait(30)
    assert (asked_of_centra(shop, "TouchedSkus"), asked_of_centra(shop, "StockOfSkus") - before) == (1, 1)
    assert StockReading.objects.filter(sku="HAT-RED-1").count() == 0
    publish(shop)
    assert shown(shop, TEE) == [46]


def test_an_order_told_of_while_its_lines_are_read_is_read_again(
    shop: World, virtual_clock: ports.VirtualClock
) -> None:
    owner = shop.centra_row
    tellings.note(owner.pk, [Event(event_id="1", kind="order", external_id="7")])
    read = tellings.waiting(owner.pk, limit=10)
    virtual_clock.advance(1)
    tellings.note(owner.pk, [Event(event_id="2", kind="order", external_id="7")])
    tellings.forget(read)
    assert [row.external_id for row in tellings.waiting(owner.pk, limit=10)] == ["7"]


def test_what_the_token_may_not_read_keeps_no_stock_from_being_read(shop: World) -> None:
    from connectors.canonical.errors import ConfigurationError
    from connectors.centra.connector import CentraConnector

    def refuse(*_: object) -> tuple[str, ...]:
        raise ConfigurationError("The Centra token lacks a permission.", code="permission")

    count(shop, "TEE-BLK-M", 12)
    tellings.note(shop.centra_row.pk, [Event(event_id="1", kind="return", external_id="7")])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(CentraConnector, "fetch_touched_skus", refuse)
        hear(shop)
        shop.wait(30)
    publish(shop)
    assert (shown(shop, TEE), StockTelling.objects.count(), shop.cases()) == ([12], 0, [])


def test_events_that_move_no_stock_make_no_job(shop: World) -> None:
    events = [Event(event_id="1", kind="product", external_id="7"), Event(event_id="2", kind="stock", external_id="")]
    assert asked_by_events(shop.centra_row, events) == []
    assert asked_by_events(shop.northgate, [Event(event_id="3", kind="order", external_id="7")]) == []
    assert StockTelling.objects.count() == 0


# --- SKUs that the owner does not know --------------------------------------------------------------------------------
def test_a_product_that_appears_later_sells_by_itself_and_the_case_closes(shop: World) -> None:
    shop.map("sku", "NG-HAT", "HAT-RED-1")
    shop.mirakl.add_offer("NG-HAT", quantity=0)
    shop.run("list_stock")
    shop.advance(61)
    shop.run("read_stock")
    assert shop.cases() == [("stock_sku_unknown", 0)]
    shop.centra.add_product("HAT", name="Hat", variant_number="-RED", variant_name="Red", sizes={"-1": 9})
    shop.advance(12 * 3600)
    shop.run("read_stock")
    assert (shown(shop, "NG-HAT"), shop.cases()) == ([0], [("stock_sku_unknown", 0)])
    shop.advance(12 * 3600 + 60)
    shop.run("read_stock")
    publish(shop)
    assert (shown(shop, "NG-HAT"), shop.cases()) == ([9], [])
    read = StockReading.objects.get(sku="HAT-RED-1")
    assert (read.missed_at, read.looked_at) == (None, None)


def test_a_sku_that_stays_unknown_is_looked_for_once_a_day(shop: World) -> None:
    shop.map("sku", "NG-GHOST", "NO-SUCH-SIZE")
    shop.run("list_stock")
    for _ in range(9):
        shop.advance(6 * 3600 + 1)
        shop.run("read_stock")
    asked = [entry for entry in shop.centra.journal.entries() if "NO-SUCH-SIZE" in entry.body]
    assert len(asked) == 3
    missed = StockReading.objects.get(sku="NO-SUCH-SIZE")
    assert missed.missed_at is not None
    assert missed.looked_at is not None
    assert missed.looked_at - missed.missed_at > timedelta(days=2)


# --- the call budget --------------------------------------------------------------------------------------------------
def test_while_the_budget_has_no_room_nothing_is_frozen_and_no_delivery_is_written(shop: World) -> None:
    """Mirakl takes a stock file once a minute."""
    assert sent(shop) == 1
    for units in (40, 39):
        count(shop, "TEE-BLK-M", units)
        shop.run("read_events")
        shop.run("publish_stock")
        shop.wait(50 if units == 40 else 0)
    assert (shown(shop, TEE), sent(shop)) == ([40], 2)
    assert "used up" in SyncJob.objects.get(flow="publish_stock", state="RETRYING").reason
    count(shop, "TEE-BLK-M", 38)
    shop.run("read_events")
    shop.wait(60)
    assert (shown(shop, TEE), sent(shop)) == ([38], 3)
    assert set(StockDelivery.objects.values_list("state", flat=True)) == {"DONE"}
    assert not WriteIntent.objects.filter(operation="send_stock").exclude(state="DONE").exists()
    assert not SyncJob.objects.filter(flow="publish_stock").exclude(state="DONE").exists()
    assert set(ChannelStock.objects.values_list("state", flat=True)) == {"ACKNOWLEDGED"}
    assert shop.cases() == []
