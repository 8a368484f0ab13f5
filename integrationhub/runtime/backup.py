"""The database into one file, and back."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.postgres import embedded_binary

# One transaction: the old contents go and the new ones come, or nothing changes.
CLEAR = """\
SET client_min_messages = warning;
DO $$
DECLARE one text;
BEGIN
  FOR one IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', one);
  END LOOP;
END $$;
CREATE SCHEMA public;
"""
# A setting that pg_restore 17 and newer write into their script and that servers before 17 do not know.
TRANSACTION_TIMEOUT_SINCE = 17


def write_dump(database_url: str, target: Path) -> int:
    """Write the whole database to `target` (pg_dump's custom format, readable by its owner only); return its bytes.

    The file is whole or absent. Raises RuntimeSetupError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.partial")
    program = find_program("pg_dump", server=ask_server(database_url))
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    words = ["--format=custom", "--no-owner", "--no-privileges", f"--file={draft}"]
    try:
        _run([str(program), *words], doing="The backup", database_url=database_url)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def read_dump(database_url: str, source: Path, *, replace: bool = False) -> None:
    """Fill the database from `source`. Raises RuntimeSetupError, also where tables exist and `replace` is not said.

    Everything happens in one transaction: when it fails, the database is as it was.
    """
    if not source.is_file():
        raise RuntimeSetupError(f"There is no file {source}.")
    if (tables := count_tables(database_url)) and not replace:
        raise RuntimeSetupError(
            f"The database holds {tables} tables already. Say --replace to put the backup in their place."
        )
    server = ask_server(database_url)
    # It reads a file and talks to no server, so TLS does not matter; only the newest can read every file.
    reader = find_program("pg_restore", server=Server(server.major, tls=False))
    script = _run([str(reader), "--no-owner", "--no-privileges", "--file=-", str(source)], doing="Reading the backup")
    if server.major < TRANSACTION_TIMEOUT_SINCE:
        script = re.sub(rb"(?m)^SET transaction_timeout = .*$", b"", script, count=1)
    script = re.sub(rb"(?m)^CREATE SCHEMA public;$", b"", script, count=1)
    words = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    _run(
        [str(find_program("psql", server=server)), *words, "--output=/dev/null", "--file=-"],
        doing="The restore (nothing was changed)",
        database_url=database_url,
        text=CLEAR.encode() + script,
    )


def count_tables(database_url: str) -> int:
    """Return how many tables of ours the database holds."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'"
        ).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class Server:
    """What matters about a server when choosing programs for it."""

    major: int
    tls: bool


def ask_server(database_url: str) -> Server:
    """Raises RuntimeSetupError when it does not answer."""
    try:
        with psycopg.connect(database_url, connect_timeout=10) as connection:
            return Server(connection.info.server_version // 10_000, tls=connection.pgconn.ssl_in_use)
    except psycopg.OperationalError as error:
        raise RuntimeSetupError(f"The database does not answer: {error}") from error


def find_program(name: str, *, server: Server) -> Path:
    """Return a pg_dump or psql that is at least as new as the server.

    The one that comes with the hub, unless the server speaks TLS, which that one cannot: then the machine's own comes
    first. Raises RuntimeSetupError when there is none.
    """
    installed = shutil.which(name)
    found = [embedded_binary(name), Path(installed) if installed else None]
    for path in reversed(found) if server.tls else found:
        if path is not None and program_major(path) >= server.major:
            return path
    raise RuntimeSetupError(
        f"No {name} for PostgreSQL {server.major} is installed. Install the client programs of that version."
    )


def program_major(path: Path) -> int:
    answer = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", answer)
    return int(found[1]) if found else 0


def _run(argv: list[str], *, doing: str, database_url: str | None = None, text: bytes | None = None) -> bytes:
    environment = dict(os.environ)
    if database_url is not None:
        # The password goes into the environment: every user of the machine can read command lines.
        address = {name: str(value) for name, value in conninfo_to_dict(database_url).items() if value is not None}
        environment["PGPASSWORD"] = address.pop("password", "")
        argv = [*argv, f"--dbname={make_conninfo(**address)}"]
    done = subprocess.run(argv, input=text, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeSetupError(f"{doing} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
