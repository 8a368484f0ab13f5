"""Mutations of shipments and returns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox import returns, shipments
from connectors.centra.sandbox.gql import references
from connectors.centra.sandbox.gql.filters import moment
from connectors.centra.sandbox.gql.payloads import Args, Warnings, check_external_id, mutation, set_external_id
from connectors.centra.sandbox.order_state import check_lock
from connectors.centra.sandbox.records import ZERO
from connectors.centra.sandbox.refusals import RefusedError
from connectors.centra.sandbox.sales import Order, Shipment
from connectors.centra.sandbox.tokens import Session


# --- creating and changing --------------------------------------------------------------------------------------------------
@mutation("createShipment")
def create_shipment(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    shop, given = session.shop, args["input"]
    order = references.order(session, given["order"], ("input", "order"))
    check_lock(order, session.token.actor, path=("input", "order"))
    check_external_id(session, given.get("externalId"))
    shipped_at = _past(session, given.get("shippedAt"), ("input", "shippedAt"))
    if shipped_at is not None and not given.get("isGoodToGo"):
        raise RefusedError("A shipment that is not good to go cannot be shipped.", ("input", "shippedAt"))
    shipment = shipments.create(
        shop,
        order,
        _picks(order, given.get("lines")),
        good_to_go=bool(given.get("isGoodToGo")),
        paid=bool(given.get("isPaid")),
        allocate_demand=bool(given.get("allocateDemand")),
        created_at=_past(session, given.get("createdAt"), ("input", "createdAt")),
    )
    _write_info(shipment, given)
    set_external_id(session, shop.shipments, shipment.id, shipment, given.get("externalId"), warnings)
    if given.get("capture"):
        shipments.capture_on_create(shop, shipment, warnings)
    if shipped_at is not None:
        shipments.complete(shop, shipment, shipped_at=shipped_at, send_email=_mail(session, given))
    return {"shipment": shipment}


def _picks(order: Order, given: Sequence[Mapping[str, Any]] | None) -> list[shipments.Pick]:
    if given is None:
        return shipments.allocated_rest(order)
    return [
        (references.order_line(order, item["orderLine"], ("input", "lines", str(index), "orderLine")), item["quantity"])
        for index, item in enumerate(given)
    ]


def _past(session: Session, given: Any, path: Sequence[str]) -> datetime | None:
    when = moment(given, session)
    if when is not None and when > session.shop.now():
        raise RefusedError(f"{path[-1]} must not be in the future.", path)
    return when


def _mail(session: Session, given: Mapping[str, Any]) -> bool:
    """Left out: as the store is set."""
    asked = given.get("sendEmail")
    return session.shop.switches.confirmation_mail if asked is None else bool(asked)


def _write_info(shipment: Shipment, given: Mapping[str, Any]) -> None:
    shipments.apply_info(shipment, given.get("shipmentInfo") or {})
    shipments.apply_info(shipment, (given.get("shipmentMethod") or {}).get("carrierInformation") or {})
    if given.get("additionalMessage") is not None:
        shipment.additional_message = given["additionalMessage"]


@mutation("updateShipment")
def update_shipment(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    shipment, given = references.shipment_by_id(session, args["id"]), args["input"]
    check_lock(shipment.order, session.token.actor, path=("id",))
    check_external_id(session, given.get("externalId"))
    ready = given.get("isGoodToGo")
    changes_info = given.get("shipmentInfo") is not None or given.get("shipmentMethod") is not None
    shipments.check_info(shipment, info=changes_info, good_to_go=ready is not None)
    if given.get("isPaid") is not None:
        shipments.set_paid(session.shop, shipment, paid=given["isPaid"])
    _write_info(shipment, given)
    became_ready = bool(ready) and not shipment.is_good_to_go
    if ready is not None:
        shipment.is_good_to_go = ready
    set_external_id(session, session.shop.shipments, shipment.id, shipment, given.get("externalId"), warnings)
    shipments.changed(session.shop, shipment, became_ready=became_ready)
    return {"shipment": shipment}


@mutation("captureShipment")
def capture_shipment(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    """A failed capture is refused in userErrors, and yet leaves a FAILED entry in the payment history."""
    shipment = references.shipment_by_id(session, args["id"])
    check_lock(shipment.order, session.token.actor, path=("id",))
    shipments.check_capture(shipment)
    entry = shipments.capture(session.shop, shipment)
    if entry.status == "FAILED":
        raise RefusedError("Capture failed.", ("id",), payload={"paymentHistoryEntry": entry})
    return {"shipment": shipment, "paymentHistoryEntry": entry}


@mutation("completeShipment")
def complete_shipment(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    shipment, given = references.shipment_by_id(session, args["id"]), args["input"]
    check_lock(shipment.order, session.token.actor, path=("id",))
    shipped_at = moment(given.get("shippedAt"), session)
    shipments.check_complete(session.shop, shipment, shipped_at)
    _write_info(shipment, given)
    shipments.complete(session.shop, shipment, shipped_at=shipped_at, send_email=_mail(session, given))
    return {"shipment": shipment}


@mutation("deleteShipment")
def delete_shipment(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    shipment = references.shipment_by_id(session, args["id"])
    check_lock(shipment.order, session.token.actor, path=("id",))
    shipments.delete(session.shop, shipment)
    return {"shipment": shipment}


# --- returns ----------------------------------------------------------------------------------------------------------------
@mutation("createReturn")
def create_return(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    shop, given = session.shop, args["input"]
    shipment = references.shipment(session, given["shipment"], ("input", "shipment"))
    check_external_id(session, given.get("externalId"))
    lines = [
        (references.shipment_line(shipment, item["shipmentLine"], ("input", "lines", str(index))), item["quantity"])
        for index, item in enumerate(given["lines"])
    ]
    created = returns.create(
        shop,
        shipment,
        lines,
        references.stock_policy(session, given["returnStockActionPolicy"], ("input", "returnStockActionPolicy")),
        costs=_costs(session, shipment, given),
        comment=given.get("comment"),
        created_at=_past(session, given.get("createdAt"), ("input", "createdAt")),
    )
    set_external_id(session, shop.returns, created.id, created, given.get("externalId"), warnings)
    return {"return": created}


def _costs(session: Session, shipment: Shipment, given: Mapping[str, Any]) -> returns.ReturnCosts:
    order = shipment.order
    cost = given.get("returnCost")
    return returns.ReturnCosts(
        shipping=_cost(given.get("shippingCost"), returns.remaining_shipping(session.shop, shipment)),
        handling=_cost(given.get("handlingCost"), order.handling),
        discount=_cost(given.get("voucherValue"), order.discount),
        cost=ZERO if cost is None else Decimal(str(cost["value"])),
    )


def _cost(given: Mapping[str, Any] | None, whole: Decimal) -> Decimal:
    """Either {value} or {fromShipment: true}."""
    if given is None:
        return ZERO
    name, value = references.single(given, "ReturnCostPolicyInput")
    if name == "fromShipment":
        return whole if value else ZERO
    return Decimal(str(value["value"]))


@mutation("completeReturn")
def complete_return(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    found = references.return_by_id(session, args["id"])
    returns.complete(session.shop, found, send_email=bool((args.get("input") or {}).get("sendEmail")))
    return {"return": found}


@mutation("uncompleteReturn")
def uncomplete_return(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    found = references.return_by_id(session, args["id"])
    returns.uncomplete(session.shop, found)
    return {"return": found}


@mutation("deleteReturn")
def delete_return(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    found = references.return_by_id(session, args["id"])
    returns.delete(session.shop, found)
    return {"return": found}


@mutation("refundReturn", empty=("paymentHistoryEntries",))
def refund_return(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    found = references.return_by_id(session, args["id"])
    entries = returns.refund(session.shop, found, send_email=bool((args.get("input") or {}).get("sendEmail")))
    return {"return": found, "paymentHistoryEntries": entries, "paymentHistoryEntry": entries[0]}
