"""Every document fits the contract, with and without what an instance may lack, and every payload is what one gives."""

from decimal import Decimal
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    assert_valid_schema,
    build_schema,
    execute,
    is_object_type,
    parse,
    validate,
)

from connectors.marketplacer import checks, documents
from connectors.marketplacer.documents import DOCUMENTS, WEBHOOK_QUERY, Document
from tests.connectors.marketplacer.payloads import CONTRACT, PAYLOADS, payload

ALL = (
    *DOCUMENTS,
    documents.update_variants(1, name="Stock"),
    documents.update_variants(25, name="Prices"),
    documents.upsert_adverts(2),
    documents.decide_refund_lines(2, accepted=True),
    documents.decide_refund_lines(2, accepted=False),
)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    schema = build_schema(CONTRACT.read_text())
    assert_valid_schema(schema)
    return schema


def _operation(document: Document) -> OperationDefinitionNode:
    (found,) = (node for node in parse(document.text()).definitions if isinstance(node, OperationDefinitionNode))
    return found


@pytest.mark.parametrize("document", ALL, ids=lambda document: document.name)
def test_a_document_fits_the_contract_and_bears_its_own_name(schema: GraphQLSchema, document: Document) -> None:
    assert validate(schema, parse(document.text())) == []
    assert _operation(document).name.value == document.name  # type: ignore[union-attr]
    assert document.write is (_operation(document).operation.value == "mutation")


@pytest.fixture(scope="module")
def optional(schema: GraphQLSchema) -> frozenset[str]:
    """Everything that some document leaves out when it is absent."""
    paths = [
        f"{kind.name}.{name}"
        for kind in schema.type_map.values()
        if is_object_type(kind) and not kind.name.startswith("__")
        for name in kind.fields
    ]
    return frozenset(
        path for path in paths if any(document.text(frozenset({path})) != document.text() for document in DOCUMENTS)
    )


def test_without_all_that_may_be_missing_the_documents_still_fit(
    schema: GraphQLSchema, optional: frozenset[str]
) -> None:
    for document in DOCUMENTS:
        assert validate(schema, parse(document.text(optional))) == [], document.name
    assert {"Invoice.updatedAt", "Invoice.refundRequests", "LineItem.costCents", "Shipment.note"} <= optional


def test_each_optional_field_may_be_missing_alone(schema: GraphQLSchema, optional: frozenset[str]) -> None:
    smaller = (documents.LIST_ADVERTS, documents.LIST_REFUND_REQUESTS)
    texts = {document.text(frozenset({path})) for path in optional for document in smaller}

    assert [text for text in texts if validate(schema, parse(text))] == []


def test_every_amount_is_asked_for_in_both_its_forms() -> None:
    text = documents.LIST_INVOICES.text()

    for name in (*documents.INVOICE_MONEY, *documents.LINE_MONEY):
        assert f" {name}Cents" in text
        assert f" {name}Formatted" in text


def test_what_a_seller_may_not_see_is_never_asked_for() -> None:
    for document in DOCUMENTS:
        assert " order {" not in document.text()
        assert "commissionPdfData" not in document.text()


def test_every_mutation_asks_for_its_errors_and_its_status() -> None:
    for document in ALL:
        if document.write:
            fields = len(_operation(document).selection_set.selections)
            assert document.text().count("status errors { field messages }") == fields


def test_the_webhooks_query_takes_one_variable_and_fits_the_contract(schema: GraphQLSchema) -> None:
    assert validate(schema, parse(WEBHOOK_QUERY)) == []
    assert WEBHOOK_QUERY.startswith("query ($id: ID!) {")


def test_the_connection_test_looks_for_fields_that_the_contract_knows(schema: GraphQLSchema) -> None:
    named = {name for names in checks.NEEDED_MONEY.values() for name in names}
    named |= set(checks.NEEDED_CALLS) | set(checks.MISSED)
    for path in named:
        kind, _, name = path.partition(".")
        assert name.partition("(")[0] in schema.type_map[kind].fields  # type: ignore[attr-defined]


_SHOWN: dict[str, tuple[Document, str]] = {
    "invoice_paid": (documents.LIST_INVOICES, "invoices"),
    "invoice_partially_sent": (documents.LIST_INVOICES, "invoices"),
    "refund_request": (documents.LIST_REFUND_REQUESTS, "refundRequests"),
    "advert": (documents.LIST_ADVERTS, "advertsWhere"),
}


def test_every_payload_file_is_checked_against_a_document() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == {*_SHOWN, "webhook_invoice"}


@pytest.mark.parametrize("name", _SHOWN)
def test_a_payload_is_what_its_document_gives_on_the_contract(schema: GraphQLSchema, name: str) -> None:
    document, root = _SHOWN[name]
    shown = _floats(payload(name))
    page = {"totalCount": 1, "pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": [shown]}

    found = execute(schema, parse(document.text()), root_value={root: page}, variable_values={"filters": {}})

    assert found.errors is None  # type: ignore[union-attr]
    assert found.data[root]["nodes"] == [shown]  # type: ignore[union-attr,index]


def test_the_webhook_payload_is_what_the_webhooks_query_gives(schema: GraphQLSchema) -> None:
    shown = payload("webhook_invoice")["payload"]["data"]

    found = execute(schema, parse(WEBHOOK_QUERY), root_value=shown, variable_values={"id": "x"})

    assert (found.errors, found.data) == (None, shown)  # type: ignore[union-attr]


def _floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if isinstance(value, dict):
        return {name: _floats(item) for name, item in value.items()}
    return float(value) if isinstance(value, Decimal) else value
