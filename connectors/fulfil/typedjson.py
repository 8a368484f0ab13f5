"""Fulfil's typed JSON: amounts and times are objects with a `__class__`, so that nothing is ever a float. Pure.

Times without a zone are UTC. Readers prefer `iso_string`, else the components; key order means nothing.
Source: the vendor's Python client 3.2.0 (serialization.py); a recorded order.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.canonical.payload import JSON

MAX_EXPONENT = 24  # beyond this an amount is a mistake, and writing out its zeros would fill the memory


def encode(value: Any) -> JSON:
    """Ours → theirs, at any depth. Raises TypeError for a float and for a time without a zone."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return {"__class__": "Decimal", "decimal": format(value, "f")}
        case datetime():
            if value.tzinfo is None:
                raise TypeError("A time without a zone cannot be sent.")
            return {"__class__": "datetime", "iso_string": value.astimezone(UTC).replace(tzinfo=None).isoformat()}
        case date():
            return {"__class__": "date", "iso_string": value.isoformat()}
        case Mapping():
            return {str(name): encode(inner) for name, inner in value.items()}
        case Sequence() if not isinstance(value, bytes):
            return [encode(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} cannot be sent to Fulfil.")


def read_decimal(value: JSON) -> Decimal | None:
    """A Decimal, typed or as text or a JSON number; None for anything else."""
    told = value.get("decimal") if isinstance(value, dict) and value.get("__class__") == "Decimal" else value
    if isinstance(told, bool) or not isinstance(told, str | int | Decimal):
        return None
    try:
        amount = Decimal(told)
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) <= MAX_EXPONENT else None


def read_moment(value: JSON) -> datetime | None:
    """An aware time in UTC, or None."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
        elif not isinstance(value, dict) or value.get("__class__") != "datetime":
            return None
        elif isinstance(value.get("iso_string"), str):
            moment = datetime.fromisoformat(value["iso_string"])
        else:
            parts = [int(value[name]) for name in ("year", "month", "day")]
            parts += [int(value.get(name) or 0) for name in ("hour", "minute", "second", "microsecond")]
            moment = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def read_day(value: JSON) -> date | None:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
        if not isinstance(value, dict) or value.get("__class__") != "date":
            return None
        if isinstance(value.get("iso_string"), str):
            return date.fromisoformat(value["iso_string"])
        return date(*(int(value[name]) for name in ("year", "month", "day")))
    except (KeyError, TypeError, ValueError):
        return None
