"""Opening a case by hand, and erasing what is personal."""

from connectors import ports
from connectors.access import Right
from exceptions_app.opening import open_case, roll_up
from integrationhub.orders.deciding.kinds import Decision, Kind, RefusedDecisionError
from integrationhub.orders.deciding.standing import Standing
from integrationhub.orders.erasing import erase, why_not_erase, why_not_erase_elsewhere
from integrationhub.orders.flows.cancelling import ENDED_AT_SOURCE


def _open_case(decision: Decision, standing: Standing) -> str:
    order = standing.order
    case, _ = open_case(
        brand=order.brand,
        cause="manual",
        object_key=f"order:{order.pk}",
        link=order.link,
        target=order.target,
        context={"order": order.reference, "by": decision.by, "why": decision.reason},
        actor=decision.by,
    )
    roll_up(
        case.pk,
        count=1,
        value=order.value_reporting,
        oldest=ports.now(),
        deadline=order.accept_by or (order.ship_by if order.state not in ENDED_AT_SOURCE else None),
    )
    return "A case is open for it."


def _erase(decision: Decision, standing: Standing) -> str:
    if why_not := why_not_erase_elsewhere(standing.order):
        raise RefusedDecisionError(why_not)
    erase(standing.order)
    return "What was personal is erased. Amounts stay."


CASE = Kind(
    label="Open a case",
    right=Right.WORK_CASES,
    why_not=lambda standing: "A case that a person opened is open already." if standing.manual_case else "",
    consequences=lambda standing: ("It stands in the queue until somebody says what was done. Nothing is held up.",),
    do=_open_case,
)
ERASE = Kind(
    label="Erase personal data",
    right=Right.CONFIGURE,
    why_not=lambda standing: why_not_erase(standing.order, {job.flow for job in standing.open_jobs}),
    consequences=lambda standing: (
        "Name, addresses, telephone and e-mail are erased wherever the hub keeps them: the order, what arrived, what was"
        " corrected. Amounts, SKUs and the timeline stay. Later versions are kept without them.",
        "It cannot be undone.",
    ),
    do=_erase,
    danger=True,
    typed_twice=True,
)
