"""What shoppers do in the tenant's own shop: buy, with vouchers and gift cards, and pay. The Python side of the control calls."""

import threading
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox import catalogue, orders
from connectors.centra.sandbox.arithmetic import grand_total
from connectors.centra.sandbox.drafts import read_draft
from connectors.centra.sandbox.payments import add_entry
from connectors.centra.sandbox.placing import place
from connectors.centra.sandbox.records import Country, Currency, Market, Pricelist, ShippingOption
from connectors.centra.sandbox.sales import Order
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.structure import CARD_PLUGIN_ID, REDUCED_TAX_ID, RETAIL_STORE_ID, STANDARD_TAX_ID

Amount = Decimal | int | str

_SHOPPER = {
    "firstName": "Alice", "lastName": "Ågren", "address": "Storgatan 1", "coaddress": "Floor 2", "zipcode": "111 22",
    "city": "Stockholm", "tele": "+46701740605", "email": "alice@example.com",
}  # fmt: skip


class Selling:
    lock: threading.RLock
    shop: Shop

    def sell(
        self,
        lines: Sequence[Mapping[str, Any]],
        *,
        country: str = "GB",
        shipping: Amount = 0,
        shipping_option: str | None = None,
        handling: Amount = 0,
        vouchers: Mapping[str, Amount] | None = None,
        gift_voucher: Amount = 0,
        gift_card: Amount = 0,
        paid: bool = True,
        confirm: bool = True,
        **address: str,
    ) -> int:
        """An order of the shop: lines are {"sku", "quantity", "price", "original"}. Returns its number.

        `vouchers` are promotions by name, taken off the order; `gift_voucher` is a gift card that the tenant shows among them;
        `gift_card` pays a part of the order and is told in its payment history, the card pays the rest.
        """
        with self.lock:
            (order,) = place(
                self.shop, read_draft(self.shop, _body(lines, country, shipping, shipping_option, address))
            )
            order.handling = Decimal(str(handling))
            order.vouchers = [(name, Decimal(str(amount))) for name, amount in (vouchers or {}).items()]
            if gift_voucher:
                order.vouchers.append(("GIFT", Decimal(str(gift_voucher))))
                order.voucher_types["GIFT"] = "GIFT_CARD"
            order.discount = sum((amount for _, amount in order.vouchers), Decimal(0))
            order.payment_plugin = self.shop.plugins[CARD_PLUGIN_ID]
            if paid:
                self._pay(order, gift_card=Decimal(str(gift_card)))
            if confirm:
                orders.confirm(self.shop, order)
            return order.number

    def pay_order(self, number: int) -> None:
        """The shopper's card is authorised for the whole of it."""
        with self.lock:
            order = self.shop.orders.rows[number]
            self._pay(order, gift_card=Decimal(0))
            self.shop.order_changed(order)

    def _pay(self, order: Order, *, gift_card: Decimal) -> None:
        rest = grand_total(order) - gift_card
        if gift_card:
            add_entry(self.shop, order, "AUTH_GIFT_CARD", "SUCCESS", gift_card, reference=f"gift-{order.number}")
        if rest:
            add_entry(self.shop, order, "AUTH", "SUCCESS", rest, reference=f"card-{order.number}")

    # --- where it is sold -------------------------------------------------------------------------------------------
    def add_sales_area(
        self,
        name: str,
        *,
        currency: str,
        countries: Collection[str],
        digits: int = 2,
        includes_tax: bool = True,
        tax: Amount | None = None,
        reduced_tax: Amount | None = None,
    ) -> int:
        """A market with a price list of its own, before its articles are loaded. Returns the market's id."""
        with self.lock:
            shop, number = self.shop, max(self.shop.markets) + 1
            money = shop.currencies.get(currency) or Currency(
                id=len(shop.currencies) + 1, code=currency, name=currency, is_base=False, rate=Decimal(1), digits=digits
            )
            shop.currencies[currency] = money
            for code in countries:
                shop.countries.setdefault(code, Country(id=len(shop.countries) + 1, code=code, name=code, is_eu=False))
                for group, rate in ((STANDARD_TAX_ID, tax), (REDUCED_TAX_ID, reduced_tax)):
                    if rate is not None:
                        shop.tax_rates[group, code] = Decimal(str(rate))
            for market in shop.markets.values():
                market.country_codes = [code for code in market.country_codes if code not in countries]
            for listed in shop.pricelists.values():
                listed.country_codes = [code for code in listed.country_codes if code not in countries]
            store, uri = shop.stores[RETAIL_STORE_ID], f"standard-{name.lower().replace(' ', '-')}"
            option = ShippingOption(id=number + 200, name=f"Standard {name}", uri=uri)
            shop.shipping_options[option.id] = option
            shop.markets[number] = Market(
                id=number, name=name, store=store, country_codes=list(countries), rule=shop.rules[1]
            )
            shop.pricelists[number] = Pricelist(
                id=number, name=f"{name} {currency}", store=store, currency=money, country_codes=list(countries),
                default_shipping_option=option, updated_at=shop.now(), includes_tax=includes_tax,
            )  # fmt: skip
            return number

    def set_tax_group(self, sku: str, tax_group: int = REDUCED_TAX_ID) -> None:
        """For orders placed from now on."""
        with self.lock:
            size = self.shop.sizes_with("SKU", sku)[0]
            for display in size.product_variant.product.displays:
                display.tax_group = self.shop.tax_groups[tax_group]
            catalogue.size_changed(self.shop, size)


def _body(
    lines: Sequence[Mapping[str, Any]],
    country: str,
    shipping: Amount,
    shipping_option: str | None,
    address: Mapping[str, str],
) -> dict[str, Any]:
    products = [
        {
            "sku": line["sku"],
            "qty": line.get("quantity", 1),
            "unitPrice": line["price"],
            "originalPrice": line.get("original", line["price"]),
        }
        for line in lines
    ]
    return {
        "address": {**_SHOPPER, "country": country, **address},
        "products": products,
        "shippingValue": shipping,
        **({} if shipping_option is None else {"shippingList": shipping_option}),
        "applyVouchers": False,
        "sendEmail": False,
    }
