"""The events queue, and the webhooks that the tenant sends."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from connectors.centra.sandbox import CentraSandbox
from connectors.centra.sandbox.webhooks import form_body, signature
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import START, Api

COAT = ("COAT-S", 1, "50.00")


def pulled(api: Api) -> list[tuple[str, str, str]]:
    return [
        (event["objectType"], event["changeType"], str(event["objectReference"]))
        for event in api.ask(operations.PULL)["events"]
    ]


# --- the queue --------------------------------------------------------------------------------------------------------------
def test_events_are_queued_from_the_moment_someone_listens_oldest_first(api: Api, sandbox: CentraSandbox) -> None:
    api.placed(COAT)
    api.done(operations.LISTEN)
    number = api.confirmed(COAT)
    sandbox.ship_order(number)

    assert pulled(api) == [
        ("Order", "CREATED", str(number)),
        ("Order", "UPDATED", str(number)),
        ("Shipment", "CREATED", "1"),
        ("Order", "UPDATED", str(number)),
        ("Shipment", "COMPLETED", "1"),
        ("Order", "COMPLETED", str(number)),
    ]


def test_the_object_is_shown_as_it_is_now_and_null_once_deleted(api: Api, sandbox: CentraSandbox) -> None:
    api.done(operations.LISTEN)
    number = api.confirmed(COAT)
    sandbox.edit_size("SCARF", gtin="9520000000035")
    sandbox.remove_size("SCARF")
    line = {"orderLine": {"id": api.order(number)["lines"][0]["id"]}, "quantity": 1}
    made = api.done(operations.SHIP_1, number=number, lines=[line], ext=None)["shipment"]["id"]
    api.done(
        "mutation D($id: Int!) { deleteShipment(id: $id) { userErrors { message } userWarnings { message } } }", id=made
    )

    events = api.ask(operations.PULL)["events"]

    created = next(event for event in events if (event["objectType"], event["changeType"]) == ("Order", "CREATED"))
    assert created["object"]["status"] == "CONFIRMED"
    assert created["objectReference"] == number
    deleted = next(event for event in events if event["changeType"] == "DELETED")
    assert (deleted["objectType"], deleted["object"]) == ("Shipment", None)
    assert (created["store"], created["market"]) == ({"id": 1}, {"id": 1})


def test_the_same_events_come_back_until_they_are_confirmed(api: Api) -> None:
    api.done(operations.LISTEN)
    api.confirmed(COAT)
    first = api.ask(operations.PULL)["events"]

    assert api.ask(operations.PULL)["events"] == first
    api.done(operations.ACK, ids=[first[0]["id"]])
    assert api.ask(operations.PULL)["events"] == first[1:]
    again = api.mutate(operations.ACK, ids=[first[0]["id"]])
    assert (again["userErrors"], again["events"]) == ([], [])


def test_an_integration_has_a_queue_of_its_own_shared_by_its_tokens(api: Api, sandbox: CentraSandbox) -> None:
    api.done(operations.LISTEN)
    api.placed(COAT)
    sandbox.add_token("hub-2", integration="hub")
    sandbox.add_token("erp", integration="erp")

    api.token = "hub-2"
    assert len(pulled(api)) == 1
    api.token = "erp"
    assert pulled(api) == []
    api.done(operations.LISTEN)
    api.placed(COAT)
    assert len(pulled(api)) == 1


def test_listeners_add_up_and_leaving_deletes_what_is_queued(api: Api) -> None:
    only_new = """
    mutation {
      setEventListeners(input: [{ objectType: Order, changeTypes: [CREATED] }]) {
        eventListeners { changeTypes } userErrors { message } userWarnings { message }
      }
    }
    """
    api.done(only_new)
    api.confirmed(COAT)
    assert [change for _, change, _ in pulled(api)] == ["CREATED"]
    api.done(only_new.replace("CREATED", "UPDATED"))

    listeners = api.ask("{ eventListeners { integrationName objectType changeTypes } }")["eventListeners"]
    assert listeners == [{"integrationName": "hub", "objectType": "Order", "changeTypes": ["CREATED", "UPDATED"]}]
    left = api.done(only_new.replace("setEventListeners", "unsetEventListeners"))
    assert left["eventListeners"] == [{"changeTypes": ["UPDATED"]}]
    assert pulled(api) == []


def test_a_tenant_without_the_queue_answers_empty(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(events_enabled=False)
    api.done(operations.LISTEN)
    api.placed(COAT)

    assert pulled(api) == []


def test_a_token_without_integration_name_has_no_queue(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.add_token("nameless", integration=None)
    api.token = "nameless"

    assert "integration name" in api.refused(operations.LISTEN)
    assert "integration name" in api.errors(operations.PULL)[0]["message"]


# --- webhooks ---------------------------------------------------------------------------------------------------------------
def read(body: bytes) -> list[tuple[str, str, int]]:
    (payload,) = parse_qs(body.decode())["payload"]
    return [(event["type"], event["action"], event["id"]) for event in json.loads(payload)["events"]]


class Receiver:
    """Someone at the other end who says what he is told to say."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.got = list(statuses), list[tuple[bytes, dict[str, str]]]()

    def __call__(self, body: bytes, headers: dict[str, str]) -> int:
        self.got.append((body, headers))
        return self.statuses.pop(0) if self.statuses else 204


def test_the_vendors_own_vector_is_met() -> None:
    body = form_body({"x": "test"})

    assert body == b"payload=%7B%22x%22%3A%22test%22%7D"
    assert signature(body, secret="test123", timestamp=12345678) == (
        "t=12345678,v1=0b9cd84f5d583e5e1aadfb9f160aa8080b51d5b85ff85808d6b75bdac356c549"
    )


def test_the_body_is_encoded_as_php_does() -> None:
    assert form_body({"a": "x y/z~é"}) == b"payload=%7B%22a%22%3A%22x+y%5C%2Fz%7E%5Cu00e9%22%7D"


def test_a_webhook_batches_what_happened_and_is_signed_over_its_raw_body(api: Api, sandbox: CentraSandbox) -> None:
    receiver = Receiver()
    number = api.confirmed(COAT)
    sandbox.ship_order(number)

    (delivery,) = sandbox.deliver_webhooks(receiver)

    assert delivery.ok
    ((body, headers),) = receiver.got
    assert read(body) == [
        ("customer", "insert", 1),
        ("order", "insert", number),
        ("order", "update", number),
        ("shipment", "create", 1),
        ("shipment", "good_to_go", 1),
        ("order", "update", number),
        ("shipment", "update", 1),
        ("order", "update", number),
    ]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    stamp = int(START.timestamp())
    secret = sandbox.credentials()["webhook_secret"].encode()
    expected = hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Centra-Signature"] == f"t={stamp},v1={expected}"
    assert b"2026-03-02+10%3A00%3A00.000000" in body  # the tenant's zone, not named
    assert sandbox.deliver_webhooks(receiver) == []


def test_a_message_holds_at_most_so_many_events(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure_webhooks(max_events=2)
    receiver = Receiver()
    for _ in range(3):
        api.placed(COAT)

    assert len(sandbox.deliver_webhooks(receiver)) == 2
    assert [len(read(body)) for body, _ in receiver.got] == [2, 2]


def test_by_default_a_message_that_fails_is_gone(api: Api, sandbox: CentraSandbox) -> None:
    receiver = Receiver(500)
    api.placed(COAT)

    assert [delivery.status for delivery in sandbox.deliver_webhooks(receiver)] == [500]
    sandbox.advance(3600)
    assert sandbox.deliver_webhooks(receiver) == []


def test_retries_come_later_and_later_freshly_signed_and_then_end(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure_webhooks(retries=3)
    receiver = Receiver(500, 500, 500, 500)
    api.placed(COAT)

    attempts = []
    for wait in (0, 10, 60, 300, 3600):
        sandbox.advance(wait)
        attempts.append([delivery.attempt for delivery in sandbox.deliver_webhooks(receiver)])

    assert attempts == [[1], [2], [3], [4], []]
    assert len({body for body, _ in receiver.got}) == 1
    assert len({headers["X-Centra-Signature"] for _, headers in receiver.got}) == 4


def test_messages_are_dropped_and_doubled_on_demand(api: Api, sandbox: CentraSandbox) -> None:
    receiver = Receiver()
    sandbox.drop_webhooks()
    api.placed(COAT)
    (dropped,) = sandbox.deliver_webhooks(receiver)
    assert (dropped.dropped, receiver.got) == (True, [])

    sandbox.duplicate_webhooks()
    api.placed(COAT)
    first, second = sandbox.deliver_webhooks(receiver)
    assert first.body == second.body
    assert len(receiver.got) == 2


def test_an_answer_that_never_comes_counts_as_a_failure(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure_webhooks(url="http://127.0.0.1:9/", retries=1)
    api.placed(COAT)

    (delivery,) = sandbox.deliver_webhooks()

    assert (delivery.status, delivery.ok) == (None, False)


def test_a_webhook_of_ones_own_choosing_is_genuine(sandbox: CentraSandbox) -> None:
    body, headers = sandbox.signed_webhook(
        [{"type": "order", "action": "update", "date": "2026-03-02 10:00:00.000000", "id": 7}]
    )

    assert read(body) == [("order", "update", 7)]
    stamp = int(START.timestamp())
    secret = sandbox.credentials()["webhook_secret"]
    assert headers["X-Centra-Signature"] == signature(body, secret=secret, timestamp=stamp)


@pytest.mark.parametrize("values", [{"retries": 4}, {"retrys": 1}])
def test_settings_that_do_not_exist_are_refused(sandbox: CentraSandbox, values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"Webhook retries|Unknown webhook setting"):
        sandbox.configure_webhooks(**values)
    assert sandbox.webhooks.settings.retries == 0


@pytest.fixture
def endpoint() -> Iterator[tuple[str, "threading.Event", list[bytes]]]:
    got, arrived = list[bytes](), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()
            arrived.set()

        def log_message(self, *args: object) -> None:
            """Silence."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hooks/centra?x=1", arrived, got
    server.shutdown()
    server.server_close()
    thread.join()


def test_running_live_a_thread_of_its_own_delivers(endpoint: tuple[str, threading.Event, list[bytes]]) -> None:
    url, arrived, got = endpoint
    sandbox = CentraSandbox(live_webhooks=True)
    sandbox.configure_webhooks(url=url)
    sandbox.add_product("COAT", sizes={"": 1})
    with sandbox:
        api = Api(sandbox)
        api.placed(("COAT", 1, "10.00"))
        assert arrived.wait(10)
        api.http.close()

    assert read(got[0])[-1] == ("order", "insert", 10_001)
