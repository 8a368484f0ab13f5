"""What every platform's sandbox shares: a real HTTP server on loopback, its own clock, a fault plan, a journal, a control API.

A sandbox is the platform with its real rules, for tests, the demo and the `sandbox` command. Production code never imports it.
Everything under `/_control/` is ours and never part of a platform.
"""

import io
import json
import pickle
import selectors
import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

import cloudpickle

MAX_BODY_BYTES = 64 * 1024 * 1024
APPLIED_KINDS = frozenset({"drop_after", "hang_after", "status_after", "malformed", "slow"})
FAULT_KINDS = APPLIED_KINDS | {"drop_before", "hang_before", "status_before", "rate_limit", "late"}


class SandboxClock:
    """The platform's own time. Runs with the wall unless frozen; tests advance it."""

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        self._offset = timedelta()
        self._frozen_at = (start or datetime.now(UTC)) if frozen else None
        if start is not None and not frozen:
            self._offset = start - datetime.now(UTC)

    def now(self) -> datetime:
        base = self._frozen_at if self._frozen_at is not None else datetime.now(UTC)
        return base + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += timedelta(seconds=seconds)


@dataclass(kw_only=True)
class Fault:
    """One planned misbehaviour of the platform.

    drop_*/hang_*: the connection is cut at once / held for `seconds`, before or after the effect. late: cut now, the effect
    comes `seconds` of sandbox time later. status_*: `status` before or after the effect. rate_limit: 429 with Retry-After
    `seconds`. malformed: done, but half the answer. slow: done, the answer trickles over `seconds`.
    """

    kind: str
    operation: str = "*"  # the sandbox's name of the operation, or * for any
    times: int = 1  # how many calls it hits; 0 = until cleared
    skip: int = 0  # how many matching calls pass first
    seconds: float = 0
    status: int = 503

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"Unknown fault kind {self.kind!r}; one of {', '.join(sorted(FAULT_KINDS))}.")


class FaultPlan:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, operation: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.operation not in ("*", operation):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times > 0:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                return fault
        return None


@dataclass(frozen=True, kw_only=True)
class SandboxRequest:
    method: str
    path: str  # decoded by the platform where it needs to
    query: dict[str, list[str]]
    raw_query: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    def first(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass(kw_only=True)
class Reply:
    status: int = 200
    body: bytes | str | dict[str, Any] | list[Any] | None = None  # dict and list go out as JSON
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return to_json(self.body)


def to_json(value: Any) -> bytes:
    return json.dumps(value, default=_json_default, ensure_ascii=False).encode()


def _json_default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON.")


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    number: int
    at: str  # sandbox time
    operation: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int | None  # None: the connection was cut
    reply: str
    fault: str  # the fault that hit, or ""
    applied: bool  # False when the fault kept the effect from happening


class Journal:
    """Every request a sandbox saw, in order; also as JSON lines in a file when one is named."""

    def __init__(self, path: Path | None = None, *, keep: int = 50_000) -> None:
        self._entries: list[JournalEntry] = []
        self._path, self._keep, self._count = path, keep, 0
        self._lock = threading.Lock()

    def add(self, **values: Any) -> None:
        with self._lock:
            self._count += 1
            entry = JournalEntry(number=self._count, **values)
            self._entries.append(entry)
            del self._entries[: -self._keep]
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")

    def entries(self, operation: str | None = None) -> list[JournalEntry]:
        with self._lock:
            return [entry for entry in self._entries if operation in (None, entry.operation)]

    def count(self, operation: str) -> int:
        return len(self.entries(operation))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


def _dump(value: object) -> bytes:
    """A pickle of plain state that also holds closures (planned effects), locks and thread-local caches."""

    class Pickler(cloudpickle.Pickler):
        def reducer_override(self, item: Any) -> Any:
            for kind, make in _FRESH.items():
                if isinstance(item, kind):
                    return make, ()
            return super().reducer_override(item)

    file = io.BytesIO()
    Pickler(file).dump(value)
    return file.getvalue()


_FRESH: dict[type, Callable[[], object]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.local: threading.local,
    threading.Event: threading.Event,
}


class Sandbox(ABC):
    """One platform on loopback. Subclasses answer requests under `lock`; state is plain Python."""

    platform: ClassVar[str]

    def __init__(self, *, clock: SandboxClock | None = None, journal: Path | None = None) -> None:
        self.clock = clock or SandboxClock()
        self.faults = FaultPlan()
        self.journal = Journal(journal)
        self.lock = threading.RLock()
        self._later: list[tuple[datetime, Callable[[], object]]] = []
        self._server: _Server | None = None

    # --- what a platform writes -----------------------------------------------------------------------------------
    @abstractmethod
    def operation(self, request: SandboxRequest) -> str:
        """The platform's own name of the call: "OR11", "POST /order", "confirmOrder"."""

    @abstractmethod
    def answer(self, request: SandboxRequest) -> Reply:
        """The platform's answer; called with the lock held and due work done."""

    @abstractmethod
    def credentials(self) -> dict[str, str]:
        """What a connection to this sandbox needs, by the connector's setting names."""

    def control(self, name: str, payload: dict[str, Any]) -> Any:
        """A platform's own control call: POST /_control/<name>. Raises KeyError for a name it does not know."""
        raise KeyError(name)

    def rate_limited(self, seconds: float) -> Reply:
        """The platform's 429; platforms override its form."""
        return Reply(status=429, body={"message": "Too many requests"}, headers={"Retry-After": str(int(seconds))})

    def broken(self, status: int) -> Reply:
        return Reply(status=status, body="<html><body>Service unavailable</body></html>", content_type="text/html")

    def run_due(self) -> None:
        """Do what the platform's own clock makes due (lapses, imports). Called with the lock held, before each answer."""

    # --- the life of the server -----------------------------------------------------------------------------------
    def start(self, port: int = 0) -> str:
        self._server = _Server(("127.0.0.1", port), self)
        self._server.begin()
        return self.base_url

    def stop(self) -> None:
        if self._server is not None:
            self._server.end()
            self._server = None

    @property
    def base_url(self) -> str:
        if self._server is None:
            raise RuntimeError("The sandbox is not started.")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # --- between two runs -----------------------------------------------------------------------------------------
    def save(self, path: Path) -> None:
        """Write the platform's whole state, without its journal, so that `load` goes on where it stood."""
        with self.lock:
            server, self._server = self._server, None
            journal, self.journal = self.journal, Journal()
            try:
                state = _dump(self)
            finally:
                self._server, self.journal = server, journal
        beside = path.with_suffix(".new")
        beside.write_bytes(state)
        beside.replace(path)

    @staticmethod
    def load(path: Path) -> "Sandbox":
        """A sandbox as `save` left it. Only for files that this installation wrote itself: they are pickles."""
        sandbox: Sandbox = pickle.loads(path.read_bytes())  # noqa: S301
        return sandbox

    # --- time -----------------------------------------------------------------------------------------------------
    def advance(self, seconds: float) -> None:
        """Move the platform's clock and let what falls due happen."""
        with self.lock:
            self.clock.advance(seconds)
            self.settle()

    def settle(self) -> None:
        """Apply late effects that are due, then the platform's own due work. Lock held."""
        now = self.clock.now()
        due = [effect for at, effect in sorted(self._later, key=lambda item: item[0]) if at <= now]
        self._later = [(at, effect) for at, effect in self._later if at > now]
        for effect in due:
            effect()
        self.run_due()

    def respond(self, request: SandboxRequest) -> tuple[Reply | None, Fault | None]:
        """The answer to one request with its fault applied; a reply of None means: cut the connection."""
        operation = self.operation(request)
        fault = self.faults.take(operation)
        applied = fault is None or fault.kind in APPLIED_KINDS
        with self.lock:
            self.settle()
            reply: Reply | None = self.answer(request) if applied else None
            if fault is not None and fault.kind == "late":
                self._later.append((self.clock.now() + timedelta(seconds=fault.seconds), lambda: self.answer(request)))
        if fault is not None:
            reply = self._faulty(fault, reply)
        self._write_journal(request, operation, reply, fault, applied)
        return reply, fault

    def _faulty(self, fault: Fault, reply: Reply | None) -> Reply | None:
        match fault.kind:
            case "status_before" | "status_after":
                return self.broken(fault.status)
            case "rate_limit":
                return self.rate_limited(fault.seconds)
            case "malformed" if reply is not None:
                whole = reply.encoded()
                return Reply(
                    status=reply.status, body=whole[: max(1, len(whole) // 2)], content_type=reply.content_type
                )
            case "slow":
                return reply
        return None

    def _write_journal(
        self, request: SandboxRequest, operation: str, reply: Reply | None, fault: Fault | None, applied: bool
    ) -> None:
        self.journal.add(
            at=self.clock.now().isoformat(),
            operation=operation,
            method=request.method,
            path=request.path,
            query=request.raw_query,
            headers=request.headers,
            body=request.body.decode("utf-8", "replace")[:200_000],
            status=None if reply is None else reply.status,
            reply="" if reply is None else reply.encoded().decode("utf-8", "replace")[:200_000],
            fault="" if fault is None else fault.kind,
            applied=applied,
        )

    # --- the control API ------------------------------------------------------------------------------------------
    def answer_control(self, request: SandboxRequest) -> Reply:
        """GET journal | clock; POST clock {"seconds"} | faults {...} | faults/clear | journal/clear | <platform's own>."""
        name = request.path.removeprefix("/_control/").strip("/")
        try:
            payload = request.json() if request.body else {}
            return Reply(body=self._control(request.method, name, payload, request))
        except (ValueError, TypeError) as error:
            return Reply(status=400, body={"error": str(error)})
        except KeyError as error:
            return Reply(status=404, body={"error": f"Unknown or missing: {error}"})

    def _control(self, method: str, name: str, payload: dict[str, Any], request: SandboxRequest) -> Any:
        match method, name:
            case "GET", "journal":
                wanted = request.first("operation") or None
                return {"entries": [asdict(entry) for entry in self.journal.entries(wanted)]}
            case "POST", "journal/clear":
                self.journal.clear()
            case "GET", "clock":
                return {"now": self.clock.now().isoformat()}
            case "POST", "clock":
                self.advance(float(payload["seconds"]))
                return {"now": self.clock.now().isoformat()}
            case "POST", "faults":
                self.faults.add(Fault(**payload))
            case "POST", "faults/clear":
                self.faults.clear()
            case "GET", "credentials":
                return self.credentials()
            case _:
                with self.lock:
                    self.settle()
                    return self.control(name, payload)
        return {"ok": True}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._open: set[socket.socket] = set()  # kept-alive connections outlive the listening socket
        self._bell, self._heard = socket.socketpair()
        super().__init__(address, _Handler)
        self._taking = threading.Thread(target=self._take, name=f"sandbox-{sandbox.platform}", daemon=True)

    def begin(self) -> None:
        self._taking.start()

    def _take(self) -> None:
        """Take connections until the bell rings. (`serve_forever` looks only now and then whether it was told to end.)"""
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._heard, selectors.EVENT_READ)
            while self._heard not in [key.fileobj for key, _ in selector.select()]:
                self.handle_request()

    def end(self) -> None:
        self._bell.close()
        self._taking.join()
        self._heard.close()
        self.server_close()
        self.hang_up()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """A stopped platform answers nobody, also not those who are connected already."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in mid-request is part of the game; anything else is a bug that must be seen."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self._send(Reply(status=413, body={"message": "Body too large"}))
            return
        request = SandboxRequest(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query, keep_blank_values=True),
            raw_query=parts.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._chunked() if "chunked" in self.headers.get("Transfer-Encoding", "") else self.rfile.read(length),
        )
        if request.path.startswith("/_control/"):
            self._send(self.server.sandbox.answer_control(request))
            return
        reply, fault = self.server.sandbox.respond(request)
        if fault is not None and fault.kind.startswith("hang"):
            time.sleep(fault.seconds)
        if reply is None:
            self._cut()
        else:
            self._send(reply, trickle=fault.seconds if fault is not None and fault.kind == "slow" else 0)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  the names that http.server calls

    def _chunked(self) -> bytes:
        pieces: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, reply: Reply, *, trickle: float = 0) -> None:
        body = reply.encoded()
        self.send_response(reply.status)
        if reply.status != 204:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.status == 204:
            return
        for piece in _pieces(body, trickle):
            self.wfile.write(piece)
            if trickle:
                time.sleep(trickle / 10)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it
        """The journal is the log."""


def _pieces(body: bytes, trickle: float) -> Iterable[bytes]:
    if not trickle:
        return (body,)
    size = max(1, len(body) // 10)
    return (body[start : start + size] for start in range(0, len(body), size))
