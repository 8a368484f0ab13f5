"""Marketplacer's webhooks: is it genuine, and what does it tell. Pure.

A seller's webhook is told by a secret in a header of its own; a signature comes only where the operator set an HMAC key.
Marketplacer switches a webhook off for good after one 4xx, so whatever is genuine is taken, readable or not. Messages
come out of order and twice: each is a hint, the state is re-read; `Marketplacer-Sequence` counts them at the source.
Source: D:webhooks/*, sample receiver marketplacer/webhook-endpoint-dotnet (headers).
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.events import Event, ForgedWebhookError
from connectors.canonical.payload import JSON

HMAC_HEADER = "marketplacer-hmac-256"
SEQUENCE_HEADER = "marketplacer-sequence"
VERTICAL_HEADER = "marketplacer-vertical"
_SEQUENCE = re.compile(r"[0-9]{1,18}")
_WORD = re.compile(r"[0-9A-Za-z_.-]{1,64}")
_RECORD = "A Marketplacer webhook"
# Whose change means that an order must be read again, and where the order's number stands in the hub's query; a query of
# somebody's own may say it under the field's plain name.
_OF_ORDERS = {"Invoice": "", "Shipment": "shipped", "RefundRequest": "refunded", "InvoiceAnnotation": "invoice"}
_PRODUCTS = frozenset({"Advert", "Variant"})


def verify(headers: Mapping[str, str], body: bytes, *, header: str, secret: str, hmac_key: str) -> str:
    """Check what was agreed and return the key of this delivery: "<instance>:<sequence>", else a digest of the body.

    Where both a secret and a signing key are entered, both must fit. Raises ForgedWebhookError, saying which check
    failed and nothing about the secret.
    """
    if not secret and not hmac_key:
        raise ForgedWebhookError("Neither a webhook secret nor a signing key is set, so nothing can be checked.")
    if secret and not hmac.compare_digest(_one(headers, header).encode(), secret.encode()):
        raise ForgedWebhookError("The secret header is missing or holds something else.")
    if hmac_key:
        expected = base64.b64encode(hmac.new(hmac_key.encode(), body, hashlib.sha256).digest())
        if not hmac.compare_digest(_one(headers, HMAC_HEADER).encode(), expected):
            raise ForgedWebhookError("The signature does not fit the body.")
    vertical, sequence = _one(headers, VERTICAL_HEADER), _one(headers, SEQUENCE_HEADER)
    if _SEQUENCE.fullmatch(sequence) and _WORD.fullmatch(vertical):
        return f"{vertical}:{sequence}"
    return hashlib.sha256(body).hexdigest()[:32]


def _one(headers: Mapping[str, str], name: str) -> str:
    found = [value for key, value in headers.items() if key.lower() == name.lower()]
    return found[0].strip() if len(found) == 1 else ""


def sequence_of(delivery_key: str) -> tuple[str, int] | None:
    """The instance and its number of this delivery; None where the headers named none."""
    vertical, mark, sequence = delivery_key.rpartition(":")
    return (vertical, int(sequence)) if mark and _SEQUENCE.fullmatch(sequence) else None


def events(body: bytes) -> tuple[Event, ...]:
    """What a genuine body tells: one event, two of a refund request, none where the object is gone or no order or product.

    The body is what the webhook's own GraphQL query gives (documents.WEBHOOK_QUERY); where that query failed, or asks
    for too little, DataError says what to correct in the portal.
    """
    told = _object(body)
    payload = told.get("payload")
    if not isinstance(payload, dict):
        raise _unreadable("payload", "It must be an object.")
    if errors := payload.get("errors"):
        words = "; ".join(str(item.get("message", "")) for item in errors if isinstance(item, dict))
        raise _unreadable("payload.errors", f"The webhook's query failed: correct it in the portal. It says: {words}")
    data = payload.get("data")
    node = data.get("node") if isinstance(data, dict) else None
    if node is None and isinstance(data, dict) and "node" in data:
        return ()  # "destroy": the object is gone, and what it was is not told
    if not isinstance(node, dict):
        raise _unreadable("payload.data.node", "It must be an object. Enter the hub's query with the webhook.")
    return _event(told, node)


def _event(told: Mapping[str, JSON], node: Mapping[str, JSON]) -> tuple[Event, ...]:
    kind = node.get("__typename")
    if kind in _OF_ORDERS:
        name = _OF_ORDERS[str(kind)]
        invoice = (node.get(name) or node.get("invoice")) if name else node
        number = invoice.get("legacyId") if isinstance(invoice, dict) else None
        if isinstance(number, bool) or not isinstance(number, int | str) or not _WORD.fullmatch(str(number)):
            words = "It does not name its invoice's number. Enter the hub's query with the webhook."
            raise _unreadable("payload.data.node", words)
        order = _told(told, node, kind="order", external_id=str(number))
        if kind == "RefundRequest" and isinstance(node.get("id"), str):
            return (order, replace(order, kind="return", external_id=node["id"]))
        return (order,)
    if kind in _PRODUCTS:
        return (_told(told, node, kind="product", external_id=str(node.get("sku") or node.get("id") or "")),)
    if not isinstance(kind, str):
        raise _unreadable("payload.data.node.__typename", "It must say what changed.")
    return ()


def _told(told: Mapping[str, JSON], node: Mapping[str, JSON], *, kind: str, external_id: str) -> Event:
    change = told.get("event_name")
    event_id = told.get("id")
    digest = hashlib.sha256(json.dumps([event_id, change, node], default=str, sort_keys=True).encode()).hexdigest()
    return Event(
        event_id=event_id if isinstance(event_id, str) and event_id else digest[:32],
        kind=kind,
        external_id=external_id,
        change=change.upper() if isinstance(change, str) and _WORD.fullmatch(change) else "",
    )


def _object(body: bytes) -> Mapping[str, JSON]:
    try:
        told = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _unreadable("", "It is not JSON.") from error
    if not isinstance(told, dict):
        raise _unreadable("", "It must be an object.")
    return told


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unreadable(field: str, words: str) -> DataError:
    return DataError([Problem(field=field, message=words)], record=_RECORD)
