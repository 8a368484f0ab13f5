from collections.abc import Iterator
from typing import Any

import pytest
import redis

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.marketplacer import client
from connectors.marketplacer.sandbox import MarketplacerSandbox
from connectors.mirakl.sandbox import MiraklSandbox
from tests.flows import marketplacer_world
from tests.flows.marketplacer_world import COAT, LARGE, TEE, Market
from tests.flows.world import SKUS, World, build, sandbox_clock
from tests.sync.conftest import make_flow

__all__ = ["make_flow"]


@pytest.fixture
def mirakl(virtual_clock: ports.VirtualClock) -> Iterator[MiraklSandbox]:
    sandbox = MiraklSandbox(
        currency="GBP", countries=("GBR",), order_prefix="MK", clock=sandbox_clock(virtual_clock.now())
    )
    with sandbox:
        yield sandbox


@pytest.fixture
def centra(virtual_clock: ports.VirtualClock) -> Iterator[CentraSandbox]:
    sandbox = CentraSandbox(clock=sandbox_clock(virtual_clock.now()))
    sandbox.add_product("TEE", name="Tee", variant_number="-BLK", variant_name="Black", sizes={"-M": 50, "-L": 50})
    sandbox.add_product("COAT", name="Coat", variant_number="-NVY", variant_name="Navy", sizes={"-38": 5})
    with sandbox:
        yield sandbox


@pytest.fixture
def bare_world(
    db: None,
    virtual_clock: ports.VirtualClock,
    mirakl: MiraklSandbox,
    centra: CentraSandbox,
    redis_client: redis.Redis,
    request: pytest.FixtureRequest,
) -> World:
    """A connected brand that has mapped nothing yet. `indirect` parameters are values of the link."""
    values: dict[str, Any] = getattr(request, "param", {})
    return build(virtual_clock, mirakl, centra, **values)


@pytest.fixture
def world(bare_world: World) -> World:
    """As `bare_world`, with every SKU, market, service and carrier mapped."""
    for theirs, ours in SKUS.items():
        bare_world.map("sku", theirs, ours)
    bare_world.map("market", "GB", "1", attributes={"price_list": "1"})
    bare_world.map("shipping_service", "STD", "standard-gbp")
    bare_world.centra_row.settings["payment_method"] = "11"
    bare_world.centra_row.save()
    return bare_world


@pytest.fixture
def fashionmart(virtual_clock: ports.VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarketplacerSandbox]:
    monkeypatch.setattr(client, "_ABSENCES", client.Absences())  # kept by address, and ports come again
    settings = {"currency": "GBP", "money_form": "£{}", "tax_rate": "20"}
    with MarketplacerSandbox(clock=sandbox_clock(virtual_clock.now()), settings=settings) as sandbox:
        sandbox.add_product(title="Tee", skus={TEE: 50, LARGE: 50}, price="29.90")
        sandbox.add_product(title="Coat", skus={COAT: 5}, price="199.00")
        yield sandbox


@pytest.fixture
def bare_market(
    db: None,
    virtual_clock: ports.VirtualClock,
    fashionmart: MarketplacerSandbox,
    centra: CentraSandbox,
    redis_client: redis.Redis,
) -> Market:
    """A connected brand that has mapped nothing yet."""
    return Market(virtual_clock, fashionmart, centra)


@pytest.fixture
def market(bare_market: Market) -> Market:
    """With every SKU mapped, and no carrier."""
    for theirs, ours in marketplacer_world.SKUS.items():
        bare_market.map("sku", theirs, ours)
    return bare_market
