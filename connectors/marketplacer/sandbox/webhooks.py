"""Webhooks as the platform sends them: the body is the answer to a query of the receiver's, told in sequence, retried.

A 2xx within 30 seconds is done. A time-out, a network error, 5xx and 429 are tried again; any other answer fails at once
and switches the webhook off. Source: D:webhooks/webhookretries; headers of the vendor's sample receiver.
"""

import base64
import hashlib
import hmac
import http.client
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from connectors.sandboxkit import SandboxClock

Send = Callable[[bytes, dict[str, str]], int]  # raw body and headers → the receiver's status
Run = Callable[[str, str], dict[str, Any]]  # query and object id → GraphQL answer

DEFAULT_QUERY = "query ($id: ID!) { node(id: $id) { __typename } }"
LEAST_SECONDS, MOST_SECONDS = 60, 4 * 86_400
LONGEST_DAYS = 30
SECONDS_TO_ANSWER = 30
POLL_SECONDS = 0.2
KLASSES = {
    "Invoice": "INVOICE", "InvoiceAnnotation": "INVOICE_ANNOTATION", "Shipment": "SHIPMENT", "Advert": "ADVERT",
    "Variant": "VARIANT", "RefundRequest": "REFUND_REQUEST", "RefundRequestLineItem": "REFUND_REQUEST_LINE_ITEM",
}  # fmt: skip


@dataclass(kw_only=True)
class Webhook:
    """One webhook as it is entered in the portal."""

    url: str
    type: str  # INVOICE, SHIPMENT, …
    events: tuple[str, ...] = ()  # create, update, destroy; none = all
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = DEFAULT_QUERY
    hmac_key: str = ""  # operators only
    retries: int = 25
    allow_skip: bool = False  # a body that was sent before is not sent again
    enabled: bool = True
    last_body: bytes = b""


@dataclass(kw_only=True)
class Message:
    webhook: Webhook
    sequence: int
    body: bytes
    made_at: datetime
    due_at: datetime
    attempts: int = 0
    state: str = "Unsent"  # Sent, Rejected (between retries), Failed, Cancelled


class Webhooks:
    def __init__(self, clock: SandboxClock, *, vertical: str, run: Run) -> None:
        self._clock, self._run, self.vertical = clock, run, vertical
        self.webhooks: list[Webhook] = []
        self.messages: list[Message] = []
        self.backwards = False  # the next deliveries go out newest first
        self.copies = 1
        self._lost = 0
        self._sequence = 2551
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def lose(self, count: int) -> None:
        """The next `count` events take a number and are never sent: a gap."""
        self._lost += count

    def note(self, kind: str, event: str, key: str) -> None:
        """An object changed. Its webhooks' queries are run now."""
        klass = KLASSES.get(kind)
        for webhook in self.webhooks:
            if webhook.enabled and webhook.type == klass and (not webhook.events or event in webhook.events):
                self._make(webhook, event, key)

    def _make(self, webhook: Webhook, event: str, key: str) -> None:
        answer = self._run(webhook.query, key) if event != "destroy" else {"data": {"node": None}}
        payload = {"errors": answer["errors"]} if "errors" in answer else answer
        bare = json.dumps(payload).encode()
        if webhook.allow_skip and bare == webhook.last_body:
            return
        webhook.last_body = bare
        self._sequence += 1
        if self._lost:
            self._lost -= 1
            return
        identity = base64.b64encode(f"WebhookEvent-{self._sequence}".encode()).decode("ascii")
        body = json.dumps({"id": identity, "event_name": event, "payload": payload}).encode()
        now = self._clock.now()
        with self._lock:
            self.messages.append(Message(webhook=webhook, sequence=self._sequence, body=body, made_at=now, due_at=now))

    def headers(self, message: Message) -> dict[str, str]:
        name = f"{self.vertical}:{message.sequence}"
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Marketplacer Client/1.0.0",
            "Idempotency-Key": base64.b64encode(name.encode()).decode("ascii"),
            "Marketplacer-Sequence": str(message.sequence),
            "Marketplacer-Vertical": self.vertical,
            **message.webhook.headers,
        }
        if message.webhook.hmac_key:
            digest = hmac.new(message.webhook.hmac_key.encode(), message.body, hashlib.sha256).digest()
            headers["Marketplacer-Hmac-256"] = base64.b64encode(digest).decode("ascii")
        return headers

    # --- delivering -------------------------------------------------------------------------------------------------
    def deliver(self, send: Send | None = None) -> list[Message]:
        """Send what is due: over the network, or through `send`. Returns what was tried."""
        now = self._clock.now()
        with self._lock:
            due = [item for item in self.messages if item.state in ("Unsent", "Rejected") and item.due_at <= now]
        due.sort(key=lambda item: item.sequence, reverse=self.backwards)
        for message in due:
            if message.webhook.enabled:
                for _ in range(self.copies):
                    self._attempt(message, send)
            else:
                message.state = "Cancelled"
        return due

    def _attempt(self, message: Message, send: Send | None) -> None:
        message.attempts += 1
        try:
            headers = self.headers(message)
            status = send(message.body, headers) if send else _post(message.webhook.url, message.body, headers)
        except OSError:
            status = 0
        if 200 <= status < 300:
            message.state = "Sent"
        elif status in (0, 429) or status >= 500:
            self._again(message)
        else:
            message.state, message.webhook.enabled = "Failed", False

    def _again(self, message: Message) -> None:
        seconds = min(max(message.attempts**4, LEAST_SECONDS), MOST_SECONDS)
        message.due_at = self._clock.now() + timedelta(seconds=seconds)
        too_late = message.due_at > message.made_at + timedelta(days=LONGEST_DAYS)
        message.state = "Failed" if message.attempts > message.webhook.retries or too_late else "Rejected"

    # --- running live -----------------------------------------------------------------------------------------------
    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run_live, name="sandbox-marketplacer-webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run_live(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.deliver()


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=SECONDS_TO_ANSWER)
    try:
        connection.request(
            "POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, dict(headers)
        )
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
