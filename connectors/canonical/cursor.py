"""A cursor over a JSON payload that remembers every fault it meets, so that one DataError can name them all.

What all platforms' payloads share; each platform's `Node` adds how it writes amounts, times and flags.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Self

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.payload import JSON

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
class Cursor:
    """One object of the payload. A field that is missing and one that is null are the same: platforms mix them freely."""

    value: dict[str, JSON]
    path: str
    faults: Faults
    sender: ClassVar[str] = "The platform"
    named_by: ClassVar[tuple[str, ...]] = ()  # the fields that name a record to people, the first that is there

    @classmethod
    def root(cls, payload: JSON, *, kind: str = "", key: str = "") -> Self:
        """The payload itself; `kind` and the value of `key` name it to people: "Order 1234". DataError when it is no object."""
        if not isinstance(payload, dict):
            words = f"{cls.sender} sent something that is not an object."
            raise DataError([Problem(field="", message=words, record=kind)], record=kind)
        known = next((payload[name] for name in (key, *cls.named_by) if payload.get(name)), None)
        return cls(payload, "", Faults(f"{kind} {known}" if kind and isinstance(known, str | int) else kind))

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def fault(self, name: str, message: str) -> None:
        self.faults.add(self.at(name), message)

    def given(self, name: str) -> bool:
        return self.value.get(name) is not None

    def detached(self) -> Self:
        """The same object with faults of its own, for parts that need not be readable."""
        return type(self)(self.value, self.path, Faults(self.faults.record))

    def child(self, name: str) -> Self | None:
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, "It must be an object.")
            return None
        return type(self)(value, self.at(name), self.faults)

    def children(self, name: str) -> list[Self]:
        return self._rows(name, self.value.get(name) if self.given(name) else [])

    def _rows(self, name: str, rows: JSON) -> list[Self]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.fault(name, "It must be a list of objects.")
            return []
        path = self.at(name)
        return [type(self)(row, f"{path}[{index}]", self.faults) for index, row in enumerate(rows)]
