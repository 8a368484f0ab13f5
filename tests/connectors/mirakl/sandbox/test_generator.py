"""A loaded shop: believable, the same for one seed, and consistent with the rules it was made by."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxdata import catalogue
from connectors.sandboxkit import SandboxClock
from tests.connectors.mirakl.sandbox.api import Shop
from tests.connectors.mirakl.sandbox.conftest import START


def loaded(seed: int, currency: str = "EUR", countries: tuple[str, ...] = ("FRA", "DEU")) -> MiraklSandbox:
    made = MiraklSandbox(seed=seed, currency=currency, countries=countries, clock=SandboxClock(START, frozen=True))
    assert made.load_shop() == 320
    return made


def test_a_loaded_shop_has_the_catalogue_and_two_weeks_of_orders() -> None:
    market = loaded(3).market
    assert set(market.offers) == {item.sku for item in catalogue(1)}
    created = [order.created_at for order in market.orders.values()]
    assert START - timedelta(days=14) <= min(created) <= START - timedelta(days=13)
    assert START - timedelta(days=1) <= max(created) < START


def test_its_orders_are_in_every_state_a_person_would_find() -> None:
    market = loaded(3).market
    states = Counter(order.state for order in market.orders.values())
    wanted = {"WAITING_ACCEPTANCE", "SHIPPING", "SHIPPED", "RECEIVED", "CLOSED", "REFUSED"}
    assert wanted <= set(states)
    assert min(states[state] for state in wanted) >= 3
    assert any(line.refunds for order in market.orders.values() for line in order.lines)


def test_the_same_seed_makes_the_same_shop_and_another_seed_another() -> None:
    def story(sandbox: MiraklSandbox) -> list[tuple[object, ...]]:
        return [
            (order.order_id, order.state, order.shipping_address["street_1"])
            for order in sandbox.market.orders.values()
        ]

    assert story(loaded(3)) == story(loaded(3))
    assert story(loaded(3)) != story(loaded(4))


@pytest.mark.parametrize(
    ("currency", "countries"), [("GBP", ("GBR",)), ("SEK", ("SWE",)), ("EUR", ("DEU", "FRA", "NLD")), ("USD", ("USA",))]
)
def test_a_shop_trades_in_its_own_currency_and_countries(currency: str, countries: tuple[str, ...]) -> None:
    sandbox = loaded(5, currency=currency, countries=countries)
    orders = sandbox.market.orders.values()
    assert {order.currency for order in orders} == {currency}
    assert {order.shipping_address["country_iso_code"] for order in orders} == set(countries)
    prices = {item.sku: item.prices[currency] for item in catalogue(1)}
    line = next(iter(orders)).lines[0]
    assert line.goods.gross == prices[line.sku] * line.quantity


def test_every_order_keeps_the_arithmetic_of_the_platform(shop: Shop, sandbox: MiraklSandbox) -> None:
    sandbox.load_shop(orders=120)
    for offset in (0, 100):
        for order in shop.orders(max=100, offset=offset):
            lines = order["order_lines"]
            assert order["price"] == sum(line["price"] for line in lines)
            assert order["total_price"] == sum(line["total_price"] for line in lines)
            for line in lines:
                assert line["price"] == line["quantity"] * line["price_unit"]
                assert line["total_price"] == line["price"] + line["shipping_price"]
                refunded = sum(refund["amount"] for refund in line["refunds"])
                assert Decimal(0) <= refunded <= line["price"]


def test_a_shop_that_has_orders_is_not_loaded_again() -> None:
    sandbox = loaded(3)
    with pytest.raises(ValueError, match="The shop has orders already"):
        sandbox.load_shop()
    assert len(sandbox.market.orders) == 320


def test_it_may_be_loaded_up_to_a_moment_of_the_past() -> None:
    sandbox = MiraklSandbox(clock=SandboxClock(START, frozen=True))
    sandbox.load_shop(orders=50, seed=9, now="2026-03-01T00:00:00Z")
    assert max(order.created_at for order in sandbox.market.orders.values()) < datetime.fromisoformat(
        "2026-03-01T00:00Z"
    )
