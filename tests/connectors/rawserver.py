"""A server that misbehaves exactly as told, byte by byte: what no HTTP library lets a test do."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

Action = Callable[["Line"], None]


@dataclass
class Line:
    """One request on one connection, and the means to answer it."""

    sock: socket.socket
    request: bytes
    closing: threading.Event
    keep: bool = field(default=False)  # leave the connection open for the next request

    def send(self, data: bytes) -> None:
        with suppress(OSError):
            self.sock.sendall(data)


def reply(status: int = 200, body: bytes = b"{}", **headers: str) -> Action:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    def act(line: Line) -> None:
        line.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        line.keep = headers.get("Connection") != "close"

    return act


def raw(data: bytes) -> Action:
    """Send just this and cut the line."""
    return lambda line: line.send(data)


def cut(line: Line) -> None:
    """Close without a word."""


def reset(line: Line) -> None:
    line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def hang(line: Line) -> None:
    line.closing.wait(10)


def dribble(head: bytes, *, every: float = 0.03) -> Action:
    """Send `head`, then a byte at a time until the other side goes away."""

    def act(line: Line) -> None:
        try:
            line.sock.sendall(head)
            while not line.closing.wait(every):
                line.sock.sendall(b"x")
        except OSError:
            pass

    return act


class RawServer:
    """Answers the n-th request it gets with the n-th action; after the last action with a plain 200."""

    def __init__(self, *actions: Action, tls: ssl.SSLContext | None = None, deaf: bool = False) -> None:
        self.actions = list(actions)
        self.requests: list[bytes] = []
        self.connections = 0
        self._tls, self._deaf = tls, deaf
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"

    def __enter__(self) -> "RawServer":
        self._start(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        for thread in list(self._threads):
            thread.join(5)
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                sock, _ = self._listener.accept()
                self.connections += 1
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            sock.settimeout(10)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            if self._deaf:
                self._closing.wait(10)
            while (request := self._read(sock)) is not None:
                with self._lock:
                    self.requests.append(request)
                    action = self.actions.pop(0) if self.actions else reply()
                line = Line(sock=sock, request=request, closing=self._closing)
                action(line)
                if not line.keep:
                    return
        except OSError:
            pass
        finally:
            sock.close()

    def _read(self, sock: socket.socket) -> bytes | None:
        """One request with a Content-Length; None when the other side went away or the server is closing."""
        data = b""
        while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < self._length(data):
            sock.settimeout(0.05)
            try:
                piece = sock.recv(65536)
            except TimeoutError:
                if self._closing.is_set():
                    return None
                continue
            if not piece:
                return None
            data += piece
        sock.settimeout(10)
        return data

    def _length(self, data: bytes) -> int:
        for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                return int(line.split(b":")[1])
        return 0
