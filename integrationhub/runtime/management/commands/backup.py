"""`./hub backup FILE`"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrationhub.runtime.backup import write_dump
from integrationhub.runtime.errors import RuntimeSetupError


class Command(BaseCommand):
    help = "Write the whole database into one file, while the hub runs or not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            size = write_dump(settings.DATABASE_URL, file)
        except RuntimeSetupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{file}: {size:,} bytes.")
        self.stdout.write(
            "Credentials and personal data in it are encrypted. The keys are not in it: keep ENCRYPTION_KEYS"
            f" (in a sandbox: {settings.VAR_DIR / 'encryption_key'}) somewhere else, or they cannot be read again."
        )
