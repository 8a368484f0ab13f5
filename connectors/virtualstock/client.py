"""Virtualstock's paths, signing in, paging and call limit. Answers come back as Virtualstock sent them.

Orders live under /restapi/v4, products under /api/v4; collection paths end with a slash, or a POST answers 405.
Operation names are those of our contract. Source: the vendor's Postman collection, v4, read 2026-01.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import Account
from connectors.canonical.errors import ConfigurationError
from connectors.canonical.payload import JSON
from connectors.http import Gate, HostRule, Http, Limit, Response, path_segment
from connectors.redaction import Redaction
from connectors.virtualstock.refusals import CREDENTIALS, refusal
from connectors.virtualstock.tokens import Identity, QuietGate

ORDERS = "/restapi/v4/orders/"
RETURNS = "/restapi/v4/returns/"
PRODUCTS = "/api/v4/products/"
CATEGORIES = "/api/v4/categories/"
INVOICES = "/api/v4/invoices/"
PAGE_SIZE = 100  # the largest that examples show; no maximum is documented
CARRIERS_AT_ONCE = 1000  # as integrators ask; the answer is a bare list without pages
DEFAULT_CALLS = 150  # one retailer's figure; the vendor's own is 250
MINUTE = 60
REQUESTS, CATALOGUE = "requests", "catalogue"
ACTIONS: Mapping[str, str] = {
    "acknowledge": "acknowledgeOrder",
    "backorder": "backorderOrder",
    "dispatch": "dispatchOrder",
    "cancel_acknowledge": "acknowledgeCancellation",
}


class VirtualstockClient:
    """One account's calls. Safe to share between threads."""

    def __init__(self, account: Account, *, gate: Gate) -> None:
        secrets = tuple(filter(None, account.credentials.values()))
        self._http = _http(account, gate=gate, secrets=secrets)
        self._identity = Identity(account, _http(account, gate=QuietGate(gate), secrets=secrets))
        retailer = account.settings.get("retailer_id")
        self._retailer = {"retailer_id": str(retailer)} if retailer else {}

    # --- orders -------------------------------------------------------------------------------------------------------
    def list_orders(self, *, status: str, offset: int) -> JSON:
        """One page of the orders that stand so, in an order that is not documented."""
        params = {"status": status, "limit": PAGE_SIZE, "offset": offset, **self._retailer}
        return self._page("listOrders", ORDERS, params)

    def find_orders(self, reference: str) -> list[JSON]:
        """The orders of this reference, whatever their status: one, unless two retailers use the same."""
        params = {"order_reference": reference, "limit": PAGE_SIZE, **self._retailer}
        found: list[JSON] = self._page("listOrders", ORDERS, params)["results"]
        return found

    def act(self, order_id: str, action: str, items: Sequence[Mapping[str, Any]]) -> None:
        """One of ACTIONS for the lines named. Success has no body. NOT repeatable by itself: look at the order first."""
        path = f"{ORDERS}{path_segment(order_id)}/{action}/"
        self._send("POST", path, operation=ACTIONS[action], json={"items": list(items)}, costs={REQUESTS: 1})

    # --- returns ------------------------------------------------------------------------------------------------------
    def list_returns(self, *, status: str, offset: int) -> JSON:
        """One page of the returns that stand so. There is no filter for the retailer."""
        params = {"return_status": status, "limit": PAGE_SIZE, "offset": offset}
        return self._page("listReturns", RETURNS, params)

    # --- lists --------------------------------------------------------------------------------------------------------
    def list_carriers(self) -> list[JSON]:
        """Every carrier of the platform: a bare array, not a page."""
        params = {"limit": CARRIERS_AT_ONCE}
        response = self._read("listCarriers", "/restapi/v4/order-tracking-carriers/", params, costs={REQUESTS: 1})
        body = response.json()
        if not isinstance(body, list):
            raise response.unreadable("it is not a list")
        return body

    def list_retailers(self) -> list[JSON]:
        """The retailers of this supplier, by the order API's numbers."""
        found: list[JSON] = self._page("listRetailers", "/restapi/v4/customers/", {"limit": PAGE_SIZE})["results"]
        return found

    def list_product_suppliers(self) -> list[JSON]:
        """The supplier by the product API's number, which differs from the order API's for the same company."""
        found: list[JSON] = self._page("listProductSuppliers", "/api/v4/suppliers/", {"limit": PAGE_SIZE})["results"]
        return found

    def list_categories(self, *, offset: int) -> JSON:
        """One page of the categories of the data model. The shape of its elements is not documented."""
        return self._page("listCategories", CATEGORIES, {"limit": PAGE_SIZE, "offset": offset}, catalogue=True)

    # --- invoices -----------------------------------------------------------------------------------------------------
    def create_invoice(self, body: JSON) -> None:
        """NOT repeatable by itself: a second one is refused, and none can be read back."""
        self._send("POST", INVOICES, operation="createInvoice", json=body, costs={REQUESTS: 1})

    # --- products -----------------------------------------------------------------------------------------------------
    def list_products(self, *, offset: int) -> JSON:
        return self._page("listProducts", PRODUCTS, {"limit": PAGE_SIZE, "offset": offset}, catalogue=True)

    def find_products(self, part_number: str) -> list[JSON]:
        """Several where several retailers list the same part number."""
        params = {"part_number": part_number, "limit": PAGE_SIZE}
        found: list[JSON] = self._page("listProducts", PRODUCTS, params, catalogue=True)["results"]
        return found

    def create_product(self, body: JSON) -> None:
        """NOT repeatable: what a second one of the same part number does is not documented. Look first."""
        self._send("POST", PRODUCTS, operation="createProduct", json=body, costs={REQUESTS: 1, CATALOGUE: 1})

    def change_product(self, product_id: str, data: Mapping[str, str]) -> None:
        """Only the keys named change. Repeatable: it sets states. 409 while the retailer publishes the product."""
        path = f"{PRODUCTS}{path_segment(product_id)}/"
        costs = {REQUESTS: 1, CATALOGUE: 1}
        self._send("PATCH", path, operation="updateProduct", json={"data": dict(data)}, costs=costs)

    def set_stock(self, product_id: str, quantity: int) -> None:
        """Stock alone, much faster than the whole update, and the one path of products without a slash at its end."""
        path, body = f"{PRODUCTS}{path_segment(product_id)}/stock", {"supplier_free_stock": quantity}
        self._send("PATCH", path, operation="updateStock", json=body, costs={REQUESTS: 1, CATALOGUE: 1})

    # --- the two roads ------------------------------------------------------------------------------------------------
    def _page(self, operation: str, path: str, params: Mapping[str, Any], *, catalogue: bool = False) -> JSON:
        costs = {REQUESTS: 1, CATALOGUE: 1} if catalogue else {REQUESTS: 1}
        response = self._read(operation, path, params, costs=costs)
        body = response.json()
        if not isinstance(body, dict) or not isinstance(body.get("results"), list):
            raise response.unreadable("results is not a list")
        return body

    def _read(self, operation: str, path: str, params: Mapping[str, Any], *, costs: Mapping[str, int]) -> Response:
        return self._call(
            "GET", path, operation=operation, write=False, params={"format": "json", **params}, costs=costs
        )

    def _send(self, method: str, path: str, *, operation: str, json: JSON, costs: Mapping[str, int]) -> None:
        """A write. Its answer may be 200 or 201, with a body or without: it is not read."""
        params = {} if operation in {"updateStock", "createProduct"} else {"format": "json"}
        self._call(method, path, operation=operation, write=True, params=params, json=json, costs=costs)

    def _call(self, method: str, path: str, **values: Any) -> Response:
        """With the token; a token that is refused before its time is renewed once, and nothing was done till then."""
        header = self._identity.header()
        try:
            return self._http.request(method, path, headers={"Authorization": header}, **values)
        except ConfigurationError as error:
            if error.code != CREDENTIALS or not self._identity.renews:
                raise
        self._identity.forget(header)
        return self._http.request(method, path, headers={"Authorization": self._identity.header()}, **values)


def _http(account: Account, *, gate: Gate, secrets: tuple[str, ...]) -> Http:
    return Http(
        base_url=account.base_url,
        gate=gate,
        name="Virtualstock",
        redact=Redaction(secrets=secrets),
        allow=HostRule(allow_loopback=account.settings.get("sandbox") is True),
        refusal=refusal,
    )


def calls_per_minute(account: Account) -> int:
    return int(account.settings.get("requests_per_minute") or DEFAULT_CALLS)


def limits(account: Account) -> tuple[Limit, ...]:
    """One window for all calls, and a part of it for products: a full push of stock leaves room for orders."""
    calls = calls_per_minute(account)
    return (
        Limit(bucket=REQUESTS, calls=calls, seconds=MINUTE, source="150 a minute (one retailer), 250 (the vendor)"),
        Limit(bucket=CATALOGUE, calls=max(1, calls * 2 // 3), seconds=MINUTE, source="ours: the rest is for orders"),
    )
