"""New orders are read just before a channel is told its stock, so that no unit is sold twice."""

from collections.abc import Iterator

import pytest

from connectors import ports
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.sandboxkit import Fault
from integrationhub.inventory import turns
from integrationhub.inventory.models import StockDelivery, StockTurn
from integrationhub.sync.models import Schedule, SyncAttempt, SyncJob
from tests.flows.fulfil_world import FulfilWorld, build, sell_in_the_shop, stocked
from tests.flows.test_stock import publish
from tests.flows.world import World, sandbox_clock

pytestmark = pytest.mark.django_db
COAT = "COAT-NVY-38"


@pytest.fixture
def fulfil(virtual_clock: ports.VirtualClock) -> Iterator[FulfilSandbox]:
    with stocked(FulfilSandbox(clock=sandbox_clock(virtual_clock.now()))) as sandbox:
        yield sandbox


@pytest.fixture
def shop(bare_world: World, fulfil: FulfilSandbox) -> FulfilWorld:
    """All three agree on 5 coats; then Fulfil finds 9, and Centra sells 2 that nobody has read yet."""
    world = build(bare_world, fulfil)
    world.agree(TEE_BLK_M=30, TEE_BLK_L=20, COAT_NVY_38=5)
    world.run("read_orders")
    world.advance(30)
    world.fulfil.set_stock("F-COAT", 9)
    world.told_by_fulfil("F-COAT")
    world.work()
    world.centra.pay_order(sell_in_the_shop(world.centra, (COAT, 2, "199.00")))
    world.advance(5)
    return world


def readings(shop: World) -> int:
    return SyncJob.objects.filter(flow="read_orders", connection=shop.centra_row).count()


def told(shop: World) -> StockDelivery:
    return StockDelivery.objects.filter(connection=shop.centra_row).latest("pk")


def test_an_order_that_came_in_since_the_last_reading_is_not_sold_twice(shop: FulfilWorld) -> None:
    before, sold_at = readings(shop), shop.clock.now()
    shop.start("publish_stock")
    shop.wait(10)
    assert shop.in_centra_now() == (9, 2, 7)
    delivery = told(shop)
    assert delivery.orders_known_at is not None
    assert sold_at - delivery.orders_known_at < turns.JUST_READ
    assert (readings(shop) - before, StockTurn.objects.count()) == (1, 0)


def test_while_orders_cannot_be_read_stock_goes_by_what_is_known_and_says_so(shop: FulfilWorld) -> None:
    shop.centra.faults.add(Fault(kind="status_before", operation="orders", times=0))
    shop.start("publish_stock")
    asked_at = shop.clock.now()
    shop.wait(60)
    delivery = told(shop)
    assert delivery.made_at - asked_at <= turns.PATIENCE
    assert shop.in_centra_now() == (11, 2, 9)
    assert delivery.orders_known_at is not None
    assert asked_at - delivery.orders_known_at > turns.JUST_READ
    slots = SyncJob.objects.filter(flow="publish_stock").values("pk")  # the next one may have passed by now
    assert SyncAttempt.objects.filter(job_id__in=slots, message__endswith=turns.WITHOUT).exists()


@pytest.mark.parametrize("paused", [True, False])
def test_orders_that_nobody_reads_are_not_waited_for(shop: FulfilWorld, paused: bool) -> None:
    values = {"paused_reason": "The token lacks a permission."} if paused else {"mode": Schedule.Mode.HELD}
    Schedule.objects.filter(flow="read_orders", connection=shop.centra_row).update(**values)
    shop.start("publish_stock")
    shop.work()
    assert (shop.in_centra_now()[2], StockTurn.objects.count()) == (9, 0)


@pytest.mark.parametrize("bare_world", [{"acceptance_policy": "RESERVE_FIRST"}], indirect=True)
def test_what_a_marketplace_has_just_sold_is_not_shown_again(world: World) -> None:
    world.roomy()
    world.mirakl.add_offer("NG-COAT-NVY-38")
    world.run("list_stock")
    world.run("read_stock")
    world.run("read_orders")
    publish(world)
    world.advance(70)
    world.run("read_events")
    world.centra.set_stock(COAT, 8)
    world.advance(61)
    world.run("read_events")
    reference = world.sell(("NG-COAT-NVY-38", 2, "199.00"))
    publish(world)
    assert world.order(reference).reference == reference
    assert world.mirakl.market.offers["NG-COAT-NVY-38"].quantity == 6
