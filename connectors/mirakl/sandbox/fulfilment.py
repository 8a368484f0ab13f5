"""Parcels: what is left to ship, which carriers are taken, when a shipment counts as shipped."""

from typing import Any

from connectors.mirakl.sandbox import lifecycle, money, states
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.reading import text_of
from connectors.mirakl.sandbox.records import Order, OrderLine, Shipment, Tracking
from connectors.mirakl.sandbox.refusals import RefusedError
from connectors.mirakl.sandbox.settings import PAY_ON_SHIPMENT

PREPARED = "SHIPMENT_PREPARED"
MANDATORY_TRACKING = "Tracking details are mandatory for this shipping method"


def tracking_of(market: Marketplace, sent: dict[str, Any], *, url_field: str) -> Tracking:
    """Read and judge what the shop says of the parcel. Raises RefusedError 400.

    The link is `carrier_url` in OR23 and `tracking_url` in the shipment operations; the other name is just unknown.
    """
    code, number = text_of(sent, "carrier_code"), text_of(sent, "tracking_number")
    if not code:
        return _unregistered(market, sent, number=number, url=text_of(sent, url_field))
    carrier = market.reference.carrier(code)
    if carrier is None:
        raise RefusedError(400, f"The carrier with code '{code}' does not exist")
    template = carrier.tracking_url or ""
    if "{trackingId}" in template and not number:
        raise RefusedError(400, f"The tracking number is mandatory for the carrier '{code}'")
    return Tracking(
        carrier_code=carrier.code,
        carrier_name=carrier.label,
        carrier_standard_code=text_of(sent, "carrier_standard_code") or carrier.standard_code,
        tracking_number=number or None,
        tracking_url=template.replace("{trackingId}", number) or None,
    )


def _unregistered(market: Marketplace, sent: dict[str, Any], *, number: str, url: str) -> Tracking:
    name = text_of(sent, "carrier_name")
    if not name:
        raise RefusedError(400, "The carrier name is mandatory when the carrier is not registered")
    if market.settings.disable_seller_alternative_carrier:
        raise RefusedError(400, "Only the carriers registered on the platform can be used")
    return Tracking(
        carrier_name=name,
        carrier_standard_code=text_of(sent, "carrier_standard_code") or None,
        tracking_number=number or None,
        tracking_url=url or None,
    )


def needs_tracking(market: Marketplace, order: Order, tracking: Tracking) -> bool:
    mandatory = market.reference.shipping_type(order.shipping_type).mandatory_tracking
    return mandatory and not tracking.tracking_number


def left_to_ship(market: Marketplace, order: Order, line: OrderLine) -> int:
    """Units in no shipment yet, less those refunded for good."""
    if line.state != states.SHIPPING:
        return 0
    taken = sum(
        item.quantities.get(line.line_id, 0) for item in market.shipments_of_order[order.order_id] if _counts(item)
    )
    return max(0, line.quantity_to_send - taken)


def _counts(shipment: Shipment) -> bool:
    return shipment.status != states.CANCELED


def prepare(market: Marketplace, order: Order, *, quantities: dict[str, int], tracking: Tracking) -> Shipment:
    """A new shipment, not yet shipped."""
    now = market.now()
    shipment = Shipment(
        shipment_id=market.new_uuid(),
        order_id=order.order_id,
        quantities=quantities,
        package_references=dict.fromkeys(quantities),
        tracking=tracking,
        created_at=now,
        updated_at=now,
        debit="NOT_STARTED" if order.payment_workflow == PAY_ON_SHIPMENT else "NO_DEBIT",
    )
    market.file_shipment(shipment)
    market.touch(order, *(line for line in order.lines if line.line_id in quantities))
    return shipment


def ship(market: Marketplace, order: Order, shipment: Shipment) -> None:
    """The shop says it left. Where the customer pays at shipment, the debit comes first."""
    shipment.updated_at = market.now()
    if order.payment_workflow != PAY_ON_SHIPMENT:
        _count_as_shipped(market, order, shipment)
        return
    shipment.status, shipment.debit = PREPARED, "WAITING_DEBIT_CONFIRMATION"
    market.touch(order)
    answer = refuse_debit if market.settings.debit_refused else confirm_debit
    market.later(market.settings.debit_confirm_seconds, lambda: answer(market, order, shipment))


def confirm_debit(market: Marketplace, order: Order, shipment: Shipment) -> None:
    if shipment.status != PREPARED:
        return
    shipment.debit, shipment.debited_at = "DEBIT_OK", market.now()
    shipment.transaction_number = f"TRX-{market.new_number()}"
    if order.debited_at is None:
        lifecycle.note_debit(market, order)
    _count_as_shipped(market, order, shipment)


def refuse_debit(market: Marketplace, order: Order, shipment: Shipment) -> None:
    if shipment.status == PREPARED:
        shipment.status, shipment.debit, shipment.updated_at = states.CANCELED, "CANCELED", market.now()
        market.touch(order)


def _count_as_shipped(market: Marketplace, order: Order, shipment: Shipment) -> None:
    shipment.status, shipment.shipped_at, shipment.updated_at = states.SHIPPED, market.now(), market.now()
    finish_lines(market, order)


def finish_lines(market: Marketplace, order: Order) -> None:
    """Lines whose every unit has left are SHIPPED; called after a shipment left and after units were given back."""
    gone = [line for line in order.lines if line.state == states.SHIPPING and _all_left(market, order, line)]
    for line in gone:
        line.state, line.shipped_at = states.SHIPPED, market.now()
    if order.payment_workflow == PAY_ON_SHIPMENT:
        money.log_debit(market, order, gone)
    lifecycle.settle(market, order, gone)


def _all_left(market: Marketplace, order: Order, line: OrderLine) -> bool:
    left = sum(
        item.quantities.get(line.line_id, 0)
        for item in market.shipments_of_order[order.order_id]
        if item.status in states.LEFT
    )
    return 0 < line.quantity_to_send <= left
