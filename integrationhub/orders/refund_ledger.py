"""Writing refunds that begin where an order is fulfilled: what was given back there, and what answers it where it was sold.

Both sides are one row of the ledger of returns once they are known to speak of the same money; before that each has its own.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from connectors import ports
from connectors.canonical.money import Money, total
from connectors.canonical.refunds import ByHand, RefundLine, RefundStanding
from connectors.canonical.returns import Return, ReturnLine, ReturnState
from integrationhub.orders.models import ReturnedLine, SoldLine, SoldOrder, SoldReturn
from integrationhub.orders.return_ledger import (
    GONE,
    line_money,
    record_gone,
    record_source,
    refuse_strange,
    takes_returns,
)
from integrationhub.sync.enqueue import reporting_value


def begins_at_target(row: SoldReturn) -> bool:
    """Whether the target makes its returns itself, and has made this one."""
    return bool(row.target_id) and not takes_returns(row.order.target)


# --- where it is fulfilled --------------------------------------------------------------------------------------------
@transaction.atomic
def record_given(order: SoldOrder, found: Return) -> SoldReturn:
    """Write what the target says of a return or refund of its own. Raises DataError for what no return of this order has."""
    refuse_strange(order, found)
    target_id = found.external_id[:60]
    row = SoldReturn.objects.filter(order=order, target_id=target_id).first()
    row = row or SoldReturn(brand_id=order.brand_id, order=order, target_id=target_id, currency=order.currency)
    row.order = order
    money = found.money if found.state is ReturnState.COMPLETED else None
    row.credited = money.total.amount if money else None
    row.credited_tax = money.tax.amount if money and found.lines else None
    row.credited_at = (row.credited_at or ports.now()) if money else None
    row.target_seen_at = ports.now()
    row.value_reporting = (
        reporting_value(order.brand, found.money.total.amount, row.currency, on=ports.now()) if found.money else None
    )
    shares = list(_shares(row, found))
    if not row.source_id:
        delivery = (
            found.money.total - total((share.amount for share in shares), currency=row.currency)
            if found.money
            else None
        )
        row.announced_shipping = delivery.amount if delivery and found.lines else None
        row.source_state = "" if row.source_state == GONE else row.source_state
    row.save()
    if not row.source_id:
        _record_lines(row, shares)
    return row


def is_old(order: SoldOrder, found: Return) -> bool:
    """Whether it was made before the hub followed the refunds of this link: people have settled it then."""
    return found.created_at is not None and found.created_at < order.link.refunds_since


def record_taken_back(row: SoldReturn) -> None:
    """The target has it no more."""
    row.credited = row.credited_tax = row.credited_at = None
    row.target_seen_at = ports.now()
    if not row.source_id:
        row.source_state = GONE
    row.save()


@dataclass(frozen=True, kw_only=True)
class _Share:
    """What one line of a return gives back of one order line; `sold` is None where the order has no such units left."""

    line: ReturnLine
    sold: SoldLine | None
    units: int
    amount: Money
    tax: Money


def _shares(row: SoldReturn, found: Return) -> Iterator[_Share]:
    amounts, taxes = line_money(found, currency=row.currency)
    left = _units_left(row)
    for line, amount, tax in zip(found.lines, amounts, taxes, strict=True):
        yield from _spread(line, amount, tax, left)


def _units_left(row: SoldReturn) -> dict[SoldLine, int]:
    """Units of each order line that no other return gives back."""
    left = {line: line.quantity for line in row.order.lines.all() if not line.cancelled}
    others = row.order.returns.exclude(pk=row.pk).exclude(target_id="").exclude(source_state=GONE)
    taken: dict[str, int] = defaultdict(int)
    for part in ReturnedLine.objects.filter(sold_return__in=others):
        taken[part.order_line_id] += part.quantity
    return {line: units - taken[line.line_id] for line, units in left.items()}


def _spread(line: ReturnLine, amount: Money, tax: Money, left: dict[SoldLine, int]) -> Iterator[_Share]:
    """The units of a line on the order lines of its SKU, those of the nearest price first."""
    units, each = line.requested, amount.amount / max(line.requested, 1)
    lines = [sold for sold in left if line.sku == (sold.target_sku or sold.sku) and left[sold] > 0]
    for sold in sorted(lines, key=lambda one: (abs(one.unit_price - each), one.pk)):
        take = min(units, left[sold])
        if not take:
            continue
        part = amount if take == units else Money(amount.amount * take / units, amount.currency).rounded()
        tax_part = tax if take == units else Money(tax.amount * take / units, tax.currency).rounded()
        yield _Share(line=line, sold=sold, units=take, amount=part, tax=tax_part)
        left[sold] -= take
        units, amount, tax = units - take, amount - part, tax - tax_part
    if units:
        yield _Share(line=line, sold=None, units=units, amount=amount, tax=tax)


def _record_lines(row: SoldReturn, shares: Sequence[_Share]) -> None:
    """One line for each order line; what no order line has is kept under the target's own identifier."""
    row.lines.all().delete()
    rows: dict[str, ReturnedLine] = {}
    for share in shares:
        sold_id = share.sold.line_id if share.sold else ""
        line = rows.setdefault(sold_id or share.line.line_id, _line(row, share, sold_id))
        line.quantity += share.units
        line.amount, line.tax = (line.amount or 0) + share.amount.amount, (line.tax or 0) + share.tax.amount
    ReturnedLine.objects.bulk_create(rows.values())


def _line(row: SoldReturn, share: _Share, sold_id: str) -> ReturnedLine:
    return ReturnedLine(
        sold_return=row,
        line_id=(sold_id or share.line.line_id)[:100],
        order_line_id=sold_id,
        sku=(share.sold.sku if share.sold else share.line.sku)[:100],
        quantity=0,
        amount=Decimal(0),
        tax=Decimal(0),
        reason=share.line.reason[:200],
    )


# --- what is to be given back -----------------------------------------------------------------------------------------
def lines_of(row: SoldReturn) -> tuple[RefundLine, ...]:
    return tuple(
        RefundLine(line_id=line.order_line_id, quantity=line.quantity, amount=_money(row, line.amount))
        for line in row.lines.all()
        if line.order_line_id and line.amount
    )


def delivery_of(row: SoldReturn) -> Money:
    return _money(row, row.announced_shipping)


def is_placed(row: SoldReturn) -> bool:
    """Whether every unit of it is one that the order has."""
    return all(line.order_line_id for line in row.lines.all())


def _money(row: SoldReturn, amount: Decimal | None) -> Money:
    return Money(amount or Decimal(0), row.currency)


# --- where it was sold ------------------------------------------------------------------------------------------------
def note_made(order: SoldOrder, standing: RefundStanding) -> list[SoldReturn]:
    """Write the refunds that the source shows; those from before the link followed refunds are nobody's work here."""
    made = [one for one in standing.made if not is_old(order, one)]
    for denied in (one for one in made if one.state is ReturnState.CANCELLED):
        for row in order.returns.filter(source_id=denied.external_id):
            record_gone(row)
    return [record_source(order, one) for one in made if one.state is not ReturnState.CANCELLED]


def unclaimed(order: SoldOrder) -> list[SoldReturn]:
    """Refunds where it was sold that answer no return of the target's, and that no person has explained."""
    rows = (
        order.returns.filter(target_id="").exclude(source_id="").exclude(source_total=None).exclude(source_state=GONE)
    )
    return list(rows.exclude(state=SoldReturn.State.COMPLETED).prefetch_related("lines").order_by("pk"))


def waiting(order: SoldOrder) -> list[SoldReturn]:
    """What the target gave back, nobody answered yet, and the hub is not just asking for."""
    rows = order.returns.filter(source_id="", refund_sent_at=None).exclude(target_id="").exclude(credited=None)
    return list(rows.prefetch_related("lines").order_by("pk"))


def answer_to(row: SoldReturn) -> SoldReturn | None:
    """The refund where it was sold that gives back just this: as much in all, and of every line."""
    ours = _by_line(row)
    for other in unclaimed(row.order):
        same_total = _money(row, other.source_total).agrees_with(_money(row, row.credited))
        if same_total and (not ours or _by_line(other) == ours):
            return other
    return None


def meets_another(row: SoldReturn) -> bool:
    """Whether the source gave back something of the same lines that answers no return: it may be this one, otherwise summed."""
    ours = _by_line(row).keys()
    return any(ours & _by_line(other).keys() for other in unclaimed(row.order))


def _by_line(row: SoldReturn) -> Mapping[str, int]:
    """Order line → minor units given back of its goods."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for line in row.lines.all():
        amounts[line.order_line_id] += line.amount or Decimal(0)
    return {key: minor for key, amount in amounts.items() if (minor := _money(row, amount).minor())}


_SOURCE_FIELDS = (
    "source_state source_completed_at source_created_at source_seen_at source_total source_tax source_shipping source_cost"
    " source_refunded source_refunds answer_by"
).split()


@transaction.atomic
def join(row: SoldReturn, source_id: str) -> list[str]:
    """The refund `source_id` answers this row: from now on both are one. Returns the keys of rows that are no more."""
    other = row.order.returns.filter(source_id=source_id).exclude(pk=row.pk).first()
    gone = [] if other is None else [f"return:{other.pk}"]
    if other is not None:
        for name in _SOURCE_FIELDS:
            setattr(row, name, getattr(other, name))
        row.lines.all().delete()
        other.lines.update(sold_return=row)
        other.delete()
    row.source_id, row.by_hand_why, row.source_left = source_id, "", None
    row.save()
    return gone


def ask_a_person(row: SoldReturn, why: ByHand, *, left: Money | None = None) -> None:
    row.by_hand_why, row.refund_sent_at = why.value, None
    row.source_left = left.amount if left is not None else None
    row.save()
