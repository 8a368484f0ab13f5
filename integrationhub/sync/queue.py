"""The only module that talks to RQ. RQ wakes workers; it is never the record.

One RQ job says "drain this connection's lanes for at most a slice". A hundred triggers are one wake-up, and losing it loses
nothing, since the sweeper wakes again whatever is due.
"""

from collections.abc import Iterable

import django_rq
import structlog
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.worker import BaseWorker

from connectors import ports
from integrationhub.sync.lanes import DRAIN, QUEUES, URGENT

log = structlog.get_logger(__name__)

SLICE_SECONDS = 25
JOB_TIMEOUT_SECONDS = 60
WAKE_MARKER_SECONDS = 60
DRAIN_TASK = "integrationhub.sync.drain.drain_connection"


def wake(connection_id: int, queue: str) -> bool:
    """Ask a worker to drain a connection. False when Redis is out of reach: the sweeper will ask again."""
    return wake_many({(connection_id, queue)}) == 1


def wake_many(wanted: Iterable[tuple[int, str]]) -> int:
    woken = 0
    for connection_id, name in sorted(set(wanted)):
        try:
            woken += _enqueue(connection_id, name)
        except (RedisError, OSError) as error:
            log.warning("redis_unreachable", queue=name, connection=connection_id, error=type(error).__name__)
            return woken
    return woken


def _enqueue(connection_id: int, name: str) -> int:
    rq_queue = _rq_queue(name)
    marker = _marker(connection_id, name)
    # A job id may not be used again while its job runs: RQ would delete the new one with the old. So: one marker, fresh ids.
    if rq_queue.connection.set(marker, 1, nx=True, ex=WAKE_MARKER_SECONDS):
        rq_queue.enqueue_call(
            DRAIN_TASK,
            args=(connection_id, name),
            job_id=f"drain-{name}-{connection_id}-{ports.new_id()[:12]}",
            timeout=JOB_TIMEOUT_SECONDS,
            result_ttl=0,
            failure_ttl=3600,
        )
    return 1


def taken_up(connection_id: int, name: str) -> None:
    """A drain has begun: a trigger from now on needs a wake-up of its own."""
    try:
        _rq_queue(name).connection.delete(_marker(connection_id, name))
    except (RedisError, OSError) as error:
        log.warning("redis_unreachable", queue=name, connection=connection_id, error=type(error).__name__)


def _marker(connection_id: int, name: str) -> str:
    return f"hub:wake:{name}:{connection_id}"


def _rq_queue(name: str) -> Queue:
    return django_rq.get_queue(name, commit_mode="auto")  # callers here wait for the commit themselves


def worker(name: str, *, worker_name: str) -> BaseWorker:
    """A long-lived worker for one queue. A worker on several would lose a job when it dies between pop and start."""
    if name not in QUEUES:
        raise ValueError(f"There is no queue {name!r}; there are {URGENT} and {DRAIN}.")
    rq_queue = _rq_queue(name)
    return SimpleWorker(
        [rq_queue],
        connection=rq_queue.connection,
        serializer=rq_queue.serializer,
        name=worker_name,
        worker_ttl=60,
        maintenance_interval=60,
    )


def queued_ids(name: str) -> list[str]:
    return list(_rq_queue(name).get_job_ids())


def work_off(name: str) -> None:
    """Work everything queued on one queue in this process and return: for tests, cron and the demo's check."""
    worker(name, worker_name=f"burst-{name}").work(burst=True, with_scheduler=False, logging_level="WARNING")
