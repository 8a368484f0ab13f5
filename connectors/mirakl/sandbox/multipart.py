"""multipart/form-data and CSV files, as the imports take them."""

import csv
import io
import re
from dataclasses import dataclass

from connectors.mirakl.sandbox.refusals import RefusedError

_NAME = re.compile(r'name="([^"]*)"')
_FILE_NAME = re.compile(r'filename="([^"]*)"')
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Part:
    name: str
    file_name: str  # "" for a plain field
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()


def parts_of(content_type: str, body: bytes) -> list[Part]:
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise RefusedError(400, "The multipart body has no boundary")
    pieces = body.split(b"--" + boundary.group(1).encode())[1:]
    return [part for piece in pieces if (part := _part(piece)) is not None]


def _part(piece: bytes) -> Part | None:
    head, divider, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    names = head.decode("utf-8", "replace")
    name = _NAME.search(names.replace("filename=", "file-name="))
    if not divider or name is None:
        return None
    file_name = _FILE_NAME.search(names)
    return Part(
        name=name.group(1),
        file_name=file_name.group(1) if file_name else "",
        body=content.removesuffix(b"\r\n"),
    )


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A semicolon-separated file with a header row."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def sheet_of(body: bytes) -> Sheet:
    """Raises ValueError when it is not UTF-8 text with a header; short rows read as empty cells."""
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig")), delimiter=";", quotechar='"')
    lines = [line for line in reader if any(cell.strip() for cell in line)]
    if not lines:
        raise ValueError("The file is empty")
    columns = tuple(cell.strip() for cell in lines[0])
    filled = (line + [""] * (len(columns) - len(line)) for line in lines[1:])
    return Sheet(
        columns=columns,
        rows=tuple(dict(zip(columns, (cell.strip() for cell in line), strict=False)) for line in filled),
    )


def csv_of(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """All cells quoted, as the platform's reports are."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quotechar='"', quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
