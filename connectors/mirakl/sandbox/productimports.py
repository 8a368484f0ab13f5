"""Product imports (P41 and its reports): transformed, then integrated by the operator; each stage may refuse a line."""

from typing import Any

from connectors.mirakl.sandbox.importdesk import ImportJob
from connectors.mirakl.sandbox.imports import PRODUCTS, absent_report, file_of, open_job, option_of, taken
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.multipart import Sheet, csv_of
from connectors.mirakl.sandbox.paging import link_header, slice_of
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.records import ListedProduct
from connectors.mirakl.sandbox.refusals import RefusedError
from connectors.mirakl.sandbox.times import stamp_seconds
from connectors.sandboxkit import Reply

CYCLE = ("TRANSFORMATION_WAITING", "TRANSFORMATION_RUNNING", "WAITING", "RUNNING", "SENT", "COMPLETE")
REQUIRED = ("category", "sku", "ean", "title")  # attribute codes of this operator
LONGEST_TITLE = 120
# Which report a line that failed at a stage ends in, and the reports of lines that went through.
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
    for number, row in enumerate(sheet.rows, start=2):
        if problem := _problem(row, operator_format=operator_format):
            job.errors.append((number, row, problem))
            refused.append((*_cells(job, row), problem, ""))
        else:
            job.lines_in_success += 1
            passed.append(row)
    if refused:
        job.reports[ERRORS_OF_TRANSFORMATION] = csv_of((*job.columns, "errors", "warnings"), refused)
    if passed:
        job.reports[TRANSFORMED] = csv_of(job.columns, [_cells(job, row) for row in passed])
        _integrate(market, job, passed)


def _problem(row: dict[str, str], *, operator_format: bool) -> str:
    if not operator_format:
        return "1004|The category could not be identified"  # the shop has set up no mapping of its own
    missing = next((column for column in REQUIRED if not row.get(column)), None)
    if missing is not None:
        return f"1000|The attribute '{missing}' is required"
    if len(row["title"]) > LONGEST_TITLE:
        return f"2004|The attribute 'title' may have {LONGEST_TITLE} characters"
    return ""


def _integrate(market: Marketplace, job: ImportJob, rows: list[dict[str, str]]) -> None:
    """The operator's part: a wrong check digit is found here, not before."""
    added: list[tuple[str, ...]] = []
    refused: list[tuple[str, ...]] = []
    for row in rows:
        if not has_valid_check_digit(row["ean"]):
            refused.append((row["sku"], "2019|The reference is invalid"))
            job.add("invalid")
            continue
        known = market.products.get(row["ean"])
        product = ListedProduct(
            product_sku=known.product_sku if known else f"P{market.new_number()}",
            gtin=row["ean"],
            title=row["title"],
            category=row["category"],
        )
        market.products[row["ean"]] = product
        job.add("reimported" if known else "synchronized")
        added.append((row["sku"], product.product_sku))
    if added:
        job.reports[ADDED] = csv_of(("shop_sku", "product_sku"), added)
    if refused:
        job.reports[ERRORS_OF_INTEGRATION] = csv_of(("shop_sku", "errors"), refused)


def _cells(job: ImportJob, row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row.get(column, "") for column in job.columns)


def has_valid_check_digit(gtin: str) -> bool:
    if not gtin.isdecimal() or len(gtin) not in (8, 12, 13, 14):
        return False
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(gtin)))
    return weighted % 10 == 0


def product_status(market: Marketplace, call: Call) -> Reply:
    job = market.imports.get(PRODUCTS, call.path["import"])
    status = market.imports.look(job, now=market.now())
    return Reply(body={**_element(market, job, status), "integration_details": _details(job)})


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
        "transform_lines_with_warning": 0,
    }


def _details(job: ImportJob) -> dict[str, int] | None:
    """Absent until the operator has integrated something."""
    if not job.finished:
        return None
    return {
        "products_successfully_synchronized": job.counts.get("synchronized", 0),
        "products_reimported": job.counts.get("reimported", 0),
        "invalid_products": job.counts.get("invalid", 0),
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
    looked = [(job, market.imports.look(job, now=market.now())) for job in found]
    rows = [_element(market, job, status) for job, status in looked if not wanted or status in wanted]
    page = slice_of(call)
    body = {"product_import_trackings": page.of(rows), "total_count": len(rows)}
    return Reply(body=body, headers=link_header(call, page, total=len(rows)))
