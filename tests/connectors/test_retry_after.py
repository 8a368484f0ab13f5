"""Retry-After in every form that a platform sends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.retry_after import parse_retry_after

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 1),  # a platform rounding down a part of a second
        ("1.5", 1.5),
        ("Thu, 15 Jan 2026 09:02:00 GMT", 120),
        ("Thursday, 15-Jan-26 09:02:00 GMT", 120),
        ("1768467720", 120),  # epoch seconds
        ("1768467720000", 120),  # epoch milliseconds
        ("2026-01-15T09:02:00Z", 120),
        ("2026-01-15T10:02:00+01:00", 120),
        ("2026-01-15T09:02:00.500Z", 120.5),
        ("2026-01-15 09:02:00", 120),  # no zone: UTC
        ("20260115T090200Z", 120),
    ],
)
def test_a_wait_is_read_in_every_form(value: str, seconds: float) -> None:
    assert parse_retry_after(value, now=NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "-5",
        "NaN",
        "inf",
        "1e3",
        "٣",  # a digit, but not one of HTTP's
        "Wed, 14 Jan 2026 09:02:00 GMT",
        "2026-01-15T08:59:59Z",
        "1768467000",
        "Thu, 99 Jan 2026 09:02:00 GMT",
        "9" * 16,
        "9" * 400,
    ],
)
def test_what_is_missing_garbage_negative_or_past_is_a_minute(value: str | None) -> None:
    assert parse_retry_after(value, now=NOW) == NOW + timedelta(seconds=60)
    assert parse_retry_after(value, now=NOW, default_seconds=5) == NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    "value", ["86400", "999999999", "9999999999", "Fri, 15 Jan 2027 09:02:00 GMT", "2126-01-15T09:02:00Z"]
)
def test_a_wait_beyond_reason_is_cut_to_two_hours(value: str) -> None:
    assert parse_retry_after(value, now=NOW) == NOW + timedelta(hours=2)


@given(value=st.text(max_size=40) | st.integers().map(str) | st.floats().map(str) | st.datetimes().map(str))
def test_whatever_is_said_the_wait_is_between_a_second_and_two_hours(value: str) -> None:
    moment = parse_retry_after(value, now=NOW)
    assert NOW + timedelta(seconds=1) <= moment <= NOW + timedelta(hours=2)
