"""Invoices of the supplier to the retailer: written once, never read back. The envelope of their errors is inferred."""

from decimal import Decimal
from typing import Any

from connectors.sandboxkit import Reply
from connectors.virtualstock.sandbox import states
from connectors.virtualstock.sandbox.call import Call
from connectors.virtualstock.sandbox.platform import Platform
from connectors.virtualstock.sandbox.records import Invoice, Line, Order
from connectors.virtualstock.sandbox.refusals import RefusedError, detail

MANDATORY = ("retailer_id", "retailer_order_reference", "invoice_date", "invoice_number", "currency_code")
ENDED = (states.CANCEL_ACK, states.DISPATCH, *states.RETURN_STATUSES)
WORDS = {
    "RETAILER_NOT_FOUND": "Retailer not found.",
    "RETAILER_DOES_NOT_SUPPORT_INVOICING": "Retailer does not support invoicing.",
    "ORDER_NOT_FOUND": "Order not found.",
    "ORDER_CANCELLED": "Order is cancelled.",
    "ORDER_NOT_FULFILLED": "Order is not fulfilled.",
    "ORDER_ALREADY_INVOICED": "Order is already invoiced.",
    "INVOICE_HAS_BEEN_ISSUED": "Invoice has been issued.",
    "DUPLICATED_INVOICE_NUMBER": "Duplicated invoice number.",
    "INVOICE_LINES_NOT_PRESENT": "Invoice lines are not present.",
    "INVOICE_DATE_BEFORE_LAST_ITEM_DISPATCHED_DATE": "Invoice date is before the last item dispatched date.",
    "ORDER_LINE_REFERENCE_NOT_FOUND": "Order line reference not found.",
    "ORDER_LINE_CANCELLED": "Order line is cancelled.",
    "ORDER_LINE_UNMATCHED_QUANTITY": "Order line quantity does not match.",
    "RETAILER_SKU_NOT_FOUND": "Retailer SKU not found.",
}


def create_invoice(platform: Platform, call: Call) -> Reply:
    body = call.body()
    for name in MANDATORY:
        if not body.get(name):
            raise detail(400, f"{name}: This field is required.", "UNEXPECTED_ERROR")
    order = _order(platform, body)
    _check_order(platform, order, body)
    _check_lines(order, body)
    order.invoice_number = str(body["invoice_number"])
    platform.invoices.append(Invoice(number=order.invoice_number, order=order, body=_recomputed(body)))
    return Reply(status=201)


def _refused(code: str) -> RefusedError:
    return detail(400, WORDS[code], code)


def _order(platform: Platform, body: dict[str, Any]) -> Order:
    retailer = next((item for item in platform.retailers.values() if item.uuid == body["retailer_id"]), None)
    if retailer is None:
        raise _refused("RETAILER_NOT_FOUND")
    if not retailer.invoicing:
        raise _refused("RETAILER_DOES_NOT_SUPPORT_INVOICING")
    try:
        return platform.order_by_reference(str(body["retailer_order_reference"]))
    except KeyError:
        raise _refused("ORDER_NOT_FOUND") from None


def _check_order(platform: Platform, order: Order, body: dict[str, Any]) -> None:
    if all(line.status == states.CANCEL_ACK for line in order.lines):
        raise _refused("ORDER_CANCELLED")
    if any(line.status not in ENDED for line in order.lines):
        raise _refused("ORDER_NOT_FULFILLED")
    standing = [item for item in platform.invoices if item.order is order and item.state != "WITHDRAWN"]
    if any(item.state == "ISSUED" for item in standing):
        raise _refused("INVOICE_HAS_BEEN_ISSUED")
    if any(item.state == "CREATED" for item in standing):
        raise _refused("ORDER_ALREADY_INVOICED")
    if any(item.number == body["invoice_number"] for item in platform.invoices):
        raise _refused("DUPLICATED_INVOICE_NUMBER")
    last = max(line.dispatched_at for line in order.lines if line.dispatched_at is not None)
    if str(body["invoice_date"]) < (platform.naive(last) or "")[:10]:
        raise _refused("INVOICE_DATE_BEFORE_LAST_ITEM_DISPATCHED_DATE")
    for item in standing:  # rejected: a new number for the same order withdraws it
        item.state = "WITHDRAWN"


def _check_lines(order: Order, body: dict[str, Any]) -> None:
    sent = body.get("lines")
    if not isinstance(sent, list) or not sent:
        raise _refused("INVOICE_LINES_NOT_PRESENT")
    for item in sent:
        line: Line | None = order.line(str(item.get("order_line_reference")))
        if line is None:
            raise _refused("ORDER_LINE_REFERENCE_NOT_FOUND")
        if line.status == states.CANCEL_ACK:
            raise _refused("ORDER_LINE_CANCELLED")
        if item.get("quantity") != line.quantity:
            raise _refused("ORDER_LINE_UNMATCHED_QUANTITY")
        if item.get("retailer_sku") != line.retailer_sku:
            raise _refused("RETAILER_SKU_NOT_FOUND")


def _recomputed(body: dict[str, Any]) -> dict[str, Any]:
    """Subtotals and taxes that were sent are ignored."""
    lines = []
    for item in body["lines"]:
        subtotal = Decimal(str(item["unit_price"])) * int(item["quantity"])
        tax = (subtotal * Decimal(str(item["tax_rate"])) / 100).quantize(Decimal("0.01"))
        lines.append({**item, "subtotal": f"{subtotal:.2f}", "tax": f"{tax:.2f}"})
    return {**body, "lines": lines}
