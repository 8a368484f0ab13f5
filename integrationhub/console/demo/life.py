"""The daily life of the demo: customers buy, warehouses ship, platforms hiccup. Told in one line each."""

import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

from connectors.sandboxkit import Fault
from integrationhub.console.demo import products
from integrationhub.console.demo.comebacks import Comebacks
from integrationhub.console.demo.shops import CAREFUL, NORDHEM, SEED, Shops, miscounted_items
from integrationhub.console.demo.trade import sell_something, two_weeks_of_trade
from integrationhub.console.demo.warehouses import ShopWarehouse, Warehouse, warehouses_of

BEAT_SECONDS = 2.0
SELL_EVERY = 4  # beats
SAVE_EVERY = 15
BACKLOG_A_BEAT = 12  # parcels of the two weeks that leave in one beat
COUNT_EVERY = 20  # beats: the warehouse counts one article anew
MEDDLE_EVERY = 90  # beats: somebody types quantities into a marketplace's back office
FIRST_COUNT_SEEN = 100  # no offer begins with so many: whoever shows more has taken the hub's figure
ASKS_AT = ("harrow", "harbour")  # where somebody asks to cancel an order that is being packed


class Life:
    """A thread that makes things happen, deterministic by seed but for its timing."""

    def __init__(self, shops: Shops, *, say: Callable[[str], None], directory: Path) -> None:
        self.shops = shops
        self.say = say
        self.directory = directory
        self.rng = Random(SEED + 1)  # noqa: S311
        self.centra, self.goods = shops.centras[NORDHEM], shops.goods[NORDHEM]
        self.warehouses: list[Warehouse] = warehouses_of(shops, self.rng)
        self.comebacks = Comebacks(shops, Random(SEED + 2), say=say)  # noqa: S311
        self.count_breaks = shops.fresh
        self.wants_more = shops.fresh
        self.asks_left = list(ASKS_AT) if shops.fresh else []
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
            self.comebacks.open_shop()
            self.say(f"{two_weeks_of_trade(self.shops)} orders of the last two weeks are at the marketplaces.")
            self._troubles()
        beat = 0
        while not self._stop.wait(BEAT_SECONDS):
            beat += 1
            self._beat(beat)

    def _beat(self, beat: int) -> None:
        if beat % SELL_EVERY == 0:
            sell_something(self.shops, self.rng)
        self._changes_of_mind()
        for warehouse in self.warehouses:
            warehouse.ship(BACKLOG_A_BEAT if beat < 60 else 2)
        self.comebacks.go_on(beat)
        self._stock(beat)
        self._products()
        if beat % SAVE_EVERY == 0:
            self.shops.save(self.directory)

    def _troubles(self) -> None:
        """The honest troubles of one morning; each heals by itself or waits for a person."""
        self.centra.configure(charge_difference="0.01")  # the next order comes out a penny dearer
        self.centra.duplicate_webhooks(3)
        self.centra.faults.add(Fault(kind="rate_limit", operation="POST /order", times=2, skip=60, seconds=5))
        self.centra.faults.add(Fault(kind="drop_after", operation="POST /order", times=2, skip=90))

    def _changes_of_mind(self) -> None:
        """A retailer and a customer ask for a cancellation while the parcel is still there: it is cancelled everywhere."""
        warehouse = self.warehouses[0]
        assert isinstance(warehouse, ShopWarehouse)
        for key in list(self.asks_left):
            stall = self.shops.marketplaces[key]
            reference = next((one for one in stall.references() if warehouse.hold_back(stall.plan, one)), None)
            if reference is not None:
                self.asks_left.remove(key)
                stall.ask_to_cancel(reference)
                self.say(f"{stall.plan.name} asks to cancel {reference}, which has not left yet.")

    def _stock(self, beat: int) -> None:
        """Stock moves: counts, a broken count once, and somebody who types into the marketplace."""
        usual = [item for item in self.goods if item.category == "T-shirts"]
        if beat % COUNT_EVERY == 0:
            self.centra.set_stock(self.rng.choice(usual).sku, self.rng.randint(80, 400))
        if beat % MEDDLE_EVERY == 0:
            self.shops.marketplaces["northgate"].sandbox.set_offer_quantity(self.rng.choice(usual).sku, 500)
        if self.count_breaks and self._is_taken():
            self.count_breaks = False
            for item in miscounted_items(self.goods):
                self.centra.set_stock(item.sku, 0)
            self.say("A count in Centra goes wrong: every dress is at 0. Northgate is not told until somebody decides.")

    def _products(self) -> None:
        """Once Northgate has the first products it wants to know more of trousers, and Centra has new words for some."""
        northgate = self.shops.marketplaces["northgate"].sandbox
        if self.wants_more and northgate.taken_products():
            self.wants_more = False
            products.want_more(northgate)
            for item in [item for item in self.goods if item.category == "Trousers"][:5]:
                self.centra.describe(item.sku, description=f"{item.product_name}, cut anew this season.")
            self.say(
                "Northgate wants to know the fit of trousers from now on; the next ones that come without are refused."
            )

    def _is_taken(self) -> bool:
        """Whether the marketplace with narrow limits shows what the hub sent first."""
        item = miscounted_items(self.goods)[0]
        careful = next(stall for stall in self.shops.marketplaces.values() if stall.plan.name == CAREFUL)
        return careful.shown(item.sku) > FIRST_COUNT_SEEN
