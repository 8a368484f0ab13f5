"""The returns and refunds of one order: each side with its numbers and amounts, and what differs, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.canonical.money import Money
from connectors.canonical.returns import REFUND_MARK, ReturnState
from exceptions_app.words import counted, listed, money
from integrationhub.console.back_office import page_url
from integrationhub.console.money_words import NOTHING, amount
from integrationhub.console.orders.timeline_entries import Entry
from integrationhub.orders.models import ReturnedLine, SoldOrder, SoldReturn
from integrationhub.orders.refund_ledger import begins_at_target
from integrationhub.orders.return_causes import why_by_hand
from integrationhub.orders.return_ledger import differences, takes_returns

PARCEL_WORDS = {
    ReturnState.REQUESTED.value: "on its way",
    ReturnState.RECEIVED.value: "received, not inspected",
    ReturnState.RESTOCKED.value: "inspected",
    ReturnState.CANCELLED.value: "cancelled",
    ReturnState.UNKNOWN.value: "in a state the hub does not know",
}
_TONES = {SoldReturn.State.COMPLETED: "good", SoldReturn.State.CANCELLED: ""}


@dataclass(frozen=True, kw_only=True)
class ReturnSide:
    name: str
    number: str
    url: str
    state: str
    total: str  # what this side gives back
    told_as: str  # what that is called: "Given back"
    tax: str
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class LineWords:
    sku: str
    units: int
    amount: str
    tax: str
    received: str
    restocked: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReturnRow:
    title: str
    state: str
    tone: str
    seen_at: datetime
    answer_by: datetime | None
    sides: Sequence[ReturnSide]
    lines: Sequence[LineWords]
    differs: Sequence[str]


def rows_of(way: Sequence[SoldOrder]) -> list[SoldReturn]:
    """The returns of an order on all its links."""
    joined = SoldReturn.objects.filter(order__in=way).select_related("order__link__source", "order__target")
    return list(joined.prefetch_related("lines").order_by("first_seen_at", "pk"))


def returns_of(way: Sequence[SoldOrder]) -> list[ReturnRow]:
    return [_row(row) for row in rows_of(way)]


def title_of(row: SoldReturn) -> str:
    """A refund is money without a return; what the target made itself goes by the target's number."""
    number = row.target_id if begins_at_target(row) else row.source_id or row.target_id
    if number.startswith(REFUND_MARK) or (row.source_id and not row.lines.all()):
        return f"Refund {number.removeprefix(REFUND_MARK)}"
    return f"Return {number}"


def state_of(row: SoldReturn) -> str:
    """Credited where the goods are, and over where it was sold: what then keeps it open is that the two differ."""
    if row.state == SoldReturn.State.CREDITED and row.source_completed_at is not None:
        return "Ended on both sides, and they differ"
    return str(row.get_state_display())


def units_back(row: SoldReturn) -> str:
    lines = list(row.lines.all())
    return counted(sum(line.quantity for line in lines), "unit", "units") if lines else "no goods"


def differs(row: SoldReturn) -> list[str]:
    """ "refunded £1.00, credited £1.01"; what is to be booked by hand stands beside it."""
    if begins_at_target(row) and row.credited is not None and row.source_total is not None:
        given, paid = Money(row.credited, row.currency), Money(row.source_total, row.currency)
        return [] if given.agrees_with(paid) else [f"{money(given)} given back, {money(paid)} refunded"]
    return [
        f"{f'{what}: ' if what else ''}{money(ours)} given back, {money(theirs)} credited"
        for what, ours, theirs in differences(row)
    ]


def _row(row: SoldReturn) -> ReturnRow:
    return ReturnRow(
        title=title_of(row),
        state=state_of(row),
        tone=_TONES.get(SoldReturn.State(row.state), "warn"),
        seen_at=row.first_seen_at,
        answer_by=row.answer_by if row.source_completed_at is None else None,
        sides=[_source(row), _maker(row) if _is_made_there(row) else _target(row)],
        lines=[_line(line, row) for line in row.lines.all()],
        differs=differs(row),
    )


def _source(row: SoldReturn) -> ReturnSide:
    place = row.order.link.source
    notes = [
        f"Paid back {amount(Decimal(one['amount']), row.currency)}, transaction {one['transaction']}"
        if one["state"] == "SUCCESS"
        else f"{amount(Decimal(one['amount']), row.currency)} not paid back yet, transaction {one['transaction']}"
        for one in row.source_refunds
    ]
    if row.source_shipping:
        notes.append(f"{amount(row.source_shipping, row.currency)} of it is delivery")
    if row.source_cost:
        notes.append(f"{amount(row.source_cost, row.currency)} kept back for returning")
    if row.returned_to_stock:
        notes.append(f"{place.name} put the goods into its own stock when the return was made")
    if row.by_hand_why and not row.source_id:
        notes.append(why_by_hand(row.by_hand_why, channel=place.name))
    return ReturnSide(
        name=place.name,
        number=row.source_id.removeprefix(REFUND_MARK),
        url=page_url(place, "return", row.source_id),
        state=_standing_where_sold(row),
        told_as="Given back",
        total=amount(row.source_total, row.currency),
        tax=amount(row.source_tax, row.currency),
        notes=notes,
    )


def _standing_where_sold(row: SoldReturn) -> str:
    if row.source_state:
        return row.source_state.lower()
    if row.by_hand_why:
        return "to be refunded by hand"
    return "asked to refund" if row.refund_sent_at else "not there"


def _is_made_there(row: SoldReturn) -> bool:
    return begins_at_target(row) or (row.source_total is not None and not takes_returns(row.order.target))


def _maker(row: SoldReturn) -> ReturnSide:
    """Where the order is fulfilled, when returns are made there."""
    place = row.order.target
    made = "complete" if row.credited_at else "not complete"
    notes = [f"{amount(row.announced_shipping, row.currency)} of it is delivery"] if row.announced_shipping else []
    return ReturnSide(
        name=place.name,
        number=row.target_id.removeprefix(REFUND_MARK),
        url=page_url(place, "return", row.target_id),
        state=made if row.target_id else "has no return for it",
        told_as="Given back",
        total=amount(row.credited, row.currency),
        tax=amount(row.credited_tax, row.currency),
        notes=notes,
    )


def _target(row: SoldReturn) -> ReturnSide:
    place = row.order.target
    notes = [
        f"Parcel {parcel['number'] or number}: {PARCEL_WORDS.get(parcel['state'], parcel['state'].lower())}"
        for number, parcel in row.parcels.items()
    ]
    notes += [
        f"Credit note {note['number'] or number}, {'posted' if note['posted'] else 'not posted yet'}"
        for number, note in row.credit_notes.items()
    ]
    if row.by_hand:
        notes.append(f"{amount(row.by_hand, row.currency)} to book by hand")
    return ReturnSide(
        name=place.name,
        number=row.target_id,
        url=page_url(place, "return", row.target_id),
        state=_state_there(row),
        told_as="Credited",
        total=amount(row.credited, row.currency),
        tax=amount(row.credited_tax, row.currency),
        notes=notes,
    )


def _state_there(row: SoldReturn) -> str:
    if row.inspected_at is not None:
        return "inspected"
    if row.received_at is not None:
        return "received"
    return "expects it" if row.announced_at else "not told"


def _line(line: ReturnedLine, row: SoldReturn) -> LineWords:
    tells_goods = takes_returns(row.order.target)
    inspected = row.inspected_at is not None
    scrapped = line.received - line.restocked
    restocked = f"{line.restocked}" + (f", {scrapped} not fit to sell" if inspected and scrapped else "")
    return LineWords(
        sku=line.sku,
        units=line.quantity,
        amount=amount(line.amount, row.currency),
        tax=amount(line.tax, row.currency),
        received=str(line.received) if tells_goods else NOTHING,
        restocked=restocked if tells_goods else NOTHING,
        reason=line.reason,
    )


# --- the timeline -----------------------------------------------------------------------------------------------------
def entries(way: Sequence[SoldOrder]) -> Iterator[Entry]:
    for row in rows_of(way):
        yield from _entries(row)


def _entries(row: SoldReturn) -> Iterator[Entry]:
    source, target, title = row.order.link.source.name, row.order.target.name, title_of(row)
    back = Money(row.source_total, row.currency) if row.source_total is not None else None
    credited = "completed" if begins_at_target(row) else "credited"
    told: tuple[tuple[datetime | None, str, str, str], ...] = (
        (row.source_created_at, source, f"{title} was made{f': {money(back)}' if back else ''}.", ""),
        (row.announced_at, "the hub", f"{title} was announced to {target} as {row.target_id}.", "good"),
        (row.received_at, target, f"{title} arrived.", ""),
        (row.inspected_at, target, f"{title} was inspected: {_inspected(row)}.", ""),
        (row.credited_at, target, f"{title} was {credited}: {amount(row.credited, row.currency)}.", "good"),
        (row.refund_sent_at, "the hub", f"{source} was told to refund {title.lower()}.", "good"),
        (row.source_completed_at, source, f"{title} is {row.source_state.lower()}.", "good"),
    )
    for at, who, text, tone in told:
        if at is not None:
            yield Entry(at=at, who=who, text=text, tone=tone)


def _inspected(row: SoldReturn) -> str:
    parts: list[Any] = [
        f"{line.restocked} of {line.quantity} × {line.sku or line.line_id} back on the shelf"
        for line in row.lines.all()
    ]
    return listed(parts) or "nothing on the shelf"
