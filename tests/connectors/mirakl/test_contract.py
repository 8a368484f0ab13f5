"""Our contract of Mirakl: the sandbox answers by it, and it says nothing that the vendor's document does not."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.mirakl.sandbox.operations import OPERATIONS
from connectors.sandboxdata import catalogue
from connectors.sandboxkit import SandboxClock
from tests.connectors.mirakl.sandbox.api import Shop, refund_entry
from tests.contracts import Contract, contract
from tests.contracts.vendor import VENDOR_DOCUMENTS, differences

VENDOR = VENDOR_DOCUMENTS / "mirakl.openapi.json"
NO_JSON = {"OR73", "OF03", "STO03", "PRI03", "P44", "P45", "P46", "P47"}  # files


@pytest.fixture
def shop() -> Iterator[Shop]:
    sandbox = MiraklSandbox(
        currency="EUR",
        countries=("SWE", "FRA"),
        clock=SandboxClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), frozen=True),
        settings={"received_after_seconds": 3600},
    )
    with sandbox:
        sandbox.load_shop(orders=60)
        client = Shop(sandbox)
        yield client
        client.session.close()


# --- the sandbox against the contract -------------------------------------------------------------------------------
def test_the_contract_and_the_sandbox_name_the_same_operations() -> None:
    named = {name: (method, path) for name, (method, path, _) in contract("mirakl").operations.items()}
    assert named == {operation.code: (operation.method, operation.path) for operation in OPERATIONS}


def _order_with(shop: Shop, **values: Any) -> str:
    return shop.sandbox.add_order(**{"country": "SWE", "lines": [{"sku": "A", "price": "50"}], **values})


def _shipped_order(shop: Shop) -> str:
    order_id = _order_with(shop, advance_to="SHIPPED")
    shop.refund(refund_entry(f"{order_id}-1", "10.00"))
    return order_id


def _import(shop: Shop, path: str, file: str, **fields: str) -> Any:
    return shop.upload(path, file, **fields).json()["import_id"]


def _accept(shop: Shop) -> tuple[str, Any]:
    order_id = _order_with(shop)
    return f"/api/orders/{order_id}/accept", {"order_lines": [{"id": f"{order_id}-1", "accepted": True}]}


def _cancelation(shop: Shop) -> tuple[str, Any]:
    order_id = _order_with(shop, payment_workflow="PAY_ON_DELIVERY", advance_to="SHIPPING")
    entry = refund_entry(f"{order_id}-1", "50.00", reason_code="34", quantity=1)
    return "/api/orders/cancel", {"order_tax_mode": "TAX_INCLUDED", "cancelations": [entry]}


def _incident(shop: Shop) -> tuple[str, Any]:
    order_id = _order_with(shop, advance_to="SHIPPED")
    shop.sandbox.open_incident(f"{order_id}-1")
    return f"/api/orders/{order_id}/lines/{order_id}-1/resolve_incident", {"reason_code": "30"}


def _parcel(shop: Shop, *, shipped: bool = False) -> dict[str, Any]:
    order_id = _order_with(shop, advance_to="SHIPPING")
    line = {"order_line_id": f"{order_id}-1", "quantity": 1, "package_reference": "P-1"}
    tracking = {"carrier_code": "UPS", "tracking_number": "1Z9"}
    return {"order_id": order_id, "shipped": shipped, "shipment_lines": [line], "tracking": tracking}


def _shipment(shop: Shop) -> str:
    made = shop.post("/api/shipments", {"shipments": [_parcel(shop)]}).json()["shipment_success"]
    found: str = made[0]["id"]
    return found


def _with_shipment(path: str, **values: Any) -> Callable[[Shop], tuple[str, Any]]:
    return lambda shop: (path, {"shipments": [{"id": _shipment(shop), **values}]})


# How each JSON operation that takes a body is called so that it succeeds: path and body.
WRITES: dict[str, Callable[[Shop], tuple[str, Any]]] = {
    "OR04": lambda shop: (
        "/api/orders",
        {"orders": [{"order_id": _order_with(shop), "references": {"order_reference_for_seller": "1000123"}}]},
    ),
    "OR21": _accept,
    "OR23": lambda shop: (
        f"/api/orders/{_order_with(shop, advance_to='SHIPPING')}/tracking",
        {"carrier_code": "UPS", "tracking_number": "1Z9"},
    ),
    "OR24": lambda shop: (f"/api/orders/{_order_with(shop, advance_to='SHIPPING')}/ship", None),
    "OR28": lambda shop: (
        "/api/orders/refund",
        {"order_tax_mode": "TAX_INCLUDED", "refunds": [refund_entry(f"{_shipped_order(shop)}-1", "5.00")]},
    ),
    "OR29": lambda shop: (
        f"/api/orders/{_order_with(shop, payment_workflow='PAY_ON_DELIVERY', advance_to='SHIPPING')}/cancel",
        None,
    ),
    "OR30": _cancelation,
    "OR31": lambda shop: (
        f"/api/orders/{_order_with(shop)}/additional_fields",
        {"order_additional_fields": [{"code": "seller-note", "value": "fragile"}]},
    ),
    "OR64": _incident,
    "ST01": lambda shop: ("/api/shipments", {"shipments": [_parcel(shop, shipped=True)]}),
    "ST23": _with_shipment("/api/shipments/tracking", tracking={"carrier_code": "DHL", "tracking_number": "2"}),
    "ST24": _with_shipment("/api/shipments/ship"),
    "ST06": _with_shipment("/api/shipments/delete"),
}


@pytest.mark.parametrize("code", sorted(WRITES))
def test_a_write_and_its_answer_keep_to_the_contract(shop: Shop, code: str) -> None:
    path, body = WRITES[code](shop)
    method = contract("mirakl").operations[code][0]
    assert contract("mirakl").request_problems(code, body) == []
    answer = shop.call(method, path) if body is None else shop.call(method, path, json=body)
    assert shop.sandbox.journal.entries()[-1].operation == code
    sent = answer.json() if answer.content else None
    assert str(answer.status_code) in contract("mirakl").operations[code][2]["responses"]
    assert contract("mirakl").answer_problems(code, answer.status_code, sent) == []


# The parts of paths of reading operations, where they have some.
PATH_PARTS: dict[str, Callable[[Shop], Any]] = {
    "OF02": lambda shop: _import(shop, "/api/offers/imports", "sku\nA\n", import_mode="NORMAL"),
    "OF22": lambda shop: next(iter(shop.sandbox.market.offers.values())).offer_id,
    "STO02": lambda shop: _import(shop, "/api/offers/stock/imports", "offer-sku;quantity\nA;1\n"),
    "P42": lambda shop: _import(shop, "/api/products/imports", "sku\nA\n"),
    "RE02": lambda shop: "REFUND",
}
QUERIES: dict[str, dict[str, Any]] = {
    "OR11": {"order_tax_mode": "TAX_EXCLUDED", "max": 100, "start_update_date": "2026-01-01T00:00:00Z"},
    "OR72": {"order_ids": "MKT-1-A"},
    "P31": {"product_references": f"EAN|{catalogue(1)[0].gtin}"},
    "TL02": {"limit": 500},
    "ST11": {"limit": 100},
    "AF01": {"entities": "ORDER"},
}
READS = sorted(
    operation.code for operation in OPERATIONS if operation.method == "GET" and operation.code not in {*NO_JSON, "V01"}
)


@pytest.mark.parametrize("code", READS)
def test_what_is_read_keeps_to_the_contract(shop: Shop, code: str) -> None:
    order_id = _shipped_order(shop)
    shop.sandbox.create_return(f"{order_id}-1")
    shop.sandbox.advance(3600)
    shop.sandbox.close_billing_cycle()
    _import(shop, "/api/offers/pricing/imports", "offer-sku;price\nA;1\n")
    part = PATH_PARTS[code](shop) if code in PATH_PARTS else ""
    path = contract("mirakl").operations[code][1].partition("{")
    rest = path[2].partition("}")[2]
    query = QUERIES.get(code, {})
    assert contract("mirakl").parameter_problems(code, query) == []
    answer = shop.get(f"{path[0]}{part}{rest}", **query)
    assert (answer.status_code, shop.sandbox.journal.entries()[-1].operation) == (200, code)
    assert contract("mirakl").answer_problems(code, 200, answer.json()) == []


def test_refusals_keep_to_the_contract(shop: Shop) -> None:
    for answer in (shop.get("/api/orders", max=101), shop.accept("MKT-404-A"), shop.get("/api/orders/none/of/this")):
        assert contract("mirakl").answer_problems("OR11", answer.status_code, answer.json()) == []


def test_the_contract_notices_a_field_it_does_not_name(shop: Shop) -> None:
    body = shop.get("/api/orders").json()
    body["orders"][0]["colour"] = "red"
    del body["orders"][0]["order_lines"][0]["price"]
    problems = contract("mirakl").answer_problems("OR11", 200, body)
    assert [problem.partition(":")[0] for problem in problems] == ["orders/0", "orders/0/order_lines/0"]


# --- the contract against the vendor's document ---------------------------------------------------------------------
@pytest.fixture(scope="module")
def vendor() -> Contract:
    if not VENDOR.exists():
        pytest.skip(f"The vendor's own document is not at {VENDOR.parent.name}/{VENDOR.name} beside this repository.")
    return Contract(json.loads(VENDOR.read_text(encoding="utf-8")), closed=False)


def test_everything_we_name_is_in_the_vendors_document(vendor: Contract) -> None:
    assert differences(contract("mirakl", closed=False), vendor) == []


def test_every_operation_asks_for_the_roles_the_vendor_names(vendor: Contract) -> None:
    asked = {operation.code: set(operation.roles) for operation in OPERATIONS}
    documented = {
        code: {
            role for entry in vendor.operations[code][2].get("security", ()) for role in entry.get("Shop-API-Key", ())
        }
        for code in asked
    }
    assert asked == documented


def test_a_slip_in_our_contract_would_be_noticed(vendor: Contract) -> None:
    ours = copy.deepcopy(contract("mirakl", closed=False).document)
    schemas, paths = ours["components"]["schemas"], ours["paths"]
    schemas["Order"]["properties"]["colour"] = {"type": "string"}
    schemas["OrderLine"]["properties"]["quantity"] = {"type": "string"}
    paths["/api/orders/{order_id}/shipping"] = paths.pop("/api/orders/{order_id}/ship")
    paths["/api/orders/refund"]["put"]["operationId"] = "OR99"
    paths["/api/returns"]["get"]["parameters"][0]["name"] = "id"
    assert differences(Contract(ours, closed=False), vendor) == [
        "OR11 answer 200.orders[].order_lines[].quantity: string is integer there",
        "OR11 answer 200.orders[].colour: no such property",
        "OR99: no such operation",
        "RT11: no parameter id",
        "OR24: PUT /api/orders/{order_id}/shipping is PUT /api/orders/{order_id}/ship there",
    ]
