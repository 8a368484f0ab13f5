"""Reading orders from a platform that cannot be asked what changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Record
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.polling import ENDED, OPEN, Place, statuses
from connectors.virtualstock.sandbox import VirtualstockSandbox
from connectors.virtualstock.translate import LINE_STATES
from tests.connectors.conformance import START, all_pages, records_of
from tests.connectors.virtualstock.shop import LINES

HALF_PAST = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
WINDOW: dict[str, Any] = {"updated_from": HALF_PAST - timedelta(minutes=7), "updated_until": HALF_PAST}
HOUR: dict[str, Any] = {"updated_from": START - timedelta(minutes=5), "updated_until": START + timedelta(minutes=2)}


def read(connector: VirtualstockConnector, window: dict[str, Any]) -> list[Record]:
    return records_of(all_pages(lambda token: connector.fetch_orders(**window, token=token)))


def references(records: list[Record]) -> set[str]:
    return {record.external_id for record in records}


def asked(edge: VirtualstockSandbox) -> list[str]:
    entries = edge.journal.entries("listOrders")
    return [part.removeprefix("status=") for entry in entries for part in entry.query.split("&") if "status=" in part]


def test_every_status_is_listed_by_one_or_the_other() -> None:
    assert {*OPEN, *ENDED} == set(LINE_STATES)
    assert not {*OPEN} & {*ENDED}


def test_a_poll_lists_what_there_is_to_do_and_ended_orders_once_an_hour() -> None:
    assert statuses(WINDOW["updated_from"], WINDOW["updated_until"]) == OPEN
    assert statuses(HOUR["updated_from"], HOUR["updated_until"]) == (*OPEN, *ENDED)
    assert statuses(HALF_PAST - timedelta(days=1), HALF_PAST) == (*OPEN, *ENDED)


def test_open_orders_are_read_at_every_poll_however_old(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    old = START - timedelta(days=400)
    made = {edge.add_order(lines=LINES, advance_to=status, placed_at=old) for status in OPEN}
    edge.add_order(lines=LINES, advance_to="DISPATCH")

    assert references(read(connector, WINDOW)) == made
    assert asked(edge) == list(OPEN)


def test_ended_orders_are_read_within_the_hour_but_not_for_ever(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    ended = edge.add_order(lines=LINES, advance_to="DISPATCH", placed_at=START - timedelta(days=80))
    edge.add_order(lines=LINES, advance_to="DISPATCH", placed_at=START - timedelta(days=91))

    assert references(read(connector, HOUR)) == {ended}


def test_empty_lists_are_passed_over_in_one_call(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    made = edge.add_order(lines=LINES, advance_to="CANCEL")

    page = connector.fetch_orders(**WINDOW)

    assert (references(list(page.records)), asked(edge)) == ({made}, ["ORDER", "ORDER_ACK", "BACKORDER", "CANCEL"])
    assert page.next_token == "RMA:0::0"


def test_an_order_that_moves_on_while_pages_are_read_hides_no_other(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    made = edge.add_orders(130, lines=LINES)
    first = connector.fetch_orders(**WINDOW)
    for reference in made[:40]:
        edge.advance_order(reference, "ORDER_ACK")

    rest = [connector.fetch_orders(**WINDOW, token=first.next_token)]
    while rest[-1].next_token:
        rest.append(connector.fetch_orders(**WINDOW, token=rest[-1].next_token))

    assert references([*first.records, *records_of(rest)]) == set(made)


def test_a_list_of_ended_orders_that_is_sorted_is_not_read_to_its_end(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    edge.change_settings(list_order="NEWEST")
    edge.add_orders(250, lines=LINES, advance_to="DISPATCH", placed_at=START - timedelta(days=200))
    recent = edge.add_order(lines=LINES, advance_to="DISPATCH")

    assert references(read(connector, HOUR)) == {recent}
    assert asked(edge).count("DISPATCH") == 2


def test_a_list_that_begins_with_old_orders_is_read_to_its_end(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    edge.add_orders(250, lines=LINES, advance_to="DISPATCH", placed_at=START - timedelta(days=200))
    recent = edge.add_order(lines=LINES, advance_to="DISPATCH")

    assert references(read(connector, HOUR)) == {recent}


def test_the_status_of_the_order_decides_where_it_is_listed_and_its_lines_what_it_is(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    edge.change_settings(order_status_lag_seconds=600)
    reference = edge.add_order(lines=LINES)
    edge.advance_order(reference, "DISPATCH")

    (record,) = read(connector, WINDOW)

    assert (record.payload["status"], connector.parse_order(record.payload).state.value) == ("ORDER", "SHIPPED")


def test_a_broken_order_is_kept_like_any_other(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    edge.add_order(lines=LINES)
    edge.edge.orders[next(iter(edge.edge.orders))].lines[0].reference = ""

    (record,) = read(connector, WINDOW)

    assert record.kind == "order"


@pytest.mark.parametrize("place", [Place(status="ORDER"), Place(status="RMA", offset=100, total=250, met_recent=True)])
def test_a_place_travels_as_a_token(place: Place) -> None:
    assert Place.decoded(place.encoded(), OPEN) == place


def test_a_status_ends_with_its_count() -> None:
    place = Place(status="ORDER", offset=100, total=150)

    assert place.within(50, total=150, all_old=False) is None
    assert place.within(100, total=250, all_old=False) == Place(status="ORDER", offset=200, total=250, met_recent=True)
    assert place.within(50, total=120, all_old=False) == Place(status="ORDER", offset=70, total=120)


def test_a_page_of_nothing_but_old_orders_ends_the_call_so_that_the_place_is_kept(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    edge.add_orders(250, lines=LINES, advance_to="CANCEL_ACK", placed_at=START - timedelta(days=200))

    page = connector.fetch_orders(**HOUR)

    assert (page.records, page.next_token) == ((), "CANCEL_ACK:100:250:0")
