"""Fulfil's webhook: a product's stock changed. The only event it documents. Pure.

X-Fulfil-Hmac-SHA256 = base64(HMAC-SHA256(key = the base64-decoded secret, raw body)). No time is signed, so an old
delivery cannot be told from a new one by its signature: each is kept by its signature, and stock is read again anyway.
Delivery and order are not guaranteed. Source: the vendor's Python client 3.2.0, verify_webhook; webhook guide.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.events import Event, ForgedWebhookError
from connectors.canonical.payload import JSON
from connectors.fulfil.typedjson import read_moment

SIGNATURE_HEADER = "x-fulfil-hmac-sha256"
RECORD = "A Fulfil webhook"
DIGEST_BYTES = 32


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str]) -> str:
    """Check the signature over the raw body and return the key of this delivery: the signature in hex.

    While a secret is rotated, both are tried. Raises ForgedWebhookError, saying nothing about the secret.
    """
    told = _signature(headers)
    keys = [key for secret in secrets if (key := secret_key(secret))]
    if not keys:
        raise ForgedWebhookError("No usable webhook secret is set on this connection, so nothing can be checked.")
    # Every key is tried, so that the time taken does not tell which one fitted.
    fits = [hmac.compare_digest(hmac.new(key, body, hashlib.sha256).digest(), told) for key in keys]
    if not any(fits):
        raise ForgedWebhookError("The signature does not fit the body.")
    return told.hex()


def secret_key(secret: str) -> bytes:
    """The bytes that a secret stands for, b"" when it is none."""
    try:
        return base64.b64decode(secret.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _signature(headers: Mapping[str, str]) -> bytes:
    found = [value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER]
    if len(found) != 1:
        raise ForgedWebhookError("The signature header is missing or there is more than one.")
    try:
        digest = base64.b64decode(found[0].encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != DIGEST_BYTES:
        raise ForgedWebhookError("The signature header is not a signature.")
    return digest


def events(body: bytes) -> tuple[Event, ...]:
    """One event for each product told of, named by its SKU; the product told of twice comes with its latest time only.

    Raises DataError naming everything that cannot be read.
    """
    try:
        told = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise DataError([Problem(field="", message="It is not JSON.")], record=RECORD) from None
    if not isinstance(told, list):
        raise DataError([Problem(field="", message="It must be a list of changes.")], record=RECORD)
    problems = [problem for index, item in enumerate(told) for problem in _problems(index, item)]
    if problems:
        raise DataError(problems, record=RECORD)
    found: dict[str, Event] = {}
    for event in map(_event, told):
        known = found.get(event.external_id)
        if known is None or known.occurred_at is None or (event.occurred_at and event.occurred_at >= known.occurred_at):
            found[event.external_id] = event
    return tuple(found.values())


def _problems(index: int, item: JSON) -> list[Problem]:
    path = f"[{index}]"
    if not isinstance(item, dict):
        return [Problem(field=path, message="It must be an object.")]
    problems = []
    if isinstance(item.get("product_id"), bool) or not isinstance(item.get("product_id"), int):
        problems.append(Problem(field=f"{path}.product_id", message="It must be a number."))
    if item.get("product_code") is not None and not isinstance(item["product_code"], str):
        problems.append(Problem(field=f"{path}.product_code", message="It must be text."))
    if read_moment(item.get("timestamp")) is None:
        problems.append(Problem(field=f"{path}.timestamp", message="It must be a time."))
    return problems


def _event(item: Mapping[str, JSON]) -> Event:
    """A product without a SKU tells nothing that could be read again: its external_id is ""."""
    digest = hashlib.sha256(json.dumps([item["timestamp"], item["product_id"]], default=str).encode()).hexdigest()
    return Event(
        event_id=digest[:32],
        kind="stock",
        external_id=item.get("product_code") or "",
        change="UPDATED",
        occurred_at=read_moment(item["timestamp"]),
    )
