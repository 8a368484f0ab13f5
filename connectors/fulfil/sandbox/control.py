"""POST /_control/<name>: the same calls as the Python methods, with JSON in and JSON out."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandboxdata import catalogue

if TYPE_CHECKING:
    from connectors.fulfil.sandbox.server import FulfilSandbox

# methods whose arguments and result are JSON as they stand
_PLAIN = (
    "add_product", "set_stock", "edit_product", "ship", "ship_order", "pack_shipment", "split_shipment", "configure",
    "set_channel", "set_order_state", "add_tax", "add_place", "revoke_key", "configure_webhooks", "deliver_webhooks",
)  # fmt: skip


def run_control(sandbox: "FulfilSandbox", name: str, payload: Mapping[str, Any]) -> Any:
    """Raises KeyError for a name that does not exist, ValueError for a refusal."""
    values = {key: _whole(value) for key, value in payload.items()}
    if name in _PLAIN:
        result = getattr(sandbox, name)(**values)
        return {"ok": True} if result is None else {"ok": True, "result": result}
    match name:
        case "load_catalogue":
            made = sandbox.load_catalogue(catalogue(int(values.get("seed", 1))), stock=int(values.get("stock", 100)))
            return {"ok": True, "result": made}
        case "orders":
            wanted = values.get("identifier")
            rows = list(sandbox.tenant.tables["sale.sale"].values())
            return {"orders": [sandbox.order_view(row) for row in rows if wanted in (None, row["channel_identifier"])]}
        case "misbehave":
            sandbox.misbehave(values["operation"], *values["kinds"])
            return {"ok": True}
        case "forbid":
            sandbox.forbid(*values["operations"])
            return {"ok": True}
        case "merge_shipments":
            return {"ok": True, "result": sandbox.merge_shipments(*values["shipments"])}
    raise KeyError(name)


def _whole(value: Any) -> Any:
    """JSON numbers arrive as Decimals; whole ones are meant as integers."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
