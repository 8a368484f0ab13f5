"""OR21 and the acceptance window: every line decided once, or the platform decides."""

from typing import Any

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop


def states_of(order: dict[str, Any]) -> list[str]:
    return [order["order_state"], *(line["order_line_state"] for line in order["order_lines"])]


def decide(shop: Shop, order_id: str, lines: Any) -> tuple[int, str]:
    answer = shop.put(f"/api/orders/{order_id}/accept", {"order_lines": lines})
    body: dict[str, Any] = answer.json() if answer.content else {"code": "", "status": 204}
    assert body["status"] == answer.status_code
    return answer.status_code, body.get("code", "")


def test_an_accepted_order_goes_on_with_the_time_of_the_decision(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sandbox.advance(1860)
    assert shop.accept(order_id, True, True).status_code == 204
    order = shop.order(order_id)
    assert states_of(order) == ["WAITING_DEBIT"] * 3
    assert order["acceptance_decision_date"] == "2026-03-02T09:31:00Z"


def test_refused_lines_stay_on_the_order_with_their_own_state(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    assert shop.accept(order_id, True, False).status_code == 204
    assert states_of(shop.order(order_id)) == ["WAITING_DEBIT", "WAITING_DEBIT", "REFUSED"]


def test_an_order_whose_every_line_is_refused_is_refused(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    shop.accept(order_id, False, False)
    order = shop.order(order_id)
    assert states_of(order) == ["REFUSED"] * 3
    assert order["acceptance_decision_date"] == "2026-03-02T09:00:00Z"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("1", True)], (400, "ORDER_LINE_ACCEPTANCE_DECISION_MISSING")),
        ([], (400, "ORDER_LINE_ACCEPTANCE_DECISION_MISSING")),
        ([("1", True), ("2", True), ("2", True)], (400, "ORDER_LINE_DUPLICATE_ID")),
        ([("1", True), ("3", True)], (404, "ORDER_LINE_NOT_FOUND")),
        ([("1", True), ("2", None)], (400, "VALIDATION_ERROR")),
        ([("1", True), None], (400, "ORDER_LINE_NULL_ELEMENT")),
    ],
)
def test_an_incomplete_decision_is_refused_whole(
    sandbox: MiraklSandbox, shop: Shop, lines: list[Any], expected: tuple[int, str]
) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sent = [None if each is None else {"id": f"{order_id}-{each[0]}", "accepted": each[1]} for each in lines]
    assert decide(shop, order_id, sent) == expected
    assert states_of(shop.order(order_id)) == ["WAITING_ACCEPTANCE"] * 3


@pytest.mark.parametrize("accepted", ["true", 1])
def test_a_decision_that_is_no_boolean_is_refused(sandbox: MiraklSandbox, shop: Shop, accepted: object) -> None:
    order_id = sandbox.add_order(lines=LINES[:1])
    answer = shop.put(
        f"/api/orders/{order_id}/accept", {"order_lines": [{"id": f"{order_id}-1", "accepted": accepted}]}
    )
    assert answer.json()["message"] == "Error with field accepted. Please check the field datatype."


def test_a_second_decision_finds_the_order_past_acceptance(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    shop.accept(order_id)
    answer = shop.accept(order_id, False, False)
    assert (answer.status_code, answer.json()["code"]) == (400, "ORDER_INVALID_STATE")
    assert shop.order(order_id)["order_state"] == "WAITING_DEBIT"


def test_an_unknown_order_is_404_with_a_code(shop: Shop) -> None:
    assert decide(shop, "MKT-404-A", [{"id": "x", "accepted": True}]) == (404, "ORDER_NOT_FOUND")


def test_deciding_line_by_line_may_be_disabled(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(partial_acceptance=False)
    order_id = sandbox.add_order(lines=LINES)
    answer = shop.accept(order_id, True, False)
    assert (answer.status_code, answer.json()["code"]) == (400, "ORDER_PARTIAL_ACCEPTANCE_DISABLED")
    assert shop.order(order_id)["order_state"] == "WAITING_ACCEPTANCE"
    assert shop.accept(order_id, False, False).status_code == 204


def test_an_order_of_another_fulfilment_center_is_not_ours_to_accept(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, fulfillment_center="FC-1")
    answer = shop.accept(order_id)
    assert (answer.status_code, answer.json()["code"]) == (400, "ORDER_FULFILLED_UNAUTHORIZED")


# --- the window -----------------------------------------------------------------------------------------------------
def test_an_order_nobody_decided_lapses_and_shows_no_decision_date(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sandbox.advance(86_399)
    assert shop.order(order_id)["order_state"] == "WAITING_ACCEPTANCE"
    sandbox.advance(1)
    order = shop.order(order_id)
    assert states_of(order) == ["REFUSED"] * 3
    assert order["acceptance_decision_date"] is None
    assert order["last_updated_date"] == "2026-03-03T09:00:00Z"


def test_a_lapse_carries_the_moment_it_fell_due_however_late_the_clock_is_read(
    sandbox: MiraklSandbox, shop: Shop
) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sandbox.advance(7 * 86_400)
    assert shop.order(order_id)["last_updated_date"] == "2026-03-03T09:00:00Z"


def test_a_decision_after_the_lapse_is_refused(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sandbox.advance(86_400)
    assert shop.accept(order_id).json()["code"] == "ORDER_INVALID_STATE"
    assert shop.order(order_id)["order_state"] == "REFUSED"


def test_a_decided_order_does_not_lapse(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(debit_request_seconds=None)
    order_id = sandbox.add_order(lines=LINES)
    shop.accept(order_id)
    sandbox.advance(86_400)
    assert shop.order(order_id)["order_state"] == "WAITING_DEBIT"


def test_a_refusal_may_zero_the_offers_stock(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(zero_stock_on_refusal=True)
    sandbox.load_offers()
    sku = next(iter(sandbox.market.offers))
    sandbox.set_offer_quantity(sku, 9)
    order_id = sandbox.add_order(lines=[{"sku": sku, "quantity": 2}])
    assert shop.get("/api/offers", sku=sku).json()["offers"][0]["quantity"] == 7
    shop.accept(order_id, False)
    assert shop.get("/api/offers", sku=sku).json()["offers"][0]["quantity"] == 0


# --- before and without acceptance ----------------------------------------------------------------------------------
def test_an_order_under_scoring_waits_for_the_operator(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, staged=True)
    assert states_of(shop.order(order_id)) == ["STAGING"] * 3
    assert shop.accept(order_id).json()["code"] == "ORDER_INVALID_STATE"
    sandbox.advance(30 * 86_400)
    assert shop.order(order_id)["order_state"] == "STAGING"
    sandbox.approve_scoring(order_id)
    assert states_of(shop.order(order_id)) == ["WAITING_ACCEPTANCE"] * 3


def test_the_window_opens_when_scoring_ends(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(scoring_seconds=600)
    order_id = sandbox.add_order(lines=LINES, staged=True)
    sandbox.advance(600 + 86_399)
    assert shop.order(order_id)["order_state"] == "WAITING_ACCEPTANCE"
    sandbox.advance(1)
    assert shop.order(order_id)["order_state"] == "REFUSED"


@pytest.mark.parametrize(
    "settings",
    [{"order_acceptance": "AUTOMATIC"}, {"order_acceptance": "BOTH", "automatic_acceptance": True}],
)
def test_automatic_acceptance_needs_no_decision_and_shows_none(
    sandbox: MiraklSandbox, shop: Shop, settings: dict[str, Any]
) -> None:
    sandbox.change_settings(**settings)
    order = shop.order(sandbox.add_order(lines=LINES))
    assert (order["order_state"], order["acceptance_decision_date"]) == ("WAITING_DEBIT", None)


def test_where_both_are_possible_the_shops_choice_counts(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(order_acceptance="BOTH")
    assert shop.order(sandbox.add_order(lines=LINES))["order_state"] == "WAITING_ACCEPTANCE"


# --- what the shop may see ------------------------------------------------------------------------------------------
def addresses(shop: Shop, order_id: str) -> list[bool]:
    customer = shop.order(order_id)["customer"]
    return [customer["billing_address"] is not None, customer["shipping_address"] is not None]


@pytest.mark.parametrize(
    ("visible_from", "seen"),
    [
        ("SHIPPING", [False, False, True]),
        ("ACCEPTANCE", [False, True, True]),
        ("CREATION", [True, True, True]),
    ],
)
def test_addresses_are_null_until_the_operator_lets_the_shop_see_them(
    sandbox: MiraklSandbox, shop: Shop, visible_from: str, seen: list[bool]
) -> None:
    sandbox.change_settings(addresses_visible_from=visible_from)
    order_id = sandbox.add_order(lines=LINES, country="SWE")
    shown = []
    for state in ("WAITING_ACCEPTANCE", "WAITING_DEBIT", "SHIPPING"):
        sandbox.advance_order(order_id, state)
        billing, shipping = addresses(shop, order_id)
        assert billing == shipping
        shown.append(billing)
    assert shown == seen
    assert shop.order(order_id)["customer"]["shipping_address"]["country_iso_code"] == "SWE"


def test_an_order_that_lapsed_never_shows_the_addresses(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sandbox.advance(86_400)
    assert addresses(shop, order_id) == [False, False]


def test_the_customers_own_address_for_mail_is_never_given(sandbox: MiraklSandbox, shop: Shop) -> None:
    order = shop.order(sandbox.add_order(lines=LINES, advance_to="SHIPPING"))
    assert order["customer_notification_email"].endswith("@notification.mirakl.net")
    assert shop.order(sandbox.add_order(lines=LINES, notification_email=None))["customer_notification_email"] is None


def test_empty_optional_fields_are_there_as_null(sandbox: MiraklSandbox, shop: Shop) -> None:
    order = shop.order(sandbox.add_order(lines=LINES, channel=None))
    nulls = ("channel", "customer_debited_date", "shipping_deadline", "shipping_tracking", "order_state_reason_code")
    assert [order[name] for name in nulls] == [None] * 5
    assert order["order_lines"][0]["shipped_date"] is None
