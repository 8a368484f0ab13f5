"""The story of a case is inserted, never changed."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON exceptions_app_caseevent
    FOR EACH ROW EXECUTE FUNCTION hub_append_only();
"""


class Migration(migrations.Migration):
    replaces = [
        ("exceptions_app", "0002_events_append_only"),
        ("exceptions_app", "0003_ownership_views_runs"),
    ]
    dependencies = [("exceptions_app", "0001_tables"), ("connectors", "0002_rules")]

    operations = [
        migrations.RunSQL(TRIGGER, reverse_sql="DROP TRIGGER append_only ON exceptions_app_caseevent;"),
    ]
