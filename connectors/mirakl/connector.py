"""Mirakl as the hub sees it: where orders are sold, and where their dispatches are confirmed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, TypeVar

from connectors import ports
from connectors.base import Account, Capability, CheckReport, Connector, Page, Record, Setting
from connectors.canonical.counts import MarkPage
from connectors.canonical.deliveries import Delivery, DeliveryState
from connectors.canonical.dispatches import Carrier, Dispatch, Reason
from connectors.canonical.errors import (
    ConfigurationError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.canonical.listings import ChannelAttribute, ChannelCategory, ChannelValue, ListingUpdate
from connectors.canonical.offers import OfferPage, PriceUpdate
from connectors.canonical.options import LineDecision
from connectors.canonical.orders import Order
from connectors.canonical.payload import JSON
from connectors.canonical.refunds import Refund, RefundStanding
from connectors.canonical.returns import Return
from connectors.canonical.stock import StockUpdate
from connectors.http import Gate, Limit, path_segment
from connectors.mirakl import checks, client, lists, offers, refunds, returns, translate, writes
from connectors.mirakl.catalogue import LISTING_LINES, Catalogue
from connectors.mirakl.client import MiraklClient, Place
from connectors.mirakl.lists import Features
from connectors.mirakl.reading import Node, read_moment
from connectors.mirakl.refusals import refused
from connectors.mirakl.writes import CancelRoute, Shipment
from connectors.pages import page_settings

Result = TypeVar("Result")

FEATURES_LAST = timedelta(days=1)
FILE_LINES = 50_000  # in one file of stock or prices; Mirakl states no maximum

# Refusals that may mean "done already". Each is believed only after a fresh reading shows what the call wanted: Mirakl
# has no idempotency key, and does not document what a repeated OR21 or OR24 says. "" = a refusal without a known code.
MAYBE_DONE = frozenset(
    {
        ("OR21", "ORDER_INVALID_STATE"),
        ("OR21", ""),
        ("OR24", "ORDER_INVALID_STATE"),
        ("OR24", "wrong_order_state"),
        ("OR24", ""),
        ("ST01", "wrong_order_state"),
        ("ST01", "wrong_quantity"),
        ("ST24", ""),
    }
)


class MiraklConnector(Connector):
    platform = "mirakl"
    label = "Mirakl"
    capabilities: ClassVar[Mapping[Capability, bool]] = {
        Capability.READ_ORDERS: True,
        Capability.COUNT_ORDERS: True,
        Capability.ACCEPT_ORDERS: True,
        Capability.REFUSE_LINES: True,
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
        Capability.LIST_REASONS: True,
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
        Capability.WEBHOOKS: False,
    }
    capability_notes: ClassVar[Mapping[Capability, str]] = {
        Capability.COUNT_ORDERS: "By the time of their creation; a count takes the place of one poll.",
        Capability.ACCEPT_ORDERS: "Not needed where the operator accepts orders by itself.",
        Capability.REFUSE_LINES: "Whole lines only; some operators allow all lines or none.",
        Capability.CREATE_ORDERS: "Orders are placed by the marketplace's customers only.",
        Capability.HOLD_ORDERS: "An order waits in the hub instead.",
        Capability.CANCEL_ORDERS: "Nothing is fulfilled there.",
        Capability.CANCEL_SOLD_ORDERS: "Before acceptance by refusing, before payment by cancelling, after it by a refund.",
        Capability.READ_DISPATCHES: "The hub sends dispatches here, and reads them back to see that they arrived.",
        Capability.PARTIAL_DISPATCHES: "Where the operator allows several shipments; else with the last parcel.",
        Capability.READ_RETURNS: "Where the operator has returns; a return refunds nothing by itself.",
        Capability.LIST_TAXES: "Nobody creates orders there.",
        Capability.SEND_REFUNDS: "Paid from what the marketplace owes the shop; delivery goes back beside goods only.",
        Capability.READ_STOCK: "Stock is owned elsewhere and only published here.",
        Capability.READ_PRODUCTS: "Products are owned elsewhere.",
        Capability.SEND_STOCK: "A file, at most one a minute; Mirakl then says which lines it did not take.",
        Capability.SEND_PRICES: "A file, at most one a minute; prices per storefront are not sent.",
        Capability.READ_ATTRIBUTES: "Once an hour at most for each category and each value list.",
        Capability.SEND_LISTINGS: "A file, at most one in 15 minutes; the operator may take days to say what it took.",
        Capability.EVENTS_QUEUE: "Orders are polled by the time of their last change.",
        Capability.WEBHOOKS: "Sellers get none: orders are polled.",
    }
    settings = (
        Setting(
            name="api_key",
            label="API key",
            help="Mirakl back office: your user name > API key. Its user needs the shop administrator's role.",
            kind="secret",
            required=True,
        ),
        Setting(
            name="shop_id",
            label="Shop number",
            help="Needed only when the key's user has several shops; without it Mirakl takes the user's default shop.",
            kind="integer",
        ),
        Setting(
            name="or11_tier",
            label="How often orders may be read",
            help="The operator tells you if your key is an external partner's.",
            kind="choice",
            default="default",
            choices=(("default", "Once a minute"), (client.EXTERNAL_PARTNER, "Every 15 minutes (external partner)")),
        ),
        Setting(
            name="multi_shipment",
            label="Several shipments per order",
            help="“Ask Mirakl” needs a key of the shop administrator. Choose otherwise only if the operator told you.",
            kind="choice",
            default="ask",
            choices=(("ask", "Ask Mirakl"), ("yes", "Yes"), ("no", "No: an order is confirmed as a whole")),
        ),
        Setting(
            name="category_attribute",
            label="Product attribute with the category",
            help="Leave it empty: Mirakl tells. Enter the attribute's code only if the hub asks for it.",
        ),
        Setting(
            name="sku_attribute",
            label="Product attribute with your SKU",
            help="The code the operator's product guide gives it, often “shop_sku”. Empty: the hub asks Mirakl.",
        ),
        Setting(
            name="report_sku_column",
            label="Column with your SKU in the operator's product report",
            help="Only if the hub cannot read that report: the operator decides what its columns are called.",
        ),
        Setting(
            name="report_error_column",
            label="Column with the error in the operator's product report",
            help="Only if the hub cannot read that report: the operator decides what its columns are called.",
        ),
        *page_settings("order", "return", documented=("order",)),
    )

    def __init__(self, account: Account, *, gate: Gate) -> None:
        super().__init__(account, gate=gate)
        self.client = MiraklClient(account, gate=gate)
        self._features: tuple[datetime, Features | None] | None = None
        self.catalogue = Catalogue(self.client, account)

    # --- the connection -------------------------------------------------------------------------------------------
    @classmethod
    def limits(cls, account: Account) -> tuple[Limit, ...]:
        return client.limits(account)

    @classmethod
    def budget_key(cls, account: Account) -> str:
        """Mirakl counts per account, and one operator may hold several shops of one brand."""
        return f"{super().budget_key(account)}:{client.account_digest(account)}"

    def check(self) -> CheckReport:
        """V01, A01, PC01, then one reading per role. Nothing is written, so rights to write show when they are used."""
        return CheckReport(findings=tuple(checks.run(self.client, self.account)))

    # --- reading what was sold ------------------------------------------------------------------------------------
    def fetch_orders(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """OR11. Mirakl widens the window's start by itself: repeats are to be expected.

        An order that changes during the poll leaves the window, and all behind it move up one place: where the count
        shrank, the page is read again that much earlier, so that nobody is skipped.
        """
        place = Place.decoded(token)
        answer = self.client.list_orders(updated_from=updated_from, updated_until=updated_until, offset=place.offset)
        records = tuple(_record(payload) for payload in answer["orders"])
        total = answer["total_count"] if isinstance(answer.get("total_count"), int) else None
        following = place.following(len(records), total=total)
        return Page(records=records, next_token=following.encoded() if following else None, total=total)

    def fetch_order(self, reference: str) -> Record | None:
        return next(
            # A misnamed filter is ignored and returns everything: only the order asked for counts.
            (record for record in map(_record, self._read_orders(reference)) if record.external_id == reference),
            None,
        )

    def parse_order(self, payload: JSON) -> Order:
        return translate.parse_order(payload)

    def list_orders_placed(self, *, since: datetime, until: datetime, token: str | None = None) -> MarkPage:
        """OR11 by creation date, which never changes: no page can shift but by an order that became visible meanwhile.

        Such an order moves those behind it down one place: they are repeated, never skipped.
        """
        place = Place.decoded(token)
        answer = self.client.list_orders_created(since=since, until=until, offset=place.offset)
        total = answer["total_count"] if isinstance(answer.get("total_count"), int) else None
        following = place.following(len(answer["orders"]), total=total)
        marks = tuple(mark for mark in map(translate.mark_order, answer["orders"]) if mark is not None)
        return MarkPage(marks=marks, next_token=following.encoded() if following else None)

    # --- deciding on what was sold --------------------------------------------------------------------------------
    def decide_order(self, reference: str, decisions: Sequence[LineDecision]) -> None:
        """OR21: one write. Safe to repeat: a refusal counts as done when the order shows these very decisions."""
        try:
            self.client.decide_order(reference, writes.build_decisions(decisions))
        except PermanentError as error:
            if not _maybe_done("OR21", error):
                raise _about(reference, error) from error
            self._settle_decision(reference, decisions, error)

    def cancel_sold_order(self, order: Order, *, reason_code: str) -> str:
        """Stop what is left of the order's open lines, by the road its state leaves open. One write:

        WAITING_ACCEPTANCE   OR21, every line refused (`reason_code` is not sent); returns ""
        can_cancel           OR30 with what is left; returns the cancelation ids, joined by commas
        paid, not shipped    OR28 with what is left, excluded from shipment; returns the refund ids, joined by commas
        nothing left         no write; returns the ids the order already shows

        `reason_code` is one of kind CANCELLATION where `order.can_cancel`, else of kind REFUND.

        What is left is read first, so a repeat cannot cancel or refund twice once Mirakl shows the first: after an
        unknown outcome wait the settle window. Raises TransientError while the operator or the payment must come first,
        PermanentError when the goods left or neither road is open.
        """
        payload = self._live(order.reference)
        route = writes.cancel_route(payload)
        match route:
            case CancelRoute.REFUSE:
                self._write(order.reference, lambda: self._refuse_all(order, payload))
                return ""
            case CancelRoute.CANCEL | CancelRoute.REFUND:
                return self._give_back(order, payload, route, reason_code=reason_code)
            case CancelRoute.OVER:
                return ",".join([*translate.cancelation_ids(payload), *translate.refund_ids(payload)])
            case CancelRoute.WAIT_FOR_OPERATOR | CancelRoute.WAIT_FOR_PAYMENT:
                words = f"Order {order.reference} cannot be cancelled yet: {route.value}."
                raise TransientError(words, code="too_early")
        words = f"Order {order.reference} cannot be cancelled from here: {route.value}. Look at it at the marketplace."
        raise PermanentError(words, subject=order.reference, code=f"cancel_{route.name.lower()}")

    # --- dispatches -----------------------------------------------------------------------------------------------
    def send_dispatch(self, dispatch: Dispatch) -> str:
        """Confirm one dispatch. Returns the shipment's id, "" where the operator has no shipments.

        With shipments: reads ST11, then ONE write: ST01, or ST24 for a shipment that a former try left unvalidated, or
        none when it is there. Without: reads the order, then OR23 (overwrites) and OR24 (refused when done, then
        re-read). A repeat is safe after `find_dispatch` said None past the settle window.
        """
        writes.check_sendable(dispatch)
        self._refuse_unlisted_carrier(dispatch)
        shipments = self._shipments(dispatch.order_reference)
        if shipments is None:
            self._ship_whole_order(dispatch)
            return ""
        existing = writes.find_shipment(shipments, dispatch)
        if existing is None:
            return self._create_shipment(dispatch)
        if not existing.is_sent:
            self._validate_shipment(dispatch, existing)
        return existing.shipment_id

    def find_dispatch(self, dispatch: Dispatch) -> str | None:
        shipments = self._shipments(dispatch.order_reference)
        if shipments is None:
            payload = self._read_order(dispatch.order_reference)
            return "" if payload is not None and writes.shows_dispatch(payload, dispatch) else None
        found = writes.find_shipment(shipments, dispatch)
        return found.shipment_id if found is not None and found.is_sent else None

    def can_send_dispatch_now(self, dispatch: Dispatch) -> str:
        if dispatch.is_last or self._shipments(dispatch.order_reference) is not None:
            return ""
        return "This marketplace takes an order only as a whole: it is confirmed when the last parcel has left."

    # --- returns --------------------------------------------------------------------------------------------------
    def fetch_returns(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """RT11, one page."""
        window = {"updated_from": updated_from, "updated_until": updated_until}
        answer = self._returns(lambda: self.client.list_returns(**window, page_token=token or ""))
        records = tuple(map(returns.as_record, answer["data"]))
        return Page(records=records, next_token=answer.get("next_page_token") or None)

    def fetch_return(self, external_id: str) -> Record | None:
        """RT11 by its id; what else a misread filter lets through does not count."""
        found = map(returns.as_record, self._returns(lambda: self.client.read_return(external_id))["data"])
        return next((record for record in found if record.external_id == external_id), None)

    def _returns(self, read: Callable[[], JSON]) -> JSON:
        """An operator without returns has none to show: a disabled feature answers 404."""
        try:
            return read()
        except (ConfigurationError, PermanentError) as error:
            if error.code not in {"unknown_address", "not_found"} or self._announces_returns():
                raise
            return {"data": []}

    def _announces_returns(self) -> bool:
        """Whether the operator says that it has returns; False too when the key may not ask."""
        features = self._platform_features()
        return features is not None and features.returns

    def parse_return(self, payload: JSON) -> Return:
        return returns.parse_return(payload)

    # --- refunds --------------------------------------------------------------------------------------------------
    @classmethod
    def shows_refunds(cls, payload: JSON) -> bool:
        return refunds.shows_refunds(payload)

    def read_refunds(self, reference: str, payload: JSON | None = None) -> RefundStanding:
        return refunds.read_standing(self._live(reference) if payload is None else payload)

    def send_refund(self, refund: Refund) -> str:
        """OR28, one write after one reading. Repeated, it refunds again as long as something is left."""
        body = refunds.build_refund(self._live(refund.order_reference), refund)
        answer = self._write(refund.order_reference, lambda: self.client.refund(body))
        made = Node.root(answer).children("refunds")
        group = next((item.text("order_refund_id") or item.text("refund_id") for item in made), "")
        if not group:
            words = f"Mirakl's answer does not say whether order {refund.order_reference} was refunded."
            raise UnknownOutcomeError(words)
        return refunds.id_of(group)

    # --- offers ---------------------------------------------------------------------------------------------------
    stock_lines_max = FILE_LINES
    price_lines_max = FILE_LINES
    stock_costs = {"STO01": 1}
    price_costs = {"PRI01": 1}
    listing_costs = {"P41": 1}

    def send_stock(self, updates: Sequence[StockUpdate]) -> Delivery:
        """STO01, never OF24: that one resets every field that is not sent."""
        ticket = offers.parse_ticket(self.client.import_stock(offers.stock_file(updates)))
        return Delivery(state=DeliveryState.PENDING, ticket=ticket)

    def follow_stock(self, ticket: str) -> Delivery:
        delivery, has_report = offers.parse_import(self.client.read_stock_import(ticket), ticket=ticket)
        return self._with_report(delivery, has_report, self.client.read_stock_errors)

    def send_prices(self, updates: Sequence[PriceUpdate]) -> Delivery:
        ticket = offers.parse_ticket(self.client.import_prices(offers.price_file(updates)))
        return Delivery(state=DeliveryState.PENDING, ticket=ticket)

    def follow_prices(self, ticket: str) -> Delivery:
        payload = self.client.read_price_import(ticket)
        if payload is None:
            raise PermanentError(f"Mirakl does not know the price import {ticket}.", subject=ticket, code="no_import")
        delivery, has_report = offers.parse_import(payload, ticket=ticket)
        return self._with_report(delivery, has_report, self.client.read_price_errors)

    def _with_report(self, delivery: Delivery, has_report: bool, read: Callable[[str], bytes]) -> Delivery:
        if not has_report:
            return delivery
        return replace(delivery, refused=offers.parse_report(read(delivery.ticket)))

    def fetch_offers(self, *, token: str | None = None) -> OfferPage:
        offset = int(token or 0)
        return offers.parse_offers(self.client.list_offers(offset=offset), offset=offset)

    # --- products -------------------------------------------------------------------------------------------------
    listing_lines_max = LISTING_LINES

    def fetch_categories(self) -> tuple[ChannelCategory, ...]:
        return self.catalogue.categories()

    def fetch_attributes(self, category: str) -> tuple[ChannelAttribute, ...]:
        return self.catalogue.attributes(category)

    def fetch_values(self, list_code: str) -> tuple[ChannelValue, ...]:
        return self.catalogue.values(list_code)

    def send_listings(self, updates: Sequence[ListingUpdate]) -> Delivery:
        return self.catalogue.send(updates)

    def follow_listings(self, ticket: str) -> Delivery:
        return self.catalogue.follow(ticket)

    # --- reference lists ------------------------------------------------------------------------------------------
    def fetch_carriers(self) -> tuple[Carrier, ...]:
        return lists.parse_carriers(self.client.list_carriers())

    def fetch_reasons(self) -> tuple[Reason, ...]:
        return lists.parse_reasons(self.client.list_reasons())

    # --- people ---------------------------------------------------------------------------------------------------
    def page_url(self, kind: str, external_id: str) -> str:
        """The order's page in the back office. Path: mirakl/magento2-seller-connector, getMiraklOrderUrl."""
        if kind != "order":
            return ""
        return f"{client.root_url(self.account)}/mmp/shop/order/{path_segment(external_id)}"

    # --- orders, one at a time --------------------------------------------------------------------------------------
    def _read_orders(self, reference: str) -> list[JSON]:
        orders: list[JSON] = self.client.read_orders([reference])["orders"]
        return orders

    def _read_order(self, reference: str) -> JSON | None:
        record = self.fetch_order(reference)
        return None if record is None else record.payload

    def _live(self, reference: str) -> JSON:
        payload = self._read_order(reference)
        if payload is None:
            words = f"The marketplace does not know order {reference}, or it belongs to another shop."
            raise PermanentError(words, subject=reference, code="ORDER_NOT_FOUND")
        return payload

    def _settle_decision(self, reference: str, decisions: Sequence[LineDecision], error: PermanentError) -> None:
        payload = self._live(reference)
        if writes.shows_decisions(payload, decisions):
            return
        state = writes.order_state(payload)
        if state in writes.UNDECIDED_STATES and error.code == "ORDER_INVALID_STATE":
            # Integrators report that an order's state changes some time after the 204: it may not show yet.
            words = f"Mirakl says order {reference} is decided, and does not show it yet."
            raise TransientError(words, platform_words=error.platform_words, code=error.code) from error
        words = f"Order {reference} could not be decided: it is {state} at the marketplace. {error.message}"
        raise PermanentError(words, subject=reference, platform_words=error.platform_words, code=error.code) from error

    def _refuse_all(self, order: Order, payload: JSON) -> None:
        body = writes.build_refusal(payload)
        undecided = {item["id"] for item in body["order_lines"]}
        if not undecided <= {line.line_id for line in order.lines}:
            words = "It is not accepted yet, and Mirakl wants one decision on all of its lines: decide them together."
            raise PermanentError(words, code="undecided_lines")
        self.client.decide_order(order.reference, body)

    def _give_back(self, order: Order, payload: JSON, route: CancelRoute, *, reason_code: str) -> str:
        shipped: dict[str, int] = {}
        for shipment in self._shipments(order.reference) or ():
            if shipment.state != "CANCELED":
                for line_id, units in shipment.units.items():
                    shipped[line_id] = shipped.get(line_id, 0) + units
        line_ids = {line.line_id for line in order.open_lines}
        remainders = writes.read_remainders(payload, line_ids=line_ids, shipped=shipped)
        if not remainders:
            return ",".join([*translate.cancelation_ids(payload), *translate.refund_ids(payload)])
        if route is CancelRoute.CANCEL:
            body = writes.build_cancelation(payload, remainders, reason_code=reason_code)
            answer = self._write(order.reference, lambda: self.client.cancel_lines(body))
            return _joined_ids(answer, "cancelations", "cancelation_id")
        body = writes.build_refund(payload, remainders, reason_code=reason_code)
        answer = self._write(order.reference, lambda: self.client.refund(body))
        return _joined_ids(answer, "refunds", "refund_id")

    # --- shipments ----------------------------------------------------------------------------------------------------
    def _shipments(self, reference: str) -> list[Shipment] | None:
        """The order's shipments, or None where the operator has none. A disabled feature answers 404."""
        choice = self.account.settings.get("multi_shipment") or "ask"
        features = self._platform_features() if choice == "ask" else None
        if choice == "no" or (features is not None and not features.multi_shipment):
            return None
        try:
            return [writes.parse_shipment(payload) for payload in self.client.list_shipments(reference)]
        except (ConfigurationError, PermanentError) as error:
            if choice == "ask" and features is None and error.code in {"unknown_address", "not_found"}:
                return None
            raise

    def _platform_features(self) -> Features | None:
        """PC01, read once a day; None when the key may not read it."""
        if self._features is None or ports.now() - self._features[0] >= FEATURES_LAST:
            try:
                features = lists.parse_features(self.client.read_configuration())
            except ConfigurationError as error:
                if error.code != "role":
                    raise
                features = None
            self._features = (ports.now(), features)
        return self._features[1]

    def _refuse_unlisted_carrier(self, dispatch: Dispatch) -> None:
        if not dispatch.carrier_name:
            return
        features = self._platform_features()
        if features is not None and not features.unlisted_carriers:
            words = (
                f"This marketplace takes listed carriers only, and {dispatch.carrier_name} is not one. "
                "Map the carrier to one of its codes."
            )
            raise PermanentError(words, subject=dispatch.carrier_name, code="unlisted_carrier")

    def _create_shipment(self, dispatch: Dispatch) -> str:
        answer = self.client.create_shipments(writes.build_shipment(dispatch))
        error = _first_error(answer, "ST01", dispatch)
        if error is not None:
            found = self.find_dispatch(dispatch) if _maybe_done("ST01", error) else None
            if found is None:
                raise error
            return found
        created = Node.root(answer).children("shipment_success")
        if len(created) != 1 or not created[0].text("id"):
            words = f"Mirakl's answer does not say whether the dispatch of order {dispatch.order_reference} was taken."
            raise UnknownOutcomeError(words)
        return created[0].text("id")

    def _validate_shipment(self, dispatch: Dispatch, shipment: Shipment) -> None:
        answer = self.client.validate_shipments([shipment.shipment_id])
        error = _first_error(answer, "ST24", dispatch)
        if error is not None and not (_maybe_done("ST24", error) and self.find_dispatch(dispatch) is not None):
            raise error

    def _ship_whole_order(self, dispatch: Dispatch) -> None:
        reference = dispatch.order_reference
        if not dispatch.is_last:
            words = f"Order {reference} can only be confirmed as a whole, and not all of it has left."
            raise PermanentError(words, subject=reference, code="not_last_parcel")
        payload = self._live(reference)
        if writes.shows_dispatch(payload, dispatch):
            return
        _check_shippable(payload, dispatch)
        self._write(reference, lambda: self.client.set_tracking(reference, writes.build_tracking(dispatch)))
        try:
            self.client.ship_order(reference)
        except PermanentError as error:
            if not (_maybe_done("OR24", error) and writes.order_state(self._live(reference)) in writes.SHIPPED_STATES):
                raise _about(reference, error) from error

    def _write(self, reference: str, call: Callable[[], Result]) -> Result:
        try:
            return call()
        except PermanentError as error:
            raise _about(reference, error) from error


def _record(payload: JSON) -> Record:
    """One element of OR11's list. A broken one is kept like any other: parse_order says what is wrong with it."""
    fields = payload if isinstance(payload, dict) else {}
    reference, updated_at = fields.get("order_id"), read_moment(fields.get("last_updated_date"))
    return Record(kind="order", external_id=str(reference or ""), payload=payload, updated_at=updated_at)


def _maybe_done(operation: str, error: PermanentError) -> bool:
    return (operation, error.code) in MAYBE_DONE


def _about(reference: str, error: PermanentError) -> PermanentError:
    """The same refusal, naming the order."""
    words = f"Order {reference}: {error.message}"
    return PermanentError(words, subject=reference, platform_words=error.platform_words, code=error.code)


def _check_shippable(payload: JSON, dispatch: Dispatch) -> None:
    """OR24 ships the whole order whatever the dispatch says, so what it says is checked here."""
    reference, state = dispatch.order_reference, writes.order_state(payload)
    if state not in {"SHIPPING", *writes.SHIPPED_STATES}:
        words = f"Order {reference} is {state} at the marketplace: it cannot be shipped now."
        raise PermanentError(words, subject=reference, code="wrong_order_state")
    if excess := writes.units_in_excess(payload, dispatch):
        words = f"Order {reference} has fewer units of {', '.join(excess)} than were dispatched."
        raise PermanentError(words, subject=reference, code="wrong_quantity")


def _joined_ids(answer: JSON, name: str, id_name: str) -> str:
    return ",".join(item.text(id_name) for item in Node.root(answer).children(name))


def _first_error(answer: JSON, operation: str, dispatch: Dispatch) -> PermanentError | None:
    """The verdict inside a 2xx: ST01 and ST24 answer 201 and 200 even when everything failed."""
    errors = Node.root(answer).children("shipment_errors")
    if not errors:
        return None
    return _about(dispatch.order_reference, refused(operation, text=errors[0].text("message")))
