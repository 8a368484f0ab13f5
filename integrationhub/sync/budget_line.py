"""The line: urgent work that has begun, the first to begin first, and what each is expected to take still.

A call is made only where those ahead of it could make all of theirs too. An order of four calls of which the window holds three
still begins, since nobody ahead needs them; but one at a time, and it gets the next call there is. Without the line a burst
of orders begins at once, each gets one or two of its calls, and all wait for the next window to compete there again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Who has not asked for so long keeps nobody waiting any more: its process was killed, or its call hangs. It is longer than
# one ten-second window, for which a worker sleeps when it is told to come back.
STANDS_MILLISECONDS = 15_000
# Room that is there and spoken for comes free early when the work ahead ends with less than was expected of it.
AGAIN_MILLISECONDS = 200
# Until so long after the moment that urgent work was told to come back at, other lanes leave the room to it: it is woken,
# claimed and spread, and a call that slips in between makes an order wait for the whole next window.
URGENT_MILLISECONDS = 2_000


@dataclass(frozen=True, kw_only=True)
class Work:
    """A piece of urgent work that asks for a call."""

    name: str  # the same for all its calls, and no other work's: letters, digits and colons
    needs: Mapping[str, int]  # bucket → units it is expected to take still, those of this call included
    begun: bool  # it has called already: it stands in line while it waits, too

    def after(self, costs: Mapping[str, int]) -> dict[str, int]:
        """What it needs still when it has made a call of these costs."""
        left = {bucket: units - costs.get(bucket, 0) for bucket, units in self.needs.items()}
        return {bucket: units for bucket, units in left.items() if units > 0}

    def before(self, costs: Mapping[str, int]) -> dict[str, int]:
        """What it needs while it waits for such a call: no less than that."""
        return self.after(costs) | {bucket: max(units, self.needs.get(bucket, 0)) for bucket, units in costs.items()}


class Line:
    """The line of one process, in its memory, as the scripts keep it in Redis. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[int, Mapping[str, int]]] = {}  # in the order in which they began
        self._urgent_until: dict[str, int] = {}  # bucket → milliseconds

    def ahead_of(self, name: str, *, now: int) -> dict[str, int]:
        """Bucket → units that those ahead need still; for work that has not begun, all of them."""
        self._places = {who: place for who, place in self._places.items() if _counts(place[0], now=now)}
        units: dict[str, int] = {}
        for who, (_, needs) in self._places.items():
            if who == name:
                break
            for bucket, count in needs.items():
                units[bucket] = units.get(bucket, 0) + count
        return units

    def stand(self, name: str, needs: Mapping[str, int], *, now: int) -> None:
        """Keep its place, or take the last; who needs nothing leaves."""
        if needs:
            self._places[name] = (_stands_until(now), needs)
        else:
            self.leave(name)

    def told(self, bucket: str, *, at: int) -> None:
        """Urgent work was told to come back then, since this bucket is full."""
        self._urgent_until[bucket] = at + URGENT_MILLISECONDS

    def urgent_until(self, buckets: Iterable[str], *, now: int) -> tuple[int, str]:
        """Until when other lanes leave the room to urgent work that waits, and of which bucket; (0, "") when none does."""
        latest, full = 0, ""
        for bucket in buckets:
            until = self._urgent_until.get(bucket, 0)
            if _counts(until, now=now) and until > latest:
                latest, full = until, bucket
        return latest, full

    def leave(self, name: str) -> None:
        self._places.pop(name, None)


def _stands_until(now: int) -> int:
    return now + STANDS_MILLISECONDS


def _counts(until: int, *, now: int) -> bool:
    """What lasts for twice as long as anything may comes from a wrong clock. A little longer does not: callers read the clock
    before it is their turn.
    """
    return now < until <= now + 2 * STANDS_MILLISECONDS


def written(needs: Mapping[str, int]) -> str:
    """As the scripts read it."""
    return ",".join(f"{bucket}={units}" for bucket, units in needs.items() if units > 0)
