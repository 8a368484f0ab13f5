"""Movements of money: written at debit (PENDING), payable once received, paid when a billing cycle closes."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from connectors.mirakl.sandbox import states
from connectors.mirakl.sandbox.amounts import TAX_INCLUDED, ZERO, Amount, Tax
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.records import Cycle, LogLine, Order, OrderLine, Refund

PENDING = "PENDING"
PAYABLE = "PAYABLE"
PAID = "PAID"


def log_debit(market: Marketplace, order: Order, lines: Iterable[OrderLine]) -> None:
    """The customer paid these lines: what they owe goes to the shop, less commission."""
    for line in lines:
        if line.debited_at is not None:
            continue
        line.debited_at = market.now()
        state = _payment_state(order, line)
        entry = _Entry(market, order=order, line=line, state=state)
        entry.amount("ORDER_AMOUNT", line.goods_left)
        entry.amount("ORDER_SHIPPING_AMOUNT", line.shipping_left)
        entry.write("COMMISSION_FEE", -line.commission)
        for tax in line.commission_taxes:
            entry.write("COMMISSION_VAT", -tax.amount, tax=tax)


def log_refund(market: Marketplace, order: Order, line: OrderLine, *, refund: Refund) -> None:
    """A refund was paid to the customer: taken from the shop, commission given back."""
    entry = _Entry(market, order=order, line=line, state=_payment_state(order, line), refund=refund)
    entry.amount("REFUND_ORDER_AMOUNT", refund.goods, sign=-1)
    entry.amount("REFUND_ORDER_SHIPPING_AMOUNT", refund.shipping, sign=-1)
    entry.write("REFUND_COMMISSION_FEE", refund.commission)
    for tax in line.commission_taxes:
        entry.write("REFUND_COMMISSION_VAT", refund.commission_tax, tax=tax)


def _payment_state(order: Order, line: OrderLine) -> str:
    return PAYABLE if order.state in (states.RECEIVED, states.CLOSED) and line.incident is None else PENDING


class _Entry:
    """Writes the log lines of one order line; zero amounts leave none."""

    def __init__(
        self, market: Marketplace, *, order: Order, line: OrderLine, state: str, refund: Refund | None = None
    ) -> None:
        self._market, self._order, self._line, self._state, self._refund = market, order, line, state, refund

    def amount(self, kind: str, amount: Amount, *, sign: int = 1) -> None:
        """In the platform's tax mode: one line with taxes inside, or a net line and one per tax."""
        mode = self._market.settings.order_tax_mode
        self.write(kind, sign * amount.shown(mode))
        for tax in amount.taxes if mode != TAX_INCLUDED else ():
            self.write(f"{kind}_TAX", sign * tax.amount, tax=tax)

    def write(self, kind: str, amount: Decimal, *, tax: Tax | None = None) -> None:
        if amount == 0:
            return
        now = self._market.now()
        self._market.record(
            LogLine(
                line_id=self._market.new_uuid(),
                kind=kind,
                amount=amount,
                payment_state=self._state,
                created_at=now,
                updated_at=now,
                order_id=self._order.order_id,
                order_line_id=self._line.line_id,
                refund_id=self._refund.refund_id if self._refund else None,
                tax=tax,
            )
        )


def make_payable(market: Marketplace, lines: Iterable[OrderLine]) -> None:
    """Received goods: their money may be paid out, unless an incident blocks the line."""
    for line in lines:
        for entry in market.log_of_line[line.line_id] if line.incident is None else ():
            if entry.payment_state == PENDING:
                entry.payment_state, entry.updated_at = PAYABLE, market.now()


def balance(market: Marketplace, payment_state: str) -> Decimal:
    return sum((entry.amount for entry in market.log if entry.payment_state == payment_state), ZERO)


def refundable_balance(market: Marketplace, line: OrderLine) -> Decimal:
    """What can pay this refund: payable money once received, pending money before; less refunds still unpaid."""
    received = line.received_at is not None
    owed = sum(
        (
            refund.goods.gross + refund.shipping.gross
            for order in market.orders.values()
            for other in order.lines
            for refund in other.refunds
            if refund.state != states.REFUNDED and (other.received_at is not None) == received
        ),
        ZERO,
    )
    return balance(market, PAYABLE if received else PENDING) - owed


def close_cycle(market: Marketplace, *, pay_out_state: str = PAID) -> Cycle:
    """Everything payable is paid out in one go; a PAYMENT line balances it."""
    now = market.now()
    paid = [entry for entry in market.log if entry.payment_state == PAYABLE]
    cycle_id = market.new_uuid()
    totals: dict[str, Decimal] = {}
    for entry in paid:
        entry.payment_state, entry.updated_at, entry.cycle_id = PAID, now, cycle_id
        totals[entry.kind] = totals.get(entry.kind, ZERO) + entry.amount
    amount = sum(totals.values(), ZERO)
    number = len(market.cycles) + 1
    cycle = Cycle(
        cycle_id=cycle_id,
        created_at=now,
        amount=amount,
        pay_out_state=pay_out_state,
        reference=f"PAYOUT-{market.shop_id}-{number:04d}" if pay_out_state == PAID else None,
        paid_at=now + timedelta(days=1) if pay_out_state == PAID else None,
        voucher=f"VOUCHER-{market.shop_id}-{number:04d}",
        totals=totals,
    )
    market.cycles.append(cycle)
    if amount:
        market.record(
            LogLine(
                line_id=market.new_uuid(),
                kind="PAYMENT",
                amount=-amount,
                payment_state=PAID,
                created_at=now,
                updated_at=now,
                cycle_id=cycle_id,
            )
        )
    return cycle
