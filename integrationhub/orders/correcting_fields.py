"""The fields of a document as a person corrects them: named in plain words, grouped, typed as they arrived."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.canonical.errors import Problem
from connectors.canonical.money import parse_amount
from connectors.personal import Kind, kind_of
from integrationhub.sync.corrections import MISSING, Change, Item, Path, field_name, path_named, same, scalars, value_at

LONGEST_VALUE = 500
FIELDS_AT_MOST = 4_000  # a document with more is not one a person corrects by hand
_WORDS = re.compile(r"[_\-]+|(?<=[a-z0-9])(?=[A-Z])")
_AMOUNT_NAMES = re.compile(
    r"price|amount|total|tax|fee|rate|shipping_price|discount|commission|cost|quantity|currency|refund|cancelation",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,10})?")
_YES, _NO = "yes", "no"


class NotTypedError(ValueError):
    """What was typed is not what this field holds; the message is a sentence for the person."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One value of the document, as the form shows it."""

    name: str  # the connector's own path: "order_lines[0].price"
    path: Path
    group: str  # "Order", "Order lines 1", "Customer, shipping address"
    label: str  # "Price unit"
    kind: str  # text | number | boolean
    old: Any  # as it arrived; MISSING where nothing did
    counts: Any  # what counts now: as it arrived, or as an earlier correction has it
    problems: tuple[str, ...] = ()
    lapsed: bool = False

    @property
    def was(self) -> str:
        return told(self.old)

    @property
    def text(self) -> str:
        """What stands in the box."""
        return "" if self.counts is MISSING or self.counts is None else told(self.counts)

    @property
    def is_plain(self) -> bool:
        """Shown at once; what is empty and not at fault is folded away."""
        return bool(self.problems) or not (self.old is MISSING or self.old is None or self.old == "")


def fields_of(payload: Any, counting: Mapping[str, Change], problems: Iterable[Problem]) -> list[Field]:
    """Every value of the document, those a connector misses included. `counting`: field → the change that counts."""
    at_fault: dict[str, list[str]] = {}
    for problem in problems:
        at_fault.setdefault(problem.field, []).append(problem.message)
    found: dict[str, Field] = {}
    for path, value in scalars(payload):
        if len(found) >= FIELDS_AT_MOST:
            break
        found[field_name(path)] = _field(payload, path, value, counting, at_fault)
    for name in at_fault:
        path = path_named(payload, name)
        if name not in found and _may_be_filled_in(payload, path):
            found[name] = _field(payload, path, value_at(payload, path), counting, at_fault)
    return list(found.values())


def _may_be_filled_in(payload: Any, path: Path) -> bool:
    """A value the platform left out, beside others that it sent; not a whole list or object."""
    if not path or isinstance(path[-1], Item):
        return False
    holder = payload if len(path) == 1 else value_at(payload, path[:-1])
    return isinstance(holder, dict) and not isinstance(holder.get(path[-1]), dict | list)


def _field(
    payload: Any, path: Path, value: Any, counting: Mapping[str, Change], at_fault: Mapping[str, list[str]]
) -> Field:
    name = field_name(path)
    change = counting.get(name)
    stands = change is not None and same(change.old, value)
    return Field(
        name=name,
        path=path,
        group=_group(path),
        label=_words(_last_name(path)),
        kind=_kind(payload, path, value),
        old=value,
        counts=change.new if change is not None and stands else value,
        problems=tuple(at_fault.get(name, ())),
        lapsed=change is not None and not stands,
    )


# --- names ------------------------------------------------------------------------------------------------------------


def _last_name(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _group(path: Path) -> str:
    parts: list[str] = []
    for step in path[:-1]:
        if isinstance(step, str):
            parts.append(_words(step))
        elif parts:
            parts[-1] = f"{parts[-1]} {step.at + 1}"
    return ", ".join([parts[0], *(part[:1].lower() + part[1:] for part in parts[1:])]) if parts else "The record itself"


def words_of(name: str) -> str:
    """ "order_lines[0].price" → "Order lines 1, price": a field as people read it."""
    steps = []
    for step in name.split("."):
        plain, _, at = step.partition("[")
        place = f" {int(at.rstrip(']')) + 1}" if at.rstrip("]").isdigit() else ""
        steps.append(f"{_words(plain)}{place}")
    return ", ".join([steps[0], *(step[:1].lower() + step[1:] for step in steps[1:])])


def _words(name: str) -> str:
    words = " ".join(word for word in _WORDS.split(name) if word).lower()
    return words[:1].upper() + words[1:]


# --- kinds and values -------------------------------------------------------------------------------------------------


def _kind(payload: Any, path: Path, value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal):
        return "number"
    return _kind_of_siblings(payload, path) if value is None or value is MISSING else "text"


def _kind_of_siblings(payload: Any, path: Path) -> str:
    """What the same field holds in other members of the same list: the best guess for one that is empty."""
    for other, value in _like(payload, path):
        if other != path and value is not None:
            return _kind(payload, other, value)
    return "text"


def _like(payload: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if not any(isinstance(step, Item) for step in path):
        return
    wanted = [step for step in path if isinstance(step, str)]
    for other, value in scalars(payload):
        if [step for step in other if isinstance(step, str)] == wanted:
            yield other, value


def told(value: Any) -> str:
    """The value as text that `typed` reads back."""
    if value is MISSING:
        return "nothing"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return _YES if value else _NO
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def typed(field: Field, text: str) -> Any:
    """What the text means in this field. Raises NotTypedError with a sentence."""
    text = text.strip()
    if len(text) > LONGEST_VALUE or "\x00" in text:
        raise NotTypedError(f"Write at most {LONGEST_VALUE} letters.")
    if text == "":
        return field.old if field.old in (None, "") or field.old is MISSING else None
    if field.kind == "boolean":
        if text not in (_YES, _NO):
            raise NotTypedError("Choose yes or no.")
        return text == _YES
    if field.kind == "number":
        return _number(text)
    if is_amount_name(field.path) and not _is_number(field.old) and _NUMBER.fullmatch(text):
        return _number(text)  # words, or nothing, stood where an amount belongs
    return text


def _number(text: str) -> int | Decimal:
    if not _NUMBER.fullmatch(text):
        raise NotTypedError("Write a number, such as 49.90.")
    return Decimal(text) if "." in text else int(text)


def _is_number(value: Any) -> bool:
    try:
        parse_amount(value)
    except ValueError:
        return False
    return True


# --- money ------------------------------------------------------------------------------------------------------------


def is_amount_name(path: Path) -> bool:
    return bool(_AMOUNT_NAMES.search(_last_name(path)))


def touches_amounts(changes: Sequence[Change]) -> bool:
    """Whether any of them may be money, judged without a reading: by name, and by numbers that belong to no person."""
    return any(_may_be_money(change) for change in changes)


def _may_be_money(change: Change) -> bool:
    if is_amount_name(change.path):
        return True
    names = ".".join(step for step in change.path if isinstance(step, str))
    if kind_of(names) is Kind.FIELD:
        return False  # a postcode, a telephone number
    return any(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in (change.old, change.new))
