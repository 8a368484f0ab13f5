from decimal import Decimal

import pytest

from connectors.canonical.money import Money
from exceptions_app.words import counted, listed, money, money_at_stake, number


def test_counts_have_thousands_separators_and_the_right_number() -> None:
    assert number(4212) == "4,212"
    assert [counted(count, "order", "orders") for count in (0, 1, 1200)] == ["0 orders", "1 order", "1,200 orders"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (["A", "B", "C", "D", "E"], "A, B, C and 2 more"),
    ],
)
def test_names_are_listed_as_people_do(names: list[str], words: str) -> None:
    assert listed(names) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("4212", "GBP", "£4,212.00"),
        ("-0.01", "GBP", "−£0.01"),
        ("0", "EUR", "€0.00"),
        ("1200", "JPY", "¥1,200"),
        ("12.5", "KWD", "12.500\u00a0KWD"),
        ("9.999", "SEK", "10.00\u00a0SEK"),
        ("49.9", "PLN", "49.90\u00a0zł"),
        ("1234567.891", "USD", "$1,234,567.89"),
    ],
)
def test_money_has_its_currencys_digits_and_the_symbol_people_know(amount: str, currency: str, words: str) -> None:
    assert money(Money(Decimal(amount), currency)) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [("4211.6", "£4,212"), ("100", "£100"), ("99.5", "£99.50"), ("-250.4", "−£250"), ("0", "£0.00")],
)
def test_money_at_stake_is_rough_where_it_is_much(amount: str, words: str) -> None:
    assert money_at_stake(Money(Decimal(amount), "GBP")) == words
