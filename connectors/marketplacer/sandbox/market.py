"""The state of one instance: records in the shape of their GraphQL types, found by their global ids.

A global id is the base64 of "Type-<number>", as the vendor's sample decodes it.
"""

import base64
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from connectors.marketplacer.sandbox.settings import Settings
from connectors.sandboxkit import SandboxClock

Row: TypeAlias = dict[str, Any]
T = TypeVar("T")

FIRST_NUMBERS = {"Invoice": 10_363, "RefundRequest": 529, "Shipment": 7_001, "ShipmentCarrier": 68}


def global_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}-{number}".encode()).decode("ascii")


class RefusalError(Exception):
    """Business validations that failed: they go into the payload's errors."""

    def __init__(self, field: str, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.errors: list[Row] = [{"field": field, "messages": list(messages)}]


class Validations:
    """Those of one mutation: what fails is told at once, part by part, and nothing is written."""

    def __init__(self) -> None:
        self._failed: list[RefusalError] = []

    def check(self, part: Callable[..., T], *args: Any) -> T | None:
        """The part's value; None where it is refused."""
        try:
            return part(*args)
        except RefusalError as refusal:
            self._failed.append(refusal)
            return None

    def raise_any(self) -> None:
        if self._failed:
            first, *others = self._failed
            for other in others:
                first.errors += other.errors
            raise first


class Market:
    """One seller's view. Everything else of the operator's marketplace is out of sight for a seller's key."""

    def __init__(self, clock: SandboxClock, settings: Settings, changed: Callable[[str, str, Row], None]) -> None:
        self.clock, self.settings = clock, settings
        self._changed = changed  # (type, "create" | "update" | "destroy", row)
        self.rows: dict[str, Row] = {}  # every record by its global id
        self._numbers: dict[str, int] = defaultdict(int, {kind: number - 1 for kind, number in FIRST_NUMBERS.items()})
        self.seller = self.add("Seller", businessName="Maison Nord", legacyId=12, externalIds=[], shipmentAddresses=[])
        self.online = True

    def now(self) -> datetime:
        return self.clock.now()

    def number(self, kind: str) -> int:
        self._numbers[kind] += 1
        return self._numbers[kind]

    def add(self, kind: str, **values: Any) -> Row:
        number = self.number(kind)
        row = {"__typename": kind, "id": global_id(kind, number), "legacyId": number, "externalIds": [], **values}
        self.rows[row["id"]] = row
        return row

    def tell(self, event: str, row: Row) -> None:
        self._changed(row["__typename"], event, row)

    def of(self, kind: str) -> Iterator[Row]:
        return (row for row in self.rows.values() if row["__typename"] == kind)

    def find(self, key: str | None, kind: str) -> Row | None:
        row = self.rows.get(key or "")
        return row if row is not None and row["__typename"] == kind else None

    def need(self, key: str | None, kind: str, field: str) -> Row:
        found = self.find(key, kind)
        if found is None:
            raise RefusalError(field, "must exist")
        return found

    def invoice(self, reference: str | int) -> Row:
        """By the number that people see. Raises KeyError."""
        found = next((row for row in self.of("Invoice") if str(row["legacyId"]) == str(reference)), None)
        if found is None:
            raise KeyError(f"invoice {reference}")
        return found


def shown_money(cents: int, form: str) -> str:
    """123450 → "$1,234.50"; a minus goes before the symbol."""
    text = form.format(f"{Decimal(abs(cents)).scaleb(-2):,.2f}")
    return f"-{text}" if cents < 0 else text
