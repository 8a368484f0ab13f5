"""How many calls trying records again will make, and how long that takes at the call budget of this moment.

Both are told from what the same flow needed lately; where nothing like it was done before, nobody knows.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from connectors import ports
from connectors.canonical.errors import HubError
from connectors.http import Limit
from integrationhub.sync.budget import RESERVE, Usage
from integrationhub.sync.lanes import URGENT_LANES
from integrationhub.sync.models import SyncCall, SyncJob
from integrationhub.sync.places import place

SAMPLE_JOBS = 50
# By id, so that finding them never reads more of the table than this.
SAMPLE_WITHIN_JOBS = 20_000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    calls: int | None  # None: nobody knows
    seconds: int | None


@dataclass(kw_only=True)
class _Need:
    """What the records need at one connection."""

    calls: float = 0.0
    busy_seconds: float = 0.0
    units: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # by budget bucket


def estimate(jobs: Mapping[tuple[str, int], int]) -> Estimate:
    """`jobs`: how many by (flow, lane)."""
    needs: dict[int, _Need] = defaultdict(_Need)
    for (flow, _), count in jobs.items():
        sample = _sample(flow)
        if not sample:
            return Estimate(calls=None, seconds=None)
        _add_calls(needs, sample, share=count / len(sample))
    urgent = any(lane in URGENT_LANES for _, lane in jobs)
    seconds = max((_seconds_at(connection_id, need, urgent=urgent) for connection_id, need in needs.items()), default=0)
    return Estimate(calls=math.ceil(sum(need.calls for need in needs.values())), seconds=math.ceil(seconds))


def _sample(flow: str) -> list[int]:
    """The latest jobs of the flow that came to a good end."""
    latest = SyncJob.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    done = SyncJob.objects.filter(flow=flow, state=SyncJob.State.DONE, pk__gt=latest - SAMPLE_WITHIN_JOBS)
    return list(done.order_by("-pk").values_list("pk", flat=True)[:SAMPLE_JOBS])


def _add_calls(needs: dict[int, _Need], sample: Sequence[int], *, share: float) -> None:
    calls = SyncCall.objects.filter(job_id__in=sample).values_list("connection_id", "seconds", "costs")
    for connection_id, seconds, costs in calls:
        need = needs[connection_id]
        need.calls += share
        need.busy_seconds += seconds * share
        for bucket, units in costs.items():
            need.units[bucket] += units * share


def _seconds_at(connection_id: int, need: _Need, *, urgent: bool) -> float:
    """The longer of two waits: for the platform's answers, and for room in its call limits."""
    answering = need.busy_seconds / max(settings.DRAIN_THREADS, 1)
    try:
        gate = place(connection_id).gate
    except HubError:  # it is only half set up; nothing goes there anyway
        return answering
    usage = gate.budget.usage(gate.key, gate.limits)
    share = 1.0 if urgent else 1.0 - RESERVE
    return max([answering, *(_waiting_for(one, need, share=share) for one in usage)])


def _waiting_for(usage: Usage, need: _Need, *, share: float) -> float:
    limit: Limit = usage.limit
    allowance = limit.calls * share
    too_many = need.units.get(limit.bucket, 0.0) - max(allowance - usage.used, 0.0)
    closed = (usage.closed_until - ports.now()).total_seconds() if usage.closed_until else 0.0
    return max(closed, 0.0) + max(too_many, 0.0) / allowance * limit.seconds
