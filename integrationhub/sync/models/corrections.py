"""What a person corrected in a document that could not go on. The document's own bytes stay as they arrived."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from connectors import ports
from connectors.fields import EncryptedJSONField
from connectors.models import Brand
from integrationhub.sync.models.arrivals import Document


class Correction(models.Model):
    """Values that one person put in the place of what arrived. Where money changes, a second person lets it count.

    Once proposed, what it changes stays as it is (a trigger sees to it): what was approved is what was proposed.
    """

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", "Waits for a second person"
        APPROVED = "APPROVED", "Counts"
        REJECTED = "REJECTED", "Turned down"
        WITHDRAWN = "WITHDRAWN", "Taken back"
        LAPSED = "LAPSED", "Lapsed: the platform sent something else"

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="corrections")
    record_id = models.BigIntegerField()  # the version that the person saw
    job_id = models.BigIntegerField()  # the job it was corrected for
    token = models.CharField(max_length=40, unique=True)  # of the form: sent twice, it is one correction
    changes = EncryptedJSONField(null=True)  # {"changes": [...]}, see sync.corrections.Change; null once erased
    fields = ArrayField(models.CharField(max_length=200), default=list)  # what was changed, by name; no values
    money = models.BooleanField()  # needs a second person
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    lapsed_fields = ArrayField(models.CharField(max_length=200), default=list)  # a later version says something else
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=ports.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=Q(state="PROPOSED"), name="correction_waits_once_per_document"
            ),
            models.CheckConstraint(
                condition=Q(money=False)
                | ~Q(state__in=["APPROVED", "LAPSED"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="correction_money_takes_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state="PROPOSED", decided_by__isnull=True)
                | (~Q(state="PROPOSED") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="correction_decided_by_someone",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="correction_has_a_reason"),
        ]
        indexes = [
            models.Index(fields=["document", "id"], name="correction_by_document"),
            models.Index(fields=["brand", "id"], condition=Q(state="PROPOSED"), name="correction_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.document}: {', '.join(self.fields)}"
