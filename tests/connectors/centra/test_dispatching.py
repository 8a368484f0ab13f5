"""What left another warehouse becomes a shipment in Centra: once, whole, captured and told as the connection says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import ports
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import DataError, HubError, PermanentError, TransientError, UnknownOutcomeError
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox import CentraSandbox
from connectors.sandboxkit import Fault, SandboxClock
from tests.connectors.centra.support import LINE, OPTIONS, ORDER, account_of, eur, parcel, stocked, web_order
from tests.connectors.conformance import START, RecordingGate

SCARF = replace(LINE, line_id="2", sku="NV1002-100-S", quantity=2, unit_price=eur("20.00"), line_total=eur("40.00"))
TWO_LINES = replace(ORDER, lines=(LINE, SCARF), total=eur("144.90"))


@pytest.fixture(autouse=True)
def clock() -> Iterator[ports.VirtualClock]:
    clock = ports.VirtualClock(START)
    with ports.using(clock=clock):
        yield clock


@pytest.fixture
def tenant() -> Iterator[CentraSandbox]:
    with stocked(CentraSandbox(clock=SandboxClock(START, frozen=True))) as sandbox:
        yield sandbox


@pytest.fixture
def gate() -> RecordingGate:
    return RecordingGate()


def hub(tenant: CentraSandbox, gate: RecordingGate | None = None, **settings: Any) -> CentraConnector:
    return CentraConnector(account_of(tenant, **settings), gate=gate or RecordingGate())


def writes(gate: RecordingGate) -> list[str]:
    return [call.operation for call in gate.writes]


def sold_elsewhere(tenant: CentraSandbox) -> int:
    """An order that the hub created for a marketplace, and that Centra shows as paid."""
    seller = hub(tenant)
    number = int(seller.send_order(ORDER, replace(OPTIONS, market="3", price_list="3")))
    tenant.confirm_order(number)
    return number


# --- one shipment -----------------------------------------------------------------------------------------------------
def test_a_parcel_becomes_one_completed_shipment_in_two_mutations(tenant: CentraSandbox, gate: RecordingGate) -> None:
    number = web_order(tenant)
    dispatch = parcel(tenant, number)

    made = hub(tenant, gate).send_dispatch(dispatch)

    (shipment,) = tenant.order(number).shipments
    assert made == str(shipment.id)
    assert (shipment.carrier, shipment.service, shipment.tracking_number) == ("PostNord", "MyPack Home", "00370001")
    assert (shipment.is_shipped, shipment.is_paid, shipment.is_captured) == (True, True, False)
    assert (shipment.shipped_at, tenant.order(number).status) == (START, "SHIPPED")
    assert list(shipment.external_ids.values()) == [dispatch.dispatch_id]
    assert writes(gate) == ["createShipment", "completeShipment"]
    assert sum(call.costs.get("mutations", 0) for call in gate.calls) == 2


def test_a_parcel_that_left_in_the_future_left_now(tenant: CentraSandbox) -> None:
    number = web_order(tenant)

    hub(tenant).send_dispatch(parcel(tenant, number, dispatched_at=START + timedelta(hours=1)))

    assert tenant.order(number).shipments[0].shipped_at == START


def test_an_order_leaves_in_parts_and_the_shipping_cost_is_on_the_first(tenant: CentraSandbox) -> None:
    number = web_order(tenant, TWO_LINES)
    connector = hub(tenant)

    connector.send_dispatch(parcel(tenant, number, units={"NV1001-410-M": 1}, dispatch_id="1-9"))
    assert tenant.order(number).status == "PROCESSING"
    connector.send_dispatch(parcel(tenant, number, units={"NV1002-100-S": 2}, dispatch_id="2-9", tracking_number="2"))

    shipments = tenant.order(number).shipments
    assert [shipment.tracking_number for shipment in shipments] == ["00370001", "2"]
    assert [shipment.shipping for shipment in shipments] == [Decimal("4.90"), Decimal(0)]


def test_two_parcels_with_the_same_units_are_two_shipments(tenant: CentraSandbox) -> None:
    line = replace(LINE, quantity=2, unit_price=eur("50.00"))
    number = web_order(tenant, replace(ORDER, lines=(line,)))
    connector = hub(tenant)
    parcels = [
        parcel(tenant, number, units={LINE.sku: 1}, dispatch_id=f"{one}-9", tracking_number="") for one in (1, 2)
    ]

    made = [connector.send_dispatch(one) for one in parcels]

    assert [connector.find_dispatch(one) for one in parcels] == made
    assert len(set(made)) == 2
    assert tenant.order(number).status == "SHIPPED"


# --- half-made --------------------------------------------------------------------------------------------------------
def test_a_lost_answer_to_creating_makes_no_second_shipment(tenant: CentraSandbox, gate: RecordingGate) -> None:
    dispatch = parcel(tenant, web_order(tenant))
    connector = hub(tenant, gate)
    tenant.faults.add(Fault(kind="drop_after", operation="createShipment"))
    with pytest.raises(UnknownOutcomeError):
        connector.send_dispatch(dispatch)
    assert connector.find_dispatch(dispatch) is None

    connector.send_dispatch(dispatch)

    (shipment,) = tenant.order(int(dispatch.order_reference)).shipments
    assert shipment.is_shipped
    assert writes(gate) == ["createShipment", "completeShipment"]


def test_a_shipment_that_was_only_created_is_finished_and_not_mixed_up_with_its_twin(tenant: CentraSandbox) -> None:
    line = replace(LINE, quantity=2, unit_price=eur("50.00"))
    number = web_order(tenant, replace(ORDER, lines=(line,)))
    connector = hub(tenant)
    first, second = (
        parcel(tenant, number, units={LINE.sku: 1}, dispatch_id=f"{one}-9", tracking_number="") for one in (1, 2)
    )
    tenant.faults.add(Fault(kind="drop_before", operation="completeShipment"))
    with pytest.raises(UnknownOutcomeError):
        connector.send_dispatch(first)

    twin = connector.send_dispatch(second)
    finished = connector.send_dispatch(first)

    assert [str(shipment.id) for shipment in tenant.order(number).shipments] == [finished, twin]
    assert all(shipment.is_shipped for shipment in tenant.order(number).shipments)


def test_a_shipment_that_waits_in_centra_with_the_same_units_is_completed(
    tenant: CentraSandbox, gate: RecordingGate
) -> None:
    tenant.configure(direct_to_shipment=True)
    number = web_order(tenant)
    assert len(tenant.order(number).shipments) == 1
    connector = hub(tenant, gate)
    dispatch = parcel(tenant, number)

    made = connector.send_dispatch(dispatch)

    (shipment,) = tenant.order(number).shipments
    assert (shipment.is_shipped, shipment.tracking_number) == (True, "00370001")
    assert connector.find_dispatch(dispatch) == made
    assert writes(gate) == ["updateShipment", "completeShipment"]


def test_a_shipment_that_a_person_completed_with_the_same_tracking_number_is_this_one(
    tenant: CentraSandbox, gate: RecordingGate
) -> None:
    number = web_order(tenant)
    done = tenant.ship_order(number, tracking="00370001")

    assert hub(tenant, gate).send_dispatch(parcel(tenant, number)) == str(done["shipment"])
    assert writes(gate) == []


# --- what Centra does not take ----------------------------------------------------------------------------------------
def refused(connector: CentraConnector, dispatch: Dispatch) -> HubError:
    with pytest.raises(HubError) as caught:
        connector.send_dispatch(dispatch)
    return caught.value


@pytest.mark.parametrize(
    ("happens", "family", "code", "words"),
    [
        ("cancel_order", PermanentError, "order_cancelled", "was cancelled in Centra after it had left"),
        ("hold_order", PermanentError, "on_hold", "Settle the hold in Centra, then try again."),
        ("ship_order", PermanentError, "already_shipped", "Compare the tracking numbers in Centra"),
    ],
)
def test_what_happened_to_the_order_is_told_in_plain_words_and_nothing_is_sent(
    tenant: CentraSandbox, gate: RecordingGate, happens: str, family: type[HubError], code: str, words: str
) -> None:
    number = web_order(tenant)
    dispatch = parcel(tenant, number)
    getattr(tenant, happens)(number)

    error = refused(hub(tenant, gate), dispatch)

    assert (type(error), error.code) == (family, code)
    assert str(number) in error.message
    assert words in error.message
    assert writes(gate) == []


def test_an_order_that_is_not_confirmed_is_not_shipped(tenant: CentraSandbox, gate: RecordingGate) -> None:
    number = web_order(tenant, confirm=False)

    error = refused(hub(tenant, gate), parcel(tenant, number))

    assert (type(error), error.code) == (PermanentError, "unconfirmed")
    assert error.message.endswith("Confirm it in Centra, then try again.")
    assert writes(gate) == []


def test_a_hold_that_centra_lifts_by_itself_is_waited_for(tenant: CentraSandbox, gate: RecordingGate) -> None:
    number = web_order(tenant)
    tenant.hold_order(number, reason="WAITING_FOR_PAYMENT")

    error = refused(hub(tenant, gate), parcel(tenant, number))

    assert (type(error), error.code) == (TransientError, "held_by_centra")
    assert writes(gate) == []


def test_an_order_that_is_held_between_creating_and_completing_is_finished_once_it_is_released(
    tenant: CentraSandbox,
) -> None:
    number = web_order(tenant)
    connector, dispatch = hub(tenant), parcel(tenant, number)
    tenant.faults.add(Fault(kind="drop_before", operation="completeShipment"))
    with pytest.raises(UnknownOutcomeError):
        connector.send_dispatch(dispatch)
    tenant.hold_order(number)
    assert refused(connector, dispatch).code == "on_hold"

    tenant.release_order(number)
    connector.send_dispatch(dispatch)

    (shipment,) = tenant.order(number).shipments
    assert shipment.is_shipped


def test_units_that_a_shipment_of_somebody_else_holds_are_named_with_it(
    tenant: CentraSandbox, gate: RecordingGate
) -> None:
    tenant.configure(direct_to_shipment=True)
    number = web_order(tenant)

    error = refused(hub(tenant, gate), parcel(tenant, number, units={LINE.sku: 1}))

    assert error.code == "open_shipment"
    assert error.message.startswith(f"Shipment {number}-1 in Centra holds units of {LINE.sku}")
    assert writes(gate) == []


def test_units_that_were_cancelled_after_packing_are_refused(tenant: CentraSandbox, gate: RecordingGate) -> None:
    number = web_order(tenant)
    dispatch = parcel(tenant, number)
    tenant.cancel_line(number, LINE.sku, 1)

    error = refused(hub(tenant, gate), dispatch)

    assert error.code == "quantity"
    assert error.message.startswith(f"3 of {LINE.sku} left, and order {number} has 2 of it")
    assert writes(gate) == []


def test_a_shipment_that_centra_refuses_quotes_its_words_and_says_what_to_do(tenant: CentraSandbox) -> None:
    number = web_order(tenant)
    dispatch = parcel(tenant, number)
    line = tenant.order(number).lines[0]
    line.allocations[0].is_waiting_for_confirmation = True

    error = refused(hub(tenant), dispatch)

    assert (type(error), error.code) == (PermanentError, "shipment_refused")
    assert "allocate them in Centra" in error.message
    assert "waiting for confirmation" in error.platform_words
    assert tenant.order(number).shipments == []


def test_an_order_that_does_not_exist_is_refused(tenant: CentraSandbox, gate: RecordingGate) -> None:
    number = web_order(tenant)

    assert refused(hub(tenant, gate), parcel(tenant, number, order_reference="99999")).code == "order_gone"
    assert hub(tenant).find_dispatch(parcel(tenant, number, order_reference="99999")) is None
    assert writes(gate) == []


def test_a_line_without_centra_s_id_is_not_asked_for(tenant: CentraSandbox, gate: RecordingGate) -> None:
    dispatch = parcel(tenant, web_order(tenant))
    lines = tuple(replace(line, line_id="") for line in dispatch.lines)

    with pytest.raises(DataError):
        hub(tenant, gate).send_dispatch(replace(dispatch, lines=lines))
    assert gate.calls == []


# --- money ------------------------------------------------------------------------------------------------------------
def captures(tenant: CentraSandbox, number: int) -> list[tuple[str, str]]:
    kinds = ("CAPTURE", "CAPTURE_REQUEST")
    return [(entry.entry_type, entry.status) for entry in tenant.order(number).payments if entry.entry_type in kinds]


def test_the_payment_is_captured_with_the_shipment_where_the_connection_says_so(
    tenant: CentraSandbox, gate: RecordingGate
) -> None:
    number = web_order(tenant)
    connector = hub(tenant, gate, capture_payments=True)
    dispatch = parcel(tenant, number)

    connector.send_dispatch(dispatch)

    (shipment,) = tenant.order(number).shipments
    assert (shipment.is_captured, shipment.captured) == (True, Decimal("104.90"))
    assert captures(tenant, number) == [("CAPTURE", "SUCCESS")]
    assert connector.dispatch_remarks(dispatch) == ()
    assert writes(gate) == ["createShipment", "completeShipment"]


def test_a_capture_that_failed_is_told_with_centra_s_own_words_and_the_shipment_is_completed(
    tenant: CentraSandbox,
) -> None:
    tenant.configure(capture="fail")
    number = web_order(tenant)
    connector, dispatch = hub(tenant, capture_payments=True), parcel(tenant, number)

    connector.send_dispatch(dispatch)

    (shipment,) = tenant.order(number).shipments
    assert (shipment.is_shipped, shipment.is_captured) == (True, False)
    (remark,) = connector.dispatch_remarks(dispatch)
    assert remark.code == "payment_not_captured"
    assert remark.words == (
        f"Centra made shipment {number}-1 without capturing the payment, and completed it all the same."
    )
    assert remark.platform_words == "Shipment was created, but the capture failed."


def test_a_capture_whose_answer_was_lost_is_not_asked_for_again_and_is_told_all_the_same(tenant: CentraSandbox) -> None:
    tenant.configure(capture="fail")
    number = web_order(tenant)
    connector, dispatch = hub(tenant, capture_payments=True), parcel(tenant, number)
    tenant.faults.add(Fault(kind="drop_after", operation="createShipment"))
    with pytest.raises(UnknownOutcomeError):
        connector.send_dispatch(dispatch)

    connector.send_dispatch(dispatch)

    assert captures(tenant, number) == [("CAPTURE", "FAILED")]
    assert [remark.platform_words for remark in connector.dispatch_remarks(dispatch)] == [""]


def test_a_capture_that_the_payment_service_answers_later_is_no_failure(tenant: CentraSandbox) -> None:
    tenant.configure(capture="pending")
    number = web_order(tenant)
    connector, dispatch = hub(tenant, capture_payments=True), parcel(tenant, number)

    connector.send_dispatch(dispatch)

    assert captures(tenant, number) == [("CAPTURE_REQUEST", "PENDING")]
    assert connector.dispatch_remarks(dispatch) == ()


def test_what_a_marketplace_sold_is_marked_as_paid_and_never_captured(tenant: CentraSandbox) -> None:
    number = sold_elsewhere(tenant)
    connector, dispatch = hub(tenant, capture_payments=True), parcel(tenant, number)
    before = captures(tenant, number)

    connector.send_dispatch(dispatch)

    assert captures(tenant, number) == before
    assert tenant.order(number).shipments[0].is_paid
    assert connector.dispatch_remarks(dispatch) == ()


# --- the customer -----------------------------------------------------------------------------------------------------
def shipment_mails(tenant: CentraSandbox) -> list[str]:
    return [mail.about for mail in tenant.mails if mail.kind == "shipment"]


def test_the_customer_is_told_once_where_the_connection_says_so(tenant: CentraSandbox) -> None:
    number = web_order(tenant)
    connector, dispatch = hub(tenant, dispatch_emails=True), parcel(tenant, number)
    tenant.faults.add(Fault(kind="drop_after", operation="completeShipment"))
    with pytest.raises(UnknownOutcomeError):
        connector.send_dispatch(dispatch)

    connector.send_dispatch(dispatch)

    assert shipment_mails(tenant) == [f"{number}-1"]


def test_nobody_is_told_by_centra_unless_the_connection_says_so_or_where_a_marketplace_tells(
    tenant: CentraSandbox,
) -> None:
    silent, elsewhere = web_order(tenant), sold_elsewhere(tenant)

    hub(tenant).send_dispatch(parcel(tenant, silent))
    hub(tenant, dispatch_emails=True).send_dispatch(parcel(tenant, elsewhere))

    assert shipment_mails(tenant) == []
