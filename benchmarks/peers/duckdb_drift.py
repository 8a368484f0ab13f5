"""DuckDB on the same files: `python -m benchmarks.peers.duckdb_drift SNAPSHOT LEDGER` prints {"seconds": ..., "drifted": ...}.

Both are read, joined, and what differs is written into a table: what the hub has in the end too.
"""

import json
import sys
import time

import duckdb  # type: ignore[import-not-found, import-untyped, unused-ignore]

_DRIFT = """
CREATE TABLE drifted AS
SELECT COALESCE(s.sku, l.sku) AS sku, s.quantity AS shown, l.quantity AS acknowledged
FROM read_csv(?, header = false, columns = {'sku': 'VARCHAR', 'quantity': 'INTEGER'}) s
FULL JOIN read_csv(?, header = false, columns = {'sku': 'VARCHAR', 'quantity': 'INTEGER'}) l ON l.sku = s.sku
WHERE s.quantity IS DISTINCT FROM l.quantity
"""


def main(snapshot: str, ledger: str) -> dict[str, float]:
    began = time.perf_counter()
    with duckdb.connect() as database:
        database.execute(_DRIFT, [snapshot, ledger])
        found = database.execute("SELECT count(*) FROM drifted").fetchall()[0][0]
    return {"seconds": time.perf_counter() - began, "drifted": found}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))
