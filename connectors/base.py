"""What every platform's connector offers the flows: capabilities, fetch_*, parse_*, find_*, send_*, finish_*.

A connector translates and calls. It knows no mapping, no case, no job. Methods of a role raise only the families of
`canonical.errors`. A platform that lacks a capability leaves the method as it stands here: it says so by name.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from connectors.canonical.counts import MarkPage
from connectors.canonical.deliveries import Delivery
from connectors.canonical.destinations import Destination
from connectors.canonical.dispatches import Carrier, Dispatch, DispatchRemark, Reason
from connectors.canonical.errors import ConfigurationError
from connectors.canonical.events import Event
from connectors.canonical.listings import ChannelAttribute, ChannelCategory, ChannelValue, ListingUpdate
from connectors.canonical.offers import Offer, OfferPage, PriceUpdate
from connectors.canonical.options import LineDecision, OrderOptions
from connectors.canonical.orders import Order, TargetOrder
from connectors.canonical.payload import JSON
from connectors.canonical.prices import PricePage
from connectors.canonical.products import Product
from connectors.canonical.refunds import Refund, RefundStanding
from connectors.canonical.returns import CreditNote, Return, ReturnRequest
from connectors.canonical.stock import StockLevel, StockUpdate
from connectors.canonical.taxes import ListedTax
from connectors.http import Gate, Limit


class Capability(StrEnum):
    """What a platform can do for us. The label is what people read."""

    READ_ORDERS = "READ_ORDERS"
    COUNT_ORDERS = "COUNT_ORDERS"
    ACCEPT_ORDERS = "ACCEPT_ORDERS"
    REFUSE_LINES = "REFUSE_LINES"
    CREATE_ORDERS = "CREATE_ORDERS"
    HOLD_ORDERS = "HOLD_ORDERS"
    CANCEL_ORDERS = "CANCEL_ORDERS"
    CANCEL_SOLD_ORDERS = "CANCEL_SOLD_ORDERS"
    READ_DISPATCHES = "READ_DISPATCHES"
    CONFIRM_DISPATCHES = "CONFIRM_DISPATCHES"
    PARTIAL_DISPATCHES = "PARTIAL_DISPATCHES"
    READ_RETURNS = "READ_RETURNS"
    TAKE_RETURNS = "TAKE_RETURNS"
    READ_CREDIT_NOTES = "READ_CREDIT_NOTES"
    SEND_REFUNDS = "SEND_REFUNDS"
    LIST_CARRIERS = "LIST_CARRIERS"
    LIST_REASONS = "LIST_REASONS"
    LIST_TAXES = "LIST_TAXES"
    READ_STOCK = "READ_STOCK"
    READ_PRODUCTS = "READ_PRODUCTS"
    READ_PRICES = "READ_PRICES"
    SEND_STOCK = "SEND_STOCK"
    SEND_PRICES = "SEND_PRICES"
    READ_OFFERS = "READ_OFFERS"
    READ_ATTRIBUTES = "READ_ATTRIBUTES"
    SEND_LISTINGS = "SEND_LISTINGS"
    EVENTS_QUEUE = "EVENTS_QUEUE"
    WEBHOOKS = "WEBHOOKS"


CAPABILITY_LABELS: Mapping[Capability, str] = {
    Capability.READ_ORDERS: "Read orders",
    Capability.COUNT_ORDERS: "List orders by day",
    Capability.ACCEPT_ORDERS: "Accept orders",
    Capability.REFUSE_LINES: "Refuse order lines",
    Capability.CREATE_ORDERS: "Create orders sold elsewhere",
    Capability.HOLD_ORDERS: "Put orders on hold",
    Capability.CANCEL_ORDERS: "Cancel orders it fulfils",
    Capability.CANCEL_SOLD_ORDERS: "Cancel orders it sold",
    Capability.READ_DISPATCHES: "Read dispatches",
    Capability.CONFIRM_DISPATCHES: "Confirm dispatches",
    Capability.PARTIAL_DISPATCHES: "Confirm part of an order",
    Capability.READ_RETURNS: "Read returns",
    Capability.TAKE_RETURNS: "Take returns announced elsewhere",
    Capability.READ_CREDIT_NOTES: "Read credit notes",
    Capability.SEND_REFUNDS: "Refund after dispatch",
    Capability.LIST_CARRIERS: "List its carriers",
    Capability.LIST_REASONS: "List its reasons",
    Capability.LIST_TAXES: "List its taxes",
    Capability.READ_STOCK: "Read stock",
    Capability.READ_PRODUCTS: "Read products",
    Capability.READ_PRICES: "Read prices",
    Capability.SEND_STOCK: "Take stock",
    Capability.SEND_PRICES: "Take prices",
    Capability.READ_OFFERS: "Show what it offers",
    Capability.READ_ATTRIBUTES: "List its categories and attributes",
    Capability.SEND_LISTINGS: "Take products",
    Capability.EVENTS_QUEUE: "Queue of changes",
    Capability.WEBHOOKS: "Webhooks",
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One value a person enters when connecting; the admin builds its form from these."""

    name: str
    label: str
    help: str
    kind: str = "text"  # text | secret | integer | boolean | choice | page
    required: bool = False
    default: str | int | bool | None = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account on one platform, as a connector needs to know it."""

    name: str
    base_url: str
    credentials: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    timezone: str = "UTC"  # IANA: how the platform's naive times are read


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One result of a connection test."""

    ok: bool
    subject: str  # "API key", "Auto-confirm", "Role ORDER_ACCEPT"
    message: str  # a full sentence with the next step when not ok
    blocking: bool = True  # False: a warning; the connection can work


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(finding.ok or not finding.blocking for finding in self.findings)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One document as the platform sent it."""

    kind: str  # order | shipment | event | product | ...
    external_id: str
    payload: JSON
    updated_at: datetime | None = None  # the platform's own clock, where it says
    order_external_id: str = ""  # of a shipment or return: the platform's number of its order


@dataclass(frozen=True, kw_only=True)
class Page:
    records: tuple[Record, ...]
    next_token: str | None  # opaque; None at the end
    total: int | None = None  # how many the platform says match, where it says


class Connector(ABC):
    platform: ClassVar[str]  # "mirakl": folder, registry key and database value
    label: ClassVar[str]  # "Mirakl"
    capabilities: ClassVar[Mapping[Capability, bool]]  # every Capability is named: True, or False = cannot
    capability_notes: ClassVar[Mapping[Capability, str]] = {}  # what the hub does instead, or under which setting
    # True: a seller cannot cancel there. It asks who sold the order to, without a reason code; and who sold it asks the seller,
    # who answers by letting go, or by dispatching what has left already.
    cancels_by_asking: ClassVar[bool] = False
    sells_at_cost: ClassVar[bool] = (
        False  # an order's amounts are what a retailer pays us; what its customer paid is not told
    )
    webhook_refused_status: ClassVar[int] = 401  # 503 for a platform that switches a webhook off which answers 4xx
    settings: ClassVar[Sequence[Setting]] = ()  # includes the secrets (kind "secret")

    def __init__(self, account: Account, *, gate: Gate) -> None:
        self.account = account
        self.gate = gate

    # --- the connection -------------------------------------------------------------------------------------------
    @classmethod
    @abstractmethod
    def limits(cls, account: Account) -> tuple[Limit, ...]:
        """The windows the hub keeps inside for this account, by bucket."""

    @classmethod
    def budget_key(cls, account: Account) -> str:
        """What the platform counts calls by; connections with the same key share one budget."""
        return f"{cls.platform}:{account.base_url}"

    @abstractmethod
    def check(self) -> CheckReport:
        """Test the connection: credentials, roles or scopes, features and settings we rely on. Never raises for a refusal."""

    def why_not_live(self) -> tuple[str, ...]:
        """What speaks against using this account in earnest, as full sentences with the next step; () = nothing.

        Asked before a link or a flow goes live. It only reads, and raises like any reading.
        """
        return ()

    # --- reading what was sold ------------------------------------------------------------------------------------
    def fetch_orders(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """One page of orders changed in [from, until]; repeats are to be expected."""
        raise self._lacks(Capability.READ_ORDERS)

    def fetch_order(self, reference: str) -> Record | None:
        raise self._lacks(Capability.READ_ORDERS)

    def parse_order(self, payload: JSON) -> Order:
        """Their order → ours. Raises DataError naming every field at fault."""
        raise self._lacks(Capability.READ_ORDERS)

    def list_orders_placed(self, *, since: datetime, until: datetime, token: str | None = None) -> MarkPage:
        """One page of every order placed in [since, until], in whatever state: to count them, whatever a poll has seen."""
        raise self._lacks(Capability.COUNT_ORDERS)

    # --- deciding on what was sold --------------------------------------------------------------------------------
    def decide_order(self, reference: str, decisions: Sequence[LineDecision]) -> None:
        """Accept or refuse every line of an order in one call."""
        raise self._lacks(Capability.ACCEPT_ORDERS)

    @property
    def notes_orders(self) -> bool:
        """Whether this account wants an order's number where it is fulfilled written down: see `note_order`."""
        return False

    def note_order(self, reference: str, *, number: str) -> str:
        """Write the order's number where it is fulfilled down beside it. Returns the note's id. NOT repeatable."""
        raise ConfigurationError(f"{self.label} takes no notes on orders.", operation="note_order", code="capability")

    def find_order_note(self, reference: str, *, number: str) -> str | None:
        raise ConfigurationError(f"{self.label} takes no notes on orders.", operation="note_order", code="capability")

    def cancel_sold_order(self, order: Order, *, reason_code: str) -> str:
        """Cancel, or refund before dispatch, what is left of a sold order. Returns the platform's transaction id."""
        raise self._lacks(Capability.CANCEL_SOLD_ORDERS)

    @classmethod
    def is_shop(cls) -> bool:
        """Whether it sells by itself and may fulfil by itself: nobody accepts its orders, and its people edit them."""
        return cls.capabilities[Capability.READ_ORDERS] and cls.capabilities[Capability.CREATE_ORDERS]

    # Whether an order is created as paid once it is; where a captured payment stands in the way of cancelling, it is not.
    creates_paid_orders: ClassVar[bool] = False

    # --- creating an order sold elsewhere -------------------------------------------------------------------------
    def find_orders(self, reference: str) -> tuple[TargetOrder, ...]:
        """Every order at the target that carries our reference, oldest first, cancelled ones included."""
        raise self._lacks(Capability.CREATE_ORDERS)

    def read_order(self, external_id: str) -> TargetOrder | None:
        raise self._lacks(Capability.CREATE_ORDERS)

    def send_order(self, order: Order, options: OrderOptions) -> str:
        """Create the order, unconfirmed. One call. Returns its external id (several parts: PermanentError, all named)."""
        raise self._lacks(Capability.CREATE_ORDERS)

    def finish_order(self, existing: TargetOrder, order: Order, options: OrderOptions, *, confirm: bool) -> None:
        """Bring a half-made order to its end: reference, hold, and (when `confirm`) the commit point. Repeatable."""
        raise self._lacks(Capability.CREATE_ORDERS)

    def hold_order(self, external_id: str, *, reason: str) -> None:
        raise self._lacks(Capability.HOLD_ORDERS)

    def release_order(self, external_id: str, *, reason: str) -> None:
        raise self._lacks(Capability.HOLD_ORDERS)

    def cancel_order(self, existing: TargetOrder, *, comment: str) -> None:
        """Cancel a whole order and put its stock back. Refused once money was captured there."""
        raise self._lacks(Capability.CANCEL_ORDERS)

    def cancel_lines(self, existing: TargetOrder, *, quantities: Mapping[str, int], comment: str) -> None:
        """Cancel `quantities` (target line id → units). NOT repeatable: re-read before trying again."""
        raise self._lacks(Capability.CANCEL_ORDERS)

    # It tells of no order by itself: what it holds of those it fulfils is asked for every few minutes.
    lists_order_changes: ClassVar[bool] = False

    def fetch_order_changes(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """One page of the orders it fulfils that changed in [from, until].

        Records of kind "order", named by the external id. Their payload holds what matters to who sold the order, its state
        and its units, and nothing personal: so it differs only where something is to be followed.
        """
        raise self._lacks(Capability.CREATE_ORDERS)

    changes_addresses: ClassVar[bool] = False  # whether `change_address` is there; else a person changes it by hand

    def read_destination(self, external_id: str) -> Destination:
        """Where an order goes that it fulfils, as it stands now."""
        raise self._lacks(Capability.CREATE_ORDERS)

    def change_address(self, external_id: str, order: Order, *, email: str) -> None:
        """Let the order go where `order` says. Repeatable: it sets states. The country cannot change."""
        raise self._lacks(Capability.CREATE_ORDERS)

    # --- dispatches -----------------------------------------------------------------------------------------------
    def fetch_dispatches(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        raise self._lacks(Capability.READ_DISPATCHES)

    def fetch_dispatch(self, external_id: str) -> Record | None:
        raise self._lacks(Capability.READ_DISPATCHES)

    def parse_dispatch(self, payload: JSON) -> Dispatch:
        raise self._lacks(Capability.READ_DISPATCHES)

    def send_dispatch(self, dispatch: Dispatch) -> str:
        """Confirm a dispatch whose carrier and line ids are the receiver's. Returns its external id there, or ""."""
        raise self._lacks(Capability.CONFIRM_DISPATCHES)

    def find_dispatch(self, dispatch: Dispatch) -> str | None:
        """The receiver's id ("" where it has none) when it already shows this dispatch as sent, else None."""
        raise self._lacks(Capability.CONFIRM_DISPATCHES)

    def can_send_dispatch_now(self, dispatch: Dispatch) -> str:
        """ "" when it can; else why it must wait, in plain words ("the last parcel has not left")."""
        return ""

    def dispatch_remarks(self, dispatch: Dispatch) -> tuple[DispatchRemark, ...]:
        """What did not go well beside a dispatch that was taken, as the receiver shows it now; () where nothing can."""
        return ()

    # --- returns --------------------------------------------------------------------------------------------------
    returns_by_creation: ClassVar[bool] = False  # its list tells of new ones only: open ones are asked for one by one

    def fetch_returns(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """One page of returns changed in [from, until]: announced by who sold them, or received by the warehouse.

        Records are of kind "return"; `order_external_id` is the platform's own number of the order (at a marketplace the
        order's reference, at a warehouse the number that `send_order` gave), so that returns of other orders cost nothing.
        A platform that lists by creation alone may leave changes out: the hub asks for open ones with `fetch_return`.
        """
        raise self._lacks(Capability.READ_RETURNS)

    def fetch_return(self, external_id: str) -> Record | None:
        """One return as it stands now; None when the platform has it no more. `external_id` is the record's of above."""
        raise self._lacks(Capability.READ_RETURNS)

    def parse_return(self, payload: JSON) -> Return:
        """Their return → ours. Raises DataError naming every field at fault.

        Of a marketplace the hub uses: external_id, number, order_external_id (the order's reference), state, source_state,
        created_at, updated_at; of each line line_id, order_line_id, sku, requested, reason; `answer_by` where the
        marketplace waits for an answer, `refund_wanted` where it says what the customer is to get back, and `refunds` with
        their transaction ids where it tells what was paid.
        """
        raise self._lacks(Capability.READ_RETURNS)

    def find_return(self, reference: str) -> str | None:
        """The receiver's id of the return that carries our reference."""
        raise self._lacks(Capability.TAKE_RETURNS)

    def send_return(self, request: ReturnRequest) -> str:
        """Announce a return to who will receive it. One writing call. Returns its external id there."""
        raise self._lacks(Capability.TAKE_RETURNS)

    def fetch_credit_notes(self, *, updated_from: datetime, updated_until: datetime, token: str | None = None) -> Page:
        """As `fetch_returns`, for what is given back on paper: records of kind "credit_note"."""
        raise self._lacks(Capability.READ_CREDIT_NOTES)

    def parse_credit_note(self, payload: JSON) -> CreditNote:
        raise self._lacks(Capability.READ_CREDIT_NOTES)

    # --- refunds of dispatched goods, where they were sold ----------------------------------------------------------
    @classmethod
    def shows_refunds(cls, payload: JSON) -> bool:
        """Whether an order, as it was read, shows refunds. False where they are told by themselves (`fetch_returns`)."""
        return False

    def read_refunds(self, reference: str, payload: JSON | None = None) -> RefundStanding:
        """The order's refunds after dispatch, whoever made them, and what is left to refund; read now without `payload`.

        Each refund has an id of its own in the order, which `send_refund` gives and `fetch_returns`, where it tells of
        refunds, uses too. Raises DataError; PermanentError for an order that the platform does not know.
        """
        raise self._lacks(Capability.SEND_REFUNDS)

    def send_refund(self, refund: Refund) -> str:
        """Give money back for dispatched goods. One writing call, NOT repeatable. Returns the refund's id, as above.

        Raises PermanentError with a code of `canonical.refunds.ByHand` where a person must do it.
        """
        raise self._lacks(Capability.SEND_REFUNDS)

    def finish_refund(self, external_id: str) -> None:
        """Take what a seller may of the further steps of a refund that was sent or found. Repeatable."""

    # --- reference lists ------------------------------------------------------------------------------------------
    def fetch_carriers(self) -> tuple[Carrier, ...]:
        raise self._lacks(Capability.LIST_CARRIERS)

    def fetch_reasons(self) -> tuple[Reason, ...]:
        raise self._lacks(Capability.LIST_REASONS)

    def fetch_taxes(self, market: str | None = None) -> tuple[ListedTax, ...]:
        """The taxes that orders of a market may name ("": of orders without one), as they were last read; those of every
        market, read anew, with None. For a platform whose orders name their taxes.
        """
        raise self._lacks(Capability.LIST_TAXES)

    # --- stock and products ---------------------------------------------------------------------------------------
    def fetch_stock(self, skus: Sequence[str]) -> tuple[StockLevel, ...]:
        """What the owner has free for each SKU; a SKU it does not know is left out, never 0."""
        raise self._lacks(Capability.READ_STOCK)

    def fetch_touched_skus(self, kind: str, external_ids: Sequence[str]) -> tuple[str, ...]:
        """SKUs on the lines of the orders, shipments or returns that events named; () where events name SKUs themselves."""
        return ()

    def fetch_products(
        self, *, updated_from: datetime | None = None, token: str | None = None, content: bool = True
    ) -> Page:
        """One page of the catalogue; with `updated_from`, of what changed since. Products may come more than once.

        Without `content` nothing is asked but what says which products there are: SKUs, GTINs, titles, whether they sell.
        """
        raise self._lacks(Capability.READ_PRODUCTS)

    def find_products(self, skus: Sequence[str]) -> tuple[Product, ...]:
        """Those of these SKUs that the platform has, as they stand now; asked for one by one, not by reading everything."""
        raise self._lacks(Capability.READ_PRODUCTS)

    def parse_product(self, payload: JSON) -> Product:
        raise self._lacks(Capability.READ_PRODUCTS)

    def fetch_prices(self, price_lists: Sequence[str], *, token: str | None = None) -> PricePage:
        """One page of what these lists (numbers or names) ask for every SKU that sells. Raises DataError."""
        raise self._lacks(Capability.READ_PRICES)

    # --- telling a channel what to show ---------------------------------------------------------------------------
    stock_lines_max: ClassVar[int] = 0  # the most SKUs in one `send_stock`, where it can
    price_lines_max: ClassVar[int] = 0
    listing_lines_max: ClassVar[int] = 0
    # What one `send_...` takes of the call budget; none = one unit of each bucket that counts every call.
    stock_costs: ClassVar[Mapping[str, int]] = {}
    price_costs: ClassVar[Mapping[str, int]] = {}
    listing_costs: ClassVar[Mapping[str, int]] = {}

    @property
    def stock_written_in(self) -> str:
        """Which part of the channel `send_stock` sets, as people there call it: "warehouse 3"; "" = all that it shows."""
        return ""

    def send_stock(self, updates: Sequence[StockUpdate]) -> Delivery:
        """Set the quantities of these SKUs and touch nothing else. Repeatable: it sets states."""
        raise self._lacks(Capability.SEND_STOCK)

    def follow_stock(self, ticket: str) -> Delivery:
        """How far an import of stock is."""
        raise self._lacks(Capability.SEND_STOCK)

    def send_prices(self, updates: Sequence[PriceUpdate]) -> Delivery:
        """Set the prices of these SKUs and touch nothing else. Repeatable: it sets states."""
        raise self._lacks(Capability.SEND_PRICES)

    def follow_prices(self, ticket: str) -> Delivery:
        raise self._lacks(Capability.SEND_PRICES)

    def fetch_offers(self, *, token: str | None = None) -> OfferPage:
        """One page of what the channel shows, in a steady order. Raises DataError for a page that cannot be read."""
        raise self._lacks(Capability.READ_OFFERS)

    def fetch_offers_of(self, skus: Sequence[str]) -> tuple[Offer, ...]:
        """What the channel shows of these SKUs now; () where it cannot be asked by SKU, or its events name none."""
        return ()

    # --- telling a channel about products -------------------------------------------------------------------------
    def fetch_categories(self) -> tuple[ChannelCategory, ...]:
        """The channel's whole tree of categories, parents before children."""
        raise self._lacks(Capability.READ_ATTRIBUTES)

    def fetch_attributes(self, category: str) -> tuple[ChannelAttribute, ...]:
        """What the channel wants to know of a product in this category, attributes of every category included."""
        raise self._lacks(Capability.READ_ATTRIBUTES)

    def fetch_values(self, list_code: str) -> tuple[ChannelValue, ...]:
        """The value list that attributes name."""
        raise self._lacks(Capability.READ_ATTRIBUTES)

    def send_listings(self, updates: Sequence[ListingUpdate]) -> Delivery:
        """Create or change these products. Repeatable: it sets states. Prices and stock are not touched."""
        raise self._lacks(Capability.SEND_LISTINGS)

    def follow_listings(self, ticket: str) -> Delivery:
        """How far an import of products is. `refused` may name one SKU several times: once for each problem."""
        raise self._lacks(Capability.SEND_LISTINGS)

    # --- being told -----------------------------------------------------------------------------------------------
    def fetch_events(self) -> tuple[Event, ...]:
        """The oldest unconfirmed events; the same come back until confirmed. Raises NotListeningError before `listen`."""
        raise self._lacks(Capability.EVENTS_QUEUE)

    def listen(self) -> None:
        """Ask the platform to queue the events we read. Repeatable."""
        raise self._lacks(Capability.EVENTS_QUEUE)

    def confirm_events(self, event_ids: Sequence[str]) -> None:
        raise self._lacks(Capability.EVENTS_QUEUE)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        """Check the raw body. Returns the key that names this delivery (for refusing replays); raises ForgedWebhookError."""
        raise self._lacks(Capability.WEBHOOKS)

    def parse_webhook(self, body: bytes) -> tuple[Event, ...]:
        """Raises DataError when a genuine body cannot be read."""
        raise self._lacks(Capability.WEBHOOKS)

    def sequence_of(self, delivery_key: str) -> tuple[str, int] | None:
        """Where the platform counts its deliveries: (name of the row of numbers, this one's). A gap: one never came."""
        return None

    # --- people ---------------------------------------------------------------------------------------------------
    def page_url(self, kind: str, external_id: str) -> str:
        """Where a person sees this record (order, return, dispatch) in the platform's own back office, or "".

        Only addresses that a reference documents; `connectors.pages` has those that people enter.
        """
        return ""

    def _lacks(self, capability: Capability) -> ConfigurationError:
        label = CAPABILITY_LABELS[capability].lower()
        return ConfigurationError(f"{self.label} cannot do this: {label}.", operation=capability, code="capability")
