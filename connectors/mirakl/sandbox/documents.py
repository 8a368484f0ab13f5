"""Documents on orders: OR72, OR73, OR74, OR76."""

import io
import json
import zipfile
from typing import Any

from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.reading import Call, objects_of, text_of
from connectors.mirakl.sandbox.records import Document
from connectors.mirakl.sandbox.refusals import RefusedError, wrong_field
from connectors.mirakl.sandbox.times import stamp_seconds
from connectors.sandboxkit import Reply

PER_ORDER = 50
EXTENSIONS = frozenset(
    [
        "csv",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "ppt",
        "pdf",
        "odt",
        "ods",
        "odp",
        "txt",
        "rtf",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "zpl",
        "mov",
        "mp4",
    ]
)


def list_documents(market: Marketplace, call: Call) -> Reply:
    wanted = call.words("order_ids")
    if not wanted:
        raise RefusedError(400, "Param 'order_ids' is required")
    found = [document for document in market.documents.values() if document.order_id in wanted]
    return Reply(body={"order_documents": [_element(document) for document in found], "total_count": len(found)})


def _element(document: Document) -> dict[str, Any]:
    return {
        "id": document.document_id,
        "order_id": document.order_id,
        "file_name": document.file_name,
        "file_size": len(document.body),
        "type": document.type_code,
        "date_uploaded": stamp_seconds(document.uploaded_at),
    }


def download(market: Marketplace, call: Call) -> Reply:
    """One document by its id comes as it is; anything else as a zip."""
    ids, orders, kinds = call.words("document_ids"), call.words("order_ids"), call.words("document_codes")
    if not ids and not orders:
        raise RefusedError(400, "Param 'order_ids' or 'document_ids' is required")
    found = [
        document
        for document in market.documents.values()
        if (not ids or str(document.document_id) in ids)
        and (not orders or document.order_id in orders)
        and (not kinds or document.type_code in kinds)
    ]
    if not found:
        raise RefusedError(404, "No document found")
    single = len(ids) == 1
    return Reply(body=found[0].body if single else _zipped(found), content_type="application/octet-stream")


def _zipped(documents: list[Document]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for document in documents:
            archive.writestr(f"{document.order_id}/{document.file_name}", document.body)
    return out.getvalue()


def upload(market: Marketplace, call: Call) -> Reply:
    """200 in any case; the answer lists only what failed."""
    order = market.order(call.path["order_id"])
    files = {part.file_name: part.body for part in call.parts() if part.name == "files"}
    entries = _announced(call)
    failures = []
    for entry in entries:
        name, kind = text_of(entry, "file_name", required=True), text_of(entry, "type_code", required=True)
        if problem := _problem(market, name, kind, files, already=len(order.documents)):
            error = {"code": "INVALID_DOCUMENT", "field": "file_name", "message": problem}
            failures.append({"input": {"file_name": name, "type_code": kind}, "errors": [error]})
            continue
        document = Document(
            document_id=market.new_number(),
            order_id=order.order_id,
            file_name=name,
            type_code=kind,
            body=files[name],
            uploaded_at=market.now(),
        )
        market.documents[document.document_id] = document
        order.documents.append(document)
    if len(failures) < len(entries):
        market.touch(order)
    return Reply(body={"errors_count": len(failures), "order_documents": failures})


def _announced(call: Call) -> list[dict[str, Any]]:
    part = call.form().get("order_documents")
    if part is None:
        raise RefusedError(400, "Param 'order_documents' is required")
    try:
        content = json.loads(part.body)
    except ValueError:
        raise wrong_field("order_documents") from None
    if not isinstance(content, dict):
        raise wrong_field("order_documents")
    return objects_of(content, "order_documents")


def _problem(market: Marketplace, name: str, kind: str, files: dict[str, bytes], *, already: int) -> str:
    if name not in files:
        return "The file is missing"
    if not name.isascii() or name.rpartition(".")[2].lower() not in EXTENSIONS:
        return "The file name or its extension is not allowed"
    if kind not in market.reference.document_types:
        return "The document type does not exist"
    return f"An order may have {PER_ORDER} documents" if already >= PER_ORDER else ""


def delete(market: Marketplace, call: Call) -> Reply:
    number = call.path["document_id"]
    document = market.documents.pop(int(number), None) if number.isdecimal() else None
    if document is None:
        raise RefusedError(404, f"Document with identifier {number} not found")
    order = market.orders[document.order_id]
    order.documents.remove(document)
    market.touch(order)
    return Reply(status=204)
