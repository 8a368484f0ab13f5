"""What people decide about stock: rules, limits, switches, reading again. Each with a reason, on the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.forms.models import model_to_dict

from connectors import ports
from connectors.models import Brand, Link, record_audit
from integrationhub.inventory import ledger, readings
from integrationhub.inventory.flows.reading import READ_STOCK
from integrationhub.inventory.models import ChannelStock, StockLimits, StockRule, StockSwitch
from integrationhub.inventory.rules import RuleBook
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule

FORESEEN_ROWS = 5_000  # a preview computes no more than that, and says so
LIMIT_FIELDS = ("zero_percent", "move_percent", "least")


# --- rules ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Change:
    """What one SKU shows in one channel by today's rules, and what it would show."""

    stock: ChannelStock
    before: int | None
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    touched: int  # rows that the rule speaks of
    computed: int  # of these, the first so many were computed
    changes: Sequence[Change]  # of these, those that would show something else


def in_scope(rule: StockRule) -> QuerySet[ChannelStock]:
    """The rows that a rule speaks of, whether or not a narrower one goes before it."""
    rows = ChannelStock.objects.filter(link__in=_links(rule), retired=False)
    if rule.sku:
        rows = rows.filter(sku=rule.sku)
    return rows.filter(category=rule.category) if rule.category else rows


def preview(rule: StockRule, *, removed: bool = False) -> Preview:
    """What saving, or removing, this rule would change: by the very code that computes, with nothing left behind."""
    links, scope = _links(rule), in_scope(rule)
    rows = {row.pk: row for row in scope.order_by("pk")[:FORESEEN_ROWS]}
    modes = ledger.switches(links)
    before = ledger.foresee(list(rows), RuleBook(links), modes)
    after = ledger.foresee(list(rows), _book_with(rule, links, removed=removed), modes)
    changes = [Change(stock=row, before=before[pk], after=after[pk]) for pk, row in rows.items()]
    return Preview(
        touched=scope.count() if len(rows) == FORESEEN_ROWS else len(rows),
        computed=len(rows),
        changes=[one for one in changes if one.before != one.after],
    )


def _book_with(rule: StockRule, links: Sequence[Link], *, removed: bool) -> RuleBook:
    """The rules as they would be."""
    with transaction.atomic():
        if rule.pk is not None:
            StockRule.objects.filter(pk=rule.pk).delete()
        if not removed:
            values = {field.attname: getattr(rule, field.attname) for field in StockRule._meta.concrete_fields}
            StockRule.objects.create(**{**values, "id": None})
        book = RuleBook(links)
        transaction.set_rollback(True)
    return book


def save_rule(rule: StockRule, *, actor: str, reason: str) -> None:
    """Save a new or changed rule, and have what it speaks of computed again. Raises IntegrityError for a second of its kind."""
    made = rule.pk is None
    with transaction.atomic():
        old = None if made else StockRule.objects.select_for_update().get(pk=rule.pk)
        rule.changed_at, rule.changed_by, rule.reason = ports.now(), actor, _reason(reason)
        rule.save()
        action = "stock_rule.added" if made else "stock_rule.changed"
        _tell(rule, rule.brand, actor=actor, action=action, before=old and _told(old), after=_told(rule), reason=reason)
        ledger.mark_links([link.pk for link in _links(rule)])


def remove_rule(rule_id: int, *, actor: str, reason: str) -> bool:
    """Take a rule away: the next one counts. The trail keeps what it said. False when it is gone already."""
    with transaction.atomic():
        rule = StockRule.objects.select_for_update().filter(pk=rule_id).first()
        if rule is None:
            return False
        _tell(rule, rule.brand, actor=actor, action="stock_rule.removed", before=_told(rule), reason=reason)
        ledger.mark_links([link.pk for link in _links(rule)])
        rule.delete()
    return True


def _links(rule: StockRule) -> list[Link]:
    links = Link.objects.filter(brand=rule.brand_id)
    return list(links.filter(pk=rule.link_id) if rule.link_id else links)


def _told(rule: StockRule) -> dict[str, Any]:
    values = model_to_dict(rule, exclude=["id", "brand", "link", "reason", "changed_by", "changed_at"])
    return {**values, "buffer_percent": str(rule.buffer_percent), "channel": str(rule.link or "every channel")}


# --- limits -----------------------------------------------------------------------------------------------------------
def save_limits(link: Link, values: dict[str, int], *, actor: str, reason: str) -> bool:
    """Set when the breaker stops a push. False when they stood like that."""
    with transaction.atomic():
        StockLimits.objects.get_or_create(link=link)
        limits = StockLimits.objects.select_for_update().get(link=link)
        before = {name: getattr(limits, name) for name in LIMIT_FIELDS}
        after = {name: values[name] for name in LIMIT_FIELDS}
        if before == after:
            return False
        StockLimits.objects.filter(link=link).update(**after)
        _tell(limits, link.brand, actor=actor, action="stock_limits.changed", before=before, after=after, reason=reason)
    return True


# --- switches ---------------------------------------------------------------------------------------------------------
def set_switch(brand: Brand, link: Link | None, mode: str, *, actor: str, reason: str) -> bool:
    """Switch a channel, or every channel of the brand. False when it stood like that."""
    words = _reason(reason)
    with transaction.atomic():
        Brand.objects.select_for_update().get(pk=brand.pk)  # one decision at a time
        old = StockSwitch.objects.filter(brand=brand, link=link).first()
        if old is not None and old.mode == mode:
            return False
        values = {"mode": mode, "reason": words, "set_at": ports.now(), "set_by": actor}
        switch, _ = StockSwitch.objects.update_or_create(brand=brand, link=link, defaults=values)
        before = {"switch": old.get_mode_display()} if old else {"switch": "none"}
        after = {"switch": switch.get_mode_display(), "for": str(link or "every channel")}
        _tell(switch, brand, actor=actor, action="stock_switch.set", before=before, after=after, reason=words)
        ledger.mark_links(switched_links(brand, link))
    return True


def end_switch(switch_id: int, *, actor: str, reason: str) -> bool:
    """Switch back: what is computed is sent again. False when it is ended already."""
    words = _reason(reason)
    with transaction.atomic():
        switch = StockSwitch.objects.select_for_update().filter(pk=switch_id).first()
        if switch is None:
            return False
        before = {"switch": switch.get_mode_display(), "for": str(switch.link or "every channel")}
        _tell(switch, switch.brand, actor=actor, action="stock_switch.ended", before=before, reason=words)
        ledger.mark_links(switched_links(switch.brand, switch.link))
        switch.delete()
    return True


def switched_links(brand: Brand, link: Link | None) -> list[int]:
    return [link.pk] if link else list(Link.objects.filter(brand=brand).values_list("pk", flat=True))


# --- reading again ----------------------------------------------------------------------------------------------------
def read_again(stock: ChannelStock, *, actor: str) -> bool:
    """Ask the owner of a SKU anew, before anything else. False where the reading of stock does not run."""
    with transaction.atomic():
        readings.ask(stock.owner_id, [stock.sku])
        _tell(stock, stock.link.brand, actor=actor, action="stock.read_again", after={"SKU": stock.sku})
        schedules = Schedule.objects.filter(flow=READ_STOCK.name, connection=stock.owner_id, link=None)
        schedule = schedules.exclude(mode=Schedule.Mode.HELD).select_related("connection").first()
        if schedule is not None:
            ticks.enqueue_now(schedule)
    return schedule is not None


# --- all of it --------------------------------------------------------------------------------------------------------
def _reason(reason: str) -> str:
    if not reason.strip():
        raise ValueError("A decision has a reason.")
    return reason.strip()[:500]


def _tell(subject: Any, brand: Brand, *, actor: str, action: str, reason: str = "", **told: Any) -> None:
    record_audit(brand=brand, actor=actor, action=action, subject=subject, reason=reason.strip()[:500], **told)
