"""What the layers above tell this one, and what it tells them. Each has an answer that is safe while nobody is registered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from connectors.canonical.offers import Offer
from connectors.models import Connection

SoldUnits: TypeAlias = Callable[[int, Sequence[str], datetime], Mapping[str, int]]
OrdersRead: TypeAlias = Callable[[Connection], datetime | None]
OffersSeen: TypeAlias = Callable[[Connection, Sequence[Offer]], None]
ScanEnded: TypeAlias = Callable[[Connection, datetime], None]

_sold_units: list[SoldUnits] = []
_orders_read: list[OrdersRead] = []
_scans: list[tuple[OffersSeen, ScanEnded]] = []


def tell_sold_units(provider: SoldUnits) -> None:
    """Register who knows the units sold: (owner's connection id, SKUs, since) → units by SKU."""
    _sold_units[:] = [provider]


def tell_orders_read(provider: OrdersRead) -> None:
    """Register who brings a channel's orders up to date.

    It returns None when they are (or cannot be now), else when to look again; it starts the reading itself.
    """
    _orders_read[:] = [provider]


def sold_units(owner_id: int, skus: Sequence[str], since: datetime) -> Mapping[str, int]:
    return _sold_units[0](owner_id, skus, since) if _sold_units else {}


def wait_for_orders(channel: Connection) -> datetime | None:
    return _orders_read[0](channel) if _orders_read else None


def listen_to_scans(seen: OffersSeen, ended: ScanEnded) -> None:
    """Register who else looks at what a channel shows: at each page, and once all was read since the given time."""
    _scans.append((seen, ended))


def tell_offers_seen(channel: Connection, offers: Sequence[Offer]) -> None:
    for seen, _ in _scans:
        seen(channel, offers)


def tell_scan_ended(channel: Connection, began_at: datetime) -> None:
    for _, ended in _scans:
        ended(channel, began_at)
