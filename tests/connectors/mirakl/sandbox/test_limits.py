"""Call frequencies: 429 with the seconds to wait, and nothing done."""

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxkit import Fault
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refusal


def test_frequencies_are_not_enforced_unless_switched_on(shop: Shop) -> None:
    assert [shop.get("/api/account").status_code for _ in range(3)] == [200, 200, 200]


def test_a_second_poll_within_a_minute_is_429_until_the_minute_is_over(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(call_limits=True)
    shop.orders()
    sandbox.advance(20)
    answer = shop.get("/api/orders")
    assert refusal(answer) == (429, "Too many requests")
    assert answer.headers["Retry-After"] == "40"
    sandbox.advance(40)
    assert shop.get("/api/orders").status_code == 200


def test_further_pages_and_look_ups_by_id_do_not_count_as_polls(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(call_limits=True)
    order_id = sandbox.add_order(lines=LINES)
    shop.orders()
    assert shop.get("/api/orders", offset=10).status_code == 200
    assert shop.ids(order_ids=order_id) == [order_id]


def test_the_external_partner_tier_polls_every_fifteen_minutes(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(call_limits=True, api_tier="EXTERNAL_PARTNER")
    shop.orders()
    sandbox.advance(61)
    assert shop.get("/api/orders").headers["Retry-After"] == "839"


def test_reference_lists_are_for_once_a_day(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(call_limits=True)
    assert shop.get("/api/shipping/carriers").status_code == 200
    assert shop.get("/api/shipping/carriers").headers["Retry-After"] == "86400"
    assert shop.get("/api/shipping/types").status_code == 200  # another operation has its own count


def test_the_stricter_of_two_windows_counts(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(call_limits=True)
    for _ in range(3):
        assert all(shop.get("/api/sellerpayment/transactions_logs").status_code == 200 for _ in range(20))
        sandbox.advance(60)
    answer = shop.get("/api/sellerpayment/transactions_logs")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(3600 - 180))


def test_writes_at_each_event_have_no_frequency(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(call_limits=True)
    orders = [sandbox.add_order(lines=LINES) for _ in range(3)]
    assert [shop.accept(order_id).status_code for order_id in orders] == [204, 204, 204]


def test_a_refused_call_leaves_the_state_and_is_not_counted(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.set_call_frequency("OR21", 1, 60)
    first, second = (sandbox.add_order(lines=LINES) for _ in range(2))
    assert shop.accept(first).status_code == 204
    sandbox.advance(30)
    assert shop.accept(second).headers["Retry-After"] == "30"
    assert shop.order(second)["order_state"] == "WAITING_ACCEPTANCE"
    sandbox.advance(30)
    assert shop.accept(second).status_code == 204


def test_the_general_quota_counts_every_call_of_an_operation_per_hour(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(calls_per_hour=2)
    assert [shop.get("/api/orders", offset=1).status_code for _ in range(3)] == [200, 200, 429]
    assert shop.get("/api/offers").status_code == 200


def test_a_planned_429_has_the_platforms_form(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.faults.add(Fault(kind="rate_limit", operation="OR11", seconds=17))
    answer = shop.get("/api/orders")
    assert (refusal(answer), answer.headers["Retry-After"]) == ((429, "Too many requests"), "17")
