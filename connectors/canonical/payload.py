"""What a platform's document is before it is translated."""

from typing import Any, TypeAlias

JSON: TypeAlias = Any  # parsed with parse_float=Decimal: amounts are Decimal, never float
