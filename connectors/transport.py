"""How bytes get to a platform and back: certain about what was never sent, bounded in time and size.

`Http` decides, this module carries. The network is a port like the clock: the simulator puts its own `Transport` here.
"""

import http.client
import logging
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from connectors import ports
from connectors.hosts import HostRule, Resolve, may_connect, resolve_within, system_resolve

MAX_ANSWER_BYTES = 64 * 1024 * 1024
PIECE_BYTES = 256 * 1024
# A write that dies on a connection its server was just closing has an unknown outcome, which is dear to settle; a new
# connection is cheap. Common servers keep an idle connection for 5 to 75 seconds.
MAX_IDLE_SECONDS = 4
ORIGINS_PER_THREAD = 4

# urllib3 writes whole URLs, queries included, into its log; what may be kept of a call is kept in its Exchange.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds. `total` bounds the whole exchange, from the name look-up to the last byte of the answer."""

    connect: float = 5  # name look-up and TCP together; TLS again as long
    read: float = 15  # the longest silence between two pieces of the answer
    total: float = 30


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeouts: Timeouts
    allow: HostRule


@dataclass(frozen=True, kw_only=True)
class Incoming:
    status: int
    headers: Mapping[str, str]
    body: bytes  # whole and decompressed


class NotSentError(Exception):
    """Not one byte of the request left. `lasting`: it will not until someone acts (a certificate, a forbidden address).

    `why` goes on from "The platform could not be reached: ".
    """

    def __init__(self, why: str, *, lasting: bool = False) -> None:
        super().__init__(why)
        self.why, self.lasting = why, lasting


class BrokenOffError(Exception):
    """The request, or part of it, was sent, and no whole answer came.

    `why` goes on from "The platform gave no usable answer: ". `lasting`: it will happen again (too large an answer).
    """

    def __init__(self, why: str, *, status: int | None = None, lasting: bool = False) -> None:
        super().__init__(why)
        self.why, self.status, self.lasting = why, status, lasting


class Transport(Protocol):
    def send(self, outgoing: Outgoing) -> Incoming:
        """Send once, never again. Raises NotSentError or BrokenOffError, nothing else of its own."""
        ...


class _Wire(threading.local):
    """What this thread's connections and sockets must know of the call they serve."""

    timeouts: Timeouts = Timeouts()
    allow: HostRule = HostRule()
    resolve: Resolve
    deadline: float = 0.0  # ports.boottime()
    touched: bool = False  # a byte of the request may have left

    def begin(self, outgoing: Outgoing, resolve: Resolve) -> None:
        self.timeouts, self.allow, self.resolve = outgoing.timeouts, outgoing.allow, resolve
        self.deadline = ports.boottime() + outgoing.timeouts.total
        self.touched = False

    def left(self) -> float:
        """Seconds until the deadline; raises TimeoutError past it, before anything is sent or read."""
        seconds = self.deadline - ports.boottime()
        if seconds <= 0:
            raise TimeoutError("total")
        return seconds


_wire = _Wire()


class _Bounded:
    """Every receive and send of a socket gets what is left of the call's time, so that no trickle can outlast it."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(min(_wire.timeouts.read, _wire.left()))  # type: ignore[attr-defined]
        return super().recv_into(*args, **kwargs)  # type: ignore[misc,no-any-return]

    def send(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_wire.left())  # type: ignore[attr-defined]
        _wire.touched = True
        return super().send(*args, **kwargs)  # type: ignore[misc,no-any-return]

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(_wire.left())  # type: ignore[attr-defined]
        _wire.touched = True
        super().sendall(*args, **kwargs)  # type: ignore[misc]


class _Socket(_Bounded, socket.socket):
    pass


class _TlsSocket(_Bounded, ssl.SSLSocket):
    pass


def _dial(host: str, port: int) -> socket.socket:
    """A connection to a checked address of `host`, ready for TLS. Raises NotSentError."""
    until = ports.boottime() + min(_wire.timeouts.connect, _wire.left())
    addresses = _checked_addresses(host, port, seconds=until - ports.boottime())
    why = "it has no address"
    for index, address in enumerate(addresses):
        left = until - ports.boottime()
        if left <= 0:
            break
        try:
            return _open(address, port, seconds=left / (len(addresses) - index))
        except TimeoutError:
            why = f"{host} did not take the connection in time"
        except OSError as error:
            why = f"{host} did not take the connection ({error.strerror or type(error).__name__})"
    raise NotSentError(why)


def _checked_addresses(host: str, port: int, *, seconds: float) -> list[str]:
    try:
        addresses = list(resolve_within(_wire.resolve, host, port, seconds=seconds))
    except TimeoutError:
        raise NotSentError(f"the address of {host} was not found in time") from None
    except OSError:
        raise NotSentError(f"the name {host} is not known") from None
    if not all(may_connect(address, host=host, rule=_wire.allow) for address in addresses):
        raise NotSentError(f"{host} leads into a private network, which the hub never calls", lasting=True)
    return addresses


def _open(address: str, port: int, *, seconds: float) -> socket.socket:
    sock = _Socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect((address, port))
        sock.settimeout(min(_wire.timeouts.connect, _wire.left()))  # for the TLS handshake
    except BaseException:
        sock.close()
        raise
    return sock


class _Lines:
    """Remembers the last line read: "" is the end of the connection, where http.client sees the end of the headers."""

    def __init__(self, file: Any) -> None:
        self.file, self.last = file, b" "

    def readline(self, limit: int = -1) -> bytes:
        self.last = self.file.readline(limit)
        return self.last

    def close(self) -> None:
        self.file.close()


class _Answer(http.client.HTTPResponse):
    fp: Any

    def begin(self) -> None:
        lines = self.fp = _Lines(self.fp)
        try:
            super().begin()
        finally:
            if self.fp is lines:
                self.fp = lines.file
        if lines.last == b"":
            self.close()
            raise http.client.IncompleteRead(b"")


class _Plain(HTTPConnection):
    response_class = _Answer
    last_used = 0.0

    def _new_conn(self) -> socket.socket:
        # The name stays on the connection: it is what Host says, and what TLS asks for and checks.
        return _dial(self.host, self.port or self.default_port)

    def request(self, *args: Any, **kwargs: Any) -> None:
        self.last_used = ports.boottime()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        return ports.boottime() - self.last_used <= MAX_IDLE_SECONDS and super().is_connected


class _Tls(_Plain, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class _Adapter(HTTPAdapter):
    """One thread's connections. It never retries, follows a redirect, keeps a cookie or asks a proxy."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context, self.pid = context, os.getpid()
        super().__init__(pool_connections=ORIGINS_PER_THREAD, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self.context, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context holds the roots and always verifies; nothing that a caller passes can change that."""


class NetworkTransport:
    """The real network. Shared by all threads; each keeps its own connections."""

    def __init__(self, *, resolve: Resolve = system_resolve, ca_file: str | None = None) -> None:
        self._resolve, self._ca_file = resolve, ca_file
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._mine = threading.local()

    def send(self, outgoing: Outgoing) -> Incoming:
        adapter = self._adapter()
        _wire.begin(outgoing, self._resolve)
        failure: Exception
        try:
            answer = adapter.send(_prepared(outgoing), stream=True, timeout=outgoing.timeouts.read, verify=True)
            return _read_whole(answer)
        except (NotSentError, BrokenOffError):
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            failure = _named(error, outgoing)
        # Raised here, not above: the library's own words may quote the URL, and must not hang on as the context.
        raise failure

    def close(self) -> None:
        """Close this thread's connections."""
        adapter = getattr(self._mine, "adapter", None)
        if adapter is not None:
            adapter.close()
            del self._mine.adapter

    def _adapter(self) -> _Adapter:
        adapter: _Adapter | None = getattr(self._mine, "adapter", None)
        # A forked worker must not speak on its parent's connection: they would read each other's answers.
        if adapter is None or adapter.pid != os.getpid():
            adapter = self._mine.adapter = _Adapter(self._tls())
        return adapter

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
                context.load_verify_locations(self._ca_file or certifi.where())
                context.sslsocket_class = _TlsSocket
                self._context = context
        return self._context


def _prepared(outgoing: Outgoing) -> requests.PreparedRequest:
    request = requests.PreparedRequest()
    request.prepare_method(outgoing.method)
    request.prepare_url(outgoing.url, None)
    request.headers = CaseInsensitiveDict(outgoing.headers)
    request.body = outgoing.body
    return request


def _read_whole(answer: requests.Response) -> Incoming:
    raw: urllib3.BaseHTTPResponse = answer.raw
    status = answer.status_code
    pieces: list[bytes] = []
    size = 0
    try:
        # Decoding stops at the piece's size too, so a small body cannot unfold into the whole memory.
        while piece := raw.read(PIECE_BYTES, decode_content=True):
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise BrokenOffError("the answer is larger than 64 MB", status=status, lasting=True)
            pieces.append(piece)
    except BaseException:
        raw.close()
        raise
    raw.release_conn()
    return Incoming(status=status, headers=answer.headers, body=b"".join(pieces))


def _named(error: Exception, outgoing: Outgoing) -> NotSentError | BrokenOffError:
    """Our name for what a library raised; what decides is whether a byte may have left, not the exception's type."""
    causes = list(_causes(error))
    if not _wire.touched:
        return _never_sent(causes)
    if ports.boottime() >= _wire.deadline:
        return BrokenOffError(f"it was not complete within {outgoing.timeouts.total:g} seconds")
    if any(isinstance(cause, TimeoutError | urllib3.exceptions.ReadTimeoutError) for cause in causes):
        return BrokenOffError(f"nothing came for {outgoing.timeouts.read:g} seconds")
    if any(isinstance(cause, urllib3.exceptions.DecodeError) for cause in causes):
        return BrokenOffError("it could not be decompressed")
    return BrokenOffError(f"the connection broke off before it was complete ({type(causes[-1]).__name__})")


def _never_sent(causes: list[BaseException]) -> NotSentError:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotSentError(f"its certificate is not valid ({cause.verify_message})", lasting=True)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return NotSentError("a secure connection could not be set up")
    if any(isinstance(cause, TimeoutError | urllib3.exceptions.TimeoutError) for cause in causes):
        return NotSentError("no connection in time")
    return NotSentError(f"the connection failed ({type(causes[-1]).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        inner = next((each for each in current.args if isinstance(each, BaseException)), None)
        reason = getattr(current, "reason", None)
        current = inner or (reason if isinstance(reason, BaseException) else None) or current.__cause__


class _Current:
    transport: Transport = NetworkTransport()


def transport() -> Transport:
    """What carries calls now: the network, unless a simulator stands in for it."""
    return _Current.transport


@contextmanager
def using_transport(other: Transport) -> Iterator[None]:
    """Replace the network for the whole process while the block runs."""
    before, _Current.transport = _Current.transport, other
    try:
        yield
    finally:
        _Current.transport = before
