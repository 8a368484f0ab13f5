"""What was tried and said. Attempts, calls and their bodies are partitioned by id (see partitions.py)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from connectors import ports
from connectors.models import Connection


class WriteIntent(models.Model):
    """One effect we want at a platform, once: written down before the call, so that untried and unknown can be told apart."""

    class State(models.TextChoices):
        SENDING = "SENDING", "Being sent"  # committed before the call; a dead worker leaves it like this
        SENT = "SENT", "Sent, to be finished"
        DONE = "DONE", "Done"
        NOT_SENT = "NOT_SENT", "Not sent"
        UNKNOWN = "UNKNOWN", "Outcome unknown"
        REFUSED = "REFUSED", "Refused"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="intents")
    operation = models.CharField(max_length=40)
    reference = models.CharField(max_length=160)
    state = models.CharField(max_length=8, choices=State.choices, default=State.SENDING)
    token = models.CharField(max_length=32)  # of the try that may write the outcome
    job_id = models.BigIntegerField()
    sent_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=1)
    sent_twice = models.BooleanField(default=False)  # sent again after a doubt: the first may still take effect, late
    external_id = models.CharField(max_length=120, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "operation", "reference"], name="intent_once_per_effect")
        ]
        indexes = [
            models.Index(fields=["sent_at"], condition=Q(state__in=["SENDING", "UNKNOWN"]), name="intent_unsettled")
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.reference}"


UNSETTLED_STATES = (WriteIntent.State.SENDING, WriteIntent.State.UNKNOWN)


class SyncAttempt(models.Model):
    """One try of a job."""

    class Result(models.TextChoices):
        STARTED = "STARTED", "Started"
        DONE = "DONE", "Done"
        SKIPPED = "SKIPPED", "Nothing to do"
        LATER = "LATER", "Put off"
        TRANSIENT = "TRANSIENT", "Failed for the moment"
        UNKNOWN = "UNKNOWN", "Outcome unknown"
        BLOCKED = "BLOCKED", "Waiting for a person"
        REFUSED = "REFUSED", "Refused"
        ERRORED = "ERRORED", "Stopped by a fault in the hub"
        OVERTAKEN = "OVERTAKEN", "Lost its lease"

    id = models.BigAutoField(primary_key=True)
    job_id = models.BigIntegerField()
    fence = models.PositiveBigIntegerField()
    owner = models.CharField(max_length=80)
    started_at = models.DateTimeField(default=ports.now)
    finished_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=10, choices=Result.choices, default=Result.STARTED)
    message = models.CharField(max_length=500, blank=True)
    mapping_versions = ArrayField(models.BigIntegerField(), default=list)
    traceback = models.TextField(blank=True)  # for developers; never on an operator's screen

    class Meta:
        db_table = "sync_attempt"
        indexes = [models.Index(fields=["job_id", "id"], name="attempt_by_job")]


class SyncCall(models.Model):
    """One request to a platform, redacted."""

    id = models.BigAutoField(primary_key=True)
    attempt_id = models.BigIntegerField(null=True)
    job_id = models.BigIntegerField(null=True)
    connection = models.ForeignKey(Connection, on_delete=models.DO_NOTHING, related_name="+")
    operation = models.CharField(max_length=60)
    write = models.BooleanField()
    method = models.CharField(max_length=8)
    url = models.CharField(max_length=500)
    status = models.PositiveSmallIntegerField(null=True)
    started_at = models.DateTimeField()
    seconds = models.FloatField()
    error = models.CharField(max_length=300, blank=True)
    costs = models.JSONField(default=dict)  # units by budget bucket

    class Meta:
        db_table = "sync_call"
        indexes = [
            models.Index(fields=["job_id", "id"], name="call_by_job"),
            models.Index(fields=["connection", "started_at"], name="call_by_connection"),
        ]


class CallBody(models.Model):
    """What was asked and answered, redacted, in its own table so that lists stay narrow."""

    call_id = models.BigIntegerField(primary_key=True)
    request = models.BinaryField()
    response = models.BinaryField()

    class Meta:
        db_table = "sync_callbody"
