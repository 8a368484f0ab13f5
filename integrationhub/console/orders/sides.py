"""An order's sides next to each other: head, money, the way it went and its parcels, with what differs said in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectors.base import Capability
from connectors.canonical.money import Money
from connectors.canonical.orders import OrderState, TargetState
from connectors.registry import CONNECTORS, platforms_able_to
from exceptions_app.words import money
from integrationhub.console.back_office import page_url
from integrationhub.console.money_words import amount
from integrationhub.console.orders.way import Stretch
from integrationhub.orders.flows.cancelling import ENDED_AT_SOURCE
from integrationhub.orders.models import SoldDispatch, SoldOrder

PAST_ACCEPTANCE = frozenset(
    state.value
    for state in (
        OrderState.AWAITING_PAYMENT,
        OrderState.READY_TO_SHIP,
        OrderState.SHIPPED,
        OrderState.RECEIVED,
        OrderState.CLOSED,
    )
)
Station = tuple[str, datetime | None, bool]  # its name, when it was reached, whether it is done


@dataclass(frozen=True, kw_only=True)
class Side:
    """The order as one platform has it."""

    name: str
    role: str
    number: str
    record: str  # what the hub's calls name it by, where that is not the number: the id of Fulfil's record
    url: str
    state: str
    chip: str  # the state with where: "Shipped in Centra"
    note: str
    seen_at: datetime | None
    seen: str  # what happened then
    total: str
    difference: str  # of its total from that of the side before


@dataclass(frozen=True, kw_only=True)
class MoneyRow:
    what: str
    amounts: tuple[str, ...]  # one for each side
    differences: tuple[
        str, ...
    ]  # from the side before, for each side but the first: "£0.01 more there", "" when they agree
    compared: bool

    @property
    def difference(self) -> str:
        return ", ".join(filter(None, self.differences))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One station on an order's way."""

    name: str
    at: datetime | None
    state: str  # done | next | ""


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One dispatch, from the warehouse back to where the order was sold."""

    name: str
    url: str  # its page in the warehouse's own back office, "" where there is none
    carrier: str
    told: tuple[str, ...]  # the carrier as each side was told, in the parcel's order
    tracking: str
    state: str
    moments: tuple[datetime | None, ...]  # one for each of `Parcels.heads`


@dataclass(frozen=True, kw_only=True)
class Parcels:
    heads: tuple[str, ...]
    rows: list[Parcel]


def sides_of(way: Sequence[Stretch], rows: Sequence[MoneyRow]) -> list[Side]:
    """Where it was sold, then where each link led. `rows`: as `money_of` made them."""
    totals = next(row for row in rows if row.what == TOTAL)
    sold = _sold(way[0].order, total=totals.amounts[0])
    later = [
        _there(
            stretch.order,
            role="Fulfilled in" if stretch is way[-1] else "Passed on by",
            total=totals.amounts[place],
            difference=totals.differences[place - 1],
        )
        for place, stretch in enumerate(way, start=1)
    ]
    return [sold, *later]


def _sold(order: SoldOrder, *, total: str) -> Side:
    source, state = order.link.source, order.get_state_display()
    return Side(
        name=source.name,
        role="Sold at",
        number=order.reference,
        record="",
        url=page_url(source, "order", order.reference),
        state=state,
        chip=f"{state} at {source.name}",
        note=f"In its own words: {order.source_state}" if order.source_state else "",
        seen_at=order.source_updated_at,
        seen="Last changed",
        total=total,
        difference="",
    )


def _there(order: SoldOrder, *, role: str, total: str, difference: str) -> Side:
    state = order.get_target_state_display()
    return Side(
        name=order.target.name,
        role=role,
        number=order.number_there,
        record=order.target_external_id if order.target_number else "",
        url=page_url(order.target, "order", order.target_external_id),
        state=state,
        chip=f"{state} in {order.target.name}" if order.target_external_id else state,
        note="On hold there." if order.target_on_hold else "",
        seen_at=order.target_seen_at,
        seen="Last read",
        total=total,
        difference=difference,
    )


# --- money ------------------------------------------------------------------------------------------------------------
TOTAL = "Total"


def money_of(way: Sequence[Stretch]) -> list[MoneyRow]:
    stretches = [_pairs(stretch.order) for stretch in way]
    return [_money_row(way, [pairs[place] for pairs in stretches]) for place in range(len(stretches[0]))]


def _pairs(order: SoldOrder) -> tuple[tuple[str, Decimal, Decimal | None], ...]:
    """What, as sold, and as the target has it."""
    goods_there = None
    if order.target_lines is not None:
        goods_there = sum((Decimal(one["line_total"]) for one in order.target_lines), start=Decimal(0))
    return (
        ("Lines", order.total - order.shipping, goods_there),
        ("Delivery", order.shipping, order.target_shipping),
        (TOTAL, order.total, order.target_total),
        ("Tax in it", order.tax, order.target_tax),
    )


def at_cost(order: SoldOrder) -> bool:
    """Whether the amounts are what a retailer pays us; what its customer paid is not told."""
    connector = CONNECTORS.get(order.link.source.platform)
    return connector is not None and connector.sells_at_cost


def _money_row(way: Sequence[Stretch], pairs: Sequence[tuple[str, Decimal, Decimal | None]]) -> MoneyRow:
    """In the middle stands what the first link saw there; where it saw nothing, what the next one read."""
    shown: list[Decimal | None] = [pairs[0][1]]
    for place, (_, _, there) in enumerate(pairs, start=1):
        shown.append(there if there is not None or place == len(pairs) else pairs[place][1])
    words = [
        _difference(sold, there, stretch.order, where=f"in {stretch.order.target.name}" if len(way) > 1 else "there")
        for stretch, (_, sold, there) in zip(way, pairs, strict=True)
    ]
    currency = way[0].order.currency
    return MoneyRow(
        what=pairs[0][0],
        amounts=tuple(amount(one, currency) for one in shown),
        differences=tuple(words),
        compared=any(there is not None for _, _, there in pairs),
    )


def _difference(sold: Decimal, there: Decimal | None, order: SoldOrder, *, where: str) -> str:
    """What a cancelled order once came to is no difference."""
    if there is None or order.target_state == TargetState.CANCELLED.value:
        return ""
    if Money(sold, order.currency).agrees_with(Money(there, order.currency)):
        return ""
    apart = Money(there - sold, order.currency)
    return f"{money(apart if apart.amount > 0 else -apart)} {'more' if apart.amount > 0 else 'less'} {where}"


# --- the way ----------------------------------------------------------------------------------------------------------


def steps_of(way: Sequence[Stretch]) -> list[Step]:
    """Received, mapped, accepted, created and confirmed on each link, dispatched, shown: what is done, and when."""
    first = way[0]
    wanted = [line for line in first.lines if not line.cancelled] or list(first.lines)
    stations: list[Station] = [
        ("Received", first.order.first_seen_at, True),
        ("Mapped", None, bool(wanted) and all(line.target_sku for line in wanted)),
        *_accepted(first.order),
        *(_created(first.order) if len(way) == 1 else map(_in_target, (stretch.order for stretch in way))),
        _left(way[-1]),
        *map(_shown, reversed(way)),
    ]
    goes_on = first.order.state not in ENDED_AT_SOURCE
    following = next((name for name, _, done in stations if goes_on and not done), "")
    return [
        Step(name=name, at=at, state="done" if done else "next" if name == following else "")
        for name, at, done in stations
    ]


def _accepted(order: SoldOrder) -> list[Station]:
    """Where nobody is asked there is no such step. Who is past it was accepted, by whomever."""
    at = order.accepted_at or order.accept_sent_at
    asked = at is not None or order.link.source.platform in platforms_able_to(Capability.ACCEPT_ORDERS)
    return [("Accepted", at, at is not None or order.state in PAST_ACCEPTANCE)] if asked else []


def _created(order: SoldOrder) -> list[Station]:
    return [
        ("Created", order.target_created_at, order.target_created_at is not None),
        ("Confirmed", order.target_confirmed_at, order.target_confirmed_at is not None),
    ]


def _in_target(order: SoldOrder) -> Station:
    at = order.target_confirmed_at
    return (f"In {order.target.name}", at or order.target_created_at, at is not None)


def _left(stretch: Stretch) -> Station:
    return (
        "Dispatched",
        min((row.dispatched_at for row in stretch.dispatches), default=None),
        bool(stretch.dispatches),
    )


def _shown(stretch: Stretch) -> Station:
    shown = [row.shown_at for row in stretch.dispatches if row.shown_at]
    done = bool(shown) and len(shown) == len(stretch.dispatches)
    return (f"Shown at {stretch.order.link.source.name}", max(shown, default=None), done)


# --- parcels ----------------------------------------------------------------------------------------------------------


def parcels_of(way: Sequence[Stretch]) -> Parcels:
    """Each parcel with when it left and when every side on the way back was told of it and showed it."""
    heads = ("Left", "Sent", "Shown") if len(way) == 1 else _heads(way)
    left = [list(stretch.dispatches) for stretch in way]
    rows = []
    for place in reversed(range(len(way))):  # the warehouse's own first; then what only an earlier side tells of
        while left[place]:
            row = left[place].pop(0)
            rows.append(_parcel(way, _told_on(row, left[:place]), place=place))
    return Parcels(heads=heads, rows=rows)


def _heads(way: Sequence[Stretch]) -> tuple[str, ...]:
    sources = [stretch.order.link.source.name for stretch in reversed(way)]
    told = [words for name in sources for words in (f"Sent to {name}", f"Shown at {name}")]
    return (f"Left {way[-1].order.target.name}", *told)


def _told_on(row: SoldDispatch, earlier: Sequence[list[SoldDispatch]]) -> list[SoldDispatch]:
    """The same parcel on the links before, nearest first: by the number that it got there, or by its tracking number."""
    chain = [row]
    for rows in reversed(earlier):
        last = chain[-1]
        same = next((one for one in rows if last.external_id and one.dispatch_id == last.external_id), None)
        same = same or next(
            (one for one in rows if last.tracking_number and one.tracking_number == last.tracking_number), None
        )
        if same is None:
            break
        rows.remove(same)
        chain.append(same)
    return chain


def _parcel(way: Sequence[Stretch], chain: Sequence[SoldDispatch], *, place: int) -> Parcel:
    """`chain`: the parcel on stretch `place`, on the one before it, and so on."""
    first, known = chain[0], {place - step: row for step, row in enumerate(chain)}
    moments: list[datetime | None] = [first.dispatched_at]
    for number in reversed(range(len(way))):
        row = known.get(number)
        moments += [row.sent_at if row else None, row.shown_at if row else None]
    return Parcel(
        name=str(first),
        url=page_url(way[place].order.target, "dispatch", first.dispatch_id),
        carrier=first.carrier,
        told=tuple(dict.fromkeys(filter(None, map(_carrier_told, chain)))),
        tracking=first.tracking_number,
        state=_parcel_state(way, known),
        moments=tuple(moments),
    )


def _carrier_told(row: SoldDispatch) -> str:
    """By its name where the mapping says one: some marketplaces' codes say nothing to people."""
    version = row.carrier_version
    return (version.to_label if version and version.to_code == row.carrier_code else "") or row.carrier_code


def _parcel_state(way: Sequence[Stretch], known: dict[int, SoldDispatch]) -> str:
    """How far the news of it has come."""
    for place in sorted(known):
        row, name = known[place], way[place].order.link.source.name
        if row.state != SoldDispatch.State.SEEN:
            return f"{'Shown at' if row.state == SoldDispatch.State.SHOWN else 'Sent to'} {name}"
    return SoldDispatch.State.SEEN.label
