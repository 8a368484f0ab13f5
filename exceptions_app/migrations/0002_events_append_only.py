"""The story of a case is inserted, never changed."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON exceptions_app_caseevent
    FOR EACH ROW EXECUTE FUNCTION hub_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("exceptions_app", "0001_initial"), ("connectors", "0002_audit_append_only")]

    operations = [
        migrations.RunSQL(TRIGGER, reverse_sql="DROP TRIGGER append_only ON exceptions_app_caseevent;"),
    ]
