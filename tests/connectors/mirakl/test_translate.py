"""OR11's orders → ours."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.countries import alpha_2
from connectors.canonical.errors import DataError
from connectors.canonical.money import Money, total
from connectors.canonical.orders import Address, OrderState, TaxAmount
from connectors.mirakl.translate import ORDER_STATES, parse_order
from tests.connectors.mirakl.payloads import cancelation, line, load, order, order_of, refund


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def fields_at_fault(payload: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        parse_order(payload)
    return [problem.field for problem in caught.value.problems]


# --- a whole order ----------------------------------------------------------------------------------------------------
def test_a_paid_order_is_read_whole() -> None:
    found = parse_order(order())

    assert (found.reference, found.commercial_reference) == ("MN-88210-A", "MN-88210")
    assert (found.state, found.source_state) == (OrderState.READY_TO_SHIP, "SHIPPING")
    assert found.placed_at == datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 3, 2, 10, 40, 12, tzinfo=UTC)
    assert found.accepted_at == datetime(2026, 3, 2, 9, 31, tzinfo=UTC)
    assert found.paid_at == datetime(2026, 3, 2, 10, 40, 11, 532000, tzinfo=UTC)
    assert found.ship_by == datetime(2026, 3, 4, 22, 59, 59, 999000, tzinfo=UTC)
    assert (found.currency, found.tax_included) == ("EUR", True)
    assert (found.shipping, found.total, found.tax) == (eur("4.90"), eur("203.70"), eur("40.74"))
    assert (found.channel, found.payment_method) == ("SE", "CARD")
    assert (found.shipping_service, found.shipping_service_label) == ("STD", "Standard")
    assert found.relay_email == "q7c1x0.k2m9@notification.example"
    assert (found.can_ship, found.can_cancel, found.fulfilled_by_seller) == (True, False, True)


def test_lines_are_joined_by_their_own_id_and_keep_what_they_cost() -> None:
    first, second = parse_order(order()).lines

    assert (first.line_id, first.sku, first.title) == ("MN-88210-A-1", "NV1001-410-M", "Cotton tee, deep navy, M")
    assert (first.quantity, first.unit_price, first.line_total) == (2, eur("49.90"), eur("99.80"))
    assert first.shipping == eur("4.90")
    assert first.taxes == (TaxAmount(code="SE25", amount=eur("19.96"), rate="25"),)
    assert first.shipping_taxes == (TaxAmount(code="SE25", amount=eur("0.98"), rate="25"),)
    assert (second.line_id, second.quantity, second.line_total, second.cancelled) == (
        "MN-88210-A-2",
        1,
        eur("99"),
        False,
    )


def test_additional_information_is_a_line_of_the_shipping_address() -> None:
    found = parse_order(order())

    assert found.shipping_address == Address(
        first_name="Bob",
        last_name="Nord",
        company="Bobs Kontor AB, Plan 3",
        street=("Provvägen 22", "c/o Charlie", "Port 4711"),
        postal_code="411 05",
        city="Göteborg",
        region="Västra Götaland",
        country="SE",
        phone="+46 31 390 06 02",
    )
    assert found.billing_address is not None
    assert found.billing_address.street == ("Testgatan 1",)


def test_what_the_hub_only_passes_on_is_kept_as_attributes() -> None:
    assert parse_order(order(shipping_pudo_id="PUDO-9")).attributes == {
        "payment_workflow": "PAY_ON_ACCEPTANCE",
        "shipping_zone": "SE",
        "pickup_point": "PUDO-9",
        "customer_id": "c-5512",
        "customer_locale": "sv_SE",
        "reference_for_customer": "88210",
        "field.gift-wrap": "true",
        "field.delivery-windows": "MORNING, EVENING",
    }


def test_before_acceptance_addresses_are_withheld() -> None:
    found = parse_order(load("order_waiting_acceptance"))

    assert found.state is OrderState.AWAITING_ACCEPTANCE
    assert (found.billing_address, found.shipping_address) == (None, None)
    assert (found.accepted_at, found.paid_at, found.ship_by) == (None, None, None)
    assert (found.channel, found.relay_email, found.can_ship) == ("", "", False)


def test_an_old_order_is_read_with_its_strings_and_without_its_country() -> None:
    found = parse_order(load("order_closed_old"))

    assert (found.reference, found.state) == ("000714-A", OrderState.CLOSED)
    assert found.lines[0].line_id == "139"
    assert (found.lines[0].unit_price, found.total) == (eur("29.9000"), eur("63.3000"))
    assert found.shipping_address is None
    assert found.payment_method == "CB"
    assert found.accepted_at == datetime(2019, 5, 4, 8, 0, tzinfo=UTC)


# --- states -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("STAGING", OrderState.STAGING),
        ("WAITING_ACCEPTANCE", OrderState.AWAITING_ACCEPTANCE),
        ("WAITING_DEBIT", OrderState.AWAITING_PAYMENT),
        ("WAITING_DEBIT_PAYMENT", OrderState.AWAITING_PAYMENT),
        ("SHIPPING", OrderState.READY_TO_SHIP),
        ("SHIPPED", OrderState.SHIPPED),
        ("TO_COLLECT", OrderState.SHIPPED),
        ("RECEIVED", OrderState.RECEIVED),
        ("CLOSED", OrderState.CLOSED),
        ("REFUSED", OrderState.REFUSED),
        ("CANCELED", OrderState.CANCELLED),
        ("WAITING_REFUND", OrderState.UNKNOWN),
        ("FROZEN", OrderState.UNKNOWN),
    ],
)
def test_every_state_has_our_word_and_an_unknown_one_is_kept(theirs: str, ours: OrderState) -> None:
    found = parse_order(order(order_state=theirs))

    assert (found.state, found.source_state) == (ours, theirs)


def test_the_contract_names_no_order_state_that_is_missing_here() -> None:
    documented = "STAGING WAITING_ACCEPTANCE WAITING_DEBIT WAITING_DEBIT_PAYMENT SHIPPING SHIPPED TO_COLLECT RECEIVED"
    assert set(ORDER_STATES) == {*documented.split(), "CLOSED", "REFUSED", "CANCELED"}


def test_a_line_state_nobody_knows_makes_the_order_unknown() -> None:
    found = parse_order(order_of(line(order_line_state="QUARANTINE"), line(1)))

    assert (found.state, found.source_state) == (OrderState.UNKNOWN, "SHIPPING")


def test_an_incident_does_not_change_what_is_wanted() -> None:
    found = parse_order(order_of(line(order_line_state="INCIDENT_OPEN"), has_incident=True))

    assert found.state is OrderState.READY_TO_SHIP
    assert found.attributes["has_incident"] == "true"
    assert not found.lines[0].cancelled


def test_a_refusal_has_a_decision_but_no_acceptance() -> None:
    assert parse_order(order(order_state="REFUSED")).accepted_at is None


def test_an_order_of_a_fulfilment_centre_is_not_ours_to_ship() -> None:
    assert not parse_order(order(fulfillment={"center": {"code": "FC-NORTH"}})).fulfilled_by_seller


# --- lines that are off -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", ["REFUSED", "CANCELED"])
def test_a_line_that_is_off_is_kept_and_counts_for_nothing(state: str) -> None:
    found = parse_order(order_of(line(order_line_state=state), line(1)))

    assert [item.cancelled for item in found.lines] == [True, False]
    assert (found.shipping, found.total, found.tax) == (eur("0"), eur("99"), eur("19.80"))


@pytest.mark.parametrize("total_price", ["203.70", "99"])
def test_the_orders_total_may_or_may_not_count_the_line_that_is_off(total_price: str) -> None:
    payload = order_of(line(order_line_state="CANCELED"), line(1), total_price=Decimal(total_price))

    assert parse_order(payload).total == eur("99")


def test_a_cancelled_line_may_show_nothing_any_more() -> None:
    gone = line(order_line_state="CANCELED", price=0, shipping_price=0, total_price=0, quantity=0, taxes=[])
    found = parse_order(order_of(gone, line(1)))

    assert (found.lines[0].cancelled, found.lines[0].line_total, found.total) == (True, eur("0"), eur("99"))


def test_an_order_cancelled_as_a_whole_may_report_nothing() -> None:
    gone = line(order_line_state="CANCELED")
    found = parse_order(order_of(gone, order_state="CANCELED", total_price=0, price=0, shipping_price=0))

    assert (found.state, found.total, found.open_lines) == (OrderState.CANCELLED, eur("0"), ())
    assert found.lines[0].line_total == eur("99.80")


def test_a_line_refunded_before_it_was_shipped_is_off() -> None:
    returned = line(order_line_state="REFUNDED", refunds=[refund(amount=Decimal("99.80"), quantity=2)])
    found = parse_order(order_of(returned, line(1)))

    assert [item.cancelled for item in found.lines] == [True, False]
    assert found.attributes["refund_ids"] == "1106"


def test_a_line_refunded_after_it_was_shipped_stays_as_sold() -> None:
    returned = line(order_line_state="REFUNDED", shipped_date="2026-03-03T08:00:00Z")
    found = parse_order(order_of(returned, line(1), order_state="RECEIVED"))

    assert [item.cancelled for item in found.lines] == [False, False]
    assert found.total == eur("203.70")


def test_a_refund_does_not_change_what_was_sold() -> None:
    found = parse_order(order_of(line(refunds=[refund(amount=Decimal("10.00"))]), line(1)))

    assert (found.lines[0].line_total, found.lines[0].quantity, found.total) == (eur("99.80"), 2, eur("203.70"))


def test_a_cancelled_unit_comes_off_quantity_amount_shipping_and_tax() -> None:
    one = cancelation(
        amount=Decimal("49.90"),
        shipping_amount=Decimal("2.45"),
        quantity=1,
        taxes=[{"code": "SE25", "amount": Decimal("9.98")}],
        shipping_taxes=[{"code": "SE25", "amount": Decimal("0.49")}],
    )
    first = parse_order(order_of(line(cancelations=[one]), line(1))).lines[0]

    assert (first.quantity, first.unit_price, first.line_total) == (1, eur("49.90"), eur("49.90"))
    assert first.shipping == eur("2.45")
    assert (first.taxes[0].amount, first.shipping_taxes[0].amount) == (eur("9.98"), eur("0.49"))
    assert not first.cancelled


@pytest.mark.parametrize("total_price", ["203.70", "151.35"])
def test_the_orders_total_may_or_may_not_have_cancelations_taken_off(total_price: str) -> None:
    one = cancelation(amount=Decimal("49.90"), shipping_amount=Decimal("2.45"), quantity=1)
    payload = order_of(line(cancelations=[one]), line(1), total_price=Decimal(total_price))

    assert parse_order(payload).total == eur("151.35")


def test_a_cancelled_amount_without_units_lowers_the_unit_price() -> None:
    gesture = cancelation(amount=Decimal("9.80"), quantity=0)
    first = parse_order(order_of(line(cancelations=[gesture]), line(1))).lines[0]

    assert (first.quantity, first.unit_price, first.line_total) == (2, eur("45.000000"), eur("90.00"))


def test_a_line_whose_units_and_amount_are_all_cancelled_is_off() -> None:
    both = cancelation(amount=Decimal("99.80"), shipping_amount=Decimal("4.90"), quantity=2)
    found = parse_order(order_of(line(cancelations=[both]), line(1)))

    assert (found.lines[0].cancelled, found.lines[0].quantity, found.total) == (True, 2, eur("99"))


def test_units_without_any_amount_left_are_told_to_a_person() -> None:
    odd = cancelation(amount=Decimal("99.80"), quantity=1)

    assert fields_at_fault(order_of(line(cancelations=[odd]), line(1))) == ["order_lines[0].cancelations"]


# --- tax on top -------------------------------------------------------------------------------------------------------
def test_amounts_without_tax_are_made_gross() -> None:
    found = parse_order(load("order_tax_excluded"))
    usd = {name: Money(Decimal(amount), "USD") for name, amount in (("goods", "32.48"), ("shipping", "5.31"))}

    assert not found.tax_included
    assert (found.lines[0].line_total, found.lines[0].shipping) == (usd["goods"], usd["shipping"])
    assert found.lines[0].unit_price == Money(Decimal("10.826667"), "USD")
    assert found.total == Money(Decimal("37.79"), "USD")
    assert [tax.rate for tax in found.lines[0].taxes] == ["6.25", "2"]
    assert found.lines[0].shipping_taxes[0].rate == ""


def test_a_name_may_stand_on_the_customer_only() -> None:
    address = parse_order(order(customer=with_shipping(firstname=None, lastname=None, company=None))).shipping_address

    assert address is not None
    assert (address.first_name, address.last_name) == ("Alice", "Nord")


def test_taxes_of_the_whole_order_are_read_where_lines_state_none() -> None:
    bare = line(taxes=[], shipping_taxes=[])
    whole = [{"code": "SE25", "rate": 25, "total_amount": Decimal("20.94")}]
    found = parse_order(order_of(bare, order_taxes=whole))

    assert found.taxes == (TaxAmount(code="SE25", amount=eur("20.94"), rate="25"),)
    assert found.tax == eur("20.94")


def test_taxes_of_the_whole_order_are_not_counted_beside_those_of_the_lines() -> None:
    whole = [{"code": "SE25", "rate": 25, "total_amount": Decimal("40.74")}]

    assert parse_order(order(order_taxes=whole)).tax == eur("40.74")


def test_tax_on_top_that_no_line_states_cannot_be_shared_out() -> None:
    whole = [{"code": "SE25", "rate": 25, "total_amount": Decimal("20.94")}]
    payload = order_of(line(taxes=[], shipping_taxes=[]), order_taxes=whole, order_tax_mode="TAX_EXCLUDED")

    assert fields_at_fault(payload) == ["order_taxes"]


@pytest.mark.parametrize("mode", [None, "", "TAX_MAYBE"])
def test_taxes_without_a_known_tax_mode_are_a_fault(mode: str | None) -> None:
    assert fields_at_fault(order(order_tax_mode=mode)) == ["order_tax_mode"]


# --- faults -----------------------------------------------------------------------------------------------------------
def broken(field: str, value: Any) -> dict[str, Any]:
    return order(**{field: value})


def broken_line(field: str, value: Any) -> dict[str, Any]:
    return order(order_lines=[line(**{field: value}), line(1)])


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (broken, "order_id", None),
        (broken, "order_state", None),
        (broken, "currency_iso_code", None),
        (broken, "currency_iso_code", "euro"),
        (broken, "created_date", None),
        (broken, "last_updated_date", "yesterday"),
        (broken, "created_date", "2026-03-02T09:14:05"),
        (broken, "shipping_deadline", 1772442000),
        (broken, "can_shop_ship", "yes"),
        (broken, "channel", "SE"),
        (broken_line, "order_line_id", None),
        (broken_line, "offer_sku", None),
        (broken_line, "offer_sku", ["NV1001-410-M"]),
        (broken_line, "order_line_state", None),
        (broken_line, "quantity", None),
        (broken_line, "quantity", Decimal("1.5")),
        (broken_line, "price_unit", "abc"),
        (broken_line, "taxes", {"code": "SE25"}),
    ],
)
def test_a_field_at_fault_is_named_by_its_path(
    make: Callable[[str, Any], dict[str, Any]], name: str, value: Any
) -> None:
    path = name if make is broken else f"order_lines[0].{name}"

    assert path in fields_at_fault(make(name, value))


def test_every_fault_is_named_at_once() -> None:
    payload = order(order_id=None, created_date=None, order_lines=[line(offer_sku=None), line(1, quantity="two")])

    assert set(fields_at_fault(payload)) == {
        "order_id",
        "created_date",
        "order_lines[0].offer_sku",
        "order_lines[1].quantity",
    }


@pytest.mark.parametrize("payload", [None, [], "MN-88210-A"])
def test_what_is_no_object_is_no_order(payload: Any) -> None:
    assert fields_at_fault(payload) == [""]


def test_an_order_without_lines_is_a_fault() -> None:
    assert fields_at_fault(order(order_lines=[])) == ["order_lines"]


def test_a_line_id_twice_is_a_fault() -> None:
    assert fields_at_fault(order_of(line(), line())) == ["order_lines[1].order_line_id"]


def test_a_quantity_of_zero_is_a_fault() -> None:
    payload = order_of(line(quantity=0, price=0, total_price=Decimal("4.90")))

    assert fields_at_fault(payload) == ["order_lines[0].quantity"]


def test_a_price_that_is_not_quantity_times_unit_price_is_a_fault() -> None:
    payload = order_of(line(price=Decimal("89.80"), total_price=Decimal("94.70")))

    assert fields_at_fault(payload) == ["order_lines[0].price"]


def test_a_line_total_that_is_not_price_and_shipping_is_a_fault() -> None:
    assert fields_at_fault(order_of(line(total_price=Decimal("110.00")))) == ["order_lines[0].total_price"]


def test_fees_that_the_customer_paid_are_told_to_a_person() -> None:
    payload = order_of(line(fees=[{"code": "eco", "amount": Decimal("0.65")}], total_price=Decimal("105.35")))

    assert fields_at_fault(payload) == ["order_lines[0].fees"]


def test_fees_outside_the_total_change_nothing() -> None:
    assert parse_order(order_of(line(fees=[{"code": "eco", "amount": Decimal("0.65")}]))).total == eur("104.70")


def test_a_missing_line_is_noticed_by_the_orders_total() -> None:
    payload = order(order_lines=[line()])

    assert fields_at_fault(payload) == ["total_price"]


# --- addresses --------------------------------------------------------------------------------------------------------
def with_shipping(**changes: Any) -> dict[str, Any]:
    customer = load("order_shipping")["customer"]
    return {**customer, "shipping_address": {**customer["shipping_address"], **changes}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country_iso_code": None}, "country_iso_code"),
        ({"country_iso_code": "SVE"}, "country_iso_code"),
        ({"city": " "}, "city"),
        ({"street_1": None, "street_2": "", "additional_info": None}, "street_1"),
    ],
)
def test_an_address_to_ship_to_must_be_whole(changes: dict[str, Any], field: str) -> None:
    assert fields_at_fault(order(customer=with_shipping(**changes))) == [f"customer.shipping_address.{field}"]


def test_an_unreadable_address_is_left_out_when_nothing_is_to_be_shipped() -> None:
    payload = order(order_state="RECEIVED", customer=with_shipping(country_iso_code=None))

    assert parse_order(payload).shipping_address is None


def test_a_fault_does_not_repeat_what_a_person_wrote() -> None:
    with pytest.raises(DataError) as caught:
        parse_order(order(customer=with_shipping(city={"secret": "Provvägen 22"})))

    assert "Provvägen" not in caught.value.message


def test_every_country_of_the_platform_has_a_two_letter_code() -> None:
    assert [alpha_2(code) for code in ("SWE", "GBR", "DEU", "CHE", "CYM", "fra")] == [
        "SE",
        "GB",
        "DE",
        "CH",
        "KY",
        "FR",
    ]
    assert alpha_2("EUR") is None


# --- money, in general ------------------------------------------------------------------------------------------------
cents = st.integers(min_value=0, max_value=2_000_000).map(lambda value: Decimal(value).scaleb(-2))


@st.composite
def sold_lines(draw: st.DrawFn, number: int) -> dict[str, Any]:
    quantity, unit, shipping = draw(st.integers(1, 40)), draw(cents), draw(cents)
    price = unit * quantity
    off = draw(st.booleans())
    units_off = draw(st.integers(0, quantity - 1))
    parts = [cancelation(amount=unit * units_off, quantity=units_off)] if units_off and unit else []
    tax = draw(cents)
    return line(
        order_line_id=f"L-{number}",
        order_line_state="REFUSED" if off else "SHIPPING",
        quantity=quantity,
        price_unit=unit,
        price=price,
        shipping_price=shipping,
        total_price=price + shipping,
        cancelations=parts,
        taxes=[{"code": "V", "amount": tax, "rate": 25}] if tax else [],
        shipping_taxes=[],
    )


@given(data=st.data(), count=st.integers(1, 5), mode=st.sampled_from(["TAX_INCLUDED", "TAX_EXCLUDED"]))
def test_the_lines_make_the_total_whatever_was_sold(data: st.DataObject, count: int, mode: str) -> None:
    lines = [data.draw(sold_lines(number)) for number in range(count)]
    found = parse_order(order_of(*lines, order_tax_mode=mode))

    goods = total((item.line_total for item in found.open_lines), currency="EUR")
    assert goods + found.shipping == found.total
    assert [item.cancelled for item in found.lines] == [item["order_line_state"] == "REFUSED" for item in lines]
    for item, sold in zip(found.lines, lines, strict=True):
        wanted = sold["quantity"] - sum(part["quantity"] for part in sold["cancelations"])
        assert item.quantity == (sold["quantity"] if item.cancelled else wanted)


@given(amount=cents, places=st.integers(0, 4), as_text=st.booleans())
def test_an_amount_is_the_same_however_it_is_written(amount: Decimal, places: int, as_text: bool) -> None:
    written: Any = amount.quantize(Decimal(1).scaleb(-2 - places))
    sold = line(
        quantity=1,
        price_unit=str(written) if as_text else written,
        price=str(written) if as_text else written,
        total_price=written,
        shipping_price="0.00",
        shipping_taxes=[],
        taxes=[],
    )
    found = parse_order(order_of(sold))

    assert found.lines[0].line_total.amount == amount
    assert found.total.amount == amount
