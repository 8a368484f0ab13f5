"""Virtualstock's orders → ours."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.canonical.errors import DataError
from connectors.canonical.money import Money
from connectors.canonical.orders import Address, Order, OrderState
from connectors.virtualstock.translate import Reading, line_statuses, order_id, parse_carriers, parse_order
from tests.connectors.virtualstock.payloads import load, order, order_at, order_with_line

UTC_READING = Reading(zone=ZoneInfo("UTC"))


def parsed(payload: Any, **changes: Any) -> Order:
    return parse_order(payload, Reading(**{"zone": ZoneInfo("UTC"), **changes}))


def gbp(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


def faults(payload: Any, **changes: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        parsed(payload, **changes)
    return [problem.field for problem in caught.value.problems]


def test_a_new_order_is_read_whole() -> None:
    found = parsed(load("order_new"))

    assert (found.reference, found.commercial_reference) == ("HV70010023", "WEB-88121")
    assert (found.state, found.source_state) == (OrderState.AWAITING_ACCEPTANCE, "ORDER")
    assert found.placed_at == found.updated_at == datetime(2026, 1, 14, 8, 30, tzinfo=UTC)
    assert found.ship_by == datetime(2026, 1, 16, 17, 0, tzinfo=UTC)
    assert (found.total, found.shipping, found.tax) == (gbp("111.60"), gbp("0"), gbp("18.60"))
    assert (found.shipping_service, found.channel, found.billing_address) == ("standard", "", None)
    assert (found.can_ship, found.can_cancel, found.fulfilled_by_seller, found.test) == (False, False, True, False)
    assert found.tax_included  # a line's total holds its tax
    assert found.shipping_address == Address(
        first_name="Alice Mary",
        last_name="Example",
        street=("12 Sample Street", "Flat 3"),
        postal_code="LS1 1AA",
        city="Leeds",
        country="GB",
        phone="+44 113 496 0000",
        email="alice@relay.example",
    )


def test_its_amounts_are_cost_prices_with_their_tax_and_say_so() -> None:
    found = parsed(load("order_new"))
    first = found.lines[0]

    assert found.attributes["prices"] == "cost"
    assert (first.line_id, first.sku, first.quantity) == ("501", "NV1001-410-M", 2)
    assert (first.unit_price.amount, first.line_total) == (Decimal("29.400000"), gbp("58.80"))
    assert [(tax.code, tax.amount, tax.rate) for tax in first.taxes] == [("tax", gbp("9.80"), "20.00")]


def test_a_time_without_a_zone_is_read_in_the_connections_own() -> None:
    found = parsed(load("order_lines_behind"), zone=ZoneInfo("Australia/Sydney"))

    assert found.placed_at == datetime(2026, 1, 13, 21, 30, tzinfo=UTC)


def test_a_line_that_lags_behind_its_order_does_not_wait_to_be_accepted_again() -> None:
    found = parsed(load("order_lines_behind"))

    assert (found.state, found.can_ship) == (OrderState.READY_TO_SHIP, True)


def test_a_line_keeps_its_leading_zeros_and_the_sellers_own_sku() -> None:
    (line,) = parsed(load("order_lines_behind")).lines

    assert (line.line_id, line.sku) == ("001", "NV3001-900-S")


def test_without_a_supplier_sku_the_part_number_is_the_sku() -> None:
    assert parsed(order_with_line(supplier_sku_reference=None, part_number="R-1")).lines[0].sku == "R-1"


def test_a_city_in_the_second_line_and_a_state_in_the_city_are_put_right() -> None:
    address = parsed(load("order_lines_behind")).shipping_address

    assert address is not None
    assert (address.street, address.city, address.region) == (("4 Example Road",), "Parramatta", "NSW")
    assert (address.country, address.first_name, address.last_name) == ("AU", "Bob", "Example")


@pytest.mark.parametrize(
    ("said", "country"), [("GB", "GB"), ("gbr", "GB"), ("UK", "GB"), ("Ireland", "IE"), ("nz", "NZ")]
)
def test_a_country_is_a_code_or_a_name(said: str, country: str) -> None:
    address = {**load("order_new")["shipping_address"], "country": said}

    found = parsed(order(shipping_address=address)).shipping_address

    assert found is not None
    assert found.country == country


@pytest.mark.parametrize(
    ("whole", "lines", "state"),
    [
        ("ORDER", ("ORDER", "ORDER"), OrderState.AWAITING_ACCEPTANCE),
        ("ORDER", ("ORDER", "ORDER_ACK"), OrderState.AWAITING_ACCEPTANCE),
        ("ORDER_ACK", ("ORDER_ACK", "ORDER_ACK"), OrderState.READY_TO_SHIP),
        ("BACKORDER", ("BACKORDER", "ORDER_ACK"), OrderState.READY_TO_SHIP),
        ("ORDER_ACK", ("ORDER_ACK", "DISPATCH"), OrderState.READY_TO_SHIP),
        ("ORDER_ACK", ("DISPATCH", "DISPATCH"), OrderState.SHIPPED),
        ("DISPATCH", ("DISPATCH", "CANCEL_ACK"), OrderState.SHIPPED),
        ("RMA", ("RMA", "DISPATCH"), OrderState.SHIPPED),
        ("RMA", ("RMA", "RMA_REC"), OrderState.RECEIVED),
        ("CANCEL", ("CANCEL", "CANCEL"), OrderState.CANCELLED),
        ("CANCEL", ("ORDER_ACK", "ORDER_ACK"), OrderState.CANCELLED),
        ("CANCEL", ("CANCEL", "ORDER_ACK"), OrderState.READY_TO_SHIP),
        ("CANCEL_ACK", ("CANCEL_ACK", "CANCEL_ACK"), OrderState.CANCELLED),
        ("ORDER", ("ORDER", "LOST_IN_SPACE"), OrderState.UNKNOWN),
        ("LOST_IN_SPACE", ("ORDER", "ORDER"), OrderState.UNKNOWN),
    ],
)
def test_the_least_advanced_open_line_speaks_for_the_order(
    whole: str, lines: tuple[str, str], state: OrderState
) -> None:
    assert parsed(order_at(whole, *lines)).state is state


def test_a_line_without_a_status_has_the_orders() -> None:
    payload = order(status="ORDER_ACK")
    for item in payload["items"]:
        item["status"] = None

    assert line_statuses(payload) == ["ORDER_ACK", "ORDER_ACK"]


def test_a_line_that_the_retailer_wants_cancelled_is_off_and_can_be_acknowledged() -> None:
    found = parsed(order_at("CANCEL", "CANCEL", "ORDER_ACK"))

    assert [line.cancelled for line in found.lines] == [True, False]
    assert (found.can_cancel, found.total) == (True, gbp("52.80"))
    assert found.cancellation_requested


def test_returns_are_told_as_they_stand() -> None:
    assert parsed(order_at("RMA", "RMA_AUTHORISED", "DISPATCH")).attributes["returns"] == "RMA_AUTHORISED"


def test_an_order_without_prices_is_not_guessed() -> None:
    assert faults(load("order_without_prices")) == ["items[0].total", "items[1].total"]


def test_an_order_without_prices_comes_in_at_0_where_a_person_said_so() -> None:
    found = parsed(load("order_without_prices"), zero_without_prices=True)

    assert (found.total, found.tax) == (gbp("0"), gbp("0"))


def test_half_a_price_is_not_guessed_even_then() -> None:
    payload = order_with_line(total=None, tax=None)

    assert faults(payload, zero_without_prices=True) == ["items[0].total"]


def test_a_line_without_its_total_is_its_subtotal_with_tax() -> None:
    assert parsed(order_with_line(total=None, subtotal=None)).lines[0].line_total == gbp("58.80")


def test_a_line_whose_amounts_disagree_is_at_fault() -> None:
    assert faults(order_with_line(total="60.00")) == ["items[0].total"]


def test_an_order_whose_total_misses_a_line_is_at_fault() -> None:
    assert faults(order(total="58.80")) == ["total"]


def test_the_orders_total_may_or_may_not_count_cancelled_lines() -> None:
    for stated in ("52.80", "111.60"):
        assert parsed(order_at("ORDER_ACK", "CANCEL_ACK", "ORDER_ACK", total=stated)).total == gbp("52.80")


def test_a_test_order_is_one_that_nobody_waits_for() -> None:
    found = parsed(order(test_flag=True))

    assert (found.test, found.ship_by, found.attributes["test_order"]) == (True, None, "true")
    assert parsed(order(test_flag=True), take_test_orders=True).test is False


def test_every_fault_is_named_at_once() -> None:
    payload = order_with_line(quantity="two", line_reference="", unit_cost_price="dear")
    payload.update(currency_code="pounds", order_date="yesterday")

    assert {
        "items[0].quantity",
        "items[0].line_reference",
        "items[0].unit_cost_price",
        "currency_code",
        "order_date",
    } <= {*faults(payload)}


def test_an_unreadable_address_stops_only_orders_that_are_still_to_be_sent() -> None:
    bare = {"full_name": None, "country": None}

    assert "shipping_address.country" in faults(order(shipping_address=bare))
    assert parsed(order_at("DISPATCH", "DISPATCH", "DISPATCH", shipping_address=bare)).shipping_address is None


def test_a_value_at_fault_that_may_be_personal_is_not_quoted() -> None:
    address = {**load("order_new")["shipping_address"], "full_name": ["Alice Example"]}

    with pytest.raises(DataError) as caught:
        parsed(order(shipping_address=address))
    assert "Alice" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("https://www.the-edge.io/restapi/v4/orders/40117/", "40117"),
        ("https://api.virtualstock.com/restapi/v4/orders/40117", "40117"),
        ("https://oms.the-edge.io/restapi/v4/orders/40117/?format=json", "40117"),
        (None, ""),
        (7, ""),
    ],
)
def test_an_orders_number_ends_its_url(url: Any, number: str) -> None:
    assert order_id({"url": url}) == number


def test_carriers_are_named_by_their_slug() -> None:
    found = [(carrier.code, carrier.label) for carrier in parse_carriers(load("carriers"))]

    assert found == [("dpd", "DPD"), ("royal-mail", "Royal Mail"), ("2go", "2GO")]


@pytest.mark.parametrize("payload", [[None], [{"name": "DPD"}]])
def test_a_carrier_without_a_slug_is_at_fault(payload: Any) -> None:
    with pytest.raises(DataError):
        parse_carriers(payload)
