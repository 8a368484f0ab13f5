"""How old a connection's key is, and from when on that is told."""

from datetime import datetime, timedelta

from django.conf import settings

from connectors.models import Connection
from exceptions_app.words import counted


def too_old(row: Connection, now: datetime) -> str:
    """ "" or a sentence: its key has not been changed for longer than the installation wants."""
    after: int = settings.KEY_WARN_AFTER_DAYS
    age = now - row.credentials_changed_at
    if after <= 0 or not row.credentials or age <= timedelta(days=after):
        return ""
    return f"The key of {row.name} was last changed {counted(age.days, 'day', 'days')} ago. Ask for a new one and enter it."
