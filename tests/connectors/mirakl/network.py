"""A network that plays back answers, for what a sandbox does not do; and an account to call it with."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.base import Account
from connectors.transport import Incoming, Outgoing
from tests.connectors.mirakl.payloads import FOLDER


def account(**settings: Any) -> Account:
    return Account(
        name="Maison Nord",
        base_url="https://maisonnord-prod.mirakl.net",
        credentials={"api_key": "key-4f1c9a7e"},
        settings={"shop_id": 2054, **settings},
    )


def answer(body: Any = None, *, status: int = 200, headers: dict[str, str] | None = None) -> Incoming:
    """A body of None is an empty one, a str goes as it is, anything else as JSON."""
    raw = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body, default=float).encode()
    return Incoming(status=status, headers={"Content-Type": "application/json", **(headers or {})}, body=raw)


def payload_answer(name: str, *, status: int = 200) -> Incoming:
    """A payload file, byte for byte."""
    return answer((FOLDER / f"{name}.json").read_text(encoding="utf-8"), status=status)


def orders_answer(*orders: Any, total: int | None = None) -> Incoming:
    return answer({"orders": list(orders), "total_count": len(orders) if total is None else total})


@dataclass
class Network:
    """Answers in order; a call without one fails the test, and so does an answer nobody fetched."""

    answers: list[Incoming] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> Incoming:
        self.sent.append(outgoing)
        assert self.answers, f"nobody expected {outgoing.method} {outgoing.url}"
        return self.answers.pop(0)

    def put(self, *answers: Incoming) -> None:
        self.answers.extend(answers)

    @property
    def requests(self) -> list[str]:
        """ "PUT /api/orders/MN-88210-A/accept", in order."""
        return [f"{outgoing.method} {urlsplit(outgoing.url).path}" for outgoing in self.sent]

    @property
    def last(self) -> Outgoing:
        return self.sent[-1]


def query_of(outgoing: Outgoing) -> dict[str, list[str]]:
    return parse_qs(urlsplit(outgoing.url).query, keep_blank_values=True)


def body_of(outgoing: Outgoing) -> Any:
    return json.loads(outgoing.body or b"null", parse_float=Decimal)
