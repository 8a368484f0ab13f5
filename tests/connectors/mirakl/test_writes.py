"""Ours → Mirakl's bodies, and the payload files against the vendor's contract."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.canonical.errors import DataError
from connectors.canonical.options import LineDecision
from connectors.mirakl.writes import (
    CancelRoute,
    build_cancelation,
    build_decisions,
    build_refund,
    build_shipment,
    build_tracking,
    cancel_route,
    check_sendable,
    find_shipment,
    parse_shipment,
    read_remainders,
    shows_decisions,
    units_in_excess,
)
from tests.connectors.mirakl.contract import shape_problems
from tests.connectors.mirakl.payloads import cancelation, line, load, order, order_of, refund
from tests.connectors.mirakl.shop import dispatch_of

BOTH = {"MN-88210-A-1", "MN-88210-A-2"}


@pytest.mark.parametrize(
    ("name", "code", "inside"),
    [
        ("order_shipping", "OR11", "orders"),
        ("order_waiting_acceptance", "OR11", "orders"),
        ("order_tax_excluded", "OR11", "orders"),
        ("shipments", "ST11", ""),
        ("shipment_created", "ST01", ""),
        ("shipment_refused", "ST01", ""),
        ("refund_created", "OR28", ""),
        ("cancelation_created", "OR30", ""),
        ("carriers", "SH21", ""),
        ("reasons", "RE01", ""),
        ("account", "A01", ""),
        ("configuration", "PC01", ""),
    ],
)
def test_payload_files_have_the_contracts_shape(name: str, code: str, inside: str) -> None:
    payload = load(name)
    whole = {inside: [payload], "total_count": 1} if inside else payload

    assert shape_problems(whole, code) == []


# --- deciding ---------------------------------------------------------------------------------------------------------
def test_a_decision_names_every_line_as_it_was_decided() -> None:
    decisions = [LineDecision(line_id="A-1", accepted=True), LineDecision(line_id="A-2", accepted=False)]

    assert build_decisions(decisions) == {
        "order_lines": [{"id": "A-1", "accepted": True}, {"id": "A-2", "accepted": False}]
    }


@pytest.mark.parametrize(
    ("state", "accepted", "shown"),
    [
        ("WAITING_ACCEPTANCE", True, False),
        ("STAGING", True, False),
        ("WAITING_DEBIT", True, True),
        ("SHIPPING", True, True),
        ("INCIDENT_OPEN", True, True),
        ("REFUSED", True, False),
        ("CANCELED", True, False),
        ("REFUSED", False, True),
        ("CANCELED", False, False),
        ("WAITING_DEBIT", False, False),
    ],
)
def test_a_decision_counts_as_made_when_the_line_stands_where_it_puts_it(
    state: str, accepted: bool, shown: bool
) -> None:
    payload = order_of(line(order_line_state=state))

    assert shows_decisions(payload, [LineDecision(line_id="MN-88210-A-1", accepted=accepted)]) is shown


def test_a_decision_about_a_line_that_is_not_there_was_not_made() -> None:
    assert not shows_decisions(order(), [LineDecision(line_id="MN-1-A-9", accepted=True)])


# --- dispatching ------------------------------------------------------------------------------------------------------
def test_a_shipment_is_created_and_validated_in_one_step_and_carries_our_number() -> None:
    assert build_shipment(dispatch_of("MN-88210-A")) == {
        "shipments": [
            {
                "order_id": "MN-88210-A",
                "shipped": True,
                "shipment_lines": [
                    {"order_line_id": "MN-88210-A-1", "quantity": 2, "package_reference": "39790-1"},
                    {"order_line_id": "MN-88210-A-2", "quantity": 1, "package_reference": "39790-1"},
                ],
                "tracking": {"carrier_code": "POSTNORD", "tracking_number": "00370000000000000001"},
            }
        ]
    }


def test_a_carrier_that_is_not_listed_goes_by_name_and_link_whose_field_differs() -> None:
    dispatch = dispatch_of(
        "MN-88210-A", carrier="", carrier_name="Bike Messenger", tracking_url="https://t.example/1", tracking_number=""
    )

    assert build_tracking(dispatch) == {"carrier_name": "Bike Messenger", "carrier_url": "https://t.example/1"}
    assert build_shipment(dispatch)["shipments"][0]["tracking"] == {
        "carrier_name": "Bike Messenger",
        "tracking_url": "https://t.example/1",
    }


def test_a_listed_carrier_goes_by_its_code_alone() -> None:
    dispatch = dispatch_of("MN-88210-A", tracking_url="https://ignored.example")

    assert build_tracking(dispatch) == {"carrier_code": "POSTNORD", "tracking_number": "00370000000000000001"}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"lines": ()}, ["lines"]),
        ({"carrier": ""}, ["carrier"]),
        ({"carrier_name": "Bike Messenger"}, ["tracking_url"]),
        ({"lines": (DispatchLine(sku="A", quantity=1),), "carrier": ""}, ["lines[0].line_id", "carrier"]),
    ],
)
def test_a_dispatch_must_be_whole(change: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        check_sendable(replace(dispatch_of("MN-88210-A"), **change))

    assert [problem.field for problem in caught.value.problems] == fields


def first_parcel(**changes: Any) -> Dispatch:
    """The dispatch that the payload file shows."""
    lines = (DispatchLine(sku="NV1001-410-M", line_id="MN-88210-A-1", quantity=2),)
    return dispatch_of("MN-88210-A", carrier="PN", lines=lines, **changes)


def shipment(**changes: Any) -> Any:
    shown = load("shipments")["data"][0]
    reference = changes.pop("reference", "39790-1")
    lines = [{**item, "package_reference": reference} for item in shown["shipment_lines"]]
    return parse_shipment({**shown, "shipment_lines": lines, **changes})


@pytest.mark.parametrize(
    ("shown", "dispatch", "found"),
    [
        (shipment(), first_parcel(), True),
        (shipment(), first_parcel(tracking_number="other"), True),  # tracking was corrected since: the reference holds
        (shipment(), first_parcel(number="39790-2"), False),
        (shipment(status="CANCELED"), first_parcel(), False),
        (shipment(reference=None), first_parcel(), True),
        (shipment(reference=None), first_parcel(tracking_number="other"), False),
        (shipment(reference=None), first_parcel(tracking_number=""), False),
        (shipment(reference=None, tracking=None), first_parcel(tracking_number=""), False),
        (shipment(reference=None, tracking={"carrier_code": "PN"}), first_parcel(tracking_number=""), True),
        (shipment(reference=None), dispatch_of("MN-88210-A", carrier="PN"), False),  # other units
    ],
)
def test_a_shipment_is_told_by_our_reference_else_by_tracking_and_units(
    shown: Any, dispatch: Dispatch, found: bool
) -> None:
    assert (find_shipment([shown], dispatch) is not None) is found


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        ("SHIPPING", False),
        ("CANCELED", False),
        ("SHIPMENT_PREPARED", True),
        ("READY_FOR_PICK_UP", True),
        ("SHIPPED", True),
        ("TO_COLLECT", True),
        ("RECEIVED", True),
        ("CLOSED", True),
    ],
)
def test_a_shipment_is_sent_once_the_seller_validated_it(status: str, sent: bool) -> None:
    assert shipment(status=status).is_sent is sent


def test_a_dispatch_of_what_was_not_sold_is_noticed() -> None:
    lines = (DispatchLine(sku="A", line_id="MN-88210-A-1", quantity=3), DispatchLine(sku="B", line_id="?", quantity=1))

    assert units_in_excess(order(), dispatch_of("MN-88210-A", lines=lines)) == ["A", "B"]
    assert units_in_excess(order(), dispatch_of("MN-88210-A")) == []


# --- cancelling and refunding -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "route"),
    [
        ({"order_state": "STAGING"}, CancelRoute.WAIT_FOR_OPERATOR),
        ({"order_state": "WAITING_ACCEPTANCE"}, CancelRoute.REFUSE),
        ({"order_state": "WAITING_DEBIT"}, CancelRoute.WAIT_FOR_PAYMENT),
        ({"order_state": "WAITING_DEBIT_PAYMENT", "can_cancel": True}, CancelRoute.CANCEL),
        ({"order_state": "SHIPPING"}, CancelRoute.REFUND),
        ({"order_state": "SHIPPING", "customer_debited_date": None}, CancelRoute.REFUND),
        (
            {"customer_debited_date": None, "payment_workflow": "PAY_ON_DELIVERY", "can_cancel": True},
            CancelRoute.CANCEL,
        ),
        ({"customer_debited_date": None, "payment_workflow": "PAY_ON_DUE_DATE"}, CancelRoute.BY_HAND),
        ({"order_state": "FROZEN"}, CancelRoute.BY_HAND),
        ({"order_state": "SHIPPED"}, CancelRoute.SHIPPED),
        ({"order_state": "CLOSED"}, CancelRoute.SHIPPED),
        ({"order_state": "REFUSED"}, CancelRoute.OVER),
        ({"order_state": "CANCELED", "can_cancel": True}, CancelRoute.OVER),
    ],
)
def test_the_state_leaves_one_road_to_stop_an_order(changes: dict[str, Any], route: CancelRoute) -> None:
    assert cancel_route(order(**changes)) is route


def test_a_refund_before_shipping_gives_back_all_and_keeps_it_from_being_shipped() -> None:
    payload = order()
    body = build_refund(payload, read_remainders(payload, line_ids=BOTH, shipped={}), reason_code="15")

    assert body == {
        "order_tax_mode": "TAX_INCLUDED",
        "refunds": [
            {
                "order_line_id": "MN-88210-A-1",
                "amount": Decimal("99.80"),
                "shipping_amount": Decimal("4.90"),
                "quantity": 2,
                "reason_code": "15",
                "currency_iso_code": "EUR",
                "excluded_from_shipment": True,
            },
            {
                "order_line_id": "MN-88210-A-2",
                "amount": Decimal(99),
                "shipping_amount": Decimal(0),
                "quantity": 1,
                "reason_code": "15",
                "currency_iso_code": "EUR",
                "excluded_from_shipment": True,
            },
        ],
    }


def test_a_cancelation_names_what_is_left_and_excludes_nothing() -> None:
    payload = order()
    body = build_cancelation(payload, read_remainders(payload, line_ids={"MN-88210-A-2"}, shipped={}), reason_code="34")

    assert body["order_tax_mode"] == "TAX_INCLUDED"
    assert [set(entry) for entry in body["cancelations"]] == [
        {"order_line_id", "amount", "shipping_amount", "quantity", "reason_code", "currency_iso_code"}
    ]


def test_what_was_given_back_before_is_not_given_back_again() -> None:
    before = {
        "refunds": [refund(amount=Decimal("49.90"), shipping_amount=Decimal("1.00"), quantity=1)],
        "cancelations": [cancelation(amount=Decimal("9.80"))],
    }
    (left,) = read_remainders(order_of(line(**before)), line_ids=BOTH, shipped={})

    assert (left.amount, left.shipping, left.units) == (Decimal("40.10"), Decimal("3.90"), 1)


def test_a_line_that_was_given_back_whole_is_left_out() -> None:
    whole = refund(amount=Decimal("99.80"), shipping_amount=Decimal("4.90"), quantity=2)
    payload = order_of(line(refunds=[whole]), line(1))

    assert [left.line_id for left in read_remainders(payload, line_ids=BOTH, shipped={})] == ["MN-88210-A-2"]


@pytest.mark.parametrize("state", ["REFUSED", "CANCELED", "SHIPPED", "RECEIVED", "CLOSED"])
def test_lines_that_are_off_or_gone_are_left_alone(state: str) -> None:
    payload = order_of(line(order_line_state=state), line(1))

    assert [left.line_id for left in read_remainders(payload, line_ids=BOTH, shipped={})] == ["MN-88210-A-2"]


def test_lines_that_were_not_named_are_left_alone() -> None:
    assert [left.line_id for left in read_remainders(order(), line_ids={"MN-88210-A-1"}, shipped={})] == [
        "MN-88210-A-1"
    ]


def test_units_that_left_are_not_given_back_nor_is_their_shipping() -> None:
    (left,) = read_remainders(order_of(line()), line_ids=BOTH, shipped={"MN-88210-A-1": 1})

    assert (left.amount, left.shipping, left.units) == (Decimal("49.90"), Decimal(0), 1)


def test_a_line_whose_every_unit_left_is_left_out() -> None:
    assert read_remainders(order_of(line()), line_ids=BOTH, shipped={"MN-88210-A-1": 2}) == ()


def test_taxes_that_mirakl_does_not_compute_are_named() -> None:
    payload = load("order_tax_excluded")
    (left,) = read_remainders(payload, line_ids={"MN-90001-A-1"}, shipped={})

    assert left.charges == {
        "taxes": [{"code": "US-IL", "amount": Decimal("1.88")}, {"code": "US-SPR", "amount": Decimal("0.60")}],
        "shipping_taxes": [{"code": "US-IL", "amount": Decimal("0.31")}],
    }
    assert build_refund(payload, [left], reason_code="15")["order_tax_mode"] == "TAX_EXCLUDED"


def test_taxes_of_a_part_are_its_share_in_whole_cents() -> None:
    (left,) = read_remainders(load("order_tax_excluded"), line_ids={"MN-90001-A-1"}, shipped={"MN-90001-A-1": 2})

    assert left.charges == {
        "taxes": [{"code": "US-IL", "amount": Decimal("0.63")}, {"code": "US-SPR", "amount": Decimal("0.20")}]
    }


def test_fees_that_were_paid_are_given_back_less_what_was_given_back_before() -> None:
    fees = {
        "fees": [{"code": "wrap", "amount": Decimal("2.50")}],
        "refunds": [refund(amount=Decimal("1.00"), fees=[{"code": "wrap", "amount": Decimal("1.00")}])],
    }
    (left,) = read_remainders(order_of(line(**fees)), line_ids=BOTH, shipped={})

    assert left.charges == {"fees": [{"code": "wrap", "amount": Decimal("1.50")}]}


def test_an_unreadable_line_is_not_given_back_by_guess() -> None:
    with pytest.raises(DataError) as caught:
        read_remainders(order_of(line()) | {"order_lines": [line(price=None)]}, line_ids=BOTH, shipped={})

    assert [problem.field for problem in caught.value.problems] == ["order_lines[0].price"]


amounts = st.integers(min_value=0, max_value=30_000).map(lambda value: Decimal(value).scaleb(-2))


@given(unit=amounts, quantity=st.integers(1, 9), shipping=amounts, back=amounts, gone=st.integers(0, 9))
def test_what_is_given_back_never_exceeds_what_is_left(
    unit: Decimal, quantity: int, shipping: Decimal, back: Decimal, gone: int
) -> None:
    price = unit * quantity
    before = min(back, price)
    sold = line(
        price=price,
        price_unit=unit,
        quantity=quantity,
        shipping_price=shipping,
        total_price=price + shipping,
        refunds=[refund(amount=before)],
    )

    for left in read_remainders(order_of(sold), line_ids=BOTH, shipped={"MN-88210-A-1": min(gone, quantity)}):
        assert 0 <= left.amount <= price - before
        assert 0 <= left.shipping <= shipping
        assert 0 <= left.units <= quantity - min(gone, quantity)
