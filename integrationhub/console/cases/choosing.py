"""An order that stands twice where it is fulfilled: a person chooses which one stays; the flow `keep_one_copy` does it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from connectors.access import Right
from connectors.canonical.orders import OrderState
from exceptions_app import deciding
from exceptions_app.causes import Fix, cause_named
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import ExceptionCase
from integrationhub.console.back_office import page_url
from integrationhub.orders.flows.routing import order_job
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.enqueue import enqueue

# It changes what is sold: more than working on cases.
CHOOSE_RIGHT = Right.CHANGE_ORDERS
UNWANTED = (OrderState.CANCELLED.value, OrderState.REFUSED.value)


@dataclass(frozen=True, kw_only=True)
class Copy:
    number: str  # as the target numbers it; "" for "neither stays"
    url: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the panel offers: `console/cases/fix_choose.html`."""

    reference: str
    target: str
    copies: Sequence[Copy]
    decided: str | None  # the copy that stays, where that was said already


def choice_of(case: ExceptionCase) -> Choice | None:
    """What there is to choose; None for a case that is about something else. One query."""
    if case.resolved or cause_named(case.cause).fix != Fix.CHOOSE:
        return None
    order, numbers = _order(case), _numbers(case)
    if order is None or len(numbers) < 1:
        return None
    copies = [_copy(order, number) for number in numbers]
    if order.state in UNWANTED:
        copies.append(Copy(number="", url="", note=f"The sale is off: it was cancelled at {order.link.source.name}."))
    said = case.context.get("choice")
    decided = said.get("stays") if isinstance(said, dict) and said.get("among") == sorted(numbers) else None
    return Choice(reference=order.reference, target=order.target.name, copies=copies, decided=decided)


def choose(case: ExceptionCase, *, stays: str, actor: str) -> int | None:
    """Write the choice down and set its job going. Returns the job's id; None when it was chosen before.

    Raises RefusedCaseError.
    """
    choice, order = choice_of(case), _order(case)
    if choice is None or order is None:
        raise RefusedCaseError("There is nothing to choose in this case.")
    if stays not in {copy.number for copy in choice.copies}:
        raise RefusedCaseError("Choose one of the copies that the case names.")
    numbers = _numbers(case)
    with transaction.atomic():
        if not deciding.choose(case.pk, chosen=stays, among=numbers, actor=actor):
            return None
        argument = {"case": case.pk, "stays": stays, "cancel": [one for one in numbers if one != stays], "by": actor}
        return enqueue(order_job("keep_one_copy", order, argument=argument))


def _order(case: ExceptionCase) -> SoldOrder | None:
    kind, _, pk = case.object_key.partition(":")
    if kind != "order" or not pk.isdigit():
        return None
    rows = SoldOrder.objects.select_related("link__source", "target", "link__target")
    return rows.filter(pk=int(pk), brand_id=case.brand_id).first()


def _numbers(case: ExceptionCase) -> list[str]:
    return list(dict.fromkeys(str(one) for one in case.context.get("copies", []) if one))


def _copy(order: SoldOrder, number: str) -> Copy:
    known = number == order.target_external_id
    note = f"The one the hub knows: {order.get_target_state_display().lower()}." if known else "Came to light later."
    return Copy(number=number, url=page_url(order.target, "order", number), note=note)
