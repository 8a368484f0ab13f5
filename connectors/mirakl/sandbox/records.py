"""What the platform keeps: orders with their lines, refunds and shipments; offers; returns; money movements."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.mirakl.sandbox import states
from connectors.mirakl.sandbox.amounts import Amount, Tax, total


@dataclass(kw_only=True)
class Refund:
    refund_id: str
    order_refund_id: str
    goods: Amount
    shipping: Amount
    quantity: int
    reason_code: str
    excluded_from_shipment: bool
    created_at: datetime
    state: str  # WAITING_REFUND -> WAITING_REFUND_PAYMENT -> REFUNDED
    commission: Decimal  # given back
    commission_tax: Decimal
    transaction_number: str | None = None
    transaction_at: datetime | None = None


@dataclass(kw_only=True)
class Cancelation:
    cancelation_id: str
    goods: Amount
    shipping: Amount
    quantity: int
    reason_code: str
    created_at: datetime
    commission: Decimal
    commission_tax: Decimal


@dataclass(kw_only=True)
class OrderLine:
    line_id: str
    index: int
    offer_id: int
    sku: str
    product_sku: str
    title: str
    category_code: str
    category_label: str
    quantity: int
    goods: Amount
    shipping: Amount
    origin_unit: Amount  # one unit before discount
    commission: Decimal
    commission_taxes: tuple[Tax, ...]
    state: str
    created_at: datetime
    updated_at: datetime
    reason_code: str | None = None
    incident: str | None = None  # reason code while an incident is open
    debited_at: datetime | None = None
    shipped_at: datetime | None = None
    received_at: datetime | None = None
    refunds: list[Refund] = field(default_factory=list)
    cancelations: list[Cancelation] = field(default_factory=list)
    additional_fields: list[dict[str, Any]] = field(default_factory=list)

    @property
    def shown_state(self) -> str:
        return states.INCIDENT_OPEN if self.incident is not None else self.state

    @property
    def given_back(self) -> list[Refund | Cancelation]:
        return [*self.refunds, *self.cancelations]

    @property
    def goods_spent(self) -> Amount:
        return total(part.goods for part in self.given_back)

    @property
    def shipping_spent(self) -> Amount:
        return total(part.shipping for part in self.given_back)

    @property
    def goods_left(self) -> Amount:
        return self.goods.minus(self.goods_spent)

    @property
    def shipping_left(self) -> Amount:
        return self.shipping.minus(self.shipping_spent)

    @property
    def is_wholly_given_back(self) -> bool:
        return self.goods_left.gross == 0 and self.shipping_left.gross == 0

    @property
    def quantity_left(self) -> int:
        """Units neither refunded nor canceled."""
        return max(0, self.quantity - sum(part.quantity for part in self.given_back))

    @property
    def quantity_to_send(self) -> int:
        """Units that ship in the end: all but those canceled or refunded with excluded_from_shipment."""
        kept_back = sum(refund.quantity for refund in self.refunds if refund.excluded_from_shipment)
        return max(0, self.quantity - kept_back - sum(part.quantity for part in self.cancelations))


@dataclass(kw_only=True)
class Tracking:
    carrier_code: str | None = None
    carrier_name: str | None = None
    carrier_standard_code: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None


@dataclass(kw_only=True)
class Document:
    document_id: int
    order_id: str
    file_name: str
    type_code: str
    body: bytes
    uploaded_at: datetime


@dataclass(kw_only=True)
class Order:
    order_id: str
    commercial_id: str
    number: int  # order of creation
    lines: list[OrderLine]
    state: str
    created_at: datetime
    updated_at: datetime
    currency: str
    payment_workflow: str
    payment_type: str
    customer: dict[str, Any]  # customer_id, civility, firstname, lastname, locale
    billing_address: dict[str, Any]
    shipping_address: dict[str, Any]
    channel: str | None
    zone: str
    shipping_type: str
    notification_email: str | None
    fulfillment_center: str = "DEFAULT"
    hidden: bool = False  # not yet shown by any API
    acceptance_decided_at: datetime | None = None  # stays None for automatic decisions
    accepted: bool = False
    debited_at: datetime | None = None
    transaction_number: str | None = None
    shipping_deadline: datetime | None = None
    reason_code: str | None = None
    tracking: Tracking = field(default_factory=Tracking)
    seller_reference: str | None = None
    customer_reference: str | None = None
    additional_fields: list[dict[str, Any]] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    rendered: dict[str, bytes] = field(default_factory=dict)  # tax mode -> the element of OR11, until the next change

    def line(self, line_id: str) -> OrderLine | None:
        return next((line for line in self.lines if line.line_id == line_id), None)

    @property
    def active_lines(self) -> list[OrderLine]:
        return [line for line in self.lines if states.is_active(line.state)]

    @property
    def has_incident(self) -> bool:
        return any(line.incident is not None for line in self.lines)


@dataclass(kw_only=True)
class Shipment:
    shipment_id: str
    order_id: str
    quantities: dict[str, int]  # line id -> units
    package_references: dict[str, str | None]
    tracking: Tracking
    created_at: datetime
    updated_at: datetime
    status: str = states.SHIPPING
    debit: str = "NO_DEBIT"
    invoice_reference: str | None = None
    shipped_at: datetime | None = None
    debited_at: datetime | None = None
    transaction_number: str | None = None
    information: list[dict[str, Any]] = field(default_factory=list)
    warehouse: str | None = None


@dataclass(kw_only=True)
class Offer:
    offer_id: int
    sku: str
    product_sku: str
    gtin: str
    title: str
    category: str
    price: Decimal
    quantity: int
    state_code: str
    description: str = ""
    leadtime_to_ship: int | None = None
    discount: dict[str, Any] | None = None  # price, start, end
    channel_prices: dict[str, Decimal] = field(default_factory=dict)
    additional_fields: dict[str, str] = field(default_factory=dict)
    warehouses: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ListedProduct:
    """A product in the operator's catalogue that an offer can attach to."""

    product_sku: str
    gtin: str
    title: str
    category: str
    shop_sku: str = ""  # of the shop that told of it by a product import
    values: dict[str, str] = field(default_factory=dict)  # attribute code → the cell as the shop sent it


@dataclass(kw_only=True)
class Return:
    return_id: str
    order_id: str
    commercial_id: str
    customer_id: str
    lines: list[dict[str, Any]]  # order_line_id, quantity, reason_code
    method_code: str
    state: str
    created_at: datetime
    updated_at: datetime
    rma: str | None = None
    tracking: Tracking = field(default_factory=Tracking)


@dataclass(kw_only=True)
class LogLine:
    """One movement of money (TL02)."""

    line_id: str
    kind: str  # ORDER_AMOUNT, COMMISSION_FEE, ...
    amount: Decimal  # credits positive, debits negative
    payment_state: str  # PENDING -> PAYABLE -> PAID
    created_at: datetime
    updated_at: datetime
    order_id: str | None = None
    order_line_id: str | None = None
    refund_id: str | None = None
    tax: Tax | None = None
    cycle_id: str | None = None


@dataclass(kw_only=True)
class Cycle:
    """One closed billing cycle with its pay-out (SBC11)."""

    cycle_id: str
    created_at: datetime
    amount: Decimal
    pay_out_state: str
    reference: str | None
    paid_at: datetime | None
    voucher: str
    totals: dict[str, Decimal]  # by kind of log line
