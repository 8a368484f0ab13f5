"""Virtualstock as the hub sees it: retailers' orders to a supplier, where dispatches are confirmed and stock is told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from connectors import ports
from connectors.base import Account, Capability, CheckReport, Connector, Page, Record
from connectors.canonical.deliveries import Delivery, RefusedLine
from connectors.canonical.dispatches import Carrier, Dispatch
from connectors.canonical.errors import ConfigurationError, PermanentError
from connectors.canonical.listings import ChannelAttribute, ChannelCategory, ChannelValue, ListingUpdate
from connectors.canonical.offers import PriceUpdate
from connectors.canonical.options import LineDecision
from connectors.canonical.orders import Order
from connectors.canonical.payload import JSON
from connectors.canonical.returns import Return
from connectors.canonical.stock import StockUpdate
from connectors.http import Gate, Limit
from connectors.pages import page_settings
from connectors.virtualstock import catalogue, checks, client, datamodel, invoices, polling, returns, translate, writes
from connectors.virtualstock.batches import Batch
from connectors.virtualstock.client import VirtualstockClient
from connectors.virtualstock.invoices import Invoice
from connectors.virtualstock.polling import Place
from connectors.virtualstock.reading import rest_id
from connectors.virtualstock.settings import SETTINGS, manners, reading
from connectors.virtualstock.writes import Line

NO_DISCOUNTS = "Cost prices have no discounts: send the price to be paid."
LINES_AT_ONCE = 50  # products of one batch, a call for each


class VirtualstockConnector(Connector):
    platform = "virtualstock"
    label = "Virtualstock"
    capabilities: ClassVar[Mapping[Capability, bool]] = {
        Capability.READ_ORDERS: True,
        Capability.COUNT_ORDERS: False,
        Capability.ACCEPT_ORDERS: True,
        Capability.REFUSE_LINES: False,
        Capability.CREATE_ORDERS: False,
        Capability.HOLD_ORDERS: False,
        Capability.CANCEL_ORDERS: False,
        Capability.CANCEL_SOLD_ORDERS: True,
        Capability.READ_DISPATCHES: False,
        Capability.CONFIRM_DISPATCHES: True,
        Capability.PARTIAL_DISPATCHES: True,
        Capability.READ_RETURNS: True,
        Capability.TAKE_RETURNS: False,
        Capability.READ_CREDIT_NOTES: False,
        Capability.SEND_REFUNDS: False,
        Capability.LIST_CARRIERS: True,
        Capability.LIST_REASONS: False,
        Capability.LIST_TAXES: False,
        Capability.READ_STOCK: False,
        Capability.READ_PRODUCTS: False,
        Capability.READ_PRICES: False,
        Capability.SEND_STOCK: True,
        Capability.SEND_PRICES: True,
        Capability.READ_OFFERS: False,
        Capability.READ_ATTRIBUTES: True,
        Capability.SEND_LISTINGS: True,
        Capability.EVENTS_QUEUE: False,
        Capability.WEBHOOKS: False,
    }
    capability_notes: ClassVar[Mapping[Capability, str]] = {
        Capability.READ_ORDERS: "By status at every poll, ended orders once an hour: it cannot be asked what changed.",
        Capability.COUNT_ORDERS: "Orders cannot be listed by date; every poll lists all that are open instead.",
        Capability.ACCEPT_ORDERS: "By acknowledging them, with a dispatch date where the connection sets a lead time.",
        Capability.REFUSE_LINES: "Suppliers cannot refuse: lines go on back order with a reason, and the retailer cancels.",
        Capability.CREATE_ORDERS: "Orders are placed by retailers only.",
        Capability.HOLD_ORDERS: "An order waits in the hub instead.",
        Capability.CANCEL_ORDERS: "Nothing is fulfilled there.",
        Capability.CANCEL_SOLD_ORDERS: "A retailer's request is acknowledged; else a back order makes the retailer ask.",
        Capability.READ_DISPATCHES: "The hub sends dispatches here, and reads the lines back to see that they arrived.",
        Capability.PARTIAL_DISPATCHES: "Line by line; a part of one line only where the connection allows it.",
        Capability.READ_RETURNS: "What the retailer announces and the portal decides: suppliers decide nothing by API.",
        Capability.TAKE_RETURNS: "Returns are announced by retailers only.",
        Capability.READ_CREDIT_NOTES: "Money is given back outside of it.",
        Capability.LIST_TAXES: "Nobody creates orders there.",
        Capability.LIST_REASONS: "Suppliers give no reason codes; the reason of a back order is a setting.",
        Capability.SEND_REFUNDS: "Money is settled between retailer and supplier, outside of it.",
        Capability.READ_STOCK: "Stock is owned elsewhere and only published here.",
        Capability.READ_PRODUCTS: "Products are owned elsewhere.",
        Capability.READ_PRICES: "Prices are owned elsewhere.",
        Capability.SEND_STOCK: "One call for each SKU, so 50 at a time; there is no bulk call.",
        Capability.SEND_PRICES: "Cost prices only, into the field that the retailer names; discounts are not taken.",
        Capability.READ_OFFERS: "Stock can't be read back: the hub goes by what was taken last.",
        Capability.READ_ATTRIBUTES: "Categories only: each retailer has fields of its own, and the connection names them.",
        Capability.SEND_LISTINGS: "With the retailer's own names of categories and fields; it enriches and publishes.",
        Capability.EVENTS_QUEUE: "Orders are polled by status.",
        Capability.WEBHOOKS: "Only retailers get webhooks; suppliers poll.",
    }
    settings = (*SETTINGS, *page_settings("order", "return"))
    cancels_by_asking = True
    sells_at_cost = True

    def __init__(self, account: Account, *, gate: Gate) -> None:
        super().__init__(account, gate=gate)
        self.client = VirtualstockClient(account, gate=gate)
        self._zone = ZoneInfo(account.timezone)
        self._reading, self._manners = reading(account), manners(account)
        self._client_id = str(account.settings.get("client_id") or "")
        self._retailer_id = str(account.settings.get("retailer_id") or "")
        self._price_field = str(account.settings.get("price_field") or "")
        self._product_fields = str(account.settings.get("product_fields") or "")
        self._ids = catalogue.ProductIds(
            lambda offset: self.client.list_products(offset=offset),
            self.client.find_products,
            client_id=self._client_id,
        )

    # --- the connection -------------------------------------------------------------------------------------------
    @classmethod
    def limits(cls, account: Account) -> tuple[Limit, ...]:
        return client.limits(account)

    @classmethod
    def budget_key(cls, account: Account) -> str:
        """Whether the platform counts by user or by supplier is not documented: by user is the same for one login."""
        return f"{super().budget_key(account)}:{account.settings.get('username') or ''}"

    def check(self) -> CheckReport:
        """Retailers, orders, carriers, products: one reading of each. Nothing is written."""
        return CheckReport(findings=tuple(checks.run(self.client, self.account)))

    # --- reading what was sold ------------------------------------------------------------------------------------
    def fetch_orders(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """One page of all orders in which there is something to do, changed in the window or not.

        The platform takes no time: `polling` says what is listed instead. Every change of an open order is in the next
        poll; an order that ends is met within the hour. Empty lists are passed over within one call.
        """
        wanted = polling.statuses(updated_from, updated_until)
        horizon = updated_from - polling.LOOK_BACK
        place: Place | None = Place.decoded(token, wanted)
        while place is not None:
            answer = self.client.list_orders(status=place.status, offset=place.offset)
            found, total = answer["results"], answer.get("count")
            kept = [payload for payload in found if place.status in polling.OPEN or self._since(payload, horizon)]
            counted = total if isinstance(total, int) else None
            following = place.within(len(found), total=counted, all_old=bool(found) and not kept) or place.after(wanted)
            if found or following is None:  # a page of old orders alone is a page too: the place reached is kept
                records = tuple(map(self._record, kept))
                return Page(records=records, next_token=following.encoded() if following else None)
            place = following
        return Page(records=(), next_token=None)

    def fetch_order(self, reference: str) -> Record | None:
        payload = self._find_order(reference)
        return None if payload is None else self._record(payload)

    def parse_order(self, payload: JSON) -> Order:
        return translate.parse_order(payload, self._reading)

    # --- deciding on what was sold --------------------------------------------------------------------------------
    def decide_order(self, reference: str, decisions: Sequence[LineDecision]) -> None:
        """Acknowledge the lines accepted, put the others on back order: it cannot refuse them. A write for each kind.

        Repeatable: the order is read first, and lines that stand as decided are left out. Raises PermanentError, before
        anything is written, when a line was decided the other way.
        """
        payload = self._live(reference)
        lines = writes.read_lines(payload)
        wanted = {item.line_id: item.accepted for item in decisions}
        if unknown := sorted(set(wanted) - set(lines)):
            words = f"Order {reference} has no line {', '.join(unknown)} at the retailer. Read the order again."
            raise PermanentError(words, subject=reference, code="unknown_line")
        self._refuse_turning_round(reference, lines, wanted)
        new = [line for ref, line in lines.items() if ref in wanted and line.status in writes.UNDECIDED]
        accepted = [line for line in new if wanted[line.reference]]
        others = [line for line in new if not wanted[line.reference]]
        now, order_id = ports.now(), translate.order_id(payload)
        if accepted:
            items = writes.build_acknowledgement(accepted, self._manners, now=now)
            self._act(reference, order_id, "acknowledge", items)
        if others:
            self._act(reference, order_id, "backorder", writes.build_backorder(others, self._manners, now=now))

    def cancel_sold_order(self, order: Order, *, reason_code: str) -> str:
        """Stop what is left of the order as far as a supplier can; returns "". `reason_code` is not sent.

        CANCEL              the retailer asked: cancel_acknowledge
        ORDER, ORDER_ACK    backorder with the connection's reason, which makes the retailer ask for the cancellation
        BACKORDER           no write: the retailer was asked already

        Repeatable: the order is read first. Raises PermanentError when any of it has left.
        """
        payload = self._live(order.reference)
        lines = [
            line for ref, line in writes.read_lines(payload).items() if ref in {one.line_id for one in order.lines}
        ]
        order_id = translate.order_id(payload)
        if gone := [line.reference for line in lines if line.status in translate.SENT_STATES]:
            words = f"Order {order.reference} cannot be cancelled from here: line {', '.join(gone)} has left."
            raise PermanentError(f"{words} Agree on a return with the retailer.", subject=order.reference, code="left")
        if requested := [line.item() for line in lines if line.status == "CANCEL"]:
            self._act(order.reference, order_id, "cancel_acknowledge", requested)
        if open_lines := [line for line in lines if line.status in writes.STOPPABLE]:
            items = writes.build_backorder(open_lines, self._manners, now=ports.now())
            self._act(order.reference, order_id, "backorder", items)
        return ""

    # --- dispatches -----------------------------------------------------------------------------------------------
    def send_dispatch(self, dispatch: Dispatch) -> str:
        """Confirm the lines of one dispatch: one write, which has no number of its own, so "" is returned.

        Repeatable: the order is read first, and lines that are dispatched are left out.
        """
        writes.check_sendable(dispatch)
        reference = dispatch.order_reference
        if dispatch.carrier_name:
            words = f"Virtualstock takes listed carriers only, and {dispatch.carrier_name} is not one. Map the carrier."
            raise PermanentError(words, subject=dispatch.carrier_name, code="unlisted_carrier")
        payload = self._live(reference)
        lines = writes.read_lines(payload)
        if excess := writes.skus_in_excess(lines, dispatch):
            words = f"Order {reference} has fewer units of {', '.join(excess)} than were dispatched."
            raise PermanentError(words, subject=reference, code="wrong_quantity")
        if why := self._must_wait(lines, dispatch):
            raise PermanentError(f"Order {reference}: {why}", subject=reference, code="part_of_a_line")
        open_lines = [
            lines[ref] for ref in writes.units_sent(dispatch) if lines[ref].status not in translate.SENT_STATES
        ]
        if not open_lines:
            return ""
        try:
            items = writes.build_dispatch(open_lines, dispatch, self._manners)
            self._act(reference, translate.order_id(payload), "dispatch", items)
        except PermanentError:
            # What a repeated dispatch says is not documented: it is believed done only when the order shows it.
            if self.find_dispatch(dispatch) is None:
                raise
        return ""

    def find_dispatch(self, dispatch: Dispatch) -> str | None:
        """ "" when every line of it is dispatched: the order shows neither carrier nor tracking number."""
        payload = self._find_order(dispatch.order_reference)
        if payload is None:
            return None
        lines = writes.read_lines(payload)
        sent = [ref in lines and lines[ref].status in translate.SENT_STATES for ref in writes.units_sent(dispatch)]
        return "" if sent and all(sent) else None

    def can_send_dispatch_now(self, dispatch: Dispatch) -> str:
        if self._manners.partial_quantities or dispatch.is_last:
            return ""
        payload = self._find_order(dispatch.order_reference)
        return "" if payload is None else self._must_wait(writes.read_lines(payload), dispatch)

    def _must_wait(self, lines: Mapping[str, Line], dispatch: Dispatch) -> str:
        if self._manners.partial_quantities or dispatch.is_last or not writes.split_lines(lines, dispatch):
            return ""
        return "This retailer takes an order line only whole: it is confirmed when the last parcel has left."

    # --- returns --------------------------------------------------------------------------------------------------
    def fetch_returns(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """One page of the returns that wait for something, and once an hour of those that are decided.

        There is no filter by the time of a change: `polling` says what is listed instead, as with orders.
        """
        wanted = polling.statuses(updated_from, updated_until, open_ones=returns.OPEN, ended=returns.ENDED)
        horizon = updated_from - polling.LOOK_BACK
        place: Place | None = Place.decoded(token, wanted)
        while place is not None:
            answer = self.client.list_returns(status=place.status, offset=place.offset)
            found, total = answer["results"], answer.get("count")
            kept = [one for one in found if place.status in returns.OPEN or self._changed_since(one, horizon)]
            counted = total if isinstance(total, int) else None
            following = place.within(len(found), total=counted, all_old=bool(found) and not kept) or place.after(wanted)
            if found or following is None:
                records = tuple(self._return_record(payload) for payload in kept if self._is_ours(payload))
                return Page(records=records, next_token=following.encoded() if following else None)
            place = following
        return Page(records=(), next_token=None)

    def fetch_return(self, external_id: str) -> Record | None:
        """One return as it stands now. Nothing lists it by its own number: the lists are gone through, open ones first."""
        for status in (*returns.OPEN, *returns.ENDED):
            place: Place | None = Place(status=status)
            while place is not None:
                answer = self.client.list_returns(status=place.status, offset=place.offset)
                found, total = answer["results"], answer.get("count")
                for payload in found:
                    if returns.return_id(payload) == external_id:
                        return self._return_record(payload)
                counted = total if isinstance(total, int) else None
                place = place.within(len(found), total=counted, all_old=False)
        return None

    def parse_return(self, payload: JSON) -> Return:
        return returns.parse_return(payload, self._zone)

    # --- invoices -------------------------------------------------------------------------------------------------
    def send_invoice(self, invoice: Invoice) -> None:
        """Invoice the retailer for one order at cost prices, as the order stands now.

        NOT repeatable, and never found again: the platform shows no invoice. Once a call was lost, a refusal that says
        ORDER_ALREADY_INVOICED or DUPLICATED_INVOICE_NUMBER most likely speaks of ours: the portal tells. Raises
        DataError, before anything is written, naming all that would be refused.
        """
        body = invoices.build_invoice(self._live(invoice.reference), invoice)
        try:
            self.client.create_invoice(body)
        except PermanentError as error:
            raise _about(f"Invoice {invoice.number} for order {invoice.reference}", invoice.reference, error) from error

    # --- reference lists ------------------------------------------------------------------------------------------
    def fetch_carriers(self) -> tuple[Carrier, ...]:
        return translate.parse_carriers(self.client.list_carriers())

    # --- stock, prices and products: one call for each product ----------------------------------------------------
    # What does not fit into the minute's calls goes out with the next batch.
    stock_lines_max = LINES_AT_ONCE
    price_lines_max = LINES_AT_ONCE
    listing_lines_max = LINES_AT_ONCE

    def send_stock(self, updates: Sequence[StockUpdate]) -> Delivery:
        """Each SKU at every retailer of the connection that lists it. Nothing is read back: it does not come back."""
        quantities = {update.sku: update.quantity for update in updates}
        return self._each(quantities, lambda sku, number: self.client.set_stock(number, quantities[sku]), refused=[])

    def send_prices(self, updates: Sequence[PriceUpdate]) -> Delivery:
        field = self._price_field
        if not field:
            words = "The connection does not say which of the retailer's fields holds the cost price. Enter its name."
            raise ConfigurationError(words, operation=Capability.SEND_PRICES, code="price_field")
        refused = [RefusedLine(sku=one.sku, message=NO_DISCOUNTS, code="discount") for one in updates if one.discount]
        prices = {one.sku: catalogue.price_data(one.price, field) for one in updates if one.discount is None}
        return self._each(prices, lambda sku, number: self.client.change_product(number, prices[sku]), refused=refused)

    def send_listings(self, updates: Sequence[ListingUpdate]) -> Delivery:
        """Create what no retailer lists yet, change the rest. A product keeps the category that it was made with.

        What is not known is looked up just before it is made: what a second product of the same part number does is not
        documented. Raises DataError, before anything is written, when none can be made.
        """
        by_sku = {update.sku: update for update in updates}
        listed = self._ids.of(list(by_sku))
        new = self._new_products([update for sku, update in by_sku.items() if not listed[sku]])
        data = {sku: self._listing_data(update) for sku, update in by_sku.items()}

        def write(sku: str, number: str) -> None:
            found = (number,) if number else self._ids.look_again(sku)
            for one in found:
                self.client.change_product(one, data[sku])
            if not found:
                self.client.create_product(new[sku])
                self._ids.forget(sku)

        return self._each(data, write, refused=[], absent=new)

    # --- what a retailer wants to know ----------------------------------------------------------------------------
    def fetch_categories(self) -> tuple[ChannelCategory, ...]:
        found: list[JSON] = []
        while True:
            page = self.client.list_categories(offset=len(found))
            found += page["results"]
            total = page.get("count")
            if not page["results"] or not isinstance(total, int) or len(found) >= total:
                return datamodel.categories(found)

    def fetch_attributes(self, category: str) -> tuple[ChannelAttribute, ...]:
        """No call: the same of every category, as the connection names them. See `datamodel`."""
        return datamodel.attributes(self._product_fields, price_field=self._price_field)

    def fetch_values(self, list_code: str) -> tuple[ChannelValue, ...]:
        return datamodel.values(list_code)

    def _listing_data(self, update: ListingUpdate) -> dict[str, str]:
        return datamodel.without_stock_and_price(catalogue.listing_data(update), price_field=self._price_field)

    def _new_products(self, updates: Sequence[ListingUpdate]) -> dict[str, Mapping[str, JSON]]:
        """SKU → the body of its product."""
        if not updates:
            return {}
        base_url, client_id = self.account.base_url, self._client_id
        supplier = str(self.account.settings.get("product_supplier_id") or "") or self._own_number()
        return {
            update.sku: catalogue.new_product(update, base_url=base_url, client_id=client_id, supplier_id=supplier)
            for update in updates
        }

    def _own_number(self) -> str:
        """The only supplier that the user sees, by the product API's number."""
        found = self.client.list_product_suppliers()
        return rest_id(found[0].get("url")) if len(found) == 1 and isinstance(found[0], dict) else ""

    def _each(
        self,
        skus: Mapping[str, object],
        write: Callable[[str, str], None],
        *,
        refused: list[RefusedLine],
        absent: Collection[str] = (),
    ) -> Delivery:
        """Write every SKU to all of its products; one that is refused or lost leaves the others alone."""
        return Batch(self._ids, write, refused=refused, absent=absent).run(list(skus))

    # --- orders, one at a time ------------------------------------------------------------------------------------
    def _find_order(self, reference: str) -> JSON | None:
        """The filter is not believed: only the very reference counts. Raises PermanentError when two retailers use it."""
        found = {
            translate.order_id(payload): payload
            for payload in self.client.find_orders(reference)
            if translate.order_reference(payload) == reference
        }
        if len(found) > 1:
            words = f"Two retailers have an order {reference}. Make a connection for each, with its retailer number."
            raise PermanentError(words, subject=reference, code="ambiguous_reference")
        return next(iter(found.values()), None)

    def _live(self, reference: str) -> JSON:
        payload = self._find_order(reference)
        if payload is None:
            words = f"Virtualstock does not know order {reference}, or it belongs to another retailer."
            raise PermanentError(words, subject=reference, code="ORDER_NOT_FOUND")
        if not translate.order_id(payload):
            words = f"Virtualstock names order {reference} without its own number, so nothing can be done on it."
            raise PermanentError(words, subject=reference, code="no_order_id")
        return payload

    def _act(self, reference: str, order_id: str, action: str, items: Sequence[writes.Item]) -> None:
        try:
            self.client.act(order_id, action, items)
        except PermanentError as error:
            raise _about(f"Order {reference}", reference, error) from error

    def _refuse_turning_round(self, reference: str, lines: Mapping[str, Line], wanted: Mapping[str, bool]) -> None:
        for ref, accepted in wanted.items():
            status = lines[ref].status
            fits = {"ORDER"} | ({"BACKORDER"} if not accepted else translate.ACCEPTED_STATES - {"BACKORDER"})
            if status not in fits:
                words = f"Order {reference} could not be decided: line {ref} is {status} at the retailer already."
                raise PermanentError(words, subject=reference, code="wrong_state")

    def _record(self, payload: JSON) -> Record:
        """A broken one is kept like any other: parse_order says what is wrong with it."""
        placed_at = translate.placed_at(payload, self._zone)
        return Record(
            kind="order", external_id=translate.order_reference(payload), payload=payload, updated_at=placed_at
        )

    def _since(self, payload: JSON, horizon: datetime) -> bool:
        placed_at = translate.placed_at(payload, self._zone)
        return placed_at is None or placed_at >= horizon

    def _return_record(self, payload: JSON) -> Record:
        return Record(
            kind="return",
            external_id=returns.return_id(payload),
            payload=payload,
            updated_at=returns.changed_at(payload, self._zone),
            order_external_id=returns.order_of(payload),
        )

    def _changed_since(self, payload: JSON, horizon: datetime) -> bool:
        changed_at = returns.changed_at(payload, self._zone)
        return changed_at is None or changed_at >= horizon

    def _is_ours(self, payload: JSON) -> bool:
        """Returns cannot be asked for by retailer: those of another connection's are passed over."""
        order = payload.get("order") if isinstance(payload, dict) else None
        retailer = rest_id(order.get("retailer")) if isinstance(order, dict) else ""
        return not self._retailer_id or retailer in ("", self._retailer_id)


def _about(what: str, subject: str, error: PermanentError) -> PermanentError:
    """The refusal with what it is about."""
    words = f"{what}: {error.message}"
    return PermanentError(words, subject=subject, platform_words=error.platform_words, code=error.code)
