"""Marketplacer as the hub sees it: where orders are sold, their dispatches confirmed, and stock and prices shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from connectors.base import Account, Capability, CheckReport, Connector, Page, Record, Setting
from connectors.canonical.counts import MarkPage
from connectors.canonical.deliveries import Delivery
from connectors.canonical.dispatches import Carrier, Dispatch
from connectors.canonical.errors import PermanentError, UnknownOutcomeError
from connectors.canonical.events import Event
from connectors.canonical.listings import ChannelAttribute, ChannelCategory, ChannelValue, ListingUpdate
from connectors.canonical.offers import OfferPage, PriceUpdate
from connectors.canonical.orders import Order
from connectors.canonical.payload import JSON
from connectors.canonical.refunds import Refund, RefundStanding
from connectors.canonical.returns import Return
from connectors.canonical.stock import StockUpdate
from connectors.http import Gate, Limit
from connectors.marketplacer import account as entered
from connectors.marketplacer import checks, dispatching, documents, refunding, returns, translate, webhooks
from connectors.marketplacer.catalogue import Catalogue
from connectors.marketplacer.client import MarketplacerClient, next_cursor, rows_of
from connectors.marketplacer.documents import PAGE_ROWS, Document
from connectors.marketplacer.paging import Place
from connectors.marketplacer.refusals import payload_refusal, refused
from connectors.pages import page_settings

MAYBE_DONE = frozenset({"wrong_quantity"})  # a repeated full shipment: believed only after a fresh reading shows it
MAX_NUMBER = 2**31 - 1  # legacyId is a GraphQL Int
BATCH_LINES = 25  # aliased mutations in one document: the vendor asks for small batches, without a figure


class MarketplacerConnector(Connector):
    platform = "marketplacer"
    label = "Marketplacer"
    capabilities: ClassVar[Mapping[Capability, bool]] = {
        Capability.READ_ORDERS: True,
        Capability.COUNT_ORDERS: True,
        Capability.ACCEPT_ORDERS: False,
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
        Capability.SEND_REFUNDS: True,
        Capability.LIST_CARRIERS: True,
        Capability.LIST_REASONS: False,
        Capability.LIST_TAXES: False,
        Capability.READ_STOCK: False,
        Capability.READ_PRODUCTS: False,
        Capability.READ_PRICES: False,
        Capability.SEND_STOCK: True,
        Capability.SEND_PRICES: True,
        Capability.READ_OFFERS: True,
        Capability.READ_ATTRIBUTES: True,
        Capability.SEND_LISTINGS: True,
        Capability.EVENTS_QUEUE: False,
        Capability.WEBHOOKS: True,
    }
    returns_by_creation = True  # and by their refund: what becomes of open ones shows only when they are asked for
    webhook_refused_status = 503  # any 4xx but 429: "state Failed at once, no retry, and the webhook is disabled"
    capability_notes: ClassVar[Mapping[Capability, str]] = {
        Capability.READ_ORDERS: "An order is an invoice: the seller's part of what a customer bought.",
        Capability.COUNT_ORDERS: "By the time of their creation.",
        Capability.ACCEPT_ORDERS: "There is no acceptance step: a paid order is to be shipped. An annotation can say “received”.",
        Capability.REFUSE_LINES: "A line that cannot be shipped is cancelled by a refund request instead.",
        Capability.CREATE_ORDERS: "Orders are placed by the marketplace's customers only.",
        Capability.HOLD_ORDERS: "An order waits in the hub instead; an annotation can say “on back order”.",
        Capability.CANCEL_ORDERS: "Nothing is fulfilled there.",
        Capability.CANCEL_SOLD_ORDERS: "By a refund request; the last step, the refund itself, is the operator's.",
        Capability.READ_DISPATCHES: "The hub sends dispatches here, and reads them back to see that they arrived.",
        Capability.CONFIRM_DISPATCHES: "A tracking number and a listed carrier are mandatory.",
        Capability.READ_RETURNS: "Refund requests after dispatch. The last step, the refund itself, is the operator's.",
        Capability.SEND_REFUNDS: "Asked for by whole units; the last step, the refund itself, is the operator's.",
        Capability.LIST_REASONS: "Reasons are free text: what the mapping or the link names is sent as it stands.",
        Capability.LIST_TAXES: "Nobody creates orders there.",
        Capability.READ_STOCK: "Stock is owned elsewhere and only published here.",
        Capability.READ_PRODUCTS: "Products are owned elsewhere. Sellers cannot attach their own ids to what exists: SKUs join.",
        Capability.READ_PRICES: "Prices are owned elsewhere and only published here.",
        Capability.SEND_STOCK: "One change for each SKU, up to 25 in one call: there is no bulk change of stock.",
        Capability.SEND_PRICES: "Like stock. A discount is a sale price without dates.",
        Capability.SEND_LISTINGS: "What the operator must review goes on sale after that. Pictures taken away may stay.",
        Capability.EVENTS_QUEUE: "Orders are polled by the time of their last change; webhooks tell of some sooner.",
        Capability.WEBHOOKS: "Known by a secret header, and by a signature where the operator set a key.",
    }
    settings: ClassVar[Sequence[Setting]] = (*entered.SETTINGS, *page_settings("order", "return"))

    def __init__(self, account: Account, *, gate: Gate) -> None:
        super().__init__(account, gate=gate)
        self.client = MarketplacerClient(account, gate=gate)
        self.catalogue = Catalogue(self.client, account)

    @property
    def currency(self) -> str:
        return entered.currency_of(self.account)

    # --- the connection -------------------------------------------------------------------------------------------
    @classmethod
    def limits(cls, account: Account) -> tuple[Limit, ...]:
        return entered.limits(account)

    def check(self) -> CheckReport:
        return checks.check(self.account, gate=self.gate)

    def why_not_live(self) -> tuple[str, ...]:
        """An amount that the instance shows nowhere: no order of it could be read."""
        return checks.why_not_live(self.client)

    # --- reading what was sold ------------------------------------------------------------------------------------
    def fetch_orders(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """One page of invoices by the time of their last change, in the order of their creation; see `paging`."""
        window = {"updatedSince": updated_from.isoformat(), "updatedUntil": updated_until.isoformat()}
        rows, following, total = self._invoices(window, token)
        records = tuple(map(self._record, rows))
        return Page(records=records, next_token=following, total=total)

    def fetch_order(self, reference: str) -> Record | None:
        """By its number, or by its global id. Its refund requests are read with it, by the documented road."""
        payload = self._read(reference)
        return None if payload is None else _record(payload)

    def parse_order(self, payload: JSON) -> Order:
        return translate.parse_order(payload, currency=self.currency)

    def list_orders_placed(self, *, since: datetime, until: datetime, token: str | None = None) -> MarkPage:
        """By creation date, which never changes."""
        window = {"createdSince": since.isoformat(), "createdUntil": until.isoformat()}
        rows, following, _ = self._invoices(window, token)
        marks = (translate.mark_order(row, currency=self.currency) for row in rows)
        return MarkPage(marks=tuple(mark for mark in marks if mark is not None), next_token=following)

    # --- cancelling what was sold ---------------------------------------------------------------------------------
    def cancel_sold_order(self, order: Order, *, reason_code: str) -> str:
        """Ask for a refund of all that is left of the order's open lines, and settle the seller's part of it.

        Reads what is left first, so a repeat asks for nothing twice; it takes up a request that a former try left
        half-settled. Returns the refund requests' ids, joined by commas. The money is the operator's to give back.
        Raises PermanentError when everything has left.
        """
        payload = self._live(order.reference)
        left = dispatching.left_to_cancel(payload, order)
        if left:
            body = dispatching.build_cancellation(payload["id"], left, reason=reason_code)
            self._write(documents.CREATE_REFUND_REQUEST, body, "refundRequest", reference=order.reference)
            payload = self._live(order.reference)
        found = dispatching.cancellations(payload)
        if not found:
            words = (
                f"Order {order.reference} cannot be cancelled from here: it has left. Look at it at the marketplace."
            )
            raise PermanentError(words, subject=order.reference, code="cancel_shipped")
        for request in found:
            if request.waits:
                self._settle(request, reference=order.reference)
        return ",".join(request.request_id for request in found)

    def _settle(self, request: dispatching.Cancellation, *, reference: str) -> None:
        if entered.settles_by_line(self.account):
            if request.undecided:
                self.decide_refund_lines(request.undecided, accepted=True, reference=reference)
            return
        body = dispatching.build_return(request.request_id, note="Confirmed by the seller: not dispatched")
        self._write(documents.RETURN_REFUND_REQUEST, body, "refundRequest", reference=reference)

    # --- returns, as far as a seller may --------------------------------------------------------------------------
    def fetch_returns(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """One page of the refund requests whose goods come back; some come twice, see `returns.Turn`."""
        turn = returns.Turn.decoded(token)
        filters = turn.filters(since=updated_from, until=updated_until)
        variables = {"first": PAGE_ROWS, "after": turn.after or None, "filters": filters}
        page = self.client.page(documents.LIST_REFUND_REQUESTS, "refundRequests", variables)
        following = turn.following(next_cursor(page))
        records = tuple(returns.as_record(row) for row in rows_of(page) if returns.is_return(row))
        return Page(records=records, next_token=following.encoded() if following else None)

    def fetch_return(self, external_id: str) -> Record | None:
        node = self.client.execute(documents.READ_REFUND_REQUEST, {"id": external_id}).get("node")
        return returns.as_record(node) if isinstance(node, dict) and returns.is_return(node) else None

    def parse_return(self, payload: JSON) -> Return:
        return returns.parse_return(payload, currency=self.currency)

    def confirm_return(self, request_id: str, *, note: str) -> None:
        """Mark a refund request's goods as arrived. Found again by the request's status RETURNED."""
        body = dispatching.build_return(request_id, note=note)
        self._write(documents.RETURN_REFUND_REQUEST, body, "refundRequest", reference=request_id)

    def decide_refund_lines(
        self, line_ids: Sequence[str], *, accepted: bool, reason: str = "", reference: str = ""
    ) -> None:
        """Accept or deny lines of a refund request (advanced flow). Found again by the lines' own status."""
        document = documents.decide_refund_lines(len(line_ids), accepted=accepted)
        parts = self.client.execute_parts(
            document, dispatching.build_decisions(line_ids, accepted=accepted, reason=reason)
        )
        for alias in (f"v{index}" for index in range(len(line_ids))):
            payload = parts.data.get(alias)
            text = parts.errors.get(alias) or (payload_refusal(payload) if isinstance(payload, dict) else "")
            if text:
                raise _about(reference or line_ids[0], refused(document.operation, text=self.client.words(text)))
            if not isinstance(payload, dict):
                raise _no_verdict(document, reference or line_ids[0])

    # --- refunds --------------------------------------------------------------------------------------------------
    def read_refunds(self, reference: str, payload: JSON | None = None) -> RefundStanding:
        """The invoice, and its refund requests of dispatched goods. Two calls."""
        invoice = self._live(reference) if payload is None else payload
        filters = {"invoiceLegacyId": int(translate.reference_of(invoice))}
        rows = self.client.nodes(
            documents.LIST_REFUND_REQUESTS, "refundRequests", {"first": PAGE_ROWS, "filters": filters}
        )
        made = [self.parse_return(row) for row in rows if returns.is_return(row)]
        mine = [one for one in made if one.order_external_id == reference]  # a misread filter lets others through
        return refunding.read_standing(invoice, self.parse_order(invoice), mine)

    def send_refund(self, refund: Refund) -> str:
        """A refund request, one write after one reading. Repeated, it asks again as long as units are left."""
        invoice = self._live(refund.order_reference)
        body = refunding.build_request(invoice["id"], self.parse_order(invoice), refund)
        return self._write(documents.CREATE_REFUND_REQUEST, body, "refundRequest", reference=refund.order_reference)

    def finish_refund(self, external_id: str) -> None:
        """Say that the goods are back: what is left is the operator's."""
        record = self.fetch_return(external_id)
        if record is None or not refunding.waits(record.payload):
            return
        if not entered.settles_by_line(self.account):
            self.confirm_return(external_id, note="Received by the seller")
        elif lines := refunding.undecided_lines(record.payload):
            self.decide_refund_lines(lines, accepted=True, reference=record.order_external_id)

    # --- annotations ----------------------------------------------------------------------------------------------
    @property
    def notes_orders(self) -> bool:
        """Sellers cannot attach an external id to an invoice: an annotation stands in for it."""
        return bool(entered.annotation_type(self.account))

    def note_order(self, reference: str, *, number: str) -> str:
        kind = entered.annotation_type(self.account)
        return self.annotate_order(reference, annotation_type=kind, content=_note_of(number))

    def find_order_note(self, reference: str, *, number: str) -> str | None:
        """By its very words, on the invoice itself."""
        if not (reference.isascii() and reference.isdigit()) or int(reference) > MAX_NUMBER:
            return None
        page = self.client.page(documents.READ_ANNOTATIONS, "invoices", {"number": int(reference)})
        rows = (row for row in rows_of(page) if translate.reference_of(row) == reference)
        notes = (note for row in rows for note in row.get("annotations") or ())
        return next((str(note["id"]) for note in notes if note.get("content") == _note_of(number)), None)

    def annotate_order(self, reference: str, *, annotation_type: str, content: str) -> str:
        """Tell the operator "received" or "on back order" by an annotation of the type so named. NOT repeatable."""
        rows = self.client.nodes(documents.LIST_ANNOTATION_TYPES, "invoiceAnnotationTypes", {})
        allowed = {row["name"]: row["id"] for row in rows if row.get("creatableBySeller") is not False}
        if annotation_type not in allowed:
            words = (
                f"The marketplace lets sellers make no annotation “{annotation_type}”. Ask the operator for its types."
            )
            raise PermanentError(words, subject=reference, code="no_annotation_type")
        body = {
            "invoiceId": self._live(reference)["id"],
            "invoiceAnnotationTypeId": allowed[annotation_type],
            "attributes": {"content": content, "resolved": False},
        }
        return self._write(documents.CREATE_ANNOTATION, body, "invoiceAnnotation", reference=reference)

    # --- dispatches -----------------------------------------------------------------------------------------------
    def send_dispatch(self, dispatch: Dispatch) -> str:
        """Confirm one dispatch: reads the invoice, then ONE write, or none when the shipment is there. Returns its id.

        A repeated part of an order would succeed as long as units remain: the look comes first, every time.
        """
        dispatching.check_sendable(dispatch)
        reference = dispatch.order_reference
        if not dispatch.carrier:
            words = (
                f"Order {reference}: this marketplace takes listed carriers only, and {dispatch.carrier_name} is not one. "
                "Map the carrier to one of its own."
            )
            raise PermanentError(words, subject=dispatch.carrier_name, code="unlisted_carrier")
        payload = self._live(reference)
        existing = dispatching.find_shipment(dispatching.read_shipments(payload), dispatch)
        if existing is not None:
            return existing.shipment_id
        if excess := dispatching.units_in_excess(payload, dispatch):
            words = f"Order {reference} has fewer units of {', '.join(excess)} left to ship than were dispatched."
            raise PermanentError(words, subject=reference, code="wrong_quantity")
        return self._create_shipment(dispatch, payload)

    def _create_shipment(self, dispatch: Dispatch, payload: JSON) -> str:
        zone = ZoneInfo(self.account.timezone)
        body = dispatching.build_shipment(dispatch, invoice_id=payload["id"], zone=zone)
        try:
            return self._write(documents.CREATE_SHIPMENT, body, "shipment", reference=dispatch.order_reference)
        except PermanentError as error:
            found = self.find_dispatch(dispatch) if error.code in MAYBE_DONE else None
            if found is None:
                raise
            return found

    def find_dispatch(self, dispatch: Dispatch) -> str | None:
        payload = self._read(dispatch.order_reference)
        if payload is None:
            return None
        found = dispatching.find_shipment(dispatching.read_shipments(payload), dispatch)
        return found.shipment_id if found is not None else None

    # --- reference lists ------------------------------------------------------------------------------------------
    def fetch_carriers(self) -> tuple[Carrier, ...]:
        """What the operator configured: there is no list that holds for all marketplaces."""
        rows = self.client.nodes(documents.LIST_CARRIERS, "shipmentCarriers", {})
        return tuple(Carrier(code=row["id"], label=row["name"], needs_tracking_number=True) for row in rows)

    # --- stock, prices and products -------------------------------------------------------------------------------
    stock_lines_max = BATCH_LINES
    price_lines_max = BATCH_LINES
    listing_lines_max = BATCH_LINES

    def send_stock(self, updates: Sequence[StockUpdate]) -> Delivery:
        """Absolute quantities: after an unknown outcome, sending again is safe."""
        return self.catalogue.send_stock(updates)

    def send_prices(self, updates: Sequence[PriceUpdate]) -> Delivery:
        """Absolute prices: after an unknown outcome, sending again is safe."""
        return self.catalogue.send_prices(updates)

    def fetch_offers(self, *, token: str | None = None) -> OfferPage:
        return self.catalogue.fetch_offers(token=token)

    def fetch_categories(self) -> tuple[ChannelCategory, ...]:
        return self.catalogue.fetch_categories()

    def fetch_attributes(self, category: str) -> tuple[ChannelAttribute, ...]:
        return self.catalogue.fetch_attributes(category)

    def fetch_values(self, list_code: str) -> tuple[ChannelValue, ...]:
        return self.catalogue.fetch_values(list_code)

    def send_listings(self, updates: Sequence[ListingUpdate]) -> Delivery:
        """Looks for each SKU first: without its id a product would be created a second time."""
        return self.catalogue.send_listings(updates)

    # --- being told -----------------------------------------------------------------------------------------------
    def verify_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        return webhooks.verify(
            headers,
            body,
            header=entered.webhook_header(self.account),
            secret=self.account.credentials.get("webhook_secret", ""),
            hmac_key=self.account.credentials.get("webhook_hmac_key", ""),
        )

    def parse_webhook(self, body: bytes) -> tuple[Event, ...]:
        return webhooks.events(body)

    def sequence_of(self, delivery_key: str) -> tuple[str, int] | None:
        return webhooks.sequence_of(delivery_key)

    # --- invoices -------------------------------------------------------------------------------------------------
    def _invoices(self, window: Mapping[str, str], token: str | None) -> tuple[Sequence[JSON], str | None, int | None]:
        place = Place.decoded(token)
        filters = {**window, **({"createdSince": place.created_since} if place.created_since else {})}
        variables = {"first": PAGE_ROWS, "after": place.after or None, "filters": filters}
        page = self.client.page(documents.LIST_INVOICES, "invoices", variables)
        if place.shrank(page):
            return (), place.again().encoded(), None
        rows = rows_of(page)
        following = place.following(page, rows)
        total = page.get("totalCount") if place.is_first else None
        return rows, following.encoded() if following else None, total if isinstance(total, int) else None

    def _record(self, payload: JSON) -> Record:
        """Where the list shows no refund requests, an order with any trace of one is read by itself."""
        flags = payload.get("statusFlags") if isinstance(payload, dict) else None
        if "Invoice.refundRequests" in self.client.absent and set(flags or ()) & _REFUND_FLAGS:
            payload = self._read(translate.reference_of(payload)) or payload
        return _record(payload)

    def _read(self, reference: str) -> JSON | None:
        if not (reference.isascii() and reference.isdigit()):
            node = self.client.execute(documents.READ_INVOICE_BY_ID, {"id": reference}).get("node")
            return node if isinstance(node, dict) and node.get("__typename") == "Invoice" else None
        if int(reference) > MAX_NUMBER:
            return None
        data = self.client.execute(documents.READ_INVOICE, {"number": int(reference)})
        invoices, refunds = data.get("invoices"), data.get("refundRequests")
        rows = rows_of(invoices) if isinstance(invoices, dict) and isinstance(invoices.get("nodes"), list) else []
        found = next((row for row in rows if translate.reference_of(row) == reference), None)
        if found is None or not isinstance(refunds, dict) or "refundRequests" in found:
            return found
        return {**found, "refundRequests": rows_of(refunds)}

    def _live(self, reference: str) -> JSON:
        payload = self._read(reference)
        if payload is None:
            words = f"The marketplace does not know order {reference}, or it belongs to another seller."
            raise PermanentError(words, subject=reference, code="order_not_found")
        return payload

    def _write(self, document: Document, body: JSON, result: str, *, reference: str) -> str:
        """One mutation. Returns the id of what it made. A refusal names the order; no verdict is an unknown outcome."""
        try:
            data = self.client.execute(document, {"input": body})
        except PermanentError as error:
            raise _about(reference, error) from error
        payload = data.get(document.operation)
        text = payload_refusal(payload) if isinstance(payload, dict) else ""
        if text:
            raise _about(reference, refused(document.operation, text=self.client.words(text)))
        made = payload.get(result) if isinstance(payload, dict) else None
        if not isinstance(made, dict) or not isinstance(made.get("id"), str):
            raise _no_verdict(document, reference)
        return str(made["id"])


_REFUND_FLAGS = frozenset({"AWAITING_RETURN", "AWAITING_REFUND", "REFUNDED", "CANCELLED"})


def _note_of(number: str) -> str:
    return f"Order {number}"


def _record(payload: JSON) -> Record:
    """A broken one is kept like any other: parse_order says what is wrong with it."""
    return Record(
        kind="order",
        external_id=translate.reference_of(payload),
        payload=payload,
        updated_at=translate.changed_at(payload),
    )


def _about(reference: str, error: PermanentError) -> PermanentError:
    """The same refusal, naming the order."""
    words = f"Order {reference}: {error.message}"
    return PermanentError(words, subject=reference, platform_words=error.platform_words, code=error.code)


def _no_verdict(document: Document, reference: str) -> UnknownOutcomeError:
    words = f"Marketplacer's answer does not say whether {document.operation} was done for {reference}."
    return UnknownOutcomeError(words, code="no_verdict")
