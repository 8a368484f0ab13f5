"""Product imports (P41 and its reports): transformed, then integrated by the operator; each stage may refuse a line."""

from typing import Any

from connectors.mirakl.sandbox.catalogue import LISTS, attributes_of, by_role
from connectors.mirakl.sandbox.importdesk import ImportJob
from connectors.mirakl.sandbox.imports import PRODUCTS, absent_report, file_of, open_job, option_of, taken
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.multipart import Sheet, csv_of
from connectors.mirakl.sandbox.paging import link_header, slice_of
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.records import ListedProduct
from connectors.mirakl.sandbox.reference import AttributeRow
from connectors.mirakl.sandbox.refusals import RefusedError
from connectors.mirakl.sandbox.times import stamp_seconds
from connectors.sandboxkit import Reply

CYCLE = ("TRANSFORMATION_WAITING", "TRANSFORMATION_RUNNING", "WAITING", "RUNNING", "SENT", "COMPLETE")
# Which report a line that failed at a stage ends in, and the reports of lines that went through.
NO_CATEGORY = "1004|The category could not be identified"  # also where the shop has set up no mapping of its own
ERRORS_OF_TRANSFORMATION, TRANSFORMED, ERRORS_OF_INTEGRATION, ADDED = "P47", "P46", "P44", "P45"


def import_products(market: Marketplace, call: Call) -> Reply:
    operator_format = option_of(call, "operator_format")
    job = open_job(
        market,
        kind=PRODUCTS,
        body=file_of(call),
        steps=CYCLE,
        required=(),
        apply=lambda job, sheet: _take(market, job, sheet, operator_format=operator_format),
    )
    number = int(job.import_id)
    return taken(call, {"import_id": number}, f"/api/products/imports/{number}")


def _take(market: Marketplace, job: ImportJob, sheet: Sheet, *, operator_format: bool) -> None:
    refused: list[tuple[str, ...]] = []
    passed: list[dict[str, str]] = []
    known = {row.code for row in market.reference.attributes}
    for number, row in enumerate(sheet.rows, start=2):
        problems, warnings = _verdict(market, row) if operator_format else ([NO_CATEGORY], [])
        job.warnings += bool(warnings)
        if problems or warnings:
            refused.append((*_cells(job, row), ",".join(problems), ",".join(warnings)))
        if problems:
            job.errors.append((number, row, problems[0]))
        else:
            job.lines_in_success += 1
            passed.append({code: cell for code, cell in row.items() if code in known})  # unknown columns are dropped
    if refused:
        job.reports[ERRORS_OF_TRANSFORMATION] = csv_of((*job.columns, "errors", "warnings"), refused)
    if passed:
        columns = tuple(column for column in job.columns if column in known)
        job.reports[TRANSFORMED] = csv_of(columns, [tuple(row.get(column, "") for column in columns) for row in passed])
    if passed and not market.settings.operator_integrates:
        job.held = passed
        return
    _integrate(market, job, passed)


def integrate_held(market: Marketplace) -> int:
    held = [job for job in market.imports.of(PRODUCTS) if job.held is not None]
    for job in held:
        rows, job.held = job.held or [], None
        job.looks = len(job.steps)  # the next one finds it COMPLETE
        _integrate(market, job, rows)
    return len(held)


# --- the transformation -------------------------------------------------------------------------------------------------
def _verdict(market: Marketplace, row: dict[str, str]) -> tuple[list[str], list[str]]:
    """Every error and every warning of one line, each as `code|message`."""
    category = row.get(by_role(market, "CATEGORY"), "")
    if category not in {known.code for known in market.reference.categories}:
        return [NO_CATEGORY], []  # it is not known what else to ask
    asked = attributes_of(market, category).values()
    errors = [found for attribute in asked if (found := _error(market, attribute, row.get(attribute.code, "")))]
    warnings = [
        f"1001|{_named(attribute)} is recommended"
        for attribute in asked
        if attribute.requirement == "RECOMMENDED" and not row.get(attribute.code)
    ]
    return errors, warnings


def _error(market: Marketplace, attribute: AttributeRow, cell: str) -> str:
    if not cell:
        return f"1000|{_named(attribute)} is required" if attribute.requirement == "REQUIRED" else ""
    if attribute.max_length is not None and len(cell) > attribute.max_length:
        return f"2004|{_named(attribute)} may have {attribute.max_length} characters"
    if attribute.kind in LISTS:
        values = cell.split("|") if attribute.kind == "LIST_MULTIPLE_VALUES" else [cell]
        known = market.reference.value_lists.get(attribute.values_list, {})
        if any(value not in known for value in values):  # its codes; a label is refused
            return f"2006|{_named(attribute)} is not in the possible values set in the value list"
    if attribute.kind == "INTEGER" and not cell.isdecimal():
        return f"2010|{_named(attribute)} must be an integer"
    return ""


def _named(attribute: AttributeRow) -> str:
    return f"The attribute '{attribute.code}' ({attribute.label})"


# --- the integration ----------------------------------------------------------------------------------------------------
def _integrate(market: Marketplace, job: ImportJob, rows: list[dict[str, str]]) -> None:
    """The operator's part: a wrong check digit is found here, not before."""
    sku_code, ean_code = by_role(market, "SHOP_SKU"), by_role(market, "EAN")
    added: list[tuple[str, ...]] = []
    refused: list[tuple[str, ...]] = []
    for row in rows:
        sku, ean = row.get(sku_code, ""), row.get(ean_code, "")
        if not has_valid_check_digit(ean):
            refused.append((sku, "2019|The reference is invalid"))
            job.add("wrong_identifiers")
            continue
        product = market.products[ean] = _listed(market, row, sku=sku, ean=ean)
        job.add("synchronized")
        added.append((sku, product.product_sku))
    if added:
        job.reports[ADDED] = csv_of(("shop_sku", "product_sku"), added)
    if refused:
        columns = (market.settings.report_sku_column, market.settings.report_error_column)
        job.reports[ERRORS_OF_INTEGRATION] = csv_of(columns, refused)


def _listed(market: Marketplace, row: dict[str, str], *, sku: str, ean: str) -> ListedProduct:
    known = market.products.get(ean)
    return ListedProduct(
        product_sku=known.product_sku if known else f"P{market.new_number()}",
        gtin=ean,
        title=row.get(by_role(market, "TITLE"), ""),
        category=row.get(by_role(market, "CATEGORY"), ""),
        shop_sku=sku,
        values={code: cell for code, cell in row.items() if cell},
    )


def _cells(job: ImportJob, row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row.get(column, "") for column in job.columns)


def has_valid_check_digit(gtin: str) -> bool:
    if not gtin.isdecimal() or len(gtin) not in (8, 12, 13, 14):
        return False
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(gtin)))
    return weighted % 10 == 0


def product_status(market: Marketplace, call: Call) -> Reply:
    job = market.imports.get(PRODUCTS, call.path["import"])
    status = _status(market, job)
    return Reply(body={**_element(market, job, status), "integration_details": _details(job)})


def _status(market: Marketplace, job: ImportJob) -> str:
    status = market.imports.look(job, now=market.now())
    return "SENT" if job.held is not None else status


def _element(market: Marketplace, job: ImportJob, status: str) -> dict[str, Any]:
    return {
        "import_id": int(job.import_id),
        "import_status": status,
        "shop_id": market.shop_id,
        "date_created": stamp_seconds(job.created_at),
        "reason_status": job.failure,
        "has_transformed_file": TRANSFORMED in job.reports,
        "has_transformation_error_report": ERRORS_OF_TRANSFORMATION in job.reports,
        "has_error_report": ERRORS_OF_INTEGRATION in job.reports,
        "has_new_product_report": ADDED in job.reports,
        "transform_lines_read": job.lines_read,
        "transform_lines_in_success": job.lines_in_success,
        "transform_lines_in_error": len(job.errors),
        "transform_lines_with_warning": job.warnings,
    }


def _details(job: ImportJob) -> dict[str, int] | None:
    """Absent until the operator has integrated something."""
    if not job.finished or job.held is not None:
        return None
    return {
        "products_successfully_synchronized": job.counts.get("synchronized", 0),
        "products_reimported": 0,
        "products_with_wrong_identifiers": job.counts.get("wrong_identifiers", 0),
        "invalid_products": 0,
        "rejected_products": 0,
    }


def product_report(market: Marketplace, call: Call) -> Reply:
    """P44, P45, P46 and P47 by the operation's own code."""
    job = market.imports.jobs.get((PRODUCTS, call.path["import"]))
    if job is None or call.code not in job.reports:
        raise absent_report(call.path["import"])
    kind = "text/csv" if call.code == TRANSFORMED else "application/octet-stream"
    return Reply(body=job.reports[call.code], content_type=kind)


def list_product_imports(market: Marketplace, call: Call) -> Reply:
    wanted = call.words("status")
    start = call.at("last_request_date")
    if wanted - set(CYCLE) - {"FAILED", "CANCELLED", "TRANSFORMATION_FAILED"}:
        raise RefusedError(400, "Param 'status' has an invalid value")
    found = [job for job in market.imports.of(PRODUCTS) if start is None or job.created_at >= start]
    looked = [(job, _status(market, job)) for job in found]
    rows = [_element(market, job, status) for job, status in looked if not wanted or status in wanted]
    page = slice_of(call)
    body = {"product_import_trackings": page.of(rows), "total_count": len(rows)}
    return Reply(body=body, headers=link_header(call, page, total=len(rows)))
