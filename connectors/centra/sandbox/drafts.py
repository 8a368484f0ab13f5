"""The body of POST /order, read into a draft: markets, price list and currency resolved, products found, codes -1 to -7.

Nothing is changed here. Source: https://centra.dev/legacy/order-api/api-reference
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.centra.sandbox import dates
from connectors.centra.sandbox.arithmetic import rounded
from connectors.centra.sandbox.records import (
    ZERO,
    Address,
    AllocationRule,
    Country,
    Market,
    Pricelist,
    ProductSize,
    ShippingOption,
    Store,
    StorePlugin,
)
from connectors.centra.sandbox.refusals import OrderApiError
from connectors.centra.sandbox.shop import Shop

_ADDRESS_FIELDS = {
    "firstName": "first_name", "lastName": "last_name", "company": "company_name", "address": "address1",
    "coaddress": "address2", "zipcode": "zip_code", "city": "city", "state": "state_or_province", "email": "email",
    "tele": "phone_number", "cell": "cell_phone_number", "vatNumber": "vat_number",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DraftLine:
    size: ProductSize
    quantity: int
    unit_price: Decimal
    unit_original_price: Decimal
    tax_percent: Decimal
    comment: str | None
    text: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Draft:
    store: Store
    market: Market
    pricelist: Pricelist
    country: Country
    rule: AllocationRule
    billing: Address
    shipping: Address
    lines: tuple[DraftLine, ...]
    shipping_option: ShippingOption | None
    shipping_value: Decimal
    voucher_value: Decimal
    apply_vouchers: bool
    payment: Mapping[str, Any]
    payment_plugin: StorePlugin | None
    customer_id: int | None
    customer_register: bool
    number: int | None
    order_date: datetime
    adjust_stock: bool
    force_create: bool
    send_email: bool
    comment: str
    internal_comment: str
    attributes: Mapping[str, Mapping[str, str]]
    internal: bool

    def part(self, lines: tuple[DraftLine, ...], *, first: bool) -> "Draft":
        """One part of a split order: shipping, voucher and a forced number stay with the first."""
        kept = dict(self.payment)
        for kind in ("auth", "capture"):
            if kept.get(kind):  # each part is paid with its own total
                kept[kind] = {name: value for name, value in kept[kind].items() if name != "amount"}
        if first:
            return replace(self, lines=lines, payment=kept)
        return replace(self, lines=lines, payment=kept, shipping_value=ZERO, voucher_value=ZERO, number=None)


def read_draft(shop: Shop, body: Mapping[str, Any]) -> Draft:
    """Raises OrderApiError with the documented code."""
    billing, shipping = _addresses(shop, body)
    country = shipping.country
    if country is None:
        raise OrderApiError(-4, "Missing field: country")
    market = _market(shop, body, country)
    pricelist = _pricelist(shop, body, country, market)
    return Draft(
        store=market.store,
        market=market,
        pricelist=pricelist,
        country=country,
        rule=_rule(shop, body, market),
        billing=billing,
        shipping=shipping,
        lines=_lines(shop, body, market=market, pricelist=pricelist, country=country),
        shipping_option=_shipping_option(shop, body, pricelist),
        shipping_value=_amount(body, "shippingValue"),
        voucher_value=_amount(body, "voucherValue"),
        apply_vouchers=_flag(body, "applyVouchers", default=True),
        payment=_object(body, "payment"),
        payment_plugin=_payment_plugin(shop, _object(body, "payment")),
        customer_id=_integer(body, "customerId"),
        customer_register=_flag(body, "customerRegister", default=False),
        number=_integer(body, "orderNumber"),
        order_date=_order_date(shop, body),
        adjust_stock=_flag(body, "adjustStock", default=True),
        force_create=_flag(body, "forceCreate", default=False),
        send_email=_flag(body, "sendEmail", default=shop.switches.confirmation_mail),
        comment=str(body.get("comment") or ""),
        internal_comment=str(body.get("internalComment") or ""),
        attributes=read_attributes(body),
        internal=_flag(body, "internalOrder", default=False),
    )


def read_attributes(body: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """{"<attribute>_<element>": value} by attribute and element; a key without an underscore names no element."""
    found: dict[str, dict[str, str]] = {}
    for key, value in _object(body, "extraAttributes").items():
        name, separator, element = key.rpartition("_")
        if separator and name and element:
            found.setdefault(name, {})[element] = str(value)
    return found


# --- who, where ---------------------------------------------------------------------------------------------------------
def _addresses(shop: Shop, body: Mapping[str, Any]) -> tuple[Address, Address]:
    if body.get("address"):
        address = _address(shop, body, "address")
        return address, _address(shop, body, "address")
    if body.get("invoiceAddress") and body.get("deliveryAddress"):
        return _address(shop, body, "invoiceAddress"), _address(shop, body, "deliveryAddress")
    raise OrderApiError(-4, "Missing field: address")


def _address(shop: Shop, body: Mapping[str, Any], name: str) -> Address:
    given = _object(body, name)
    for required in ("email", "country"):
        if not given.get(required):
            raise OrderApiError(-4, f"Missing field: {name}.{required}")
    country = shop.countries.get(str(given["country"]).upper())
    if country is None:
        raise OrderApiError(-7, f"Unknown country {given['country']}")
    values = {attribute: str(given[key]) for key, attribute in _ADDRESS_FIELDS.items() if given.get(key) is not None}
    return Address(country=country, **values)  # type: ignore[arg-type]


def _visible(shop: Shop, market: Market) -> bool:
    allowed = shop.switches.visible_markets
    return market.store.type == "DIRECT_TO_CONSUMER" and (allowed is None or market.id in allowed)


def _market(shop: Shop, body: Mapping[str, Any], country: Country) -> Market:
    wanted = body.get("marketId", body.get("market"))
    for market in shop.markets.values():
        named = str(wanted) in (str(market.id), market.name)
        if _visible(shop, market) and (named if wanted is not None else country.code in market.country_codes):
            return market
    raise OrderApiError(-1, f"Could not add market {wanted if wanted is not None else 'for country ' + country.code}")


def _pricelist(shop: Shop, body: Mapping[str, Any], country: Country, market: Market) -> Pricelist:
    wanted = body.get("pricelistId", body.get("pricelist"))
    for pricelist in shop.pricelists.values():
        named = str(wanted) in (str(pricelist.id), pricelist.name)
        fits = named if wanted is not None else country.code in pricelist.country_codes
        if fits and pricelist.status == "ACTIVE" and pricelist.store is market.store:
            return pricelist
    raise OrderApiError(
        -1, f"Could not add pricelist {wanted if wanted is not None else 'for country ' + country.code}"
    )


def _rule(shop: Shop, body: Mapping[str, Any], market: Market) -> AllocationRule:
    wanted = body.get("warehouseGroup")
    if wanted is None:
        return market.rule
    for rule in shop.rules.values():
        if str(wanted) in (str(rule.id), rule.name):
            return rule
    raise OrderApiError(-7, f"Unknown warehouse group {wanted}")


def _shipping_option(shop: Shop, body: Mapping[str, Any], pricelist: Pricelist) -> ShippingOption:
    wanted = body.get("shippingList")
    if wanted is None:
        return pricelist.default_shipping_option
    for option in shop.shipping_options.values():
        if option.uri == wanted:
            return option
    raise OrderApiError(-7, f"Unknown shipping list {wanted}")


def _payment_plugin(shop: Shop, payment: Mapping[str, Any]) -> StorePlugin | None:
    wanted = payment.get("id")
    if wanted is None:
        return None
    plugin = next((item for item in shop.plugins.values() if str(item.id) == str(wanted)), None)
    if plugin is None:
        raise OrderApiError(-7, f"Unknown payment method {wanted}")
    return plugin


# --- what ---------------------------------------------------------------------------------------------------------------
def _lines(
    shop: Shop, body: Mapping[str, Any], *, market: Market, pricelist: Pricelist, country: Country
) -> tuple[DraftLine, ...]:
    products = body.get("products")
    if not isinstance(products, list) or not products:
        raise OrderApiError(-3, "No products")
    if not all(isinstance(item, Mapping) for item in products):
        raise OrderApiError(-7, "products must be a list of objects")
    return tuple(_line(shop, item, market=market, pricelist=pricelist, country=country) for item in products)


def _line(shop: Shop, item: Mapping[str, Any], *, market: Market, pricelist: Pricelist, country: Country) -> DraftLine:
    quantity = _integer(item, "qty")
    if quantity is None:
        raise OrderApiError(-4, "Missing field: products.qty")
    if quantity < 1:
        raise OrderApiError(-7, "products.qty must be at least 1")
    size = _size(shop, item)
    display = next((d for d in size.product_variant.product.displays if d.store is market.store), None)
    list_price = _list_price(pricelist, size)
    addable = _sold(size) and display is not None and display.status == "ACTIVE" and market in display.markets
    if not addable or display is None or list_price is None:
        raise OrderApiError(-1, f"Could not add product {size.sku}")
    unit = _amount(item, "unitPrice", default=list_price)
    return DraftLine(
        size=size,
        quantity=quantity,
        unit_price=unit,
        unit_original_price=_amount(item, "originalPrice", default=max(unit, list_price)),
        tax_percent=shop.tax_rates.get((display.tax_group.id, country.code), ZERO),
        comment=None if item.get("comment") is None else str(item["comment"]),
        text={str(key): str(value) for key, value in _object(item, "itemText").items()},
    )


def _size(shop: Shop, item: Mapping[str, Any]) -> ProductSize:
    if item.get("id") is not None:
        found = [size] if (size := shop.sizes.get(_integer(item, "id"))) else []
    elif item.get("ean"):
        found = shop.sizes_with("EAN", str(item["ean"]))
    elif item.get("sku"):
        found = shop.sizes_with("SKU", str(item["sku"]))
    else:
        raise OrderApiError(-4, "Missing field: products.id, products.ean or products.sku")
    if not found:
        raise OrderApiError(-1, f"Could not add product {item.get('id') or item.get('ean') or item.get('sku')}")
    return found[0]


def _sold(size: ProductSize) -> bool:
    variant = size.product_variant
    return size.is_active and variant.status == "ACTIVE" and variant.product.status == "ACTIVE"


def _list_price(pricelist: Pricelist, size: ProductSize) -> Decimal | None:
    """A variant's own price goes before its product's."""
    variant = size.product_variant
    price = pricelist.prices.get((variant.product.id, variant.id)) or pricelist.prices.get((variant.product.id, None))
    return None if price is None else price.amount


# --- single values ------------------------------------------------------------------------------------------------------
def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, Mapping):
        raise OrderApiError(-7, f"{name} must be an object")
    return value


def _amount(body: Mapping[str, Any], name: str, *, default: Decimal = ZERO) -> Decimal:
    value = body.get(name)
    if value is None:
        return default
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise OrderApiError(-7, f"{name} must be a number") from None
    if not amount.is_finite() or amount < 0:
        raise OrderApiError(-7, f"{name} must not be negative")
    return rounded(amount)


def _integer(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        number = Decimal(str(value))
        if number == number.to_integral_value():
            return int(number)
    except InvalidOperation:
        pass
    raise OrderApiError(-7, f"{name} must be an integer")


def _flag(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """PHP's idea of true: 1, "1", "true"."""
    value = body.get(name)
    return default if value is None else value in (True, 1, "1", "true", "on", "yes")


def _order_date(shop: Shop, body: Mapping[str, Any]) -> datetime:
    """In the tenant's time zone; the Order API cannot take an offset."""
    value = body.get("orderDate")
    if value is None:
        return shop.now()
    try:
        return dates.parse(value).at(shop.now(), shop.zone)
    except ValueError:
        raise OrderApiError(-7, "orderDate must be Y-m-d H:i:s") from None
