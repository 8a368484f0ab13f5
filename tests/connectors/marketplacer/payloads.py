"""Payload files, and a network that plays back answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.base import Account
from connectors.transport import Incoming, Outgoing

PAYLOADS = Path(__file__).parents[2] / "payloads" / "marketplacer"
CONTRACT = Path(__file__).parents[2] / "contracts" / "marketplacer.graphql"


def payload(name: str) -> Any:
    """A fresh copy of a payload as the client would hand it on."""
    return json.loads((PAYLOADS / f"{name}.json").read_text(), parse_float=Decimal)["payload"]


def make_account(**credentials: str) -> Account:
    return Account(
        name="Maison Nord",
        base_url="https://demo-market.example",
        credentials={"api_key": "k-123-secret", **credentials},
        settings={"currency": "AUD"},
    )


def answered(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Incoming:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Incoming(status=status, headers=dict(headers or {}), body=raw)


@dataclass
class Network:
    """Plays back answers in order and keeps what was sent."""

    answers: list[Incoming] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> Incoming:
        self.sent.append(outgoing)
        return self.answers.pop(0)

    def queries(self) -> list[str]:
        return [json.loads(item.body or b"{}")["query"] for item in self.sent]
