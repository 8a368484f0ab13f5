"""Every document fits the vendor's schema, and every payload file is exactly what its document gives."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    assert_valid_schema,
    build_schema,
    execute,
    parse,
    validate,
)

from connectors.centra import documents
from connectors.centra.documents import DOCUMENTS, TOUCHING, Document, shelf_of, sizes_of, stock_of, touched_by
from connectors.centra.documents.sold import SOLD_DOCUMENTS
from tests.connectors.centra.support import PAYLOADS, payload

CONTRACT = Path(__file__).parents[2] / "contracts" / "centra.graphql"
ALL = (
    *DOCUMENTS,
    documents.PROBE_STOCK_CHANGES,
    *SOLD_DOCUMENTS,
    stock_of(1),
    stock_of(40),
    sizes_of(2),
    shelf_of(1),
    shelf_of(40),
    *(touched_by(kind, 3) for kind in TOUCHING),
)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    schema = build_schema(CONTRACT.read_text())
    assert_valid_schema(schema)
    return schema


def _operation(document: Document) -> OperationDefinitionNode:
    (found,) = (node for node in parse(document.text).definitions if isinstance(node, OperationDefinitionNode))
    return found


@pytest.mark.parametrize("document", ALL, ids=lambda document: f"{document.name}x{document.units}:{document.operation}")
def test_a_document_fits_the_contract_and_bears_its_own_name(schema: GraphQLSchema, document: Document) -> None:
    assert validate(schema, parse(document.text)) == []
    assert _operation(document).name.value == document.name  # type: ignore[union-attr]


@pytest.mark.parametrize("document", ALL, ids=lambda document: f"{document.name}x{document.units}:{document.operation}")
def test_a_document_counts_each_mutation_that_it_sends(document: Document) -> None:
    operation = _operation(document)
    sent = len(operation.selection_set.selections) if operation.operation.value == "mutation" else 0
    assert document.mutations == sent
    assert document.write is (sent > 0 and not document.probe)


def test_only_what_names_nothing_that_exists_is_called_a_probe() -> None:
    probes = [document for document in DOCUMENTS if document.probe]
    names = ["ProbeOrderWrite", "ProbeStockWrite", "ProbeShipmentWrite", "ProbeEventWrite"]
    assert [document.name for document in probes] == names
    assert "order: { number: 0 }" in probes[0].text
    assert "warehouse: { id: 0 }" in probes[1].text
    assert "productSizes: []" in probes[1].text
    assert "completeShipment(id: 0," in probes[2].text
    assert "eventsIds: []" in probes[3].text
    assert not any("$" in probe.text for probe in probes)


def test_every_mutation_asks_for_its_errors_and_warnings() -> None:
    for document in DOCUMENTS:
        assert document.text.count("userErrors { message path }") == document.mutations
        assert document.text.count("userWarnings { message path }") == document.mutations


def test_every_document_of_the_module_is_in_the_list_that_the_connection_test_checks() -> None:
    named = {value for value in vars(documents).values() if isinstance(value, Document)}
    assert named - {documents.PROBE_STOCK_CHANGES} == set(DOCUMENTS)


def test_a_document_for_more_skus_declares_a_variable_for_each() -> None:
    names = [variable.variable.name.value for variable in _operation(stock_of(3)).variable_definitions or ()]
    assert names == ["s0", "s1", "s2", "warehouses", "rows"]


_SHOWN: dict[str, tuple[Document, dict[str, Any], Any]] = {
    "order_pending": (documents.READ_ORDERS, {"where": {}, "limit": 1}, lambda found: found["orders"][0]),
    "order_processing": (documents.READ_ORDERS, {"where": {}, "limit": 1}, lambda found: found["orders"][0]),
    "shipment_first": (
        documents.READ_SHIPMENTS,
        {"where": {}, "limit": 1, "page": 1},
        lambda found: found["shipments"][0],
    ),
    "shipment_last": (
        documents.READ_SHIPMENTS,
        {"where": {}, "limit": 1, "page": 1},
        lambda found: found["shipments"][0],
    ),
    "product_size": (
        documents.READ_PRODUCTS,
        {"where": {}, "limit": 1, "page": 1},
        lambda found: found["productSizes"][0],
    ),
    "product_content": (
        documents.READ_CONTENT,
        {"where": {}, "limit": 1},
        lambda found: found["productVariants"][0],
    ),
    "priced_sizes": (
        documents.READ_PRICED_SIZES,
        {"where": {}, "limit": 200, "page": 1},
        lambda found: found["productSizes"],
    ),
    "prices": (documents.READ_PRICES, {"where": {}, "limit": 200}, lambda found: found["prices"]),
    "pricelists": (documents.READ_PRICELISTS, {}, lambda found: found["pricelists"]),
    "stock_sizes": (stock_of(1), {"s0": "NV1001-410-M", "rows": 3}, lambda found: found["s0"]),
    "events": (documents.READ_EVENTS, {"limit": 100}, lambda found: found["events"]),
}


def test_every_payload_file_is_checked_against_a_document() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == set(_SHOWN)


@pytest.mark.parametrize("name", _SHOWN)
def test_a_payload_is_what_its_document_gives_on_the_contract(schema: GraphQLSchema, name: str) -> None:
    document, variables, pick = _SHOWN[name]
    shown = payload(name)
    rows = [_typed(row) for row in (shown if isinstance(shown, list) else [shown])]
    root = {
        **dict.fromkeys(
            ("orders", "shipments", "productSizes", "productVariants", "events", "prices", "pricelists"), rows
        ),
        "eventListeners": [],
    }
    found = execute(schema, parse(document.text), root_value=root, variable_values=variables)
    assert found.errors is None
    assert pick(found.data) == _floats(shown)


# What GraphQL needs to resolve interfaces by; elsewhere a payload names its own type or has only one.
_CONCRETE = {
    "order": "DirectToConsumerOrder",
    "shipments": "DirectToConsumerShipment",
    "lines": "ProductOrderLine",
    "orderLine": "ProductOrderLine",
    "attributes": "DynamicAttribute",
}
_ELEMENTS = {
    "value": "AttributeStringElement",
    "selectedValue": "AttributeChoiceElement",
    "url": "AttributeFileElement",
}


def _typed(value: Any, key: str = "") -> Any:
    if isinstance(value, list):
        return [_typed(item, key) for item in value]
    if not isinstance(value, dict):
        return _floats(value)
    root = "DirectToConsumerOrder" if "grandTotal" in value else "DirectToConsumerShipment"
    element = next((kind for name, kind in _ELEMENTS.items() if name in value), "")
    concrete = {"__typename": element if key == "elements" else _CONCRETE.get(key, root)}
    return {**concrete, **{name: _typed(item, name) for name, item in value.items()}}


def _floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if isinstance(value, dict):
        return {name: _floats(item) for name, item in value.items()}
    return float(value) if isinstance(value, Decimal) else value


def test_the_contract_leaves_times_as_text(schema: GraphQLSchema) -> None:
    assert isinstance(schema.type_map["DateTimeTz"], GraphQLScalarType)
