"""The tenant: every table, the counters, and the one place that tells the events queue and the webhooks of a change."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from connectors.centra.sandbox.dates import stored
from connectors.centra.sandbox.events import EventQueues
from connectors.centra.sandbox.records import (
    AllocationRule,
    Country,
    Currency,
    Customer,
    Display,
    MappedAttribute,
    Market,
    Named,
    Price,
    Pricelist,
    Product,
    ProductSize,
    ShippingOption,
    StockChange,
    StockChangeLine,
    StockRow,
    Store,
    StorePlugin,
    Variant,
    Warehouse,
)
from connectors.centra.sandbox.sales import IdConversion, Order, Payment, Return, Shipment
from connectors.centra.sandbox.switches import Switches
from connectors.centra.sandbox.tables import Table
from connectors.centra.sandbox.webhooks import Webhooks
from connectors.sandboxkit import SandboxClock


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message the tenant would have sent to a shopper."""

    kind: str  # order_confirmation | shipment | order_cancelled | return | refund
    to: str
    about: str  # order, shipment or return number
    at: datetime


class Shop:
    def __init__(self, *, clock: SandboxClock, zone: tzinfo, webhooks: Webhooks, first_order_number: int) -> None:
        self.clock, self.zone, self.webhooks = clock, zone, webhooks
        self.switches = Switches()
        self.events = EventQueues(self)
        self.mails: list[Mail] = []
        self._ids: Counter[str] = Counter()
        self._next_order_number = first_order_number
        # structure
        self.currencies: dict[str, Currency] = {}
        self.countries: dict[str, Country] = {}
        self.stores: dict[int, Store] = {}
        self.plugins: dict[int, StorePlugin] = {}
        self.markets: dict[int, Market] = {}
        self.rules: dict[int, AllocationRule] = {}
        self.pricelists: dict[int, Pricelist] = {}
        self.prices: dict[int, Price] = {}
        self.shipping_options: dict[int, ShippingOption] = {}
        self.warehouses: dict[int, Warehouse] = {}
        self.tax_groups: dict[int, Named] = {}
        self.tax_rates: dict[tuple[int, str], Decimal] = {}  # (tax group, country) → percent
        # catalogue
        self.brands: dict[int, Named] = {}
        self.collections: dict[int, Named] = {}
        self.folders: dict[int, Named] = {}
        self.categories: dict[int, Named] = {}
        self.campaigns: dict[int, Named] = {}
        self.size_names: dict[str, Named] = {}
        self.products: Table[Product] = Table("Product")
        self.variants: Table[Variant] = Table("ProductVariant")
        self.sizes: Table[ProductSize] = Table("ProductSize")
        self.displays: Table[Display] = Table("Display")
        self.mapped_attributes: dict[int, MappedAttribute] = {}
        self.products_by_number: dict[str, Product] = {}
        self._sizes_by_code: dict[str, dict[str, list[ProductSize]]] = {
            "SKU": defaultdict(list), "EAN": defaultdict(list), "UPC": defaultdict(list),
        }  # fmt: skip
        # stock
        self.stock_by_size: dict[int, dict[int, StockRow]] = {}
        self.stock_by_warehouse: dict[int, dict[int, StockRow]] = {}
        self.stock_changes: dict[int, StockChange] = {}
        self.stock_change_lines: dict[int, StockChangeLine] = {}
        self.lines_of_size: dict[int, list[StockChangeLine]] = {}
        # sales
        self.customers: Table[Customer] = Table("Customer")
        self.customers_by_email: dict[tuple[int, str, bool], Customer] = {}  # (store, e-mail, registered)
        self.orders: Table[Order] = Table("Order")  # by number
        self.orders_by_hash: dict[str, Order] = {}
        self.shipments: Table[Shipment] = Table("Shipment")
        self.shipments_by_number: dict[str, Shipment] = {}
        self.returns: Table[Return] = Table("Return")
        self.payments: dict[int, Payment] = {}
        self.payments_by_reference: dict[str, list[Payment]] = {}
        self.id_conversions: dict[int, IdConversion] = {}

    # --- time and numbers -------------------------------------------------------------------------------------------
    def now(self) -> datetime:
        return stored(self.clock.now().astimezone(self.zone))

    def new_id(self, kind: str) -> int:
        self._ids[kind] += 1
        return self._ids[kind]

    def new_order_number(self) -> int:
        while self._next_order_number in self.orders.rows:
            self._next_order_number += 1
        self._next_order_number += 1
        return self._next_order_number - 1

    @staticmethod
    def order_hash(number: int) -> str:
        return hashlib.md5(f"order {number}".encode(), usedforsecurity=False).hexdigest()

    # --- the catalogue's codes --------------------------------------------------------------------------------------
    def index_size(self, size: ProductSize) -> None:
        for kind, code in (("SKU", size.sku), ("EAN", size.ean), ("UPC", size.upc)):
            if code:
                self._sizes_by_code[kind][code.casefold()].append(size)

    def unindex_size(self, size: ProductSize) -> None:
        for kind, code in (("SKU", size.sku), ("EAN", size.ean), ("UPC", size.upc)):
            if code:
                self._sizes_by_code[kind][code.casefold()].remove(size)

    def sizes_with(self, kind: str, code: str) -> list[ProductSize]:
        """Sizes by SKU, EAN or UPC, or by `any` of the three; letters' case does not matter."""
        kinds = ("SKU", "EAN", "UPC") if kind == "any" else (kind,)
        found = {size.id: size for name in kinds for size in self._sizes_by_code[name].get(code.casefold(), ())}
        return list(found.values())

    # --- telling ----------------------------------------------------------------------------------------------------
    def order_changed(self, order: Order, change: str = "UPDATED") -> None:
        """Bump the order and tell of it. A change of its shipments is a change of the order too."""
        self.orders.touch(order.number, self.now())
        self.events.add("Order", change, order.number, store=order.store, market=order.market)
        self.webhooks.note("order", "insert" if change == "CREATED" else "update", order.number, self.now())

    def shipment_changed(self, shipment: Shipment, change: str = "UPDATED", action: str = "update") -> None:
        if change != "DELETED":
            self.shipments.touch(shipment.id, self.now())
        order = shipment.order
        self.events.add("Shipment", change, shipment.id, store=order.store, market=order.market)
        self.webhooks.note("shipment", action, shipment.id, self.now())

    def return_changed(self, return_: Return, change: str = "UPDATED", action: str = "update") -> None:
        order = return_.order
        self.events.add("Return", change, return_.id, store=order.store, market=order.market)
        self.webhooks.note("return", action, return_.id, self.now())

    def mail(self, kind: str, *, to: str | None, about: str) -> None:
        self.mails.append(Mail(kind=kind, to=to or "", about=about, at=self.now()))
