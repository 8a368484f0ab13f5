"""Fields of markets, price lists, addresses, money, attributes and events."""

from typing import Any

from connectors.centra.sandbox.arithmetic import Money
from connectors.centra.sandbox.gql.binding import (
    AssignedAttribute,
    AttributeType,
    StringElement,
    computed,
    constant,
    resolves,
)
from connectors.centra.sandbox.gql.filters import invalid, ordered, page_of, text_test
from connectors.centra.sandbox.gql.lists import PRICE_KEYS, price_rows
from connectors.centra.sandbox.records import Market, Price, Pricelist
from connectors.centra.sandbox.sales import Event
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.tokens import Session

Args = dict[str, Any]


# --- money and names that follow the integration --------------------------------------------------------------------------
@resolves("Price", "price")
def price(source: Price, session: Session, args: Args) -> Money:
    return Money(source.amount, source.pricelist.currency)


@resolves("Market Customer Order Shipment Return", "externalId")
def external_id(source: Any, session: Session, args: Args) -> str | None:
    """External ids live in the namespace of the token's integration: another one does not see them."""
    integration = session.token.integration
    return None if integration is None else source.external_ids.get(integration)


# --- markets and price lists ----------------------------------------------------------------------------------------------
@resolves("Market Pricelist", "assignedToCountries")
def assigned_to_countries(source: Market | Pricelist, session: Session, args: Args) -> Any:
    return [session.shop.countries[code] for code in source.country_codes]


@resolves("Pricelist", "prices")
def pricelist_prices(source: Pricelist, session: Session, args: Args) -> Any:
    rows = price_rows(session, args.get("where"), [source])
    return page_of(ordered(rows, args.get("sort"), PRICE_KEYS), args)


# --- attributes -------------------------------------------------------------------------------------------------------------
@resolves("Product ProductVariant Customer Order", "attributes")
def attributes(source: Any, session: Session, args: Args) -> list[AssignedAttribute]:
    kind = type(source).__name__.replace("Variant", "ProductVariant")
    assigned = [
        AssignedAttribute(
            AttributeType(name, False), kind, [StringElement(key, value) for key, value in values.items()]
        )
        for name, values in source.attributes.items()
    ]
    wanted = (args.get("where") or {}).get("typeName")
    if wanted is None:
        return assigned
    accepts = text_test(wanted)
    return [item for item in assigned if accepts(item.type.name)]


computed("MappedAttribute", "type", lambda attribute: AttributeType(attribute.type_name, True))
computed("MappedAttribute", "elements", lambda attribute: [StringElement(*pair) for pair in attribute.values.items()])

constant("PaymentHistoryEntry", "externalId", None)
constant("Folder", "childFolders", [])
constant("Category", "childCategories", [])
constant("Category", "metaDescription", None)
constant("MappedAttribute", "description", None)
constant("Product ProductVariant Display", "translations", [])


# --- events -----------------------------------------------------------------------------------------------------------------
@resolves("Event", "object")
def event_object(source: Event, session: Session, args: Args) -> Any:
    """The object as it is now; null once it was deleted."""
    if source.change_type == "DELETED":
        return None
    return current_object(session.shop, source.object_type, source.object_reference)


def current_object(shop: Shop, object_type: str, reference: int) -> Any:
    tables: dict[str, Any] = {
        "Order": shop.orders.rows,
        "Shipment": shop.shipments.rows,
        "Return": shop.returns.rows,
        "Product": shop.products.rows,
        "ProductVariant": shop.variants.rows,
        "ProductSize": shop.sizes.rows,
        "Display": shop.displays.rows,
        "Customer": shop.customers.rows,
        "StockChange": shop.stock_changes,
        "PaymentHistoryEntry": shop.payments,
        "Pricelist": shop.pricelists,
        "Price": shop.prices,
        "Market": shop.markets,
        "Warehouse": shop.warehouses,
        "Store": shop.stores,
    }
    return tables.get(object_type, {}).get(reference)


def integration_of(session: Session) -> str:
    """What needs an integration name is refused to a token without one."""
    if session.token.integration is None:
        raise invalid("This token has no integration name.")
    return session.token.integration
