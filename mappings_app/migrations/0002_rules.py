"""A mapping version may be superseded, once. Everything else about it stays as it was recorded."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION mappings_supersede_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    superseding CONSTANT text[] := ARRAY['superseded_at', 'superseded_in'];
BEGIN
    IF TG_OP = 'UPDATE'
        AND OLD.superseded_at IS NULL
        AND NEW.superseded_at IS NOT NULL
        AND to_jsonb(NEW) - superseding = to_jsonb(OLD) - superseding
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Mapping versions are append-only: a version is superseded once, never changed or deleted.'
        USING ERRCODE = 'restrict_violation';
END
$$;
"""
TRIGGER = """
CREATE TRIGGER supersede_only BEFORE UPDATE OR DELETE ON mappings_app_mappingversion
    FOR EACH ROW EXECUTE FUNCTION mappings_supersede_only();
"""


class Migration(migrations.Migration):
    replaces = [
        ("mappings_app", "0002_versions_append_only"),
        ("mappings_app", "0003_kinds_uses_imports"),
    ]
    dependencies = [("mappings_app", "0001_tables")]

    operations = [
        migrations.RunSQL(FUNCTION, reverse_sql="DROP FUNCTION mappings_supersede_only();"),
        migrations.RunSQL(TRIGGER, reverse_sql="DROP TRIGGER supersede_only ON mappings_app_mappingversion;"),
    ]
