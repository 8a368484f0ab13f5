"""Money as Centra computes it, rounding half up: tax is taken out of prices that hold it, or put on top, line by line."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from connectors.centra.sandbox.records import ZERO, Currency
from connectors.centra.sandbox.sales import Order, OrderLine, Return, Shipment


@dataclass(frozen=True, slots=True)
class Money:
    """What MonetaryValue shows; the value goes out as a JSON float."""

    amount: Decimal
    currency: Currency

    @property
    def value(self) -> float:
        return float(self.amount)

    @property
    def conversion_rate(self) -> float:
        return float(self.currency.rate)

    @property
    def formatted_value(self) -> str:
        return f"{rounded(self.amount)} {self.currency.code}"


def rounded(amount: Decimal, digits: int = 2) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def tax_inside(amount: Decimal, percent: Decimal, digits: int = 2) -> Decimal:
    """The tax that an amount with tax contains: 120.00 at 20 % holds 20.00."""
    return rounded(amount * percent / (100 + percent), digits)


def tax_on(order: Order, amount: Decimal, percent: Decimal) -> Decimal:
    """The tax in an amount as it is priced, or on top of it."""
    digits = order.currency.digits
    if order.pricelist.includes_tax:
        return tax_inside(amount, percent, digits)
    return rounded(amount * percent / 100, digits)


def shown(order: Order, amount: Decimal, percent: Decimal, *, with_tax: bool) -> Decimal:
    """An amount as it is priced, shown with or without its tax."""
    if with_tax == order.pricelist.includes_tax:
        return amount
    tax = tax_on(order, amount, percent)
    return amount + tax if with_tax else amount - tax


def discount_percent(line: OrderLine) -> Decimal:
    if line.unit_original_price <= line.unit_price:
        return ZERO
    return rounded((line.unit_original_price - line.unit_price) * 100 / line.unit_original_price)


def extra_percent(lines: list[OrderLine]) -> Decimal:
    """Shipping, handling and discounts carry the highest rate among the lines."""
    return max((line.tax_percent for line in lines), default=ZERO)


def line_values(order: Order) -> Decimal:
    return sum((line.value for line in order.lines), ZERO)


def grand_total(order: Order) -> Decimal:
    """Lines plus shipping plus handling less discounts; `difference` is a rounding that shows in no part."""
    priced = line_values(order) + order.shipping + order.handling - order.discount + order.difference
    return priced + tax_added(order)


def shipping_tax(order: Order) -> Decimal:
    return tax_on(order, order.shipping, extra_percent(order.lines))


def order_tax(order: Order) -> Decimal:
    lines = sum((tax_on(order, line.value, line.tax_percent) for line in order.lines), ZERO)
    extra = order.handling - order.discount + paid_by_vouchers(order)
    return lines + shipping_tax(order) + tax_on(order, extra, extra_percent(order.lines))


def paid_by_vouchers(order: Order) -> Decimal:
    """Gift cards among the vouchers. They lower what is left to be paid; that they lower no tax is our choice."""
    return sum((amount for name, amount in order.vouchers if "GIFT" in order.voucher_types.get(name, "")), ZERO)


def tax_included(order: Order) -> Decimal:
    return order_tax(order) if order.pricelist.includes_tax else ZERO


def tax_added(order: Order) -> Decimal:
    return ZERO if order.pricelist.includes_tax else order_tax(order)


def shipment_total(shipment: Shipment) -> Decimal:
    priced = sum((line.value for line in shipment.lines), ZERO) + shipment.shipping
    return priced if shipment.order.pricelist.includes_tax else priced + shipment_tax(shipment)


def shipment_tax(shipment: Shipment) -> Decimal:
    lines = [line.order_line for line in shipment.lines]
    order = shipment.order
    tax = sum((tax_on(order, line.value, line.order_line.tax_percent) for line in shipment.lines), ZERO)
    return tax + tax_on(order, shipment.shipping, extra_percent(lines))


def return_lines(return_: Return) -> Decimal:
    return sum((line.shipment_line.order_line.unit_price * line.quantity for line in return_.lines), ZERO)


def return_total(return_: Return) -> Decimal:
    priced = return_lines(return_) + return_.shipping + return_.handling - return_.discount - return_.cost
    return priced + return_tax_added(return_)


def return_tax_included(return_: Return) -> Decimal:
    return return_tax(return_) if return_.order.pricelist.includes_tax else ZERO


def return_tax_added(return_: Return) -> Decimal:
    return ZERO if return_.order.pricelist.includes_tax else return_tax(return_)


def return_tax(return_: Return) -> Decimal:
    """Of the lines, each for itself, and of what is given back or kept besides, at the highest rate among them."""
    order, sold = return_.order, [line.shipment_line.order_line for line in return_.lines]
    values = (line.unit_price * part.quantity for line, part in zip(sold, return_.lines, strict=True))
    tax = sum((tax_on(order, value, line.tax_percent) for value, line in zip(values, sold, strict=True)), ZERO)
    extra = return_.shipping + return_.handling - return_.discount - return_.cost
    return tax + tax_on(order, extra, extra_percent(sold))


def paid_in(order: Order, entry_type: str) -> Decimal:
    """What succeeded of one kind of payment: CAPTURE, REFUND, AUTH, CANCEL."""
    return sum(
        (entry.amount for entry in order.payments if entry.entry_type == entry_type and entry.status == "SUCCESS"),
        ZERO,
    )
