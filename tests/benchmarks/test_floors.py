"""The moments before which no order could be in Centra, as B3b computes them."""

import pytest

from benchmarks.b3b import LIMIT, floors, late_by, refilling_floors


def test_orders_come_in_windows_of_as_many_requests_as_the_limit_lets_through() -> None:
    found = floors(12, start=100.0, calls=4.0, latency=0.5)
    assert found == [100.5] * 5 + [110.5] * 5 + [120.5] * 2


def test_requests_that_others_made_take_their_place_in_the_window_until_it_has_passed() -> None:
    """Nineteen were made 4 s before: one fits at once, the others when those have left the window."""
    found = floors(6, start=100.0, calls=4.0, latency=0.0, others=[96.0] * (LIMIT - 1))
    assert found == [106.0] * 5 + [116.0]


def test_a_part_of_a_request_is_a_whole_one() -> None:
    assert floors(5, start=0.0, calls=4.2, latency=0.0) == [0.0, 0.0, 0.0, 0.0, 10.0]


def test_a_bucket_that_refills_evenly_lets_one_request_through_in_half_a_second() -> None:
    found = refilling_floors(7, start=0.0, calls=4.0, latency=0.0)
    assert found == [0.0] * 5 + [2.0, 4.0]


def test_each_order_is_compared_with_the_floor_of_its_own_place() -> None:
    assert late_by([12.0, 1.5], [1.0, 10.0]) == (0.5, 2.0)


def test_an_order_without_a_floor_is_a_fault_of_the_benchmark() -> None:
    with pytest.raises(ValueError, match="zip"):
        late_by([1.0, 2.0], [1.0])
