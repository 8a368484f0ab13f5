"""Taxes by name: what an order states, and which listed tax that is."""

from decimal import Decimal

import pytest

from connectors.canonical.money import Money
from connectors.canonical.orders import TaxAmount
from connectors.canonical.taxes import ListedTax, country_and_rate, fitting_tax, tax_code

LISTED = tuple(
    ListedTax(name=name, rate=Decimal(rate))
    for name, rate in (
        ("SE VAT 25", "0.25"), ("DK VAT 25", "0.25"), ("UK VAT 20", "0.20"), ("VAT 20 FR", "0.20"), ("Standard 21", "0.21"),
        ("US CA 8.25", "0.0825"), ("VAT zero", "0"),
    )
)  # fmt: skip


def stated(rate: str, amount: str = "20", code: str = "") -> TaxAmount:
    return TaxAmount(code=code, amount=Money(Decimal(amount), "GBP"), rate=rate)


@pytest.mark.parametrize(
    ("code", "rate", "country", "expected"),
    [
        ("", "20", "GB", "GB / 20%"),
        ("", "20.00 %", "GB", "GB / 20%"),
        ("", "8.25", "US", "US / 8.25%"),
        ("MOMS", "25", "SE", "MOMS / 25%"),
        ("", "", "GB", "GB / rate not stated"),
        ("", "20", "", ""),
    ],
)
def test_the_same_tax_has_the_same_code_whatever_the_order(code: str, rate: str, country: str, expected: str) -> None:
    assert tax_code(stated(rate, code=code), country) == expected


def test_a_code_says_its_country_and_rate_and_a_name_does_not() -> None:
    assert country_and_rate("US / 8.25%") == ("US", Decimal("0.0825"))
    assert [country_and_rate(code) for code in ("MOMS / 25%", "GB / rate not stated", "25%", "")] == [None] * 4


@pytest.mark.parametrize(
    ("rate", "country", "name"),
    [
        ("25", "SE", "SE VAT 25"),
        ("25", "DK", "DK VAT 25"),
        ("25", "NO", None),  # both are for other countries
        ("20", "GB", "UK VAT 20"),  # what many call it
        ("20", "FR", "VAT 20 FR"),
        ("20", "DE", None),
        ("21", "NL", "Standard 21"),  # for every country
        ("8.25", "US", "US CA 8.25"),  # the first country counts: CA is a state here
        ("6", "SE", None),
    ],
)
def test_the_one_that_has_the_rate_and_is_for_the_country_is_meant(rate: str, country: str, name: str | None) -> None:
    found = fitting_tax(stated(rate), net=Money(Decimal(100), "GBP"), country=country, listed=LISTED)

    assert (found.name if found else None) == name


def test_two_that_fit_are_none_and_one_listed_for_two_markets_is_one() -> None:
    twice = [ListedTax(name="SE VAT 25", rate=Decimal("0.25"), market=market) for market in ("3", "4")]
    other = ListedTax(name="SE VAT 25 services", rate=Decimal("0.25"))
    asked = {"net": Money(Decimal(100), "GBP"), "country": "SE"}

    assert fitting_tax(stated("25"), listed=twice, **asked) == twice[-1]
    assert fitting_tax(stated("25"), listed=[*twice, other], **asked) is None


def test_a_named_tax_must_have_about_the_rate_that_is_stated() -> None:
    asked = {"net": Money(Decimal(100), "GBP"), "country": "DE", "listed": LISTED}

    assert fitting_tax(stated("24.9", code="SE VAT 25"), **asked) == LISTED[0]
    assert fitting_tax(stated("19", code="SE VAT 25"), **asked) is None


@pytest.mark.parametrize(("currency", "amount"), [("SEK", "25.02"), ("JPY", "27")])
def test_without_a_rate_what_it_comes_to_tells_within_two_minor_units(currency: str, amount: str) -> None:
    tax = TaxAmount(code="", amount=Money(Decimal(amount), currency), rate="")
    asked = {"net": Money(Decimal(100), currency), "country": "SE", "listed": LISTED}

    assert fitting_tax(tax, **asked) == LISTED[0]
