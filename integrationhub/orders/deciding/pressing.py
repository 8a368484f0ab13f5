"""What there is to press on an order's page, and pressing it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from connectors.access import Right, may
from connectors.base import Capability
from connectors.models import record_audit
from integrationhub.orders.deciding.answering import ACCEPT, REFUSE
from integrationhub.orders.deciding.cancelling import CANCEL
from integrationhub.orders.deciding.filing import CASE, ERASE
from integrationhub.orders.deciding.holding import HOLD, RELEASE
from integrationhub.orders.deciding.kinds import Decision, Kind, RefusedDecisionError
from integrationhub.orders.deciding.repeating import REREAD, RETRY
from integrationhub.orders.deciding.standing import Standing, standing_of
from integrationhub.orders.mapped_then import Option
from integrationhub.orders.models import SoldOrder

REASON_LENGTH = 300

KINDS: Mapping[str, Kind] = {
    "accept": ACCEPT,
    "refuse": REFUSE,
    "hold": HOLD,
    "release": RELEASE,
    "retry": RETRY,
    "reread": REREAD,
    "case": CASE,
    "cancel": CANCEL,
    "erase": ERASE,
}


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing to press: what it is called, what it brings about, and why it cannot be pressed now ("" = it can)."""

    name: str
    label: str
    consequences: tuple[str, ...]
    why_not: str
    needs_reason: bool = True
    danger: bool = False
    chooses_lines: bool = False
    typed_twice: bool = False  # the order's number must be typed


def actions(standing: Standing, *, has: Callable[[Right], bool]) -> list[Action]:
    """Every action, with why it cannot be pressed now where it cannot."""
    return [action(name, standing, has=has) for name in KINDS]


def action(name: str, standing: Standing, *, has: Callable[[Right], bool]) -> Action:
    kind = KINDS[name]
    why_not = kind.why_not(standing) if has(kind.right) else "Your role does not allow it."
    return Action(
        name=name,
        label=kind.label,
        consequences=kind.consequences(standing),
        why_not=why_not,
        needs_reason=kind.needs_reason(standing),
        danger=kind.danger,
        chooses_lines=kind.chooses_lines and standing.can(Capability.REFUSE_LINES) and len(standing.lines) > 1,
        typed_twice=kind.typed_twice,
    )


def options(pressed: Action, order: SoldOrder) -> tuple[Option, ...]:
    """The ways to do it, the one that stands first; none where there is only one, or none now."""
    return () if pressed.why_not else KINDS[pressed.name].options(standing_of(order))


def decide(
    name: str, order_id: int, *, by: AbstractBaseUser, reason: str = "", lines: Collection[str] = (), option: str = ""
) -> str:
    """Carry the decision out and return what was done, in a sentence. Raises RefusedDecisionError."""
    kind, reason = KINDS[name], reason.replace("\x00", "").strip()[:REASON_LENGTH]
    with transaction.atomic():
        rows = SoldOrder.objects.select_for_update(of=("self",))
        order = rows.select_related("brand", "target", "link__source", "link__target", "link__brand").get(pk=order_id)
        if not may(by, kind.right, order.brand_id):
            raise RefusedDecisionError("Your role does not allow it.")
        standing = standing_of(order)
        if why_not := kind.why_not(standing):
            raise RefusedDecisionError(why_not)
        if kind.needs_reason(standing) and not reason:
            raise RefusedDecisionError("Say why: it is kept on the audit trail.")
        if option and option not in {one.name for one in kind.options(standing)}:
            raise RefusedDecisionError("Choose one of the ways that are offered.")
        before = _told(order)
        decision = Decision(name=name, by=by.get_username(), reason=reason, lines=tuple(lines), option=option)
        told = kind.do(decision, standing)
        order.refresh_from_db()
        after = {**_told(order), **({"lines": sorted(lines)} if lines else {})}
        record_audit(
            actor=decision.by,
            action=f"order.{name}",
            subject=order,
            brand=order.brand,
            before=before,
            after=after,
            reason=reason,
        )
    return told


def _told(order: SoldOrder) -> dict[str, Any]:
    return {
        "state": order.state,
        "there": order.target_state,
        "held": order.held_at is not None,
        "cancelling": order.cancel_wanted_at is not None,
        "mappings": f"as of {order.mappings_as_of.isoformat()}" if order.mappings_as_of else "today's",
    }
