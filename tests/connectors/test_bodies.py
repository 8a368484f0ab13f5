"""How a request is written: exact numbers, safe queries, files."""

import json
import random
from decimal import Decimal
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import ports
from connectors.bodies import (
    FilePart,
    can_be_header,
    encode_form,
    encode_json,
    encode_multipart,
    encode_query,
    path_segment,
)

texts = st.text(max_size=20)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | decimals | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def same(value: Any) -> Any:
    """Numbers as their exact text, so that 1.0 and 1.00 differ."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        return ("number", "0" if text == "-0" else text)
    if isinstance(value, dict):
        return {name: same(inner) for name, inner in value.items()}
    return [same(inner) for inner in value] if isinstance(value, list) else value


@given(value=values)
def test_json_comes_back_as_it_was_to_the_last_digit(value: Any) -> None:
    assert same(json.loads(encode_json(value), parse_float=Decimal)) == same(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("20.0000"), b"20.0000"),
        (Decimal("0.1"), b"0.1"),
        (Decimal("1E+3"), b"1000"),
        (Decimal("1E-7"), b"0.0000001"),
        (Decimal("12345678901234567890.123456789"), b"12345678901234567890.123456789"),
        ({}, b"{}"),
        ([], b"[]"),
        (["å", "\ud800", "\x00", '"'], b'["\\u00e5","\\ud800","\\u0000","\\""]'),
        ({"a": (1, True, None)}, b'{"a":[1,true,null]}'),
    ],
)
def test_numbers_are_written_out_and_text_is_ascii(value: Any, written: bytes) -> None:
    assert encode_json(value) == written


@pytest.mark.parametrize("value", [0.1, {1: 2}, {"a": b"x"}, {"a": object()}, [{"when": {1}}]])
def test_what_json_cannot_say_exactly_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode_json(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+999999"), Decimal("1E-999999")])
def test_a_number_beyond_reason_is_refused(value: Decimal) -> None:
    with pytest.raises(ValueError, match="is no number that can be sent"):
        encode_json(value)


def test_a_query_is_percent_encoded_throughout() -> None:
    written = encode_query(
        {
            "from": "2026-01-15T09:00:00+01:00",
            "order_ids": "A,B",
            "id": ["1", "2"],
            "q": "a b&c=d",
            "none": None,
            "yes": True,
            "no": False,
            "n": 5,
            "amount": Decimal("1.50"),
        }
    )
    assert written == (
        "from=2026-01-15T09%3A00%3A00%2B01%3A00&order_ids=A%2CB&id=1&id=2&q=a%20b%26c%3Dd&yes=true&no=false&n=5&amount=1.50"
    )


@given(fields=st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), max_size=5))
def test_queries_and_forms_come_back_as_they_were(fields: dict[str, str]) -> None:
    expected = {name: [value] for name, value in fields.items()}
    try:
        written = encode_query(dict(fields)), encode_form(fields).decode()
    except UnicodeEncodeError:
        return  # half a surrogate pair has no UTF-8
    for each in written:
        assert parse_qs(each, keep_blank_values=True) == expected


def test_a_float_in_a_query_is_refused() -> None:
    with pytest.raises(TypeError):
        encode_query({"amount": 1.5})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("value", "written"),
    [("MK-1/2", "MK-1%2F2"), ("a b", "a%20b"), ("../x", "..%2Fx"), ("å?#", "%C3%A5%3F%23"), ("a.b-c_d~e", "a.b-c_d~e")],
)
def test_a_value_becomes_one_segment_of_a_path(value: str, written: str) -> None:
    assert path_segment(value) == written


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_move_the_path_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a path"):
        path_segment(value)


def test_a_multipart_body_holds_its_fields_and_files() -> None:
    with ports.using(rng=random.Random(1)):  # noqa: S311  repeatable on purpose
        body, content_type = encode_multipart(
            {"import_mode": "NORMAL"},
            {
                "file": FilePart(filename="stock.csv", content=b"sku;quantity\nA;1\n", content_type="text/csv"),
                "thread_input": FilePart(content=b'{"topic":{}}', content_type="application/json"),
                "files": [FilePart(filename="a.pdf", content=b"\x00\xff"), FilePart(filename="b.pdf", content=b"")],
            },
        )
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=policy.HTTP)
    assert not message.defects
    assert [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_content_type())
        for part in message.iter_parts()
    ] == [
        ("import_mode", None, "text/plain"),
        ("file", "stock.csv", "text/csv"),
        ("thread_input", None, "application/json"),
        ("files", "a.pdf", "application/octet-stream"),
        ("files", "b.pdf", "application/octet-stream"),
    ]
    assert [part.get_payload(decode=True) for part in message.iter_parts()] == [
        b"NORMAL",
        b"sku;quantity\nA;1\n",
        b'{"topic":{}}',
        b"\x00\xff",
        b"",
    ]


@pytest.mark.parametrize("value", ["key\n", " key", "key ", "k\r\ney", "“key”", "k\x00ey"])
def test_what_a_pasted_key_carries_along_cannot_be_a_header(value: str) -> None:
    assert not can_be_header("Authorization", value)


def test_an_ordinary_key_can_be_a_header() -> None:
    assert can_be_header("Authorization", "Bearer abc.def/ghi+jkl=")
    assert can_be_header("X-Empty", "")
    assert not can_be_header("X Bad", "v")
