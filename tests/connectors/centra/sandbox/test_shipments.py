"""Shipments: created from allocated units, captured or marked paid, completed, deleted; the order follows."""

from typing import Any

import pytest

from connectors.centra.sandbox import CentraSandbox
from connectors.centra.sandbox.refusals import RefusedError
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import Api

COAT = ("COAT-S", 4, "50.00")
PAID = {"auth": {"status": 1, "transaction": "A-1"}}
INFO = {"carrier": "DHL", "service": "Parcel Connect", "trackingNumber": "T-1", "packagesNumber": 2}
AT = "2026-03-02T09:30:00+01:00"

CREATE = """
mutation Create($input: ShipmentCreateInput!) {
  createShipment(input: $input) {
    shipment { id number isGoodToGo isPaid isCaptured isShipped lines { id quantity } }
    userErrors { message path } userWarnings { message path }
  }
}
"""
UPDATE = """
mutation Update($id: Int!, $input: ShipmentUpdateInput!) {
  updateShipment(id: $id, input: $input) {
    shipment { id isPaid isGoodToGo externalId trackingNumber order { status } }
    userErrors { message path } userWarnings { message path }
  }
}
"""
DELETE = """
mutation Delete($id: Int!) {
  deleteShipment(id: $id) { shipment { number } userErrors { message path } userWarnings { message path } }
}
"""


def lines(api: Api, number: int, *quantities: int) -> list[dict[str, Any]]:
    held = api.order(number)["lines"]
    return [{"orderLine": {"id": line["id"]}, "quantity": units} for line, units in zip(held, quantities, strict=False)]


def shipped(api: Api, number: int, quantity: int) -> int:
    made = api.done(operations.SHIP_1, number=number, lines=lines(api, number, quantity), ext=None)["shipment"]["id"]
    api.done(operations.SHIP_2, id=made, at=AT, info=INFO)
    return int(made)


def test_an_order_goes_from_confirmed_over_processing_to_shipped(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)

    first = api.done(operations.SHIP_1, number=number, lines=lines(api, number, 3), ext="S-1")["shipment"]
    assert first["number"] == f"{number}-1"
    assert api.order(number)["status"] == "PROCESSING"
    assert sandbox.stock("COAT-S") == {"physical": 10, "free": 6, "allocated": 4, "demand": 0, "publishable": 6}
    done = api.done(operations.SHIP_2, id=first["id"], at=AT, info=INFO)["shipment"]
    assert done == {
        "id": first["id"],
        "number": f"{number}-1",
        "isShipped": True,
        "shippedAt": AT,
        "trackingNumber": "T-1",
        "order": {"number": number, "status": "PROCESSING"},
    }
    assert sandbox.stock("COAT-S") == {"physical": 7, "free": 6, "allocated": 1, "demand": 0, "publishable": 6}
    shipped(api, number, 1)

    order = api.order(number)
    assert order["status"] == "SHIPPED"
    assert [item["number"] for item in order["shipments"]] == [f"{number}-1", f"{number}-2"]
    assert sandbox.stock("COAT-S") == {"physical": 6, "free": 6, "allocated": 0, "demand": 0, "publishable": 6}


def test_shipped_shipments_are_listed_with_carrier_tracking_and_lines(api: Api) -> None:
    number = api.confirmed(COAT)
    api.done(operations.TAG_IMPORTED, number=number, ext="A-1")
    made = shipped(api, number, 4)

    (found,) = api.ask(operations.SHIPPED_SINCE, since="-1 hour", page=1)["shipments"]

    assert found["id"] == made
    assert found["carrierInformation"] == {"carrierName": "DHL", "serviceName": "Parcel Connect"}
    assert (found["trackingNumber"], found["numberOfPackages"], found["shippedAt"]) == ("T-1", 2, AT)
    assert found["lines"][0]["quantity"] == 4
    assert found["lines"][0]["orderLine"]["productSize"] == {"SKU": "COAT-S", "EAN": "9520000000011"}
    assert found["order"]["externalId"] == "A-1"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("pending", "must be confirmed"),
        ("held", "is on hold"),
        ("shipped", 'is "SHIPPED"'),
        ("cancelled", 'it is "CANCELLED"'),
    ],
)
def test_only_confirmed_orders_that_are_not_held_are_shipped(
    api: Api, sandbox: CentraSandbox, state: str, words: str
) -> None:
    number = api.placed(COAT) if state == "pending" else api.confirmed(COAT)
    match state:
        case "held":
            sandbox.hold_order(number)
        case "shipped":
            shipped(api, number, 4)
        case "cancelled":
            sandbox.cancel_order(number)
    before = (api.order(number), sandbox.stock("COAT-S"))

    message = api.refused(operations.SHIP_1, number=number, lines=lines(api, number, 1), ext=None)

    assert words in message
    assert (api.order(number), sandbox.stock("COAT-S")) == before


def test_a_line_is_not_shipped_twice(api: Api) -> None:
    number = api.confirmed(COAT, ("SCARF", 1, "20.00"))
    api.done(operations.SHIP_1, number=number, lines=lines(api, number, 4), ext=None)

    assert "already fully shipped" in api.refused(
        operations.SHIP_1, number=number, lines=lines(api, number, 1), ext=None
    )
    assert len(api.order(number)["shipments"]) == 1


@pytest.mark.parametrize(("quantities", "words"), [((5,), "Only 4"), ((0,), "at least 1")])
def test_no_more_than_is_open_is_shipped(api: Api, quantities: tuple[int, ...], words: str) -> None:
    number = api.confirmed(COAT)

    assert words in api.refused(operations.SHIP_1, number=number, lines=lines(api, number, *quantities), ext=None)
    assert api.order(number)["status"] == "CONFIRMED"


def test_only_allocated_units_are_shipped_unless_demand_is_allocated_in_passing(
    api: Api, sandbox: CentraSandbox
) -> None:
    number = api.confirmed(("SCARF", 5, "10.00"), forceCreate=True)
    given = {"order": {"number": number}, "lines": lines(api, number, 5), "isGoodToGo": True, "isPaid": True}

    assert "Only 3 units" in api.refused(CREATE, input=given)
    assert "Only 3 units" in api.refused(CREATE, input={**given, "allocateDemand": True})
    sandbox.set_stock("SCARF", 5)
    assert "Only 3 units" in api.refused(CREATE, input=given)
    api.done(CREATE, input={**given, "allocateDemand": True})
    assert sandbox.stock("SCARF") == {"physical": 5, "free": 0, "allocated": 5, "demand": 0, "publishable": 0}


def test_without_lines_everything_allocated_goes(api: Api) -> None:
    number = api.confirmed(COAT, ("SCARF", 5, "10.00"), forceCreate=True)

    made = api.done(CREATE, input={"order": {"number": number}})["shipment"]

    assert [line["quantity"] for line in made["lines"]] == [4, 3]
    assert (made["isGoodToGo"], made["isPaid"]) == (False, False)


# --- completing ---------------------------------------------------------------------------------------------------------------
def test_a_shipment_that_is_not_good_to_go_cannot_leave(api: Api) -> None:
    number = api.confirmed(COAT)
    made = api.done(CREATE, input={"order": {"number": number}})["shipment"]["id"]

    assert "not good to go" in api.refused(operations.SHIP_2, id=made, at=AT, info=INFO)
    api.done(UPDATE, id=made, input={"isGoodToGo": True})
    api.done(operations.SHIP_2, id=made, at=AT, info=INFO)


def test_a_shipment_leaves_once_and_not_in_the_future(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    made = api.done(operations.SHIP_1, number=number, lines=lines(api, number, 4), ext=None)["shipment"]["id"]

    assert "future" in api.refused(operations.SHIP_2, id=made, at="2026-03-02T10:00:01+01:00", info=INFO)
    assert sandbox.stock("COAT-S")["physical"] == 10
    api.done(operations.SHIP_2, id=made, at="now", info=INFO)
    assert "already shipped" in api.refused(operations.SHIP_2, id=made, at=AT, info=INFO)
    assert sandbox.stock("COAT-S")["physical"] == 6


def test_an_unpaid_shipment_leaves_the_order_in_processing_until_it_is_paid(api: Api) -> None:
    number = api.confirmed(COAT)
    made = api.done(CREATE, input={"order": {"number": number}, "isGoodToGo": True})["shipment"]["id"]
    api.done(operations.SHIP_2, id=made, at=AT, info=INFO)
    assert api.order(number)["status"] == "PROCESSING"

    payload = api.done(UPDATE, id=made, input={"isPaid": True, "paidValue": {"value": 200, "currencyIsoCode": "GBP"}})

    assert payload["shipment"]["order"] == {"status": "SHIPPED"}


def test_shipment_info_is_frozen_once_shipped_and_the_external_id_is_not(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    made = shipped(api, number, 4)

    assert "already shipped" in api.refused(UPDATE, id=made, input={"shipmentInfo": {"trackingNumber": "T-2"}})
    assert "already shipped" in api.refused(UPDATE, id=made, input={"isGoodToGo": False})
    api.done(UPDATE, id=made, input={"externalId": "S-9"})
    assert sandbox.shop.shipments.rows[made].tracking_number == "T-1"


def test_a_locked_order_is_not_shipped_by_staff(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    sandbox.order(number).locked_by = "hub"

    with pytest.raises(RefusedError, match="is locked"):
        sandbox.ship_order(number)
    assert api.order(number)["shipments"] == []


# --- money --------------------------------------------------------------------------------------------------------------------
def test_a_capture_succeeds_once(api: Api) -> None:
    number = api.confirmed(COAT, payment=PAID, shippingValue="5.00")
    made = api.done(operations.SHIP_1, number=number, lines=lines(api, number, 4), ext=None)["shipment"]["id"]

    payload = api.done(operations.CAPTURE_IT, id=made)

    assert payload["shipment"] == {"id": made, "isCaptured": True}
    assert (payload["paymentHistoryEntry"]["entryType"], payload["paymentHistoryEntry"]["value"]) == (
        "CAPTURE",
        {"value": 205.0},
    )
    assert "already captured" in api.refused(operations.CAPTURE_IT, id=made)


def test_a_failed_capture_is_an_error_and_leaves_a_failed_entry(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(capture="fail")
    number = api.confirmed(COAT, payment=PAID)
    made = api.done(operations.SHIP_1, number=number, lines=lines(api, number, 4), ext=None)["shipment"]["id"]

    payload = api.mutate(operations.CAPTURE_IT, id=made)

    assert payload["userErrors"] == [{"message": "Capture failed.", "path": ["id"]}]
    assert payload["shipment"] is None
    assert api.order(number)["paymentHistory"][-1]["status"] == "FAILED"
    assert api.order(number)["shipments"][0]["isCaptured"] is False


@pytest.mark.parametrize("payment", [PAID, {}])
def test_capture_on_create_that_fails_is_a_warning_and_the_shipment_stands(
    api: Api, sandbox: CentraSandbox, payment: dict[str, Any]
) -> None:
    sandbox.configure(capture="fail")
    number = api.confirmed(COAT, payment=payment)

    payload = api.mutate(CREATE, input={"order": {"number": number}, "capture": True})

    assert payload["userErrors"] == []
    assert "capture" in payload["userWarnings"][0]["message"]
    assert payload["shipment"]["isCaptured"] is False
    assert len(api.order(number)["shipments"]) == 1


def test_a_capture_may_stay_pending_until_the_payment_service_answers(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(capture="pending")
    number = api.confirmed(COAT, payment=PAID)
    made = api.done(operations.SHIP_1, number=number, lines=lines(api, number, 4), ext=None)["shipment"]["id"]
    payload = api.done(operations.CAPTURE_IT, id=made)

    entry = payload["paymentHistoryEntry"]
    assert (entry["entryType"], entry["status"], payload["shipment"]["isCaptured"]) == (
        "CAPTURE_REQUEST",
        "PENDING",
        False,
    )
    assert sandbox.finish_captures() == 1
    assert api.order(number)["shipments"][0]["isCaptured"] is True
    assert sandbox.captured(number) == "200.00"


# --- deleting -----------------------------------------------------------------------------------------------------------------
def test_deleting_a_shipment_gives_the_units_back_to_the_order(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    made = api.done(operations.SHIP_1, number=number, lines=lines(api, number, 3), ext=None)["shipment"]["id"]

    assert api.done(DELETE, id=made)["shipment"] == {"number": f"{number}-1"}

    assert api.order(number)["status"] == "CONFIRMED"
    assert api.order(number)["shipments"] == []
    assert sandbox.stock("COAT-S")["allocated"] == 4
    again = api.done(operations.SHIP_1, number=number, lines=lines(api, number, 4), ext=None)
    assert again["shipment"]["number"] == f"{number}-2"


def test_a_shipped_shipment_is_not_deleted(api: Api) -> None:
    number = api.confirmed(COAT)
    made = shipped(api, number, 4)

    assert "already shipped" in api.refused(DELETE, id=made)
    assert len(api.order(number)["shipments"]) == 1


# --- staff --------------------------------------------------------------------------------------------------------------------
def test_the_warehouse_ships_all_or_part_by_control(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT, ("SCARF", 2, "20.00"))

    part = sandbox.ship_order(
        number, lines={"COAT-S": 1, "SCARF": 2}, carrier="PostNord", service="MyPack", tracking="P-1"
    )
    rest = sandbox.ship_order(number)

    assert (part["number"], rest["number"]) == (f"{number}-1", f"{number}-2")
    assert api.order(number)["status"] == "SHIPPED"
    with pytest.raises(RefusedError, match="already fully shipped"):
        sandbox.ship_order(number)


def test_the_warehouse_completes_a_shipment_that_waits(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(direct_to_shipment=True)
    number = api.confirmed(COAT)

    assert sandbox.ship_order(number, tracking="P-1")["number"] == f"{number}-1"
    assert api.order(number)["status"] == "SHIPPED"


def test_a_deleted_article_leaves_its_line_without_a_size(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    sandbox.remove_size("COAT-S")

    assert api.order(number)["lines"][0]["productSize"] is None
    assert api.ask(operations.STOCK_OF_SKU, sku="COAT-S")["productSizes"] == []
