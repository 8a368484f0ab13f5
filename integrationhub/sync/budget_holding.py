"""Who goes on calling while Redis is down: one process of all that share the database, chosen by a lock there.

The lock lives as long as its connection: a process that dies, or that loses the database, holds it no longer. Who has not
called for a while gives it away, so that a page somebody once opened does not keep the workers from their orders.
"""

import hashlib
import logging
import threading
from typing import Any, Protocol

import psycopg

from connectors import ports

log = logging.getLogger(__name__)

TRY_SECONDS = 5.0  # between two tries to become the one
CONNECT_SECONDS = 2
IDLE_SECONDS = 15.0


class Holding(Protocol):
    """Whether this process is the one."""

    def may_hold(self) -> bool: ...

    def let_go(self) -> None: ...


class OneHolder:
    """Shared by the threads of a process. Nothing here raises because PostgreSQL is down: then nobody is the one."""

    def __init__(self, database_url: str, *, name: str, idle_seconds: float = IDLE_SECONDS) -> None:
        digest = hashlib.sha256(name.encode()).digest()[:8]
        self._database_url, self._number = database_url, int.from_bytes(digest, "big", signed=True)
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._asked_at = self._tried_at = float("-inf")
        self._watch: threading.Timer | None = None

    def may_hold(self) -> bool:
        with self._lock:
            self._asked_at = ports.boottime()
            if self._connection is not None and not self._is_alive():
                self._close()
            if self._connection is None and ports.boottime() >= self._tried_at + TRY_SECONDS:
                self._tried_at = ports.boottime()
                self._try()
            return self._connection is not None

    def let_go(self) -> None:
        with self._lock:
            self._close()
            self._tried_at = float("-inf")

    def let_go_if_idle(self) -> None:
        """Called by a timer as long as the lock is held."""
        with self._lock:
            if self._connection is None:
                return
            if ports.boottime() >= self._asked_at + self._idle_seconds:
                self._close()
            else:
                self._look_later()

    def _try(self) -> None:
        try:
            found = psycopg.connect(self._database_url, autocommit=True, connect_timeout=CONNECT_SECONDS)
            row = found.execute("SELECT pg_try_advisory_lock(%s)", [self._number]).fetchone()
        except psycopg.Error as error:
            log.warning("Nobody can be chosen to go on without Redis: %s", type(error).__name__)
            return
        if row is None or not row[0]:
            found.close()
            return
        self._connection = found
        self._look_later()
        log.warning("Redis cannot be asked: this process alone goes on calling, with a part of the limits.")

    def _is_alive(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return self._connection is not None

    def _close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._connection is not None:
            self._connection.close()
        self._connection = self._watch = None

    def _look_later(self) -> None:
        self._watch = threading.Timer(self._idle_seconds, self.let_go_if_idle)
        self._watch.daemon = True
        self._watch.start()
