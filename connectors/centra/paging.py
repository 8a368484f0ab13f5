"""How a list that changes while it is read is read without a gap. Pure.

Page numbers shift when a row leaves the window, and the next page then misses one. So every page is page 1 of what is
left: sorted by `updatedAt`, from the last time seen, without the ids seen at it. It starts a second early, because
times are told in whole seconds and whether a range includes its ends is not documented. Only where thousands of rows
bear one time (a bulk import) are page numbers used, until that second is over. A row that changes after it was read
may come in its new version only with the next reading, whose window overlaps.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.canonical.errors import PermanentError
from connectors.canonical.payload import JSON
from connectors.centra.reading import read_moment

MAX_SEEN = 2000
_OVERLAP = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Position:
    since: datetime | None = None  # None = from the beginning
    seen: Mapping[int, datetime] = field(default_factory=dict)  # ids already read whose time is not before `since`
    page: int = 1

    @classmethod
    def from_token(cls, token: str | None, *, since: datetime | None = None) -> "Position":
        if token is None:
            return cls(since=since)
        kept = json.loads(token)
        return cls(
            since=datetime.fromisoformat(kept["since"]) if kept["since"] else None,
            seen={key: datetime.fromisoformat(moment) for moment, keys in kept["seen"].items() for key in keys},
            page=kept["page"],
        )

    def token(self) -> str:
        seen: dict[str, list[int]] = defaultdict(list)
        for key, moment in self.seen.items():
            seen[moment.isoformat()].append(key)
        since = None if self.since is None else self.since.isoformat()
        return json.dumps({"since": since, "seen": seen, "page": self.page}, separators=(",", ":"))

    def where(self, *, until: datetime | None = None) -> dict[str, JSON]:
        """The part of the filter that says where to go on."""
        ends = {"from": self.since, "to": until}
        window = {name: moment.isoformat() for name, moment in ends.items() if moment is not None}
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
            words = "Centra's list came unsorted or repeats itself, so reading on could miss a record. It is read again later."
            raise PermanentError(words, code="paging")
        since = moments[-1] - _OVERLAP
        met = {**self.seen, **dict(zip(times, moments, strict=True))}
        near = {key: moment for key, moment in met.items() if moment >= since}
        return Position(since=since, seen=near) if len(near) <= MAX_SEEN else replace(self, page=self.page + 1)
