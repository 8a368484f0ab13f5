"""What keeps the engine going whatever dies: expired leases are taken back, due work is woken, standing figures kept."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from connectors import ports
from exceptions_app.digest import send_digests
from exceptions_app.escalating import escalate
from exceptions_app.opening import wake_due_cases
from integrationhub.sync import queue, standing
from integrationhub.sync.blocking import open_poison_case
from integrationhub.sync.lanes import QUEUES
from integrationhub.sync.models import Beat
from integrationhub.sync.partitions import add_partitions
from mappings_app.uses import prune_uses

log = structlog.get_logger(__name__)

POISON_KILLS = 3  # a job whose worker died this often is put aside
SWEEP_SECONDS = 10
PARTITION_SECONDS = 600


def sweep() -> int:
    """Take back expired leases and wake every connection that has due work. Returns how many wake-ups were sent."""
    take_back_expired()
    return wake_due()


_EXPIRED = """
UPDATE sync_syncjob j
SET state = CASE WHEN j.kills + 1 >= %(poison)s THEN 'ERRORED' ELSE 'RETRYING' END,
    kills = j.kills + 1, due_at = %(now)s, lease_until = NULL, lease_owner = '', fence = j.fence + 1,
    reason = 'The worker that had it stopped in the middle; it is taken up again.'
WHERE j.id IN (SELECT id FROM sync_syncjob WHERE state = 'RUNNING' AND lease_until < %(now)s FOR UPDATE SKIP LOCKED)
RETURNING j.id, j.state
"""


def take_back_expired() -> int:
    """Jobs whose worker died or slept go back to the queue under a higher fence: what it still wants to write is refused."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_EXPIRED, {"now": ports.now(), "poison": POISON_KILLS})
        rows = cursor.fetchall()
        for job_id, state in rows:
            if state == "ERRORED":
                open_poison_case(job_id)
    if rows:
        log.warning("leases_taken_back", jobs=len(rows))
    return len(rows)


_DUE = """
SELECT DISTINCT j.connection_id, j.lane
FROM sync_syncjob j
JOIN connectors_connection c ON c.id = j.connection_id AND c.state = 'ACTIVE'
JOIN sync_schedule s ON s.id = j.schedule_id AND s.mode <> 'HELD' AND s.paused_reason = ''
WHERE j.state IN ('QUEUED', 'RETRYING', 'UNKNOWN') AND j.due_at <= %s
"""


def wake_due() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [ports.now()])
        due = cursor.fetchall()
    wanted = {(place, name) for place, lane in due for name, lanes in QUEUES.items() if lane in lanes}
    return queue.wake_many(wanted)


def beat(name: str, *, detail: str = "") -> None:
    """Say that this part of the hub is making progress."""
    Beat.objects.update_or_create(name=name, defaults={"at": ports.now(), "detail": detail[:200]})


CHORE_SECONDS = 5
_CHORES: list[Callable[[], object]] = []


def chore(work: Callable[[], object]) -> Callable[[], object]:
    """Decorator: the scheduler does this too, every CHORE_SECONDS. For layers above; what it does at once takes a moment."""
    _CHORES.append(work)
    return work


def do_chores() -> None:
    for work in _CHORES:
        try:
            work()
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  a fault in what a layer above does must not stop the clock
            log.error("chore_failed", chore=f"{work.__module__}.{work.__name__}", error=repr(error))


def keep_house() -> None:
    """The slow chores of the scheduler."""
    add_partitions()
    wake_due_cases()
    escalate()
    send_digests()
    prune_uses(keep_days=settings.MAPPING_USES_KEEP_DAYS)
    standing.recount_standing()
    standing.tell_of_refused_webhooks()


def silent_for(name: str) -> timedelta | None:
    """How long this part has said nothing; None when it never did."""
    at = Beat.objects.filter(name=name).values_list("at", flat=True).first()
    return None if at is None else ports.now() - at
