"""What people decide about prices, beside letting a hold through or not: the terms of a channel. On the audit trail."""

from typing import Any

from django.db import transaction

from connectors.models import Link, record_audit
from integrationhub.catalogue import ledger, terms
from integrationhub.catalogue.models import PriceTerms

TERM_FIELDS = ("currency", "change_percent", "move_percent", "fall_percent", "least")


def save_terms(link: Link, values: dict[str, Any], *, actor: str, reason: str) -> bool:
    """Set currency and limits of a channel. False when they stood like that."""
    if not reason.strip():
        raise ValueError("A decision has a reason.")
    with transaction.atomic():
        terms.of(link)
        row = PriceTerms.objects.select_for_update().get(link=link)
        before = {name: getattr(row, name) for name in TERM_FIELDS}
        after = {name: values[name] for name in TERM_FIELDS}
        if before == after:
            return False
        PriceTerms.objects.filter(pk=row.pk).update(**after)
        if before["currency"] != after["currency"]:
            ledger.mark_links([link.pk])
        record_audit(
            brand=link.brand,
            actor=actor,
            action="price_terms.changed",
            subject=row,
            before=before,
            after=after,
            reason=reason.strip()[:500],
        )
    return True
