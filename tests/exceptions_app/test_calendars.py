from datetime import UTC, datetime, time

import pytest

from connectors.models import Brand
from exceptions_app.calendars import after_working


def brand(**values: object) -> Brand:
    given = {
        "timezone": "Europe/London",
        "working_days": "12345",
        "working_from": time(9),
        "working_until": time(17, 30),
    }
    return Brand(**{**given, **values})


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


# 2026-01-15 is a Thursday. A working day has 8.5 hours.
@pytest.mark.parametrize(
    ("since", "hours", "until"),
    [
        (at(2026, 1, 15, 9), 4, at(2026, 1, 15, 13)),
        (at(2026, 1, 15, 7), 4, at(2026, 1, 15, 13)),  # before work begins
        (at(2026, 1, 15, 16), 4, at(2026, 1, 16, 11, 30)),  # over night
        (at(2026, 1, 15, 18), 4, at(2026, 1, 16, 13)),  # after work
        (at(2026, 1, 16, 16), 4, at(2026, 1, 19, 11, 30)),  # over the weekend
        (at(2026, 1, 17, 12), 8.5, at(2026, 1, 19, 17, 30)),  # ends with the day, not on the next
    ],
)
def test_only_working_hours_count(since: datetime, hours: float, until: datetime) -> None:
    assert after_working(brand(), since, hours=hours) == until


def test_the_hours_are_the_brands_own() -> None:
    stockholm = brand(timezone="Europe/Stockholm")
    assert after_working(stockholm, at(2026, 1, 15, 7), hours=1) == at(2026, 1, 15, 9)


def test_the_clock_change_in_a_night_shift_is_an_hour_less_and_an_hour_more() -> None:
    nights = brand(working_days="1234567", working_from=time(0), working_until=time(6))
    # 29 March 2026: from 01:00 to 02:00 there is nothing, so that shift has five hours.
    assert after_working(nights, at(2026, 3, 29, 0), hours=5) == at(2026, 3, 29, 5)
    assert after_working(nights, at(2026, 3, 29, 0), hours=5.5) == at(2026, 3, 29, 23, 30)
    # 25 October 2026: the hour from 01:00 comes twice, so that shift has seven.
    assert after_working(nights, at(2026, 10, 24, 23), hours=7) == at(2026, 10, 25, 6)


def test_a_brand_that_never_works_has_no_target() -> None:
    assert after_working(brand(working_days=""), at(2026, 1, 15, 9), hours=1) is None
    assert after_working(brand(working_until=time(9)), at(2026, 1, 15, 9), hours=1) is None
