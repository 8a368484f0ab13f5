"""Mirakl's words → our families and sentences: one row per known refusal."""

import pytest

from connectors.answers import Response
from connectors.canonical.errors import ConfigurationError, PermanentError
from connectors.mirakl.refusals import KNOWN, ROLES, refusal, refused
from connectors.sandboxkit import to_json


def answered(status: int, body: object, operation: str = "OR21") -> Response:
    raw = body.encode() if isinstance(body, str) else to_json(body)
    return Response(status=status, headers={}, body=raw, operation=operation, write=True, platform="Mirakl")


@pytest.mark.parametrize("advice", [item for item in KNOWN if not item.text], ids=lambda item: item.code)
def test_every_code_of_theirs_has_our_words(advice: object) -> None:
    code = advice.code  # type: ignore[attr-defined]
    error = refusal(answered(400, {"code": code, "message": "Their words", "status": 400}))

    assert isinstance(error, PermanentError)
    assert (error.code, error.platform_words) == (code, "Their words")
    assert error.message.endswith(".")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Tracking details are mandatory for this shipping method", "tracking_mandatory"),
        ("The shop does not have a sufficient payable balance for the refund", "operator"),
        ("The currency ISO code is mandatory.", "currency_missing"),
        ("The order status must be 'SHIPPING' but it is 'CLOSED'.", "wrong_order_state"),
        ("Shipment quantity is invalid.", "wrong_quantity"),
        ("The limit of 100 is exceeded for the parameter : order_ids", "too_many"),
        ("Error with field refunds. Please check the field datatype.", "wrong_field"),
    ],
)
def test_every_known_text_has_our_code_and_words(text: str, code: str) -> None:
    error = refusal(answered(400, {"message": text, "status": 400}))

    assert isinstance(error, PermanentError)
    assert (error.code, error.platform_words) == (code, text)
    assert text not in error.message


def test_every_known_text_is_tested_above() -> None:
    assert len([advice for advice in KNOWN if advice.text]) == 7


def test_a_code_goes_before_the_text() -> None:
    error = refused("OR21", text="The limit of 100 is exceeded", code="ORDER_NOT_FOUND")

    assert error.code == "ORDER_NOT_FOUND"


def test_a_code_nobody_knows_is_kept() -> None:
    error = refused("OR21", text="New words", code="ORDER_ON_THE_MOON")

    assert (error.code, error.platform_words, error.message) == (
        "ORDER_ON_THE_MOON",
        "New words",
        "Mirakl refused OR21.",
    )


@pytest.mark.parametrize("operation", ROLES)
def test_a_missing_role_is_named_with_what_it_is_for(operation: str) -> None:
    error = refusal(answered(403, {"message": "Access denied", "status": 403}, operation))

    assert isinstance(error, ConfigurationError)
    assert error.operation == operation
    assert ROLES[operation][1] in error.message


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 302])
def test_what_is_no_refusal_is_left_to_the_general_table(status: int) -> None:
    assert refusal(answered(status, {"message": "Later", "status": status})) is None


@pytest.mark.parametrize("body", ["", "<html>Forbidden by the gateway</html>", "null", "[1]"])
def test_a_page_of_a_gateway_is_a_refusal_too(body: str) -> None:
    assert isinstance(refusal(answered(400, body)), PermanentError)
