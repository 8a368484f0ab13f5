from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from connectors.ports import VirtualClock
from integrationhub import security

IDLE = 30 * 60
ABSOLUTE = 12 * 3600


@pytest.fixture
def alice(client: Client, db: None) -> User:
    """A superuser, logged in with `client`."""
    user = User.objects.create_superuser("alice", "alice@example.com", "correct horse battery staple")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def is_logged_in(client: Client) -> bool:
    return client.get("/console/").status_code == 200


@pytest.mark.usefixtures("alice")
def test_a_session_ends_half_an_hour_after_the_last_request(client: Client, virtual_clock: VirtualClock) -> None:
    assert is_logged_in(client)
    virtual_clock.advance(IDLE - 1)
    assert is_logged_in(client)
    virtual_clock.advance(IDLE)
    assert not is_logged_in(client)


@pytest.mark.usefixtures("alice")
def test_a_session_ends_twelve_hours_after_the_login_however_busy(client: Client, virtual_clock: VirtualClock) -> None:
    for _ in range(ABSOLUTE // (IDLE - 60)):
        assert is_logged_in(client)
        virtual_clock.advance(IDLE - 60)
    virtual_clock.advance(ABSOLUTE % (IDLE - 60))
    assert not is_logged_in(client)


@pytest.mark.usefixtures("alice")
def test_only_one_request_a_minute_writes_the_session(
    client: Client, virtual_clock: VirtualClock, django_assert_num_queries: Callable[..., object]
) -> None:
    assert is_logged_in(client)
    before = client.session[security.SEEN_AT]
    virtual_clock.advance(59)
    assert is_logged_in(client)
    assert client.session[security.SEEN_AT] == before
    virtual_clock.advance(1)
    assert is_logged_in(client)
    assert client.session[security.SEEN_AT] > before


def test_every_page_carries_the_policy(client: Client) -> None:
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert policy == security.CONTENT_SECURITY_POLICY
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert "frame-ancestors 'none'" in policy


def test_a_page_may_have_a_policy_of_its_own(rf: RequestFactory) -> None:
    own = HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"})
    answer = security.content_security_policy(lambda request: own)(rf.get("/"))
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "address"),
    [
        (False, "", "10.0.0.9"),
        (False, "203.0.113.7", "10.0.0.9"),  # anybody can send the header
        (True, "203.0.113.7", "203.0.113.7"),
        (True, "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the first is the caller's to invent
        (True, "", "10.0.0.9"),
    ],
)
def test_the_callers_address_is_the_one_our_proxy_saw(
    behind_proxy: bool, forwarded: str, address: str, rf: RequestFactory, settings: Settings
) -> None:
    settings.BEHIND_PROXY = behind_proxy
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert security.client_ip(rf.get("/", headers=headers, REMOTE_ADDR="10.0.0.9")) == address


@pytest.mark.django_db
def test_ten_wrong_passwords_lock_the_user(client: Client) -> None:
    User.objects.create_superuser("alice", "alice@example.com", "correct horse battery staple")
    statuses = [
        client.post("/console/login/", {"username": "alice", "password": "wrong"}).status_code for _ in range(10)
    ]
    assert statuses == [200] * 9 + [429]
    right = client.post("/console/login/", {"username": "alice", "password": "correct horse battery staple"})
    assert right.status_code == 429
    assert "_auth_user_id" not in client.session
