"""Orders: listed, shown, placed by the retailer, and what suppliers do with their lines."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandboxkit import Reply
from connectors.virtualstock.sandbox import states
from connectors.virtualstock.sandbox.call import Call
from connectors.virtualstock.sandbox.platform import ORDER_SUPPLIER, Platform
from connectors.virtualstock.sandbox.records import Line, Order
from connectors.virtualstock.sandbox.refusals import RefusedError, detail, fields, required, validation
from connectors.virtualstock.sandbox.settings import Retailer

Item = dict[str, Any]
LONGEST = {"part_number": 255, "line_ref": 100, "tracking_number": 100, "tracking_url": 255, "comment": 255}
CANCEL_REASONS = (101, 102, 126, 127, 128, 129, 130, 131, 132)
NEEDED = ("part_number", "line_ref", "quantity")


# --- reading ----------------------------------------------------------------------------------------------------------
def list_orders(platform: Platform, call: Call) -> Reply:
    status, reference = call.word("status"), call.word("order_reference")
    if status and status not in states.STATUSES:
        raise fields(status=f"Select a valid choice. {status} is not one of the available choices.")
    retailer, part = call.word("retailer_id"), call.word("part_number")
    found = [
        order
        for order in platform.orders.values()
        if (not status or platform.shown_status(order) == status)
        and (not retailer or str(order.retailer_id) == retailer)
        and (not reference or platform.settings.filters_ignored or order.reference == reference)
        and (not part or any(line.part_number == part for line in order.lines))
    ]
    if platform.settings.list_order == "NEWEST":
        found.reverse()
    return call.page(
        platform, found, lambda order: order_element(platform, order), default=platform.settings.orders_page
    )


def read_order(platform: Platform, call: Call) -> Reply:
    return Reply(body=order_element(platform, order_of(platform, call)))


def order_of(platform: Platform, call: Call) -> Order:
    number = call.path["order_id"]
    order = platform.orders.get(int(number)) if number.isdecimal() else None
    if order is None:
        raise detail(404, "Not found.")
    return order


def order_element(platform: Platform, order: Order) -> Item:
    retailer = platform.retailer_of(order)
    subtotal = _sum([line.subtotal for line in order.lines])
    tax = _sum([line.tax for line in order.lines])
    element: Item = {
        "url": platform.url(f"/restapi/v4/orders/{order.number}/"),
        "retailer": platform.url(f"/restapi/v4/customers/{order.retailer_id}/"),
        "supplier": platform.url(f"/restapi/v4/suppliers/{ORDER_SUPPLIER}/"),
        "order_reference": order.reference,
        "purchase_order_reference": order.purchase_order_reference,
        "end_user_purchase_order_reference": order.end_user_purchase_order_reference,
        "additional_order_reference": order.additional_order_reference,
        "order_date": platform.naive(order.placed_at),
        "status": platform.shown_status(order),
        "channel": order.channel,
        "comment": order.comment,
        "test_flag": order.test_flag,
        "currency_code": order.currency,
        "subtotal": _money(subtotal),
        "tax": _money(tax),
        "total": _money(None if subtotal is None or tax is None else subtotal + tax),
        "shipping_address": order.address,
        "delivery_service_code": order.delivery_service_code,
        "items": [line_element(platform, order, line) for line in order.lines],
    }
    if retailer.tells_about_itself:
        element["retailer_data"] = _retailer_element(retailer)
    return element


def line_element(platform: Platform, order: Order, line: Line) -> Item:
    lags = platform.settings.line_status_lags and line.status == states.ORDER_ACK
    return {
        "url": platform.url(f"/restapi/v4/orders/{order.number}/items/{line.number}/"),
        "part_number": line.part_number,
        "retailer_sku_reference": line.retailer_sku,
        "supplier_sku_reference": line.supplier_sku,
        "line_reference": line.reference,
        "quantity": line.quantity,
        "name": line.name,
        "description": None,
        "status": states.ORDER if lags else line.status,
        "unit_cost_price": _money(line.unit_cost),
        "subtotal": _money(line.subtotal),
        "tax": _money(line.tax),
        "tax_rate": _money(line.tax_rate),
        "total": _money(None if line.subtotal is None or line.tax is None else line.subtotal + line.tax),
        "promised_date": platform.naive(line.promised_at),
        "retailer_additional_reference": None,
    }


def _retailer_element(retailer: Retailer) -> Item:
    return {
        "uuid": retailer.uuid,
        "name": retailer.name,
        "email": "suppliers@harrowvale.example",
        "phone": "+44 20 7946 0100",
        "tax_code": "GB000000000",
        "address": {
            "line_1": "1 Market Place",
            "line_2": None,
            "city": "London",
            "state": None,
            "country": "GB",
            "postal_code": "EC1A 1AA",
        },
    }


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


# --- what suppliers do ------------------------------------------------------------------------------------------------
def acknowledge(platform: Platform, call: Call) -> Reply:
    order = order_of(platform, call)
    retailer = platform.retailer_of(order)

    def check(_: int, line: Line, item: Item) -> None:
        if item.get("sub_status") and item["sub_status"] not in retailer.acknowledge_sub_statuses:
            raise fields(sub_status=f'"{item["sub_status"]}" is not a valid choice.')
        _check_route(retailer, item)
        _check_moments(item)

    return _act(platform, order, call.items(*NEEDED), to=states.ORDER_ACK, check=check)


def backorder(platform: Platform, call: Call) -> Reply:
    order = order_of(platform, call)
    retailer = platform.retailer_of(order)
    mandatory = ["sub_status", "supplier_dispatch_date"]
    if retailer.delivery_date_mandatory:
        mandatory.append("supplier_delivery_date")

    def check(_: int, line: Line, item: Item) -> None:
        if item["sub_status"] not in retailer.backorder_sub_statuses:
            raise fields(sub_status=f'"{item["sub_status"]}" is not a valid choice.')
        if item.get("comment") and not retailer.comments:
            raise fields(comment="Comments are not allowed.")
        _check_route(retailer, item)
        _check_moments(item)

    def effect(line: Line, item: Item) -> None:
        line.sub_status, line.supplier_dispatch_date = item["sub_status"], item["supplier_dispatch_date"]

    return _act(platform, order, call.items(*NEEDED, *mandatory), to=states.BACKORDER, check=check, effect=effect)


def dispatch(platform: Platform, call: Call) -> Reply:
    order = order_of(platform, call)
    slugs = {slug for _, slug, _ in platform.carriers}

    def check(_: int, line: Line, item: Item) -> None:
        if item["carrier"] not in slugs:
            raise fields(carrier=f'Carrier "{item["carrier"]}" does not exist.')
        _check_date(item)

    def effect(line: Line, item: Item) -> None:
        line.dispatched += int(item["quantity"])
        line.dispatched_at, line.carrier = platform.now(), item["carrier"]
        line.tracking_number, line.tracking_url = str(item["tracking_number"]), item.get("tracking_url") or ""

    items = call.items(*NEEDED, "carrier", "supplier_dispatch_date", "tracking_number")
    return _act(platform, order, items, to=states.DISPATCH, check=check, effect=effect)


def acknowledge_cancellation(platform: Platform, call: Call) -> Reply:
    return _act(platform, order_of(platform, call), call.items(*NEEDED), to=states.CANCEL_ACK)


def acknowledge_return(platform: Platform, call: Call) -> Reply:
    order = order_of(platform, call)
    reply = _act(platform, order, call.items(*NEEDED), to=states.RMA_ACK)
    for item in platform.returns.values():
        if item.order is order and item.line.status == states.RMA_ACK and item.status == states.RMA:
            item.status = item.line.status = platform.settings.return_acknowledged_as
    platform.touch(order)
    return reply


Check = Callable[[int, Line, Item], None]
Effect = Callable[[Line, Item], None]


def _act(
    platform: Platform,
    order: Order,
    items: list[Item],
    *,
    to: str,
    check: Check | None = None,
    effect: Effect | None = None,
) -> Reply:
    """All lines or none, unless the setting says that those before the bad one stand."""
    atomic = platform.settings.atomic_actions
    ready: list[tuple[Line, Item]] = []
    try:
        for place, item in enumerate(items, start=1):
            line = _line_of(platform, order, item)
            _check_item(platform, order, line, item, place=place, to=to)
            if check is not None:
                check(place, line, item)
            ready.append((line, item))
    except RefusedError:
        if not atomic:
            _apply(platform, order, ready, to=to, effect=effect)
        raise
    _apply(platform, order, ready, to=to, effect=effect)
    return Reply(status=platform.settings.action_status)


def _apply(platform: Platform, order: Order, ready: list[tuple[Line, Item]], *, to: str, effect: Effect | None) -> None:
    for line, item in ready:
        if effect is not None:
            effect(line, item)
        if to != states.DISPATCH or line.dispatched >= line.quantity:
            line.status = to
    platform.touch(order)


def _line_of(platform: Platform, order: Order, item: Item) -> Line:
    line = order.line(str(item["line_ref"]))
    if line is None or line.part_number != str(item["part_number"]):
        words = f"Validation error: Item with line_ref {item['line_ref']} not found"
        raise validation(words, platform.settings.validation_form)
    return line


def _check_item(platform: Platform, order: Order, line: Line, item: Item, *, place: int, to: str) -> None:
    for name, longest in LONGEST.items():
        if len(str(item.get(name) or "")) > longest:
            raise fields(**{name: f"Ensure this field has no more than {longest} characters."})
    form = platform.settings.validation_form
    before = states.ALLOWED[to]
    if to == states.DISPATCH and not platform.settings.dispatch_needs_acknowledge:
        before |= {states.ORDER}
    if line.status not in before:
        raise validation(f"Validation Not allowed to change state of item {place} from {line.status} to {to}", form)
    _check_quantity(platform.retailer_of(order), line, item, place=place, to=to, form=form)


def _check_quantity(retailer: Retailer, line: Line, item: Item, *, place: int, to: str, form: str) -> None:
    said = item["quantity"]
    if isinstance(said, bool) or not str(said).lstrip("-").isdecimal():
        raise fields(quantity="A valid integer is required.")
    quantity, left = int(said), line.quantity - line.dispatched
    what = "Cancel" if to in (states.CANCEL, states.CANCEL_ACK) else "Item"
    if quantity <= 0:
        raise validation(f"Validation error: {what} quantity value can't be less or equal zero", form)
    if to not in states.RETURN_STATUSES and quantity > left:
        raise validation(f"Validation error: {what} quantity value {quantity} is bigger than allowed for item", form)
    if quantity < left and to == states.CANCEL and not retailer.partial_quantity:
        raise validation(f"Validation error: Partial cancellation not allowed item {place}", form)
    if quantity < left and to == states.DISPATCH and not retailer.partial_quantity:
        raise validation(f"Validation error: Partial quantity not allowed item {place}", form)


def _check_route(retailer: Retailer, item: Item) -> None:
    if not retailer.fulfilment_routes:
        return
    if not item.get("fulfillment_route"):
        raise required("fulfillment_route")
    if item["fulfillment_route"] not in retailer.fulfilment_routes:
        raise fields(fulfillment_route=f'"{item["fulfillment_route"]}" is not a valid choice.')


def _check_moments(item: Item) -> None:
    for name in ("supplier_dispatch_date", "supplier_delivery_date"):
        if item.get(name):
            _read(name, item[name], "%Y-%m-%dT%H:%M:%S")


def _check_date(item: Item) -> None:
    """A dispatch takes a date, where the other actions take a time."""
    for name in ("supplier_dispatch_date", "supplier_delivery_date"):
        if item.get(name):
            _read(name, item[name], "%Y-%m-%d")


def _read(name: str, value: Any, form: str) -> datetime:
    try:
        return datetime.strptime(str(value), form)  # noqa: DTZ007  the platform's times have no zone
    except ValueError:
        raise fields(**{name: "Date has wrong format."}) from None


# --- what the retailer does -------------------------------------------------------------------------------------------
def create_order(platform: Platform, call: Call) -> Reply:
    body = call.body()
    for name in ("supplier", "order_reference", "order_date", "items", "shipping_address"):
        if not body.get(name):
            raise required(name)
    retailer = next(iter(platform.retailers.values()))
    if any(order.reference == body["order_reference"] for order in platform.orders.values()):
        raise fields(order_reference="Order with this reference already exists.")
    placed_at = _read("order_date", body["order_date"], "%Y-%m-%dT%H:%M:%S")
    zone = ZoneInfo(platform.settings.timezone)
    blank = dict.fromkeys(
        ("line_1", "line_2", "city", "state", "postal_code", "country", "phone", "full_name", "email")
    )
    order = Order(
        number=platform.new_number(),
        reference=str(body["order_reference"]),
        retailer_id=retailer.retailer_id,
        placed_at=placed_at.replace(tzinfo=zone),
        lines=[_line_sent(platform, item) for item in body["items"]],
        address={**blank, **body["shipping_address"]},
        currency=body.get("currency_code") or "GBP",
        delivery_service_code=body.get("delivery_service_code"),
        comment=body.get("comment"),
        purchase_order_reference=body.get("purchase_order_reference"),
        end_user_purchase_order_reference=body.get("end_user_purchase_order_reference"),
        additional_order_reference=body.get("additional_order_reference"),
        test_flag=bool(body.get("test_flag")),
    )
    platform.orders[order.number] = order
    platform.touch(order)
    return Reply(status=201, body=order_element(platform, order))


def _line_sent(platform: Platform, item: Item) -> Line:
    for name in ("line_reference", "quantity", "name"):
        if item.get(name) in (None, ""):
            raise required(name)
    sku = str(item.get("supplier_sku_reference") or item.get("retailer_sku_reference") or "")
    return Line(
        number=platform.new_number(),
        reference=str(item["line_reference"]),
        part_number=sku,
        retailer_sku=str(item.get("retailer_sku_reference") or ""),
        supplier_sku=sku,
        name=str(item["name"]),
        quantity=int(item["quantity"]),
        unit_cost=Decimal(str(item["unit_cost_price"])) if item.get("unit_cost_price") else None,
        tax_rate=Decimal(str(item.get("tax_rate") or "0")),
        promised_at=None,
    )


def request_cancellation(platform: Platform, call: Call) -> Reply:
    order = order_of(platform, call)

    def check(_: int, line: Line, item: Item) -> None:
        if item["reason_code"] not in CANCEL_REASONS:
            raise fields(reason_code=f'"{item["reason_code"]}" is not a valid choice.')

    def effect(line: Line, item: Item) -> None:
        line.reason_code = int(item["reason_code"])

    return _act(platform, order, call.items(*NEEDED, "reason_code"), to=states.CANCEL, check=check, effect=effect)
