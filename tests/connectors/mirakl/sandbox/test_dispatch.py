"""OR23 and OR24: the carrier exactly as listed, then the whole order at once."""

from typing import Any

import pytest

from connectors.mirakl.sandbox import CarrierRow, MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refusal

TRACKING_FIELDS = (
    "shipping_carrier_code",
    "shipping_company",
    "shipping_tracking",
    "shipping_tracking_url",
    "shipping_carrier_standard_code",
)


@pytest.fixture
def order_id(sandbox: MiraklSandbox) -> str:
    return sandbox.add_order(lines=LINES, advance_to="SHIPPING")


def track(shop: Shop, order_id: str, **tracking: Any) -> Any:
    return shop.put(f"/api/orders/{order_id}/tracking", tracking)


def shown(shop: Shop, order_id: str) -> list[Any]:
    order = shop.order(order_id)
    return [order[name] for name in TRACKING_FIELDS]


def test_a_registered_carrier_brings_its_own_name_and_link(shop: Shop, order_id: str) -> None:
    answer = track(shop, order_id, carrier_code="UPS", tracking_number="1Z9", carrier_url="https://elsewhere.example")
    assert (answer.status_code, answer.content) == (204, b"")
    assert shown(shop, order_id) == ["UPS", "UPS", "1Z9", "https://track.example.com/ups/1Z9", "UPS"]


@pytest.mark.parametrize("code", ["ups", "Ups", "UPS ", "PostNord", "POSTNORD SE", "Royal Mail"])
def test_a_code_that_is_not_exactly_listed_is_refused(shop: Shop, order_id: str, code: str) -> None:
    answer = track(shop, order_id, carrier_code=code, tracking_number="1Z9")
    assert refusal(answer) == (400, f"The carrier with code '{code}' does not exist")
    assert shown(shop, order_id) == [None] * 5


def test_two_carriers_of_almost_one_name_are_two(shop: Shop, order_id: str) -> None:
    track(shop, order_id, carrier_code="UPS (UK)", tracking_number="1Z9")
    assert shown(shop, order_id)[:4] == ["UPS (UK)", "UPS (UK)", "1Z9", "https://track.example.com/ups-uk/1Z9"]


@pytest.mark.parametrize("number", ["", None])
def test_a_number_is_mandatory_where_the_carriers_link_needs_one(shop: Shop, order_id: str, number: str | None) -> None:
    assert track(shop, order_id, carrier_code="UPS", tracking_number=number).status_code == 400
    assert shown(shop, order_id) == [None] * 5
    assert track(shop, order_id, carrier_code="COURIER").status_code == 204


def test_an_unregistered_carrier_is_named_with_its_full_link(shop: Shop, order_id: str) -> None:
    assert track(shop, order_id, carrier_url="https://bike.example/7").status_code == 400
    track(shop, order_id, carrier_name="Bike Express", tracking_number="7", carrier_url="https://bike.example/7")
    assert shown(shop, order_id) == [None, "Bike Express", "7", "https://bike.example/7", None]


def test_unregistered_carriers_may_be_forbidden(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.change_settings(disable_seller_alternative_carrier=True)
    assert track(shop, order_id, carrier_name="Bike Express").status_code == 400
    assert shown(shop, order_id) == [None] * 5
    assert track(shop, order_id, carrier_code="COURIER").status_code == 204


def test_tracking_is_overwritten_also_after_the_parcel_left(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    track(shop, order_id, carrier_code="UPS", tracking_number="1")
    shop.put(f"/api/orders/{order_id}/ship")
    assert track(shop, order_id, carrier_code="DHL", tracking_number="2").status_code == 204
    assert shown(shop, order_id)[:3] == ["DHL", "DHL", "2"]


def test_tracking_comes_too_early_before_shipping(sandbox: MiraklSandbox, shop: Shop) -> None:
    early = sandbox.add_order(lines=LINES)
    assert track(shop, early, carrier_code="UPS", tracking_number="1").status_code == 400
    assert shown(shop, early) == [None] * 5


def test_an_operators_own_carrier_list_is_the_one_that_counts(
    sandbox: MiraklSandbox, shop: Shop, order_id: str
) -> None:
    sandbox.set_carriers([CarrierRow(code="PN-SE", label="PostNord Sverige")])
    assert track(shop, order_id, carrier_code="UPS", tracking_number="1").status_code == 400
    assert track(shop, order_id, carrier_code="PN-SE").status_code == 204


def test_shipping_takes_the_whole_order(shop: Shop, order_id: str) -> None:
    answer = shop.put(f"/api/orders/{order_id}/ship")
    assert (answer.status_code, answer.content) == (204, b"")
    order = shop.order(order_id)
    assert (order["order_state"], order["can_shop_ship"]) == ("SHIPPED", False)
    assert [(line["order_line_state"], line["shipped_date"]) for line in order["order_lines"]] == [
        ("SHIPPED", "2026-03-02T09:00:00Z")
    ] * 2


def test_a_second_ship_finds_the_order_gone(shop: Shop, order_id: str) -> None:
    shop.put(f"/api/orders/{order_id}/ship")
    assert refusal(shop.put(f"/api/orders/{order_id}/ship")) == (
        400,
        "The order status must be 'SHIPPING' but it is 'SHIPPED'.",
    )


def test_an_unpaid_order_does_not_ship(sandbox: MiraklSandbox, shop: Shop) -> None:
    unpaid = sandbox.add_order(lines=LINES, advance_to="WAITING_DEBIT_PAYMENT")
    assert shop.put(f"/api/orders/{unpaid}/ship").status_code == 400
    assert shop.order(unpaid)["order_state"] == "WAITING_DEBIT_PAYMENT"


def test_a_shipping_type_may_demand_tracking(sandbox: MiraklSandbox, shop: Shop) -> None:
    express = sandbox.add_order(lines=LINES, shipping_type="EXP", advance_to="SHIPPING")
    assert refusal(shop.put(f"/api/orders/{express}/ship")) == (
        400,
        "Tracking details are mandatory for this shipping method",
    )
    assert shop.order(express)["order_state"] == "SHIPPING"
    track(shop, express, carrier_code="UPS", tracking_number="1Z9")
    assert shop.put(f"/api/orders/{express}/ship").status_code == 204


def test_lines_that_were_refused_stay_refused(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    shop.accept(order_id, True, False)
    sandbox.advance(60)
    shop.put(f"/api/orders/{order_id}/ship")
    order = shop.order(order_id)
    assert [order["order_state"], *(line["order_line_state"] for line in order["order_lines"])] == [
        "SHIPPED",
        "SHIPPED",
        "REFUSED",
    ]
