"""Files: taken with 201, done later. WAITING -> RUNNING -> COMPLETE over at least two looks, errors line by line.

COMPLETE does not mean success: a file whose every line failed is COMPLETE with an error report.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from connectors.mirakl.sandbox import offers
from connectors.mirakl.sandbox.importdesk import ImportJob
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.multipart import Sheet, csv_of, sheet_of
from connectors.mirakl.sandbox.offers import LineError
from connectors.mirakl.sandbox.paging import Seek, opened, sought
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.refusals import RefusedError
from connectors.mirakl.sandbox.times import stamp_seconds
from connectors.sandboxkit import Reply

CYCLE = ("WAITING", "RUNNING", "COMPLETE")
CYCLE_WITH_PRODUCTS = ("WAITING_SYNCHRONIZATION_PRODUCT", *CYCLE)
OFFERS, STOCK, PRICES, PRODUCTS = "OF01", "STO01", "PRI01", "P41"
IMPORT_MODES = ("NORMAL", "REPLACE", "PARTIAL_UPDATE")
_BOOLEANS = {"true": True, "false": False, "": False}


# --- taking files ---------------------------------------------------------------------------------------------------
def file_of(call: Call) -> bytes:
    part = call.form().get("file")
    if part is None:
        raise RefusedError(400, "Param 'file' is required")
    return part.body


def option_of(call: Call, name: str) -> bool:
    part = call.form().get(name)
    text = "" if part is None else part.text.lower()
    if text not in _BOOLEANS:
        raise RefusedError(400, f"Param '{name}' must be true or false")
    return _BOOLEANS[text]


def digest_of(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def open_job(
    market: Marketplace,
    *,
    kind: str,
    body: bytes,
    apply: Callable[[ImportJob, Sheet], None],
    required: Sequence[str],
    steps: tuple[str, ...] = CYCLE,
    mode: str = "",
    digest: str = "",
) -> ImportJob:
    job = ImportJob(
        import_id=str(market.new_number()),
        kind=kind,
        steps=steps,
        digest=digest,
        created_at=market.now(),
        step_seconds=market.settings.import_step_seconds,
        apply=lambda job: _apply_file(job, body, required, apply),
        mode=mode,
    )
    market.imports.take(job)
    market.later(job.step_seconds * (len(steps) - 1), lambda: market.imports.finish(job))
    return job


def _apply_file(
    job: ImportJob, body: bytes, required: Sequence[str], apply: Callable[[ImportJob, Sheet], None]
) -> None:
    try:
        sheet = sheet_of(body)
    except ValueError as problem:
        job.failure = str(problem)
        return
    if missing := [column for column in required if column not in sheet.columns]:
        job.failure = f"The column '{missing[0]}' is missing"
        return
    job.columns, job.lines_read = sheet.columns, len(sheet.rows)
    apply(job, sheet)


def taken(call: Call, body: dict[str, Any], path: str) -> Reply:
    return Reply(status=201, body=body, headers={"Location": f"{call.base_url}{path}"})


def import_stock(market: Marketplace, call: Call) -> Reply:
    body = file_of(call)
    job = open_job(
        market,
        kind=STOCK,
        body=body,
        required=("offer-sku", "quantity"),
        apply=lambda job, sheet: _each_line(job, sheet, lambda row: offers.take_stock_line(market, row)),
    )
    return taken(call, {"import_id": job.import_id}, f"/api/offers/stock/imports/{job.import_id}/status")


def _each_line(job: ImportJob, sheet: Sheet, take: Callable[[dict[str, str]], object]) -> None:
    for number, row in enumerate(sheet.rows, start=2):  # the header is line 1
        try:
            done = take(row)
        except LineError as problem:
            job.errors.append((number, row, str(problem)))
        else:
            job.lines_in_success += 1
            job.add(str(done))


def import_offers(market: Marketplace, call: Call) -> Reply:
    """The same file with the same options, sent again before it is done, is the same import."""
    mode_part = call.form().get("import_mode")
    if mode_part is None or not mode_part.text:
        raise RefusedError(400, "Param 'import_mode' is required")
    mode, body = mode_part.text, file_of(call)
    if mode not in IMPORT_MODES:
        raise RefusedError(400, f"Param 'import_mode' has an invalid value: {mode}")
    with_products = option_of(call, "with_products")
    digest = digest_of(body, mode, with_products, option_of(call, "operator_format"))
    job = market.imports.same_unfinished(OFFERS, digest) or open_job(
        market,
        kind=OFFERS,
        body=body,
        steps=CYCLE_WITH_PRODUCTS if with_products else CYCLE,
        mode=mode,
        digest=digest,
        required=("sku",),
        apply=lambda job, sheet: _take_offers(market, job, sheet),
    )
    number = int(job.import_id)
    product_import = number if with_products else None
    return taken(call, {"import_id": number, "product_import_id": product_import}, f"/api/offers/imports/{number}")


def _take_offers(market: Marketplace, job: ImportJob, sheet: Sheet) -> None:
    _each_line(job, sheet, lambda row: offers.take_offer_line(market, row))
    if job.mode == "REPLACE":
        named = {row.get("sku", "") for row in sheet.rows}
        for sku in [sku for sku in market.offers if sku not in named]:
            del market.offers[sku]
            job.add("deleted")


def import_prices(market: Marketplace, call: Call) -> Reply:
    job = open_job(
        market,
        kind=PRICES,
        body=file_of(call),
        required=("offer-sku", "price"),
        apply=lambda job, sheet: _take_prices(market, job, sheet),
    )
    return taken(call, {"import_id": job.import_id}, f"/api/offers/pricing/imports?import_id={job.import_id}")


def _take_prices(market: Marketplace, job: ImportJob, sheet: Sheet) -> None:
    by_offer: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for number, row in enumerate(sheet.rows, start=2):
        by_offer.setdefault(row.get("offer-sku", ""), []).append((number, row))
    for lines in by_offer.values():
        try:
            offers.take_prices(market, [row for _, row in lines])
        except LineError as problem:
            job.errors += [(number, row, str(problem)) for number, row in lines]
            job.add("offers_in_error")
        else:
            job.lines_in_success += len(lines)
            job.add("offers_updated")


# --- how far is it? -------------------------------------------------------------------------------------------------
def _counters(job: ImportJob) -> dict[str, Any]:
    """Counts are zero until the file was worked on."""
    return {
        "date_created": stamp_seconds(job.created_at),
        "has_error_report": bool(job.errors),
        "lines_in_success": job.lines_in_success,
        "lines_in_error": len(job.errors),
    }


def stock_status(market: Marketplace, call: Call) -> Reply:
    job = market.imports.get(STOCK, call.path["import_id"])
    status = market.imports.look(job, now=market.now())
    body = {"import_id": job.import_id, "status": status, "shop_id": market.shop_id, **_counters(job)}
    return Reply(body=body)


def offer_status(market: Marketplace, call: Call) -> Reply:
    job = market.imports.get(OFFERS, call.path["import"])
    return Reply(body={**_offer_import(job, market.imports.look(job, now=market.now())), "type": "IMPORT"})


def _offer_import(job: ImportJob, status: str) -> dict[str, Any]:
    return {
        "import_id": int(job.import_id),
        "status": status,
        "mode": job.mode,
        "reason_status": job.failure,
        "lines_read": job.lines_read,
        "lines_in_pending": 0,
        "offer_inserted": job.counts.get("inserted", 0),
        "offer_updated": job.counts.get("updated", 0),
        "offer_deleted": job.counts.get("deleted", 0),
        **_counters(job),
    }


_SEEK = Seek(
    keys={"dateCreated": lambda job: (job.created_at.timestamp(), int(job.import_id))}, default="dateCreated,DESC"
)


def _listed(market: Marketplace, call: Call, kind: str, statuses: Sequence[str]) -> dict[str, Any]:
    """A page of imports, each with its state; looking at a list is a look at each import in it."""
    call, place = opened(call)
    ids, wanted, modes = call.words("import_id"), call.words("status", statuses), call.words("mode", IMPORT_MODES)
    start, end = call.at("start_date"), call.at("end_date")
    found = [
        job
        for job in market.imports.of(kind)
        if (not ids or job.import_id in ids)
        and (not modes or job.mode in modes)
        and (start is None or job.created_at >= start)
        and (end is None or job.created_at <= end)
    ]
    page = sought(call, found, place, _SEEK)
    looked = [(job, market.imports.look(job, now=market.now())) for job in page["data"]]
    return {**page, "data": [(job, status) for job, status in looked if not wanted or status in wanted]}


def list_offer_imports(market: Marketplace, call: Call) -> Reply:
    page = _listed(market, call, OFFERS, (*CYCLE_WITH_PRODUCTS, "FAILED"))
    rows = [{**_offer_import(job, status), "origin": "API", "shop_id": market.shop_id} for job, status in page["data"]]
    return Reply(body={**page, "data": rows})


def list_price_imports(market: Marketplace, call: Call) -> Reply:
    page = _listed(market, call, PRICES, (*CYCLE, "FAILED"))
    rows = [
        {
            "import_id": job.import_id,
            "status": status,
            "reason_status": job.failure,
            "origin": "API",
            "shop_id": market.shop_id,
            "offers_updated": job.counts.get("offers_updated", 0),
            "offers_in_error": job.counts.get("offers_in_error", 0),
            **_counters(job),
        }
        for job, status in page["data"]
    ]
    return Reply(body={**page, "data": rows})


# --- error reports --------------------------------------------------------------------------------------------------
def absent_report(import_id: str) -> RefusedError:
    return RefusedError(404, f"Resource not available : report on import id {import_id}")


def _with_errors(market: Marketplace, kind: str, import_id: str) -> ImportJob:
    job = market.imports.jobs.get((kind, import_id))
    if job is None or not job.finished or not job.errors:
        raise absent_report(import_id)
    return job


def offer_errors(market: Marketplace, call: Call) -> Reply:
    """The refused lines as they were sent, with number and reason at the end."""
    job = _with_errors(market, OFFERS, call.path["import"])
    rows = [
        (*(row.get(column, "") for column in job.columns), str(number), message) for number, row, message in job.errors
    ]
    report = csv_of((*job.columns, "error-line", "error-message"), rows)
    return Reply(body=report, content_type="application/octet-stream")


def _leading_report(job: ImportJob) -> Reply:
    """Line number and reason first, then the line as it was sent."""
    rows = [
        (str(number), message, *(row.get(column, "") for column in job.columns)) for number, row, message in job.errors
    ]
    return Reply(body=csv_of(("line-number", "error-reason", *job.columns), rows), content_type="text/csv")


def stock_errors(market: Marketplace, call: Call) -> Reply:
    return _leading_report(_with_errors(market, STOCK, call.path["import_id"]))


def price_errors(market: Marketplace, call: Call) -> Reply:
    return _leading_report(_with_errors(market, PRICES, call.path["import_id"]))
