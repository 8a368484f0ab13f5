"""Moves between locations, and what is on the shelf and free to promise.

on hand    = done moves into the storage zones of a warehouse less done moves out of them
available  = on hand less the open demand of confirmed and processing orders; it may be negative
The vendor states what the two mean and not how they are computed: this is the sandbox's choice.
"""

from collections.abc import Iterable
from typing import Any

from connectors.fulfil.sandbox.refusals import user_error
from connectors.fulfil.sandbox.store import Context, Row, Store, computed
from connectors.fulfil.sandbox.tenant import Tenant, require_state

OPEN_SHIPMENT = ("draft", "waiting", "assigned")


# --- reading --------------------------------------------------------------------------------------------------------
def storage_zones(store: Store, locations: Iterable[int]) -> set[int]:
    """The zones behind warehouses and zones alike."""
    rows = [store.row("stock.location", one) for one in locations]
    return {row["storage_location"] if row["type"] == "warehouse" else row["id"] for row in rows}


def all_warehouses(store: Store) -> list[int]:
    return [row["id"] for row in store.tables["stock.location"].values() if row["type"] == "warehouse"]


def on_hand(store: Store, product: int, zones: set[int]) -> float:
    moves = [move for move in store.pointing("stock.move", "product", product) if move["state"] == "done"]
    arrived = sum(move["quantity"] for move in moves if move["to_location"] in zones)
    return float(arrived - sum(move["quantity"] for move in moves if move["from_location"] in zones))


def demand(store: Store, product: int, zones: set[int]) -> float:
    """What confirmed and processing orders still want out of these zones."""
    return float(sum(_line_demand(store, line, zones) for line in store.pointing("sale.line", "product", product)))


def _line_demand(store: Store, line: Row, zones: set[int]) -> float:
    sale = store.row("sale.sale", line["sale"])
    warehouse = line["warehouse"] or sale["warehouse"]
    if line["quantity"] <= 0 or warehouse is None or not storage_zones(store, [warehouse]) & zones:
        return 0.0
    if sale["state"] == "confirmed":
        return float(line["quantity"])
    if sale["state"] != "processing":
        return 0.0
    moves = store.pointing("stock.move", "origin", f"sale.line,{line['id']}")
    return float(
        sum(move["quantity"] for move in moves if move["state"] in ("draft", "assigned") and not _packed(store, move))
    )


def _packed(store: Store, move: Row) -> bool:
    found = store.referred(move["shipment"])
    return found is not None and found[1]["state"] in ("packed", "done")


def quantities(store: Store, product: int, locations: Iterable[int]) -> dict[str, float]:
    """Several locations are summed."""
    zones = storage_zones(store, locations)
    shelf = on_hand(store, product, zones)
    return {"quantity_on_hand": shelf, "quantity_available": shelf - demand(store, product, zones)}


@computed("product.product", "quantity_on_hand")
def _product_on_hand(store: Store, row: Row, context: Context) -> float:
    return quantities(store, row["id"], context.get("locations") or all_warehouses(store))["quantity_on_hand"]


@computed("product.product", "quantity_available")
def _product_available(store: Store, row: Row, context: Context) -> float:
    return quantities(store, row["id"], context.get("locations") or all_warehouses(store))["quantity_available"]


@computed("stock.location", "quantity_on_hand", "quantity_available")
def _location_quantity(store: Store, row: Row, context: Context) -> float | None:
    product = context.get("product")
    return None if product is None else on_hand(store, product, storage_zones(store, [row["id"]]))


@computed("stock.location", "warehouse")
def _warehouse(store: Store, row: Row, context: Context) -> int | None:
    while row["type"] != "warehouse" and row["parent"] is not None:
        row = store.row("stock.location", row["parent"])
    return row["id"] if row["type"] == "warehouse" else None


def inventory_of(tenant: Tenant, products: Any, locations: Any) -> dict[str, Any]:
    """get_product_inventory: product id → location id → quantities, ids as text since they are JSON keys."""
    wanted = [row["id"] for row in tenant.rows("product.product", products)]
    places = locations or all_warehouses(tenant)
    return {str(one): {str(place): quantities(tenant, one, [place]) for place in places} for one in wanted}


# --- moving ---------------------------------------------------------------------------------------------------------
def move(tenant: Tenant, product: int, quantity: float, *, source: int, goal: int, **values: Any) -> Row:
    return tenant.insert(
        "stock.move",
        product=product,
        quantity=float(quantity),
        from_location=source,
        to_location=goal,
        **{"state": "draft", "company": 1, "planned_date": tenant.today(), **values},
    )


def do(tenant: Tenant, moves: Iterable[Row]) -> None:
    touched = set()
    for one in moves:
        if one["state"] not in ("done", "cancel"):
            tenant.update("stock.move", one, state="done", effective_date=tenant.today())
            touched.add(one["product"])
    tell(tenant, touched)


def tell(tenant: Tenant, products: Iterable[int]) -> None:
    """One webhook for each product whose stock changed."""
    for product in products:
        tenant.webhooks.note(event_of(tenant, product))


def event_of(tenant: Tenant, product: int) -> dict[str, Any]:
    places = [row for row in tenant.tables["stock.location"].values() if row["type"] == "warehouse"]
    return {
        "timestamp": tenant.now().isoformat(timespec="microseconds"),
        "product_id": product,
        "product_code": tenant.row("product.product", product)["code"],
        "warehouse_quantities": [
            {"warehouse_id": row["id"], "warehouse_code": row["code"], **quantities(tenant, product, [row["id"]])}
            for row in places
        ],
        "listing_quantities": [],
    }


# --- counting -------------------------------------------------------------------------------------------------------
def complete_count(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows("stock.inventory", ids):
        require_state({"number": None, **row}, ("draft",), "The count")
        for line in tenant.pointing("stock.inventory.line", "inventory", row["id"]):
            shelf = on_hand(tenant, line["product"], {row["location"]})
            tenant.update("stock.inventory.line", line, expected_quantity=shelf)
        tenant.update("stock.inventory", row, state="completed")


def confirm_count(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows("stock.inventory", ids):
        require_state({"number": None, **row}, ("completed",), "The count")
        lines = tenant.pointing("stock.inventory.line", "inventory", row["id"])
        if len({line["product"] for line in lines}) < len(lines):
            raise user_error("Line is not unique: a product is counted twice.")
        for line in lines:
            _post_difference(tenant, row, line)
        tenant.update("stock.inventory", row, state="done")


def _post_difference(tenant: Tenant, count: Row, line: Row) -> None:
    apart = line["quantity"] - (line["expected_quantity"] or 0)
    if apart:
        places = (count["lost_found"], count["location"])
        source, goal = places if apart > 0 else places[::-1]
        do(tenant, [move(tenant, line["product"], abs(apart), source=source, goal=goal)])


def cancel_count(tenant: Tenant, ids: Any) -> None:
    for row in tenant.rows("stock.inventory", ids):
        require_state({"number": None, **row}, ("draft", "completed"), "The count")
        tenant.update("stock.inventory", row, state="cancel")
