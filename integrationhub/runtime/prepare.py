"""What has to be done before the hub's programs start: tables up to date, the console's files in place."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from typing import cast

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from integrationhub.runtime import programs
from integrationhub.runtime.errors import RuntimeSetupError

# Any number that every host of one installation uses: PostgreSQL hands this lock to one of them at a time.
MIGRATION_LOCK = 7_215_001
# For the environment of programs that serve the console after `collecting_static_files`.
COLLECTED = {"STATIC_COLLECTED": "true"}


def migrate(*, verbosity: int = 0) -> None:
    """Run the database's checks and bring its tables up to date; of several hosts that start at once, one does it.

    Afterwards this program holds no database connection. Raises SystemCheckError in words for the operator.
    """
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])  # ends with the connection
        call_command("migrate", interactive=False, verbosity=verbosity, skip_checks=False)
    connection.close()
    cast(DatabaseWrapper, connection).close_pool()


@contextlib.contextmanager
def collecting_static_files() -> Iterator[None]:
    """Collect the console's files while the block does something else. Raises RuntimeSetupError when it failed."""
    # A program of its own: the storage that names files by their contents is chosen when settings are read.
    collect = programs.command("collectstatic", "collectstatic", "--no-input", "--verbosity=0", environment=COLLECTED)
    environment = {**os.environ, **collect.environment}
    with subprocess.Popen(
        collect.argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            yield
        except BaseException:
            running.kill()
            raise
        _, complaint = running.communicate()
    if running.returncode:
        raise RuntimeSetupError(f"The console's files could not be collected: {complaint.strip()}")
