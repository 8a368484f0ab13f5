"""What an answer means: its JSON, the platform's own words in it, and the error family its status stands for.

The table follows from one question: may the platform have done what was asked? Only where it certainly has not may a
write be repeated without a look-up.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from connectors.canonical.errors import (
    ConfigurationError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.retry_after import parse_retry_after

UNREADABLE = "unreadable_answer"
# Where platforms put their words, the best first.
WORD_FIELDS = ("message", "detail", "description", "error_description", "error", "title", "errors", "reason", "name")


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer whose status the caller named as fine; or, in a `refusal` or `words` hook, any answer."""

    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes
    operation: str = ""
    write: bool = False
    platform: str = "The platform"  # opens the messages

    def json(self) -> Any:
        """The body, Decimal where a number has a fraction. Raises what `unreadable` returns when it is not JSON."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError, ArithmeticError):
            pass
        raise self.unreadable("it is not valid JSON")

    def json_or_none(self) -> Any:
        """For hooks, which see pages of gateways too: the JSON, or None."""
        try:
            return self.json()
        except HubError:
            return None

    def unreadable(self, why: str) -> HubError:
        """The error to raise for a 2xx that is not what it must be. A write has most likely been done."""
        text = f"{self.platform} answered {self.operation} in a form the hub cannot read: {why}."
        if self.write:
            return UnknownOutcomeError(
                f"{text} It may have been done; the hub looks it up before it tries again.", code=UNREADABLE
            )
        return TransientError(f"{text} Nothing was changed.", code=UNREADABLE)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


Refusal: TypeAlias = Callable[[Response], HubError | None]
Words: TypeAlias = Callable[[Response], str]


def default_words(response: Response) -> str:
    """The platform's own text in an answer of unknown shape; a page of a gateway comes back as it is."""
    found = _find_words(response.json_or_none(), depth=3)
    return found or response.text


def verdict(response: Response, *, words: str, now: datetime) -> HubError:
    """The error family of an answer outside the statuses that the caller called fine."""
    status, name, operation = response.status, response.platform, response.operation
    said = f" It said: {words}" if words else ""
    if status == 401:
        return ConfigurationError(
            f"{name} refused the credentials ({operation}, 401). Enter valid ones and test the connection.{said}",
            platform_words=words,
            code="401",
        )
    if status == 403:
        return ConfigurationError(
            f"{name} does not allow this account {operation} (403). Grant the right, then test the connection.{said}",
            operation=operation,
            platform_words=words,
            code="403",
        )
    if status == 429:
        return _wait(response, f"{name} asks the hub to slow down ({operation}).", words=words, now=now)
    if status in (421, 425):
        return _wait(response, f"{name} did not take {operation} ({status}).", words=words, now=now)
    if 400 <= status < 500 and status != 408:
        return PermanentError(
            f"{name} refused {operation} ({status}).{said}", platform_words=words, code=_code(response)
        )
    if response.write and status not in (301, 307, 308):
        return UnknownOutcomeError(
            f"{name} gave no certain answer to {operation} ({status}). The hub looks it up before it goes on.{said}",
            platform_words=words,
            code=str(status),
        )
    if 300 <= status < 400:
        return ConfigurationError(
            f"{name} sends {operation} on to another address ({status}). Correct the connection's address.",
            operation=operation,
            code=str(status),
        )
    return _wait(response, f"{name} could not answer {operation} ({status}).{said}", words=words, now=now)


def asks_to_wait(response: Response) -> bool:
    """Whether the platform closed its door for a time, for every caller."""
    return response.status == 429 or (response.status == 503 and "Retry-After" in response.headers)


def retry_at(response: Response, *, now: datetime) -> datetime:
    return parse_retry_after(response.headers.get("Retry-After"), now=now)


def _wait(response: Response, message: str, *, words: str, now: datetime) -> TransientError:
    at = retry_at(response, now=now) if response.status == 429 or "Retry-After" in response.headers else None
    return TransientError(message, retry_at=at, platform_words=words, code=str(response.status))


def _code(response: Response) -> str:
    found = response.json_or_none()
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, str) and len(code) <= 80 else str(response.status)


def _find_words(value: Any, *, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth == 0:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_find_words(each, depth=depth - 1) for each in value[:5])))
    if isinstance(value, dict):
        for field in WORD_FIELDS:
            if found := _find_words(value.get(field), depth=depth - 1):
                return found
    return ""


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number.")
