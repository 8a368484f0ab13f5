"""What became of the records that pressing a button set going: counted down until each has ended, one way or the other."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from exceptions_app.models import ExceptionCase
from exceptions_app.telling import plain
from integrationhub.console.cases.previewing import about
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES

NAMED = 10  # cases that what was released waits for now
RELEASE, RETRY, CHOICE = "release", "retry", "choice"


@dataclass(frozen=True, kw_only=True)
class Press:
    """The press of a button that set records going. Told in the page's address, so that reloading keeps the count."""

    # RELEASE: a mapping was saved, and blockers were let go at exactly `at`; RETRY: those that stood then; CHOICE: the
    # one job that carries out what was chosen.
    what: str
    at: datetime
    job_id: int | None = None  # where one record alone was tried again

    @property
    def query(self) -> dict[str, str]:
        query = {"what": self.what, "at": self.at.isoformat()}
        return query if self.job_id is None else {**query, "job": str(self.job_id)}


def progress(case: ExceptionCase, press: Press) -> dict[str, Any]:
    """{"total", "done", "running", "waiting", "finished", "cases": [{"text", "url", "count"}]}."""
    jobs = _jobs(case, press)
    states: Counter[str] = Counter(jobs.values_list("state", flat=True))
    done = sum(states[state] for state in TERMINAL_STATES)
    waiting = sum(states[state] for state in WAITING_STATES)
    total = states.total()
    return {
        "total": total,
        "done": done,
        "waiting": waiting,
        "running": total - done - waiting,
        "finished": total == done + waiting,
        "cases": waiting_for(jobs) if waiting else [],
    }


def _jobs(case: ExceptionCase, press: Press) -> QuerySet[SyncJob]:
    if press.what == CHOICE:
        return SyncJob.objects.filter(pk=press.job_id or 0, brand_id=case.brand_id, argument__case=case.pk)
    return SyncJob.objects.filter(pk__in=_set_going(case, press).values("job_id"))


def _set_going(case: ExceptionCase, press: Press) -> QuerySet[Blocker]:
    if press.what == RELEASE:
        return about(case).filter(released_at=press.at)
    stood = Blocker.objects.filter(Q(released_at=None) | Q(released_at__gte=press.at), case=case, since__lte=press.at)
    return stood if press.job_id is None else stood.filter(job_id=press.job_id)


def waiting_for(jobs: QuerySet[SyncJob]) -> list[dict[str, Any]]:
    """The cases that these jobs wait for now, the most common first: [{"text", "url", "count"}]."""
    stuck = jobs.filter(state__in=WAITING_STATES)
    blockers = Blocker.objects.filter(job__in=stuck.values("pk"), released_at=None)
    counts: Counter[int] = Counter(blockers.values_list("case_id", flat=True))
    common = dict(counts.most_common(NAMED))
    cases = ExceptionCase.objects.filter(pk__in=common).with_words()
    return [
        {
            "text": plain(case),
            "url": reverse("admin:exceptions_app_exceptioncase_change", args=[case.pk]),
            "count": common[case.pk],
        }
        for case in sorted(cases, key=lambda one: -common[one.pk])
    ]
