"""Stock that another system owns, set in one warehouse of Centra: what is free is what was asked for, whatever is allocated."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Capability
from connectors.canonical.deliveries import DeliveryState
from connectors.canonical.errors import ConfigurationError, UnknownOutcomeError
from connectors.canonical.stock import StockUpdate
from connectors.centra import stock_writing
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox import CentraSandbox
from connectors.centra.stock_writing import COSTS, LINES_MAX, NOT_KNOWN, SEVERAL, SKUS_A_CALL
from connectors.http import OpenGate
from connectors.sandboxkit import Fault
from tests.connectors.centra.sandbox.api import Api
from tests.connectors.centra.support import Network, account_of, answer, make_account, stocked
from tests.connectors.conformance import RecordingGate

COAT, LARGE, SCARF = "NV1001-410-M", "NV1001-410-L", "NV1002-100-S"


@pytest.fixture
def tenant() -> Iterator[CentraSandbox]:
    with stocked(CentraSandbox()) as sandbox:
        yield sandbox


def hub(tenant: CentraSandbox, *, gate: Any = None, **settings: Any) -> CentraConnector:
    return CentraConnector(account_of(tenant, **{"stock_warehouse_id": 1, **settings}), gate=gate or OpenGate())


def updates(**quantities: int) -> list[StockUpdate]:
    names = {"coat": COAT, "large": LARGE, "scarf": SCARF}
    return [StockUpdate(sku=names.get(name, name), quantity=units) for name, units in quantities.items()]


def mutations(tenant: CentraSandbox) -> int:
    return tenant.journal.count("SetStock")


# --- what is on the shelf ---------------------------------------------------------------------------------------------
def test_what_is_allocated_to_orders_is_put_on_the_shelf_besides(tenant: CentraSandbox) -> None:
    Api(tenant).placed((COAT, 3, "100.00"))

    delivery = hub(tenant).send_stock(updates(coat=20))

    assert (delivery.state, delivery.refused, delivery.taken) == (DeliveryState.DONE, (), 1)
    assert tenant.stock(COAT, warehouse=1) | {"publishable": 0, "demand": 0} == {
        "physical": 23, "allocated": 3, "free": 20, "publishable": 0, "demand": 0
    }  # fmt: skip


def test_zero_leaves_what_is_allocated_on_the_shelf(tenant: CentraSandbox) -> None:
    Api(tenant).placed((COAT, 3, "100.00"))

    assert hub(tenant).send_stock(updates(coat=0)).refused == ()

    assert [tenant.stock(COAT)[name] for name in ("physical", "allocated", "free")] == [3, 3, 0]


def test_what_is_as_it_should_be_costs_no_mutation(tenant: CentraSandbox) -> None:
    assert hub(tenant).send_stock(updates(coat=100, large=0, scarf=100)).taken == 3

    assert (mutations(tenant), tenant.journal.count("ReadWarehouseStock")) == (0, 0)


def test_only_the_named_warehouse_is_written(tenant: CentraSandbox) -> None:
    tenant.set_stock(COAT, 7, warehouse=2)

    hub(tenant, stock_warehouse_id=2).send_stock(updates(coat=9))

    assert [tenant.stock(COAT, warehouse=number)["physical"] for number in (1, 2)] == [100, 9]


def test_a_size_that_was_never_kept_there_gets_its_stock(tenant: CentraSandbox) -> None:
    assert hub(tenant, stock_warehouse_id=2).send_stock(updates(scarf=4)).refused == ()

    assert tenant.stock(SCARF, warehouse=2)["free"] == 4


def test_a_threshold_keeps_units_from_the_marketplaces_and_not_from_the_shelf(tenant: CentraSandbox) -> None:
    tenant.set_threshold(1, 2)
    connector = hub(tenant)

    connector.send_stock(updates(coat=20))

    assert [level.available for level in connector.fetch_stock([COAT])] == [18]
    assert [offer.quantity for offer in connector.fetch_offers_of([COAT])] == [20]


def test_a_state_is_set_and_never_a_change_added(tenant: CentraSandbox) -> None:
    hub(tenant).send_stock(updates(coat=20))

    assert tenant.journal.count("changeStock") == 0
    (entry,) = [one for one in tenant.journal.entries() if '"operationName":"SetStock"' in one.body.replace(": ", ":")]
    told = json.loads(entry.body)["variables"]
    assert (told["warehouse"], [level["quantity"] for level in told["levels"]]) == (1, [20])


# --- budget -----------------------------------------------------------------------------------------------------------
def test_a_full_batch_is_one_mutation_and_costs_what_it_says(tenant: CentraSandbox) -> None:
    tenant.add_product("NV2000", sizes={f"-{number}": 1 for number in range(LINES_MAX)})
    gate = RecordingGate()

    delivery = hub(tenant, gate=gate).send_stock(
        [StockUpdate(sku=f"NV2000-{number}", quantity=5) for number in range(LINES_MAX)]
    )

    spent = {bucket: sum(call.costs.get(bucket, 0) for call in gate.calls) for bucket in COSTS}
    assert (delivery.taken, mutations(tenant)) == (LINES_MAX, 1)
    assert (spent["requests"], spent["mutations"]) == (COSTS["requests"], 1)
    assert COSTS["requests"] == LINES_MAX // SKUS_A_CALL + 2
    assert spent["complexity"] <= COSTS["complexity"]


def test_a_full_batch_fits_into_the_smallest_tenants_ten_seconds() -> None:
    windows = {(limit.bucket, limit.seconds): limit.calls for limit in CentraConnector.limits(make_account())}
    assert all(units <= windows[bucket, 10] for bucket, units in COSTS.items())


# --- what Centra does not take ----------------------------------------------------------------------------------------
def test_a_sku_nobody_knows_and_one_that_two_sizes_carry_are_named_and_the_others_stand(tenant: CentraSandbox) -> None:
    twin = tenant.size(LARGE)
    tenant.shop.unindex_size(twin)
    twin.sku = SCARF
    tenant.shop.index_size(twin)

    delivery = hub(tenant).send_stock(updates(coat=9, scarf=8, nobody=7))

    assert {line.sku: line.message for line in delivery.refused} == {SCARF: SEVERAL, "nobody": NOT_KNOWN}
    assert (tenant.stock(COAT)["free"], delivery.taken) == (9, 1)


def test_without_a_warehouse_nothing_is_sent_and_the_setting_is_named(tenant: CentraSandbox) -> None:
    connector = hub(tenant, stock_warehouse_id="")

    for call in (lambda: connector.send_stock(updates(coat=1)), connector.fetch_offers):
        with pytest.raises(ConfigurationError, match="Warehouse that the hub writes") as caught:
            call()
        assert (caught.value.operation, caught.value.code) == (Capability.SEND_STOCK, "no_stock_warehouse")
    assert tenant.journal.entries() == []


def test_a_warehouse_that_does_not_exist_is_a_fault_of_the_connection(tenant: CentraSandbox) -> None:
    with pytest.raises(ConfigurationError, match="warehouse 99") as caught:
        hub(tenant, stock_warehouse_id=99).send_stock(updates(coat=1))

    assert (caught.value.operation, caught.value.code) == (Capability.SEND_STOCK, "stock_warehouse")
    assert tenant.stock(COAT)["physical"] == 100


def size(number: int, *, physical: int, free: int, sku: str = COAT) -> dict[str, Any]:
    return {
        "id": number, "SKU": sku, "EAN": None, "UPC": None, "isActive": True, "size": {"name": "M"},
        "productVariant": {"id": 1, "name": "", "status": "ACTIVE", "product": {"id": 1, "name": "", "status": "ACTIVE"}},
        "stock": [{"physicalQuantity": physical, "freeToAllocateQuantity": free}],
    }  # fmt: skip


def shelf(*sizes: tuple[int, int, int]) -> Any:
    rows = [
        {"physicalQuantity": physical, "freeToAllocateQuantity": free, "productSize": {"id": number}}
        for number, physical, free in sizes
    ]
    return answer({"warehouses": [{"id": 1, "stock": rows}]})


DONE = {"stockChanges": [{"id": 1}], "userErrors": [], "userWarnings": []}


@pytest.mark.parametrize(
    ("after", "refused", "busy"),
    [
        ((11, 23, 20), False, False),  # as it was set
        ((11, 23, 18), False, False),  # an order came in since: it may not show more
        ((11, 22, 20), False, False),  # an order left since
        ((11, 23, 21), True, True),  # units left between reading the shelf and writing it
        ((11, 30, 27), True, False),  # somebody else wrote
    ],
)
def test_what_centra_shows_afterwards_decides(
    network: Network, after: tuple[int, int, int], refused: bool, busy: bool
) -> None:
    network.put(answer({"s0": [size(11, physical=50, free=47)]}), answer({"set": DONE}), shelf(after))

    delivery = CentraConnector(make_account(stock_warehouse_id=1), gate=OpenGate()).send_stock(updates(coat=20))

    assert [(line.sku, line.busy) for line in delivery.refused] == ([(COAT, busy)] if refused else [])
    assert network.documents == ["ShelfOfSkus", "SetStock", "ReadWarehouseStock"]
    if refused and not busy:
        assert "Centra shows 30 on the shelf where 23 were set" in delivery.refused[0].message


def test_a_line_that_centra_refuses_is_left_out_and_the_others_go_once_more(network: Network) -> None:
    gone = {"message": "Could not find ProductSize with ID 11", "path": ["input", "productSizes", "0", "productSize"]}
    network.put(
        answer({"s0": [size(11, physical=5, free=5)], "s1": [size(12, physical=5, free=5, sku=SCARF)]}),
        answer({"set": {"stockChanges": [], "userErrors": [gone], "userWarnings": []}}),
        answer({"set": DONE}),
        shelf((12, 8, 8)),
    )

    delivery = CentraConnector(make_account(stock_warehouse_id=1), gate=OpenGate()).send_stock(updates(coat=9, scarf=8))

    assert [(line.sku, line.message) for line in delivery.refused] == [(COAT, gone["message"])]
    sent = [body["variables"]["levels"] for body in network.bodies if body["operationName"] == "SetStock"]
    assert [[level["productSize"]["id"] for level in levels] for levels in sent] == [[11, 12], [12]]


def test_a_refusal_that_names_no_line_refuses_the_batch(network: Network) -> None:
    told = {"message": "Stock is being counted.", "path": ["input"]}
    network.put(
        answer({"s0": [size(11, physical=5, free=5)]}),
        answer({"set": {"stockChanges": [], "userErrors": [told], "userWarnings": []}}),
    )

    delivery = CentraConnector(make_account(stock_warehouse_id=1), gate=OpenGate()).send_stock(updates(coat=9))

    assert (delivery.state, delivery.words) == (DeliveryState.FAILED, "Stock is being counted.")


# --- answers that are lost --------------------------------------------------------------------------------------------
def test_after_a_lost_answer_the_same_is_sent_again_and_is_there_once(tenant: CentraSandbox) -> None:
    Api(tenant).placed((COAT, 3, "100.00"))
    tenant.faults.add(Fault(kind="drop_after", operation="setStock"))
    with pytest.raises(UnknownOutcomeError):
        hub(tenant).send_stock(updates(coat=20))

    delivery = hub(tenant).send_stock(updates(coat=20))

    assert (delivery.refused, tenant.stock(COAT)["free"], mutations(tenant)) == ((), 20, 1)


def test_what_could_not_be_read_back_may_have_been_set(tenant: CentraSandbox) -> None:
    tenant.faults.add(Fault(kind="status_before", operation="ReadWarehouseStock"))

    with pytest.raises(UnknownOutcomeError) as caught:
        hub(tenant).send_stock(updates(coat=20))

    assert (caught.value.code, tenant.stock(COAT)["free"]) == ("not_read_back", 20)


# --- what it shows ----------------------------------------------------------------------------------------------------
def test_it_shows_what_is_free_and_no_price(tenant: CentraSandbox) -> None:
    Api(tenant).placed((COAT, 3, "100.00"))

    (coat,) = hub(tenant).fetch_offers_of([COAT, "nobody"])

    assert (coat.sku, coat.quantity, coat.price, coat.active) == (COAT, 97, None, True)
    assert (replace(coat, title="").title, coat.title) == ("", "Alma wool coat · M")


def test_a_size_that_is_switched_off_is_not_on_offer(tenant: CentraSandbox) -> None:
    tenant.edit_size(COAT, active=False)
    connector = hub(tenant)

    assert connector.fetch_offers_of([COAT]) == ()
    assert COAT not in {offer.sku for offer in connector.fetch_offers().offers}


def test_the_words_name_no_marketplace() -> None:
    told = [value for value in vars(stock_writing).values() if isinstance(value, str)]
    assert not any("arketplace" in words for words in told)
