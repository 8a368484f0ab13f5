"""What the connector does at the marketplace, against the sandbox."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from connectors import ports
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import ConfigurationError, DataError, PermanentError, UnknownOutcomeError
from connectors.canonical.orders import Order, OrderState
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.marketplacer.dispatching import build_shipment, note_of
from connectors.marketplacer.paging import Place
from connectors.marketplacer.sandbox import MarketplacerSandbox
from connectors.sandboxkit import Fault, SandboxClock
from tests.connectors.conformance import START, RecordingGate
from tests.connectors.marketplacer.shop import LINES, account_of, dispatch_of

WINDOW = {"updated_from": START - timedelta(hours=1), "updated_until": START + timedelta(hours=1)}


def fresh(connector: MarketplacerConnector, reference: str) -> Order:
    record = connector.fetch_order(reference)
    assert record is not None
    return connector.parse_order(record.payload)


def part(dispatch: Dispatch, quantity: int, *, number: str, tracking: str = "PN-1") -> Dispatch:
    line = replace(dispatch.lines[0], quantity=quantity)
    return replace(dispatch, dispatch_id=number, number=number, tracking_number=tracking, lines=(line,), is_last=False)


# --- reading ----------------------------------------------------------------------------------------------------------
def page_of(total: int, *, cursor: str | None, created: str = "2026-01-15T08:30:00Z") -> dict[str, Any]:
    info = {"hasNextPage": cursor is not None, "endCursor": cursor}
    return {"totalCount": total, "pageInfo": info, "nodes": [{"createdAt": created}]}


def test_where_the_list_shrank_it_is_read_on_from_the_last_row_seen() -> None:
    first = page_of(300, cursor="MTAw")
    place = Place.decoded(None).following(first, first["nodes"])
    assert place is not None

    place = Place.decoded(place.encoded())

    assert place.shrank(page_of(299, cursor=None))
    assert not place.shrank(page_of(300, cursor=None))
    assert place.again() == Place(created_since="2026-01-15T08:30:00Z")


def test_an_order_that_leaves_the_window_between_two_pages_hides_nobody(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.add_product(title="Coat", skus={line["sku"]: 1000 for line in LINES})
    sold = []
    for _ in range(103):
        sold.append(sandbox.add_order(lines=LINES))
        sandbox.advance(1)
    window = {"updated_from": START, "updated_until": START + timedelta(minutes=10)}
    page = connector.fetch_orders(**window)
    seen = {record.external_id for record in page.records}
    sandbox.advance(3600)
    for reference in sold[:5]:
        sandbox.remit(reference)

    while page.next_token:
        page = connector.fetch_orders(**window, token=page.next_token)
        seen |= {record.external_id for record in page.records}

    assert seen == set(sold)


def test_an_order_is_found_by_its_global_id_too(connector: MarketplacerConnector, sandbox: MarketplacerSandbox) -> None:
    reference = sandbox.add_order(lines=LINES)

    record = connector.fetch_order(sandbox.invoice(reference)["id"])

    assert record is not None
    assert record.external_id == reference


def test_every_order_placed_is_listed_whatever_became_of_it(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    kept, ended = sandbox.add_order(lines=LINES), sandbox.add_order(lines=LINES)
    request = sandbox.request_refund(ended, units={line["sku"]: line.get("quantity", 1) for line in LINES})
    sandbox.return_refund(request)
    sandbox.refund(request)

    page = connector.list_orders_placed(since=START - timedelta(minutes=1), until=START + timedelta(minutes=1))

    assert {mark.reference: mark.expected for mark in page.marks} == {kept: True, ended: False}
    assert page.next_token is None


@pytest.mark.parametrize(
    "settings",
    [
        {"cents": False},
        {"tax_included": False},
        {"discount_on_lines": False},
        {"country_code": False},
        {"money_form": "A$ {}"},
        {"absent": {"Invoice.updatedAt", "Invoice.refundRequests", "LineItem.taxCents", "Shipment.note"}},
        {"empty_errors_list": True},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_an_order_is_read_whatever_the_instance_is_like(settings: dict[str, Any]) -> None:
    clock = SandboxClock(START, frozen=True)
    with ports.using(clock=ports.VirtualClock(START)), MarketplacerSandbox(clock=clock, settings=settings) as sandbox:
        connector = MarketplacerConnector(account_of(sandbox), gate=RecordingGate())
        reference = sandbox.add_order(lines=LINES, discount="10.01", postage="9.95")

        order = fresh(connector, reference)
        connector.send_dispatch(dispatch_of(sandbox, reference))

        assert order.total.minor() == sandbox.invoice(reference)["total_cents"]
        assert order.shipping_address is not None
        assert order.shipping_address.country == "GB"
        assert fresh(connector, reference).state is OrderState.SHIPPED


def test_without_the_list_of_refunds_on_an_invoice_an_order_with_a_trace_of_one_is_read_alone(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.remove_field("Invoice.refundRequests")
    plain, cancelled = sandbox.add_order(lines=LINES), sandbox.add_order(lines=LINES)
    request = sandbox.request_refund(cancelled, units={LINES[0]["sku"]: 1})
    sandbox.return_refund(request)

    orders = [connector.parse_order(record.payload) for record in connector.fetch_orders(**WINDOW).records]

    assert {order.reference: order.lines[0].quantity for order in orders} == {plain: 2, cancelled: 1}


def test_no_currency_is_entered_so_no_amount_is_read(sandbox: MarketplacerSandbox) -> None:
    connector = MarketplacerConnector(account_of(sandbox, currency=""), gate=RecordingGate())

    with pytest.raises(ConfigurationError) as caught:
        connector.parse_order({})

    assert caught.value.code == "currency"


def test_a_number_that_no_invoice_can_have_is_none(connector: MarketplacerConnector, gate: RecordingGate) -> None:
    assert connector.fetch_order("99999999999") is None
    assert gate.calls == []


def test_nothing_of_a_buyer_is_kept_with_the_exchange(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    reference = sandbox.add_order(lines=LINES)
    order = fresh(connector, reference)
    assert order.shipping_address is not None

    kept = repr(gate.exchanges)

    persons = (*order.shipping_address.street, order.shipping_address.last_name, order.shipping_address.postal_code)
    assert [value for value in (*persons, order.relay_email) if value in kept] == []


# --- dispatches -------------------------------------------------------------------------------------------------------
def test_two_parcels_of_one_order_are_two_shipments(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    reference = sandbox.add_order(lines=LINES)
    whole = dispatch_of(sandbox, reference)

    connector.send_dispatch(part(whole, 1, number="1"))
    assert fresh(connector, reference).state is OrderState.READY_TO_SHIP
    rest = replace(whole, number="2", lines=(replace(whole.lines[0], quantity=1), whole.lines[1]))
    connector.send_dispatch(rest)

    shipments = sandbox.invoice(reference)["shipments"]
    assert [item["units"] for item in shipments] == [
        {"NV1001-410-M": 1},
        {"NV1001-410-M": 1, "NV2004-120-L": 1},
    ]
    assert sandbox.invoice(reference)["flags"] == ["PAID", "SENT"]
    assert fresh(connector, reference).state is OrderState.SHIPPED


def test_a_part_that_was_sent_is_not_sent_again_though_units_remain(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    """The platform itself would take it: nothing but the look before the write prevents it."""
    reference = sandbox.add_order(lines=LINES)
    first = part(dispatch_of(sandbox, reference), 1, number="39790-1")
    sandbox.faults.add(Fault(kind="drop_after", operation="shipmentCreate"))
    with pytest.raises(UnknownOutcomeError):
        connector.send_dispatch(first)

    connector.send_dispatch(first)

    assert len(sandbox.invoice(reference)["shipments"]) == 1
    assert len(gate.writes) == 1


def test_two_parcels_under_one_tracking_number_are_told_apart_by_their_note(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    reference = sandbox.add_order(lines=LINES)
    whole = dispatch_of(sandbox, reference)

    for number in ("39790-1", "39790-2"):
        connector.send_dispatch(part(whole, 1, number=number))

    assert [item["note"] for item in sandbox.invoice(reference)["shipments"]] == ["Parcel 39790-1", "Parcel 39790-2"]


def test_what_a_person_entered_in_the_portal_is_recognised(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    reference = sandbox.add_order(lines=LINES)
    dispatch = dispatch_of(sandbox, reference)
    connector.send_dispatch(dispatch)
    for row in sandbox.market.of("Shipment"):
        row["note"] = "left at the door"
    gate.calls.clear()

    connector.send_dispatch(dispatch)

    assert gate.writes == []


def test_units_that_were_cancelled_are_not_left_to_ship(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    reference = sandbox.add_order(lines=LINES)
    sandbox.request_refund(reference, units={"NV1001-410-M": 1})

    with pytest.raises(PermanentError) as caught:
        connector.send_dispatch(dispatch_of(sandbox, reference))

    assert caught.value.code == "wrong_quantity"
    assert "NV1001-410-M" in caught.value.message
    assert gate.writes == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"dispatched_at": START - timedelta(days=1)}, "dispatched_too_early"),
        ({"carrier": "", "carrier_name": "Own van"}, "unlisted_carrier"),
        ({"order_reference": "99999"}, "order_not_found"),
    ],
)
def test_a_refused_dispatch_says_why_and_names_the_order(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, change: dict[str, Any], code: str
) -> None:
    reference = sandbox.add_order(lines=LINES)

    with pytest.raises(PermanentError) as caught:
        connector.send_dispatch(dispatch_of(sandbox, reference, **change))

    assert caught.value.code == code
    assert change.get("order_reference", reference) in caught.value.message
    assert sandbox.invoice(reference)["shipments"] == []


def test_without_a_tracking_number_nothing_is_asked(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    reference = sandbox.add_order(lines=LINES)

    with pytest.raises(DataError) as caught:
        connector.send_dispatch(dispatch_of(sandbox, reference, tracking_number=""))

    assert [problem.field for problem in caught.value.problems] == ["tracking_number"]
    assert gate.calls == []


def test_the_day_of_a_dispatch_is_told_in_the_marketplaces_zone(sandbox: MarketplacerSandbox) -> None:
    account = replace(account_of(sandbox), timezone="Australia/Melbourne")
    connector = MarketplacerConnector(account, gate=RecordingGate())
    reference = sandbox.add_order(lines=LINES)

    connector.send_dispatch(dispatch_of(sandbox, reference, dispatched_at=START.replace(hour=20)))

    assert [item["dispatched_at"] for item in sandbox.invoice(reference)["shipments"]] == ["2026-01-16"]


def test_a_key_without_the_scope_stops_one_operation_only(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    reference = sandbox.add_order(lines=LINES)
    sandbox.forbid("shipmentCreate")

    with pytest.raises(ConfigurationError) as caught:
        connector.send_dispatch(dispatch_of(sandbox, reference))

    assert (caught.value.operation, caught.value.code) == ("shipmentCreate", "permission")
    assert connector.fetch_order(reference) is not None


# --- cancelling -------------------------------------------------------------------------------------------------------
def test_an_order_is_cancelled_by_a_refund_request_that_the_operator_ends(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    reference = sandbox.add_order(lines=LINES)

    request = connector.cancel_sold_order(fresh(connector, reference), reason_code="Out of stock")

    assert sandbox.invoice(reference)["refund_requests"] == [{"id": request, "status": "RETURNED"}]
    assert fresh(connector, reference).state is OrderState.CANCELLED
    sandbox.refund(request)
    assert sandbox.invoice(reference)["flags"] == ["PAID", "REFUNDED", "CANCELLED"]
    assert fresh(connector, reference).state is OrderState.CANCELLED


def test_in_the_advanced_flow_each_line_is_accepted(sandbox: MarketplacerSandbox) -> None:
    sandbox.configure(refund_flow="advanced")
    connector = MarketplacerConnector(account_of(sandbox, refund_flow="advanced"), gate=RecordingGate())
    reference = sandbox.add_order(lines=LINES)

    request = connector.cancel_sold_order(fresh(connector, reference), reason_code="Out of stock")

    assert sandbox.invoice(reference)["refund_requests"] == [{"id": request, "status": "PROCESSED"}]


@pytest.mark.parametrize("operation", ["refundRequestCreate", "refundRequestReturn"])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_cancellation_made_again_asks_for_nothing_twice(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, operation: str, kind: str
) -> None:
    reference = sandbox.add_order(lines=LINES)
    order = fresh(connector, reference)
    sandbox.faults.add(Fault(kind=kind, operation=operation))
    with pytest.raises(UnknownOutcomeError):
        connector.cancel_sold_order(order, reason_code="Out of stock")

    connector.cancel_sold_order(order, reason_code="Out of stock")

    assert [item["status"] for item in sandbox.invoice(reference)["refund_requests"]] == ["RETURNED"]
    assert [line["asked_back"] for line in sandbox.invoice(reference)["lines"]] == [2, 1]


def test_only_what_has_not_left_is_cancelled(connector: MarketplacerConnector, sandbox: MarketplacerSandbox) -> None:
    reference = sandbox.add_order(lines=LINES)
    connector.send_dispatch(part(dispatch_of(sandbox, reference), 1, number="1"))

    connector.cancel_sold_order(fresh(connector, reference), reason_code="Out of stock")

    assert [line["asked_back"] for line in sandbox.invoice(reference)["lines"]] == [1, 1]
    assert fresh(connector, reference).state is OrderState.SHIPPED


def test_what_has_left_cannot_be_cancelled(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    reference = sandbox.add_order(lines=LINES)
    connector.send_dispatch(dispatch_of(sandbox, reference))
    order = fresh(connector, reference)
    gate.calls.clear()

    with pytest.raises(PermanentError) as caught:
        connector.cancel_sold_order(order, reason_code="Out of stock")

    assert caught.value.code == "cancel_shipped"
    assert gate.writes == []


def test_a_request_that_was_denied_takes_nothing_off(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    reference = sandbox.add_order(lines=LINES)
    request = sandbox.request_refund(reference, units={"NV1001-410-M": 2})
    assert fresh(connector, reference).lines[0].cancelled

    sandbox.deny_refund(request)

    assert fresh(connector, reference).lines[0].quantity == 2


# --- returns and annotations ------------------------------------------------------------------------------------------
def test_a_return_that_arrived_is_confirmed_once(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    reference = sandbox.add_order(lines=LINES)
    connector.send_dispatch(dispatch_of(sandbox, reference))
    request = sandbox.request_refund(reference, units={"NV2004-120-L": 1}, dispatched=True)

    connector.confirm_return(request, note="received in warehouse")

    assert sandbox.invoice(reference)["refund_requests"] == [{"id": request, "status": "RETURNED"}]
    with pytest.raises(PermanentError):
        connector.confirm_return(request, note="received in warehouse")
    assert fresh(connector, reference).state is OrderState.SHIPPED


def test_a_refund_request_nobody_knows_is_told_in_plain_words(connector: MarketplacerConnector) -> None:
    with pytest.raises(PermanentError) as caught:
        connector.confirm_return("UmVmdW5kUmVxdWVzdC0x", note="")

    assert caught.value.code == "refund_request_not_found"


def test_a_line_can_be_denied_with_its_reason(sandbox: MarketplacerSandbox) -> None:
    sandbox.configure(refund_flow="advanced")
    connector = MarketplacerConnector(account_of(sandbox), gate=RecordingGate())
    reference = sandbox.add_order(lines=LINES)
    connector.send_dispatch(dispatch_of(sandbox, reference))
    request = sandbox.request_refund(reference, units={"NV2004-120-L": 1}, dispatched=True)
    line = sandbox.market.rows[request]["lineItems"][0]["id"]

    connector.decide_refund_lines([line], accepted=False, reason="Worn")

    assert sandbox.invoice(reference)["refund_requests"] == [{"id": request, "status": "DENIED"}]
    with pytest.raises(PermanentError):
        connector.decide_refund_lines([line], accepted=True)


def test_the_operator_is_told_in_an_annotation(connector: MarketplacerConnector, sandbox: MarketplacerSandbox) -> None:
    reference = sandbox.add_order(lines=LINES)

    connector.annotate_order(reference, annotation_type="Received", content="Received")

    assert sandbox.invoice(reference)["annotations"] == ["Received"]


def test_an_annotation_that_is_the_operators_alone_is_not_tried(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    reference = sandbox.add_order(lines=LINES)

    with pytest.raises(PermanentError) as caught:
        connector.annotate_order(reference, annotation_type="Fraud check", content="x")

    assert (caught.value.code, gate.writes) == ("no_annotation_type", [])


def test_a_dispatch_is_a_plain_date_with_a_note_that_finds_it_again(sandbox: MarketplacerSandbox) -> None:
    reference = sandbox.add_order(lines=LINES)
    dispatch = dispatch_of(sandbox, reference)

    body = build_shipment(dispatch, invoice_id="SW52b2ljZS0x", zone=UTC)  # type: ignore[arg-type]

    assert (body["dispatchedAt"], body["note"]) == ("2026-01-15", note_of(dispatch))
    assert set(body) == {
        "invoiceId",
        "postageCarrierId",
        "trackingNumber",
        "dispatchedAt",
        "note",
        "shippedItems",
    }
