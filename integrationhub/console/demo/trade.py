"""What customers buy in the demo: two weeks of trade at the start, then one order after the other."""

from datetime import datetime, timedelta
from random import Random

from connectors import ports
from integrationhub.console.demo.shops import (
    DAYS,
    MARKETPLACES,
    NORDHEM,
    RENUMBERED_AT,
    SEED,
    UNKNOWN_SKU_ORDERS,
    Shops,
    miscounted_items,
    renumbered_item,
    short_item,
    unknown_item,
)
from integrationhub.console.demo.stalls import MarketplacePlan

RENUMBERED_ORDERS = 5
OUT_OF_STOCK_HOURS = (21.5, 20.8, 22.1)


def two_weeks_of_trade(shops: Shops) -> int:
    """Sell what the marketplaces sold in the last two weeks: paid and waiting to be fulfilled. Returns how many orders."""
    rng = Random(SEED)  # noqa: S311  sample goods, not a secret
    count = 0
    for plan in MARKETPLACES:
        for at in sorted(_moment(rng) for _ in range(plan.orders)):
            _sell(shops, plan, rng, at=at, waits=False)
            count += 1
    return count + _troubles(shops, rng)


def _moment(rng: Random) -> datetime:
    """Some time of the last two weeks, by day rather than by night, at least three hours ago."""
    now = ports.now()
    at = now - timedelta(days=rng.uniform(0.2, DAYS))
    hour = min(23, max(6, int(rng.gauss(15, 4))))
    placed = at.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)
    return min(placed, now - timedelta(hours=3))


def _sell(shops: Shops, plan: MarketplacePlan, rng: Random, *, at: datetime | None = None, waits: bool = True) -> str:
    goods = shops.goods[plan.brand]
    avoid = {item.sku for item in miscounted_items(goods)}
    if plan.brand == NORDHEM:
        avoid |= {unknown_item(goods).sku, short_item(goods).sku}
    items = rng.sample([item for item in goods if item.sku not in avoid], k=rng.choice((1, 1, 1, 2, 2, 3)))
    basket = [(item, rng.choice((1, 1, 1, 2))) for item in items]
    return shops.marketplaces[plan.key].sell(basket, at=at, waits=waits)


def sell_something(shops: Shops, rng: Random) -> str:
    """One order of today's trade, waiting to be accepted where that is asked."""
    return _sell(shops, rng.choices(MARKETPLACES, weights=[plan.orders for plan in MARKETPLACES])[0], rng)


def _troubles(shops: Shops, rng: Random) -> int:
    """What ops staff find in the morning."""
    goods, northgate = shops.goods[NORDHEM], shops.marketplaces["northgate"]
    unknown, short, renumbered = unknown_item(goods), short_item(goods), renumbered_item(goods)
    for number in range(UNKNOWN_SKU_ORDERS):
        at = ports.now() - timedelta(hours=3, minutes=7 * number)
        northgate.sell([(unknown, rng.choice((1, 1, 2)))], at=at, waits=False)
    for number in range(RENUMBERED_ORDERS):
        at = ports.now() - timedelta(hours=4, minutes=50 * number)
        shops.marketplaces[RENUMBERED_AT].sell([(renumbered, 1)], at=at, waits=False)
    for hours in OUT_OF_STOCK_HOURS:
        northgate.sell([(short, 1)], at=ports.now() - timedelta(hours=hours))
    return UNKNOWN_SKU_ORDERS + RENUMBERED_ORDERS + len(OUT_OF_STOCK_HOURS)
