"""Returns: restocked when created, completed, taken back, deleted, refunded."""

from typing import Any

import pytest

from connectors.centra.sandbox import CentraSandbox
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import Api

COAT = ("COAT-S", 4, "50.00")
CAPTURED = {"auth": {"status": 1, "transaction": "A-1"}, "capture": {"status": 1, "transaction": "A-1"}}
CREATE = """
mutation Create($input: ReturnCreateInput!) {
  createReturn(input: $input) {
    return { id returnStatus grandTotal { value } returnedToStock returnWarehouse { id } }
    userErrors { message path } userWarnings { message path }
  }
}
"""
RELEASE = {"releaseItemsBackToWarehouse": True}


def simple(name: str) -> str:
    payload = "return { id returnStatus } userErrors { message path } userWarnings { message }"
    return f"mutation M($id: Int!) {{ {name}(id: $id) {{ {payload} }} }}"


@pytest.fixture
def shipment(api: Api, sandbox: CentraSandbox) -> dict[str, Any]:
    number = api.confirmed(COAT, shippingValue="5.00", payment=CAPTURED)
    sandbox.ship_order(number)
    found: dict[str, Any] = api.order(number)["shipments"][0]
    return found


def back(shipment: dict[str, Any], quantity: int) -> list[dict[str, Any]]:
    return [{"shipmentLine": {"id": shipment["lines"][0]["id"]}, "quantity": quantity}]


def test_a_return_restocks_at_creation_and_is_completed_once(
    api: Api, sandbox: CentraSandbox, shipment: dict[str, Any]
) -> None:
    assert sandbox.stock("COAT-S")["physical"] == 6
    made = api.done(operations.NEW_RETURN, ship=shipment["id"], lines=back(shipment, 1), ext="R-1")["return"]

    assert (made["returnStatus"], made["grandTotal"]["value"]) == ("PENDING", 50.0)
    assert made["lines"][0]["orderLine"]["returnedQuantity"] == 1
    assert sandbox.stock("COAT-S") == {"physical": 7, "free": 7, "allocated": 0, "demand": 0, "publishable": 7}
    done = api.done(operations.FINISH_RETURN, id=made["id"])["return"]
    assert done == {"id": made["id"], "returnStatus": "COMPLETED"}
    assert "already completed" in api.refused(operations.FINISH_RETURN, id=made["id"])
    (found,) = api.ask(operations.RETURNS_SINCE, since="-1 hour", page=1)["returns"]
    assert (found["externalId"], found["shipment"]["number"]) == ("R-1", shipment["number"])


def test_no_more_comes_back_than_left(api: Api, sandbox: CentraSandbox, shipment: dict[str, Any]) -> None:
    api.done(operations.NEW_RETURN, ship=shipment["id"], lines=back(shipment, 3), ext=None)

    assert "Only 1 units" in api.refused(operations.NEW_RETURN, ship=shipment["id"], lines=back(shipment, 2), ext=None)
    assert sandbox.stock("COAT-S")["physical"] == 9


def test_nothing_comes_back_of_what_has_not_left(api: Api) -> None:
    number = api.confirmed(COAT)
    line = {"orderLine": {"id": api.order(number)["lines"][0]["id"]}, "quantity": 4}
    open_shipment = api.done(operations.SHIP_1, number=number, lines=[line], ext=None)["shipment"]

    assert "is not shipped" in api.refused(
        operations.NEW_RETURN, ship=open_shipment["id"], lines=back(open_shipment, 1), ext=None
    )


def test_a_line_of_another_shipment_is_not_found(api: Api, shipment: dict[str, Any]) -> None:
    lines = [{"shipmentLine": {"id": 999}, "quantity": 1}]

    assert api.refused(operations.NEW_RETURN, ship=shipment["id"], lines=lines, ext=None) == (
        "Could not find ShipmentLine with ID 999"
    )


@pytest.mark.parametrize(
    ("policy", "main", "boutique"),
    [(RELEASE, 7, 0), ({"sendItemsToDifferentWarehouse": {"id": 2}}, 6, 1), ({"removeItemsFromStock": True}, 6, 0)],
)
def test_the_stock_policy_decides_where_returned_units_go(
    api: Api, sandbox: CentraSandbox, shipment: dict[str, Any], policy: dict[str, Any], main: int, boutique: int
) -> None:
    given = {"shipment": {"id": shipment["id"]}, "lines": back(shipment, 1), "returnStockActionPolicy": policy}
    made = api.done(CREATE, input=given)["return"]

    assert (sandbox.stock("COAT-S", warehouse=1)["physical"], sandbox.stock("COAT-S", warehouse=2)["physical"]) == (
        main,
        boutique,
    )
    assert made["returnedToStock"] is ("removeItemsFromStock" not in policy)


def test_shipping_is_refunded_up_to_what_remains(api: Api, shipment: dict[str, Any]) -> None:
    given = {"shipment": {"id": shipment["id"]}, "lines": back(shipment, 1), "returnStockActionPolicy": RELEASE}
    too_much = {"value": {"value": 5.01, "currencyIsoCode": "GBP"}}

    assert "more than what remains" in api.refused(CREATE, input={**given, "shippingCost": too_much})
    with_shipping = api.done(CREATE, input={**given, "shippingCost": {"fromShipment": True}})["return"]
    without = api.done(CREATE, input={**given, "shippingCost": {"fromShipment": True}})["return"]
    assert (with_shipping["grandTotal"], without["grandTotal"]) == ({"value": 55.0}, {"value": 50.0})


def test_a_return_is_taken_back_and_deleted_and_its_stock_with_it(
    api: Api, sandbox: CentraSandbox, shipment: dict[str, Any]
) -> None:
    made = api.done(operations.NEW_RETURN, ship=shipment["id"], lines=back(shipment, 2), ext=None)["return"]["id"]
    api.done(operations.FINISH_RETURN, id=made)

    assert "is completed" in api.refused(simple("deleteReturn"), id=made)
    assert api.done(simple("uncompleteReturn"), id=made)["return"]["returnStatus"] == "PENDING"
    api.done(simple("deleteReturn"), id=made)

    assert sandbox.stock("COAT-S")["physical"] == 6
    assert api.order(10_001)["lines"][0]["quantity"] == 4
    assert sandbox.order(10_001).lines[0].returned_quantity == 0
    assert api.ask(operations.RETURNS_SINCE, since="-1 hour", page=1)["returns"] == []


def test_a_return_whose_units_are_sold_again_is_not_deleted(
    api: Api, sandbox: CentraSandbox, shipment: dict[str, Any]
) -> None:
    made = api.done(operations.NEW_RETURN, ship=shipment["id"], lines=back(shipment, 2), ext=None)["return"]["id"]
    api.placed(("COAT-S", 7, "10.00"))

    assert "no longer in stock" in api.refused(simple("deleteReturn"), id=made)
    assert sandbox.stock("COAT-S")["physical"] == 8


def test_a_refund_completes_the_return_and_happens_once(api: Api, shipment: dict[str, Any]) -> None:
    made = api.done(operations.NEW_RETURN, ship=shipment["id"], lines=back(shipment, 1), ext=None)["return"]["id"]

    payload = api.done(operations.REFUND, id=made)

    assert payload["paymentHistoryEntries"] == [{"entryType": "REFUND", "status": "SUCCESS", "value": {"value": 50.0}}]
    assert "already refunded" in api.refused(operations.REFUND, id=made)
    assert "already completed" in api.refused(operations.FINISH_RETURN, id=made)


def test_a_failed_refund_leaves_the_return_open_and_a_failed_entry(
    api: Api, sandbox: CentraSandbox, shipment: dict[str, Any]
) -> None:
    sandbox.configure(refund="fail")
    made = api.done(operations.NEW_RETURN, ship=shipment["id"], lines=back(shipment, 1), ext=None)["return"]["id"]

    assert "failed" in api.refused(operations.REFUND, id=made)
    assert api.order(10_001)["paymentHistory"][-1]["status"] == "FAILED"
    api.done(operations.FINISH_RETURN, id=made)


def test_nothing_is_refunded_that_was_not_captured(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    sandbox.ship_order(number)
    unpaid = api.order(number)["shipments"][0]
    made = api.done(operations.NEW_RETURN, ship=unpaid["id"], lines=back(unpaid, 1), ext=None)["return"]["id"]

    assert "not enough was captured" in api.refused(operations.REFUND, id=made)
