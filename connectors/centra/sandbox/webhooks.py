"""The Webhooks plugin: batched hints of what changed, form-encoded as PHP does it, signed, dropped after the last retry.

Integration API version. https://centra.dev/fundamentals/webhooks
"""

import hashlib
import hmac
import http.client
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import quote_plus, urlsplit

from connectors.sandboxkit import SandboxClock

Send = Callable[[bytes, dict[str, str]], int]  # raw body and headers → the receiver's status

KEPT_EVENTS = 10_000
RETRY_DELAYS_SECONDS = (10, 60, 300)  # the vendor says "growing"; the values are ours
POLL_SECONDS = 0.2


@dataclass(kw_only=True)
class WebhookSettings:
    url: str = ""
    secret: str = "sandbox-webhook-secret"  # noqa: S105 - guards nothing but this sandbox
    retries: int = 0  # 0-3
    max_events: int = 100
    timeout_seconds: float = 5

    def __post_init__(self) -> None:
        if not 0 <= self.retries <= len(RETRY_DELAYS_SECONDS):
            raise ValueError("Webhook retries are 0 to 3.")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("A webhook endpoint is an http or https address.")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One attempt, or one message that was dropped on demand."""

    at: datetime
    body: bytes
    headers: Mapping[str, str]
    attempt: int
    status: int | None  # None: no answer, or dropped before sending
    dropped: bool = False

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(kw_only=True)
class _Message:
    body: bytes
    due_at: datetime
    attempts: int = 0


@dataclass(kw_only=True)
class _Trouble:
    drops: int = 0
    duplicates: int = 0
    deliveries: list[Delivery] = field(default_factory=list)


def php_json(value: Any) -> str:
    """json_encode: slashes escaped, everything beyond ASCII as \\uXXXX, no spaces."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")


def form_body(payload: Any) -> bytes:
    """payload=<urlencode(json_encode)>: a space becomes `+`, and unlike Python PHP encodes the tilde."""
    return b"payload=" + quote_plus(php_json(payload), safe="").replace("~", "%7E").encode()


def signature(body: bytes, *, secret: str, timestamp: int) -> str:
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class Webhooks:
    """Events wait here until they are delivered. Safe to call from the sandbox and from the delivering thread at once."""

    def __init__(self, clock: SandboxClock, zone: tzinfo) -> None:
        self.settings = WebhookSettings()
        self._clock, self._zone = clock, zone
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self._messages: list[_Message] = []
        self._trouble = _Trouble()
        self._lock = threading.Lock()
        self._delivering = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, kind: str, action: str, object_id: int, at: datetime) -> None:
        """`date` has microseconds and no zone; it is read in the tenant's."""
        moment = at.astimezone(self._zone).replace(microsecond=self._clock.now().microsecond)
        date = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        with self._lock:
            self._events.append({"type": kind, "action": action, "date": date, "id": object_id})

    @property
    def waiting(self) -> Sequence[dict[str, Any]]:
        with self._lock:
            return list(self._events)

    @property
    def deliveries(self) -> Sequence[Delivery]:
        with self._lock:
            return list(self._trouble.deliveries)

    def drop(self, count: int) -> None:
        with self._lock:
            self._trouble.drops += count

    def duplicate(self, count: int) -> None:
        with self._lock:
            self._trouble.duplicates += count

    def discard(self) -> None:
        with self._lock:
            self._events.clear()
            self._messages.clear()

    # --- delivering -------------------------------------------------------------------------------------------------
    def deliver(self, send: Send | None = None) -> list[Delivery]:
        """Send what waits and what is due again; `send` takes the place of the network. Nothing is sent without either."""
        if send is None and not self.settings.url:
            return []
        with self._delivering:
            return [delivery for message in self._due() for delivery in self._attempt(message, send or self._post)]

    def _due(self) -> list[_Message]:
        now = self._clock.now()
        with self._lock:
            while self._events:
                size = min(self.settings.max_events, len(self._events))
                batch = [self._events.popleft() for _ in range(size)]
                self._messages.append(_Message(body=form_body({"events": batch}), due_at=now))
            due = [message for message in self._messages if message.due_at <= now]
            self._messages = [message for message in self._messages if message.due_at > now]
        return due

    def _attempt(self, message: _Message, send: Send) -> list[Delivery]:
        message.attempts += 1
        with self._lock:
            dropped, copies = self._trouble.drops > 0, 1
            if dropped:
                self._trouble.drops -= 1
            elif self._trouble.duplicates > 0:
                self._trouble.duplicates -= 1
                copies = 2
        made = [self._delivery(message, None if dropped else send) for _ in range(copies)]
        with self._lock:
            self._trouble.deliveries.extend(made)
            if not made[0].ok and not dropped and message.attempts <= self.settings.retries:
                message.due_at = self._clock.now() + timedelta(seconds=RETRY_DELAYS_SECONDS[message.attempts - 1])
                self._messages.append(message)
        return made

    def _delivery(self, message: _Message, send: Send | None) -> Delivery:
        now = self._clock.now()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Centra-Signature": signature(message.body, secret=self.settings.secret, timestamp=int(now.timestamp())),
        }
        status: int | None = None
        if send is not None:
            try:
                status = send(message.body, headers)
            except OSError:
                status = None  # no answer counts as a failure, like any status outside 2xx
        return Delivery(
            at=now, body=message.body, headers=headers, attempt=message.attempts, status=status, dropped=send is None
        )

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        parts = urlsplit(self.settings.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=self.settings.timeout_seconds)
        try:
            connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    # --- running live -----------------------------------------------------------------------------------------------
    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="sandbox-centra-webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.deliver()
