"""Our contract of Virtualstock: the sandbox answers by it, and the payload files have its shapes."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.virtualstock.sandbox import VirtualstockSandbox
from connectors.virtualstock.sandbox.operations import OPERATIONS
from tests.connectors.virtualstock.contract import VIRTUALSTOCK
from tests.connectors.virtualstock.payloads import load
from tests.connectors.virtualstock.sandbox.api import Client, item, parcel
from tests.connectors.virtualstock.shop import LINES

SUPPLIER = "https://www.the-edge.io/restapi/v4/suppliers/311/"
PRODUCT = {
    "part_number": "NEW-1",
    "category": "https://www.the-edge.io/api/v4/categories/2/",
    "client": "https://www.the-edge.io/api/v4/clients/8801/",
    "supplier": "https://www.the-edge.io/api/v4/suppliers/9027/",
    "data": {"rrp": 99},
}
ADDRESS = {"full_name": "Alice Example", "line_1": "12 Sample Street", "postal_code": "LS1 1AA", "country": "GB"}
AMOUNTS = {"unit_cost_price": "10.00", "subtotal": "10.00", "tax": "2.00", "tax_rate": "20.00", "total": "12.00"}

Way = Callable[[Client], tuple[str, str, Any]]  # method, path, body


def _action(action: str, status: str, *items: dict[str, Any]) -> Way:
    def way(client: Client) -> tuple[str, str, Any]:
        reference = client.sandbox.add_order(lines=LINES, advance_to=status)
        number = client.sandbox.edge.order_by_reference(reference).number
        return "POST", f"/restapi/v4/orders/{number}/{action}/", {"items": list(items)}

    return way


def _order(client: Client) -> tuple[str, str, Any]:
    line = {"line_reference": "1", "quantity": 1, "name": "Tee", "supplier_sku_reference": "TEE", **AMOUNTS}
    body = {"supplier": SUPPLIER, "order_reference": "HV-NEW", "order_date": "2026-01-15T08:00:00"}
    return "POST", "/restapi/v4/orders/", {**body, "items": [line], "shipping_address": ADDRESS}


def _shown(client: Client) -> tuple[str, str, Any]:
    number = client.sandbox.edge.order_by_reference(client.sandbox.add_order(lines=LINES)).number
    return "GET", f"/restapi/v4/orders/{number}/", None


def _return(client: Client) -> tuple[str, str, Any]:
    reference = client.sandbox.add_order(lines=LINES, advance_to="DISPATCH")
    line = {"line_reference": "501", "quantity": 1, "reason_code": 300}
    return "POST", "/restapi/v4/orders/returns/", {"order_reference": reference, "supplier": SUPPLIER, "items": [line]}


def _returned(client: Client) -> str:
    return client.sandbox.add_return(client.sandbox.add_order(lines=LINES, advance_to="DISPATCH"), "501")


def _invoice(client: Client) -> tuple[str, str, Any]:
    reference = client.sandbox.add_order(lines=LINES[:1], advance_to="DISPATCH")
    line = {
        "retailer_sku": "R-NV1001-410-M", "supplier_sku": "NV1001-410-M", "order_line_reference": "501",
        "description": "Coat", "quantity": 2, "supply_date": "2026-01-15", "unit_price": "24.50", "subtotal": "49.00",
        "tax_rate": "20.00", "tax": "9.80",
    }  # fmt: skip
    head = {"retailer_order_reference": reference, "invoice_date": "2026-01-15", "invoice_number": "INV-1"}
    uuid = next(iter(client.sandbox.edge.retailers.values())).uuid
    return "POST", "/api/v4/invoices/", {"retailer_id": uuid, "currency_code": "GBP", "lines": [line], **head}


def _listing(path: str) -> Way:
    def way(client: Client) -> tuple[str, str, Any]:
        client.sandbox.add_order(lines=LINES)
        client.sandbox.add_product("NV1001-410-M")
        return "GET", path, None

    return way


def _at_product(method: str, tail: str, body: Any) -> Way:
    return lambda client: (method, f"/api/v4/products/{client.sandbox.add_product('TEE')}{tail}", body)


# How each operation is called so that it succeeds.
WAYS: dict[str, Way] = {
    "requestToken": lambda client: ("POST", "/restapi/v4/token", client.sandbox.credentials()),
    "refreshToken": lambda client: ("POST", "/restapi/v4/token/refresh", {"refresh": client.sign_in()["refresh"]}),
    "listRetailers": _listing("/restapi/v4/customers/"),
    "listOrderSuppliers": _listing("/restapi/v4/suppliers/"),
    "listProductSuppliers": _listing("/api/v4/suppliers/"),
    "listOrders": _listing("/restapi/v4/orders/?format=json&status=ORDER"),
    "createOrder": _order,
    "getOrder": _shown,
    "listCarriers": _listing("/restapi/v4/order-tracking-carriers/?format=json"),
    "acknowledgeOrder": _action("acknowledge", "ORDER", item()),
    "backorderOrder": _action(
        "backorder", "ORDER_ACK", item(sub_status="Out of Stock", supplier_dispatch_date="2026-02-01T12:00:00")
    ),
    "dispatchOrder": _action("dispatch", "ORDER_ACK", parcel()),
    "acknowledgeCancellation": _action("cancel_acknowledge", "CANCEL", item()),
    "acknowledgeReturn": _action("return_acknowledge", "RMA", item()),
    "requestCancellation": _action("cancel_request", "ORDER", item(reason_code=126)),
    "requestReturn": _return,
    "listReturns": lambda client: ("GET", f"/restapi/v4/returns/?supplier_uuid={_returned(client) and ''}", None),
    "cancelReturn": lambda client: ("POST", f"/restapi/v4/returns/{_returned(client)}/cancel", None),
    "createInvoice": _invoice,
    "listProducts": _listing("/api/v4/products/?format=json&part_number=NV1001-410-M"),
    "createProduct": lambda client: ("POST", "/api/v4/products/", PRODUCT),
    "getProduct": _at_product("GET", "/", None),
    "updateProduct": _at_product("PATCH", "/", {"data": {"rrp": "89.00"}}),
    "deleteProduct": _at_product("DELETE", "/", None),
    "updateStock": _at_product("PATCH", "/stock", {"supplier_free_stock": 17}),
    "listCategories": _listing("/api/v4/categories/"),
    "listChannels": _listing("/api/v4/channels/"),
    "getSettings": _listing("/api/v4/settings/"),
}


def test_the_contract_and_the_sandbox_name_the_same_operations() -> None:
    named = {name: (method, path) for name, (method, path, _) in VIRTUALSTOCK.operations.items()}

    assert named == {operation.name: (operation.method, operation.path) for operation in OPERATIONS}


def test_every_operation_is_called_below() -> None:
    assert set(WAYS) == set(VIRTUALSTOCK.operations)


def test_every_operation_answers_by_the_contract(edge: VirtualstockSandbox, client: Client) -> None:
    """The fixture holds every request and answer against it."""
    for name, way in WAYS.items():
        method, path, body = way(client)

        answer = client.call(method, path, json=body)

        assert answer.status_code in (200, 201, 204), (name, answer.text)
        assert edge.journal.entries()[-1].operation == name


@pytest.mark.parametrize("name", ["order_new", "order_lines_behind", "order_without_prices"])
def test_orders_of_the_payload_files_have_the_contracts_shape(name: str) -> None:
    assert VIRTUALSTOCK.answer_problems("getOrder", 200, load(name)) == []


def test_the_other_payload_files_have_the_contracts_shape() -> None:
    assert VIRTUALSTOCK.answer_problems("listCarriers", 200, load("carriers")) == []
    assert VIRTUALSTOCK.answer_problems("getProduct", 200, load("product")) == []
    page = {"count": 1, "next": None, "previous": None, "results": [load("return_requested")]}
    assert VIRTUALSTOCK.answer_problems("listReturns", 200, page) == []
