import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from integrationhub.runtime.places import PROJECT_DIR, Places

VARIABLES = ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "ENVIRONMENT", "HUB_TEST_RUN", "LOG_LEVEL"]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment that says nothing but where to keep things."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HUB_VAR", str(tmp_path))
    return tmp_path


def load() -> dict[str, Any]:
    return runpy.run_path(str(PROJECT_DIR / "integrationhub" / "settings.py"))


def test_nothing_set_is_a_sandbox_on_embedded_servers(bare: Path) -> None:
    found = load()
    assert (found["ENVIRONMENT"], found["DEBUG"], found["HTTPS"]) == ("sandbox", False, False)
    assert found["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert (found["EMBEDDED_POSTGRES"], found["EMBEDDED_REDIS"]) == (True, True)
    assert found["DATABASES"]["default"]["HOST"] == str(Places(bare).sockets)
    assert found["REDIS_URL"] == Places(bare).redis_url


def test_a_sandbox_makes_its_keys_once(bare: Path) -> None:
    first, second = load(), load()
    assert first["SECRET_KEY"] == second["SECRET_KEY"] == (bare / "secret_key").read_text().strip()
    assert first["ENCRYPTION_KEYS"] == second["ENCRYPTION_KEYS"] == [(bare / "encryption_key").read_text().strip()]


def test_a_live_installation_makes_no_keys(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "live")
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        load()
    monkeypatch.setenv("SECRET_KEY", "x" * 60)
    assert load()["ENCRYPTION_KEYS"] == []  # hub.E001 says so
    assert list(bare.iterdir()) == []


def test_an_unknown_environment_is_refused(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "staging")
    with pytest.raises(ImproperlyConfigured, match="'sandbox' or 'live'"):
        load()


@pytest.mark.parametrize("url", ["sqlite:///hub.sqlite3", "sqlite://:memory:", "mysql://db/hub", "nonsense"])
def test_anything_but_postgresql_is_refused_in_words(url: str, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is not a PostgreSQL address"):
        load()


def test_a_database_url_is_taken_apart(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://bob:p%40ss@db.example:6432/orders?sslmode=verify-full")
    database = load()["DATABASES"]["default"]
    assert {name: database[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "orders",
        "USER": "bob",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": 6432,
    }
    assert database["OPTIONS"]["sslmode"] == "verify-full"


def test_connections_come_from_a_pool_that_can_be_switched_off(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = load()["DATABASES"]["default"]
    assert database["OPTIONS"]["pool"]["max_size"] == 10
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (0, True)
    monkeypatch.setenv("DATABASE_POOL_MAX", "0")
    assert "pool" not in load()["DATABASES"]["default"]["OPTIONS"]


def test_queues_carry_json_and_show_no_page_of_their_own(bare: Path) -> None:
    found = load()
    assert {name: queue["SERIALIZER"] for name, queue in found["RQ_QUEUES"].items()} == {
        "urgent": "rq.serializers.JSONSerializer",
        "drain": "rq.serializers.JSONSerializer",
    }
    assert found["RQ_SHOW_ADMIN_LINK"] is False


@pytest.mark.parametrize("value", ["desk", "/desk", "desk/", "/desk/"])
def test_the_consoles_path_can_be_chosen(value: str, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PATH", value)
    assert load()["ADMIN_PATH"] == "desk/"


def test_a_proxys_headers_count_only_where_one_is_declared(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SECURE_PROXY_SSL_HEADER" not in load()
    monkeypatch.setenv("BEHIND_PROXY", "true")
    assert load()["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.django_db
def test_a_queued_job_is_json_in_redis(redis_client: Any) -> None:
    import django_rq

    job = django_rq.get_queue("drain").enqueue("integrationhub.runtime.ports.free_port", 8000, job_id="drain-7")
    assert job is None or job.id == "drain-7"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CONSOLE_URL", "hub.example.com", "CONSOLE_URL is 'hub.example.com'; it is an address such as"),
        ("CONSOLE_URL", "https://hub.example.com/console", "without a path"),
        ("CONSOLE_URL", "ftp://hub.example.com", "CONSOLE_URL is"),
        ("ALERT_RECIPIENTS", "duty@example.com,nobody", "'nobody' is no e-mail address"),
    ],
)
def test_addresses_that_lead_nowhere_are_refused_in_words(
    name: str, value: str, words: str, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=words):
        load()


def test_the_console_s_address_may_end_in_a_slash(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_URL", "https://hub.example.com:8443/")
    assert load()["CONSOLE_URL"] == "https://hub.example.com:8443"
