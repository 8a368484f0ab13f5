"""Transaction log, balances and billing cycles: pending at debit, payable once received, paid when a cycle closes."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refund_entry

LOG = "/api/sellerpayment/transactions_logs"


def log(shop: Shop, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.get(LOG, limit=2000, sort="dateCreated,ASC", **query).json(parse_float=Decimal)[
        "data"
    ]
    return found


def amounts(lines: list[dict[str, Any]]) -> dict[tuple[str, str], Decimal]:
    """(kind, order line) -> amount."""
    return {(line["type"], line["entities"]["order_line"]["id"][-1]): line["amount"] for line in lines}


def test_nothing_is_written_before_the_debit(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.add_order(lines=LINES, advance_to="WAITING_DEBIT_PAYMENT")
    assert log(shop) == []


def test_the_debit_writes_what_the_order_shows_less_commission(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, country="SWE", advance_to="SHIPPING")
    lines = log(shop, order_id=order_id)
    assert amounts(lines) == {
        ("ORDER_AMOUNT", "1"): Decimal("99.8"),
        ("ORDER_SHIPPING_AMOUNT", "1"): Decimal("4.9"),
        ("COMMISSION_FEE", "1"): Decimal("-15.71"),
        ("COMMISSION_VAT", "1"): Decimal("-3.14"),
        ("ORDER_AMOUNT", "2"): 10,
        ("COMMISSION_FEE", "2"): Decimal("-1.5"),
        ("COMMISSION_VAT", "2"): Decimal("-0.3"),
    }
    assert {line["payment_state"] for line in lines} == {"PENDING"}
    assert all(line["amount"] == line["amount_credited"] - line["amount_debited"] for line in lines)


def test_a_tax_excluded_platform_writes_taxes_of_their_own(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(order_tax_mode="TAX_EXCLUDED")
    sandbox.add_order(lines=[{"sku": "A", "price": "100", "shipping": "10"}], country="FRA", advance_to="SHIPPING")
    kinds = {line["type"]: line for line in log(shop)}
    assert (kinds["ORDER_AMOUNT"]["amount"], kinds["ORDER_AMOUNT_TAX"]["amount"]) == (100, 20)
    assert (kinds["ORDER_SHIPPING_AMOUNT"]["amount"], kinds["ORDER_SHIPPING_AMOUNT_TAX"]["amount"]) == (10, 2)
    assert kinds["ORDER_AMOUNT_TAX"]["entities"]["order_tax"] == {"code": "FR20", "rate": 20}


def test_money_is_payable_once_the_order_is_received(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.add_order(lines=LINES, advance_to="SHIPPED")
    sandbox.advance(5 * 86_400)
    assert {line["payment_state"] for line in log(shop)} == {"PAYABLE"}
    assert {line["last_updated"] for line in log(shop)} == {"2026-03-07T09:00:00Z"}
    assert len(log(shop, last_updated_from="2026-03-07T09:00:00Z")) == 7


def test_an_incident_blocks_the_money_of_its_line(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, advance_to="SHIPPED")
    sandbox.open_incident(f"{order_id}-2")
    sandbox.mark_received(order_id)
    assert {line["entities"]["order_line"]["id"] for line in log(shop, payment_state="PENDING")} == {f"{order_id}-2"}
    sandbox.close_incident(f"{order_id}-2")
    assert log(shop, payment_state="PENDING") == []


def test_a_paid_refund_takes_back_goods_and_gives_back_commission(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, country="SWE", advance_to="SHIPPED")
    refund_id = shop.refund(refund_entry(f"{order_id}-2", "10.00")).json()["refunds"][0]["refund_id"]
    before = log(shop)
    sandbox.advance(60)
    made = log(shop)[len(before) :]
    assert {(line["type"], line["amount"], line["entities"]["refund"]["id"]) for line in made} == {
        ("REFUND_ORDER_AMOUNT", -10, refund_id),
        ("REFUND_COMMISSION_FEE", Decimal("1.5"), refund_id),
        ("REFUND_COMMISSION_VAT", Decimal("0.3"), refund_id),
    }


def test_an_order_refunded_before_shipping_leaves_nothing_pending(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES[1:], country="SWE", advance_to="SHIPPING")
    sandbox.cancel_order(order_id, reason_code="15")
    sandbox.advance(60)
    lines = log(shop)
    assert {line["payment_state"] for line in lines} == {"PAYABLE"}
    assert sum(line["amount"] for line in lines) == 0


def test_closing_a_cycle_pays_out_exactly_what_was_payable(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.add_order(lines=LINES, country="SWE", advance_to="RECEIVED")
    sandbox.add_order(lines=LINES, advance_to="SHIPPING")
    cycle_id = sandbox.close_billing_cycle()
    lines = log(shop, seller_billing_cycle_id=cycle_id)
    paid = sum(line["amount"] for line in lines if line["type"] != "PAYMENT")
    (payment,) = [line for line in lines if line["type"] == "PAYMENT"]
    (cycle,) = shop.get("/api/seller-billing-cycles").json(parse_float=Decimal)["data"]
    assert (cycle["id"], cycle["amount_transferred_to_seller"]) == (cycle_id, paid)
    assert (payment["amount"], payment["entities"]["order"]) == (-paid, None)
    assert {line["payment_state"] for line in lines} == {"PAID"}
    assert (cycle["pay_out"]["state"], cycle["pay_out"]["reference"]) == ("PAID", "PAYOUT-2001-0001")
    assert cycle["summary"]["total_commissions_incl_tax"] == Decimal("-20.65")
    assert cycle["summary"]["total_payable_orders_incl_tax"] == Decimal("114.7")


def test_a_payout_may_fail(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.close_billing_cycle(pay_out_state="FAILED")
    assert shop.get("/api/seller-billing-cycles", pay_out_state="PAID").json()["data"] == []
    (cycle,) = shop.get("/api/seller-billing-cycles", pay_out_state="FAILED").json()["data"]
    assert (cycle["pay_out"]["reference"], cycle["pay_out"]["failure_reason"]) == (None, "INCOMPLETE_KYC")


def test_the_account_shows_the_balances_of_the_log(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.add_order(lines=LINES, country="SWE", advance_to="RECEIVED")
    sandbox.close_billing_cycle()
    sandbox.add_order(lines=LINES, country="SWE", advance_to="RECEIVED")
    sandbox.add_order(lines=LINES, country="SWE", advance_to="SHIPPING")
    assert shop.get("/api/account").json(parse_float=Decimal)["payment_details"] == {
        "pending_balance": Decimal("94.05"),
        "payable_balance": Decimal("94.05"),
        "paid_balance": Decimal("94.05"),
    }


def test_up_to_two_thousand_lines_come_on_one_page(sandbox: MiraklSandbox, shop: Shop) -> None:
    assert shop.get(LOG, limit=2001).status_code == 400
    sandbox.add_orders(20, lines=LINES, country="SWE", advance_to="SHIPPING")
    first = shop.get(LOG, limit=100, sort="lastUpdated,ASC").json()
    second = shop.get(LOG, page_token=first["next_page_token"]).json()
    ids = [line["id"] for page in (first, second) for line in page["data"]]
    assert (len(ids), len(set(ids)), second["next_page_token"]) == (140, 140, None)


@pytest.mark.parametrize("query", [{"payment_state": "OPEN"}, {"date_created_from": "today"}, {"sort": "amount,ASC"}])
def test_a_filter_that_makes_no_sense_is_400(shop: Shop, query: dict[str, str]) -> None:
    assert shop.get(LOG, **query).status_code == 400
