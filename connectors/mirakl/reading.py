"""A cursor over a JSON payload that remembers every fault it meets, so that one DataError can name them all."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import parse_amount

JSON: TypeAlias = Any  # parsed with parse_float=Decimal; not taken from `base`, which knows the network

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # stands in for a faulty time until the DataError is raised


@dataclass
class Faults:
    record: str = ""
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        problem = Problem(field=path, message=message, record=self.record)
        if problem not in self.problems:
            self.problems.append(problem)

    def raise_any(self) -> None:
        if self.problems:
            raise DataError(self.problems, record=self.record)


@dataclass(frozen=True)
class Node:
    """One object of the payload. Null and missing are the same: the platform mixes them freely."""

    value: JSON
    path: str
    faults: Faults

    @classmethod
    def root(cls, payload: JSON) -> "Node":
        faults = Faults()
        if not isinstance(payload, dict):
            faults.add("", "The platform sent something that is not an object.")
            faults.raise_any()
        return cls(payload, "", faults)

    def detached(self) -> "Node":
        """The same object with faults of its own, for parts that need not be readable."""
        return Node(self.value, self.path, Faults(self.faults.record))

    def fault(self, name: str, message: str) -> None:
        self.faults.add(self._path(name), message)

    def child(self, name: str) -> "Node | None":
        value = self._get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, "It must be an object.")
            return None
        return Node(value, self._path(name), self.faults)

    def children(self, name: str) -> "list[Node]":
        value = self._get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(name, "It must be a list of objects.")
            return []
        return [Node(item, f"{self._path(name)}[{index}]", self.faults) for index, item in enumerate(value)]

    def text(self, name: str, *, required: bool = False) -> str:
        """The text without outer blanks; whole numbers are read as text, since old platforms number their lines."""
        value = self._get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            self.fault(name, "It must be text.")  # the value may be a person's: not quoted
            return ""
        found = (value or "").strip()
        if required and not found:
            self.fault(name, "The platform sent no value.")
        return found

    def amount(self, name: str, *, required: bool = False) -> Decimal:
        """A number or numeric string; 0 when absent and not required, or when at fault."""
        value = self._get(name)
        if value is None:
            if required:
                self.fault(name, "The platform sent no value.")
            return Decimal(0)
        try:
            return parse_amount(value)
        except ValueError:
            self.fault(name, f"{value!r} is not an amount.")
            return Decimal(0)

    def count(self, name: str, *, required: bool = False) -> int:
        amount = self.amount(name, required=required)
        if amount != amount.to_integral_value():
            self.fault(name, f"{amount} is not a whole number.")
        return int(amount)

    def flag(self, name: str) -> bool:
        value = self._get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, f"{value!r} is neither true nor false.")
        return value is True

    def moment(self, name: str) -> datetime | None:
        value = self._get(name)
        if value is None:
            return None
        moment = read_moment(value)
        if moment is None:
            self.fault(name, f"{value!r} is not a time with its offset.")
        return moment

    def required_moment(self, name: str) -> datetime:
        if self._get(name) is None:
            self.fault(name, "The platform sent no value.")
        return self.moment(name) or NO_TIME

    def given(self, name: str) -> bool:
        return self._get(name) is not None

    def _get(self, name: str) -> JSON:
        return self.value.get(name)

    def _path(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def read_moment(value: JSON) -> datetime | None:
    """ISO 8601 with an offset, with or without milliseconds, in UTC; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None
