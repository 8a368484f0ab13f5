"""A case is one fact that is missing or wrong, however many records wait for it and in however many channels."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Prefetch, Q

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
        """With everything that telling a case and its history reads: two queries for any number of cases."""
        channels = CaseLink.objects.select_related("link__source", "link__target")
        return self.select_related("brand", "target", "owner", "previous").prefetch_related(
            Prefetch("case_links", queryset=channels)
        )

    def overdue(self, now: datetime) -> "CaseQuerySet":
        """Open for longer than their team's target allows."""
        return self.filter(state=ExceptionCase.State.OPEN, target_at__lt=now)


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

    # Whose it is, and for how long: see routing.py and calendars.py.
    team_since = models.DateTimeField(default=ports.now)  # the team's clock starts here
    target_at = models.DateTimeField("to be decided by", null=True, blank=True)  # by the team's own target
    escalated_at = models.DateTimeField(null=True, blank=True)  # when it was told that the target has passed
    placed_by_hand = models.BooleanField(default=False)  # a person said whose it is: rules leave it there
    reroute_above = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)  # value; see routing.py

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
            models.Index(fields=["-closed_at", "-id"], condition=Q(state="CLOSED"), name="case_closed"),
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
        CHOSEN = "CHOSEN", "Chosen which one stays"
        ESCALATED = "ESCALATED", "Passed its team's target"

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


class RoutingRule(models.Model):
    """Whose a case becomes when it opens. Of the rules that fit, the one with the lowest position decides."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="routing_rules")
    position = models.PositiveIntegerField(default=10, help_text="The lowest comes first; the first that fits decides.")
    cause = models.CharField(max_length=60, blank=True)  # "" = any
    mapping_kind = models.CharField("kind of mapping", max_length=32, blank=True)  # "" = any
    channel = models.ForeignKey(
        Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="routing_rules"
    )
    value_over = models.DecimalField(  # in the brand's reporting currency
        "value over", max_digits=20, decimal_places=6, null=True, blank=True
    )
    team = models.CharField(max_length=20, choices=ExceptionCase.Team.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="routing_rules"
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["brand__name", "position", "pk"]
        indexes = [models.Index(fields=["brand", "position", "id"], condition=Q(active=True), name="routing_in_order")]
        constraints = [
            models.CheckConstraint(
                condition=Q(value_over=None) | Q(value_over__gte=0), name="routing_value_not_negative"
            )
        ]

    def __str__(self) -> str:
        return f"Rule {self.position} of {self.brand}"

    def told(self) -> dict[str, Any]:
        """What the audit trail keeps of a rule."""
        return {
            "position": self.position,
            "cause": self.cause,
            "mapping_kind": self.mapping_kind,
            "channel": self.channel_id,
            "value_over": None if self.value_over is None else str(self.value_over),
            "team": self.team,
            "owner": self.owner_id,
            "active": self.active,
        }


class TeamTarget(models.Model):
    """Within how many of the brand's working hours a team decides a case."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="team_targets")
    team = models.CharField(max_length=20, choices=ExceptionCase.Team.choices)
    hours = models.PositiveSmallIntegerField("working hours")

    class Meta:
        ordering = ["brand__name", "team"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "team"], name="team_target_once"),
            models.CheckConstraint(condition=Q(hours__gte=1), name="team_target_at_least_an_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.get_team_display()} of {self.brand}: {self.hours} working hours"


class DigestDay(models.Model):
    """The last day whose letter about a brand's open cases was sent, or was not needed."""

    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, primary_key=True, related_name="+")
    day = models.DateField()

    def __str__(self) -> str:
        return f"{self.brand}: {self.day}"


class SavedView(models.Model):
    """A person's own way to look at the queue: the filters of the list under a name."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="case_views")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="case_view_once_per_name")]

    def __str__(self) -> str:
        return self.name


class CaseRun(models.Model):
    """One thing done to many cases, or to all that waits for them. What it is done to is frozen when it is planned."""

    class Act(models.TextChoices):
        RETRY = "RETRY", "Try again"
        ASSIGN = "ASSIGN", "Assign"
        HAND_OVER = "HAND_OVER", "Hand over"
        SNOOZE = "SNOOZE", "Snooze"
        CLOSE = "CLOSE", "Close with a reason"

    class State(models.TextChoices):
        PLANNED = "PLANNED", "Planned"
        RUNNING = "RUNNING", "Under way"
        PAUSED = "PAUSED", "Paused"
        CANCELLED = "CANCELLED", "Cancelled"
        DONE = "DONE", "Done"

    act = models.CharField(max_length=10, choices=Act.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    planner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="case_runs")
    brands = models.ManyToManyField(Brand, related_name="+")
    choice = models.JSONField(default=dict)  # what was chosen: {"owner"}, {"team"}, {"until", "more"}; and "reason"
    back_to = models.CharField(max_length=500, blank=True)  # the list's filters, to return to
    calls = models.PositiveIntegerField(null=True)  # that it makes, as far as earlier ones tell; None: nobody knows
    seconds = models.PositiveIntegerField(null=True)  # that it takes at the call budget of the moment
    planned_at = models.DateTimeField(default=ports.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["planner", "state"], name="case_run_of_person")]

    def __str__(self) -> str:
        return f"{self.get_act_display()} ({self.pk})"


class CaseRunItem(models.Model):
    """One case of a run; or one record that waits for it, which the layer above knows by `work_id`."""

    class State(models.TextChoices):
        TO_DO = "TO_DO", "Not begun"
        GIVEN = "GIVEN", "Given to the hub"  # a record that is being tried again
        DONE = "DONE", "Done"
        REFUSED = "REFUSED", "Refused"
        LEFT = "LEFT", "Left as it was"

    run = models.ForeignKey(CaseRun, on_delete=models.CASCADE, related_name="items")
    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, related_name="+")
    work_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.TO_DO)
    note = models.CharField(max_length=500, blank=True)
    # How the record stood when it was given to the hub, to put it back exactly so.
    was = models.CharField(max_length=10, blank=True)
    was_reason = models.CharField(max_length=500, blank=True)
    fence = models.PositiveBigIntegerField(null=True)
    wanted = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "case", "work_id"], nulls_distinct=False, name="case_run_item_once")
        ]
        indexes = [models.Index(fields=["run", "state", "id"], name="case_run_item_by_state")]
