"""Centra's webhooks: is it genuine, and what does it tell. Pure.

Settings of the plugin (System → Stores → Plugins → Webhooks): version Integration API, an endpoint secret, and 3
retries, since its default is none. Centra waits 5 seconds for an answer and drops the message after the last retry.
Source: centra.dev/fundamentals/webhooks; the vector of that page is in tests/connectors/centra/test_webhooks.py.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.events import Event, ForgedWebhookError
from connectors.canonical.payload import JSON
from connectors.centra.reading import read_moment

SIGNATURE_HEADER = "x-centra-signature"
MAX_AGE_SECONDS = 300
_SIGNATURE = re.compile(r"t=([1-9][0-9]{0,10}),v1=([0-9a-f]{64})")  # 11 digits: seconds until the year 5138
_WORD = re.compile(r"[0-9A-Za-z_-]{1,64}")
# Their object types → our kinds; an account is a wholesale customer. Any other type keeps its own word.
_KINDS = {"order": "order", "shipment": "shipment", "return": "return", "customer": "customer", "account": "customer"}


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime) -> str:
    """Check the signature over the raw body and return the key of this delivery: "<t>.<v1>".

    v1 = hex HMAC-SHA256(secret, t + "." + raw body), lower case. While a secret is rotated, both are tried.
    Raises ForgedWebhookError, saying which check failed and nothing about the secret.
    """
    stamp, signature = _signature(headers)
    if abs(now.timestamp() - int(stamp)) > MAX_AGE_SECONDS:
        raise ForgedWebhookError(f"The signature's time is more than {MAX_AGE_SECONDS} seconds from now.")
    keys = [secret.encode() for secret in secrets if secret]
    if not keys:
        raise ForgedWebhookError("No webhook secret is set on this connection, so nothing can be checked.")
    signed = stamp.encode("ascii") + b"." + body
    # Every key is tried, so that the time taken does not tell which one fitted.
    fits = [hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).hexdigest(), signature) for key in keys]
    if not any(fits):
        raise ForgedWebhookError("The signature does not fit the body.")
    return f"{stamp}.{signature}"


def _signature(headers: Mapping[str, str]) -> tuple[str, str]:
    found = [value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER]
    if len(found) != 1:
        raise ForgedWebhookError("The signature header is missing or there is more than one.")
    parts = _SIGNATURE.fullmatch(found[0])
    if parts is None:
        raise ForgedWebhookError("The signature header is not of the form t=…,v1=….")
    return parts[1], parts[2]


def events(body: bytes, *, zone: ZoneInfo) -> tuple[Event, ...]:
    """What a genuine body tells, in its order; an event told twice in one body comes once.

    The body is form-encoded, `payload=<JSON>`, with {"events": [{"type", "action", "date", "id"}]}; the id of an
    order is its number. Unknown types and actions pass: whoever listens re-reads the state or ignores the kind.
    Raises DataError naming everything that cannot be read.
    """
    told = _payload(body).get("events")
    if not isinstance(told, list):
        words = "It carries no events. Choose the version “Integration API” in the settings of Centra's webhook plugin."
        raise _unreadable("events", words)
    problems = [problem for index, item in enumerate(told) for problem in _problems(index, item)]
    if problems:
        raise DataError(problems, record="A Centra webhook")
    return tuple({event.event_id: event for event in (_event(item, zone) for item in told)}.values())


def _payload(body: bytes) -> dict[str, JSON]:
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        raise _unreadable("", "It is not a form.") from error
    found = [value for name, value in fields if name == "payload"]
    if len(found) != 1:
        raise _unreadable("payload", "The form must carry one field named payload.")
    try:
        payload = json.loads(found[0], parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _unreadable("payload", "It is not JSON.") from error
    if not isinstance(payload, dict):
        raise _unreadable("payload", "It must be an object.")
    return payload


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _problems(index: int, item: JSON) -> list[Problem]:
    path = f"events[{index}]"
    if not isinstance(item, dict):
        return [Problem(field=path, message="It must be an object.")]
    told = {"type": item.get("type"), "id": item.get("id")}
    if isinstance(told["id"], int) and not isinstance(told["id"], bool):
        told["id"] = str(told["id"])
    return [
        Problem(field=f"{path}.{name}", message="It must be a number or a word.")
        for name, value in told.items()
        if not isinstance(value, str) or not _WORD.fullmatch(value)
    ]


def _event(item: Mapping[str, JSON], zone: ZoneInfo) -> Event:
    told, action, date = str(item["type"]), item.get("action"), item.get("date")
    digest = hashlib.sha256(json.dumps([told, action, date, item["id"]], default=str).encode()).hexdigest()
    return Event(
        event_id=digest[:32],
        kind=_KINDS.get(told, told),
        external_id=str(item["id"]),
        change=action.upper() if isinstance(action, str) and _WORD.fullmatch(action) else "",
        occurred_at=read_moment(date, zone=zone),
    )


def _unreadable(field: str, words: str) -> DataError:
    return DataError([Problem(field=field, message=words)], record="A Centra webhook")
