"""Fixtures of the flow tests with a retailer on Virtualstock; all that goes over its wire is held against the contract."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.virtualstock.contract import wire_problems
from tests.flows.virtualstock_world import Supplier, build, map_all
from tests.flows.world import sandbox_clock


@pytest.fixture
def edge(virtual_clock: ports.VirtualClock) -> Iterator[VirtualstockSandbox]:
    with VirtualstockSandbox(clock=sandbox_clock(virtual_clock.now())) as sandbox:
        yield sandbox
        assert wire_problems(sandbox) == []


@pytest.fixture
def warehouse(virtual_clock: ports.VirtualClock) -> Iterator[CentraSandbox]:
    sandbox = CentraSandbox(clock=sandbox_clock(virtual_clock.now()))
    sandbox.add_product("TEE", name="Tee", variant_number="-BLK", variant_name="Black", sizes={"-M": 50})
    sandbox.add_product("COAT", name="Coat", variant_number="-NVY", variant_name="Navy", sizes={"-38": 5})
    with sandbox:
        yield sandbox


@pytest.fixture
def bare_supplier(
    db: None,
    virtual_clock: ports.VirtualClock,
    edge: VirtualstockSandbox,
    warehouse: CentraSandbox,
    redis_client: redis.Redis,
    request: pytest.FixtureRequest,
) -> Supplier:
    """Nothing is mapped yet. `indirect` parameters are the connection's settings, and `zone`."""
    values: dict[str, Any] = dict(getattr(request, "param", {}))
    return build(virtual_clock, edge, warehouse, zone=values.pop("zone", "Europe/London"), **values)


@pytest.fixture
def supplier(bare_supplier: Supplier) -> Supplier:
    return map_all(bare_supplier)
