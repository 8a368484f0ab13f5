"""An order that stands twice where it is fulfilled: a person chooses which one stays, and the hub cancels the other.

The cancelling is a job like any other write: declared before it is sent, looked up after a doubt, and never done to the
last living copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from connectors.access import Right
from connectors.canonical.orders import OrderState, TargetOrder, TargetState
from exceptions_app import deciding
from exceptions_app.causes import Fix, cause_named
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import ExceptionCase
from integrationhub.console.back_office import page_url
from integrationhub.orders import ledger
from integrationhub.orders.flows.routing import order_job
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import blocking
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.flows import Done, Flow, NeedsPersonError, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Blocker
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect

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


def keep_one_copy(run: Run) -> Outcome:
    """Cancel the copies that nobody wants, then let go of what waited for the choice."""
    row = SoldOrder.objects.get(link=run.link, reference=run.job.key)
    argument = run.job.argument
    kept = _living(run, row, argument["stays"]) if argument["stays"] else None
    for number in argument["cancel"]:
        _cancel(run, row, number, stays=argument["stays"])
    with transaction.atomic():
        if kept is not None:
            ledger.record_target(row, kept)
        else:
            SoldOrder.objects.filter(pk=row.pk).update(target_state=TargetState.CANCELLED.value)
        blocking.release(Blocker.objects.filter(case_id=argument["case"]), by=argument["by"])
        blocking.recount([argument["case"]], closed_by=argument["by"])  # where nothing waited for it, it closes here
    return Done(f"{argument['stays'] or 'None'} stays in {run.target_row.name}; the rest is cancelled.")


def _living(run: Run, row: SoldOrder, number: str) -> TargetOrder:
    """The copy that stays. The last living one is never cancelled for one that is gone."""
    seen = run.target.read_order(number)
    if seen is None or seen.state == TargetState.CANCELLED:
        raise NeedsPersonError(
            "cancelled_at_target",
            object_key=f"order:{row.pk}",
            context={"order": row.reference, "number": number},
            message=f"{number} was to stay, but {run.target_row.name} has it cancelled. Nothing was changed.",
        )
    return seen


def _cancel(run: Run, row: SoldOrder, number: str, *, stays: str) -> None:
    seen = run.target.read_order(number)
    if seen is None or seen.state == TargetState.CANCELLED:
        return
    if seen.state == TargetState.SHIPPED or seen.dispatches:
        raise NeedsPersonError(
            "cancelled_after_dispatch",
            object_key=f"order:{row.pk}",
            context={"order": row.reference, "number": number},
            message=f"{number} was to be cancelled, but {run.target_row.name} has shipped it.",
        )

    def send() -> str:
        run.target.cancel_order(seen, comment=f"Second copy of {stays or row.reference}.")
        return number

    def cancelled() -> str | None:
        now = run.target.read_order(number)
        return number if now is None or now.state == TargetState.CANCELLED else None

    run.write(Effect(place=run.target_row, operation="cancel_copy", reference=number, send=send, find=cancelled))


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


KEEP_ONE_COPY = register(
    Flow(
        name="keep_one_copy",
        label="Cancel the second copy",
        lane=Lane.ORDERS,
        run=keep_one_copy,
        side="target",
        record="order",
        records="orders",
        done="put right",
    )
)
