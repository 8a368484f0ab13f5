"""Mapping versions: what a code means, over which stretch of business time.

A version says what a code means over a stretch of business time (`valid_*`) and when we believed so (`recorded_at`,
`superseded_at`). Rows are added and superseded, never rewritten: the database refuses anything else.
"""

import unicodedata
from datetime import datetime
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

from connectors import ports
from connectors.models import Brand, Link
from mappings_app.kinds import KINDS, Kind

CODE_LENGTH = 255
LABEL_LENGTH = 255

CURRENT = Q(superseded_at__isnull=True)


def in_force(at: datetime) -> Q:
    """Versions that are current and whose business time holds `at`."""
    started = Q(valid_from__isnull=True) | Q(valid_from__lte=at)
    return CURRENT & started & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))


def normal_code(code: str) -> str:
    """A code without case, accents, spaces and punctuation: "dpd-Next Day" and "DPD NEXTDAY" are equal."""
    plain = unicodedata.normalize("NFKD", code)
    return "".join(letter for letter in plain.casefold() if letter.isalnum())[:CODE_LENGTH]


class MappingVersion(models.Model):
    kind = models.CharField(max_length=32)
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="mapping_versions")
    link = models.ForeignKey(
        Link,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="mapping_versions",
        help_text="Empty: for every link of the brand that has no mapping of its own.",
    )
    from_code = models.CharField(max_length=CODE_LENGTH, blank=True)  # exactly as it was seen, spaces included
    to_code = models.CharField(max_length=CODE_LENGTH, blank=True)  # "" only where retired
    from_label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    to_label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    attributes = models.JSONField(default=dict, blank=True)  # by kind: see KINDS
    retired = models.BooleanField(default=False)  # says that the code means nothing in this stretch of time
    valid_from = models.DateTimeField("valid from", null=True, blank=True)  # empty: since ever
    valid_to = models.DateTimeField("valid until", null=True, blank=True)  # exclusive; empty: for good
    recorded_at = models.DateTimeField("changed", default=ports.now)
    recorded_by = models.CharField("changed by", max_length=150)
    reason = models.CharField(max_length=500, blank=True)
    # One change may write two versions (the old one cut short, the new one) and supersede several: these keep it whole.
    change = models.CharField(max_length=32)
    superseded_at = models.DateTimeField(null=True, blank=True)
    superseded_in = models.CharField(max_length=32, blank=True)

    class Meta:
        verbose_name = "mapping"
        constraints = [
            ExclusionConstraint(
                name="mapping_one_current_meaning",
                expressions=[
                    ("kind", RangeOperators.EQUAL),
                    ("brand", RangeOperators.EQUAL),
                    (Coalesce("link_id", Value(0, output_field=models.BigIntegerField())), RangeOperators.EQUAL),
                    ("from_code", RangeOperators.EQUAL),
                    (
                        Func(
                            F("valid_from"),
                            F("valid_to"),
                            Value("[)"),
                            function="TSTZRANGE",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=CURRENT,
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lt=F("valid_to")),
                name="mapping_time_runs_forward",
            ),
            models.CheckConstraint(
                condition=(Q(retired=True) & Q(to_code="")) | (Q(retired=False) & ~Q(to_code="")),
                name="mapping_has_target_unless_retired",
            ),
            models.CheckConstraint(
                condition=(Q(superseded_at__isnull=True) & Q(superseded_in=""))
                | (Q(superseded_at__isnull=False) & ~Q(superseded_in="")),
                name="mapping_superseded_by_a_change",
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "kind", "from_code", "link"], condition=CURRENT, name="mapping_from_current"),
            models.Index(fields=["brand", "kind", "to_code"], condition=CURRENT, name="mapping_to_current"),
            models.Index(fields=["brand", "kind", "from_code", "-id"], name="mapping_history"),
            models.Index(fields=["change"], name="mapping_change"),
            models.Index(fields=["superseded_in"], condition=~CURRENT, name="mapping_superseded_in"),
        ]

    def __str__(self) -> str:
        return f"{self.from_code or self.kind_spec.empty_words} → {self.to_code or 'nothing'}"

    @property
    def kind_spec(self) -> Kind:
        return KINDS[self.kind]

    @property
    def current(self) -> bool:
        return self.superseded_at is None

    def holds_at(self, at: datetime) -> bool:
        started = self.valid_from is None or self.valid_from <= at
        return started and (self.valid_to is None or at < self.valid_to)

    def known_at(self, moment: datetime) -> bool:
        """Whether it was what we believed at that moment."""
        return self.recorded_at <= moment and (self.superseded_at is None or moment < self.superseded_at)

    def told(self) -> dict[str, Any]:
        """What the audit trail keeps of this version."""
        return {
            "version": self.pk,
            "from_code": self.from_code,
            "to_code": self.to_code,
            "to_label": self.to_label,
            "attributes": self.attributes,
            "retired": self.retired,
            "link": self.link_id,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
        }


class KindManager(models.Manager[MappingVersion]):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def get_queryset(self) -> models.QuerySet[MappingVersion]:
        return super().get_queryset().filter(kind=self.kind)


def _proxy(kind: Kind) -> type[MappingVersion]:
    meta = type("Meta", (), {"proxy": True, "verbose_name": kind.label, "verbose_name_plural": kind.plural})
    members = {"__module__": __name__, "Meta": meta, "objects": KindManager(kind.code)}
    return type(kind.model_name, (MappingVersion,), members)


# One proxy model for each kind, so that each has admin pages and permissions of its own.
MAPPING_MODELS: dict[str, type[MappingVersion]] = {kind.code: _proxy(kind) for kind in KINDS.values()}
SkuMapping = MAPPING_MODELS["sku"]
CarrierMapping = MAPPING_MODELS["carrier"]
ShippingServiceMapping = MAPPING_MODELS["shipping_service"]
MarketMapping = MAPPING_MODELS["market"]
PriceListMapping = MAPPING_MODELS["price_list"]
PaymentMethodMapping = MAPPING_MODELS["payment_method"]
TaxMapping = MAPPING_MODELS["tax"]
RefundReasonMapping = MAPPING_MODELS["refund_reason"]
CategoryMapping = MAPPING_MODELS["category"]
AttributeValueMapping = MAPPING_MODELS["attribute_value"]
