import io
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from integrationhub.runtime.commands import needs_servers, servers_for
from integrationhub.runtime.places import Places


@pytest.mark.parametrize(
    "words",
    ["", "help", "check", "check --deploy", "make_key", "run", "demo --check", "restore x.dump", "migrate --help"],
)
def test_commands_without_a_database_start_none(words: str) -> None:
    assert not needs_servers(words.split())


@pytest.mark.parametrize("words", ["migrate", "createsuperuser", "check --database default", "backup x.dump", "shell"])
def test_commands_with_a_database_get_one(words: str) -> None:
    assert needs_servers(words.split())


def test_servers_run_while_the_command_does(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_VAR", str(var_dir))
    with servers_for(["migrate"], environ={}):
        assert Places(var_dir).postgres_socket.exists()
        assert Places(var_dir).valkey_socket.exists()
    assert not Places(var_dir).postgres_socket.exists()


def test_given_addresses_start_nothing(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_VAR", str(var_dir))
    with servers_for(["migrate"], environ={"DATABASE_URL": "postgresql://db/hub", "REDIS_URL": "redis://queue"}):
        assert not var_dir.exists()


def test_make_key_prints_a_usable_key() -> None:
    said = io.StringIO()
    call_command("make_key", stdout=said)
    Fernet(said.getvalue().strip())
