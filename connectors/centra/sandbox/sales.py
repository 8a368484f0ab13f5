"""What is sold: orders, their payments, shipments and returns, and what the platform tells about them."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox.records import (
    ZERO,
    Address,
    AllocationRule,
    Country,
    Currency,
    Customer,
    Market,
    Pricelist,
    ProductSize,
    ShippingOption,
    StockRow,
    Store,
    StorePlugin,
    Warehouse,
)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Allocation:
    """Units of one order line that are set aside in one warehouse; `shipment_line` once they are packed into a shipment."""

    id: int
    quantity: int
    row: StockRow
    order_line: "OrderLine"
    is_waiting_for_confirmation: bool = False
    shipment_line: "ShipmentLine | None" = None

    @property
    def warehouse(self) -> Warehouse:
        return self.row.warehouse


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class OrderLine:
    id: int
    order: "Order"
    product_size: ProductSize | None  # None once the article was deleted
    original_quantity: int
    unit_original_price: Decimal
    unit_price: Decimal
    tax_percent: Decimal
    product_number: str
    product_name: str
    product_variant_name: str
    size: str
    sku: str
    product_brand: str | None = None
    comment: str | None = None
    cancelled_quantity: int = 0
    returned_quantity: int = 0
    demand: int = 0  # units counted as demand in `demand_row`
    demand_row: StockRow | None = None
    allocations: list[Allocation] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        return self.original_quantity - self.cancelled_quantity

    @property
    def value(self) -> Decimal:
        return self.unit_price * self.quantity

    @property
    def in_shipments(self) -> int:
        return sum(
            line.quantity for shipment in self.order.shipments for line in shipment.lines if line.order_line is self
        )

    @property
    def open_quantity(self) -> int:
        """Units neither cancelled nor in a shipment."""
        return self.quantity - self.in_shipments

    @property
    def free_allocations(self) -> list[Allocation]:
        return [allocation for allocation in self.allocations if allocation.shipment_line is None]

    @property
    def allocated_quantity(self) -> int:
        """Units allocated and not yet in a shipment."""
        return sum(allocation.quantity for allocation in self.free_allocations)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Payment:
    """One entry of an order's payment history."""

    id: int
    order: "Order"
    created_at: datetime
    status: str
    entry_type: str
    amount: Decimal
    external_reference: str | None = None
    payment_method: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    source: str | None = None
    store_plugin: StorePlugin | None = None
    shipment: "Shipment | None" = None
    return_: "Return | None" = None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Order:
    id: str
    number: int
    store: Store
    market: Market
    pricelist: Pricelist
    customer: Customer
    country: Country
    created_at: datetime
    updated_at: datetime
    order_date: datetime
    billing_address: Address
    shipping_address: Address
    rule: AllocationRule
    status: str = "PENDING"
    hold_reason: str | None = None  # why the platform itself holds the order; None with `is_on_hold`: a person did
    is_on_hold: bool = False
    hold_comment: str = ""
    locked_by: str | None = None  # the integration (or token) that holds the lock
    is_internal: bool = False
    internal_comment: str = ""
    other_comment: str = ""
    shipping_option: ShippingOption | None = None
    payment_plugin: StorePlugin | None = None
    shipping: Decimal = ZERO
    handling: Decimal = ZERO
    discount: Decimal = ZERO  # positive; totals show it negative
    difference: Decimal = ZERO  # a rounding the platform made for itself: in the grand total and nowhere else
    vouchers: list[tuple[str, Decimal]] = field(default_factory=list)
    voucher_types: dict[str, str] = field(default_factory=dict)  # by name; what is not named is "AUTO"
    lines: list[OrderLine] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    shipments: list["Shipment"] = field(default_factory=list)
    shipments_made: int = 0
    draft: dict[str, Any] | None = None  # the request of an order that is only created, not placed
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    external_ids: dict[str, str] = field(default_factory=dict)
    strange_status: str | None = None  # a status outside the documented list, shown instead of `status`

    @property
    def currency(self) -> Currency:
        return self.pricelist.currency


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class ShipmentLine:
    id: int
    quantity: int
    order_line: OrderLine
    shipment: "Shipment"
    returned_quantity: int = 0
    shipped_from: list[tuple[StockRow, int]] = field(default_factory=list)

    @property
    def value(self) -> Decimal:
        return self.order_line.unit_price * self.quantity


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Shipment:
    id: int
    number: str
    order: Order
    created_at: datetime
    updated_at: datetime
    shipping: Decimal = ZERO
    is_good_to_go: bool = False
    is_printed: bool = False
    is_shipped: bool = False
    is_on_hold: bool = False
    is_paid: bool = False
    is_captured: bool = False
    shipped_at: datetime | None = None
    paid_at: datetime | None = None
    captured_at: datetime | None = None
    captured: Decimal | None = None
    tracking_number: str | None = None
    return_tracking_number: str | None = None
    number_of_packages: int = 1
    carrier: str | None = None
    service: str | None = None
    additional_message: str | None = None
    internal_cost: Decimal | None = None
    lines: list[ShipmentLine] = field(default_factory=list)
    external_ids: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class ReturnLine:
    id: int
    quantity: int
    shipment_line: ShipmentLine
    restocked: list[tuple[StockRow, int]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Return:
    id: int
    shipment: Shipment
    created_at: datetime
    updated_at: datetime
    return_status: str = "PENDING"
    returned_to_stock: bool = False
    return_warehouse: Warehouse | None = None
    comment: str | None = None
    created_from: str = "API"
    shipping: Decimal = ZERO
    handling: Decimal = ZERO
    discount: Decimal = ZERO
    cost: Decimal = ZERO
    lines: list[ReturnLine] = field(default_factory=list)
    refunds: list[Payment] = field(default_factory=list)
    external_ids: dict[str, str] = field(default_factory=dict)

    @property
    def order(self) -> Order:
        return self.shipment.order


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Event:
    id: int
    object_type: str
    change_type: str
    object_reference: int
    created_at: datetime
    store: Store | None
    market: Market | None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class EventListener:
    integration_name: str
    object_type: str
    change_types: list[str]
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class IdConversion:
    id: int
    object_type: str
    internal_id: int
    external_id: str
    integration_name: str
