"""Statements that stand in the path of every job: parsed and planned once per database connection, not each time.

Django binds values on the client, so PostgreSQL sees a new text each time and plans it anew; for a look-up by primary key
that is most of its work. Only for statements whose plan does not depend on their values, with a type named (`%s::bigint[]`)
where PostgreSQL could not infer it.
"""

from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper, ServerBindingCursor
from django.db.backends.utils import CursorWrapper


class _PreparedCursor(ServerBindingCursor):
    def execute(self, query: Any, params: Any = None, *, prepare: bool | None = None, binary: bool | None = None) -> Any:
        # Behind somebody's own pooler the next transaction may run on another server process, which knows no statement
        # of ours.
        return super().execute(query, params, prepare=bool(settings.DATABASE_POOL_MAX), binary=binary)


def prepared_cursor() -> CursorWrapper:
    """A cursor as `connection.cursor()` gives it, whose statements are prepared on the server."""
    wrapper = cast(DatabaseWrapper, connection)
    wrapper.ensure_connection()
    with wrapper.wrap_database_errors:
        return wrapper._prepare_cursor(_PreparedCursor(wrapper.connection))
