"""One call as an operation reads it: path, query and body, with Mirakl's tolerance and Mirakl's refusals."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.mirakl.sandbox.amounts import rounded
from connectors.mirakl.sandbox.multipart import Part, parts_of
from connectors.mirakl.sandbox.refusals import RefusedError, too_many, wrong_field
from connectors.mirakl.sandbox.settings import TAX_MODES
from connectors.mirakl.sandbox.times import moment
from connectors.sandboxkit import SandboxRequest

_BOOLEANS = {"true": True, "false": False}
LIST_LIMIT = 100


@dataclass(frozen=True, kw_only=True)
class Call:
    request: SandboxRequest
    code: str  # "OR11"
    path: dict[str, str] = field(default_factory=dict)
    base_url: str = ""

    # --- query ----------------------------------------------------------------------------------------------------
    def word(self, name: str, known: Collection[str] = ()) -> str | None:
        """A parameter's text; None when absent or empty. One of `known`, where given."""
        text = self.request.first(name)
        if text and known and text not in known:
            raise RefusedError(400, f"Param '{name}' has an invalid value: {text}")
        return text or None

    def words(self, name: str, known: Collection[str] = (), limit: int = LIST_LIMIT) -> frozenset[str]:
        """A list parameter, repeated or joined by commas: both forms are taken everywhere."""
        found = frozenset(
            word
            for text in self.request.query.get(name, ())
            for word in (part.strip() for part in text.split(","))
            if word
        )
        if len(found) > limit:
            raise too_many(name, limit)
        if known and (strange := sorted(found - set(known))):
            raise RefusedError(400, f"Param '{name}' has an invalid value: {strange[0]}")
        return found

    def flag(self, name: str) -> bool | None:
        text = self.word(name)
        if text is None:
            return None
        if text.lower() not in _BOOLEANS:
            raise RefusedError(400, f"Param '{name}' must be true or false")
        return _BOOLEANS[text.lower()]

    def number(self, name: str, default: int, *, low: int = 0, high: int | None = None) -> int:
        text = self.word(name)
        if text is None:
            return default
        if not text.isdecimal() or not low <= int(text) or (high is not None and int(text) > high):
            raise RefusedError(400, f"Param '{name}' must be a number between {low} and {high or 'its maximum'}")
        return int(text)

    def at(self, name: str) -> datetime | None:
        text = self.word(name)
        if text is None:
            return None
        try:
            return moment(text)
        except ValueError:
            raise RefusedError(400, f"Param '{name}' must be a date-time such as 2026-01-31T12:00:00Z") from None

    # --- body -----------------------------------------------------------------------------------------------------
    def body(self, first_field: str) -> dict[str, Any]:
        """The JSON object sent. A bare array or a broken text is blamed on the first field, as the platform does."""
        try:
            sent = self.request.json()
        except ValueError:
            raise wrong_field(first_field) from None
        if not isinstance(sent, dict):
            raise wrong_field(first_field)
        return sent

    def objects(self, name: str, limit: int) -> list[dict[str, Any]]:
        """The body's list of objects `name`, which may not be empty."""
        found = objects_of(self.body(name), name)
        if not found:
            raise RefusedError(400, f"Field '{name}' is required")
        if len(found) > limit:
            raise too_many(name, limit)
        return found

    def form(self) -> dict[str, Part]:
        """The parts of a multipart body by name; with several parts of one name, the last."""
        return {part.name: part for part in self.parts()}

    def parts(self) -> list[Part]:
        return parts_of(self.request.headers.get("content-type", ""), self.request.body)


def objects_of(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = holder.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise wrong_field(name)
    return found


def text_of(holder: dict[str, Any], name: str, *, required: bool = False) -> str:
    """Text of a JSON field; "" when absent or null. Numbers are taken as text, as the platform does with ids."""
    value = holder.get(name)
    if value is None or value == "":
        if required:
            raise RefusedError(400, f"Field '{name}' is required")
        return ""
    if isinstance(value, bool | list | dict):
        raise wrong_field(name)
    return str(value)


def flag_of(holder: dict[str, Any], name: str, *, default: bool = False) -> bool:
    value = holder.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise wrong_field(name)
    return value


def integer_of(holder: dict[str, Any], name: str, *, default: int | None = None) -> int:
    value = holder.get(name, default)
    if value is None:
        raise RefusedError(400, f"Field '{name}' is required")
    if isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_field(name)
    return value


def amount_of(holder: dict[str, Any], name: str) -> Decimal:
    """A JSON number or a numeric string: the platform takes both."""
    value = holder.get(name)
    if value is None:
        raise RefusedError(400, f"Field '{name}' is required")
    if isinstance(value, bool | list | dict):
        raise wrong_field(name)
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise wrong_field(name) from None
    if not amount.is_finite():
        raise wrong_field(name)
    if amount != rounded(amount):
        raise RefusedError(400, f"Field '{name}' has too many decimals")
    return amount


def tax_mode_of(holder: dict[str, Any], default: str) -> str:
    mode = text_of(holder, "order_tax_mode") or default
    if mode not in TAX_MODES:
        raise wrong_field("order_tax_mode")
    return mode
