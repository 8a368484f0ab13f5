"""What the platform remembers."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.virtualstock.sandbox import states


@dataclass(kw_only=True)
class Line:
    number: int  # REST id
    reference: str
    part_number: str
    retailer_sku: str
    supplier_sku: str
    name: str
    quantity: int
    unit_cost: Decimal | None
    tax_rate: Decimal
    promised_at: datetime | None
    status: str = states.ORDER
    dispatched: int = 0
    dispatched_at: datetime | None = None
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    sub_status: str = ""
    supplier_dispatch_date: str = ""
    reason_code: int | None = None

    @property
    def subtotal(self) -> Decimal | None:
        return None if self.unit_cost is None else self.unit_cost * self.quantity

    @property
    def tax(self) -> Decimal | None:
        return None if self.subtotal is None else (self.subtotal * self.tax_rate / 100).quantize(Decimal("0.01"))


@dataclass(kw_only=True)
class Order:
    number: int  # REST id
    reference: str
    retailer_id: int
    placed_at: datetime
    lines: list[Line]
    address: dict[str, Any]
    currency: str
    delivery_service_code: str | None = None
    channel: str | None = None
    comment: str | None = None
    test_flag: bool = False
    purchase_order_reference: str | None = None
    end_user_purchase_order_reference: str | None = None
    additional_order_reference: str | None = None
    history: list[tuple[datetime, str]] = field(default_factory=list)  # the order's own status, from when
    invoice_number: str = ""

    def line(self, reference: str) -> Line | None:
        return next((line for line in self.lines if line.reference == reference), None)


@dataclass(kw_only=True)
class Product:
    number: int
    part_number: str
    client_id: int
    category: str
    data: dict[str, str]
    stock: int = 0  # never shown
    back_in_stock_date: str | None = None
    publishing_until: datetime | None = None


@dataclass(kw_only=True)
class Return:
    return_id: str
    order: Order
    line: Line
    quantity: int
    reason_code: str
    comment: str
    created_at: datetime
    status: str = states.RMA
    moments: dict[str, datetime] = field(default_factory=dict)  # authorised_at, declined_at, ...
    messages: dict[str, str] = field(default_factory=dict)
    before: str = states.DISPATCH


@dataclass(kw_only=True)
class Token:
    text: str
    refresh: bool
    expires_at: datetime


@dataclass(kw_only=True)
class Invoice:
    number: str
    order: Order
    body: dict[str, Any]
    state: str = "CREATED"  # CREATED | ISSUED | REJECTED | WITHDRAWN
