"""A platform that answers at once, from memory: what is left of an order is the hub's own work.

Its two writes pass the real gate (budget, own deadline, fence) and are recorded, as the write protocol wants; its reads
answer straight away. With the setting `through_http` every call goes through the real `Http` instead, reads too, and only
the network is replaced: what the call layer costs is the difference.
"""

import json
import os
import threading
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from connectors import ports
from connectors.base import Account, Capability, CheckReport, Connector
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order, TargetLine, TargetOrder, TargetState
from connectors.http import Call, Exchange, Http, Limit, Redaction
from connectors.transport import Incoming, Outgoing

BASE_URL = "https://instant.example.com"
THROUGH_HTTP = "through_http"
_COSTS = {"requests": 1}


class Memory:
    """Orders of this process; each is forgotten once it is confirmed, so that memory stays flat."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, dict[str, Any]] = {}
        self._count = 0

    def answer(self, method: str, path: str, sent: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
        number = path.removeprefix("/orders").strip("/").removesuffix("/confirm")
        with self._lock:
            if method == "POST":
                return {"order": self._confirm(number) if number else self._create(sent)}
            if number:
                return {"order": self._orders.get(number)}
            return {"orders": [order for order in self._orders.values() if order["reference"] == query["reference"]]}

    def _create(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        self._count += 1
        number = f"{os.getpid()}-{self._count}"
        self._orders[number] = {**sent, "number": number, "status": "PENDING"}
        return self._orders[number]

    def _confirm(self, number: str) -> dict[str, Any]:
        return {**self._orders.pop(number), "status": "CONFIRMED"}


class InstantTransport:
    """The network, answered by the memory."""

    def send(self, outgoing: Outgoing) -> Incoming:
        parts = urlsplit(outgoing.url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = MEMORY.answer(outgoing.method, parts.path, json.loads(outgoing.body or b"{}"), query)
        return Incoming(status=200, headers={"Content-Type": "application/json"}, body=json.dumps(answer).encode())


MEMORY = Memory()


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

    @classmethod
    def budget_key(cls, account: Account) -> str:
        return f"{cls.platform}:{account.name}"

    @cached_property
    def http(self) -> Http:
        return Http(
            base_url=self.account.base_url,
            gate=self.gate,
            name=self.label,
            headers={"Authorization": f"Bearer {self.account.credentials['token']}"},
            redact=Redaction(secrets=tuple(self.account.credentials.values())),
            transport=InstantTransport(),
        )

    def check(self) -> CheckReport:
        return CheckReport(findings=())

    def find_orders(self, reference: str) -> tuple[TargetOrder, ...]:
        answer = self._ask("GET", "/orders", operation="findOrders", query={"reference": reference})
        return tuple(map(_target_order, answer["orders"]))

    def read_order(self, external_id: str) -> TargetOrder | None:
        found = self._ask("GET", f"/orders/{external_id}", operation="readOrder")["order"]
        return _target_order(found) if found else None

    def send_order(self, order: Order, options: OrderOptions) -> str:
        answer = self._ask("POST", "/orders", operation="createOrder", sent=_built(order, options))
        return str(answer["order"]["number"])

    def finish_order(self, existing: TargetOrder, order: Order, options: OrderOptions, *, confirm: bool) -> None:
        if confirm and existing.state is TargetState.PENDING:
            self._ask("POST", f"/orders/{existing.external_id}/confirm", operation="confirmOrder")

    def _ask(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        sent: dict[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        write = method == "POST"
        if self.account.settings.get(THROUGH_HTTP):
            answer = self.http.request(
                method, path, operation=operation, write=write, json=sent, params=query, costs=_COSTS
            )
            return answer.json()
        if write:
            return self._write(path, operation=operation, sent=sent or {})
        return MEMORY.answer(method, path, {}, query or {})

    def _write(self, path: str, *, operation: str, sent: dict[str, Any]) -> dict[str, Any]:
        call = Call(operation=operation, write=True, method="POST", url=f"{BASE_URL}{path}", costs=_COSTS)
        self.gate.before_call(call)
        began = ports.now()
        answer = MEMORY.answer("POST", path, sent, {})
        self.gate.after_call(
            Exchange(
                call=call,
                request_headers={},
                request_body=str(sent),
                status=200,
                response_headers={},
                response_body=str(answer),
                started_at=began,
                seconds=(ports.now() - began).total_seconds(),
            )
        )
        return answer


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
