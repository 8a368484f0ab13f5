import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from integrationhub.runtime import identity, pids
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.places import PROJECT_DIR, Places, embedded_postgres_major
from integrationhub.runtime.postgres import MAX_CONNECTIONS, EmbeddedPostgres
from integrationhub.runtime.services import Services, start_services
from integrationhub.runtime.valkey import EmbeddedValkey

NOT_OURS = "redis://not-ours.invalid/0"

HOLD = """
import sys
import tempfile
from pathlib import Path
from integrationhub.runtime.services import start_services
start_services(Path(sys.argv[1]), durable=False)
print("up", flush=True)
sys.stdin.read()
"""


def ask(services: Services, query: str) -> str:
    with psycopg.connect(services.database_url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def numbers(places: Places) -> list[int]:
    """Process numbers of the servers that run on these places."""
    found = [EmbeddedPostgres(places).pid(), EmbeddedValkey(places).pid()]
    return [number for number in found if number is not None]


def postgres_only(var_dir: Path, **options: bool) -> Services:
    return start_services(var_dir, redis_url=NOT_OURS, durable=False, **options)


def test_both_servers_start_from_nothing_and_stop_without_a_trace(var_dir: Path) -> None:
    with start_services(var_dir, durable=False) as services:
        running = numbers(services.places)
        assert services.embedded == ["PostgreSQL", "Valkey"]
        assert ask(services, "SHOW server_version_num").startswith(str(embedded_postgres_major()))
        assert redis.Redis.from_url(services.redis_url).ping() is True
    assert len(running) == 2
    assert [pid for pid in running if pids.is_alive(pid)] == []
    assert list(services.places.sockets.glob("*.s*")) == []


def test_the_servers_are_set_up_as_the_hub_needs_them(var_dir: Path) -> None:
    with start_services(var_dir) as services:
        assert ask(services, "SHOW max_connections") == str(MAX_CONNECTIONS)
        assert ask(services, "SHOW listen_addresses") == ""
        assert ask(services, "SHOW server_encoding") == "UTF8"
        assert [ask(services, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")] == [
            "on"
        ] * 3
        memory = redis.Redis.from_url(services.redis_url)
        wanted = {"maxmemory-policy": "noeviction", "appendonly": "yes", "save": "", "port": "0"}
        assert {name: memory.config_get(name)[name] for name in wanted} == wanted


def test_nobody_else_may_enter_what_the_servers_keep(var_dir: Path) -> None:
    with start_services(var_dir, durable=False) as services:
        places = services.places
        assert [path.stat().st_mode & 0o077 for path in (places.var, places.sockets, places.postgres_data)] == [0, 0, 0]


def test_a_given_address_starts_nothing(var_dir: Path) -> None:
    with start_services(var_dir, database_url="postgresql://db.invalid/hub", redis_url=NOT_OURS) as services:
        assert services.embedded == []
        assert services.environment()["DATABASE_URL"] == "postgresql://db.invalid/hub"
    assert not var_dir.exists()


def test_what_was_stored_is_there_at_the_next_start(var_dir: Path) -> None:
    with start_services(var_dir) as services:
        with psycopg.connect(services.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        redis.Redis.from_url(services.redis_url).set("kept", "42")
    with start_services(var_dir) as services:
        assert ask(services, "SELECT answer FROM kept") == "42"
        assert redis.Redis.from_url(services.redis_url).get("kept") == b"42"


def test_a_second_user_finds_the_servers_running_and_the_last_one_stops_them(var_dir: Path) -> None:
    first = start_services(var_dir, durable=False)
    running = numbers(first.places)
    second = start_services(var_dir, durable=False)
    assert numbers(second.places) == running
    first.stop()
    assert ask(second, "SELECT 1") == "1"
    second.stop()
    assert [pid for pid in running if pids.is_alive(pid)] == []


def test_servers_whose_only_user_was_killed_are_taken_over_and_then_stopped(var_dir: Path) -> None:
    words = [sys.executable, "-c", HOLD, str(var_dir)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_DIR) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "up\n"
        user.kill()
    left = numbers(Places(var_dir))
    assert len(left) == 2
    with start_services(var_dir, durable=False) as services:
        assert numbers(services.places) == left
    assert [pid for pid in left if pids.is_alive(pid)] == []


def test_killed_servers_are_revived_with_their_data(var_dir: Path) -> None:
    with start_services(var_dir) as services:
        with psycopg.connect(services.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        for pid in numbers(services.places):
            os.kill(pid, signal.SIGKILL)
            assert pids.wait_until(lambda pid=pid: not pids.is_alive(pid), seconds=10)
        assert services.revive() == ["PostgreSQL", "Valkey"]
        assert services.revive() == []
        assert ask(services, "SELECT answer FROM kept") == "42"


def test_a_stale_number_that_now_belongs_to_another_program_does_not_stop_the_start(var_dir: Path) -> None:
    with postgres_only(var_dir):
        pass
    pid_file = Places(var_dir).postgres_data / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n")
    with postgres_only(var_dir) as services:
        assert ask(services, "SELECT 1") == "1"


def test_an_interrupted_first_start_is_begun_again(var_dir: Path) -> None:
    half_made = Places(var_dir).postgres_data.with_name(f"pg{embedded_postgres_major()}.new")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("half")
    with postgres_only(var_dir) as services:
        assert ask(services, "SELECT 1") == "1"
    assert not half_made.exists()


def test_an_unreadable_queue_file_is_set_aside(var_dir: Path) -> None:
    log = Places(var_dir).valkey_data / "appendonlydir"
    log.mkdir(parents=True)
    (log / "appendonly.aof.manifest").write_text("nonsense")
    with start_services(var_dir, database_url="postgresql://db.invalid/hub") as services:
        assert redis.Redis.from_url(services.redis_url).ping() is True
    assert (var_dir / "valkey.unreadable" / "appendonlydir" / "appendonly.aof.manifest").read_text() == "nonsense"


def test_a_directory_in_use_elsewhere_is_left_alone(var_dir: Path) -> None:
    with postgres_only(var_dir) as services:
        number = EmbeddedPostgres(services.places).pid()
        pid_file = services.places.postgres_data / "postmaster.pid"
        text = pid_file.read_text()
        pid_file.write_text("4194303\n")  # a number from another container: unknown here
        with pytest.raises(RuntimeSetupError, match=r"Another hub is using .* PostgreSQL cannot be reached"):
            postgres_only(var_dir)
        pid_file.write_text(text)
        assert EmbeddedPostgres(services.places).pid() == number


def test_data_of_an_older_major_is_refused_naming_the_way(var_dir: Path) -> None:
    older = var_dir / "pg9"
    older.mkdir(parents=True)
    (older / "PG_VERSION").write_text("9\n")
    with pytest.raises(
        RuntimeSetupError, match=r"pg9 is not for .* back to the former version, run `./hub backup FILE`"
    ):
        postgres_only(var_dir)
    assert not Places(var_dir).postgres_data.exists()

    dump = Places(var_dir).nightly_dump
    dump.parent.mkdir()
    dump.touch()
    with pytest.raises(RuntimeSetupError, match=rf"run `./hub restore {dump}`"):
        postgres_only(var_dir)
    assert not Places(var_dir).postgres_data.exists()

    with postgres_only(var_dir, new_major=True) as services:
        assert ask(services, "SELECT 1") == "1"
    assert (older / "PG_VERSION").read_text() == "9\n"


def test_a_socket_directory_that_others_may_enter_is_refused(var_dir: Path) -> None:
    sockets = Places(var_dir).sockets
    sockets.mkdir(parents=True, mode=0o777)
    sockets.chmod(0o777)
    with pytest.raises(RuntimeSetupError, match="must belong to you and be closed to others"):
        start_services(var_dir, durable=False)
    assert not Places(var_dir).postgres_data.exists()


def test_a_failing_start_says_why_and_leaves_nothing_running(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres_only(var_dir):
        pass
    with (Places(var_dir).postgres_data / "postgresql.conf").open("a") as configuration:
        configuration.write("\nno_such_setting = 1\n")
    with pytest.raises(RuntimeSetupError, match=r"PostgreSQL did not start; its log .*no_such_setting"):
        start_services(var_dir, durable=False)
    assert numbers(Places(var_dir)) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to become somebody else")
def test_without_namespaces_root_starts_postgres_as_nobody(monkeypatch: pytest.MonkeyPatch, short_dir: Path) -> None:
    monkeypatch.setattr(identity, "user_namespaces_work", lambda: False)
    with postgres_only(short_dir / "var") as services:
        number = EmbeddedPostgres(services.places).pid()
        assert Path(f"/proc/{number}").stat().st_uid == identity.NOBODY
        assert ask(services, "SELECT 1") == "1"
    with postgres_only(short_dir / "var") as services:
        assert ask(services, "SELECT 1") == "1"


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to become somebody else")
def test_without_namespaces_a_closed_parent_is_named(monkeypatch: pytest.MonkeyPatch, short_dir: Path) -> None:
    monkeypatch.setattr(identity, "user_namespaces_work", lambda: False)
    short_dir.chmod(0o700)
    with pytest.raises(RuntimeSetupError, match=f"may not enter {short_dir}.*ordinary user.*HUB_VAR.*DATABASE_URL"):
        postgres_only(short_dir / "var")


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A directory that others may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="hub-test-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def test_a_missing_wheel_names_the_variable_to_set(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        return None

    monkeypatch.setattr("integrationhub.runtime.postgres.embedded_binary", missing)
    with pytest.raises(RuntimeSetupError, match="Set DATABASE_URL"):
        postgres_only(var_dir)
    monkeypatch.setattr("integrationhub.runtime.valkey.find_spec", missing)
    monkeypatch.setattr("integrationhub.runtime.valkey.shutil.which", missing)
    with pytest.raises(RuntimeSetupError, match="set REDIS_URL"):
        start_services(var_dir, database_url="postgresql://db.invalid/hub")
