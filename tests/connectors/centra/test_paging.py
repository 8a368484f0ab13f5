"""Reading a list that changes under our hands: nothing that stays in the window is missed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.errors import PermanentError
from connectors.centra import paging
from connectors.centra.paging import Position

ZONE = ZoneInfo("Europe/Stockholm")
START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def row(key: int, seconds: float) -> dict[str, Any]:
    return {"id": key, "updatedAt": at(seconds).astimezone(ZONE).isoformat(timespec="seconds")}


class Shelf:
    """A platform's list: rows by id, told in whole seconds, sorted by time and id."""

    def __init__(self, times: dict[int, float], *, inclusive: bool = True) -> None:
        self.times, self.inclusive = dict(times), inclusive

    def ask(self, where: dict[str, Any], *, page: int, limit: int) -> list[dict[str, Any]]:
        left_out = set(where.get("id", ())) if where.get("negate") == ["id"] else set()
        window = where.get("updatedAt", {})
        kept = [
            (moment, key)
            for key, moment in self.times.items()
            if key not in left_out and self._within(at(moment).replace(microsecond=0), window)
        ]
        return [row(key, moment) for moment, key in sorted(kept)][(page - 1) * limit : page * limit]

    def _within(self, moment: datetime, window: dict[str, str]) -> bool:
        since = datetime.fromisoformat(window["from"]) if "from" in window else None
        until = datetime.fromisoformat(window["to"]) if "to" in window else None
        if since is not None and (moment < since or (moment == since and not self.inclusive)):
            return False
        return until is None or moment <= until


def read_all(shelf: Shelf, *, limit: int, since: datetime | None = None, until: datetime | None = None) -> list[int]:
    token: str | None = None
    read: list[int] = []
    for _ in range(500):
        position = Position.from_token(token, since=since)
        rows = shelf.ask(position.where(until=until), page=position.page, limit=limit)
        read += [found["id"] for found in rows]
        following = position.after(rows, limit=limit, zone=ZONE)
        if following is None:
            return read
        token = following.token()
    raise AssertionError("the list does not end")


def test_the_first_page_asks_for_the_whole_window() -> None:
    position = Position.from_token(None, since=at(0))
    assert position.where(until=at(60)) == {
        "updatedAt": {"from": "2026-01-15T09:00:00+00:00", "to": "2026-01-15T09:01:00+00:00"}
    }
    assert Position.from_token(None).where() == {}


def test_the_next_page_goes_on_from_the_last_time_without_what_was_seen_there() -> None:
    first = Position.from_token(None, since=at(0))
    second = first.after([row(7, 1), row(3, 9), row(5, 10)], limit=3, zone=ZONE)
    assert second is not None
    assert second.where(until=at(60)) == {
        "updatedAt": {"from": "2026-01-15T09:00:09+00:00", "to": "2026-01-15T09:01:00+00:00"},
        "id": [3, 5],
        "negate": ["id"],
    }
    assert Position.from_token(second.token(), since=at(0)) == second


def test_a_page_that_is_not_full_is_the_last() -> None:
    assert Position().after([row(1, 1)], limit=2, zone=ZONE) is None
    assert Position().after([], limit=2, zone=ZONE) is None


@pytest.mark.parametrize("rows", [[row(1, 2), row(2, 1)], [row(1, 1), {"id": 2, "updatedAt": None}]])
def test_a_list_that_is_not_sorted_is_not_read_on(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(PermanentError) as error:
        Position().after(rows, limit=2, zone=ZONE)
    assert error.value.code == "paging"


def test_a_list_that_repeats_what_was_left_out_is_not_read_for_ever() -> None:
    position = Position(since=at(0), seen={1: at(1)})
    with pytest.raises(PermanentError):
        position.after([row(1, 1), row(2, 1)], limit=2, zone=ZONE)


_times = st.dictionaries(st.integers(1, 60), st.integers(0, 12), max_size=40)


@given(_times, st.integers(1, 7), st.booleans())
def test_every_row_is_read_once_however_many_share_a_second(times: dict[int, int], limit: int, inclusive: bool) -> None:
    read = read_all(Shelf({key: float(moment) for key, moment in times.items()}, inclusive=inclusive), limit=limit)
    assert sorted(read) == sorted(times)


@given(_times, st.integers(1, 7), st.lists(st.tuples(st.integers(0, 12), st.integers(1, 60)), max_size=10))
def test_rows_that_leave_the_window_in_mid_reading_take_no_other_with_them(
    times: dict[int, int], limit: int, changes: list[tuple[int, int]]
) -> None:
    """After each page some row changes, and so moves behind the window's end: the next cycle will read it."""
    shelf = Shelf({key: float(moment) for key, moment in times.items()})
    stayed = set(times)
    read: set[int] = set()
    token: str | None = None
    for turn in range(500):
        position = Position.from_token(token, since=at(0))
        rows = shelf.ask(position.where(until=at(100)), page=position.page, limit=limit)
        read |= {found["id"] for found in rows}
        following = position.after(rows, limit=limit, zone=ZONE)
        if following is None:
            break
        token = following.token()
        for _, key in (change for change in changes if change[0] == turn and change[1] in shelf.times):
            shelf.times[key] = 200.0
            stayed.discard(key)
    assert stayed <= read


def test_thousands_of_rows_of_one_second_are_read_by_page_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_SEEN", 10)
    times = dict.fromkeys(range(1, 61), 5.0) | {key: 30.0 + key for key in range(61, 75)}
    read = read_all(Shelf(times), limit=4)
    assert set(read) == set(times)
    position = Position(since=at(4), seen={key: at(5) for key in range(10)})
    following = position.after([row(key, 5) for key in range(20, 24)], limit=4, zone=ZONE)
    assert following == Position(since=at(4), seen=position.seen, page=2)
