"""Mutations of orders."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox import orders
from connectors.centra.sandbox.arithmetic import grand_total, paid_in, rounded
from connectors.centra.sandbox.gql import references
from connectors.centra.sandbox.gql.payloads import Args, Warnings, check_external_id, mutation, set_external_id
from connectors.centra.sandbox.order_state import OPEN_STATUSES, check_lock, named
from connectors.centra.sandbox.payments import ask_capture
from connectors.centra.sandbox.records import ZERO
from connectors.centra.sandbox.refusals import RefusedError
from connectors.centra.sandbox.sales import Order, OrderLine
from connectors.centra.sandbox.stock import StockPolicy
from connectors.centra.sandbox.tokens import Session

_ADDRESS = {
    "firstName": "first_name", "lastName": "last_name", "companyName": "company_name", "attention": "attention",
    "address1": "address1", "address2": "address2", "city": "city", "zipCode": "zip_code",
    "stateOrProvince": "state_or_province", "email": "email", "phoneNumber": "phone_number",
    "cellPhoneNumber": "cell_phone_number", "vatNumber": "vat_number",
}  # fmt: skip
_OLD_STOCK_ACTIONS = {
    "RELEASE_BACK_TO_WAREHOUSE": StockPolicy(release=True),
    "REMOVE_FROM_STOCK": StockPolicy(remove=True),
}


@mutation("confirmOrder")
def confirm_order(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    order = references.order(session, args["input"]["order"], ("input", "order"))
    check_lock(order, session.token.actor, path=("input", "order"))
    orders.confirm(session.shop, order)
    return {"order": order}


@mutation("setOrdersLock", empty=("orders",))
def set_orders_lock(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    given = args["input"]
    found = [
        references.order(session, item, ("input", "orders", str(index))) for index, item in enumerate(given["orders"])
    ]
    orders.lock(session.shop, found, actor=session.token.actor, on=given["isLocked"])
    return {"orders": found}


# --- editing ----------------------------------------------------------------------------------------------------------------
@mutation("updateDirectToConsumerOrder")
def update_order(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    order, given = references.order(session, args["order"], ("order",)), args["input"]
    check_lock(order, session.token.actor)
    check_external_id(session, given.get("externalId"))
    orders.update(session.shop, order, _order_update(session, order, given))
    set_external_id(session, session.shop.orders, order.number, order, given.get("externalId"), warnings)
    return {"order": order}


def _order_update(session: Session, order: Order, given: Mapping[str, Any]) -> orders.OrderUpdate:
    customer = given.get("customer")
    return orders.OrderUpdate(
        cancel_lines=_cancels(session, order, given.get("cancelLines") or ()),
        cancellation_comment=given.get("cancellationComment") or "",
        add_lines=_additions(session, order, given.get("addLines") or ()),
        shipping_cost=_own_money(order, given.get("shippingCost"), ("input", "shippingCost")),
        on_hold=given.get("isOnHold"),
        hold_comment=given.get("holdStatusChangeReason") or "",
        customer=None if customer is None else references.customer(session, customer, ("input", "customer")),
        customer_info=_address(given.get("customerInfo")),
        shipping_address=_address(given.get("shippingAddress")),
        billing_address=_address(given.get("billingAddress")),
        internal=given.get("isInternal"),
        internal_comment=given.get("internalComment"),
        other_comment=given.get("otherComment"),
    )


def _address(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {_ADDRESS[name]: value for name, value in (given or {}).items()}


def _own_money(order: Order, given: Mapping[str, Any] | None, path: Sequence[str]) -> Decimal | None:
    """An amount must be in the order's own currency."""
    if given is None:
        return None
    if given["currencyIsoCode"] != order.currency.code:
        raise RefusedError(f"Currency must be {order.currency.code}.", [*path, "currencyIsoCode"])
    return rounded(Decimal(str(given["value"])))


def _cancels(session: Session, order: Order, given: Sequence[Mapping[str, Any]]) -> list[orders.LineCancel]:
    cancels = []
    for index, item in enumerate(given):
        path = ["input", "cancelLines", str(index)]
        line = references.order_line(order, item["line"], [*path, "line"])
        if "stockAction" in item:
            policy = _OLD_STOCK_ACTIONS[item["stockAction"]]
        else:
            policy = references.stock_policy(session, item["stockActionPolicy"], [*path, "stockActionPolicy"])
        cancels.append(orders.LineCancel(line=line, quantity=item["quantity"], policy=policy))
    return cancels


def _additions(session: Session, order: Order, given: Sequence[Mapping[str, Any]]) -> list[orders.LineAdd]:
    return [_addition(session, order, item, ["input", "addLines", str(index)]) for index, item in enumerate(given)]


def _addition(session: Session, order: Order, item: Mapping[str, Any], path: list[str]) -> orders.LineAdd:
    display = references.display(session, item["display"], [*path, "display"])
    size = references.product_size(session, item["productSize"], [*path, "productSize"])
    product = size.product_variant.product
    if display.product is not product or display.store is not order.store:
        raise RefusedError("The display does not show this product in the order's store.", [*path, "display"])
    if item["quantity"] < 1:
        raise RefusedError("Quantity must be at least 1.", [*path, "quantity"])
    prices = order.pricelist.prices
    listed = prices.get((product.id, size.product_variant.id)) or prices.get((product.id, None))
    asked = _own_money(order, item.get("unitPrice"), [*path, "unitPrice"])
    if listed is None and asked is None:
        raise RefusedError("The product has no price in the order's pricelist.", [*path, "productSize"])
    unit = asked if asked is not None else listed.amount if listed else ZERO
    tax_group = (item.get("taxGroup") or {}).get("id", display.tax_group.id)
    return orders.LineAdd(
        size=size,
        quantity=item["quantity"],
        unit_price=unit,
        unit_original_price=max(unit, listed.amount) if listed else unit,
        tax_percent=session.shop.tax_rates.get((tax_group, order.country.code), ZERO),
        comment=item.get("comment"),
    )


# --- cancelling -------------------------------------------------------------------------------------------------------------
@mutation("cancelDirectToConsumerOrder")
def cancel_order(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    order, given = references.order(session, {"id": args["id"]}, ("id",)), args["input"]
    check_lock(order, session.token.actor, path=("id",))
    entries = len(order.payments)
    orders.cancel_order(
        session.shop,
        order,
        references.stock_policy(session, given["stockAction"], ("input", "stockAction")),
        cancel_authorization=bool(given.get("cancelAuthorization")),
        send_email=given["emailOptions"]["sendEmail"],
        comment=given.get("comment") or "",
        warnings=warnings,
    )
    return {"order": order, "paymentHistoryEntry": order.payments[-1] if len(order.payments) > entries else None}


@mutation("releaseRemainingOrderAuthorization")
def release_authorization(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    order = references.order(session, args["order"], ("order",))
    check_lock(order, session.token.actor)
    orders.release_authorization(session.shop, order, warnings)
    return {"order": order, "paymentHistoryEntry": order.payments[-1]}


@mutation("captureOrder")
def capture_order(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    order = references.order(session, args["order"], ("order",))
    check_lock(order, session.token.actor)
    left = grand_total(order) - paid_in(order, "CAPTURE")
    if order.status not in (*OPEN_STATUSES, "SHIPPED") or paid_in(order, "AUTH") <= 0:
        raise RefusedError(f"{named(order)} cannot be captured, its payment is not authorized.", ("order",))
    if left <= 0:
        raise RefusedError(f"{named(order)} is already captured.", ("order",))
    entry = ask_capture(session.shop, order, left)
    session.shop.order_changed(order)
    if entry.status == "FAILED":
        raise RefusedError("Capture failed.", ("order",), payload={"paymentHistoryEntry": entry})
    return {"order": order, "paymentHistoryEntry": entry}


# --- allocation -------------------------------------------------------------------------------------------------------------
@mutation("allocateOrder")
def allocate_order(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    given = args["input"]
    order = references.order(session, given["order"], ("input", "order"))
    check_lock(order, session.token.actor, path=("input", "order"))
    wanted = _line_quantities(order, given.get("allocate"), "allocate")
    if wanted is None:
        wanted = [(line, line.open_quantity - line.allocated_quantity) for line in order.lines]
    orders.allocate(session.shop, order, wanted, _warehouses(session, order, given), warnings)
    return {"order": order}


@mutation("unallocateOrder")
def unallocate_order(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    given = args["input"]
    order = references.order(session, given["order"], ("input", "order"))
    check_lock(order, session.token.actor, path=("input", "order"))
    wanted = _line_quantities(order, given.get("unallocate"), "unallocate")
    if wanted is None:
        wanted = [(line, line.allocated_quantity) for line in order.lines]
    policy = references.stock_policy(session, given["stockActionPolicy"], ("input", "stockActionPolicy"))
    orders.unallocate(session.shop, order, wanted, policy, warnings)
    return {"order": order}


def _line_quantities(
    order: Order, given: Sequence[Mapping[str, Any]] | None, name: str
) -> list[tuple[OrderLine, int]] | None:
    if given is None:
        return None
    wanted = []
    for index, item in enumerate(given):
        path = ["input", name, str(index)]
        if item["quantity"] < 1:
            raise RefusedError("Quantity must be at least 1.", [*path, "quantity"])
        wanted.append((references.order_line(order, item["orderLine"], [*path, "orderLine"]), item["quantity"]))
    return wanted


def _warehouses(session: Session, order: Order, given: Mapping[str, Any]) -> list[Any]:
    asked = given.get("warehouses")
    if asked is None:
        return [session.shop.warehouses[warehouse_id] for warehouse_id in order.rule.warehouse_ids]
    return [
        references.warehouse(session, item, ("input", "warehouses", str(index))) for index, item in enumerate(asked)
    ]
