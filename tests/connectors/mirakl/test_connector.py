"""What the conformance suites do not ask: Mirakl's own rules, against the sandbox; its odd answers, played back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import ports
from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.canonical.errors import (
    ConfigurationError,
    DataError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.canonical.options import LineDecision
from connectors.canonical.orders import Order
from connectors.mirakl.connector import MAYBE_DONE, MiraklConnector
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxkit import Fault, SandboxClock
from tests.connectors.conformance import START, RecordingGate, all_pages, records_of
from tests.connectors.mirakl.network import Network, account, answer, body_of, orders_answer, payload_answer
from tests.connectors.mirakl.payloads import line, load, order, order_of
from tests.connectors.mirakl.shop import LINES, account_of, dispatch_of

HOUR = timedelta(hours=1)
WINDOW: dict[str, Any] = {"updated_from": START - HOUR, "updated_until": START + HOUR}


@pytest.fixture(autouse=True)
def clock() -> Iterator[ports.VirtualClock]:
    clock = ports.VirtualClock(START)
    with ports.using(clock=clock):
        yield clock


@pytest.fixture
def sandbox() -> Iterator[MiraklSandbox]:
    sandbox = MiraklSandbox(clock=SandboxClock(START, frozen=True))
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def shop(sandbox: MiraklSandbox, gate: RecordingGate) -> MiraklConnector:
    """The connector of the sandbox's shop."""
    return MiraklConnector(account_of(sandbox), gate=gate)


def sold(sandbox: MiraklSandbox, **changes: Any) -> str:
    return sandbox.add_order(lines=LINES, **changes)


def read(shop: MiraklConnector, reference: str) -> Order:
    record = shop.fetch_order(reference)
    assert record is not None
    return shop.parse_order(record.payload)


def states(sandbox: MiraklSandbox, reference: str) -> list[str]:
    return [item["order_line_state"] for item in sandbox.order(reference)["order_lines"]]


def part(reference: str, index: int, /, **changes: Any) -> Dispatch:
    """The parcel with the order's line of that number, all its units."""
    whole = dispatch_of(reference)
    parcel = replace(
        whole,
        lines=(whole.lines[index - 1],),
        number=f"39790-{index}",
        tracking_number=f"00370{index}",
        is_last=index == len(whole.lines),
    )
    return replace(parcel, **changes)


# --- reading ----------------------------------------------------------------------------------------------------------
def test_an_order_that_changes_during_a_poll_hides_no_other(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    everyone = sandbox.add_orders(250, lines=LINES)
    first = shop.fetch_orders(**WINDOW)
    sandbox.advance(HOUR.total_seconds() + 1)
    for reference in everyone[:7]:
        sandbox.cancel_order(reference)  # they leave the window: all others move up seven places

    rest = all_pages(lambda token: shop.fetch_orders(**WINDOW, token=token or first.next_token))

    assert {record.external_id for record in records_of([first, *rest])} == set(everyone)


def test_an_order_that_becomes_visible_late_is_read_by_its_change(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    reference = sold(sandbox, visible_after=40 * 60)
    assert shop.fetch_orders(**WINDOW).records == ()

    sandbox.advance(41 * 60)

    assert [record.external_id for record in shop.fetch_orders(**WINDOW).records] == [reference]


def test_every_order_of_a_shop_that_trades_can_be_read(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    count = sandbox.load_shop(orders=120)

    pages = all_pages(
        lambda token: shop.fetch_orders(updated_from=START - 30 * 24 * HOUR, updated_until=START, token=token)
    )

    orders = [shop.parse_order(record.payload) for record in records_of(pages)]
    assert len({order.reference for order in orders}) == count
    assert len({order.state for order in orders}) > 4


def test_a_platform_that_shows_amounts_without_tax_is_asked_for_them_with_tax(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    sandbox.change_settings(order_tax_mode="TAX_EXCLUDED")
    reference = sold(sandbox, country="FRA")

    found = read(shop, reference)

    assert found.tax_included
    assert found.lines[0].line_total.amount == Decimal("119.76")  # 2 x 49.90 and 20 %


def test_a_filter_that_mirakl_ignores_does_not_find_another_order(connector: MiraklConnector, network: Network) -> None:
    network.put(orders_answer(order(order_id="SOMEONE-ELSE-A"), order(order_id="MN-88210-A")))

    record = connector.fetch_order("MN-88210-A")

    assert record is not None
    assert record.external_id == "MN-88210-A"


def test_a_record_without_an_id_or_time_is_kept_for_a_person(connector: MiraklConnector, network: Network) -> None:
    network.put(orders_answer({"order_id": None}, "nonsense", order()))

    page = connector.fetch_orders(**WINDOW)

    assert [(record.external_id, record.updated_at is None) for record in page.records] == [
        ("", True),
        ("", True),
        ("MN-88210-A", False),
    ]


# --- deciding ---------------------------------------------------------------------------------------------------------
def decisions(reference: str, *accepted: bool) -> list[LineDecision]:
    return [
        LineDecision(line_id=f"{reference}-{number}", accepted=accept)
        for number, accept in enumerate(accepted, start=1)
    ]


def test_lines_are_accepted_and_refused_in_one_call(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    reference = sold(sandbox)

    shop.decide_order(reference, decisions(reference, True, False))

    assert states(sandbox, reference) == ["WAITING_DEBIT", "REFUSED"]
    assert [call.operation for call in gate.writes] == ["OR21"]


def test_a_shop_that_may_not_accept_in_part_is_told_so(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    sandbox.change_settings(partial_acceptance=False)
    reference = sold(sandbox)

    with pytest.raises(PermanentError) as caught:
        shop.decide_order(reference, decisions(reference, True, False))

    assert caught.value.code == "ORDER_PARTIAL_ACCEPTANCE_DISABLED"
    assert "accept all lines, or refuse all" in caught.value.message
    assert states(sandbox, reference) == ["WAITING_ACCEPTANCE", "WAITING_ACCEPTANCE"]


def test_a_decision_without_one_of_the_lines_is_refused(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox)

    with pytest.raises(PermanentError) as caught:
        shop.decide_order(reference, decisions(reference, True))

    assert caught.value.code == "ORDER_LINE_ACCEPTANCE_DECISION_MISSING"
    assert states(sandbox, reference) == ["WAITING_ACCEPTANCE", "WAITING_ACCEPTANCE"]


def test_an_acceptance_after_the_window_is_refused_and_says_where_the_order_stands(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    reference = sold(sandbox)
    sandbox.advance(25 * 3600)

    with pytest.raises(PermanentError) as caught:
        shop.decide_order(reference, decisions(reference, True, True))

    assert caught.value.code == "ORDER_INVALID_STATE"
    assert f"Order {reference} could not be decided: it is REFUSED" in caught.value.message


def test_an_order_of_a_fulfilment_centre_is_not_ours_to_decide(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, fulfillment_center="FC-NORTH")

    with pytest.raises(PermanentError) as caught:
        shop.decide_order(reference, decisions(reference, True, True))

    assert caught.value.code == "ORDER_FULFILLED_UNAUTHORIZED"


REFUSED_TEXT = answer({"message": "Order is not in the expected state", "status": 400}, status=400)
REFUSED_CODE = answer({"code": "ORDER_INVALID_STATE", "message": "Wrong state", "status": 400}, status=400)
OURS = [LineDecision(line_id="MN-88210-A-1", accepted=True), LineDecision(line_id="MN-88210-A-2", accepted=True)]


@pytest.mark.parametrize("refusal", [REFUSED_TEXT, REFUSED_CODE])
def test_or21_refused_but_decided_as_we_did_is_done(connector: MiraklConnector, network: Network, refusal: Any) -> None:
    network.put(refusal, orders_answer(order()))

    connector.decide_order("MN-88210-A", OURS)

    assert network.requests == ["PUT /api/orders/MN-88210-A/accept", "GET /api/orders"]


@pytest.mark.parametrize("refusal", [REFUSED_TEXT, REFUSED_CODE])
def test_or21_refused_and_decided_otherwise_is_refused(
    connector: MiraklConnector, network: Network, refusal: Any
) -> None:
    network.put(refusal, orders_answer(order_of(line(order_line_state="REFUSED"), line(1))))

    with pytest.raises(PermanentError) as caught:
        connector.decide_order("MN-88210-A", OURS)
    assert "it is SHIPPING" in caught.value.message


def test_or21_refused_as_decided_but_not_shown_yet_is_tried_again(connector: MiraklConnector, network: Network) -> None:
    network.put(REFUSED_CODE, orders_answer(load("order_waiting_acceptance") | {"order_id": "MN-88210-A"}))

    with pytest.raises(TransientError):
        connector.decide_order("MN-88210-A", OURS)


def test_or21_refused_for_another_reason_is_not_looked_up(connector: MiraklConnector, network: Network) -> None:
    network.put(answer({"code": "VALIDATION_ERROR", "message": "No", "status": 400}, status=400))

    with pytest.raises(PermanentError):
        connector.decide_order("MN-88210-A", OURS)
    assert network.requests == ["PUT /api/orders/MN-88210-A/accept"]


# --- dispatching with shipments ---------------------------------------------------------------------------------------
def test_an_order_leaves_in_two_parcels(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")
    first, second = part(reference, 1), part(reference, 2)
    assert shop.can_send_dispatch_now(first) == ""

    ids = [shop.send_dispatch(first), shop.send_dispatch(second)]

    assert ids == [shop.find_dispatch(first), shop.find_dispatch(second)]
    assert len(set(ids)) == 2
    assert sandbox.order(reference)["order_state"] == "SHIPPED"


def test_two_parcels_under_one_number_are_told_apart(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")
    lines = (DispatchLine(sku="NV1001-410-M", line_id=f"{reference}-1", quantity=1),)
    first, second = (part(reference, 1, lines=lines, number=f"39790-{n}", tracking_number="T") for n in (1, 2))
    shop.send_dispatch(first)

    assert shop.find_dispatch(second) is None
    shop.send_dispatch(second)
    assert len(sandbox.market.shipments_of_order[reference]) == 2


def test_a_dispatch_makes_one_write(sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate) -> None:
    shop.send_dispatch(dispatch_of(sold(sandbox, advance_to="SHIPPING")))

    assert [call.operation for call in gate.calls] == ["PC01", "ST11", "ST01"]
    assert [call.operation for call in gate.writes] == ["ST01"]


def test_the_platforms_features_are_read_once_a_day(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate, clock: ports.VirtualClock
) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")
    for _ in range(3):
        shop.find_dispatch(dispatch_of(reference))
    assert [call.operation for call in gate.calls].count("PC01") == 1

    clock.advance(24 * 3600)
    shop.find_dispatch(dispatch_of(reference))

    assert [call.operation for call in gate.calls].count("PC01") == 2


def test_a_refusal_inside_a_201_is_a_refusal(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="WAITING_DEBIT")

    with pytest.raises(PermanentError) as caught:
        shop.send_dispatch(dispatch_of(reference))

    assert caught.value.code == "wrong_order_state"
    assert caught.value.platform_words == "The order status must be 'SHIPPING' but it is 'WAITING_DEBIT'."
    assert reference in caught.value.message


def test_a_method_that_demands_tracking_says_so(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="SHIPPING", shipping_type="EXP")

    with pytest.raises(PermanentError) as caught:
        shop.send_dispatch(dispatch_of(reference, carrier="COURIER", tracking_number=""))

    assert caught.value.code == "tracking_mandatory"
    assert sandbox.market.shipments_of_order[reference] == []


def test_a_carrier_by_name_goes_with_its_link(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")
    dispatch = dispatch_of(reference, carrier="", carrier_name="Bike Messenger", tracking_url="https://t.example/1")

    shop.send_dispatch(dispatch)

    (shipment,) = sandbox.market.shipments_of_order[reference]
    assert (shipment.tracking.carrier_name, shipment.tracking.tracking_url) == (
        "Bike Messenger",
        "https://t.example/1",
    )


def test_a_carrier_by_name_is_not_sent_where_only_listed_ones_are_taken(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    sandbox.change_settings(disable_seller_alternative_carrier=True)
    reference = sold(sandbox, advance_to="SHIPPING")
    dispatch = dispatch_of(reference, carrier="", carrier_name="Bike Messenger", tracking_url="https://t.example/1")

    with pytest.raises(PermanentError) as caught:
        shop.send_dispatch(dispatch)

    assert caught.value.code == "unlisted_carrier"
    assert gate.writes == []


def test_pay_on_shipment_counts_as_sent_while_the_debit_runs(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="SHIPPING", payment_workflow="PAY_ON_SHIPMENT")
    dispatch = dispatch_of(reference)

    external_id = shop.send_dispatch(dispatch)

    assert sandbox.market.shipments[external_id].status == "SHIPMENT_PREPARED"
    assert shop.find_dispatch(dispatch) == external_id


def shown(**changes: Any) -> dict[str, Any]:
    """ST11's answer with the shipment of the payload file, changed."""
    found = load("shipments")
    return {**found, "data": [{**found["data"][0], **changes}]}


NOTHING: dict[str, Any] = {"data": [], "next_page_token": None}
PARCEL = part("MN-88210-A", 1, carrier="PN", tracking_number="00370000000000000001")


def test_a_shipment_that_was_left_unvalidated_is_validated_and_not_made_again(
    connector: MiraklConnector, network: Network
) -> None:
    network.put(answer(shown(status="SHIPPING")), answer({"shipment_success": [{"id": "x"}], "shipment_errors": []}))

    assert connector.send_dispatch(PARCEL) == "0d8b8f4e-6c5e-4c1e-9a35-7d4f6f0c9b11"

    assert network.requests == ["GET /api/shipments", "PUT /api/shipments/ship"]
    assert body_of(network.last) == {"shipments": [{"id": "0d8b8f4e-6c5e-4c1e-9a35-7d4f6f0c9b11"}]}


@pytest.mark.parametrize(
    "message", ["The order status must be 'SHIPPING' but it is 'SHIPPED'.", "Shipment quantity is invalid."]
)
def test_st01_refused_but_shown_as_sent_is_done(connector: MiraklConnector, network: Network, message: str) -> None:
    refusal = {"shipment_success": [], "shipment_errors": [{"order_id": "MN-88210-A", "message": message}]}
    network.put(answer(NOTHING), answer(refusal, status=201), answer(shown()))

    assert connector.send_dispatch(PARCEL) == "0d8b8f4e-6c5e-4c1e-9a35-7d4f6f0c9b11"


def test_st01_refused_and_not_shown_is_refused(connector: MiraklConnector, network: Network) -> None:
    network.put(answer(NOTHING), payload_answer("shipment_refused", status=201), answer(NOTHING))

    with pytest.raises(PermanentError) as caught:
        connector.send_dispatch(PARCEL)
    assert caught.value.code == "wrong_order_state"


def test_st24_refused_but_shown_as_sent_is_done(connector: MiraklConnector, network: Network) -> None:
    refusal = {"shipment_success": [], "shipment_errors": [{"id": "x", "message": "It is SHIPPED already."}]}
    network.put(answer(shown(status="SHIPPING")), answer(refusal), answer(shown()))

    assert connector.send_dispatch(PARCEL) == "0d8b8f4e-6c5e-4c1e-9a35-7d4f6f0c9b11"


def test_st24_refused_and_not_shown_is_refused(connector: MiraklConnector, network: Network) -> None:
    refusal = {"shipment_success": [], "shipment_errors": [{"id": "x", "message": "No."}]}
    network.put(answer(shown(status="SHIPPING")), answer(refusal), answer(shown(status="SHIPPING")))

    with pytest.raises(PermanentError):
        connector.send_dispatch(PARCEL)


def test_a_201_with_no_verdict_at_all_has_an_unknown_outcome(connector: MiraklConnector, network: Network) -> None:
    network.put(answer(NOTHING), answer({"shipment_success": [], "shipment_errors": []}, status=201))

    with pytest.raises(UnknownOutcomeError):
        connector.send_dispatch(PARCEL)


def test_every_benign_refusal_has_a_test() -> None:
    assert {operation for operation, _ in MAYBE_DONE} == {"OR21", "OR24", "ST01", "ST24"}


# --- dispatching whole orders -----------------------------------------------------------------------------------------
@pytest.fixture
def plain(sandbox: MiraklSandbox) -> MiraklSandbox:
    sandbox.change_settings(multi_shipment=False)
    return sandbox


def test_without_shipments_an_order_waits_for_its_last_parcel(
    plain: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    reference = sold(plain, advance_to="SHIPPING")

    assert shop.can_send_dispatch_now(part(reference, 1)).endswith("when the last parcel has left.")
    assert shop.can_send_dispatch_now(part(reference, 2)) == ""
    with pytest.raises(PermanentError):
        shop.send_dispatch(part(reference, 1))
    assert gate.writes == []


def test_without_shipments_tracking_goes_first_and_then_the_whole_order(
    plain: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    reference = sold(plain, advance_to="SHIPPING")
    dispatch = dispatch_of(reference)

    assert shop.send_dispatch(dispatch) == ""

    assert [call.operation for call in gate.writes] == ["OR23", "OR24"]
    assert plain.order(reference)["shipping_tracking"] == dispatch.tracking_number
    assert shop.find_dispatch(dispatch) == ""


def test_tracking_that_was_corrected_goes_out_although_the_order_has_left(
    plain: MiraklSandbox, shop: MiraklConnector
) -> None:
    reference = sold(plain, advance_to="SHIPPING")
    shop.send_dispatch(dispatch_of(reference))
    corrected = dispatch_of(reference, tracking_number="00379")
    assert shop.find_dispatch(corrected) is None

    shop.send_dispatch(corrected)

    assert plain.order(reference)["shipping_tracking"] == "00379"


@pytest.mark.parametrize("state", ["WAITING_ACCEPTANCE", "WAITING_DEBIT"])
def test_without_shipments_an_order_that_is_not_paid_gets_no_tracking(
    plain: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate, state: str
) -> None:
    reference = sold(plain, advance_to=state)

    with pytest.raises(PermanentError) as caught:
        shop.send_dispatch(dispatch_of(reference))

    assert f"is {state} at the marketplace" in caught.value.message
    assert gate.writes == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_before"])
def test_tracking_with_an_unknown_outcome_is_sent_again(plain: MiraklSandbox, shop: MiraklConnector, kind: str) -> None:
    reference = sold(plain, advance_to="SHIPPING")
    plain.faults.add(Fault(kind=kind, operation="OR23"))
    with pytest.raises(UnknownOutcomeError):
        shop.send_dispatch(dispatch_of(reference))
    assert shop.find_dispatch(dispatch_of(reference)) is None

    shop.send_dispatch(dispatch_of(reference))

    assert plain.order(reference)["order_state"] == "SHIPPED"


REFUSED_STATE = answer(
    {"message": "The order status must be 'SHIPPING' but it is 'SHIPPED'.", "status": 400}, status=400
)


@pytest.mark.parametrize("refusal", [REFUSED_TEXT, REFUSED_CODE, REFUSED_STATE])
def test_or24_refused_but_shipped_is_done(network: Network, gate: RecordingGate, refusal: Any) -> None:
    connector = MiraklConnector(account(multi_shipment="no"), gate=gate)
    network.put(orders_answer(order()), answer(status=204), refusal, orders_answer(order(order_state="SHIPPED")))

    assert connector.send_dispatch(dispatch_of("MN-88210-A")) == ""


def test_or24_refused_and_not_shipped_is_refused(network: Network, gate: RecordingGate) -> None:
    connector = MiraklConnector(account(multi_shipment="no"), gate=gate)
    network.put(orders_answer(order()), answer(status=204), REFUSED_TEXT, orders_answer(order()))

    with pytest.raises(PermanentError) as caught:
        connector.send_dispatch(dispatch_of("MN-88210-A"))
    assert "MN-88210-A" in caught.value.message


# --- which of the two -------------------------------------------------------------------------------------------------
def test_a_key_that_may_not_read_features_finds_out_by_asking_for_shipments(
    plain: MiraklSandbox, gate: RecordingGate
) -> None:
    key = plain.add_api_key(["ROLE_PARTNER_ORDER_READ", "ROLE_PARTNER_ORDER_TRACKING_WRITE", "ROLE_PARTNER_ORDER_SHIP"])
    shop = MiraklConnector(replace(account_of(plain), credentials={"api_key": key}), gate=gate)
    dispatch = dispatch_of(sold(plain, advance_to="SHIPPING"))

    assert shop.send_dispatch(dispatch) == ""

    assert [call.operation for call in gate.calls] == ["PC01", "ST11", "OR11", "OR23", "OR24"]


def test_a_person_can_say_that_there_are_no_shipments(sandbox: MiraklSandbox, gate: RecordingGate) -> None:
    shop = MiraklConnector(account_of(sandbox, multi_shipment="no"), gate=gate)

    assert shop.send_dispatch(dispatch_of(sold(sandbox, advance_to="SHIPPING"))) == ""
    assert "PC01" not in {call.operation for call in gate.calls}


def test_shipments_that_a_person_promised_and_mirakl_denies_are_an_error(
    plain: MiraklSandbox, gate: RecordingGate
) -> None:
    shop = MiraklConnector(account_of(plain, multi_shipment="yes"), gate=gate)

    with pytest.raises((PermanentError, ConfigurationError)):
        shop.send_dispatch(dispatch_of(sold(plain, advance_to="SHIPPING")))
    assert gate.writes == []


# --- cancelling what was sold -----------------------------------------------------------------------------------------
def test_before_acceptance_cancelling_is_refusing(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    reference = sold(sandbox)

    assert shop.cancel_sold_order(read(shop, reference), reason_code="15") == ""

    assert sandbox.order(reference)["order_state"] == "REFUSED"
    assert [call.operation for call in gate.writes] == ["OR21"]


def test_a_paid_order_is_refunded_and_kept_from_being_shipped(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")

    ids = shop.cancel_sold_order(read(shop, reference), reason_code="15")

    shown = sandbox.order(reference)
    refunds = [item for line in shown["order_lines"] for item in line["refunds"]]
    assert ids == ",".join(item["id"] for item in refunds)
    assert sum(item["amount"] + item["shipping_amount"] for item in refunds) == shown["total_price"]
    assert states(sandbox, reference) == ["REFUNDED", "REFUNDED"]
    assert [call.operation for call in gate.writes] == ["OR28"]
    assert all(line.cancelled for line in read(shop, reference).lines)


def test_a_pay_later_order_is_cancelled(sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate) -> None:
    reference = sold(sandbox, advance_to="SHIPPING", payment_workflow="PAY_ON_DELIVERY")

    ids = shop.cancel_sold_order(read(shop, reference), reason_code="34")

    shown = sandbox.order(reference)
    assert ids == ",".join(item["id"] for line in shown["order_lines"] for item in line["cancelations"])
    assert shown["order_state"] == "CANCELED"
    assert [call.operation for call in gate.writes] == ["OR30"]


def test_what_left_already_is_not_refunded(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")
    one = (DispatchLine(sku="NV1001-410-M", line_id=f"{reference}-1", quantity=1),)
    shop.send_dispatch(part(reference, 1, lines=one))

    shop.cancel_sold_order(read(shop, reference), reason_code="15")

    first, second = sandbox.order(reference)["order_lines"]
    assert [(item["amount"], item["shipping_amount"]) for item in first["refunds"]] == [(Decimal("49.90"), 0)]
    assert [item["amount"] for item in second["refunds"]] == [Decimal("99.00")]


def test_only_the_lines_that_were_given_are_cancelled(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")
    order = read(shop, reference)

    shop.cancel_sold_order(replace(order, lines=order.lines[1:]), reason_code="15")

    assert states(sandbox, reference) == ["SHIPPING", "REFUNDED"]


def test_refusing_a_part_of_an_undecided_order_is_not_cancelling(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    reference = sold(sandbox)
    order = read(shop, reference)

    with pytest.raises(PermanentError):
        shop.cancel_sold_order(replace(order, lines=order.lines[1:]), reason_code="15")
    assert gate.writes == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_refund_with_an_unknown_outcome_is_not_made_twice(
    sandbox: MiraklSandbox, shop: MiraklConnector, kind: str
) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")
    order = read(shop, reference)
    sandbox.faults.add(Fault(kind=kind, operation="OR28"))
    with pytest.raises(UnknownOutcomeError):
        shop.cancel_sold_order(order, reason_code="15")

    ids = shop.cancel_sold_order(order, reason_code="15")

    refunds = [item for line in sandbox.order(reference)["order_lines"] for item in line["refunds"]]
    assert ids == ",".join(item["id"] for item in refunds)
    assert len(refunds) == 2


@pytest.mark.parametrize("state", ["WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"])
def test_an_order_that_is_being_paid_waits(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate, state: str
) -> None:
    reference = sold(sandbox, advance_to=state)

    with pytest.raises(TransientError):
        shop.cancel_sold_order(read(shop, reference), reason_code="15")
    assert gate.writes == []


def test_an_order_that_has_left_cannot_be_cancelled(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    reference = sold(sandbox, advance_to="SHIPPED")

    with pytest.raises(PermanentError) as caught:
        shop.cancel_sold_order(read(shop, reference), reason_code="15")

    assert "it has left" in caught.value.message
    assert gate.writes == []


def test_an_order_that_is_off_already_needs_nothing(
    sandbox: MiraklSandbox, shop: MiraklConnector, gate: RecordingGate
) -> None:
    reference = sold(sandbox)
    order = read(shop, reference)
    shop.cancel_sold_order(order, reason_code="15")
    before = len(gate.writes)

    assert shop.cancel_sold_order(order, reason_code="15") == ""
    assert len(gate.writes) == before


def test_a_balance_that_is_too_low_is_the_operators_to_solve(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    sandbox.change_settings(balance_check=True)
    reference = sold(sandbox, advance_to="SHIPPING")
    sandbox.market.log.clear()

    with pytest.raises(PermanentError) as caught:
        shop.cancel_sold_order(read(shop, reference), reason_code="15")

    assert caught.value.code == "operator"
    assert states(sandbox, reference) == ["SHIPPING", "SHIPPING"]


def test_a_reason_the_shop_may_not_use_is_refused(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, advance_to="SHIPPING")

    with pytest.raises(PermanentError):
        shop.cancel_sold_order(read(shop, reference), reason_code="14")
    assert states(sandbox, reference) == ["SHIPPING", "SHIPPING"]


def test_an_order_nobody_knows_cannot_be_cancelled(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    order = read(shop, sold(sandbox))

    with pytest.raises(PermanentError):
        shop.cancel_sold_order(replace(order, reference="NO-SUCH-ORDER"), reason_code="15")


# --- the connection test ----------------------------------------------------------------------------------------------
def words(shop: MiraklConnector) -> dict[str, tuple[bool, str]]:
    return {finding.subject: (finding.ok, finding.message) for finding in shop.check().findings}


def test_the_check_shows_the_shop_and_what_the_operator_switched_on(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    found = words(shop)

    assert found["API key"] == (True, "The key opens the shop “Norrvik” (2001), which sells in EUR.")
    assert found["Acceptance"] == (True, "The shop accepts each order itself.")
    assert "several shipments" in found["Shipments"][1]
    assert all(ok for ok, _ in found.values())


Change = Callable[[MiraklSandbox], object]


@pytest.mark.parametrize(
    ("change", "subject", "passes"),
    [
        (lambda sandbox: sandbox.change_settings(shop_state="SUSPENDED"), "Shop", True),
        (lambda sandbox: sandbox.faults.add(Fault(kind="status_before", operation="V01")), "Address", False),
        (lambda sandbox: sandbox.faults.add(Fault(kind="drop_before", operation="A01")), "API key", False),
        (lambda sandbox: sandbox.faults.add(Fault(kind="malformed", operation="PC01")), "Platform features", True),
        (lambda sandbox: sandbox.faults.add(Fault(kind="rate_limit", operation="SH21")), "Role: read carriers", True),
        (lambda sandbox: sandbox.set_carriers([]), "Role: read carriers", True),
        (lambda sandbox: sandbox.set_reasons([]), "Role: read reasons", True),
        (lambda sandbox: sandbox.faults.add(Fault(kind="status_after", operation="OR11")), "Role: read orders", False),
    ],
)
def test_the_check_names_what_is_wrong(
    sandbox: MiraklSandbox, shop: MiraklConnector, change: Change, subject: str, passes: bool
) -> None:
    change(sandbox)

    report = shop.check()

    assert [finding.subject for finding in report.findings if not finding.ok] == [subject]
    assert report.ok is passes


def test_the_check_names_each_role_that_is_missing(sandbox: MiraklSandbox, gate: RecordingGate) -> None:
    key = sandbox.add_api_key(["ROLE_PARTNER_SHOP_READ", "ROLE_PARTNER_ORDER_READ"])
    shop = MiraklConnector(replace(account_of(sandbox), credentials={"api_key": key}), gate=gate)

    report = shop.check()

    missing = [finding for finding in report.findings if not finding.ok]
    assert [finding.subject for finding in missing] == [
        "Platform features",
        "Role: read carriers",
        "Role: read reasons",
        "Role: send products",
    ]
    assert all("ROLE_" in finding.message for finding in missing)
    assert report.ok


def test_the_check_notices_the_wrong_shop(gate: RecordingGate, network: Network) -> None:
    connector = MiraklConnector(account(shop_id=999), gate=gate)
    network.put(answer({"version": "3"}), payload_answer("account"))

    report = connector.check()

    assert not report.ok
    assert report.findings[-1].subject == "Shop number"
    assert network.requests == ["GET /api/version", "GET /api/account"]


def test_the_check_warns_of_purchase_prices(connector: MiraklConnector, network: Network) -> None:
    network.put(
        answer({"version": "3"}),
        answer({**load("account"), "model": "DROPSHIP"}),
        payload_answer("configuration"),
        orders_answer(),
        payload_answer("carriers"),
        payload_answer("reasons"),
        answer({"product_import_trackings": []}),
    )

    report = connector.check()

    assert [finding.subject for finding in report.findings if not finding.ok] == ["Business model"]
    assert report.ok


# --- people, and the account ------------------------------------------------------------------------------------------
def test_an_order_has_a_page_in_the_back_office(connector: MiraklConnector) -> None:
    assert connector.page_url("order", "MN-88210-A") == "https://maisonnord-prod.mirakl.net/mmp/shop/order/MN-88210-A"
    assert connector.page_url("product", "P1") == ""


def test_shops_of_one_operator_have_budgets_of_their_own() -> None:
    other = replace(account(), credentials={"api_key": "another-key"})
    keys = {MiraklConnector.budget_key(item) for item in (account(), account(), account(shop_id=7), other)}

    assert len(keys) == 3
    assert not any("key-4f1c9a7e" in key for key in keys)


def test_an_address_on_this_machine_is_for_sandboxes_only(gate: RecordingGate) -> None:
    with pytest.raises(ConfigurationError):
        MiraklConnector(replace(account(), base_url="http://127.0.0.1:8000"), gate=gate)


def test_a_dispatch_without_an_order_line_is_not_sent(connector: MiraklConnector, network: Network) -> None:
    lines = (DispatchLine(sku="NV1001-410-M", quantity=1),)

    with pytest.raises(DataError):
        connector.send_dispatch(replace(PARCEL, lines=lines))
    assert network.sent == []
