"""Celery on the same Valkey: a task that does nothing, worked by one process with ten threads.

`python -m benchmarks.peers.celery_noop COUNT` puts that many into the queue; the worker is Celery's own command. The last
task says when the first and the last one ran.
"""

import itertools
import json
import sys
import time

from celery import Celery  # type: ignore[import-untyped, import-not-found, unused-ignore]

from benchmarks.peers.celery_queue import DATABASE, KEY, broker_socket, store

app = Celery("bench", broker=f"redis+socket://{broker_socket()}?virtual_host={DATABASE}")
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


def fill(count: int) -> None:
    store().flushdb()
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            noop.apply_async((count,), producer=producer)


if __name__ == "__main__":
    fill(int(sys.argv[1]))
