"""Which records each version shaped: for "used by", and for what undoing a mapping would touch."""

from django.db import models

from connectors import ports
from mappings_app.models.versions import MappingVersion

RECORD_LENGTH = 160


class MappingUse(models.Model):
    """One record that a version shaped, and when it last did."""

    version = models.ForeignKey(MappingVersion, on_delete=models.PROTECT, related_name="uses")
    record = models.CharField(max_length=RECORD_LENGTH)  # the engine's name of it: "order:12:MK-10023-A"
    used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "record"], name="mapping_use_once_per_record")]
        indexes = [
            models.Index(fields=["version", "-used_at"], name="mapping_use_latest"),
            models.Index(fields=["record"], name="mapping_use_by_record"),
            models.Index(fields=["used_at"], name="mapping_use_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.record} ({self.version_id})"


class UseMark(models.Model):
    """How far the engine's tries have been counted into uses: one row."""

    id = models.BooleanField(primary_key=True, default=True)
    attempt_id = models.BigIntegerField(default=0)  # every try up to this one is counted
    counted_at = models.DateTimeField(default=ports.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=True), name="use_mark_is_one_row")]
