"""Customer shipments and return shipments: waiting, assigned, packed, done; split and merged.

Source of the states and guards: the platform reference of this project, sections 10 and 11.
"""

from collections.abc import Iterable
from typing import Any

from connectors.fulfil.sandbox import invoices, stock
from connectors.fulfil.sandbox.refusals import user_error
from connectors.fulfil.sandbox.store import Context, Row, Store, computed
from connectors.fulfil.sandbox.tenant import Tenant, require_state

OUT, BACK = "stock.shipment.out", "stock.shipment.out.return"


# --- moves of a shipment --------------------------------------------------------------------------------------------
def moves_of(store: Store, model: str, row: Row) -> list[Row]:
    return store.pointing("stock.move", "shipment", f"{model},{row['id']}")


def outgoing(store: Store, row: Row) -> list[Row]:
    return [one for one in moves_of(store, OUT, row) if str(one["origin"]).startswith("sale.line,")]


def picks(store: Store, row: Row) -> list[Row]:
    return [one for one in moves_of(store, OUT, row) if str(one["origin"]).startswith("stock.move,")]


def sales_of(store: Store, model: str, row: Row) -> list[Row]:
    found: dict[int, Row] = {}
    for one in moves_of(store, model, row):
        line = store.referred(one["origin"])
        if line is not None and line[0] == "sale.line":
            sale = store.row("sale.sale", line[1]["sale"])
            found[sale["id"]] = sale
    return list(found.values())


def _ids(rows: Iterable[Row]) -> list[int]:
    return [row["id"] for row in rows]


for _model in (OUT, BACK):
    computed(_model, "moves")(lambda store, row, context, model=_model: _ids(moves_of(store, model, row)))
    computed(_model, "channels")(
        lambda store, row, context, model=_model: sorted({sale["channel"] for sale in sales_of(store, model, row)})
    )
    computed(_model, "order_numbers")(
        lambda store, row, context, model=_model: ", ".join(
            store.rec_name("sale.sale", sale) for sale in sales_of(store, model, row)
        )
    )


@computed(OUT, "sales")
def _sales(store: Store, row: Row, context: Context) -> list[int]:
    return _ids(sales_of(store, OUT, row))


@computed(OUT, "outgoing_moves")
def _outgoing(store: Store, row: Row, context: Context) -> list[int]:
    return _ids(outgoing(store, row))


@computed(OUT, "inventory_moves")
def _picks(store: Store, row: Row, context: Context) -> list[int]:
    return _ids(picks(store, row))


@computed(OUT, "total_quantity")
def _total_quantity(store: Store, row: Row, context: Context) -> float:
    return float(sum(one["quantity"] for one in outgoing(store, row)))


@computed(OUT, "tracking_number_blurb")
def _blurb(store: Store, row: Row, context: Context) -> dict[str, Any] | None:
    tracking = store.tables["shipment.tracking"].get(row["tracking_number"])
    if tracking is None:
        return None
    carrier = store.tables["carrier"].get(tracking["carrier"])
    return {
        "title": tracking["tracking_number"],
        "subtitle": [["Carrier", carrier["name"] if carrier else ""], ["link", tracking["tracking_url"] or ""]],
    }


@computed(BACK, "incoming_moves")
def _incoming(store: Store, row: Row, context: Context) -> list[int]:
    return _ids(one for one in moves_of(store, BACK, row) if str(one["origin"]).startswith("sale.line,"))


@computed(BACK, "inventory_moves")
def _shelved(store: Store, row: Row, context: Context) -> list[int]:
    return _ids(one for one in moves_of(store, BACK, row) if str(one["origin"]).startswith("stock.move,"))


# --- customer shipments ---------------------------------------------------------------------------------------------
def make(tenant: Tenant, sale: Row, lines: Iterable[tuple[Row, float]], warehouse: int) -> Row:
    place = tenant.row("stock.location", warehouse)
    customer = tenant.only("stock.location", type="customer") or place
    shipment = tenant.insert(
        OUT,
        number=tenant.number("CS"),
        state="waiting",
        customer=sale["party"],
        delivery_address=sale["shipment_address"],
        warehouse=warehouse,
        company=sale["company"],
        planned_date=tenant.today(),
        carrier=sale["carrier"],
        carrier_service=sale["carrier_service"],
        requested_shipping_service=sale["requested_shipping_service"],
        priority=sale["priority"],
    )
    for line, quantity in lines:
        stock.move(
            tenant,
            line["product"],
            quantity,
            source=place["output_location"],
            goal=customer["id"],
            origin=f"sale.line,{line['id']}",
            shipment=tenant.named(OUT, shipment),
            unit_price=line["unit_price"],
            currency=sale["currency"],
        )
    _build_picks(tenant, shipment)
    if tenant.switches.auto_assign:
        assign_try(tenant, shipment["id"])
    return shipment


def _build_picks(tenant: Tenant, shipment: Row) -> None:
    for old in picks(tenant, shipment):
        tenant.remove("stock.move", old)
    place = tenant.row("stock.location", shipment["warehouse"])
    for one in outgoing(tenant, shipment):
        if one["state"] != "cancel":
            stock.move(
                tenant,
                one["product"],
                one["quantity"],
                source=place["storage_location"],
                goal=place["output_location"],
                origin=f"stock.move,{one['id']}",
                shipment=tenant.named(OUT, shipment),
            )


def wait(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(OUT, ids):
        require_state(row, ("draft", "assigned", "waiting"), "Shipment")
        _build_picks(tenant, row)
        tenant.update(OUT, row, state="waiting")


def assign_try(tenant: Tenant, ids: Any) -> bool:
    """True only when everything was reserved; what could be reserved stays so."""
    outcomes = [_assign(tenant, row) for row in tenant.rows(OUT, ids)]  # each is tried, whatever became of the others
    return all(outcomes)


def _assign(tenant: Tenant, row: Row) -> bool:
    require_state(row, ("waiting", "assigned"), "Shipment")
    _refuse_held(row)
    for one in picks(tenant, row):
        if one["state"] == "draft" and _free(tenant, one) >= one["quantity"]:
            tenant.update("stock.move", one, state="assigned")
    whole = all(one["state"] == "assigned" for one in picks(tenant, row))
    if whole:
        tenant.update(OUT, row, state="assigned", assigned_time=tenant.now())
    return whole


def _free(tenant: Tenant, pick: Row) -> float:
    """On the shelf and not reserved for another shipment."""
    reserved = sum(
        float(one["quantity"])
        for one in tenant.pointing("stock.move", "product", pick["product"])
        if one["state"] == "assigned" and one["from_location"] == pick["from_location"]
    )
    return stock.on_hand(tenant, pick["product"], {pick["from_location"]}) - reserved


def assign_force(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(OUT, ids):
        require_state(row, ("waiting",), "Shipment")
        for one in picks(tenant, row):
            tenant.update("stock.move", one, state="assigned")
        tenant.update(OUT, row, state="assigned", assigned_time=tenant.now())


def start_picking(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(OUT, ids):
        tenant.update(OUT, row, picking_status="in-progress")


def done_picking(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(OUT, ids):
        tenant.update(OUT, row, picking_status="done")


def pack(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(OUT, ids):
        require_state(row, ("assigned",), "Shipment")
        _refuse_held(row)
        if any(tenant.value("sale.sale", sale, "has_channel_exception", {}) for sale in sales_of(tenant, OUT, row)):
            raise user_error(f"Shipment {row['number']} has an order with unresolved exceptions.")
        stock.do(tenant, picks(tenant, row))
        tenant.update(OUT, row, state="packed")


def done(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(OUT, ids):
        require_state(row, ("packed",), "Shipment")
        stock.do(tenant, outgoing(tenant, row))
        tenant.update(OUT, row, state="done", effective_date=row["effective_date"] or tenant.today())
        for sale in sales_of(tenant, OUT, row):
            invoices.on_shipment(tenant, sale, outgoing(tenant, row))
            settle(tenant, sale)


def cancel(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(OUT, ids):
        require_state(row, ("draft", "waiting", "assigned", "packed"), "Shipment")
        _put_back(tenant, row)
        for one in moves_of(tenant, OUT, row):
            tenant.update("stock.move", one, state="cancel")
        tenant.update(OUT, row, state="cancel")
        stock.tell(tenant, {one["product"] for one in outgoing(tenant, row)})


def _put_back(tenant: Tenant, row: Row) -> None:
    """What was packed goes back to the shelf."""
    if row["state"] == "packed":
        for one in picks(tenant, row):
            back = stock.move(
                tenant, one["product"], one["quantity"], source=one["to_location"], goal=one["from_location"]
            )
            stock.do(tenant, [back])


def draft(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(OUT, ids):
        require_state(row, ("waiting", "cancel"), "Shipment")
        for one in outgoing(tenant, row):
            tenant.update("stock.move", one, state="draft")
        tenant.update(OUT, row, state="draft")


def hold(tenant: Tenant, ids: Any, note: Any = None) -> None:
    for row in tenant.rows(OUT, ids):
        tenant.update(OUT, row, on_hold=True, comment=note)


def unhold(tenant: Tenant, ids: Any, note: Any = None) -> None:
    for row in tenant.rows(OUT, ids):
        tenant.update(OUT, row, on_hold=False)


def _refuse_held(row: Row) -> None:
    if row["on_hold"]:
        raise user_error(f"Shipment {row['number']} is on hold.")


def split(tenant: Tenant, ids: Any, parts: Any, planned_date: Any = None) -> int:
    """Move units into a shipment of their own; its id."""
    (row,) = tenant.rows(OUT, ids)
    require_state(row, ("draft", "waiting", "assigned"), "Shipment")
    shared = ("customer", "delivery_address", "warehouse", "company", "carrier", "carrier_service", "priority")
    other = tenant.insert(
        OUT,
        number=tenant.number("CS"),
        state="waiting",
        planned_date=planned_date or tenant.today(),
        **{name: row[name] for name in shared},
    )
    for part in parts:
        _split_move(tenant, tenant.row("stock.move", part["id"]), float(part["quantity"]), tenant.named(OUT, other))
    for shipment in (row, other):
        _build_picks(tenant, shipment)
        tenant.update(OUT, shipment, state="waiting")
        if tenant.switches.auto_assign:
            assign_try(tenant, shipment["id"])
    return int(other["id"])


def _split_move(tenant: Tenant, one: Row, quantity: float, shipment: str) -> None:
    if not 0 < quantity <= one["quantity"]:
        raise user_error(f"{quantity:g} of {one['quantity']:g} units cannot be split off.")
    if quantity == one["quantity"]:
        tenant.update("stock.move", one, shipment=shipment)
        return
    kept = {name: one[name] for name in ("origin", "unit_price", "currency")}
    stock.move(
        tenant,
        one["product"],
        quantity,
        source=one["from_location"],
        goal=one["to_location"],
        shipment=shipment,
        **kept,
    )
    tenant.update("stock.move", one, quantity=one["quantity"] - quantity)


def merge(tenant: Tenant, ids: Any) -> int:
    """All moves into the first shipment; the others are cancelled, empty."""
    first, *others = tenant.rows(OUT, ids)
    for row in (first, *others):
        require_state(row, ("draft", "waiting", "assigned"), "Shipment")
    for row in others:
        for one in outgoing(tenant, row):
            tenant.update("stock.move", one, shipment=tenant.named(OUT, first))
        cancel(tenant, row["id"])
    wait(tenant, first["id"])
    assign_try(tenant, first["id"])
    return int(first["id"])


def settle(tenant: Tenant, sale: Row) -> None:
    """An order is done when everything is sent and nothing waits to be paid; with something new it goes on."""
    sent = tenant.value("sale.sale", sale, "shipment_state", {}) in ("sent", "none")
    paid = tenant.value("sale.sale", sale, "invoice_state", {}) in ("paid", "none")
    if sale["state"] == "processing" and sent and paid:
        tenant.update("sale.sale", sale, state="done")
    elif sale["state"] == "done" and not (sent and paid):
        tenant.update("sale.sale", sale, state="processing")


# --- return shipments -----------------------------------------------------------------------------------------------
def make_return(tenant: Tenant, sale: Row, lines: Iterable[Row], warehouse: int) -> Row:
    place = tenant.row("stock.location", warehouse)
    customer = tenant.only("stock.location", type="customer") or place
    shipment = tenant.insert(
        BACK,
        number=tenant.number("CRS"),
        state="draft",
        customer=sale["party"],
        warehouse=warehouse,
        company=sale["company"],
        planned_date=tenant.today(),
    )
    for line in lines:
        stock.move(
            tenant,
            line["product"],
            -line["quantity"],
            source=customer["id"],
            goal=place["input_location"],
            origin=f"sale.line,{line['id']}",
            shipment=tenant.named(BACK, shipment),
        )
    return shipment


def receive(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(BACK, ids):
        require_state(row, ("draft",), "Return shipment")
        arrived = moves_of(tenant, BACK, row)
        stock.do(tenant, arrived)
        place = tenant.row("stock.location", row["warehouse"])
        for one in arrived:
            stock.move(
                tenant,
                one["product"],
                one["quantity"],
                source=place["input_location"],
                goal=place["storage_location"],
                origin=f"stock.move,{one['id']}",
                shipment=tenant.named(BACK, row),
            )
        tenant.update(BACK, row, state="received")


def return_done(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(BACK, ids):
        require_state(row, ("received",), "Return shipment")
        stock.do(tenant, moves_of(tenant, BACK, row))
        tenant.update(BACK, row, state="done", effective_date=tenant.today())
        for sale in sales_of(tenant, BACK, row):
            invoices.credit(tenant, sale)
            settle(tenant, sale)


def return_draft(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(BACK, ids):
        require_state(row, ("cancel",), "Return shipment")
        tenant.update(BACK, row, state="draft")


def return_cancel(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows(BACK, ids):
        require_state(row, ("draft",), "Return shipment")
        for one in moves_of(tenant, BACK, row):
            tenant.update("stock.move", one, state="cancel")
        tenant.update(BACK, row, state="cancel")
