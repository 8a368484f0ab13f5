"""Long lists as one parameter. The driver looks at each element by itself: for tens of thousands that costs more than the
query does.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime


def numbers(values: Iterable[int | None]) -> str:
    """As PostgreSQL writes an array: cast it where it is used, `%(ids)s::bigint[]`."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def times(values: Iterable[datetime | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else value.isoformat() for value in values]) + "}"


def texts(values: Sequence[str]) -> str:
    """`%(skus)s::text[]`. No text is empty to PostgreSQL for being called NULL: each stands in quotes."""
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * max(len(values) - 1, 0):
        joined = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return '{"' + joined + '"}' if values else "{}"
