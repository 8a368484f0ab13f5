import sys
import threading

import psycopg
import pytest
from pytest_django import Settings

from integrationhub.runtime import pids, prepare, programs
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.supervisor import Program


def test_of_two_hosts_that_start_at_once_one_waits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(prepare, "call_command", lambda name, **options: called.append(name))
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as other_host:
        other_host.execute("SELECT pg_advisory_lock(%s)", [prepare.MIGRATION_LOCK])
        ours = threading.Thread(target=prepare.migrate)
        ours.start()
        assert pids.wait_until(lambda: other_host.execute(waiting).fetchone() == (1,), seconds=20)
        assert called == []
    ours.join(timeout=20)
    assert called == ["migrate"]


def test_files_are_collected_while_something_else_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    use_program(monkeypatch, "raise SystemExit(0)")
    done = []
    with prepare.collecting_static_files():
        done.append("something else")
    assert done == ["something else"]


def test_files_that_could_not_be_collected_are_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    use_program(monkeypatch, "raise SystemExit('no space left')")
    with (
        pytest.raises(RuntimeSetupError, match="could not be collected: no space left"),
        prepare.collecting_static_files(),
    ):
        pass


def test_an_error_meanwhile_ends_the_collecting(monkeypatch: pytest.MonkeyPatch) -> None:
    use_program(monkeypatch, "import signal; signal.pause()")
    with pytest.raises(ValueError, match="meanwhile"), prepare.collecting_static_files():
        raise ValueError("meanwhile")


def use_program(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    program = Program(name="collectstatic", argv=[sys.executable, "-c", code])
    monkeypatch.setattr(programs, "command", lambda *words, **options: program)
