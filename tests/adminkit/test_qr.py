"""The codes' shapes. Expected digests were computed once with an independent encoder (PyPI's qrcode 8.2, error level M)."""

import hashlib

import pytest

from integrationhub.adminkit import qr

SECRET = "otpauth://totp/Hub:alice?secret=abcdEFG&x="


def drawn(length: int) -> list[list[bool]]:
    return qr.matrix((SECRET * 8)[:length])


@pytest.mark.parametrize(
    ("length", "size"),
    [(1, 21), (14, 21), (15, 25), (26, 25), (84, 37), (85, 41), (152, 49), (180, 53), (181, 57), (213, 57)],
)
def test_the_smallest_version_that_holds_the_text_is_taken(length: int, size: int) -> None:
    assert len(drawn(length)) == size


def test_a_text_that_no_version_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="214 bytes do not fit"):
        drawn(214)


@pytest.mark.parametrize("length", [5, 15, 60, 120, 200])
def test_finders_stand_in_three_corners(length: int) -> None:
    grid = drawn(length)
    size = len(grid)
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        rows = ["".join("#" if dark else "." for dark in row[left : left + 7]) for row in grid[top : top + 7]]
        assert rows == ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"]


@pytest.mark.parametrize(
    ("length", "digest"),
    [
        (5, "6efc64ba7a465f6f"),
        (15, "df34935e90c69657"),
        (60, "335923b910530bdc"),
        (85, "aad53c7c2570adba"),
        (120, "fa5ac8e20b02ab77"),
        (150, "efb516bf1755194e"),
        (181, "032a0741d1c0fb6d"),
        (200, "06d1a9b09dbe6655"),
    ],
)
def test_the_modules_are_those_of_an_independent_encoder(length: int, digest: str) -> None:
    bits = "".join("1" if dark else "0" for row in drawn(length) for dark in row)
    assert hashlib.sha256(bits.encode()).hexdigest()[:16] == digest


def test_the_svg_scales_and_says_what_it_is() -> None:
    told = qr.svg("x", label="QR code")
    assert told.startswith('<svg class="hub-qr" role="img" aria-label="QR code" viewBox="0 0 29 29"')
