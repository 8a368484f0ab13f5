"""The one documented webhook: a product's stock changed. Signed, retried, and archived after 19 failures in a row.

X-Fulfil-Hmac-SHA256 = base64(HMAC-SHA256(key = the base64-decoded secret, raw body)).
"""

import base64
import hashlib
import hmac
import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from connectors.sandboxkit import SandboxClock

EVENT = "product.product.inventory_level_changed"
SECRET = base64.b64encode(b"sandbox-webhook-secret-32-bytes!").decode()
TIMEOUT_SECONDS = 5
MOST_FAILURES = 19
RETRY_SECONDS = 48 * 3600 / MOST_FAILURES  # 19 retries over 48 hours; how they are spread is not published

Send = Callable[[bytes, dict[str, str]], int]


def signature(body: bytes, *, secret: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(secret), body, hashlib.sha256).digest()).decode()


@dataclass(kw_only=True)
class Message:
    body: bytes
    due_at: datetime
    failures: int = 0


@dataclass
class Webhooks:
    clock: SandboxClock
    secret: str = SECRET
    organization: str = "northgate"
    url: str = ""
    archived: bool = False
    waiting: list[Message] = field(default_factory=list)
    delivered: list[Message] = field(default_factory=list)
    lock: threading.Lock = field(
        default_factory=threading.Lock
    )  # told of by requests, delivered by a thread of its own

    def note(self, event: dict[str, Any]) -> None:
        """Keep an event for delivery; nobody is told before an address is set."""
        if not self.url or self.archived:
            return
        with self.lock:
            self.waiting.append(Message(body=json.dumps([event]).encode(), due_at=self.clock.now()))

    def headers(self, body: bytes) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "X-Fulfil-Event": EVENT,
            "X-Fulfil-Organization": self.organization,
            "X-Fulfil-Hmac-SHA256": signature(body, secret=self.secret),
        }

    def deliver(self, send: Send | None = None) -> int:
        """Send what is due; how many were taken. 2xx only is taken: a 3xx counts as a failure."""
        now, taken = self.clock.now(), 0
        with self.lock:
            due = [message for message in self.waiting if message.due_at <= now]
            self.waiting = [message for message in self.waiting if message.due_at > now]
        for message in due:
            try:
                fine = 200 <= (send or self._post)(message.body, self.headers(message.body)) < 300
            except OSError:
                fine = False
            taken += fine
            with self.lock:
                self._settle(message, fine=fine)
        return taken

    def _settle(self, message: Message, *, fine: bool) -> None:
        if fine:
            self.delivered.append(message)
            return
        message.failures += 1
        if message.failures >= MOST_FAILURES:
            self.archived = True  # silently: nobody is told
            self.waiting.clear()
            return
        message.due_at = self.clock.now() + timedelta(seconds=RETRY_SECONDS)
        self.waiting.append(message)

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", parts.path or "/", body, headers)
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
