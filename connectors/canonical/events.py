"""What a platform tells of by itself: events of its queue, webhooks."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """A change the platform tells of: a hint, the state is re-read."""

    event_id: str  # what the platform confirms by, or a digest where it has no id
    kind: str  # order | shipment | return | product | stock | missed (something was told that never came)
    external_id: str  # of the object that changed
    change: str = ""  # CREATED, UPDATED, ... in the platform's words
    occurred_at: datetime | None = None


class NotListeningError(Exception):
    """The platform's queue does not collect what we read: call `listen` first."""


class ForgedWebhookError(Exception):
    """A webhook whose signature, age or shape is wrong. Nothing of it is kept but a counter."""
