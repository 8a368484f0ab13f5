"""OR30 and OR29: only where the payment workflow allows it, and the operator's and customer's own cancelations."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refund_entry


def cancel(shop: Shop, *entries: dict[str, Any]) -> Any:
    return shop.put("/api/orders/cancel", {"order_tax_mode": "TAX_INCLUDED", "cancelations": list(entries)})


def entry(line_id: str, amount: str, **changes: Any) -> dict[str, Any]:
    return refund_entry(line_id, amount, **{"reason_code": "34", "quantity": 1, **changes})


def states_of(shop: Shop, order_id: str) -> list[str]:
    order = shop.order(order_id)
    return [order["order_state"], *(line["order_line_state"] for line in order["order_lines"])]


@pytest.mark.parametrize(
    ("workflow", "state", "debited", "allowed"),
    [
        ("PAY_ON_ACCEPTANCE", "WAITING_DEBIT", False, False),
        ("PAY_ON_ACCEPTANCE", "SHIPPING", False, False),
        ("PAY_ON_DELIVERY", "WAITING_ACCEPTANCE", False, False),
        ("PAY_ON_DELIVERY", "SHIPPING", False, True),
        ("PAY_ON_DELIVERY", "SHIPPED", False, True),
        ("PAY_ON_DELIVERY", "SHIPPING", True, False),
        ("PAY_ON_DUE_DATE", "SHIPPING", False, True),
        ("PAY_ON_SHIPMENT", "SHIPPING", False, True),
        ("NO_CUSTOMER_PAYMENT_CONFIRMATION", "SHIPPING", False, True),
        ("NO_CUSTOMER_PAYMENT_CONFIRMATION", "SHIPPED", False, False),
    ],
)
def test_the_payment_workflow_decides_what_may_be_canceled(
    sandbox: MiraklSandbox, shop: Shop, workflow: str, state: str, debited: bool, allowed: bool
) -> None:
    order_id = sandbox.add_order(lines=LINES, payment_workflow=workflow, advance_to=state)
    if debited:
        sandbox.confirm_debit(order_id)
    before = states_of(shop, order_id)
    assert shop.order(order_id)["can_cancel"] is allowed
    assert cancel(shop, entry(f"{order_id}-2", "10.00")).status_code == (200 if allowed else 400)
    assert states_of(shop, order_id) == ([*before[:2], "CANCELED"] if allowed else before)


@pytest.fixture
def order_id(sandbox: MiraklSandbox) -> str:
    return sandbox.add_order(lines=LINES, payment_workflow="PAY_ON_DELIVERY", advance_to="SHIPPING")


def test_a_cancelation_shows_on_the_line_whose_price_stays(shop: Shop, order_id: str) -> None:
    answer = cancel(shop, entry(f"{order_id}-1", "49.90")).json()
    (made,) = answer["cancelations"]
    line = shop.order(order_id)["order_lines"][0]
    assert (line["price"], line["quantity"], line["order_line_state"]) == (Decimal("99.8"), 2, "SHIPPING")
    assert [item["id"] for item in line["cancelations"]] == [made["cancelation_id"]]
    waiting = shop.get("/api/shipments/items_to_ship").json()["data"][0]["shipment_lines"]
    assert [item["quantity"] for item in waiting] == [1, 1]


def test_the_same_call_again_cancels_again_while_units_are_left(shop: Shop, order_id: str) -> None:
    once = entry(f"{order_id}-1", "49.90")
    assert [cancel(shop, once).status_code for _ in range(3)] == [200, 200, 400]
    assert states_of(shop, order_id)[1] == "CANCELED"


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": 0},
        {"quantity": 3},
        {"quantity": None},
        {"amount": "99.81"},
        {"reason_code": "15"},
        {"reason_code": "SYSTEM_LATE_SHIPMENT_CANCELATION"},
        {"currency_iso_code": None},
    ],
)
def test_a_cancelation_that_is_not_in_order_changes_nothing(shop: Shop, order_id: str, changes: dict[str, Any]) -> None:
    assert cancel(shop, {**entry(f"{order_id}-1", "49.90"), **changes}).status_code == 400
    assert shop.order(order_id)["order_lines"][0]["cancelations"] == []


def test_an_operator_may_not_let_shops_cancel_at_all(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.change_settings(seller_cancelation=False)
    assert cancel(shop, entry(f"{order_id}-1", "49.90")).status_code == 400
    assert shop.put(f"/api/orders/{order_id}/cancel").status_code == 400
    assert states_of(shop, order_id) == ["SHIPPING"] * 3


def test_a_whole_order_is_canceled_without_a_body_and_only_once(shop: Shop, order_id: str) -> None:
    assert shop.put(f"/api/orders/{order_id}/cancel").status_code == 204
    assert states_of(shop, order_id) == ["CANCELED"] * 3
    assert shop.put(f"/api/orders/{order_id}/cancel").status_code == 400
    assert len(shop.order(order_id)["order_lines"][0]["cancelations"]) == 1


# --- by others ------------------------------------------------------------------------------------------------------
def test_a_customer_who_cancels_before_the_debit_leaves_a_canceled_order(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sandbox.cancel_order(order_id, reason_code="35")
    assert states_of(shop, order_id) == ["CANCELED"] * 3
    order = shop.order(order_id)
    assert (order["order_state_reason_code"], order["order_state_reason_label"]) == (
        "35",
        "Customer changed their mind",
    )


def test_an_operator_who_cancels_a_paid_order_refunds_it(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, advance_to="SHIPPING")
    sandbox.cancel_order(order_id, reason_code="16")
    assert states_of(shop, order_id) == ["CLOSED", "REFUNDED", "REFUNDED"]
    order = shop.order(order_id)
    assert [line["refunds"][0]["reason_code"] for line in order["order_lines"]] == ["16", "16"]
    assert order["fully_refunded"] is True
