"""A table that is brought in from a file: the plan that a person sees before it is applied, frozen row by row."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from connectors import ports
from connectors.models import Brand, Link
from mappings_app.kinds import KINDS, Kind
from mappings_app.models.versions import CODE_LENGTH, LABEL_LENGTH


class ImportPlan(models.Model):
    """What applying a file (or a list of suggestions) would do. Applied as it stands, or not at all."""

    class State(models.TextChoices):
        READING = "READING", "Being read"
        REFUSED = "REFUSED", "Could not be read"
        READY = "READY", "To be confirmed"
        APPLYING = "APPLYING", "Being saved"
        APPLIED = "APPLIED", "Applied"
        UNDOING = "UNDOING", "Being undone"
        UNDONE = "UNDONE", "Undone"
        DROPPED = "DROPPED", "Dropped"

    class Origin(models.TextChoices):
        FILE = "FILE", "A file"
        SUGGESTIONS = "SUGGESTIONS", "Certain suggestions"

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="mapping_imports")
    kind = models.CharField(max_length=32)
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.FILE)
    file_name = models.CharField(max_length=200)
    file_hash = models.CharField(max_length=64, blank=True)  # SHA-256, hexadecimal
    notices = models.JSONField(default=list)  # full sentences about the file as a whole
    counts = models.JSONField(default=dict)  # rows by verdict
    state = models.CharField(max_length=8, choices=State.choices, default=State.READY)
    made_at = models.DateTimeField("read", default=ports.now)
    made_by = models.CharField(max_length=150)
    planned_at = models.DateTimeField(default=ports.now)  # when it was last compared with the tables
    # A long file is read in slices; what is read stays read.
    read_up_to = models.PositiveIntegerField(default=0)  # the last row that was read
    rows_expected = models.PositiveIntegerField(default=0)  # as the file gives to understand; 0 where it does not
    # The first row of the last code whose repeats were looked at; null until the file is read to its end.
    repeats_up_to = models.PositiveIntegerField(null=True)
    openings = models.PositiveSmallIntegerField(
        default=0
    )  # since a slice was last read: the guard against a file that kills
    change = models.CharField(max_length=32, blank=True)  # what its versions were recorded under
    applied_at = models.DateTimeField(null=True)
    applied_up_to = models.PositiveIntegerField(
        default=0
    )  # the last row that was gone through, where it goes in slices
    applied_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    undo_change = models.CharField(max_length=32, blank=True)  # what the way back was recorded under
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=150, blank=True)
    undo_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "import of mappings"
        verbose_name_plural = "imports of mappings"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["READING", "REFUSED", "READY", "DROPPED"], change="")
                | Q(state__in=["APPLYING", "APPLIED", "UNDOING", "UNDONE"], change__gt=""),
                name="import_applied_is_a_change",
            )
        ]
        indexes = [
            models.Index(fields=["brand", "-id"], name="import_latest"),
            models.Index(fields=["change"], condition=~Q(change=""), name="import_change"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def kind_spec(self) -> Kind:
        return KINDS[self.kind]

    def count(self, *verdicts: str) -> int:
        return sum(int(self.counts.get(verdict, 0)) for verdict in verdicts)

    @property
    def to_write(self) -> int:
        """Mappings that applying it would write."""
        return self.count(*WRITTEN)


class ImportFile(models.Model):
    """What was uploaded, until it is read. A table of its own: lists of plans never carry it."""

    plan = models.OneToOneField(ImportPlan, on_delete=models.CASCADE, primary_key=True, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of {self.plan_id}"


class ImportRow(models.Model):
    """One row of the file, and what it comes to."""

    class Verdict(models.TextChoices):
        NEW = "NEW", "new"
        CHANGED = "CHANGED", "changed"
        UNCHANGED = "UNCHANGED", "unchanged"
        WRONG = "WRONG", "wrong"
        DUPLICATE = "DUPLICATE", "said twice"
        CONFLICT = "CONFLICT", "contradicts another row"

    plan = models.ForeignKey(ImportPlan, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # the row's number as a spreadsheet shows it; the header is row 1
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    why = models.TextField(blank=True)  # full sentences: what is wrong, or why it is suggested
    link = models.ForeignKey(Link, on_delete=models.PROTECT, null=True, related_name="+")
    from_code = models.TextField(blank=True)  # as the file says, longer than any code where that is what is wrong
    to_code = models.TextField(blank=True)
    from_label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    to_label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    attributes: Any = models.JSONField(null=True)  # null: as they stand
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    retired = models.BooleanField(default=False)
    old_code = models.CharField(max_length=CODE_LENGTH, blank=True)  # what it meant when the plan was made
    standing: Any = ArrayField(models.BigIntegerField(), default=list)  # the key's current versions at that moment
    differs = models.BooleanField(default=False)  # the tables changed under it after the first dry run

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="import_row_once")]
        indexes = [models.Index(fields=["plan", "verdict", "number"], name="import_row_by_verdict")]

    def __str__(self) -> str:
        return f"row {self.number}: {self.from_code} → {self.to_code}"


WRITTEN = (ImportRow.Verdict.NEW.value, ImportRow.Verdict.CHANGED.value)
REFUSED = (ImportRow.Verdict.WRONG.value, ImportRow.Verdict.CONFLICT.value)
