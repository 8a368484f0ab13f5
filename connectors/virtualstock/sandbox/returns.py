"""Returns: asked for by the retailer, acknowledged by the supplier, decided in the portal, which has no API."""

from typing import Any

from connectors.sandboxkit import Reply
from connectors.virtualstock.sandbox import orders, states
from connectors.virtualstock.sandbox.call import Call
from connectors.virtualstock.sandbox.platform import SUPPLIER_NAME, SUPPLIER_UUID, Platform
from connectors.virtualstock.sandbox.records import Order, Return
from connectors.virtualstock.sandbox.refusals import detail, fields, required, validation

METHODS = ("book_collection", "no_collection", "return_to_store")
REASONS = {
    "200": "Faulty", "225": "Damaged", "250": "Missing items", "275": "Missing components",
    "300": "No longer wanted", "325": "Not as expected", "350": "Wrong description", "375": "Emergency withdrawal",
    "400": "Never delivered", "425": "Problem with other item", "450": "Late",
}  # fmt: skip


def list_returns(platform: Platform, call: Call) -> Reply:
    status, reference, line = call.word("return_status"), call.word("order_reference"), call.word("item_reference")
    since, until = call.word("from_date"), call.word("to_date")
    supplier, reason = call.word("supplier_uuid"), call.word("return_reason")
    found = [
        item
        for item in platform.returns.values()
        if (not status or item.status == status)
        and (not reference or item.order.reference == reference)
        and (not line or item.line.reference == line)
        and (not reason or item.reason_code == reason)
        and (not supplier or supplier == SUPPLIER_UUID)
        and (not since or item.created_at.date().isoformat() >= since)
        and (not until or item.created_at.date().isoformat() <= until)
    ]
    return call.page(platform, found, lambda item: _element(platform, item), default=platform.settings.orders_page)


def request_return(platform: Platform, call: Call) -> Reply:
    body = call.body()
    for name in ("order_reference", "supplier", "items"):
        if not body.get(name):
            raise required(name)
    try:
        order = platform.order_by_reference(str(body["order_reference"]))
    except KeyError:
        raise fields(order_reference="Order does not exist.") from None
    made = []
    for item in call.items("line_reference", "quantity", "reason_code"):
        method = str(item.get("method") or "no_collection").lower()
        if method not in METHODS:
            raise fields(method=f'"{method}" is not a valid choice.')
        if method == "book_collection" and not body.get("collection_address"):
            raise required("collection_address")
        made.append(_checked(platform, order, item))
    for one in made:
        add(platform, one)
    return Reply()


def _checked(platform: Platform, order: Order, item: dict[str, Any]) -> Return:
    form = platform.settings.validation_form
    line = order.line(str(item["line_reference"]))
    if line is None:
        raise fields(line_reference="Order item does not exist.")
    if str(item["reason_code"]) not in REASONS:
        raise fields(reason_code=f'"{item["reason_code"]}" is not a valid choice.')
    quantity = int(item["quantity"])
    if quantity > line.dispatched:
        words = f"Return quantity value {quantity} is greater than dispatch quantity {line.dispatched}"
        raise validation(f"Validation error: {words} for order item '{line.number}'", form)
    if line.status not in states.ALLOWED[states.RMA]:
        raise validation(f"Validation Not allowed to change state of item 1 from {line.status} to RMA", form)
    return Return(
        return_id=platform.new_uuid(),
        order=order,
        line=line,
        quantity=quantity,
        reason_code=str(item["reason_code"]),
        comment=str(item.get("comment") or ""),
        created_at=platform.now(),
        before=line.status,
    )


def add(platform: Platform, made: Return) -> None:
    platform.returns[made.return_id] = made
    made.line.status = states.RMA
    platform.touch(made.order)


def cancel_return(platform: Platform, call: Call) -> Reply:
    made = platform.returns.get(call.path["return_id"])
    if made is None:
        raise detail(404, "Not found.")
    if made.status not in (states.RMA, states.RMA_ACK):
        words = f"Validation Not allowed to change state of item 1 from {made.status} to {made.before}"
        raise validation(words, platform.settings.validation_form)
    del platform.returns[made.return_id]
    made.line.status = made.before
    platform.touch(made.order)
    return Reply()


def decide(platform: Platform, made: Return, step: str, message: str) -> None:
    """What a person does in the portal. Raises ValueError."""
    to, before, moment = states.PORTAL[step]
    if made.status not in before:
        raise ValueError(f"A return that is {made.status} cannot be brought to {to}.")
    made.status = made.line.status = to
    if moment:
        made.moments[moment] = platform.now()
        made.messages[moment.replace("_at", "_message")] = message
    platform.touch(made.order)


def _element(platform: Platform, item: Return) -> dict[str, Any]:
    moments = {
        name: platform.naive(item.moments.get(name), " ")
        for name in ("authorised_at", "declined_at", "rejected_at", "approved_at")
    }
    messages = {
        name: item.messages.get(name) for name in ("authorised_message", "declined_message", "rejected_message")
    }
    return {
        "id": item.return_id,
        "quantity": item.quantity,
        "order": orders.order_element(platform, item.order),
        "order_item": orders.line_element(platform, item.order, item.line),
        "return_reason": {
            "id": f"00000000-0000-4000-8000-000000000{item.reason_code}",
            "code": item.reason_code,
            "description": REASONS[item.reason_code],
            "is_enabled": True,
            "created_at": "2020-01-01T00:00:00.000000",
        },
        "return_reason_code": item.reason_code,
        "status": {"code": item.status, "description": states.LABELS[item.status]},
        "return_date": platform.naive(item.created_at, " "),
        "requested_at": platform.naive(item.created_at, " "),
        "requested_message": item.comment or None,
        "created_at": platform.naive(item.created_at, " "),
        "supplier": {"name": SUPPLIER_NAME},
        "retailer": {"name": platform.retailer_of(item.order).name},
        "return_approved": None,
        "return_rejected": None,
        "return_approved_amount": None,
        "return_approved_amount_status": None,
        "return_authorised_collection_date": None,
        **moments,
        **messages,
    }
