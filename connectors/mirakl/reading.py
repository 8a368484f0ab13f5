"""How Mirakl writes texts, amounts and times."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from connectors.canonical.cursor import NO_TIME, Cursor
from connectors.canonical.money import parse_amount
from connectors.canonical.payload import JSON


@dataclass(frozen=True)
class Node(Cursor):
    """One object of the payload. Null and missing are the same: the platform mixes them freely."""

    def text(self, name: str, *, required: bool = False) -> str:
        """The text without outer blanks; whole numbers are read as text, since old platforms number their lines."""
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

    def amount(self, name: str, *, required: bool = False) -> Decimal:
        """A number or numeric string; 0 when absent and not required, or when at fault."""
        value = self.value.get(name)
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
        value = self.value.get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, f"{value!r} is neither true nor false.")
        return value is True

    def moment(self, name: str) -> datetime | None:
        value = self.value.get(name)
        if value is None:
            return None
        moment = read_moment(value)
        if moment is None:
            self.fault(name, f"{value!r} is not a time with its offset.")
        return moment

    def required_moment(self, name: str) -> datetime:
        if self.value.get(name) is None:
            self.fault(name, "The platform sent no value.")
        return self.moment(name) or NO_TIME


def read_moment(value: JSON) -> datetime | None:
    """ISO 8601 with an offset, with or without milliseconds, in UTC; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None
