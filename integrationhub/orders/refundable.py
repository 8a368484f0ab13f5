"""What of an order may still be given back, and how a refund is told to who books it. Pure sums over the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.canonical.money import Money, minor_digits, total
from connectors.canonical.returns import Return, ReturnRequest, ReturnRequestLine
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.orders.return_ledger import GONE


@dataclass(frozen=True, kw_only=True)
class Breach:
    """More is given back than was charged."""

    what: str  # "" for the whole order, else the SKU of the line
    charged: Money
    given: Money


def breach(order: SoldOrder) -> Breach | None:
    """The first sum over the order's returns that is more than what was charged; None when all is within."""
    rows = list(order.returns.exclude(source_state=GONE).exclude(source_total=None).prefetch_related("lines"))
    charged = Money(order.total, order.currency)
    given = Money(sum((row.source_total or Decimal(0) for row in rows), Decimal(0)), order.currency)
    if given.minor() > charged.minor():
        return Breach(what="", charged=charged, given=given)
    return next((found for found in map(_over_line, *_by_line(order, rows)) if found), None)


def _by_line(order: SoldOrder, rows: Sequence[SoldReturn]) -> tuple[list[tuple[str, Money]], list[Money]]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        for line in row.lines.all():
            sums[line.order_line_id] = sums.get(line.order_line_id, Decimal(0)) + (line.amount or Decimal(0))
    sold = [line for line in order.lines.all() if line.line_id in sums]
    charged = [(line.sku, Money(line.line_total, order.currency)) for line in sold]
    return charged, [Money(sums[line.line_id], order.currency) for line in sold]


def _over_line(charged: tuple[str, Money], given: Money) -> Breach | None:
    sku, amount = charged
    return Breach(what=sku, charged=amount, given=given) if given.minor() > amount.minor() else None


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
    sums = [line.amount or none for line in found.lines]
    extra = money.total - total(sums, currency=currency)
    shipping = min(extra, delivery) if extra.amount > 0 else none
    by_hand = extra - shipping if extra.amount > 0 else none
    goods = total(sums, currency=currency) if extra.amount > 0 else money.total
    taxes = [line.tax or none for line in found.lines]
    goods_tax = total(taxes, currency=currency) if extra.amount > 0 else money.tax
    amounts, tax_parts = spread(goods, sums), spread(goods_tax, taxes)
    lines = tuple(
        _line(line.line_id, line.order_line_id, line.requested, line.reason, amount=amount, tax=tax)
        for line, amount, tax in zip(found.lines, amounts, tax_parts, strict=True)
    )
    shipping_tax = money.tax - goods_tax if shipping.amount and not by_hand.amount else None
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


def spread(whole: Money, weights: Sequence[Money]) -> list[Money]:
    """`whole` over parts in proportion to `weights`, each in minor units, and their sum exactly `whole`."""
    step = Decimal(1).scaleb(-minor_digits(whole.currency))
    everything = sum((weight.amount for weight in weights), Decimal(0))
    passed, given, parts = Decimal(0), 0, []
    for weight in weights:
        passed += weight.amount
        share = passed / everything if everything else Decimal(0)
        until = Money(whole.amount * share, whole.currency).minor()
        parts.append(Money((until - given) * step, whole.currency))
        given = until
    return parts
