"""Long lists as one parameter arrive as they were."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from integrationhub.sync import arrays

pytestmark = pytest.mark.django_db


def read(literal: str, kind: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [literal])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["A"],
        [""],
        ["A", "B"],
        ['say "hi"', "back\\slash", "NULL", "null", "{a,b}", " space ", "Ål", "'"],
        ['","', "x"],
        ['"', "", '""'],
    ],
)
def test_texts_are_what_they_were(values: list[str]) -> None:
    assert read(arrays.texts(values), "text") == values


def test_numbers_and_times_may_be_missing() -> None:
    at = datetime(2026, 1, 15, 9, 0, 0, 5, tzinfo=UTC)
    assert read(arrays.numbers([1, None, -3]), "bigint") == [1, None, -3]
    assert read(arrays.times([at, None]), "timestamptz") == [at, None]
    assert read(arrays.numbers([]), "int") == []
