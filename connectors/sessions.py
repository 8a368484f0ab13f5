"""Where sessions are kept: in a table that knows whose each one is. `settings.SESSION_ENGINE` names this module."""

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from connectors.models import ConsoleSession
from integrationhub.security import ADDRESS, BROWSER, SEEN_AT, STARTED_AT


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[ConsoleSession]:
        return ConsoleSession

    def create_model_instance(self, data: dict[str, Any]) -> ConsoleSession:
        """The row of this session; what its columns say is taken from its data, which stays the truth."""
        row: ConsoleSession = super().create_model_instance(data)  # type: ignore[assignment]
        user_id = data.get(SESSION_KEY)
        row.user_id = int(user_id) if user_id else None
        row.address, row.browser = str(data.get(ADDRESS, ""))[:45], str(data.get(BROWSER, ""))[:200]
        row.started_at, row.seen_at = _moment(data.get(STARTED_AT)), _moment(data.get(SEEN_AT))
        return row


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
