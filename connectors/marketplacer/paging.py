"""How a list that changes while it is read is read without a gap. Pure.

Cursors are opaque and may count rows: an invoice that changes during a poll leaves the window, and all behind it move up
one place. The total then shrinks, and the list is read on from the creation time of the last row seen, which never
changes: nobody is skipped, some come twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.canonical.payload import JSON
from connectors.marketplacer.client import next_cursor


@dataclass(frozen=True, kw_only=True)
class Place:
    created_since: str = ""  # ISO; "" = from the beginning of the window
    after: str = ""
    last_created: str = ""  # of the last row seen
    total: int | None = None

    @classmethod
    def decoded(cls, token: str | None) -> "Place":
        return cls(**json.loads(token)) if token else cls()

    def encoded(self) -> str:
        return json.dumps(vars(self), separators=(",", ":"))

    @property
    def is_first(self) -> bool:
        return not self.created_since and not self.after

    def shrank(self, page: JSON) -> bool:
        total = page.get("totalCount")
        return bool(self.after) and self.total is not None and isinstance(total, int) and total < self.total

    def again(self) -> "Place":
        """From the last row seen on, itself included."""
        return Place(created_since=self.last_created or self.created_since)

    def following(self, page: JSON, rows: Sequence[JSON]) -> "Place | None":
        cursor = next_cursor(page)
        if cursor is None or cursor == self.after:
            return None
        created = [row.get("createdAt") for row in rows if isinstance(row, dict)]
        last = next((moment for moment in reversed(created) if isinstance(moment, str)), self.last_created)
        total = page.get("totalCount")
        return Place(
            created_since=self.created_since,
            after=cursor,
            last_created=last,
            total=total if isinstance(total, int) else None,
        )
