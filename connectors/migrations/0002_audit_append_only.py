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
TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON connectors_auditentry
    FOR EACH ROW EXECUTE FUNCTION hub_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("connectors", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, reverse_sql="DROP FUNCTION hub_append_only();"),
        migrations.RunSQL(TRIGGER, reverse_sql="DROP TRIGGER append_only ON connectors_auditentry;"),
    ]
