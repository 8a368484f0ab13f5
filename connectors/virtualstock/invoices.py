"""An invoice of the supplier for one order, at cost prices. Pure.

The platform takes one invoice for an order, once every line is dispatched or cancelled, and shows none of them afterwards:
what became of it is seen in the portal. It recomputes subtotals and taxes from unit price and rate, so these are sent
as it will compute them. Source: the vendor's Postman collection, "Invoices", read 2026-01.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.canonical.payload import JSON
from connectors.virtualstock.reading import Node
from connectors.virtualstock.translate import OFF_STATES, SENT_STATES, line_statuses

LONGEST_NUMBER = 20
LONGEST_TEXT = 100
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """What the books say; everything else stands on the order."""

    reference: str  # the retailer's order number
    number: str  # ours: 20 letters at most, never used twice
    invoice_date: date  # not before the last parcel left
    supplied: Mapping[str, date]  # line reference → the day it left, which the order does not show
    retailer_uuid: str = ""  # where the order does not tell it


def build_invoice(payload: JSON, invoice: Invoice) -> dict[str, Any]:
    """The body, from the order as it stands. Raises DataError naming all that the platform would refuse.

    Cancelled lines are left out: they may not be invoiced.
    """
    node = Node.root(payload)
    node.faults.record = f"Invoice {invoice.number} for order {invoice.reference}"
    retailer = node.child("retailer_data")
    uuid = invoice.retailer_uuid or (retailer.text("uuid") if retailer else "")
    if not uuid:
        node.fault("retailer_data.uuid", "The order does not say which retailer is invoiced.")
    if not invoice.number or len(invoice.number) > LONGEST_NUMBER:
        words = f"An invoice number has 1 to {LONGEST_NUMBER} letters, not {len(invoice.number)}."
        node.fault("invoice_number", words)
    lines = [
        _line(item, invoice, status=status)
        for item, status in zip(node.children("items"), line_statuses(payload), strict=False)
        if status not in OFF_STATES
    ]
    if not lines:
        node.fault("lines", "No line of the order was dispatched: there is nothing to invoice.")
    if invoice.supplied and invoice.invoice_date < max(invoice.supplied.values()):
        node.fault("invoice_date", "The invoice is dated before the last parcel left.")
    currency = node.text("currency_code", required=True)
    node.faults.raise_any()
    return {
        "retailer_id": uuid,
        "retailer_order_reference": invoice.reference,
        "invoice_date": invoice.invoice_date.isoformat(),
        "invoice_number": invoice.number,
        "currency_code": currency,
        "lines": lines,
    }


def _line(item: Node, invoice: Invoice, *, status: str) -> dict[str, Any]:
    if status not in SENT_STATES:
        item.fault("status", "The line is neither dispatched nor cancelled: the order cannot be invoiced yet.")
    reference = item.text("line_reference", required=True)
    supplied = invoice.supplied.get(reference)
    if supplied is None:
        item.fault("line_reference", "Nobody said on which day this line left.")
    unit, rate = _needed(item, "unit_cost_price"), _needed(item, "tax_rate")
    quantity = item.count("quantity")
    subtotal = (unit * quantity).quantize(CENT, ROUND_HALF_UP)
    sku = item.text("supplier_sku_reference") or item.text("part_number", required=True)
    return {
        "retailer_sku": item.text("retailer_sku_reference", required=True)[:LONGEST_TEXT],
        "supplier_sku": sku[:LONGEST_TEXT],
        "order_line_reference": reference,
        "description": (item.text("name") or item.text("description") or sku)[:LONGEST_TEXT],
        "quantity": quantity,
        "supply_date": supplied.isoformat() if supplied else "",
        "unit_price": f"{unit.quantize(CENT, ROUND_HALF_UP):f}",
        "subtotal": f"{subtotal:f}",
        "tax_rate": f"{rate.quantize(CENT, ROUND_HALF_UP):f}",
        "tax": f"{(subtotal * rate / 100).quantize(CENT, ROUND_HALF_UP):f}",
    }


def _needed(item: Node, name: str) -> Decimal:
    amount = item.amount(name)
    if amount is None:
        item.fault(name, "The order does not say it, and the hub invoices no guess.")
        return Decimal(0)
    return amount
