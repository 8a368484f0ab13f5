"""Amounts and times keep their exact value on the way out and back."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from connectors.fulfil.typedjson import encode, read_day, read_decimal, read_moment

HALF_PAST = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_amounts_and_times_go_out_typed_at_any_depth() -> None:
    told = encode(
        [3, {"amount": Decimal("1.10"), "at": HALF_PAST, "day": date(2026, 1, 2), "ids": (1, 2), "none": None}]
    )

    assert told == [
        3,
        {
            "amount": {"__class__": "Decimal", "decimal": "1.10"},
            "at": {"__class__": "datetime", "iso_string": "2026-01-02T03:04:05"},
            "day": {"__class__": "date", "iso_string": "2026-01-02"},
            "ids": [1, 2],
            "none": None,
        },
    ]


def test_a_time_of_another_zone_goes_out_in_utc() -> None:
    at = HALF_PAST.astimezone(timezone(timedelta(hours=2)))

    assert encode(at)["iso_string"] == "2026-01-02T03:04:05"


@pytest.mark.parametrize("value", [1.5, {"price": 0.1}, datetime(2026, 1, 2)])  # noqa: DTZ001  that it has no zone is the point
def test_a_float_or_a_time_without_a_zone_is_never_sent(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize("amount", ["0", "-0.05", "10.0000", "1234567890.123456789", "1E+3"])
def test_an_amount_comes_back_as_it_went(amount: str) -> None:
    assert read_decimal(encode(Decimal(amount))) == Decimal(amount)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "1E+999999999",
        Decimal("1E-99999"),
        "",
        "x",
        True,
        [],
        {},
        {"__class__": "Decimal"},
        {"__class__": "Decimal", "decimal": "NaN"},
        {"decimal": "1"},
    ],
)
def test_what_is_no_amount_is_none(value: Any) -> None:
    assert read_decimal(value) is None


@pytest.mark.parametrize(
    "value",
    [
        {"__class__": "datetime", "iso_string": "2026-01-02T03:04:05"},
        {"iso_string": "2026-01-02T05:04:05+02:00", "__class__": "datetime"},
        {"__class__": "datetime", "year": 2026, "month": 1, "day": 2, "hour": 3, "minute": 4, "second": 5},
        {"__class__": "datetime", "iso_string": "2026-01-02T03:04:05", "year": 1999, "month": 1, "day": 1},
        "2026-01-02T03:04:05",
    ],
)
def test_a_time_is_read_in_every_form_it_comes_in(value: Any) -> None:
    assert read_moment(value) == HALF_PAST


@pytest.mark.parametrize(
    "value", [None, 5, "soon", {}, {"__class__": "date", "iso_string": "2026-01-02"}, {"__class__": "datetime"}]
)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert read_moment(value) is None


def test_a_day_is_read_from_its_text_or_its_parts() -> None:
    assert read_day({"__class__": "date", "iso_string": "2026-01-02"}) == date(2026, 1, 2)
    assert read_day({"__class__": "date", "year": 2026, "month": 1, "day": 2}) == date(2026, 1, 2)
    assert read_day({"__class__": "date", "year": 2026, "month": 13, "day": 2}) is None
