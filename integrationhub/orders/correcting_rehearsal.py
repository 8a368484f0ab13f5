"""What would happen with a corrected document, told before it happens. Reads our own rows only; nothing is sent or kept."""

from dataclasses import dataclass, field

from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import DataError, MappingError, MissingMapping
from connectors.canonical.money import Money
from connectors.canonical.orders import Order, OrderState
from connectors.models import Link
from exceptions_app.words import money
from integrationhub.orders.canonical_words import Reading
from integrationhub.orders.ledger import target_reference
from integrationhub.orders.models import SoldOrder
from mappings_app.kinds import KINDS
from mappings_app.resolving import ResolvedOrder, resolve_dispatch, resolve_order

_NEXT = {
    OrderState.STAGING: "{source} does not let it go yet: the hub waits.",
    OrderState.AWAITING_ACCEPTANCE: "It waits to be accepted: the hub secures the stock, then accepts it.",
    OrderState.AWAITING_PAYMENT: "The customer's payment is not in yet: the hub waits for it.",
    OrderState.READY_TO_SHIP: "It is paid: the hub creates and confirms it in {target}.",
    OrderState.REFUSED: "{source} has refused it: what was created for it in {target} is cancelled.",
    OrderState.CANCELLED: "{source} has cancelled it: what was created for it in {target} is cancelled.",
    OrderState.UNKNOWN: "The hub does not know this state: it asks a person.",
}


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    steps: list[str] = field(default_factory=list)  # what would happen, in sentences
    lacking: list[str] = field(default_factory=list)  # what it would wait for
    lines: list[dict[str, str]] = field(default_factory=list)  # what would be created: theirs, ours, quantity, total


def rehearse(reading: Reading, link: Link) -> Rehearsal:
    return _order(reading, link) if isinstance(reading, Order) else _dispatch(reading, link)


def _order(order: Order, link: Link) -> Rehearsal:
    steps, lacking, row = [_sums(order)], [], _known(order, link)
    try:
        resolved: ResolvedOrder | None = resolve_order(order, link=link, known_at=row.mappings_as_of if row else None)
    except MappingError as error:
        resolved, lacking = None, [_not_mapped(item) for item in error.missing]
    except DataError as error:
        resolved, lacking = None, [problem.message for problem in error.problems]
    told = _NEXT.get(order.state, "{source} shows it as shipped or over: nothing is created.")
    steps.append(told.format(source=link.source.name, target=link.target.name))
    steps += _at_the_target(order, link, row)
    return Rehearsal(steps=steps, lacking=lacking, lines=_lines(order, resolved))


def _not_mapped(missing: MissingMapping) -> str:
    kind = KINDS[missing.kind].label.removesuffix(" mapping") if missing.kind in KINDS else missing.kind
    return f"{kind[:1].upper()}{kind[1:]} {missing.code or '(none named)'} is not mapped."


def _sums(order: Order) -> str:
    goods = sum((line.line_total.amount for line in order.open_lines), start=order.total.amount * 0)
    lines = money(Money(goods, order.currency))
    return f"Lines {lines} and delivery {money(order.shipping)} make the total of {money(order.total)}: they agree."


def _lines(order: Order, resolved: ResolvedOrder | None) -> list[dict[str, str]]:
    ours = {line.line_id: line.sku for line in resolved.order.lines} if resolved else {}
    return [
        {
            "theirs": line.sku,
            "ours": ours.get(line.line_id, ""),
            "quantity": str(line.quantity),
            "price": money(line.unit_price),
            "total": money(line.line_total),
        }
        for line in order.open_lines
    ]


def _known(order: Order, link: Link) -> SoldOrder | None:
    reference = target_reference(link, order.reference)
    return SoldOrder.objects.filter(target=link.target_id, target_reference=reference).first()


def _at_the_target(order: Order, link: Link, row: SoldOrder | None) -> list[str]:
    if row is None or not row.target_external_id or row.target_total is None:
        return [f"{link.target.name} does not have it yet, as far as the hub knows."]
    there = Money(row.target_total, row.currency)
    has = f"{link.target.name} has it as {row.number_there} with a total of {money(there)}"
    if there.agrees_with(order.total):
        return [f"{has}: they agree."]
    return [f"{has}: they differ, so it stays unconfirmed there and goes on waiting for a person."]


def _dispatch(dispatch: Dispatch, link: Link) -> Rehearsal:
    steps = [f"It is confirmed at {link.source.name} once its carrier is one that is listed there."]
    lacking = []
    try:
        resolved = resolve_dispatch(dispatch, link=link)
        steps.append(f"{dispatch.carrier} is {resolved.carrier.to_code} at {link.source.name}.")
    except MappingError as error:
        lacking = [_not_mapped(item) for item in error.missing]
    except DataError as error:
        lacking = [problem.message for problem in error.problems]
    lines = [
        {"theirs": line.sku, "ours": "", "quantity": str(line.quantity), "price": "", "total": ""}
        for line in dispatch.lines
    ]
    return Rehearsal(steps=steps, lacking=lacking, lines=lines)
