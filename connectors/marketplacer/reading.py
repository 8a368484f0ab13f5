"""How Marketplacer writes texts, amounts and times."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from connectors.canonical.cursor import NO_TIME, Cursor
from connectors.canonical.payload import JSON
from connectors.marketplacer.amounts import from_cents, from_shown


@dataclass(frozen=True)
class Node(Cursor):
    """One object of the payload. Null and missing are the same: an instance may lack a field altogether."""

    sender = "Marketplacer"

    def children(self, name: str) -> "list[Node]":
        """A plain list, or the `nodes` of a connection; null entries, which the schema allows, are left out."""
        value = self.value.get(name)
        if isinstance(value, dict):
            value = value.get("nodes")
        if value is None:
            return []
        return self._rows(name, [row for row in value if row is not None] if isinstance(value, list) else value)

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
