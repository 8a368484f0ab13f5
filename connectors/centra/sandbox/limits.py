"""Six token buckets: requests, complexity and mutations, each over ten seconds and over an hour.

A bucket holds its quota when full and fills evenly over its window. https://centra.dev/integration-api/api-rate-limits
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from connectors.sandboxkit import SandboxClock

WINDOWS = {"TEN_SECONDS": 10, "ONE_HOUR": 3600}
FRESH_INSTANCE = {
    ("REQUEST_COUNT", "TEN_SECONDS"): 20,
    ("REQUEST_COUNT", "ONE_HOUR"): 10_000,
    ("QUERY_COMPLEXITY", "TEN_SECONDS"): 150_000,
    ("QUERY_COMPLEXITY", "ONE_HOUR"): 20_000_000,
    ("MUTATION_COUNT", "TEN_SECONDS"): 100,
    ("MUTATION_COUNT", "ONE_HOUR"): 1_000,
}


@dataclass(slots=True)
class _Bucket:
    quota: int
    seconds: int
    level: float
    at: datetime

    def refill(self, now: datetime) -> None:
        gained = (now - self.at).total_seconds() * self.quota / self.seconds
        self.level, self.at = min(float(self.quota), self.level + gained), now

    def ready_at(self, cost: int, now: datetime) -> datetime:
        """When `cost` units will be there; what never fits is told to come back when the bucket is full."""
        missing = min(cost, self.quota) - self.level
        return now + timedelta(seconds=missing * self.seconds / self.quota)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    type: str
    interval_seconds: str
    quota: int
    used_quota: int
    remaining_quota: int


class RateLimits:
    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self.configure({})

    def configure(self, quotas: Mapping[tuple[str, str], int]) -> None:
        """Set quotas by (type, window); the rest go back to a fresh instance's. All buckets are full afterwards."""
        if unknown := set(quotas) - set(FRESH_INSTANCE):
            raise ValueError(f"Unknown bucket {sorted(unknown)}; known are {sorted(FRESH_INSTANCE)}.")
        now = self._clock.now()
        self._buckets = {
            name: _Bucket(quota=quota, seconds=WINDOWS[name[1]], level=float(quota), at=now)
            for name, quota in {**FRESH_INSTANCE, **quotas}.items()
        }

    def spend(self, costs: Mapping[str, int]) -> datetime | None:
        """Take the costs by type from both windows; or take nothing and say when the request may come again."""
        now = self._clock.now()
        waits = []
        for (kind, _), bucket in self._buckets.items():
            bucket.refill(now)
            if bucket.level + 1e-6 < costs.get(kind, 0):
                waits.append(bucket.ready_at(costs[kind], now))
        if waits:
            return max(waits)
        for (kind, _), bucket in self._buckets.items():
            bucket.level -= costs.get(kind, 0)
        return None

    def state(self) -> list[RateLimit]:
        now, shown = self._clock.now(), []
        for (kind, window), bucket in self._buckets.items():
            bucket.refill(now)
            left = max(0, int(bucket.level + 1e-6))
            shown.append(
                RateLimit(
                    type=kind,
                    interval_seconds=window,
                    quota=bucket.quota,
                    used_quota=bucket.quota - left,
                    remaining_quota=left,
                )
            )
        return shown


def retry_after(moment: datetime, form: str) -> str:
    """The header's value: a timestamp, never a number of seconds to wait. The vendor does not say in which notation."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    if moment.microsecond:
        whole += timedelta(seconds=1)
    if form == "iso":
        return whole.isoformat()
    return format_datetime(whole, usegmt=True) if form == "http_date" else str(int(whole.timestamp()))
