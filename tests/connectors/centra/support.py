"""What the tests of the Centra connector share: an account, payload files, and a network that plays back answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.base import Account
from connectors.transport import BrokenOffError, Incoming, NotSentError, Outgoing

PAYLOADS = Path(__file__).parents[2] / "payloads" / "centra"


def payload(name: str) -> Any:
    """A fresh copy of a payload as the client would hand it on."""
    return json.loads((PAYLOADS / f"{name}.json").read_text(), parse_float=Decimal)["payload"]


def answer(data: Mapping[str, Any] | None = None, *, status: int = 200, **more: Any) -> Incoming:
    """A GraphQL answer; `more`: errors, extensions."""
    body = {**({} if data is None else {"data": data}), "extensions": {"complexity": 10}, **more}
    return plain(body, status=status)


def plain(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Incoming:
    raw = body if isinstance(body, bytes) else json.dumps(body, default=_number).encode()
    return Incoming(status=status, headers={"Content-Type": "application/json", **(headers or {})}, body=raw)


def _number(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


@dataclass
class Network:
    """Answers in the order they were put in; a request without an answer fails the test."""

    answers: list[Incoming | BrokenOffError | NotSentError] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> Incoming:
        self.sent.append(outgoing)
        assert self.answers, f"nobody expected {outgoing.method} {outgoing.url}"
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def put(self, *answers: Incoming | BrokenOffError | NotSentError) -> None:
        self.answers.extend(answers)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(outgoing.body or b"null", parse_float=Decimal) for outgoing in self.sent]

    @property
    def documents(self) -> list[str]:
        """The names of the GraphQL documents sent, in order."""
        return [body["operationName"] for body in self.bodies]


def make_account(**settings: Any) -> Account:
    return Account(
        name="Northgate",
        base_url="https://northgate.centra.com",
        credentials={
            "token": "integration-token-1",
            "order_api_key": "order-api-key-1",
            "webhook_secret": "test123",
            "webhook_secret_previous": "test122",
        },
        settings={"order_api_path": "api/marketplace", "warehouse_ids": "1, 2, 3", **settings},
        timezone="Europe/Stockholm",
    )
