"""Files of mappings, from whatever people's programs write."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from mappings_app.columns import columns_of
from mappings_app.errors import UnreadableFileError
from mappings_app.kinds import KINDS
from mappings_app.sheets import (
    BYTES_AT_MOST,
    ROWS_AT_MOST,
    SHORT_LINES,
    UNPACKED_AT_MOST,
    Sheet,
    guard,
    is_short,
    read_sheet,
    unguard,
    write_csv,
    write_xlsx,
)

COLUMNS = columns_of(KINDS["sku"])
NEEDED = {"from_code": "from code", "to_code": "to code"}


def read(data: bytes) -> Sheet:
    return read_sheet(data, COLUMNS, needed=NEEDED)


def pairs(data: bytes) -> list[tuple[int, str, str]]:
    return [(row.number, row.cells["from_code"], row.cells["to_code"]) for row in read(data).rows]


def xlsx(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_commas_semicolons_and_tabs_are_told_apart(delimiter: str, encoding: str) -> None:
    text = "\r\n".join(delimiter.join(row) for row in (("From code", "To code"), ("AB-1", "NW-1"), ("Ä-2", '"N W"')))
    assert pairs(text.encode(encoding)) == [(2, "AB-1", "NW-1"), (3, "Ä-2", "N W")]


@pytest.mark.parametrize(
    "header", ["from,to", "FROM_CODE,to-code", "Their SKU,Our SKU", "to code,from code", "x,from,to,From name"]
)
def test_headers_may_be_written_in_many_ways(header: str) -> None:
    assert {"from_code", "to_code"} <= set(read(f"{header}\nA,B,C,D".encode()).columns)


def test_a_windows_1252_file_is_read_and_says_so() -> None:
    sheet = read("from,to\nAB-1,Café".encode("cp1252"))
    assert next(iter(sheet.rows)).cells["to_code"] == "Café"
    assert list(sheet.notices) == [
        "The file is not UTF-8 (row 2); it was read as Windows-1252. Look at letters with accents, or save it as “CSV UTF-8”."
    ]


def test_codes_keep_their_spaces_and_empty_rows_keep_their_number() -> None:
    assert pairs(b'from,to\n\n" AB 1 ",NW-1\n,\nAB-2,NW-2\n') == [(3, " AB 1 ", "NW-1"), (5, "AB-2", "NW-2")]


def test_numbers_of_a_spreadsheet_stay_the_codes_they_were() -> None:
    assert pairs(xlsx(["from", "to"], [1021, 88412.0], ["0012", 5.5])) == [(2, "1021", "88412"), (3, "0012", "5.5")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "The file is empty."),
        (b"sku,price\nA,1", "Row 1 names no column “from code” and “to code”."),
        (b"from,from code,to\nA,B,C", "Two columns are called “from code” or the like."),
        ("from,to\nA,B".encode("utf-16"), "This file is UTF-16 text."),
        (b"from,to\n\x81\x8d,B", "The file is not UTF-8 (row 2). Save it as “CSV UTF-8”"),
        (b"\xd0\xcf\x11\xe0rest", "This is an old Excel file"),
        (b"PK\x03\x04 not a zip", "This Excel file is damaged."),
        (b"x" * (BYTES_AT_MOST + 1), "The file is larger than 20 MB."),
        (b"from,to\n" + b"a,b\n" * (ROWS_AT_MOST + 1), "The file has more than 100,000 rows."),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFileError) as refused:
        read(data)
    assert words in str(refused.value)


def test_an_archive_that_unpacks_to_hundreds_of_megabytes_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (UNPACKED_AT_MOST + 1))
    assert len(out.getvalue()) < 100_000
    with pytest.raises(UnreadableFileError, match="too large once unpacked"):
        read(out.getvalue())


def test_a_zip_that_is_no_spreadsheet_is_refused_in_words() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", b"hello")
    with pytest.raises(UnreadableFileError, match="damaged"):
        read(out.getvalue())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "'=1"])
def test_no_cell_is_written_that_a_spreadsheet_would_run(text: str) -> None:
    assert guard(text) == f"'{text}"
    assert write_csv(["h"], [[text]]).decode("utf-8-sig").splitlines()[1].lstrip('"').startswith("'")


@given(st.text())
def test_what_was_made_harmless_is_read_back_as_it_was(text: str) -> None:
    assert unguard(guard(text)) == text


SEEN = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=12
)


@given(st.lists(st.tuples(SEEN.filter(str.strip), SEEN), max_size=5))
def test_codes_come_back_from_both_kinds_of_file(rows: list[tuple[str, str]]) -> None:
    header = ["from code", "to code"]
    for data in (write_csv(header, rows), write_xlsx(header, rows, title="codes")):
        assert [row[1:] for row in pairs(data)] == rows


def test_what_is_short_is_told_before_it_is_read() -> None:
    assert is_short(b"from,to\nA,B\n")
    assert not is_short(b"from,to\n" + b"A,B\n" * (SHORT_LINES + 1))
    assert is_short(xlsx(["from", "to"], ["A", "B"]))
