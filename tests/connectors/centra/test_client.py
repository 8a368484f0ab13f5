"""Centra's two APIs: what goes out, what is laid aside for it, and which family each layer's refusal belongs to."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Account
from connectors.canonical.errors import (
    ConfigurationError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.centra import documents
from connectors.centra.account import limits
from connectors.centra.client import CentraClient, Complexities
from connectors.http import Call, Exchange, Limit
from connectors.ports import VirtualClock
from connectors.transport import BrokenOffError, Incoming, NotSentError
from tests.connectors.centra.support import Network, answer, make_account, plain

READ, WRITE, TWO = documents.READ_ORDERS, documents.CONFIRM_ORDER, documents.UPDATE_AND_CONFIRM_ORDER
NO_ORDERS = {"orders": []}
DONE = {"order": {"number": 1234, "status": "CONFIRMED"}, "userErrors": [], "userWarnings": []}


class KeepingGate:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.exchanges: list[Exchange] = []
        self.until: list[datetime] = []

    def before_call(self, call: Call) -> None:
        self.calls.append(call)

    def after_call(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def penalise(self, call: Call, *, until: datetime) -> None:
        self.until.append(until)


@pytest.fixture
def gate() -> KeepingGate:
    return KeepingGate()


@pytest.fixture
def client(account: Account, gate: KeepingGate, network: Network) -> CentraClient:
    return CentraClient(account, gate=gate, complexities=Complexities())


def failing(document: documents.Document, client: CentraClient, variables: Mapping[str, Any] | None = None) -> HubError:
    with pytest.raises(HubError) as error:
        client.execute(document, variables)
    return error.value


def said(message: str, category: str | None = None, **more: Any) -> dict[str, Any]:
    return {"message": message, **({"extensions": {"category": category}} if category else {}), **more}


# --- what goes out ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["https://northgate.centra.com", "https://northgate.centra.com/graphql/"])
def test_graphql_is_appended_to_the_address_only_where_it_is_missing(
    address: str, account: Account, gate: KeepingGate, network: Network
) -> None:
    client = CentraClient(replace(account, base_url=address), gate=gate)
    network.put(answer(NO_ORDERS), plain({"status": "no", "code": -3}))
    client.execute(READ)
    client.probe_order_api()
    assert [sent.url for sent in network.sent] == [
        "https://northgate.centra.com/graphql",
        "https://northgate.centra.com/api/marketplace/order",
    ]


def test_a_document_goes_out_with_its_name_its_variables_and_the_token(client: CentraClient, network: Network) -> None:
    network.put(answer(NO_ORDERS))
    assert client.execute(READ, {"where": {"number": [1234]}, "limit": 1}).data == NO_ORDERS
    (sent,) = network.sent
    assert sent.method == "POST"
    assert network.bodies == [
        {"query": READ.text, "variables": {"where": {"number": [1234]}, "limit": 1}, "operationName": "ReadOrders"}
    ]
    assert sent.headers["Authorization"] == "Bearer integration-token-1"
    assert sent.headers["Content-Type"].startswith("application/json")
    assert "API-Authorization" not in sent.headers


def test_each_secret_goes_to_its_own_api_and_into_no_record(
    client: CentraClient, gate: KeepingGate, network: Network
) -> None:
    network.put(answer(NO_ORDERS), plain({"status": "ok", "orders": [1234]}))
    client.execute(READ)
    client.create_order({}, reference="MK-1")
    assert network.sent[1].headers["API-Authorization"] == "order-api-key-1"
    assert "Authorization" not in network.sent[1].headers
    kept = repr(gate.exchanges)
    assert "integration-token-1" not in kept
    assert "order-api-key-1" not in kept


@pytest.mark.parametrize(
    "address", ["https://centra.example.org", "http://northgate.centra.com", "http://127.0.0.1:8000"]
)
def test_only_centras_own_hosts_are_called(address: str, account: Account, gate: KeepingGate, network: Network) -> None:
    with pytest.raises(ConfigurationError):
        CentraClient(replace(account, base_url=address), gate=gate)
    assert network.sent == []


def test_a_quality_assurance_host_and_a_sandbox_are_allowed(account: Account, gate: KeepingGate) -> None:
    CentraClient(replace(account, base_url="https://northgate.centraqa.com"), gate=gate)
    CentraClient(replace(make_account(sandbox=True), base_url="http://127.0.0.1:8000"), gate=gate)


def test_without_a_token_nothing_is_sent(account: Account, gate: KeepingGate, network: Network) -> None:
    client = CentraClient(replace(account, credentials={}), gate=gate)
    error = failing(READ, client)
    assert isinstance(error, ConfigurationError)
    assert (error.operation, error.code) == ("", "no_token")
    assert network.sent == []


@pytest.mark.parametrize("lacking", ["order_api_key", "order_api_path"])
def test_without_the_order_apis_path_or_key_nothing_is_sent(lacking: str, gate: KeepingGate, network: Network) -> None:
    account = make_account(**{lacking: ""})
    account = replace(account, credentials={**account.credentials, lacking: ""})
    with pytest.raises(ConfigurationError) as error:
        CentraClient(account, gate=gate).create_order({}, reference="MK-1")
    assert (error.value.operation, error.value.code) == ("POST /order", "no_order_api")
    assert network.sent == []


# --- what a call costs ------------------------------------------------------------------------------------------------
def test_a_read_costs_a_request_a_mutation_one_each_and_points_are_learnt(
    client: CentraClient, gate: KeepingGate, network: Network
) -> None:
    network.put(
        answer(NO_ORDERS, extensions={"complexity": 77}),
        answer(NO_ORDERS, extensions={"complexity": 78}),
        answer({"confirm": DONE}),
        answer({"update": DONE, "confirm": DONE}),
    )
    for document in (READ, READ, WRITE, TWO):
        client.execute(document)
    assert [call.costs for call in gate.calls] == [
        {"requests": 1, "complexity": READ.complexity},
        {"requests": 1, "complexity": 77},
        {"requests": 1, "complexity": WRITE.complexity, "mutations": 1},
        {"requests": 1, "complexity": TWO.complexity, "mutations": 2},
    ]
    assert [(call.operation, call.write) for call in gate.calls] == [
        ("orders", False),
        ("orders", False),
        ("confirmOrder", True),
        ("confirmOrder", True),
    ]


def test_points_are_learnt_for_each_sku_and_each_tenant(
    account: Account, client: CentraClient, gate: KeepingGate, network: Network
) -> None:
    known = Complexities()
    client = CentraClient(account, gate=gate, complexities=known)
    other = CentraClient(replace(account, base_url="https://southgate.centra.com"), gate=gate, complexities=known)
    network.put(answer({}, extensions={"complexity": 101}), *[answer({})] * 2)
    client.execute(documents.stock_of(10))
    client.execute(documents.stock_of(3))
    other.execute(documents.stock_of(3))
    assert [call.costs["complexity"] for call in gate.calls] == [1500, 33, 450]


def test_an_order_created_costs_nothing_of_graphqls_limits(
    client: CentraClient, gate: KeepingGate, network: Network
) -> None:
    network.put(plain({"status": "ok", "orders": [1234]}))
    client.create_order({}, reference="MK-1")
    (call,) = gate.calls
    assert (call.operation, call.write, call.costs) == ("POST /order", True, {"order_api": 1})


def test_the_default_tier_keeps_inside_a_fresh_instances_limits() -> None:
    assert [(limit.bucket, limit.calls, limit.seconds) for limit in limits(make_account())] == [
        ("requests", 20, 10),
        ("requests", 10_000, 3600),
        ("mutations", 100, 10),
        ("mutations", 1_000, 3600),
        ("complexity", 150_000, 10),
        ("complexity", 20_000_000, 3600),
        ("order_api", 20, 10),
    ]


@pytest.mark.parametrize(
    ("tier", "requests", "mutations"),
    [
        ("growth", (60, 5_000), (20, 1_800)),
        ("enhanced", (150, 20_000), (50, 4_500)),
        ("high_volume", (450, 40_000), (150, 7_000)),
        ("enterprise", (1_500, 85_000), (500, 25_000)),
        ("no such tier", (20, 10_000), (100, 1_000)),
    ],
)
def test_named_tiers_are_presets(tier: str, requests: tuple[int, int], mutations: tuple[int, int]) -> None:
    held = {(limit.bucket, limit.seconds): limit.calls for limit in limits(make_account(tier=tier))}
    assert (held["requests", 10], held["requests", 3600]) == requests
    assert (held["mutations", 10], held["mutations", 3600]) == mutations


def test_the_live_limits_are_read_from_the_account(client: CentraClient, network: Network) -> None:
    rows = [
        {"type": "REQUEST_COUNT", "intervalSeconds": "TEN_SECONDS", "quota": 60},
        {"type": "MUTATION_COUNT", "intervalSeconds": "ONE_HOUR", "quota": 1800},
        {"type": "LOVE", "intervalSeconds": "ONE_HOUR", "quota": 1},
    ]
    network.put(answer({"rateLimits": rows}))
    assert client.rate_limits() == (
        Limit(bucket="requests", calls=60, seconds=10, source="Centra: rateLimits query"),
        Limit(bucket="mutations", calls=1800, seconds=3600, source="Centra: rateLimits query"),
    )


def test_every_warehouse_is_read_page_by_page(client: CentraClient, network: Network) -> None:
    full = [{"id": number} for number in range(documents.LIST_ROWS)]
    network.put(answer({"warehouses": full}), answer({"warehouses": [{"id": 999}]}))
    assert client.read_warehouses() == [*full, {"id": 999}]
    assert [body["variables"]["page"] for body in network.bodies] == [1, 2]


# --- HTTP -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_a_server_that_fails_leaves_a_write_unknown_and_a_read_undone(
    client: CentraClient, network: Network, status: int
) -> None:
    page = plain(b"<html>Service unavailable</html>", status=status)
    network.put(page, page)
    assert isinstance(failing(WRITE, client), UnknownOutcomeError)
    assert isinstance(failing(READ, client), TransientError)
    assert len(network.sent) == 2


def test_an_answer_that_breaks_off_leaves_a_write_unknown_and_a_read_undone(
    client: CentraClient, network: Network
) -> None:
    network.put(BrokenOffError("no answer came in time"), BrokenOffError("no answer came in time"))
    assert isinstance(failing(WRITE, client), UnknownOutcomeError)
    assert isinstance(failing(READ, client), TransientError)


def test_what_was_never_sent_was_not_done(client: CentraClient, network: Network) -> None:
    network.put(NotSentError("the connection was refused"))
    assert isinstance(failing(WRITE, client), TransientError)


@pytest.mark.parametrize("value", ["1768467840", "2026-01-15T09:04:00+00:00", "Thu, 15 Jan 2026 09:04:00 GMT", "240"])
def test_429_waits_until_the_moment_that_centra_names(
    client: CentraClient, gate: KeepingGate, network: Network, virtual_clock: VirtualClock, value: str
) -> None:
    network.put(plain({"message": "Rate limit exceeded"}, status=429, headers={"Retry-After": value}))
    error = failing(WRITE, client)
    assert isinstance(error, TransientError)
    assert error.retry_at == datetime(2026, 1, 15, 9, 4, tzinfo=UTC)
    assert gate.until == [error.retry_at]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_stops_the_connection(client: CentraClient, network: Network, status: int) -> None:
    network.put(plain({"message": "Unauthorized"}, status=status))
    error = failing(READ, client)
    assert isinstance(error, ConfigurationError)
    assert (error.operation, error.code) == ("", "token")
    assert error.message == (
        "Centra refuses the Integration API token: it is missing, expired or revoked. "
        "Make a new one in Centra under System → API Tokens and enter it on the connection."
    )


def test_graphql_errors_under_a_status_400_are_read_as_such(client: CentraClient, network: Network) -> None:
    network.put(answer(status=400, errors=[said("You need Order:read permission to access orders.", "authorization")]))
    error = failing(READ, client)
    assert isinstance(error, ConfigurationError)
    assert (error.operation, error.code) == ("orders", "permission")


def test_an_address_without_graphql_is_told(client: CentraClient, network: Network) -> None:
    network.put(plain(b"<html>Not found</html>", status=404))
    error = failing(WRITE, client)
    assert isinstance(error, ConfigurationError)
    assert (error.operation, error.code) == ("confirmOrder", "address")


def test_a_status_400_without_graphql_errors_is_a_refusal(client: CentraClient, network: Network) -> None:
    network.put(plain({"message": "Bad request"}, status=400))
    assert isinstance(failing(WRITE, client), PermanentError)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": null}', b"{}", b'{"data": []}', b'{"data": {"x"'])
def test_an_answer_that_cannot_be_read_leaves_a_write_unknown(
    client: CentraClient, network: Network, body: bytes
) -> None:
    network.put(plain(body), plain(body))
    assert isinstance(failing(WRITE, client), UnknownOutcomeError)
    assert isinstance(failing(READ, client), TransientError)


# --- GraphQL errors ---------------------------------------------------------------------------------------------------
PERMISSION = said("You need Order:write permission to access confirmOrder.", "authorization")
INTERNAL = said("Internal server error", "internal")
SCHEMA = said('Cannot query field "isOnHold" on type "Order".', "graphql")
VALUE = said('Variable "$number" got invalid value 1e99; Int cannot represent it.', "graphql")


@pytest.mark.parametrize(
    ("errors", "read", "write", "code"),
    [
        ([PERMISSION], ConfigurationError, ConfigurationError, "permission"),
        (
            [said("You need Order:write permission to access confirmOrder.")],
            ConfigurationError,
            ConfigurationError,
            "permission",
        ),
        ([said("Unauthenticated", "authentication")], ConfigurationError, ConfigurationError, "token"),
        ([SCHEMA], ConfigurationError, ConfigurationError, "schema"),
        ([VALUE], PermanentError, PermanentError, "request"),
        ([INTERNAL], TransientError, UnknownOutcomeError, "internal"),
        ([said("Something new", "weather")], TransientError, UnknownOutcomeError, "internal"),
        ([said("Internal server error")], TransientError, UnknownOutcomeError, "internal"),
        (["not an object"], TransientError, UnknownOutcomeError, "internal"),
        ({"message": "not a list"}, TransientError, UnknownOutcomeError, "internal"),
    ],
)
def test_each_kind_of_graphql_error_has_its_family(
    client: CentraClient,
    network: Network,
    errors: Any,
    read: type[HubError],
    write: type[HubError],
    code: str,
) -> None:
    network.put(answer(None, errors=errors), answer(None, errors=errors))
    for document, family in ((READ, read), (WRITE, write)):
        error = failing(document, client)
        assert type(error) is family
        assert error.code == code


def test_a_missing_permission_pauses_its_operation_only_and_is_named(client: CentraClient, network: Network) -> None:
    network.put(answer({"confirm": None}, errors=[PERMISSION]))
    error = failing(WRITE, client)
    assert isinstance(error, ConfigurationError)
    assert error.operation == "confirmOrder"
    assert error.message == (
        "The Centra token lacks a permission for confirmOrder: Order:write. Add it in Centra under System → API Tokens."
    )
    assert error.platform_words == "You need Order:write permission to access confirmOrder."


def test_a_part_of_a_write_that_failed_inside_outweighs_another_parts_refusal(
    client: CentraClient, network: Network
) -> None:
    network.put(answer({"update": None, "confirm": None}, errors=[PERMISSION, INTERNAL]))
    assert isinstance(failing(TWO, client), UnknownOutcomeError)


def test_a_mutation_whose_result_cannot_be_shown_was_done(client: CentraClient, network: Network) -> None:
    hidden = said("You need Order:read permission to access order.", "authorization", path=["confirm", "order"])
    refused = said("You need Order:write permission to access confirmOrder.", "authorization", path=["confirm"])
    network.put(answer({"confirm": {"order": None}}, errors=[hidden]), answer(None, errors=[refused]))
    assert type(failing(WRITE, client)) is UnknownOutcomeError
    assert type(failing(WRITE, client)) is ConfigurationError


def test_a_read_that_lacks_a_permission_is_not_tried_again_for_another_parts_failure(
    client: CentraClient, network: Network
) -> None:
    network.put(answer({"orders": None}, errors=[INTERNAL, PERMISSION]))
    assert isinstance(failing(READ, client), ConfigurationError)


def test_half_an_answer_is_never_taken_for_a_whole(client: CentraClient, network: Network) -> None:
    network.put(answer({"orders": [{"number": 1234, "externalId": None}]}, errors=[PERMISSION]))
    assert isinstance(failing(READ, client), ConfigurationError)


def test_missing_permissions_are_listed_once_each(client: CentraClient, network: Network) -> None:
    other = said("You need Order.attributes:read permission to access attributes.", "authorization")
    network.put(answer(None, errors=[PERMISSION, other, PERMISSION]), answer(NO_ORDERS))
    assert client.probe(READ) == (("Order:write", "Order.attributes:read"), {})
    assert client.probe(READ) == ((), NO_ORDERS)


def test_other_errors_are_not_taken_for_missing_permissions(client: CentraClient, network: Network) -> None:
    network.put(answer({}, errors=[PERMISSION, SCHEMA]))
    with pytest.raises(ConfigurationError) as error:
        client.probe(READ)
    assert error.value.code == "schema"


# --- userErrors and userWarnings --------------------------------------------------------------------------------------
def test_a_mutations_own_refusals_and_warnings_come_with_the_answer(client: CentraClient, network: Network) -> None:
    refused = {"order": None, "userErrors": [{"message": "Order is locked", "path": ["order"]}], "userWarnings": []}
    warned = {
        **DONE,
        "userWarnings": [{"message": "Stock was short", "path": None}, {"message": "Twice", "path": None}],
    }
    network.put(answer({"update": refused, "confirm": warned}))
    found = client.execute(TWO)
    assert (found.refused("update"), found.refused("confirm")) == ("Order is locked", "")
    assert found.warned() == "Stock was short; Twice"


def test_what_centra_says_of_a_person_is_masked(client: CentraClient, network: Network) -> None:
    words = "Customer alice@example.com (+46701740605) is blocked"
    network.put(
        answer({"confirm": {"order": None, "userErrors": [{"message": words}], "userWarnings": [{"message": words}]}}),
        answer(None, errors=[said(words, "internal")]),
        plain({"status": "no", "msg": words, "code": -6}),
    )
    found = client.execute(WRITE)
    told = [found.refused("confirm"), found.warned(), failing(READ, client).platform_words]
    told.append(refused_order(client).platform_words)
    assert len(set(told)) == 1
    assert "alice" not in told[0]
    assert "0174" not in told[0]
    assert told[0].startswith("Customer ")


def test_fields_that_will_be_removed_are_logged_once_for_an_operator(
    client: CentraClient, network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    network.put(answer(NO_ORDERS, extensions={"deprecatedFieldsUsed": ["Order.isOnHold, removed 2027-01-01"]}))
    with caplog.at_level(logging.WARNING):
        client.execute(READ)
    assert caplog.messages == ["Centra will remove fields that ReadOrders uses: ['Order.isOnHold, removed 2027-01-01']"]


# --- the Order API ----------------------------------------------------------------------------------------------------
def refused_order(client: CentraClient) -> HubError:
    with pytest.raises(HubError) as error:
        client.create_order({"products": []}, reference="MK-10023-A")
    return error.value


def test_an_order_is_created_and_its_number_returned(client: CentraClient, network: Network) -> None:
    network.put(plain({"status": "ok", "orders": [1234]}), plain({"status": "ok", "orders": ["1235"]}))
    assert client.create_order({"comment": "x"}, reference="MK-1") == "1234"
    assert client.create_order({}, reference="MK-2") == "1235"
    assert network.bodies[0] == {"comment": "x"}


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        (-1, "not_addable"),
        (-2, "out_of_stock"),
        (-3, "empty"),
        (-4, "field_missing"),
        (-5, "order_exists"),
        (-6, "customer_refused"),
        (-7, "refused"),
        (-8, "refused"),
        ("-2", "out_of_stock"),
        (None, "refused"),
        ("a lot", "refused"),
    ],
)
def test_each_code_of_the_order_api_is_a_refusal_of_its_own(
    client: CentraClient, network: Network, code: Any, ours: str
) -> None:
    network.put(plain({"status": "no", "msg": "Not enough stock of NV1001-410-M", "code": code}))
    error = refused_order(client)
    assert type(error) is PermanentError
    assert (error.code, error.subject) == (ours, "MK-10023-A")
    assert error.platform_words == "Not enough stock of NV1001-410-M"
    assert error.message


def test_an_order_that_centra_split_is_refused_with_all_its_numbers(client: CentraClient, network: Network) -> None:
    network.put(plain({"status": "ok", "orders": [1234, 1235]}))
    error = refused_order(client)
    assert type(error) is PermanentError
    assert (error.code, error.subject, error.platform_words) == ("order_split", "MK-10023-A", "1234, 1235")
    assert "Centra split order MK-10023-A into 1234, 1235." in error.message


@pytest.mark.parametrize(
    "refusal",
    [plain({"status": "Not Allowed"}, status=403), plain({"status": "Not Allowed"})],
    ids=["as a status", "in the body"],
)
def test_a_plugin_that_may_not_create_orders_pauses_only_that(
    client: CentraClient, network: Network, refusal: Incoming
) -> None:
    network.put(refusal)
    error = refused_order(client)
    assert isinstance(error, ConfigurationError)
    assert (error.operation, error.code) == ("POST /order", "not_allowed")
    assert "switch on Allow Order Create" in error.message


def test_a_path_without_order_api_pauses_only_creating_orders(client: CentraClient, network: Network) -> None:
    network.put(plain(b"<html>Not found</html>", status=404))
    error = refused_order(client)
    assert isinstance(error, ConfigurationError)
    assert (error.operation, error.code) == ("POST /order", "path")


def test_a_refused_key_pauses_only_creating_orders(client: CentraClient, network: Network) -> None:
    network.put(plain({"status": "no", "msg": "Unauthorized"}, status=401))
    error = refused_order(client)
    assert isinstance(error, ConfigurationError)
    assert (error.operation, error.code) == ("POST /order", "key")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "ok"},
        {"status": "ok", "orders": []},
        {"status": "ok", "orders": None},
        {"status": "ok", "orders": [None]},
        {"status": "ok", "orders": [True]},
        {"status": "ok", "orders": [1234, "?"]},
        {"status": "ok", "orders": [0]},
        {"status": "ok", "order": 1234},
        {"status": "maybe", "orders": [1234]},
        [],
        "ok",
    ],
)
def test_an_answer_that_neither_refuses_nor_names_an_order_is_unknown(
    client: CentraClient, network: Network, body: Any
) -> None:
    network.put(plain(body))
    assert type(refused_order(client)) is UnknownOutcomeError
    assert len(network.sent) == 1


@pytest.mark.parametrize(
    "ending",
    [
        plain(b"<html>", status=500),
        plain(b"<html>", status=504),
        plain(b'{"status": "ok", "ord'),
        BrokenOffError("no answer came in time"),
    ],
    ids=["500", "504", "half an answer", "time-out"],
)
def test_an_order_whose_creation_is_uncertain_is_never_sent_twice(
    client: CentraClient, network: Network, ending: Incoming | BrokenOffError
) -> None:
    network.put(ending)
    assert type(refused_order(client)) is UnknownOutcomeError
    assert len(network.sent) == 1


def test_the_probe_offers_an_order_without_products_and_counts_as_no_write(
    client: CentraClient, gate: KeepingGate, network: Network
) -> None:
    network.put(plain({"status": "no", "code": -3, "msg": "No products"}))
    assert client.probe_order_api() == {"status": "no", "code": -3, "msg": "No products"}
    assert network.bodies == [{"products": []}]
    assert gate.calls[0].write is False
