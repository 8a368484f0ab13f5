"""The client: its headers, its three layers of errors, and what it learns of an instance."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.canonical.errors import (
    ConfigurationError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.http import OpenGate
from connectors.marketplacer import documents
from connectors.marketplacer.client import Absences, MarketplacerClient
from tests.connectors.conformance import START, RecordingGate
from tests.connectors.marketplacer.payloads import Network, answered, make_account

PAGE = {"totalCount": 0, "pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}


def client_of(**credentials: str) -> MarketplacerClient:
    return MarketplacerClient(make_account(**credentials), gate=OpenGate(), absences=Absences())


def lacks(kind: str, name: str) -> dict[str, Any]:
    extensions = {"code": "undefinedField", "typeName": kind, "fieldName": name}
    return {"message": f"Field '{name}' doesn't exist on type '{kind}'", "path": ["query"], "extensions": extensions}


def test_a_key_goes_as_bearer(network: Network) -> None:
    network.answers = [answered({"data": {"apiKeyPrincipal": None}})]

    client_of().execute(documents.WHO_AM_I)

    (sent,) = network.sent
    assert sent.url == "https://demo-market.example/graphql"
    assert sent.headers["Authorization"] == "Bearer k-123-secret"
    assert "MARKETPLACER-API-KEY" not in sent.headers
    assert json.loads(sent.body or b"")["operationName"] == "Me"


def test_behind_basic_auth_the_key_has_a_header_of_its_own(network: Network) -> None:
    network.answers = [answered({"data": {"apiKeyPrincipal": None}})]

    client_of(basic_user="staging", basic_password="open-sesame").execute(documents.WHO_AM_I)

    expected = base64.b64encode(b"staging:open-sesame").decode()
    assert network.sent[0].headers["Authorization"] == f"Basic {expected}"
    assert network.sent[0].headers["MARKETPLACER-API-KEY"] == "k-123-secret"


def test_without_a_key_nothing_is_sent(network: Network) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client_of(api_key="").execute(documents.WHO_AM_I)

    assert (caught.value.code, network.sent) == ("no_key", [])


def test_a_field_that_the_instance_lacks_is_left_out_from_then_on(network: Network) -> None:
    errors = [lacks("Invoice", "updatedAt"), lacks("LineItem", "taxCents")]
    network.answers = [answered({"errors": errors}), *(answered({"data": {"invoices": PAGE}}) for _ in range(2))]
    client = client_of()

    for _ in range(2):
        client.page(documents.LIST_INVOICES, "invoices", {"filters": {}})

    first, second, third = network.queries()
    assert " updatedAt subtotalCents" in first
    assert " updatedAt subtotalCents" not in second
    assert "taxCents taxFormatted totalCents totalFormatted adjustments" in first.split("lineItems {", 1)[1]
    assert second == third


def test_a_field_that_cannot_be_left_out_is_a_matter_for_a_person(network: Network) -> None:
    network.answers = [answered({"errors": [lacks("Invoice", "statusFlags")]})]

    with pytest.raises(ConfigurationError) as caught:
        client_of().page(documents.LIST_INVOICES, "invoices", {"filters": {}})

    assert (caught.value.operation, caught.value.code) == ("invoices", "schema")


def test_secrets_in_their_words_are_masked(network: Network) -> None:
    network.answers = [answered({"errors": [{"message": "Key k-123-secret lacks permission"}]})]

    with pytest.raises(ConfigurationError) as caught:
        client_of().execute(documents.WHO_AM_I)

    assert "k-123-secret" not in caught.value.platform_words


def test_a_missing_list_is_no_empty_list(network: Network) -> None:
    network.answers = [answered({"data": {"invoices": None}})]

    with pytest.raises(TransientError):
        client_of().page(documents.LIST_INVOICES, "invoices", {"filters": {}})


@pytest.mark.parametrize("body", [[], {}, {"data": None}, "<html>"])
def test_an_answer_that_is_no_graphql_leaves_a_write_open(network: Network, body: Any) -> None:
    network.answers = [answered(body)]

    with pytest.raises(UnknownOutcomeError):
        client_of().execute(documents.CREATE_SHIPMENT, {"input": {}})


def test_a_list_that_does_not_move_on_is_not_read_for_ever(network: Network) -> None:
    page = {**PAGE, "pageInfo": {"hasNextPage": True, "endCursor": "MQ=="}}
    network.answers = [answered({"data": {"shipmentCarriers": page}}) for _ in range(2)]

    with pytest.raises(PermanentError) as caught:
        list(client_of().nodes(documents.LIST_CARRIERS, "shipmentCarriers", {}))

    assert caught.value.code == "paging"


def test_one_alias_that_failed_alone_leaves_the_others(network: Network) -> None:
    refused = {"message": "Variable $i1 of type X! was provided invalid value", "path": ["v1"]}
    network.answers = [answered({"data": {"v0": {"status": 200}, "v1": None}, "errors": [refused]})]

    parts = client_of().execute_parts(documents.update_variants(2, name="Stock"), {})

    assert parts.errors == {"v1": "Variable $i1 of type X! was provided invalid value"}
    assert parts.data["v0"] == {"status": 200}


@pytest.mark.parametrize(("said", "seconds"), [(None, 60), ("garbage", 60), ("17", 17)])
def test_under_load_a_call_waits_as_long_as_it_is_told_or_a_minute(
    network: Network, said: str | None, seconds: int
) -> None:
    network.answers = [answered("", status=429, headers={} if said is None else {"Retry-After": said})]

    with pytest.raises(TransientError) as caught:
        client_of().execute(documents.CREATE_SHIPMENT, {"input": {}})

    assert caught.value.retry_at == START + timedelta(seconds=seconds)


@pytest.mark.parametrize(("write", "family"), [(True, UnknownOutcomeError), (False, TransientError)])
def test_a_503_leaves_a_write_open_and_a_read_to_be_made_again(network: Network, write: bool, family: type) -> None:
    network.answers = [answered("", status=503, headers={"Retry-After": "17"})]

    with pytest.raises(family):
        client_of().execute(documents.CREATE_SHIPMENT if write else documents.WHO_AM_I, {"input": {}})


def test_reads_and_writes_have_buckets_of_their_own(network: Network) -> None:
    network.answers = [answered({"data": {}}), answered({"data": {}})]
    gate = RecordingGate()
    client = MarketplacerClient(make_account(), gate=gate, absences=Absences())

    client.execute(documents.WHO_AM_I)
    client.execute(documents.CREATE_SHIPMENT, {"input": {}})

    assert [(call.operation, call.write, dict(call.costs)) for call in gate.calls] == [
        ("apiKeyPrincipal", False, {"reads": 1}),
        ("shipmentCreate", True, {"writes": 1}),
    ]
