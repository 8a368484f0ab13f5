"""What people at the tenant do: articles, stock, taxes, and orders by hand. The Python side of the control calls.

Staff obey the platform's rules too: a refused action raises RefusedError (a ValueError) and changes nothing.
"""

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar, cast

from connectors.centra.sandbox import catalogue, orders, returns, shipments
from connectors.centra.sandbox.order_state import OPEN_STATUSES, check_lock, named
from connectors.centra.sandbox.records import ProductSize, Warehouse
from connectors.centra.sandbox.refusals import RefusedError
from connectors.centra.sandbox.sales import Order, OrderLine, Return
from connectors.centra.sandbox.shop import Mail, Shop
from connectors.centra.sandbox.stock import StockPolicy
from connectors.centra.sandbox.structure import MAIN_WAREHOUSE_ID, STANDARD_TAX_ID
from connectors.sandboxdata import CatalogueItem

F = TypeVar("F", bound=Callable[..., Any])
Amount = Decimal | int | str

HOLD_REASONS = (
    "PAYMENT_MISMATCH", "WAITING_FOR_PAYMENT", "WAITING_FOR_FRAUD_CHECK", "WAITING_FOR_CHECK_FIRST_ALLOCATION",
    "WAITING_FOR_GIFT_CARD_AUTHORIZATION",
)  # fmt: skip
DEFAULT_PRICES = {"GBP": Decimal(100), "SEK": Decimal(1200), "EUR": Decimal(115), "USD": Decimal(125)}


def locked(method: F) -> F:
    """Run under the sandbox's lock, as an answer to a request does."""

    @wraps(method)
    def under_lock(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            return method(self, *args, **kwargs)

    return cast(F, under_lock)


class BackOffice:
    lock: threading.RLock
    shop: Shop

    # --- articles ---------------------------------------------------------------------------------------------------
    @locked
    def load_catalogue(
        self,
        items: Iterable[CatalogueItem],
        *,
        stock: int | Mapping[str, int] = 100,
        warehouse: int = MAIN_WAREHOUSE_ID,
        markets: Collection[int] | None = None,
    ) -> int:
        """Articles with a price in every price list; `stock` is units of each, or units by SKU; `markets` None is all.

        Returns how many sizes there were.
        """
        home = self.shop.warehouses[warehouse]
        made = catalogue.load_catalogue(self.shop, items, stock=stock, warehouse=home, market_ids=markets)
        return len(made)

    @locked
    def add_product(
        self,
        product_number: str,
        *,
        name: str = "",
        variant_number: str = "",
        variant_name: str = "",
        sizes: Mapping[str, int],
        gtins: Mapping[str, str] | None = None,
        prices: Mapping[str, Amount] | None = None,
        category: str = "Sundries",
        warehouse: int = MAIN_WAREHOUSE_ID,
    ) -> list[str]:
        """One variant with its sizes: `sizes` is size number ("-S", or "") → units in stock. Returns the SKUs."""
        amounts = {code: Decimal(str(value)) for code, value in (prices or DEFAULT_PRICES).items()}
        items = [
            CatalogueItem(
                product_name=name or product_number,
                variant_name=variant_name or variant_number.strip("-") or "One colour",
                size=number.strip("-") or "One size",
                product_number=product_number,
                variant_number=variant_number,
                size_number=number,
                sku=product_number + variant_number + number,
                gtin=(gtins or {}).get(number, ""),
                prices=amounts,
                category=category,
            )
            for number in sizes
        ]
        units = {item.sku: sizes[item.size_number] for item in items}
        home = self.shop.warehouses[warehouse]
        return [size.sku for size in catalogue.load_catalogue(self.shop, items, stock=units, warehouse=home)]

    def size(self, sku: str) -> ProductSize:
        found = self.shop.sizes_with("SKU", sku)
        if not found:
            raise KeyError(sku)
        return found[0]

    @locked
    def edit_size(
        self,
        sku: str,
        *,
        active: bool | None = None,
        status: str | None = None,
        gtin: str | None = None,
        offset: int | None = None,
        preorder: bool | None = None,
    ) -> None:
        """`active` is the size's, `status` its variant's (ACTIVE, INACTIVE), `offset` the variant's stock offset."""
        size = self.size(sku)
        self.shop.unindex_size(size)
        size.is_active = size.is_active if active is None else active
        size.ean = size.ean if gtin is None else gtin or None
        size.preorder = size.preorder if preorder is None else preorder
        size.product_variant.status = status or size.product_variant.status
        if offset is not None:
            size.product_variant.stock_offset = offset
        self.shop.index_size(size)
        catalogue.size_changed(self.shop, size)

    @locked
    def describe(
        self,
        sku: str,
        *,
        description: str | None = None,
        images: Collection[str] | None = None,
        brand: str | None = None,
        category: str | None = None,
    ) -> None:
        """Change what is told of the SKU's product: its brand, and the words, pictures and category of its pages."""
        given = {"description": description, "brand": brand, "category": category}
        pictures = None if images is None else list(images)
        catalogue.describe(self.shop, self.size(sku).product_variant.product, images=pictures, **given)

    @locked
    def set_attribute(self, sku: str, attribute: str, element: str, value: str, *, on_variant: bool = False) -> None:
        """A custom attribute of the SKU's product, or of its variant."""
        variant = self.size(sku).product_variant
        owner = variant if on_variant else variant.product
        owner.attributes.setdefault(attribute, {})[element] = value
        if on_variant:
            catalogue.variant_changed(self.shop, variant)
        else:
            catalogue.product_changed(self.shop, variant.product)

    @locked
    def remove_size(self, sku: str) -> None:
        catalogue.remove_size(self.shop, self.size(sku))

    @locked
    def set_price(self, sku: str, currency: str, amount: Amount) -> None:
        """In every price list of the currency, on the variant."""
        variant = self.size(sku).product_variant
        for pricelist in self.shop.pricelists.values():
            if pricelist.currency.code == currency:
                catalogue.set_price(self.shop, pricelist, variant.product, variant, Decimal(str(amount)))

    @locked
    def set_tax_rate(self, country: str, percent: Amount, *, tax_group: int = STANDARD_TAX_ID) -> None:
        """For orders placed from now on."""
        self.shop.tax_rates[tax_group, country] = Decimal(str(percent))

    # --- stock ------------------------------------------------------------------------------------------------------
    @locked
    def set_stock(self, sku: str, quantity: int, *, warehouse: int = MAIN_WAREHOUSE_ID) -> None:
        """Physical units after a count. ValueError below what is allocated."""
        catalogue.receive(
            self.shop, self.shop.warehouses[warehouse], [(self.size(sku), quantity)], comment="Stock count"
        )

    @locked
    def stock(self, sku: str, *, warehouse: int | None = None) -> dict[str, int]:
        """physical, free, allocated, demand over all warehouses or in one; publishable: less thresholds and offset."""
        rows = self.shop.stock_by_size.get(self.size(sku).id, {})
        mine = [row for number, row in rows.items() if warehouse in (None, number)]
        names = ("physical", "free", "allocated", "demand", "publishable")
        return {name: sum(getattr(row, name) for row in mine) for name in names}

    @locked
    def add_warehouse(
        self, name: str, *, threshold: int = 0, policy: str = "DIRECT", rule: int | None = 1, first: bool = False
    ) -> int:
        """A warehouse, last (or first) in an allocation rule. Returns its id."""
        if policy not in ("DIRECT", "CHECK_FIRST", "DIRECT_THEN_CONFIRM"):
            raise ValueError(f"Unknown allocation policy {policy}.")
        number = max(self.shop.warehouses) + 1
        self.shop.warehouses[number] = Warehouse(id=number, name=name, threshold=threshold, allocation_policy=policy)
        if rule is not None:
            held = self.shop.rules[rule].warehouse_ids
            held.insert(0 if first else len(held), number)
        return number

    @locked
    def set_threshold(self, warehouse: int, threshold: int) -> None:
        self.shop.warehouses[warehouse].threshold = threshold

    # --- orders by hand ---------------------------------------------------------------------------------------------
    def order(self, number: int) -> Order:
        return self.shop.orders.rows[number]

    @property
    def orders(self) -> list[Order]:
        """By number, oldest first."""
        return [self.shop.orders.rows[number] for number in sorted(self.shop.orders.rows)]

    @property
    def mails(self) -> list[Mail]:
        return list(self.shop.mails)

    @locked
    def orders_by_reference(self, reference: str) -> list[Order]:
        """Every order whose external id (of any integration) or comment carries the reference as a word of its own."""
        word = re.compile(rf"(?<![\w-]){re.escape(reference)}(?![\w-])")
        return [
            order
            for order in self.orders
            if (reference in order.other_comment and word.search(order.other_comment))
            or any(word.search(external_id) for external_id in order.external_ids.values())
        ]

    def _editable(self, number: int) -> Order:
        order = self.order(number)
        check_lock(order, None)
        return order

    @locked
    def confirm_order(self, number: int) -> None:
        orders.confirm(self.shop, self._editable(number))

    @locked
    def cancel_order(self, number: int) -> None:
        orders.cancel_order(self.shop, self._editable(number), orders.RELEASE, warnings=[])

    @locked
    def cancel_line(self, number: int, sku: str, quantity: int) -> None:
        order = self._editable(number)
        line = _line(order, sku)
        cancel = orders.LineCancel(line=line, quantity=quantity, policy=orders.RELEASE)
        orders.update(self.shop, order, orders.OrderUpdate(cancel_lines=[cancel]))

    @locked
    def hold_order(self, number: int, *, reason: str | None = None) -> None:
        """By hand (no reason), or as the platform itself does for one of HOLD_REASONS."""
        if reason is not None and reason not in HOLD_REASONS:
            raise ValueError(f"Unknown hold reason {reason}; known are {', '.join(HOLD_REASONS)}.")
        order = self._editable(number)
        if order.status not in OPEN_STATUSES:
            raise RefusedError(f'{named(order)} cannot be put on hold, it is "{order.status}".')
        orders.hold(order, on=True, reason=reason)
        self.shop.order_changed(order)

    @locked
    def release_order(self, number: int) -> None:
        order = self._editable(number)
        orders.hold(order, on=False)
        self.shop.order_changed(order)

    @locked
    def edit_order(
        self,
        number: int,
        *,
        comment: str | None = None,
        internal_comment: str | None = None,
        external_id: str | None = None,
    ) -> None:
        """`external_id` "" takes the external ids away; other values are written for every integration that has one."""
        order = self._editable(number)
        orders.update(self.shop, order, orders.OrderUpdate(other_comment=comment, internal_comment=internal_comment))
        if external_id is not None:
            self.shop.orders.rename_externally(order.number, order.external_ids, external_id)

    @locked
    def ship_order(
        self,
        number: int,
        *,
        lines: Mapping[str, int] | None = None,
        carrier: str = "PostNord",
        service: str = "MyPack Home",
        tracking: str = "",
        shipped_at: datetime | None = None,
    ) -> dict[str, Any]:
        """What the warehouse does: pack, mark good to go and paid, complete. `lines`: units by SKU; None: all that is
        allocated, or the shipment that waits already. Returns the shipment's id and number."""
        order = self._editable(number)
        waiting = next((item for item in order.shipments if not item.is_shipped), None) if lines is None else None
        if waiting is None:
            picks = [(_line(order, sku), units) for sku, units in (lines or {}).items()]
            picks = picks if lines is not None else shipments.allocated_rest(order)
            waiting = shipments.create(self.shop, order, picks, good_to_go=True, paid=True)
        shipments.set_paid(self.shop, waiting, paid=True)
        waiting.is_good_to_go = True
        tracking = tracking or f"SBX{waiting.id:09d}"
        shipments.apply_info(waiting, {"carrier": carrier, "service": service, "trackingNumber": tracking})
        shipments.complete(self.shop, waiting, shipped_at=shipped_at)
        return {"shipment": waiting.id, "number": waiting.number, "tracking": tracking}

    # --- what comes back --------------------------------------------------------------------------------------------
    @locked
    def take_back(self, number: int, units: Mapping[str, int], *, restock: bool = False) -> int:
        """Somebody makes a return of what was shipped first: units by SKU. `restock`: into Centra's own stock. Its id."""
        (shipment, *_) = [item for item in self.order(number).shipments if item.is_shipped]
        picks = [(next(line for line in shipment.lines if line.order_line.sku == sku), n) for sku, n in units.items()]
        policy = StockPolicy(release=restock, remove=not restock)
        return returns.create(self.shop, shipment, picks, policy, costs=returns.ReturnCosts()).id

    @locked
    def open_returns(self) -> list[Return]:
        return [item for item in self.shop.returns if item.return_status == "PENDING"]

    @locked
    def refund_return(self, return_id: int) -> None:
        """The payment service pays it back, and the return is completed."""
        found = self.shop.returns.get(return_id)
        if found is None:
            raise KeyError(return_id)
        returns.refund(self.shop, found)


def _line(order: Order, sku: str) -> OrderLine:
    """The order's line with this SKU that has units left to ship."""
    mine = [line for line in order.lines if line.sku == sku]
    if not mine:
        raise RefusedError(f"{named(order)} has no line with SKU {sku}.")
    return next((line for line in mine if line.open_quantity), mine[0])
