"""What an integration does over the wire, for tests of the sandbox."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from connectors.centra.sandbox import CentraSandbox
from tests.connectors.centra.sandbox import operations

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # 10:00 in Stockholm

ADDRESS = {
    "email": "k7f2@relay.example.com",
    "country": "GB",
    "firstName": "Alice",
    "lastName": "Ashworth",
    "address": "4 Mill Lane",
    "zipcode": "LS1 4AB",
    "city": "Leeds",
    "tele": "+447700900123",
}


@dataclass
class Api:
    sandbox: CentraSandbox
    http: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    def __post_init__(self) -> None:
        self.token = self.token or self.sandbox.credentials()["token"]

    def post(self, query: str, *, name: str | None = None, **variables: Any) -> requests.Response:
        body = {"query": query, "variables": variables, "operationName": name}
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.post(f"{self.sandbox.base_url}/graphql", json=body, headers=headers, timeout=5)

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = self.post(query, **variables).json()
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def mutate(self, query: str, **variables: Any) -> dict[str, Any]:
        """The payload of a document's only mutation."""
        (payload,) = self.ask(query, **variables).values()
        return payload

    def done(self, query: str, **variables: Any) -> dict[str, Any]:
        """The same, and nothing was refused or warned of."""
        payload = self.mutate(query, **variables)
        assert payload["userErrors"] == []
        assert payload["userWarnings"] == []
        return payload

    def refused(self, query: str, **variables: Any) -> str:
        """The message of a mutation that was refused."""
        payload = self.mutate(query, **variables)
        (error,) = payload["userErrors"]
        assert payload["userWarnings"] == []
        return error["message"]

    def errors(self, query: str, **variables: Any) -> list[dict[str, Any]]:
        return self.post(query, **variables).json()["errors"]

    def order(self, number: int) -> dict[str, Any]:
        (found,) = self.ask(operations.READ_ORDER, number=number)["orders"]
        return found

    def rest(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> requests.Response:
        credentials = self.sandbox.credentials()
        headers = {"API-Authorization": credentials["order_api_key"] if key is None else key}
        url = f"{self.sandbox.base_url}{credentials['order_api_path']}{path}"
        return self.http.request(method, url, json=body, headers=headers, timeout=5)

    def create(self, *products: tuple[str, int, str] | dict[str, Any], **fields: Any) -> dict[str, Any]:
        """POST /order as an integration should: no vouchers, no mail, prices given."""
        lines = [_product(item) for item in products]
        body = {"address": ADDRESS, "products": lines, "applyVouchers": False, "sendEmail": False, **fields}
        return self.rest("POST", "/order", body).json()

    def placed(self, *products: tuple[str, int, str] | dict[str, Any], **fields: Any) -> int:
        answer = self.create(*products, **fields)
        assert answer["status"] == "ok", answer
        (number,) = answer["orders"]
        return int(number)

    def confirmed(self, *products: tuple[str, int, str] | dict[str, Any], **fields: Any) -> int:
        number = self.placed(*products, **fields)
        self.done(operations.CONFIRM, number=number)
        return number


def _product(item: tuple[str, int, str] | dict[str, Any]) -> dict[str, Any]:
    if isinstance(item, dict):
        return item
    sku, quantity, price = item
    return {"sku": sku, "qty": quantity, "unitPrice": price, "originalPrice": price}
