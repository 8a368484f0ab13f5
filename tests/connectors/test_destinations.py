"""Whether two addresses are the same place, however each platform writes it."""

from dataclasses import replace

import pytest

from connectors.canonical.destinations import same_address
from connectors.canonical.orders import Address

ALICE = Address(
    first_name="Alice",
    last_name="Ågren",
    company="Nordhem AB",
    street=("Storgatan 1 B", "2 tr"),
    postal_code="411 01",
    city="Göteborg",
    country="SE",
    phone="+46 70-123 45 67",
)


@pytest.mark.parametrize(
    "other",
    [
        replace(ALICE, first_name="", last_name="Nordhem AB, Alice Ågren", company=""),
        replace(ALICE, company="", street=("Storgatan 1 B", "Nordhem AB, 2 tr")),
        replace(ALICE, first_name="ALICE", city="GÖTEBORG"),
        replace(ALICE, phone="0701234567"),
        replace(ALICE, phone=""),
        replace(ALICE, region="Västra Götaland"),
    ],
)
def test_the_same_place_written_otherwise_is_the_same(other: Address) -> None:
    assert same_address(ALICE, other)
    assert same_address(other, ALICE)


@pytest.mark.parametrize(
    "other",
    [
        replace(ALICE, street=("Storgatan 11 B", "2 tr")),
        replace(ALICE, postal_code="411 02"),
        replace(ALICE, last_name="Berg"),
        replace(ALICE, country="NO"),
        replace(ALICE, phone="+46 70-123 45 68"),
    ],
)
def test_one_word_one_digit_or_another_country_is_another_place(other: Address) -> None:
    assert not same_address(ALICE, other)
