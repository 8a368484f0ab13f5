"""Centra for the flows: the target of orders, the source of dispatches, stock and products, and a teller of changes.

Orders are created through the Order API (REST) and worked on through the Integration API (GraphQL).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from connectors import ports
from connectors.base import Account, Capability, CheckReport, Connector, Page, Record
from connectors.canonical.counts import MarkPage
from connectors.canonical.deliveries import Delivery
from connectors.canonical.destinations import Destination
from connectors.canonical.dispatches import Dispatch, DispatchRemark
from connectors.canonical.errors import ConfigurationError, PermanentError
from connectors.canonical.events import Event, NotListeningError
from connectors.canonical.offers import Offer, OfferPage
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order, TargetOrder
from connectors.canonical.payload import JSON
from connectors.canonical.prices import PriceList, PricePage
from connectors.canonical.products import Product
from connectors.canonical.returns import Return
from connectors.canonical.stock import StockLevel, StockUpdate
from connectors.centra import checks, documents, events, translate, translate_returns, webhooks
from connectors.centra.account import SETTINGS, limits, text_setting, warehouse_setting, webhook_secrets, whole_setting
from connectors.centra.catalogue import Catalogue
from connectors.centra.client import CentraClient, tenant_url
from connectors.centra.dispatching import Dispatching
from connectors.centra.documents import LIST_ROWS
from connectors.centra.orders import Orders, whole_id
from connectors.centra.paging import Position
from connectors.centra.reading import read_moment
from connectors.centra.returning import Returning
from connectors.centra.sold import SOLD_SETTINGS, Sold
from connectors.centra.stock_writing import COSTS, LINES_MAX, Shelf
from connectors.http import Limit
from connectors.pages import page_settings

SHIPMENT_ROWS = 50
EVENT_ROWS = 100
SKUS_A_CALL = 40


class CentraConnector(Connector):
    platform = "centra"
    label = "Centra"
    capabilities = {
        Capability.READ_ORDERS: True,
        Capability.COUNT_ORDERS: True,
        Capability.ACCEPT_ORDERS: False,
        Capability.REFUSE_LINES: False,
        Capability.CREATE_ORDERS: True,
        Capability.HOLD_ORDERS: True,
        Capability.CANCEL_ORDERS: True,
        Capability.CANCEL_SOLD_ORDERS: True,
        Capability.READ_DISPATCHES: True,
        Capability.CONFIRM_DISPATCHES: True,
        Capability.PARTIAL_DISPATCHES: True,
        Capability.READ_RETURNS: True,
        Capability.TAKE_RETURNS: False,
        Capability.READ_CREDIT_NOTES: False,
        Capability.SEND_REFUNDS: False,
        Capability.LIST_CARRIERS: False,
        Capability.LIST_REASONS: False,
        Capability.LIST_TAXES: False,
        Capability.READ_STOCK: True,
        Capability.READ_PRODUCTS: True,
        Capability.READ_PRICES: True,
        Capability.SEND_STOCK: True,
        Capability.SEND_PRICES: False,
        Capability.READ_OFFERS: True,
        Capability.READ_ATTRIBUTES: False,
        Capability.SEND_LISTINGS: False,
        Capability.EVENTS_QUEUE: True,
        Capability.WEBHOOKS: True,
    }
    capability_notes = {
        Capability.READ_ORDERS: "Confirmed and paid ones go on to who fulfils them; what counts as paid is a setting.",
        Capability.CREATE_ORDERS: "Through the Order API plugin, with Allow Order Create switched on.",
        Capability.CANCEL_SOLD_ORDERS: "While no payment is captured; only on a person's word, or where the link says so.",
        Capability.CANCEL_ORDERS: "A whole order only while no capture is recorded; lines while they are not shipped.",
        Capability.CONFIRM_DISPATCHES: "A shipment is made and completed for each parcel that another warehouse sends.",
        Capability.READ_RETURNS: "Changes of open returns come as events, with their refunds, or when the hub asks again.",
        Capability.TAKE_RETURNS: "People make returns there, since a return belongs to one of its shipments.",
        Capability.READ_CREDIT_NOTES: "A refund is told with its return; the books are elsewhere.",
        Capability.SEND_REFUNDS: "Its own payment service refunds; the hub passes refunds on to where an order was sold.",
        Capability.READ_STOCK: "Over the warehouses of the configured allocation rule, or those that are named.",
        Capability.READ_PRICES: "The variant's price, else the product's; what campaigns take off is not told by Centra.",
        Capability.SEND_STOCK: "Where another system owns the stock: into the one warehouse named on the connection.",
        Capability.SEND_PRICES: "Prices are owned there.",
        Capability.READ_OFFERS: "What is free in the warehouse that the hub writes; no prices, which are owned there.",
        Capability.READ_ATTRIBUTES: "It is no channel: its products are read instead.",
        Capability.SEND_LISTINGS: "It is where products come from.",
        Capability.LIST_TAXES: "It works tax out by its own rules; nothing has to be named.",
        Capability.LIST_CARRIERS: "Centra's carrier is free text, typed or set by the warehouse: it is mapped.",
        Capability.EVENTS_QUEUE: "Centra may have to switch the queue on; until then the hub polls.",
        Capability.WEBHOOKS: "A hint only: Centra drops a message after at most 3 retries.",
    }
    changes_addresses = True
    settings = (*SETTINGS, *SOLD_SETTINGS, *page_settings("order", "return"))

    @classmethod
    def limits(cls, account: Account) -> tuple[Limit, ...]:
        return limits(account)

    @classmethod
    def budget_key(cls, account: Account) -> str:
        return f"{cls.platform}:{tenant_url(account)}"

    @cached_property
    def client(self) -> CentraClient:
        return CentraClient(self.account, gate=self.gate)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.account.timezone)

    @cached_property
    def orders(self) -> Orders:
        return Orders(self.client, zone=self.zone)

    @cached_property
    def sold(self) -> Sold:
        return Sold(self.client, self.account, store=whole_setting(self.account, "store_id"))

    @cached_property
    def dispatching(self) -> Dispatching:
        return Dispatching(self.client, self.account)

    @cached_property
    def returning(self) -> Returning:
        return Returning(self.client, zone=self.zone, store=whole_setting(self.account, "store_id"))

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.client, zone=self.zone)

    @property
    def notices(self) -> tuple[str, ...]:
        """What Centra remarked on while it did what it was asked, since this connector was made."""
        return tuple(self.orders.notices)

    def check(self) -> CheckReport:
        return checks.check(self.account, gate=self.gate)

    # --- reading what was sold ------------------------------------------------------------------------------------
    def fetch_orders(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        return self.sold.page(since=updated_from, until=updated_until, token=token)

    def fetch_order(self, reference: str) -> Record | None:
        return self.sold.one(reference)

    def parse_order(self, payload: JSON) -> Order:
        return self.sold.parse(payload)

    def list_orders_placed(self, *, since: datetime, until: datetime, token: str | None = None) -> MarkPage:
        return self.sold.placed(since=since, until=until, token=token)

    def cancel_sold_order(self, order: Order, *, reason_code: str) -> str:
        """Centra takes no reason code. Refused once money was captured: then it is returned and refunded there."""
        self.orders.cancel(order.reference, comment="Cancelled where it is fulfilled.")
        return ""

    # --- creating an order sold elsewhere -------------------------------------------------------------------------
    def find_orders(self, reference: str) -> tuple[TargetOrder, ...]:
        return self.orders.find(reference)

    def read_order(self, external_id: str) -> TargetOrder | None:
        return self.orders.read(external_id)

    def send_order(self, order: Order, options: OrderOptions) -> str:
        chosen = replace(
            options,
            market=options.market or text_setting(self.account, "market"),
            price_list=options.price_list or text_setting(self.account, "price_list"),
        )
        return self.client.create_order(translate.build_order(order, chosen), reference=order.reference)

    def finish_order(self, existing: TargetOrder, order: Order, options: OrderOptions, *, confirm: bool) -> None:
        self.orders.finish(
            existing.external_id, reference=order.reference, hold_reason=options.hold_reason, confirm=confirm
        )

    def hold_order(self, external_id: str, *, reason: str) -> None:
        self.orders.hold(external_id, reason=reason)

    def release_order(self, external_id: str, *, reason: str) -> None:
        self.orders.release(external_id, reason=reason)

    def cancel_order(self, existing: TargetOrder, *, comment: str) -> None:
        self.orders.cancel(existing.external_id, comment=comment)

    def cancel_lines(self, existing: TargetOrder, *, quantities: Mapping[str, int], comment: str) -> None:
        self.orders.cancel_lines(existing.external_id, quantities=quantities, comment=comment)

    def read_destination(self, external_id: str) -> Destination:
        return self.orders.destination(external_id)

    def change_address(self, external_id: str, order: Order, *, email: str) -> None:
        self.orders.readdress(external_id, order, email=email)

    # --- dispatches -----------------------------------------------------------------------------------------------
    def fetch_dispatches(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """One page of shipments that have left, oldest change first."""
        store = whole_setting(self.account, "store_id")
        position = Position.from_token(token, since=updated_from)
        where = {
            "isShipped": True,
            "storeType": "DIRECT_TO_CONSUMER",
            **({} if store is None else {"storeId": [store]}),
            **position.where(until=updated_until),
        }
        asked = {"where": where, "limit": SHIPMENT_ROWS, "page": position.page}
        rows = self.client.execute(documents.READ_SHIPMENTS, asked).data["shipments"]
        return self._page(map(self._shipment, rows), rows, position, limit=SHIPMENT_ROWS)

    def fetch_dispatch(self, external_id: str) -> Record | None:
        """By id, or by number ("39790-1"); None while the shipment has not left."""
        key = {"number": [external_id]} if "-" in external_id else {"id": [whole_id(external_id, kind="shipment")]}
        where = {"isShipped": True, **key}
        rows = self.client.execute(documents.READ_SHIPMENTS, {"where": where, "limit": 1, "page": 1}).data["shipments"]
        return self._shipment(rows[0]) if rows else None

    def parse_dispatch(self, payload: JSON) -> Dispatch:
        return translate.parse_dispatch(payload, zone=self.zone)

    def send_dispatch(self, dispatch: Dispatch) -> str:
        return self.dispatching.send(dispatch)

    def find_dispatch(self, dispatch: Dispatch) -> str | None:
        return self.dispatching.find(dispatch)

    def dispatch_remarks(self, dispatch: Dispatch) -> tuple[DispatchRemark, ...]:
        return self.dispatching.remarks(dispatch)

    # --- returns --------------------------------------------------------------------------------------------------
    returns_by_creation = True

    def fetch_returns(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """Returns created, and refunds made, in the window; a return that only changed its status is in neither."""
        return self.returning.page(since=updated_from, until=updated_until, token=token)

    def fetch_return(self, external_id: str) -> Record | None:
        return self.returning.one(external_id)

    def parse_return(self, payload: JSON) -> Return:
        return translate_returns.parse_return(payload, zone=self.zone)

    # --- stock and products ---------------------------------------------------------------------------------------
    def fetch_stock(self, skus: Sequence[str]) -> tuple[StockLevel, ...]:
        wanted = [sku for sku in dict.fromkeys(skus) if sku]
        if not wanted:
            return ()
        warehouses = self._warehouses()
        chunks = (wanted[start : start + SKUS_A_CALL] for start in range(0, len(wanted), SKUS_A_CALL))
        return tuple(level for chunk in chunks for level in self._levels(chunk, warehouses))

    def fetch_touched_skus(self, kind: str, external_ids: Sequence[str]) -> tuple[str, ...]:
        """Orders by their number, shipments and returns by their id. One call; those that are gone name nothing."""
        ids = [int(one) for one in dict.fromkeys(external_ids) if one.isdecimal()][:LIST_ROWS]
        if not ids or kind not in documents.TOUCHING:
            return ()
        document = documents.touched_by(kind, len(ids))
        return translate.touched_skus(self.client.execute(document, {"ids": ids, "limit": len(ids)}).data["found"])

    def _levels(self, skus: Sequence[str], warehouses: Sequence[int]) -> Iterator[StockLevel]:
        as_of = ports.now()  # Centra does not say when it counted: no later than we asked
        variables: dict[str, JSON] = {f"s{index}": sku for index, sku in enumerate(skus)}
        variables |= {"warehouses": list(warehouses), "rows": min(len(warehouses), LIST_ROWS)}
        data = self.client.execute(documents.stock_of(len(skus)), variables).data
        for index, sku in enumerate(skus):
            level = translate.parse_stock(sku, data[f"s{index}"], as_of=as_of)
            if level is not None:
                yield level

    def _warehouses(self) -> tuple[int, ...]:
        chosen = warehouse_setting(self.account)
        rule = whole_setting(self.account, "allocation_rule_id")
        if not chosen and rule is not None:
            chosen = translate.warehouses_of(self.client.read_warehouses(), rule=rule)
        if not chosen:
            words = (
                "No warehouse is configured for reading Centra's stock, or the allocation rule has no active one. "
                "Set the allocation rule or the warehouses on the connection."
            )
            raise ConfigurationError(words, operation=Capability.READ_STOCK, code="no_warehouses")
        return chosen

    def fetch_products(
        self, *, updated_from: datetime | None = None, token: str | None = None, content: bool = True
    ) -> Page:
        """Every size, switched off ones included, oldest change first; with `updated_from` what changed since.

        A change of the variant, the product or a display counts too; then a size may come more than once.
        """
        return self.catalogue.page(token=token, updated_from=updated_from, content=content)

    def find_products(self, skus: Sequence[str]) -> tuple[Product, ...]:
        """Sizes whose SKU is exactly this: Centra's search takes upper case for lower."""
        wanted = [sku for sku in dict.fromkeys(skus) if sku]
        found: list[Product] = []
        for start in range(0, len(wanted), SKUS_A_CALL):
            chunk = wanted[start : start + SKUS_A_CALL]
            asked = {f"s{index}": sku for index, sku in enumerate(chunk)}
            data = self.client.execute(documents.sizes_of(len(chunk)), asked).data
            rows = (row for index, sku in enumerate(chunk) for row in data[f"s{index}"] if row.get("SKU") == sku)
            found += map(translate.parse_product, rows)
        return tuple(found)

    def parse_product(self, payload: JSON) -> Product:
        return translate.parse_product(payload)

    # --- stock that another system owns ---------------------------------------------------------------------------
    stock_lines_max = LINES_MAX
    stock_costs = COSTS

    @cached_property
    def shelf(self) -> Shelf:
        return Shelf(self.client, zone=self.zone, warehouse=whole_setting(self.account, "stock_warehouse_id"))

    @property
    def stock_written_in(self) -> str:
        number = whole_setting(self.account, "stock_warehouse_id")
        return f"warehouse {number}" if number else ""

    def send_stock(self, updates: Sequence[StockUpdate]) -> Delivery:
        return self.shelf.send(updates)

    def fetch_offers(self, *, token: str | None = None) -> OfferPage:
        return self.shelf.page(token=token)

    def fetch_offers_of(self, skus: Sequence[str]) -> tuple[Offer, ...]:
        return self.shelf.offers_of(skus)

    # --- prices ---------------------------------------------------------------------------------------------------
    def fetch_prices(self, price_lists: Sequence[str], *, token: str | None = None) -> PricePage:
        """The prices of one page of sizes. Sizes are paged without a gap; a page's prices are asked for by its products.

        Prices have no time of change, and their page numbers shift while somebody adds one; so they are never paged.
        """
        lists = self._price_lists(tuple(dict.fromkeys(price_lists)))
        if not lists:
            return PricePage(lists=(), prices=(), next_token=None)
        position, as_of = Position.from_token(token), ports.now()
        asked = {"where": {"isActive": True, **position.where()}, "limit": LIST_ROWS, "page": position.page}
        sizes = self.client.execute(documents.READ_PRICED_SIZES, asked).data["productSizes"]
        rows = self._prices_of(translate.product_ids(sizes), lists)
        following = position.after(sizes, limit=LIST_ROWS, zone=self.zone)
        return PricePage(
            lists=lists,
            prices=translate.parse_prices(sizes, rows, lists=lists, as_of=as_of),
            next_token=None if following is None else following.token(),
        )

    def _price_lists(self, codes: Sequence[str]) -> tuple[PriceList, ...]:
        rows = self.client.execute(documents.READ_PRICELISTS, {}).data["pricelists"]
        return translate.parse_price_lists(rows, codes=codes)

    def _prices_of(self, products: Sequence[int], lists: Sequence[PriceList]) -> list[JSON]:
        """Every price of these products in the lists. A full page may be cut off: then each half is asked for."""
        if not products:
            return []
        where = {"pricelistId": [int(one.external_id) for one in lists], "productId": list(products)}
        rows: list[JSON] = self.client.execute(documents.READ_PRICES, {"where": where, "limit": LIST_ROWS}).data[
            "prices"
        ]
        if len(rows) < LIST_ROWS:
            return rows
        if len(products) > 1:
            half = len(products) // 2
            return [*self._prices_of(products[:half], lists), *self._prices_of(products[half:], lists)]
        if len(lists) > 1:
            return [row for one in lists for row in self._prices_of(products, [one])]
        words = f"Centra has {LIST_ROWS} prices or more for one product in the price list {lists[0].name}: too many to read."
        raise PermanentError(words, subject=str(products[0]), code="too_many_prices")

    def _page(self, records: Iterable[Record], rows: Sequence[JSON], position: Position, *, limit: int) -> Page:
        following = position.after(rows, limit=limit, zone=self.zone)
        return Page(records=tuple(records), next_token=None if following is None else following.token())

    def _shipment(self, row: JSON) -> Record:
        return replace(self._record("shipment", row), order_external_id=str(row["order"]["number"]))

    def _record(self, kind: str, row: JSON) -> Record:
        updated_at = read_moment(row.get("updatedAt"), zone=self.zone)
        return Record(kind=kind, external_id=str(row["id"]), payload=row, updated_at=updated_at)

    # --- being told -----------------------------------------------------------------------------------------------
    def fetch_events(self) -> tuple[Event, ...]:
        data = self.client.execute(documents.READ_EVENTS, {"limit": EVENT_ROWS}).data
        if missing := events.missing_listeners(data["eventListeners"]):
            raise NotListeningError(f"Centra's queue does not collect {events.listed(missing)}.")
        return events.parse_events(data["events"], zone=self.zone)

    def listen(self) -> None:
        listeners = [listener.as_input() for listener in events.LISTENERS]
        answer = self.client.execute(documents.SET_LISTENERS, {"listeners": listeners})
        missing = events.missing_listeners((answer.data["listen"] or {}).get("eventListeners"))
        if answer.refusals or missing:
            words = (
                f"Centra's event queue does not collect {events.listed(missing or events.LISTENERS)}. Ask Centra to switch "
                "the queue on for this token's integration; the hub goes on by polling."
            )
            theirs = answer.refused("listen") or answer.warned()
            raise ConfigurationError(words, operation="events", platform_words=theirs, code="listeners")

    def confirm_events(self, event_ids: Sequence[str]) -> None:
        ids = events.confirmed_ids(event_ids)
        for start in range(0, len(ids), LIST_ROWS):
            self._confirm(ids[start : start + LIST_ROWS])

    def _confirm(self, ids: Sequence[int]) -> None:
        answer = self.client.execute(documents.CONFIRM_EVENTS, {"ids": list(ids)})
        if not answer.refusals:
            return
        # Benign when an earlier try confirmed them and its answer was lost: then none of them is in the queue any more.
        queue = self.client.execute(documents.READ_EVENTS, {"limit": LIST_ROWS}).data["events"]
        left = sorted({row["id"] for row in queue} & set(ids))
        if left:
            words = (
                f"Centra did not confirm {len(left)} events, the first is {left[0]}: its queue stands still meanwhile."
            )
            theirs = answer.refused("done")
            raise PermanentError(words, subject=str(left[0]), platform_words=theirs, code="done_refused")

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        return webhooks.verify(headers, body, secrets=webhook_secrets(self.account), now=now)

    def parse_webhook(self, body: bytes) -> tuple[Event, ...]:
        return webhooks.events(body, zone=self.zone)
