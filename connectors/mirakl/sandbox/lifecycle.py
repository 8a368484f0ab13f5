"""The state machine of orders: who moves an order on, and what follows by the platform's clock."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType

from connectors.mirakl.sandbox import money, states
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.records import Order, OrderLine
from connectors.mirakl.sandbox.settings import PAY_ON_ACCEPTANCE, PAY_ON_DELIVERY, PAY_ON_DUE_DATE


def move(market: Marketplace, order: Order, lines: Iterable[OrderLine], *, to: str) -> None:
    """Bring lines into a state, and the order with them."""
    moved = list(lines)
    for line in moved:
        line.state = to
    settle(market, order, moved)


def settle(market: Marketplace, order: Order, lines: Iterable[OrderLine]) -> None:
    """After lines changed: the order's own state, what follows from entering it, times of change."""
    before, order.state = order.state, states.order_state_of(line.state for line in order.lines)
    if order.state != before and (follow := _FOLLOWS.get(order.state)) is not None:
        follow(market, order)
    market.touch(order, *lines)


def begin(market: Marketplace, order: Order, *, staged: bool) -> None:
    """A customer has bought. Orders under scoring wait for the operator."""
    _take_stock(market, order)
    if staged:
        market.touch(order, *order.lines)
        market.later(market.settings.scoring_seconds, lambda: approve_scoring(market, order))
    else:
        _ask_shop(market, order)


def approve_scoring(market: Marketplace, order: Order) -> None:
    if order.state == states.STAGING:
        _ask_shop(market, order)


def _ask_shop(market: Marketplace, order: Order) -> None:
    if market.settings.accepts_by_itself:
        order.accepted = True
        move(market, order, order.lines, to=_after_acceptance(order))
    else:
        move(market, order, order.lines, to=states.WAITING_ACCEPTANCE)


def _after_acceptance(order: Order) -> str:
    return states.WAITING_DEBIT if order.payment_workflow == PAY_ON_ACCEPTANCE else states.SHIPPING


def _take_stock(market: Marketplace, order: Order) -> None:
    if market.settings.decrement_stock_on_order:
        for line in order.lines:
            if (offer := market.offers.get(line.sku)) is not None:
                offer.quantity = max(0, offer.quantity - line.quantity)


# --- acceptance -----------------------------------------------------------------------------------------------------
def decide(market: Marketplace, order: Order, decisions: Mapping[str, bool]) -> None:
    """The shop's own decision on every line (line id -> accepted)."""
    order.acceptance_decided_at = market.now()
    refused = [line for line in order.lines if not decisions[line.line_id]]
    for line in refused:
        line.state = states.REFUSED
        _zero_stock(market, line)
    accepted = [line for line in order.lines if decisions[line.line_id]]
    order.accepted = bool(accepted)
    for line in accepted:
        line.state = _after_acceptance(order)
    settle(market, order, order.lines)


def lapse(market: Marketplace, order: Order) -> None:
    """The acceptance window is over: refused by the platform, so the decision date stays empty."""
    if order.state == states.WAITING_ACCEPTANCE:
        for line in order.lines:
            _zero_stock(market, line)
        move(market, order, order.lines, to=states.REFUSED)


def _zero_stock(market: Marketplace, line: OrderLine) -> None:
    if market.settings.zero_stock_on_refusal and (offer := market.offers.get(line.sku)) is not None:
        offer.quantity = 0


# --- payment --------------------------------------------------------------------------------------------------------
def request_debit(market: Marketplace, order: Order) -> None:
    if order.state == states.WAITING_DEBIT:
        move(market, order, order.active_lines, to=states.WAITING_DEBIT_PAYMENT)


def confirm_debit(market: Marketplace, order: Order) -> None:
    """The customer's money is in. A pay-later order stays where it is; a pay-on-acceptance order may now be shipped."""
    if order.debited_at is not None or order.state in (states.STAGING, states.WAITING_ACCEPTANCE):
        return
    if not order.active_lines:
        return
    note_debit(market, order)
    money.log_debit(market, order, order.active_lines)
    if order.state in states.BEFORE_DEBIT:
        move(market, order, order.active_lines, to=states.SHIPPING)
    else:
        market.touch(order, *order.active_lines)


def note_debit(market: Marketplace, order: Order) -> None:
    # Observed on the platform: this date often carries milliseconds where last_updated_date has none.
    order.debited_at = market.now().replace(microsecond=0) + timedelta(milliseconds=532)
    order.transaction_number = f"TRX-{market.new_number()}"


def refuse_debit(market: Marketplace, order: Order) -> None:
    if order.state in (states.WAITING_DEBIT, states.WAITING_DEBIT_PAYMENT):
        move(market, order, order.active_lines, to=states.CANCELED)


def _await_debit(market: Marketplace, order: Order) -> None:
    answer = refuse_debit if market.settings.debit_refused else confirm_debit
    market.later(market.settings.debit_confirm_seconds, lambda: answer(market, order))
    market.later(market.settings.payment_timeout_seconds, lambda: refuse_debit(market, order))


# --- shipping and after ---------------------------------------------------------------------------------------------
def _start_shipping(market: Marketplace, order: Order) -> None:
    day = market.now() + timedelta(days=market.settings.leadtime_to_ship_days)
    order.shipping_deadline = day.replace(hour=22, minute=59, second=59, microsecond=999_000)


def collect(market: Marketplace, order: Order) -> None:
    move(market, order, _in(order, states.SHIPPED), to=states.TO_COLLECT)


def receive(market: Marketplace, order: Order) -> None:
    """Delivered, or assumed delivered: the money becomes payable."""
    lines = _in(order, states.SHIPPED, states.TO_COLLECT)
    if not lines or order.state not in (states.SHIPPED, states.TO_COLLECT):
        return
    for line in lines:
        line.received_at = market.now()
    _move_shipments(market, order, to=states.RECEIVED)
    move(market, order, lines, to=states.RECEIVED)


def _received(market: Marketplace, order: Order) -> None:
    # Refunds paid before reception wait as pending too: the whole order becomes payable at once.
    money.make_payable(market, order.lines)
    market.later(market.settings.closed_after_seconds, lambda: close(market, order))
    if order.payment_workflow in (PAY_ON_DELIVERY, PAY_ON_DUE_DATE):
        market.later(market.settings.debit_confirm_seconds, lambda: confirm_debit(market, order))


def close(market: Marketplace, order: Order) -> None:
    """The end: nothing can be refunded any more. An open incident keeps the order open."""
    if order.state == states.RECEIVED and not order.has_incident:
        _move_shipments(market, order, to=states.CLOSED)
        move(market, order, _in(order, states.RECEIVED), to=states.CLOSED)


def _in(order: Order, *wanted: str) -> list[OrderLine]:
    return [line for line in order.lines if line.state in wanted]


def _move_shipments(market: Marketplace, order: Order, *, to: str) -> None:
    for shipment in market.shipments_of_order[order.order_id]:
        if shipment.status in states.LEFT:
            shipment.status, shipment.updated_at = to, market.now()


# --- incidents ------------------------------------------------------------------------------------------------------
def open_incident(market: Marketplace, order: Order, line: OrderLine, *, reason_code: str) -> None:
    line.incident = reason_code
    market.touch(order, line)


def close_incident(market: Marketplace, order: Order, line: OrderLine) -> None:
    if line.incident is None:
        return
    line.incident = None
    market.touch(order, line)
    if line.state == states.RECEIVED:
        money.make_payable(market, [line])
        market.later(market.settings.closed_after_seconds, lambda: close(market, order))


# What entering a state sets going.
_FOLLOWS: Mapping[str, Callable[[Marketplace, Order], None]] = MappingProxyType(
    {
        states.WAITING_ACCEPTANCE: lambda market, order: market.later(
            market.settings.acceptance_window_seconds, lambda: lapse(market, order)
        ),
        states.WAITING_DEBIT: lambda market, order: market.later(
            market.settings.debit_request_seconds, lambda: request_debit(market, order)
        ),
        states.WAITING_DEBIT_PAYMENT: _await_debit,
        states.SHIPPING: _start_shipping,
        states.SHIPPED: lambda market, order: market.later(
            market.settings.received_after_seconds, lambda: receive(market, order)
        ),
        states.RECEIVED: _received,
        states.CLOSED: lambda market, order: money.make_payable(market, order.lines),
    }
)
