"""Stock, prices and products, one call for each: what is refused, locked, lost or cut off."""

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors import ports
from connectors.base import Capability
from connectors.canonical.deliveries import Delivery, DeliveryState
from connectors.canonical.errors import ConfigurationError, DataError, TransientError, UnknownOutcomeError
from connectors.canonical.listings import ListingUpdate
from connectors.canonical.money import Money
from connectors.canonical.offers import PriceUpdate
from connectors.canonical.stock import StockUpdate
from connectors.sandboxkit import Fault
from connectors.virtualstock.batches import CUT_OFF, LOCKED
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.conformance import RecordingGate
from tests.connectors.virtualstock.shop import account_of

SKUS = ("TEE", "CAP", "COAT")


def connector_of(edge: VirtualstockSandbox, **settings: Any) -> VirtualstockConnector:
    return VirtualstockConnector(account_of(edge, **settings), gate=RecordingGate())


def stock(quantity: int, *skus: str) -> list[StockUpdate]:
    return [StockUpdate(sku=sku, quantity=quantity) for sku in skus or SKUS]


def shown(edge: VirtualstockSandbox) -> list[int]:
    return [product.stock for product in edge.edge.products.values()]


def refused(delivery: Delivery) -> dict[str, str]:
    assert delivery.state is DeliveryState.DONE
    return {line.sku: line.code for line in delivery.refused}


@pytest.fixture
def goods(edge: VirtualstockSandbox) -> VirtualstockSandbox:
    for sku in SKUS:
        edge.add_product(sku, stock=1)
    return edge


# --- who they are -----------------------------------------------------------------------------------------------------
def test_the_list_of_products_is_read_once(goods: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    for quantity in (5, 6):
        assert refused(connector.send_stock(stock(quantity))) == {}

    assert shown(goods) == [6, 6, 6]
    assert (goods.journal.count("listProducts"), goods.journal.count("updateStock")) == (1, 6)


def test_a_list_of_several_pages_is_read_to_the_sku_that_is_wanted_and_no_further(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    for number in range(220):
        goods.add_product(f"SKU-{number}")

    connector.send_stock(stock(5, "SKU-150"))
    assert goods.journal.count("listProducts") == 2
    connector.send_stock(stock(5, "SKU-219"))
    assert goods.journal.count("listProducts") == 3


def test_a_list_that_was_cut_off_goes_on_where_it_stood(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    for number in range(220):
        goods.add_product(f"SKU-{number}")
    goods.faults.add(Fault(kind="drop_before", operation="listProducts", skip=1))
    with pytest.raises(TransientError):
        connector.send_stock(stock(5, "SKU-219"))

    connector.send_stock(stock(5, "SKU-219"))

    offsets = [entry.query.rpartition("=")[2] for entry in goods.journal.entries("listProducts")]
    assert offsets == ["0", "100", "100", "200"]


def test_a_sku_that_nobody_lists_is_refused_without_a_call_of_its_own(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    for _ in range(2):
        assert refused(connector.send_stock(stock(5, "GHOST", "TEE"))) == {"GHOST": "PRODUCT_NOT_FOUND"}

    assert goods.journal.count("listProducts") == 1


def test_a_sku_that_came_later_is_found_a_quarter_of_an_hour_after(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    connector.send_stock(stock(5))
    goods.add_product("NEW")
    assert refused(connector.send_stock(stock(5, "NEW"))) == {"NEW": "PRODUCT_NOT_FOUND"}

    ports.sleep(15 * 60)

    assert refused(connector.send_stock(stock(5, "NEW"))) == {}
    assert goods.product("NEW")["stock"] == 5


def test_a_product_that_was_made_anew_is_found_by_its_part_number(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    connector.send_stock(stock(5))
    goods.remove_product("TEE")
    goods.add_product("TEE")

    assert refused(connector.send_stock(stock(6, "TEE"))) == {}
    assert goods.product("TEE")["stock"] == 6


def test_a_product_that_is_gone_is_refused_and_the_others_stand(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    connector.send_stock(stock(5))
    goods.remove_product("CAP")

    delivery = connector.send_stock(stock(6))

    assert refused(delivery) == {"CAP": "PRODUCT_NOT_FOUND"}
    assert not delivery.refused[0].busy
    assert shown(goods) == [6, 6]


def test_one_sku_at_two_retailers_is_told_to_both_or_to_the_one_of_the_connection(
    goods: VirtualstockSandbox,
) -> None:
    goods.add_retailer(retailer_id=7002, client_id=8802)
    goods.add_product("TEE", retailer_id=7002, stock=1)

    connector_of(goods).send_stock(stock(5, "TEE"))
    assert shown(goods) == [5, 1, 1, 5]
    connector_of(goods, client_id=8802).send_stock(stock(6, "TEE"))
    assert shown(goods) == [5, 1, 1, 6]


# --- what goes wrong on the way ---------------------------------------------------------------------------------------
def test_a_product_that_is_being_published_is_named_and_the_others_stand(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    goods.publish("CAP")

    delivery = connector.send_stock(stock(5))

    assert (refused(delivery), delivery.taken) == ({"CAP": "publishing"}, 2)
    (locked,) = delivery.refused
    assert locked.busy  # no refusal of the value: it waits for the next batch
    assert locked.message == LOCKED
    assert shown(goods) == [5, 1, 5]


def test_a_lock_that_ends_before_the_run_does_is_not_noticed(
    goods: VirtualstockSandbox, connector: VirtualstockConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    goods.publish("TEE", seconds=30)
    write = connector.client.set_stock

    def slowly(number: str, quantity: int) -> None:
        ports.sleep(15)
        write(number, quantity)

    monkeypatch.setattr(connector.client, "set_stock", slowly)

    assert refused(connector.send_stock(stock(5))) == {}
    assert shown(goods) == [5, 5, 5]


def test_a_run_that_is_cut_off_at_its_beginning_did_nothing(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    goods.faults.add(Fault(kind="rate_limit", operation="updateStock", seconds=20))

    with pytest.raises(TransientError):
        connector.send_stock(stock(5))
    assert shown(goods) == [1, 1, 1]


def test_a_run_that_is_cut_off_midway_keeps_what_it_wrote_and_names_the_rest_as_waiting(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    goods.faults.add(Fault(kind="rate_limit", operation="updateStock", seconds=20, skip=1))

    delivery = connector.send_stock(stock(5))

    assert (shown(goods), goods.journal.count("updateStock"), delivery.taken) == ([5, 1, 1], 2, 1)
    assert [(line.sku, line.message, line.busy) for line in delivery.refused] == [
        ("CAP", CUT_OFF, True),
        ("COAT", CUT_OFF, True),
    ]
    connector.send_stock(stock(5))
    assert shown(goods) == [5, 5, 5]


def test_an_answer_that_is_lost_stops_no_other_and_is_told(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    goods.faults.add(Fault(kind="drop_before", operation="updateStock", skip=1))

    with pytest.raises(UnknownOutcomeError):
        connector.send_stock(stock(5))
    assert shown(goods) == [5, 1, 5]


# --- prices -----------------------------------------------------------------------------------------------------------
def price(amount: str, sku: str = "TEE", **values: Any) -> PriceUpdate:
    return PriceUpdate(sku=sku, price=Money(Decimal(amount), "GBP"), **values)


def test_a_cost_price_goes_into_the_field_that_the_retailer_named(goods: VirtualstockSandbox) -> None:
    connector_of(goods, price_field="hn_buy_price").send_prices([price("12.5")])

    (entry,) = goods.journal.entries("updateProduct")
    assert json.loads(entry.body) == {"data": {"hn_buy_price": "12.50"}}


def test_without_that_field_no_price_is_sent(goods: VirtualstockSandbox) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connector_of(goods, price_field="").send_prices([price("12.50")])

    assert caught.value.operation == Capability.SEND_PRICES
    assert goods.journal.entries() == []


def test_a_discount_is_refused_and_the_others_stand(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    sale = price("12.50", discount=Money(Decimal("9.00"), "GBP"))

    assert refused(connector.send_prices([sale, price("8.00", "CAP")])) == {"TEE": "discount"}
    assert [goods.product(sku)["data"]["cost_price"] for sku in ("TEE", "CAP")] == ["13.46", "8.00"]


# --- products ---------------------------------------------------------------------------------------------------------
def listing(sku: str, **values: tuple[str, ...]) -> ListingUpdate:
    return ListingUpdate(sku=sku, category="2", values=values)


def test_a_product_that_is_new_is_made_and_one_that_is_there_changed(goods: VirtualstockSandbox) -> None:
    connector = connector_of(goods, client_id=8801)

    delivery = connector.send_listings([listing("NEW", rrp=("99.00",)), listing("TEE", image=("a", "b"))])

    assert refused(delivery) == {}
    made = goods.edge.product_by_part("NEW")
    assert (made.category, made.client_id, made.data) == ("2", 8801, {"rrp": "99.00"})
    assert goods.product("TEE")["data"]["image"] == "a, b"


def test_a_product_sent_again_is_not_made_twice(goods: VirtualstockSandbox) -> None:
    connector = connector_of(goods, client_id=8801)
    for _ in range(2):
        connector.send_listings([listing("NEW", rrp=("99.00",))])

    assert (goods.journal.count("createProduct"), len(goods.edge.products)) == (1, 4)


def test_a_product_made_elsewhere_since_the_list_was_read_is_changed(goods: VirtualstockSandbox) -> None:
    connector = connector_of(goods, client_id=8801)
    connector.send_stock(stock(5))
    goods.add_product("NEW")

    delivery = connector.send_listings([listing("NEW", rrp=("99.00",))])

    assert (refused(delivery), goods.product("NEW")["data"]["rrp"]) == ({}, "99.00")
    assert goods.journal.count("createProduct") == 0


def test_a_product_just_made_takes_its_stock_at_once(goods: VirtualstockSandbox) -> None:
    connector = connector_of(goods, client_id=8801)
    connector.send_listings([listing("NEW", rrp=("99.00",))])

    assert refused(connector.send_stock(stock(5, "NEW"))) == {}
    assert goods.product("NEW")["stock"] == 5


def test_a_product_whose_making_was_lost_is_looked_up_before_it_is_made_again(goods: VirtualstockSandbox) -> None:
    connector = connector_of(goods, client_id=8801)
    goods.faults.add(Fault(kind="drop_after", operation="createProduct"))
    with pytest.raises(UnknownOutcomeError):
        connector.send_listings([listing("NEW", rrp=("99.00",))])

    connector.send_listings([listing("NEW", rrp=("99.00",))])

    assert (goods.journal.count("createProduct"), len(goods.edge.products)) == (1, 4)


def test_without_the_retailers_number_no_product_is_made(
    goods: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    with pytest.raises(DataError):
        connector.send_listings([listing("TEE", rrp=("99.00",)), listing("NEW", rrp=("99.00",))])
    assert (goods.journal.count("createProduct"), goods.journal.count("updateProduct")) == (0, 0)


def test_every_field_at_fault_is_named_and_quoted(goods: VirtualstockSandbox) -> None:
    goods.change_retailer(strict_data_model=True, required_keys=["rrp"])

    delivery = connector_of(goods, client_id=8801).send_listings([listing("TEE", rrp=("",), colour=("red",))])

    assert [(line.sku, line.attribute, line.code) for line in delivery.refused] == [
        ("TEE", "rrp", "missing_field"),
        ("TEE", "colour", "refused"),
    ]
    assert delivery.refused[1].message.endswith("It says: colour: This field is not in the data model.")
    assert delivery.taken == 0


def test_a_category_that_is_not_known_is_no_fault_of_an_attribute(goods: VirtualstockSandbox) -> None:
    strange = ListingUpdate(sku="NEW", category="99", values={"rrp": ("99.00",)})

    (line,) = connector_of(goods, client_id=8801).send_listings([strange]).refused

    assert (line.attribute, line.message.rpartition("It says: ")[2]) == (
        "",
        "category: Invalid hyperlink - Object does not exist.",
    )
