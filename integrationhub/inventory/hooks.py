"""What the layers above tell this one, and what it tells them. Each has an answer that is safe while nobody is registered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from connectors.canonical.offers import Offer
from connectors.models import Connection

SoldUnits: TypeAlias = Callable[[int, Sequence[str], datetime], Mapping[str, int]]
OffersSeen: TypeAlias = Callable[[Connection, Sequence[Offer]], None]
ScanEnded: TypeAlias = Callable[[Connection, datetime], None]


@dataclass(frozen=True, kw_only=True)
class OrdersFeed:
    """Who knows how far the orders of a place are read."""

    # When what came in before that moment may be in hand: None = it is, or it cannot be had.
    due_at: Callable[[Connection, datetime], datetime | None]
    ask: Callable[[Connection], None]  # have them read now
    known_at: Callable[[Connection], datetime | None]  # every order changed before that is stored; None: never read


_sold_units: list[SoldUnits] = []
_orders_feed: list[OrdersFeed] = []
_scans: list[tuple[OffersSeen, ScanEnded]] = []


def tell_sold_units(provider: SoldUnits) -> None:
    """Register who knows the units sold: (owner's connection id, SKUs, since) → units by SKU."""
    _sold_units[:] = [provider]


def tell_orders_feed(feed: OrdersFeed) -> None:
    _orders_feed[:] = [feed]


def sold_units(owner_id: int, skus: Sequence[str], since: datetime) -> Mapping[str, int]:
    return _sold_units[0](owner_id, skus, since) if _sold_units else {}


def orders_due_at(place: Connection, since: datetime) -> datetime | None:
    return _orders_feed[0].due_at(place, since) if _orders_feed else None


def ask_for_orders(place: Connection) -> None:
    for feed in _orders_feed:
        feed.ask(place)


def orders_known_at(place: Connection) -> datetime | None:
    return _orders_feed[0].known_at(place) if _orders_feed else None


def listen_to_scans(seen: OffersSeen, ended: ScanEnded) -> None:
    """Register who else looks at what a channel shows: at each page, and once all was read since the given time."""
    _scans.append((seen, ended))


def tell_offers_seen(channel: Connection, offers: Sequence[Offer]) -> None:
    for seen, _ in _scans:
        seen(channel, offers)


def tell_scan_ended(channel: Connection, began_at: datetime) -> None:
    for _, ended in _scans:
        ended(channel, began_at)
