from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from exceptions_app.deadlines import age, away, clock, span

NOW = datetime(2026, 1, 15, 12, 15, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (MINUTE, "1 min"),
        (40 * MINUTE + 59, "40 min"),
        (HOUR, "1 h"),
        (HOUR + 59, "1 h"),
        (2 * HOUR + 5 * MINUTE, "2 h 05 min"),
        (DAY - 1, "23 h 59 min"),
        (DAY, "1 day"),
        (DAY + 3 * HOUR, "1 day 3 h"),
        (2 * DAY + HOUR, "2 days 1 h"),
        (3 * DAY + HOUR, "3 days"),
        (400 * DAY, "400 days"),
    ],
)
def test_a_stretch_of_time_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2 * HOUR + 5 * MINUTE, "in 2 h 05 min"),
        (30, "in less than a minute"),
        (0, "now"),
        (-30, "now"),
        (-40 * MINUTE, "40 min ago"),
        (-3 * DAY, "3 days ago"),
    ],
)
def test_a_moment_as_seen_from_now(seconds: float, words: str) -> None:
    assert away(NOW + timedelta(seconds=seconds), NOW) == words


def test_an_age_is_never_negative() -> None:
    assert age(NOW - timedelta(hours=3, minutes=10), NOW) == "3 h 10 min"
    assert age(NOW + timedelta(hours=1), NOW) == "less than a minute"


@pytest.mark.parametrize(
    ("moment", "zone", "words"),
    [
        (datetime(2026, 1, 15, 14, 20, tzinfo=UTC), "Europe/London", "14:20"),
        (datetime(2026, 1, 15, 14, 20, tzinfo=UTC), "Europe/Stockholm", "15:20"),
        (datetime(2026, 1, 15, 23, 30, tzinfo=UTC), "Europe/Stockholm", "tomorrow 00:30"),
        (datetime(2026, 1, 14, 9, 0, tzinfo=UTC), "Europe/London", "yesterday 09:00"),
        (datetime(2026, 7, 24, 9, 0, tzinfo=UTC), "Europe/London", "24 Jul 10:00"),
        (datetime(2027, 1, 2, 9, 0, tzinfo=UTC), "Europe/London", "2 Jan 2027 09:00"),
    ],
)
def test_a_moment_on_the_readers_clock(moment: datetime, zone: str, words: str) -> None:
    assert clock(moment, NOW, ZoneInfo(zone)) == words
