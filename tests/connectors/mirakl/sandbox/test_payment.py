"""Payment workflows: when an order may be shipped, and what becomes of it when the money does not come."""

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop


def state(shop: Shop, order_id: str) -> str:
    found: str = shop.order(order_id)["order_state"]
    return found


def test_pay_on_acceptance_goes_by_two_debit_states_to_shipping(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    shop.accept(order_id)
    seen = []
    for seconds in (0, 29, 1, 29, 1):
        sandbox.advance(seconds)
        seen.append(state(shop, order_id))
    assert seen == ["WAITING_DEBIT", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "WAITING_DEBIT_PAYMENT", "SHIPPING"]
    order = shop.order(order_id)
    assert order["customer_debited_date"] == "2026-03-02T09:01:00.532Z"
    assert order["shipping_deadline"] == "2026-03-04T22:59:59.999Z"
    assert [line["debited_date"] for line in order["order_lines"]] == ["2026-03-02T09:01:00Z"] * 2
    assert (order["can_shop_ship"], order["can_cancel"]) == (True, False)


@pytest.mark.parametrize(
    "workflow", ["PAY_ON_DELIVERY", "PAY_ON_DUE_DATE", "PAY_ON_SHIPMENT", "NO_CUSTOMER_PAYMENT_CONFIRMATION"]
)
def test_every_other_workflow_ships_before_it_is_paid(sandbox: MiraklSandbox, shop: Shop, workflow: str) -> None:
    order_id = sandbox.add_order(lines=LINES, payment_workflow=workflow)
    shop.accept(order_id)
    order = shop.order(order_id)
    assert (order["order_state"], order["payment_workflow"]) == ("SHIPPING", workflow)
    assert order["customer_debited_date"] is None


def test_a_refused_debit_cancels_the_order(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(debit_refused=True)
    order_id = sandbox.add_order(lines=LINES)
    shop.accept(order_id)
    sandbox.advance(60)
    order = shop.order(order_id)
    assert (order["order_state"], order["customer_debited_date"]) == ("CANCELED", None)
    assert [line["order_line_state"] for line in order["order_lines"]] == ["CANCELED"] * 2


def test_a_payment_that_never_comes_cancels_the_order_in_the_end(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(debit_confirm_seconds=None)
    order_id = sandbox.add_order(lines=LINES)
    shop.accept(order_id)
    sandbox.advance(30 + 72 * 3600 - 1)
    assert state(shop, order_id) == "WAITING_DEBIT_PAYMENT"
    sandbox.advance(1)
    assert state(shop, order_id) == "CANCELED"


def test_the_operator_may_confirm_a_payment_late_or_by_hand(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(debit_request_seconds=None)
    order_id = sandbox.add_order(lines=LINES)
    sandbox.confirm_debit(order_id)
    assert state(shop, order_id) == "WAITING_ACCEPTANCE"  # nothing is debited before acceptance
    shop.accept(order_id)
    sandbox.advance(2400)
    assert state(shop, order_id) == "WAITING_DEBIT"
    sandbox.confirm_debit(order_id)
    assert state(shop, order_id) == "SHIPPING"


def test_a_refusal_after_the_money_came_changes_nothing(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, advance_to="SHIPPING")
    sandbox.refuse_debit(order_id)
    assert state(shop, order_id) == "SHIPPING"


def test_pay_on_delivery_is_debited_after_reception(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, payment_workflow="PAY_ON_DELIVERY", advance_to="SHIPPED")
    sandbox.advance(5 * 86_400)
    assert (state(shop, order_id), shop.order(order_id)["customer_debited_date"]) == ("RECEIVED", None)
    sandbox.advance(30)
    assert shop.order(order_id)["customer_debited_date"] == "2026-03-07T09:00:30.532Z"


def test_a_shipment_that_is_paid_for_counts_as_shipped_only_after_its_debit(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, payment_workflow="PAY_ON_SHIPMENT", advance_to="SHIPPING")
    assert shop.put(f"/api/orders/{order_id}/ship").status_code == 204
    (shipment,) = shop.get("/api/shipments", order_id=order_id).json()["data"]
    assert (shipment["status"], shipment["status_customer_debit"]) == (
        "SHIPMENT_PREPARED",
        "WAITING_DEBIT_CONFIRMATION",
    )
    assert state(shop, order_id) == "SHIPPING"
    sandbox.advance(30)
    (shipment,) = shop.get("/api/shipments", order_id=order_id).json()["data"]
    assert (shipment["status"], shipment["status_customer_debit"]) == ("SHIPPED", "DEBIT_OK")
    assert shipment["payment_details"]["customer_debited_date"] == "2026-03-02T09:00:30Z"
    assert state(shop, order_id) == "SHIPPED"


def test_a_shipment_whose_debit_is_refused_is_canceled_and_its_units_wait_again(
    sandbox: MiraklSandbox, shop: Shop
) -> None:
    sandbox.change_settings(debit_refused=True)
    order_id = sandbox.add_order(lines=LINES, payment_workflow="PAY_ON_SHIPMENT", advance_to="SHIPPING")
    shop.put(f"/api/orders/{order_id}/ship")
    sandbox.advance(30)
    (shipment,) = shop.get("/api/shipments", order_id=order_id).json()["data"]
    assert (shipment["status"], state(shop, order_id)) == ("CANCELED", "SHIPPING")
    (waiting,) = shop.get("/api/shipments/items_to_ship", order_id=order_id).json()["data"]
    assert [line["quantity"] for line in waiting["shipment_lines"]] == [2, 1]


def test_an_order_is_received_and_closed_by_the_platforms_clock(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, advance_to="SHIPPED")
    sandbox.advance(5 * 86_400)
    order = shop.order(order_id)
    assert (order["order_state"], order["order_lines"][0]["received_date"]) == ("RECEIVED", "2026-03-07T09:00:00Z")
    sandbox.advance(14 * 86_400)
    assert state(shop, order_id) == "CLOSED"


def test_click_and_collect_waits_in_the_store(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, shipping_type="CLC", advance_to="SHIPPED")
    sandbox.mark_to_collect(order_id)
    assert state(shop, order_id) == "TO_COLLECT"
    sandbox.mark_received(order_id)
    assert state(shop, order_id) == "RECEIVED"
