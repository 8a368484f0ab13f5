"""What the connector sends, and what it refuses to send."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.canonical.dispatches import DispatchLine
from connectors.canonical.errors import DataError, PermanentError
from connectors.canonical.options import LineDecision
from connectors.canonical.orders import Order
from connectors.sandboxkit import JournalEntry
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.conformance import START, RecordingGate
from tests.connectors.virtualstock.shop import LINES, account_of, dispatch_of

WRITES = ("acknowledgeOrder", "backorderOrder", "dispatchOrder", "acknowledgeCancellation")


def set_so(edge: VirtualstockSandbox, *, timezone: str = "UTC", **settings: Any) -> VirtualstockConnector:
    return VirtualstockConnector(account_of(edge, timezone=timezone, **settings), gate=RecordingGate())


def writes(edge: VirtualstockSandbox) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(entry.operation, _items(entry)) for entry in edge.journal.entries() if entry.operation in WRITES]


def _items(entry: JournalEntry) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(entry.body)["items"]
    return found


def accepted(*line_ids: str) -> list[LineDecision]:
    return [LineDecision(line_id=line_id, accepted=True) for line_id in line_ids]


def read(connector: VirtualstockConnector, reference: str) -> Order:
    record = connector.fetch_order(reference)
    assert record is not None
    return connector.parse_order(record.payload)


# --- deciding ---------------------------------------------------------------------------------------------------------
def test_an_order_is_acknowledged_line_by_line_with_both_names_of_each(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    connector.decide_order(edge.add_order(lines=LINES), accepted("501", "502"))

    assert writes(edge) == [
        (
            "acknowledgeOrder",
            [
                {"part_number": "NV1001-410-M", "line_ref": "501", "quantity": 2},
                {"part_number": "NV2004-120-L", "line_ref": "502", "quantity": 1},
            ],
        )
    ]


def test_a_part_number_of_the_retailer_names_the_line_and_our_sku_the_goods(edge: VirtualstockSandbox) -> None:
    edge.change_retailer(part_number_is_retailers=True)
    reference, connector = edge.add_order(lines=LINES), set_so(edge)

    connector.decide_order(reference, accepted("501", "502"))

    assert [item["part_number"] for item in writes(edge)[0][1]] == ["R-NV1001-410-M", "R-NV2004-120-L"]
    assert [line.sku for line in read(connector, reference).lines] == ["NV1001-410-M", "NV2004-120-L"]


def test_lead_time_route_and_sub_status_go_with_it_where_they_are_set(edge: VirtualstockSandbox) -> None:
    edge.change_retailer(fulfilment_routes=["WAREHOUSE"])
    connector = set_so(
        edge,
        timezone="Australia/Sydney",
        lead_time_days=2,
        fulfilment_route="WAREHOUSE",
        acknowledge_sub_status="Picking",
    )

    connector.decide_order(edge.add_order(lines=LINES[:1]), accepted("501"))

    (sent,) = writes(edge)[0][1]
    assert (sent["supplier_dispatch_date"], sent["fulfillment_route"], sent["sub_status"]) == (
        "2026-01-17T20:00:00",
        "WAREHOUSE",
        "Picking",
    )


def test_a_route_that_is_missing_is_told_by_its_name(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    edge.change_retailer(fulfilment_routes=["WAREHOUSE"])
    reference = edge.add_order(lines=LINES[:1])

    with pytest.raises(PermanentError) as caught:
        connector.decide_order(reference, accepted("501"))

    assert (caught.value.subject, caught.value.code) == (reference, "missing_field")
    assert caught.value.platform_words == "fulfillment_route: This field is required."
    assert edge.line_statuses(reference) == ["ORDER"]


def test_lines_that_cannot_be_taken_go_on_back_order_with_a_reason_and_a_date(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES)

    connector.decide_order(reference, [*accepted("501"), LineDecision(line_id="502", accepted=False)])

    assert edge.line_statuses(reference) == ["ORDER_ACK", "BACKORDER"]
    (later,) = writes(edge)[1][1]
    assert (later["sub_status"], later["supplier_dispatch_date"]) == ("Out of Stock", "2026-01-29T09:00:00")


def test_a_line_that_only_seems_new_is_not_acknowledged_again(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    edge.change_settings(line_status_lags=True)
    reference = edge.add_order(lines=LINES)
    connector.decide_order(reference, accepted("501", "502"))

    connector.decide_order(reference, accepted("501", "502"))

    assert len(writes(edge)) == 1


def test_what_a_half_done_acknowledgement_left_is_done_and_no_more(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES)
    edge.set_line_status(reference, "501", "ORDER_ACK")

    connector.decide_order(reference, accepted("501", "502"))

    assert [item["line_ref"] for item in writes(edge)[0][1]] == ["502"]
    assert edge.line_statuses(reference) == ["ORDER_ACK", "ORDER_ACK"]


def test_an_order_that_the_retailer_wants_cancelled_is_not_acknowledged(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES, advance_to="CANCEL")

    with pytest.raises(PermanentError) as caught:
        connector.decide_order(reference, accepted("501", "502"))

    assert "CANCEL" in caught.value.message
    assert writes(edge) == []


def test_a_line_that_the_order_has_not_is_refused_before_anything_is_sent(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    with pytest.raises(PermanentError, match="has no line 999"):
        connector.decide_order(edge.add_order(lines=LINES), accepted("501", "999"))
    assert writes(edge) == []


# --- finding ----------------------------------------------------------------------------------------------------------
def test_a_filter_that_is_ignored_finds_no_strangers_order(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    edge.change_settings(filters_ignored=True)
    edge.add_order(lines=LINES)

    assert connector.fetch_order("HV-OTHER") is None


def test_two_retailers_with_one_reference_are_told_apart_by_the_connection_only(edge: VirtualstockSandbox) -> None:
    edge.add_retailer(retailer_id=7002, client_id=8802)
    for retailer_id in (7001, 7002):
        edge.add_order(lines=LINES, reference="SAME", retailer_id=retailer_id)

    with pytest.raises(PermanentError, match="Two retailers have an order SAME"):
        set_so(edge).fetch_order("SAME")
    assert set_so(edge, retailer_id=7002).fetch_order("SAME") is not None


# --- cancelling -------------------------------------------------------------------------------------------------------
def test_what_the_retailer_wants_cancelled_is_acknowledged_once(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")
    edge.request_cancellation(reference)
    order = read(connector, reference)
    assert (order.can_cancel, order.open_lines) == (True, ())

    for _ in range(2):
        assert connector.cancel_sold_order(order, reason_code="") == ""

    assert edge.line_statuses(reference) == ["CANCEL_ACK", "CANCEL_ACK"]
    assert [operation for operation, _ in writes(edge)] == ["acknowledgeCancellation"]


def test_what_nobody_asked_to_cancel_goes_on_back_order_once(edge: VirtualstockSandbox) -> None:
    connector = set_so(edge, backorder_sub_status="Discontinued", backorder_days=30)
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")
    order = read(connector, reference)

    for _ in range(2):
        connector.cancel_sold_order(order, reason_code="")

    assert edge.line_statuses(reference) == ["BACKORDER", "BACKORDER"]
    ((operation, items),) = writes(edge)
    assert operation == "backorderOrder"
    assert {(item["sub_status"], item["supplier_dispatch_date"]) for item in items} == {
        ("Discontinued", "2026-02-14T09:00:00")
    }


def test_what_has_left_is_not_cancelled(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")
    edge.set_line_status(reference, "501", "DISPATCH")

    with pytest.raises(PermanentError, match="line 501 has left"):
        connector.cancel_sold_order(read(connector, reference), reason_code="")
    assert writes(edge) == []


# --- dispatching ------------------------------------------------------------------------------------------------------
def test_a_dispatch_names_carrier_number_and_day_on_each_line(edge: VirtualstockSandbox) -> None:
    connector = set_so(edge, timezone="Australia/Sydney")
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")

    connector.send_dispatch(dispatch_of(reference, dispatched_at=START + timedelta(hours=5)))

    parcel = {
        "carrier": "dpd",
        "supplier_dispatch_date": "2026-01-16",  # where the supplier is, it is the next day
        "tracking_number": "15501234567890",
        "tracking_url": "https://track.example/15501234567890",
    }
    assert writes(edge) == [
        (
            "dispatchOrder",
            [
                {"part_number": "NV1001-410-M", "line_ref": "501", "quantity": 2, **parcel},
                {"part_number": "NV2004-120-L", "line_ref": "502", "quantity": 1, **parcel},
            ],
        )
    ]


def test_an_order_leaves_in_several_parcels_line_by_line(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")
    whole = dispatch_of(reference)
    first = replace(whole, lines=whole.lines[:1], is_last=False, tracking_number="1")
    second = replace(whole, lines=whole.lines[1:], tracking_number="2")

    connector.send_dispatch(first)

    assert (connector.find_dispatch(first), connector.find_dispatch(second)) == ("", None)
    connector.send_dispatch(second)
    assert [parcel["tracking_number"] for parcel in edge.parcels(reference)] == ["1", "2"]


def test_a_part_of_a_line_waits_for_the_last_parcel(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")
    line = DispatchLine(sku="NV1001-410-M", line_id="501", quantity=1)
    part = dispatch_of(reference, lines=(line,), is_last=False)

    assert "last parcel" in connector.can_send_dispatch_now(part)
    with pytest.raises(PermanentError):
        connector.send_dispatch(part)
    assert writes(edge) == []

    last = replace(part, is_last=True)
    assert connector.can_send_dispatch_now(last) == ""
    connector.send_dispatch(last)
    assert edge.parcels(reference)[0]["quantity"] == 2


def test_a_part_of_a_line_leaves_where_the_retailer_allows_it(edge: VirtualstockSandbox) -> None:
    edge.change_retailer(partial_quantity=True)
    connector = set_so(edge, partial_quantities=True)
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")
    line = DispatchLine(sku="NV1001-410-M", line_id="501", quantity=1)
    part = dispatch_of(reference, lines=(line,), is_last=False)
    assert connector.can_send_dispatch_now(part) == ""

    connector.send_dispatch(part)

    assert edge.parcels(reference)[0]["quantity"] == 1
    assert connector.find_dispatch(part) is None  # the order does not show it before the line is whole


def test_goods_that_left_before_the_cancellation_was_known_are_dispatched_all_the_same(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")
    edge.request_cancellation(reference)

    connector.send_dispatch(dispatch_of(reference))

    assert edge.line_statuses(reference) == ["DISPATCH", "DISPATCH"]


def test_lines_that_were_dispatched_by_hand_are_left_out(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")
    edge.set_line_status(reference, "501", "DISPATCH")

    connector.send_dispatch(dispatch_of(reference))

    assert [item["line_ref"] for item in writes(edge)[0][1]] == ["502"]


def test_a_refusal_is_believed_unless_the_order_shows_the_dispatch(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = edge.add_order(lines=LINES)  # not acknowledged

    with pytest.raises(PermanentError) as caught:
        connector.send_dispatch(dispatch_of(reference))

    assert (caught.value.code, caught.value.subject) == ("wrong_state", reference)
    assert caught.value.platform_words.startswith("Validation Not allowed to change state of item 1")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tracking_number": ""}, "tracking_number"),
        ({"tracking_number": "1" * 101}, "tracking_number"),
        ({"lines": (DispatchLine(sku="X", quantity=1),)}, "lines[0].line_id"),
    ],
)
def test_a_dispatch_without_what_the_platform_demands_is_not_sent(
    edge: VirtualstockSandbox, connector: VirtualstockConnector, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(DataError) as caught:
        connector.send_dispatch(dispatch_of("HV1", **changes))

    assert [problem.field for problem in caught.value.problems] == [field]
    assert edge.journal.entries() == []


def test_a_carrier_by_its_name_alone_is_not_sent(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    with pytest.raises(PermanentError, match="listed carriers only"):
        connector.send_dispatch(dispatch_of("HV1", carrier="", carrier_name="Our own van"))
    assert edge.journal.entries() == []


def test_a_link_that_is_too_long_is_left_out(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")

    connector.send_dispatch(dispatch_of(reference, tracking_url=f"https://track.example/{'1' * 250}"))

    assert "tracking_url" not in writes(edge)[0][1][0]


# --- the whole way ----------------------------------------------------------------------------------------------------
def test_refused_in_whatever_shape_the_words_are_quoted(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    for form in ("TEXT", "STRING", "DETAIL"):
        edge.change_settings(validation_form=form)
        with pytest.raises(PermanentError) as caught:
            connector.send_dispatch(dispatch_of(edge.add_order(lines=LINES)))
        assert caught.value.platform_words.startswith("Validation Not allowed")


def test_success_may_be_201(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    edge.change_settings(action_status=201)
    reference = edge.add_order(lines=LINES)

    connector.decide_order(reference, accepted("501", "502"))

    assert edge.line_statuses(reference) == ["ORDER_ACK", "ORDER_ACK"]
