"""A case is one fact that is missing or wrong, however many records wait for it and in however many channels."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from connectors import ports
from connectors.models import Brand, Connection, Link, RoleGrant
from exceptions_app.causes import cause_named

CODE_LENGTH = 255


class CaseQuerySet(models.QuerySet["ExceptionCase"]):
    def unresolved(self) -> "CaseQuerySet":
        """Open and snoozed: everything that is not closed."""
        return self.exclude(state=ExceptionCase.State.CLOSED)

    def about_code(self, mapping_kind: str, code: str) -> "CaseQuerySet":
        """Mapping cases that a mapping of this code may resolve; narrow them by brand and target."""
        return self.exclude(mapping_kind="").filter(mapping_kind=mapping_kind, code=code)

    def in_queue_order(self) -> "CaseQuerySet":
        """By deadline, then by what is at stake."""
        return self.order_by(F("next_deadline_at").asc(nulls_last=True), F("waiting_value").desc(), "pk")

    def with_words(self) -> "CaseQuerySet":
        """With everything that telling a case reads: three queries for any number of cases."""
        return self.select_related("brand", "target", "owner").prefetch_related("case_links__link__source")


class ExceptionCase(models.Model):
    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        SNOOZED = "SNOOZED", "Snoozed"
        CLOSED = "CLOSED", "Closed"

    class Team(models.TextChoices):
        """Who decides: the role that is asked first. Values are those of `RoleGrant.Role`."""

        OPS = RoleGrant.Role.OPS.value, "Operations"
        ECOMMERCE = RoleGrant.Role.ECOMMERCE.value, "Ecommerce"
        FINANCE = RoleGrant.Role.FINANCE.value, "Finance"
        ADMIN = RoleGrant.Role.ADMIN.value, "Administrators"

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="cases")
    cause = models.CharField(max_length=60)  # a code of exceptions_app.causes
    # What the case is about. Mapping cases: kind, target and code. All others: object_key.
    mapping_kind = models.CharField(max_length=32, blank=True)
    target = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="cases",
        help_text="The connection that refuses, or that the missing code belongs to.",
    )
    code = models.CharField(max_length=CODE_LENGTH, blank=True)  # the missing code, exactly as it was seen
    object_key = models.CharField(max_length=CODE_LENGTH, blank=True)
    context = models.JSONField(default=dict, blank=True)  # what the sentence needs; keys: see the cause
    platform_words = models.TextField("the platform's own words", blank=True)

    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    team = models.CharField(max_length=20, choices=Team.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases"
    )
    opened_at = models.DateTimeField(default=ports.now)
    last_seen_at = models.DateTimeField(default=ports.now)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    wake_at_count = models.PositiveIntegerField(null=True, blank=True)  # ends the snooze when so many records wait
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True)
    close_reason = models.CharField(max_length=500, blank=True)
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="returns")
    regression = models.BooleanField("came back", default=False)

    # Rolled up by the layer that knows the waiting work; never incremented in place.
    waiting_count = models.PositiveIntegerField("waiting", default=0)
    waiting_value = models.DecimalField(  # in the brand's reporting currency
        "value", max_digits=20, decimal_places=6, default=0
    )
    oldest_at = models.DateTimeField("oldest", null=True, blank=True)
    next_deadline_at = models.DateTimeField("deadline", null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = "case"
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "mapping_kind", "target", "code"],
                condition=~Q(state="CLOSED") & ~Q(mapping_kind=""),
                nulls_distinct=False,
                name="case_open_once_per_code",
            ),
            models.UniqueConstraint(
                fields=["brand", "cause", "object_key"],
                condition=~Q(state="CLOSED") & Q(mapping_kind=""),
                name="case_open_once_per_object",
            ),
            models.CheckConstraint(
                condition=~Q(state="CLOSED") | (Q(closed_at__isnull=False) & ~Q(closed_by="") & ~Q(close_reason="")),
                name="case_closed_by_someone_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="SNOOZED") | Q(snoozed_until__isnull=False), name="case_snooze_ends"
            ),
            models.CheckConstraint(
                condition=~Q(regression=True) | Q(previous__isnull=False), name="case_regression_of_one"
            ),
        ]
        indexes = [
            models.Index(
                F("next_deadline_at").asc(nulls_last=True),
                F("waiting_value").desc(),
                F("id"),
                condition=~Q(state="CLOSED"),
                name="case_queue",
            ),
            models.Index(fields=["snoozed_until"], condition=Q(state="SNOOZED"), name="case_snoozed"),
            models.Index(fields=["brand", "cause", "object_key", "-id"], name="case_history_by_object"),
            models.Index(
                fields=["brand", "mapping_kind", "code", "-id"],
                condition=~Q(mapping_kind=""),
                name="case_history_by_code",
            ),
        ]

    def __str__(self) -> str:
        return f"Case {self.pk}: {cause_named(self.cause).label} {self.code}".strip()

    @property
    def resolved(self) -> bool:
        return self.state == self.State.CLOSED

    def told(self) -> dict[str, Any]:
        """What the audit trail keeps of a case."""
        return {
            "cause": self.cause,
            "state": self.state,
            "team": self.team,
            "owner": self.owner_id,
            "snoozed_until": self.snoozed_until.isoformat() if self.snoozed_until else None,
            "wake_at_count": self.wake_at_count,
            "close_reason": self.close_reason,
        }


class CaseLink(models.Model):
    """A channel in which the case shows: one cause, several channels, one case."""

    case = models.ForeignKey(ExceptionCase, on_delete=models.CASCADE, related_name="case_links")
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="case_links")
    platform_words = models.TextField("the platform's own words", blank=True)
    first_seen_at = models.DateTimeField(default=ports.now)
    last_seen_at = models.DateTimeField(default=ports.now)

    class Meta:
        verbose_name = "channel of a case"
        verbose_name_plural = "channels of a case"
        ordering = ["first_seen_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["case", "link"], name="case_link_once")]

    def __str__(self) -> str:
        return f"{self.case}: {self.link}"


class CaseEvent(models.Model):
    """History and comments of a case. Inserted, never changed (a trigger sees to it)."""

    class Kind(models.TextChoices):
        OPENED = "OPENED", "Opened"
        RETURNED = "RETURNED", "Came back"
        SPREAD = "SPREAD", "Seen in another channel"
        ASSIGNED = "ASSIGNED", "Assigned"
        HANDED_OVER = "HANDED_OVER", "Handed over"
        COMMENTED = "COMMENTED", "Comment"
        SNOOZED = "SNOOZED", "Snoozed"
        WOKEN = "WOKEN", "Snooze ended"
        RETRIED = "RETRIED", "Retry asked for"
        CLOSED = "CLOSED", "Closed"
        REOPENED = "REOPENED", "Reopened"

    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=ports.now)
    actor = models.CharField(max_length=150)  # a user name, or the rule that acted
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = "event of a case"
        verbose_name_plural = "events of a case"
        ordering = ["pk"]
        indexes = [models.Index(fields=["case", "id"], name="case_event_story")]

    def __str__(self) -> str:
        return f"{self.case}: {self.get_kind_display()}"
