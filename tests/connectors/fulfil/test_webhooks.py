"""Webhooks: the signature of the vendor's own client, and what a body tells."""

import base64
import json
from typing import Any

import pytest

from connectors.canonical.errors import DataError
from connectors.canonical.events import ForgedWebhookError
from connectors.fulfil import webhooks
from tests.connectors.fulfil.support import payload
from tests.contracts import contract

# Computed with fulfil_client.verify_webhook's algorithm, version 3.2.0: base64 secret, base64 digest.
SECRET = base64.b64encode(b"integration-secret").decode()
BODY = b'[{"timestamp": "2026-02-03T09:20:11.120000", "product_id": 157}]'
SIGNATURE = "kLTYvEfASSOZvbAqinoHwxak/fC8+dZhKNAV7hQofR0="


def test_the_signature_is_the_one_the_vendor_s_client_accepts() -> None:
    key = webhooks.verify({"X-Fulfil-Hmac-SHA256": SIGNATURE}, BODY, secrets=[SECRET])

    assert key == base64.b64decode(SIGNATURE).hex()


def test_either_secret_fits_while_it_is_changed() -> None:
    other = base64.b64encode(b"the new one").decode()

    assert webhooks.verify({"x-fulfil-hmac-sha256": SIGNATURE}, BODY, secrets=[other, SECRET])


@pytest.mark.parametrize("secrets", [[], [""], ["%%%"], [base64.b64encode(b"other").decode()]])
def test_without_the_right_secret_nothing_is_genuine(secrets: list[str]) -> None:
    with pytest.raises(ForgedWebhookError):
        webhooks.verify({"X-Fulfil-Hmac-SHA256": SIGNATURE}, BODY, secrets=secrets)


@pytest.mark.parametrize(
    "headers", [{"X-Fulfil-Hmac-SHA256": ""}, {"X-Fulfil-Hmac-SHA256": "ä"}, {"X-Fulfil-Hmac-SHA256": "AAAA"}]
)
def test_what_is_no_signature_is_forged(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedWebhookError):
        webhooks.verify(headers, BODY, secrets=[SECRET])


def test_a_change_of_stock_names_the_sku() -> None:
    told = payload("webhook")
    assert contract("fulfil").problems({"$ref": "#/components/schemas/InventoryLevelEvent"}, told) == []

    (event,) = webhooks.events(json.dumps(told, default=float).encode())

    assert (event.kind, event.external_id, event.change) == ("stock", "TEE-M", "UPDATED")
    assert event.occurred_at is not None
    assert event.occurred_at.isoformat() == "2026-02-03T09:20:11.120000+00:00"


def test_a_product_told_of_twice_comes_once_with_its_later_time() -> None:
    told = payload("webhook") * 2
    told[1] = {**told[1], "timestamp": "2026-02-03T09:19:00"}

    (event,) = webhooks.events(json.dumps(told, default=float).encode())

    assert event.occurred_at is not None
    assert event.occurred_at.minute == 20


def test_a_product_without_a_sku_names_nothing() -> None:
    told = [{**payload("webhook")[0], "product_code": None}]

    assert [event.external_id for event in webhooks.events(json.dumps(told, default=float).encode())] == [""]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"product_id": "157"}, "[0].product_id"),
        ({"product_code": 5}, "[0].product_code"),
        ({"timestamp": "soon"}, "[0].timestamp"),
    ],
)
def test_what_cannot_be_read_is_named(change: dict[str, Any], field: str) -> None:
    told = [{**payload("webhook")[0], **change}]

    with pytest.raises(DataError) as caught:
        webhooks.events(json.dumps(told, default=float).encode())

    assert [problem.field for problem in caught.value.problems] == [field]
