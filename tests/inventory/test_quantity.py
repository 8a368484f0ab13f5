"""How many units a channel may show."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrationhub.inventory.quantity import Rule, published

rules = st.builds(
    Rule,
    buffer_units=st.integers(0, 50),
    buffer_percent=st.decimals(0, 100, places=2),
    floor=st.integers(0, 20),
    cap=st.none() | st.integers(0, 100),
)


@given(available=st.integers(-5, 10_000), reserved=st.integers(0, 12_000), rule=rules)
def test_never_negative_never_more_than_free_less_the_buffer(available: int, reserved: int, rule: Rule) -> None:
    free = max(0, available - reserved)
    shown = published(available=available, reserved=reserved, rule=rule)
    assert 0 <= shown.quantity <= free - shown.buffer
    assert shown.buffer <= free
    assert shown.quantity == 0 or shown.quantity >= rule.floor or shown.quantity == rule.cap
    assert rule.cap is None or shown.quantity <= rule.cap


@given(reserved=st.integers(0, 50), rule=rules, available=st.integers(0, 500))
def test_a_promise_more_never_shows_more(available: int, reserved: int, rule: Rule) -> None:
    less = published(available=available, reserved=reserved + 1, rule=rule).quantity
    assert less <= published(available=available, reserved=reserved, rule=rule).quantity


@pytest.mark.parametrize(
    ("available", "reserved", "rule", "quantity", "buffer"),
    [
        (15, 0, Rule(), 15, 0),
        (15, 4, Rule(), 11, 0),
        (3, 5, Rule(), 0, 0),
        (15, 0, Rule(buffer_percent=Decimal(10)), 13, 2),  # a part of a unit kept back is a unit
        (15, 0, Rule(buffer_units=3, buffer_percent=Decimal(10)), 12, 3),  # the larger buffer
        (15, 5, Rule(buffer_percent=Decimal(10)), 9, 1),  # of what is free
        (5, 0, Rule(buffer_units=2, floor=4), 0, 2),
        (6, 0, Rule(buffer_units=2, floor=4), 4, 2),
        (500, 0, Rule(buffer_units=2, cap=20), 20, 2),
        (500, 0, Rule(cap=0), 0, 0),
        (2, 0, Rule(buffer_units=9), 0, 2),
    ],
)
def test_buffer_then_floor_then_cap(available: int, reserved: int, rule: Rule, quantity: int, buffer: int) -> None:
    shown = published(available=available, reserved=reserved, rule=rule)
    assert (shown.quantity, shown.buffer) == (quantity, buffer)
