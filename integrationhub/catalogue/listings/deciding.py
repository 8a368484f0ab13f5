"""What people decide about listings: rules, the switch, sending again, reading again. Each on the audit trail, with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.forms.models import model_to_dict

from connectors import ports
from connectors.canonical.products import Product
from connectors.models import Link, record_audit
from integrationhub.catalogue.listings import composing, ledger, templates
from integrationhub.catalogue.listings.composing import Composed, Rule, Wishes
from integrationhub.catalogue.listings.taking import terms_of
from integrationhub.catalogue.listings.wishes import WishBook
from integrationhub.catalogue.models import AttributeRule, KnownCategory, Listing, ListingTerms, ValueList
from integrationhub.sync.enqueue import enqueue, job_for_connection
from integrationhub.sync.models import Schedule

PUBLISHING, ASKING = "publish_listings", "read_attributes"
SAID = ("says", "default", "unit", "shorten")


class RefusedRuleError(Exception):
    """A rule that cannot be saved; every reason is a full sentence. By attribute."""

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        self.problems = {attribute: list(words) for attribute, words in problems.items()}
        super().__init__(" ".join(word for words in self.problems.values() for word in words))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an attribute shall be made of; with nothing said, the rule is taken away."""

    attribute: str
    rule: Rule

    @property
    def empty(self) -> bool:
        return not self.rule.says.strip() and not self.rule.default.strip()


def problems_of(wanted: Sequence[Wanted]) -> dict[str, list[str]]:
    found = {one.attribute: list(templates.problems_of(one.rule.says)) for one in wanted}
    return {attribute: words for attribute, words in found.items() if words}


def save_rules(link: Link, category: str, wanted: Sequence[Wanted], *, actor: str, reason: str) -> int:
    """Save what attributes of a category are made of ("" = of every category), all or none. Returns how many changed.

    What follows from them is composed again and goes out with the next delivery: exactly what came out different.
    Raises RefusedRuleError naming everything that is wrong.
    """
    words = _reason(reason)
    if problems := problems_of(wanted):
        raise RefusedRuleError(problems)
    with transaction.atomic():
        Link.objects.select_for_update().get(pk=link.pk)  # one decision at a time
        rows = AttributeRule.objects.filter(link=link, category=category)
        standing = {row.attribute: row for row in rows}
        changed = sum(
            _save_rule(link, category, one, standing.get(one.attribute), actor=actor, reason=words) for one in wanted
        )
        if changed:
            if category:
                ledger.mark_categories([link.pk], theirs=[category])
            else:
                ledger.mark_links([link.pk])
            publish_now(link)
    return changed


def _save_rule(
    link: Link, category: str, wanted: Wanted, old: AttributeRule | None, *, actor: str, reason: str
) -> bool:
    rule = wanted.rule
    values = {"says": rule.says.strip(), "default": rule.default.strip(), "unit": rule.unit.strip(),
              "shorten": rule.shorten}  # fmt: skip
    before = None if old is None else _told(old)
    if wanted.empty:
        if old is None:
            return False
        _tell(old, link, actor=actor, action="attribute_rule.removed", before=before, reason=reason)
        old.delete()
        return True
    if old is not None and all(getattr(old, name) == value for name, value in values.items()):
        return False
    row = old or AttributeRule(brand=link.brand, link=link, category=category, attribute=wanted.attribute)
    for name, value in {**values, "changed_at": ports.now(), "changed_by": actor, "reason": reason}.items():
        setattr(row, name, value)
    row.save()
    action = "attribute_rule.changed" if old else "attribute_rule.added"
    _tell(row, link, actor=actor, action=action, before=before, after=_told(row), reason=reason)
    return True


def preview(
    link: Link, category: str, product: Product, *, channel_sku: str, wanted: Sequence[Wanted]
) -> Composed | None:
    """What one product would come to with these rules; None while the channel has not been asked what it wants here."""
    book = WishBook(link)
    wishes = book.wishes(category)
    if wishes is None:
        return None
    rules = dict(wishes.rules)
    for one in wanted:
        rules.pop(one.attribute, None)
        if not one.empty:
            rules[one.attribute] = one.rule
    foreseen = Wishes(
        category=category, attributes=wishes.attributes, rules=rules, lists=wishes.lists, meanings=wishes.meanings
    )
    return composing.compose(product, foreseen, channel_sku=channel_sku)


# --- the switch -------------------------------------------------------------------------------------------------------
def switch(link: Link, *, on: bool, actor: str, reason: str) -> bool:
    """Let a channel be told about products, or no longer. False when it stood like that."""
    words = _reason(reason)
    with transaction.atomic():
        terms_of(link)
        terms = ListingTerms.objects.select_for_update().get(link=link)
        if terms.publishes == on:
            return False
        terms.publishes, terms.changed_at, terms.changed_by, terms.reason = on, ports.now(), actor, words
        terms.save()
        action = "listings.switched_on" if on else "listings.switched_off"
        _tell(
            terms, link, actor=actor, action=action, before={"publishes": not on}, after={"publishes": on}, reason=words
        )
        if on:
            publish_now(link)
    return True


# --- again ------------------------------------------------------------------------------------------------------------
def send_again(listings: Sequence[Listing], *, actor: str, reason: str) -> int:
    """What the channel refused goes out once more, as it is. Returns how many."""
    words = _reason(reason)
    with transaction.atomic():
        count = ledger.try_again([row.pk for row in listings])
        for link in {row.link_id: row.link for row in listings}.values():
            skus = [row.channel_sku for row in listings if row.link_id == link.pk]
            _tell(link, link, actor=actor, action="listings.sent_again", after={"SKUs": skus[:50]}, reason=words)
            publish_now(link)
    return count


def ask_again(link: Link, *, actor: str) -> None:
    """Have the channel asked anew what it wants to know, before its day is over."""
    with transaction.atomic():
        KnownCategory.objects.filter(connection=link.source_id).update(ask_anew=True)
        ValueList.objects.filter(connection=link.source_id).update(ask_anew=True)
        _tell(link, link, actor=actor, action="listings.asked_again")
        _start(ASKING, link)


def publish_now(link: Link) -> None:
    """Without waiting for the clock; a channel whose publishing is held waits all the same."""
    _start(PUBLISHING, link)


def _start(flow: str, link: Link) -> None:
    if Schedule.objects.filter(flow=flow, connection=link.source_id, link=None).exists():
        enqueue(job_for_connection(flow, link.source, key="tick"))


# --- all of it --------------------------------------------------------------------------------------------------------
def _told(rule: AttributeRule) -> dict[str, Any]:
    told = model_to_dict(rule, fields=[*SAID, "attribute", "category"])
    return {**told, "channel": str(rule.link.source)}


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ValueError("A decision has a reason.")
    return reason.strip()[:500]


def _tell(subject: Any, link: Link, *, actor: str, action: str, reason: str = "", **told: Any) -> None:
    record_audit(brand=link.brand, actor=actor, action=action, subject=subject, reason=reason, **told)
