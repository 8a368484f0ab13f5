from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrationhub.adminkit import moments

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 00"), (7500, "2 h 05"),
     (86399, "23 h 59"), (86400, "1 d"), (97200, "1 d 3 h"), (259200, "3 d"), (300000, "3 d")],
)  # fmt: skip
def test_a_span_is_short(seconds: float, words: str) -> None:
    assert moments.span(seconds) == words


def test_the_exact_time_is_on_hover_in_the_readers_zone() -> None:
    summer = datetime(2026, 7, 1, 13, 5, 6, tzinfo=UTC)
    told = moments.ago(summer, now=summer + timedelta(hours=2), zone=LONDON)
    assert told == (
        '<time class="hub-time" datetime="2026-07-01T13:05:06+00:00" title="1 Jul 2026, 14:05:06 BST"'
        ' data-told="ago">2 h 00 ago</time>'
    )


@pytest.mark.parametrize(
    ("minutes", "words", "mark"),
    [(-40, "40 min late", "hub-due-late"), (0, "0 s late", "hub-due-late"), (120, "in 2 h 00", "hub-due-soon"),
     (121, "in 2 h 01", "hub-due-near"),
     (480, "in 8 h 00", "hub-due-near"), (481, "in 8 h 01", "")],
)  # fmt: skip
def test_a_deadline_is_coloured_when_it_is_near(minutes: int, words: str, mark: str) -> None:
    told = moments.countdown(NOW + timedelta(minutes=minutes), now=NOW, zone=LONDON)
    assert f">{words}</time>" in told
    assert ("hub-due" in told) is bool(mark)
    assert mark in told


def test_no_moment_is_a_quiet_word() -> None:
    assert moments.ago(None, now=NOW, zone=LONDON) == '<span class="hub-quiet">never</span>'
    assert moments.countdown(None, now=NOW, zone=LONDON) == '<span class="hub-quiet">–</span>'


def test_what_runs_next_is_never_coloured() -> None:
    assert ">due</time>" in moments.upcoming(NOW - timedelta(hours=5), now=NOW, zone=LONDON)
    assert "hub-due" not in moments.upcoming(NOW - timedelta(hours=5), now=NOW, zone=LONDON)
