"""Dates as PHP reads and writes them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.centra.sandbox import dates

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NOW = datetime(2024, 2, 29, 12, 30, 15, 987_654, tzinfo=UTC)  # 13:30:15 in Stockholm


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-01-16T10:31:34+01:00", "2023-01-16T10:31:34+01:00"),
        ("2023-01-16T10:31:34Z", "2023-01-16T11:31:34+01:00"),
        ("2021-10-23 00:00:00", "2021-10-23T00:00:00+02:00"),
        ("2021-10-23", "2021-10-23T00:00:00+02:00"),
        ("now", "2024-02-29T13:30:15+01:00"),
        ("-1 hour", "2024-02-29T12:30:15+01:00"),
        ("+2 days", "2024-03-02T13:30:15+01:00"),
        ("3 weeks ago", "2024-02-08T13:30:15+01:00"),
        ("today", "2024-02-29T00:00:00+01:00"),
        ("yesterday", "2024-02-28T00:00:00+01:00"),
        ("tomorrow +6 hours", "2024-03-01T06:00:00+01:00"),
        ("-1 month", "2024-01-29T13:30:15+01:00"),
        ("-1 year", "2023-03-01T13:30:15+01:00"),
        ("@1700000000", "2023-11-14T23:13:20+01:00"),
    ],
)
def test_a_date_is_read(text: str, expected: str) -> None:
    assert dates.formatted(dates.parse(text).at(NOW, STOCKHOLM), STOCKHOLM) == expected


@pytest.mark.parametrize("text", ["", "soon", "2024-13-01", "-1 fortnights and a bit", "1 hour 2", 5, None])
def test_what_is_no_date_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="date"):
        dates.parse(text)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("Y-m-d\\TH:i:sP", "2024-02-29T13:30:15+01:00"),
        ("Y-m-d H:i:s", "2024-02-29 13:30:15"),
        ("d/m/y g:i A", "29/02/24 1:30 PM"),
        ("l jS F Y", "Thursday 29th February 2024"),
        ("D, d M Y H:i:s O", "Thu, 29 Feb 2024 13:30:15 +0100"),
        ("N w z t L W o", "4 4 59 29 1 09 2024"),
        ("U e T I p Z", "1709209815 Europe/Stockholm CET 0 +01:00 3600"),
        ("c", "2024-02-29T13:30:15+01:00"),
        ("u v n G h a", "987654 987 2 13 01 pm"),
    ],
)
def test_a_date_is_written_in_a_php_format(pattern: str, expected: str) -> None:
    assert dates.formatted(NOW, STOCKHOLM, pattern) == expected
