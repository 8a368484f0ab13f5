"""Fellmark's own web shop, and what its customers send back: Centra makes the return, Fulfil receives, inspects and credits
it, and Centra pays it back.
"""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from integrationhub.console.demo.shops import FELLMARK, Shops
from integrationhub.console.demo.warehouses import paid_by_card

SOLD_AT_THE_START = 5
SELL_EVERY, RETURN_EVERY = 45, 150  # beats
STEP_BEATS = 3  # from announced to received, to inspected, to paid back
SLOW_BEATS = 120
EVEN, SHORT, SLOW = "even", "short", "slow"
FIRST_TALES = (EVEN, SHORT, SLOW)  # of the first three returns
KEPT_BACK = ("40.00", "10.00")  # what the books give back too little of the short one: net, and its tax
DELIVERY = "49.00"


class Comebacks:
    def __init__(self, shops: Shops, rng: Random, *, say: Callable[[str], None]) -> None:
        self.centra, self.fulfil = shops.centras[FELLMARK], shops.fulfil
        self._goods, self._rng, self._say = shops.goods[FELLMARK], rng, say
        self._told = list(FIRST_TALES) if shops.fresh else []
        self._tales: dict[int, str] = {}
        self._rested: Counter[tuple[int, str]] = Counter()

    def open_shop(self) -> None:
        """The orders that the first returns are of."""
        for _ in range(SOLD_AT_THE_START):
            self.sell()

    def sell(self) -> int:
        """A customer of the web shop buys two of an article and pays by card. Returns the order's number."""
        item = self._rng.choice(self._goods)
        line = {"sku": item.sku, "quantity": 2, "price": str(item.prices["SEK"])}
        return self.centra.sell([line], country="SE", shipping=DELIVERY, shipping_option="standard-sek")

    def go_on(self, beat: int) -> None:
        if beat % SELL_EVERY == 0:
            self.sell()
        if self._told or beat % RETURN_EVERY == 0:
            self._send_back()
        for one in self.centra.open_returns():
            self._step(one.id)

    def _send_back(self) -> None:
        """One of the two that were bought, of the oldest order that arrived whole and of which nothing came back yet."""
        order = next((order for order in self.centra.orders if self._can_come_back(order)), None)
        if order is None:
            return
        made = self.centra.take_back(order.number, {order.lines[0].sku: 1})
        self._tales[made] = self._told.pop(0) if self._told else EVEN
        if self._tales[made] == SHORT:
            self._say(f"A customer sends a part of order {order.number} back; Fulfil will credit it 50 kr short.")

    def _step(self, made: int) -> None:
        """What the warehouse does next with a return, once it lay there for a while; at last Centra pays it back."""
        parcels = self.fulfil.return_shipments(identifier := f"return-{made}")
        if not parcels:
            return
        state, tale = str(parcels[0]["state"]), self._tales.get(made, EVEN)
        self._rested[made, state] += 1
        if self._rested[made, state] < (SLOW_BEATS if tale == SLOW else STEP_BEATS):
            return
        if state == "draft":
            self.fulfil.receive_return(parcels[0]["id"])
        elif state == "received":
            self.fulfil.inspect_return(parcels[0]["id"])
            if tale == SHORT:
                self.fulfil.reduce_credit_notes(identifier, *KEPT_BACK)
        else:
            self.centra.refund_return(made)

    def _can_come_back(self, order: Any) -> bool:
        untouched = not any(line.returned_quantity for line in order.lines)
        return order.status == "SHIPPED" and untouched and paid_by_card(self.centra, order.number)
