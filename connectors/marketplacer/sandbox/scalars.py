"""The scalars of the schema, in and out, with graphql-ruby's words for what does not fit."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?")


def _refused(value: Any, kind: str) -> GraphQLError:
    return GraphQLError(f'Could not coerce value "{value}" to {kind}')


def parse_moment(value: Any) -> datetime:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _refused(value, "ISO8601DateTime")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise _refused(value, "ISO8601DateTime") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def parse_date(value: Any) -> date:
    """Typed as a date, and a full timestamp is taken too, as the official example sends it."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _refused(value, "ISO8601Date")
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise _refused(value, "ISO8601Date") from None


def parse_decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise _refused(value, "Decimal") from None


def show_moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


_SCALARS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "ISO8601DateTime": (parse_moment, show_moment),
    "ISO8601Date": (parse_date, lambda value: value.isoformat()),
    "Decimal": (parse_decimal, str),
}


def bind_scalars(schema: GraphQLSchema) -> None:
    for name, (read, show) in _SCALARS.items():
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.parse_value = scalar.coerce_input_value = read  # type: ignore[method-assign,assignment]
        scalar.serialize = scalar.coerce_output_value = show  # type: ignore[method-assign,assignment]
