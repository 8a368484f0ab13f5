"""What happens to an order: external ids, confirm, hold, lock, edit, cancel, allocate."""

from typing import Any

import pytest

from connectors.centra.sandbox import CentraSandbox
from connectors.centra.sandbox.refusals import RefusedError
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import Api

COAT = ("COAT-S", 4, "50.00")
PAID = {"auth": {"status": 1, "transaction": "A-1"}}

UPDATE = """
mutation Update($number: Int!, $input: DirectToConsumerOrderUpdateInput!) {
  updateDirectToConsumerOrder(order: { number: $number }, input: $input) {
    order { number status } userErrors { message path } userWarnings { message path }
  }
}
"""
LOCK = """
mutation Lock($number: Int!, $on: Boolean!) {
  setOrdersLock(input: { orders: [{ number: $number }], isLocked: $on }) {
    orders { number isLocked } userErrors { message path } userWarnings { message path }
  }
}
"""
ALLOCATE = """
mutation Allocate($number: Int!, $lines: [OrderLineAllocateInput!]) {
  allocateOrder(input: { order: { number: $number }, allocate: $lines }) {
    order { lines { allocations { quantity } } } userErrors { message path } userWarnings { message path }
  }
}
"""
UNALLOCATE = """
mutation Unallocate($number: Int!, $lines: [OrderLineUnallocateInput!], $policy: StockPolicyActionInput!) {
  unallocateOrder(input: { order: { number: $number }, unallocate: $lines, stockActionPolicy: $policy }) {
    order { lines { allocations { quantity } } } userErrors { message path } userWarnings { message path }
  }
}
"""


def line_of(api: Api, number: int) -> int:
    return int(api.order(number)["lines"][0]["id"])


# --- external ids -----------------------------------------------------------------------------------------------------------
def test_an_external_id_is_set_found_and_reference_enough(api: Api) -> None:
    number = api.placed(COAT, comment="Northvale A-1")
    api.done(operations.TAG_IMPORTED, number=number, ext="A-1")

    found = api.ask(operations.FIND_IMPORTED, ext=["A-1"], ref="A-1")

    assert [row["number"] for row in found["byExternalId"] + found["byComment"]] == [number, number]
    confirm = """
    mutation {
      confirmOrder(input: { order: { externalId: "A-1" } }) {
        order { number } userErrors { message } userWarnings { message }
      }
    }
    """
    payload = api.done(confirm)
    assert payload["order"] == {"number": number}


def test_an_external_id_that_is_taken_is_passed_over_with_a_warning(api: Api, sandbox: CentraSandbox) -> None:
    one, two = api.placed(COAT), api.placed(COAT)
    api.done(operations.TAG_IMPORTED, number=one, ext="A-1")

    payload = api.mutate(operations.TAG_IMPORTED, number=two, ext="A-1")

    assert payload["userErrors"] == []
    assert payload["userWarnings"][0]["path"] == ["input", "externalId"]
    assert payload["order"]["externalId"] is None
    assert sandbox.order(one).external_ids == {"hub": "A-1"}


def test_external_ids_live_in_the_namespace_of_the_integration(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(COAT)
    api.done(operations.TAG_IMPORTED, number=number, ext="A-1")
    sandbox.add_token("erp", integration="erp")
    api.token = "erp"

    assert api.order(number)["externalId"] is None
    assert api.ask(operations.FIND_IMPORTED, ext=["A-1"], ref="-")["byExternalId"] == []
    api.done(operations.TAG_IMPORTED, number=number, ext="E-9")
    assert sandbox.order(number).external_ids == {"hub": "A-1", "erp": "E-9"}


def test_a_token_without_integration_name_cannot_name_anything(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(COAT)
    sandbox.add_token("nameless", integration=None)
    api.token = "nameless"

    assert "integration name" in api.refused(operations.TAG_IMPORTED, number=number, ext="A-1")
    assert sandbox.order(number).external_ids == {}


def test_orders_are_found_by_a_whole_reference_only(api: Api, sandbox: CentraSandbox) -> None:
    one = api.placed(COAT, comment="Mirakl C00123-A (Northvale)")
    api.placed(COAT, comment="Mirakl C00123-AB")
    tagged = api.placed(("SCARF", 1, "10.00"))
    api.done(operations.TAG_IMPORTED, number=tagged, ext="mirakl:C00123-A")

    assert [order.number for order in sandbox.orders_by_reference("C00123-A")] == [one, tagged]
    assert sandbox.orders_by_reference("C00123") == []


# --- confirm, hold, lock ----------------------------------------------------------------------------------------------------
def test_an_order_is_confirmed_once(api: Api) -> None:
    number = api.confirmed(COAT)

    assert api.order(number)["status"] == "CONFIRMED"
    message = api.refused(operations.CONFIRM, number=number)
    assert message == f'Order "{number}" cannot be confirmed, its status is "CONFIRMED".'


def test_an_order_that_does_not_exist_is_a_user_error(api: Api) -> None:
    assert api.refused(operations.CONFIRM, number=4) == "Could not find Order with number 4"


def test_every_change_bumps_updated_at(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(COAT)
    seen = [api.order(number)["updatedAt"]]
    for step in ("confirm", "hold", "release", "ship"):
        sandbox.advance(60)
        match step:
            case "confirm":
                api.done(operations.CONFIRM, number=number)
            case "hold":
                api.done(operations.HOLD_ORDER, number=number, why="Totals differ")
            case "release":
                api.done(UPDATE, number=number, input={"isOnHold": False})
            case _:
                sandbox.ship_order(number)
        seen.append(api.order(number)["updatedAt"])

    assert seen == [f"2026-03-02T10:0{minute}:00+01:00" for minute in range(5)]


def test_a_hold_by_hand_has_no_reason_and_graphql_still_shows_the_order(api: Api) -> None:
    number = api.placed(COAT)
    api.done(operations.HOLD_ORDER, number=number, why="Totals differ")

    order = api.order(number)
    assert (order["isOnHold"], order["orderHoldReason"]) == (True, None)
    api.done(operations.CONFIRM, number=number)  # a person's hold does not stop the confirmation


@pytest.mark.parametrize(
    "reason",
    [
        "PAYMENT_MISMATCH",
        "WAITING_FOR_PAYMENT",
        "WAITING_FOR_FRAUD_CHECK",
        "WAITING_FOR_CHECK_FIRST_ALLOCATION",
        "WAITING_FOR_GIFT_CARD_AUTHORIZATION",
    ],
)
def test_the_platforms_own_holds_keep_an_order_from_being_confirmed(
    api: Api, sandbox: CentraSandbox, reason: str
) -> None:
    number = api.placed(COAT)
    sandbox.hold_order(number, reason=reason)

    assert api.order(number)["orderHoldReason"] == reason
    assert reason in api.refused(operations.CONFIRM, number=number)
    sandbox.release_order(number)
    api.done(operations.CONFIRM, number=number)


def test_a_check_first_warehouse_holds_the_order(api: Api, sandbox: CentraSandbox) -> None:
    shop = sandbox.add_warehouse("Shop", policy="CHECK_FIRST", first=True)
    sandbox.set_stock("COAT-S", 9, warehouse=shop)

    order = api.order(api.placed(COAT))

    assert order["orderHoldReason"] == "WAITING_FOR_CHECK_FIRST_ALLOCATION"
    assert order["lines"][0]["allocations"][0]["warehouse"] == {"id": shop}


def test_a_lock_keeps_other_tokens_and_staff_out(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(COAT)
    assert api.done(LOCK, number=number, on=True)["orders"] == [{"number": number, "isLocked": True}]
    sandbox.add_token("hub-2", integration="hub")
    sandbox.add_token("erp", integration="erp")

    api.token = "erp"
    assert "is locked" in api.refused(operations.CONFIRM, number=number)
    assert "is locked" in api.refused(LOCK, number=number, on=False)
    with pytest.raises(RefusedError, match="is locked"):
        sandbox.cancel_order(number)
    assert sandbox.order(number).status == "PENDING"
    api.token = "hub-2"  # the integration's next token
    api.done(operations.CONFIRM, number=number)
    api.done(LOCK, number=number, on=False)
    sandbox.cancel_order(number)


# --- editing ----------------------------------------------------------------------------------------------------------------
def test_comments_and_addresses_are_edited_and_the_country_stays(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(COAT)
    api.done(
        UPDATE, number=number, input={"otherComment": "New", "shippingAddress": {"city": "York", "zipCode": "YO1 7HH"}}
    )

    order = sandbox.order(number)
    assert (order.other_comment, order.shipping_address.city, order.billing_address.city) == ("New", "York", "Leeds")
    assert api.errors(UPDATE, number=number, input={"shippingAddress": {"country": {"code": "SE"}}})


def test_shipping_cost_goes_down_only_and_only_while_confirmed(api: Api, sandbox: CentraSandbox) -> None:
    def cost(value: float) -> dict[str, Any]:
        return {"shippingCost": {"value": value, "currencyIsoCode": "GBP"}, "otherComment": "changed"}

    number = api.placed(COAT, shippingValue="5.00")
    assert "CONFIRMED" in api.refused(UPDATE, number=number, input=cost(1))
    api.done(operations.CONFIRM, number=number)
    assert "lowered" in api.refused(UPDATE, number=number, input=cost(6))
    assert sandbox.order(number).other_comment == ""
    api.done(UPDATE, number=number, input=cost(2.5))
    assert api.order(number)["grandTotal"]["value"] == 202.5


def test_a_line_is_added_at_the_list_price_and_allocated(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(COAT)
    addition = {"display": {"id": 2}, "productSize": {"SKU": "SCARF"}, "quantity": 1}

    api.done(UPDATE, number=number, input={"addLines": [addition]})

    assert api.order(number)["grandTotal"]["value"] == 300.0
    assert sandbox.stock("SCARF")["allocated"] == 1
    wrong = {"display": {"id": 1}, "productSize": {"SKU": "SCARF"}, "quantity": 1}
    assert "display" in api.refused(UPDATE, number=number, input={"addLines": [wrong]})


# --- cancelling lines -------------------------------------------------------------------------------------------------------
def test_units_of_a_line_are_cancelled_and_their_stock_released(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    payload = api.done(operations.CANCEL_LINE, number=number, line=line_of(api, number), qty=1)

    assert payload["order"]["lines"][0] == {"id": line_of(api, number), "quantity": 3, "cancelledQuantity": 1}
    assert api.order(number)["grandTotal"]["value"] == 150.0
    assert sandbox.stock("COAT-S") == {"physical": 10, "free": 7, "allocated": 3, "demand": 0, "publishable": 7}


def test_a_fully_cancelled_line_is_hidden_unless_asked_for(api: Api) -> None:
    number = api.confirmed(COAT, ("SCARF", 1, "20.00"))
    api.done(operations.CANCEL_LINE, number=number, line=line_of(api, number), qty=4)

    shown = api.ask("query($n: Int!) { orders(where: {number: [$n]}) { lines { quantity } } }", n=number)["orders"]

    assert shown == [{"lines": [{"quantity": 1}]}]
    assert len(api.order(number)["lines"]) == 2


@pytest.mark.parametrize(("quantities", "words"), [([5], "only 4"), ([3, 2], "only 4"), ([0], "at least 1")])
def test_more_than_is_open_cannot_be_cancelled(
    api: Api, sandbox: CentraSandbox, quantities: list[int], words: str
) -> None:
    number = api.confirmed(COAT)
    line, before = line_of(api, number), sandbox.stock("COAT-S")
    policy = {"releaseItemsBackToWarehouse": True}
    cancels = [{"line": {"id": line}, "quantity": quantity, "stockActionPolicy": policy} for quantity in quantities]

    message = api.refused(UPDATE, number=number, input={"cancelLines": cancels, "otherComment": "changed"})

    assert words in message
    assert sandbox.stock("COAT-S") == before
    assert sandbox.order(number).other_comment == ""


def test_cancelled_units_can_be_moved_or_taken_off_the_books(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    line = line_of(api, number)
    for policy in ({"sendItemsToDifferentWarehouse": {"id": 2}}, {"removeItemsFromStock": True}):
        cancel = {"line": {"id": line}, "quantity": 1, "stockActionPolicy": policy}
        api.done(UPDATE, number=number, input={"cancelLines": [cancel]})

    assert sandbox.stock("COAT-S", warehouse=1)["physical"] == 8
    assert sandbox.stock("COAT-S", warehouse=2)["physical"] == 1
    assert sandbox.stock("COAT-S")["allocated"] == 2


def test_a_stock_policy_is_exactly_one(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    policy = {"releaseItemsBackToWarehouse": True, "removeItemsFromStock": True}
    cancel = {"line": {"id": line_of(api, number)}, "quantity": 1, "stockActionPolicy": policy}

    assert "exactly one field" in api.errors(UPDATE, number=number, input={"cancelLines": [cancel]})[0]["message"]
    assert sandbox.stock("COAT-S")["allocated"] == 4


def test_the_older_dialect_takes_an_enum_instead(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)
    line = line_of(api, number)
    sandbox.configure(old_cancel_lines=True)
    fields = api.ask('{ __type(name: "OrderLineCancelInput") { inputFields { name } } }')["__type"]["inputFields"]

    assert {"name": "stockAction"} in fields
    assert {"name": "stockActionPolicy"} not in fields
    assert api.errors(operations.CANCEL_LINE, number=number, line=line, qty=1)
    old = {"line": {"id": line}, "quantity": 1, "stockAction": "RELEASE_BACK_TO_WAREHOUSE"}
    api.done(UPDATE, number=number, input={"cancelLines": [old]})
    assert sandbox.stock("COAT-S")["allocated"] == 3


def test_cancelling_the_last_open_units_of_a_partly_shipped_order_completes_it(
    api: Api, sandbox: CentraSandbox
) -> None:
    number = api.confirmed(COAT)
    sandbox.ship_order(number, lines={"COAT-S": 3})
    assert api.order(number)["status"] == "PROCESSING"

    payload = api.done(operations.CANCEL_LINE, number=number, line=line_of(api, number), qty=1)

    assert payload["order"]["status"] == "SHIPPED"


def test_units_without_stock_are_cancelled_first(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("SCARF", 5, "10.00"), forceCreate=True)

    api.done(operations.CANCEL_LINE, number=number, line=line_of(api, number), qty=2)

    assert sandbox.stock("SCARF") == {"physical": 3, "free": 0, "allocated": 3, "demand": 0, "publishable": 0}


# --- cancelling orders ------------------------------------------------------------------------------------------------------
def test_a_cancelled_order_gives_its_stock_back_and_keeps_its_lines(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT, payment=PAID)
    payload = api.done(operations.CANCEL_ORDER, id=api.order(number)["id"])

    assert payload["order"]["status"] == "CANCELLED"
    assert api.order(number)["lines"][0]["quantity"] == 4
    assert api.order(number)["lines"][0]["allocations"] == []
    assert sandbox.stock("COAT-S") == {"physical": 10, "free": 10, "allocated": 0, "demand": 0, "publishable": 10}
    assert sandbox.mails == []


@pytest.mark.parametrize("why", ["captured", "cancelled", "shipment", "shipped"])
def test_an_order_cannot_be_cancelled_once_captured_cancelled_or_in_shipments(
    api: Api, sandbox: CentraSandbox, why: str
) -> None:
    payment = {**PAID, "capture": {"status": 1}} if why == "captured" else PAID
    number = api.confirmed(COAT, payment=payment)
    match why:
        case "cancelled":
            sandbox.cancel_order(number)
        case "shipped":
            sandbox.ship_order(number)
        case "shipment":
            lines = [{"orderLine": {"id": line_of(api, number)}, "quantity": 1}]
            api.done(operations.SHIP_1, number=number, lines=lines, ext=None)
    before = (api.order(number), sandbox.stock("COAT-S"))

    message = api.refused(operations.CANCEL_ORDER, id=api.order(number)["id"])

    assert "cannot be cancelled" in message
    assert (api.order(number), sandbox.stock("COAT-S")) == before


@pytest.mark.parametrize("service", ["ok", "fail"])
def test_a_payment_service_that_fails_is_a_warning_and_the_cancellation_stands(
    api: Api, sandbox: CentraSandbox, service: str
) -> None:
    sandbox.configure(cancel_authorization=service)
    number = api.placed(COAT, payment=PAID)
    query = operations.CANCEL_ORDER.replace("cancelAuthorization: false", "cancelAuthorization: true")

    payload = api.mutate(query, id=api.order(number)["id"])

    assert payload["userErrors"] == []
    assert len(payload["userWarnings"]) == (0 if service == "ok" else 1)
    assert payload["order"]["status"] == "CANCELLED"
    assert api.order(number)["paymentHistory"][-1]["entryType"] == "CANCEL"


# --- allocation -------------------------------------------------------------------------------------------------------------
def test_units_are_unallocated_and_allocated_by_hand(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(COAT)
    line = {"id": line_of(api, number)}
    policy = {"releaseItemsBackToWarehouse": True}

    api.done(UNALLOCATE, number=number, lines=[{"orderLine": line, "quantity": 3}], policy=policy)
    assert sandbox.stock("COAT-S") == {"physical": 10, "free": 9, "allocated": 1, "demand": 3, "publishable": 9}
    api.done(ALLOCATE, number=number, lines=[{"orderLine": line, "quantity": 2}])
    assert sandbox.stock("COAT-S")["demand"] == 1
    payload = api.mutate(ALLOCATE, number=number, lines=[{"orderLine": line, "quantity": 9}])

    assert payload["userErrors"] == []
    assert "Only 1 of 9" in payload["userWarnings"][0]["message"]
    assert payload["order"]["lines"][0]["allocations"] == [{"quantity": 4}]
