"""How Virtualstock writes texts, amounts and times."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.canonical.cursor import Cursor
from connectors.canonical.money import parse_amount
from connectors.canonical.payload import JSON

_LAST_NUMBER = re.compile(r"/([0-9A-Za-z-]+)/?(?:\?.*)?\Z")


@dataclass(frozen=True)
class Node(Cursor):
    """One object of the payload. Null, missing and blank are the same: the platform mixes them freely."""

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
