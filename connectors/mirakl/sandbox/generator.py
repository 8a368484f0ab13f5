"""A shop that has been trading for two weeks: its offers, and orders in every state a person would find there."""

from datetime import datetime, timedelta

from connectors.mirakl.sandbox import fulfilment, givingback, lifecycle, states
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.records import ListedProduct, Offer, Order, Tracking
from connectors.mirakl.sandbox.sales import Sale, sold
from connectors.sandboxdata import CatalogueItem, catalogue

DAYS = 14
BUSY_HOURS = (8, 22)
HUB_HOURS = 10  # before the end: what comes or falls due in them is left for the hub to do
# Of a hundred orders: so many refused by the shop, left to lapse, refunded before shipping, given back after.
REFUSED, LAPSED, REFUNDED_EARLY, RETURNED = 2, 1, 3, 5


def list_offers(market: Marketplace, seed: int) -> None:
    """The whole catalogue as products of the operator and offers of the shop; some are sold out."""
    for item in catalogue(seed):
        product = ListedProduct(
            product_sku=f"P{item.gtin[3:12]}", gtin=item.gtin, title=item.title, category=item.category
        )
        market.products[item.gtin] = product
        market.offers[item.sku] = _offer(market, item, product)


def _offer(market: Marketplace, item: CatalogueItem, product: ListedProduct) -> Offer:
    quantity = 0 if market.rng.random() < 0.05 else market.rng.randint(3, 60)
    return Offer(
        offer_id=market.new_number(),
        sku=item.sku,
        product_sku=product.product_sku,
        gtin=item.gtin,
        title=item.title,
        category=item.category,
        price=item.prices.get(market.currency, item.prices["EUR"]),
        quantity=quantity,
        state_code="11",
        leadtime_to_ship=market.settings.leadtime_to_ship_days,
    )


def trade(market: Marketplace, *, orders: int, until: datetime) -> None:
    """Let `orders` orders happen in the two weeks before `until`, at the platform's pace and the shop's."""
    for at in sorted(_moment(market, until) for _ in range(orders)):
        market.at(at, lambda: _happen(market, until=until))
    market.run_due()


def _moment(market: Marketplace, until: datetime) -> datetime:
    """By day rather than by night, and within the two weeks."""
    while True:
        at = _any_moment(market, until)
        if until - timedelta(days=DAYS) <= at < until:
            return at


def _any_moment(market: Marketplace, until: datetime) -> datetime:
    day = until - timedelta(days=market.rng.randrange(DAYS + 1))
    hour = market.rng.randrange(*BUSY_HOURS) if market.rng.random() < 0.9 else market.rng.randrange(24)
    return day.replace(hour=hour, minute=market.rng.randrange(60), second=market.rng.randrange(60), microsecond=0)


def _happen(market: Marketplace, *, until: datetime) -> None:
    """One order and what its shop will do with it, unless that falls into the hours left to the hub."""
    order = sold(market, Sale(), at=market.now())
    market.add(order)
    lifecycle.begin(market, order, staged=False)
    fate = market.rng.randrange(100)
    if fate < LAPSED:
        return
    decided_at = market.now() + timedelta(seconds=market.rng.randint(600, 5 * 3600))
    sent_at = market.now() + timedelta(hours=market.rng.randint(10, 50), seconds=market.rng.randrange(3600))
    hands_off = until - timedelta(hours=HUB_HOURS)
    if decided_at < hands_off:
        market.at(decided_at, lambda: _decide(market, order, accepted=fate >= LAPSED + REFUSED))
    if sent_at < hands_off:
        market.at(sent_at, lambda: _send(market, order, fate=fate))


def _decide(market: Marketplace, order: Order, *, accepted: bool) -> None:
    if order.state == states.WAITING_ACCEPTANCE:
        lifecycle.decide(market, order, {line.line_id: accepted for line in order.lines})


def _send(market: Marketplace, order: Order, *, fate: int) -> None:
    if order.state != states.SHIPPING:
        return
    if fate >= 100 - REFUNDED_EARLY:
        pieces = givingback.all_that_is_left(order, reason_code="15", excluded_from_shipment=True)
        givingback.refund(market, pieces)
        return
    quantities = {line.line_id: fulfilment.left_to_ship(market, order, line) for line in order.lines}
    shipment = fulfilment.prepare(market, order, quantities=quantities, tracking=_tracking(market))
    fulfilment.ship(market, order, shipment)
    if 50 <= fate < 50 + RETURNED:
        market.later(7 * 86400, lambda: _give_back(market, order))


def _tracking(market: Marketplace) -> Tracking:
    carrier = market.rng.choice([row for row in market.reference.carriers if row.tracking_url])
    number = f"{market.rng.randrange(10**13):013d}"
    return Tracking(
        carrier_code=carrier.code,
        carrier_name=carrier.label,
        tracking_number=number,
        tracking_url=(carrier.tracking_url or "").replace("{trackingId}", number),
    )


def _give_back(market: Marketplace, order: Order) -> None:
    if order.state == states.RECEIVED:
        givingback.refund(market, givingback.all_that_is_left(order, reason_code="17")[:1])
