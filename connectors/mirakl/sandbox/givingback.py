"""Refunds and cancelations: what may be given back of an order line, and what that does to it (OR28, OR29, OR30)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.mirakl.sandbox import fulfilment, lifecycle, money, states
from connectors.mirakl.sandbox.amounts import NO_RULE, ZERO, Amount, rounded, share, total
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.reading import amount_of, flag_of, integer_of, objects_of, text_of
from connectors.mirakl.sandbox.records import Cancelation, Order, OrderLine, Refund
from connectors.mirakl.sandbox.refusals import RefusedError
from connectors.mirakl.sandbox.settings import NO_CONFIRMATION, PAY_ON_ACCEPTANCE

REFUND = "REFUND"
CANCELATION = "CANCELATION"
SMALLEST_REFUND = Decimal("0.01")
WAITING_REFUND = "WAITING_REFUND"
WAITING_REFUND_PAYMENT = "WAITING_REFUND_PAYMENT"
REFUNDED = "REFUNDED"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one entry of a call gives back of one line."""

    order: Order
    line: OrderLine
    goods: Amount
    shipping: Amount
    quantity: int
    reason_code: str
    excluded_from_shipment: bool = False


# --- may it be given back? ------------------------------------------------------------------------------------------
def is_refundable(order: Order, line: OrderLine) -> bool:
    """Not before debit, not once closed. Where the platform never learns of the debit, from shipping on."""
    paid = line.debited_at is not None or order.debited_at is not None or order.payment_workflow == NO_CONFIRMATION
    return paid and line.state in states.REFUNDABLE and not line.is_wholly_given_back


def why_not_cancelable(market: Marketplace, order: Order, line: OrderLine) -> str:
    """ "" when the shop may cancel it, else the platform's words."""
    if not market.settings.seller_cancelation:
        return "Cancelation by the shop is not enabled"
    if not states.is_active(line.state) or line.state in (states.STAGING, states.WAITING_ACCEPTANCE, states.CLOSED):
        return f"The order line cannot be canceled in the state {line.state}"
    if order.payment_workflow == PAY_ON_ACCEPTANCE:
        return "Cancelation is not allowed with the payment workflow PAY_ON_ACCEPTANCE"
    if order.payment_workflow == NO_CONFIRMATION:
        shipped = line.state in states.LEFT
        return "The order line is already shipped" if shipped else ""
    return "The order line is already debited" if order.debited_at is not None else ""


# --- reading a call -------------------------------------------------------------------------------------------------
def pieces_of(market: Marketplace, entries: Sequence[dict[str, Any]], *, kind: str, mode: str) -> list[Piece]:
    """Judge all entries before any is applied: the call is all or nothing."""
    pieces: list[Piece] = []
    for entry in entries:
        pieces.append(_piece(market, entry, kind=kind, mode=mode, before=pieces))
    return pieces


def _piece(market: Marketplace, entry: dict[str, Any], *, kind: str, mode: str, before: list[Piece]) -> Piece:
    order, line = _line_of(market, text_of(entry, "order_line_id", required=True))
    _judge_currency(market, text_of(entry, "currency_iso_code"))
    reason = text_of(entry, "reason_code", required=True)
    if market.reference.shop_reason(reason, kind) is None:
        raise RefusedError(400, f"The reason code '{reason}' cannot be used for this operation")
    _judge_state(market, order, line, kind=kind)
    amount, shipping = amount_of(entry, "amount"), amount_of(entry, "shipping_amount")
    if kind == REFUND and amount <= SMALLEST_REFUND:
        raise RefusedError(400, "The refund amount must be greater than 0.01")
    earlier = [piece for piece in before if piece.line is line]
    goods_spent = total([line.goods_spent, *(piece.goods for piece in earlier)])
    shipping_spent = total([line.shipping_spent, *(piece.shipping for piece in earlier)])
    return Piece(
        order=order,
        line=line,
        goods=_part(line.goods, spent=goods_spent, part=amount, mode=mode, taxes=entry, name="taxes"),
        shipping=_part(
            line.shipping, spent=shipping_spent, part=shipping, mode=mode, taxes=entry, name="shipping_taxes"
        ),
        quantity=_quantity(entry, kind=kind, left=line.quantity_left - sum(piece.quantity for piece in earlier)),
        reason_code=reason,
        excluded_from_shipment=kind == REFUND and flag_of(entry, "excluded_from_shipment"),
    )


def _line_of(market: Marketplace, line_id: str) -> tuple[Order, OrderLine]:
    found = market.line(line_id)
    if found is None:
        raise RefusedError(404, f"Order line with identifier {line_id} not found")
    return found


def _judge_currency(market: Marketplace, currency: str) -> None:
    if not currency:
        raise RefusedError(400, "The currency ISO code is mandatory.")
    if currency != market.currency:
        raise RefusedError(400, f"The currency ISO code '{currency}' is not the currency of the order")


def _judge_state(market: Marketplace, order: Order, line: OrderLine, *, kind: str) -> None:
    if kind == CANCELATION:
        if why := why_not_cancelable(market, order, line):
            raise RefusedError(400, why)
    elif not is_refundable(order, line):
        raise RefusedError(400, f"The order line {line.line_id} cannot be refunded in the state {line.shown_state}")


def _part(whole: Amount, *, spent: Amount, part: Decimal, mode: str, taxes: dict[str, Any], name: str) -> Amount:
    given = {text_of(tax, "code", required=True): amount_of(tax, "amount") for tax in objects_of(taxes, name)}
    known = {tax.code: tax.rule for tax in whole.taxes}
    if strange := sorted(set(given) - set(known)):
        raise RefusedError(400, f"The tax '{strange[0]}' does not exist on the order line")
    wanted = {code: amount for code, amount in given.items() if known[code] == NO_RULE}
    piece = share(whole, spent=spent, part=part, mode=mode, given=wanted)
    left = whole.minus(spent)
    if part < 0 or part > left.shown(mode) or left.minus(piece).has_negative_part:
        raise RefusedError(400, f"The amount {part} is greater than the amount left on the order line")
    return piece


def _quantity(entry: dict[str, Any], *, kind: str, left: int) -> int:
    if kind == REFUND:
        return max(0, integer_of(entry, "quantity", default=0))  # informative: an amount is what is refunded
    quantity = integer_of(entry, "quantity")
    if not 0 < quantity <= left:
        raise RefusedError(400, f"The quantity {quantity} is not available on the order line")
    return quantity


def judge_balance(market: Marketplace, pieces: Sequence[Piece]) -> None:
    if not market.settings.balance_check:
        return
    for line in {piece.line.line_id: piece.line for piece in pieces}.values():
        asked = sum((piece.goods.gross + piece.shipping.gross for piece in pieces if piece.line is line), ZERO)
        if asked > money.refundable_balance(market, line):
            raise RefusedError(400, "The shop does not have a sufficient payable balance for the refund")


# --- applying it ----------------------------------------------------------------------------------------------------
def refund(market: Marketplace, pieces: Sequence[Piece]) -> list[Refund]:
    """Refundable amounts shrink at once; the payment follows by the platform's clock."""
    groups = {piece.order.order_id: str(market.new_number()) for piece in pieces}
    made = [_refund(market, piece, group=groups[piece.order.order_id]) for piece in pieces]
    _settle_all(market, pieces, given_back=states.REFUNDED)
    return made


def _refund(market: Marketplace, piece: Piece, *, group: str) -> Refund:
    at_once = market.settings.refund_request_seconds == 0
    commission, commission_tax = _commission_share(piece)
    made = Refund(
        refund_id=str(market.new_number()),
        order_refund_id=group,
        goods=piece.goods,
        shipping=piece.shipping,
        quantity=piece.quantity,
        reason_code=piece.reason_code,
        excluded_from_shipment=piece.excluded_from_shipment,
        created_at=market.now(),
        state=WAITING_REFUND_PAYMENT if at_once else WAITING_REFUND,
        commission=commission,
        commission_tax=commission_tax,
    )
    piece.line.refunds.append(made)
    if at_once:
        _await_payment(market, piece.order, piece.line, made)
    else:
        market.later(
            market.settings.refund_request_seconds,
            lambda: request_payment(market, piece.order, piece.line, made),
        )
    return made


def _commission_share(piece: Piece) -> tuple[Decimal, Decimal]:
    line = piece.line
    whole = line.goods.gross + line.shipping.gross
    part = (piece.goods.gross + piece.shipping.gross) / whole if whole else ZERO
    taxes = sum((tax.amount for tax in line.commission_taxes), ZERO)
    return rounded(line.commission * part), rounded(taxes * part)


def request_payment(market: Marketplace, order: Order, line: OrderLine, made: Refund) -> None:
    if made.state == WAITING_REFUND:
        made.state = WAITING_REFUND_PAYMENT
        market.touch(order, line)
        _await_payment(market, order, line, made)


def _await_payment(market: Marketplace, order: Order, line: OrderLine, made: Refund) -> None:
    market.later(market.settings.refund_confirm_seconds, lambda: confirm_refund(market, order, line, made))


def confirm_refund(market: Marketplace, order: Order, line: OrderLine, made: Refund) -> None:
    """The payment system has paid the customer back."""
    if made.state == REFUNDED:
        return
    made.state, made.transaction_at = REFUNDED, market.now()
    made.transaction_number = f"RFD-{made.refund_id}"
    money.log_refund(market, order, line, refund=made)
    market.touch(order, line)


def cancel(market: Marketplace, pieces: Sequence[Piece]) -> list[Cancelation]:
    made = [_cancelation(market, piece) for piece in pieces]
    _settle_all(market, pieces, given_back=states.CANCELED)
    return made


def _cancelation(market: Marketplace, piece: Piece) -> Cancelation:
    commission, commission_tax = _commission_share(piece)
    made = Cancelation(
        cancelation_id=str(market.new_number()),
        goods=piece.goods,
        shipping=piece.shipping,
        quantity=piece.quantity,
        reason_code=piece.reason_code,
        created_at=market.now(),
        commission=commission,
        commission_tax=commission_tax,
    )
    piece.line.cancelations.append(made)
    piece.line.reason_code = piece.reason_code
    return made


def all_that_is_left(order: Order, *, reason_code: str, excluded_from_shipment: bool = False) -> list[Piece]:
    """One piece per active line, for giving back a whole order."""
    return [
        Piece(
            order=order,
            line=line,
            goods=line.goods_left,
            shipping=line.shipping_left,
            quantity=line.quantity_left,
            reason_code=reason_code,
            excluded_from_shipment=excluded_from_shipment,
        )
        for line in order.active_lines
    ]


def _settle_all(market: Marketplace, pieces: Sequence[Piece], *, given_back: str) -> None:
    for order in {piece.order.order_id: piece.order for piece in pieces}.values():
        lines = {piece.line.line_id: piece.line for piece in pieces if piece.order is order}.values()
        for line in lines:
            nothing_to_send = line.state == states.SHIPPING and line.quantity_to_send == 0
            if line.is_wholly_given_back or nothing_to_send:
                line.state, line.incident = given_back, None
        lifecycle.settle(market, order, lines)
        fulfilment.finish_lines(market, order)
