"""The daily life of the demo: customers buy, the warehouse ships, platforms hiccup. Told in one line each."""

import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

from connectors.sandboxkit import Fault
from integrationhub.console.demo import products
from integrationhub.console.demo.shops import (
    KNOWN_CARRIERS,
    SEED,
    UNKNOWN_CARRIER,
    Shops,
    miscounted_items,
    sell_something,
    two_weeks_of_trade,
)

BEAT_SECONDS = 2.0
SELL_EVERY = 4  # beats
SAVE_EVERY = 15
BACKLOG_A_BEAT = 12  # parcels of the two weeks that leave in one beat
UNKNOWN_CARRIER_PARCELS = 12
COUNT_EVERY = 20  # beats: the warehouse counts one article anew
MEDDLE_EVERY = 90  # beats: somebody types quantities into a marketplace's back office
FIRST_COUNT_SEEN = 100  # no offer begins with so many: whoever shows more has taken the hub's figure


class Life:
    """A thread that makes things happen, deterministic by seed but for its timing."""

    def __init__(self, shops: Shops, *, say: Callable[[str], None], directory: Path) -> None:
        self.shops = shops
        self.say = say
        self.directory = directory
        self.rng = Random(SEED + 1)  # noqa: S311
        self.tracking = 15_500_000_000_000
        self.count_breaks = shops.fresh
        self.wants_more = shops.fresh
        self.unknown_carrier_left = UNKNOWN_CARRIER_PARCELS if shops.fresh else 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-life", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        self.shops.save(self.directory)

    def _run(self) -> None:
        if self.shops.fresh:
            self.say(f"{two_weeks_of_trade(self.shops)} orders of the last two weeks are at the marketplaces.")
            self._troubles()
        beat = 0
        while not self._stop.wait(BEAT_SECONDS):
            beat += 1
            self._beat(beat)

    def _beat(self, beat: int) -> None:
        if beat % SELL_EVERY == 0:
            sell_something(self.shops, self.rng)
        self.ship(BACKLOG_A_BEAT if beat < 60 else 2)
        self._stock(beat)
        self._products()
        if beat % SAVE_EVERY == 0:
            self.shops.save(self.directory)

    def _troubles(self) -> None:
        """The honest troubles of one morning; each heals by itself or waits for a person."""
        centra = self.shops.centra
        centra.configure(charge_difference="0.01")  # the next order comes out a penny dearer
        centra.duplicate_webhooks(3)
        centra.faults.add(Fault(kind="rate_limit", operation="POST /order", times=2, skip=60, seconds=5))
        centra.faults.add(Fault(kind="drop_after", operation="POST /order", times=2, skip=90))

    def _stock(self, beat: int) -> None:
        """Stock moves: counts, a broken count once, and somebody who types into the marketplace."""
        usual = [item for item in self.shops.goods if item.category == "T-shirts"]
        if beat % COUNT_EVERY == 0:
            self.shops.centra.set_stock(self.rng.choice(usual).sku, self.rng.randint(80, 400))
        if beat % MEDDLE_EVERY == 0:
            self.shops.marketplaces["northgate"].set_offer_quantity(self.rng.choice(usual).sku, 500)
        if self.count_breaks and self._all_taken():
            self.count_breaks = False
            for item in miscounted_items(self.shops.goods):
                self.shops.centra.set_stock(item.sku, 0)
            self.say(
                "A count in Centra goes wrong: every dress is at 0. Kungsgatan is not told until somebody decides."
            )

    def _products(self) -> None:
        """Once Northgate has the first products it wants to know more of trousers, and Centra has new words for some."""
        northgate = self.shops.marketplaces["northgate"]
        if self.wants_more and northgate.taken_products():
            self.wants_more = False
            products.want_more(northgate)
            for item in [item for item in self.shops.goods if item.category == "Trousers"][:5]:
                self.shops.centra.describe(item.sku, description=f"{item.product_name}, cut anew this season.")
            self.say(
                "Northgate wants to know the fit of trousers from now on; the next ones that come without are refused."
            )

    def _all_taken(self) -> bool:
        """Whether every marketplace shows what the hub sent first."""
        item = miscounted_items(self.shops.goods)[0]
        shown = (place.offer(item.sku)["quantity"] for place in self.shops.marketplaces.values())
        return all(quantity > FIRST_COUNT_SEEN for quantity in shown)

    def ship(self, at_most: int) -> int:
        """The warehouse packs what is confirmed, oldest first. Returns how many parcels left."""
        shipped = 0
        for order in self.shops.centra.orders:
            if shipped >= at_most:
                break
            if order.status == "CONFIRMED" and not (order.shipments or order.is_on_hold) and self._old_enough(order):
                self.shops.centra.ship_order(order.number, carrier=self._carrier(), tracking=self._number())
                shipped += 1
        return shipped

    def _old_enough(self, order: object) -> bool:
        created = getattr(order, "created_at", None)
        return created is None or (self.shops.centra.clock.now() - created).total_seconds() > 20

    def _carrier(self) -> str:
        if self.unknown_carrier_left and self.rng.random() < 0.2:
            self.unknown_carrier_left -= 1
            return UNKNOWN_CARRIER
        return self.rng.choice(KNOWN_CARRIERS)

    def _number(self) -> str:
        self.tracking += 1
        return str(self.tracking)
