"""The columns of a file of mappings: what they are called, what export writes into them and import reads out of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.models import Brand, Link
from mappings_app.kinds import Attribute, Kind
from mappings_app.models import MappingVersion, normal_code
from mappings_app.sheets import Sheet, SheetRow

EVERY_CHANNEL = "every channel"
COUNTS, RETIRED, REPLACED = "counts", "retired", "replaced"
_YES, _NO = {"yes", "y", "true", "1", "x"}, {"no", "n", "false", "0", ""}
_NAMES: Mapping[str, Sequence[str]] = {
    "from_code": ("from code", "from"),
    "from_label": ("from name", "from label"),
    "to_code": ("to code", "to"),
    "to_label": ("to name", "to label"),
    "scope": ("counts for", "scope", "channel", "link"),
    "valid_from": ("valid from",),
    "valid_to": ("valid until", "valid to"),
    "status": ("status", "standing"),
    "brand": ("brand",),
    # What an export tells besides: read by nobody, and no reason for a notice.
    "changed": ("changed", "changed at"),
    "changed_by": ("changed by",),
    "why": ("why", "reason"),
}


@dataclass(frozen=True, kw_only=True)
class WantedRow:
    """One row as it was read: a mapping that somebody wants, or what is wrong with it."""

    number: int
    from_code: str
    to_code: str
    link: Link | None = None
    from_label: str = ""
    to_label: str = ""
    attributes: Mapping[str, Any] | None = None  # None: as they stand
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    status: str = COUNTS
    why: str = ""  # why it is suggested
    problems: Sequence[str] = field(default=())


def columns_of(kind: Kind) -> dict[str, str]:
    """What a header may be called, in normal form → the column."""
    names = {normal_code(name): column for column, given in _NAMES.items() for name in given}
    own = {kind.from_words: "from_code", kind.to_words: "to_code"}
    own |= {f"{kind.from_words} name": "from_label", f"{kind.to_words} name": "to_label"}
    for attribute in kind.attributes:
        own |= {attribute.name: attribute.name, attribute.label: attribute.name}
    return names | {normal_code(name): column for name, column in own.items()}


def header_of(kind: Kind) -> list[str]:
    """The header that an export and the template have."""
    labels = [attribute.label for attribute in kind.attributes]
    first = ["from code", "from name", "to code", "to name", "counts for", *labels]
    return [*first, "valid from", "valid until", "status", "brand", "changed", "changed by", "why"]


def template_rows(kind: Kind) -> list[list[str]]:
    """The header and one example."""
    header = header_of(kind)[: 5 + len(kind.attributes)]
    return [header, [kind.example, "", "", "", EVERY_CHANNEL, *("" for _ in kind.attributes)]]


def exported(version: MappingVersion) -> list[str]:
    kind = version.kind_spec
    return [
        version.from_code,
        version.from_label,
        version.to_code,
        version.to_label,
        str(version.link) if version.link else EVERY_CHANNEL,
        *(_attribute_text(attribute, version) for attribute in kind.attributes),
        version.valid_from.isoformat() if version.valid_from else "",
        version.valid_to.isoformat() if version.valid_to else "",
        REPLACED if not version.current else RETIRED if version.retired else COUNTS,
        version.brand.name,
        version.recorded_at.isoformat(timespec="seconds"),
        version.recorded_by,
        version.reason,
    ]


def _attribute_text(attribute: Attribute, version: MappingVersion) -> str:
    value = version.attributes.get(attribute.name, "")
    if attribute.kind == "boolean":
        return "yes" if value is True else ""
    return str(value)


# --- reading ----------------------------------------------------------------------------------------------------------


def wanted_rows(sheet: Sheet, *, kind: Kind, brand: Brand, links: Sequence[Link]) -> Iterator[WantedRow]:
    """The rows of a sheet in our terms. `links` are those of the brand."""
    scopes = _scopes(links)
    for row in sheet.rows:
        yield _wanted(row, kind=kind, brand=brand, scopes=scopes)


def _scopes(links: Sequence[Link]) -> dict[str, list[Link]]:
    """What a channel may be called, in normal form → the links that are called so."""
    scopes: dict[str, list[Link]] = {}
    for link in links:
        for name in {str(link), f"Only {link}", link.source.name}:
            scopes.setdefault(normal_code(name), []).append(link)
    return scopes


def _wanted(row: SheetRow, *, kind: Kind, brand: Brand, scopes: Mapping[str, list[Link]]) -> WantedRow:
    cells, problems = row.cells, _date_problems(row)
    named = cells.get("brand", "").strip()
    if named and normal_code(named) not in (normal_code(brand.name), normal_code(brand.code)):
        problems.append(f"It belongs to {named}, not to {brand}. Import it there, or empty its column “brand”.")
    status = normal_code(cells.get("status", "")) or COUNTS
    if status not in (COUNTS, RETIRED, REPLACED):
        problems.append(f"“{cells['status']}” is no status; leave it empty.")
    return WantedRow(
        number=row.number,
        from_code=cells.get("from_code", ""),
        to_code=cells.get("to_code", "").strip(),
        link=_link(cells.get("scope", ""), brand, scopes, problems),
        from_label=cells.get("from_label", ""),
        to_label=cells.get("to_label", ""),
        attributes=_attributes(kind, cells, problems),
        valid_from=_moment(cells.get("valid_from", ""), "valid from", brand, problems),
        valid_to=_moment(cells.get("valid_to", ""), "valid until", brand, problems),
        status=status,
        problems=problems,
    )


def _date_problems(row: SheetRow) -> list[str]:
    made = row.dates & {"from_code", "to_code"}
    return [
        f"The spreadsheet made a date of the code ({row.cells[name]}). Format the cell as text."
        for name in sorted(made)
    ]


def _link(text: str, brand: Brand, scopes: Mapping[str, list[Link]], problems: list[str]) -> Link | None:
    name = normal_code(text)
    if name in ("", "all", "every", normal_code(EVERY_CHANNEL), normal_code(f"{EVERY_CHANNEL} of {brand.name}")):
        return None
    found = scopes.get(name, [])
    if len(found) != 1:
        what = (
            "is a channel of several links. "
            if found
            else f"is no channel of {brand}. Leave it empty for every channel, or "
        )
        problems.append(f"Counts for: “{text}” {what}{'W' if found else 'w'}rite it as the export does.")
        return None
    return found[0]


def _attributes(kind: Kind, cells: Mapping[str, str], problems: list[str]) -> dict[str, Any] | None:
    given: dict[str, Any] = {}
    for attribute in kind.attributes:
        if attribute.name in cells:
            text = cells[attribute.name].strip()
            given[attribute.name] = _yes_or_no(attribute, text, problems) if attribute.kind == "boolean" else text
    return given or None


def _yes_or_no(attribute: Attribute, text: str, problems: list[str]) -> bool:
    if text.casefold() not in _YES | _NO:
        problems.append(f"{attribute.label[:1].upper()}{attribute.label[1:]}: say yes or no.")
    return text.casefold() in _YES


def _moment(text: str, words: str, brand: Brand, problems: list[str]) -> datetime | None:
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        problems.append(f"“{text}” is no moment for “{words}”. Write it like 2026-03-01 or 2026-03-01T09:00.")
        return None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(brand.timezone))
