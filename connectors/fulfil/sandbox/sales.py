"""Orders: their amounts and states, and the workflow quote, confirm, process, cancel.

Source of the states and guards: the platform reference of this project, section 8.
"""

from decimal import Decimal
from typing import Any

from connectors.fulfil.sandbox import invoices, shipments, stock
from connectors.fulfil.sandbox.amounts import line_amount, line_tax
from connectors.fulfil.sandbox.refusals import user_error
from connectors.fulfil.sandbox.store import Context, Row, Store, computed
from connectors.fulfil.sandbox.tenant import Tenant, require_state

SALE = "sale.sale"
ACCESS = "You cannot create order under this channel because you do not have required permissions"


# --- amounts --------------------------------------------------------------------------------------------------------
def lines_of(store: Store, sale: Row) -> list[Row]:
    return store.pointing("sale.line", "sale", sale["id"])


@computed(SALE, "untaxed_amount")
def untaxed(store: Store, sale: Row, context: Context) -> Decimal:
    whole: Decimal = sum((line_amount(store, line, {}) for line in lines_of(store, sale)), Decimal(0))
    return whole


@computed(SALE, "tax_amount")
def tax(store: Store, sale: Row, context: Context) -> Decimal:
    taxes: list[Decimal] = [line_tax(store, line) for line in lines_of(store, sale)]
    return sum(taxes, start=Decimal(0))


@computed(SALE, "total_amount")
def total(store: Store, sale: Row, context: Context) -> Decimal:
    return untaxed(store, sale, {}) + tax(store, sale, {})


@computed(SALE, "shipment_amount")
def _shipment_amount(store: Store, sale: Row, context: Context) -> Decimal:
    services = (line for line in lines_of(store, sale) if not is_goods(store, line))
    return sum((line_amount(store, line, {}) for line in services), start=Decimal(0))


@computed(SALE, "payment_total")
def _payment_total(store: Store, sale: Row, context: Context) -> Decimal:
    paid: list[Decimal] = [row["amount"] for row in store.pointing("sale.payment", "sale", sale["id"])]
    return sum(paid, start=Decimal(0))


@computed(SALE, "total_quantity")
def _total_quantity(store: Store, sale: Row, context: Context) -> float:
    return float(sum(line["quantity"] for line in lines_of(store, sale) if is_goods(store, line)))


def is_goods(store: Store, line: Row) -> bool:
    return store.tables["product.product"].get(line["product"], {}).get("type") == "goods"


# --- what belongs to an order ---------------------------------------------------------------------------------------
@computed("sale.line", "moves")
def _line_moves(store: Store, line: Row, context: Context) -> list[int]:
    return [one["id"] for one in moves_of_line(store, line)]


def moves_of_line(store: Store, line: Row) -> list[Row]:
    return store.pointing("stock.move", "origin", f"sale.line,{line['id']}")


@computed(SALE, "moves")
def _moves(store: Store, sale: Row, context: Context) -> list[int]:
    return [one["id"] for line in lines_of(store, sale) for one in moves_of_line(store, line)]


def shipments_of(store: Store, sale: Row, model: str = shipments.OUT) -> list[Row]:
    found: dict[int, Row] = {}
    for line in lines_of(store, sale):
        for one in moves_of_line(store, line):
            known = store.referred(one["shipment"])
            if known is not None and known[0] == model:
                found[known[1]["id"]] = known[1]
    return [found[one] for one in sorted(found)]


@computed(SALE, "shipments")
def _shipments(store: Store, sale: Row, context: Context) -> list[int]:
    return [row["id"] for row in shipments_of(store, sale)]


@computed(SALE, "shipment_returns")
def _returns(store: Store, sale: Row, context: Context) -> list[int]:
    return [row["id"] for row in shipments_of(store, sale, shipments.BACK)]


@computed(SALE, "invoices")
def _invoices(store: Store, sale: Row, context: Context) -> list[int]:
    return [row["id"] for row in invoices.invoices_of(store, sale)]


@computed(SALE, "invoice_state")
def _invoice_state(store: Store, sale: Row, context: Context) -> str:
    states = {row["state"] for row in invoices.invoices_of(store, sale)}
    if "cancel" in states:
        return "exception"
    return "none" if not states else "paid" if states == {"paid"} else "waiting"


@computed(SALE, "shipment_state")
def shipment_state(store: Store, sale: Row, context: Context) -> str:
    moves = [one for line in lines_of(store, sale) for one in moves_of_line(store, line)]
    states = {one["state"] for one in moves}
    if "cancel" in states:
        return "exception"
    return "none" if not states else "sent" if states == {"done"} else "waiting"


@computed(SALE, "exceptions")
def _exceptions(store: Store, sale: Row, context: Context) -> list[int]:
    return [row["id"] for row in exceptions_of(store, sale)]


@computed(SALE, "has_channel_exception")
def _has_exception(store: Store, sale: Row, context: Context) -> bool:
    return any(not row["is_resolved"] for row in exceptions_of(store, sale))


def exceptions_of(store: Store, sale: Row) -> list[Row]:
    return store.pointing("channel.exception", "origin", f"{SALE},{sale['id']}")


# --- the workflow ---------------------------------------------------------------------------------------------------
def quote(tenant: Tenant, ids: Any) -> None:
    for sale in tenant.rows(SALE, ids):
        require_state(sale, ("draft",), "Sale")
        if not (sale["invoice_address"] and sale["shipment_address"] and sale["warehouse"]):
            raise user_error(f"Sale {sale['id']} needs an invoice address, a shipment address and a warehouse.")
        tenant.update(SALE, sale, state="quotation", number=sale["number"] or tenant.number("SO"))


def confirm(tenant: Tenant, ids: Any) -> None:
    for sale in tenant.rows(SALE, ids):
        require_state(sale, ("quotation",), "Sale")
        if tenant.value(SALE, sale, "has_channel_exception", {}):
            raise user_error(f"You missed some unresolved exceptions in sale {sale['number'] or sale['id']}.")
        tenant.update(SALE, sale, state="confirmed", sale_date=sale["sale_date"] or tenant.today())
        stock.tell(tenant, {line["product"] for line in lines_of(tenant, sale) if is_goods(tenant, line)})


def process(tenant: Tenant, ids: Any) -> None:
    """Makes shipments and invoices; may be called again and then makes only what is missing."""
    for sale in tenant.rows(SALE, ids):
        require_state(sale, ("confirmed", "processing", "done"), "Sale")
        if sale["state"] == "confirmed":
            tenant.update(SALE, sale, state="processing")
        if sale["shipment_method"] == "order":
            _ship(tenant, sale)
        invoices.on_process(tenant, sale)
        shipments.settle(tenant, sale)


def _ship(tenant: Tenant, sale: Row) -> None:
    groups: dict[int, list[tuple[Row, float]]] = {}
    back: dict[int, list[Row]] = {}
    for line in lines_of(tenant, sale):
        if not is_goods(tenant, line) or moves_of_line(tenant, line):
            continue
        warehouse = line["warehouse"] or sale["warehouse"]
        if line["quantity"] > 0:
            groups.setdefault(warehouse, []).append((line, line["quantity"]))
        elif line["quantity"] < 0:
            back.setdefault(warehouse, []).append(line)
    for warehouse, wanted in groups.items():
        shipments.make(tenant, sale, wanted, warehouse)
    for warehouse, lines in back.items():
        shipments.make_return(tenant, sale, lines, warehouse)


def draft(tenant: Tenant, ids: Any) -> None:
    for sale in tenant.rows(SALE, ids):
        require_state(sale, ("quotation", "cancel"), "Sale")
        tenant.update(SALE, sale, state="draft")


def cancel(tenant: Tenant, ids: Any) -> None:
    """Confirmed and processing orders too, once every shipment is cancelled."""
    for sale in tenant.rows(SALE, ids):
        require_state(sale, ("draft", "quotation", "confirmed", "processing"), "Sale")
        open_ones = [row for row in shipments_of(tenant, sale) if row["state"] != "cancel"]
        if open_ones:
            names = ", ".join(row["number"] for row in open_ones)
            raise user_error(f"Sale {sale['number']} has shipments that are not cancelled: {names}.")
        tenant.update(SALE, sale, state="cancel")
        stock.tell(tenant, {line["product"] for line in lines_of(tenant, sale) if is_goods(tenant, line)})


def resolve(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows("channel.exception", ids):
        tenant.update("channel.exception", row, is_resolved=True)
