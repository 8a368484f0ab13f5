"""Reads a record of Fulfil field by field and keeps every fault it meets, so that one DataError can name them all."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import NoReturn

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.payload import JSON
from connectors.fulfil.typedjson import read_decimal, read_moment

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # stands in for a faulty time until the DataError is raised


@dataclass
class Faults:
    record: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        self.problems.append(Problem(field=path, message=message, record=self.record))

    def raise_any(self) -> None:
        if self.problems:
            raise DataError(self.problems, record=self.record)


@dataclass(frozen=True)
class Node:
    """One record. Dotted fields are flat keys: {"product.code": "TEE-M"}."""

    value: dict[str, JSON]
    path: str
    faults: Faults

    @classmethod
    def root(cls, payload: JSON, *, kind: str) -> "Node":
        if not isinstance(payload, dict):
            refuse(kind, "", "Fulfil sent something that is not an object.")
        known = payload.get("number") or payload.get("id")
        return cls(payload, "", Faults(f"{kind} {known}" if isinstance(known, str | int) else kind))

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def fault(self, name: str, message: str) -> None:
        self.faults.add(self.at(name), message)

    def child(self, name: str) -> "Node":
        value = self.value.get(name)
        if not isinstance(value, dict):
            self.fault(name, "It must be an object.")
        return Node(value if isinstance(value, dict) else {}, self.at(name), self.faults)

    def children(self, name: str) -> "list[Node]":
        value = self.value.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(name, "It must be a list of objects.")
            return []
        return [Node(item, f"{self.at(name)}[{index}]", self.faults) for index, item in enumerate(value)]

    def text(self, name: str) -> str:
        """The text as it stands; "" for null. Never quoted in a fault: it may be a person's."""
        value = self.value.get(name)
        if value is not None and not isinstance(value, str):
            self.fault(name, "It must be text.")
            return ""
        return value or ""

    def word(self, name: str) -> str:
        if self.value.get(name) in (None, ""):
            self.fault(name, "Fulfil sent no value.")
        return self.text(name)

    def whole(self, name: str) -> int:
        """A whole number: an id, or a quantity, which Fulfil writes 2.0."""
        value = self.value.get(name)
        found = read_decimal(value) if isinstance(value, int | Decimal) else None
        if found is None or found != found.to_integral_value():
            self.fault(name, "It must be a whole number.")
            return 0
        return int(found)

    def amount(self, name: str) -> Decimal:
        found = read_decimal(self.value.get(name))
        if found is None:
            self.fault(name, "It must be an amount.")
        return found or Decimal(0)

    def moment(self, name: str) -> datetime:
        found = read_moment(self.value.get(name))
        if found is None:
            self.fault(name, "It must be a time.")
        return found or NO_TIME


def refuse(record: str, path: str, message: str) -> NoReturn:
    raise DataError([Problem(field=path, message=message, record=record)], record=record)
