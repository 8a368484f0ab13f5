"""A supplier's or a retailer's bare HTTP client: what a connector sends, without a connector."""

from typing import Any

import requests

from connectors.virtualstock.sandbox import VirtualstockSandbox


class Client:
    """Speaks to one sandbox with a token of its own."""

    def __init__(self, sandbox: VirtualstockSandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers.update({"Authorization": f"Bearer {self.sign_in()['access']}"})

    def sign_in(self) -> dict[str, str]:
        body = self.sandbox.credentials()
        answer: dict[str, str] = requests.post(
            f"{self.sandbox.base_url}/restapi/v4/token", json=body, timeout=10
        ).json()
        return answer

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.sandbox.base_url + path, timeout=10, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.call("POST", path, json=body)

    def patch(self, path: str, body: Any) -> requests.Response:
        return self.call("PATCH", path, json=body)

    def act(self, reference: str, action: str, *items: dict[str, Any]) -> requests.Response:
        number = self.sandbox.edge.order_by_reference(reference).number
        return self.post(f"/restapi/v4/orders/{number}/{action}/?format=json", {"items": list(items)})


def item(line: str = "501", sku: str = "NV1001-410-M", quantity: int | str = 2, **more: Any) -> dict[str, Any]:
    return {"part_number": sku, "line_ref": line, "quantity": quantity, **more}


def parcel(line: str = "501", sku: str = "NV1001-410-M", quantity: int = 2, **more: Any) -> dict[str, Any]:
    sent = {"carrier": "dpd", "supplier_dispatch_date": "2026-01-15", "tracking_number": "1550"}
    return item(line, sku, quantity, **{**sent, **more})
