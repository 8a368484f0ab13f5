"""The tenant a fresh sandbox starts with: one store, five countries' worth of markets and price lists, two warehouses."""

from decimal import Decimal

from connectors.centra.sandbox.records import (
    AllocationRule,
    Country,
    Currency,
    Market,
    Named,
    Pricelist,
    ShippingOption,
    Store,
    StorePlugin,
    Warehouse,
)
from connectors.centra.sandbox.shop import Shop

RETAIL_STORE_ID, WHOLESALE_STORE_ID = 1, 2
MAIN_WAREHOUSE_ID, BOUTIQUE_WAREHOUSE_ID = 1, 2
MARKETPLACE_PLUGIN_ID, CARD_PLUGIN_ID = 11, 12
STANDARD_TAX_ID, REDUCED_TAX_ID = 1, 2

# code, name, rate to the base currency
_CURRENCIES = (
    ("SEK", "Swedish krona", "1"),
    ("GBP", "Pound", "13.25"),
    ("EUR", "Euro", "11.5"),
    ("USD", "Dollar", "10.6"),
)
# code, name, EU, tax standard and reduced. US sales tax is not part of a price.
_COUNTRIES = (
    ("GB", "United Kingdom", False, "20", "0"), ("SE", "Sweden", True, "25", "12"), ("DE", "Germany", True, "19", "7"),
    ("FR", "France", True, "20", "5.5"), ("US", "United States", False, "0", "0"), ("NL", "Netherlands", True, "21", "9"),
    ("ES", "Spain", True, "21", "10"), ("IT", "Italy", True, "22", "10"), ("FI", "Finland", True, "25.5", "13.5"),
    ("DK", "Denmark", True, "25", "25"), ("NO", "Norway", False, "25", "15"), ("AU", "Australia", False, "10", "0"),
)  # fmt: skip
# market, price list, currency, countries; Denmark, Norway and Australia belong to none
_SALES_AREAS = (
    ("United Kingdom", "GBP", ["GB"]),
    ("Sweden", "SEK", ["SE"]),
    ("Europe", "EUR", ["DE", "FR", "NL", "ES", "IT", "FI"]),
    ("United States", "USD", ["US"]),
)


def build_structure(shop: Shop) -> None:
    retail = Store(id=RETAIL_STORE_ID, name="Retail")
    shop.stores = {1: retail, 2: Store(id=WHOLESALE_STORE_ID, name="Wholesale", type="WHOLESALE")}
    shop.plugins = {
        11: StorePlugin(id=MARKETPLACE_PLUGIN_ID, name="Marketplace", uri="marketplace", plugin="ExternalPayment"),
        12: StorePlugin(id=CARD_PLUGIN_ID, name="Card", uri="card", plugin="AdyenDropIn"),
    }
    for number, (code, name, rate) in enumerate(_CURRENCIES, start=1):
        shop.currencies[code] = Currency(id=number, code=code, name=name, is_base=number == 1, rate=Decimal(rate))
    _countries_and_tax(shop)
    _warehouses(shop)
    for number, (name, currency, countries) in enumerate(_SALES_AREAS, start=1):
        _sales_area(shop, retail, number=number, name=name, currency=currency, countries=countries)
    for number, name in enumerate(("Private label",), start=1):
        shop.brands[number] = Named(id=number, name=name, uri="private-label")
    shop.collections[1] = Named(id=1, name="Main", updated_at=shop.now())
    shop.folders[1] = Named(id=1, name="Products")


def _countries_and_tax(shop: Shop) -> None:
    shop.tax_groups = {1: Named(id=STANDARD_TAX_ID, name="Standard"), 2: Named(id=REDUCED_TAX_ID, name="Reduced")}
    for number, (code, name, is_eu, standard, reduced) in enumerate(_COUNTRIES, start=1):
        shop.countries[code] = Country(id=number, code=code, name=name, is_eu=is_eu)
        shop.tax_rates[STANDARD_TAX_ID, code] = Decimal(standard)
        shop.tax_rates[REDUCED_TAX_ID, code] = Decimal(reduced)


def _warehouses(shop: Shop) -> None:
    shop.warehouses = {
        1: Warehouse(id=MAIN_WAREHOUSE_ID, name="Main warehouse", country=shop.countries["SE"]),
        2: Warehouse(id=BOUTIQUE_WAREHOUSE_ID, name="Boutique", threshold=2, country=shop.countries["SE"]),
    }
    shop.rules = {1: AllocationRule(id=1, name="Default", warehouse_ids=[MAIN_WAREHOUSE_ID, BOUTIQUE_WAREHOUSE_ID])}


def _sales_area(shop: Shop, store: Store, *, number: int, name: str, currency: str, countries: list[str]) -> None:
    option = ShippingOption(id=number, name=f"Standard {name}", uri=f"standard-{currency.lower()}")
    express = ShippingOption(id=number + 100, name=f"Express {name}", uri=f"express-{currency.lower()}")
    shop.shipping_options |= {option.id: option, express.id: express}
    shop.markets[number] = Market(id=number, name=name, store=store, country_codes=countries, rule=shop.rules[1])
    shop.pricelists[number] = Pricelist(
        id=number,
        name=f"{name} {currency}",
        store=store,
        currency=shop.currencies[currency],
        country_codes=list(countries),
        default_shipping_option=option,
        updated_at=shop.now(),
    )
