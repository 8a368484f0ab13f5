import pytest
from django.db.migrations.loader import MigrationLoader


@pytest.mark.parametrize("app", ["connectors", "mappings_app", "exceptions_app"])
def test_every_step_of_the_lower_layers_can_be_taken_back(app: str) -> None:
    migrations = [migration for key, migration in MigrationLoader(None).disk_migrations.items() if key[0] == app]
    assert migrations
    for migration in migrations:
        assert [operation for operation in migration.operations if not operation.reversible] == []
