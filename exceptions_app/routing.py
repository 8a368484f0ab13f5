"""Whose a case becomes when it opens, and until when its team has to decide it.

Rules are a brand's own. They leave alone what a person assigned or handed over, unless that person's colleagues ask
for it (`moves`, `apply_moves`). A rule on value is asked again when what waits for the case passes its limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from connectors import ports
from connectors.access import Right, may
from connectors.models import record_audit
from exceptions_app.calendars import after_working
from exceptions_app.models import CaseEvent, CaseQuerySet, ExceptionCase, RoutingRule, TeamTarget

PLACED_FIELDS = ("team", "owner", "team_since", "target_at", "placed_by_hand", "reroute_above")


@dataclass(frozen=True, kw_only=True)
class Move:
    """What a rule would make of an open case."""

    case: ExceptionCase
    rule: RoutingRule

    @property
    def token(self) -> str:
        """Names the case, where it stands and where it goes: a preview is applied only where this still holds."""
        rule, case = self.rule, self.case
        return f"{case.pk}:{case.team}:{case.owner_id or 0}:{rule.team}:{rule.owner_id or 0}"


def rules_of(brand_id: int) -> list[RoutingRule]:
    """The brand's rules in the order in which they are asked."""
    return list(
        RoutingRule.objects.filter(brand_id=brand_id, active=True).select_related("owner").order_by("position", "pk")
    )


def place_new(case: ExceptionCase, channels: Sequence[int]) -> None:
    """Give a case that has just been opened to whom the rules say, and start its team's clock. Saves the case.

    `channels`: the connections it shows in. The case's row is locked or not yet visible to anybody.
    """
    rules = rules_of(case.brand_id)
    rule = first_fitting(rules, case, channels)
    if rule is not None and _may_have(rule, case):
        _place(case, rule)
    start_clock(case, since=case.opened_at)
    case.reroute_above = next_limit(rules, case.waiting_value)
    case.save(update_fields=PLACED_FIELDS)


def place_by_value(case: ExceptionCase) -> None:
    """Ask the rules again because more hangs on the case than when they were last asked. Its row is locked."""
    rules = rules_of(case.brand_id)
    rule = first_fitting(rules, case, _channels_of(case))
    if rule is not None and not case.placed_by_hand and not _stands(case, rule) and _may_have(rule, case):
        _move(case, rule, actor=str(rule))
    case.reroute_above = next_limit(rules, case.waiting_value)
    case.save(update_fields=PLACED_FIELDS)


def first_fitting(rules: Sequence[RoutingRule], case: ExceptionCase, channels: Sequence[int]) -> RoutingRule | None:
    return next((rule for rule in rules if _fits(rule, case, channels)), None)


def next_limit(rules: Sequence[RoutingRule], value: Decimal) -> Decimal | None:
    """The lowest limit of a rule on value that has not been passed yet."""
    limits = [rule.value_over for rule in rules if rule.value_over is not None and rule.value_over >= value]
    return min(limits, default=None)


def start_clock(case: ExceptionCase, *, since: datetime) -> None:
    """The case is its team's from `since` on. Changes the object only."""
    target = TeamTarget.objects.filter(brand_id=case.brand_id, team=case.team).first()
    case.team_since = since
    case.target_at = after_working(case.brand, since, hours=target.hours) if target else None


def retarget(brand_id: int) -> int:
    """Set afresh until when each open case is to be decided: call it when a target or the calendar has changed."""
    hours = dict(TeamTarget.objects.filter(brand_id=brand_id).values_list("team", "hours"))
    rows = list(ExceptionCase.objects.unresolved().filter(brand_id=brand_id).select_related("brand"))
    for case in rows:
        wanted = hours.get(case.team)
        case.target_at = after_working(case.brand, case.team_since, hours=wanted) if wanted else None
    ExceptionCase.objects.bulk_update(rows, ["target_at"], batch_size=500)
    return len(rows)


# --- rules that changed, over what is open ----------------------------------------------------------------------------


def moves(brand_ids: set[int], *, placed_by_hand: bool = False) -> list[Move]:
    """What would move if the rules of today were applied to everything open; with or without what people placed."""
    rules = {brand_id: rules_of(brand_id) for brand_id in brand_ids}
    found = []
    for case in _open_cases(brand_ids, placed_by_hand=placed_by_hand):
        rule = first_fitting(rules[case.brand_id], case, _channels_of(case))
        if rule is not None and not _stands(case, rule) and _may_have(rule, case):
            found.append(Move(case=case, rule=rule))
    return found


def apply_moves(wanted: Sequence[Move], tokens: set[str], *, actor: str, reason: str) -> list[ExceptionCase]:
    """Make the moves whose token was agreed to, each in a transaction of its own. Returns the cases that moved."""
    moved = []
    for move in wanted:
        with transaction.atomic():
            case = (
                ExceptionCase.objects.select_for_update(no_key=True, of=("self",))
                .select_related("brand")
                .get(pk=move.case.pk)
            )
            if Move(case=case, rule=move.rule).token not in tokens or case.resolved:
                continue
            _move(case, move.rule, actor=actor, reason=reason)
            case.placed_by_hand = False
            case.save(update_fields=PLACED_FIELDS)
            moved.append(case)
    return moved


def relearn_limits(brand_id: int) -> None:
    """After a change of rules: at which value each open case is looked at again."""
    rules = rules_of(brand_id)
    rows = list(ExceptionCase.objects.unresolved().filter(brand_id=brand_id).only("pk", "waiting_value"))
    for case in rows:
        case.reroute_above = next_limit(rules, case.waiting_value)
    ExceptionCase.objects.bulk_update(rows, ["reroute_above"], batch_size=500)


# --- within -----------------------------------------------------------------------------------------------------------


def _open_cases(brand_ids: set[int], *, placed_by_hand: bool) -> CaseQuerySet:
    rows = ExceptionCase.objects.unresolved().filter(brand_id__in=brand_ids).with_words().in_queue_order()
    return rows if placed_by_hand else rows.filter(placed_by_hand=False)


def _channels_of(case: ExceptionCase) -> list[int]:
    return [channel.link.source_id for channel in case.case_links.all()]


def _fits(rule: RoutingRule, case: ExceptionCase, channels: Sequence[int]) -> bool:
    return (
        (not rule.cause or rule.cause == case.cause)
        and (not rule.mapping_kind or rule.mapping_kind == case.mapping_kind)
        and (rule.channel_id is None or rule.channel_id in channels or rule.channel_id == case.target_id)
        and (rule.value_over is None or case.waiting_value > rule.value_over)
    )


def _may_have(rule: RoutingRule, case: ExceptionCase) -> bool:
    """A rule never gives a case to somebody who has lost the right to work on it."""
    owner: AbstractBaseUser | None = rule.owner
    return owner is None or may(owner, Right.WORK_CASES, case.brand_id)


def _stands(case: ExceptionCase, rule: RoutingRule) -> bool:
    """Whether the case is where the rule wants it. A rule that names no owner leaves the team's choice alone."""
    return case.team == rule.team and (rule.owner_id is None or case.owner_id == rule.owner_id)


def _place(case: ExceptionCase, rule: RoutingRule) -> None:
    if rule.owner is not None:
        case.owner = rule.owner
    elif case.team != rule.team:
        case.owner = None
    case.team = rule.team


def _move(case: ExceptionCase, rule: RoutingRule, *, actor: str, reason: str = "") -> None:
    """Place a case that stands elsewhere, and tell it. The caller saves it."""
    before, was_team = case.told(), case.team
    _place(case, rule)
    if case.team != was_team:
        start_clock(case, since=ports.now())
    words = reason or f"By {rule}."
    CaseEvent.objects.create(case=case, actor=actor, kind=CaseEvent.Kind.HANDED_OVER, text=words)
    record_audit(
        actor=actor,
        action="case.routed",
        subject=case,
        brand=case.brand,
        before=before,
        after=case.told(),
        reason=words,
    )
