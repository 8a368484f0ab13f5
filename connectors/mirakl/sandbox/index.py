"""What OR11 sees: orders sorted by change and by creation, so that a poll's window costs what it holds."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import datetime

from connectors.mirakl.sandbox.records import Order

_Key = tuple[datetime, int, str]  # when, number of creation, order id


class OrderIndex:
    def __init__(self) -> None:
        self._seen: dict[str, Order] = {}
        self._keys: dict[str, tuple[_Key, _Key]] = {}
        self._by_update: list[_Key] = []
        self._by_creation: list[_Key] = []

    def put(self, order: Order) -> None:
        """File an order, or file it anew after a change."""
        updated = (order.updated_at, order.number, order.order_id)
        created = (order.created_at, order.number, order.order_id)
        before = self._keys.get(order.order_id)
        self._seen[order.order_id] = order
        if before == (updated, created):
            return
        if before is not None:
            _drop(self._by_update, before[0])
            _drop(self._by_creation, before[1])
        insort(self._by_update, updated)
        insort(self._by_creation, created)
        self._keys[order.order_id] = (updated, created)

    def put_late(self, order: Order) -> None:
        """A change whose lag is over; unless a newer one was filed meanwhile."""
        known = self._seen.get(order.order_id)
        if known is None or known.updated_at <= order.updated_at:
            self.put(order)

    def get(self, order_id: str) -> Order | None:
        return self._seen.get(order_id)

    def all(self) -> list[Order]:
        """Oldest first."""
        return [self._seen[order_id] for _, _, order_id in self._by_creation]

    def updated(self, start: datetime | None, end: datetime | None) -> list[Order]:
        """Changed from `start` to `end`, both included, oldest creation first."""
        low = 0 if start is None else bisect_left(self._by_update, (start, -1, ""))
        high = len(self._by_update) if end is None else bisect_right(self._by_update, (end, _LAST, ""))
        found = [self._seen[order_id] for _, _, order_id in self._by_update[low:high]]
        found.sort(key=lambda order: (order.created_at, order.number))
        return found

    def refile(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self.put(order)


_LAST = 1 << 62


def _drop(keys: list[_Key], key: _Key) -> None:
    del keys[bisect_left(keys, key)]
