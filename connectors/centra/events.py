"""Centra's queue of changes: what the hub listens to, and what the queue tells. Pure.

One queue for each integration name. An event comes back until it is confirmed, also one that nobody wants, and an
unconfirmed one blocks the head for ever; so the queue has one reader.
Source: Integration API page Events system.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connectors.canonical.events import Event
from connectors.canonical.payload import JSON
from connectors.centra.reading import read_moment

_EVENT_KINDS: Mapping[str, str] = {
    "Order": "order",
    "Shipment": "shipment",
    "Return": "return",
    "Product": "product",
    "ProductVariant": "product",
    "ProductSize": "product",
    "StockChange": "stock",
    "Price": "price",
}
ALL_CHANGES = frozenset({"CREATED", "UPDATED", "DELETED"})  # the ones that every object knows


@dataclass(frozen=True, kw_only=True)
class Listener:
    object_type: str
    change_types: tuple[str, ...] = ()  # none = every change

    def as_input(self) -> dict[str, JSON]:
        return {
            "objectType": self.object_type,
            **({"changeTypes": list(self.change_types)} if self.change_types else {}),
        }


# Stock changes name SKUs. Placing an order moves free stock without one: orders, shipments and returns tell of that.
LISTENERS: tuple[Listener, ...] = (
    Listener(object_type="Order"),
    Listener(object_type="Shipment"),
    Listener(object_type="Return"),
    Listener(object_type="ProductSize", change_types=("CREATED", "UPDATED")),
    Listener(object_type="StockChange", change_types=("CREATED",)),
    Listener(object_type="Price", change_types=("CREATED", "UPDATED", "DELETED")),
)


def missing_listeners(payload: JSON) -> tuple[Listener, ...]:
    """Those of LISTENERS that Centra does not hold; `payload` is its `eventListeners`. No change types mean every one."""
    held: dict[str, set[str]] = {}
    for row in payload if isinstance(payload, list) else ():
        held.setdefault(str(row.get("objectType")), set()).update(row.get("changeTypes") or ALL_CHANGES)
    return tuple(
        listener
        for listener in LISTENERS
        if not set(listener.change_types or ALL_CHANGES) <= held.get(listener.object_type, set())
    )


def listed(listeners: Sequence[Listener]) -> str:
    return ", ".join(listener.object_type for listener in listeners)


def parse_events(payload: JSON, *, zone: ZoneInfo) -> tuple[Event, ...]:
    """What Centra's `events` tell, in their order.

    An order is named by its number, a shipment, return or product by its id. A stock change becomes one event for
    each SKU it touched, "<event id>/<SKU>", since stock is read by SKU; with external_id "" when it no longer says
    which. Object types the hub does not know keep their own word: they too must be confirmed, or they block the
    queue.
    """
    return tuple(event for row in (payload if isinstance(payload, list) else ()) for event in _events_of(row, zone))


def _events_of(row: Mapping[str, JSON], zone: ZoneInfo) -> list[Event]:
    object_type = str(row.get("objectType"))
    kind = _EVENT_KINDS.get(object_type, object_type)
    event_id, change = str(row.get("id")), str(row.get("changeType"))
    at = read_moment(row.get("createdAt"), zone=zone)
    if kind != "stock":
        reference = str(row.get("objectReference"))
        return [Event(event_id=event_id, kind=kind, external_id=reference, change=change, occurred_at=at)]
    return [
        Event(event_id=f"{event_id}/{sku}", kind=kind, external_id=sku, change=change, occurred_at=at)
        for sku in _touched_skus(row.get("object")) or ("",)
    ]


def _touched_skus(stock_change: JSON) -> tuple[str, ...]:
    lines: Sequence[JSON] = (stock_change.get("lines") or ()) if isinstance(stock_change, dict) else ()
    sizes = (line.get("productSize") for line in lines if isinstance(line, dict))
    return tuple(dict.fromkeys(size["SKU"] for size in sizes if isinstance(size, dict) and size.get("SKU")))


def confirmed_ids(event_ids: Sequence[str]) -> tuple[int, ...]:
    """Centra's ids behind ours, each once: "77/NV1001-410-M" → 77."""
    return tuple(dict.fromkeys(int(event_id.partition("/")[0]) for event_id in event_ids))
