"""What each list can be filtered and sorted by."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.centra.sandbox.gql.filters import Spec, matching
from connectors.centra.sandbox.records import Pricelist
from connectors.centra.sandbox.tokens import Session

Keys = Mapping[str, Callable[[Any], Any]]


def _none(row: Any, session: Session) -> None:
    """What exists for wholesale only, or is never set here."""


def _external(row: Any, session: Session) -> str | None:
    integration = session.token.integration
    return None if integration is None else row.external_ids.get(integration)


def _shown_status(order: Any, session: Session) -> Any:
    return order.strange_status or order.status


def _waits_for(reason: str) -> Callable[[Any, Session], bool]:
    return lambda order, session: bool(order.is_on_hold and order.hold_reason == reason)


def _allocated_warehouses(order: Any, session: Session) -> int:
    return len({item.row.warehouse.id for line in order.lines for item in line.allocations})


# --- sales ------------------------------------------------------------------------------------------------------------------
ORDER_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "number": lambda r, s: r.number,
    "status": _shown_status,
    "createdAt": lambda r, s: r.created_at,
    "updatedAt": lambda r, s: r.updated_at,
    "orderDate": lambda r, s: r.order_date,
    "countryId": lambda r, s: r.country.id,
    "currencyId": lambda r, s: r.currency.id,
    "marketId": lambda r, s: r.market.id,
    "paymentMethodId": lambda r, s: r.payment_plugin.id if r.payment_plugin else None,
    "pricelistId": lambda r, s: r.pricelist.id,
    "customerId": lambda r, s: r.customer.id,
    "storeId": lambda r, s: r.store.id,
    "storeType": lambda r, s: r.store.type,
    "isLocked": lambda r, s: r.locked_by is not None,
    "isOnHold": lambda r, s: r.is_on_hold,
    "isWaitingForCheckFirstAllocation": _waits_for("WAITING_FOR_CHECK_FIRST_ALLOCATION"),
    "isWaitingForPayment": _waits_for("WAITING_FOR_PAYMENT"),
    "isInternal": lambda r, s: r.is_internal,
    "otherComment": lambda r, s: r.other_comment,
    "allocationRuleId": lambda r, s: r.rule.id,
    "externalId": _external,
    "orderHoldReason": lambda r, s: r.hold_reason,
    "allocatedWarehouseCount": _allocated_warehouses,
    **dict.fromkeys(
        (
            "preferredShippingDate", "estimatedDeliveryDate", "cancelDate", "purchaseOrderNumber", "userIp", "accountId",
            "affiliateId", "countryStateId", "deliveryWindowId", "languageId", "buyerId", "salesRepresentativeId",
        ),
        _none,
    ),
}  # fmt: skip
ORDER_KEYS: Keys = {
    "number": lambda r: r.number,
    "orderDate": lambda r: r.order_date,
    "createdAt": lambda r: r.created_at,
    "updatedAt": lambda r: r.updated_at,
}


def order_search(order: Any) -> Iterable[str | None]:
    address = order.shipping_address
    return (str(order.number), order.billing_address.email, address.first_name, address.last_name, order.other_comment)


SHIPMENT_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "number": lambda r, s: r.number,
    "createdAt": lambda r, s: r.created_at,
    "updatedAt": lambda r, s: r.updated_at,
    "isGoodToGo": lambda r, s: r.is_good_to_go,
    "isPrinted": lambda r, s: r.is_printed,
    "isShipped": lambda r, s: r.is_shipped,
    "shippedAt": lambda r, s: r.shipped_at,
    "isOnHold": lambda r, s: r.is_on_hold,
    "isPaid": lambda r, s: r.is_paid,
    "paidAt": lambda r, s: r.paid_at,
    "isCaptured": lambda r, s: r.is_captured,
    "capturedAt": lambda r, s: r.captured_at,
    "trackingNumber": lambda r, s: r.tracking_number,
    "countryId": lambda r, s: r.order.country.id,
    "currencyId": lambda r, s: r.order.currency.id,
    "customerId": lambda r, s: r.order.customer.id,
    "orderId": lambda r, s: r.order.id,
    "storeId": lambda r, s: r.order.store.id,
    "storeType": lambda r, s: r.order.store.type,
    "externalId": _external,
    "usedFallbackTax": lambda r, s: False,
    "emailSentAt": _none,
    "adminUserId": _none,
}
SHIPMENT_KEYS: Keys = {"id": lambda r: r.id, "updatedAt": lambda r: r.updated_at}


def shipment_search(shipment: Any) -> Iterable[str | None]:
    return (shipment.number, shipment.tracking_number)


RETURN_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "status": lambda r, s: "ACTIVE",
    "returnStatus": lambda r, s: r.return_status,
    "createdAt": lambda r, s: r.created_at,
    "createdFrom": lambda r, s: r.created_from,
    "customerId": lambda r, s: r.order.customer.id,
    "orderId": lambda r, s: r.order.id,
    "orderNumber": lambda r, s: r.order.number,
    "shipmentId": lambda r, s: r.shipment.id,
    "shipmentNumber": lambda r, s: r.shipment.number,
    "storeId": lambda r, s: r.order.store.id,
    "storeType": lambda r, s: r.order.store.type,
    "externalId": _external,
    "usedFallbackTax": lambda r, s: False,
    "adminUserId": _none,
    "buyerId": _none,
}
RETURN_KEYS: Keys = {"id": lambda r: r.id, "createdAt": lambda r: r.created_at}


def return_search(return_: Any) -> Iterable[str | None]:
    return (str(return_.id), return_.shipment.number, return_.comment)


CUSTOMER_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "status": lambda r, s: r.status,
    "email": lambda r, s: r.email,
    "firstName": lambda r, s: r.first_name,
    "lastName": lambda r, s: r.last_name,
    "gender": lambda r, s: r.gender,
    "cellPhoneNumber": lambda r, s: r.cell_phone_number,
    "phoneNumber": lambda r, s: r.phone_number,
    "createdAt": lambda r, s: r.created_at,
    "updatedAt": lambda r, s: r.updated_at,
    "isAnonymized": lambda r, s: r.is_anonymized,
    "countryId": lambda r, s: s.shop.countries[r.country_code].id if r.country_code else None,
    "marketId": lambda r, s: r.market.id if r.market else None,
    "pricelistId": lambda r, s: r.pricelist.id if r.pricelist else None,
    "storeId": lambda r, s: r.store.id,
    "totalOrders": lambda r, s: sum(1 for order in s.shop.orders if order.customer is r),
    "externalId": _external,
    "birthdate": _none,
    "lastLoginAt": _none,
    "languageId": _none,
}
CUSTOMER_KEYS: Keys = {"id": lambda r: r.id, "updatedAt": lambda r: r.updated_at}


def customer_search(customer: Any) -> Iterable[str | None]:
    return (customer.email, customer.first_name, customer.last_name)


PAYMENT_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "createdAt": lambda r, s: r.created_at,
    "entryType": lambda r, s: r.entry_type,
    "status": lambda r, s: r.status,
    "externalReference": lambda r, s: r.external_reference,
    "paymentMethod": lambda r, s: r.payment_method,
    "source": lambda r, s: r.source,
    "currencyId": lambda r, s: r.order.currency.id,
    "orderId": lambda r, s: r.order.id,
    "storePluginId": lambda r, s: r.store_plugin.id if r.store_plugin else None,
    "adminUserId": _none,
    "externalId": _none,
}


def payment_search(entry: Any) -> Iterable[str | None]:
    return (entry.external_reference, entry.payment_method)


# --- catalogue --------------------------------------------------------------------------------------------------------------
PRODUCT_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "status": lambda r, s: r.status,
    "name": lambda r, s: r.name,
    "productNumber": lambda r, s: r.product_number,
    "updatedAt": lambda r, s: r.updated_at,
    "externalId": _none,
}
VARIANT_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "status": lambda r, s: r.status,
    "productId": lambda r, s: r.product.id,
    "variantNumber": lambda r, s: r.variant_number,
    "updatedAt": lambda r, s: r.updated_at,
    "externalId": _none,
}
SIZE_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "description": lambda r, s: r.description,
    "EAN": lambda r, s: r.ean,
    "UPC": lambda r, s: r.upc,
    "SKU": lambda r, s: r.sku,
    "sizeNumber": lambda r, s: r.size_number,
    "quantity": lambda r, s: sum(row.free for row in s.shop.stock_by_size.get(r.id, {}).values()),
    "preorder": lambda r, s: r.preorder,
    "sizeId": lambda r, s: r.size.id,
    "isActive": lambda r, s: r.is_active,
    "updatedAt": lambda r, s: r.updated_at,
}
DISPLAY_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "storeId": lambda r, s: r.store.id,
    "marketId": lambda r, s: frozenset(market.id for market in r.markets),
    "productId": lambda r, s: r.product.id,
    "status": lambda r, s: r.status,
    "updatedAt": lambda r, s: r.updated_at,
}
CATALOGUE_KEYS: Keys = {"id": lambda r: r.id, "updatedAt": lambda r: r.updated_at}


def product_search(product: Any) -> Iterable[str | None]:
    return (product.name, product.product_number)


def variant_search(variant: Any) -> Iterable[str | None]:
    return (variant.name, variant.variant_number, variant.product.name)


def size_search(size: Any) -> Iterable[str | None]:
    return (size.sku, size.ean, size.upc, size.product_variant.product.name)


def display_search(display: Any) -> Iterable[str | None]:
    return (display.name, display.uri)


# --- stock ------------------------------------------------------------------------------------------------------------------
def _stock(number: Callable[[Any], int]) -> Callable[[Any, Session], int]:
    return lambda row, session: number(row)


STOCK_NUMBERS: Mapping[str, Callable[[Any], int]] = {
    "physicalQuantity": lambda r: r.physical,
    "freeToAllocateQuantity": lambda r: r.free,
    "allocatedQuantity": lambda r: r.allocated,
    "demandQuantity": lambda r: r.demand,
    "unshippedQuantity": lambda r: r.allocated + r.demand,
    "availableNowQuantity": lambda r: r.free - r.demand,
    "availableQuantity": lambda r: r.free - r.demand,
    # the supplier module is not part of the sandbox
    "incomingQuantity": lambda r: 0,
    "linkedIncomingQuantity": lambda r: 0,
    "unlinkedIncomingQuantity": lambda r: 0,
    "onDeliveryQuantity": lambda r: 0,
}
STOCK_FILTERS: Spec = {
    **{name: _stock(number) for name, number in STOCK_NUMBERS.items() if not name.startswith("available")},
    "productId": lambda r, s: r.product_size.product_variant.product.id,
    "productSizeId": lambda r, s: r.product_size.id,
    "productVariantId": lambda r, s: r.product_size.product_variant.id,
    "warehouseId": lambda r, s: r.warehouse.id,
}
STOCK_KEYS: Keys = {
    **STOCK_NUMBERS,
    "productId": lambda r: r.product_size.product_variant.product.id,
    "productSizeId": lambda r: r.product_size.id,
    "productSizeSort": lambda r: r.product_size.id,
    "productVariantId": lambda r: r.product_size.product_variant.id,
    "warehouseId": lambda r: r.warehouse.id,
}


# --- structure --------------------------------------------------------------------------------------------------------------
MARKET_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "name": lambda r, s: r.name,
    "assignedCountryId": lambda r, s: frozenset(s.shop.countries[code].id for code in r.country_codes),
    "storeId": lambda r, s: r.store.id,
    "externalId": _external,
}
PRICELIST_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "name": lambda r, s: r.name,
    "storeId": lambda r, s: r.store.id,
    "currencyId": lambda r, s: r.currency.id,
    "status": lambda r, s: r.status,
}
PRICE_FILTERS: Spec = {
    "pricelistId": lambda r, s: r.pricelist.id,
    "productId": lambda r, s: r.product.id,
    "productVariantId": lambda r, s: r.product_variant.id if r.product_variant else None,
}
PRICE_KEYS: Keys = {
    "pricelistId": lambda r: r.pricelist.id,
    "productId": lambda r: r.product.id,
    "productVariantId": lambda r: r.product_variant.id if r.product_variant else 0,
}
WAREHOUSE_FILTERS: Spec = {"id": lambda r, s: r.id, "name": lambda r, s: r.name, "status": lambda r, s: r.status}
NAMED_FILTERS: Spec = {
    "id": lambda r, s: r.id,
    "name": lambda r, s: r.name,
    "isTopFolder": lambda r, s: True,
    "isTopCategory": lambda r, s: True,
    "storeId": lambda r, s: 1,
    "isBase": lambda r, s: r.is_base,
    "type": lambda r, s: r.type,
    "typeName": lambda r, s: r.type_name,
}
ID_KEYS: Keys = {"id": lambda r: r.id}
ID_ONLY: Spec = {"id": lambda r, s: r.id}
EVENT_FILTERS: Spec = {
    "objectType": lambda r, s: r.object_type,
    "changeType": lambda r, s: r.change_type,
    "storeId": lambda r, s: r.store.id if r.store else None,
    "marketId": lambda r, s: r.market.id if r.market else None,
    "integrationName": lambda r, s: s.token.integration,
}
ID_CONVERSION_FILTERS: Spec = {
    "objectType": lambda r, s: r.object_type,
    "externalId": lambda r, s: r.external_id,
    "internalId": lambda r, s: r.internal_id,
}


def price_rows(session: Session, where: Mapping[str, Any] | None, pricelists: Iterable[Pricelist]) -> list[Any]:
    rows = [price for pricelist in pricelists for price in pricelist.prices.values() if session.sees(pricelist.store)]
    return matching(rows, where, PRICE_FILTERS, session)
