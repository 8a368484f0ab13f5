"""Connections as a worker uses them: the row, its connector behind its gate. Kept per process while the row does not change."""

import threading
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from connectors import ports
from connectors.base import Connector
from connectors.models import Connection, Link
from connectors.registry import connector_class
from integrationhub.sync.budget import Budget, shared_budget
from integrationhub.sync.gate import ConnectionGate
from integrationhub.sync.models import Schedule, Switch
from integrationhub.sync.spending import spent_since

FRESH_SECONDS = 5.0  # a changed setting or credential is seen by every worker this soon


@dataclass(frozen=True, kw_only=True)
class Place:
    row: Connection
    connector: Connector
    gate: ConnectionGate


class Places:
    """`place(id)` → Place. Threads share connectors: they keep no state of a call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[int, tuple[float, Any, Place]] = {}
        self._links: dict[int, tuple[float, Link]] = {}

    def __call__(self, connection_id: int) -> Place:
        known = self._places.get(connection_id)
        if known is not None and ports.boottime() - known[0] < FRESH_SECONDS:
            return known[2]
        row = Connection.objects.select_related("brand").get(pk=connection_id)
        stamp = (row.base_url, row.credentials, row.settings, row.timezone, row.name)
        made = known[2] if known is not None and known[1] == stamp else None
        fresh = self._build(row) if made is None else Place(row=row, connector=made.connector, gate=made.gate)
        with self._lock:
            self._places[connection_id] = (ports.boottime(), stamp, fresh)
        return fresh

    def link(self, link_id: int) -> Link:
        known = self._links.get(link_id)
        if known is not None and ports.boottime() - known[0] < FRESH_SECONDS:
            return known[1]
        row = Link.objects.select_related("brand", "source", "target").get(pk=link_id)
        with self._lock:
            self._links[link_id] = (ports.boottime(), row)
        return row

    def forget(self) -> None:
        with self._lock:
            self._places.clear()
            self._links.clear()

    def calls_allowed(self, connection_id: int) -> bool:
        """The switches, read now: a person who stops all calls means the next one too."""
        stopped = Switch.objects.filter(calls_allowed=False).exists()
        return not stopped and Connection.objects.filter(pk=connection_id, state=Connection.State.ACTIVE).exists()

    def _build(self, row: Connection) -> Place:
        kind = connector_class(row.platform)
        account = row.account()
        gate = ConnectionGate(
            connection_id=row.pk, budget=_budget(), key=kind.budget_key(account), limits=kind.limits(account)
        )
        return Place(row=row, connector=kind(account, gate=gate), gate=gate)


def _budget() -> Budget:
    return shared_budget(spent_since)


def standing_schedules(connection_id: int) -> tuple[dict[int, str], list[int]]:
    """Of one connection: the mode of each schedule, and the ids of those that do not run now."""
    modes: dict[int, str] = {}
    held: list[int] = []
    rows = Schedule.objects.filter(connection_id=connection_id).values_list("pk", "mode", "paused_reason")
    for pk, mode, paused_reason in rows:
        modes[pk] = mode
        if mode == Schedule.Mode.HELD or paused_reason:
            held.append(pk)
    return modes, held


def active_links(source_id: int) -> list[Link]:
    links = Link.objects.filter(Q(source_id=source_id) & Q(active=True))
    return list(links.select_related("brand", "source", "target"))


place = Places()
