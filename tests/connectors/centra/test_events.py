"""What the events queue tells, and which listeners it lacks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from connectors.centra import events
from connectors.centra.events import LISTENERS
from tests.connectors.centra.support import payload

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def test_an_order_is_named_by_its_number_and_other_things_by_their_id() -> None:
    told = events.parse_events(payload("events"), zone=STOCKHOLM)
    assert [(event.event_id, event.kind, event.external_id, event.change) for event in told] == [
        ("71", "order", "1234", "UPDATED"),
        ("72", "shipment", "81", "COMPLETED"),
        ("73/NV1001-410-M", "stock", "NV1001-410-M", "CREATED"),
        ("73/NV1002-100-S", "stock", "NV1002-100-S", "CREATED"),
        ("74/", "stock", "", "DELETED"),
        ("75", "product", "279", "UPDATED"),
        ("76", "Campaign", "5", "CREATED"),
    ]
    assert told[0].occurred_at == datetime(2026, 1, 15, 9, 5, 33, tzinfo=UTC)


def test_what_was_told_is_confirmed_by_centras_own_ids_each_once() -> None:
    told = events.parse_events(payload("events"), zone=STOCKHOLM)
    assert events.confirmed_ids([event.event_id for event in told]) == (71, 72, 73, 74, 75, 76)


def test_no_events_are_no_fault() -> None:
    assert events.parse_events([], zone=STOCKHOLM) == ()
    assert events.confirmed_ids([]) == ()


def test_a_queue_without_listeners_lacks_all_of_ours() -> None:
    assert events.missing_listeners([]) == LISTENERS
    assert [listener.as_input() for listener in LISTENERS] == [
        {"objectType": "Order"},
        {"objectType": "Shipment"},
        {"objectType": "Return"},
        {"objectType": "ProductSize", "changeTypes": ["CREATED", "UPDATED"]},
        {"objectType": "StockChange", "changeTypes": ["CREATED"]},
        {"objectType": "Price", "changeTypes": ["CREATED", "UPDATED", "DELETED"]},
    ]


def test_a_listener_that_hears_more_than_we_need_is_left_alone() -> None:
    every = ["CREATED", "UPDATED", "DELETED", "COMPLETED", "DEPENDENT_DATA_CHANGED"]
    held = [{"objectType": listener.object_type, "changeTypes": every} for listener in LISTENERS]
    assert events.missing_listeners(held) == ()


def test_a_listener_that_hears_less_is_missing() -> None:
    held = [{"objectType": listener.object_type, "changeTypes": ["CREATED"]} for listener in LISTENERS]
    assert events.listed(events.missing_listeners(held)) == "Order, Shipment, Return, ProductSize, Price"


def test_a_listener_without_change_types_hears_everything() -> None:
    held = [{"objectType": listener.object_type, "changeTypes": []} for listener in LISTENERS]
    assert events.missing_listeners(held) == ()
