"""Sliding windows: how much of a platform's limits is used, exactly, and never more.

A window is a list of (moment, units), oldest first. A call may start when the units of the last `seconds` and its own
keep within the limit. Where a limit allows more than a thousand calls, those of one thousandth of the window are kept as
one, at the end of that part: windows then free themselves that much later, never sooner.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.http import Limit
from integrationhub.sync.budget_line import AGAIN_MILLISECONDS

PARTS = 1000
# Calls reach the platform after a delay that varies, so two that start a window apart may arrive closer than that.
GUARD_SHARE = 0.01
# Who leaves a part of a ten-second limit to urgent calls also takes its own part evenly: taken at once, it would come free at
# once ten seconds later, and until then an order that needs more than what is kept for it would stand still.
PACED_SECONDS = 10
PACED_PARTS = 5
GUARD_MAX_SECONDS = 1.0

Spent = tuple[str, datetime, int]  # bucket, when the call started, units


@dataclass(frozen=True, kw_only=True)
class Window:
    """One limit in milliseconds, as the windows are kept; `allowance` is what this caller may fill it to."""

    bucket: str
    seconds: int
    calls: int
    allowance: int
    cost: int = 0

    paced: bool = False  # counts only the calls that leave a part of the limit to others

    @property
    def name(self) -> str:
        return f"{self.bucket}|{self.seconds}{'|paced' if self.paced else ''}"

    @property
    def span(self) -> int:
        return round(1000 * (self.seconds + min(GUARD_MAX_SECONDS, GUARD_SHARE * self.seconds)))

    @property
    def part(self) -> int:
        return 1 if self.calls <= PARTS else max(1, self.seconds * 1000 // PARTS)

    def spoken_for(self, ahead: Mapping[str, int]) -> int:
        """Of this caller's part, what those ahead in line need; what is kept back from the caller is there for them first."""
        return 0 if self.paced else max(0, ahead.get(self.bucket, 0) - (self.calls - self.allowance))

    def moment(self, now: int) -> int:
        """The moment under which a call at `now` is kept."""
        return now if self.part == 1 else (now // self.part + 1) * self.part


def windows_of(
    limits: Iterable[Limit], *, costs: Mapping[str, int] | None, share: float = 1.0, kept_back: float = 0.0
) -> tuple[Window, ...]:
    """The windows that a call with these costs touches; None touches all, with no cost.

    `share` shrinks the limits (to one call at the least); `kept_back` is the part this caller may not take. A limit of
    few calls keeps back none: it would shut the caller out for good.
    """
    strictest: dict[tuple[str, int], int] = {}
    for limit in limits:
        if costs is None or costs.get(limit.bucket, 0) > 0:
            key = (limit.bucket, limit.seconds)
            strictest[key] = min(limit.calls, strictest.get(key, limit.calls))
    found: list[Window] = []
    for (bucket, seconds), calls in strictest.items():
        shared = calls if share >= 1 else max(1, int(calls * share))
        cost = 0 if costs is None else costs[bucket]
        if cost > calls:
            raise ValueError(f"One call costs {cost} {bucket}, and the platform allows {calls} in {seconds} s.")
        allowance = shared - int(shared * kept_back)
        found.append(Window(bucket=bucket, seconds=seconds, calls=shared, allowance=allowance, cost=cost))
        if allowance < shared and seconds == PACED_SECONDS and allowance >= 2 * PACED_PARTS:
            pace = -(-allowance // PACED_PARTS)
            span = seconds // PACED_PARTS
            found.append(Window(bucket=bucket, seconds=span, calls=pace, allowance=pace, cost=cost, paced=True))
    return tuple(found)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def entries(window: Window, spent: Iterable[Spent], *, now: int) -> list[tuple[int, int]]:
    """What was spent, as the window keeps it: (moment, units), oldest first, what has left the window left out."""
    kept: dict[int, int] = {}
    for bucket, at, units in spent:
        moment = window.moment(min(milliseconds(at), now))
        if bucket == window.bucket and moment + window.span > now:
            kept[moment] = kept.get(moment, 0) + units
    return sorted(kept.items())


class LocalWindows:
    """The windows of one process, in its memory. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._log: dict[tuple[str, str], deque[tuple[int, int]]] = {}
        self._totals: dict[tuple[str, str], int] = {}

    def room_at(
        self, key: str, windows: Sequence[Window], *, now: int, ahead: Mapping[str, int] | None = None
    ) -> tuple[int, str]:
        """(0, "") when a call may start now, else when it may (milliseconds) and the bucket that is full.

        `ahead`: bucket → units that others need first.
        """
        latest, bucket = 0, ""
        for window in windows:
            at = self._room_in(key, window, spoken_for=window.spoken_for(ahead or {}), now=now)
            if at > latest:
                latest, bucket = at, window.bucket
        return latest, bucket

    def take(self, key: str, windows: Sequence[Window], *, now: int) -> None:
        for window in windows:
            self.add(key, window, [(window.moment(now), window.cost)])

    def add(self, key: str, window: Window, more: Iterable[tuple[int, int]]) -> None:
        log = self._log.setdefault((key, window.name), deque())
        for moment, units in more:
            if log and log[-1][0] >= moment:
                log[-1] = (log[-1][0], log[-1][1] + units)
            else:
                log.append((moment, units))
            self._totals[key, window.name] = self._totals.get((key, window.name), 0) + units

    def used(self, key: str, window: Window, *, now: int) -> int:
        log = self._log.get((key, window.name))
        while log and log[0][0] + window.span <= now:
            self._totals[key, window.name] -= log.popleft()[1]
        return self._totals.get((key, window.name), 0)

    def _room_in(self, key: str, window: Window, *, spoken_for: int, now: int) -> int:
        used = self.used(key, window, now=now)
        cost = min(window.cost, window.calls)  # of a shrunken limit, one dear call takes all
        missing = used + cost + spoken_for - window.allowance
        if missing <= 0 or used + spoken_for == 0:
            return 0
        again = now + AGAIN_MILLISECONDS
        free_at = self._free_at(key, window, min(used, missing)) if used else again
        return free_at if used + cost > window.allowance else min(free_at, again)

    def _free_at(self, key: str, window: Window, units: int) -> int:
        """When so many of the units in the window have left it."""
        for moment, there in self._log[key, window.name]:
            units -= there
            if units <= 0:
                return moment + window.span
        raise ValueError(f"{window.name} does not hold so many units.")
