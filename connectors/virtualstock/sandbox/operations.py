"""The platform's operations by the names of our contract: method, path, what answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from connectors.sandboxkit import Reply
from connectors.virtualstock.sandbox import invoices, lists, orders, products, returns
from connectors.virtualstock.sandbox.call import Call
from connectors.virtualstock.sandbox.platform import Platform

Answer = Callable[[Platform, Call], Reply]


def _no_answer(_: Platform, __: Call) -> Reply:
    raise AssertionError("The door answers this.")


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    answer: Answer

    def match(self, path: str) -> dict[str, str] | None:
        """The path's parts; None for another path. Slashes at the end count."""
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path), path)
        return found.groupdict() if found else None


_ORDER = "/restapi/v4/orders/{order_id}/"
_PRODUCT = "/api/v4/products/{product_id}"
OPERATIONS = (
    Operation("requestToken", "POST", "/restapi/v4/token", _no_answer),
    Operation("refreshToken", "POST", "/restapi/v4/token/refresh", _no_answer),
    Operation("listRetailers", "GET", "/restapi/v4/customers/", lists.list_retailers),
    Operation("listOrderSuppliers", "GET", "/restapi/v4/suppliers/", lists.list_order_suppliers),
    Operation("listProductSuppliers", "GET", "/api/v4/suppliers/", lists.list_product_suppliers),
    Operation("listOrders", "GET", "/restapi/v4/orders/", orders.list_orders),
    Operation("createOrder", "POST", "/restapi/v4/orders/", orders.create_order),
    Operation("requestReturn", "POST", "/restapi/v4/orders/returns/", returns.request_return),
    Operation("getOrder", "GET", _ORDER, orders.read_order),
    Operation("listCarriers", "GET", "/restapi/v4/order-tracking-carriers/", lists.list_carriers),
    Operation("acknowledgeOrder", "POST", f"{_ORDER}acknowledge/", orders.acknowledge),
    Operation("backorderOrder", "POST", f"{_ORDER}backorder/", orders.backorder),
    Operation("dispatchOrder", "POST", f"{_ORDER}dispatch/", orders.dispatch),
    Operation("acknowledgeCancellation", "POST", f"{_ORDER}cancel_acknowledge/", orders.acknowledge_cancellation),
    Operation("acknowledgeReturn", "POST", f"{_ORDER}return_acknowledge/", orders.acknowledge_return),
    Operation("requestCancellation", "POST", f"{_ORDER}cancel_request/", orders.request_cancellation),
    Operation("listReturns", "GET", "/restapi/v4/returns/", returns.list_returns),
    Operation("cancelReturn", "POST", "/restapi/v4/returns/{return_id}/cancel", returns.cancel_return),
    Operation("createInvoice", "POST", "/api/v4/invoices/", invoices.create_invoice),
    Operation("listProducts", "GET", "/api/v4/products/", products.list_products),
    Operation("createProduct", "POST", "/api/v4/products/", products.create_product),
    Operation("getProduct", "GET", f"{_PRODUCT}/", products.read_product),
    Operation("updateProduct", "PATCH", f"{_PRODUCT}/", products.change_product),
    Operation("deleteProduct", "DELETE", f"{_PRODUCT}/", products.delete_product),
    Operation("updateStock", "PATCH", f"{_PRODUCT}/stock", products.set_stock),
    Operation("listCategories", "GET", "/api/v4/categories/", products.list_categories),
    Operation("listChannels", "GET", "/api/v4/channels/", lists.read_channels),
    Operation("getSettings", "GET", "/api/v4/settings/", lists.read_settings),
)


def at_path(path: str) -> list[tuple[Operation, dict[str, str]]]:
    return [(operation, found) for operation in OPERATIONS if (found := operation.match(path)) is not None]
