"""Celery on the same Valkey: a task that does nothing, worked by one process with ten threads.

`python -m benchmarks.peers.celery_noop COUNT` puts that many into the queue; the worker is Celery's own command. The last
task says when the first and the last one ran.
"""

import itertools
import json
import os
import sys
import time

import redis
from celery import Celery

DATABASE = 1  # the hub's own keys are in 0
KEY = "bench:celery"
THREADS = 10


def _socket() -> str:
    return os.environ["REDIS_URL"].removeprefix("unix://").partition("?")[0]


app = Celery("bench", broker=f"redis+socket://{_socket()}?virtual_host={DATABASE}")
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)

_seen = itertools.count(1)
_began: list[float] = []


@app.task(name="bench.noop")
def noop(total: int) -> None:
    now = time.perf_counter()
    number = next(_seen)
    if number == 1:
        _began.append(now)
    if number == total:
        store().set(KEY, json.dumps({"seconds": now - _began[0]}))


def store() -> "redis.Redis":
    return redis.Redis(unix_socket_path=_socket(), db=DATABASE)


def fill(count: int) -> None:
    store().flushdb()
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            noop.apply_async((count,), producer=producer)


def worker_words() -> list[str]:
    """The command of the worker, to be run by Python."""
    words = ["-m", "celery", "-A", "benchmarks.peers.celery_noop", "worker", "-P", "threads", "-c", str(THREADS)]
    return [*words, "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]


if __name__ == "__main__":
    fill(int(sys.argv[1]))
