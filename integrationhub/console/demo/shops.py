"""The platforms of the demo: three Mirakl marketplaces and one Centra, with two weeks of trade, kept between two starts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxdata import CatalogueItem, catalogue
from connectors.sandboxkit import Sandbox

SEED = 2026
DAYS = 14
UNKNOWN_SKU_ORDERS = 37
UNKNOWN_CARRIER = "DPD Next Day"
KNOWN_CARRIERS = ("PostNord", "DHL")  # as Centra's warehouse writes them


@dataclass(frozen=True, kw_only=True)
class MarketplacePlan:
    key: str
    name: str
    currency: str
    countries: tuple[str, ...]
    prefix: str
    orders: int  # of the two weeks
    policy: str = "RESERVE_FIRST"
    settings: tuple[tuple[str, object], ...] = ()


MARKETPLACES = (
    MarketplacePlan(key="northgate", name="Northgate", currency="GBP", countries=("GBR",), prefix="NG", orders=140),
    MarketplacePlan(
        key="harbour", name="Harbour & Co", currency="EUR", countries=("DEU", "FRA"), prefix="HC", orders=90
    ),
    MarketplacePlan(
        key="kungsgatan",
        name="Kungsgatan",
        currency="SEK",
        countries=("SWE",),
        prefix="KG",
        orders=70,
        policy="CREATE_FIRST",
        settings=(("addresses_visible_from", "CREATION"),),
    ),
)
CENTRA = "centra"
UNLISTED, UNLISTED_AT = 4, "harbour"
CAREFUL = "Kungsgatan"  # its limits are narrow: what passes elsewhere is held back there
# The tenant's tier, as its connection says: a day's trade is to be seen in minutes.
ENTERPRISE_LIMITS = {
    ("REQUEST_COUNT", "TEN_SECONDS"): 1_500,
    ("REQUEST_COUNT", "ONE_HOUR"): 85_000,
    ("MUTATION_COUNT", "TEN_SECONDS"): 500,
    ("MUTATION_COUNT", "ONE_HOUR"): 25_000,
    ("QUERY_COMPLEXITY", "TEN_SECONDS"): 250_000,
    ("QUERY_COMPLEXITY", "ONE_HOUR"): 30_000_000,
}


@dataclass(frozen=True, kw_only=True)
class Shops:
    marketplaces: dict[str, MiraklSandbox]
    centra: CentraSandbox
    goods: tuple[CatalogueItem, ...]
    fresh: bool  # made now, not restored

    def each(self) -> Iterator[tuple[str, Sandbox]]:
        yield from self.marketplaces.items()
        yield CENTRA, self.centra

    def start(self) -> None:
        for _, sandbox in self.each():
            sandbox.start()

    def stop(self) -> None:
        for _, sandbox in self.each():
            sandbox.stop()

    def save(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for key, sandbox in self.each():
            sandbox.save(directory / f"{key}.state")


def open_shops(directory: Path) -> Shops:
    """The shops as the last start left them in `directory`, else new ones."""
    goods = catalogue(SEED)
    keys = [*(plan.key for plan in MARKETPLACES), CENTRA]
    if all((directory / f"{key}.state").exists() for key in keys):
        loaded = {key: Sandbox.load(directory / f"{key}.state") for key in keys}
        centra = loaded.pop(CENTRA)
        return Shops(marketplaces=loaded, centra=centra, goods=goods, fresh=False)  # type: ignore[arg-type]
    return Shops(
        marketplaces={plan.key: _marketplace(plan, goods) for plan in MARKETPLACES},
        centra=_centra(goods),
        goods=goods,
        fresh=True,
    )


def unknown_item(goods: tuple[CatalogueItem, ...]) -> CatalogueItem:
    """The article that sells well and that nobody has mapped."""
    return next(item for item in goods if item.category == "Coats" and item.size == "M")


def short_item(goods: tuple[CatalogueItem, ...]) -> CatalogueItem:
    """The article that is sold out in Centra while a marketplace still sells it."""
    return next(item for item in goods if item.category == "Shoes")


def miscounted_items(goods: tuple[CatalogueItem, ...]) -> list[CatalogueItem]:
    """The articles that a broken count in Centra will take for sold out; nobody buys them meanwhile."""
    return [item for item in goods if item.category == "Dresses"]


def unlisted_items(goods: tuple[CatalogueItem, ...]) -> list[CatalogueItem]:
    """Mapped for every channel, but never put on offer at one of them: it refuses their stock."""
    return [item for item in goods if item.category == "Accessories"][:UNLISTED]


def _marketplace(plan: MarketplacePlan, goods: tuple[CatalogueItem, ...]) -> MiraklSandbox:
    sandbox = MiraklSandbox(
        currency=plan.currency,
        countries=plan.countries,
        order_prefix=plan.prefix,
        seed=SEED + plan.orders,
        catalogue_seed=SEED,
        settings={"platform_name": plan.name, "shop_name": "Nordhem", **dict(plan.settings)},
    )
    sandbox.load_offers()
    if plan.key == UNLISTED_AT:
        for item in unlisted_items(goods):
            sandbox.remove_offer(item.sku)
    return sandbox


def _centra(goods: tuple[CatalogueItem, ...]) -> CentraSandbox:
    sandbox = CentraSandbox(live_webhooks=True, first_order_number=88_001)
    sandbox.load_catalogue(goods, stock=400)
    sandbox.set_limits(ENTERPRISE_LIMITS)
    sandbox.set_stock(short_item(goods).sku, 0)
    return sandbox


def two_weeks_of_trade(shops: Shops) -> int:
    """Sell what the marketplaces sold in the last two weeks: paid and waiting to be fulfilled. Returns how many orders."""
    rng = Random(SEED)  # noqa: S311  sample goods, not a secret
    count = 0
    for plan in MARKETPLACES:
        for _ in range(plan.orders):
            _sell(shops, plan, rng, at=_moment(rng), to="SHIPPING")
            count += 1
    return count + _troubles(shops, rng)


def _moment(rng: Random) -> datetime:
    """Some time of the last two weeks, by day rather than by night, at least three hours ago."""
    now = ports.now()
    at = now - timedelta(days=rng.uniform(0.2, DAYS))
    hour = min(23, max(6, int(rng.gauss(15, 4))))
    placed = at.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)
    return min(placed, now - timedelta(hours=3))


def _sell(shops: Shops, plan: MarketplacePlan, rng: Random, *, at: datetime | None = None, to: str = "") -> str:
    avoid = {unknown_item(shops.goods).sku, short_item(shops.goods).sku}
    avoid |= {item.sku for item in miscounted_items(shops.goods)}
    items = rng.sample([item for item in shops.goods if item.sku not in avoid], k=rng.choice((1, 1, 1, 2, 2, 3)))
    return sell_items(shops, plan, [(item, rng.choice((1, 1, 1, 2))) for item in items], at=at, to=to)


def sell_items(
    shops: Shops,
    plan: MarketplacePlan,
    items: list[tuple[CatalogueItem, int]],
    *,
    at: datetime | None = None,
    to: str = "",
) -> str:
    lines = [
        {"sku": item.sku, "title": item.title, "quantity": quantity, "price": str(item.prices[plan.currency])}
        for item, quantity in items
    ]
    return shops.marketplaces[plan.key].add_order(lines=lines, created_at=at, advance_to=to)


def sell_something(shops: Shops, rng: Random) -> str:
    """One order of today's trade, waiting to be accepted."""
    return _sell(shops, rng.choice(MARKETPLACES), rng)


def _troubles(shops: Shops, rng: Random) -> int:
    """What ops staff find in the morning."""
    unknown, short = unknown_item(shops.goods), short_item(shops.goods)
    for number in range(UNKNOWN_SKU_ORDERS):
        plan = MARKETPLACES[0] if number % 3 else MARKETPLACES[1]
        at = ports.now() - timedelta(hours=3, minutes=7 * number)
        sell_items(shops, plan, [(unknown, rng.choice((1, 1, 2)))], at=at, to="SHIPPING")
    for hours, item in ((21.5, short), (20.8, short), (22.1, short)):
        at = ports.now() - timedelta(hours=hours)
        sell_items(shops, MARKETPLACES[0], [(item, 1)], at=at)
    return UNKNOWN_SKU_ORDERS + 3
