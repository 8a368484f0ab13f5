"""One piece of work for one business key, and what it waits for."""

from django.db import models
from django.db.models import F, Q

from connectors import ports
from connectors.models import Brand, Connection, Link
from exceptions_app.models import ExceptionCase
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models.arrivals import InboxRecord
from integrationhub.sync.models.schedules import Schedule


class SyncJob(models.Model):
    class State(models.TextChoices):
        QUEUED = "QUEUED", "Queued"
        RUNNING = "RUNNING", "Running"
        RETRYING = "RETRYING", "Will try again"
        UNKNOWN = "UNKNOWN", "Outcome unknown, looking it up"
        BLOCKED = "BLOCKED", "Waiting for a person"
        FAILED = "FAILED", "Refused"
        ERRORED = "ERRORED", "Stopped by a fault in the hub"
        DONE = "DONE", "Done"
        SKIPPED = "SKIPPED", "Nothing to do"

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="jobs")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="jobs")
    link = models.ForeignKey(Link, on_delete=models.PROTECT, null=True, related_name="jobs")
    flow = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    serial_key = models.CharField(max_length=160)  # jobs that share it run one at a time
    lane = models.PositiveSmallIntegerField(choices=Lane.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    due_at = models.DateTimeField(default=ports.now)
    wanted = models.PositiveIntegerField(default=1)  # raised by each trigger; DONE only if it did not move meanwhile
    record = models.ForeignKey(InboxRecord, on_delete=models.PROTECT, null=True, related_name="jobs")
    argument = models.JSONField(null=True)  # ids and choices only, never personal data

    lease_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    fence = models.PositiveBigIntegerField(default=0)  # rises with every claim; writes carry it
    tries = models.PositiveIntegerField(default=0)  # failed tries since the last trigger by a person or a new document
    kills = models.PositiveSmallIntegerField(default=0)  # times its worker died on it

    reason = models.CharField(max_length=500, blank=True)  # why it stands where it stands, in plain words
    occurred_at = models.DateTimeField(null=True)  # the business time mappings are resolved at
    deadline_at = models.DateTimeField(null=True)
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    value_currency = models.CharField(max_length=3, blank=True)
    value_reporting = models.DecimalField(
        max_digits=20, decimal_places=6, null=True
    )  # in the brand's reporting currency
    created_at = models.DateTimeField(default=ports.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "key"],
                condition=~Q(state__in=["DONE", "SKIPPED"]),
                name="job_open_once_per_key",
            ),
            models.UniqueConstraint(
                fields=["serial_key"], condition=Q(state="RUNNING"), name="job_running_once_per_serial_key"
            ),
            models.CheckConstraint(
                condition=Q(state="RUNNING", lease_until__isnull=False) | ~Q(state="RUNNING"),
                name="job_running_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                F("connection"),
                F("lane"),
                F("due_at"),
                F("id"),
                condition=Q(state__in=["QUEUED", "RETRYING", "UNKNOWN"]),
                name="job_claimable",
            ),
            models.Index(fields=["lease_until"], condition=Q(state="RUNNING"), name="job_leased"),
            models.Index(fields=["flow", "key", "-id"], name="job_by_key"),
            models.Index(fields=["serial_key", "-id"], name="job_by_serial_key"),
            models.Index(
                fields=["schedule", "state"], condition=~Q(state__in=["DONE", "SKIPPED"]), name="job_open_by_schedule"
            ),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="job_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.key}"


CLAIMABLE_STATES = (SyncJob.State.QUEUED, SyncJob.State.RETRYING, SyncJob.State.UNKNOWN)
TERMINAL_STATES = (SyncJob.State.DONE, SyncJob.State.SKIPPED)
WAITING_STATES = (SyncJob.State.BLOCKED, SyncJob.State.FAILED, SyncJob.State.ERRORED)


class Blocker(models.Model):
    """Why a job waits. It goes on when its last open blocker is released."""

    job = models.ForeignKey(SyncJob, on_delete=models.CASCADE, related_name="blockers")
    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, related_name="blockers")
    since = models.DateTimeField(default=ports.now)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=150, blank=True)  # a person, or the rule that released it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "case"], condition=Q(released_at__isnull=True), name="blocker_once")
        ]
        indexes = [models.Index(fields=["case"], condition=Q(released_at__isnull=True), name="blocker_open_by_case")]
