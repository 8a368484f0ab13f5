"""Refund requests of dispatched goods: what of an order may still be asked for, and how it is asked. Pure.

A seller asks for whole units of a line, and for amounts of another kind (`custom`, such as postage); what a unit is worth
the marketplace knows. The refund itself is the operator's. Source: G:refundrequestlineiteminput,
D:seller-api/examples/refunds/howto_sellerinitrefunds.
"""

from collections.abc import Iterable, Sequence

from connectors.canonical.money import Money, total, zero
from connectors.canonical.orders import Order, OrderLine
from connectors.canonical.payload import JSON
from connectors.canonical.refunds import ByHand, Left, Refund, RefundStanding, by_hand
from connectors.canonical.returns import Return, ReturnState
from connectors.marketplacer.reading import Node
from connectors.marketplacer.translate import read_units

DELIVERY = "Delivery"
OPEN = "AWAITING"
UNDECIDED_LINES = frozenset({"PENDING_APPROVAL", "AWAITING_RETURN"})


def read_standing(payload: JSON, order: Order, made: Sequence[Return]) -> RefundStanding:
    """`payload`: the invoice; `made`: its refund requests of dispatched goods, denied ones included."""
    asked = [one for one in made if one.state is not ReturnState.CANCELLED]
    units, given = read_units(payload), _units(asked)
    left = {}
    delivery = _delivery_left(order, asked)
    for line in order.lines:
        free = max(units[line.line_id].shipped - given.get(line.line_id, 0), 0)
        sent = units[line.line_id].shipped > 0
        left[line.line_id] = Left(units=free, goods=_worth(line, free), shipping=delivery, open=free > 0, shipped=sent)
        delivery = zero(order.currency)  # the order's, told with its first line
    return RefundStanding(made=tuple(made), left=left)


def _units(made: Iterable[Return]) -> dict[str, int]:
    units: dict[str, int] = {}
    for line in (line for one in made for line in one.lines):
        units[line.order_line_id] = units.get(line.order_line_id, 0) + line.requested
    return units


def _delivery_left(order: Order, made: Iterable[Return]) -> Money:
    """What was asked for besides goods is taken for delivery."""
    left = order.shipping
    for one in made:
        goods = total((line.amount for line in one.lines if line.amount), currency=order.currency)
        left = left - ((one.refund_wanted or goods) - goods)
    return left if left.amount > 0 else zero(order.currency)


def _worth(line: OrderLine, units: int) -> Money:
    return Money(line.line_total.amount * units / line.quantity, line.line_total.currency).rounded()


def build_request(invoice_id: str, order: Order, refund: Refund) -> JSON:
    """Raises PermanentError with a code of ByHand for an amount that whole units do not make."""
    sold = {line.line_id: line for line in order.lines}
    rows: list[JSON] = []
    for line in refund.lines:
        worth = _worth(sold[line.line_id], line.quantity)
        if not worth.agrees_with(line.amount):
            words = f"{line.quantity} units are worth {worth} there, and {line.amount} is to go back. Ask its operator."
            raise by_hand(ByHand.WHOLE_UNITS, words, subject=refund.order_reference)
        rows.append(
            {"lineItemId": line.line_id, "quantity": line.quantity, "reason": refund.reason_code, "dispatched": True}
        )
    if refund.shipping.minor():
        rows.append({"custom": DELIVERY, "amountPerItemCents": refund.shipping.minor(), "quantity": 1})
    return {"invoiceId": invoice_id, "lineItems": rows, "notes": [{"note": "Asked for by the seller"}]}


def waits(payload: JSON) -> bool:
    return Node.root(payload).text("status") == OPEN


def undecided_lines(payload: JSON) -> list[str]:
    lines = Node.root(payload).children("lineItems")
    return [line.text("id") for line in lines if line.text("status") in UNDECIDED_LINES]
