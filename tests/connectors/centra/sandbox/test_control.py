"""POST /_control/<name>: the Python methods, with JSON in and out."""

from typing import Any

import pytest
import requests

from connectors.centra.sandbox import CentraSandbox
from tests.connectors.centra.sandbox.api import Api


def control(sandbox: CentraSandbox, name: str, **values: Any) -> requests.Response:
    return requests.post(f"{sandbox.base_url}/_control/{name}", json=values, timeout=5)


def test_a_day_at_the_back_office(api: Api, sandbox: CentraSandbox) -> None:
    sku = control(sandbox, "add_product", product_number="HAT", sizes={"-OS": 4}, prices={"GBP": "25.00"}).json()[
        "result"
    ]
    assert sku == ["HAT-OS"]
    control(sandbox, "set_stock", sku="HAT-OS", quantity=9).raise_for_status()
    number = api.placed({"sku": "HAT-OS", "qty": 2}, comment="A-1")
    control(sandbox, "confirm_order", number=number).raise_for_status()
    shipped = control(sandbox, "ship_order", number=number, lines={"HAT-OS": 1}, carrier="DHL", tracking="T1").json()
    found = control(sandbox, "orders", reference="A-1").json()["orders"]

    assert (shipped["number"], shipped["tracking"]) == (f"{number}-1", "T1")
    assert (found[0]["number"], found[0]["status"], found[0]["grand_total"]) == (number, "PROCESSING", "50.00")
    assert control(sandbox, "stock", sku="HAT-OS").json()["result"]["physical"] == 8


def test_what_staff_may_not_do_is_refused_in_words(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))

    answer = control(sandbox, "ship_order", number=number)

    assert answer.status_code == 400
    assert "must be confirmed" in answer.json()["error"]
    assert sandbox.order(number).shipments == []


def test_staff_hold_edit_and_cancel(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 2, "10.00"))
    for name, values in (
        ("hold_order", {"reason": "WAITING_FOR_FRAUD_CHECK"}),
        ("edit_order", {"comment": "rewritten"}),
        ("cancel_line", {"sku": "COAT-S", "quantity": 1}),
        ("release_order", {}),
        ("cancel_order", {}),
    ):
        control(sandbox, name, number=number, **values).raise_for_status()

    order = sandbox.order(number)
    assert (order.status, order.other_comment, order.is_on_hold) == ("CANCELLED", "rewritten", False)


@pytest.mark.parametrize(
    ("name", "values", "status"),
    [
        ("configure", {"auto_conform": True}, 400),
        ("configure", {"capture": "sometimes"}, 400),
        ("configure", {"auto_confirm": "yes", "allow_order_create": False}, 400),
        ("nonsense", {}, 404),
        ("set_stock", {"sku": "NOBODY", "quantity": 1}, 404),
        ("hold_order", {"number": 1, "reason": "BOREDOM"}, 400),
    ],
)
def test_a_call_that_does_not_fit_sets_nothing(
    sandbox: CentraSandbox, name: str, values: dict[str, Any], status: int
) -> None:
    assert control(sandbox, name, **values).status_code == status
    assert sandbox.switches.allow_order_create is True


def test_switches_limits_tokens_and_webhooks_are_set_over_http(api: Api, sandbox: CentraSandbox) -> None:
    for name, values in (
        ("configure", {"auto_confirm": True, "charge_difference": "0.01"}),
        ("set_limits", {"REQUEST_COUNT/TEN_SECONDS": 5}),
        ("add_token", {"secret": "erp", "integration": "erp", "permissions": ["Order:read"]}),
        ("forbid", {"secret": "erp", "permissions": ["Order:read"]}),
        ("configure_webhooks", {"url": "http://127.0.0.1:9/", "retries": 2}),
        ("deprecate", {"path": "Order.userIP", "note": "gone in 2027"}),
        ("load_catalogue", {"seed": 3, "stock": 5}),
    ):
        control(sandbox, name, **values).raise_for_status()

    assert api.order(api.placed(("COAT-S", 1, "10.00")))["grandTotal"]["value"] == 10.01
    assert sandbox.limits.state()[0].quota == 5
    assert sandbox.tokens.get("erp").permissions == frozenset()
    assert sandbox.webhooks.settings.retries == 2
    assert len(sandbox.shop.sizes) > 300


def test_the_clock_is_moved_and_the_credentials_are_told(sandbox: CentraSandbox) -> None:
    assert control(sandbox, "clock", seconds=60).json() == {"now": "2026-03-02T09:01:00+00:00"}
    told = requests.get(f"{sandbox.base_url}/_control/credentials", timeout=5).json()
    assert set(told) == {"token", "order_api_key", "order_api_path", "webhook_secret"}
    assert told["order_api_path"] == "/api/hub"


def test_a_person_can_rename_or_unname_an_order(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    sandbox.shop.orders.name_externally(number, sandbox.order(number).external_ids, "hub", "A-1", [])

    control(sandbox, "edit_order", number=number, external_id="").raise_for_status()

    assert sandbox.order(number).external_ids == {}
    assert sandbox.shop.orders.by_external("hub", "A-1") is None
