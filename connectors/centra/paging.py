"""How a list that changes while it is read is read without a gap. Pure.

Page numbers shift when a row leaves the window, and the next page then misses one. So every page is page 1 of what is
left: sorted by `updatedAt`, from the last time seen, without the ids seen at it. It starts a second early, because
times are told in whole seconds and whether a range includes its ends is not documented.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.base import JSON
from connectors.canonical.errors import PermanentError
from connectors.centra.reading import read_moment

_OVERLAP = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Position:
    since: datetime | None = None  # None = from the beginning
    seen: Mapping[int, datetime] = field(default_factory=dict)  # ids already read whose time is not before `since`

    @classmethod
    def from_token(cls, token: str | None, *, since: datetime | None = None) -> "Position":
        if token is None:
            return cls(since=since)
        kept = json.loads(token)
        seen = {int(key): datetime.fromisoformat(value) for key, value in kept["seen"].items()}
        return cls(since=datetime.fromisoformat(kept["since"]), seen=seen)

    def token(self) -> str:
        seen = {str(key): value.isoformat() for key, value in self.seen.items()}
        return json.dumps({"since": self.since.isoformat() if self.since else None, "seen": seen})

    def where(self, *, until: datetime | None = None) -> dict[str, JSON]:
        """The part of the filter that says where to go on."""
        window = {
            name: moment.isoformat() for name, moment in (("from", self.since), ("to", until)) if moment is not None
        }
        return {
            **({"updatedAt": window} if window else {}),
            **({"id": sorted(self.seen), "negate": ["id"]} if self.seen else {}),
        }

    def after(self, rows: Sequence[JSON], *, limit: int, zone: ZoneInfo) -> "Position | None":
        """Where the next page starts; None when this one was the last.

        Raises PermanentError when Centra did not sort or repeats itself: going on would miss rows or never end.
        """
        if len(rows) < limit:
            return None
        times = {row["id"]: read_moment(row.get("updatedAt"), zone=zone) for row in rows}
        moments = [moment for moment in times.values() if moment is not None]
        if len(moments) < len(rows) or moments != sorted(moments) or times.keys() & self.seen.keys():
            words = (
                "Centra's list came unsorted or repeats itself, so reading on could miss a record. Read it again later."
            )
            raise PermanentError(words, code="paging")
        since = moments[-1] - _OVERLAP
        met = {**self.seen, **dict(zip(times, moments, strict=True))}
        return Position(since=since, seen={key: moment for key, moment in met.items() if moment >= since})
