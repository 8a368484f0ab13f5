"""Counted deliveries: a gap is noticed once, filled when the late one comes, and forgotten after a day."""

from typing import Any

import pytest

from connectors import ports
from connectors.models import Link
from integrationhub.sync import sequences
from integrationhub.sync.models import Feed

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(link: Link, virtual_clock: ports.VirtualClock) -> Any:
    return lambda *numbers: [sequences.take(link.source_id, "demo-market", number) for number in numbers]


def test_the_first_number_and_those_that_follow_it_make_no_gap(take: Any, link: Link) -> None:
    assert take(2552, 2553, 2554) == [0, 0, 0]
    assert sequences.missing(link.source_id) == 0


def test_a_gap_is_told_once_and_how_wide_it_is(take: Any, link: Link) -> None:
    assert take(1, 5, 5, 6) == [0, 3, 0, 0]
    assert sequences.missing(link.source_id) == 3


def test_what_comes_late_fills_the_gap_and_makes_none(take: Any, link: Link) -> None:
    assert take(1, 4, 3, 2, 2) == [0, 2, 0, 0, 0]
    assert sequences.missing(link.source_id) == 0


def test_a_row_of_numbers_that_begins_anew_has_no_gap(take: Any, link: Link) -> None:
    assert take(50_000, 1, 2, 90_000, 90_002) == [0, 0, 0, 0, 1]
    assert sequences.missing(link.source_id) == 1


def test_two_rows_of_numbers_do_not_meet(take: Any, link: Link) -> None:
    take(1, 2)
    assert sequences.take(link.source_id, "another-market", 9) == 0
    assert take(3) == [0]
    assert Feed.objects.filter(connection=link.source).count() == 2


def test_after_a_day_a_gap_is_nobodys_news(take: Any, link: Link, virtual_clock: ports.VirtualClock) -> None:
    take(1, 3)
    virtual_clock.advance(sequences.REMEMBERED_HOURS * 3600 + 1)
    assert sequences.missing(link.source_id) == 0
    take(4)
    assert '"missing":{}' in Feed.objects.get(connection=link.source).next_token
