"""A QR code as inline SVG, for the second factor's secret: it must reach no other server, nor a file.

ISO/IEC 18004 in the part that is needed: byte mode, error correction level M, versions 1 to 10 (213 bytes).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, product

from django.utils.html import format_html
from django.utils.safestring import SafeString

QUIET_ZONE = 4
# By version: error correction codewords per block, and the data codewords of each block.
_BLOCKS: dict[int, tuple[int, list[int]]] = {
    1: (10, [16]),
    2: (16, [28]),
    3: (26, [44]),
    4: (18, [32] * 2),
    5: (24, [43] * 2),
    6: (16, [27] * 4),
    7: (18, [31] * 4),
    8: (22, [38] * 2 + [39] * 2),
    9: (22, [36] * 3 + [37] * 2),
    10: (26, [43] * 4 + [44]),
}
_ALIGNED: dict[int, tuple[int, ...]] = {
    1: (), 2: (6, 18), 3: (6, 22), 4: (6, 26), 5: (6, 30), 6: (6, 34),
    7: (6, 22, 38), 8: (6, 24, 42), 9: (6, 26, 46), 10: (6, 28, 50),
}  # fmt: skip
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, column: row % 2 == 0,
    lambda row, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2 == 0,
)

Grid = list[list[bool]]


def svg(text: str, *, label: str) -> SafeString:
    """Return the code of `text` as an <svg> that scales; black on white whatever the page's colours are."""
    rows = matrix(text)
    size = len(rows) + 2 * QUIET_ZONE
    path = "".join(
        f"M{column + QUIET_ZONE} {row + QUIET_ZONE}h1v1h-1z"
        for row, cells in enumerate(rows)
        for column, dark in enumerate(cells)
        if dark
    )
    return format_html(
        '<svg class="hub-qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<rect width="100%" height="100%" fill="#fff"/><path d="{}" fill="#000"/></svg>',
        label,
        size,
        size,
        path,
    )


def matrix(text: str) -> Grid:
    """Return the modules, True = dark. Raises ValueError when the text is longer than version 10 holds."""
    data = text.encode()
    version = _version_for(len(data))
    plain, fixed = _function_patterns(version)
    _place_data(plain, fixed, _codewords(data, version))
    candidates = [_masked(plain, fixed, version, mask) for mask in range(len(_MASKS))]
    return min(candidates, key=_penalty)


def _version_for(length: int) -> int:
    for version, (_, blocks) in _BLOCKS.items():
        if length + (3 if version == 10 else 2) <= sum(blocks):
            return version
    raise ValueError(f"{length} bytes do not fit into a code of version 10.")


# --- data and error correction ----------------------------------------------------------------------------------------


def _codewords(data: bytes, version: int) -> list[int]:
    correction, sizes = _BLOCKS[version]
    capacity = sum(sizes)
    bits = f"0100{len(data):0{16 if version == 10 else 8}b}" + "".join(f"{byte:08b}" for byte in data)
    bits += "0" * min(4, capacity * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = [int(bits[start : start + 8], 2) for start in range(0, len(bits), 8)]
    words += [(0xEC, 0x11)[index % 2] for index in range(capacity - len(words))]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    blocks = [words[start : start + size] for start, size in zip(starts, sizes, strict=True)]
    return [*_interleaved(blocks), *_interleaved([_correction(block, correction) for block in blocks])]


def _interleaved(blocks: Sequence[Sequence[int]]) -> Iterator[int]:
    for index in range(max(map(len, blocks))):
        yield from (block[index] for block in blocks if index < len(block))


def _multiplied(one: int, other: int) -> int:
    """In GF(256) over x^8 + x^4 + x^3 + x^2 + 1."""
    total = 0
    while other:
        total ^= one if other & 1 else 0
        one = (one << 1) ^ (0x11D if one & 0x80 else 0)
        other >>= 1
    return total


def _correction(block: Sequence[int], count: int) -> list[int]:
    """Reed-Solomon: the remainder of the block by the generator polynomial of that degree."""
    generator, root = [1], 1
    for _ in range(count):
        longer = [*generator, 0]
        generator = [high ^ _multiplied(low, root) for high, low in zip(longer, [0, *generator], strict=True)]
        root = _multiplied(root, 2)
    remainder = [0] * count
    for word in block:
        factor = word ^ remainder[0]
        remainder = [
            old ^ _multiplied(part, factor) for old, part in zip([*remainder[1:], 0], generator[1:], strict=True)
        ]
    return remainder


# --- drawing ----------------------------------------------------------------------------------------------------------


def _function_patterns(version: int) -> tuple[Grid, Grid]:
    """The grid with its fixed patterns, and which modules are fixed."""
    size = 17 + 4 * version
    grid: Grid = [[False] * size for _ in range(size)]
    fixed: Grid = [[False] * size for _ in range(size)]

    def put(row: int, column: int, dark: bool) -> None:
        if 0 <= row < size and 0 <= column < size:
            grid[row][column], fixed[row][column] = dark, True

    for index in range(size):
        put(6, index, index % 2 == 0)
        put(index, 6, index % 2 == 0)
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        for row, column in product(range(-1, 8), repeat=2):
            ring = max(abs(row - 3), abs(column - 3))
            put(top + row, left + column, ring not in (2, 4))
    for middle, centre in product(_ALIGNED[version], repeat=2):
        if not fixed[middle][centre] or (6 in (middle, centre) and 8 < max(middle, centre) < size - 8):
            for row, column in product(range(-2, 3), repeat=2):
                put(middle + row, centre + column, max(abs(row), abs(column)) != 1)
    for row, column, _ in [*_format_places(size, 0), *_version_places(size, version)]:
        put(row, column, False)
    put(size - 8, 8, True)
    return grid, fixed


def _format_places(size: int, bits: int) -> Iterator[tuple[int, int, bool]]:
    """Both copies of the 15 format bits, the lowest first."""
    around = [*((row, 8) for row in (0, 1, 2, 3, 4, 5, 7, 8)), (8, 7), *((8, column) for column in (5, 4, 3, 2, 1, 0))]
    apart = [*((8, size - 1 - index) for index in range(8)), *((size - 7 + index, 8) for index in range(7))]
    for index in range(15):
        for row, column in (around[index], apart[index]):
            yield row, column, bool(bits >> index & 1)


def _version_places(size: int, version: int) -> Iterator[tuple[int, int, bool]]:
    if version < 7:
        return
    bits = version << 12 | _remainder(version << 12, 0x1F25)
    for index in range(18):
        far, near = size - 11 + index % 3, index // 3
        yield far, near, bool(bits >> index & 1)
        yield near, far, bool(bits >> index & 1)


def _remainder(value: int, generator: int) -> int:
    while value.bit_length() >= generator.bit_length():
        value ^= generator << (value.bit_length() - generator.bit_length())
    return value


def _place_data(grid: Grid, fixed: Grid, words: Sequence[int]) -> None:
    """In two-column strips from the right, upwards and downwards in turn, past the fixed patterns."""
    size = len(grid)
    bits = (bool(word >> shift & 1) for word in words for shift in range(7, -1, -1))
    columns = [column for column in range(size - 1, 0, -2) if column > 6] + [5, 3, 1]
    for strip, right in enumerate(columns):
        for row in range(size - 1, -1, -1) if strip % 2 == 0 else range(size):
            for column in (right, right - 1):
                if not fixed[row][column]:
                    grid[row][column] = next(bits, False)


def _masked(plain: Grid, fixed: Grid, version: int, mask: int) -> Grid:
    size = len(plain)
    grid = [
        [dark ^ (not fixed[row][column] and _MASKS[mask](row, column)) for column, dark in enumerate(cells)]
        for row, cells in enumerate(plain)
    ]
    format_bits = (mask << 10 | _remainder(mask << 10, 0x537)) ^ 0x5412  # level M is 00
    for row, column, dark in [*_format_places(size, format_bits), *_version_places(size, version)]:
        grid[row][column] = dark
    grid[size - 8][8] = True
    return grid


def _penalty(grid: Grid) -> int:
    """How hard a code is to read: long runs, blocks, patterns that look like a finder, too dark or too light."""
    size = len(grid)
    lines = [*grid, *(list(column) for column in zip(*grid, strict=True))]
    runs = (len(list(group)) for line in lines for _, group in groupby(line))
    score = sum(length - 2 for length in runs if length >= 5)
    squares = product(range(size - 1), repeat=2)
    score += sum(3 for r, c in squares if grid[r][c] == grid[r][c + 1] == grid[r + 1][c] == grid[r + 1][c + 1])
    texts = ("".join("1" if dark else "0" for dark in line) for line in lines)
    score += sum(
        40 for text in texts for start in range(size - 10) if text[start : start + 11] in ("10111010000", "00001011101")
    )
    dark = sum(map(sum, grid))
    return score + 10 * (abs(dark * 20 - size * size * 10) // (size * size))
