"""Writing the ledger of returns: what was announced and refunded where it was sold, what arrived and was credited.

Everything about one order runs one job at a time, so a row is read, changed and saved without a lock of its own.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from connectors import ports
from connectors.base import Capability
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money, total
from connectors.canonical.returns import CreditNote, RefundEntry, Return, ReturnState
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.orders.models import ReturnedLine, SoldOrder, SoldReturn
from integrationhub.sync.enqueue import reporting_value

State = SoldReturn.State
OVER_STATES = (State.COMPLETED, State.CANCELLED)
GONE = "deleted"  # the source's word for a return that it no longer has


def takes_returns(place: Connection) -> bool:
    return place.platform in platforms_able_to(Capability.TAKE_RETURNS)


def reference_of(link: Link, source_id: str) -> str:
    """What the target is told a return is: it must not meet the number of an order there."""
    return f"{link.reference_prefix}return-{source_id}"


# --- where it was sold ------------------------------------------------------------------------------------------------
@transaction.atomic
def record_source(order: SoldOrder, found: Return) -> SoldReturn:
    """Write what the source says of a return. Raises DataError for what no return of this order has."""
    refuse_strange(order, found)
    row = SoldReturn.objects.filter(order=order, source_id=found.external_id).first()
    row = row or SoldReturn(brand_id=order.brand_id, order=order, source_id=found.external_id, currency=order.currency)
    for name, value in _source_values(found).items():
        setattr(row, name, value)
    over = found.state is ReturnState.COMPLETED
    row.source_completed_at = (row.source_completed_at or ports.now()) if over else None
    if row.source_total is not None:
        row.value_reporting = reporting_value(order.brand, row.source_total, row.currency, on=ports.now())
    if not found.lines and row.source_total is not None and takes_returns(order.target):
        row.by_hand = row.source_total  # money alone: no return order carries it
    row.save()
    _record_lines(row, found)
    return row


def _source_values(found: Return) -> dict[str, Any]:
    money, refunded = found.money, found.refunded
    wanted = money.total if money else found.refund_wanted
    return {
        "source_state": GONE if found.state is ReturnState.CANCELLED and not found.source_state else found.source_state,
        "source_created_at": found.created_at,
        "source_seen_at": ports.now(),
        "source_total": wanted.amount if wanted else None,
        "source_tax": money.tax.amount if money and found.lines else None,
        "source_shipping": money.shipping.amount if money else None,
        "source_cost": money.cost.amount if money else None,
        "source_refunded": refunded.amount if refunded else None,
        "source_refunds": [_entry(entry) for entry in found.refunds],
        "returned_to_stock": found.returned_to_stock,
        "answer_by": found.answer_by,
    }


def _entry(entry: RefundEntry) -> dict[str, str]:
    return {
        "transaction": entry.transaction_id,
        "state": entry.state,
        "amount": str(entry.amount.amount),
        "at": entry.at.isoformat() if entry.at else "",
    }


def _record_lines(row: SoldReturn, found: Return) -> None:
    amounts, taxes = line_money(found, currency=row.currency)
    for line, amount, tax in zip(found.lines, amounts, taxes, strict=True):
        ReturnedLine.objects.update_or_create(
            sold_return=row,
            line_id=line.line_id[:100],
            defaults={
                "order_line_id": line.order_line_id[:100],
                "sku": line.sku[:100],
                "quantity": line.requested,
                "amount": amount.amount if found.money or line.amount is not None else None,
                "tax": tax.amount if found.money else None,
                "reason": line.reason[:200],
            },
        )
    row.lines.exclude(line_id__in=[line.line_id[:100] for line in found.lines]).delete()


def line_money(found: Return, *, currency: str) -> tuple[list[Money], list[Money]]:
    """What is given back for each line, and the tax in it: what is kept back, or a voucher took off, lowers the lines.

    Their sum is the return's total, or less by what is given back besides goods. What is kept back has a tax of its own, so
    it is taken off the line whose tax is nearest to that, and then off the next.
    """
    none = Money(Decimal(0), currency)
    amounts, taxes = [line.amount or none for line in found.lines], [line.tax or none for line in found.lines]
    money = found.money
    if money is None or total(amounts, currency=currency) <= money.total:
        return amounts, taxes
    left, tax_left = total(amounts, currency=currency) - money.total, total(taxes, currency=currency) - money.tax
    share = _share(tax_left, left)
    for index in _nearest(amounts, taxes, share):
        part = min(left, amounts[index])
        tax_part = tax_left if part == left else Money(part.amount * share, currency).rounded()
        amounts[index], taxes[index] = amounts[index] - part, taxes[index] - tax_part
        left, tax_left = left - part, tax_left - tax_part
    return amounts, taxes


def _nearest(amounts: Sequence[Money], taxes: Sequence[Money], share: Decimal) -> list[int]:
    """The lines, nearest to this share of tax first; of lines at one rate, which rounding keeps apart, the largest first."""

    def place(at: int) -> tuple[Decimal, Decimal]:
        return round(abs(_share(taxes[at], amounts[at]) - share), 2), -amounts[at].amount

    return sorted(range(len(amounts)), key=place)


def _share(tax: Money, amount: Money) -> Decimal:
    return tax.amount / amount.amount if amount.amount else Decimal(0)


def refuse_strange(order: SoldOrder, found: Return) -> None:
    amounts = [found.money.total if found.money else found.refund_wanted, *(entry.amount for entry in found.refunds)]
    strange = {amount.currency for amount in amounts if amount is not None} - {order.currency}
    if strange:
        words = f"The return is in {', '.join(sorted(strange))}, and its order in {order.currency}."
        raise DataError(
            [Problem(field="currency", message=words, record=order.reference)], record=f"Return {found.external_id}"
        )


def record_gone(row: SoldReturn) -> None:
    """The source no longer has it: somebody deleted it there."""
    row.source_state, row.source_seen_at, row.source_completed_at = GONE, ports.now(), None
    row.save()


# --- where the goods and the books are --------------------------------------------------------------------------------
def row_for(order: SoldOrder, reference: str, *, target_id: str) -> SoldReturn:
    """The row of what the target names; a new one for a return that was made there and announced nowhere."""
    rows = SoldReturn.objects.filter(order=order)
    known = rows.filter(target_reference=reference).first() if reference else None
    if known is None:
        known = rows.filter(target_id=target_id[:60]).first()
    return known or SoldReturn.objects.create(
        brand_id=order.brand_id,
        order=order,
        currency=order.currency,
        target_reference=reference[:120],
        target_id=target_id[:60],
    )


def record_parcel(row: SoldReturn, found: Return) -> None:
    lines = {
        line.source_line_id or line.line_id: [line.sku, line.requested, line.received, line.restocked]
        for line in found.lines
    }
    row.parcels[found.external_id] = {"number": found.number, "state": found.state.value, "lines": lines}
    row.target_seen_at = ports.now()
    row.save()
    _spread_units(row)


def _spread_units(row: SoldReturn) -> None:
    """What became of each announced line's units, over all parcels."""
    for line in row.lines.all():
        parts = [parcel["lines"].get(line.line_id) for parcel in living(row)]
        line.received = sum(part[2] for part in parts if part)
        line.restocked = sum(part[3] for part in parts if part)
        line.save(update_fields=["received", "restocked"])


def record_credit(row: SoldReturn, note: CreditNote) -> None:
    if note.total.currency != row.currency:
        words = f"The credit note is in {note.total.currency}, and the order in {row.currency}."
        raise DataError([Problem(field="currency", message=words)], record=f"Credit note {note.number}")
    row.credit_notes[note.external_id] = {
        "number": note.number,
        "posted": note.posted,
        "total": str(note.total.amount),
        "tax": str(note.tax.amount),
        "date": note.issued_date.isoformat() if note.issued_date else "",
    }
    posted = [one for one in row.credit_notes.values() if one["posted"]]
    row.credited = sum((Decimal(one["total"]) for one in posted), Decimal(0)) if posted else None
    row.credited_tax = sum((Decimal(one["tax"]) for one in posted), Decimal(0)) if posted else None
    row.credited_at = (row.credited_at or ports.now()) if posted else None
    row.target_seen_at = ports.now()
    row.save()


# --- how it stands ----------------------------------------------------------------------------------------------------
def living(row: SoldReturn) -> list[dict[str, Any]]:
    return [parcel for parcel in row.parcels.values() if parcel["state"] != ReturnState.CANCELLED.value]


def withdrawn(row: SoldReturn) -> bool:
    return row.source_state == GONE


def expected_credit(row: SoldReturn) -> Money | None:
    """What the target's credit notes must come to; None while the source does not say what it gives back."""
    return None if row.source_total is None else Money(row.source_total - row.by_hand, row.currency)


def differences(row: SoldReturn) -> list[tuple[str, Money, Money]]:
    """(what, refunded, credited) where the two differ to the minor unit. Empty while goods are still on their way."""
    expected = expected_credit(row)
    if expected is None or row.credited is None or not _all_units(row, "inspected"):
        return []
    pairs = [("", expected, Money(row.credited, row.currency))]
    if row.source_tax is not None and row.credited_tax is not None and not row.by_hand:
        pairs.append(("tax", Money(row.source_tax, row.currency), Money(row.credited_tax, row.currency)))
    return [(what, ours, theirs) for what, ours, theirs in pairs if not ours.agrees_with(theirs)]


def restate(row: SoldReturn, *, in_order: bool) -> None:
    """Write where it stands. `in_order`: nothing differs, or a person has settled what did."""
    row.received_at = (row.received_at or ports.now()) if _all_units(row, "received") else None
    row.inspected_at = (row.inspected_at or ports.now()) if _all_units(row, "inspected") else None
    row.state = _state(row, in_order=in_order)
    row.save(update_fields=["received_at", "inspected_at", "state"])


def _state(row: SoldReturn, *, in_order: bool) -> str:
    over_here = row.source_completed_at is not None
    credited = row.credited is not None
    # Who takes no returns has nothing to credit: what was sold there ends where it was sold.
    nothing_there = not row.announced_at and not row.parcels
    if withdrawn(row) and not credited and not any(_arrived(parcel) for parcel in living(row)):
        return State.CANCELLED
    steps = (
        (over_here and in_order and (credited or nothing_there), State.COMPLETED),
        (credited, State.CREDITED),
        (row.inspected_at is not None, State.INSPECTED),
        (row.received_at is not None, State.RECEIVED),
        (not nothing_there, State.ANNOUNCED),
    )
    return next((state for reached, state in steps if reached), State.REQUESTED)


def restate_refund(row: SoldReturn, *, settled: bool) -> None:
    """Write where a refund stands that both sides give. `settled`: a person has said that nothing more comes."""
    given, paid = row.credited is not None, row.source_completed_at is not None
    settled = settled or row.credited == 0  # goods without money: nothing is to be given back
    steps = (
        (settled or (given and paid), State.COMPLETED),
        (withdrawn(row) and not given, State.CANCELLED),
        (bool(row.by_hand_why) or withdrawn(row), State.BY_HAND),
        (given and bool(row.source_id), State.SENT),
        (given, State.DUE),
        (bool(row.target_id), State.MADE),
    )
    row.state = next((state for reached, state in steps if reached), State.REFUNDED)
    row.save(update_fields=["state"])


def _arrived(parcel: dict[str, Any]) -> bool:
    return parcel["state"] in (ReturnState.RECEIVED.value, ReturnState.RESTOCKED.value)


def _all_units(row: SoldReturn, step: str) -> bool:
    """Whether every announced unit is in parcels that got so far."""
    parcels = living(row)
    far = (
        (ReturnState.RESTOCKED.value,)
        if step == "inspected"
        else (ReturnState.RECEIVED.value, ReturnState.RESTOCKED.value)
    )
    wanted = sum(line.quantity for line in row.lines.all())
    there = _units(parcels)
    return bool(parcels) and there >= wanted and all(parcel["state"] in far for parcel in parcels)


def _units(parcels: Iterable[dict[str, Any]]) -> int:
    return sum(int(part[1]) for parcel in parcels for part in parcel["lines"].values())
