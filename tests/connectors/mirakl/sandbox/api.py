"""A shop's bare HTTP client: what a connector sends, without a connector."""

from decimal import Decimal
from typing import Any

import requests

from connectors.mirakl.sandbox import MiraklSandbox
from tests.contracts import contract

# Two lines, 104.70 in all: 2 x 49.90 + 4.90 shipping with 25 % inside, and 10.00 with 25 % inside.
LINES = (
    {"sku": "TEE-BLK-M", "title": "Tee, black, M", "quantity": 2, "price": "49.90", "shipping": "4.90"},
    {"sku": "CAP-RED", "title": "Cap, red", "quantity": 1, "price": "10.00"},
)


class Shop:
    """Speaks to one sandbox with its API key. Answers of 2xx are held against the contract as they pass."""

    def __init__(self, sandbox: MiraklSandbox, *, key: str | None = None) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers.update({"Authorization": key or sandbox.api_key, "Accept": "application/json"})

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        response = self.session.request(method, self.sandbox.base_url + path, timeout=10, **options)
        code = self.sandbox.journal.entries()[-1].operation
        if response.ok and response.headers.get("Content-Type") == "application/json" and code != "V01":
            assert contract("mirakl").answer_problems(code, response.status_code, response.json()) == []
        return response

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def put(self, path: str, body: Any = None) -> requests.Response:
        return self.call("PUT", path) if body is None else self.call("PUT", path, json=body)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.call("POST", path, json=body)

    def upload(self, path: str, file: str, **fields: str) -> requests.Response:
        return self.call("POST", path, files={"file": ("import.csv", file.encode(), "text/csv")}, data=fields)

    # --- short forms ----------------------------------------------------------------------------------------------
    def orders(self, **query: Any) -> list[dict[str, Any]]:
        response = self.get("/api/orders", **query)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json(parse_float=Decimal)["orders"]
        return found

    def ids(self, **query: Any) -> list[str]:
        return [order["order_id"] for order in self.orders(**query)]

    def order(self, order_id: str, **query: Any) -> dict[str, Any]:
        (found,) = self.orders(order_ids=order_id, **query)
        return found

    def accept(self, order_id: str, *accepted: bool) -> requests.Response:
        lines = [
            {"id": f"{order_id}-{index}", "accepted": each} for index, each in enumerate(accepted or (True, True), 1)
        ]
        return self.put(f"/api/orders/{order_id}/accept", {"order_lines": lines})

    def refund(self, *entries: dict[str, Any], mode: str = "TAX_INCLUDED") -> requests.Response:
        return self.put("/api/orders/refund", {"order_tax_mode": mode, "refunds": list(entries)})


def refund_entry(line_id: str, amount: str | int | float, **changes: Any) -> dict[str, Any]:
    blank = {"shipping_amount": 0, "quantity": 0, "reason_code": "15", "currency_iso_code": "EUR"}
    return {"order_line_id": line_id, "amount": amount, **blank, **changes}


def refusal(response: requests.Response) -> tuple[int, str]:
    """Status and message; the status is echoed in the body."""
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["message"]
