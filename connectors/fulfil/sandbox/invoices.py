"""Invoices and credit notes, as far as orders and returns bring them about."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from connectors.fulfil.sandbox.amounts import units_amount, units_tax
from connectors.fulfil.sandbox.store import Context, Row, Store, computed
from connectors.fulfil.sandbox.tenant import Tenant, require_state


@computed("account.invoice", "sales")
def _sales(store: Store, row: Row, context: Context) -> list[int]:
    return [row["sale"]]


def on_process(tenant: Tenant, sale: Row) -> None:
    if sale["invoice_method"] == "order" and not invoices_of(tenant, sale):
        lines = [(line, line["quantity"]) for line in tenant.pointing("sale.line", "sale", sale["id"])]
        _make(tenant, sale, lines, kind="out_invoice")


def on_shipment(tenant: Tenant, sale: Row, moves: Iterable[Row]) -> None:
    """For the shipped quantities; what is no goods goes with the first shipment."""
    if sale["invoice_method"] != "shipment":
        return
    sent = {one["origin"]: one["quantity"] for one in moves if one["state"] == "done"}
    own = tenant.pointing("sale.line", "sale", sale["id"])
    lines = [(line, sent[f"sale.line,{line['id']}"]) for line in own if f"sale.line,{line['id']}" in sent]
    if not invoices_of(tenant, sale):
        lines += [(line, line["quantity"]) for line in own if not _is_goods(tenant, line)]
    _make(tenant, sale, lines, kind="out_invoice")


def credit(tenant: Tenant, sale: Row) -> None:
    lines = [
        (line, line["quantity"]) for line in tenant.pointing("sale.line", "sale", sale["id"]) if line["quantity"] < 0
    ]
    _make(tenant, sale, lines, kind="out_credit_note")


def invoices_of(tenant: Any, sale: Row) -> list[Row]:
    found: list[Row] = tenant.pointing("account.invoice", "sale", sale["id"])
    return found


def _is_goods(tenant: Tenant, line: Row) -> bool:
    return tenant.tables["product.product"].get(line["product"], {}).get("type") == "goods"


def _make(tenant: Tenant, sale: Row, lines: list[tuple[Row, float]], *, kind: str) -> None:
    """Posted at once; a payment that covers it makes it paid."""
    if not lines:
        return
    sign = -1 if kind == "out_credit_note" else 1
    net = sum((units_amount(tenant, line, units) for line, units in lines), Decimal(0)) * sign
    tax = sum((units_tax(tenant, line, units) for line, units in lines), Decimal(0)) * sign
    invoice = tenant.insert(
        "account.invoice",
        number=tenant.number("INV"),
        type=kind,
        reference=sale["reference"],
        state="paid" if kind == "out_invoice" and tenant.pointing("sale.payment", "sale", sale["id"]) else "posted",
        party=sale["party"],
        invoice_date=tenant.today(),
        currency=sale["currency"],
        sale=sale["id"],
        untaxed_amount=net,
        tax_amount=tax,
        total_amount=net + tax,
    )
    for line, units in lines:
        tenant.insert(
            "account.invoice.line",
            invoice=invoice["id"],
            product=line["product"],
            description=line["description"],
            quantity=units * sign,
            unit_price=line["unit_price"],
            amount=units_amount(tenant, line, units) * sign,
            origin=f"sale.line,{line['id']}",
        )


def change(states: tuple[str, ...], goal: str) -> Any:
    def run(tenant: Tenant, ids: Any) -> None:
        for row in tenant.rows("account.invoice", ids):
            require_state(row, states, "Invoice")
            tenant.update("account.invoice", row, state=goal)

    return run
