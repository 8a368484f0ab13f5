"""How much of its platform's call limits each connection has used, now. Asked of Redis; when it is down, nothing is said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.canonical.errors import HubError
from connectors.models import Connection
from connectors.registry import CONNECTORS
from integrationhub.adminkit import moments
from integrationhub.sync.budget import Usage, shared_budget
from integrationhub.sync.spending import spent_since

SHOWN = 3  # windows of a connection: the fullest, since it is they that hold work up


@dataclass(frozen=True, kw_only=True)
class Used:
    """One window of calls: "12 of 20 mutations in any 10 s"."""

    used: int
    calls: int
    words: str
    closed_until: datetime | None  # the platform said: not before

    @property
    def full(self) -> bool:
        """Worth a colour. A limit of one call is used up by every call: that is its rhythm, and no trouble."""
        return self.closed_until is not None or 1 < self.calls <= self.used

    @property
    def share(self) -> float:
        return self.used / self.calls if self.calls else 0.0


def used_by(connections: Iterable[Connection]) -> Mapping[int, list[Used]]:
    """Connection id → its fullest windows, the fullest first; those that nobody used are left out."""
    return {row.pk: _used(row) for row in connections}


def every_window(row: Connection) -> list[Used]:
    """All windows of one connection, used or not."""
    return [_told(usage) for usage in _usage(row)]


def _used(row: Connection) -> list[Used]:
    told = [one for one in map(_told, _usage(row)) if one.used or one.closed_until]
    return sorted(told, key=lambda one: (one.closed_until is None, -one.share))[:SHOWN]


def _usage(row: Connection) -> tuple[Usage, ...]:
    kind = CONNECTORS.get(row.platform)
    if kind is None:
        return ()
    try:
        account = row.account()
        return shared_budget(spent_since).usage(kind.budget_key(account), kind.limits(account))
    except (HubError, KeyError, ValueError):  # half set up
        return ()


def _told(usage: Usage) -> Used:
    limit = usage.limit
    words = f"{usage.used:,} of {limit.calls:,} {limit.bucket} in any {moments.span(limit.seconds)}"
    return Used(used=usage.used, calls=limit.calls, words=words, closed_until=usage.closed_until)
