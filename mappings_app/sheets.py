"""Files of mappings: CSV and XLSX read into rows of text, and rows written to either. Nothing here knows the tables."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from xml.etree.ElementTree import ParseError

from mappings_app.errors import UnreadableFileError
from mappings_app.models import normal_code

BYTES_AT_MOST = 20 * 1024 * 1024
UNPACKED_AT_MOST = 80 * 1024 * 1024  # of an XLSX file, which is a zip archive
PARTS_AT_MOST = 200
ROWS_AT_MOST = 100_000
# What is no larger is read while the person who uploads it waits: some 2,000 rows.
SHORT_BYTES, SHORT_LINES = 512 * 1024, 2_000
TOO_LARGE = f"The file is larger than {BYTES_AT_MOST // 1024 // 1024} MB. Split it, or save it as CSV UTF-8."
COLUMNS_AT_MOST = 40
DELIMITERS = (",", ";", "\t")

# A cell that begins like this is run as a formula by spreadsheets. The full-width forms count as the others do.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]")


def guard(text: str) -> str:
    """The text as a cell that no spreadsheet runs. `unguard` takes it back, for any text."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    return text[1:] if _GUARDED.match(text) else text


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    number: int  # as a spreadsheet shows it: the header is usually row 1
    cells: Mapping[str, str]  # by column
    dates: frozenset[str] = frozenset()  # columns that the spreadsheet holds as dates


@dataclass(frozen=True, kw_only=True)
class Sheet:
    columns: Sequence[str]
    rows: Iterable[SheetRow]
    notices: Sequence[str] = field(default=())  # full sentences about the file as a whole
    expected: int = 0  # rows, as the file gives to understand: nothing to rely on; 0 where it does not


Columns = Mapping[str, str]  # what a header may be called, without case and punctuation → the column
_Cells = Sequence[Any]


def read_sheet(data: bytes, columns: Columns, *, needed: Mapping[str, str]) -> Sheet:
    """As `open_sheet`, with every row read."""
    sheet = open_sheet(data, columns, needed=needed)
    return replace(sheet, rows=list(sheet.rows))


def open_sheet(data: bytes, columns: Columns, *, needed: Mapping[str, str]) -> Sheet:
    """Read a table's header; its rows are read as they are taken, once. `columns` knows the headers by their names; columns
    that `needed` names (with the words that people read) must be there. Raises UnreadableFileError in words, at a row also.
    """
    check_file(data)
    notices: list[str] = []
    if is_xlsx(data):
        lines, expected = _xlsx_lines(data)
    else:
        lines, expected = _csv_lines(data, columns, notices), max(data.count(b"\n") - 1, 0)
    return _table(lines, columns, needed, notices, expected)


def is_xlsx(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def check_file(data: bytes) -> None:
    """Refuse in words what needs no reading to be refused."""
    if len(data) > BYTES_AT_MOST:
        raise UnreadableFileError(TOO_LARGE)
    if not data.strip():
        raise UnreadableFileError("The file is empty.")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFileError("This is an old Excel file (.xls) or a protected one. Save it as .xlsx or CSV.")
    if is_xlsx(data):
        _unpacked_bytes(data)


def is_short(data: bytes) -> bool:
    """Whether the file is read in a moment. Raises as `check_file`."""
    check_file(data)
    if is_xlsx(data):
        return _unpacked_bytes(data) <= SHORT_BYTES
    return len(data) <= SHORT_BYTES and data.count(b"\n") <= SHORT_LINES


def _table(
    lines: Iterator[tuple[int, _Cells]],
    columns: Columns,
    needed: Mapping[str, str],
    notices: list[str],
    expected: int,
) -> Sheet:
    header = next(((number, cells) for number, cells in lines if any(_text(cell).strip() for cell in cells)), None)
    if header is None:
        raise UnreadableFileError("The file has no rows.")
    places = _places(header[1], columns, notices)
    if missing := [words for column, words in needed.items() if column not in places]:
        names = " and ".join(f"“{words}”" for words in missing)
        raise UnreadableFileError(f"Row {header[0]} names no column {names}. Take the template, or rename the columns.")
    return Sheet(columns=list(places), rows=_rows(lines, places), notices=notices, expected=expected)


def _rows(lines: Iterator[tuple[int, _Cells]], places: Mapping[str, int]) -> Iterator[SheetRow]:
    count = 0
    for number, cells in lines:
        if any(_text(cell).strip() for cell in cells):
            count += 1
            if count > ROWS_AT_MOST:
                raise UnreadableFileError(f"The file has more than {ROWS_AT_MOST:,} rows. Split it.")
            yield _row(number, cells, places)


def _places(cells: _Cells, columns: Columns, notices: list[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, cell in enumerate(cells):
        name = unguard(_text(cell)).strip()
        column = columns.get(normal_code(name))
        if column is None and name:
            unknown.append(name)
        elif column and column in places:
            raise UnreadableFileError(f"Two columns are called “{name}” or the like. Leave one of them out.")
        elif column:
            places[column] = place
    if unknown:
        notices.append(f"Not read, because the hub knows no such column: {', '.join(unknown[:10])}.")
    return places


def _row(number: int, cells: _Cells, places: Mapping[str, int]) -> SheetRow:
    found = {column: cells[place] if place < len(cells) else None for column, place in places.items()}
    dates = frozenset(column for column, cell in found.items() if isinstance(cell, date))
    return SheetRow(number=number, cells={column: unguard(_text(cell)) for column, cell in found.items()}, dates=dates)


def _text(cell: Any) -> str:
    """A cell as text: 1021.0 is "1021", for spreadsheets make numbers of codes."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, date):  # a datetime is one too
        return cell.isoformat()
    return str(cell)


# --- CSV --------------------------------------------------------------------------------------------------------------


def _csv_lines(data: bytes, columns: Columns, notices: list[str]) -> Iterator[tuple[int, _Cells]]:
    text = _decoded(data, notices)
    delimiter = _delimiter(text, columns)
    lines = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1)
    number = 0
    try:
        for number, cells in lines:
            if not (number == 1 and len(cells) < 3 and cells and cells[0].lower().startswith("sep=")):
                yield number, cells
    except csv.Error as error:
        raise UnreadableFileError(f"Row {number + 1} cannot be read: {error}.") from None


def _decoded(data: bytes, notices: list[str]) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFileError("This file is UTF-16 text. Save it as “CSV UTF-8” and upload it again.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        problem = f"The file is not UTF-8 (row {row})"
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise UnreadableFileError(f"{problem}. Save it as “CSV UTF-8” and upload it again.") from None
    notices.append(f"{problem}; it was read as Windows-1252. Look at letters with accents, or save it as “CSV UTF-8”.")
    return text


def _delimiter(text: str, columns: Columns) -> str:
    """The one that makes the most known headers of the first lines."""

    def known(delimiter: str) -> int:
        first = list(
            zip(range(3), csv.reader(io.StringIO(text[:20_000], newline=""), delimiter=delimiter), strict=False)
        )
        return max((sum(normal_code(cell) in columns for cell in cells) for _, cells in first), default=0)

    try:
        return max(DELIMITERS, key=known)
    except csv.Error:
        return ","


# --- XLSX -------------------------------------------------------------------------------------------------------------

# What openpyxl raises for archives that are damaged, or no spreadsheets.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    OSError,
    NotImplementedError,
)


_DAMAGED = "This Excel file is damaged. Save it again as .xlsx, or as CSV UTF-8."


def _xlsx_lines(data: bytes) -> tuple[Iterator[tuple[int, _Cells]], int]:
    """The lines, and how many the file says there are."""
    from openpyxl import load_workbook  # here: most processes never open a file, and it is large
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        expected = min(max(int(sheet.max_row or 1) - 1, 0), ROWS_AT_MOST)
        sheet.reset_dimensions()  # what the file says of its size may be wrong, or a trap
    except (*_BROKEN, InvalidFileException) as error:
        raise UnreadableFileError(_DAMAGED) from error
    return _sheet_lines(sheet), expected


def _sheet_lines(sheet: Any) -> Iterator[tuple[int, _Cells]]:
    try:
        rows = sheet.iter_rows(max_row=ROWS_AT_MOST + 3, max_col=COLUMNS_AT_MOST, values_only=True)
        yield from enumerate(rows, start=1)
    except _BROKEN as error:
        raise UnreadableFileError(_DAMAGED) from error


def _unpacked_bytes(data: bytes) -> int:
    """Refuse what grows out of all proportion when unpacked. A part never yields more than the size it states."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except _BROKEN as error:
        raise UnreadableFileError(_DAMAGED) from error
    size = sum(part.file_size for part in parts)
    if len(parts) > PARTS_AT_MOST or size > UNPACKED_AT_MOST:
        raise UnreadableFileError("This Excel file is too large once unpacked. Save the one sheet as CSV UTF-8.")
    return size


# --- writing ----------------------------------------------------------------------------------------------------------


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with a byte order mark, so that Excel reads accents."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([guard(text) for text in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[str]], *, title: str) -> bytes:
    """Every cell is text: "0012" stays "0012"."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for row in (header, *([guard(text) for text in row] for row in rows)):
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=text)
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
