"""Money as Marketplacer writes it → exact Decimals."""

from decimal import Decimal

import pytest

from connectors.marketplacer.amounts import from_cents, from_decimal_text, from_shown


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$5.00", "5.00"),
        ("$0.10", "0.10"),
        ("$1,234.50", "1234.50"),
        ("$12,345,678.90", "12345678.90"),
        ("A$5.00", "5.00"),
        ("AUD 5.00", "5.00"),
        ("5.00 AUD", "5.00"),
        ("-$5.00", "-5.00"),
        ("$-5.00", "-5.00"),
        ("−$5.00", "-5.00"),
        ("($5.00)", "-5.00"),
        ("5,00 €", "5.00"),
        ("1.234,50 €", "1234.50"),
        ("1 234,50 €", "1234.50"),
        ("1’234.50", "1234.50"),
        ("$1,234", "1234"),
        ("$90071992547409.93", "90071992547409.93"),
        ("$12", "12"),
    ],
)
def test_a_shown_amount_is_read_exactly(text: str, amount: str) -> None:
    assert from_shown(text, currency="AUD") == Decimal(amount)
    assert str(from_shown(text, currency="AUD")) == amount


@pytest.mark.parametrize(
    "text", ["", "free", "$", "$1.5", "$1,23,456.00", "$1.2.30", "$5.00 - $9.00", "$5.000,0", "USD 5.00", None, 5, True]
)
def test_what_can_be_read_in_two_ways_or_none_is_refused(text: object) -> None:
    with pytest.raises(ValueError):
        from_shown(text, currency="AUD")


def test_a_currency_without_coins_has_no_decimal_mark() -> None:
    assert from_shown("¥1,234", currency="JPY") == Decimal(1234)


def test_cents_are_whole_minor_units_of_the_currency() -> None:
    assert from_cents(123450, currency="AUD") == Decimal("1234.50")
    assert from_cents(500, currency="JPY") == Decimal(500)
    assert from_cents(-1, currency="AUD") == Decimal("-0.01")


@pytest.mark.parametrize("value", [None, "5", 5.0, Decimal("5.5"), True])
def test_cents_that_are_no_whole_number_are_refused(value: object) -> None:
    with pytest.raises(ValueError):
        from_cents(value, currency="AUD")


def test_a_decimal_text_is_read_exactly() -> None:
    assert from_decimal_text("25.0") == Decimal("25.0")
    assert from_decimal_text(Decimal("0.1")) == Decimal("0.1")
    for value in ("$25", "1,000.00", "", None, True):
        with pytest.raises(ValueError):
            from_decimal_text(value)
