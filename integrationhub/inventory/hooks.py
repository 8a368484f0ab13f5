"""What the layers that know orders tell this one. Each has an answer that is safe while nobody is registered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from connectors.models import Connection

SoldUnits: TypeAlias = Callable[[int, Sequence[str], datetime], Mapping[str, int]]
OrdersRead: TypeAlias = Callable[[Connection], datetime | None]

_sold_units: list[SoldUnits] = []
_orders_read: list[OrdersRead] = []


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
