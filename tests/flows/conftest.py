from collections.abc import Iterator
from typing import Any

import pytest
import redis

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.mirakl.sandbox import MiraklSandbox
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
