"""The engine's rows. Everything that must not be lost is one of them."""

from integrationhub.sync.models.arrivals import Document, Feed, InboxBody, InboxRecord
from integrationhub.sync.models.calls import CallBody, SyncAttempt, SyncCall, WriteIntent
from integrationhub.sync.models.jobs import Blocker, SyncJob
from integrationhub.sync.models.schedules import Beat, HourCount, Schedule, Switch

__all__ = [
    "Beat",
    "Blocker",
    "CallBody",
    "Document",
    "Feed",
    "HourCount",
    "InboxBody",
    "InboxRecord",
    "Schedule",
    "Switch",
    "SyncAttempt",
    "SyncCall",
    "SyncJob",
    "WriteIntent",
]
