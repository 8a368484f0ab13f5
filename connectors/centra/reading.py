"""How Centra writes texts, amounts and times."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.canonical.cursor import NO_TIME, Cursor, Faults
from connectors.canonical.money import parse_amount
from connectors.canonical.payload import JSON


@dataclass(frozen=True)
class Node(Cursor):
    """One object of the payload. A field that is missing reads as null: both mean that Centra has no value."""

    sender = "Centra"

    def need(self, name: str) -> "Node":
        """The object under `name`; an empty one, with its fault told, when it is missing."""
        if self.value.get(name) is None:
            self.fault(name, "Centra sent no value.")
        return self.child(name) or Node({}, self.at(name), Faults(self.faults.record))

    def children(self, name: str) -> "list[Node]":
        return self._rows(name, self.value.get(name))  # lists that are asked for are there: null is a fault

    def text(self, name: str) -> str:
        """The text as it stands; "" for null. Never quoted in a fault: it may be a person's."""
        value = self.value.get(name)
        if value is not None and not isinstance(value, str):
            self.fault(name, "It must be text.")
            return ""
        return value or ""

    def word(self, name: str) -> str:
        if self.value.get(name) in (None, ""):
            self.fault(name, "Centra sent no value.")
        return self.text(name)

    def count(self, name: str) -> int:
        value = self.value.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(name, "It must be a whole number.")
            return 0
        return value

    def flag(self, name: str) -> bool:
        value = self.value.get(name)
        if not isinstance(value, bool):
            self.fault(name, "It must be true or false.")
        return value is True

    def amount(self, name: str) -> Decimal:
        try:
            return parse_amount(self.value.get(name))
        except ValueError:
            self.fault(name, "It must be an amount.")
            return Decimal(0)

    def moment(self, name: str, *, zone: ZoneInfo) -> datetime:
        value = self.value.get(name)
        found = read_moment(value, zone=zone)
        if found is None:
            self.fault(name, "Centra sent no value." if value is None else "It must be a time.")
        return found or NO_TIME


def read_moment(value: JSON, *, zone: ZoneInfo) -> datetime | None:
    """A time in UTC, or None when `value` is none.

    GraphQL dates carry an offset; webhook dates do not and are read in the account's zone. Fold rule: a time that
    happens twice when clocks go back is the earlier of the two, so that a cursor set from it re-reads an hour, never
    skips one.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone, fold=0)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
