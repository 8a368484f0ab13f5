"""The whole state of one shop on one operator's platform, its clock and what falls due by it."""

import copy
import heapq
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from random import Random

from connectors.mirakl.sandbox.importdesk import ImportDesk
from connectors.mirakl.sandbox.index import OrderIndex
from connectors.mirakl.sandbox.records import (
    Cycle,
    Document,
    ListedProduct,
    LogLine,
    Offer,
    Order,
    OrderLine,
    Return,
    Shipment,
)
from connectors.mirakl.sandbox.reference import Reference
from connectors.mirakl.sandbox.refusals import order_not_found
from connectors.mirakl.sandbox.settings import AccountSettings
from connectors.sandboxkit import SandboxClock


class Marketplace:
    def __init__(
        self,
        *,
        settings: AccountSettings,
        clock: SandboxClock,
        seed: int,
        shop_id: int,
        currency: str,
        countries: tuple[str, ...],
        order_prefix: str,
    ) -> None:
        self.settings, self.clock = settings, clock
        self.shop_id, self.currency, self.countries, self.order_prefix = shop_id, currency, countries, order_prefix
        self.seed = seed
        self.rng = Random(seed)  # noqa: S311 - repeatable sample data, not a secret
        self.reference = Reference.standard(countries)
        self.orders: dict[str, Order] = {}
        self.index = OrderIndex()
        self.offers: dict[str, Offer] = {}  # by sku
        self.products: dict[str, ListedProduct] = {}  # by GTIN
        self.shipments: dict[str, Shipment] = {}
        self.shipments_of_order: defaultdict[str, list[Shipment]] = defaultdict(list)
        self.imports = ImportDesk()
        self.returns: dict[str, Return] = {}
        self.documents: dict[int, Document] = {}
        self.log: list[LogLine] = []
        self.log_of_line: defaultdict[str, list[LogLine]] = defaultdict(list)
        self.cycles: list[Cycle] = []
        self.opened_at = clock.now()
        self._order_of_line: dict[str, str] = {}
        self._numbers = count(1)
        self._order_numbers = count(10_000 + seed % 90 * 1000 + 1)
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._at: datetime | None = None

    # --- time -----------------------------------------------------------------------------------------------------
    def now(self) -> datetime:
        """While something due is being done: the moment at which it fell due, not when we got round to it."""
        return self._at or self.clock.now()

    def later(self, seconds: float | None, action: Callable[[], None]) -> None:
        """Do it after so many seconds; None = never by itself."""
        if seconds is not None:
            self.at(self.now() + timedelta(seconds=seconds), action)

    def at(self, when: datetime, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._numbers), action))

    def run_due(self) -> None:
        now = self.clock.now()
        while self._due and self._due[0][0] <= now:
            when, _, action = heapq.heappop(self._due)
            outer, self._at = self._at, when
            try:
                action()
            finally:
                self._at = outer

    # --- identifiers ----------------------------------------------------------------------------------------------
    def new_number(self) -> int:
        """For refunds, cancelations, imports, offers: one growing sequence."""
        return 200_000 + next(self._numbers)

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def new_commercial_id(self) -> str:
        return f"{self.order_prefix}-{next(self._order_numbers)}"

    # --- shipments and money --------------------------------------------------------------------------------------
    def file_shipment(self, shipment: Shipment) -> None:
        self.shipments[shipment.shipment_id] = shipment
        self.shipments_of_order[shipment.order_id].append(shipment)

    def forget_shipment(self, shipment: Shipment) -> None:
        del self.shipments[shipment.shipment_id]
        self.shipments_of_order[shipment.order_id].remove(shipment)

    def record(self, entry: LogLine) -> None:
        self.log.append(entry)
        if entry.order_line_id is not None:
            self.log_of_line[entry.order_line_id].append(entry)

    # --- orders ---------------------------------------------------------------------------------------------------
    def add(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self._order_of_line.update({line.line_id: order.order_id for line in order.lines})

    def order(self, order_id: str) -> Order:
        """Raises RefusedError 404 for an order that does not exist or does not show yet."""
        order = self.orders.get(order_id)
        if order is None or order.hidden:
            raise order_not_found(order_id)
        return order

    def line(self, line_id: str) -> tuple[Order, OrderLine] | None:
        order = self.orders.get(self._order_of_line.get(line_id, ""))
        line = None if order is None or order.hidden else order.line(line_id)
        return None if order is None or line is None else (order, line)

    def touch(self, order: Order, *lines: OrderLine) -> None:
        """After every change: new times of change, and a new place in what OR11 sees."""
        order.updated_at = self.now()
        for line in lines:
            line.updated_at = order.updated_at
        order.rendered.clear()
        if order.hidden:
            return
        if lag := self.settings.index_lag_seconds:
            # The index keeps its own copy: until the lag is over, OR11 goes on showing the order as it was.
            indexed = copy.deepcopy(order)
            self.later(lag, lambda: self.index.put_late(indexed))
        else:
            self.index.put(order)

    def reindex(self) -> None:
        """After settings changed: forget what was rendered; with a lag, the index must no longer share objects."""
        for order in self.orders.values():
            order.rendered.clear()
        for order in self.index.all():
            order.rendered.clear()
        if self.settings.index_lag_seconds:
            self.index.refile([copy.deepcopy(order) for order in self.index.all()])
        else:
            self.index.refile([order for order in self.orders.values() if not order.hidden])
