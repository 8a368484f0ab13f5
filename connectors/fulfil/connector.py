"""Fulfil for the flows: the target of orders that its warehouses send, the source of stock, products and dispatches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from connectors import ports
from connectors.base import Account, Capability, CheckReport, Connector, Page, Record
from connectors.canonical.destinations import Destination
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import ConfigurationError
from connectors.canonical.events import Event
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order, TargetOrder
from connectors.canonical.payload import JSON
from connectors.canonical.products import Product
from connectors.canonical.returns import CreditNote, Return, ReturnRequest
from connectors.canonical.stock import StockLevel
from connectors.canonical.taxes import ListedTax
from connectors.fulfil import checks, translate, translate_returns, webhooks
from connectors.fulfil.account import (
    SETTINGS,
    budget_key,
    channel_ids,
    limits,
    text_setting,
    warehouse_ids,
    webhook_secrets,
)
from connectors.fulfil.changes import Changes
from connectors.fulfil.client import MOST_ROWS, FulfilClient
from connectors.fulfil.dispatches import Dispatches
from connectors.fulfil.orders import Orders
from connectors.fulfil.returns import Returns
from connectors.fulfil.typedjson import read_moment
from connectors.http import Limit
from connectors.pages import page_settings

SKUS_A_CALL = 200
PRODUCT_ROWS = MOST_ROWS
PRODUCT, SALE = "product.product", "sale.sale"
_PAGES = {"order": SALE, "return": SALE, "dispatch": "stock.shipment.out"}  # a return is an order of its own


class FulfilConnector(Connector):
    platform = "fulfil"
    label = "Fulfil"
    creates_paid_orders = True
    lists_order_changes = True
    capabilities = {
        Capability.READ_ORDERS: False,
        Capability.COUNT_ORDERS: False,
        Capability.ACCEPT_ORDERS: False,
        Capability.REFUSE_LINES: False,
        Capability.CREATE_ORDERS: True,
        Capability.HOLD_ORDERS: False,
        Capability.CANCEL_ORDERS: True,
        Capability.CANCEL_SOLD_ORDERS: False,
        Capability.READ_DISPATCHES: True,
        Capability.CONFIRM_DISPATCHES: False,
        Capability.PARTIAL_DISPATCHES: False,
        Capability.READ_RETURNS: True,
        Capability.TAKE_RETURNS: True,
        Capability.READ_CREDIT_NOTES: True,
        Capability.SEND_REFUNDS: False,
        Capability.LIST_CARRIERS: False,
        Capability.LIST_REASONS: False,
        Capability.LIST_TAXES: True,
        Capability.READ_STOCK: True,
        Capability.READ_PRODUCTS: True,
        Capability.READ_PRICES: False,
        Capability.SEND_STOCK: False,
        Capability.SEND_PRICES: False,
        Capability.READ_OFFERS: False,
        Capability.READ_ATTRIBUTES: False,
        Capability.SEND_LISTINGS: False,
        Capability.EVENTS_QUEUE: False,
        Capability.WEBHOOKS: True,
    }
    capability_notes = {
        Capability.READ_ORDERS: "Fulfil sends what was sold elsewhere; what it holds is only read back.",
        Capability.COUNT_ORDERS: "Only what was sold elsewhere is counted.",
        Capability.ACCEPT_ORDERS: "An order is decided where it was sold.",
        Capability.REFUSE_LINES: "An order is decided where it was sold.",
        Capability.CREATE_ORDERS: "Into a channel that leaves orders for manual processing: the hub releases each.",
        Capability.HOLD_ORDERS: "Its orders have no hold. An order that must wait is left unreleased.",
        Capability.CANCEL_ORDERS: "Whole orders, until one of their shipments is packed.",
        Capability.CANCEL_SOLD_ORDERS: "Nothing is sold there for another system.",
        Capability.READ_DISPATCHES: "Shipments from its own warehouses; what a supplier sends by itself is not read.",
        Capability.CONFIRM_DISPATCHES: "Its own warehouse says what left.",
        Capability.PARTIAL_DISPATCHES: "Its own warehouse says what left.",
        Capability.READ_RETURNS: "Return shipments: received, and what of it is on the shelf again.",
        Capability.TAKE_RETURNS: "As return orders against the original order. Delivery can be given back once per order.",
        Capability.READ_CREDIT_NOTES: "Of its own channel. What is booked without a return is not read.",
        Capability.LIST_CARRIERS: "Carriers are mapped by the name that its shipments show.",
        Capability.LIST_REASONS: "Its return reasons are free text.",
        Capability.LIST_TAXES: "Those of the channels that the connection names: each of an order's taxes is one of them.",
        Capability.SEND_REFUNDS: "Nothing is sold there.",
        Capability.READ_STOCK: "What the named warehouses can promise together. Kits without stock of their own count 0.",
        Capability.READ_PRICES: "Prices are owned by the shop.",
        Capability.SEND_STOCK: "Stock is owned there and read from it.",
        Capability.SEND_PRICES: "Prices are owned by the shop; orders carry theirs along.",
        Capability.READ_OFFERS: "It is no channel: its products are read instead.",
        Capability.READ_ATTRIBUTES: "It is no channel: its products are read instead.",
        Capability.SEND_LISTINGS: "It is no channel.",
        Capability.EVENTS_QUEUE: "There is none; the hub asks for what changed.",
        Capability.WEBHOOKS: "For changes of stock only. Everything else is asked for.",
    }
    settings = (*SETTINGS, *page_settings("order", "return", documented=("order", "return")))

    @classmethod
    def limits(cls, account: Account) -> tuple[Limit, ...]:
        return limits(account)

    @classmethod
    def budget_key(cls, account: Account) -> str:
        return budget_key(account)

    @cached_property
    def client(self) -> FulfilClient:
        return FulfilClient(self.account, gate=self.gate)

    @cached_property
    def orders(self) -> Orders:
        return Orders(self.client, channels=channel_ids(self.account))

    @cached_property
    def changes(self) -> Changes:
        return Changes(self.client, channels=channel_ids(self.account))

    @cached_property
    def dispatches(self) -> Dispatches:
        return Dispatches(self.client, channels=channel_ids(self.account))

    @cached_property
    def returns(self) -> Returns:
        return Returns(self.client, channels=channel_ids(self.account))

    def check(self) -> CheckReport:
        return checks.check(self.account, gate=self.gate)

    # --- creating an order sold elsewhere -------------------------------------------------------------------------
    def find_orders(self, reference: str) -> tuple[TargetOrder, ...]:
        return self.orders.find(reference)

    def read_order(self, external_id: str) -> TargetOrder | None:
        return self.orders.read(external_id)

    def send_order(self, order: Order, options: OrderOptions) -> str:
        """Found again by `find_orders`: the reference is the channel identifier, of which a channel takes one."""
        return self.orders.create(order, self._chosen(options))

    def finish_order(self, existing: TargetOrder, order: Order, options: OrderOptions, *, confirm: bool) -> None:
        self.orders.finish(existing.external_id, order, self._chosen(options), confirm=confirm)

    def cancel_order(self, existing: TargetOrder, *, comment: str) -> None:
        self.orders.cancel(existing.external_id, comment=comment)

    def cancel_lines(self, existing: TargetOrder, *, quantities: Mapping[str, int], comment: str) -> None:
        """Every unit of the order, or PermanentError: a part cannot be cancelled from outside."""
        self.orders.cancel_lines(existing.external_id, quantities=quantities, comment=comment)

    def fetch_taxes(self, market: str | None = None) -> tuple[ListedTax, ...]:
        return self.orders.taxes(market)

    def fetch_order_changes(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        return self.changes.page(since=updated_from, until=updated_until, token=token)

    def read_destination(self, external_id: str) -> Destination:
        return self.changes.destination(external_id)

    def _chosen(self, options: OrderOptions) -> OrderOptions:
        method = options.payment_method or text_setting(self.account, "payment_method")
        if options.paid and not method:
            words = "No payment gateway is set on this Fulfil connection, so a paid order cannot be told from an unpaid one."
            raise ConfigurationError(words, operation=Capability.CREATE_ORDERS, code="no_payment_method")
        service = options.shipping_option or text_setting(self.account, "shipping_service")
        return replace(options, payment_method=method, shipping_option=service)

    # --- dispatches -----------------------------------------------------------------------------------------------
    def fetch_dispatches(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        return self.dispatches.page(since=updated_from, until=updated_until, token=token)

    def fetch_dispatch(self, external_id: str) -> Record | None:
        return self.dispatches.one(external_id)

    def parse_dispatch(self, payload: JSON) -> Dispatch:
        return translate.parse_dispatch(payload, zone=ZoneInfo(self.account.timezone))

    # --- returns --------------------------------------------------------------------------------------------------
    def fetch_returns(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        return self.returns.page(since=updated_from, until=updated_until, token=token)

    def fetch_return(self, external_id: str) -> Record | None:
        return self.returns.one(external_id)

    def parse_return(self, payload: JSON) -> Return:
        return translate_returns.parse_return(payload)

    def find_return(self, reference: str) -> str | None:
        return self.returns.find(reference)

    def send_return(self, request: ReturnRequest) -> str:
        """Found again by `find_return`: the reference is the channel identifier, of which a channel takes one."""
        return self.returns.send(request)

    def fetch_credit_notes(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        return self.returns.credit_notes(since=updated_from, until=updated_until, token=token)

    def parse_credit_note(self, payload: JSON) -> CreditNote:
        return translate_returns.parse_credit_note(payload)

    # --- stock and products ---------------------------------------------------------------------------------------
    def fetch_stock(self, skus: Sequence[str]) -> tuple[StockLevel, ...]:
        warehouses = warehouse_ids(self.account)
        if not warehouses:
            words = "No warehouse is set for reading Fulfil's stock. Enter the warehouse ids on the connection."
            raise ConfigurationError(words, operation=Capability.READ_STOCK, code="no_warehouses")
        wanted = [sku for sku in dict.fromkeys(skus) if sku]
        chunks = (wanted[start : start + SKUS_A_CALL] for start in range(0, len(wanted), SKUS_A_CALL))
        return tuple(level for chunk in chunks for level in self._levels(chunk, warehouses))

    def _levels(self, skus: Sequence[str], warehouses: Sequence[int]) -> Iterator[StockLevel]:
        as_of = ports.now()  # Fulfil does not say when it counted: no later than we asked
        domain = [["code", "in", list(skus)], ["type", "=", "goods"]]
        known = translate.product_ids(self.client.search_read_all(PRODUCT, domain, ("code",)))
        if not known:
            return
        told = self.client.call(PRODUCT, "get_product_inventory", [list(known.values()), list(warehouses)])
        for sku in skus:
            if sku in known:
                quantities = told.get(str(known[sku])) if isinstance(told, dict) else None
                yield translate.parse_stock(sku, quantities, warehouses=warehouses, as_of=as_of)

    def fetch_products(
        self, *, updated_from: datetime | None = None, token: str | None = None, content: bool = True
    ) -> Page:
        """Every article that has a SKU, archived ones included, by id: articles that are added meanwhile come last."""
        domain: list[Any] = [["id", ">", int(token or 0)], ["code", "!=", None], ["type", "=", "goods"]]
        if updated_from is not None:  # `write_date` is null until the first change
            domain.append(["OR", [["write_date", ">=", updated_from]], [["create_date", ">=", updated_from]]])
        context = {"active_test": False}
        fields = (*translate.PRODUCT_FIELDS, "create_date", "write_date")
        rows = self.client.search_read(PRODUCT, domain, fields, limit=PRODUCT_ROWS, context=context)
        records = tuple(_product(row) for row in rows if row.get("code"))
        return Page(records=records, next_token=str(rows[-1]["id"]) if len(rows) == PRODUCT_ROWS else None)

    def find_products(self, skus: Sequence[str]) -> tuple[Product, ...]:
        wanted = [sku for sku in dict.fromkeys(skus) if sku]
        chunks = (wanted[start : start + SKUS_A_CALL] for start in range(0, len(wanted), SKUS_A_CALL))
        domains = ([["code", "in", chunk], ["type", "=", "goods"]] for chunk in chunks)
        rows = (self.client.search_read_all(PRODUCT, domain, translate.PRODUCT_FIELDS) for domain in domains)
        return tuple(translate.parse_product(row) for found in rows for row in found)

    def parse_product(self, payload: JSON) -> Product:
        return translate.parse_product(payload)

    # --- being told -----------------------------------------------------------------------------------------------
    def verify_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        return webhooks.verify(headers, body, secrets=webhook_secrets(self.account))

    def parse_webhook(self, body: bytes) -> tuple[Event, ...]:
        return webhooks.events(body)

    # --- people ---------------------------------------------------------------------------------------------------
    def page_url(self, kind: str, external_id: str) -> str:
        model, number = _PAGES.get(kind), external_id.partition("-")[0]
        return f"{self.account.base_url.rstrip('/')}/client/#/model/{model}/{number}" if model and number else ""


def _product(row: Mapping[str, JSON]) -> Record:
    changed = read_moment(row.get("write_date")) or read_moment(row.get("create_date"))
    return Record(kind="product", external_id=str(row["id"]), payload=dict(row), updated_at=changed)
