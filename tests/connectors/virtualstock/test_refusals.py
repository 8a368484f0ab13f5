"""Virtualstock's words → our families and sentences: one row per known refusal."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import ports
from connectors.answers import Response
from connectors.canonical.errors import ConfigurationError, PermanentError, TransientError
from connectors.sandboxkit import to_json
from connectors.virtualstock.refusals import KNOWN, WHAT, RefusedFieldsError, refusal, words_of
from connectors.virtualstock.sandbox.invoices import WORDS
from tests.connectors.virtualstock.contract import VIRTUALSTOCK

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
# Every refusal that the vendor documents, table by table: (status, body, our code, the sentence that the operator reads).
STATUSES: dict[str, tuple[int, Any, str, str]] = {
    "400": (400, {"detail": "New words."}, "refused", "Virtualstock refused the dispatch. Its own words say why."),
    "401": (
        401,
        {"detail": "Given token not valid"},
        "credentials",
        "Virtualstock refused the user name or the password. Enter valid ones and test the connection.",
    ),
    "403": (
        403,
        {"detail": "No"},
        "403",
        "The user may not do this at Virtualstock. Ask Virtualstock's support to give it the right.",
    ),
    "404": (
        404,
        {"detail": "Not found."},
        "not_found",
        "Virtualstock does not know what was asked for. Look in the portal whether it is still there.",
    ),
    "405": (
        405,
        {"detail": 'Method "POST" not allowed.'},
        "missing_slash",
        "The platform does not know this call at this address. Check the connection's address.",
    ),
    "409": (
        409,
        {"detail": "Can't update a product which is in a publishing status."},
        "publishing",
        "The retailer is publishing the product, which locks it for some minutes.",
    ),
    "429": (
        429,
        {"detail": "Request was throttled. Expected available in 17.0 seconds."},
        "429",
        "Virtualstock asks the hub to slow down: too many calls in this minute.",
    ),
}
LINES: dict[str, tuple[str, str]] = {
    "Validation Not allowed to change state of item 1 from DISPATCH to CANCEL": (
        "wrong_state",
        "A line of the order is no longer in a state that allows this. Look at the order in the portal.",
    ),
    "Validation error: Return quantity value 3 is greater than dispatch quantity 0 for order item '7'": (
        "return_quantity",
        "More units would be returned than were dispatched. Compare with the order in the portal.",
    ),
    "Validation error: Partial cancellation not allowed item 2": (
        "partial_cancellation",
        "This retailer lets a line be cancelled only whole.",
    ),
    "Validation error: Cancel quantity value can't be less or equal zero": (
        "cancel_quantity_zero",
        "A cancellation of no units was sent.",
    ),
    "Validation error: Cancel quantity value 2 is bigger than allowed for item": (
        "cancel_quantity_high",
        "More units would be cancelled than the line still has. Compare with the order in the portal.",
    ),
    'Method "POST" not allowed.': (
        "missing_slash",
        "The platform does not know this call at this address. Check the connection's address.",
    ),
    "This field is required.": (
        "missing_field",
        "The retailer demands a value that was not sent. Its name is quoted: complete the product or the connection.",
    ),
}
CODES: dict[str, str] = {
    "PRODUCT_NOT_FOUND": (
        "The retailer has no such product. It may have been removed: look at the product in the portal."
    ),
    "ORDER_ALREADY_INVOICED": "The order has an invoice already. Look at it in the portal.",
    "ORDER_NOT_FOUND": "The platform does not know this order, or it belongs to another supplier.",
    "ORDER_NOT_FULFILLED": "Every line of the order must be dispatched or cancelled before it can be invoiced.",
    "ORDER_CANCELLED": "The order is cancelled: it cannot be invoiced.",
    "ORDER_LINE_CANCELLED": "A line of the invoice is cancelled on the order. Leave it out.",
    "ORDER_LINE_REFERENCE_NOT_FOUND": "The platform does not know one of the order lines. Read the order again.",
    "ORDER_LINE_UNMATCHED_QUANTITY": (
        "The invoice must name exactly the units of the order line. Compare it with the order."
    ),
    "RETAILER_SKU_NOT_FOUND": "The retailer does not know one of the article numbers.",
    "INVOICE_LINES_NOT_PRESENT": "An invoice without lines was sent.",
    "DUPLICATED_INVOICE_NUMBER": (
        "This invoice number was used before. Look in the portal whether the invoice is there already."
    ),
    "INVOICE_DATE_BEFORE_LAST_ITEM_DISPATCHED_DATE": (
        "The invoice is dated before the last parcel left. Date it on that day or later."
    ),
    "INVOICE_HAS_BEEN_ISSUED": "The retailer has approved the invoice: it can no longer be replaced.",
    "RETAILER_NOT_FOUND": "The platform does not know the retailer. Check the connection's settings.",
    "RETAILER_IS_NOT_PARTNER": "You are not connected to this retailer. Ask the retailer.",
    "RETAILER_DOES_NOT_SUPPORT_INVOICING": (
        "This retailer takes no invoices through the platform. Invoice it the agreed way."
    ),
    "RETAILER_ORGANISATION_TAX_CODE_MISSING": (
        "The retailer has not entered its tax number at the platform. Ask the retailer."
    ),
    "SUPPLIER_ORGANISATION_TAX_CODE_MISSING": (
        "Your own tax number is missing at the platform. Enter it in the portal under your organisation."
    ),
    "UNEXPECTED_ERROR": "The platform failed and does not say why. Try again later.",
}
MANUAL = Path(__file__).parents[3] / "docs" / "manual" / "platforms" / "virtualstock.md"
TEXTS = {text: code for text, (code, _) in LINES.items()}


def answered(
    status: int,
    body: Any,
    *,
    plain: bool = False,
    headers: Mapping[str, str] | None = None,
    operation: str = "dispatchOrder",
) -> Response:
    raw = body.encode() if plain else to_json(body)
    return Response(
        status=status, headers=headers or {}, body=raw, operation=operation, write=True, platform="Virtualstock"
    )


@pytest.mark.parametrize("status", STATUSES)
def test_every_documented_status_is_told_in_a_plain_sentence(status: str) -> None:
    number, body, code, sentence = STATUSES[status]
    with ports.using(clock=ports.VirtualClock(START)):
        error = refusal(answered(number, body))

    assert error is not None
    assert (error.code, error.message, error.platform_words) == (code, sentence, body["detail"])


@pytest.mark.parametrize("code", CODES)
def test_every_documented_code_is_told_in_a_plain_sentence(code: str) -> None:
    error = refusal(answered(400, {"detail": "Their words.", "code": code}))

    assert isinstance(error, PermanentError)
    assert (error.code, error.message, error.platform_words) == (code, CODES[code], "Their words.")


def test_no_refusal_that_the_contract_the_sandbox_or_the_hub_knows_is_left_out() -> None:
    """A code or status that is added to one of them belongs into the tables above, with its sentence."""
    contract = VIRTUALSTOCK.document
    answered_with = {
        int(status)
        for path in contract["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for status in operation.get("responses", {})
        if status.isdecimal() and 400 <= int(status) < 500
    }
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", str(contract["components"]["schemas"]["CodedError"])))

    assert answered_with <= {int(status) for status in STATUSES}
    assert named
    assert named | set(WORDS) <= set(CODES)
    assert {advice.code for advice in KNOWN if not advice.text} == set(CODES)
    assert {advice.code for advice in KNOWN if advice.text} == {code for code, _ in LINES.values()}


def test_every_call_that_changes_something_has_a_name_that_people_know() -> None:
    for operation, what in WHAT.items():
        error = refusal(answered(400, {"detail": "New words."}, operation=operation))
        assert error is not None
        assert error.message == f"Virtualstock refused {what}. Its own words say why."


def test_the_manual_says_what_every_refusal_means() -> None:
    """By the beginning of its sentence, as the console shows it."""
    manual = MANUAL.read_text(encoding="utf-8")
    sentences = [sentence for _, _, _, sentence in STATUSES.values()]
    sentences += [sentence for _, sentence in LINES.values()] + list(CODES.values())

    assert [one for one in sentences if one.split(".")[0].split(":")[0].split(",")[0] not in manual] == []


@pytest.mark.parametrize("form", ["text", "string", "detail", "fields"])
@pytest.mark.parametrize(("text", "code"), TEXTS.items())
def test_every_known_line_has_our_words_in_whatever_shape_it_comes(text: str, code: str, form: str) -> None:
    bodies: dict[str, Any] = {"text": text, "string": text, "detail": {"detail": text}, "fields": {"items": [text]}}

    error = refusal(answered(400, bodies[form], plain=form == "text"))

    assert isinstance(error, PermanentError)
    assert error.code == code
    assert error.platform_words == (f"items: {text}" if form == "fields" else text)
    assert text not in error.message
    assert error.message == LINES[text][1]


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
