"""A cursor over a JSON payload that remembers every fault it meets, so that one DataError can name them all."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import parse_amount
from connectors.canonical.payload import JSON

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # stands in for a faulty time until the DataError is raised
_LAST_NUMBER = re.compile(r"/([0-9A-Za-z-]+)/?(?:\?.*)?\Z")


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
    """One object of the payload. Null, missing and blank are the same: the platform mixes them freely."""

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
        self.faults.add(f"{self.path}.{name}" if self.path else name, message)

    def child(self, name: str) -> "Node | None":
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, "It must be an object.")
            return None
        return Node(value, f"{self.path}.{name}" if self.path else name, self.faults)

    def children(self, name: str) -> "list[Node]":
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(name, "It must be a list of objects.")
            return []
        path = f"{self.path}.{name}" if self.path else name
        return [Node(item, f"{path}[{index}]", self.faults) for index, item in enumerate(value)]

    def text(self, name: str, *, required: bool = False) -> str:
        """The text without outer blanks; numbers are read as text, since line references are often numbers."""
        value = self.value.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            self.fault(name, "It must be text.")  # the value may be a person's: not quoted
            return ""
        found = (value or "").strip()
        if required and not found:
            self.fault(name, "The platform sent no value.")
        return found

    def amount(self, name: str) -> Decimal | None:
        """Money is text and may be null: None is not 0."""
        value = self.value.get(name)
        if value is None or value == "":
            return None
        try:
            return parse_amount(value)
        except ValueError:
            self.fault(name, f"{value!r} is not an amount.")
            return None

    def count(self, name: str) -> int:
        amount = self.amount(name)
        if amount is None:
            self.fault(name, "The platform sent no value.")
            return 0
        if amount != amount.to_integral_value():
            self.fault(name, f"{amount} is not a whole number.")
        return int(amount)

    def flag(self, name: str) -> bool:
        value = self.value.get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, f"{value!r} is neither true nor false.")
        return value is True

    def moment(self, name: str, zone: ZoneInfo, *, required: bool = False) -> datetime | None:
        value = self.text(name, required=required)
        if not value:
            return None
        moment = read_moment(value, zone)
        if moment is None:
            self.fault(name, f"{value!r} is not a time.")
        return moment


def read_moment(value: JSON, zone: ZoneInfo) -> datetime | None:
    """A time in UTC. The platform writes no zone, with T or with a blank: it is read in the connection's own.

    Which zone its times are in is documented nowhere; an offset, should one come, is believed.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def rest_id(url: JSON) -> str:
    """The last segment of a `url`, "" without one. Its host is never followed: it may be a legacy one."""
    found = _LAST_NUMBER.search(url) if isinstance(url, str) else None
    return found.group(1) if found else ""
