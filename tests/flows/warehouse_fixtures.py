"""Fixtures of the flow tests with Centra as the shop and Fulfil as its warehouse."""

from collections.abc import Iterator

import pytest
import redis

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.fulfil.sandbox import FulfilSandbox
from tests.flows.warehouse_world import MARKETS, Warehouse, build, stock_shop, stock_warehouse
from tests.flows.world import sandbox_clock


@pytest.fixture
def centra(virtual_clock: ports.VirtualClock) -> Iterator[CentraSandbox]:
    with stock_shop(CentraSandbox(clock=sandbox_clock(virtual_clock.now()))) as sandbox:
        yield sandbox


@pytest.fixture
def fulfil(virtual_clock: ports.VirtualClock) -> Iterator[FulfilSandbox]:
    with stock_warehouse(FulfilSandbox(clock=sandbox_clock(virtual_clock.now()))) as sandbox:
        yield sandbox


@pytest.fixture
def bare(
    db: None,
    virtual_clock: ports.VirtualClock,
    centra: CentraSandbox,
    fulfil: FulfilSandbox,
    redis_client: redis.Redis,
) -> Warehouse:
    """A link that has mapped nothing yet."""
    return build(virtual_clock, centra, fulfil)


@pytest.fixture
def world(bare: Warehouse) -> Warehouse:
    for market, channel in MARKETS.items():
        bare.map("market", market, channel)
        bare.map("shipping_service", f"standard-{market.lower().replace(' ', '-')}", "postnord_mypack")
    for currency in ("gbp", "sek", "eur"):
        bare.map("shipping_service", f"standard-{currency}", "postnord_mypack")
    bare.map("payment_method", "GIFT_CARD", "manual")
    return bare
