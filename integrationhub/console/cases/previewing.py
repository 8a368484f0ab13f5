"""What saving a mapping would release, counted the way the release itself counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Sum

from connectors.models import Link
from exceptions_app.models import ExceptionCase
from exceptions_app.words import counted, number
from integrationhub.adminkit.moments import span
from integrationhub.console.money_words import NOTHING, at_stake
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What waits for a code in one scope, and how much of it goes on at once."""

    waiting: int
    released: int  # waits for nothing else
    value: Decimal | None  # of what waits, in the brand's reporting currency
    oldest_at: datetime | None

    @property
    def still_waiting(self) -> int:
        return self.waiting - self.released

    def sentence(self, *, noun: tuple[str, str], currency: str, now: datetime) -> str:
        """ "Releases 37 orders, £4,212, oldest 3 h 10; 2 of them will still wait for something else."."""
        if not self.waiting:
            return f"No {noun[1]} wait for it in this scope."
        parts = [f"Releases {counted(self.waiting, *noun)}"]
        if (value := at_stake(self.value, currency)) != NOTHING:
            parts.append(value)
        if self.oldest_at:
            parts.append(f"oldest {span((now - self.oldest_at).total_seconds())}")
        return f"{', '.join(parts)}{self._rest()}."

    def retry_sentence(self, *, currency: str, now: datetime) -> str:
        """ "12 records would be tried again, £1,940, oldest 3 h 10; …"; "" where nothing waits."""
        if not self.waiting:
            return ""
        parts = [f"{counted(self.waiting, 'record', 'records')} would be tried again"]
        if (value := at_stake(self.value, currency)) != NOTHING:
            parts.append(value)
        if self.oldest_at:
            parts.append(f"oldest {span((now - self.oldest_at).total_seconds())}")
        return f"{', '.join(parts)}{self._rest()}."

    def _rest(self) -> str:
        if not self.still_waiting:
            return ""
        if self.waiting == 1:
            return "; it will still wait for something else"
        return f"; {number(self.still_waiting)} of them will still wait for something else"


def about(case: ExceptionCase) -> QuerySet[Blocker]:
    """Every blocker that saving the case's code lets go: as `blocking.release_mapping` finds them."""
    if not case.mapping_kind:
        return Blocker.objects.filter(case=case)
    return Blocker.objects.filter(
        case__brand_id=case.brand_id, case__mapping_kind=case.mapping_kind, case__code=case.code
    )


def previews(case: ExceptionCase, links: Sequence[Link]) -> dict[int | None, Preview]:
    """One preview per link, and one for all of them under None. One query."""
    mine = about(case).filter(released_at=None)
    others = Blocker.objects.filter(job=OuterRef("pk"), released_at=None).exclude(pk__in=mine.values("pk"))
    jobs = SyncJob.objects.filter(pk__in=mine.values("job_id")).exclude(state__in=TERMINAL_STATES)
    rows = (
        jobs.annotate(held=Exists(others))
        .values("link_id")
        .annotate(
            waiting=Count("pk"),
            released=Count("pk", filter=Q(held=False)),
            value=Sum("value_reporting"),
            oldest_at=Min("created_at"),
        )
    )
    found: dict[int | None, Preview] = {
        row["link_id"]: Preview(
            waiting=row["waiting"], released=row["released"], value=row["value"], oldest_at=row["oldest_at"]
        )
        for row in rows
    }
    told: dict[int | None, Preview] = {link.pk: found.get(link.pk, _NOTHING) for link in links}
    alone = {link.pk for link in links if link.own_mappings_only}
    told[None] = _sum([part for link_id, part in found.items() if link_id not in alone])
    return told


_NOTHING = Preview(waiting=0, released=0, value=None, oldest_at=None)


def _sum(parts: Sequence[Preview]) -> Preview:
    return Preview(
        waiting=sum(part.waiting for part in parts),
        released=sum(part.released for part in parts),
        value=sum((part.value for part in parts if part.value is not None), start=Decimal(0)),
        oldest_at=min((part.oldest_at for part in parts if part.oldest_at), default=None),
    )
