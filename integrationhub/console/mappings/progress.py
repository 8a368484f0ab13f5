"""What became of the records that an import let go: counted down until each has ended, one way or the other."""

from collections import Counter
from typing import Any

from django.db.models import QuerySet

from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES


def progress_of(released: QuerySet[Blocker]) -> dict[str, Any]:
    """{"total", "done", "running", "waiting", "finished", "cases"}: what the page's count-down shows. One query."""
    jobs = SyncJob.objects.filter(pk__in=released.values("job_id"))
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
        "cases": [],
    }
