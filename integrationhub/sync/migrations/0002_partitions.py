"""Attempts, calls and bodies become tables partitioned by id, with a default partition; retention drops whole partitions.

Sequences, not identity columns: PostgreSQL before 17 has no identity on partitioned tables.
"""

from django.db import migrations

from integrationhub.sync.partitions import PARTITIONED

_WITH_SEQUENCE = ("sync_attempt", "sync_call")


def _partition(table: str, key: str) -> str:
    numbered = table in _WITH_SEQUENCE
    sequence = f"{table}_id_seq"
    return "\n".join(
        [
            f"ALTER TABLE {table} RENAME TO {table}_plain;",
            f"ALTER TABLE {table}_plain ALTER COLUMN {key} DROP IDENTITY IF EXISTS;",
            f"CREATE TABLE {table} (LIKE {table}_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE ({key});",
            f"DROP TABLE {table}_plain;",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({key});",
            f"CREATE SEQUENCE {sequence} OWNED BY {table}.{key};" if numbered else "",
            f"ALTER TABLE {table} ALTER COLUMN {key} SET DEFAULT nextval('{sequence}');" if numbered else "",
            f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT;",
            f"CREATE TABLE {table}_0 PARTITION OF {table} FOR VALUES FROM (0) TO (1000000);",
        ]
    )


_INDEXES = """
CREATE INDEX attempt_by_job ON sync_attempt (job_id, id);
CREATE INDEX call_by_job ON sync_call (job_id, id);
CREATE INDEX call_by_connection ON sync_call (connection_id, started_at);
ALTER TABLE sync_call ADD CONSTRAINT sync_call_connection_fk FOREIGN KEY (connection_id)
    REFERENCES connectors_connection (id) DEFERRABLE INITIALLY DEFERRED;
"""

_SQL = "\n".join(_partition(table, key) for table, key in PARTITIONED.items()) + _INDEXES


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial")]

    # Backwards, 0001 drops the tables whatever their kind.
    operations = [migrations.RunSQL(_SQL, migrations.RunSQL.noop)]
