"""The limit of a queue in PostgreSQL: lock a hundred rows with SKIP LOCKED, mark them done, commit. Nothing else.

`python -m benchmarks.peers.skip_locked ROWS` prints {"seconds": ...}.
"""

import json
import os
import sys
import time

import psycopg

BATCH = 100

_MAKE = """
DROP TABLE IF EXISTS bench_queue;
CREATE TABLE bench_queue (id bigint PRIMARY KEY, payload text NOT NULL, done_at timestamptz);
CREATE INDEX bench_queue_waiting ON bench_queue (id) WHERE done_at IS NULL;
"""
_LOCK = "SELECT id, payload FROM bench_queue WHERE done_at IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED"
_DONE = "UPDATE bench_queue SET done_at = now() WHERE id = ANY (%s)"


def main(count: int) -> float:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(_MAKE)
        connection.execute(
            "INSERT INTO bench_queue SELECT n, 'noop-' || n, NULL FROM generate_series(1, %s) n", [count]
        )
        connection.execute("VACUUM ANALYZE bench_queue")
        began = time.perf_counter()
        done = 0
        while worked := _work_batch(connection):
            done += worked
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE bench_queue")
    if done != count:
        raise RuntimeError(f"{done} of {count} rows were worked.")
    return seconds


def _work_batch(connection: "psycopg.Connection[tuple[int, str]]") -> int:
    with connection.transaction():
        rows = connection.execute(_LOCK, [BATCH], prepare=True).fetchall()
        connection.execute(_DONE, [[row[0] for row in rows]], prepare=True)
    return len(rows)


if __name__ == "__main__":
    print(json.dumps({"seconds": main(int(sys.argv[1]))}))
