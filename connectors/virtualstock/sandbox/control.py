"""The retailer's and the portal's hand: what happens on the platform without the supplier's API. Also POST /_control/<name>."""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Concatenate, ParamSpec, TypeVar

from connectors.sandboxdata import catalogue
from connectors.sandboxkit import Sandbox
from connectors.virtualstock.sandbox import orders, returns, states
from connectors.virtualstock.sandbox.door import Door
from connectors.virtualstock.sandbox.platform import CATEGORIES, Platform
from connectors.virtualstock.sandbox.records import Line, Order, Product, Return
from connectors.virtualstock.sandbox.settings import Retailer, change

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="RetailerControls")

CONTROLS: set[str] = set()
COST_SHARE = Decimal("0.45")  # of the retail price
ADDRESS = {
    "full_name": "Alice Example",
    "line_1": "12 Sample Street",
    "line_2": None,
    "city": "Leeds",
    "state": None,
    "postal_code": "LS1 1AA",
    "country": "United Kingdom",
    "phone": "+44 113 496 0000",
    "email": "alice@relay.example",
}


def hand(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """One step of a person: under the lock, after what was due, and callable over HTTP by its name."""
    CONTROLS.add(method.__name__)

    @functools.wraps(method)
    def step(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            self.settle()
            return method(self, *args, **kwargs)

    return step


class RetailerControls(Sandbox):
    edge: Platform
    door: Door
    order_prefix: str
    catalogue_seed: int

    def control(self, name: str, payload: dict[str, Any]) -> Any:
        """The method of that name with the payload's members as keywords."""
        method = name.replace("-", "_")
        if method not in CONTROLS:
            raise KeyError(name)
        result = getattr(self, method)(**payload)
        return result if isinstance(result, dict | list) else {"result": result}

    # --- orders ---------------------------------------------------------------------------------------------------
    @hand
    def add_order(
        self,
        /,
        *,
        lines: Sequence[Mapping[str, Any]],
        reference: str = "",
        retailer_id: int | None = None,
        advance_to: str = "",
        placed_at: datetime | str | None = None,
        address: Mapping[str, Any] | None = None,
        promised_days: int = 3,
        **values: Any,
    ) -> str:
        """The retailer places an order. Returns its reference.

        `lines`: {"sku", "quantity"?, "cost"? (each, without tax), "tax_rate"?, "reference"?, "title"?}. `values`: other
        members of records.Order. `advance_to`: bring it to this status at once (ORDER_ACK ... RMA).
        """
        retailer = self.edge.retailers[retailer_id or next(iter(self.edge.retailers))]
        number = self.edge.new_number()
        at = datetime.fromisoformat(placed_at) if isinstance(placed_at, str) else placed_at or self.edge.now()
        order = Order(
            number=number,
            reference=reference or f"{self.order_prefix}{number}",
            retailer_id=retailer.retailer_id,
            placed_at=at.replace(microsecond=0),
            lines=[
                self._line(retailer, place, values=line, promised_at=at + timedelta(days=promised_days))
                for place, line in enumerate(lines, start=1)
            ],
            address={**ADDRESS, **(address or {})},
            currency=retailer.currency,
            **values,
        )
        self.edge.orders[number] = order
        self.edge.touch(order)
        if advance_to:
            self._advance(order, advance_to)
        return order.reference

    def add_orders(self, count: int, **values: Any) -> list[str]:
        """Many alike, for load."""
        return [self.add_order(**values) for _ in range(count)]

    def _line(self, retailer: Retailer, place: int, *, values: Mapping[str, Any], promised_at: datetime) -> Line:
        sku = str(values["sku"])
        cost = Decimal(str(values.get("cost", "10.00"))) if retailer.sends_prices else None
        return Line(
            number=self.edge.new_number(),
            reference=str(values.get("reference", place)),
            part_number=f"R-{sku}" if retailer.part_number_is_retailers else sku,
            retailer_sku=f"R-{sku}",
            supplier_sku=sku,
            name=str(values.get("title", sku)),
            quantity=int(values.get("quantity", 1)),
            unit_cost=cost,
            tax_rate=Decimal(str(values.get("tax_rate", "20.00"))),
            promised_at=promised_at.replace(microsecond=0),
        )

    @hand
    def advance_order(self, reference: str, to: str) -> None:
        """Bring every line to this status, as if the steps before had been taken."""
        self._advance(self.edge.order_by_reference(reference), to)

    def _advance(self, order: Order, to: str) -> None:
        if to not in states.STATUSES:
            raise ValueError(f"An order advances to one of {', '.join(sorted(states.STATUSES))}, not {to!r}.")
        if to in (states.DISPATCH, *states.RETURN_STATUSES):
            for line in order.lines:
                line.dispatched, line.dispatched_at = line.quantity, self.edge.now()
        self.edge.set_status(order, [line.reference for line in order.lines], to)

    @hand
    def order(self, reference: str) -> dict[str, Any]:
        """The order as the API shows it now."""
        return orders.order_element(self.edge, self.edge.order_by_reference(reference))

    @hand
    def line_statuses(self, reference: str) -> list[str]:
        return [line.status for line in self.edge.order_by_reference(reference).lines]

    @hand
    def set_line_status(self, reference: str, line: str, status: str) -> None:
        """Somebody in the portal, or the retailer on the supplier's behalf."""
        self.edge.set_status(self.edge.order_by_reference(reference), [line], status)

    @hand
    def request_cancellation(self, reference: str, lines: Sequence[str] = (), reason_code: int = 126) -> None:
        """The retailer asks to cancel these lines, or all that have not left."""
        order = self.edge.order_by_reference(reference)
        for line in order.lines:
            if (not lines or line.reference in lines) and line.status in states.ALLOWED[states.CANCEL]:
                line.status, line.reason_code = states.CANCEL, reason_code
        self.edge.touch(order)

    @hand
    def parcels(self, reference: str) -> list[dict[str, Any]]:
        """What was dispatched, which no supplier's call shows: line, units, carrier, tracking number."""
        return [
            {
                "line": line.reference,
                "quantity": line.dispatched,
                "carrier": line.carrier,
                "tracking_number": line.tracking_number,
            }
            for line in self.edge.order_by_reference(reference).lines
            if line.dispatched
        ]

    # --- returns --------------------------------------------------------------------------------------------------
    @hand
    def add_return(self, reference: str, line: str, quantity: int = 1, reason_code: str = "300") -> str:
        """The retailer asks for a return of a dispatched line. Returns its id."""
        order = self.edge.order_by_reference(reference)
        found = order.line(line)
        if found is None or quantity > found.dispatched:
            raise ValueError(f"Line {line} of {reference} has not so many dispatched units.")
        made = Return(
            return_id=self.edge.new_uuid(),
            order=order,
            line=found,
            quantity=quantity,
            reason_code=reason_code,
            comment="",
            created_at=self.edge.now(),
        )
        returns.add(self.edge, made)
        return made.return_id

    @hand
    def decide_return(self, return_id: str, step: str, message: str = "") -> None:
        """A person in the portal: decline, authorise, book_collection, approve or reject."""
        returns.decide(self.edge, self.edge.returns[return_id], step, message)

    # --- invoices -------------------------------------------------------------------------------------------------
    @hand
    def decide_invoice(self, number: str, state: str) -> None:
        """The retailer: ISSUED or REJECTED."""
        next(item for item in self.edge.invoices if item.number == number).state = state

    # --- goods ----------------------------------------------------------------------------------------------------
    @hand
    def load_products(self, retailer_id: int | None = None) -> int:
        """The whole catalogue as products of one retailer. Returns how many."""
        goods = catalogue(self.catalogue_seed)
        retailer = self.edge.retailers[retailer_id or next(iter(self.edge.retailers))]
        for item in goods:
            price = item.prices.get(retailer.currency, item.prices["EUR"])
            self._add_product(retailer, item.sku, item.title, price, category=CATEGORIES.index(item.category) + 1)
        return len(goods)

    @hand
    def add_product(
        self, sku: str, *, title: str = "", price: str = "29.90", stock: int = 0, retailer_id: int | None = None
    ) -> int:
        retailer = self.edge.retailers[retailer_id or next(iter(self.edge.retailers))]
        product = self._add_product(retailer, sku, title or sku, Decimal(price), category=1)
        product.stock = stock
        return product.number

    def _add_product(self, retailer: Retailer, sku: str, title: str, price: Decimal, *, category: int) -> Product:
        product = Product(
            number=self.edge.new_number(),
            part_number=sku,
            client_id=retailer.client_id,
            category=str(category),
            data={"short_description": title, "rrp": str(price), "cost_price": f"{price * COST_SHARE:.2f}"},
        )
        self.edge.products[product.number] = product
        return product

    @hand
    def remove_product(self, sku: str) -> None:
        del self.edge.products[self.edge.product_by_part(sku).number]

    @hand
    def product(self, sku: str) -> dict[str, Any]:
        """What the retailer sees: also the stock, which no call gives back."""
        found = self.edge.product_by_part(sku)
        return {"sku": sku, "stock": found.stock, "data": dict(found.data)}

    @hand
    def publish(self, sku: str, seconds: float = 300) -> None:
        """The retailer publishes a product, which locks it so long."""
        self.edge.product_by_part(sku).publishing_until = self.edge.later(seconds)

    @hand
    def load_shop(self, *, orders: int = 60, seed: int | None = None) -> int:
        """Products and two weeks of orders up to now. A platform that has orders is refused. Returns their number."""
        if self.edge.orders:
            raise ValueError("There are orders already: load the shop before anything else.")
        if seed is not None:
            self.edge.rng.seed(seed)
        self.load_products()
        rng, goods, now = self.edge.rng, list(catalogue(self.catalogue_seed)), self.edge.now()
        for at in sorted(now - timedelta(minutes=rng.randrange(20, 14 * 24 * 60)) for _ in range(orders)):
            self._trade(at, age=now - at, goods=rng.sample(goods, k=rng.choice((1, 1, 1, 2, 3))))
        return orders

    def _trade(self, at: datetime, *, age: timedelta, goods: Sequence[Any]) -> None:
        rng = self.edge.rng
        lines = [
            {"sku": item.sku, "title": item.title, "quantity": rng.choice((1, 1, 1, 2)),
             "cost": f"{item.prices['EUR'] * COST_SHARE:.2f}"}
            for item in goods
        ]  # fmt: skip
        usual = states.DISPATCH if age > timedelta(days=2) else states.ORDER_ACK
        status = states.ORDER if age < timedelta(hours=12) else usual
        status = rng.choices([status, states.CANCEL, states.BACKORDER], weights=[92, 4, 4])[0]
        self.add_order(
            lines=lines, placed_at=at, advance_to=status, delivery_service_code=rng.choice(("standard", "express"))
        )

    # --- configuration --------------------------------------------------------------------------------------------
    @hand
    def change_settings(self, /, **values: Any) -> None:
        """Members of PlatformSettings; all or none. Raises ValueError."""
        change(self.edge.settings, values)

    @hand
    def change_retailer(self, /, *, retailer_id: int | None = None, **values: Any) -> None:
        """Members of Retailer but its numbers; all or none. Raises ValueError."""
        change(self.edge.retailers[retailer_id or next(iter(self.edge.retailers))], values)

    @hand
    def add_retailer(self, /, **values: Any) -> int:
        """One retailer more for the same supplier. Returns its number in orders."""
        made = Retailer()
        change(made, {"uuid": self.edge.new_uuid(), **values})
        self.edge.retailers[made.retailer_id] = made
        return made.retailer_id

    @hand
    def set_carriers(self, carriers: Sequence[Mapping[str, Any]]) -> None:
        self.edge.carriers = [(int(row["id"]), str(row["slug"]), str(row["name"])) for row in carriers]

    @hand
    def withdraw_tokens(self, *, refresh: bool = False) -> None:
        """Access tokens end before their time; with `refresh`, refresh tokens too."""
        self.door.withdraw(refresh=refresh)
