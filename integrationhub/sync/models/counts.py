"""What was counted: work finished per hour, and the orders of a business day on the three sides of a link."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models

from connectors.models import Link
from integrationhub.sync.models.schedules import Schedule


class FlowHour(models.Model):
    """How many jobs of a schedule were finished in an hour: rolled up, so that a page reads 24 rows and not the jobs."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="hours")
    hour = models.DateTimeField()  # its beginning, UTC
    finished = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "hour"], name="flow_hour_once")]
        indexes = [models.Index(fields=["hour"], name="flow_hour_by_time")]

    def __str__(self) -> str:
        return f"{self.schedule} {self.hour:%Y-%m-%d %H}h: {self.finished}"


class DayCount(models.Model):
    """The orders of one business day in one currency: at the source, in the hub and at the target.

    `missing` and the other lists name at most LISTED references each; the numbers are whole.
    """

    LISTED = 500

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="day_counts")
    day = models.DateField()  # in the brand's zone
    currency = models.CharField(max_length=3)
    source_count = models.PositiveIntegerField()
    source_value = models.DecimalField(max_digits=20, decimal_places=6)
    hub_count = models.PositiveIntegerField()
    hub_value = models.DecimalField(max_digits=20, decimal_places=6)
    target_count = models.PositiveIntegerField()
    target_value = models.DecimalField(max_digits=20, decimal_places=6)
    missing_count = models.PositiveIntegerField(default=0)  # at the source and not in the hub, or lost in it
    missing = ArrayField(models.CharField(max_length=80), default=list)
    waiting_count = models.PositiveIntegerField(default=0)  # in the hub, not at the target yet, and the hub knows why
    waiting = ArrayField(models.CharField(max_length=80), default=list)
    differing = ArrayField(models.CharField(max_length=80), default=list)  # there on both sides, with another total
    as_of = models.DateTimeField()  # orders placed before this are counted
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "day", "currency"], name="day_counted_once")]
        indexes = [models.Index(fields=["day"], name="day_count_by_day")]

    def __str__(self) -> str:
        return f"{self.link} {self.day}: {self.target_count} of {self.source_count}"

    @property
    def complete(self) -> bool:
        """Green: the same number and the same value everywhere."""
        counts = {self.source_count, self.hub_count, self.target_count}
        values: set[Decimal] = {self.source_value, self.hub_value, self.target_value}
        return len(counts) == 1 and len(values) == 1


class CountUnderWay(models.Model):
    """A count that was cut off between two pages of the source's listing: it goes on from here."""

    link = models.OneToOneField(Link, on_delete=models.CASCADE, primary_key=True, related_name="count_under_way")
    since = models.DateTimeField()
    until = models.DateTimeField()
    next_token = models.TextField()
    marks = models.JSONField(default=list)  # what was listed so far; numbers and amounts, no personal data
    began_at = models.DateTimeField()
