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

# What was approved is what was proposed: a correction's content and its proposer never change; it can only be erased.
_STANDS = """
CREATE FUNCTION hub_correction_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.changes IS NOT NULL AND NEW.changes IS DISTINCT FROM OLD.changes)
        OR (NEW.money, NEW.proposed_by_id, NEW.document_id, NEW.record_id, NEW.fields)
            IS DISTINCT FROM (OLD.money, OLD.proposed_by_id, OLD.document_id, OLD.record_id, OLD.fields)
        OR (OLD.decided_by_id IS NOT NULL AND NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id)
    THEN RAISE EXCEPTION 'A correction stays as it was proposed.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER correction_stands BEFORE UPDATE ON sync_correction
    FOR EACH ROW EXECUTE FUNCTION hub_correction_stands();
"""
_GONE = "DROP TRIGGER correction_stands ON sync_correction; DROP FUNCTION hub_correction_stands();"


class Migration(migrations.Migration):
    replaces = [
        ("sync", "0002_partitions"),
        ("sync", "0003_corrections"),
        ("sync", "0004_counts"),
    ]
    dependencies = [("sync", "0001_tables")]

    operations = [
        migrations.RunSQL(_SQL, migrations.RunSQL.noop),  # backwards, 0001 drops the tables whatever their kind
        migrations.RunSQL(_STANDS, reverse_sql=_GONE),
    ]
