"""The events queue: one per integration name, filled by listeners, emptied by confirmation only."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.centra.sandbox.records import Market, Store
from connectors.centra.sandbox.sales import Event, EventListener

if TYPE_CHECKING:
    from connectors.centra.sandbox.shop import Shop

CHANGE_TYPES = ("CREATED", "UPDATED", "DELETED", "COMPLETED", "DEPENDENT_DATA_CHANGED")


class EventQueues:
    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._queues: dict[str, dict[int, Event]] = {}
        self._listeners: dict[str, dict[str, EventListener]] = {}

    def add(
        self, object_type: str, change: str, reference: int, *, store: Store | None = None, market: Market | None = None
    ) -> None:
        for integration, listeners in self._listeners.items():
            listener = listeners.get(object_type)
            if listener is None or change not in listener.change_types or not self._shop.switches.events_enabled:
                continue
            event = Event(
                id=self._shop.new_id("Event"),
                object_type=object_type,
                change_type=change,
                object_reference=reference,
                created_at=self._shop.now(),
                store=store,
                market=market,
            )
            self._queues.setdefault(integration, {})[event.id] = event

    def pending(self, integration: str) -> Iterable[Event]:
        """Unconfirmed events, oldest first."""
        return list(self._queues.get(integration, {}).values())

    def confirm(self, integration: str, ids: Iterable[int]) -> list[Event]:
        """Take events out of the queue; ids that are not in it are passed over, so a repeat does no harm."""
        queue = self._queues.get(integration, {})
        return [queue.pop(event_id) for event_id in dict.fromkeys(ids) if event_id in queue]

    # --- listeners --------------------------------------------------------------------------------------------------
    def listeners(self, integration: str) -> list[EventListener]:
        return list(self._listeners.get(integration, {}).values())

    def listen(self, integration: str, wanted: Sequence[dict[str, Any]]) -> list[EventListener]:
        """Add listeners; no change types means all. Repeated calls add."""
        mine, now = self._listeners.setdefault(integration, {}), self._shop.now()
        for item in wanted:
            changes = list(item.get("changeTypes") or CHANGE_TYPES)
            listener = mine.get(item["objectType"]) or _listener(integration, item["objectType"], now)
            listener.change_types = [name for name in CHANGE_TYPES if name in (*listener.change_types, *changes)]
            listener.updated_at = now
            mine[item["objectType"]] = listener
        return list(mine.values())

    def stop_listening(self, integration: str, unwanted: Sequence[dict[str, Any]]) -> list[EventListener]:
        """Remove listeners, and with them their queued events."""
        mine = self._listeners.get(integration, {})
        for item in unwanted:
            listener = mine.get(item["objectType"])
            if listener is None:
                continue
            gone = set(item.get("changeTypes") or CHANGE_TYPES)
            listener.change_types = [name for name in listener.change_types if name not in gone]
            if not listener.change_types:
                del mine[item["objectType"]]
            self._drop(integration, item["objectType"], gone)
        return list(mine.values())

    def _drop(self, integration: str, object_type: str, changes: set[str]) -> None:
        queue = self._queues.get(integration, {})
        for event in list(queue.values()):
            if event.object_type == object_type and event.change_type in changes:
                del queue[event.id]


def _listener(integration: str, object_type: str, now: datetime) -> EventListener:
    return EventListener(
        integration_name=integration, object_type=object_type, change_types=[], created_at=now, updated_at=now
    )
