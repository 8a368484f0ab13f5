"""Which Django commands get the embedded servers started around them.

`./hub manage createsuperuser` has to work while nothing runs; `./hub manage check` should not start a database.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from integrationhub.runtime.services import start_services

# They need no database, or (the last line) start the servers themselves.
WITHOUT_SERVERS = frozenset(
    {"help", "--help", "version", "--version", "check", "collectstatic", "findstatic", "diffsettings", "make_key"}
    | {"startapp", "makemessages", "compilemessages", "run", "demo", "restore"}
)


def needs_servers(words: Sequence[str]) -> bool:
    """Return whether manage.py with these words needs PostgreSQL or Redis."""
    if not words or {"-h", "--help"} & set(words):
        return False
    return words[0] not in WITHOUT_SERVERS or any(word.startswith("--database") for word in words[1:])


@contextlib.contextmanager
def servers_for(words: Sequence[str], *, environ: Mapping[str, str]) -> Iterator[None]:
    """Keep the embedded servers up while the block runs, as far as no URL is given and the command needs them."""
    if not needs_servers(words):
        yield
        return
    with start_services(database_url=environ.get("DATABASE_URL"), redis_url=environ.get("REDIS_URL")):
        yield
