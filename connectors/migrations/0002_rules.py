"""The audit trail is inserted, never changed: the database itself refuses, whoever asks."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION hub_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""
# An entry may be written once more, by the sealer: from unsealed to sealed, and nothing else of it.
ONCE = """
CREATE FUNCTION hub_audit_sealed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.position IS NULL AND NEW.position IS NOT NULL
       AND to_jsonb(NEW) - 'position' - 'seal' - 'sealed_at' = to_jsonb(OLD) - 'position' - 'seal' - 'sealed_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: entries are neither changed nor deleted.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON connectors_auditentry
    FOR EACH ROW EXECUTE FUNCTION hub_audit_sealed_once();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON connectors_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION hub_append_only();
"""
BACK = """
DROP TRIGGER no_truncate ON connectors_auditentry;
DROP TRIGGER append_only ON connectors_auditentry;
DROP FUNCTION hub_audit_sealed_once();
"""


class Migration(migrations.Migration):
    replaces = [
        ("connectors", "0002_audit_append_only"),
        ("connectors", "0003_refund_reason"),
        ("connectors", "0004_audit_chain"),
    ]
    dependencies = [("connectors", "0001_tables")]

    operations = [
        migrations.RunSQL(FUNCTION, reverse_sql="DROP FUNCTION hub_append_only();"),
        migrations.RunSQL(ONCE, reverse_sql=BACK),
    ]
