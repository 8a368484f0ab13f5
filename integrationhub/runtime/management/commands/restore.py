"""`./hub restore FILE`"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrationhub.runtime.backup import read_dump
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.prepare import migrate
from integrationhub.runtime.services import start_services


class Command(BaseCommand):
    help = "Fill the database from a file that `backup` wrote, then bring it up to this version's tables."
    # The tables that checks and migrations look for come with the file.
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="also when the database holds tables: they go")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            with start_services(
                settings.VAR_DIR,
                database_url=None if settings.EMBEDDED_POSTGRES else settings.DATABASE_URL,
                redis_url=None if settings.EMBEDDED_REDIS else settings.REDIS_URL,
                new_major=True,
            ):
                read_dump(settings.DATABASE_URL, file, replace=replace)
                migrate()
        except RuntimeSetupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored from {file}. Credentials need the ENCRYPTION_KEYS they were written with.")
