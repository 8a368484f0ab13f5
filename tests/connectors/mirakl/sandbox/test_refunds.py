"""OR28: what may be refunded, how much of it, what that does to the line, and how the payment follows."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refund_entry, refusal


@pytest.fixture
def order_id(sandbox: MiraklSandbox) -> str:
    return sandbox.add_order(lines=LINES, country="SWE", advance_to="SHIPPED")


def refunds(shop: Shop, order_id: str, index: int = 0, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.order(order_id, **query)["order_lines"][index]["refunds"]
    return found


def test_a_refund_answers_with_the_id_that_the_order_shows_later(shop: Shop, order_id: str) -> None:
    answer = shop.refund(refund_entry(f"{order_id}-1", "49.90", quantity=1))
    assert answer.status_code == 200
    body = answer.json(parse_float=Decimal)
    (made,) = body["refunds"]
    assert body["order_tax_mode"] == "TAX_INCLUDED"
    assert made["refund_id"].isdecimal()
    assert (made["order_line_id"], made["amount"], made["quantity"]) == (f"{order_id}-1", Decimal("49.9"), 1)
    assert made["taxes"] == [{"code": "SE25", "amount": Decimal("9.98"), "rate": 25}]
    (shown,) = refunds(shop, order_id)
    assert (shown["id"], shown["order_refund_id"]) == (made["refund_id"], made["order_refund_id"])
    assert shown["refund_state"] == "WAITING_REFUND_PAYMENT"
    assert shown["commission_total_amount"] == shown["commission_amount"] + shown["commission_taxes"][0]["amount"]


def test_a_refund_in_net_amounts_is_the_same_refund(shop: Shop, order_id: str) -> None:
    shop.refund(refund_entry(f"{order_id}-1", "39.92"), mode="TAX_EXCLUDED")
    assert refunds(shop, order_id, order_tax_mode="TAX_EXCLUDED")[0]["amount"] == Decimal("39.92")
    assert refunds(shop, order_id, order_tax_mode="TAX_INCLUDED")[0]["amount"] == Decimal("49.9")


def test_price_and_quantity_of_the_line_stay_as_they_were_sold(shop: Shop, order_id: str) -> None:
    shop.refund(refund_entry(f"{order_id}-1", 99.80, shipping_amount="4.90", quantity=2))
    line = shop.order(order_id)["order_lines"][0]
    assert (line["price"], line["quantity"], line["can_refund"]) == (Decimal("99.8"), 2, False)


@pytest.mark.parametrize("amount", [49.90, "49.90000", "49.90"])
def test_amounts_are_taken_as_numbers_and_as_text(shop: Shop, order_id: str, amount: float | str) -> None:
    assert shop.refund(refund_entry(f"{order_id}-1", amount)).status_code == 200
    assert refunds(shop, order_id)[0]["amount"] == Decimal("49.9")


def test_the_same_call_again_makes_another_refund_until_nothing_is_left(shop: Shop, order_id: str) -> None:
    entry = refund_entry(f"{order_id}-1", "49.90")
    assert [shop.refund(entry).status_code for _ in range(3)] == [200, 200, 400]
    assert len(refunds(shop, order_id)) == 2


def test_refunds_of_one_call_on_one_order_are_grouped(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    other = sandbox.add_order(lines=LINES, advance_to="SHIPPED")
    lines = (f"{order_id}-1", f"{order_id}-2", f"{other}-1")
    made = shop.refund(*(refund_entry(line, "5.00") for line in lines)).json()["refunds"]
    first, second, third = (refund["order_refund_id"] for refund in made)
    assert first == second != third
    assert len({refund["refund_id"] for refund in made}) == 3


# --- refusals -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"currency_iso_code": None}, 400, "The currency ISO code is mandatory."),
        ({"currency_iso_code": "SEK"}, 400, "not the currency"),
        ({"amount": "99.81"}, 400, "greater than the amount left"),
        ({"amount": "0.01"}, 400, "greater than 0.01"),
        ({"amount": 0}, 400, "greater than 0.01"),
        ({"amount": -5}, 400, "greater than 0.01"),
        ({"amount": "ten"}, 400, "Error with field amount."),
        ({"amount": "NaN"}, 400, "Error with field amount."),
        ({"amount": "Infinity"}, 400, "Error with field amount."),
        ({"amount": True}, 400, "Error with field amount."),
        ({"amount": "10.001"}, 400, "too many decimals"),
        ({"amount": None}, 400, "'amount' is required"),
        ({"shipping_amount": "4.91"}, 400, "greater than the amount left"),
        ({"shipping_amount": -1}, 400, "greater than the amount left"),
        ({"shipping_amount": None}, 400, "'shipping_amount' is required"),
        ({"reason_code": None}, 400, "'reason_code' is required"),
        ({"reason_code": "14"}, 400, "reason code '14' cannot be used"),  # not the shop's to give
        ({"reason_code": "34"}, 400, "reason code '34' cannot be used"),  # of another type
        ({"order_line_id": "MKT-404-A-1"}, 404, "not found"),
        ({"taxes": [{"code": "XX", "amount": 1}]}, 400, "tax 'XX' does not exist"),
    ],
)
def test_a_refund_that_is_not_in_order_is_refused_and_writes_nothing(
    shop: Shop, order_id: str, changes: dict[str, Any], status: int, words: str
) -> None:
    answer = shop.refund({**refund_entry(f"{order_id}-1", "10.00"), **changes})
    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert refunds(shop, order_id) == []


def test_one_bad_entry_refuses_the_whole_call(shop: Shop, order_id: str) -> None:
    good = refund_entry(f"{order_id}-1", "10.00")
    assert shop.refund(good, refund_entry(f"{order_id}-2", "10.01")).status_code == 400
    assert refunds(shop, order_id) == refunds(shop, order_id, 1) == []


def test_two_entries_of_one_line_cannot_together_exceed_it(shop: Shop, order_id: str) -> None:
    assert shop.refund(*(refund_entry(f"{order_id}-1", "50.00") for _ in range(2))).status_code == 400
    assert refunds(shop, order_id) == []


@pytest.mark.parametrize("state", ["WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "CLOSED"])
def test_nothing_is_refunded_before_debit_or_after_the_end(sandbox: MiraklSandbox, shop: Shop, state: str) -> None:
    order_id = sandbox.add_order(lines=LINES, advance_to=state)
    answer = shop.refund(refund_entry(f"{order_id}-1", "10.00"))
    assert refusal(answer) == (400, f"The order line {order_id}-1 cannot be refunded in the state {state}")
    assert shop.order(order_id)["order_lines"][0]["can_refund"] is False


def test_a_pay_later_order_is_not_refunded_before_its_debit(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, payment_workflow="PAY_ON_DELIVERY", advance_to="SHIPPED")
    assert shop.refund(refund_entry(f"{order_id}-1", "10.00")).status_code == 400
    sandbox.confirm_debit(order_id)
    assert shop.refund(refund_entry(f"{order_id}-1", "10.00")).status_code == 200


@pytest.mark.parametrize("state", ["SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED"])
def test_every_state_between_may_be_refunded(sandbox: MiraklSandbox, shop: Shop, state: str) -> None:
    order_id = sandbox.add_order(lines=LINES, advance_to=state)
    assert shop.order(order_id)["order_lines"][0]["can_refund"] is True
    assert shop.refund(refund_entry(f"{order_id}-1", "10.00")).status_code == 200


def test_a_line_with_an_incident_may_be_refunded(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.open_incident(f"{order_id}-1")
    assert shop.refund(refund_entry(f"{order_id}-1", "10.00")).status_code == 200


def test_a_fixed_tax_is_refunded_only_when_it_is_named(sandbox: MiraklSandbox, shop: Shop) -> None:
    taxes = [{"code": "ECO", "amount": "2.00", "rule": "NONE"}]
    line = {"sku": "A", "price": "12.00", "shipping": 0, "taxes": taxes}
    order_id = sandbox.add_order(lines=[line], advance_to="SHIPPED")
    assert shop.refund(refund_entry(f"{order_id}-1", "12.00")).status_code == 400  # 10.00 are goods
    answer = shop.refund(refund_entry(f"{order_id}-1", "10.00"), mode="TAX_EXCLUDED")
    assert answer.json()["refunds"][0]["taxes"][0]["amount"] == 0
    other = sandbox.add_order(lines=[line], advance_to="SHIPPED")
    named = refund_entry(f"{other}-1", "12.00", taxes=[{"code": "ECO", "amount": "2.00"}])
    assert shop.refund(named).status_code == 200
    assert shop.order(other)["fully_refunded"] is True


# --- what it does to the order --------------------------------------------------------------------------------------
def test_a_wholly_refunded_line_is_refunded_and_the_order_lives_on(shop: Shop, order_id: str) -> None:
    shop.refund(refund_entry(f"{order_id}-2", "10.00", quantity=1))
    order = shop.order(order_id)
    assert [order["order_state"], *(line["order_line_state"] for line in order["order_lines"])] == [
        "SHIPPED",
        "SHIPPED",
        "REFUNDED",
    ]
    assert order["fully_refunded"] is False


def test_a_wholly_refunded_order_before_shipping_is_closed(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, advance_to="SHIPPING")
    whole = {"excluded_from_shipment": True, "reason_code": "15"}
    answer = shop.refund(
        refund_entry(f"{order_id}-1", "99.80", shipping_amount="4.90", quantity=2, **whole),
        refund_entry(f"{order_id}-2", "10.00", quantity=1, **whole),
    )
    assert answer.status_code == 200
    order = shop.order(order_id)
    assert (order["order_state"], order["fully_refunded"], order["can_shop_ship"]) == ("CLOSED", True, False)
    assert [line["order_line_state"] for line in order["order_lines"]] == ["REFUNDED"] * 2
    assert shop.put(f"/api/orders/{order_id}/ship").status_code == 400


def test_a_partial_refund_before_shipping_leaves_the_units_to_ship_unless_they_are_excluded(
    sandbox: MiraklSandbox, shop: Shop
) -> None:
    first, second = sandbox.add_orders(2, lines=LINES, advance_to="SHIPPING")
    shop.refund(refund_entry(f"{first}-1", "49.90", quantity=1))
    shop.refund(refund_entry(f"{second}-1", "49.90", quantity=1, excluded_from_shipment=True))
    waiting = shop.get("/api/shipments/items_to_ship").json()["data"]
    assert [item["shipment_lines"][0]["quantity"] for item in waiting] == [2, 1]


def test_a_refund_moves_the_order_in_time(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.advance(600)
    shop.refund(refund_entry(f"{order_id}-1", "10.00"))
    order = shop.order(order_id)
    assert order["last_updated_date"] == "2026-03-02T09:10:00Z"
    assert [line["last_updated_date"] for line in order["order_lines"]] == [
        "2026-03-02T09:10:00Z",
        "2026-03-02T09:00:00Z",
    ]


# --- the payment ----------------------------------------------------------------------------------------------------
def test_a_refund_is_paid_by_the_platforms_clock(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.change_settings(refund_request_seconds=30)
    shop.refund(refund_entry(f"{order_id}-1", "10.00"))
    seen = []
    for seconds in (0, 30, 59, 1):
        sandbox.advance(seconds)
        (refund,) = refunds(shop, order_id)
        seen.append((refund["refund_state"], refund["transaction_date"]))
    assert seen == [
        ("WAITING_REFUND", None),
        ("WAITING_REFUND_PAYMENT", None),
        ("WAITING_REFUND_PAYMENT", None),
        ("REFUNDED", "2026-03-02T09:01:30Z"),
    ]
    assert refunds(shop, order_id)[0]["transaction_number"] is not None


def test_the_operator_may_confirm_a_refund_by_hand(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.change_settings(refund_confirm_seconds=None)
    refund_id = shop.refund(refund_entry(f"{order_id}-1", "10.00")).json()["refunds"][0]["refund_id"]
    sandbox.advance(30 * 86_400)
    assert refunds(shop, order_id)[0]["refund_state"] == "WAITING_REFUND_PAYMENT"
    sandbox.confirm_refund(refund_id)
    assert refunds(shop, order_id)[0]["refund_state"] == "REFUNDED"


def test_the_operators_own_refund_shows_without_a_call_of_ours(
    sandbox: MiraklSandbox, shop: Shop, order_id: str
) -> None:
    refund_id = sandbox.create_refund(f"{order_id}-1", "5.00", quantity=0)
    (refund,) = refunds(shop, order_id)
    assert (refund["id"], refund["amount"], refund["reason_code"]) == (refund_id, 5, "14")


# --- balance --------------------------------------------------------------------------------------------------------
def test_a_shop_cannot_refund_more_than_its_balance_covers(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(balance_check=True)
    order_id = sandbox.add_order(lines=[{"sku": "A", "price": "100.00", "shipping": 0}], advance_to="SHIPPED")
    answer = shop.refund(refund_entry(f"{order_id}-1", "100.00"))  # 82.00 are left after commission
    assert refusal(answer) == (400, "The shop does not have a sufficient payable balance for the refund")
    assert refunds(shop, order_id) == []
    assert shop.refund(refund_entry(f"{order_id}-1", "82.00")).status_code == 200


def test_unpaid_refunds_already_weigh_on_the_balance(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(balance_check=True)
    order_id = sandbox.add_order(lines=[{"sku": "A", "price": "100.00", "shipping": 0}], advance_to="SHIPPED")
    shop.refund(refund_entry(f"{order_id}-1", "50.00"))
    assert shop.refund(refund_entry(f"{order_id}-1", "40.00")).status_code == 400


def test_after_reception_the_payable_balance_counts(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(balance_check=True)
    order_id = sandbox.add_order(lines=[{"sku": "A", "price": "100.00", "shipping": 0}], advance_to="RECEIVED")
    sandbox.close_billing_cycle()  # the money has been paid out
    assert shop.refund(refund_entry(f"{order_id}-1", "1.00")).status_code == 400
    sandbox.add_order(lines=[{"sku": "A", "price": "100.00", "shipping": 0}], advance_to="RECEIVED")
    assert shop.refund(refund_entry(f"{order_id}-1", "1.00")).status_code == 200
