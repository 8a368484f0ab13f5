"""The roots of what can be read."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from connectors.centra.sandbox.gql import lists
from connectors.centra.sandbox.gql.binding import resolves
from connectors.centra.sandbox.gql.filters import Spec, check_limit, invalid, lower_bound, matching, ordered, page_of
from connectors.centra.sandbox.gql.structure_fields import integration_of
from connectors.centra.sandbox.sales import Order, Payment, Shipment
from connectors.centra.sandbox.tokens import Session

Args = dict[str, Any]


# --- sales ------------------------------------------------------------------------------------------------------------------
@resolves("Query", "order")
def order(source: None, session: Session, args: Args) -> Order | None:
    found = session.shop.orders_by_hash.get(args["id"])
    return found if found is not None and session.sees(found.store) else None


def _order_rows(session: Session, args: Args) -> list[Order]:
    """Through the narrowest index the filter allows; held orders are shown like any other."""
    shop, where, plain = session.shop, args.get("where"), _plain(args)
    integration = session.token.integration
    rows: list[Order | None]
    if "number" in plain:
        rows = [shop.orders.get(number) for number in dict.fromkeys(plain["number"])]
    elif "id" in plain:
        rows = [shop.orders_by_hash.get(order_id) for order_id in dict.fromkeys(plain["id"])]
    elif "externalId" in plain:
        rows = [shop.orders.by_external(integration, name) for name in dict.fromkeys(plain["externalId"])]
    elif since := lower_bound(where, "updatedAt", session):
        rows = [*shop.orders.changed_since(since)]
    else:
        rows = [*shop.orders]
    named = "number" in plain or "id" in plain
    visible = [row for row in rows if row is not None and session.sees(row.store) and (named or _indexed(session, row))]
    found = matching(visible, where, lists.ORDER_FILTERS, session, search=lists.order_search)
    return ordered(found, args.get("sort"), lists.ORDER_KEYS)


def _indexed(session: Session, row: Any) -> bool:
    """With a search lag, lists do not show yet what changed a moment ago."""
    lag = session.shop.switches.list_lag_seconds
    return not lag or row.updated_at <= session.shop.now() - timedelta(seconds=lag)


@resolves("Query", "orders")
def orders(source: None, session: Session, args: Args) -> Sequence[Order]:
    return page_of(_order_rows(session, args), args)


@resolves("Query", "shipments")
def shipments(source: None, session: Session, args: Args) -> Sequence[Any]:
    found = matching(
        _shipment_rows(session, args), args.get("where"), lists.SHIPMENT_FILTERS, session, search=lists.shipment_search
    )
    return page_of(ordered(found, args.get("sort"), lists.SHIPMENT_KEYS), args)


def _shipment_rows(session: Session, args: Args) -> list[Shipment]:
    shop, plain = session.shop, _plain(args)
    if "id" in plain or "number" in plain:
        by_id = [shop.shipments.get(shipment_id) for shipment_id in dict.fromkeys(plain.get("id", ()))]
        by_number = [shop.shipments_by_number.get(number) for number in dict.fromkeys(plain.get("number", ()))]
        return [row for row in by_id or by_number if row is not None and session.sees(row.order.store)]
    since = lower_bound(args.get("where"), "updatedAt", session)
    rows = shop.shipments if since is None else shop.shipments.changed_since(since)
    return [row for row in rows if session.sees(row.order.store) and _indexed(session, row)]


def _plain(args: Args) -> Args:
    """The filters that are given and not negated: an index may serve them."""
    where = args.get("where") or {}
    negated = where.get("negate") or ()
    return {name: value for name, value in where.items() if value is not None and name not in negated}


@resolves("Query", "returns")
def returns(source: None, session: Session, args: Args) -> Sequence[Any]:
    visible = [row for row in session.shop.returns if session.sees(row.order.store)]
    found = matching(visible, args.get("where"), lists.RETURN_FILTERS, session, search=lists.return_search)
    return page_of(ordered(found, args.get("sort"), lists.RETURN_KEYS), args)


@resolves("Query", "customers")
def customers(source: None, session: Session, args: Args) -> Sequence[Any]:
    visible = [row for row in session.shop.customers if session.sees(row.store)]
    found = matching(visible, args.get("where"), lists.CUSTOMER_FILTERS, session, search=lists.customer_search)
    return page_of(ordered(found, args.get("sort"), lists.CUSTOMER_KEYS), args)


@resolves("Query", "orderPaymentHistory")
def order_payment_history(source: None, session: Session, args: Args) -> Sequence[Any]:
    shop, references = session.shop, _plain(args).get("externalReference")
    rows: Iterable[Payment] = shop.payments.values()
    if references is not None:
        rows = [row for name in dict.fromkeys(references) for row in shop.payments_by_reference.get(name, ())]
    visible = [row for row in rows if session.sees(row.order.store) and _indexed(session, row.order)]
    found = matching(visible, args.get("where"), lists.PAYMENT_FILTERS, session, search=lists.payment_search)
    return page_of(found, args)


# --- connections ------------------------------------------------------------------------------------------------------------
@resolves("Query", "orderConnection")
def order_connection(source: None, session: Session, args: Args) -> dict[str, Any]:
    return _connection(_order_rows(session, args), args, lambda row: row.number)


@resolves("Query", "displayConnection")
def display_connection(source: None, session: Session, args: Args) -> dict[str, Any]:
    return _connection(_displays(session, args), args, lambda row: row.id)


def _connection(rows: list[Any], args: Args, key: Callable[[Any], int]) -> dict[str, Any]:
    first: int | None = args.get("first")
    last: int | None = args.get("last")
    places = {key(row): index for index, row in enumerate(rows)}
    start = _place(args.get("after"), places, default=-1) + 1
    window = rows[start : _place(args.get("before"), places, default=len(rows))]
    if first is not None and last is None:
        check_limit(first, "first")
        begin, picked = start, window[:first]
    elif last is not None and first is None:
        check_limit(last, "last")
        picked = window[-last:]
        begin = start + len(window) - len(picked)
    else:
        raise invalid("A connection takes either first or last.")
    edges = [{"cursor": _cursor(key(row)), "node": row} for row in picked]
    return {
        "totalCount": len(rows),
        "edges": edges,
        "pageInfo": {
            "hasNextPage": begin + len(picked) < len(rows),
            "hasPreviousPage": begin > 0,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _cursor(key: int) -> str:
    return base64.b64encode(f"cursor:{key}".encode()).decode()


def _place(cursor: str | None, places: dict[int, int], *, default: int) -> int:
    if cursor is None:
        return default
    try:
        return places[int(base64.b64decode(cursor, validate=True).decode().removeprefix("cursor:"))]
    except (binascii.Error, ValueError, KeyError) as error:
        raise invalid(f"Unknown cursor {cursor}.") from error


def _from_mapping(type_name: str, field_name: str) -> None:
    resolves(type_name, field_name)(lambda source, session, args: source[field_name])


for _type, _fields in {
    "OrderConnection": "totalCount edges pageInfo",
    "DisplayConnection": "totalCount edges pageInfo",
    "OrderEdge": "cursor node",
    "DisplayEdge": "cursor node",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
}.items():
    for _field in _fields.split():
        _from_mapping(_type, _field)


# --- catalogue --------------------------------------------------------------------------------------------------------------
@resolves("Query", "product")
def product(source: None, session: Session, args: Args) -> Any:
    return session.shop.products.get(args["id"])


@resolves("Query", "productVariant")
def product_variant(source: None, session: Session, args: Args) -> Any:
    return session.shop.variants.get(args["id"])


@resolves("Query", "products")
def products(source: None, session: Session, args: Args) -> Sequence[Any]:
    return _changed_rows(session, args, session.shop.products, lists.PRODUCT_FILTERS, lists.product_search)


@resolves("Query", "productVariants")
def product_variants(source: None, session: Session, args: Args) -> Sequence[Any]:
    return _changed_rows(session, args, session.shop.variants, lists.VARIANT_FILTERS, lists.variant_search)


def _changed_rows(session: Session, args: Args, table: Any, spec: Spec, search: Any) -> Sequence[Any]:
    since = lower_bound(args.get("where"), "updatedAt", session)
    rows = table if since is None else table.changed_since(since)
    found = matching(rows, args.get("where"), spec, session, search=search)
    return page_of(ordered(found, args.get("sort"), lists.CATALOGUE_KEYS), args)


@resolves("Query", "productSizes")
def product_sizes(source: None, session: Session, args: Args) -> Sequence[Any]:
    where = args.get("where") or {}
    for kind in ("SKU", "EAN", "UPC"):
        code = (where.get(kind) or {}).get("equals")
        if code is not None and kind not in (where.get("negate") or ()):
            rows = session.shop.sizes_with(kind, code)
            found = matching(rows, where, lists.SIZE_FILTERS, session, search=lists.size_search)
            return page_of(ordered(found, args.get("sort"), lists.CATALOGUE_KEYS), args)
    return _changed_rows(session, args, session.shop.sizes, lists.SIZE_FILTERS, lists.size_search)


def _displays(session: Session, args: Args) -> list[Any]:
    visible = [row for row in session.shop.displays if session.sees(row.store)]
    found = matching(visible, args.get("where"), lists.DISPLAY_FILTERS, session, search=lists.display_search)
    return ordered(found, args.get("sort"), lists.CATALOGUE_KEYS)


@resolves("Query", "displays")
def displays(source: None, session: Session, args: Args) -> Sequence[Any]:
    return page_of(_displays(session, args), args)


def _named_list(field_name: str, table: str) -> None:
    def rows(source: None, session: Session, args: Args) -> Sequence[Any]:
        held = getattr(session.shop, table)
        return page_of(matching(held.values(), args.get("where"), lists.NAMED_FILTERS, session), args)

    resolves("Query", field_name)(rows)


for _name, _table in {
    "brands": "brands",
    "collections": "collections",
    "folders": "folders",
    "categories": "categories",
    "campaigns": "campaigns",
    "mappedAttributes": "mapped_attributes",
}.items():
    _named_list(_name, _table)


@resolves("Query", "stockChangeLines")
def stock_change_lines(source: None, session: Session, args: Args) -> Sequence[Any]:
    """Newest first."""
    rows = reversed(session.shop.stock_change_lines.values())
    return page_of(matching(rows, args.get("where"), lists.ID_ONLY, session), args)


@resolves("Query", "warehouses")
def warehouses(source: None, session: Session, args: Args) -> Sequence[Any]:
    found = matching(session.shop.warehouses.values(), args.get("where"), lists.WAREHOUSE_FILTERS, session)
    return page_of(ordered(found, args.get("sort"), lists.ID_KEYS), args)


# --- structure: all elements are always returned ----------------------------------------------------------------------------
@resolves("Query", "stores")
def stores(source: None, session: Session, args: Args) -> list[Any]:
    rows = [store for store in session.shop.stores.values() if session.sees(store)]
    return matching(rows, args.get("where"), lists.NAMED_FILTERS, session)


@resolves("Query", "markets")
def markets(source: None, session: Session, args: Args) -> list[Any]:
    rows = [market for market in session.shop.markets.values() if session.sees(market.store)]
    found = matching(rows, args.get("where"), lists.MARKET_FILTERS, session, search=lambda row: (row.name,))
    return ordered(found, args.get("sort"), lists.ID_KEYS)


@resolves("Query", "pricelists")
def pricelists(source: None, session: Session, args: Args) -> list[Any]:
    rows = [pricelist for pricelist in session.shop.pricelists.values() if session.sees(pricelist.store)]
    found = matching(rows, args.get("where"), lists.PRICELIST_FILTERS, session)
    return ordered(found, args.get("sort"), lists.ID_KEYS)


@resolves("Query", "prices")
def prices(source: None, session: Session, args: Args) -> Sequence[Any]:
    rows = lists.price_rows(session, args.get("where"), session.shop.pricelists.values())
    return page_of(ordered(rows, args.get("sort"), lists.PRICE_KEYS), args)


@resolves("Query", "countries")
def countries(source: None, session: Session, args: Args) -> list[Any]:
    return list(session.shop.countries.values())


@resolves("Query", "currencies")
def currencies(source: None, session: Session, args: Args) -> list[Any]:
    return matching(session.shop.currencies.values(), args.get("where"), lists.NAMED_FILTERS, session)


# --- the integration's own --------------------------------------------------------------------------------------------------
@resolves("Query", "idConversions")
def id_conversions(source: None, session: Session, args: Args) -> Sequence[Any]:
    integration = integration_of(session)
    rows = [row for row in session.shop.id_conversions.values() if row.integration_name == integration]
    return page_of(matching(rows, args.get("where"), lists.ID_CONVERSION_FILTERS, session), args)


@resolves("Query", "events")
def events(source: None, session: Session, args: Args) -> Sequence[Any]:
    """Unconfirmed only, oldest first; the same ones come back until they are confirmed."""
    rows = [row for row in session.shop.events.pending(integration_of(session)) if session.sees(row.store)]
    return page_of(matching(rows, args.get("where"), lists.EVENT_FILTERS, session), args)


@resolves("Query", "eventListeners")
def event_listeners(source: None, session: Session, args: Args) -> Sequence[Any]:
    return session.shop.events.listeners(integration_of(session))


@resolves("Query", "rateLimits")
def rate_limits(source: None, session: Session, args: Args) -> Sequence[Any]:
    return session.limits.state()
