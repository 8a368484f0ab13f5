"""The registry of causes: for each, who decides, how it is told, what happens if nobody acts, and what to press.

Causes of this layer are in `exceptions_app.registered`; flows register their own at start-up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors.models import RoleGrant
from exceptions_app.facts import Facts

OPS = RoleGrant.Role.OPS.value
ECOMMERCE = RoleGrant.Role.ECOMMERCE.value
FINANCE = RoleGrant.Role.FINANCE.value
ADMIN = RoleGrant.Role.ADMIN.value


class Severity(StrEnum):
    URGENT = "URGENT"  # a clock runs, or money or customers are hurt
    NORMAL = "NORMAL"  # work waits
    LOW = "LOW"  # good to know; nothing waits


class Fix(StrEnum):
    """What the case page puts beside the words. Mapping causes use `mapping_fix(kind)` instead."""

    RETRY = "retry"
    EDIT = "edit"  # edit the record and replay it
    CONNECTION = "connection"  # the connection's page
    ACCEPTANCE = "acceptance"  # accept or refuse the orders
    CHOOSE = "choose"  # choose which of two records stays
    CANCEL = "cancel"  # cancel the order where it was sold too, on the order's page
    CONFIRM = "confirm"  # say that it was done by hand
    BREAKER = "breaker"  # release or refuse what was stopped
    LISTINGS = "listings"  # what products are made of
    NONE = "none"  # nothing to press here


def mapping_fix(kind: str) -> str:
    return f"mapping:{kind}"


@dataclass(frozen=True, kw_only=True)
class Cause:
    code: str
    label: str  # a few words, for filters and charts: "Unmapped SKU"
    team: str  # the role that decides
    severity: Severity
    sentence: Callable[[Facts], SafeString]
    why: str  # templates of whole sentences; slots: see Facts.fill
    if_nobody_acts: str
    next_step: str  # what to do, as the primary button says it
    fix: str  # a Fix, or mapping_fix(kind)
    playbook: str  # the manual's page
    needs: frozenset[str] = frozenset()  # keys that the context must have
    mapping_kind: str = ""
    receiver: str = ""  # mapping causes: which end of a link lacks the code, "source" or "target"
    comes_and_goes: bool = False  # a clock or a count, not a fault: coming back is no regression


_registered: dict[str, Cause] = {}


def register(*causes: Cause) -> None:
    for cause in causes:
        if _registered.setdefault(cause.code, cause) is not cause:
            raise ValueError(f"The cause {cause.code} is registered twice.")


def registered_causes() -> Mapping[str, Cause]:
    return MappingProxyType(_registered)


def cause_named(code: str) -> Cause:
    """Return the cause; for a code that nobody registered (a flow that was removed), words that always hold."""
    return _registered.get(code) or Cause(
        code=code,
        label=code.replace("_", " ").capitalize(),
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_told_without_knowing,
        why="This kind of case belongs to a part of the hub that is no longer installed.",
        if_nobody_acts="The records keep waiting; nothing is lost.",
        next_step="Ask an administrator",
        fix=Fix.NONE,
        playbook="unknown-cause",
    )


def _told_without_knowing(facts: Facts) -> SafeString:
    return format_html("{} {} for a decision.", facts.some("record", "records"), facts.do("waits", "wait"))
