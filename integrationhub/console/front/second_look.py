"""Corrections that wait for a second person, for who may let them count: never those the person proposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from connectors.access import Right
from connectors.admin_base import Rights
from integrationhub.orders.correcting_fields import words_of
from integrationhub.sync.models import Correction

SHOWN = 5
FIELDS_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class SecondLook:
    rows: Sequence[dict[str, Any]]
    more: bool
    url: str  # the list of all that wait


def second_look_of(rights: Rights) -> SecondLook | None:
    """The longest-waiting first; None where nothing waits for this person. One query for who may approve, else none."""
    brands = rights.brand_ids(Right.APPROVE_MONEY)
    if not brands:
        return None
    waiting = Correction.objects.filter(brand_id__in=brands, state=Correction.State.PROPOSED)
    waiting = waiting.exclude(proposed_by_id=rights.user.pk).defer("changes")
    rows = list(waiting.select_related("document__connection", "proposed_by").order_by("pk")[: SHOWN + 1])
    if not rows:
        return None
    listing = reverse("admin:sync_correction_changelist")
    return SecondLook(
        rows=[_told(row) for row in rows[:SHOWN]],
        more=len(rows) > SHOWN,
        url=f"{listing}?state={Correction.State.PROPOSED}",
    )


def _told(row: Correction) -> dict[str, Any]:
    named = [words_of(name) for name in row.fields[:FIELDS_NAMED]]
    left = len(row.fields) - len(named)
    return {
        "row": row,
        "fields": ", ".join(named) + (f" and {left} more" if left else ""),
        "url": reverse("admin:record_edit", args=[row.job_id]),
    }
