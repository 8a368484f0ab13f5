"""The operator's hand over HTTP, and what it refuses."""

from typing import Any

import pytest
import requests

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.mirakl.sandbox.control import CONTROLS
from tests.connectors.mirakl.sandbox.api import LINES, Shop


def control(sandbox: MiraklSandbox, name: str, **payload: Any) -> requests.Response:
    return requests.post(f"{sandbox.base_url}/_control/{name}", json=payload, timeout=10)


def test_an_order_lives_its_life_by_control_calls(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(debit_request_seconds=None, received_after_seconds=None)
    order_id = control(sandbox, "add-order", lines=LINES, staged=True, country="FRA").json()["result"]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("approve-scoring", {}),
        ("advance-order", {"to": "WAITING_DEBIT"}),
        ("request-debit", {}),
        ("confirm-debit", {}),
        ("advance-order", {"to": "SHIPPED"}),
        ("mark-received", {}),
        ("mark-closed", {}),
    ]
    seen = []
    for name, payload in steps:
        assert control(sandbox, name, order_id=order_id, **payload).status_code == 200
        seen.append(shop.order(order_id)["order_state"])
    assert seen == [
        "WAITING_ACCEPTANCE",
        "WAITING_DEBIT",
        "WAITING_DEBIT_PAYMENT",
        "SHIPPING",
        "SHIPPED",
        "RECEIVED",
        "CLOSED",
    ]


def test_control_calls_need_no_key_and_are_no_part_of_the_platform(sandbox: MiraklSandbox) -> None:
    assert requests.get(f"{sandbox.base_url}/_control/credentials", timeout=10).json() == {
        "api_key": sandbox.api_key,
        "shop_id": "2001",
    }
    assert sandbox.journal.entries() == []


def test_the_clock_is_moved_over_http(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    control(sandbox, "clock", seconds=86_400)
    assert shop.order(order_id)["order_state"] == "REFUSED"


@pytest.mark.parametrize(
    ("name", "payload", "status"),
    [
        ("dance", {}, 404),
        ("market", {}, 404),
        ("confirm-debit", {"order_id": "MKT-404-A"}, 404),
        ("confirm-debit", {}, 400),
        ("change-settings", {"colour": "red"}, 400),
        ("change-settings", {"payment_workflow": "CASH"}, 400),
        ("advance-order", {"order_id": "{order_id}", "to": "HEAVEN"}, 400),
        ("set-carriers", {"carriers": [{"name": "UPS"}]}, 400),
    ],
)
def test_a_control_call_that_makes_no_sense_is_told_so(
    sandbox: MiraklSandbox, name: str, payload: dict[str, Any], status: int
) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sent = {
        key: value.replace("{order_id}", order_id) if isinstance(value, str) else value
        for key, value in payload.items()
    }
    answer = control(sandbox, name, **sent)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


def test_settings_change_all_or_none(sandbox: MiraklSandbox) -> None:
    with pytest.raises(ValueError, match="order_tax_mode is one of"):
        sandbox.change_settings(multi_shipment=False, order_tax_mode="NET")
    assert sandbox.market.settings.multi_shipment is True


def test_an_order_number_is_given_once(sandbox: MiraklSandbox, shop: Shop) -> None:
    assert sandbox.add_order(lines=LINES, commercial_id="MKT-9") == "MKT-9-A"
    with pytest.raises(ValueError, match="MKT-9-A exists already"):
        sandbox.add_order(lines=LINES, commercial_id="MKT-9")
    assert sandbox.add_order(lines=LINES, commercial_id="MKT-9", suffix="B") == "MKT-9-B"
    assert shop.ids() == ["MKT-9-A", "MKT-9-B"]


def test_a_customer_may_be_given_in_part(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(
        lines=LINES,
        country="SWE",
        customer={"firstname": "Alice", "shipping_address": {"firstname": "Alice", "zip_code": None}},
        advance_to="SHIPPING",
    )
    customer = shop.order(order_id)["customer"]
    assert (customer["firstname"], customer["shipping_address"]["firstname"]) == ("Alice", "Alice")
    assert customer["shipping_address"]["zip_code"] is None
    assert customer["billing_address"]["country_iso_code"] == "SWE"


def test_without_lines_the_basket_comes_from_the_offers_and_takes_their_stock(
    sandbox: MiraklSandbox, shop: Shop
) -> None:
    with pytest.raises(ValueError, match="The shop has no offers"):
        sandbox.add_order()
    sandbox.load_offers()
    before = {sku: offer.quantity for sku, offer in sandbox.market.offers.items()}
    lines = shop.order(sandbox.add_order())["order_lines"]
    taken = {line["offer_sku"]: line["quantity"] for line in lines}
    after = {sku: offer.quantity for sku, offer in sandbox.market.offers.items()}
    assert {sku: before[sku] - after[sku] for sku in before if before[sku] != after[sku]} == taken


def test_every_control_call_is_a_public_method_with_a_docstring_or_a_telling_name() -> None:
    assert {"add_order", "load_shop", "close_billing_cycle", "set_reasons"} <= CONTROLS
    assert all(callable(getattr(MiraklSandbox, name)) for name in CONTROLS)
