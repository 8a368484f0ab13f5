"""Returns that retailers announce: read by where they stand, decided in the portal, told in our words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Record
from connectors.canonical.errors import DataError
from connectors.canonical.returns import ReturnState
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.returns import ENDED, OPEN, STATES, parse_return
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.conformance import START, RecordingGate, all_pages, records_of
from tests.connectors.virtualstock.payloads import load
from tests.connectors.virtualstock.shop import LINES, account_of

LONDON, SYDNEY = ZoneInfo("Europe/London"), ZoneInfo("Australia/Sydney")
HALF_PAST = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
WINDOW: dict[str, Any] = {"updated_from": HALF_PAST - timedelta(minutes=7), "updated_until": HALF_PAST}
HOUR: dict[str, Any] = {"updated_from": START - timedelta(minutes=5), "updated_until": START + timedelta(minutes=2)}


def read(connector: VirtualstockConnector, window: dict[str, Any]) -> list[Record]:
    return records_of(all_pages(lambda token: connector.fetch_returns(**window, token=token)))


def announced(edge: VirtualstockSandbox, *steps: str, quantity: int = 1) -> str:
    """A return of one line, and what people in the portal did with it."""
    made = edge.add_return(edge.add_order(lines=LINES, advance_to="DISPATCH"), "501", quantity)
    for step in steps:
        edge.decide_return(made, step)
    return made


def asked(edge: VirtualstockSandbox) -> list[str]:
    entries = edge.journal.entries("listReturns")
    return [
        part.removeprefix("return_status=") for one in entries for part in one.query.split("&") if "status=" in part
    ]


# --- one return -------------------------------------------------------------------------------------------------------
def test_a_return_as_it_is_announced() -> None:
    found = parse_return(load("return_requested"), LONDON)

    assert found.external_id == "6f0a2c1e-8d1b-4f3a-9a55-0c6f5d1e7a21"
    assert found.created_at == datetime(2026, 1, 20, 10, 15, 2, tzinfo=UTC)
    assert (found.order_external_id, found.state, found.source_state) == ("HV70010023", ReturnState.REQUESTED, "RMA")
    assert found.updated_at == datetime(2026, 1, 20, 10, 15, 2, tzinfo=UTC)
    order_line = load("order_new")["items"][0]
    (line,) = found.lines
    assert (line.order_line_id, line.sku) == (order_line["line_reference"], order_line["supplier_sku_reference"])
    assert (line.requested, line.received, line.restocked, line.reason) == (1, 0, 0, "Faulty")


def test_its_times_are_read_in_the_connections_zone() -> None:
    assert parse_return(load("return_requested"), SYDNEY).updated_at == datetime(2026, 1, 19, 23, 15, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("RMA", ReturnState.REQUESTED),
        ("RMA_ACK", ReturnState.REQUESTED),
        ("RMA_AUTHORISED", ReturnState.REQUESTED),
        ("RMA_COLLECTION_BOOKED", ReturnState.REQUESTED),
        ("RMA_REJ", ReturnState.CANCELLED),
        ("RMA_REC", ReturnState.COMPLETED),
        ("RMA_EXC", ReturnState.COMPLETED),
        ("RMA_ON_THE_MOON", ReturnState.UNKNOWN),
    ],
)
def test_every_status_has_its_state(status: str, state: ReturnState) -> None:
    found = parse_return({**load("return_requested"), "status": {"code": status}}, LONDON)

    assert (found.state, found.source_state) == (state, status)


def test_every_status_is_listed_by_one_or_the_other() -> None:
    assert {*OPEN, *ENDED} == set(STATES)
    assert not {*OPEN} & {*ENDED}


def test_everything_that_is_wrong_is_named_at_once() -> None:
    payload = {**load("return_requested"), "status": None, "order": None, "order_item": None, "quantity": None}

    with pytest.raises(DataError) as caught:
        parse_return(payload, LONDON)

    assert {problem.field for problem in caught.value.problems} == {"status.code", "order", "order_item", "quantity"}


# --- reading them -----------------------------------------------------------------------------------------------------
def test_what_waits_is_read_at_every_poll_and_what_is_decided_once_an_hour(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    waits, booked = announced(edge), announced(edge, "authorise", "book_collection")
    declined, approved = announced(edge, "decline"), announced(edge, "authorise", "approve")

    assert {record.external_id for record in read(connector, WINDOW)} == {waits, booked}
    assert asked(edge) == list(OPEN)
    assert {record.external_id for record in read(connector, HOUR)} == {waits, booked, declined, approved}


def test_a_record_names_its_order_and_when_it_last_moved(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    announced(edge, "authorise")

    (record,) = read(connector, WINDOW)

    assert (record.kind, record.updated_at) == ("return", START)
    found = connector.parse_return(record.payload)
    assert (found.order_external_id, found.source_state) == (record.order_external_id, "RMA_AUTHORISED")


def test_what_was_decided_long_ago_is_left_out(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    made = announced(edge, "decline")
    edge.edge.returns[made].created_at = START - timedelta(days=200)
    edge.edge.returns[made].moments["declined_at"] = START - timedelta(days=190)

    assert read(connector, HOUR) == []


def test_one_return_is_found_wherever_it_stands(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    announced(edge)
    made = announced(edge, "decline")

    record = connector.fetch_return(made)

    assert record is not None
    assert connector.parse_return(record.payload).source_state == "RMA_REJ"
    assert connector.fetch_return("6f0a2c1e-0000-4000-8000-000000000000") is None


def test_returns_of_another_retailer_are_passed_over(edge: VirtualstockSandbox) -> None:
    other = edge.add_retailer(retailer_id=7002, client_id=8802, name="Southern Homeware")
    edge.add_return(edge.add_order(lines=LINES, retailer_id=other, advance_to="DISPATCH"), "501")
    ours = announced(edge)
    connector = VirtualstockConnector(account_of(edge, retailer_id=7001), gate=RecordingGate())

    assert [record.external_id for record in read(connector, WINDOW)] == [ours]


def test_a_broken_return_is_kept_like_any_other(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    made = announced(edge)
    edge.edge.returns[made].line.reference = ""

    (record,) = read(connector, WINDOW)

    assert record.external_id == made
    with pytest.raises(DataError):
        connector.parse_return(record.payload)
