"""How Fulfil writes texts, amounts and times."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NoReturn

from connectors.canonical.cursor import NO_TIME, Cursor
from connectors.canonical.errors import DataError, Problem
from connectors.fulfil.typedjson import read_decimal, read_moment


@dataclass(frozen=True)
class Node(Cursor):
    """One record. Dotted fields are flat keys: {"product.code": "TEE-M"}."""

    sender = "Fulfil"
    named_by = ("number", "id")

    def child(self, name: str) -> "Node":
        value = self.value.get(name)
        if not isinstance(value, dict):
            self.fault(name, "It must be an object.")
        return Node(value if isinstance(value, dict) else {}, self.at(name), self.faults)

    def children(self, name: str) -> "list[Node]":
        return self._rows(name, self.value.get(name))  # the hub put them together itself: null is a fault

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
