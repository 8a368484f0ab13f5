"""POST /order and the calls around it: https://centra.dev/legacy/order-api/api-reference"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.centra.sandbox import CentraSandbox
from connectors.sandboxdata import catalogue
from connectors.sandboxkit import Fault
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import ADDRESS, Api

COAT = ("COAT-S", 2, "50.00")


def state(sandbox: CentraSandbox) -> tuple[Any, ...]:
    """Everything a refused order may not touch."""
    stock = {sku: sandbox.stock(sku) for sku in ("COAT-S", "COAT-M", "SCARF")}
    return (len(sandbox.orders), stock, len(sandbox.shop.payments), len(sandbox.shop.customers), sandbox.mails)


def test_an_order_is_created_pending_with_its_stock_allocated(api: Api, sandbox: CentraSandbox) -> None:
    answer = api.create(COAT, shippingValue="4.95", comment="Northvale C00123-A")

    assert answer == {"status": "ok", "orders": [10_001]}
    order = api.order(10_001)
    assert order["status"] == "PENDING"
    assert order["otherComment"] == "Northvale C00123-A"
    assert order["grandTotal"] == {"value": 104.95, "currency": {"code": "GBP"}}
    assert order["customer"]["email"] == "k7f2@relay.example.com"
    assert order["lines"][0]["allocations"] == [
        {"quantity": 2, "warehouse": {"id": 1}, "isWaitingForConfirmation": False}
    ]
    assert sandbox.stock("COAT-S") == {"physical": 10, "free": 8, "allocated": 2, "demand": 0, "publishable": 8}


def test_numbers_count_up_and_ids_are_hashes(api: Api) -> None:
    first, second = api.placed(COAT), api.placed(COAT)

    assert (first, second) == (10_001, 10_002)
    ids = {api.order(number)["id"] for number in (first, second)}
    assert len(ids) == 2
    assert all(len(order_id) == 32 and int(order_id, 16) for order_id in ids)


def test_the_tax_in_the_price_is_the_countrys_and_shipping_carries_it_too(api: Api) -> None:
    order = api.order(api.placed(("COAT-S", 1, "120.00"), shippingValue="6.00"))

    assert order["lines"][0]["taxPercent"] == 20
    assert order["totals"]["taxIncluded"] == {"value": 21.0}  # 20.00 in the line, 1.00 in the shipping
    assert order["totals"]["lineValues"] == {"value": 120.0}


@pytest.mark.parametrize(
    ("country", "market", "currency", "percent"),
    [("GB", 1, "GBP", 20), ("SE", 2, "SEK", 25), ("DE", 3, "EUR", 19), ("FR", 3, "EUR", 20), ("US", 4, "USD", 0)],
)
def test_the_country_picks_market_price_list_currency_and_tax(
    api: Api, country: str, market: int, currency: str, percent: int
) -> None:
    number = api.placed(COAT, address={**ADDRESS, "country": country})

    document = (
        "query($n: Int!) { orders(where: {number: [$n]})"
        " { market { id } pricelist { currency { code } } country { code } lines { taxPercent } } }"
    )
    assert api.ask(document, n=number)["orders"] == [
        {
            "market": {"id": market},
            "pricelist": {"currency": {"code": currency}},
            "country": {"code": country},
            "lines": [{"taxPercent": percent}],
        }
    ]


def test_without_unit_price_the_price_list_decides(api: Api) -> None:
    order = api.order(api.placed({"sku": "COAT-S", "qty": 3}))

    assert order["grandTotal"]["value"] == 300.0
    assert order["lines"][0]["unitOriginalPrice"] == {"value": 100.0}


def test_a_unit_price_is_kept_to_two_decimals(api: Api) -> None:
    order = api.order(api.placed(("COAT-S", 3, "33.335")))

    assert order["lines"][0]["unitPrice"] == {"value": 33.34}
    assert order["grandTotal"]["value"] == 100.02


def test_a_product_is_named_by_id_ean_or_sku(api: Api, sandbox: CentraSandbox) -> None:
    size_id = sandbox.size("COAT-S").id
    for name in ({"id": size_id}, {"ean": "9520000000011"}, {"sku": "COAT-S"}):
        order = api.order(api.placed({**name, "qty": 1, "unitPrice": "10.00"}))
        assert order["lines"][0]["productSize"] == {"SKU": "COAT-S"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"products": [{"sku": "NOBODY", "qty": 1}]}, -1),
        ({"address": {**ADDRESS, "country": "DK"}}, -1),
        ({"market": 99}, -1),
        ({"pricelist": "Nowhere"}, -1),
        ({"products": [{"sku": "COAT-M", "qty": 6}]}, -2),
        ({"products": [{"sku": "COAT-M", "qty": 3}, {"sku": "COAT-M", "qty": 3}]}, -2),
        ({"products": []}, -3),
        ({"address": {"country": "GB"}}, -4),
        ({"address": {"email": "a@example.com"}}, -4),
        ({"address": None}, -4),
        ({"products": [{"sku": "COAT-S"}]}, -4),
        ({"products": [{"qty": 1}]}, -4),
        ({"address": {**ADDRESS, "email": "nobody"}}, -6),
        ({"payment": {"id": 99}}, -7),
        ({"payment": {"auth": {"status": 5}}}, -7),
        ({"shippingList": "by-balloon"}, -7),
        ({"shippingValue": "-1"}, -7),
        ({"orderDate": "yesterdayish"}, -7),
        ({"address": {**ADDRESS, "country": "XX"}}, -7),
        ({"warehouseGroup": "Moon"}, -7),
    ],
)
def test_a_refusal_has_its_code_and_changes_nothing(
    api: Api, sandbox: CentraSandbox, change: dict[str, Any], code: int
) -> None:
    before = state(sandbox)

    answer = api.rest("POST", "/order", {"address": ADDRESS, "products": [{"sku": "COAT-S", "qty": 1}], **change})

    assert answer.status_code == 200
    assert answer.json()["status"] == "no"
    assert answer.json()["code"] == code
    assert state(sandbox) == before
    assert api.placed(COAT) == 10_001  # no number was used up


@pytest.mark.parametrize("gate", ["size", "variant"])
def test_what_is_inactive_cannot_be_added(api: Api, sandbox: CentraSandbox, gate: str) -> None:
    sandbox.edit_size("COAT-S", **({"active": False} if gate == "size" else {"status": "INACTIVE"}))

    assert api.create(COAT)["code"] == -1


def test_a_forced_number_is_taken_once(api: Api, sandbox: CentraSandbox) -> None:
    assert api.placed(COAT, orderNumber=700_001) == 700_001
    before = state(sandbox)

    answer = api.create(COAT, orderNumber=700_001)

    assert answer["code"] == -5
    assert state(sandbox) == before


def test_the_sequence_passes_over_a_forced_number(api: Api) -> None:
    api.placed(COAT, orderNumber=10_001)

    assert api.placed(COAT) == 10_002


def test_force_create_back_orders_what_is_missing(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("SCARF", 5, "10.00"), forceCreate=True)

    assert api.order(number)["lines"][0]["allocations"][0]["quantity"] == 3
    assert sandbox.stock("SCARF") == {"physical": 3, "free": 0, "allocated": 3, "demand": 2, "publishable": 0}


def test_without_adjust_stock_nothing_is_allocated(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(COAT, adjustStock=False)

    assert api.order(number)["lines"][0]["allocations"] == []
    assert sandbox.stock("COAT-S")["free"] == 10


def test_stock_comes_from_the_rules_warehouses_in_order_and_leaves_thresholds(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.set_stock("SCARF", 4, warehouse=2)  # threshold 2
    number = api.placed(("SCARF", 5, "10.00"))

    allocations = api.order(number)["lines"][0]["allocations"]
    assert [(item["warehouse"]["id"], item["quantity"]) for item in allocations] == [(1, 3), (2, 2)]
    assert api.create(("SCARF", 1, "10.00"))["code"] == -2  # 2 are left, both under the threshold


def test_thresholds_can_be_left_alone(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(honour_thresholds=False)
    sandbox.set_stock("SCARF", 2, warehouse=2)

    assert api.placed(("SCARF", 5, "10.00")) == 10_001


def test_a_variants_offset_takes_the_thresholds_place(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.edit_size("SCARF", offset=3)

    assert api.create(("SCARF", 1, "10.00"))["code"] == -2


def test_the_defaults_are_on_vouchers_mail_and_stock(api: Api, sandbox: CentraSandbox) -> None:
    answer = api.rest("POST", "/order", {"address": ADDRESS, "products": [{"sku": "COAT-S", "qty": 1}]}).json()

    order = api.order(answer["orders"][0])
    assert order["grandTotal"]["value"] == 90.0
    assert order["totals"]["discounts"] == {"value": -10.0}
    assert order["totals"]["taxIncluded"] == {"value": 15.0}
    assert [(mail.kind, mail.to) for mail in sandbox.mails] == [("order_confirmation", "k7f2@relay.example.com")]


def test_a_voucher_value_is_a_discount(api: Api) -> None:
    order = api.order(api.placed(COAT, voucherValue="7.50"))

    assert order["grandTotal"]["value"] == 92.5
    assert order["totals"]["discounts"] == {"value": -7.5}


def test_payment_is_recorded_as_it_was_told(api: Api) -> None:
    payment = {
        "id": 11,
        "auth": {"status": 1, "transaction": "C00123-A", "method": "Marketplace", "amount": "100.00"},
        "capture": {"status": 1, "transaction": "C00123-A", "amount": "100.00"},
    }
    order = api.order(api.placed(COAT, payment=payment))

    assert order["paymentHistory"] == [
        {"entryType": "AUTH", "status": "SUCCESS", "externalReference": "C00123-A", "value": {"value": 100.0}},
        {"entryType": "CAPTURE", "status": "SUCCESS", "externalReference": "C00123-A", "value": {"value": 100.0}},
    ]
    assert order["isOnHold"] is False


def test_a_pending_authorisation_leaves_the_order_waiting_for_payment(api: Api) -> None:
    number = api.placed(COAT, payment={"auth": {"status": 0}})

    order = api.order(number)
    assert (order["isOnHold"], order["orderHoldReason"]) == (True, "WAITING_FOR_PAYMENT")
    assert "on hold" in api.refused(operations.CONFIRM, number=number)


def test_a_payment_mismatch_holds_where_the_tenant_checks_it(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(hold_on_payment_mismatch=True)
    number = api.placed(COAT, payment={"auth": {"status": 1, "amount": "99.99"}})

    assert api.order(number)["orderHoldReason"] == "PAYMENT_MISMATCH"


def test_extra_attributes_are_written_on_the_order(api: Api) -> None:
    number = api.placed(COAT, extraAttributes={"marketplace_info_reference": "C00123-A", "nonsense": "dropped"})

    assert api.order(number)["attributes"] == [
        {"type": {"name": "marketplace_info"}, "elements": [{"key": "reference", "value": "C00123-A"}]}
    ]


def test_one_unregistered_customer_stands_for_an_e_mail(api: Api) -> None:
    first, second = api.order(api.placed(COAT)), api.order(api.placed(COAT))
    other = api.order(api.placed(COAT, address={**ADDRESS, "email": "b@relay.example.com"}))
    registered = api.order(api.placed(COAT, customerRegister=True))

    assert first["customer"]["id"] == second["customer"]["id"]
    assert len({order["customer"]["id"] for order in (first, other, registered)}) == 3


def test_the_order_date_is_read_in_the_tenants_zone(api: Api) -> None:
    number = api.placed(COAT, orderDate="2026-03-01 23:30:00")

    found = api.ask("query($n: Int!) { orders(where: {number: [$n]}) { orderDate createdAt } }", n=number)["orders"]
    assert found == [{"orderDate": "2026-03-01T23:30:00+01:00", "createdAt": "2026-03-02T10:00:00+01:00"}]


# --- createOnly and batches -----------------------------------------------------------------------------------------------
def test_create_only_prepares_and_a_second_call_places(api: Api, sandbox: CentraSandbox) -> None:
    assert api.create(COAT, createOnly=True) == {"status": "ok", "order": 10_001}
    assert api.order(10_001)["status"] == "INCOMPLETE"
    assert sandbox.stock("COAT-S")["free"] == 10

    answer = api.rest("POST", "/order/10001", {"payment": {"auth": {"status": 1, "transaction": "T1"}}}).json()
    again = api.rest("POST", "/order/10001", {"payment": {"auth": {"status": 1, "transaction": "T1"}}}).json()

    assert answer == again == {"status": "ok", "orders": [10_001]}
    order = api.order(10_001)
    assert order["status"] == "PENDING"
    assert [entry["entryType"] for entry in order["paymentHistory"]] == ["AUTH"]
    assert sandbox.stock("COAT-S")["free"] == 8


def test_a_batch_is_answered_per_key(api: Api) -> None:
    good = {"address": ADDRESS, "products": [{"sku": "COAT-S", "qty": 1}]}
    bad = {"address": ADDRESS, "products": [{"sku": "NOBODY", "qty": 1}]}

    answer = api.rest("POST", "/orders", {"a": good, "b": bad}).json()

    assert answer["orders"]["a"] == {"status": "ok", "orders": [10_001]}
    assert answer["orders"]["b"]["code"] == -1


# --- the plugin's settings ------------------------------------------------------------------------------------------------
def test_a_wrong_key_opens_nothing(api: Api, sandbox: CentraSandbox) -> None:
    before = state(sandbox)
    body = {"address": ADDRESS, "products": [{"sku": "COAT-S", "qty": 1}]}

    assert api.rest("POST", "/order", body, key="guessed").status_code == 401
    assert state(sandbox) == before


def test_order_create_can_be_switched_off(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(allow_order_create=False)
    before = state(sandbox)

    assert api.create(COAT)["status"] == "no"
    assert state(sandbox) == before


def test_an_endpoint_that_is_not_allowed_is_403(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(allowed_endpoints=["GET /orders"])

    answer = api.rest("POST", "/order", {})
    assert answer.status_code == 403
    assert answer.json() == {"status": "Not Allowed"}


def test_a_market_that_the_plugin_hides_cannot_be_used(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(visible_markets=[2])

    assert api.create(COAT)["code"] == -1


def test_auto_confirm_is_off_until_switched_on(api: Api, sandbox: CentraSandbox) -> None:
    assert api.order(api.placed(COAT))["status"] == "PENDING"
    sandbox.configure(auto_confirm=True)
    assert api.order(api.placed(COAT))["status"] == "CONFIRMED"


def test_direct_to_shipment_makes_a_shipment_on_confirm(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(direct_to_shipment=True)
    number = api.confirmed(COAT)

    order = api.order(number)
    assert order["status"] == "PROCESSING"
    assert [item["number"] for item in order["shipments"]] == [f"{number}-1"]


# --- misbehaviour ---------------------------------------------------------------------------------------------------------
def test_a_forced_split_answers_with_several_numbers(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(split_orders=1)
    payment = {"auth": {"status": 1, "amount": "175.00"}}

    answer = api.create(
        ("COAT-S", 1, "100.00"), ("SCARF", 1, "70.00"), shippingValue="5.00", comment="C1", payment=payment
    )

    assert answer["orders"] == [10_001, 10_002]
    assert [api.order(number)["grandTotal"]["value"] for number in answer["orders"]] == [105.0, 70.0]
    assert [order.payments[0].amount for order in sandbox.orders] == [Decimal("105.00"), Decimal("70.00")]
    assert len(sandbox.orders_by_reference("C1")) == 2
    assert api.placed(COAT) == 10_003  # only once


def test_a_single_line_is_split_by_its_units(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(split_orders=2)

    assert api.create(COAT)["orders"] == [10_001, 10_002]
    assert [order.lines[0].quantity for order in sandbox.orders] == [1, 1]
    assert api.create(("COAT-S", 1, "10.00"))["orders"] == [10_003]  # one unit cannot be split


def test_a_charge_difference_shows_in_the_next_grand_total_only(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(charge_difference="0.01")

    first, second = api.order(api.placed(COAT)), api.order(api.placed(COAT))

    assert (first["grandTotal"]["value"], second["grandTotal"]["value"]) == (100.01, 100.0)
    assert first["totals"]["lineValues"] == {"value": 100.0}


def test_a_tax_rate_can_be_changed_for_new_orders(api: Api, sandbox: CentraSandbox) -> None:
    before = api.placed(("COAT-S", 1, "120.00"))
    sandbox.set_tax_rate("GB", "5")

    after = api.placed(("COAT-S", 1, "120.00"))

    assert api.order(before)["totals"]["taxIncluded"] == {"value": 20.0}
    assert api.order(after)["totals"]["taxIncluded"] == {"value": 5.71}


def test_a_late_commit_creates_the_order_after_the_caller_gave_up(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.faults.add(Fault(kind="late", operation="POST /order", seconds=30))
    with pytest.raises(OSError):  # the connection is cut
        api.create(COAT, comment="C00123-A")
    assert sandbox.orders_by_reference("C00123-A") == []

    sandbox.advance(30)

    (order,) = sandbox.orders_by_reference("C00123-A")
    assert order.created_at == sandbox.clock.now()


def test_a_cut_after_the_effect_leaves_the_order(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.faults.add(Fault(kind="drop_after", operation="POST /order"))
    with pytest.raises(OSError):
        api.create(COAT, comment="C00123-A")

    assert len(sandbox.orders_by_reference("C00123-A")) == 1


# --- the older calls ------------------------------------------------------------------------------------------------------
def test_get_orders_hides_held_ones(api: Api, sandbox: CentraSandbox) -> None:
    shown, held = api.placed(COAT), api.placed(COAT)
    sandbox.hold_order(held)

    orders = api.rest("GET", "/orders").json()["orders"]

    assert [order["order"] for order in orders] == [str(shown)]
    assert len(api.ask("{ orders { number } }")["orders"]) == 2


def test_stock_is_read_and_written_and_clamped_silently(api: Api) -> None:
    api.placed(("SCARF", 2, "10.00"))

    answer = api.rest("POST", "/stock", {"stock": [{"sku": "SCARF", "stock": 1}]}).json()

    assert answer == {"status": "ok"}
    assert api.rest("GET", "/stock?sku=SCARF").json()["stock"] == [
        {"sku": "SCARF", "physicalStock": 2, "allocatedStock": 2, "availableStock": 0}
    ]


def test_a_shipment_is_made_completed_and_returned_over_rest(api: Api) -> None:
    number = api.confirmed(COAT)
    assert api.rest("POST", "/shipments", {"order": number, "capture": False, "goodToGo": True}).json() == {
        "status": "ok",
        "shipments": [f"{number}-1"],
    }
    assert len(api.rest("GET", "/shipments?status=goodtogo").json()["shipments"]) == 1

    done = api.rest("PUT", "/shipment", {"shipment": f"{number}-1", "carrier": "DHL", "code": "T9"}).json()
    line = api.order(number)["lines"][0]["id"]
    back = api.rest("POST", "/return", {"shipment": f"{number}-1", "products": [{"line": line, "qty": 1}]}).json()

    assert done["status"] == back["status"] == "ok"
    assert api.rest("PUT", f"/returns/{back['return']}", {"completed": True}).json()["status"] == "ok"


def test_rest_capture_defaults_to_on_and_without_it_there_is_no_shipment(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT)

    answer = api.rest("POST", "/shipments", {"order": number}).json()

    assert answer["status"] == "no"
    assert api.order(number)["shipments"] == []
    assert sandbox.stock("COAT-S")["allocated"] == 2


def test_comments_and_attributes_are_edited_over_rest(api: Api) -> None:
    number = api.placed(COAT)

    answer = api.rest("PUT", "/orders", {"order": number, "comment": "New", "extraAttributes": {"marketplace_id": "7"}})

    assert answer.json() == {"status": "ok", "order": number}
    order = api.order(number)
    assert (order["otherComment"], order["attributes"][0]["elements"]) == ("New", [{"key": "id", "value": "7"}])


def test_a_shipment_is_captured_and_deleted_over_rest(api: Api, sandbox: CentraSandbox) -> None:
    number = api.confirmed(COAT, payment={"auth": {"status": 1, "transaction": "A-1"}})
    api.rest("POST", "/shipments", {"order": number, "capture": 0, "products": [{"sku": "COAT-S", "qty": 1}]})
    api.rest("POST", "/shipments", {"order": number, "capture": 0})

    assert api.rest("PUT", "/capture", {"shipment": f"{number}-1"}).json()["status"] == "ok"
    assert api.rest("DELETE", f"/shipments/{number}-1").json()["code"] == -7  # captured
    assert api.rest("DELETE", f"/shipments/{number}-2").json()["status"] == "ok"
    assert sandbox.captured(number) == "50.00"
    assert [item["number"] for item in api.order(number)["shipments"]] == [f"{number}-1"]


def test_an_article_that_a_market_does_not_show_cannot_be_added(api: Api, sandbox: CentraSandbox) -> None:
    item = replace(catalogue(1)[0], product_number="X", variant_number="", size_number="", sku="X")
    sandbox.load_catalogue([item], stock=5, markets=[2])

    assert api.create(("X", 1, "10.00"))["code"] == -1
    assert api.placed(("X", 1, "10.00"), address={**ADDRESS, "country": "SE"}) == 10_001
