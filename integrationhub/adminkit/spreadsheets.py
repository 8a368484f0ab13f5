"""Files that people open in a spreadsheet: every value quoted, and none of them taken for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence

# A cell that begins with one of these is run, not shown; full-width forms are folded to them by some programs.
_STARTS_A_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def neutral(value: object) -> str:
    """The value as a cell's text; one that a spreadsheet would run gets an apostrophe before it."""
    text = "" if value is None else str(value).replace("\x00", "")
    # Some programs drop leading blanks before they look.
    return f"'{text}" if text.lstrip(" \u00a0\ufeff")[:1] in _STARTS_A_FORMULA and text else text


class _Line:
    """What the csv module writes to: hands each line on."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file line by line, so that a large one is never whole in memory. It begins with a mark that says UTF-8."""
    write = csv.writer(_Line(), quoting=csv.QUOTE_ALL).writerow
    yield "\ufeff" + str(write([neutral(name) for name in header]))
    for row in rows:
        yield str(write([neutral(value) for value in row]))
