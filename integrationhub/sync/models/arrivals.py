"""What arrived: feeds, documents and their versions, stored before anything is done with them."""

from django.db import models

from connectors import ports
from connectors.models import Connection


class Feed(models.Model):
    """What one connection reads. One reader at a time; the cursor moves only when what it passed is stored."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="feeds")
    name = models.CharField(max_length=40)  # orders | events | dispatches | products
    cursor_at = models.DateTimeField(null=True)  # everything the platform changed before this is stored
    reading_until = models.DateTimeField(null=True)  # the fixed upper bound of a read that is not finished
    next_token = models.TextField(blank=True)  # where that read goes on
    last_read_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="feed_once_per_connection")]

    def __str__(self) -> str:
        return f"{self.connection}: {self.name}"


class Document(models.Model):
    """One thing at a platform, with its latest stored version. A → B → A is three versions."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=20)
    external_id = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(null=True)  # the platform's own clock
    corrected = models.BooleanField(db_default=False)  # corrections of it count: see sync.corrections
    erased_at = models.DateTimeField(null=True)  # what is personal in it was erased; later versions are kept without

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="document_once_per_connection")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class InboxRecord(models.Model):
    """One arrival: a polled version of a document, an event, a webhook body. Its bytes are in InboxBody."""

    class Origin(models.TextChoices):
        POLL = "POLL", "Read by the hub"
        EVENT = "EVENT", "Queue of changes"
        WEBHOOK = "WEBHOOK", "Webhook"
        BACKFILL = "BACKFILL", "Back-fill"
        EDIT = "EDIT", "Corrected by a person"

    class State(models.TextChoices):
        STORED = "STORED", "Stored"
        TAKEN = "TAKEN", "Taken up"
        IGNORED = "IGNORED", "Nothing to do"
        UNREADABLE = "UNREADABLE", "Cannot be read"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="inbox")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, null=True, related_name="versions")
    version = models.PositiveIntegerField(null=True)
    kind = models.CharField(max_length=20)
    external_id = models.CharField(max_length=120)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.STORED)
    state_reason = models.CharField(max_length=300, blank=True)
    delivery_key = models.CharField(max_length=128, null=True)  # names one webhook delivery or event
    received_at = models.DateTimeField(default=ports.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "delivery_key"],
                condition=models.Q(delivery_key__isnull=False),
                name="inbox_delivery_once",
            )
        ]
        indexes = [
            models.Index(fields=["connection", "kind", "external_id", "-id"], name="inbox_by_object"),
            models.Index(fields=["id"], condition=models.Q(state="STORED"), name="inbox_not_taken"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id} ({self.get_origin_display()})"


class InboxBody(models.Model):
    """The bytes of an arrival, encrypted: they hold people's names and addresses. Partitioned by id."""

    record_id = models.BigIntegerField(primary_key=True)
    body = models.BinaryField()

    class Meta:
        db_table = "sync_inboxbody"
