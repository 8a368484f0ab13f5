"""Rows by id, by external id and by when they last changed: what keeps look-ups quick with thousands of orders."""

from collections.abc import Iterator
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from connectors.centra.sandbox.refusals import UserMessage


class Row(Protocol):
    updated_at: datetime


R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[int, R] = {}
        self._recent: dict[int, None] = {}  # keys, the last changed last
        self._external: dict[tuple[str, str], int] = {}  # (integration, external id) → key

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows.values())

    def add(self, key: int, row: R) -> R:
        self.rows[key] = row
        self._recent[key] = None
        return row

    def get(self, key: int | None) -> R | None:
        return None if key is None else self.rows.get(key)

    def remove(self, key: int) -> None:
        del self.rows[key], self._recent[key]
        self._external = {name: owner for name, owner in self._external.items() if owner != key}

    def touch(self, key: int, now: datetime) -> None:
        self.rows[key].updated_at = now
        del self._recent[key]
        self._recent[key] = None

    def changed_since(self, moment: datetime) -> list[R]:
        """Rows whose updated_at is at or after `moment`, oldest change first."""
        found = []
        for key in reversed(self._recent):
            row = self.rows[key]
            if row.updated_at < moment:
                break
            found.append(row)
        return found[::-1]

    # --- external ids live in the namespace of an integration name --------------------------------------------------
    def by_external(self, integration: str | None, external_id: str) -> R | None:
        return None if integration is None else self.get(self._external.get((integration, external_id)))

    def name_externally(
        self, key: int, ids: dict[str, str], integration: str, external_id: str, warnings: list[UserMessage]
    ) -> None:
        """Give the row an external id. One that another row has already is left there, with a warning."""
        owner = self._external.get((integration, external_id))
        if owner is not None and owner != key:
            text = f'External ID "{external_id}" is already used by another {self.name} and was not assigned.'
            warnings.append(UserMessage(text, ["input", "externalId"]))
            return
        if integration in ids:
            self._external.pop((integration, ids[integration]), None)
        ids[integration] = external_id
        self._external[integration, external_id] = key

    def rename_externally(self, key: int, ids: dict[str, str], external_id: str) -> None:
        """Replace what every integration calls the row, or with "" take it away."""
        for integration in list(ids):
            self._external.pop((integration, ids.pop(integration)), None)
            if external_id:
                ids[integration] = external_id
                self._external[integration, external_id] = key
