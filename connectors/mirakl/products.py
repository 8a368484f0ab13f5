"""Categories, attributes and product imports: Mirakl's answers and reports → ours, listings → its file. Pure.

An import passes two stages and either may refuse a line: the transformation (report P47), then the operator's
integration (report P44), which can take days. COMPLETE says that it was worked on, not that a product was taken.
Warnings refuse nothing: they come back as the delivery's words.
Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07), operations H11, PM11, VL11, P41, P42, P44 and
P47. It does not describe the reports: their columns and `code|message` cells are as integrators of several operators'
instances report them.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.listings import (
    AttributeKind,
    ChannelAttribute,
    ChannelCategory,
    ChannelValue,
    ListingUpdate,
    Requirement,
)
from connectors.canonical.payload import JSON
from connectors.mirakl.reading import Node

KINDS: Mapping[str, AttributeKind] = {
    "TEXT": AttributeKind.TEXT,
    "LONG_TEXT": AttributeKind.LONG_TEXT,
    "INTEGER": AttributeKind.WHOLE_NUMBER,
    "DECIMAL": AttributeKind.NUMBER,
    "DATE": AttributeKind.DATE,
    "BOOLEAN": AttributeKind.YES_NO,
    "LIST": AttributeKind.LIST,
    "LIST_MULTIPLE_VALUES": AttributeKind.LIST_OF_SEVERAL,
    "MEDIA": AttributeKind.IMAGE,
    "LINK": AttributeKind.LINK,
}
LISTED = frozenset({AttributeKind.LIST, AttributeKind.LIST_OF_SEVERAL})
CATEGORY_ROLE = "CATEGORY"
# The vendor's document names no roles; the shop's SKU is asked for under one of these, else the connection names it.
SKU_ROLES = frozenset({"SHOP_SKU", "SELLER_SKU", "SKU"})
SEVERAL = "|"  # between the values of one cell, as PRI01 documents it for its channels

WITH_OPERATOR = "SENT"
UNDER_WAY = frozenset({"TRANSFORMATION_WAITING", "TRANSFORMATION_RUNNING", "WAITING", "RUNNING", WITH_OPERATOR})
FAILED = frozenset({"TRANSFORMATION_FAILED", "FAILED", "CANCELLED"})
ANSWER_WITHIN = timedelta(days=10)  # after which the official connector gives an import up
# What the operator counted as not taken → how people read it. Source: P42, integration_details.
NOT_TAKEN: Mapping[str, str] = {
    "rejected_products": "rejected",
    "invalid_products": "invalid",
    "products_with_wrong_identifiers": "with wrong identifiers",
    "products_with_synchronization_issues": "with synchronization issues",
    "products_not_accepted_in_time": "not accepted in time",
    "products_not_synchronized_in_time": "not synchronized in time",
}
SKU_COLUMNS = ("shop_sku", "shop-sku", "provider_unique_identifier", "sku")
ERROR_COLUMNS = ("errors", "error-message", "error_message", "error")
WARNING_COLUMN = "warnings"
REMARKS_MAX = 100  # remarks in words, one a line; the report at the marketplace has them all

# "1000|The attribute 'brand' (Brand) is required,2004|…": in quotes the code, in parentheses the label.
_PROBLEM = re.compile(r"(?:^|[,;\n]\s*)(?=(?:[A-Z]+-)?\d{3,6}\|)")
_ATTRIBUTE = re.compile(r"attribute '([^']+)'", re.IGNORECASE)


# --- what the marketplace wants to know -------------------------------------------------------------------------------
def parse_categories(payload: JSON) -> tuple[ChannelCategory, ...]:
    """H11, parents before children: by their level, else in the order they came. Raises DataError."""
    node = Node.root(payload)
    levelled = [(item.count("level"), _category(item)) for item in node.children("hierarchies")]
    node.faults.raise_any()
    return tuple(category for _, category in sorted(levelled, key=lambda pair: pair[0]))


def _category(item: Node) -> ChannelCategory:
    code = item.text("code", required=True)
    return ChannelCategory(code=code, label=item.text("label") or code, parent=item.text("parent_code"))


def parse_attributes(payload: JSON) -> tuple[ChannelAttribute, ...]:
    """PM11. An attribute that is DISABLED is not wanted, and left out. Raises DataError."""
    node = Node.root(payload)
    items = [item for item in node.children("attributes") if item.text("requirement_level") != "DISABLED"]
    attributes = tuple(map(_attribute, items))
    node.faults.raise_any()
    return attributes


def _attribute(item: Node) -> ChannelAttribute:
    code = item.text("code", required=True)
    kind = KINDS.get(item.text("type"), AttributeKind.UNKNOWN)
    roles = item.children("roles")
    return ChannelAttribute(
        code=code,
        label=item.text("label") or code,
        category=item.text("hierarchy_code"),
        requirement=_requirement(item),
        kind=kind,
        list_code=_list_code(item) if kind in LISTED else "",
        max_length=_max_length(item.text("validations")),
        role=roles[0].text("type") if roles else "",
        variant=item.flag("variant"),
    )


def _requirement(item: Node) -> Requirement:
    """By the deprecated flag where an older platform sends no level, or one that came since."""
    level = item.text("requirement_level")
    if level in Requirement.__members__:
        return Requirement[level]
    return Requirement.REQUIRED if item.flag("required") else Requirement.OPTIONAL


def _list_code(item: Node) -> str:
    """One of a list's parameters names it; both fields for it are deprecated, and older platforms send no other."""
    named = {entry.text("name").upper(): entry.text("value") for entry in item.children("type_parameters")}
    return named.get("LIST_CODE") or item.text("values_list") or item.text("type_parameter")


def _max_length(validations: str) -> int | None:
    """ "MIN_LENGTH|10,MAX_LENGTH|120" → 120."""
    for rule in validations.split(","):
        name, _, value = rule.strip().partition("|")
        if name.upper() == "MAX_LENGTH" and value.isdecimal():
            return int(value)
    return None


def parse_values(payload: JSON, *, list_code: str) -> tuple[ChannelValue, ...]:
    """VL11, one list: an instance that ignores the filter answers with all of them. Raises DataError."""
    node = Node.root(payload)
    values = tuple(
        _value(item, list_code)
        for found in node.children("values_lists")
        if found.text("code") == list_code
        for item in found.children("values")
    )
    node.faults.raise_any()
    return values


def _value(item: Node, list_code: str) -> ChannelValue:
    code = item.text("code", required=True)
    return ChannelValue(list_code=list_code, code=code, label=item.text("label") or code)


# --- the file ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Columns:
    """The attribute codes that carry a line's category and SKU; "" where nothing names one."""

    category: str
    sku: str


def columns_of(attributes: Iterable[ChannelAttribute]) -> Columns:
    by_role = {attribute.role.upper(): attribute.code for attribute in attributes if attribute.role}
    sku = next((code for role, code in by_role.items() if role in SKU_ROLES), "")
    return Columns(category=by_role.get(CATEGORY_ROLE, ""), sku=sku)


def product_file(updates: Sequence[ListingUpdate], columns: Columns) -> bytes:
    """P41 with operator_format: a column for every attribute that any line has. An empty cell takes a value away."""
    leading = (columns.category, columns.sku)
    codes = sorted({code for update in updates for code in update.values} - set(leading))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow((*leading, *codes))
    for update in updates:
        cells = (SEVERAL.join(update.values.get(code, ())) for code in codes)
        writer.writerow((update.category, update.sku, *cells))
    return out.getvalue().encode()


# --- the import -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class ProductImport:
    """P42: how far an import is, and which reports there are."""

    delivery: Delivery
    has_transformation_errors: bool  # P47
    has_integration_errors: bool  # P44


def parse_import(payload: JSON, *, ticket: str, now: datetime) -> ProductImport:
    """P42. Raises DataError for a state that is none of an import.

    COMPLETE without `integration_details` is not integrated yet, unless no line got that far.
    """
    node = Node.root(payload)
    status, details = node.text("import_status", required=True), node.child("integration_details")
    created_at = node.moment("date_created")
    counted = {name: details.count(name) for name in NOT_TAKEN} if details else {}
    taken = details.count("products_successfully_synchronized") if details else 0
    awaited = details is None and node.count("transform_lines_in_success") > 0
    if not (status in UNDER_WAY | FAILED | {"COMPLETE"} or status.endswith("_QUEUED") or status == "QUEUED"):
        node.fault("import_status", f"{status!r} is not a state of an import.")
    reports = {
        "has_transformation_errors": node.flag("has_transformation_error_report"),
        "has_integration_errors": node.flag("has_error_report"),
    }
    node.faults.raise_any()
    if status in FAILED:
        words = node.text("reason_status") or f"The import is {status} at the marketplace."
        return ProductImport(
            delivery=Delivery(state=DeliveryState.FAILED, ticket=ticket, words=words),
            **{**reports, "has_integration_errors": False},
        )
    if status == "COMPLETE" and not awaited:
        done = Delivery(state=DeliveryState.DONE, ticket=ticket, taken=taken, words=_not_taken(counted))
        return ProductImport(delivery=done, **reports)
    if created_at is not None and now - created_at > ANSWER_WITHIN:
        words = f"The operator has not answered within {ANSWER_WITHIN.days} days. Ask the operator."
        given_up = Delivery(state=DeliveryState.FAILED, ticket=ticket, words=words)
        return ProductImport(delivery=given_up, **reports)
    # Days may pass with the operator: what the transformation refused is known, and told, at once.
    known = status in {WITH_OPERATOR, "COMPLETE"}
    return ProductImport(
        delivery=Delivery(state=DeliveryState.PENDING, ticket=ticket),
        has_transformation_errors=known and reports["has_transformation_errors"],
        has_integration_errors=False,
    )


def _not_taken(counted: Mapping[str, int]) -> str:
    parts = [f"{count} {NOT_TAKEN[name]}" for name, count in counted.items() if count]
    return f"The operator counts products as not taken: {', '.join(parts)}." if parts else ""


# --- the reports ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Report:
    refused: tuple[RefusedLine, ...]
    remarks: tuple[str, ...]  # warnings, each with its SKU


def parse_transformation_report(report: bytes, *, sku_column: str) -> Report:
    """P47: the columns as they were sent, with `errors` and `warnings`. Raises DataError."""
    return _parse_report(report, sku_names=(sku_column,), error_names=ERROR_COLUMNS, name="source file error report")


def parse_integration_report(report: bytes, *, sku_column: str, own_sku: str, own_error: str) -> Report:
    """P44, whose columns the operator decides where there is no Mirakl Catalog Manager.

    `own_sku` and `own_error` are what the connection names; "" = the usual ones. Raises DataError.
    """
    return _parse_report(
        report,
        sku_names=(own_sku,) if own_sku else (*SKU_COLUMNS, sku_column),
        error_names=(own_error,) if own_error else ERROR_COLUMNS,
        name="non-integrated products report",
    )


def _parse_report(report: bytes, *, sku_names: Sequence[str], error_names: Sequence[str], name: str) -> Report:
    lines = _lines_of(report)
    if not lines:
        return Report(refused=(), remarks=())
    columns = [cell.strip() for cell in lines[0]]
    sku_place, error_place = _place(columns, sku_names), _place(columns, error_names)
    if sku_place is None or error_place is None:
        shown = ", ".join(columns)[:200]
        words = (
            f"The marketplace's {name} names no SKU or no error where it was looked for. Its columns are: {shown}. "
            "Enter the right ones on the connection."
        )
        raise DataError([Problem(field="columns", message=words, record="report")])
    warning_place = _place(columns, (WARNING_COLUMN,))
    refused: dict[RefusedLine, None] = {}
    remarks: list[str] = []
    for line in lines[1:]:
        sku = _cell(line, sku_place)
        refused |= dict.fromkeys(_problems(sku, _cell(line, error_place)))
        if warning_place is not None:
            remarks += [f"{sku}: {_shown(problem)}" for problem in _problems(sku, _cell(line, warning_place))]
    return Report(refused=tuple(refused), remarks=tuple(dict.fromkeys(remarks)))


def _lines_of(report: bytes) -> list[list[str]]:
    """The cells. An operator chooses what divides them."""
    text = report.decode("utf-8-sig", "replace")
    if report.startswith(b"PK") or text.lstrip().startswith("<"):
        words = "The marketplace's report is not a CSV file. Read it in the marketplace's back office."
        raise DataError([Problem(field="file", message=words, record="report")])
    heading = text.partition("\n")[0]
    delimiter = max((";", ",", "\t"), key=heading.count)
    return [line for line in csv.reader(io.StringIO(text), delimiter=delimiter) if any(line)]


def _place(columns: Sequence[str], names: Sequence[str]) -> int | None:
    return next((columns.index(name) for name in names if name in columns), None)


def _cell(line: Sequence[str], place: int) -> str:
    return line[place].strip() if place < len(line) else ""


def _problems(sku: str, cell: str) -> Iterator[RefusedLine]:
    """ "1000|…,2004|…": one for each; a text without a code is one problem."""
    for part in filter(None, (part.strip() for part in _PROBLEM.split(cell))):
        code, bar, message = part.partition("|")
        if not bar:
            code, message = "", part
        named = _ATTRIBUTE.search(message)
        yield RefusedLine(
            sku=sku, code=code.strip(), message=message.strip(), attribute=named.group(1) if named else ""
        )


def _shown(problem: RefusedLine) -> str:
    return f"{problem.message} ({problem.code})" if problem.code else problem.message


def with_reports(delivery: Delivery, reports: Sequence[Report]) -> Delivery:
    """The delivery with what its reports refuse and remark. Each problem once, in the order of the stages."""
    refused = tuple(dict.fromkeys(line for report in reports for line in report.refused))
    remarks = [remark for report in reports for remark in report.remarks]
    more = len(remarks) - REMARKS_MAX
    shown = [*remarks[:REMARKS_MAX], *([f"And {more} more in the marketplace's report."] if more > 0 else [])]
    words = "\n".join(filter(None, (delivery.words, *shown)))
    return replace(delivery, refused=refused, words=words)
