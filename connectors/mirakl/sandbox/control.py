"""The operator's hand: what happens on the platform without the shop. In Python, and as POST /_control/<name>."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Concatenate, ParamSpec, TypeVar

from connectors.mirakl.sandbox import fulfilment, generator, givingback, lifecycle, money, productimports, states
from connectors.mirakl.sandbox.amounts import Amount, share
from connectors.mirakl.sandbox.limits import Window
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.orderview import order_element
from connectors.mirakl.sandbox.records import Offer, Order, OrderLine, Refund, Return, Tracking
from connectors.mirakl.sandbox.reference import (
    AttributeRow,
    CarrierRow,
    CategoryRow,
    FieldRow,
    ReasonRow,
    ShippingTypeRow,
    rows_from,
)
from connectors.mirakl.sandbox.sales import Sale, sold
from connectors.mirakl.sandbox.times import moment
from connectors.sandboxkit import Sandbox

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="OperatorControls")

CONTROLS: set[str] = set()


def operator(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """One step of the operator: under the lock, after what was due, and callable over HTTP by its name."""
    CONTROLS.add(method.__name__)

    @functools.wraps(method)
    def step(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            self.settle()
            return method(self, *args, **kwargs)

    return step


class OperatorControls(Sandbox):
    market: Marketplace
    keys: dict[str, frozenset[str]]
    windows: dict[str, tuple[Window, ...]]
    catalogue_seed: int

    def control(self, name: str, payload: dict[str, Any]) -> Any:
        """The method of that name with the payload's members as keywords."""
        method = name.replace("-", "_")
        if method not in CONTROLS:
            raise KeyError(name)
        result = getattr(self, method)(**payload)
        return result if isinstance(result, dict | list) else {"result": result}

    # --- orders ---------------------------------------------------------------------------------------------------
    @operator
    def add_order(
        self,
        /,
        *,
        created_at: datetime | str | None = None,
        staged: bool = False,
        visible_after: float = 0,
        advance_to: str = "",
        **sale: Any,
    ) -> str:
        """A customer buys; the members of `sale` are those of sales.Sale. Returns the order id.

        `staged`: under scoring first. `visible_after`: no API shows the order for so many seconds; when it shows, its
        creation lies in the past. `advance_to`: bring it to this state at once (WAITING_DEBIT ... CLOSED).
        """
        at = self._moment(created_at) or self.market.now()
        order = sold(self.market, Sale(hidden=visible_after > 0, **sale), at=at)
        self.market.add(order)
        lifecycle.begin(self.market, order, staged=staged)
        if advance_to:
            self._advance(order, to=advance_to)
        if visible_after > 0:
            self.market.later(visible_after, lambda: self._reveal(order))
        return order.order_id

    def add_orders(self, count: int, **values: Any) -> list[str]:
        """Many alike, for load."""
        return [self.add_order(**values) for _ in range(count)]

    def _reveal(self, order: Order) -> None:
        order.hidden = False
        self.market.touch(order, *order.lines)

    @operator
    def advance_order(self, order_id: str, to: str) -> None:
        """Bring an order on by the usual steps, with nobody waiting."""
        self._advance(self._order(order_id), to=to)

    def _advance(self, order: Order, *, to: str) -> None:
        if to not in states.WAY:
            raise ValueError(f"An order advances to one of {', '.join(states.WAY)}, not {to!r}.")
        steps: dict[str, Callable[[], None]] = {
            states.STAGING: lambda: lifecycle.approve_scoring(self.market, order),
            states.WAITING_ACCEPTANCE: lambda: lifecycle.decide(
                self.market, order, {line.line_id: True for line in order.lines}
            ),
            states.WAITING_DEBIT: lambda: lifecycle.request_debit(self.market, order),
            states.WAITING_DEBIT_PAYMENT: lambda: lifecycle.confirm_debit(self.market, order),
            states.SHIPPING: lambda: self._ship(order),
            states.SHIPPED: lambda: (lifecycle.collect if to == states.TO_COLLECT else lifecycle.receive)(
                self.market, order
            ),
            states.TO_COLLECT: lambda: lifecycle.receive(self.market, order),
            states.RECEIVED: lambda: lifecycle.close(self.market, order),
        }
        while not states.reached(order.state, to):
            before = order.state
            if before not in steps:
                raise ValueError(f"The order {order.order_id} is {before} and cannot reach {to}.")
            steps[before]()
            if order.state == before:
                raise ValueError(f"The order {order.order_id} stays {before} on its way to {to}.")

    def _ship(self, order: Order) -> None:
        left = {line.line_id: fulfilment.left_to_ship(self.market, order, line) for line in order.lines}
        quantities = {line_id: quantity for line_id, quantity in left.items() if quantity}
        shipment = fulfilment.prepare(self.market, order, quantities=quantities, tracking=Tracking())
        fulfilment.ship(self.market, order, shipment)
        if shipment.status == fulfilment.PREPARED:
            fulfilment.confirm_debit(self.market, order, shipment)

    @operator
    def order(self, order_id: str, tax_mode: str = "") -> dict[str, Any]:
        """The order as OR11 would show it now, whatever the index knows."""
        mode = tax_mode or self.market.settings.order_tax_mode
        return order_element(self.market, self._order(order_id), mode)

    @operator
    def approve_scoring(self, order_id: str) -> None:
        lifecycle.approve_scoring(self.market, self._order(order_id))

    @operator
    def request_debit(self, order_id: str) -> None:
        lifecycle.request_debit(self.market, self._order(order_id))

    @operator
    def confirm_debit(self, order_id: str) -> None:
        lifecycle.confirm_debit(self.market, self._order(order_id))

    @operator
    def refuse_debit(self, order_id: str) -> None:
        lifecycle.refuse_debit(self.market, self._order(order_id))

    @operator
    def mark_to_collect(self, order_id: str) -> None:
        lifecycle.collect(self.market, self._order(order_id))

    @operator
    def mark_received(self, order_id: str) -> None:
        lifecycle.receive(self.market, self._order(order_id))

    @operator
    def mark_closed(self, order_id: str) -> None:
        lifecycle.close(self.market, self._order(order_id))

    @operator
    def cancel_order(self, order_id: str, reason_code: str = "35") -> None:
        """By the operator or the customer. Money already taken is refunded; what was not is just canceled."""
        order = self._order(order_id)
        if order.debited_at is None:
            givingback.cancel(self.market, givingback.all_that_is_left(order, reason_code=reason_code))
            order.reason_code = reason_code
            self.market.touch(order)
            return
        unsent = order.state == states.SHIPPING
        pieces = givingback.all_that_is_left(order, reason_code=reason_code, excluded_from_shipment=unsent)
        givingback.refund(self.market, pieces)

    # --- refunds, incidents, returns ------------------------------------------------------------------------------
    @operator
    def create_refund(
        self,
        order_line_id: str,
        amount: Decimal | str,
        *,
        shipping_amount: Decimal | str = "0",
        quantity: int = 1,
        reason_code: str = "14",
        excluded_from_shipment: bool = False,
    ) -> str:
        """By the operator, unknown to the shop until it looks. Amounts in the platform's tax mode. Returns the id."""
        order, line = self._line(order_line_id)
        piece = givingback.Piece(
            order=order,
            line=line,
            goods=self._piece(line.goods, line.goods_spent, amount),
            shipping=self._piece(line.shipping, line.shipping_spent, shipping_amount),
            quantity=quantity,
            reason_code=reason_code,
            excluded_from_shipment=excluded_from_shipment,
        )
        return givingback.refund(self.market, [piece])[0].refund_id

    def _piece(self, whole: Amount, spent: Amount, part: Decimal | str) -> Amount:
        mode = self.market.settings.order_tax_mode
        piece = share(whole, spent=spent, part=Decimal(str(part)), mode=mode, given={})
        if whole.minus(spent).minus(piece).has_negative_part:
            raise ValueError("More than what is left on the order line.")
        return piece

    @operator
    def confirm_refund(self, refund_id: str) -> None:
        """The payment system has paid it."""
        order, line, refund = self._refund(refund_id)
        givingback.confirm_refund(self.market, order, line, refund)

    @operator
    def open_incident(self, order_line_id: str, reason_code: str = "20") -> None:
        order, line = self._line(order_line_id)
        lifecycle.open_incident(self.market, order, line, reason_code=reason_code)

    @operator
    def close_incident(self, order_line_id: str) -> None:
        order, line = self._line(order_line_id)
        lifecycle.close_incident(self.market, order, line)

    @operator
    def create_return(
        self,
        order_line_id: str,
        *,
        quantity: int = 1,
        reason_code: str = "RETURN_CHANGED_MIND",
        state: str = "IN_PROGRESS",
        rma: str | None = None,
    ) -> str:
        """The customer sends goods back. Returns the return's id; no money moves."""
        order, line = self._line(order_line_id)
        now = self.market.now()
        made = Return(
            return_id=self.market.new_uuid(),
            order_id=order.order_id,
            commercial_id=order.commercial_id,
            customer_id=str(order.customer["customer_id"]),
            lines=[{"order_line_id": line.line_id, "quantity": quantity, "reason_code": reason_code}],
            method_code="RETURN_METHOD_BY_MAIL",
            state=state,
            created_at=now,
            updated_at=now,
            rma=rma,
        )
        self.market.returns[made.return_id] = made
        return made.return_id

    @operator
    def close_billing_cycle(self, pay_out_state: str = money.PAID) -> str:
        """Pay out everything payable. Returns the cycle's id."""
        return money.close_cycle(self.market, pay_out_state=pay_out_state).cycle_id

    # --- configuration --------------------------------------------------------------------------------------------
    @operator
    def change_settings(self, /, **values: Any) -> None:
        """Members of AccountSettings; all or none. Raises ValueError."""
        self.market.settings.change(values)
        self.market.reindex()

    @operator
    def set_carriers(self, carriers: Sequence[CarrierRow | Mapping[str, Any]]) -> None:
        self.market.reference.carriers = _rows(CarrierRow, carriers)

    @operator
    def set_reasons(self, reasons: Sequence[ReasonRow | Mapping[str, Any]]) -> None:
        self.market.reference.reasons = _rows(ReasonRow, reasons)
        self.market.reindex()

    @operator
    def set_shipping_types(self, shipping_types: Sequence[ShippingTypeRow | Mapping[str, Any]]) -> None:
        self.market.reference.shipping_types = _rows(ShippingTypeRow, shipping_types)
        self.market.reindex()

    @operator
    def set_additional_fields(self, fields: Sequence[FieldRow | Mapping[str, Any]]) -> None:
        self.market.reference.fields = _rows(FieldRow, fields)

    @operator
    def set_categories(self, categories: Sequence[CategoryRow | Mapping[str, Any]]) -> None:
        self.market.reference.categories = _rows(CategoryRow, categories)

    @operator
    def set_attributes(self, attributes: Sequence[AttributeRow | Mapping[str, Any]]) -> None:
        """All of them. The roles CATEGORY, SHOP_SKU, EAN and TITLE say which columns an import is read by."""
        self.market.reference.attributes = _rows(AttributeRow, attributes)

    @operator
    def set_attribute(self, code: str, /, **changes: Any) -> None:
        """Change one attribute wherever it stands, or add it."""
        reference = self.market.reference
        if all(row.code != code for row in reference.attributes):
            reference.attributes.append(AttributeRow(code=code, **{"label": code, **changes}))
            return
        reference.attributes = [replace(row, **changes) if row.code == code else row for row in reference.attributes]

    @operator
    def set_value_list(self, code: str, values: Mapping[str, str]) -> None:
        """The list's codes with their labels."""
        self.market.reference.value_lists[code] = dict(values)

    @operator
    def integrate_products(self) -> int:
        """What was held while `operator_integrates` was off. Returns how many imports."""
        return productimports.integrate_held(self.market)

    @operator
    def taken_products(self) -> list[dict[str, Any]]:
        """The products that came by the shop's imports, as the operator's catalogue has them now."""
        return [
            {
                "sku": product.shop_sku,
                "product_sku": product.product_sku,
                "category": product.category,
                "values": dict(product.values),
            }
            for product in self.market.products.values()
            if product.shop_sku
        ]

    @operator
    def taken_product(self, sku: str) -> dict[str, Any] | None:
        return next((product for product in self.taken_products() if product["sku"] == sku), None)

    @operator
    def set_warehouses(self, codes: Sequence[str]) -> None:
        self.market.reference.warehouses = list(codes)

    @operator
    def set_call_frequency(self, operation: str, calls: int | None, seconds: float = 60) -> None:
        """Enforce this instead of the documented maximum; calls=None goes back to that."""
        if calls is None:
            self.windows.pop(operation, None)
        else:
            self.windows[operation] = (Window(calls=calls, seconds=seconds),)

    @operator
    def add_api_key(self, roles: Sequence[str] = ()) -> str:
        """A user with just these roles (ROLE_PARTNER_ORDER_READ, ...). Returns the key."""
        key = self.market.new_uuid()
        self.keys[key] = frozenset(roles)
        return key

    @operator
    def revoke_api_key(self, key: str) -> None:
        self.keys.pop(key, None)

    # --- goods ----------------------------------------------------------------------------------------------------
    @operator
    def load_offers(self) -> int:
        """The whole catalogue as offers, no orders. Returns how many."""
        generator.list_offers(self.market, self.catalogue_seed)
        return len(self.market.offers)

    @operator
    def load_shop(self, *, orders: int = 320, seed: int | None = None, now: datetime | str | None = None) -> int:
        """Offers and two weeks of trade up to `now` (the platform's clock by default). Returns the number of orders.

        With `seed`, this shop's random choices start over from it. A platform that already has orders is refused.
        """
        if self.market.orders:
            raise ValueError("The shop has orders already: load it before anything else.")
        if seed is not None:
            self.market.rng.seed(seed)
        generator.list_offers(self.market, self.catalogue_seed)
        generator.trade(self.market, orders=orders, until=self._moment(now) or self.market.now())
        return len(self.market.orders)

    @operator
    def add_offer(self, sku: str, *, quantity: int = 0, price: str = "29.90", title: str = "") -> None:
        """One offer more, as if the shop had entered it in the back office."""
        offer_id = self.market.new_number()
        self.market.offers[sku] = Offer(
            offer_id=offer_id,
            sku=sku,
            product_sku=f"P{offer_id}",
            gtin="",
            title=title or sku,
            category="Clothes",
            price=Decimal(price),
            quantity=quantity,
            state_code="11",
        )

    @operator
    def remove_offer(self, sku: str) -> None:
        """As if the shop had taken it off in the back office."""
        del self.market.offers[sku]

    @operator
    def offer(self, sku: str) -> dict[str, Any]:
        """Price, quantity and state of one offer."""
        found = self.market.offers[sku]
        return {"sku": found.sku, "quantity": found.quantity, "price": str(found.price), "state_code": found.state_code}

    @operator
    def set_offer_quantity(self, sku: str, quantity: int) -> None:
        self.market.offers[sku].quantity = quantity

    # --- looking things up ----------------------------------------------------------------------------------------
    def _order(self, order_id: str) -> Order:
        return self.market.orders[order_id]

    def _line(self, line_id: str) -> tuple[Order, OrderLine]:
        found = self.market.line(line_id)
        if found is None:
            raise KeyError(line_id)
        return found

    def _refund(self, refund_id: str) -> tuple[Order, OrderLine, Refund]:
        for order in self.market.orders.values():
            for line in order.lines:
                for refund in line.refunds:
                    if refund.refund_id == refund_id:
                        return order, line, refund
        raise KeyError(refund_id)

    def _moment(self, at: datetime | str | None) -> datetime | None:
        return moment(at) if isinstance(at, str) else at


def _rows(kind: type[Any], rows: Sequence[Any]) -> list[Any]:
    return rows_from(kind, [row if isinstance(row, dict) else vars(row) for row in rows])
