"""A cursor over a JSON payload that remembers every fault it meets, so that one DataError can name them all."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.payload import JSON
from connectors.marketplacer.amounts import from_cents, from_shown

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
    """One object of the payload. Null and missing are the same: an instance may lack a field altogether."""

    value: dict[str, JSON]
    path: str
    faults: Faults

    @classmethod
    def root(cls, payload: JSON) -> "Node":
        faults = Faults()
        if not isinstance(payload, dict):
            faults.add("", "Marketplacer sent something that is not an object.")
            faults.raise_any()
        return cls(payload, "", faults)

    def fault(self, name: str, message: str) -> None:
        self.faults.add(self.at(name), message)

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def given(self, name: str) -> bool:
        return self.value.get(name) is not None

    def child(self, name: str) -> "Node | None":
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, "It must be an object.")
            return None
        return Node(value, self.at(name), self.faults)

    def children(self, name: str) -> "list[Node]":
        """A plain list, or the `nodes` of a connection; null entries, which the schema allows, are left out."""
        value = self.value.get(name)
        if isinstance(value, dict):
            value = value.get("nodes")
        if value is None:
            return []
        rows = [item for item in value if item is not None] if isinstance(value, list) else [value]
        if not all(isinstance(item, dict) for item in rows):
            self.fault(name, "It must be a list of objects.")
            return []
        return [Node(item, f"{self.at(name)}[{index}]", self.faults) for index, item in enumerate(rows)]

    def text(self, name: str, *, required: bool = False) -> str:
        """The text without outer blanks; whole numbers (legacyId) are read as text. Never quoted: it may be a person's."""
        value = self.value.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            self.fault(name, "It must be text.")
            return ""
        found = (value or "").strip()
        if required and not found:
            self.fault(name, "Marketplacer sent no value.")
        return found

    def count(self, name: str) -> int:
        value = self.value.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(name, "It must be a whole number.")
            return 0
        return value

    def flag(self, name: str) -> bool:
        return self.value.get(name) is True

    def words(self, name: str) -> tuple[str, ...]:
        """A list of enum values."""
        value = self.value.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fault(name, "It must be a list of words.")
            return ()
        return tuple(value)

    def money(self, name: str, *, currency: str) -> Decimal | None:
        """`<name>Cents`, else `<name>Formatted`; None when this instance states neither."""
        try:
            if self.given(f"{name}Cents"):
                return from_cents(self.value[f"{name}Cents"], currency=currency)
            if self.given(f"{name}Formatted"):
                return from_shown(self.value[f"{name}Formatted"], currency=currency)
        except ValueError as problem:
            self.fault(f"{name}Cents" if self.given(f"{name}Cents") else f"{name}Formatted", str(problem))
            return Decimal(0)
        return None

    def required_money(self, name: str, *, currency: str) -> Decimal:
        found = self.money(name, currency=currency)
        if found is None:
            self.fault(f"{name}Formatted", "Marketplacer sent no amount.")
        return found or Decimal(0)

    def moment(self, name: str) -> datetime | None:
        if not self.given(name):
            return None
        moment = read_moment(self.value[name])
        if moment is None:
            self.fault(name, "It must be a time with its offset.")
        return moment

    def required_moment(self, name: str) -> datetime:
        if not self.given(name):
            self.fault(name, "Marketplacer sent no value.")
        return self.moment(name) or NO_TIME


def read_moment(value: JSON) -> datetime | None:
    """ISO 8601 with an offset, in UTC; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
