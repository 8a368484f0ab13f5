"""How orders come about on the sandbox: a customer, lines with taxes and commission, ids in the platform's form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.mirakl.sandbox.amounts import Amount, Tax, priced, rounded
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.records import Order, OrderLine
from connectors.mirakl.sandbox.states import STAGING
from connectors.sandboxdata import COUNTRIES, Person, person

COMMISSION_TAX = "TAXDEFAULT"
STANDARD_SHIPPING = {"EUR": "4.95", "GBP": "3.95", "SEK": "49.00", "USD": "5.95"}
FREE_SHIPPING_FROM = {"EUR": 200, "GBP": 180, "SEK": 2000, "USD": 220}


@dataclass(frozen=True, kw_only=True)
class Sale:
    """What a customer buys. Everything left out is drawn: goods from the shop's offers, a customer of the country."""

    lines: Sequence[Mapping[str, Any]] = ()
    country: str = ""  # alpha-3, one of the platform's; "" = one of them by chance
    channel: str | None = ""  # None = an order without channel; "" = that of the country
    commercial_id: str = ""
    suffix: str = "A"  # of the logistic order: one basket may hold several
    customer: Mapping[str, Any] = field(default_factory=dict)
    payment_workflow: str = ""
    payment_type: str = "CARD"
    shipping_type: str = "STD"
    fulfillment_center: str = "DEFAULT"
    notification_email: str | None = ""  # "" = a relay address by chance
    customer_reference: str | None = None
    additional_fields: Sequence[Mapping[str, Any]] = ()
    hidden: bool = False


def sold(market: Marketplace, sale: Sale, *, at: datetime) -> Order:
    """The order as it comes into being; no state has been entered yet."""
    country = sale.country or market.rng.choice(market.countries)
    place = COUNTRIES[country]
    commercial_id = sale.commercial_id or market.new_commercial_id()
    order_id = f"{commercial_id}-{sale.suffix}"
    if order_id in market.orders:
        raise ValueError(f"The order {order_id} exists already.")
    buyer = person(market.rng, country)
    asked = sale.lines or _basket(market)
    return Order(
        order_id=order_id,
        commercial_id=commercial_id,
        number=market.new_number(),
        lines=[
            _line(market, spec, order_id=order_id, index=index, country=country, at=at)
            for index, spec in enumerate(asked, 1)
        ],
        state=STAGING,
        created_at=at,
        updated_at=at,
        currency=market.currency,
        payment_workflow=sale.payment_workflow or market.settings.payment_workflow,
        payment_type=sale.payment_type,
        customer=_customer(market, buyer, sale.customer),
        billing_address=_address(buyer) | dict(sale.customer.get("billing_address", {})),
        shipping_address=_address(buyer) | {"additional_info": None} | dict(sale.customer.get("shipping_address", {})),
        channel=place.code_2 if sale.channel == "" else sale.channel,
        zone=place.code_2,
        shipping_type=sale.shipping_type,
        notification_email=_relay_address(market) if sale.notification_email == "" else sale.notification_email,
        fulfillment_center=sale.fulfillment_center,
        customer_reference=sale.customer_reference,
        additional_fields=[dict(item) for item in sale.additional_fields],
        hidden=sale.hidden,
    )


def _basket(market: Marketplace) -> list[dict[str, Any]]:
    """One to three different goods that are in stock, most often one."""
    offers = [offer for offer in market.offers.values() if offer.quantity > 0] or list(market.offers.values())
    if not offers:
        raise ValueError("The shop has no offers: name the lines, or load the shop first.")
    chosen = market.rng.sample(offers, k=min(len(offers), market.rng.choice((1, 1, 1, 2, 2, 3))))
    return [{"sku": offer.sku, "quantity": market.rng.choice((1, 1, 1, 1, 2))} for offer in chosen]


def _line(
    market: Marketplace, spec: Mapping[str, Any], *, order_id: str, index: int, country: str, at: datetime
) -> OrderLine:
    """`spec`: sku, and where known quantity, price (of one unit), origin_price, shipping, title, taxes, shipping_taxes.

    Prices are in the platform's tax mode. Taxes left out are the country's VAT; [] means none are named.
    """
    sku, mode, quantity = str(spec["sku"]), market.settings.order_tax_mode, int(spec.get("quantity", 1))
    offer = market.offers.get(sku)
    price = Decimal(str(spec["price"])) if "price" in spec or offer is None else offer.price
    taxes = _taxes(spec, "taxes", country)
    goods = priced(price, quantity=quantity, taxes=taxes, mode=mode)
    shipping = priced(
        _shipping_price(market, spec, goods, index),
        quantity=1,
        taxes=_taxes(spec, "shipping_taxes", country),
        mode=mode,
    )
    origin = Decimal(str(spec.get("origin_price", price)))
    commission = rounded((goods.gross + shipping.gross) * market.settings.commission_percent / 100)
    category = str(spec.get("category", offer.category if offer else "Fashion"))
    return OrderLine(
        line_id=f"{order_id}-{index}",
        index=index,
        offer_id=offer.offer_id if offer else market.new_number(),
        sku=sku,
        product_sku=offer.product_sku if offer else f"P{market.new_number()}",
        title=str(spec.get("title", offer.title if offer else sku)),
        category_code=category.upper(),
        category_label=category,
        quantity=quantity,
        goods=goods,
        shipping=shipping,
        origin_unit=priced(origin, quantity=1, taxes=[tax for tax in taxes if "amount" not in tax], mode=mode),
        commission=commission,
        commission_taxes=_commission_taxes(market, commission),
        state=STAGING,
        created_at=at,
        updated_at=at,
        additional_fields=[dict(item) for item in spec.get("additional_fields", ())],
    )


def _shipping_price(market: Marketplace, spec: Mapping[str, Any], goods: Amount, index: int) -> Decimal:
    """Shipping stands on the first line; dear goods ship free."""
    if "shipping" in spec:
        return Decimal(str(spec["shipping"]))
    if index > 1 or goods.gross >= FREE_SHIPPING_FROM.get(market.currency, 200):
        return Decimal(0)
    return Decimal(STANDARD_SHIPPING.get(market.currency, "4.95"))


def _taxes(spec: Mapping[str, Any], name: str, country: str) -> Sequence[Mapping[str, Any]]:
    if name in spec:
        return list(spec[name])
    if name == "shipping_taxes" and "taxes" in spec:
        return [tax for tax in spec["taxes"] if "amount" not in tax]
    place = COUNTRIES[country]
    return [{"code": f"{place.code_2}{place.vat_rate.normalize():f}", "rate": place.vat_rate}] if place.vat_rate else []


def _commission_taxes(market: Marketplace, commission: Decimal) -> tuple[Tax, ...]:
    percent = Decimal(market.settings.commission_tax_percent)
    return (Tax(code=COMMISSION_TAX, amount=rounded(commission * percent / 100), rate=percent),) if percent else ()


# --- the customer ---------------------------------------------------------------------------------------------------
def _customer(market: Marketplace, buyer: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    drawn = {
        "customer_id": f"c-{market.rng.randint(10_000, 99_999)}",
        "civility": buyer.civility,
        "firstname": buyer.first_name,
        "lastname": buyer.last_name,
        "locale": buyer.locale,
    }
    return drawn | {name: value for name, value in given.items() if not name.endswith("_address")}


def _address(buyer: Person) -> dict[str, Any]:
    return {
        "civility": buyer.civility,
        "firstname": buyer.first_name,
        "lastname": buyer.last_name,
        "company": None,
        "company_2": None,
        "street_1": buyer.street_1,
        "street_2": buyer.street_2 or None,
        "zip_code": buyer.zip_code,
        "city": buyer.city,
        "state": buyer.state or None,
        "country": buyer.country,
        "country_iso_code": buyer.country_code,
        "phone": buyer.phone,
        "phone_secondary": None,
    }


def _relay_address(market: Marketplace) -> str:
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    left, right = ("".join(market.rng.choices(letters, k=6)) for _ in range(2))
    return f"{left}.{right}@notification.mirakl.net"
