"""Fields of orders, their lines, payments, shipments and returns."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox import arithmetic
from connectors.centra.sandbox.arithmetic import Money
from connectors.centra.sandbox.gql import lists
from connectors.centra.sandbox.gql.binding import Discount, computed, constant, resolves
from connectors.centra.sandbox.gql.filters import matching
from connectors.centra.sandbox.records import ZERO, StockChangeLine
from connectors.centra.sandbox.sales import Allocation, Order, OrderLine, Payment, Return, Shipment, ShipmentLine
from connectors.centra.sandbox.stock import move_physical
from connectors.centra.sandbox.tokens import Session

Args = dict[str, Any]


def money(order: Order, amount: Decimal) -> Money:
    return Money(amount, order.currency)


def _amount(type_name: str, field_names: str, function: Callable[[Any], Decimal]) -> None:
    """An amount in the currency of the order that a record (an order, or what belongs to one) stands for."""
    computed(type_name, field_names, lambda source: money(getattr(source, "order", source), function(source)))


def _maybe(type_name: str, field_name: str, function: Callable[[Any], Decimal | None]) -> None:
    def show(source: Any) -> Money | None:
        amount = function(source)
        return None if amount is None else money(source.order, amount)

    computed(type_name, field_name, show)


# --- orders -----------------------------------------------------------------------------------------------------------
computed("Order", "status", lambda order: order.strange_status or order.status)
computed("Order", "isLocked", lambda order: order.locked_by is not None)
computed("DirectToConsumerOrder", "orderHoldReason", lambda order: order.hold_reason if order.is_on_hold else None)
computed("Order", "shippingPriceGroup", lambda order: order if order.shipping_option else None)
computed("ShippingPriceGroup", "shippingOption", lambda order: order.shipping_option)
computed("Order", "paymentMethod", lambda order: order.payment_plugin)
computed("Order", "currencyBaseRate", lambda order: float(order.currency.rate))
computed("Shipment Return PaymentHistoryEntry", "currencyBaseRate", lambda source: float(source.order.currency.rate))
constant("Order", "userIP", None)


@resolves("Order", "grandTotal")
def order_grand_total(source: Order, session: Session, args: Args) -> Money:
    total = arithmetic.grand_total(source)
    return money(source, total if args["includingTax"] else total - arithmetic.order_tax(source))


@resolves("Order", "paymentHistory")
def payment_history(source: Order, session: Session, args: Args) -> list[Payment]:
    return matching(source.payments, args.get("where"), lists.PAYMENT_FILTERS, session, search=lists.payment_search)


@resolves("Order", "lines")
def order_lines(source: Order, session: Session, args: Args) -> list[OrderLine]:
    """Fully cancelled lines are hidden unless asked for."""
    return [line for line in source.lines if line.quantity or args.get("includeFullyCancelled")]


# --- discounts --------------------------------------------------------------------------------------------------------
computed("Order", "discountsApplied", lambda order: [Discount(-amount, name, order) for name, amount in order.vouchers])
constant("Shipment Return", "discountsApplied", [])
_amount("AppliedDiscount", "value", lambda discount: discount.amount)
computed("AppliedDiscount", "discount", lambda discount: discount)
constant("Voucher", "id", 1)
computed("Voucher", "type", lambda discount: discount.order.voucher_types.get(discount.name, "AUTO"))
computed("Voucher", "name code", lambda discount: discount.name)

# --- totals -----------------------------------------------------------------------------------------------------------
computed("Order Return", "totals", lambda source: source)
computed("OrderTotals", "quantity", lambda order: sum(line.quantity for line in order.lines))
computed("OrderTotals", "originalQuantity", lambda order: sum(line.original_quantity for line in order.lines))
computed("OrderTotals", "cancelledQuantity", lambda order: sum(line.cancelled_quantity for line in order.lines))
computed("OrderTotals", "unexpeditedQuantity", lambda order: sum(line.open_quantity for line in order.lines))
constant("OrderTotals", "weight", None)
_amount("OrderTotals", "lineValues", arithmetic.line_values)
_amount("OrderTotals", "shipping", lambda order: order.shipping)
_amount("OrderTotals", "handling", lambda order: order.handling)
_amount("OrderTotals", "discounts", lambda order: -order.discount)
_amount("OrderTotals", "taxIncluded", arithmetic.tax_included)
_amount("OrderTotals", "taxAdded", arithmetic.tax_added)
_amount(
    "OrderTotals",
    "shippingTaxIncluded",
    lambda order: arithmetic.shipping_tax(order) if order.pricelist.includes_tax else ZERO,
)
_amount(
    "OrderTotals",
    "shippingTaxAdded",
    lambda order: ZERO if order.pricelist.includes_tax else arithmetic.shipping_tax(order),
)
_amount("OrderTotals", "taxDeducted shippingTaxDeducted", lambda order: ZERO)
constant("OrderTotals ReturnTotals", "shippingTaxRules handlingTaxRules discountTaxRules returnCostTaxRules", [])


# --- lines ------------------------------------------------------------------------------------------------------------
def _taxed(type_name: str, field_name: str, function: Callable[[Any], Decimal]) -> None:
    """An amount of a line, shown with its tax unless includingTax is false."""

    def show(source: OrderLine | ShipmentLine, session: Session, args: Args) -> Money:
        line = source.order_line if isinstance(source, ShipmentLine) else source
        amount = function(source)
        with_tax = args.get("includingTax", True)
        return money(line.order, arithmetic.shown(line.order, amount, line.tax_percent, with_tax=with_tax))

    resolves(type_name, field_name)(show)


_taxed("OrderLine", "unitOriginalPrice", lambda line: line.unit_original_price)
_taxed("OrderLine", "unitPrice", lambda line: line.unit_price)
_taxed("OrderLine", "lineValue", lambda line: line.value)
_taxed("ShipmentLine", "lineValue", lambda line: line.value)
computed("OrderLine", "taxPercent", lambda line: float(line.tax_percent))
computed("OrderLine", "discountPercent", lambda line: float(arithmetic.discount_percent(line)))
computed("OrderLine", "hasAnyDiscount", lambda line: line.unit_price < line.unit_original_price)
computed("OrderLine", "productVariant", lambda line: line.product_size and line.product_size.product_variant)
computed("OrderLine", "product", lambda line: line.product_size and line.product_size.product_variant.product)
constant("OrderLine", "brand category collection folderName productExternalUrl frontendItemId", None)


@resolves("Allocation", "stockChangeLine")
def allocation_delivery(source: Allocation, session: Session, args: Args) -> StockChangeLine:
    """The delivery the units came from; every row of stock began with one."""
    row = source.row
    if row.last_line is None:
        move_physical(session.shop, row.warehouse, [(row.product_size, 0, None)], comment="")
    assert row.last_line is not None
    return row.last_line


# --- payments ---------------------------------------------------------------------------------------------------------
_amount("PaymentHistoryEntry", "value", lambda entry: entry.amount)
computed("PaymentHistoryEntry", "paramsJSON", lambda entry: json.dumps(entry.params, default=str))
computed("PaymentHistoryEntry", "return", lambda entry: entry.return_)


# --- shipments --------------------------------------------------------------------------------------------------------
_maybe("Shipment", "internalShippingCost", lambda shipment: shipment.internal_cost)
_maybe("Shipment", "capturedValue", lambda shipment: shipment.captured)
computed("Shipment", "shippingAddress", lambda shipment: shipment.order.shipping_address)
computed("Shipment", "carrierInformation", lambda shipment: shipment if shipment.carrier or shipment.service else None)
computed("CarrierInformation", "carrierName", lambda shipment: shipment.carrier)
computed("CarrierInformation", "serviceName", lambda shipment: shipment.service)
constant("Shipment", "shipmentPlugin", None)
constant("Shipment Return", "adminUser", None)
constant("Shipment Return", "usedFallbackTax", False)


@resolves("Shipment", "grandTotal")
def shipment_total(source: Shipment, session: Session, args: Args) -> Money:
    total = arithmetic.shipment_total(source)
    return money(source.order, total if args["includingTax"] else total - arithmetic.shipment_tax(source))


# --- returns ----------------------------------------------------------------------------------------------------------
@resolves("Return", "grandTotal")
def return_grand_total(source: Return, session: Session, args: Args) -> Money:
    total = arithmetic.return_total(source)
    with_tax = args.get("includingTax") is not False
    return money(source.order, total if with_tax else total - arithmetic.return_tax(source))


computed("Return", "totalQuantity", lambda return_: sum(line.quantity for line in return_.lines))
computed("Return", "store", lambda return_: return_.order.store)
computed("Return", "refundPaymentHistory", lambda return_: return_.refunds)
computed("DirectToConsumerReturn", "customer", lambda return_: return_.order.customer)
computed("ReturnLine", "orderLine", lambda line: line.shipment_line.order_line)
computed("ReturnTotals", "quantity", lambda return_: sum(line.quantity for line in return_.lines))
_amount("ReturnTotals", "lineValues", arithmetic.return_lines)
_amount("ReturnTotals", "shipping", lambda return_: return_.shipping)
_amount("ReturnTotals", "handling", lambda return_: return_.handling)
_amount("ReturnTotals", "discounts", lambda return_: -return_.discount)
_amount("ReturnTotals", "returnCost", lambda return_: -return_.cost)
_amount("ReturnTotals", "taxIncluded", arithmetic.return_tax_included)
_amount("ReturnTotals", "taxAdded", arithmetic.return_tax_added)
_amount("ReturnTotals", "taxDeducted", lambda return_: ZERO)
