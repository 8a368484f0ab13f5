"""What a shop does with its orders: OR11, OR21, OR23, OR24, OR04, OR31, OR64, and giving back with OR28, OR29, OR30."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.mirakl.sandbox import fulfilment, givingback, lifecycle, states
from connectors.mirakl.sandbox.additionalfields import judged_fields
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.orderview import DEFAULT_CENTER, rendered, tax_parts
from connectors.mirakl.sandbox.paging import link_header, slice_of
from connectors.mirakl.sandbox.reading import Call, flag_of, objects_of, tax_mode_of, text_of
from connectors.mirakl.sandbox.records import Cancelation, Order, Refund
from connectors.mirakl.sandbox.refusals import RefusedError, wrong_field
from connectors.mirakl.sandbox.settings import PAYMENT_WORKFLOWS, TAX_MODES
from connectors.sandboxkit import Reply

SORTS = ("dateCreated",)
DONE = Reply(status=204)


# --- OR11 -----------------------------------------------------------------------------------------------------------
def list_orders(market: Marketplace, call: Call) -> Reply:
    mode = call.word("order_tax_mode", TAX_MODES) or market.settings.order_tax_mode
    tests = _tests(market, call)
    found = [order for order in _candidates(market, call) if all(test(order) for test in tests)]
    call.word("sort", SORTS)
    if call.word("order", ("asc", "desc")) == "desc":
        found.reverse()
    page = slice_of(call)
    elements = b",".join(rendered(market, order, mode) for order in page.of(found))
    body = b'{"orders":[' + elements + b'],"total_count":' + str(len(found)).encode() + b"}"
    return Reply(body=body, headers=link_header(call, page, total=len(found)))


def _candidates(market: Marketplace, call: Call) -> list[Order]:
    """The cheapest way to a superset of what is asked: by id, by window of change, or everything."""
    start, end = call.at("start_update_date"), call.at("end_update_date")
    _judge_window(market, start, end)
    _judge_window(market, call.at("start_date"), call.at("end_date"))
    if start is not None:
        start -= timedelta(seconds=market.settings.update_delta_seconds)
    if ids := call.words("order_ids"):
        known = (market.index.get(order_id) for order_id in ids)
        orders = sorted(
            (order for order in known if order is not None), key=lambda order: (order.created_at, order.number)
        )
        return [order for order in orders if _inside(order.updated_at, start, end)]
    if start is None and end is None:
        return market.index.all()
    return market.index.updated(start, end)


def _judge_window(market: Marketplace, start: datetime | None, end: datetime | None) -> None:
    longest = market.settings.longest_window_days
    if longest is None or start is None:
        return
    if (end or market.now()) - start > timedelta(days=longest):
        raise RefusedError(400, f"The date range cannot exceed {longest} days")


def _inside(at: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or start <= at) and (end is None or at <= end)


def _tests(market: Marketplace, call: Call) -> list[Callable[[Order], bool]]:
    """One test per filter that was sent."""
    tests: list[Callable[[Order], bool]] = []
    for name, known, value_of in (
        ("order_state_codes", states.ORDER_STATES, lambda order: order.state),
        ("order_references_for_seller", (), lambda order: order.seller_reference),
        ("order_references_for_customer", (), lambda order: order.customer_reference),
        ("fulfillment_center_code", (), lambda order: order.fulfillment_center),
        ("payment_workflow", PAYMENT_WORKFLOWS, lambda order: order.payment_workflow),
    ):
        if wanted := call.words(name, known):
            tests.append(lambda order, wanted=wanted, value_of=value_of: value_of(order) in wanted)  # type: ignore[misc]
    if call.flag("only_null_channel"):
        tests.append(lambda order: order.channel is None)
    elif channels := call.words("channel_codes"):
        tests.append(lambda order: order.channel in channels)
    if (debited := call.flag("customer_debited")) is not None:
        tests.append(lambda order: (order.debited_at is not None) == debited)
    if (incident := call.flag("has_incident")) is not None:
        tests.append(lambda order: order.has_incident == incident)
    start, end = call.at("start_date"), call.at("end_date")
    if start is not None or end is not None:
        tests.append(lambda order: _inside(order.created_at, start, end))
    return tests


# --- OR21 -----------------------------------------------------------------------------------------------------------
def accept_order(market: Marketplace, call: Call) -> Reply:
    order = market.order(call.path["order_id"])
    body = call.body("order_lines")
    if order.fulfillment_center != DEFAULT_CENTER:
        raise RefusedError(400, "The order is fulfilled by another center", code="ORDER_FULFILLED_UNAUTHORIZED")
    if order.state != states.WAITING_ACCEPTANCE:
        raise RefusedError(
            400,
            f"The order status must be 'WAITING_ACCEPTANCE' but it is '{order.state}'.",
            code="ORDER_INVALID_STATE",
        )
    lifecycle.decide(market, order, _decisions(market, order, body))
    return DONE


def _decisions(market: Marketplace, order: Order, body: dict[str, Any]) -> dict[str, bool]:
    """Line id -> accepted; every line of the order decided once."""
    sent = body.get("order_lines")
    if isinstance(sent, list) and any(item is None for item in sent):
        raise RefusedError(400, "An order line is null", code="ORDER_LINE_NULL_ELEMENT")
    entries = objects_of(body, "order_lines")
    if any(item.get("accepted") is None for item in entries):
        raise RefusedError(400, "Field 'accepted' is required", code="VALIDATION_ERROR")
    ids = [text_of(item, "id", required=True) for item in entries]
    decisions = {line_id: flag_of(item, "accepted") for line_id, item in zip(ids, entries, strict=True)}
    own = {line.line_id for line in order.lines}
    if strange := [line_id for line_id in ids if line_id not in own]:
        raise RefusedError(404, f"Order line {strange[0]} not found", code="ORDER_LINE_NOT_FOUND")
    if twice := [line_id for line_id, times in Counter(ids).items() if times > 1]:
        raise RefusedError(400, f"Order line {twice[0]} is sent twice", code="ORDER_LINE_DUPLICATE_ID")
    if missing := sorted(own - set(ids)):
        raise RefusedError(
            400, f"No decision for the order lines {', '.join(missing)}", code="ORDER_LINE_ACCEPTANCE_DECISION_MISSING"
        )
    if len(set(decisions.values())) > 1 and not market.settings.partial_acceptance:
        raise RefusedError(400, "Partial acceptance is disabled", code="ORDER_PARTIAL_ACCEPTANCE_DISABLED")
    return decisions


# --- OR23, OR24 -----------------------------------------------------------------------------------------------------
def set_tracking(market: Marketplace, call: Call) -> Reply:
    """Overwrites what was there; allowed from SHIPPING on, also after the parcel left."""
    order = market.order(call.path["order_id"])
    tracking = fulfilment.tracking_of(market, call.body("carrier_code"), url_field="carrier_url")
    if not states.reached(order.state, states.SHIPPING) or order.state == states.CLOSED:
        raise RefusedError(400, f"The order status must be 'SHIPPING' but it is '{order.state}'.")
    order.tracking = tracking
    market.touch(order)
    return DONE


def ship_order(market: Marketplace, call: Call) -> Reply:
    """Everything that is left of the order leaves at once."""
    order = market.order(call.path["order_id"])
    if order.state != states.SHIPPING:
        raise RefusedError(400, f"The order status must be 'SHIPPING' but it is '{order.state}'.")
    if fulfilment.needs_tracking(market, order, order.tracking):
        raise RefusedError(400, fulfilment.MANDATORY_TRACKING)
    left = {line.line_id: fulfilment.left_to_ship(market, order, line) for line in order.lines}
    quantities = {line_id: quantity for line_id, quantity in left.items() if quantity}
    if not quantities:
        raise RefusedError(400, "Every item of the order is already in a shipment")
    fulfilment.ship(market, order, fulfilment.prepare(market, order, quantities=quantities, tracking=order.tracking))
    return DONE


# --- OR04, OR31, OR64 -----------------------------------------------------------------------------------------------
def update_orders(market: Marketplace, call: Call) -> Reply:
    return Reply(body={"updated_orders": [_update(market, entry) for entry in call.objects("orders", limit=100)]})


def _update(market: Marketplace, entry: dict[str, Any]) -> dict[str, Any]:
    order_id = text_of(entry, "order_id", required=True)
    order = market.orders.get(order_id)
    if order is None or order.hidden:
        error = {"code": "ORDER_NOT_FOUND", "field": "order_id", "message": f"Order {order_id} not found"}
        return {"order_id": order_id, "errors": [error]}
    references = entry.get("references")
    if references is not None and not isinstance(references, dict):
        raise wrong_field("references")
    if references and "order_reference_for_seller" in references:  # patch: only what is named changes, null clears
        order.seller_reference = text_of(references, "order_reference_for_seller") or None
        market.touch(order)
    return {
        "order_id": order_id,
        "updated": {"references": {"order_reference_for_seller": order.seller_reference}},
    }


def update_additional_fields(market: Marketplace, call: Call) -> Reply:
    """200 in any case: either a result or a list of errors, and with errors nothing is changed."""
    order = market.order(call.path["order_id"])
    body = call.body("order_additional_fields")
    changes, errors = judged_fields(market, order, body)
    if errors:
        return Reply(body={"order_update_errors": {"input": body, "errors": errors}})
    for holder, fields in changes:
        holder[:] = fields
    market.touch(order)
    return Reply(
        body={
            "order_update_result": {
                "order_additional_fields": order.additional_fields,
                "order_lines": [
                    {"order_line_id": line.line_id, "order_line_additional_fields": line.additional_fields}
                    for line in order.lines
                ],
            }
        }
    )


def resolve_incident(market: Marketplace, call: Call) -> Reply:
    order = market.order(call.path["order_id"])
    line = order.line(call.path["line"])
    if line is None:
        raise RefusedError(404, f"Order line with identifier {call.path['line']} not found")
    reason = text_of(call.body("reason_code"), "reason_code", required=True)
    if market.reference.shop_reason(reason, "INCIDENT_CLOSE") is None:
        raise RefusedError(400, f"The reason code '{reason}' cannot be used for this operation")
    if line.incident is None:
        raise RefusedError(400, "There is no open incident on the order line")
    if market.settings.incident_close_seconds == 0:
        lifecycle.close_incident(market, order, line)
    else:
        market.touch(order, line)
        market.later(market.settings.incident_close_seconds, lambda: lifecycle.close_incident(market, order, line))
    return DONE


# --- OR28, OR30, OR29 -----------------------------------------------------------------------------------------------
def refund_lines(market: Marketplace, call: Call) -> Reply:
    entries = call.objects("refunds", limit=1000)
    mode = tax_mode_of(call.body("refunds"), market.settings.order_tax_mode)
    pieces = givingback.pieces_of(market, entries, kind=givingback.REFUND, mode=mode)
    givingback.judge_balance(market, pieces)
    made = givingback.refund(market, pieces)
    shown = [
        _refund_shown(market, refund, line_id=piece.line.line_id, mode=mode)
        for refund, piece in zip(made, pieces, strict=True)
    ]
    return Reply(body={"order_tax_mode": mode, "refunds": shown})


def _refund_shown(market: Marketplace, refund: Refund, *, line_id: str, mode: str) -> dict[str, Any]:
    return {
        "refund_id": refund.refund_id,
        "order_refund_id": refund.order_refund_id,
        "order_line_id": line_id,
        "excluded_from_shipment": refund.excluded_from_shipment,
        **_piece_shown(market, refund, mode),
    }


def _piece_shown(market: Marketplace, piece: Refund | Cancelation, mode: str) -> dict[str, Any]:
    return {
        "amount": piece.goods.shown(mode),
        "shipping_amount": piece.shipping.shown(mode),
        "quantity": piece.quantity,
        "reason_code": piece.reason_code,
        "currency_iso_code": market.currency,
        "taxes": tax_parts(piece.goods),
        "shipping_taxes": tax_parts(piece.shipping),
        "fees": [],
    }


def cancel_lines(market: Marketplace, call: Call) -> Reply:
    entries = call.objects("cancelations", limit=1000)
    mode = tax_mode_of(call.body("cancelations"), market.settings.order_tax_mode)
    pieces = givingback.pieces_of(market, entries, kind=givingback.CANCELATION, mode=mode)
    made = givingback.cancel(market, pieces)
    shown = [
        {
            "cancelation_id": cancelation.cancelation_id,
            "order_line_id": piece.line.line_id,
            **_piece_shown(market, cancelation, mode),
        }
        for cancelation, piece in zip(made, pieces, strict=True)
    ]
    return Reply(body={"order_tax_mode": mode, "cancelations": shown})


def cancel_order(market: Marketplace, call: Call) -> Reply:
    order = market.order(call.path["order_id"])
    if not order.active_lines:
        raise RefusedError(400, f"The order cannot be canceled in the state {order.state}")
    for line in order.active_lines:
        if why := givingback.why_not_cancelable(market, order, line):
            raise RefusedError(400, why)
    reason = next(row.code for row in market.reference.reasons if row.kind == "CANCELATION" and row.is_shop_right)
    givingback.cancel(market, givingback.all_that_is_left(order, reason_code=reason))
    return DONE
