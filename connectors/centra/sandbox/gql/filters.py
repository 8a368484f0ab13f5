"""where, sort, limit and page as every list of the API takes them.

Within one field a list means OR, fields are joined by AND; `negate` inverts the fields it names, `notNull` asks for a value.
Text matches ignore letters' case, as the platform's database does; DateRange takes both ends in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from connectors.centra.sandbox import dates
from connectors.centra.sandbox.tokens import Session

Getter = Callable[[Any, Session], Any]
Test = Callable[[Any], bool]
Spec = Mapping[str, Getter]

MAX_LIMIT = 200
_RANGE_NAMES = ("At", "Date", "Quantity", "quantity", "Count", "Orders", "birthdate")


def invalid(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"category": "graphql"})


# --- paging -------------------------------------------------------------------------------------------------------------
def page_of(rows: Sequence[Any], args: Mapping[str, Any]) -> Sequence[Any]:
    """One page; the end shows as fewer rows than `limit`, there is no total."""
    limit, page = args.get("limit"), args.get("page", 1)
    limit = 20 if limit is None else limit
    page = 1 if page is None else page
    check_limit(limit)
    if page < 1:
        raise invalid("Page must be at least 1.")
    return rows[(page - 1) * limit : page * limit]


def check_limit(limit: int, name: str = "Limit") -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid(f"{name} must be between 1 and {MAX_LIMIT}.")


# --- sorting ------------------------------------------------------------------------------------------------------------
def ordered(rows: Iterable[Any], sort: Sequence[str] | None, keys: Mapping[str, Callable[[Any], Any]]) -> list[Any]:
    """Sort by several keys; rows that are equal keep the order they came in."""
    result = list(rows)
    for name in reversed(sort or ()):
        field_name, _, direction = name.rpartition("_")
        result.sort(key=keys[field_name], reverse=direction == "DESC")
    return result


# --- where --------------------------------------------------------------------------------------------------------------
def matching(
    rows: Iterable[Any],
    where: Mapping[str, Any] | None,
    spec: Spec,
    session: Session,
    *,
    search: Callable[[Any], Iterable[str | None]] | None = None,
) -> list[Any]:
    tests = _tests(where or {}, spec, session, search)
    return [row for row in rows if all(test(row) for test in tests)] if tests else list(rows)


def _tests(
    where: Mapping[str, Any], spec: Spec, session: Session, search: Callable[[Any], Iterable[str | None]] | None
) -> list[Test]:
    negated = frozenset(where.get("negate") or ())
    tests: list[Test] = [_filled(spec, name, session) for name in where.get("notNull") or ()]
    for name, wanted in where.items():
        if wanted is None or name in ("negate", "notNull"):
            continue
        if name == "search":
            tests.append(_searched(wanted.casefold(), search))
            continue
        if wanted == {} and name.endswith(_RANGE_NAMES):
            continue  # a range whose variables were left out
        test = _field(_getter(spec, name), value_test(wanted, session), session)
        tests.append(_inverted(test) if name in negated else test)
    return tests


def _getter(spec: Spec, name: str) -> Getter:
    if name not in spec:
        raise invalid(f"Unknown filter {name}.")
    return spec[name]


def _field(get: Getter, accepts: Test, session: Session) -> Test:
    return lambda row: accepts(get(row, session))


def _inverted(test: Test) -> Test:
    return lambda row: not test(row)


def _filled(spec: Spec, name: str, session: Session) -> Test:
    get = _getter(spec, name)
    return lambda row: get(row, session) not in (None, "")


def _searched(text: str, search: Callable[[Any], Iterable[str | None]] | None) -> Test:
    if search is None:
        raise invalid("This list cannot be searched.")
    return lambda row: any(text in value.casefold() for value in search(row) if value)


def value_test(wanted: Any, session: Session) -> Test:
    """By the shape of the filter: a list, a StringMatch, a DateRange or IntRange, or a single value."""
    if isinstance(wanted, list):
        among = frozenset(wanted)
        return lambda value: not among.isdisjoint(value) if isinstance(value, (set, frozenset)) else value in among
    if isinstance(wanted, Mapping):
        if wanted.keys() & {"equals", "contains", "startsWith", "endsWith"} or not wanted:
            return text_test(wanted)
        return _range_test(wanted, session)
    return lambda value: value == wanted


def text_test(wanted: Mapping[str, Any]) -> Test:
    given = {name: text.casefold() for name, text in wanted.items() if text is not None}
    if len(given) != 1:
        raise invalid("StringMatch takes exactly one field.")
    ((name, text),) = given.items()
    tests: dict[str, Callable[[str], bool]] = {
        "equals": lambda value: value == text,
        "contains": lambda value: text in value,
        "startsWith": lambda value: value.startswith(text),
        "endsWith": lambda value: value.endswith(text),
    }
    accepts = tests[name]
    return lambda value: value is not None and accepts(value.casefold())


def _range_test(wanted: Mapping[str, Any], session: Session) -> Test:
    low, high = (_bound(wanted.get(name), session) for name in ("from", "to"))

    def accepts(value: Any) -> bool:
        return value is not None and (low is None or low <= value) and (high is None or value <= high)

    return accepts


def _bound(value: Any, session: Session) -> Any:
    return moment(value, session) if isinstance(value, (dates.PhpDate, str)) else value


def moment(value: Any, session: Session) -> datetime | None:
    """A date input as a time. A variable declared String arrives as text: the platform relaxed that check in 2022."""
    if value is None:
        return None
    try:
        written = value if isinstance(value, dates.PhpDate) else dates.parse(value)
        return written.at(session.shop.now(), session.shop.zone)
    except ValueError as error:
        raise invalid(str(error)) from error


def lower_bound(where: Mapping[str, Any] | None, name: str, session: Session) -> datetime | None:
    """The `from` of a date filter when it is not negated: lets a table start at its recent rows."""
    given = (where or {}).get(name)
    if not given or name in ((where or {}).get("negate") or ()):
        return None
    return moment(given.get("from"), session)
