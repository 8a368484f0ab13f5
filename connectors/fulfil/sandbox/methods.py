"""Methods of models: the standard ones every model has, and each model's workflow. Arguments are positional."""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.fulfil.sandbox import creating, domains, invoices, returning, sales, shipments, stock, wire
from connectors.fulfil.sandbox.refusals import bad_request, not_found, user_error
from connectors.fulfil.sandbox.schema import MODELS
from connectors.fulfil.sandbox.store import Context, Row
from connectors.fulfil.sandbox.tenant import Tenant

MOST_ROWS = 500  # of search_read, which stops there without a word; search does not
Method = Callable[..., Any]

WORKFLOW: Mapping[str, Mapping[str, Method]] = {
    "sale.channel": {"create_order": creating.create_order},
    "sale.sale": {
        "quote": sales.quote, "confirm": sales.confirm, "process": sales.process, "draft": sales.draft,
        "cancel": sales.cancel, "return_order": returning.return_order,
    },
    "channel.exception": {"resolve_exception_button": sales.resolve},
    "product.product": {"get_product_inventory": stock.inventory_of},
    "stock.shipment.out": {
        "wait": shipments.wait, "assign_try": shipments.assign_try, "assign_force": shipments.assign_force,
        "assign": shipments.assign_force, "start_picking": shipments.start_picking,
        "done_picking": shipments.done_picking, "pack": shipments.pack, "done": shipments.done,
        "cancel": shipments.cancel, "draft": shipments.draft, "hold": shipments.hold, "unhold": shipments.unhold,
        "split": shipments.split,
    },
    "stock.shipment.out.return": {
        "receive": shipments.receive, "done": shipments.return_done, "draft": shipments.return_draft,
        "cancel": shipments.return_cancel,
    },
    "stock.inventory": {
        "complete": stock.complete_count, "confirm": stock.confirm_count, "cancel": stock.cancel_count,
    },
    "account.invoice": {
        "post": invoices.change(("draft", "validated"), "posted"),
        "validate_invoice": invoices.change(("draft",), "validated"),
        "cancel": invoices.change(("draft", "validated", "posted"), "cancel"),
        "draft": invoices.change(("cancel",), "draft"),
    },
}  # fmt: skip


def call(tenant: Tenant, model: str, method: str, arguments: list[Any], context: Context) -> Any:
    if (model, method) == ("res.user", "get_preferences"):
        return {"company": 1, "language": "en_US", "timezone": "UTC"}
    if (model, method) == ("ir.date", "today"):
        return tenant.today()
    if (model, method) == ("ir.attachment", "add_attachment_from_url"):
        return None
    if model not in MODELS:
        raise not_found(f"Model {model} does not exist")
    own = WORKFLOW.get(model, {}).get(method)
    try:
        if own is not None:
            return own(tenant, *arguments)
        standard = STANDARD.get(method)
        if standard is None:
            raise not_found(f"Method {method} of {model} does not exist")
        return standard(tenant, model, context, *arguments)
    except TypeError as error:
        if "argument" in str(error):
            raise bad_request(f"The arguments do not fit {model}.{method}.") from None
        raise


# --- reading --------------------------------------------------------------------------------------------------------
def search(
    tenant: Tenant,
    model: str,
    context: Context,
    domain: Any = None,
    offset: Any = None,
    limit: Any = None,
    order: Any = None,
) -> list[int]:
    rows = domains.search(tenant, model, domain, order=order, context=context)
    return [row["id"] for row in _cut(rows, offset, limit)]


def search_read(tenant: Tenant, model: str, context: Context, domain: Any = None, *rest: Any) -> list[Row]:
    """Positional, or one object: {"filters", "fields", "offset", "limit", "order"}."""
    offset, limit, order, names = (*rest, *[None] * 4)[:4]
    if isinstance(domain, dict):
        offset, limit, order, names = (domain.get(name) for name in ("offset", "limit", "order", "fields"))
        domain = domain.get("filters")
    rows = domains.search(tenant, model, domain, order=order, context=context)
    found = _cut(rows, offset, min(MOST_ROWS, MOST_ROWS if limit is None else int(limit)))
    return [tenant.read(model, row, names or ("rec_name",), context) for row in found]


def search_count(tenant: Tenant, model: str, context: Context, domain: Any = None) -> int:
    wanted = domain.get("filters") if isinstance(domain, dict) else domain
    return len(domains.search(tenant, model, wanted, order=None, context=context))


def read(tenant: Tenant, model: str, context: Context, ids: Any, names: Any = None) -> list[Row]:
    """In the order of the ids."""
    return [tenant.read(model, row, names or all_names(model), context) for row in tenant.rows(model, ids)]


def all_names(model: str) -> list[str]:
    return [name for name in MODELS[model] if name != "id"]


def _cut(rows: list[Row], offset: Any, limit: Any) -> list[Row]:
    start = int(offset or 0)
    return rows[start:] if limit is None else rows[start : start + int(limit)]


# --- writing --------------------------------------------------------------------------------------------------------
def create(tenant: Tenant, model: str, context: Context, values: Any) -> list[int]:
    return [_create(tenant, model, one) for one in values]


def _create(tenant: Tenant, model: str, values: Mapping[str, Any]) -> int:
    if model == "sale.sale" and not values.get("channel"):
        raise user_error("Go to user preferences and select a current_channel")
    plain, lists = _split(tenant, model, values)
    defaults: dict[str, Any] = {
        "sale.sale": {"state": "draft", "company": 1, "currency": 12},
        "stock.inventory": {"state": "draft"},
    }
    row = tenant.insert(model, **{**defaults.get(model, {}), **plain})
    _write_lists(tenant, model, row, lists)
    return int(row["id"])


def write(tenant: Tenant, model: str, context: Context, *pairs: Any) -> None:
    for ids, values in zip(pairs[::2], pairs[1::2], strict=True):
        plain, lists = _split(tenant, model, values)
        for row in tenant.rows(model, ids):
            tenant.update(model, row, **plain)
            _write_lists(tenant, model, row, lists)


def delete(tenant: Tenant, model: str, context: Context, ids: Any) -> None:
    for row in tenant.rows(model, ids):
        if model == "sale.sale" and row["state"] != "cancel":
            raise user_error(f"Sale {row['number'] or row['id']} must be cancelled before deletion.")
        tenant.remove(model, row)


def copy(tenant: Tenant, model: str, context: Context, ids: Any, defaults: Any = None) -> list[int]:
    made = []
    for row in tenant.rows(model, ids):
        stored = {
            name: row.get(name) for name, field in MODELS[model].items() if not field.computed and field.kind != "o2m"
        }
        kept = {name: value for name, value in stored.items() if name not in ("id", "create_date", "write_date")}
        made.append(int(tenant.insert(model, **{**kept, **(defaults or {})})["id"]))
    return made


def _split(tenant: Tenant, model: str, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    plain: dict[str, Any] = {}
    lists: dict[str, Any] = {}
    for name, value in values.items():
        field = tenant.field(model, name)
        if field.kind in ("o2m", "m2m"):
            lists[name] = value
        elif field.kind == "decimal" and value is not None:
            plain[name] = wire.as_decimal(value, name)
        elif field.kind == "datetime" and value is not None:
            plain[name] = wire.as_moment(value, name)
        elif field.kind == "date" and value is not None:
            plain[name] = wire.as_day(value, name)
        elif field.kind == "float" and value is not None:
            plain[name] = float(value)
        else:
            plain[name] = value
    return plain, lists


def _write_lists(tenant: Tenant, model: str, row: Row, lists: Mapping[str, Any]) -> None:
    """Commands: create, write, add, remove, delete."""
    for name, commands in lists.items():
        field = tenant.field(model, name)
        for command, *rest in commands:
            match command:
                case "create":
                    pointing = {field.inverse: row["id"]} if field.kind == "o2m" else {}
                    made = [_create(tenant, field.target, {**one, **pointing}) for one in rest[0]]
                    if field.kind == "m2m":
                        row[name] = [*row[name], *made]
                case "write":
                    write(tenant, field.target, {}, rest[0], rest[1])
                case "add":
                    row[name] = [*row[name], *rest[0]]
                case "remove":
                    row[name] = [one for one in row[name] if one not in rest[0]]
                case "delete":
                    delete(tenant, field.target, {}, rest[0])
                case _:
                    raise user_error(f"Command {command} is not known.")


STANDARD: Mapping[str, Method] = {
    "search": search,
    "search_read": search_read,
    "search_count": search_count,
    "read": read,
    "create": create,
    "write": write,
    "delete": delete,
    "copy": copy,
}
