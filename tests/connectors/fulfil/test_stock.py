"""Stock and products, against the sandbox."""

from typing import Any

import pytest

from connectors.canonical.errors import ConfigurationError, DataError
from connectors.fulfil import connector as module
from connectors.fulfil.sandbox import FulfilSandbox
from tests.connectors.conformance import RecordingGate
from tests.connectors.fulfil.support import OPTIONS, ORDER, connector_of, released


def available(tenant: FulfilSandbox, sku: str = "TEE-M", **settings: Any) -> int:
    (level,) = connector_of(tenant, **settings).fetch_stock([sku])
    return level.available


def test_only_the_named_warehouses_count(tenant: FulfilSandbox) -> None:
    assert available(tenant) == 1020
    assert available(tenant, warehouse_ids="65") == 20


def test_an_order_takes_its_units_when_it_is_created_and_not_twice_on_its_way_out(tenant: FulfilSandbox) -> None:
    connector = connector_of(tenant)
    external_id = connector.send_order(ORDER, OPTIONS)
    assert available(tenant) == 1018

    found = connector.read_order(external_id)
    assert found is not None
    connector.finish_order(found, ORDER, OPTIONS, confirm=True)
    assert available(tenant) == 1018

    tenant.ship_order(int(external_id))
    assert available(tenant) == 1018


def test_more_promised_than_there_is_shows_as_nothing(tenant: FulfilSandbox) -> None:
    released(tenant)
    tenant.set_stock("TEE-M", 0)
    tenant.set_stock("TEE-M", 0, warehouse=65)

    assert available(tenant) == 0


def test_many_skus_are_asked_for_in_few_calls(tenant: FulfilSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SKUS_A_CALL", 2)
    gate = RecordingGate()

    levels = connector_of(tenant, gate=gate).fetch_stock(["TEE-M", "TEE-L", "SCARF", "TEE-M", ""])

    assert [level.sku for level in levels] == ["TEE-M", "TEE-L", "SCARF"]
    assert len(gate.calls) == 4


def test_archived_articles_services_and_duplicates(tenant: FulfilSandbox) -> None:
    tenant.edit_product("TEE-L", active=False)
    connector = connector_of(tenant)
    assert connector.fetch_stock(["TEE-L", "shipping"]) == ()

    tenant.add_product("SCARF")
    with pytest.raises(DataError) as caught:
        connector.fetch_stock(["TEE-M", "SCARF"])
    assert [problem.record for problem in caught.value.problems] == ["SCARF"]


def test_without_warehouses_nothing_is_asked(tenant: FulfilSandbox) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connector_of(tenant, warehouse_ids="").fetch_stock(["TEE-M"])

    assert caught.value.code == "no_warehouses"
    assert tenant.journal.entries() == []


def test_archived_products_are_read_and_said_to_be_so(tenant: FulfilSandbox) -> None:
    tenant.edit_product("TEE-L", active=False)
    connector = connector_of(tenant)

    products = [connector.parse_product(record.payload) for record in connector.fetch_products().records]

    assert {product.sku: product.active for product in products} == {"TEE-M": True, "TEE-L": False, "SCARF": True}
    assert products[0].title == "Tee, M"


def test_products_that_did_not_change_since_are_left_out(tenant: FulfilSandbox) -> None:
    tenant.advance(3600)
    since = tenant.clock.now()
    tenant.edit_product("TEE-L", active=False)
    connector = connector_of(tenant)

    changed = connector.fetch_products(updated_from=since).records

    assert [connector.parse_product(record.payload).sku for record in changed] == ["TEE-L"]


def test_a_person_finds_the_record_in_fulfil(tenant: FulfilSandbox) -> None:
    connector = connector_of(tenant)

    assert connector.page_url("order", "12") == f"{tenant.base_url}/client/#/model/sale.sale/12"
    assert connector.page_url("dispatch", "5-12") == f"{tenant.base_url}/client/#/model/stock.shipment.out/5"
    assert connector.page_url("payout", "1") == ""
