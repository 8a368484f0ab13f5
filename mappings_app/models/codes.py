"""The codes people choose from and work through."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from connectors.models import Brand, Connection, Link
from mappings_app.models.versions import CODE_LENGTH, LABEL_LENGTH


class KnownCode(models.Model):
    """A code that the receiving side knows: what a person can choose."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="known_codes")
    kind = models.CharField(max_length=32)
    code = models.CharField(max_length=CODE_LENGTH)
    normal_code = models.CharField(max_length=CODE_LENGTH)  # normal_code(code)
    label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    gtin = models.CharField(max_length=14, blank=True)
    active = models.BooleanField(default=True)  # False: the platform no longer lists it
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "kind", "code"], name="known_code_once")]
        indexes = [
            models.Index(fields=["connection", "kind", "normal_code"], name="known_code_normal"),
            models.Index(fields=["connection", "kind", "gtin"], condition=~Q(gtin=""), name="known_code_gtin"),
            GinIndex(fields=["normal_code"], opclasses=["gin_trgm_ops"], name="known_code_like"),
            GinIndex(fields=["label"], opclasses=["gin_trgm_ops"], name="known_label_like"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.label}".strip()


class SeenCode(models.Model):
    """A code that the saying side used: what needs a mapping, told before it blocks."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="seen_codes")
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="seen_codes")
    kind = models.CharField(max_length=32)
    code = models.CharField(max_length=CODE_LENGTH, blank=True)
    label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    gtin = models.CharField(max_length=14, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    times = models.PositiveBigIntegerField(default=1)  # how often, roughly: a batch read twice counts twice

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "kind", "code"], name="seen_code_once")]
        indexes = [models.Index(fields=["brand", "kind", "-last_seen_at"], name="seen_code_latest")]

    def __str__(self) -> str:
        return f"{self.code} {self.label}".strip()
