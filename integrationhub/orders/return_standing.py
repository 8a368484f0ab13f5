"""What is wrong with a return: found afresh each time, opened as cases, and closed when it is no longer so.

Nothing waits on these cases. What a person closed with a reason stays closed as long as the figures are the ones they saw.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from connectors import ports
from connectors.base import Capability
from connectors.canonical.money import Money
from connectors.canonical.returns import REFUND_MARK
from connectors.models import Connection
from connectors.registry import platforms_able_to
from exceptions_app.facts import stored
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import HUB, open_case, roll_up
from integrationhub.orders import return_ledger
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.orders.return_ledger import differences, expected_credit, living, takes_returns, withdrawn
from integrationhub.sync.standing import close_open_case

ONE_SIDED_HOURS = 48
ANSWER_NOTICE_HOURS = 24  # a marketplace that waits for an answer: told this long before it decides by itself

BY_HAND, DIFFERS, ONE_SIDED = "refund_by_hand", "credit_differs", "refund_one_sided"
WITHDRAWN, NOT_HELD, TO_GIVE = "return_withdrawn", "return_not_held", "refund_to_give"
CAUSES = (BY_HAND, DIFFERS, ONE_SIDED, WITHDRAWN, NOT_HELD, TO_GIVE)


@dataclass(frozen=True, kw_only=True)
class Finding:
    cause: str
    target: Connection  # the connection the sentence is about
    figures: Mapping[str, Any] = field(default_factory=dict)  # what a person decides on; other figures are a new case
    deadline: datetime | None = None


def object_key(row: SoldReturn) -> str:
    return f"return:{row.pk}"


@transaction.atomic
def judge(row: SoldReturn) -> None:
    """Open what is wrong, close what no longer is, and write where the return stands."""
    found = {finding.cause: finding for finding in _findings(row)}
    settled = {cause for cause, finding in found.items() if _settled_by_person(row, finding)}
    for cause in CAUSES:
        if cause not in found:
            close_open_case(
                row.brand_id, cause=cause, object_key=object_key(row), actor=HUB, reason="It is no longer so."
            )
        elif cause not in settled:
            _open(row, found[cause])
    if _is_money_of_both(row):
        return_ledger.restate_refund(row, settled=bool(settled & {TO_GIVE, ONE_SIDED, DIFFERS}))
        return
    unsettled = {BY_HAND, DIFFERS} & (found.keys() - settled)
    return_ledger.restate(row, in_order=not unsettled and (NOT_HELD in settled or _ends_here(row)))


def _open(row: SoldReturn, finding: Finding) -> None:
    order = row.order
    case, _ = open_case(
        brand=order.brand,
        cause=finding.cause,
        object_key=object_key(row),
        target=finding.target,
        link=order.link,
        context={"order": order.reference, "return": str(row), **finding.figures},
    )
    value = row.value_reporting or Decimal(0)
    roll_up(case.pk, count=1, value=value, oldest=row.first_seen_at, deadline=finding.deadline)


def _ends_here(row: SoldReturn) -> bool:
    """Whether nothing is left to be made of it: at a marketplace, a return is over once who fulfils the order has it too."""
    return takes_returns(row.order.target) or not _told_by_target(row) or _held_there(row)


def _is_money_of_both(row: SoldReturn) -> bool:
    """Whether it is a refund that both sides give: made where the order is fulfilled, or paid where it was sold."""
    if takes_returns(row.order.target):
        return False
    return bool(row.target_id) or (row.source_total is not None and _is_paid(row) and _told_by_target(row))


def _is_paid(row: SoldReturn) -> bool:
    """Money has gone back where it was sold, or is on its way; what a customer only asks for is not."""
    return bool(row.source_refunds)


def _settled_by_person(row: SoldReturn, finding: Finding) -> bool:
    closed = ExceptionCase.objects.filter(
        brand_id=row.brand_id, cause=finding.cause, object_key=object_key(row), state=ExceptionCase.State.CLOSED
    )
    last = closed.exclude(closed_by=HUB).order_by("-pk").first()
    return last is not None and all(last.context.get(name) == value for name, value in finding.figures.items())


# --- what can be wrong ------------------------------------------------------------------------------------------------
def _findings(row: SoldReturn) -> Iterator[Finding]:
    if _is_money_of_both(row):
        yield from _refund(row)
        return
    if withdrawn(row):
        yield from _withdrawn(row)
        return
    if takes_returns(row.order.target):
        yield from _by_hand(row)
        yield from _differs(row)
        yield from _one_sided(row)
    else:
        yield from _not_held(row)


def _withdrawn(row: SoldReturn) -> Iterator[Finding]:
    """It was announced, and its source has it no more: whoever receives the goods must know."""
    if (row.announced_at and living(row)) or row.credited:
        yield Finding(cause=WITHDRAWN, target=row.order.target, figures={"number": row.target_id})


def _by_hand(row: SoldReturn) -> Iterator[Finding]:
    amount = Money(row.by_hand, row.currency)
    if amount.minor() and (row.lines.exists() or row.source_completed_at):
        yield Finding(cause=BY_HAND, target=row.order.target, figures={"amount": stored(amount.rounded())})


def _differs(row: SoldReturn) -> Iterator[Finding]:
    for what, ours, theirs in differences(row)[:1]:
        figures = {"refunded": stored(ours.rounded()), "credited": stored(theirs.rounded()), "what": what}
        yield Finding(cause=DIFFERS, target=row.order.target, figures=figures)


def _one_sided(row: SoldReturn) -> Iterator[Finding]:
    expected = expected_credit(row)
    if row.source_id == "":
        since, lacks = row.first_seen_at, "source"
    elif row.source_completed_at and row.credited is None and expected is not None and expected.minor():
        since, lacks = row.source_completed_at, "target"
    elif row.credited_at and row.source_completed_at is None:
        since, lacks = row.credited_at, "source"
    else:
        return
    if ports.now() - since >= timedelta(hours=ONE_SIDED_HOURS):
        shown = Money(row.credited, row.currency) if row.credited is not None else expected
        amount = {"amount": stored(shown.rounded())} if shown is not None else {}
        figures = {"lacks": lacks, "hours": ONE_SIDED_HOURS, **amount}
        yield Finding(cause=ONE_SIDED, target=row.order.target, figures=figures)


def _refund(row: SoldReturn) -> Iterator[Finding]:
    """Given back where it is fulfilled, and to be given back where it was sold; or paid there, and not made here."""
    given = None if row.credited is None else Money(row.credited, row.currency)
    paid = None if row.source_total is None else Money(row.source_total, row.currency)
    denied = withdrawn(row)
    if given is not None and given.minor() and (denied or (row.by_hand_why and not row.source_id)):
        left = {"left": stored(Money(row.source_left, row.currency).rounded())} if row.source_left is not None else {}
        figures: dict[str, Any] = {
            "amount": stored(given.rounded()),
            "why": "denied" if denied else row.by_hand_why,
            **left,
        }
        deadline = (row.credited_at or row.first_seen_at) + timedelta(hours=ONE_SIDED_HOURS)
        yield Finding(cause=TO_GIVE, target=row.order.target, figures=figures, deadline=deadline)
    elif given is not None and paid is not None and not given.agrees_with(paid):
        figures = {"refunded": stored(paid.rounded()), "credited": stored(given.rounded()), "what": "", "made": True}
        yield Finding(cause=DIFFERS, target=row.order.target, figures=figures)
    elif (given is None) != (row.source_completed_at is None):
        yield from _one_side_of(row, given, paid)


def _one_side_of(row: SoldReturn, given: Money | None, paid: Money | None) -> Iterator[Finding]:
    shown, since = (paid, row.source_completed_at) if given is None else (given, row.credited_at)
    if shown is None or since is None or not shown.minor():
        return
    if ports.now() - since >= timedelta(hours=ONE_SIDED_HOURS):
        lacks = "made" if given is None else "paid" if row.source_id else "told"
        figures = {"lacks": lacks, "hours": ONE_SIDED_HOURS, "amount": stored(shown.rounded())}
        yield Finding(cause=ONE_SIDED, target=row.order.target, figures=figures)


def _not_held(row: SoldReturn) -> Iterator[Finding]:
    """A marketplace announces it, and where the order is fulfilled nobody has made the return yet."""
    if not _told_by_target(row) or _held_there(row):
        return
    due = row.first_seen_at + timedelta(hours=ONE_SIDED_HOURS)
    if row.answer_by is not None:
        due = min(due, row.answer_by - timedelta(hours=ANSWER_NOTICE_HOURS))
    if ports.now() >= due:
        yield Finding(cause=NOT_HELD, target=row.order.target, deadline=row.answer_by)


def _told_by_target(row: SoldReturn) -> bool:
    """Whether the hub reads the returns of who fulfils the order: only then can it say that one is not there."""
    return row.order.target.platform in platforms_able_to(Capability.READ_RETURNS)


def _held_there(row: SoldReturn) -> bool:
    """Whether the returns of the order where it is fulfilled hold the units that were announced, SKU by SKU."""
    order = row.order
    if not order.target_external_id:
        return False
    fulfilled = SoldOrder.objects.filter(link__source_id=order.target_id, reference=order.target_external_id)
    sold_on = _units(row, SoldReturn.objects.filter(order__in=fulfilled))  # told by the link that the order goes on by
    answers = Q(source_id="") | Q(source_id__startswith=REFUND_MARK)  # the others answer an announced return each
    made = _units(row, order.returns.filter(answers).exclude(target_id=""))  # and by this one: the same returns
    wanted = _units(row, order.returns.filter(pk__lte=row.pk, target_id="", source_refunds=[]))
    return all(max(sold_on.get(sku, 0), made.get(sku, 0)) >= units for sku, units in wanted.items())


def _units(row: SoldReturn, returns: QuerySet[SoldReturn]) -> dict[str, int]:
    """Units in these returns, by the SKU they have where they are fulfilled."""
    skus = {line.line_id: line.target_sku or line.sku for line in row.order.lines.all()}
    by_sku = {line.sku: line.target_sku or line.sku for line in row.order.lines.all()}
    units: dict[str, int] = {}
    for one in returns.exclude(source_state=return_ledger.GONE):
        for line in one.lines.all():
            sku = skus.get(line.order_line_id) or by_sku.get(line.sku, line.sku)
            units[sku] = units.get(sku, 0) + line.quantity
    return units
