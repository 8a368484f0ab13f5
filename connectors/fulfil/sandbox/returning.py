"""sale.sale/{id}/return_order: goods come back, once for each channel_identifier. Section 11.1 of the reference.

Where the vendor is silent: units that go back at the price they were sold at take their share of the tax that was stated
for the line; at another price the tax is what the rates come to.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.fulfil.sandbox import creating, sales, wire
from connectors.fulfil.sandbox.amounts import units_tax
from connectors.fulfil.sandbox.refusals import bad_request, user_error
from connectors.fulfil.sandbox.store import Row
from connectors.fulfil.sandbox.tenant import Tenant


def return_order(tenant: Tenant, sale_id: Any, told: Any = None) -> Any:
    (original,) = tenant.rows("sale.sale", sale_id)
    told = told[0] if isinstance(told, list) and told else told
    if not isinstance(told, dict) or not told.get("lines"):
        raise bad_request("The return must be an object with lines.")
    key = told.get("channel_identifier")
    known = tenant.only("sale.sale", channel=original["channel"], channel_identifier=str(key)) if key else None
    return creating.record(tenant, known or _create(tenant, original, told))


def _create(tenant: Tenant, original: Row, told: Mapping[str, Any]) -> Row:
    shared = (
        "channel", "party", "invoice_address", "shipment_address", "company", "currency", "invoice_method",
        "shipment_method", "priority",
    )  # fmt: skip
    sale = tenant.insert(
        "sale.sale",
        reference=told.get("reference"),
        channel_identifier=told.get("channel_identifier"),
        state="draft",
        warehouse=told.get("warehouse") or original["warehouse"],
        origin=f"sale.sale,{original['id']}",
        has_return=True,
        **{name: original[name] for name in shared},
    )
    for one in told["lines"]:
        _line(tenant, original, sale, one)
    sales.quote(tenant, sale["id"])
    sales.confirm(tenant, sale["id"])
    sales.process(tenant, sale["id"])
    return sale


def _line(tenant: Tenant, original: Row, sale: Row, told: Mapping[str, Any]) -> None:
    line = tenant.row("sale.line", told.get("order_line_id"))
    if line["sale"] != original["id"]:
        raise user_error(f"Line {line['id']} is not of order {original['number']}.")
    left = line["quantity"] + sum(
        one["quantity"] for one in tenant.pointing("sale.line", "origin", f"sale.line,{line['id']}")
    )
    wanted = float(told.get("return_quantity", left))
    if wanted > left:
        raise user_error(f"Only {left:g} of line {line['id']} can be returned, not {wanted:g}.")
    price = line["unit_price"] if told.get("unit_price") is None else wire.as_decimal(told["unit_price"], "unit_price")
    if wanted > 0:
        tenant.insert(
            "sale.line",
            sale=sale["id"],
            type="line",
            product=line["product"],
            quantity=-wanted,
            unit_price=price,
            list_price=line["list_price"],
            taxes=list(line["taxes"]),
            channel_identifier=told.get("channel_identifier"),
            return_reason=told.get("return_reason"),
            note=told.get("note"),
            origin=f"sale.line,{line['id']}",
            _tax=_stated_share(tenant, line, wanted) if price == line["unit_price"] else None,
        )
    if told.get("exchange_quantity"):
        tenant.insert(
            "sale.line",
            sale=sale["id"],
            type="line",
            product=told.get("exchange_product") or line["product"],
            quantity=float(told["exchange_quantity"]),
            unit_price=wire.as_decimal(told.get("exchange_unit_price", price), "exchange_unit_price"),
            taxes=list(line["taxes"]),
        )


def _stated_share(tenant: Tenant, line: Row, units: float) -> Decimal | None:
    return None if line.get("_tax") is None else -units_tax(tenant, line, units)
