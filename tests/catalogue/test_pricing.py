"""What a channel shall ask for a SKU, and why it is told nothing: no guess, no conversion, never 0."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.money import minor_digits
from integrationhub.catalogue.pricing import Listed, Wanted, wanted

LISTED = Listed(price_list="21", sells_in="EUR", read=True, amount=Decimal("119.95"), currency="EUR")


def test_it_asks_what_the_list_says() -> None:
    assert wanted(LISTED) == Wanted(amount=Decimal("119.95"))


@pytest.mark.parametrize(
    ("amount", "currency", "asked"),
    [("119.954", "EUR", "119.95"), ("119.955", "EUR", "119.96"), ("1234.5", "JPY", "1234"), ("3.1415", "KWD", "3.142")],
)
def test_it_is_rounded_to_the_digits_of_its_currency(amount: str, currency: str, asked: str) -> None:
    found = wanted(replace(LISTED, amount=Decimal(amount), currency=currency, sells_in=currency))
    assert str(found.amount) == asked


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"amount": None, "currency": ""}, "Price list 21 has no price for it."),
        ({"amount": Decimal(0)}, "Its price in list 21 is 0.00 EUR."),
        ({"amount": Decimal("-5")}, "Its price in list 21 is -5.00 EUR."),
        ({"amount": Decimal("0.004")}, "Its price in list 21 is 0.00 EUR."),
        ({"currency": "SEK"}, "Price list 21 is in SEK, the offer in EUR."),
        ({"price_list": ""}, "No price list answers for EUR."),
        ({"retired": True}, "Its mapping has ended."),
    ],
)
def test_where_nothing_can_be_asked_it_says_why(change: dict[str, object], reason: str) -> None:
    assert wanted(replace(LISTED, **change)) == Wanted(amount=None, reason=reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"read": False, "amount": None, "currency": ""}, {"sells_in": ""}])
def test_while_something_was_not_read_it_says_nothing(change: dict[str, object]) -> None:
    assert wanted(replace(LISTED, **change)) == Wanted(amount=None)  # type: ignore[arg-type]


@given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=6, max_value=10**9, min_value=-(10**9)))
def test_what_is_asked_is_above_zero_and_off_by_less_than_the_smallest_coin(amount: Decimal) -> None:
    found = wanted(replace(LISTED, amount=amount))
    if found.amount is None:
        assert found.reason
        assert amount <= Decimal("0.005")
    else:
        assert found.amount > 0
        assert abs(found.amount - amount) <= Decimal(1).scaleb(-minor_digits("EUR")) / 2
