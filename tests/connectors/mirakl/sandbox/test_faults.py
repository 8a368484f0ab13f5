"""Planned misbehaviour: what the caller cannot know has nevertheless happened, or not, or not yet."""

import pytest
import requests

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxkit import Fault
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refund_entry


@pytest.fixture
def order_id(sandbox: MiraklSandbox) -> str:
    return sandbox.add_order(lines=LINES, advance_to="SHIPPING")


def test_an_answer_lost_on_the_way_leaves_the_effect(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.faults.add(Fault(kind="drop_after", operation="OR28"))
    with pytest.raises(requests.ConnectionError):
        shop.refund(refund_entry(f"{order_id}-1", "10.00"))
    assert len(shop.order(order_id)["order_lines"][0]["refunds"]) == 1
    shop.refund(refund_entry(f"{order_id}-1", "10.00"))  # whoever repeats blindly refunds twice
    assert len(shop.order(order_id)["order_lines"][0]["refunds"]) == 2


def test_a_call_lost_on_the_way_leaves_nothing(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.faults.add(Fault(kind="drop_before", operation="OR24"))
    with pytest.raises(requests.ConnectionError):
        shop.put(f"/api/orders/{order_id}/ship")
    assert shop.order(order_id)["order_state"] == "SHIPPING"


def test_a_late_call_takes_effect_when_nobody_expects_it_any_more(
    sandbox: MiraklSandbox, shop: Shop, order_id: str
) -> None:
    sandbox.faults.add(Fault(kind="late", operation="OR24", seconds=45))
    with pytest.raises(requests.ConnectionError):
        shop.put(f"/api/orders/{order_id}/ship")
    sandbox.advance(44)
    assert shop.order(order_id)["order_state"] == "SHIPPING"
    sandbox.advance(1)
    order = shop.order(order_id)
    assert (order["order_state"], order["last_updated_date"]) == ("SHIPPED", "2026-03-02T09:00:45Z")


def test_a_late_call_finds_the_order_as_it_then_is(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.faults.add(Fault(kind="late", operation="OR24", seconds=45))
    with pytest.raises(requests.ConnectionError):
        shop.put(f"/api/orders/{order_id}/ship")
    sandbox.cancel_order(order_id, reason_code="16")
    sandbox.advance(45)
    assert shop.order(order_id)["order_state"] == "CLOSED"


@pytest.mark.parametrize(("kind", "state"), [("status_before", "SHIPPING"), ("status_after", "SHIPPED")])
def test_a_5xx_says_nothing_about_the_effect(
    sandbox: MiraklSandbox, shop: Shop, order_id: str, kind: str, state: str
) -> None:
    sandbox.faults.add(Fault(kind=kind, operation="OR24", status=503))
    assert shop.put(f"/api/orders/{order_id}/ship").status_code == 503
    assert shop.order(order_id)["order_state"] == state


def test_half_an_answer_is_no_json(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.faults.add(Fault(kind="malformed", operation="ST01"))
    parcel = {
        "order_id": order_id,
        "shipped": True,
        "shipment_lines": [{"order_line_id": f"{order_id}-1", "quantity": 1}],
    }
    answer = shop.session.post(f"{sandbox.base_url}/api/shipments", json={"shipments": [parcel]}, timeout=10)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert len(sandbox.market.shipments) == 1


def test_a_fault_hits_its_own_operation_after_those_it_lets_pass(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.faults.add(Fault(kind="status_before", operation="OR11", skip=1, times=1))
    assert shop.get("/api/account").status_code == 200
    assert [shop.session.get(f"{sandbox.base_url}/api/orders", timeout=10).status_code for _ in range(3)] == [
        200,
        503,
        200,
    ]


def test_the_journal_tells_every_call_with_its_operation(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    shop.put(f"/api/orders/{order_id}/ship")
    shop.get("/api/orders/none/of/this")
    assert [(entry.operation, entry.status) for entry in sandbox.journal.entries()] == [("OR24", 204), ("unknown", 404)]
