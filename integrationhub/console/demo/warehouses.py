"""The demo's two warehouses: one that packs what Centra confirms, one that packs what Fulfil assigns. Oldest first."""

import re
from abc import ABC, abstractmethod
from collections import Counter
from random import Random
from typing import Any

from connectors.centra.sandbox import CentraSandbox
from connectors.centra.sandbox.structure import CARD_PLUGIN_ID
from connectors.fulfil.sandbox import FulfilSandbox
from integrationhub.console.demo.shops import FELLMARK, MARKETPLACES, NORDHEM, Shops
from integrationhub.console.demo.stalls import MarketplacePlan

FIRST_TRACKING_NUMBER = 15_500_000_000_000
REST_SECONDS, REST_BEATS = 20, 5  # an order lies so long before it is packed
STRANGE_SHARE = 0.2
SHARE_AT_A_SMALL_ONE = 0.5  # a marketplace with few orders shows its trouble early too


class Labels:
    """Carriers and tracking numbers, as a warehouse writes them."""

    def __init__(self, rng: Random, *, fresh: bool) -> None:
        self._rng = rng
        self._number = FIRST_TRACKING_NUMBER
        self._strange = Counter({plan.key: plan.strange_parcels for plan in MARKETPLACES if fresh})

    def carrier(self, plan: MarketplacePlan, *, strange: bool = True) -> str:
        """`strange` False: one that is mapped, as all parcels of the web shop have."""
        share = STRANGE_SHARE if plan.orders > 100 else SHARE_AT_A_SMALL_ONE
        if strange and self._strange[plan.key] > 0 and self._rng.random() < share:
            self._strange[plan.key] -= 1
            return plan.strange_carrier
        return self._rng.choice(plan.carriers)[0]

    def number(self) -> str:
        self._number += 1
        return str(self._number)


class Warehouse(ABC):
    @abstractmethod
    def ship(self, at_most: int) -> int:
        """Let so many parcels leave. Returns how many did."""


class ShopWarehouse(Warehouse):
    """It works from Centra."""

    def __init__(self, brand: str, centra: CentraSandbox, labels: Labels) -> None:
        self.centra = centra
        self.labels = labels
        self.plans = [plan for plan in MARKETPLACES if plan.brand == brand]
        self._held_back: set[int] = set()

    def ship(self, at_most: int) -> int:
        shipped = 0
        for order in self.centra.orders:
            if shipped >= at_most:
                break
            if self._is_ready(order) and order.number not in self._held_back:
                carrier = self.labels.carrier(self._plan_of(order))
                self.centra.ship_order(order.number, carrier=carrier, tracking=self.labels.number())
                shipped += 1
        return shipped

    def hold_back(self, plan: MarketplacePlan, reference: str) -> bool:
        """Leave an order unpacked, if it is there and can still be: somebody is about to cancel it."""
        found = self.centra.orders_by_reference(f"{plan.link_prefix}{reference}")
        ready = [order for order in found if order.status == "CONFIRMED" and not order.shipments]
        self._held_back |= {order.number for order in ready}
        return bool(ready)

    def _is_ready(self, order: Any) -> bool:
        if order.status != "CONFIRMED" or order.shipments or order.is_on_hold:
            return False
        created = getattr(order, "created_at", None)
        return created is None or (self.centra.clock.now() - created).total_seconds() > REST_SECONDS

    def _plan_of(self, order: Any) -> MarketplacePlan:
        """By what the marketplace's order numbers begin with; anything else is packed like the first one's."""
        words = " ".join([order.other_comment, *order.external_ids.values()])
        named = (plan for plan in self.plans if re.search(rf"(?<![\w-]){plan.prefix}", words))
        return next(named, self.plans[0])


class FulfilWarehouse(Warehouse):
    """It works from Fulfil."""

    def __init__(self, fulfil: FulfilSandbox, labels: Labels, *, shop: CentraSandbox) -> None:
        self.fulfil = fulfil
        self.shop = shop
        self.labels = labels
        (self.plan,) = (plan for plan in MARKETPLACES if plan.brand == FELLMARK)
        self._left: set[int] = set()
        self._seen: Counter[int] = Counter()

    def ship(self, at_most: int) -> int:
        with self.fulfil.lock:
            rows = list(self.fulfil.tenant.tables["sale.sale"].values())
            sales = [row["id"] for row in rows if row["state"] == "processing" and not row.get("has_return")]
        shipped = 0
        for sale in sales:
            if shipped >= at_most or sale in self._left:
                continue
            self._seen[sale] += 1
            if self._seen[sale] < REST_BEATS:
                continue
            carrier = self.labels.carrier(self.plan, strange=not self._is_of_the_web_shop(sale))
            self.fulfil.ship_order(sale, tracking_number=self.labels.number(), carrier=carrier)
            self._left.add(sale)
            shipped += 1
        return shipped

    def _is_of_the_web_shop(self, sale: int) -> bool:
        number = str(self.fulfil.tenant.row("sale.sale", sale)["channel_identifier"])
        return number.isdigit() and int(number) in self.shop.shop.orders.rows and paid_by_card(self.shop, int(number))


def paid_by_card(shop: CentraSandbox, number: int) -> bool:
    """Sold in the web shop itself: what a marketplace sold is paid there."""
    plugin = shop.order(number).payment_plugin
    return plugin is not None and plugin.id == CARD_PLUGIN_ID


def warehouses_of(shops: Shops, rng: Random) -> list[Warehouse]:
    """Nordhem's, which works from its shop, and Fellmark's, which works from Fulfil."""
    labels = Labels(rng, fresh=shops.fresh)
    return [
        ShopWarehouse(NORDHEM, shops.centras[NORDHEM], labels),
        FulfilWarehouse(shops.fulfil, labels, shop=shops.centras[FELLMARK]),
    ]
