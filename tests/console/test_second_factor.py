"""TOTP, as django-otp checks it, in front of the skin's site: asked for outside the sandbox, set up on the spot."""

import re
from base64 import b32decode
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from connectors.models import AuditEntry
from tests import factories
from tests.console.conftest import Shop

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


@pytest.fixture
def live(settings: Any) -> None:
    settings.ENVIRONMENT = "live"


@pytest.fixture
def alice(shop: Shop) -> User:
    return factories.make_person("alice", ("OPS", shop.brand))


@pytest.fixture
def device(alice: User) -> TOTPDevice:
    return TOTPDevice.objects.create(user=alice, name="Phone", confirmed=True)


def signed_in(client: Client | None = None) -> Client:
    client = client or Client()
    answer = client.post("/console/login/?next=/console/cases/", {"username": "alice", "password": factories.PASSWORD})
    assert answer.status_code == 302
    return client


def code_of(device: TOTPDevice) -> str:
    return f"{totp(device.bin_key, device.step, device.t0, device.digits):06}"


def give(client: Client, code: str, next_page: str = "/console/cases/") -> Any:
    return client.post("/console/second-factor/", {"code": code, "next": next_page})


def test_the_sandbox_asks_for_a_password_only(shop: Shop, alice: User) -> None:
    assert signed_in().get("/console/cases/").status_code == 200


def test_a_password_alone_opens_nothing_outside_the_sandbox(
    shop: Shop, alice: User, device: TOTPDevice, live: None
) -> None:
    client = signed_in()
    for page in ("", "cases/", "orders/", "search/", "password_change/", "second-factor/own/", "jsi18n/"):
        answer = client.get(f"/console/{page}")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/console/second-factor/?next=")


def test_the_code_opens_the_page_that_was_wanted(shop: Shop, alice: User, device: TOTPDevice, live: None) -> None:
    with time_machine.travel(NOW, tick=False):
        client = signed_in()
        answer = give(client, code_of(device))
        assert answer["Location"] == "/console/cases/"
        assert client.get("/console/cases/").status_code == 200


def test_a_code_counts_once(shop: Shop, alice: User, device: TOTPDevice, live: None) -> None:
    with time_machine.travel(NOW, tick=False):
        code = code_of(device)
        give(signed_in(), code)
        answer = give(signed_in(), code)
    assert "was used already" in answer.content.decode()


def test_wrong_codes_slow_the_next_try_down(shop: Shop, alice: User, device: TOTPDevice, live: None) -> None:
    with time_machine.travel(NOW, tick=False):
        client = signed_in()
        assert "That code is not right" in give(client, "000000").content.decode()
        answer = give(client, code_of(device))
    assert "Too many wrong codes." in answer.content.decode()


def test_nobody_is_sent_elsewhere_afterwards(shop: Shop, alice: User, device: TOTPDevice, live: None) -> None:
    with time_machine.travel(NOW, tick=False):
        answer = give(signed_in(), code_of(device), next_page="https://evil.example/")
    assert answer["Location"] == "/console/"


def test_who_has_none_sets_it_up_before_anything_else(shop: Shop, alice: User, live: None) -> None:
    with time_machine.travel(NOW, tick=False):
        client = signed_in()
        asked = client.get("/console/second-factor/").content.decode()
        secret = re.search(r'hub-code">([A-Z2-7 ]+)<', asked)
        assert secret is not None
        device = TOTPDevice.objects.get(user=alice)
        assert (device.confirmed, b32decode(secret.group(1).replace(" ", ""))) == (False, device.bin_key)
        assert '<svg class="hub-qr"' in asked
        assert "cases" not in asked
        give(client, code_of(device))
        device.refresh_from_db()
        assert device.confirmed
        assert client.get("/console/cases/").status_code == 200
    assert AuditEntry.objects.exclude(subject_kind="login").get().action == "second_factor.set_up"


def test_a_second_factor_is_replaced_only_after_its_code(
    shop: Shop, alice: User, device: TOTPDevice, live: None
) -> None:
    with time_machine.travel(NOW, tick=False):
        client = signed_in()
        assert client.get("/console/second-factor/own/?replace=1").status_code == 302
        assert TOTPDevice.objects.count() == 1
        give(client, code_of(device))
        asked = client.get("/console/second-factor/own/?replace=1").content.decode()
        assert "Set up your second factor" in asked
        new = TOTPDevice.objects.get(confirmed=False)
        client.post("/console/second-factor/own/?replace=1", {"code": code_of(new)})
    assert list(TOTPDevice.objects.values_list("pk", "confirmed")) == [(new.pk, True)]


def test_who_cannot_give_the_code_can_log_out(shop: Shop, alice: User, device: TOTPDevice, live: None) -> None:
    client = signed_in()
    client.post("/console/logout/")
    assert "_auth_user_id" not in client.session


def test_strangers_cannot_reach_the_set_up(shop: Shop, live: None) -> None:
    answer = Client().get("/console/second-factor/")
    assert answer["Location"] == "/console/login/"
    assert TOTPDevice.objects.count() == 0


def test_staff_without_a_role_is_told_at_the_door(db: None) -> None:
    User.objects.create_user("nora", password=factories.PASSWORD, is_staff=True)
    told = Client().post("/console/login/", {"username": "nora", "password": factories.PASSWORD}).content.decode()
    assert "You have no role here yet." in told
