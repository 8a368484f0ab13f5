"""Multi-shipment: ST01, ST11, ST12, ST23, ST24, ST06. A 2xx says nothing: every item has its own verdict."""

from collections.abc import Callable
from typing import Any

from connectors.mirakl.sandbox import fulfilment, states
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.paging import Seek, opened, sought
from connectors.mirakl.sandbox.reading import Call, flag_of, integer_of, objects_of, text_of
from connectors.mirakl.sandbox.records import Order, Shipment, Tracking
from connectors.mirakl.sandbox.refusals import RefusedError, wrong_field
from connectors.mirakl.sandbox.times import stamp, stamp_seconds
from connectors.sandboxkit import Reply

PER_CALL = 1000
INVALID_QUANTITY = "Shipment quantity is invalid."
STATUSES = (*states.WAY[4:], fulfilment.PREPARED, "READY_FOR_PICK_UP", states.CANCELED)

_SEEK = Seek(
    keys={
        "dateCreated": lambda item: (item.created_at.timestamp(), item.shipment_id),
        "lastUpdated": lambda item: (item.updated_at.timestamp(), item.shipment_id),
    },
    default="dateCreated,ASC",
)
_SEEK_ORDERS = Seek(
    keys={"dateCreated": lambda order: (order.created_at.timestamp(), order.order_id)}, default="dateCreated,ASC"
)


# --- ST01 -----------------------------------------------------------------------------------------------------------
def create_shipments(market: Marketplace, call: Call) -> Reply:
    entries = call.objects("shipments", limit=PER_CALL)
    for entry in entries:  # a wrong shape refuses the whole call; a wrong content only its item
        text_of(entry, "order_id", required=True)
        objects_of(entry, "shipment_lines")
        tracking_sent(entry)
    made: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for entry in entries:
        try:
            made.append(shipment_element(_create(market, entry)))
        except RefusedError as refusal:
            errors.append({"order_id": text_of(entry, "order_id"), "message": refusal.message})
    return Reply(status=201, body={"shipment_success": made, "shipment_errors": errors})


def tracking_sent(entry: dict[str, Any]) -> dict[str, Any]:
    sent = entry.get("tracking")
    if sent is not None and not isinstance(sent, dict):
        raise wrong_field("tracking")
    return sent or {}


def _create(market: Marketplace, entry: dict[str, Any]) -> Shipment:
    order = market.order(text_of(entry, "order_id"))
    if order.state != states.SHIPPING:
        raise RefusedError(400, f"The order status must be 'SHIPPING' but it is '{order.state}'.")
    quantities = _quantities(market, order, objects_of(entry, "shipment_lines"))
    sent = tracking_sent(entry)
    tracking = fulfilment.tracking_of(market, sent, url_field="tracking_url") if sent else Tracking()
    shipped = flag_of(entry, "shipped")
    if shipped and fulfilment.needs_tracking(market, order, tracking):
        raise RefusedError(400, fulfilment.MANDATORY_TRACKING)
    shipment = fulfilment.prepare(market, order, quantities=quantities, tracking=tracking)
    shipment.invoice_reference = text_of(entry, "invoice_reference") or None
    shipment.information = objects_of(entry, "shipment_additional_information")
    for line in objects_of(entry, "shipment_lines"):
        shipment.package_references[text_of(line, "order_line_id")] = text_of(line, "package_reference") or None
    if shipped:
        fulfilment.ship(market, order, shipment)
    return shipment


def _quantities(market: Marketplace, order: Order, lines: list[dict[str, Any]]) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for sent in lines:
        line = order.line(text_of(sent, "order_line_id"))
        if line is None:
            raise RefusedError(400, f"No order line with id '{text_of(sent, 'order_line_id')}'.")
        quantity = integer_of(sent, "quantity", default=0) + quantities.get(line.line_id, 0)
        if integer_of(sent, "quantity", default=0) <= 0 or quantity > fulfilment.left_to_ship(market, order, line):
            raise RefusedError(400, INVALID_QUANTITY)
        quantities[line.line_id] = quantity
    if not quantities:
        raise RefusedError(400, INVALID_QUANTITY)
    return quantities


def shipment_element(shipment: Shipment) -> dict[str, Any]:
    return {
        "id": shipment.shipment_id,
        "order_id": shipment.order_id,
        "status": shipment.status,
        "status_customer_debit": shipment.debit,
        "created_date": stamp_seconds(shipment.created_at),
        "last_updated_date": stamp_seconds(shipment.updated_at),
        "shipped_date": stamp(shipment.shipped_at),
        "invoice_reference": shipment.invoice_reference,
        "shipment_lines": [
            {
                "order_line_id": line_id,
                "quantity": quantity,
                "package_reference": shipment.package_references.get(line_id),
            }
            for line_id, quantity in shipment.quantities.items()
        ],
        "shipment_additional_information": shipment.information,
        "shipping_from": None,
        "payment_details": None
        if shipment.debited_at is None
        else {
            "customer_debited_date": stamp(shipment.debited_at),
            "transaction_date": stamp(shipment.debited_at),
            "transaction_number": shipment.transaction_number,
        },
        "tracking": tracking_element(shipment.tracking),
    }


def tracking_element(tracking: Tracking) -> dict[str, Any]:
    return {
        "carrier_code": tracking.carrier_code,
        "carrier_name": tracking.carrier_name,
        "carrier_standard_code": tracking.carrier_standard_code,
        "tracking_number": tracking.tracking_number,
        "tracking_url": tracking.tracking_url,
        "validity_status": "UNVERIFIED" if tracking.tracking_number else "MISSING_TRACKING",
    }


# --- ST11, ST12 -----------------------------------------------------------------------------------------------------
def list_shipments(market: Marketplace, call: Call) -> Reply:
    call, place = opened(call)
    orders, wanted = call.words("order_id"), call.words("shipment_state_code", STATUSES)
    debits = call.words("shipment_customer_debit_state_code")
    start, end = call.at("last_updated_from"), call.at("last_updated_to")
    pool = (
        [item for order_id in orders for item in market.shipments_of_order.get(order_id, ())]
        if orders
        else list(market.shipments.values())
    )
    found = [
        item
        for item in pool
        if (not wanted or item.status in wanted)
        and (not debits or item.debit in debits)
        and (start is None or item.updated_at >= start)
        and (end is None or item.updated_at <= end)
    ]
    page = sought(call, found, place, _SEEK)
    return Reply(body={**page, "data": [shipment_element(item) for item in page["data"]]})


def list_items_to_ship(market: Marketplace, call: Call) -> Reply:
    call, place = opened(call)
    ids, centers = call.words("order_id"), call.words("fulfillment_center_code")
    start, end = call.at("shipping_date_from"), call.at("shipping_date_to")
    found = [
        order
        for order in market.index.all()
        if order.state == states.SHIPPING
        and (not ids or order.order_id in ids)
        and (not centers or order.fulfillment_center in centers)
        and (start is None or order.updated_at >= start)
        and (end is None or order.updated_at <= end)
        and any(fulfilment.left_to_ship(market, order, line) for line in order.lines)
    ]
    page = sought(call, found, place, _SEEK_ORDERS)
    return Reply(body={**page, "data": [_items_element(market, order) for order in page["data"]]})


def _items_element(market: Marketplace, order: Order) -> dict[str, Any]:
    kind = market.reference.shipping_type(order.shipping_type)
    left = {line.line_id: fulfilment.left_to_ship(market, order, line) for line in order.lines}
    return {
        "order_id": order.order_id,
        "fulfillment": {"center": {"code": order.fulfillment_center}},
        "references": {
            "order_reference_for_customer": order.customer_reference,
            "order_reference_for_seller": order.seller_reference,
        },
        "shipping_date": stamp_seconds(order.updated_at),
        "shipping_deadline": stamp(order.shipping_deadline),
        "shipping_type_code": kind.code,
        "shipping_type_standard_code": kind.standard_code,
        "shipping_address": order.shipping_address,
        "shipment_lines": [
            {
                "order_line_id": line.line_id,
                "offer_sku": line.sku,
                "product_title": line.title,
                "quantity": left[line.line_id],
                "package_reference": None,
            }
            for line in order.lines
            if left[line.line_id]
        ],
    }


# --- ST23, ST24, ST06 -----------------------------------------------------------------------------------------------
Step = Callable[[Marketplace, Shipment, dict[str, Any]], None]


def _each(market: Marketplace, call: Call, step: Step) -> Reply:
    """One verdict per item; items that fail leave the others alone."""
    entries = call.objects("shipments", limit=PER_CALL)
    for entry in entries:
        text_of(entry, "id", required=True)
        tracking_sent(entry)
    done: list[dict[str, str]] = []
    errors: list[dict[str, str]] = []
    for entry in entries:
        shipment_id = text_of(entry, "id")
        try:
            step(market, _known(market, shipment_id), entry)
            done.append({"id": shipment_id})
        except RefusedError as refusal:
            errors.append({"id": shipment_id, "message": refusal.message})
    return Reply(body={"shipment_success": done, "shipment_errors": errors})


def _known(market: Marketplace, shipment_id: str) -> Shipment:
    if shipment_id not in market.shipments:
        raise RefusedError(404, f"No shipment with id '{shipment_id}'.")
    return market.shipments[shipment_id]


def set_tracking(market: Marketplace, call: Call) -> Reply:
    return _each(market, call, _set_tracking)


def _set_tracking(market: Marketplace, shipment: Shipment, entry: dict[str, Any]) -> None:
    shipment.tracking = fulfilment.tracking_of(market, tracking_sent(entry), url_field="tracking_url")
    shipment.updated_at = market.now()
    market.touch(market.orders[shipment.order_id])


def ship(market: Marketplace, call: Call) -> Reply:
    return _each(market, call, _ship)


def _ship(market: Marketplace, shipment: Shipment, _: dict[str, Any]) -> None:
    order = market.orders[shipment.order_id]
    if shipment.status != states.SHIPPING:
        raise RefusedError(400, f"The shipment status must be 'SHIPPING' but it is '{shipment.status}'.")
    if fulfilment.needs_tracking(market, order, shipment.tracking):
        raise RefusedError(400, fulfilment.MANDATORY_TRACKING)
    fulfilment.ship(market, order, shipment)


def delete(market: Marketplace, call: Call) -> Reply:
    return _each(market, call, _delete)


def _delete(market: Marketplace, shipment: Shipment, _: dict[str, Any]) -> None:
    if shipment.status != states.SHIPPING:
        raise RefusedError(400, f"Shipment '{shipment.shipment_id}' is not in SHIPPING status and cannot be deleted.")
    market.forget_shipment(shipment)
    market.touch(market.orders[shipment.order_id])
