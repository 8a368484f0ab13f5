"""Marketplacer's words → our families and sentences: one row per documented refusal, layer by layer."""

from typing import Any

import pytest

from connectors.answers import Response
from connectors.canonical.errors import ConfigurationError, PermanentError, TransientError, UnknownOutcomeError
from connectors.marketplacer import documents
from connectors.marketplacer.refusals import (
    KNOWN,
    absence,
    graphql_error,
    kind_of,
    payload_refusal,
    refusal,
    refused,
)

# Theirs, to the letter → our code.
DOCUMENTED = (
    ("Dispatched at is before shipped items were ordered", "dispatched_too_early"),
    ("Shipped items quantity exceeds the maximum number of undispatched items.", "wrong_quantity"),
    (
        "Variable $input of type ShipmentCreateMutationInput! was provided invalid value for dispatchedAt "
        '(Could not coerce value "2024-06-21T00" to ISO8601Date)',
        "wrong_date",
    ),
    ("Unable to retrieve attachment: https://cdn.example/1.jpg (Net::OpenTimeout)", "image_unreachable"),
    ("No object found for refundRequestId: UmVmdW5kUmVxdWVzdC01Mjk=", "refund_request_not_found"),
    ("Can only mark a returned or processed RefundRequest as refunded", "refund_too_early"),
)


@pytest.mark.parametrize(("text", "code"), DOCUMENTED)
def test_every_documented_refusal_becomes_a_sentence(text: str, code: str) -> None:
    error = refused("shipmentCreate", text=text, subject="10363")

    assert (error.code, error.platform_words, error.subject) == (code, text, "10363")
    assert error.message.endswith(".")
    assert text not in error.message


def test_every_known_refusal_is_tested_above() -> None:
    assert {advice.code for advice in KNOWN} == {code for _, code in DOCUMENTED}


def test_a_refusal_nobody_knows_keeps_their_words() -> None:
    error = refused("shipmentCreate", text="The moon is full")

    assert (error.code, error.platform_words) == ("refused", "The moon is full")
    assert error.message == "Marketplacer refused to let the hub confirm dispatches. Read its words."


# --- HTTP -------------------------------------------------------------------------------------------------------------
def answered(status: int, body: str) -> Response:
    return Response(status=status, headers={}, body=body.encode(), operation="invoices", platform="Marketplacer")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, "Unauthorized", "basic"),
        (401, "Unauthorized\n", "basic"),
        (401, "API Token has expired", "api_key"),
        (401, "", "api_key"),
        (404, "<html>Not found</html>", "unknown_address"),
    ],
)
def test_a_closed_door_says_which_key_is_wrong(status: int, body: str, code: str) -> None:
    error = refusal(answered(status, body))

    assert isinstance(error, ConfigurationError)
    assert (error.code, error.operation) == (code, "")


@pytest.mark.parametrize("status", [302, 403, 408, 429, 500, 502, 503])
def test_what_is_no_refusal_is_left_to_the_general_table(status: int) -> None:
    assert refusal(answered(status, "Unauthorized")) is None


# --- GraphQL ----------------------------------------------------------------------------------------------------------
def told(message: str, *, path: Any = None, **extensions: str) -> dict[str, Any]:
    return {"message": message, "path": path, "extensions": extensions}


LACKS = told(
    "Field 'updatedAt' doesn't exist on type 'Invoice'",
    path=["query Invoices", "invoices", "nodes", "updatedAt"],
    code="undefinedField",
    typeName="Invoice",
    fieldName="updatedAt",
)


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (told("No scope", path=["invoices"], code="MISSING_SCOPE"), "permission", "permission"),
        (told("You do not have permission to access this field.", path=["a"]), "permission", "permission"),
        (told("You are not authorised to do that", path=["a", "order"]), "permission", "internal"),
        (LACKS, "schema", "schema"),
        (told("Variable $input of type X! was provided invalid value for a"), "request", "request"),
        (told("Internal server error", path=["v1"]), "internal", "internal"),
        (told("Cannot return null", path=["shipmentCreate", "shipment", "carrier"]), "internal", "internal"),
        ({"message": "no extensions"}, "internal", "internal"),
        (told("Parse error", code="parseError"), "schema", "schema"),
    ],
)
def test_a_graphql_error_is_told_by_its_code_and_its_place(error: dict[str, Any], read: str, write: str) -> None:
    assert (kind_of(error, write=False), kind_of(error, write=True)) == (read, write)


def test_what_an_instance_lacks_is_named() -> None:
    argument = told("…", code="argumentNotAccepted", name="advertsWhere", typeName="Field", argumentName="skus")

    assert absence(LACKS) == "Invoice.updatedAt"
    assert absence(argument) == documents.SKU_ARGUMENT
    assert absence(told("…", code="MISSING_SCOPE")) == ""


@pytest.mark.parametrize(
    ("error", "family", "code"),
    [
        (told("…", code="MISSING_SCOPE"), ConfigurationError, "permission"),
        (LACKS, ConfigurationError, "schema"),
        (told("Variable $input was provided invalid value"), PermanentError, "refused"),
        (told("Internal server error", path=["shipmentCreate"]), UnknownOutcomeError, "internal"),
    ],
)
def test_an_error_of_a_write_has_its_family(error: dict[str, Any], family: type, code: str) -> None:
    found = graphql_error([error], document=documents.CREATE_SHIPMENT)

    assert isinstance(found, family)
    assert found.code == code


def test_an_open_outcome_decides_before_a_refusal_beside_it() -> None:
    both = [told("…", code="MISSING_SCOPE"), told("Internal server error", path=["v1"])]

    assert isinstance(graphql_error(both, document=documents.CREATE_SHIPMENT), UnknownOutcomeError)
    assert isinstance(graphql_error(both, document=documents.LIST_INVOICES), ConfigurationError)


def test_a_failed_read_may_be_tried_again() -> None:
    error = graphql_error([told("Internal server error", path=["invoices"])], document=documents.LIST_INVOICES)

    assert isinstance(error, TransientError)


# --- payloads ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"errors": None}, ""),
        ({"errors": []}, ""),
        ({}, ""),
        ({"errors": [{"field": "a", "messages": ["is wrong", "is late"]}]}, "is wrong, is late"),
        ({"errors": [{"field": "a", "messages": ["x"]}, {"field": "b", "messages": ["y"]}]}, "x; y"),
        ({"errors": [{"field": "a", "messages": []}]}, "a"),
        ({"errors": [{"field": None, "messages": None}]}, "refused without words"),
    ],
)
def test_a_payload_refuses_by_its_errors_and_never_by_its_status(payload: dict[str, Any], words: str) -> None:
    assert payload_refusal({**payload, "status": 200}) == words
