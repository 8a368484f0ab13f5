"""Another system writes Centra's stock too: it is put back a few times, one case tells of it, and closes when it is over."""

from collections.abc import Iterator

import pytest

from connectors import ports
from connectors.fulfil.sandbox import FulfilSandbox
from exceptions_app.models import ExceptionCase
from integrationhub.inventory.models import StockOverwrite
from integrationhub.inventory.overwrites import PUT_BACK_MOST
from tests.flows.fulfil_world import FulfilWorld, build, stocked
from tests.flows.world import World, sandbox_clock

pytestmark = pytest.mark.django_db
COAT, TEE = "COAT-NVY-38", "TEE-BLK-M"


@pytest.fixture
def fulfil(virtual_clock: ports.VirtualClock) -> Iterator[FulfilSandbox]:
    with stocked(FulfilSandbox(clock=sandbox_clock(virtual_clock.now()))) as sandbox:
        yield sandbox


@pytest.fixture
def shop(bare_world: World, fulfil: FulfilSandbox) -> FulfilWorld:
    world = build(bare_world, fulfil)
    world.agree(TEE_BLK_M=30, TEE_BLK_L=20, COAT_NVY_38=5)
    return world


def overwrite(shop: FulfilWorld, *skus: str, times: int = 1) -> None:
    for number in range(times):
        for sku in skus:
            shop.centra.set_stock(sku, 40 + number)
        shop.advance(61)
        shop.run("read_events")
        shop.work()
        shop.start("publish_stock")
        shop.work()


def scan(shop: FulfilWorld) -> None:
    shop.advance(3601)
    shop.run("scan_stock")
    shop.publish()


def test_what_is_changed_now_and_then_is_put_back_and_nobody_is_bothered(shop: FulfilWorld) -> None:
    overwrite(shop, COAT, times=PUT_BACK_MOST - 1)
    assert (shop.in_centra_now(), shop.cases()) == ((5, 0, 5), [])
    assert StockOverwrite.objects.count() == PUT_BACK_MOST - 1


def test_who_overwrites_again_and_again_is_one_case_and_the_two_do_not_fight_on(shop: FulfilWorld) -> None:
    before = len(shop.writes())
    overwrite(shop, COAT, TEE, times=PUT_BACK_MOST + 2)
    assert len(shop.writes()) - before == PUT_BACK_MOST
    assert shop.in_centra_now()[0] == 40 + PUT_BACK_MOST + 1
    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, case.target, case.context["skus"], case.context["where"]) == (
        "stock_overwritten", shop.centra_row, 2, "warehouse 1"
    )  # fmt: skip
    assert shop.at_northgate() <= 5


def test_what_the_hub_has_to_tell_that_is_new_goes_out_all_the_same(shop: FulfilWorld) -> None:
    overwrite(shop, COAT, times=PUT_BACK_MOST + 2)
    shop.fulfil.set_stock("F-COAT", 0)
    shop.told_by_fulfil("F-COAT")
    shop.work()
    shop.publish()
    assert shop.in_centra_now() == (0, 0, 0)


def test_the_case_closes_when_all_was_read_back_and_nobody_changed_it_for_an_hour(shop: FulfilWorld) -> None:
    overwrite(shop, COAT, times=PUT_BACK_MOST + 1)
    assert shop.cases() == [("stock_overwritten", 0)]
    scan(shop)
    assert (shop.in_centra_now(), shop.cases()) == ((5, 0, 5), [("stock_overwritten", 0)])
    scan(shop)
    assert shop.cases() == []
    overwrite(shop, COAT)
    assert (shop.in_centra_now(), shop.cases()) == ((5, 0, 5), [])
