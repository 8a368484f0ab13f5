"""Marketplacer's invoices → our orders."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.errors import DataError
from connectors.canonical.money import Money
from connectors.canonical.orders import Order, OrderState
from connectors.marketplacer.translate import FLAGS, changed_at, mark_order, parse_order, read_units
from tests.connectors.marketplacer.payloads import payload


def parsed(document: Any) -> Order:
    return parse_order(document, currency="AUD")


def aud(amount: str) -> Money:
    return Money(Decimal(amount), "AUD")


def invoice(**changes: Any) -> Any:
    return {**payload("invoice_paid"), **changes}


def without_cents(document: Any) -> Any:
    """As an instance shows it that has removed the deprecated fields."""
    if isinstance(document, list):
        return [without_cents(item) for item in document]
    if not isinstance(document, dict):
        return document
    kept = {name: without_cents(value) for name, value in document.items()}
    twins = [name for name in kept if name.endswith("Cents") and f"{name[:-5]}Formatted" in kept]
    return {name: value for name, value in kept.items() if name not in twins}


def test_a_paid_invoice_is_an_order_to_ship() -> None:
    order = parsed(payload("invoice_paid"))

    assert (order.reference, order.state, order.source_state) == ("10363", OrderState.READY_TO_SHIP, "PAID")
    assert order.placed_at == datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 1, 15, 8, 45, tzinfo=UTC)
    assert [(line.sku, line.quantity, line.unit_price) for line in order.lines] == [
        ("NV1001-410-M", 2, aud("123.50")),
        ("NV2004-120-L", 1, aud("99.00")),
    ]
    assert (order.shipping, order.total, order.tax_included) == (aud("9.95"), aud("355.95"), True)
    assert (order.can_ship, order.can_cancel, order.fulfilled_by_seller) == (True, False, True)


def test_an_address_takes_the_buyers_name_and_the_countrys_code_by_its_name() -> None:
    address = parsed(payload("invoice_paid")).shipping_address

    assert address is not None
    assert (address.first_name, address.last_name) == ("Alice", "Example")
    assert address.street == ("14 Wattle Street", "Unit 12")
    assert (address.postal_code, address.city, address.region, address.country) == ("3000", "Melbourne", "VIC", "AU")


@pytest.mark.parametrize("name", ["invoice_paid", "invoice_partially_sent"])
def test_amounts_are_the_same_where_only_formatted_fields_are_left(name: str) -> None:
    bare = without_cents(payload(name))

    assert "totalCents" not in bare
    assert parsed(bare) == parsed(payload(name))


def test_what_left_and_what_was_taken_off_are_told_apart() -> None:
    """Three sold: one sent, one cancelled; a denied request and a return after dispatch change nothing."""
    document = payload("invoice_partially_sent")

    order = parsed(document)

    first, second = order.lines
    assert (first.quantity, first.cancelled, second.quantity) == (2, False, 2)
    assert first.line_total == aud("2269.00")  # (3 x 1234.50 - 300.00) x 2 / 3
    assert order.state is OrderState.READY_TO_SHIP
    assert [units.to_ship for units in read_units(document).values()] == [1, 2]


def flagged(*flags: str, **changes: Any) -> OrderState:
    return parsed(invoice(statusFlags=list(flags), **changes)).state


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        (("PAID",), OrderState.READY_TO_SHIP),
        (("PAID", "PARTIALLY_SENT"), OrderState.READY_TO_SHIP),
        (("PAID", "SENT"), OrderState.SHIPPED),
        (("SENT", "PAID", "REMITTED"), OrderState.SHIPPED),
        (("PAYMENT_UNDER_REVIEW",), OrderState.AWAITING_PAYMENT),
        (("PAID", "PAYMENT_UNDER_REVIEW"), OrderState.AWAITING_PAYMENT),
        (("PAID", "READY", "COLLECTED"), OrderState.RECEIVED),
        (("PAID", "AWAITING_REFUND"), OrderState.READY_TO_SHIP),
        (("PAID", "CANCELLED"), OrderState.CANCELLED),
        (("PAID", "REFUNDED", "CANCELLED"), OrderState.CANCELLED),
        (("PAID", "SENT", "AWAITING_RETURN"), OrderState.SHIPPED),
        (("REMITTED",), OrderState.UNKNOWN),
        (("PAID", "ON_THE_MOON"), OrderState.UNKNOWN),
    ],
)
def test_the_set_of_flags_tells_the_state(flags: tuple[str, ...], state: OrderState) -> None:
    assert flagged(*flags) is state
    assert flagged(*reversed(flags)) is state


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_no_documented_flag_is_strange(flag: str) -> None:
    states = {flagged("PAID", flag), flagged(flag, "PAID")}

    assert len(states) == 1
    assert OrderState.UNKNOWN not in states


def test_no_flags_at_all_are_a_fault() -> None:
    with pytest.raises(DataError) as caught:
        parsed(invoice(statusFlags=[]))

    assert [problem.field for problem in caught.value.problems] == ["statusFlags"]


def test_a_line_status_nobody_knows_makes_the_order_unknown() -> None:
    document = payload("invoice_paid")
    document["lineItems"][0]["status"] = "TELEPORTED"

    assert parsed(document).state is OrderState.UNKNOWN


def test_click_and_collect_is_not_the_hubs_to_ship() -> None:
    assert parsed(invoice(deliveryType="CLICK_AND_COLLECT")).fulfilled_by_seller is False


def test_tax_on_top_is_told_by_the_stated_total() -> None:
    document = payload("invoice_paid")
    document["totalCents"] += document["taxCents"]

    order = parsed(document)

    assert order.tax_included is False
    assert order.total == aud("388.31")
    assert order.lines[0].line_total == aud("269.45")


def test_a_total_that_does_not_add_up_is_a_fault_and_never_a_guess() -> None:
    with pytest.raises(DataError) as caught:
        parsed(invoice(totalCents=99999))

    assert [problem.field for problem in caught.value.problems] == ["totalCents"]
    assert "355.95 AUD" in caught.value.message


def test_a_discount_that_stands_on_the_invoice_alone_is_spread_to_the_cent() -> None:
    document = invoice(discountCents=-1000)
    document["totalCents"] -= 1000

    order = parsed(document)

    assert [line.line_total for line in order.lines] == [aud("239.86"), aud("96.14")]
    assert order.total == aud("345.95")


def test_a_line_without_a_price_names_its_field() -> None:
    document = payload("invoice_paid")
    document["lineItems"][1] |= {"costCents": None, "costFormatted": None}

    with pytest.raises(DataError) as caught:
        parsed(document)

    assert "lineItems[1].costFormatted" in {problem.field for problem in caught.value.problems}


def test_every_fault_is_named_at_once_and_no_persons_value_is_quoted() -> None:
    document = invoice(createdAt="yesterday", shippingAddress={"address": ["14 Wattle Street"], "city": None})

    with pytest.raises(DataError) as caught:
        parsed(document)

    fields = {problem.field for problem in caught.value.problems}
    assert {"createdAt", "shippingAddress.address", "shippingAddress.city", "shippingAddress.country"} <= fields
    assert "Wattle" not in caught.value.message


def test_an_address_is_needed_only_while_there_is_something_to_ship() -> None:
    with pytest.raises(DataError):
        parsed(invoice(shippingAddress=None))
    assert parsed(invoice(shippingAddress=None, statusFlags=["PAID", "SENT"])).shipping_address is None


def test_where_an_instance_has_no_updated_at_the_newest_time_counts() -> None:
    document = payload("invoice_partially_sent")
    del document["updatedAt"]

    assert changed_at(document) == datetime(2026, 1, 16, 10, 0, tzinfo=UTC)
    assert parsed(document).updated_at == datetime(2026, 1, 16, 10, 0, tzinfo=UTC)


def test_a_whole_cancellation_marks_every_line_and_leaves_nothing_to_pay() -> None:
    order = parsed(invoice(statusFlags=["PAID", "CANCELLED"]))

    assert [line.cancelled for line in order.lines] == [True, True]
    assert (order.open_lines, order.total, order.shipping) == ((), aud("0.00"), aud("0.00"))


def test_counting_takes_an_order_that_cannot_be_read_too() -> None:
    mark = mark_order(invoice(totalCents=1), currency="AUD")

    assert mark is not None
    assert (mark.reference, mark.total, mark.expected) == ("10363", None, True)
    assert mark_order({}, currency="AUD") is None
