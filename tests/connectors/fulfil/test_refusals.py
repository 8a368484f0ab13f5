"""Every documented form of an error, and the family it becomes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors import ports
from connectors.canonical.errors import (
    ConfigurationError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.fulfil.connector import FulfilConnector
from tests.connectors.fulfil.support import Network, answer

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
LIMITED = {"code": 429, "name": "Too Many Requests", "description": "This user has exceeded an allotted request count."}
HTML = "<html><body>Service unavailable</body></html>"


def user_error(message: str, *, code: str = "E1000", description: str = "") -> dict[str, Any]:
    return {"type": "UserError", "code": code, "message": message, "description": description}


def http_error(code: int, name: str, words: str = "No.") -> dict[str, Any]:
    return {"code": code, "name": name, "description": words}


ACCESS = "You cannot create order under this channel because you do not have required permissions"
TABLE: list[tuple[int, Any, dict[str, str], type[HubError], type[HubError], str]] = [
    # status, body, headers, family of a read, family of a write, code
    (400, user_error("Product with code X-1 not found"), {}, PermanentError, PermanentError, "unknown_sku"),
    (400, user_error("MOMS (tax) of rate 0.2 was not found."), {}, PermanentError, PermanentError, "unknown_tax"),
    (400, user_error("Shipping carrier is not configured for code: dhl"), {}, PermanentError, PermanentError, "unknown_service"),
    (400, user_error("Payment gateway paypal is not configured"), {}, PermanentError, PermanentError, "unknown_gateway"),
    (400, user_error("You missed some unresolved exceptions in sale SO1."), {}, PermanentError, PermanentError, "exceptions"),
    (400, user_error("total mismatch: channel 447.00, computed 446.99"), {}, PermanentError, PermanentError, "total_mismatch"),
    (400, user_error("Shipment CS1 is on hold."), {}, PermanentError, PermanentError, "on_hold"),
    (400, user_error(ACCESS), {}, ConfigurationError, ConfigurationError, "channel_access"),
    (400, user_error("Something of its own", code="E2017"), {}, PermanentError, PermanentError, "E2017"),
    (400, http_error(400, "Bad Request"), {}, PermanentError, PermanentError, "400"),
    (401, http_error(401, "Unauthorized"), {}, ConfigurationError, ConfigurationError, "401"),
    (403, http_error(403, "Forbidden"), {}, ConfigurationError, ConfigurationError, "403"),
    (404, http_error(404, "Not Found"), {}, PermanentError, PermanentError, "404"),
    (422, {"errors": ["amount"]}, {}, PermanentError, PermanentError, "422"),
    (429, LIMITED, {"Retry-After": "30"}, TransientError, TransientError, "429"),
    (429, "slow down", {}, TransientError, TransientError, "429"),
    (429, user_error("Page size cannot exceed 500"), {}, PermanentError, PermanentError, "E1000"),
    (429, {"message": "Page size cannot exceed 500"}, {}, PermanentError, PermanentError, "refused"),
    (500, {"error": "Internal Server Error"}, {"X-Sentry-ID": "3f1d"}, TransientError, UnknownOutcomeError, "500"),
    (502, HTML, {}, TransientError, UnknownOutcomeError, "502"),
    (503, HTML, {}, TransientError, UnknownOutcomeError, "503"),
    (504, HTML, {}, TransientError, UnknownOutcomeError, "504"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "headers", "read", "write", "code"), TABLE)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_every_form_of_an_error_becomes_its_family(
    connector: FulfilConnector,
    network: Network,
    status: int,
    body: Any,
    headers: dict[str, str],
    read: type[HubError],
    write: type[HubError],
    code: str,
    writes: bool,
) -> None:
    network.put(answer(body, status=status, headers=headers))

    with ports.using(clock=ports.VirtualClock(START)), pytest.raises(HubError) as caught:
        connector.client.call("sale.sale", "process" if writes else "search_count", [[1]])

    assert type(caught.value) is (write if writes else read)
    assert caught.value.code == code
    assert "{" not in caught.value.message
    assert "Traceback" not in caught.value.message


def test_a_refused_key_stops_the_connection_and_a_closed_channel_only_its_orders(
    connector: FulfilConnector, network: Network
) -> None:
    network.put(answer(http_error(401, "Unauthorized"), status=401), answer(user_error(ACCESS), status=400))

    operations = []
    for _ in range(2):
        with pytest.raises(ConfigurationError) as caught:
            connector.client.call("sale.channel", "create_order", [3, {}])
        operations.append(caught.value.operation)

    assert operations == ["", "sale.channel/create_order"]


def test_message_and_description_are_both_shown(connector: FulfilConnector, network: Network) -> None:
    network.put(answer(user_error("paid is not a valid status", description="One of pending"), status=400))

    with pytest.raises(PermanentError) as caught:
        connector.client.call("sale.channel", "create_order", [3, {}])

    assert caught.value.platform_words == "paid is not a valid status One of pending"
    assert caught.value.platform_words in caught.value.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"description": "a", "message": "b", "error": "c"}, "a"),
        ({"message": "b", "error": "c"}, "b"),
        ({"error": "c"}, "c"),
    ],
)
def test_their_words_are_found_in_the_order_in_which_they_mean_most(
    connector: FulfilConnector, network: Network, body: dict[str, str], said: str
) -> None:
    network.put(answer(body, status=404))

    with pytest.raises(PermanentError) as caught:
        connector.client.call("sale.sale", "process", [[1]])

    assert caught.value.platform_words == said
