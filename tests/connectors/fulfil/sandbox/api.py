"""A caller of the sandbox that knows nothing of the connector: requests as the vendor's own client sends them."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from connectors.fulfil.sandbox import FulfilSandbox
from connectors.fulfil.sandbox.server import API_KEY
from connectors.sandboxkit import Reply, SandboxRequest
from tests.contracts import contract

CONTRACT = contract("fulfil", closed=False)
MODELS = CONTRACT.document["x-model-schemas"]


@dataclass
class Api:
    sandbox: FulfilSandbox
    headers: dict[str, str] = field(default_factory=lambda: {"x-api-key": API_KEY})

    def ask(self, method: str, path: str, body: Any = None, *, query: dict[str, Any] | None = None) -> Reply:
        """No Content-Type, as the vendor's client sends none."""
        raw = urlencode(
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in (query or {}).items()}
        )
        request = SandboxRequest(
            method=method,
            path=f"/api/v2{path}",
            query=parse_qs(raw, keep_blank_values=True),
            raw_query=raw,
            headers=self.headers,
            body=b"" if body is None else json.dumps(body).encode(),
        )
        reply, _ = self.sandbox.respond(request)
        assert reply is not None
        return reply

    def call(self, model: str, method: str, *arguments: Any, context: Any = None) -> Any:
        """A method's answer, which must be a success."""
        reply = self.ask("PUT", f"/model/{model}/{method}", list(arguments), query={"context": context or {}})
        assert reply.status == 200, reply.body
        return json.loads(reply.encoded())

    def refused(self, model: str, method: str, *arguments: Any, status: int = 400) -> dict[str, Any]:
        """What a refusal says; its form must be the documented one."""
        reply = self.ask("PUT", f"/model/{model}/{method}", list(arguments))
        assert reply.status == status, reply.body
        told: dict[str, Any] = json.loads(reply.encoded())
        if status < 500:
            assert CONTRACT.answer_problems("search", status, told) == []
        return told


def record_problems(model: str, record: dict[str, Any]) -> list[str]:
    """Where a record breaks the contract's schema of its model."""
    return CONTRACT.problems({"$ref": MODELS[model]}, record)


def amount(value: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": value}


def order(identifier: str = "CE-10045", **changes: Any) -> dict[str, Any]:
    """The reference's example of an order."""
    address = {"name": "Alice", "address1": "Storgatan 1", "city": "Göteborg", "zip": "41101", "country_code": "SE"}
    tax = {"name": "SE VAT 25", "rate": amount("0.25")}
    return {
        "channel_identifier": identifier,
        "reference": identifier,
        "confirmed_at": "2026-01-15T09:15:00Z",
        "customer": {"name": "Alice", "contacts": [["email", "alice@example.com"]]},
        "billing_address": address,
        "shipping_address": address,
        "sale_lines": [
            {"channel_identifier": "L1", "sku": "TEE-M", "quantity": 2, "unit_price": amount("159.20"),
             "amount": amount("318.40"), "tax_lines": [{**tax, "amount": amount("79.60")}]}
        ],
        "shipping_lines": [
            {"channel_identifier": "S1", "description": "Standard", "amount": amount("39.20"),
             "tax_lines": [{**tax, "amount": amount("9.80")}]}
        ],
        "payments": [{"method": "adyen", "amount": amount("447.00"), "provider_reference": "PSP-77", "state": "success"}],
        "amount": amount("447.00"),
        "currency_code": "SEK",
        "status": "pending",
        "financial_status": "paid",
        "fulfillment_status": "unshipped",
        **changes,
    }  # fmt: skip
