"""Each check is shown to fire and not to fire."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import redis
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from pytest_django import Settings

from integrationhub import checks
from integrationhub.runtime.places import PROJECT_DIR

KEY = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="
POSTGRES = {"ENGINE": "django.db.backends.postgresql", "NAME": "hub"}
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": "hub.sqlite3"}


def ids(messages: list[CheckMessage]) -> list[str]:
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([KEY], []),
        ([KEY, KEY], []),
        ([], ["hub.E001"]),
        (["short"], ["hub.E001"]),
        ([KEY, KEY[:-4]], ["hub.E001"]),
        (["åäö"], ["hub.E001"]),
    ],
)
def test_encryption_keys_must_be_there_and_whole(keys: list[str], found: list[str], settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = keys
    assert ids(checks.encryption_keys()) == found


def test_a_bad_key_is_named_by_its_place_and_never_shown(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [KEY, "secret-but-short"]
    [message] = checks.encryption_keys()
    assert "key number 2" in message.msg
    assert "secret-but-short" not in str(message)


@pytest.mark.parametrize(("database", "found"), [(POSTGRES, []), (SQLITE, ["hub.E002"])])
def test_only_postgresql_will_do(database: dict[str, str], found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "settings", SimpleNamespace(DATABASES={"default": database}))
    assert ids(checks.database_engine()) == found


@pytest.mark.parametrize(("version", "found"), [(180_006, []), (150_000, []), (149_999, ["hub.E003"]), (None, [])])
def test_postgresql_is_15_or_newer(version: int | None, found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_ask_database", lambda query: version)
    assert ids(checks.postgres_version(databases=["default"])) == found


def test_connections_are_counted_by_program(settings: Settings) -> None:
    settings.WEB_PROCESSES, settings.WEB_THREADS = 2, 4
    settings.URGENT_WORKERS, settings.DRAIN_WORKERS, settings.DRAIN_THREADS = 1, 3, 40
    settings.DATABASE_POOL_MAX = 10
    assert checks.connections_needed() == 2 * 4 + 4 * 10 + 1 + 5
    settings.DATABASE_POOL_MAX = 0  # no pool: every thread may hold one
    assert checks.connections_needed() == 2 * 4 + 4 * 41 + 1 + 5


@pytest.mark.parametrize(("limit", "found"), [(100, []), (29, []), (28, ["hub.E004"]), (None, [])])
def test_threads_and_programs_fit_the_server(
    limit: int | None, found: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEB_PROCESSES = settings.WEB_THREADS = 1
    settings.URGENT_WORKERS, settings.DRAIN_WORKERS, settings.DRAIN_THREADS, settings.DATABASE_POOL_MAX = 1, 1, 10, 22
    monkeypatch.setattr(checks, "_ask_database", lambda query: limit)
    assert checks.connections_needed() == 29
    assert ids(checks.enough_connections(databases=["default"])) == found


@pytest.mark.parametrize(
    ("policy", "found"), [("noeviction", []), ("allkeys-lru", ["hub.E005"]), (redis.ConnectionError(), ["hub.W003"])]
)
def test_redis_answers_and_drops_nothing(
    policy: str | Exception, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(url: str) -> str:
        if isinstance(policy, Exception):
            raise policy
        return policy

    monkeypatch.setattr(checks, "_redis_memory_policy", answer)
    assert ids(checks.redis_server(databases=["default"])) == found


def test_an_absent_redis_is_noticed_for_real(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert ids(checks.redis_server(databases=["default"])) == ["hub.W003"]


@pytest.mark.django_db
def test_the_servers_of_this_test_run_pass_every_check() -> None:
    assert [message.id for message in run_checks(databases=["default"]) if str(message.id).startswith("hub.")] == []


def test_servers_are_not_asked_unless_a_database_check_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("asked a server")

    monkeypatch.setattr(checks, "_ask_database", refuse)
    monkeypatch.setattr(checks, "_redis_memory_policy", refuse)
    assert [*checks.postgres_version(), *checks.enough_connections(), *checks.redis_server()] == []
    call_command("check")


@pytest.mark.parametrize(
    ("debug", "hosts", "found"),
    [
        (True, ["localhost", "127.0.0.1", "[::1]", "hub.localhost"], []),
        (False, ["hub.example.com"], []),
        (True, ["localhost", "hub.example.com"], ["hub.W001"]),
        (True, ["*"], ["hub.W001"]),
        (True, ["192.168.1.5"], ["hub.W001"]),
    ],
)
def test_debug_is_for_this_machine_only(debug: bool, hosts: list[str], found: list[str], settings: Settings) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = debug, hosts
    assert ids(checks.debug_in_public()) == found


@pytest.mark.parametrize(
    ("environment", "hosts", "https", "found"),
    [
        ("sandbox", ["localhost"], False, []),
        ("live", ["hub.example.com"], True, []),
        ("sandbox", ["hub.example.com"], False, ["hub.W002"]),
        ("sandbox", ["localhost"], True, ["hub.W002"]),
    ],
)
def test_a_sandbox_that_looks_live_is_pointed_out(
    environment: str, hosts: list[str], https: bool, found: list[str], settings: Settings
) -> None:
    settings.ENVIRONMENT, settings.ALLOWED_HOSTS, settings.HTTPS = environment, hosts, https
    assert ids(checks.sandbox_that_looks_live()) == found


LIVE = {
    "ENVIRONMENT": "live",
    "SECRET_KEY": "k9-Zf3_q8mVx2LrT7pWb5NcY1hJd6sGa4uEo0iXvQtBzRyMn-live",
    "ENCRYPTION_KEYS": KEY,
    "ALLOWED_HOSTS": "hub.example.com",
    "DATABASE_URL": "postgresql://hub@db.example.com/hub",
    "REDIS_URL": "rediss://queue.example.com/0",
}


def check_deploy(**changes: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environment = {"PATH": os.environ["PATH"], **LIVE, **changes}
    return subprocess.run(words, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False)


def test_a_live_environment_passes_the_deployment_checks() -> None:
    done = check_deploy()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "System check identified no issues (0 silenced).\n"


def test_a_live_environment_without_keys_is_told_so() -> None:
    done = check_deploy(ENCRYPTION_KEYS="")
    assert done.returncode == 1
    assert "hub.E001" in done.stderr


@pytest.mark.parametrize(
    ("wanted", "backend", "found"),
    [
        (True, "django.core.mail.backends.console.EmailBackend", ["hub.W004"]),
        (True, "django.core.mail.backends.smtp.EmailBackend", []),
        (False, "django.core.mail.backends.console.EmailBackend", []),
    ],
)
def test_alerts_without_a_mail_server_are_pointed_out(
    wanted: bool, backend: str, found: list[str], settings: Settings
) -> None:
    settings.CASE_ALERTS_BY_EMAIL, settings.EMAIL_BACKEND = wanted, backend
    assert ids(checks.alerts_that_go_nowhere()) == found


@pytest.mark.parametrize(
    ("alerts", "digest", "url", "found"),
    [
        (True, False, "", ["hub.W005"]),
        (False, True, "", ["hub.W005"]),
        (True, True, "https://hub.example.com", []),
        (False, False, "", []),
    ],
)
def test_letters_that_cannot_link_to_the_console_are_pointed_out(
    alerts: bool, digest: bool, url: str, found: list[str], settings: Settings
) -> None:
    settings.CASE_ALERTS_BY_EMAIL, settings.CASE_DIGEST_BY_EMAIL, settings.CONSOLE_URL = alerts, digest, url
    assert ids(checks.letters_without_links()) == found


NOT_FOR_WORKERS = (
    "integrationhub.console.admin",
    "integrationhub.console.cases.listing",
    "openpyxl",
    "graphql",
)


def test_a_worker_loads_no_page_and_no_library_that_only_pages_use() -> None:
    """A worker that checked its pages, or whose flows imported one, would carry them: a seventh of its memory."""
    program = (
        "import sys, django; django.setup();"
        "from django.core.checks import run_checks;"
        "from integrationhub.sync.management.commands.run_worker import Command;"
        "run_checks(tags=Command.requires_system_checks);"
        f"print([name for name in {NOT_FOR_WORKERS!r} if name in sys.modules])"
    )
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "integrationhub.settings", **LIVE}
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
