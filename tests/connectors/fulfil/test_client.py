"""What goes over the wire: paths, key, context, typed arguments, the silent cap of 500 rows, deferred results."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors import ports
from connectors.canonical.errors import TransientError, UnknownOutcomeError
from connectors.fulfil.account import budget_key
from connectors.fulfil.client import MOST_ROWS
from connectors.fulfil.connector import FulfilConnector
from connectors.http import OpenGate
from tests.connectors.fulfil.support import Network, answer, make_account

LATER = {"__class__": "AsyncResult", "task_id": "t", "token": "k"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with ports.using(clock=ports.VirtualClock(datetime(2026, 1, 15, 9, 0, tzinfo=UTC))):
        yield


def rows(first: int, count: int) -> list[dict[str, int]]:
    return [{"id": number} for number in range(first, first + count)]


def test_a_call_is_a_put_of_positional_arguments_with_the_key(connector: FulfilConnector, network: Network) -> None:
    network.put(answer([]))

    connector.client.search_read("sale.sale", [["id", "=", 1]], ("number",), limit=5)

    (sent,) = network.sent
    assert network.paths == ["PUT /model/sale.sale/search_read"]
    assert network.bodies == [[[["id", "=", 1]], 0, 5, [["id", "ASC"]], ["number"]]]
    assert sent.headers["X-API-KEY"] == "fulfil-key-4f1c9a7e"
    assert "Authorization" not in sent.headers
    assert urlsplit(sent.url).query == ""


def test_the_token_of_an_app_goes_as_a_bearer_s(network: Network) -> None:
    network.put(answer([]))

    FulfilConnector(make_account(key_kind="bearer"), gate=OpenGate()).client.search_read("x", [], (), limit=1)

    assert network.sent[0].headers["Authorization"] == "Bearer fulfil-key-4f1c9a7e"
    assert "X-API-KEY" not in network.sent[0].headers


def test_the_company_goes_in_the_context_with_what_the_call_adds(network: Network) -> None:
    network.put(answer([]))

    FulfilConnector(make_account(company_id=2), gate=OpenGate()).fetch_products()

    (context,) = parse_qs(urlsplit(network.sent[0].url).query)["context"]
    assert json.loads(context) == {"company": 2, "active_test": False}


def test_more_rows_than_the_cap_are_read_in_steps_by_id(connector: FulfilConnector, network: Network) -> None:
    network.put(answer(rows(1, MOST_ROWS)), answer(rows(900, MOST_ROWS)), answer(rows(2000, 3)))

    found = connector.client.search_read_all("sale.line", [["sale", "=", 1]], ("sale",))

    assert len(found) == 2 * MOST_ROWS + 3
    assert [body[0] for body in network.bodies] == [
        [["sale", "=", 1], ["id", ">", last]] for last in (0, MOST_ROWS, 899 + MOST_ROWS)
    ]


def test_nobody_asks_for_more_than_the_cap(connector: FulfilConnector, network: Network) -> None:
    with pytest.raises(ValueError, match="500"):
        connector.client.search_read("sale.line", [], (), limit=501)
    assert network.sent == []


@pytest.mark.parametrize("body", [None, {"id": 1}, [1, 2], "rows"])
def test_what_is_no_list_of_records_is_not_taken_for_an_empty_one(
    connector: FulfilConnector, network: Network, body: object
) -> None:
    network.put(answer(body) if not isinstance(body, str) else answer(json.dumps(body)))

    with pytest.raises(TransientError):
        connector.client.search_read("sale.line", [], (), limit=5)


def test_a_deferred_result_is_asked_for_until_it_is_there(connector: FulfilConnector, network: Network) -> None:
    pending, done = {"tasks": [{"state": "PENDING"}]}, {"tasks": [{"state": "SUCCESS", "result": {"id": 7}}]}
    network.put(answer(LATER), answer(pending), answer(done))

    assert connector.client.call("sale.channel", "create_order", [3, {}]) == {"id": 7}

    assert network.paths[1:] == ["POST /async-result"] * 2
    assert network.bodies[1] == {"tasks": [["t", "k"]]}


@pytest.mark.parametrize("state", [{"state": "FAILURE"}, {"error": "unknown"}])
@pytest.mark.parametrize(("method", "family"), [("search_count", TransientError), ("process", UnknownOutcomeError)])
def test_a_deferred_result_that_never_comes_leaves_a_write_unknown(
    connector: FulfilConnector, network: Network, state: dict[str, str], method: str, family: type[Exception]
) -> None:
    network.put(answer(LATER), answer({"tasks": [state]}))

    with pytest.raises(family):
        connector.client.call("sale.sale", method, [[1]])


def test_a_write_that_cannot_be_asked_about_is_unknown_too(connector: FulfilConnector, network: Network) -> None:
    network.put(answer(LATER), answer("<html>", status=503))

    with pytest.raises(UnknownOutcomeError):
        connector.client.call("sale.sale", "process", [[1]])


def test_connections_with_one_key_share_a_budget_and_the_key_is_not_in_its_name() -> None:
    account = make_account()

    assert budget_key(account) == budget_key(make_account(channel_id=9))
    assert account.credentials["api_key"] not in budget_key(account)
