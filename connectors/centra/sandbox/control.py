"""POST /_control/<name>: the same calls as the Python methods, with JSON in and JSON out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.centra.sandbox.arithmetic import grand_total, tax_included
from connectors.centra.sandbox.sales import Order
from connectors.sandboxdata import catalogue

if TYPE_CHECKING:
    from connectors.centra.sandbox.server import CentraSandbox

# methods whose arguments and result are JSON as they stand
_PLAIN = (
    "describe", "set_attribute",
    "add_product", "edit_size", "remove_size", "set_price", "set_tax_rate", "set_stock", "stock", "add_warehouse",
    "set_threshold", "confirm_order", "cancel_order", "cancel_line", "hold_order", "release_order", "edit_order",
    "configure", "expire_token", "revoke_token", "deprecate", "remove_field", "show_strange_status", "finish_captures",
    "captured", "configure_webhooks", "drop_webhooks", "duplicate_webhooks", "sell", "pay_order", "add_sales_area",
    "set_tax_group",
)  # fmt: skip


def run_control(sandbox: "CentraSandbox", name: str, payload: Mapping[str, Any]) -> Any:
    """Raises KeyError for a name that does not exist, ValueError for a refusal."""
    values = {key: _whole(value) for key, value in payload.items()}
    if name in _PLAIN:
        result = getattr(sandbox, name)(**values)
        return {"ok": True} if result is None else {"ok": True, "result": result}
    return _SPECIAL[name](sandbox, values)


def _whole(value: Any) -> Any:
    """JSON numbers arrive as Decimals; whole ones are meant as integers."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def order_view(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "id": order.id,
        "status": order.status,
        "comment": order.other_comment,
        "external_ids": order.external_ids,
        "on_hold": order.is_on_hold,
        "hold_reason": order.hold_reason,
        "currency": order.currency.code,
        "grand_total": str(grand_total(order)),
        "tax": str(tax_included(order)),
        "lines": [
            {"id": line.id, "sku": line.sku, "quantity": line.quantity, "cancelled": line.cancelled_quantity}
            for line in order.lines
        ],
        "shipments": [item.number for item in order.shipments],
    }


def _load_catalogue(sandbox: "CentraSandbox", values: dict[str, Any]) -> Any:
    items = catalogue(int(values.get("seed", 1)))
    made = sandbox.load_catalogue(items, stock=values.get("stock", 100), markets=values.get("markets"))
    return {"ok": True, "result": made}


def _ship_order(sandbox: "CentraSandbox", values: dict[str, Any]) -> Any:
    if values.get("shipped_at"):
        values = {**values, "shipped_at": datetime.fromisoformat(values["shipped_at"])}
    return {"ok": True, **sandbox.ship_order(**values)}


def _orders(sandbox: "CentraSandbox", values: dict[str, Any]) -> Any:
    reference = values.get("reference")
    found = sandbox.orders if reference is None else sandbox.orders_by_reference(reference)
    return {"orders": [order_view(order) for order in found]}


def _set_limits(sandbox: "CentraSandbox", values: dict[str, Any]) -> Any:
    """{"REQUEST_COUNT/TEN_SECONDS": 60}"""
    sandbox.set_limits({(name.partition("/")[0], name.partition("/")[2]): quota for name, quota in values.items()})
    return {"ok": True}


def _add_token(sandbox: "CentraSandbox", values: dict[str, Any]) -> Any:
    sandbox.add_token(**values)
    return {"ok": True}


def _forbid(sandbox: "CentraSandbox", values: dict[str, Any]) -> Any:
    sandbox.forbid(*values["permissions"], secret=values.get("secret"))
    return {"ok": True}


def _mails(sandbox: "CentraSandbox", values: dict[str, Any]) -> Any:
    return {"mails": [{"kind": mail.kind, "to": mail.to, "about": mail.about} for mail in sandbox.mails]}


_SPECIAL: dict[str, Callable[["CentraSandbox", dict[str, Any]], Any]] = {
    "load_catalogue": _load_catalogue,
    "ship_order": _ship_order,
    "orders": _orders,
    "set_limits": _set_limits,
    "add_token": _add_token,
    "forbid": _forbid,
    "mails": _mails,
}
