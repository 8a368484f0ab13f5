"""The plan: what exactly will be done to what, written down before anybody presses start."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Sum

from connectors.models import Brand
from exceptions_app.models import CaseRun, CaseRunItem, ExceptionCase
from integrationhub.console.cases.bulk.estimating import estimate
from integrationhub.console.money_words import NOTHING, at_stake
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import WAITING_STATES

CASES_AT_MOST = 2_000
RECORDS_AT_MOST = 20_000


class TooManyError(Exception):
    """More was chosen than one run takes; the message is a sentence for the person."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a planned run is about, in figures."""

    cases: int
    records: int  # that wait for these cases
    values: Sequence[str]  # what hangs on them, by brand: "£4,212"
    held_elsewhere: int  # records that wait for another case too, and will come back for that one


def plan(act: str, cases: Iterable[ExceptionCase], *, planner: Any, back_to: str = "") -> CaseRun:
    """Freeze the set. A plan of the same person that was never started gives way to this one.

    Raises TooManyError.
    """
    chosen = list(cases)
    if len(chosen) > CASES_AT_MOST:
        raise TooManyError(f"That is more than {CASES_AT_MOST:,} cases. Narrow the list first.")
    with transaction.atomic():
        CaseRun.objects.filter(planner=planner, state=CaseRun.State.PLANNED).delete()
        run = CaseRun.objects.create(
            act=act, planner=planner, back_to=back_to[:500], choice={"cases": [case.pk for case in chosen]}
        )
        run.brands.set({case.brand_id for case in chosen})
        items = (
            _records(run, chosen) if act == CaseRun.Act.RETRY else [CaseRunItem(run=run, case=case) for case in chosen]
        )
        CaseRunItem.objects.bulk_create(items, batch_size=2_000)
        if act == CaseRun.Act.RETRY:
            _estimate(run)
    return run


def _records(run: CaseRun, cases: Sequence[ExceptionCase]) -> list[CaseRunItem]:
    """Each record once, however many of the cases it waits for."""
    waiting = Blocker.objects.filter(
        case_id__in=[case.pk for case in cases], released_at=None, job__state__in=WAITING_STATES
    )
    rows = list(
        waiting.values("job_id").annotate(first=Min("case_id")).values_list("job_id", "first")[: RECORDS_AT_MOST + 1]
    )
    if len(rows) > RECORDS_AT_MOST:
        raise TooManyError(f"That is more than {RECORDS_AT_MOST:,} records. Choose fewer cases.")
    return [CaseRunItem(run=run, case_id=case_id, work_id=job_id) for job_id, case_id in sorted(rows)]


def _estimate(run: CaseRun) -> None:
    jobs = jobs_of(run).order_by().values("flow", "lane").annotate(count=Count("pk"))
    told = estimate({(row["flow"], row["lane"]): row["count"] for row in jobs})
    run.calls, run.seconds = told.calls, told.seconds
    run.save(update_fields=["calls", "seconds"])


def jobs_of(run: CaseRun) -> Any:
    """The engine's rows of the run's records."""
    return SyncJob.objects.filter(pk__in=run.items.exclude(work_id=None).values("work_id"))


def figures(run: CaseRun) -> Plan:
    """What the plan says before it is started. Four queries at most."""
    cases = ExceptionCase.objects.filter(pk__in=run.choice["cases"])
    if run.act != CaseRun.Act.RETRY:
        rows = (
            cases.order_by()
            .values("brand_id")
            .annotate(count=Count("pk"), records=Sum("waiting_count"), value=Sum("waiting_value"))
        )
        sums = [(row["brand_id"], row["records"], row["value"]) for row in rows]
        return Plan(
            cases=sum(row["count"] for row in rows),
            records=sum(records for _, records, _ in sums),
            values=_values([(brand_id, value) for brand_id, _, value in sums]),
            held_elsewhere=0,
        )
    jobs = list(jobs_of(run).values("brand_id").annotate(count=Count("pk"), value=Sum("value_reporting")))
    return Plan(
        cases=cases.count(),
        records=sum(row["count"] for row in jobs),
        values=_values([(row["brand_id"], row["value"]) for row in jobs]),
        held_elsewhere=_held_elsewhere(run),
    )


def _held_elsewhere(run: CaseRun) -> int:
    others = Blocker.objects.filter(job=OuterRef("pk"), released_at=None).exclude(case_id__in=run.choice["cases"])
    return int(jobs_of(run).filter(Exists(others)).count())


def _values(sums: Sequence[tuple[int, Decimal | None]]) -> list[str]:
    currencies = dict(Brand.objects.filter(pk__in=[pk for pk, _ in sums]).values_list("pk", "reporting_currency"))
    told = [at_stake(value, currencies[brand_id]) for brand_id, value in sums]
    return [words for words in told if words != NOTHING]
