"""When a flow runs and in which mode; the switch over everything; proof that the scheduler lives."""

from django.db import models
from django.db.models import Q

from connectors import ports
from connectors.models import Connection, Link


class Schedule(models.Model):
    """A flow on a link (or, for a feed, on a connection): cadence and mode."""

    class Mode(models.TextChoices):
        LIVE = "LIVE", "Live"
        SHADOW = "SHADOW", "Shadow: does everything but send"
        HELD = "HELD", "Held"

    flow = models.CharField(max_length=40)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="schedules"
    )  # whose budget it spends
    link = models.ForeignKey(Link, on_delete=models.CASCADE, null=True, related_name="schedules")
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.LIVE)
    mode_reason = models.CharField(max_length=300, blank=True)
    paused_reason = models.CharField(  # the platform refuses this one operation; everything else goes on
        max_length=300, blank=True
    )
    cadence_seconds = models.PositiveIntegerField(
        null=True, help_text="Empty: runs when something happens, not by the clock."
    )
    next_due_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["flow", "connection", "link"], nulls_distinct=False, name="schedule_once_per_flow_and_link"
            )
        ]
        indexes = [models.Index(fields=["next_due_at"], condition=Q(next_due_at__isnull=False), name="schedule_due")]

    def __str__(self) -> str:
        return f"{self.flow} · {self.link or self.connection}"


class Switch(models.Model):
    """One row: stops every call of every connection."""

    id = models.BooleanField(primary_key=True, default=True)
    calls_allowed = models.BooleanField(default=True)
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(default=ports.now)
    changed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=True), name="switch_is_one_row")]


class Beat(models.Model):
    """When a long-running part of the hub last made progress; silence is an alarm."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)


class HourCount(models.Model):
    """How often something happened in an hour that leaves no row of its own: a refused webhook."""

    name = models.CharField(max_length=40)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "connection", "hour"], name="hour_count_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.hour:%Y-%m-%d %H}h: {self.count}"
