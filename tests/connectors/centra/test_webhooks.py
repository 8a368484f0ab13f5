"""Whether a webhook is genuine, over its raw bytes, and what it tells."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.errors import DataError
from connectors.canonical.events import Event, ForgedWebhookError
from connectors.centra import webhooks

STOCKHOLM = ZoneInfo("Europe/Stockholm")
# The vendor's own example on centra.dev/fundamentals/webhooks.
SECRET = "test123"
STAMP = 12345678
BODY = b"payload=%7B%22x%22%3A%22test%22%7D"
SIGNATURE = "0b9cd84f5d583e5e1aadfb9f160aa8080b51d5b85ff85808d6b75bdac356c549"
THEN = datetime.fromtimestamp(STAMP, UTC)
HEADERS = {"X-Centra-Signature": f"t={STAMP},v1={SIGNATURE}"}


def verify(
    headers: dict[str, str] | None = None,
    body: bytes = BODY,
    *,
    secrets: tuple[str, ...] = (SECRET,),
    now: datetime = THEN,
) -> str:
    return webhooks.verify(HEADERS if headers is None else headers, body, secrets=secrets, now=now)


def signed(stamp: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Centra-Signature": f"t={stamp},v1={digest}"}


# --- genuine or not ---------------------------------------------------------------------------------------------------
def test_the_vendors_own_vector_is_genuine_and_named_by_time_and_signature() -> None:
    assert verify() == f"{STAMP}.{SIGNATURE}"


@pytest.mark.parametrize("name", ["X-Centra-Signature", "x-centra-signature", "X-CENTRA-SIGNATURE"])
def test_the_headers_name_is_read_in_any_case(name: str) -> None:
    assert verify({"Host": "hub.example", name: HEADERS["X-Centra-Signature"]}) == f"{STAMP}.{SIGNATURE}"


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_up_to_five_minutes_away_is_accepted(seconds: int) -> None:
    assert verify(now=THEN + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, -300.001, 300.001, 301, 10**9])
def test_an_older_or_later_signature_is_refused(seconds: float) -> None:
    with pytest.raises(ForgedWebhookError, match="more than 300 seconds"):
        verify(now=THEN + timedelta(seconds=seconds))


@pytest.mark.parametrize("secrets", [(SECRET, "next"), ("next", SECRET), ("", SECRET)])
def test_while_a_secret_is_rotated_either_is_accepted(secrets: tuple[str, ...]) -> None:
    assert verify(secrets=secrets) == f"{STAMP}.{SIGNATURE}"


def test_another_secret_is_refused_and_never_told() -> None:
    with pytest.raises(ForgedWebhookError) as error:
        verify(secrets=("other-secret", "older-secret"))
    assert str(error.value) == "The signature does not fit the body."


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_without_a_secret_nothing_is_genuine(secrets: tuple[str, ...]) -> None:
    empty_key = hmac.new(b"", f"{STAMP}.".encode() + BODY, hashlib.sha256).hexdigest()
    with pytest.raises(ForgedWebhookError, match="No webhook secret is set"):
        verify({"X-Centra-Signature": f"t={STAMP},v1={empty_key}"}, secrets=secrets)


@pytest.mark.parametrize(
    "value",
    [
        "",
        SIGNATURE,
        f"v1={SIGNATURE},t={STAMP}",
        f"t={STAMP}, v1={SIGNATURE}",
        f" t={STAMP},v1={SIGNATURE}",
        f"t={STAMP},v1={SIGNATURE}\n",
        f"t={STAMP},v1={SIGNATURE},v1={SIGNATURE}",
        f"t={STAMP},v1={SIGNATURE.upper()}",
        f"t={STAMP},v1={SIGNATURE[:-1]}",
        f"t={STAMP},v1={SIGNATURE}0",
        f"t=0{STAMP},v1={SIGNATURE}",
        f"t=+{STAMP},v1={SIGNATURE}",
        f"t=-{STAMP},v1={SIGNATURE}",
        f"t={STAMP}.0,v1={SIGNATURE}",
        f"t=,v1={SIGNATURE}",
        f"t=١٢٣٤٥٦٧٨,v1={SIGNATURE}",
        f"t={'9' * 5000},v1={SIGNATURE}",
        f"T={STAMP},V1={SIGNATURE}",
    ],
)
def test_a_header_of_any_other_form_is_refused(value: str) -> None:
    with pytest.raises(ForgedWebhookError, match="not of the form"):
        verify({"X-Centra-Signature": value})


def test_a_missing_or_doubled_header_is_refused() -> None:
    with pytest.raises(ForgedWebhookError, match="missing"):
        verify({})
    with pytest.raises(ForgedWebhookError, match="more than one"):
        verify({**HEADERS, "x-centra-signature": HEADERS["X-Centra-Signature"]})


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_one_flipped_byte_of_the_body_is_noticed(place: int, flip: int) -> None:
    body = bytearray(BODY)
    body[place] ^= flip
    with pytest.raises(ForgedWebhookError):
        verify(body=bytes(body))


@given(st.integers(0, len(HEADERS["X-Centra-Signature"]) - 1), st.integers(1, 127))
def test_one_flipped_byte_of_the_header_is_noticed(place: int, flip: int) -> None:
    value = bytearray(HEADERS["X-Centra-Signature"].encode())
    value[place] ^= flip
    with pytest.raises(ForgedWebhookError):
        verify({"X-Centra-Signature": value.decode("ascii")})


@given(st.binary(max_size=200), st.text(max_size=100))
def test_nothing_that_was_not_signed_is_genuine(body: bytes, header: str) -> None:
    with pytest.raises(ForgedWebhookError):
        verify({"X-Centra-Signature": header}, body)


@given(st.binary(max_size=200))
def test_whatever_was_signed_is_genuine_byte_for_byte(body: bytes) -> None:
    headers = signed(str(STAMP), body)
    assert verify(headers, body).startswith(f"{STAMP}.")
    with pytest.raises(ForgedWebhookError):
        verify(headers, body + b" ")


def test_the_body_is_not_decoded_before_it_is_checked() -> None:
    """A space as "+" and as "%20" decodes alike and is signed differently."""
    plus, percent = (
        b"payload=%7B%22date%22%3A%222021-01-29+14%22%7D",
        b"payload=%7B%22date%22%3A%222021-01-29%2014%22%7D",
    )
    assert verify(signed(str(STAMP), plus), plus)
    with pytest.raises(ForgedWebhookError):
        verify(signed(str(STAMP), plus), percent)


# --- what it tells ----------------------------------------------------------------------------------------------------
def form(payload: Any) -> bytes:
    """As PHP sends it: json_encode escapes slashes, urlencode writes a space as +."""
    return b"payload=" + quote_plus(json.dumps(payload, separators=(",", ":")).replace("/", "\\/")).encode()


# The shape of the vendor's example for the Integration API version; numbers ours.
EVENTS = [
    {"type": "order", "action": "update", "date": "2026-01-15 10:05:33.628033", "id": 1234},
    {"type": "shipment", "action": "good_to_go", "date": "2026-01-15 10:05:34.000001", "id": 81},
    {"type": "return", "action": "create", "date": "2026-01-15 10:05:35.000000", "id": 7},
]


def read(body: bytes) -> list[Event]:
    return list(webhooks.events(body, zone=STOCKHOLM))


def test_a_webhook_tells_what_changed_in_the_accounts_time() -> None:
    told = read(form({"events": EVENTS}))
    assert [(event.kind, event.external_id, event.change, event.occurred_at) for event in told] == [
        ("order", "1234", "UPDATE", datetime(2026, 1, 15, 9, 5, 33, 628033, tzinfo=UTC)),
        ("shipment", "81", "GOOD_TO_GO", datetime(2026, 1, 15, 9, 5, 34, 1, tzinfo=UTC)),
        ("return", "7", "CREATE", datetime(2026, 1, 15, 9, 5, 35, tzinfo=UTC)),
    ]
    assert len({event.event_id for event in told}) == 3


def test_the_same_event_bears_the_same_id_in_every_delivery_and_comes_once() -> None:
    once = read(form({"events": EVENTS[:1]}))
    twice = read(form({"events": [EVENTS[0], EVENTS[1], EVENTS[0]]}))
    assert once == twice[:1]
    assert len(twice) == 2


def test_types_and_actions_that_nobody_listed_pass_in_their_own_words() -> None:
    (event,) = read(form({"events": [{"type": "allocation_request", "action": "sing", "id": "a-1", "data": {}}]}))
    assert (event.kind, event.external_id, event.change, event.occurred_at) == (
        "allocation_request",
        "a-1",
        "SING",
        None,
    )


@pytest.mark.parametrize(("told", "kind"), [("customer", "customer"), ("account", "customer")])
def test_an_account_is_a_customer(told: str, kind: str) -> None:
    assert read(form({"events": [{"type": told, "action": "update", "id": 5}]}))[0].kind == kind


def test_no_events_are_no_fault() -> None:
    assert read(form({"events": []})) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "form"),
        (b"payload", "not a form"),
        (b"\xff\xfe", "not a form"),
        (b"payload=%ff", "not a form"),
        (b"other=1", "one field named payload"),
        (b"payload=%7B%7D&payload=%7B%7D", "one field named payload"),
        (b"payload=", "not JSON"),
        (b"payload=%7B", "not JSON"),
        (b"payload=NaN", "not JSON"),
        (b"payload=" + b"[" * 100_000, "not JSON"),
        (b"payload=" + b"9" * 5000, "not JSON"),
        (b"payload=%5B%5D", "must be an object"),
        (form({"DisplayItems": ["52"]}), "Integration API"),
        (form({"events": {"type": "order"}}), "Integration API"),
        (form({"events": ["order"]}), "must be an object"),
        (form({"events": [{"type": None, "id": 1}]}), "number or a word"),
        (form({"events": [{"type": "order"}]}), "number or a word"),
        (form({"events": [{"type": "order", "id": True}]}), "number or a word"),
        (form({"events": [{"type": "order", "id": "1\u0000"}]}), "number or a word"),
        (form({"events": [{"type": "order\n", "id": 1}]}), "number or a word"),
    ],
)
def test_a_genuine_body_that_cannot_be_read_is_a_data_error(body: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words) as error:
        read(body)
    assert error.value.record == "A Centra webhook"


def test_every_event_at_fault_is_named() -> None:
    with pytest.raises(DataError) as error:
        read(form({"events": [EVENTS[0], {"type": "order"}, {"id": 3}, {"type": 1, "id": []}]}))
    assert [problem.field for problem in error.value.problems] == [
        "events[1].id",
        "events[2].type",
        "events[3].type",
        "events[3].id",
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_named_as_unreadable(body: bytes) -> None:
    for attempt in (body, b"payload=" + body):
        try:
            read(attempt)
        except DataError:
            continue


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "id", "action", "date"]), inner)
    ),
    max_leaves=8,
)


@given(st.lists(_json, max_size=4))
def test_any_events_are_read_or_named_as_unreadable(events: list[Any]) -> None:
    try:
        told = read(form({"events": events}))
    except DataError:
        return
    assert all(event.event_id and event.kind and event.external_id for event in told)
