"""Products, stock, returns and invoices at the platform."""

from typing import Any

import pytest

from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.virtualstock.sandbox.api import Client
from tests.connectors.virtualstock.shop import LINES
from tests.connectors.virtualstock.test_contract import PRODUCT


# --- products ---------------------------------------------------------------------------------------------------------
def test_whatever_is_written_comes_back_as_text_and_the_models_other_keys_empty(
    edge: VirtualstockSandbox, client: Client
) -> None:
    made = client.post("/api/v4/products/", {**PRODUCT, "data": {"rrp": 99, "barcode": 9521000000015}})

    assert made.status_code == 201
    assert (made.json()["data"]["rrp"], made.json()["data"]["barcode"]) == ("99", "9521000000015")
    assert made.json()["data"]["cost_price"] == ""


def test_stock_is_written_and_never_shown(edge: VirtualstockSandbox, client: Client) -> None:
    number = edge.add_product("TEE")
    answer = client.patch(f"/api/v4/products/{number}/stock", {"supplier_free_stock": 17})
    assert (answer.status_code, answer.content) == (200, b"")

    data = client.get(f"/api/v4/products/{number}/").json()["data"]

    assert edge.product("TEE")["stock"] == 17
    assert (data["stock_updated_at"], "supplier_free_stock" in data) == ("2026-01-15T09:00:00", False)


def test_the_whole_update_knows_stock_by_the_retailers_own_name(edge: VirtualstockSandbox, client: Client) -> None:
    edge.change_retailer(stock_field="free_stock")
    number = edge.add_product("TEE")

    client.patch(f"/api/v4/products/{number}/", {"data": {"free_stock": 4}})
    assert edge.product("TEE")["stock"] == 4
    client.patch(f"/api/v4/products/{number}/stock", {"supplier_free_stock": 5})
    assert edge.product("TEE")["stock"] == 5


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "This field is required."),
        ({"supplier_free_stock": "many"}, "A valid integer is required."),
        ({"supplier_free_stock": -1}, "Ensure this value is greater than or equal to 0."),
    ],
)
def test_stock_that_is_none_is_refused(
    edge: VirtualstockSandbox, client: Client, body: dict[str, Any], problem: str
) -> None:
    answer = client.patch(f"/api/v4/products/{edge.add_product('TEE', stock=3)}/stock", body)

    assert (answer.status_code, answer.json()) == (400, {"supplier_free_stock": [problem]})
    assert edge.product("TEE")["stock"] == 3


def test_stock_of_a_product_that_is_gone_says_so_with_its_code(client: Client) -> None:
    answer = client.patch("/api/v4/products/1/stock", {"supplier_free_stock": 1})

    assert (answer.status_code, answer.json()) == (404, {"detail": "Product not found.", "code": "PRODUCT_NOT_FOUND"})


def test_a_product_that_is_being_published_is_locked_for_a_while(edge: VirtualstockSandbox, client: Client) -> None:
    number = edge.add_product("TEE")
    edge.publish("TEE", seconds=120)
    answer = client.patch(f"/api/v4/products/{number}/stock", {"supplier_free_stock": 1})
    words = "Can't update a product which is in a publishing status."
    assert (answer.status_code, answer.json()) == (409, {"detail": words})

    edge.advance(120)

    assert client.patch(f"/api/v4/products/{number}/stock", {"supplier_free_stock": 1}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"supplier": "https://www.the-edge.io/api/v4/suppliers/311/"},  # the order API's number
        {"client": "https://www.the-edge.io/api/v4/clients/7001/"},
        {"category": "https://www.the-edge.io/api/v4/categories/99/"},
        {"part_number": ""},
    ],
)
def test_a_product_of_nobody_is_refused(edge: VirtualstockSandbox, client: Client, change: dict[str, str]) -> None:
    assert client.post("/api/v4/products/", {**PRODUCT, **change}).status_code == 400
    assert edge.edge.products == {}


# --- returns ----------------------------------------------------------------------------------------------------------
def test_a_return_is_decided_in_the_portal_and_read_back(edge: VirtualstockSandbox, client: Client) -> None:
    reference = edge.add_order(lines=LINES, advance_to="DISPATCH")
    made = edge.add_return(reference, "501", quantity=1)
    edge.decide_return(made, "authorise", "Send it back")
    edge.decide_return(made, "book_collection")
    edge.advance(240)
    edge.decide_return(made, "approve")

    (shown,) = client.get("/restapi/v4/returns/", order_reference=reference).json()["results"]

    assert (shown["id"], shown["status"]["code"]) == (made, "RMA_REC")
    assert (shown["authorised_at"], shown["approved_at"]) == ("2026-01-15 09:00:00", "2026-01-15 09:04:00")
    assert edge.line_statuses(reference)[0] == "RMA_REC"


def test_a_return_takes_no_step_out_of_turn(edge: VirtualstockSandbox) -> None:
    made = edge.add_return(edge.add_order(lines=LINES, advance_to="DISPATCH"), "501")

    with pytest.raises(ValueError, match="RMA cannot be brought to RMA_REC"):
        edge.decide_return(made, "approve")


def test_more_than_was_dispatched_is_not_taken_back(edge: VirtualstockSandbox, client: Client) -> None:
    reference = edge.add_order(lines=LINES, advance_to="DISPATCH")
    line = {"line_reference": "501", "quantity": 3, "reason_code": "300"}
    body = {"order_reference": reference, "supplier": PRODUCT["supplier"], "items": [line]}

    answer = client.post("/restapi/v4/orders/returns/", body)

    assert answer.status_code == 400
    assert answer.text.startswith("Validation error: Return quantity value 3 is greater than dispatch quantity 2")


# --- invoices ---------------------------------------------------------------------------------------------------------
def invoice(edge: VirtualstockSandbox, reference: str, **changes: Any) -> dict[str, Any]:
    line = {
        "retailer_sku": "R-NV1001-410-M", "supplier_sku": "NV1001-410-M", "order_line_reference": "501",
        "description": "Coat", "quantity": 2, "supply_date": "2026-01-15", "unit_price": "24.50", "subtotal": "1.00",
        "tax_rate": "20.00", "tax": "1.00",
    }  # fmt: skip
    whole = {
        "retailer_id": next(iter(edge.edge.retailers.values())).uuid, "retailer_order_reference": reference,
        "invoice_date": "2026-01-15", "invoice_number": "INV-1", "currency_code": "GBP",
        "lines": [{**line, **changes.pop("line", {})}],
    }  # fmt: skip
    return {**whole, **changes}


@pytest.mark.parametrize(
    ("status", "changes", "code"),
    [
        ("ORDER_ACK", {}, "ORDER_NOT_FULFILLED"),
        ("CANCEL_ACK", {}, "ORDER_CANCELLED"),
        ("DISPATCH", {"retailer_order_reference": "HV-NONE"}, "ORDER_NOT_FOUND"),
        ("DISPATCH", {"retailer_id": "nobody"}, "RETAILER_NOT_FOUND"),
        ("DISPATCH", {"invoice_date": "2026-01-14"}, "INVOICE_DATE_BEFORE_LAST_ITEM_DISPATCHED_DATE"),
        ("DISPATCH", {"lines": []}, "INVOICE_LINES_NOT_PRESENT"),
        ("DISPATCH", {"line": {"quantity": 1}}, "ORDER_LINE_UNMATCHED_QUANTITY"),
        ("DISPATCH", {"line": {"order_line_reference": "9"}}, "ORDER_LINE_REFERENCE_NOT_FOUND"),
        ("DISPATCH", {"line": {"retailer_sku": "X"}}, "RETAILER_SKU_NOT_FOUND"),
    ],
)
def test_an_invoice_that_does_not_fit_its_order_is_refused_by_its_code(
    edge: VirtualstockSandbox, client: Client, status: str, changes: dict[str, Any], code: str
) -> None:
    reference = edge.add_order(lines=LINES[:1], advance_to=status)

    answer = client.post("/api/v4/invoices/", invoice(edge, reference, **changes))

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert edge.edge.invoices == []


def test_one_order_has_one_invoice_until_the_retailer_rejects_it(edge: VirtualstockSandbox, client: Client) -> None:
    reference = edge.add_order(lines=LINES[:1], advance_to="DISPATCH")
    assert client.post("/api/v4/invoices/", invoice(edge, reference)).status_code == 201
    again = invoice(edge, reference, invoice_number="INV-2")
    assert client.post("/api/v4/invoices/", again).json()["code"] == "ORDER_ALREADY_INVOICED"

    edge.decide_invoice("INV-1", "REJECTED")

    assert client.post("/api/v4/invoices/", invoice(edge, reference)).json()["code"] == "DUPLICATED_INVOICE_NUMBER"
    assert client.post("/api/v4/invoices/", again).status_code == 201
    edge.decide_invoice("INV-2", "ISSUED")
    third = invoice(edge, reference, invoice_number="INV-3")
    assert client.post("/api/v4/invoices/", third).json()["code"] == "INVOICE_HAS_BEEN_ISSUED"


def test_what_an_invoice_says_of_its_sums_is_computed_anew(edge: VirtualstockSandbox, client: Client) -> None:
    reference = edge.add_order(lines=LINES[:1], advance_to="DISPATCH")

    client.post("/api/v4/invoices/", invoice(edge, reference))

    (line,) = edge.edge.invoices[0].body["lines"]
    assert (line["subtotal"], line["tax"]) == ("49.00", "9.80")
