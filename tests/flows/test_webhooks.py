"""Centra tells of changes by webhook: verified on the raw bytes, stored, answered; the work comes later and reads again."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from connectors.canonical.events import Event
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox.webhooks import signature
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.models import Connection
from exceptions_app.models import ExceptionCase
from integrationhub.orders.flows.routing import jobs_for_events
from integrationhub.sync import drain
from integrationhub.sync.counters import counted
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import InboxRecord, SyncJob
from tests.flows.world import World

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
ORDER_CHANGED = {"type": "order", "action": "update", "date": "2026-01-15 10:00:00.000000", "id": 10001}


def path(world: World) -> str:
    return f"/webhooks/{world.centra_row.webhook_path}/"


def post(world: World, body: bytes, headers: Mapping[str, str], **more: Any) -> int:
    """Deliver to the hub as a platform does: no cookie, no token, whatever host name it knows the hub by."""
    sent = {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items() if name != "Content-Type"
    }
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    return client.post(path(world), body, content_type=FORM, **{**sent, **more}).status_code


def signed(world: World, body: bytes, *, age: float = 0, secret: str = "") -> dict[str, str]:
    stamp = int(world.clock.now().timestamp() - age)
    return {"X-Centra-Signature": signature(body, secret=secret or "sandbox-webhook-secret", timestamp=stamp)}


def nothing_kept(world: World) -> bool:
    stored = InboxRecord.objects.filter(origin="WEBHOOK").exists()
    return not stored and not SyncJob.objects.filter(flow="take_webhook").exists()


# --- genuine ----------------------------------------------------------------------------------------------------------


def test_a_genuine_delivery_is_stored_once_answered_and_worked_on_later(world: World) -> None:
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    assert post(world, body, headers) == 202
    record = InboxRecord.objects.get(origin="WEBHOOK")
    assert (record.state, SyncJob.objects.get(flow="take_webhook").state) == ("STORED", "QUEUED")
    calls = len(world.centra.journal.entries())
    for _ in range(3):
        assert post(world, body, headers) == 202
    assert InboxRecord.objects.filter(origin="WEBHOOK").count() == 1
    assert SyncJob.objects.get(flow="take_webhook").wanted == 1
    assert len(world.centra.journal.entries()) == calls
    world.work()
    assert SyncJob.objects.get(flow="take_webhook").state == "DONE"


def test_a_parcel_told_by_webhook_reaches_the_marketplace_before_the_next_poll(world: World) -> None:
    world.map("carrier", "DPD Next Day", "DPDUK")
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.poll()
    world.centra.webhooks.discard()
    world.centra.ship_order(world.in_centra(reference)[0].number, carrier="DPD Next Day", tracking="15501234567890")
    deliveries = world.centra.deliver_webhooks(lambda body, headers: post(world, body, headers))
    assert [delivery.status for delivery in deliveries] == [202]
    world.work()
    assert world.state_at_northgate(reference) == "SHIPPED", world.reasons()


# --- not genuine ------------------------------------------------------------------------------------------------------


def test_a_forged_stale_or_damaged_delivery_is_refused_and_leaves_nothing_but_a_count(world: World) -> None:
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    genuine = headers["X-Centra-Signature"]
    refused = [
        post(world, body, {}),
        post(world, body, signed(world, body, secret="another secret")),
        post(world, body, signed(world, body, age=301)),
        post(world, body, signed(world, body, age=-301)),
        post(world, body, signed(world, body, age=3 * 86_400)),
        post(world, body[:-1], headers),
        post(world, body + b" ", headers),
        post(world, b"", headers),
        post(world, body, {"X-Centra-Signature": genuine.upper()}),
        post(world, body, {"X-Centra-Signature": f"{genuine},{genuine}"}),
        post(world, b"x" * (2 * 1024 * 1024 + 1), headers),
    ]
    assert refused == [401] * len(refused)
    assert nothing_kept(world)
    assert counted("webhooks_refused", world.centra_row.pk) == len(refused)


def test_every_flipped_byte_of_signature_or_body_is_refused(world: World) -> None:
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    genuine = headers["X-Centra-Signature"]
    rng = random.Random(7)  # noqa: S311  a seed, not a secret
    for place in rng.sample(range(len(body)), 20):
        damaged = bytearray(body)
        damaged[place] ^= 1 << rng.randrange(8)
        assert post(world, bytes(damaged), headers) == 401
    for place in range(len(genuine)):
        flipped = genuine[:place] + chr(ord(genuine[place]) ^ 1) + genuine[place + 1 :]
        assert post(world, body, {"X-Centra-Signature": flipped}) == 401, flipped
    assert nothing_kept(world)


def test_an_old_secret_is_accepted_while_it_is_being_changed(world: World) -> None:
    world.centra_row.credentials = {
        **world.centra_row.credentials,
        "webhook_secret": "the new one",
        "webhook_secret_previous": "sandbox-webhook-secret",
    }
    world.centra_row.save()
    world.advance(6)
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    assert post(world, body, headers) == 202
    assert post(world, body + b"&", signed(world, body + b"&", secret="the new one")) == 202


# --- genuine and unreadable, and what Django itself might refuse --------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"payload=nonsense", b"", b"payload=%7B%7D", b"payload=%7B%22events%22%3A%5B1%5D%7D", b"\xff\xfe", b"a=1&a=2"],
)
def test_a_genuine_body_that_cannot_be_read_is_accepted_kept_and_a_case(world: World, body: bytes) -> None:
    assert post(world, body, signed(world, body)) == 202
    world.work()
    assert world.cases() == [("unreadable_record", 1)]
    assert InboxRecord.objects.get(origin="WEBHOOK").state == "UNREADABLE"
    assert ExceptionCase.objects.get().context["problems"]


@pytest.mark.parametrize(
    "strange",
    [
        {"HTTP_HOST": "some.other.name"},
        {"HTTP_HOST": "not a host name"},
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_REFERER": "https://evil.example/"},
        {"HTTP_COOKIE": 'sessionid="broken; csrftoken=short; messages=x'},
        {"HTTP_X_FORWARDED_HOST": "a,b"},
        {"HTTP_ACCEPT_LANGUAGE": "\xff"},
        {"QUERY_STRING": "a=%00&%ff"},
        {"wsgi.url_scheme": "http"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_nothing_that_guards_the_console_stands_before_a_platforms_delivery(
    world: World, strange: dict[str, str], settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    assert post(world, body, headers, **strange) == 202
    assert post(world, body + b" ", headers, **strange) == 401


def test_a_delivery_larger_than_djangos_own_limit_is_accepted(world: World, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 1
    events = [{**ORDER_CHANGED, "id": number} for number in range(10_000, 13_000)]
    body, headers = world.centra.signed_webhook(events)
    assert len(body) > 100_000
    assert post(world, body, headers) == 202
    world.work()
    assert SyncJob.objects.get(flow="take_webhook").state == "DONE"


def test_an_address_that_nobody_has_a_connection_without_webhooks_and_a_get_are_told_apart(world: World) -> None:
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    client = Client(raise_request_exception=False)
    assert client.post("/webhooks/nobody/", body, content_type=FORM, **headers).status_code == 404
    assert client.post(f"/webhooks/{world.northgate.webhook_path}/", body, content_type=FORM).status_code == 404
    assert client.get(path(world)).status_code == 405
    assert nothing_kept(world)


def test_without_the_slash_at_the_end_it_is_the_same_address(world: World) -> None:
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    client = Client(raise_request_exception=False)
    found = client.post(
        path(world).rstrip("/"), body, content_type=FORM, HTTP_X_CENTRA_SIGNATURE=headers["X-Centra-Signature"]
    )
    assert found.status_code == 202


def test_a_delivery_is_kept_while_redis_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError as RedisAway

    from integrationhub.sync import queue

    def away(connection_id: int, name: str) -> int:
        raise RedisAway("away")

    monkeypatch.setattr(queue, "_enqueue", away)
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    assert post(world, body, headers) == 202
    assert SyncJob.objects.get(flow="take_webhook").state == "QUEUED"


# --- in any order, any number of times --------------------------------------------------------------------------------


ORDERS = 24


def life_of_orders(world: World) -> list[str]:
    """A third of the orders is shipped whole, a third in two parcels, a third cancelled in Centra."""
    world.link.refund_reason = "15"
    world.link.save()
    world.map("carrier", "DPD Next Day", "DPDUK")
    world.centra.set_stock("TEE-BLK-M", 1000)
    references = [world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING") for _ in range(ORDERS)]
    world.poll()
    for index, reference in enumerate(references):
        number = world.in_centra(reference)[0].number
        if index % 3 == 0:
            world.centra.ship_order(number, carrier="DPD Next Day", tracking=f"A{index}")
        elif index % 3 == 1:
            world.centra.ship_order(number, lines={"TEE-BLK-M": 1}, carrier="DPD Next Day", tracking=f"A{index}")
            world.centra.ship_order(number, lines={"TEE-BLK-M": 1}, carrier="DPD Next Day", tracking=f"B{index}")
        else:
            world.centra.cancel_order(number)
    world.advance(3)
    return references


def snapshot(world: World, references: list[str]) -> list[tuple[Any, ...]]:
    told = []
    for reference in references:
        row = world.order(reference)
        parcels = sorted(row.dispatches.values_list("tracking_number", "state"))
        statuses = [order.status for order in world.in_centra(reference)]
        told.append((world.state_at_northgate(reference), row.state, row.target_state, parcels, statuses))
    return told


def in_the_end(index: int) -> tuple[Any, ...]:
    if index % 3 == 0:
        return ("SHIPPED", "SHIPPED", "SHIPPED", [(f"A{index}", "SHOWN")], ["SHIPPED"])
    if index % 3 == 1:
        return ("SHIPPED", "SHIPPED", "SHIPPED", [(f"A{index}", "SHOWN"), (f"B{index}", "SHOWN")], ["SHIPPED"])
    return ("CLOSED", "CLOSED", "CANCELLED", [], ["CANCELLED"])


@pytest.mark.parametrize("told_by", ["webhooks shuffled and twice", "reading alone"])
def test_however_changes_are_told_the_end_is_the_same(world: World, told_by: str) -> None:
    world.roomy()
    if told_by == "reading alone":
        world.run("read_events")
    references = life_of_orders(world)
    if told_by == "reading alone":
        world.run("read_events")
        world.run("read_dispatches")
    else:
        world.centra.configure_webhooks(max_events=1)
        messages: list[tuple[bytes, dict[str, str]]] = []
        world.centra.deliver_webhooks(lambda body, headers: messages.append((body, headers)) or 202)  # type: ignore[func-returns-value]
        assert len(messages) >= 5 * ORDERS
        messages += messages[::2]
        random.Random(3).shuffle(messages)  # noqa: S311  a seed, not a secret
        for index, (body, headers) in enumerate(messages):
            assert post(world, body, headers) == 202
            if index % ORDERS == 0:
                drain.drain(world.centra_row.pk, lanes=tuple(Lane))
    world.work()
    for _ in range(2):
        world.poll()
        world.wait(60)
    assert snapshot(world, references) == [in_the_end(index) for index in range(ORDERS)]
    assert (world.open_jobs(), world.cases()) == ([], [])
    assert world.mirakl.journal.count("ST01") == ORDERS  # a third once, a third twice
    assert world.mirakl.journal.count("OR28") == ORDERS // 3


def test_a_platform_that_gives_up_on_4xx_is_asked_to_send_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marketplacer switches a webhook off that answers one: a key that was just changed would end it."""
    monkeypatch.setattr(CentraConnector, "webhook_refused_status", MarketplacerConnector.webhook_refused_status)
    body, headers = world.centra.signed_webhook([ORDER_CHANGED])
    assert (post(world, body, {}), post(world, b"x" * (2 * 1024 * 1024 + 1), headers)) == (503, 503)
    assert nothing_kept(world)
    assert counted("webhooks_refused", world.centra_row.pk) == 2


# --- where orders are sold --------------------------------------------------------------------------------------------
def test_an_event_of_an_order_where_it_is_sold_brings_the_next_poll_forward(world: World) -> None:
    world.run("read_orders")
    Connection.objects.filter(pk=world.northgate.pk).update(platform="marketplacer")
    place = Connection.objects.get(pk=world.northgate.pk)
    made = jobs_for_events(place, [Event(event_id="1", kind="order", external_id="SW52aWNl")])
    assert [(job.flow, job.key, job.connection_id) for job in made] == [("read_orders", "tick", place.pk)]
    assert jobs_for_events(world.centra_row, [Event(event_id="2", kind="order", external_id="77")]) == []
