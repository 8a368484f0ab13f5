"""What of an order may still be given back, and how a refund is told to who books it. Pure sums over the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.canonical.money import Money, total
from connectors.canonical.returns import Return, ReturnRequest, ReturnRequestLine
from integrationhub.orders.models import ReturnedLine, SoldLine, SoldOrder
from integrationhub.orders.return_ledger import GONE, line_money


@dataclass(frozen=True, kw_only=True)
class Breach:
    """More is given back than was charged."""

    what: str  # "" for the whole order, else the SKU of the line
    charged: Money
    given: Money


def breach(order: SoldOrder) -> Breach | None:
    """The first sum over the order's returns that is more than what was charged; None when all is within.

    The whole is exact. A line may be out by a minor unit for each of its returns: what was kept back, or a voucher took off,
    is spread over lines on either side by its own rounding.
    """
    rows = list(order.returns.exclude(source_state=GONE).exclude(source_total=None).prefetch_related("lines"))
    charged = Money(order.total, order.currency)
    given = Money(sum((row.source_total or Decimal(0) for row in rows), Decimal(0)), order.currency)
    if given.minor() > charged.minor():
        return Breach(what="", charged=charged, given=given)
    returned = [line for row in rows for line in row.lines.all()]
    found = (_over_line(line, returned, order.currency) for line in order.lines.all())
    return next((one for one in found if one is not None), None)


def _over_line(line: SoldLine, returned: Sequence[ReturnedLine], currency: str) -> Breach | None:
    parts = [one for one in returned if one.order_line_id == line.line_id]
    charged = Money(line.line_total, currency)
    given = Money(sum((one.amount or Decimal(0) for one in parts), Decimal(0)), currency)
    if given.minor() <= charged.minor() + len(parts) and sum(one.quantity for one in parts) <= line.quantity:
        return None
    return Breach(what=line.sku, charged=charged, given=given)


# --- how it is told ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Told:
    """A return as it can be announced, and what of its refund no call carries."""

    request: ReturnRequest
    by_hand: Money


def told(found: Return, *, reference: str, order_external_id: str, currency: str, delivery: Money) -> Told:
    """`delivery`: what may be given back of the order's delivery with this return, 0 once another return told it.

    What is kept back for returning, or of a voucher, lowers the lines; what is more than the lines goes on the delivery,
    and what is left is for a person to book.
    """
    none = Money(Decimal(0), currency)
    money = found.money
    if money is None:
        lines = tuple(_line(line.line_id, line.order_line_id, line.requested, line.reason) for line in found.lines)
        return Told(
            request=ReturnRequest(reference=reference, order_external_id=order_external_id, lines=lines), by_hand=none
        )
    amounts, taxes = line_money(found, currency=currency)
    extra = money.total - total(amounts, currency=currency)
    shipping = min(extra, delivery) if extra.amount > 0 else none
    by_hand = extra - shipping
    lines = tuple(
        _line(line.line_id, line.order_line_id, line.requested, line.reason, amount=amount, tax=tax)
        for line, amount, tax in zip(found.lines, amounts, taxes, strict=True)
    )
    own_tax = money.tax - total(taxes, currency=currency)
    shipping_tax = own_tax if shipping.amount and not by_hand.amount else None
    request = ReturnRequest(
        reference=reference,
        order_external_id=order_external_id,
        lines=lines,
        shipping=shipping,
        shipping_tax=shipping_tax,
    )
    return Told(request=request, by_hand=by_hand)


def _line(
    line_id: str, sold_line_id: str, units: int, reason: str, *, amount: Money | None = None, tax: Money | None = None
) -> ReturnRequestLine:
    return ReturnRequestLine(
        line_id=line_id, sold_line_id=sold_line_id, quantity=units, reason=reason, amount=amount, tax=tax
    )
