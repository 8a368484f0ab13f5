"""Where Celery's jobs are and how its worker is started: what can be known without Celery, which only the bench installs."""

import os

import redis

DATABASE = 1  # the hub's own keys are in 0
KEY = "bench:celery"
THREADS = 10


def broker_socket() -> str:
    return os.environ["REDIS_URL"].removeprefix("unix://").partition("?")[0]


def store() -> "redis.Redis":
    return redis.Redis(unix_socket_path=broker_socket(), db=DATABASE)


def worker_words() -> list[str]:
    """The command of the worker, to be run by Python."""
    words = ["-m", "celery", "-A", "benchmarks.peers.celery_noop", "worker", "-P", "threads", "-c", str(THREADS)]
    return [*words, "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]
