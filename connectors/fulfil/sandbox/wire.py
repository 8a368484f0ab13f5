"""Typed JSON: amounts and times as objects with a `__class__`; everything else as plain JSON."""

import base64
import json
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.fulfil.sandbox.refusals import user_error

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_CLOCK = ("hour", "minute", "second", "microsecond")


def encode(value: Any) -> Any:
    """Times are naive and mean UTC; both forms, `iso_string` and components, are sent."""
    match value:
        case bool() | None | str() | int() | float():
            return value
        case Decimal():
            return {"__class__": "Decimal", "decimal": format(value, "f")}
        case datetime():
            parts = {name: getattr(value, name) for name in ("year", "month", "day", *_CLOCK)}
            return {"__class__": "datetime", "iso_string": value.isoformat(), **parts}
        case date():
            parts = {name: getattr(value, name) for name in ("year", "month", "day")}
            return {"__class__": "date", "iso_string": value.isoformat(), **parts}
        case bytes():
            return {"__class__": "bytes", "base64": base64.b64encode(value).decode()}
        case dict():
            return {str(name): encode(inner) for name, inner in value.items()}
        case list() | tuple():
            return [encode(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} cannot be sent.")


def dumps(value: Any) -> bytes:
    return json.dumps(encode(value)).encode()


def decode(value: Any) -> Any:
    """What a client sent, its typed objects read. Raises ValueError for a typed object that cannot be."""
    if isinstance(value, list):
        return [decode(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind is None:
        return {name: decode(inner) for name, inner in value.items()}
    text = value.get("iso_string")
    match kind:
        case "Decimal":
            return Decimal(value["decimal"])
        case "datetime" if text:
            return naive(datetime.fromisoformat(text))
        case "datetime":
            parts = _components(value, "year", "month", "day") + _components(value, *_CLOCK, absent=0)
            return naive(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type,misc]
        case "date":
            return date.fromisoformat(text) if text else date(*_components(value, "year", "month", "day"))
        case "time":
            return time.fromisoformat(text) if text else _time(*_components(value, *_CLOCK, absent=0))
        case "timedelta":
            return _duration(text) if text else timedelta(seconds=float(value["seconds"]))
        case "bytes" | "buffer":
            return base64.b64decode(value["base64"])
    raise ValueError(f"{kind} cannot be read")


def _components(value: dict[str, Any], *names: str, absent: int | None = None) -> list[int]:
    return [int(value[name] if absent is None else value.get(name, absent)) for name in names]


def _time(hour: int, minute: int, second: int, microsecond: int) -> time:
    return time(hour, minute, second, microsecond)


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def naive(moment: datetime) -> datetime:
    """As the platform keeps times: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def as_decimal(value: Any, name: str) -> Decimal:
    """A Decimal from a typed one, a string or a number."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise ValueError
        return Decimal(str(value))
    except (InvalidOperation, ValueError):
        raise user_error(f"The value of the field “{name}” is not a valid number.") from None


def as_moment(value: Any, name: str) -> datetime:
    try:
        if isinstance(value, datetime):
            return naive(value)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001  naive means UTC there
        return naive(datetime.fromisoformat(str(value)))
    except ValueError:
        raise user_error(f"The value of the field “{name}” is not a valid date.") from None


def as_day(value: Any, name: str) -> date:
    return value if isinstance(value, date) and not isinstance(value, datetime) else as_moment(value, name).date()
