"""What the shop sells: reading offers (OF21, OF22, P31) and the rules by which a line of a file changes one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.paging import link_header, slice_of
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.records import ListedProduct, Offer
from connectors.mirakl.sandbox.refusals import RefusedError
from connectors.mirakl.sandbox.times import moment
from connectors.sandboxkit import Reply

LARGEST_QUANTITY = 1_000_000_000
LONGEST_SKU = 40
REFERENCE_TYPES = ("EAN", "GTIN", "UPC")
_CHANNEL_PRICE = "price[channel="


class LineError(Exception):
    """One line of a file is refused; the others go on."""


# --- reading --------------------------------------------------------------------------------------------------------
def list_offers(market: Marketplace, call: Call) -> Reply:
    sku, product = call.word("sku"), call.word("product_id")
    states = call.words("offer_state_codes")
    found = [
        offer
        for offer in market.offers.values()
        if (sku is None or offer.sku == sku)
        and (product is None or product in (offer.product_sku, offer.gtin))
        and (not states or offer.state_code in states)
    ]
    page = slice_of(call)
    body = {"offers": [offer_element(market, offer) for offer in page.of(found)], "total_count": len(found)}
    return Reply(body=body, headers=link_header(call, page, total=len(found)))


def get_offer(market: Marketplace, call: Call) -> Reply:
    offer = next((item for item in market.offers.values() if str(item.offer_id) == call.path["offer"]), None)
    if offer is None:
        raise RefusedError(404, f"Offer with identifier {call.path['offer']} not found")
    return Reply(body=offer_element(market, offer))


def list_products(market: Marketplace, call: Call) -> Reply:
    """P31: which of these references does the operator already list? Asked as TYPE|value."""
    asked = call.words("product_references")
    if not asked:
        raise RefusedError(400, "Param 'product_references' is required")
    pairs = [reference.partition("|") for reference in sorted(asked)]
    found = [market.products[value] for kind, _, value in pairs if kind in REFERENCE_TYPES and value in market.products]
    return Reply(body={"products": [_product_element(product) for product in found], "total_count": len(found)})


def _product_element(product: ListedProduct) -> dict[str, Any]:
    return {
        "product_id": product.gtin,
        "product_id_type": "EAN",
        "product_sku": product.product_sku,
        "product_title": product.title,
        "category_code": product.category.upper(),
        "category_label": product.category,
    }


def offer_element(market: Marketplace, offer: Offer) -> dict[str, Any]:
    reasons = _inactivity(market, offer)
    prices = [_price_element(offer, None, offer.price)]
    prices += [_price_element(offer, channel, price) for channel, price in sorted(offer.channel_prices.items())]
    return {
        "offer_id": offer.offer_id,
        "shop_sku": offer.sku,
        "product_sku": offer.product_sku,
        "product_references": [{"reference_type": "EAN", "reference": offer.gtin}],
        "product_title": offer.title,
        "category_code": offer.category.upper(),
        "category_label": offer.category,
        "active": not reasons,
        "inactivity_reasons": reasons,
        "state_code": offer.state_code,
        "quantity": offer.quantity,
        "price": prices[0]["price"],
        "total_price": prices[0]["price"],
        "currency_iso_code": market.currency,
        "all_prices": prices,
        "applicable_pricing": prices[0],
        "channels": sorted(market.reference.channels),
        "description": offer.description or None,
        "leadtime_to_ship": offer.leadtime_to_ship,
        "warehouses": [{"code": code, "quantity": quantity} for code, quantity in sorted(offer.warehouses.items())],
        "offer_additional_fields": [
            {"code": code, "type": "STRING", "value": value} for code, value in sorted(offer.additional_fields.items())
        ],
        "fulfillment": {"center": {"code": "DEFAULT"}},
        "discount": None,
        "available_start_date": None,
        "available_end_date": None,
    }


def _inactivity(market: Marketplace, offer: Offer) -> list[str]:
    reasons = {
        "ZERO_QUANTITY": offer.quantity == 0,
        "SHOP_NOT_OPEN": market.settings.shop_state != "OPEN",
        "NO_CHANNEL_ON_SHOP": not market.reference.channels,
    }
    return [reason for reason, applies in reasons.items() if applies]


def _price_element(offer: Offer, channel: str | None, price: Decimal) -> dict[str, Any]:
    discount = offer.discount if channel is None else None
    reduced = None if discount is None else discount["price"]
    return {
        "context": {"channel_codes": [] if channel is None else [channel]},
        "price": reduced if reduced is not None else price,
        "unit_origin_price": price,
        "unit_discount_price": reduced,
        "discount_start_date": None if discount is None else discount["start"],
        "discount_end_date": None if discount is None else discount["end"],
        "volume_prices": [],
    }


# --- one line of a file ---------------------------------------------------------------------------------------------
Row = Mapping[str, str]


def take_stock_line(market: Marketplace, row: Row) -> None:
    """STO01: quantity of an offer, in all or in one warehouse."""
    offer = known_offer(market, row.get("offer-sku", ""))
    warehouse = row.get("warehouse-code", "")
    if warehouse and warehouse not in market.reference.warehouses:
        raise LineError(f"The warehouse '{warehouse}' does not exist")
    deleted = row.get("update-delete", "").lower() == "delete"
    quantity = 0 if deleted else _quantity(row.get("quantity", ""))
    if not warehouse:
        offer.quantity, offer.warehouses = quantity, {}
        return
    if deleted:
        offer.warehouses.pop(warehouse, None)
    else:
        offer.warehouses[warehouse] = quantity
    offer.quantity = sum(offer.warehouses.values())


def known_offer(market: Marketplace, sku: str) -> Offer:
    if sku not in market.offers:
        raise LineError("The offer does not exist")
    return market.offers[sku]


def _quantity(text: str) -> int:
    if not text.isdecimal() or int(text) > LARGEST_QUANTITY:
        raise LineError("The quantity must be a whole number of 0 or more")
    return int(text)


def price_from(market: Marketplace, text: str) -> Decimal:
    """A point or a comma divides; no more decimals than the platform's configuration allows."""
    try:
        price = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise LineError("The price is not a number") from None
    exponent = price.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > market.settings.offer_prices_decimals or price <= 0:
        raise LineError("The price is invalid")
    return price


def discount_from(market: Marketplace, row: Row) -> dict[str, Any] | None:
    if not row.get("discount-price"):
        return None
    for column in ("discount-start-date", "discount-end-date"):
        if row.get(column) and not is_date(row[column]):
            raise LineError(f"The {column} is not a date")
    return {
        "price": price_from(market, row["discount-price"]),
        "start": row.get("discount-start-date") or None,
        "end": row.get("discount-end-date") or None,
    }


def is_date(text: str) -> bool:
    try:
        moment(text) if "T" in text else datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a bare date
    except ValueError:
        return False
    return True


def take_offer_line(market: Marketplace, row: Row) -> str:
    """OF01: create, update or delete one offer. Returns "inserted", "updated" or "deleted"."""
    sku = row.get("sku", "")
    if not sku:
        raise LineError("The sku is mandatory")
    if row.get("update-delete", "").lower() == "delete":
        known_offer(market, sku)
        del market.offers[sku]
        return "deleted"
    known = market.offers.get(sku)
    offer = _new_offer(market, row, sku) if known is None else _same_product(market, row, known)
    market.offers[sku] = _with_columns(market, offer, row)
    return "inserted" if known is None else "updated"


def _new_offer(market: Marketplace, row: Row, sku: str) -> Offer:
    if len(sku) > LONGEST_SKU or "/" in sku:
        raise LineError(f"The sku may have {LONGEST_SKU} characters and no slash")
    product = _product(market, row)
    if product is None:
        raise LineError("The product does not exist")
    for column in ("price", "state"):
        if not row.get(column):
            raise LineError(f"The {column} is mandatory")
    return Offer(
        offer_id=market.new_number(),
        sku=sku,
        product_sku=product.product_sku,
        gtin=product.gtin,
        title=product.title,
        category=product.category,
        price=Decimal(0),
        quantity=0,
        state_code="11",
    )


def _product(market: Marketplace, row: Row) -> ListedProduct | None:
    kind, reference = row.get("product-id-type", ""), row.get("product-id", "")
    if kind in REFERENCE_TYPES:
        return market.products.get(reference)
    return next(
        (product for product in market.products.values() if kind == "SKU" and product.product_sku == reference), None
    )


def _same_product(market: Marketplace, row: Row, offer: Offer) -> Offer:
    if row.get("product-id"):
        product = _product(market, row)
        if product is None:
            raise LineError("The product does not exist")
        if product.product_sku != offer.product_sku:
            raise LineError(
                "The product linked to the new offer is different from the product linked to the existing offer."
            )
    return replace(offer, channel_prices=dict(offer.channel_prices), additional_fields=dict(offer.additional_fields))


def _with_columns(market: Marketplace, offer: Offer, row: Row) -> Offer:
    """Columns that the file does not have keep their values."""
    if row.get("state") and row["state"] not in market.reference.offer_states:
        raise LineError("The state of the product is unknown")
    offer.state_code = row.get("state") or offer.state_code
    if row.get("price"):
        offer.price = price_from(market, row["price"])
    if "quantity" in row:
        offer.quantity = _quantity(row["quantity"] or "0")
    if "description" in row:
        offer.description = row["description"]
    if row.get("leadtime-to-ship"):
        offer.leadtime_to_ship = _quantity(row["leadtime-to-ship"])
    if "discount-price" in row:
        offer.discount = discount_from(market, row)
    for column, value in row.items():
        if column.startswith(_CHANNEL_PRICE) and value:
            offer.channel_prices[_channel(market, column)] = price_from(market, value)
        elif market.reference.field_row(column, "OFFER") is not None:
            offer.additional_fields[column] = value
    return offer


def _channel(market: Marketplace, column: str) -> str:
    channel = column.removeprefix(_CHANNEL_PRICE).removesuffix("]")
    if channel not in market.reference.channels:
        raise LineError(f"The channel '{channel}' does not exist")
    return channel


def take_prices(market: Marketplace, rows: list[Row]) -> None:
    """PRI01: all lines of one offer replace all its prices."""
    offer = known_offer(market, rows[0].get("offer-sku", ""))
    if len(rows) > 50:
        raise LineError("An offer may have 50 prices")
    prices: dict[str, Decimal] = {}
    discount: dict[str, Any] | None = None
    for row in rows:
        price = price_from(market, row.get("price", ""))
        channels = [channel for channel in row.get("channels", "").split("|") if channel]
        if strange := [channel for channel in channels if channel not in market.reference.channels]:
            raise LineError(f"The channel '{strange[0]}' does not exist")
        prices |= dict.fromkeys(channels or [""], price)
        if not channels:
            discount = discount_from(market, row)
    if "" not in prices:
        raise LineError("The price without a channel is mandatory")
    offer.price = prices.pop("")
    offer.channel_prices, offer.discount = prices, discount
