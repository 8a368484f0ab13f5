"""Fields of orders, their lines, payments, shipments and returns."""

import json
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox import arithmetic
from connectors.centra.sandbox.arithmetic import Money
from connectors.centra.sandbox.gql import lists
from connectors.centra.sandbox.gql.binding import Discount, resolves
from connectors.centra.sandbox.gql.filters import matching
from connectors.centra.sandbox.records import ZERO, Address, Product, ShippingOption, StockChangeLine, Variant
from connectors.centra.sandbox.sales import (
    Allocation,
    Order,
    OrderLine,
    Payment,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
)
from connectors.centra.sandbox.stock import move_physical
from connectors.centra.sandbox.tokens import Session

Args = dict[str, Any]


def money(order: Order, amount: Decimal) -> Money:
    return Money(amount, order.currency)


# --- orders -----------------------------------------------------------------------------------------------------------------
@resolves("Order", "status")
def order_status(source: Order, session: Session, args: Args) -> str:
    return source.strange_status or source.status


@resolves("Order", "grandTotal")
def order_grand_total(source: Order, session: Session, args: Args) -> Money:
    total = arithmetic.grand_total(source)
    return money(source, total if args["includingTax"] else total - arithmetic.tax_included(source))


@resolves("Order Shipment", "currencyBaseRate")
def order_rate(source: Order | Shipment, session: Session, args: Args) -> float:
    order = source.order if isinstance(source, Shipment) else source
    return float(order.currency.rate)


@resolves("Return PaymentHistoryEntry", "currencyBaseRate")
def return_rate(source: Return | Payment, session: Session, args: Args) -> float:
    return float(source.order.currency.rate)


@resolves("Order", "userIP")
def user_ip(source: Order, session: Session, args: Args) -> None:
    return None


@resolves("Order", "isLocked")
def is_locked(source: Order, session: Session, args: Args) -> bool:
    return source.locked_by is not None


@resolves("DirectToConsumerOrder", "orderHoldReason")
def hold_reason(source: Order, session: Session, args: Args) -> str | None:
    return source.hold_reason if source.is_on_hold else None


@resolves("Order", "discountsApplied")
def order_discounts(source: Order, session: Session, args: Args) -> list[Discount]:
    return [Discount(-amount, name, source) for name, amount in source.vouchers]


@resolves("Shipment Return", "discountsApplied")
def no_discounts(source: Any, session: Session, args: Args) -> list[Discount]:
    return []


@resolves("AppliedDiscount", "value")
def discount_value(source: Discount, session: Session, args: Args) -> Money:
    return money(source.order, source.amount)


@resolves("AppliedDiscount", "discount")
def discount_voucher(source: Discount, session: Session, args: Args) -> dict[str, Any]:
    return {"id": 1, "name": source.name, "code": source.name, "type": "AUTO"}


@resolves("Voucher", "id")
def voucher_id(source: dict[str, Any], session: Session, args: Args) -> int:
    return int(source["id"])


@resolves("Voucher", "name code")
def voucher_name(source: dict[str, Any], session: Session, args: Args) -> str:
    return str(source["name"])


@resolves("Voucher", "type")
def voucher_type(source: dict[str, Any], session: Session, args: Args) -> str:
    return str(source["type"])


@resolves("Order", "shippingPriceGroup")
def shipping_price_group(source: Order, session: Session, args: Args) -> Order | None:
    return source if source.shipping_option else None


@resolves("ShippingPriceGroup", "shippingOption")
def group_option(source: Order, session: Session, args: Args) -> ShippingOption | None:
    return source.shipping_option


@resolves("Order", "paymentMethod")
def payment_method(source: Order, session: Session, args: Args) -> Any:
    return source.payment_plugin


@resolves("Order", "paymentHistory")
def payment_history(source: Order, session: Session, args: Args) -> list[Payment]:
    return matching(source.payments, args.get("where"), lists.PAYMENT_FILTERS, session, search=lists.payment_search)


@resolves("Order", "lines")
def order_lines(source: Order, session: Session, args: Args) -> list[OrderLine]:
    """Fully cancelled lines are hidden unless asked for."""
    return [line for line in source.lines if line.quantity or args.get("includeFullyCancelled")]


# --- totals -------------------------------------------------------------------------------------------------------------------
@resolves("Order", "totals")
def order_totals(source: Order, session: Session, args: Args) -> Order:
    return source


@resolves("OrderTotals", "quantity")
def total_quantity(source: Order, session: Session, args: Args) -> int:
    return sum(line.quantity for line in source.lines)


@resolves("OrderTotals", "originalQuantity")
def total_original(source: Order, session: Session, args: Args) -> int:
    return sum(line.original_quantity for line in source.lines)


@resolves("OrderTotals", "cancelledQuantity")
def total_cancelled(source: Order, session: Session, args: Args) -> int:
    return sum(line.cancelled_quantity for line in source.lines)


@resolves("OrderTotals", "unexpeditedQuantity")
def total_unexpedited(source: Order, session: Session, args: Args) -> int:
    return sum(line.open_quantity for line in source.lines)


@resolves("OrderTotals", "weight")
def total_weight(source: Order, session: Session, args: Args) -> None:
    return None


@resolves("OrderTotals", "lineValues")
def total_lines(source: Order, session: Session, args: Args) -> Money:
    return money(source, arithmetic.line_values(source))


@resolves("OrderTotals", "shipping")
def total_shipping(source: Order, session: Session, args: Args) -> Money:
    return money(source, source.shipping)


@resolves("OrderTotals", "handling")
def total_handling(source: Order, session: Session, args: Args) -> Money:
    return money(source, source.handling)


@resolves("OrderTotals", "discounts")
def total_discounts(source: Order, session: Session, args: Args) -> Money:
    return money(source, -source.discount)


@resolves("OrderTotals", "taxIncluded")
def total_tax(source: Order, session: Session, args: Args) -> Money:
    return money(source, arithmetic.tax_included(source))


@resolves("OrderTotals", "shippingTaxIncluded")
def total_shipping_tax(source: Order, session: Session, args: Args) -> Money:
    return money(source, arithmetic.shipping_tax(source))


@resolves("OrderTotals", "taxAdded taxDeducted shippingTaxAdded shippingTaxDeducted")
def no_tax(source: Order, session: Session, args: Args) -> Money:
    """Prices hold their tax; none is added or deducted."""
    return money(source, ZERO)


@resolves("OrderTotals ReturnTotals", "shippingTaxRules handlingTaxRules discountTaxRules returnCostTaxRules")
def no_rules(source: Any, session: Session, args: Args) -> list[Any]:
    return []


# --- lines ----------------------------------------------------------------------------------------------------------------------
def _with_or_without_tax(amount: Decimal, line: OrderLine, args: Args) -> Money:
    inside = amount if args.get("includingTax", True) else arithmetic.without_tax(amount, line.tax_percent)
    return money(line.order, inside)


@resolves("OrderLine", "unitOriginalPrice")
def unit_original_price(source: OrderLine, session: Session, args: Args) -> Money:
    return _with_or_without_tax(source.unit_original_price, source, args)


@resolves("OrderLine", "unitPrice")
def unit_price(source: OrderLine, session: Session, args: Args) -> Money:
    return _with_or_without_tax(source.unit_price, source, args)


@resolves("OrderLine", "lineValue")
def line_value(source: OrderLine, session: Session, args: Args) -> Money:
    return _with_or_without_tax(source.value, source, args)


@resolves("OrderLine", "taxPercent")
def tax_percent(source: OrderLine, session: Session, args: Args) -> float:
    return float(source.tax_percent)


@resolves("OrderLine", "discountPercent")
def discount_percent(source: OrderLine, session: Session, args: Args) -> float:
    return float(arithmetic.discount_percent(source))


@resolves("OrderLine", "hasAnyDiscount")
def has_discount(source: OrderLine, session: Session, args: Args) -> bool:
    return source.unit_price < source.unit_original_price


@resolves("OrderLine", "productVariant")
def line_variant(source: OrderLine, session: Session, args: Args) -> Variant | None:
    return source.product_size.product_variant if source.product_size else None


@resolves("OrderLine", "product")
def line_product(source: OrderLine, session: Session, args: Args) -> Product | None:
    return source.product_size.product_variant.product if source.product_size else None


@resolves("OrderLine", "brand category collection")
def line_group(source: OrderLine, session: Session, args: Args) -> None:
    return None


@resolves("ProductOrderLine", "folderName productExternalUrl frontendItemId")
def line_extra(source: OrderLine, session: Session, args: Args) -> None:
    return None


@resolves("Allocation", "stockChangeLine")
def allocation_delivery(source: Allocation, session: Session, args: Args) -> StockChangeLine:
    """The delivery the units came from; every row of stock began with one."""
    row = source.row
    if row.last_line is None:
        move_physical(session.shop, row.warehouse, [(row.product_size, 0, None)], comment="")
    assert row.last_line is not None
    return row.last_line


# --- payments -------------------------------------------------------------------------------------------------------------------
@resolves("PaymentHistoryEntry", "value")
def payment_value(source: Payment, session: Session, args: Args) -> Money:
    return money(source.order, source.amount)


@resolves("PaymentHistoryEntry", "paramsJSON")
def payment_params(source: Payment, session: Session, args: Args) -> str:
    return json.dumps(source.params, default=str)


@resolves("PaymentHistoryEntry", "return")
def payment_return(source: Payment, session: Session, args: Args) -> Return | None:
    return source.return_


# --- shipments ------------------------------------------------------------------------------------------------------------------
@resolves("Shipment", "grandTotal")
def shipment_total(source: Shipment, session: Session, args: Args) -> Money:
    total = arithmetic.shipment_total(source)
    return money(source.order, total if args["includingTax"] else total - arithmetic.shipment_tax(source))


@resolves("Shipment", "internalShippingCost")
def shipment_cost(source: Shipment, session: Session, args: Args) -> Money | None:
    return None if source.internal_cost is None else money(source.order, source.internal_cost)


@resolves("Shipment", "capturedValue")
def captured_value(source: Shipment, session: Session, args: Args) -> Money | None:
    return None if source.captured is None else money(source.order, source.captured)


@resolves("Shipment Return", "usedFallbackTax")
def used_fallback_tax(source: Any, session: Session, args: Args) -> bool:
    return False


@resolves("Shipment Return", "adminUser")
def admin_user(source: Any, session: Session, args: Args) -> None:
    return None


@resolves("Shipment", "carrierInformation")
def carrier_information(source: Shipment, session: Session, args: Args) -> Shipment | None:
    return source if source.carrier or source.service else None


@resolves("CarrierInformation", "carrierName")
def carrier_name(source: Shipment, session: Session, args: Args) -> str | None:
    return source.carrier


@resolves("CarrierInformation", "serviceName")
def service_name(source: Shipment, session: Session, args: Args) -> str | None:
    return source.service


@resolves("Shipment", "shippingAddress")
def shipment_address(source: Shipment, session: Session, args: Args) -> Address:
    return source.order.shipping_address


@resolves("Shipment", "shipmentPlugin")
def shipment_plugin(source: Shipment, session: Session, args: Args) -> None:
    return None


@resolves("ShipmentLine", "lineValue")
def shipment_line_value(source: ShipmentLine, session: Session, args: Args) -> Money:
    return _with_or_without_tax(source.value, source.order_line, args)


# --- returns --------------------------------------------------------------------------------------------------------------------
@resolves("Return", "totals")
def return_totals(source: Return, session: Session, args: Args) -> Return:
    return source


@resolves("Return", "totalQuantity")
def return_quantity(source: Return, session: Session, args: Args) -> int:
    return sum(line.quantity for line in source.lines)


@resolves("ReturnTotals", "quantity")
def return_totals_quantity(source: Return, session: Session, args: Args) -> int:
    return sum(line.quantity for line in source.lines)


@resolves("Return", "grandTotal")
def return_grand_total(source: Return, session: Session, args: Args) -> Money:
    total = arithmetic.return_total(source)
    return money(
        source.order, total if args.get("includingTax") is not False else total - arithmetic.return_tax(source)
    )


@resolves("Return", "store")
def return_store(source: Return, session: Session, args: Args) -> Any:
    return source.order.store


@resolves("DirectToConsumerReturn", "customer")
def return_customer(source: Return, session: Session, args: Args) -> Any:
    return source.order.customer


@resolves("Return", "refundPaymentHistory")
def refund_history(source: Return, session: Session, args: Args) -> list[Payment]:
    return source.refunds


@resolves("ReturnLine", "orderLine")
def return_order_line(source: ReturnLine, session: Session, args: Args) -> OrderLine:
    return source.shipment_line.order_line


@resolves("ReturnTotals", "lineValues")
def return_values(source: Return, session: Session, args: Args) -> Money:
    return money(source.order, arithmetic.return_lines(source))


@resolves("ReturnTotals", "shipping")
def return_shipping(source: Return, session: Session, args: Args) -> Money:
    return money(source.order, source.shipping)


@resolves("ReturnTotals", "handling")
def return_handling(source: Return, session: Session, args: Args) -> Money:
    return money(source.order, source.handling)


@resolves("ReturnTotals", "discounts")
def return_discounts(source: Return, session: Session, args: Args) -> Money:
    return money(source.order, -source.discount)


@resolves("ReturnTotals", "returnCost")
def return_cost(source: Return, session: Session, args: Args) -> Money:
    return money(source.order, -source.cost)


@resolves("ReturnTotals", "taxIncluded")
def return_tax(source: Return, session: Session, args: Args) -> Money:
    return money(source.order, arithmetic.return_tax(source))


@resolves("ReturnTotals", "taxAdded taxDeducted")
def return_no_tax(source: Return, session: Session, args: Args) -> Money:
    return money(source.order, ZERO)
