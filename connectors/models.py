"""Who trades (Brand), where (Connection: one account on one platform) and what is kept in sync (Link: a pair of them).

Also who may do what (RoleGrant) and who did it (AuditEntry), since every table above refers to them.
"""

from collections.abc import Collection
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from simple_history.models import HistoricalRecords

from connectors import ports
from connectors.base import Account
from connectors.fields import EncryptedJSONField


def validate_timezone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(f"{value} is not a time zone. Use a name like Europe/London.")


class Brand(models.Model):
    """One company that trades through the hub."""

    code = models.SlugField("short name", unique=True)
    name = models.CharField("name", max_length=120)
    timezone = models.CharField("time zone", max_length=64, default="Europe/London", validators=[validate_timezone])
    reporting_currency = models.CharField(
        "reporting currency",
        max_length=3,
        default="GBP",
        validators=[RegexValidator(r"^[A-Z]{3}$", "Three capital letters, such as GBP.")],
        help_text="Values at risk are shown in this currency.",
    )
    working_days = models.CharField(
        "working days",
        max_length=7,
        default="12345",
        validators=[RegexValidator(r"^1?2?3?4?5?6?7?$", "Digits 1 (Monday) to 7 (Sunday), in order.")],
    )
    working_from = models.TimeField("working day starts", default="09:00")
    working_until = models.TimeField("working day ends", default="17:30")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ConversionRate(models.Model):
    """What one unit of a currency was worth in the brand's reporting currency on a day: for values at risk only."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="conversion_rates")
    currency = models.CharField(max_length=3)
    rate_date = models.DateField("date")
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    source = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "currency", "rate_date"], name="conversion_rate_once_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="conversion_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.rate_date}"


class Connection(models.Model):
    """One account on one platform. Its credentials are encrypted and never shown again."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "Active"
        REFUSED = "REFUSED", "Needs attention"  # the platform refused the credentials
        SWITCHED_OFF = "SWITCHED_OFF", "Switched off"  # the kill switch: a person stopped all calls

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="connections")
    platform = models.CharField("platform", max_length=20)
    name = models.CharField("name", max_length=80, help_text="What people call it: “Northgate”.")
    base_url = models.CharField("address", max_length=300)
    credentials = EncryptedJSONField(default=dict)
    settings = models.JSONField("settings", default=dict, blank=True)
    timezone = models.CharField(
        "time zone of its naive times", max_length=64, default="UTC", validators=[validate_timezone]
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    state_reason = models.CharField(max_length=300, blank=True)
    state_changed_at = models.DateTimeField(default=ports.now)
    webhook_path = models.CharField(max_length=64, unique=True, default=ports.new_id, editable=False)
    credentials_expire_at = models.DateTimeField(null=True, blank=True)
    credentials_changed_at = models.DateTimeField(default=ports.now, editable=False)
    created_at = models.DateTimeField(default=ports.now, editable=False)
    history = HistoricalRecords(excluded_fields=["credentials"])

    class Meta:
        ordering = ["brand__name", "name"]
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="connection_name_per_brand")]

    def __str__(self) -> str:
        return self.name

    @property
    def works(self) -> bool:
        return self.state == self.State.ACTIVE

    def account(self) -> Account:
        return Account(
            name=self.name,
            base_url=self.base_url,
            credentials=self.credentials or {},
            # Whether an address on this very machine may be called is the installation's word, never a form's.
            settings={**self.settings, "sandbox": settings.ENVIRONMENT == "sandbox"},
            timezone=self.timezone,
        )


class Link(models.Model):
    """A pair of connections that is kept in sync: where it is sold, and where it is fulfilled."""

    class AcceptancePolicy(models.TextChoices):
        CREATE_FIRST = "CREATE_FIRST", "Create the order first, then accept"
        RESERVE_FIRST = "RESERVE_FIRST", "Reserve the stock, accept, create when the address is known"

    class TaxDifference(models.TextChoices):
        WARN = "WARN", "Tell me, let the order go on"
        HOLD = "HOLD", "Hold the order"

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="links")
    source = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="links_as_source", verbose_name="sold at"
    )
    target = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="links_as_target", verbose_name="fulfilled in"
    )
    acceptance_policy = models.CharField(
        max_length=16, choices=AcceptancePolicy.choices, default=AcceptancePolicy.RESERVE_FIRST
    )
    acceptance_window_hours = models.PositiveIntegerField(
        "acceptance window, hours", default=24, help_text="After this the marketplace refuses an order by itself."
    )
    dispatch_confirmed_within_hours = models.PositiveIntegerField(
        "dispatch shown where it was sold within, hours", default=4
    )
    fallback_email = models.EmailField(
        "customer e-mail when the order names none", default="orders@marketplace.invalid"
    )
    tax_difference = models.CharField(
        "when the tax differs", max_length=8, choices=TaxDifference.choices, default=TaxDifference.WARN
    )
    reference_prefix = models.CharField(
        "prefix of order references",
        max_length=12,
        blank=True,
        help_text="Only where two channels number orders alike: keeps them apart where they are fulfilled.",
    )
    cancellation_reason = models.CharField(
        "reason code for a cancellation",
        max_length=60,
        blank=True,
        help_text="One of the marketplace's own codes: for an order that is not paid yet and was cancelled by us.",
    )
    refund_reason = models.CharField(
        "reason code for a refund before dispatch",
        max_length=60,
        blank=True,
        help_text="One of the marketplace's own codes: for an order that is paid and was cancelled by us.",
    )
    cancels_in_shop = models.BooleanField(
        "what is cancelled where it is fulfilled is cancelled in the shop too",
        default=False,
        help_text="For links from a shop. Otherwise a person is asked first.",
    )
    gives_refunds = models.BooleanField(
        "refunds are given where it was sold, too",
        default=False,
        help_text="A return that is completed where orders are fulfilled is refunded at the marketplace by the hub, once."
        " Off: a case asks a person to do it.",
    )
    return_reason = models.CharField(
        "reason code for a refund after dispatch",
        max_length=60,
        blank=True,
        help_text="One of the marketplace's own codes: for goods that came back.",
    )
    refunds_since = models.DateTimeField(default=ports.now, editable=False)  # what was given back before is settled
    own_mappings_only = models.BooleanField(
        "only mappings of its own",
        default=False,
        help_text="Mappings made for every channel of the brand do not count here.",
    )
    equal_skus = models.BooleanField(
        "SKUs are spelled alike on both sides",
        default=False,
        help_text="A SKU without a mapping means itself, once the product is known where orders are fulfilled.",
    )
    order_number_from = models.PositiveBigIntegerField("agreed order numbers from", null=True, blank=True)
    order_number_until = models.PositiveBigIntegerField("agreed order numbers until", null=True, blank=True)
    started_at = models.DateTimeField(
        "starts with orders changed after", default=ports.now, help_text="Older orders come in only by a back-fill."
    )
    active = models.BooleanField(default=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["source__name"]
        constraints = [
            models.UniqueConstraint(fields=["source", "target"], name="link_once_per_pair"),
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="link_joins_two_connections"),
            models.CheckConstraint(
                condition=models.Q(acceptance_window_hours__gte=1), name="link_window_at_least_an_hour"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source.name} → {self.target.name}"

    def clean(self) -> None:
        if self.source_id and self.target_id and self.source.brand_id != self.target.brand_id:
            raise ValidationError("Both sides of a link belong to one brand.")


class RoleGrant(models.Model):
    """What a person may do for a brand."""

    class Role(models.TextChoices):
        VIEWER = "VIEWER", "Viewer"
        OPS = "OPS", "Operations"
        ECOMMERCE = "ECOMMERCE", "Ecommerce"
        FINANCE = "FINANCE", "Finance"
        FINANCE_APPROVER = "FINANCE_APPROVER", "Finance approver"
        ADMIN = "ADMIN", "Administrator"
        AUDITOR = "AUDITOR", "Auditor"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="role_grants")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    granted_at = models.DateTimeField(default=ports.now, editable=False)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "brand", "role"], name="role_granted_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.brand}"


class ConsoleSession(AbstractBaseSession):
    """A session of the console that is told by whose it is, so that a person's sessions can be listed and ended."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="console_sessions"
    )
    address = models.CharField(max_length=45, blank=True)  # where it was begun from
    browser = models.CharField(max_length=200, blank=True)  # as it calls itself
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    @classmethod
    def get_session_store_class(cls) -> Any:
        from connectors.sessions import SessionStore  # the store needs this model

        return SessionStore


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def seen_by(self, brand_ids: Collection[int]) -> "AuditQuerySet":
        """What somebody may read who reads the trail of these brands: theirs, and what is of no brand (log-ins, switches)."""
        return self.filter(models.Q(brand_id__in=brand_ids) | models.Q(brand=None)) if brand_ids else self.none()


class AuditEntry(models.Model):
    """One change a person or a rule made: who, when, what, before, after, why. Inserted, never changed (a trigger sees to it).

    Rows are inserted unsealed; the sealer chains what is committed (`connectors.sealing`). Only the three columns of the
    seal may ever be written afterwards, once.
    """

    at = models.DateTimeField(default=ports.now)
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=150)  # a user name, or the rule that acted
    action = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)  # "mapping", "case", "connection", ...
    subject_id = models.CharField(max_length=80)
    subject = models.CharField(max_length=200)  # what people call it
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    position = models.BigIntegerField(null=True, editable=False)  # in the chain, from 1 without a gap
    seal = models.CharField(
        max_length=64, blank=True, db_default="", editable=False
    )  # SHA-256 over the seal before and this row
    sealed_at = models.DateTimeField(null=True, editable=False)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit trail"
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="audit_subject"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["subject_kind", "-at", "-id"], name="audit_by_kind"),
            models.Index(fields=["id"], condition=models.Q(position__isnull=True), name="audit_unsealed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["position"], name="audit_position_once"),
            models.CheckConstraint(
                condition=models.Q(position=None, seal="", sealed_at=None)
                | (models.Q(position__gte=1, sealed_at__isnull=False) & ~models.Q(seal="")),
                name="audit_sealed_whole_or_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.subject}"


class AuditHead(models.Model):
    """One row: how far the chain goes, and how far it was last checked. Its lock is the sealer's lease."""

    id = models.BooleanField(primary_key=True, default=True)
    position = models.BigIntegerField(default=0)
    seal = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(null=True)  # everything committed before this is sealed
    checked_position = models.BigIntegerField(default=0)  # of the check that is under way
    checked_seal = models.CharField(max_length=64, blank=True)
    checked_at = models.DateTimeField(null=True)  # when a check last reached the chain's end
    broken = models.CharField(max_length=300, blank=True)  # what a check found, in plain words

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=True), name="audit_head_is_one_row")]

    def __str__(self) -> str:
        return f"sealed up to {self.position}"


def record_audit(
    *,
    actor: str,
    action: str,
    subject: models.Model,
    brand: Brand | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write one entry of the audit trail. Call it inside the transaction that makes the change."""
    return AuditEntry.objects.create(
        actor=actor,
        action=action,
        brand=brand,
        subject_kind=subject._meta.model_name or "",
        subject_id=str(subject.pk),
        subject=str(subject)[:200],
        before=before,
        after=after,
        reason=reason,
    )
