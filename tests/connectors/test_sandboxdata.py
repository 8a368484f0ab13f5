"""The invented goods and people: the same on every platform, and in the form their countries use."""

import re
from random import Random

import pytest

from connectors.sandboxdata import COUNTRIES, GTIN_PREFIX, catalogue, gtin, person

CURRENCIES = {"GBP", "EUR", "SEK", "USD"}
SHARED = {"GBR", "SWE", "DEU", "FRA", "NLD", "DNK", "FIN", "ESP", "ITA", "USA"}
POSTCODES = {
    "GBR": r"[A-Z]{1,2}\d{1,2} \d[A-Z]{2}",
    "SWE": r"\d{3} \d{2}",
    "DEU": r"\d{5}",
    "FRA": r"\d{5}",
    "NLD": r"\d{4} [A-Z]{2}",
    "USA": r"\d{5}",
}


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - sample people


def test_the_catalogue_is_the_same_for_one_seed_and_differs_for_another() -> None:
    assert catalogue(1) == catalogue(1)
    assert catalogue(1) != catalogue(2)


def test_it_has_hundreds_of_units_with_numbers_of_their_own() -> None:
    items = catalogue(1)
    assert len(items) >= 200
    assert len({item.sku for item in items}) == len({item.gtin for item in items}) == len(items)
    assert all(len(item.sku) <= 40 and "/" not in item.sku for item in items)


def test_a_sku_is_its_three_numbers_put_together() -> None:
    assert all(item.sku == item.product_number + item.variant_number + item.size_number for item in catalogue(1))


def test_units_of_one_product_share_its_number_name_and_prices() -> None:
    products: dict[str, set[tuple[str, str]]] = {}
    for item in catalogue(1):
        products.setdefault(item.product_number, set()).add((item.product_name, str(sorted(item.prices.items()))))
    assert {len(found) for found in products.values()} == {1}


def test_every_unit_has_a_price_in_every_currency() -> None:
    for item in catalogue(1):
        assert set(item.prices) == CURRENCIES
        assert all(price > 0 and price.as_tuple().exponent == -2 for price in item.prices.values())


def test_gtins_are_valid_ean_13_of_the_range_for_examples() -> None:
    for item in catalogue(1):
        digits = [int(digit) for digit in item.gtin]
        assert len(digits) == 13
        assert item.gtin.startswith(GTIN_PREFIX)
        assert (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0
    assert gtin(1) == "9520000000011"


@pytest.mark.parametrize("country", sorted(SHARED))
def test_people_are_written_as_their_country_writes_them(country: str) -> None:
    rng = seeded(11)
    for _ in range(20):
        found = person(rng, country)
        assert (found.country_code, found.country_code_2) == (country, COUNTRIES[country].code_2)
        assert re.fullmatch(r"\+\d{8,13}", found.phone)
        assert re.fullmatch(POSTCODES.get(country, r"[\d ]{4,6}"), found.zip_code)
        assert all((found.first_name, found.last_name, found.street_1, found.city))
        assert found.email.endswith("@example.com")


def test_the_same_draw_makes_the_same_person() -> None:
    assert person(seeded(4), "SWE") == person(seeded(4), "SWE")


def test_names_carry_the_letters_of_their_languages() -> None:
    rng = seeded(2)
    people = [person(rng, country) for country in ("SWE", "DEU", "FRA") for _ in range(40)]
    assert {"ö", "ü", "é"} <= set("".join(found.first_name + found.last_name for found in people))
