"""Taxes take the target's names, and payments in parts the target's methods; what cannot be told is missing by name."""

from decimal import Decimal

import pytest

from connectors.canonical.errors import MappingError, MissingMapping
from connectors.canonical.money import Money
from connectors.canonical.orders import Address, Order, Payment, TaxAmount
from connectors.canonical.taxes import ListedTax
from connectors.models import Brand, Link
from mappings_app.models import MappingVersion
from mappings_app.resolving import ResolvedOrder, resolve_order
from mappings_app.saving import save_mapping
from tests.mappings_app.orders import line, order

LISTED = [
    ListedTax(name=name, rate=Decimal(rate))
    for name, rate in (("GB VAT 20", "0.20"), ("GB VAT 5", "0.05"), ("GB VAT 5 books", "0.05"))
]
BOB = Address(first_name="Bob", last_name="Berg", street=("1 High St",), postal_code="LS1", city="Leeds", country="GB")


def gbp(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


def map_code(brand: Brand, kind: str, from_code: str, to_code: str, link: Link | None = None) -> MappingVersion:
    return save_mapping(kind=kind, brand=brand, from_code=from_code, to_code=to_code, link=link, actor="alice")


def taxed(*rates: str, **changes: object) -> Order:
    taxes = tuple(TaxAmount(code="", amount=gbp("1.00"), rate=rate) for rate in rates)
    return order(line("1", "AB-1", taxes=taxes), shipping_address=BOB, **changes)


def named(sold: Order, link: Link) -> ResolvedOrder:
    asked: list[str] = []

    def taxes_of(market: str) -> list[ListedTax]:
        asked.append(market)
        return LISTED

    resolved = resolve_order(sold, link=link, taxes_of=taxes_of)
    assert asked == [""]
    return resolved


def names(resolved: ResolvedOrder) -> list[str]:
    return [tax.code for line in resolved.order.lines for tax in line.taxes]


def test_the_only_tax_that_fits_is_taken_and_a_mapping_goes_first(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1", "NW-1")
    assert (names(named(taxed("20"), link)), named(taxed("20"), link).tax_names) == (["GB VAT 20"], {})

    map_code(brand, "tax", "GB / 20%", "VAT abroad")
    version = map_code(brand, "tax", "GB / 20%", "VAT of the channel", link)

    resolved = named(taxed("20"), link)
    assert names(resolved) == ["VAT of the channel"]
    assert resolved.tax_names == {"GB / 20%": "VAT of the channel"}
    assert version.pk in resolved.version_ids


def test_taxes_that_cannot_be_told_are_missing_together_with_everything_else(link: Link) -> None:
    with pytest.raises(MappingError) as caught:
        named(taxed("20", "5", "17.5"), link)

    assert caught.value.missing == (
        MissingMapping(kind="sku", code="AB-1"),
        MissingMapping(kind="tax", code="GB / 5%", label="Tax of 5 percent on orders to GB"),
        MissingMapping(kind="tax", code="GB / 17.5%", label="Tax of 17.5 percent on orders to GB"),
    )


def test_where_the_target_names_no_taxes_they_stay_as_they_are(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1", "NW-1")
    map_code(brand, "tax", "GB / 5%", "GB VAT 5")

    assert names(resolve_order(taxed("5"), link=link)) == [""]


def test_each_part_of_a_payment_takes_its_own_method(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1", "NW-1")
    link.target.platform, link.target.settings = "fulfil", {"payment_method": "11"}
    parts = (
        Payment(method="GIFT_CARD", amount=gbp("4.00")),
        Payment(method="card", amount=gbp("6.00"), reference="psp"),
    )
    sold = taxed(payment_method="card", payments=parts)
    with pytest.raises(MappingError) as caught:
        resolve_order(sold, link=link)
    assert caught.value.missing == (MissingMapping(kind="payment_method", code="GIFT_CARD"),)

    map_code(brand, "payment_method", "GIFT_CARD", "12")

    assert resolve_order(sold, link=link).order.payments == (
        Payment(method="12", amount=gbp("4.00")),
        Payment(method="11", amount=gbp("6.00"), reference="psp"),
    )


def test_a_target_without_payment_methods_of_its_own_wants_none_for_a_part(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1", "NW-1")
    link.target.platform = "elsewhere"
    parts = (Payment(method="GIFT_CARD", amount=gbp("10.00")),)

    assert resolve_order(taxed(payments=parts), link=link).order.payments == (Payment(method="", amount=gbp("10.00")),)
