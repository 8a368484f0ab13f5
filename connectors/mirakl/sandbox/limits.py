"""Call frequencies: a sliding window per operation, and the platform's general quota per hour."""

import math
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Window:
    calls: int
    seconds: float


class CallCounter:
    def __init__(self) -> None:
        self._calls: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def take(self, bucket: str, windows: Iterable[Window], *, now: datetime) -> int:
        """0 when the call may go on (and is counted), else the whole seconds to wait (and it is not)."""
        asked = tuple(windows)
        if not asked:
            return 0
        calls = self._calls[bucket]
        longest = max(window.seconds for window in asked)
        while calls and (now - calls[0]).total_seconds() >= longest:
            calls.popleft()
        wait = max(self._wait(calls, window, now) for window in asked)
        if wait <= 0:
            calls.append(now)
            return 0
        return math.ceil(wait)

    @staticmethod
    def _wait(calls: deque[datetime], window: Window, now: datetime) -> float:
        if len(calls) < window.calls:
            return 0
        age = (now - calls[-window.calls]).total_seconds()
        return max(0.0, window.seconds - age)
