"""Our reference, the operator's own fields, incidents and documents: OR04, OR31, OR64, OR72 to OR76."""

import io
import json
import zipfile
from typing import Any

import pytest

from connectors.mirakl.sandbox import FieldRow, MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refusal


@pytest.fixture
def order_id(sandbox: MiraklSandbox) -> str:
    return sandbox.add_order(lines=LINES, advance_to="SHIPPED")


# --- OR04 -----------------------------------------------------------------------------------------------------------
def name_order(shop: Shop, order_id: str, reference: str | None) -> Any:
    references = {"order_reference_for_seller": reference}
    return shop.put("/api/orders", {"orders": [{"order_id": order_id, "references": references}]})


def test_our_reference_is_written_found_and_cleared(shop: Shop, order_id: str) -> None:
    assert name_order(shop, order_id, "1000123").json()["updated_orders"] == [
        {"order_id": order_id, "updated": {"references": {"order_reference_for_seller": "1000123"}}}
    ]
    assert shop.ids(order_references_for_seller="1000123") == [order_id]
    name_order(shop, order_id, None)
    assert shop.order(order_id)["references"]["order_reference_for_seller"] is None


def test_only_what_is_named_changes(shop: Shop, order_id: str) -> None:
    name_order(shop, order_id, "1000123")
    shop.put("/api/orders", {"orders": [{"order_id": order_id, "references": {}}]})
    shop.put("/api/orders", {"orders": [{"order_id": order_id}]})
    assert shop.order(order_id)["references"]["order_reference_for_seller"] == "1000123"


def test_an_unknown_order_is_an_error_inside_the_200(shop: Shop, order_id: str) -> None:
    answer = name_order(shop, "MKT-404-A", "1")
    assert answer.status_code == 200
    (entry,) = answer.json()["updated_orders"]
    assert [error["code"] for error in entry["errors"]] == ["ORDER_NOT_FOUND"]
    assert "updated" not in entry


def test_more_than_a_hundred_orders_are_refused(shop: Shop, order_id: str) -> None:
    entry = {"order_id": order_id, "references": {"order_reference_for_seller": "X"}}
    assert refusal(shop.put("/api/orders", {"orders": [entry] * 101}))[0] == 400
    assert shop.order(order_id)["references"]["order_reference_for_seller"] is None


# --- OR31 -----------------------------------------------------------------------------------------------------------
def write_fields(shop: Shop, order_id: str, fields: list[dict[str, Any]], **lines: Any) -> dict[str, Any]:
    answer = shop.put(f"/api/orders/{order_id}/additional_fields", {"order_additional_fields": fields, **lines})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_fields_of_order_and_line_are_written_and_cleared(shop: Shop, order_id: str) -> None:
    line = {
        "order_line_id": f"{order_id}-1",
        "order_line_additional_fields": [{"code": "batch-number", "value": "B-7"}],
    }
    body = write_fields(shop, order_id, [{"code": "seller-note", "value": "fragile"}], order_lines=[line])
    assert "order_update_errors" not in body
    order = shop.order(order_id)
    assert order["order_additional_fields"] == [{"code": "seller-note", "type": "STRING", "value": "fragile"}]
    assert order["order_lines"][0]["order_line_additional_fields"] == [
        {"code": "batch-number", "type": "STRING", "value": "B-7"}
    ]
    write_fields(shop, order_id, [{"code": "seller-note", "value": None}])
    assert shop.order(order_id)["order_additional_fields"] == []


@pytest.mark.parametrize(
    ("code", "value"),
    [("nothing", "x"), ("gift-message", "x"), ("parcel-type", "CRATE"), ("batch-number", "B-7")],
)
def test_a_field_that_may_not_be_written_keeps_the_whole_call_from_writing(
    shop: Shop, order_id: str, code: str, value: str
) -> None:
    body = write_fields(shop, order_id, [{"code": "seller-note", "value": "x"}, {"code": code, "value": value}])
    assert [error["field"] for error in body["order_update_errors"]["errors"]] == [code]
    assert shop.order(order_id)["order_additional_fields"] == []


def test_a_required_field_cannot_be_cleared(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.set_additional_fields([FieldRow(code="seller-note", label="Note", entity="ORDER", required=True)])
    write_fields(shop, order_id, [{"code": "seller-note", "value": "x"}])
    body = write_fields(shop, order_id, [{"code": "seller-note", "value": ""}])
    assert body["order_update_errors"]["errors"][0]["message"] == "The additional field is required"
    assert shop.order(order_id)["order_additional_fields"][0]["value"] == "x"


# --- incidents ------------------------------------------------------------------------------------------------------
def resolve(shop: Shop, line_id: str, reason: str = "30") -> Any:
    order_id = line_id.rpartition("-")[0]
    return shop.put(f"/api/orders/{order_id}/lines/{line_id}/resolve_incident", {"reason_code": reason})


def test_an_incident_shows_on_its_line_and_ends_with_a_reason(
    sandbox: MiraklSandbox, shop: Shop, order_id: str
) -> None:
    sandbox.open_incident(f"{order_id}-1", reason_code="21")
    order = shop.order(order_id)
    line = order["order_lines"][0]
    assert (order["order_state"], order["has_incident"]) == ("SHIPPED", True)
    assert (line["order_line_state"], line["order_line_state_reason_label"]) == ("INCIDENT_OPEN", "Item damaged")
    assert resolve(shop, f"{order_id}-1").status_code == 204
    order = shop.order(order_id)
    assert (order["has_incident"], order["order_lines"][0]["order_line_state"]) == (False, "SHIPPED")


def test_solving_what_is_no_incident_is_400(shop: Shop, order_id: str) -> None:
    assert resolve(shop, f"{order_id}-1").status_code == 400


@pytest.mark.parametrize("reason", ["21", "15", "nothing"])
def test_only_a_reason_for_closing_closes(sandbox: MiraklSandbox, shop: Shop, order_id: str, reason: str) -> None:
    sandbox.open_incident(f"{order_id}-1")
    assert resolve(shop, f"{order_id}-1", reason).status_code == 400
    assert shop.order(order_id)["has_incident"] is True


def test_the_operator_may_take_days_to_close_it(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.change_settings(incident_close_seconds=5 * 86_400, received_after_seconds=None)
    sandbox.open_incident(f"{order_id}-1")
    resolve(shop, f"{order_id}-1")
    assert shop.order(order_id)["has_incident"] is True
    sandbox.advance(5 * 86_400)
    assert shop.order(order_id)["has_incident"] is False


def test_an_order_with_an_incident_is_not_closed(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.open_incident(f"{order_id}-1")
    sandbox.advance(30 * 86_400)
    assert shop.order(order_id)["order_state"] == "RECEIVED"
    sandbox.close_incident(f"{order_id}-1")
    sandbox.advance(14 * 86_400)
    assert shop.order(order_id)["order_state"] == "CLOSED"


# --- documents ------------------------------------------------------------------------------------------------------
def upload(shop: Shop, order_id: str, *names: str, kind: str = "CUSTOMER_INVOICE") -> Any:
    announced = {"order_documents": [{"file_name": name, "type_code": kind} for name in names]}
    files: list[Any] = [("files", (name, b"%PDF-" + name.encode(), "application/pdf")) for name in names]
    files.append(("order_documents", (None, json.dumps(announced), "application/json")))
    return shop.call("POST", f"/api/orders/{order_id}/documents", files=files)


def test_an_uploaded_document_is_listed_and_given_back(shop: Shop, order_id: str) -> None:
    assert upload(shop, order_id, "inv-1.pdf").json() == {"errors_count": 0, "order_documents": []}
    (document,) = shop.get("/api/orders/documents", order_ids=order_id).json()["order_documents"]
    assert (document["file_name"], document["type"], document["file_size"]) == ("inv-1.pdf", "CUSTOMER_INVOICE", 14)
    assert shop.order(order_id)["has_invoice"] is True
    content = shop.get("/api/orders/documents/download", document_ids=document["id"]).content
    assert content == b"%PDF-inv-1.pdf"


def test_several_documents_come_as_a_zip(shop: Shop, order_id: str) -> None:
    upload(shop, order_id, "a.pdf", "b.pdf", kind="DELIVERY_NOTE")
    content = shop.get("/api/orders/documents/download", order_ids=order_id).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == [f"{order_id}/a.pdf", f"{order_id}/b.pdf"]
    assert shop.order(order_id)["has_invoice"] is False


@pytest.mark.parametrize(
    ("name", "kind"), [("inv.exe", "CUSTOMER_INVOICE"), ("räkning.pdf", "CUSTOMER_INVOICE"), ("inv.pdf", "SECRET")]
)
def test_what_failed_is_listed_in_a_200(shop: Shop, order_id: str, name: str, kind: str) -> None:
    body = upload(shop, order_id, name, kind=kind).json()
    assert (body["errors_count"], body["order_documents"][0]["input"]["file_name"]) == (1, name)
    assert shop.get("/api/orders/documents", order_ids=order_id).json()["order_documents"] == []


def test_a_document_is_removed_once(shop: Shop, order_id: str) -> None:
    upload(shop, order_id, "inv-1.pdf")
    (document,) = shop.get("/api/orders/documents", order_ids=order_id).json()["order_documents"]
    removed = [shop.call("DELETE", f"/api/orders/documents/{document['id']}").status_code for _ in range(2)]
    assert removed == [204, 404]
    assert shop.order(order_id)["has_invoice"] is False
