"""Domains: which records a search means. AND by default, nested with "AND" and "OR", dotted paths through relations."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.fulfil.sandbox import wire
from connectors.fulfil.sandbox.refusals import broken, user_error
from connectors.fulfil.sandbox.schema import MODELS, NEWEST_FIRST
from connectors.fulfil.sandbox.store import Context, Row, Store

_NEGATIVE = {"!=": "=", "not in": "in", "not like": "like", "not ilike": "ilike"}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def search(store: Store, model: str, domain: Any, *, order: Any, context: Context) -> list[Row]:
    """Every record that fits, in order; archived ones only when the context or the domain asks for them."""
    if domain is not None and not isinstance(domain, list):
        raise broken()  # search(1) is an error of the server's
    shows_all = context.get("active_test") is False or "active" not in MODELS[model] or _names(domain, "active")
    rows = [
        row
        for row in list(store.tables[model].values())
        if (shows_all or row["active"]) and matches(store, model, row, domain, context)
    ]
    return _ordered(store, model, rows, order, context)


def _names(domain: Any, field: str) -> bool:
    if isinstance(domain, list):
        return domain[:1] == [field] or any(_names(part, field) for part in domain)
    return False


def matches(store: Store, model: str, row: Row, domain: Any, context: Context) -> bool:
    if domain is None or domain == []:
        return True
    if not isinstance(domain, list):
        raise broken()
    if domain[0] in ("OR", "AND"):
        fits = (matches(store, model, row, part, context) for part in domain[1:])
        return any(fits) if domain[0] == "OR" else all(fits)
    if isinstance(domain[0], str):
        return _clause(store, model, row, domain, context)
    return all(matches(store, model, row, part, context) for part in domain)


def _clause(store: Store, model: str, row: Row, clause: Sequence[Any], context: Context) -> bool:
    if len(clause) not in (3, 4):
        raise broken()
    path, operator, wanted = clause[0], clause[1], clause[2]
    target = clause[3] if len(clause) == 4 else None
    ends = _ends(store, model, row, path.split("."), context, target)
    if operator == "where":
        return any(
            matches(store, *found, wanted, context)
            for one, last, name in ends
            for found in store.follow(one, last, name, context)
        )
    if operator in _NEGATIVE:
        return not any(_fits(store, end, _NEGATIVE[operator], wanted, context) for end in ends)
    return any(_fits(store, end, operator, wanted, context) for end in ends) or (
        not ends and operator == "=" and wanted is None
    )


End = tuple[str, Row, str]  # the model, its record, and the field at the end of a path


def _ends(store: Store, model: str, row: Row, path: list[str], context: Context, target: str | None) -> list[End]:
    store.field(model, path[0])
    if len(path) == 1:
        return [(model, row, path[0])]
    found = store.follow(model, row, path[0], context)
    if target is not None and store.field(model, path[0]).kind == "ref":
        found = [one for one in found if one[0] == target]
    return [end for other, inner in found for end in _ends(store, other, inner, path[1:], context, None)]


def _fits(store: Store, end: End, operator: str, wanted: Any, context: Context) -> bool:
    model, row, name = end
    field, value = store.field(model, name), store.value(model, row, name, context)
    if operator in ("child_of", "parent_of"):
        return _related(store, field.target or model, value, wanted, operator)
    if operator in ("like", "ilike") and field.kind == "m2o" and value is not None:
        value = store.rec_name(field.target, store.tables[field.target][value])
    if isinstance(value, list):
        return any(_compare(one, operator, wanted) for one in value) or (not value and wanted is None)
    return _compare(value, operator, _like_kind(value, wanted))


def _related(store: Store, model: str, value: Any, wanted: Any, operator: str) -> bool:
    roots = set(wanted if isinstance(wanted, list) else [wanted])
    lower, upper = ({value}, roots) if operator == "child_of" else (roots, {value})
    return any(_above(store, model, one) & upper for one in lower)


def _above(store: Store, model: str, record_id: Any) -> set[Any]:
    found: set[Any] = set()
    while record_id is not None and record_id not in found:
        found.add(record_id)
        record_id = store.tables[model].get(record_id, {}).get("parent")
    return found


def _like_kind(value: Any, wanted: Any) -> Any:
    """What was asked, in the kind of what is stored: 'true', "2026-01-02" and "1.50" are taken too."""
    if isinstance(wanted, list):
        return [_like_kind(value, one) for one in wanted]
    if isinstance(value, bool) and isinstance(wanted, str):
        return wanted.lower() == "true"
    if isinstance(value, datetime) and wanted is not None:
        return wire.as_moment(wanted, "a date")
    if isinstance(value, date) and wanted is not None:
        return wire.as_day(wanted, "a date")
    if isinstance(value, Decimal | float) and isinstance(wanted, str | int | float | Decimal):
        return wire.as_decimal(wanted, "a number") if isinstance(value, Decimal) else float(wanted)
    return wanted


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "=":
            return bool(value == wanted)
        case "in":
            if not isinstance(wanted, list):
                raise broken()
            return value in wanted
        case "like" | "ilike":
            pattern = re.escape(str(wanted)).replace("%", ".*").replace("_", ".")
            flags = re.DOTALL | (re.IGNORECASE if operator == "ilike" else 0)
            return value is not None and re.fullmatch(pattern, str(value), flags) is not None
        case "<" | "<=" | ">" | ">=":
            if value is None or wanted is None:
                return False
            try:
                return _ORDERED[operator](value, wanted)
            except TypeError:
                raise broken() from None
    raise user_error(f"Operator “{operator}” is not known.")


def _ordered(store: Store, model: str, rows: list[Row], order: Any, context: Context) -> list[Row]:
    """By the asked fields; nothing comes last upwards and first downwards, as in the database below."""
    asked = order if isinstance(order, list) and order else [["id", "DESC" if model in NEWEST_FIRST else "ASC"]]
    for one in reversed(asked):
        path, direction = (one, "ASC") if isinstance(one, str) else (one[0], one[1] or "ASC")
        keys = {row["id"]: _sort_key(store, model, row, path, context) for row in rows}
        rows = sorted(rows, key=lambda row, keys=keys: keys[row["id"]], reverse=str(direction).upper() == "DESC")  # type: ignore[misc]
    return rows


def _sort_key(store: Store, model: str, row: Row, path: str, context: Context) -> tuple[bool, Any]:
    ends = _ends(store, model, row, path.split("."), context, None)
    value = store.value(*ends[0], context) if ends else None
    return value is None, 0 if value is None else value
