"""Webhooks: who sent it, what it tells, what is missing; and how the platform itself sends them."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from connectors.canonical.errors import DataError
from connectors.canonical.events import ForgedWebhookError
from connectors.marketplacer.documents import WEBHOOK_QUERY
from connectors.marketplacer.sandbox import MarketplacerSandbox
from connectors.marketplacer.webhooks import events, sequence_of, verify
from tests.connectors.marketplacer.payloads import payload
from tests.connectors.marketplacer.shop import LINES

BODY = json.dumps(payload("webhook_invoice")).encode()
HEADERS = {"x-webhook-secret": "open", "Marketplacer-Sequence": "2552", "Marketplacer-Vertical": "demo-market"}


def checked(headers: dict[str, str], *, secret: str = "open", hmac_key: str = "", body: bytes = BODY) -> str:
    return verify(headers, body, header="X-Webhook-Secret", secret=secret, hmac_key=hmac_key)


def signature(key: str, body: bytes = BODY) -> str:
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def test_a_secret_header_is_enough_where_no_key_is_set() -> None:
    assert checked(HEADERS) == "demo-market:2552"


def test_without_a_sequence_the_body_names_the_delivery() -> None:
    key = checked({"X-Webhook-Secret": "open"})

    assert key == checked({"X-WEBHOOK-SECRET": "open"})
    assert key != checked({"X-Webhook-Secret": "open"}, body=BODY + b" ")


@pytest.mark.parametrize("headers", [{}, {"X-Webhook-Secret": "shut"}, {"X-Webhook-Secret": ""}])
def test_another_secret_is_a_forgery(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedWebhookError):
        checked(headers)


def test_where_nothing_is_agreed_nothing_is_believed() -> None:
    with pytest.raises(ForgedWebhookError):
        checked(HEADERS, secret="")


def test_where_a_key_is_set_the_secret_alone_does_not_do() -> None:
    signed = {**HEADERS, "Marketplacer-Hmac-256": signature("key")}

    assert checked(signed, hmac_key="key") == "demo-market:2552"
    assert checked(signed, secret="", hmac_key="key") == "demo-market:2552"
    for headers in (HEADERS, {**signed, "Marketplacer-Hmac-256": signature("other")}):
        with pytest.raises(ForgedWebhookError):
            checked(headers, hmac_key="key")
    with pytest.raises(ForgedWebhookError):
        checked(signed, hmac_key="key", body=BODY + b" ")


def test_a_delivery_is_counted_by_its_instance_where_its_headers_name_a_number() -> None:
    assert sequence_of(checked(HEADERS)) == ("demo-market", 2552)
    assert sequence_of(checked({"X-Webhook-Secret": "open"})) is None


# --- what it tells ----------------------------------------------------------------------------------------------------
def told(node: Any, *, event: str = "update") -> Any:
    body = {"id": "V2ViaG9va0V2ZW50LTE5", "event_name": event, "payload": {"data": {"node": node}}}
    return events(json.dumps(body).encode())


def test_an_invoice_is_told_by_the_number_that_orders_bear() -> None:
    (event,) = events(BODY)

    assert (event.kind, event.external_id, event.change) == ("order", "10363", "UPDATE")
    assert event.event_id == "V2ViaG9va0V2ZW50LTE5"


@pytest.mark.parametrize(
    "node",
    [
        {"__typename": "Shipment", "id": "x", "shipped": {"legacyId": 10363}},
        {"__typename": "Shipment", "id": "x", "invoice": {"legacyId": "10363"}},
    ],
)
def test_what_belongs_to_an_invoice_tells_of_its_order(node: Any) -> None:
    (event,) = told(node)

    assert (event.kind, event.external_id) == ("order", "10363")


def test_a_refund_request_tells_of_its_order_and_of_itself() -> None:
    found = told({"__typename": "RefundRequest", "id": "x", "refunded": {"legacyId": 10363}})

    assert [(event.kind, event.external_id) for event in found] == [("order", "10363"), ("return", "x")]


def test_a_product_is_told_by_its_sku() -> None:
    (event,) = told({"__typename": "Variant", "id": "x", "sku": "NV1001-410-M"}, event="create")

    assert (event.kind, event.external_id, event.change) == ("product", "NV1001-410-M", "CREATE")


@pytest.mark.parametrize("node", [None, {"__typename": "Seller", "id": "x"}])
def test_what_is_gone_or_no_concern_of_the_hub_tells_nothing(node: Any) -> None:
    assert told(node, event="destroy") == ()


@pytest.mark.parametrize(
    "body",
    [
        {"payload": None},
        {"payload": {"data": None}},
        {"payload": {"data": {"node": {}}}},
        {"payload": {"data": {"node": {"__typename": "Invoice", "id": "x"}}}},
        {"payload": {"data": {"node": {"__typename": "Invoice", "legacyId": "1 OR 1=1"}}}},
        {"payload": {"errors": [{"message": "Field 'x' doesn't exist on type 'Invoice'"}]}},
    ],
)
def test_a_genuine_body_that_cannot_be_read_is_a_data_error_and_so_a_case(body: Any) -> None:
    """The receiver has stored and answered it by then: a 4xx would switch the webhook off at Marketplacer."""
    with pytest.raises(DataError) as caught:
        events(json.dumps(body).encode())

    assert caught.value.problems


# --- as the platform sends them ---------------------------------------------------------------------------------------
class Receiver:
    def __init__(self, *statuses: int) -> None:
        self.statuses, self.sequences = list(statuses), list[int]()

    def __call__(self, body: bytes, headers: dict[str, str]) -> int:
        self.sequences.append(int(headers["Marketplacer-Sequence"]))
        return self.statuses.pop(0) if self.statuses else 202


def listening(sandbox: MarketplacerSandbox, **values: Any) -> None:
    sandbox.add_webhook(url="https://hub.example/in", type="INVOICE", query=WEBHOOK_QUERY, **values)


def test_a_failed_delivery_is_tried_again_a_minute_later_at_the_earliest(sandbox: MarketplacerSandbox) -> None:
    listening(sandbox)
    sandbox.add_order(lines=LINES)
    receiver = Receiver(503, 429)

    sandbox.deliver_webhooks(receiver)
    sandbox.deliver_webhooks(receiver)
    assert len(receiver.sequences) == 1
    for _ in range(2):
        sandbox.advance(60)
        sandbox.deliver_webhooks(receiver)

    assert len(receiver.sequences) == 3
    assert [message.state for message in sandbox.webhooks.messages] == ["Sent"]


def test_one_4xx_switches_a_webhook_off(sandbox: MarketplacerSandbox) -> None:
    listening(sandbox)
    sandbox.add_order(lines=LINES)

    sandbox.deliver_webhooks(Receiver(400))

    assert [state["enabled"] for state in sandbox.webhook_states()] == [False]
    sandbox.add_order(lines=LINES)
    assert len(sandbox.webhooks.messages) == 1


def test_messages_come_backwards_twice_and_with_gaps(sandbox: MarketplacerSandbox) -> None:
    listening(sandbox)
    sandbox.trouble_webhooks(copies=2, backwards=True)
    for _ in range(2):
        sandbox.add_order(lines=LINES)
    sandbox.webhooks.lose(1)
    for _ in range(2):
        sandbox.add_order(lines=LINES)
    receiver = Receiver()

    sandbox.deliver_webhooks(receiver)

    first = min(receiver.sequences)
    assert receiver.sequences == [first + 3, first + 3, first + 1, first + 1, first, first]


def test_a_webhook_whose_query_fails_carries_the_errors(sandbox: MarketplacerSandbox) -> None:
    sandbox.add_webhook(
        url="https://hub.example/in", type="INVOICE", query="query ($id: ID!) { nodes(id: $id) { id } }"
    )
    sandbox.add_order(lines=LINES)

    body = json.loads(sandbox.webhooks.messages[0].body)

    assert set(body["payload"]) == {"errors"}
    with pytest.raises(DataError):
        events(sandbox.webhooks.messages[0].body)


def test_with_allow_skip_the_same_body_is_not_sent_twice(sandbox: MarketplacerSandbox) -> None:
    listening(sandbox, allow_skip=True, events=["update"])
    reference = sandbox.add_order(lines=LINES)

    for _ in range(3):
        sandbox.remit(reference)

    assert len(sandbox.webhooks.messages) == 1
