"""Input objects that name something: exactly one field, found or refused in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.centra.sandbox.gql.filters import invalid
from connectors.centra.sandbox.records import (
    Country,
    Customer,
    Display,
    Market,
    Pricelist,
    Product,
    ProductSize,
    Store,
    Variant,
    Warehouse,
)
from connectors.centra.sandbox.refusals import RefusedError
from connectors.centra.sandbox.sales import Order, OrderLine, Return, Shipment, ShipmentLine
from connectors.centra.sandbox.stock import StockPolicy
from connectors.centra.sandbox.tables import Table
from connectors.centra.sandbox.tokens import Session

Path = Sequence[str]


def single(given: Mapping[str, Any], what: str) -> tuple[str, Any]:
    """The one field that is set. Two, or none, are an error of the request, not of the data."""
    fields = {name: value for name, value in given.items() if value is not None}
    if len(fields) != 1:
        raise invalid(f"{what} takes exactly one field, {len(fields)} given.")
    return next(iter(fields.items()))


def missing(what: str, name: str, value: Any, path: Path) -> RefusedError:
    kind = {"id": "ID", "externalId": "external ID"}.get(name, name)
    return RefusedError(f"Could not find {what} with {kind} {value}", path)


def _named(session: Session, table: Table[Any], given: Mapping[str, Any], what: str, path: Path) -> Any:
    name, value = single(given, f"{what}Input")
    row = table.by_external(session.token.integration, value) if name == "externalId" else table.get(value)
    if row is None or not session.sees(getattr(row, "store", None)):
        raise missing(what, name, value, path)
    return row


def order(session: Session, given: Mapping[str, Any], path: Path) -> Order:
    shop = session.shop
    name, value = single(given, "OrderInput")
    found = {
        "id": lambda: shop.orders_by_hash.get(value),
        "number": lambda: shop.orders.get(value),
        "externalId": lambda: shop.orders.by_external(session.token.integration, value),
    }[name]()
    if found is None or not session.sees(found.store):
        raise missing("Order", name, value, path)
    return found


def order_line(of: Order, given: Mapping[str, Any], path: Path) -> OrderLine:
    name, value = single(given, "OrderLineInput")
    found = next((line for line in of.lines if line.id == value), None)
    if found is None:
        raise missing("OrderLine", name, value, path)
    return found


def shipment_by_id(session: Session, shipment_id: int) -> Shipment:
    found = session.shop.shipments.get(shipment_id)
    if found is None or not session.sees(found.order.store):
        raise missing("Shipment", "id", shipment_id, ("id",))
    return found


def shipment(session: Session, given: Mapping[str, Any], path: Path) -> Shipment:
    shop = session.shop
    name, value = single(given, "ShipmentInput")
    found = {
        "id": lambda: shop.shipments.get(value),
        "number": lambda: shop.shipments_by_number.get(value),
        "externalId": lambda: shop.shipments.by_external(session.token.integration, value),
    }[name]()
    if found is None or not session.sees(found.order.store):
        raise missing("Shipment", name, value, path)
    return found


def shipment_line(of: Shipment, given: Mapping[str, Any], path: Path) -> ShipmentLine:
    name, value = single(given, "ShipmentLineReferenceInput")
    found = next((line for line in of.lines if line.id == value), None)
    if found is None:
        raise missing("ShipmentLine", name, value, path)
    return found


def return_by_id(session: Session, return_id: int) -> Return:
    found = session.shop.returns.get(return_id)
    if found is None or not session.sees(found.order.store):
        raise missing("Return", "id", return_id, ("id",))
    return found


def customer(session: Session, given: Mapping[str, Any], path: Path) -> Customer:
    found: Customer = _named(session, session.shop.customers, given, "Customer", path)
    return found


def display(session: Session, given: Mapping[str, Any], path: Path) -> Display:
    found: Display = _named(session, session.shop.displays, given, "Display", path)
    return found


def variant(session: Session, given: Mapping[str, Any], path: Path) -> Variant:
    found: Variant = _named(session, session.shop.variants, given, "ProductVariant", path)
    return found


def product(session: Session, given: Mapping[str, Any], path: Path) -> Product:
    found: Product = _named(session, session.shop.products, given, "Product", path)
    return found


def product_size(session: Session, given: Mapping[str, Any], path: Path) -> ProductSize:
    name, value = single(given, "ProductSizeInput")
    if name == "id":
        size = session.shop.sizes.get(value)
        found = [] if size is None else [size]
    else:
        found = session.shop.sizes_with(name, value)
    if not found:
        raise missing("ProductSize", name, value, path)
    return found[0]


def size_of(of: Variant, given: Mapping[str, Any], path: Path) -> ProductSize:
    name, value = single(given, "SizeInput")
    for size in of.product_sizes:
        if (name == "id" and size.size.id == value) or (name == "name" and size.size.name == value):
            return size
    raise missing("Size", name, value, path)


def _plain(session: Session, rows: Mapping[int, Any], given: Mapping[str, Any], what: str, path: Path) -> Any:
    """Things of the structure: by id, or by an external id where they have one."""
    name, value = single(given, f"{what}Input")
    integration = session.token.integration
    for row in rows.values():
        if (name == "id" and row.id == value) or (
            name == "externalId" and integration and getattr(row, "external_ids", {}).get(integration) == value
        ):
            return row
    raise missing(what, name, value, path)


def warehouse(session: Session, given: Mapping[str, Any], path: Path) -> Warehouse:
    found: Warehouse = _plain(session, session.shop.warehouses, given, "Warehouse", path)
    return found


def store(session: Session, given: Mapping[str, Any], path: Path) -> Store:
    found: Store = _plain(session, session.shop.stores, given, "Store", path)
    if not session.sees(found):
        raise missing("Store", "id", found.id, path)
    return found


def market(session: Session, given: Mapping[str, Any], path: Path) -> Market:
    found: Market = _plain(session, session.shop.markets, given, "Market", path)
    return found


def pricelist(session: Session, given: Mapping[str, Any], path: Path) -> Pricelist:
    found: Pricelist = _plain(session, session.shop.pricelists, given, "Pricelist", path)
    return found


def country(session: Session, given: Mapping[str, Any], path: Path) -> Country:
    name, value = single(given, "CountryInput")
    for item in session.shop.countries.values():
        if value in (item.id, item.code):
            return item
    raise missing("Country", name, value, path)


def stock_policy(session: Session, given: Mapping[str, Any], path: Path) -> StockPolicy:
    """Exactly one of releaseItemsBackToWarehouse, sendItemsToDifferentWarehouse, removeItemsFromStock."""
    name, value = single(given, "StockPolicyActionInput")
    if name == "sendItemsToDifferentWarehouse":
        return StockPolicy(move_to=warehouse(session, value, [*path, name]))
    if value is not True:
        raise invalid(f"{name} must be true when it is given.")
    return StockPolicy(release=True) if name == "releaseItemsBackToWarehouse" else StockPolicy(remove=True)
