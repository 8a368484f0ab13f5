"""Stock writes, stock and catalogue reads, structure, prices, attributes, customers, the table of external ids."""

from typing import Any

import pytest

from connectors.centra.sandbox import CentraSandbox
from connectors.sandboxdata import catalogue
from connectors.sandboxkit import SandboxClock
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import START, Api

CHANGE = """
mutation Change($input: StockChangeInput!) {
  changeStock(input: $input) { stockChange { id comment } userErrors { message path } userWarnings { message path } }
}
"""


def sizes(sku: str, quantity: int, name: str = "deliveredQuantity") -> list[dict[str, Any]]:
    return [{"productSize": {"SKU": sku}, name: quantity}]


# --- changeStock ------------------------------------------------------------------------------------------------------------
def test_a_delta_adds_removes_and_transfers(api: Api, sandbox: CentraSandbox) -> None:
    api.done(operations.DELTA, into=1, sku="SCARF", qty=7, why="Delivery 12")
    out = {"outFromWarehouse": {"id": 1}, "description": "Broken", "productSizes": sizes("SCARF", 1)}
    api.done(CHANGE, input=out)
    api.done(CHANGE, input={**out, "intoWarehouse": {"id": 2}, "productSizes": sizes("SCARF", 4)})

    assert sandbox.stock("SCARF", warehouse=1)["physical"] == 5
    assert sandbox.stock("SCARF", warehouse=2)["physical"] == 4


def test_a_delta_is_found_again_by_its_description(api: Api) -> None:
    api.done(operations.DELTA, into=1, sku="SCARF", qty=7, why="Delivery 12")

    query = "{ stockChangeLines(limit: 5) { deliveredQuantity productSize { SKU } stockChange { comment } } }"
    (newest, *_) = api.ask(query)["stockChangeLines"]

    assert newest == {
        "deliveredQuantity": 7,
        "productSize": {"SKU": "SCARF"},
        "stockChange": {"comment": "Delivery 12"},
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outFromWarehouse": {"id": 1}, "productSizes": sizes("SCARF", 3)}, "Only 2 units"),
        (
            {"outFromWarehouse": {"id": 1}, "intoWarehouse": {"id": 2}, "productSizes": sizes("SCARF", 3)},
            "Only 2 units",
        ),
        ({"intoWarehouse": {"id": 1}, "productSizes": sizes("SCARF", 0)}, "at least 1"),
        (
            {"intoWarehouse": {"id": 1}, "productSizes": sizes("SCARF", 1) + sizes("NOBODY", 1)},
            "Could not find ProductSize",
        ),
        ({"intoWarehouse": {"id": 1}, "productSizes": sizes("SCARF", 1) * 2}, "given twice"),
        ({"intoWarehouse": {"id": 9}, "productSizes": sizes("SCARF", 1)}, "Could not find Warehouse with ID 9"),
        ({"productSizes": sizes("SCARF", 1)}, "At least one warehouse"),
        ({"intoWarehouse": {"id": 1}, "description": " ", "productSizes": sizes("SCARF", 1)}, "Description"),
    ],
)
def test_a_delta_that_does_not_fit_changes_nothing(
    api: Api, sandbox: CentraSandbox, change: dict[str, Any], words: str
) -> None:
    api.placed(("SCARF", 1, "10.00"))
    before = (sandbox.stock("SCARF"), len(sandbox.shop.stock_changes))

    assert words in api.refused(CHANGE, input={"description": "Test", **change})
    assert (sandbox.stock("SCARF"), len(sandbox.shop.stock_changes)) == before


def test_sizes_are_named_by_variant_too(api: Api, sandbox: CentraSandbox) -> None:
    change = {"productVariant": {"id": 1}, "sizeChanges": [{"size": {"name": "M"}, "deliveredQuantity": 2}]}
    api.done(CHANGE, input={"intoWarehouse": {"id": 1}, "description": "Found", "productVariants": [change]})

    assert sandbox.stock("COAT-M")["physical"] == 7


# --- setStock ---------------------------------------------------------------------------------------------------------------
def test_absolute_stock_is_repeatable(api: Api, sandbox: CentraSandbox) -> None:
    levels = sizes("SCARF", 20, "quantity")
    first = api.done(operations.ABSOLUTE, wh=1, why="Count", levels=levels)
    second = api.done(operations.ABSOLUTE, wh=1, why="Count", levels=levels)

    assert (len(first["stockChanges"]), len(second["stockChanges"])) == (1, 0)
    assert sandbox.stock("SCARF")["physical"] == 20


def test_absolute_stock_stops_at_what_is_allocated_with_a_warning(api: Api, sandbox: CentraSandbox) -> None:
    api.placed(("SCARF", 2, "10.00"))

    payload = api.mutate(operations.ABSOLUTE, wh=1, why="Count", levels=sizes("SCARF", 0, "quantity"))

    assert payload["userErrors"] == []
    assert payload["userWarnings"][0]["path"] == ["input", "productSizes", "0", "quantity"]
    assert sandbox.stock("SCARF") == {"physical": 2, "free": 0, "allocated": 2, "demand": 0, "publishable": 0}


def test_negative_stock_is_refused(api: Api, sandbox: CentraSandbox) -> None:
    assert "negative" in api.refused(operations.ABSOLUTE, wh=1, why="Count", levels=sizes("SCARF", -1, "quantity"))
    assert sandbox.stock("SCARF")["physical"] == 3


def test_physical_is_always_free_plus_allocated(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(("COAT-S", 4, "50.00"), ("SCARF", 5, "10.00"), forceCreate=True)
    sandbox.ship_order(number, lines={"COAT-S": 2})
    sandbox.cancel_line(number, "SCARF", 3)
    sandbox.ship_order(number)

    for rows in sandbox.shop.stock_by_size.values():
        for row in rows.values():
            assert min(row.physical, row.free, row.allocated, row.demand) >= 0
            assert row.physical == row.free + row.allocated


# --- reading ----------------------------------------------------------------------------------------------------------------
def test_stock_is_read_by_warehouse_page_and_by_sku(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.edit_size("SCARF", offset=2)
    api.placed(("SCARF", 1, "10.00"))

    (warehouse,) = api.ask(operations.STOCK_PAGE, warehouse=[1], page=1)["warehouses"]
    (size,) = api.ask(operations.STOCK_OF_SKU, sku="SCARF")["productSizes"]

    assert warehouse["allocationRules"] == [{"id": 1, "name": "Default"}]
    free = {row["productSize"]["SKU"]: row["freeToAllocateQuantity"] for row in warehouse["stock"]}
    assert free == {"COAT-S": 10, "COAT-M": 5, "SCARF": 2}
    assert warehouse["stock"][2]["productSize"]["productVariant"]["stockOffset"] == 2
    assert size["stock"] == [
        {
            "physicalQuantity": 3,
            "freeToAllocateQuantity": 2,
            "allocatedQuantity": 1,
            "warehouse": {"id": 1, "name": "Main warehouse"},
        }
    ]
    assert size["stockTotals"] == {"freeToAllocateQuantity": 2}


def test_a_size_is_found_by_sku_ean_or_any(api: Api) -> None:
    query = "query { productSizes(where: { %s }) { SKU } }"

    for where in ('SKU: { equals: "coat-s" }', 'EAN: { equals: "9520000000011" }', 'SKU: { startsWith: "COAT-S" }'):
        assert api.ask(query % where)["productSizes"] == [{"SKU": "COAT-S"}]
    assert api.ask(query % 'search: "wool scarf"')["productSizes"] == [{"SKU": "SCARF"}]


def test_the_catalogue_is_paged_by_what_changed(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.advance(3600)
    sandbox.edit_size("COAT-M", gtin="9520000000028")

    changed = api.ask(operations.CATALOGUE_PAGE, page=1, since="-1 minute")["productSizes"]
    everything = api.ask(operations.CATALOGUE_PAGE, page=1)["productSizes"]

    assert [size["SKU"] for size in changed] == ["COAT-M"]
    assert changed[0]["EAN"] == "9520000000028"
    assert changed[0]["productVariant"]["product"]["name"] == "Wool coat"
    assert [size["SKU"] for size in everything] == ["COAT-S", "SCARF", "COAT-M"]


def test_inactive_sizes_are_left_out_when_asked_for_active_ones(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.edit_size("COAT-M", active=False)

    found = api.ask(operations.CATALOGUE_PAGE, page=1)["productSizes"]

    assert {size["SKU"] for size in found} == {"COAT-S", "SCARF"}


def test_the_structure_has_markets_price_lists_and_prices(api: Api) -> None:
    found = api.ask(operations.STRUCTURE)

    assert [store["type"] for store in found["stores"]] == ["DIRECT_TO_CONSUMER", "WHOLESALE"]
    assert [market["name"] for market in found["markets"]] == ["United Kingdom", "Sweden", "Europe", "United States"]
    lists = {item["currency"]["code"]: item["defaultShippingOption"]["uri"] for item in found["pricelists"]}
    assert lists == {"GBP": "standard-gbp", "SEK": "standard-sek", "EUR": "standard-eur", "USD": "standard-usd"}
    assert found["prices"] == [
        {"id": 1, "productVariant": None, "price": {"value": 100.0, "currency": {"code": "GBP"}}}
    ]
    assert found["currencies"] == [{"code": "SEK"}]


def test_prices_are_set_in_a_batch_that_warns_of_single_problems(api: Api) -> None:
    query = """
    mutation Prices($prices: [ProductPriceSetInput!]) {
      setPrices(input: { pricelist: { id: 1 }, productPrices: $prices }) {
        products { id } userErrors { message } userWarnings { message path }
      }
    }
    """
    good = {"product": {"id": 1}, "price": {"value": 79.5, "currencyIsoCode": "GBP"}}
    unknown = {"product": {"id": 99}, "price": {"value": 1, "currencyIsoCode": "GBP"}}
    foreign = {"product": {"id": 2}, "price": {"value": 1, "currencyIsoCode": "SEK"}}

    payload = api.mutate(query, prices=[good, unknown, foreign])

    assert (payload["products"], payload["userErrors"]) == ([{"id": 1}], [])
    assert [warning["path"][2] for warning in payload["userWarnings"]] == ["1", "2"]
    assert api.order(api.placed({"sku": "COAT-S", "qty": 1}))["grandTotal"]["value"] == 79.5


def test_attributes_are_assigned_and_read(api: Api) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    value = {"attributeTypeName": "marketplace", "attributeElementKey": "channel", "attributeElementValue": "SE"}
    query = """
    mutation Assign($input: AttributesAssignInput!) {
      assignAttributes(input: $input) {
        object { attributes { type { name } } } userErrors { message } userWarnings { message }
      }
    }
    """

    payload = api.done(query, input={"objectType": "Order", "objectId": number, "dynamicAttributes": [value]})

    assert payload["object"] == {"attributes": [{"type": {"name": "marketplace"}}]}
    assert "Could not find Order" in api.refused(query, input={"objectType": "Order", "objectId": 1})


def test_a_registered_customer_exists_once_beside_an_unregistered_one(api: Api) -> None:
    api.placed(("COAT-S", 1, "10.00"))
    query = """
    mutation Register($email: String!) {
      createCustomer(input: {
        store: { id: 1 }, status: ACTIVE, password: "p", billingAddress: { email: $email, country: { code: "GB" } }
      }) { customer { id email } userErrors { message path } userWarnings { message } }
    }
    """

    assert api.done(query, email="k7f2@relay.example.com")["customer"]["id"] == 2
    assert "already exists" in api.refused(query, email="k7f2@relay.example.com")


# --- the table of external ids ----------------------------------------------------------------------------------------------
def test_id_conversions_overwrite_what_collides_and_stay_with_the_integration(api: Api, sandbox: CentraSandbox) -> None:
    api.done(operations.MAP_IDS, size=1, ext="FUL-1")
    api.done(operations.MAP_IDS, size=1, ext="FUL-1")
    api.done(operations.MAP_IDS, size=2, ext="FUL-1")

    assert api.ask(operations.MAPPED_IDS, ext="FUL-1")["idConversions"] == [{"internalId": 2, "externalId": "FUL-1"}]
    assert "Could not find ProductSize with ID 99" in api.refused(operations.MAP_IDS, size=99, ext="FUL-9")
    sandbox.add_token("erp", integration="erp")
    api.token = "erp"
    assert api.ask(operations.MAPPED_IDS, ext="FUL-1")["idConversions"] == []
    sandbox.add_token("nameless", integration=None)
    api.token = "nameless"
    assert "integration name" in api.refused(operations.MAP_IDS, size=1, ext="FUL-1")


# --- the sample brand -------------------------------------------------------------------------------------------------------
def test_the_sample_catalogue_can_be_sold_in_every_market() -> None:
    sandbox = CentraSandbox(clock=SandboxClock(START, frozen=True))
    items = catalogue(7)

    assert sandbox.load_catalogue(items, stock={items[0].sku: 4}) == len(items)

    with sandbox:
        api = Api(sandbox)
        for country, currency in (("GB", "GBP"), ("SE", "SEK"), ("DE", "EUR"), ("US", "USD")):
            number = api.placed({"sku": items[0].sku, "qty": 1}, address={"email": "a@example.com", "country": country})
            total = api.order(number)["grandTotal"]
            assert total == {"value": float(items[0].prices[currency]), "currency": {"code": currency}}
        assert api.create({"sku": items[1].sku, "qty": 1})["code"] == -2
        api.http.close()


def test_a_sku_is_its_numbers_put_together_and_unique(sandbox: CentraSandbox) -> None:
    with pytest.raises(ValueError, match="exists already"):
        sandbox.add_product("COAT", sizes={"-S": 1})
