"""The hub's side of every world: which flows the clock starts, and the work that is due. As in the product, with fewer looks."""

from collections.abc import Sequence
from typing import Any

from connectors import ports
from connectors.models import Connection, Link
from integrationhub.sync import drain, ticks
from integrationhub.sync.flows import flows
from integrationhub.sync.lanes import QUEUES
from integrationhub.sync.models import Schedule, SyncJob
from integrationhub.sync.models.jobs import CLAIMABLE_STATES

LANES = [lane for lanes in QUEUES.values() for lane in lanes]


class Hub:
    """Remembers what schedules were planned for: to plan takes longer than most flows, and little of it changes in a test."""

    def __init__(self) -> None:
        self._planned_for: Any = None

    def plan(self) -> None:
        there = (
            list(Link.objects.filter(active=True).order_by("pk").values_list("pk", "source_id", "target_id")),
            list(Connection.objects.order_by("pk").values_list("pk", "platform")),
            list(flows()),
            Schedule.objects.count(),
        )
        if there != self._planned_for:
            ticks.plan_schedules()
            self._planned_for = (*there[:-1], Schedule.objects.count())

    def start(self, *names: str) -> None:
        """What the clock does when these flows are due; nobody works yet."""
        self.plan()
        for schedule in Schedule.objects.filter(flow__in=names).select_related("connection", "link"):
            ticks.enqueue_now(schedule)


def work_off(connection_ids: Sequence[int]) -> drain.Tally:
    """As `drain.work_off`; a connection that nothing is due on is passed over: to claim nothing takes eleven statements."""
    whole = drain.Tally()
    while True:
        before = whole.total + whole.overtaken
        for connection_id in connection_ids:
            if _is_due(connection_id):
                whole += drain.drain(connection_id, lanes=LANES)
        if whole.total + whole.overtaken == before:
            return whole


def _is_due(connection_id: int) -> bool:
    jobs = SyncJob.objects.filter(connection_id=connection_id, state__in=CLAIMABLE_STATES, due_at__lte=ports.now())
    return jobs.exists()
