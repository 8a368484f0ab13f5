"""The sandbox against the platform's contract: the SDL it serves, the operations it runs, the answers it gives."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    parse,
    validate,
)

from connectors.centra.sandbox import CentraSandbox, arithmetic, limits, records, sales
from connectors.centra.sandbox.gql import binding
from connectors.centra.sandbox.gql.schema import SDL_PATH, Variant, attribute_name, executable_schema
from connectors.sandboxkit import SandboxClock
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import START, Api

CONTRACT = Path(__file__).parents[2] / "contracts" / "centra.graphql"

# the record behind each type, where a field without a resolver reads an attribute of it
RECORDS: dict[str, type] = {
    "Currency": records.Currency, "MonetaryValue": arithmetic.Money, "Country": records.Country,
    "Address": records.Address, "Store": records.Store, "StorePlugin": records.StorePlugin, "Market": records.Market,
    "ShippingOption": records.ShippingOption, "TaxGroup": records.Named, "AllocationRule": records.AllocationRule,
    "Pricelist": records.Pricelist, "Price": records.Price, "Campaign": records.Named, "Brand": records.Named,
    "Collection": records.Named, "Folder": records.Named, "Category": records.Named, "SizeChart": records.SizeChart,
    "Size": records.Named, "Product": records.Product, "ProductVariant": records.Variant,
    "ProductSize": records.ProductSize, "Display": records.Display, "Warehouse": records.Warehouse,
    "Stock": records.StockRow, "StockChange": records.StockChange, "StockChangeLine": records.StockChangeLine,
    "Allocation": sales.Allocation, "Customer": records.Customer, "ProductOrderLine": sales.OrderLine,
    "DirectToConsumerOrder": sales.Order, "DirectToConsumerShipment": sales.Shipment, "ShipmentLine": sales.ShipmentLine,
    "DirectToConsumerReturn": sales.Return, "ReturnLine": sales.ReturnLine, "PaymentHistoryEntry": sales.Payment,
    "Event": sales.Event, "EventListener": sales.EventListener, "IdConversionEntry": sales.IdConversion,
    "RateLimit": limits.RateLimit, "MappedAttribute": records.MappedAttribute,
    "DynamicAttribute": binding.AssignedAttribute, "AttributeType": binding.AttributeType,
    "AttributeStringElement": binding.StringElement, "AppliedDiscount": binding.Discount,
}  # fmt: skip
# never shown by this tenant: no wholesale, no choice, file or image attributes, weights, media, languages, states
NEVER_SHOWN = {
    "WholesaleOrder", "AttributeChoiceElement", "AttributeFileElement", "AttributeImageElement", "Weight", "ProductMedia",
    "MediaSource", "LanguageTranslation", "TranslationField", "Language", "CountryState", "AdminUser",
    "AppliedTaxRuleValue",
}  # fmt: skip


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema(CONTRACT.read_text())


def test_the_sandbox_serves_the_contract() -> None:
    assert SDL_PATH.read_text() == CONTRACT.read_text()


@pytest.mark.parametrize("name", sorted(operations.ALL))
def test_every_operation_of_the_tests_is_valid(contract: GraphQLSchema, name: str) -> None:
    assert validate(contract, parse(operations.ALL[name])) == []


def test_every_field_has_a_resolver_or_an_attribute_to_read() -> None:
    schema = executable_schema(Variant())
    missing = []
    for kind in schema.type_map.values():
        if not is_object_type(kind) or kind.name.startswith("__") or kind.name in NEVER_SHOWN:
            continue
        names = [kind.name, *(interface.name for interface in kind.interfaces)]
        payload = "Payload" in names or kind.name in ("UserError", "UserWarning")
        for field_name in kind.fields:
            if payload or any((name, field_name) in binding.RESOLVERS for name in names):
                continue
            if attribute_name(field_name) not in readable(RECORDS.get(kind.name)):
                missing.append(f"{kind.name}.{field_name}")
    assert missing == []


def readable(record: type | None) -> set[str]:
    if record is None:
        return set()
    return {field.name for field in dataclasses.fields(record)} | set(dir(record))


def test_no_resolver_is_bound_to_a_field_that_does_not_exist(contract: GraphQLSchema) -> None:
    known = {
        (kind.name, name)
        for kind in contract.type_map.values()
        if is_object_type(kind) or is_abstract_type(kind)
        for name in getattr(kind, "fields", {})
    }
    strangers = {path for path in binding.RESOLVERS if path not in known}
    shared = {
        ("OrderLine", name) for name in ("folderName", "productExternalUrl", "frontendItemId", "category", "collection")
    }
    assert {path for path in strangers - shared if not path[0].endswith("Totals")} == set()


# --- answers ----------------------------------------------------------------------------------------------------------------
def selection_of_everything(schema: GraphQLSchema, kind: Any, depth: int) -> str:
    """A selection of every field that needs no argument, `depth` levels down."""
    if is_abstract_type(kind):
        concrete = [item for item in schema.get_possible_types(kind) if item.name not in NEVER_SHOWN]
        return (
            "{ __typename "
            + " ".join(f"... on {c.name} {selection_of_everything(schema, c, depth)}" for c in concrete)
            + " }"
        )
    parts = ["__typename"]
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            # one type's `value` may be null and another's not: an alias keeps union members apart
            parts.append(f"{kind.name}_{name}: {name}")
        elif depth > 0:
            parts.append(f"{kind.name}_{name}: {name} {selection_of_everything(schema, inner, depth - 1)}")
    return "{ " + " ".join(parts) + " }"


ROOTS = (
    "orders", "shipments", "returns", "customers", "products", "productVariants", "productSizes", "displays", "brands",
    "collections", "folders", "categories", "stores", "markets", "pricelists", "prices", "campaigns", "countries",
    "currencies", "warehouses", "stockChangeLines", "mappedAttributes", "orderPaymentHistory", "idConversions", "events",
    "eventListeners", "rateLimits",
)  # fmt: skip


@pytest.fixture(scope="module")
def lived_in() -> Any:
    """A tenant in which everything has happened once."""
    sandbox = CentraSandbox(clock=SandboxClock(START, frozen=True))
    sandbox.add_product("COAT", sizes={"-S": 10})
    sandbox.add_product("SCARF", sizes={"": 3})
    sandbox.set_limits({("REQUEST_COUNT", "TEN_SECONDS"): 1000, ("QUERY_COMPLEXITY", "TEN_SECONDS"): 100_000_000})
    with sandbox:
        api = Api(sandbox)
        api.done(operations.LISTEN)
        payment = {"id": 11, "auth": {"status": 1, "transaction": "T"}, "capture": {"status": 1, "transaction": "T"}}
        number = api.confirmed(
            ("COAT-S", 2, "50.00"), ("SCARF", 1, "20.00"), payment=payment, voucherValue="1.00", shippingValue="5.00",
            extraAttributes={"marketplace_reference": "A-1"},
        )  # fmt: skip
        api.placed(("COAT-S", 1, "50.00"))
        sandbox.ship_order(number, lines={"COAT-S": 2})
        shipment = api.order(number)["shipments"][0]
        back = [{"shipmentLine": {"id": shipment["lines"][0]["id"]}, "quantity": 1}]
        returned = api.done(operations.NEW_RETURN, ship=shipment["id"], lines=back, ext="R-1")["return"]["id"]
        api.done(operations.REFUND, id=returned)
        api.done(operations.MAP_IDS, size=1, ext="X-1")
        yield api
        api.http.close()


@pytest.mark.parametrize("root", ROOTS)
def test_every_field_of_every_list_can_be_read_and_fits_its_type(
    contract: GraphQLSchema, lived_in: Api, root: str
) -> None:
    kind = get_named_type(contract.query_type.fields[root].type)  # type: ignore[union-attr]
    query = f"{{ {root} {selection_of_everything(contract, kind, 2)} }}"
    assert validate(contract, parse(query)) == []

    rows = lived_in.ask(query)[root]

    assert rows or root in ("campaigns", "mappedAttributes")
    for row in rows:
        check(contract, contract.type_map[row["__typename"]], row)


def check(schema: GraphQLSchema, kind: Any, row: dict[str, Any]) -> None:
    for key, value in row.items():
        if key == "__typename":
            assert value == kind.name
            continue
        check_value(schema, kind.fields[key.partition("_")[2]].type, value, f"{kind.name}.{key}")


def check_value(schema: GraphQLSchema, expected: Any, value: Any, where: str) -> None:
    if is_non_null_type(expected):
        assert value is not None, where
        expected = expected.of_type
    if value is None:
        return
    if is_list_type(expected):
        for item in value:
            check_value(schema, expected.of_type, item, where)
    elif is_enum_type(expected):
        assert value in expected.values, where
    elif is_leaf_type(expected):
        wanted = {"Int": int, "Float": (int, float), "Boolean": bool, "String": str, "DateTimeTz": str, "Int64": int}
        assert isinstance(value, wanted[expected.name]), where  # type: ignore[arg-type]
    else:
        check(schema, schema.type_map[value["__typename"]], value)
