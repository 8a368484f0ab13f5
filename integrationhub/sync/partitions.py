"""Attempts, calls and bodies grow without end: their tables are range-partitioned by id, and retention drops whole partitions.

A default partition stands behind them, so that an id beyond the last range is stored, not refused.
"""

from django.db import connection

ROWS = 1_000_000
PARTITIONED = {
    "sync_attempt": "id",
    "sync_call": "id",
    "sync_callbody": "call_id",
    "sync_inboxbody": "record_id",
}
_SEQUENCES = {
    "sync_attempt": "sync_attempt_id_seq",
    "sync_call": "sync_call_id_seq",
    "sync_callbody": "sync_call_id_seq",
    "sync_inboxbody": "sync_inboxrecord_id_seq",
}


def add_partitions(*, ahead: int = 2) -> list[str]:
    """Create the partitions that the next ids will need. Returns the names of those that are new."""
    made = []
    with connection.cursor() as cursor:
        for table, sequence in _SEQUENCES.items():
            cursor.execute(f"SELECT last_value FROM {sequence}")  # noqa: S608  names from the table above
            current = cursor.fetchone()[0] // ROWS
            for number in range(current, current + ahead):
                name = f"{table}_{number}"
                cursor.execute("SELECT to_regclass(%s)", [name])
                if cursor.fetchone()[0] is None:
                    cursor.execute(
                        f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({number * ROWS}) TO ({(number + 1) * ROWS})"
                    )
                    made.append(name)
    return made
