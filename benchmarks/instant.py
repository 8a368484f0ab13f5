"""A platform that answers at once: what is left of an order is the hub's own work.

Its connector goes through the real `Http` — gate, budget, fence, redaction, record of the call — and only the network is
replaced, by a transport that answers from memory.
"""

import json
import os
import threading
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from connectors.base import Account, Capability, CheckReport, Connector
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order, TargetLine, TargetOrder, TargetState
from connectors.http import Http, Limit, Redaction
from connectors.transport import Incoming, Outgoing

BASE_URL = "https://instant.example.com"
_COSTS = {"requests": 1}


class InstantTransport:
    """Orders in this process's memory; each is forgotten once it is confirmed and read, so that memory stays flat."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, dict[str, Any]] = {}
        self._count = 0
        self.created = 0

    def send(self, outgoing: Outgoing) -> Incoming:
        parts = urlsplit(outgoing.url)
        sent = json.loads(outgoing.body) if outgoing.body else {}
        number = parts.path.removeprefix("/orders").strip("/").removesuffix("/confirm")
        with self._lock:
            if outgoing.method == "POST":
                answer = self._confirm(number) if number else self._create(sent)
            elif number:
                answer = {"order": self._orders.get(number)}
            else:
                answer = {"orders": self._of_reference(parse_qs(parts.query)["reference"][0])}
        body = json.dumps(answer).encode()
        return Incoming(status=200, headers={"Content-Type": "application/json"}, body=body)

    def _create(self, sent: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        self.created += 1
        number = f"{os.getpid()}-{self._count}"
        self._orders[number] = {**sent, "number": number, "status": "PENDING"}
        return {"order": self._orders[number]}

    def _confirm(self, number: str) -> dict[str, Any]:
        return {"order": {**self._orders.pop(number), "status": "CONFIRMED"}}

    def _of_reference(self, reference: str) -> list[dict[str, Any]]:
        return [order for order in self._orders.values() if order["reference"] == reference]


TRANSPORT = InstantTransport()


class InstantConnector(Connector):
    platform = "instant"
    label = "Instant"
    capabilities: ClassVar[Mapping[Capability, bool]] = {
        capability: capability is Capability.CREATE_ORDERS for capability in Capability
    }

    @classmethod
    def limits(cls, account: Account) -> tuple[Limit, ...]:
        """Far more than any run makes: the budget is asked and counted, and never in the way."""
        return (
            Limit(bucket="requests", calls=1_000_000, seconds=10, source="none: a benchmark"),
            Limit(bucket="requests", calls=10_000_000, seconds=3600, source="none: a benchmark"),
        )

    @cached_property
    def http(self) -> Http:
        secrets = tuple(self.account.credentials.values())
        headers = {"Authorization": f"Bearer {self.account.credentials['token']}"}
        return Http(
            base_url=self.account.base_url,
            gate=self.gate,
            name=self.label,
            headers=headers,
            redact=Redaction(secrets=secrets),
            transport=TRANSPORT,
        )

    def check(self) -> CheckReport:
        return CheckReport(findings=())

    def find_orders(self, reference: str) -> tuple[TargetOrder, ...]:
        answer = self.http.request(
            "GET", "/orders", operation="findOrders", write=False, params={"reference": reference}, costs=_COSTS
        )
        return tuple(map(_target_order, answer.json()["orders"]))

    def read_order(self, external_id: str) -> TargetOrder | None:
        answer = self.http.request("GET", f"/orders/{external_id}", operation="readOrder", write=False, costs=_COSTS)
        found = answer.json()["order"]
        return _target_order(found) if found else None

    def send_order(self, order: Order, options: OrderOptions) -> str:
        answer = self.http.request(
            "POST", "/orders", operation="createOrder", write=True, json=_built(order, options), costs=_COSTS
        )
        return str(answer.json()["order"]["number"])

    def finish_order(self, existing: TargetOrder, order: Order, options: OrderOptions, *, confirm: bool) -> None:
        if confirm and existing.state is TargetState.PENDING:
            path = f"/orders/{existing.external_id}/confirm"
            self.http.request("POST", path, operation="confirmOrder", write=True, costs=_COSTS)


def _built(order: Order, options: OrderOptions) -> dict[str, Any]:
    address = order.shipping_address
    return {
        "reference": order.reference,
        "currency": order.currency,
        "market": options.market,
        "shipping_option": options.shipping_option,
        "email": options.email,
        "attributes": dict(options.attributes),
        "total": order.total.amount,
        "shipping": order.shipping.amount,
        "tax": order.tax.amount,
        "address": None
        if address is None
        else {
            "name": f"{address.first_name} {address.last_name}",
            "street": list(address.street),
            "postal_code": address.postal_code,
            "city": address.city,
            "country": address.country,
            "phone": address.phone,
        },
        "lines": [
            {
                "id": line.line_id,
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": line.unit_price.amount,
                "line_total": line.line_total.amount,
            }
            for line in order.open_lines
        ],
    }


def _target_order(found: Mapping[str, Any]) -> TargetOrder:
    def money(value: Any) -> Money:
        return Money(Decimal(str(value)), found["currency"])

    return TargetOrder(
        external_id=found["number"],
        reference=found["reference"],
        state=TargetState(found["status"]),
        target_state=found["status"],
        total=money(found["total"]),
        shipping=money(found["shipping"]),
        tax=money(found["tax"]),
        lines=tuple(
            TargetLine(
                line_id=line["id"],
                sku=line["sku"],
                quantity=line["quantity"],
                unit_price=money(line["unit_price"]),
                line_total=money(line["line_total"]),
            )
            for line in found["lines"]
        ),
    )
