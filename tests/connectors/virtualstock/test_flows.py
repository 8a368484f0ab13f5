"""Virtualstock through the hub's own flows: nothing outside its folder knows of it, and its orders go all the way."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import pytest
import redis

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.models import Brand, Connection, Link
from connectors.virtualstock.sandbox import VirtualstockSandbox
from integrationhub.sync.places import place
from tests.connectors.virtualstock.contract import wire_problems
from tests.flows.world import World, sandbox_clock

pytestmark = pytest.mark.django_db
GOODS = ({"sku": "HV-TEE-M", "quantity": 2, "cost": "12.00"}, {"sku": "HV-COAT-38", "cost": "80.00"})


@pytest.fixture
def retailer(virtual_clock: ports.VirtualClock) -> Iterator[VirtualstockSandbox]:
    with VirtualstockSandbox(clock=sandbox_clock(virtual_clock.now())) as sandbox:
        yield sandbox
        assert wire_problems(sandbox) == []


@pytest.fixture
def centra(virtual_clock: ports.VirtualClock) -> Iterator[CentraSandbox]:
    sandbox = CentraSandbox(clock=sandbox_clock(virtual_clock.now()))
    sandbox.add_product("TEE", name="Tee", variant_number="-BLK", variant_name="Black", sizes={"-M": 50})
    sandbox.add_product("COAT", name="Coat", variant_number="-NVY", variant_name="Navy", sizes={"-38": 5})
    with sandbox:
        yield sandbox


@pytest.fixture
def world(
    db: None,
    virtual_clock: ports.VirtualClock,
    retailer: VirtualstockSandbox,
    centra: CentraSandbox,
    redis_client: redis.Redis,
) -> World:
    place.forget()
    brand = Brand.objects.create(code="nordhem", name="Nordhem", reporting_currency="GBP", timezone="Europe/London")
    keys, centra_keys = retailer.credentials(), centra.credentials()
    source = Connection.objects.create(
        brand=brand,
        platform="virtualstock",
        name="Harrow & Vale",
        base_url=retailer.base_url,
        credentials={"password": keys["password"]},
        settings={"username": keys["username"], "retailer_id": 7001},
        timezone="Europe/London",
    )
    target = Connection.objects.create(
        brand=brand,
        platform="centra",
        name="Centra",
        base_url=centra.base_url,
        credentials={name: centra_keys[name] for name in ("token", "order_api_key", "webhook_secret")},
        settings={
            "order_api_path": centra_keys["order_api_path"],
            "tier": "enterprise",
            "allocation_rule_id": 1,
            "payment_method": "11",
            "price_list": "1",
            "market": "1",
        },
        timezone="Europe/Stockholm",
    )
    link = Link.objects.create(brand=brand, source=source, target=target, fallback_email="orders@nordhem.example")
    virtual_clock.follow(retailer.advance, centra.advance)
    made = World(
        clock=virtual_clock,
        mirakl=cast(Any, None),
        centra=centra,
        brand=brand,
        northgate=source,
        centra_row=target,
        link=link,
    )
    for theirs, ours in {"HV-TEE-M": "TEE-BLK-M", "HV-COAT-38": "COAT-NVY-38"}.items():
        made.map("sku", theirs, ours)
    made.map("shipping_service", "standard", "standard-gbp")
    made.map("carrier", "DPD Next Day", "dpd")
    return made


def sold(retailer: VirtualstockSandbox, **values: Any) -> str:
    return retailer.add_order(lines=GOODS, delivery_service_code="standard", **values)


def test_an_order_is_created_acknowledged_dispatched_and_read_back(world: World, retailer: VirtualstockSandbox) -> None:
    reference = sold(retailer)

    world.poll()
    world.poll()

    assert retailer.line_statuses(reference) == ["ORDER_ACK", "ORDER_ACK"], world.reasons()
    (order,) = world.in_centra(reference)
    assert world.order(reference).total == Decimal("124.80")  # at cost prices, tax included
    world.centra.ship_order(order.number, carrier="DPD Next Day", tracking="15501234567890")
    world.advance(3)
    world.run("read_dispatches")
    world.wait(60)
    assert retailer.line_statuses(reference) == ["DISPATCH", "DISPATCH"], world.reasons()
    assert world.order(reference).dispatches.get().state == "SHOWN"
    assert [retailer.journal.count(name) for name in ("acknowledgeOrder", "dispatchOrder")] == [1, 1]
    assert world.cases() == []


def test_what_the_retailer_wants_cancelled_is_cancelled_where_it_is_fulfilled(
    world: World, retailer: VirtualstockSandbox
) -> None:
    reference = sold(retailer)
    world.poll()
    world.poll()

    retailer.request_cancellation(reference)
    world.poll()

    world.wait(180)
    assert world.order(reference).target_state == "CANCELLED", world.reasons()
    assert retailer.line_statuses(reference) == ["CANCEL_ACK", "CANCEL_ACK"], world.reasons()
    assert retailer.journal.count("acknowledgeCancellation") == 1
    assert world.cases() == []


def test_a_request_to_cancel_what_has_left_is_not_acknowledged(world: World, retailer: VirtualstockSandbox) -> None:
    reference = sold(retailer)
    world.poll()
    world.poll()
    (order,) = world.in_centra(reference)
    world.centra.ship_order(order.number, carrier="DPD Next Day", tracking="15501234567890")

    retailer.request_cancellation(reference)
    world.poll()
    world.wait(300)

    assert retailer.line_statuses(reference) == ["CANCEL", "CANCEL"]
    assert retailer.journal.count("acknowledgeCancellation") == 0
    assert len(world.cases()) == 1


def test_an_order_that_did_not_change_is_stored_once_however_often_it_is_read(
    world: World, retailer: VirtualstockSandbox
) -> None:
    reference = sold(retailer, advance_to="ORDER_ACK")
    for _ in range(3):
        world.poll()

    assert len(world.in_centra(reference)) == 1
    assert world.centra.journal.count("POST /order") == 1
