"""How a request is written: queries, exact JSON numbers, forms, files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from connectors import ports

Scalar: TypeAlias = str | int | Decimal | bool
Params: TypeAlias = Mapping[str, Scalar | Sequence[Scalar] | None]

# Beyond this an amount is a mistake, and writing out its zeros would fill the memory.
MAX_EXPONENT = 60


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """One part of a multipart body."""

    content: bytes
    filename: str = ""  # "" for a part that is no file (Mirakl's JSON parts)
    content_type: str = "application/octet-stream"


Files: TypeAlias = Mapping[str, FilePart | Sequence[FilePart]]


def path_segment(value: str) -> str:
    """`value` as one segment of a path, percent-encoded. ValueError for "", "." and "..", which would move it."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} cannot be part of a path.")
    return quote(value, safe="")


def encode_query(params: Params) -> str:
    """Percent-encoded throughout: a literal "+" would be read as a space, so an offset's "+" becomes %2B."""
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        if value is None:
            continue
        values = [value] if isinstance(value, str | int | Decimal) else value
        pairs.extend((name, _scalar(each)) for each in values)
    return urlencode(pairs, quote_via=quote, safe="")


def encode_json(value: Any) -> bytes:
    """JSON in ASCII, Decimals as exact numbers. Raises TypeError for a float: it has no exact value."""
    pieces: list[str] = []
    _write_json(value, pieces)
    return "".join(pieces).encode("ascii")


def encode_form(fields: Mapping[str, str]) -> bytes:
    return urlencode(list(fields.items())).encode("ascii")


def encode_multipart(fields: Mapping[str, str], files: Files) -> tuple[bytes, str]:
    """The body and its Content-Type."""
    parts: list[RequestField] = []
    for name, text in fields.items():
        part = RequestField(name, text.encode())
        part.make_multipart()
        parts.append(part)
    for name, given in files.items():
        for file in [given] if isinstance(given, FilePart) else given:
            part = RequestField(name, file.content, filename=file.filename or None)
            part.make_multipart(content_type=file.content_type)
            parts.append(part)
    return encode_multipart_formdata(parts, boundary=f"hub-{ports.new_id()}")


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, str | int):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent in a query: write it as text first.")


def _write_json(value: Any, pieces: list[str]) -> None:
    # The standard encoder can write a Decimal only by way of a float or of text.
    match value:
        case str():
            pieces.append(encode_basestring_ascii(value))
        case None:
            pieces.append("null")
        case bool():
            pieces.append("true" if value else "false")
        case int():
            pieces.append(int.__repr__(value))
        case Decimal():
            pieces.append(_plain(value))
        case Mapping():
            _write_object(value, pieces)
        case list() | tuple():
            _write_array(value, pieces)
        case _:
            raise TypeError(f"{type(value).__name__} cannot be sent as JSON: numbers are Decimal, the rest is text.")


def _write_object(value: Mapping[Any, Any], pieces: list[str]) -> None:
    separator = "{"
    for name, inner in value.items():
        if not isinstance(name, str):
            raise TypeError(f"A JSON name must be text, not {type(name).__name__}.")
        pieces.append(f"{separator}{encode_basestring_ascii(name)}:")
        _write_json(inner, pieces)
        separator = ","
    pieces.append("}" if value else "{}")


def _write_array(value: Sequence[Any], pieces: list[str]) -> None:
    separator = "["
    for inner in value:
        pieces.append(separator)
        _write_json(inner, pieces)
        separator = ","
    pieces.append("]" if value else "[]")


def _plain(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT:
        raise ValueError(f"{value} is no number that can be sent.")
    return format(value, "f")


HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def can_be_header(name: str, value: str) -> bool:
    """False for what a pasted key often carries along: line breaks, typographic characters, spaces at the ends."""
    return bool(HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value)) and value == value.strip()
