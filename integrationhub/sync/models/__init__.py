"""The engine's rows. Everything that must not be lost is one of them."""

from integrationhub.sync.models.arrivals import Document, Feed, InboxBody, InboxRecord
from integrationhub.sync.models.calls import CallBody, SyncAttempt, SyncCall, WriteIntent
from integrationhub.sync.models.corrections import Correction
from integrationhub.sync.models.counts import CountUnderWay, DayCount, FlowHour
from integrationhub.sync.models.jobs import Blocker, SyncJob
from integrationhub.sync.models.schedules import Beat, HourCount, Schedule, Switch

__all__ = [
    "Beat",
    "Blocker",
    "CallBody",
    "Correction",
    "CountUnderWay",
    "DayCount",
    "Document",
    "Feed",
    "FlowHour",
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
