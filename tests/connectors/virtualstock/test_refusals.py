"""Virtualstock's words → our families and sentences: one row per known refusal."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import ports
from connectors.answers import Response
from connectors.canonical.errors import ConfigurationError, PermanentError, TransientError
from connectors.sandboxkit import to_json
from connectors.virtualstock.refusals import KNOWN, Advice, RefusedFieldsError, refusal, words_of

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
TEXTS = {
    "Validation Not allowed to change state of item 1 from DISPATCH to CANCEL": "wrong_state",
    "Validation error: Return quantity value 3 is greater than dispatch quantity 0 for order item '7'": "return_quantity",
    "Validation error: Partial cancellation not allowed item 2": "partial_cancellation",
    "Validation error: Cancel quantity value can't be less or equal zero": "cancel_quantity_zero",
    "Validation error: Cancel quantity value 2 is bigger than allowed for item": "cancel_quantity_high",
    'Method "POST" not allowed.': "missing_slash",
    "This field is required.": "missing_field",
}


def answered(status: int, body: Any, *, plain: bool = False, headers: Mapping[str, str] | None = None) -> Response:
    raw = body.encode() if plain else to_json(body)
    return Response(
        status=status, headers=headers or {}, body=raw, operation="dispatchOrder", write=True, platform="Virtualstock"
    )


@pytest.mark.parametrize("advice", [item for item in KNOWN if not item.text], ids=lambda item: item.code)
def test_every_code_of_theirs_has_our_words(advice: Advice) -> None:
    error = refusal(answered(400, {"detail": "Their words.", "code": advice.code}))

    assert isinstance(error, PermanentError)
    assert (error.code, error.platform_words) == (advice.code, "Their words.")
    assert error.message == advice.message
    assert error.message.endswith(".")


@pytest.mark.parametrize("form", ["text", "string", "detail", "fields"])
@pytest.mark.parametrize(("text", "code"), TEXTS.items())
def test_every_known_line_has_our_words_in_whatever_shape_it_comes(text: str, code: str, form: str) -> None:
    bodies: dict[str, Any] = {"text": text, "string": text, "detail": {"detail": text}, "fields": {"items": [text]}}

    error = refusal(answered(400, bodies[form], plain=form == "text"))

    assert isinstance(error, PermanentError)
    assert error.code == code
    assert error.platform_words == (f"items: {text}" if form == "fields" else text)
    assert text not in error.message


def test_every_known_line_is_tested_above() -> None:
    assert {advice.code for advice in KNOWN if advice.text} == set(TEXTS.values())


def test_a_code_goes_before_the_text() -> None:
    error = refusal(answered(400, {"detail": "This field is required.", "code": "ORDER_NOT_FOUND"}))

    assert error is not None
    assert error.code == "ORDER_NOT_FOUND"


def test_a_code_nobody_knows_is_kept() -> None:
    error = refusal(answered(400, {"detail": "New words", "code": "ORDER_ON_THE_MOON"}))

    assert isinstance(error, PermanentError)
    assert (error.code, error.platform_words) == ("ORDER_ON_THE_MOON", "New words")


def test_the_field_at_fault_is_quoted() -> None:
    error = refusal(answered(400, {"fulfillment_route": ["This field is required."]}))

    assert error is not None
    assert error.platform_words == "fulfillment_route: This field is required."


@pytest.mark.parametrize("nested", [False, True])
def test_each_field_of_a_map_is_a_refusal_of_its_own(nested: bool) -> None:
    fields = {"rrp": ["This field is required."], "image": ["Too long.", "No address."], "barcode": []}

    error = refusal(answered(400, {"data": fields} if nested else fields))

    assert isinstance(error, RefusedFieldsError)
    assert {name: (one.code, one.platform_words) for name, one in error.fields.items()} == {
        "rrp": ("missing_field", "rrp: This field is required."),
        "image": ("refused", "image: Too long.; No address."),
    }


@pytest.mark.parametrize(
    "body", [{"detail": "No."}, {"code": "ORDER_NOT_FOUND"}, {"message": "No."}, ["No."], {"rrp": []}]
)
def test_what_names_no_field_is_one_refusal(body: Any) -> None:
    assert type(refusal(answered(400, body))) is PermanentError


def test_wrong_credentials_stop_the_whole_connection() -> None:
    error = refusal(answered(401, {"detail": "Given token not valid"}))

    assert isinstance(error, ConfigurationError)
    assert error.operation == ""


def test_a_missing_right_stops_one_operation() -> None:
    error = refusal(answered(403, {"detail": "No"}))

    assert isinstance(error, ConfigurationError)
    assert error.operation == "dispatchOrder"


def test_what_is_not_there_is_told() -> None:
    error = refusal(answered(404, {"detail": "Not found."}))

    assert isinstance(error, PermanentError)
    assert error.code == "not_found"


def test_a_product_that_is_being_published_may_be_tried_again_in_three_minutes() -> None:
    with ports.using(clock=ports.VirtualClock(START)):
        error = refusal(answered(409, {"detail": "Can't update a product which is in a publishing status."}))

    assert isinstance(error, TransientError)
    assert (error.code, error.retry_at) == ("publishing", START + timedelta(minutes=3))


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Request was throttled. Expected available in 17.0 seconds.", 17),
        ("Request was throttled. Request was throttled. Expected available in 1 second.", 1),
        ("Request was throttled.", 60),
        ("Request was throttled. Expected available in 0.0 seconds.", 1),
    ],
)
def test_how_long_to_wait_stands_in_the_sentence(words: str, seconds: int) -> None:
    with ports.using(clock=ports.VirtualClock(START)):
        error = refusal(answered(429, {"detail": words}))

    assert isinstance(error, TransientError)
    assert error.retry_at == START + timedelta(seconds=seconds)


def test_a_retry_after_is_believed_though_it_is_not_documented() -> None:
    error = refusal(answered(429, {"detail": "Request was throttled."}, headers={"Retry-After": "5"}))

    assert isinstance(error, TransientError)
    assert error.retry_at is None  # left to the general reading of the header


@pytest.mark.parametrize("status", [408, 500, 502, 302])
def test_what_is_no_refusal_is_left_to_the_general_table(status: int) -> None:
    assert refusal(answered(status, "", plain=True)) is None


@pytest.mark.parametrize("body", ["", "<html>Forbidden by the gateway</html>", "null", "[1]", "{"])
def test_a_page_of_a_gateway_is_a_refusal_too(body: str) -> None:
    assert isinstance(refusal(answered(400, body, plain=True)), PermanentError)


def test_words_are_found_no_deeper_than_they_stand() -> None:
    assert words_of({"a": {"b": {"c": {"d": "too deep"}}}}) == ""
