"""Signing in, the host that is called, and what each call costs."""

import json

import pytest

from connectors import ports
from connectors.base import Account
from connectors.canonical.errors import ConfigurationError, TransientError
from connectors.sandboxkit import Fault
from connectors.virtualstock.client import VirtualstockClient, limits
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.conformance import RecordingGate
from tests.connectors.virtualstock.shop import LINES, account_of

TOKENS = ("requestToken", "refreshToken")


@pytest.fixture
def api(edge: VirtualstockSandbox, gate: RecordingGate) -> VirtualstockClient:
    return VirtualstockClient(account_of(edge), gate=gate)


def signings(edge: VirtualstockSandbox) -> list[str]:
    return [entry.operation for entry in edge.journal.entries() if entry.operation in TOKENS]


def later(seconds: float) -> None:
    """The hub's clock and the platform's."""
    ports.sleep(seconds)


def test_one_token_serves_many_calls(edge: VirtualstockSandbox, api: VirtualstockClient) -> None:
    for _ in range(3):
        api.list_carriers()

    assert signings(edge) == ["requestToken"]


def test_a_token_is_renewed_before_it_ends_and_no_call_is_refused(
    edge: VirtualstockSandbox, api: VirtualstockClient
) -> None:
    for _ in range(4):
        api.list_carriers()
        later(280)

    assert signings(edge) == ["requestToken", "refreshToken", "refreshToken", "refreshToken"]
    assert {entry.status for entry in edge.journal.entries()} == {200}


def test_after_four_hours_the_password_is_asked_again(edge: VirtualstockSandbox, api: VirtualstockClient) -> None:
    api.list_carriers()
    later(4 * 3600)

    api.list_carriers()

    assert signings(edge) == ["requestToken", "requestToken"]


def test_a_token_that_was_withdrawn_is_renewed_once_and_the_call_made_again(
    edge: VirtualstockSandbox, api: VirtualstockClient
) -> None:
    api.list_carriers()
    edge.withdraw_tokens()

    api.list_carriers()

    assert signings(edge) == ["requestToken", "refreshToken"]
    assert [entry.status for entry in edge.journal.entries("listCarriers")] == [200, 401, 200]


def test_when_all_tokens_were_withdrawn_the_password_helps(edge: VirtualstockSandbox, api: VirtualstockClient) -> None:
    api.list_carriers()
    edge.withdraw_tokens(refresh=True)

    api.list_carriers()

    assert signings(edge) == ["requestToken", "refreshToken", "requestToken"]


def test_a_write_whose_token_was_withdrawn_is_done_once(edge: VirtualstockSandbox, api: VirtualstockClient) -> None:
    number = edge.add_product("TEE")
    api.list_carriers()
    edge.withdraw_tokens()

    api.set_stock(str(number), 7)

    assert [entry.status for entry in edge.journal.entries("updateStock")] == [401, 200]
    assert edge.product("TEE")["stock"] == 7


def test_a_wrong_password_is_asked_once_for_each_call(edge: VirtualstockSandbox, gate: RecordingGate) -> None:
    account = Account(
        name="x",
        base_url=edge.base_url,
        credentials={"password": "wrong-one"},
        settings={"username": "u", "sandbox": True},
    )

    with pytest.raises(ConfigurationError) as caught:
        VirtualstockClient(account, gate=gate).list_carriers()

    assert caught.value.operation == ""
    assert [entry.operation for entry in edge.journal.entries()] == ["requestToken"]


def test_with_the_plain_password_no_token_is_asked_for(edge: VirtualstockSandbox, gate: RecordingGate) -> None:
    VirtualstockClient(account_of(edge, sign_in="basic"), gate=gate).list_carriers()

    assert signings(edge) == []
    assert edge.journal.entries()[0].headers["authorization"].startswith("Basic ")


def test_a_password_that_is_refused_is_not_tried_twice(edge: VirtualstockSandbox, gate: RecordingGate) -> None:
    edge.change_settings(basic_allowed=False)

    with pytest.raises(ConfigurationError):
        VirtualstockClient(account_of(edge, sign_in="basic"), gate=gate).list_carriers()
    assert edge.journal.count("listCarriers") == 1


def test_no_token_is_kept_of_what_went_over_the_wire(
    edge: VirtualstockSandbox, api: VirtualstockClient, gate: RecordingGate
) -> None:
    api.list_carriers()
    later(280)
    api.list_carriers()

    secrets = [*edge.edge.tokens, edge.door.password]
    kept = repr(gate.exchanges) + repr(gate.calls)
    assert len(secrets) == 4
    assert [secret for secret in secrets if secret in kept] == []


def test_half_a_token_is_no_token(edge: VirtualstockSandbox, api: VirtualstockClient) -> None:
    edge.faults.add(Fault(kind="malformed", operation="requestToken"))

    with pytest.raises(TransientError):
        api.list_carriers()
    api.list_carriers()


def test_an_address_in_an_answer_is_never_followed(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    """Else the token would go to whatever host it names."""
    edge.add_orders(120, lines=LINES)
    reference = edge.add_order(lines=LINES)
    assert "the-edge.io" in edge.order(reference)["url"]

    record = connector.fetch_order(reference)

    assert record is not None
    assert {entry.headers["host"] for entry in edge.journal.entries()} == {edge.base_url.removeprefix("http://")}


def test_every_call_costs_one_request_and_those_for_products_a_part_of_their_own(
    edge: VirtualstockSandbox, api: VirtualstockClient, gate: RecordingGate
) -> None:
    number = edge.add_product("TEE")
    api.list_orders(status="ORDER", offset=0)
    api.set_stock(str(number), 1)

    costs = {call.operation: dict(call.costs) for call in gate.calls}
    assert costs == {
        "requestToken": {"requests": 1},
        "listOrders": {"requests": 1},
        "updateStock": {"requests": 1, "catalogue": 1},
    }


@pytest.mark.parametrize(("settings", "calls"), [({}, (150, 100)), ({"requests_per_minute": 250}, (250, 166))])
def test_the_call_limit_is_150_a_minute_unless_it_is_set(settings: dict[str, int], calls: tuple[int, int]) -> None:
    found = limits(Account(name="x", base_url="https://api.virtualstock.com", settings=settings))

    assert [(limit.bucket, limit.calls, limit.seconds) for limit in found] == [
        ("requests", calls[0], 60),
        ("catalogue", calls[1], 60),
    ]


def test_the_retailer_of_the_connection_is_asked_for(edge: VirtualstockSandbox, gate: RecordingGate) -> None:
    VirtualstockClient(account_of(edge, retailer_id=7001), gate=gate).list_orders(status="ORDER", offset=100)

    (entry,) = edge.journal.entries("listOrders")
    assert entry.query == "format=json&status=ORDER&limit=100&offset=100&retailer_id=7001"


def test_stock_goes_out_as_a_number_under_the_one_name(edge: VirtualstockSandbox, api: VirtualstockClient) -> None:
    api.set_stock(str(edge.add_product("TEE")), 0)

    (entry,) = edge.journal.entries("updateStock")
    assert json.loads(entry.body) == {"supplier_free_stock": 0}
    assert entry.path.endswith("/stock")
