"""The listing ledger: what each channel shall know of a product, was told, took and refused; and what its values are made of."""

from django.db import models
from django.db.models import Q

from connectors import ports
from connectors.models import Brand, Connection, Link
from integrationhub.catalogue.models.wishes import NAME_LENGTH
from integrationhub.inventory.models import SKU_LENGTH
from integrationhub.sync.deliveries import Delivery

HASH_LENGTH = 64


class ListingTerms(models.Model):
    """Whether a channel is told about products at all: it starts switched off, and shows first what it would be told."""

    link = models.OneToOneField(Link, on_delete=models.CASCADE, primary_key=True, related_name="listing_terms")
    publishes = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=ports.now)
    changed_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    mappings_seen = models.BigIntegerField(default=0, editable=False)  # the newest mapping that listings were made with

    class Meta:
        verbose_name = "listing switch"
        verbose_name_plural = "listing switches"

    def __str__(self) -> str:
        return f"Products for {self.link}"


class AttributeRule(models.Model):
    """What one of a channel's attributes is made of. A rule of the category goes before the one for every category."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="attribute_rules")
    category = models.CharField(max_length=NAME_LENGTH, blank=True)  # the channel's code; empty: every category
    attribute = models.CharField(max_length=NAME_LENGTH)  # the channel's code
    says = models.CharField(max_length=1000, blank=True)  # "{brand} {name} in {variant}"
    default = models.CharField(max_length=500, blank=True)  # where that comes to nothing
    unit = models.CharField(max_length=20, blank=True)  # of our value
    shorten = models.BooleanField(default=False)  # rather than refuse what is too long
    changed_at = models.DateTimeField(default=ports.now)
    changed_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "category", "attribute"], name="attribute_rule_once")]

    def __str__(self) -> str:
        return f"{self.attribute} at {self.link}"


class ListingDelivery(Delivery):
    """One batch of products on its way to a channel's account. There is at most one on its way."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="listing_deliveries")

    class Meta:
        verbose_name_plural = "listing deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=["SENDING", "FOLLOWED"]),
                name="listing_delivery_one_on_its_way",
            )
        ]
        indexes = [models.Index(fields=["connection", "-id"], name="listing_delivery_latest")]

    def __str__(self) -> str:
        return f"{self.lines} products for {self.connection}"


class Listing(models.Model):
    """One SKU in one channel: what the channel shall know of it, what it was told, and what it took."""

    class State(models.TextChoices):
        UNREAD = "UNREAD", "Not read yet"  # the product, or what the channel wants: nothing is sent
        INCOMPLETE = "INCOMPLETE", "Incomplete"  # `problems` say why; nothing is sent
        PENDING = "PENDING", "Waiting to be sent"
        SENT = "SENT", "Sent"
        ACKNOWLEDGED = "ACKNOWLEDGED", "Live"
        REFUSED = "REFUSED", "Refused by the channel"
        SKIPPED = "SKIPPED", "Skipped"

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="listings")
    channel = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # link.source
    owner = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # link.target
    channel_sku = models.CharField("their SKU", max_length=SKU_LENGTH)
    sku = models.CharField("our SKU", max_length=SKU_LENGTH)
    title = models.CharField(max_length=255, blank=True)
    retired = models.BooleanField(default=False)  # its mapping has ended: it is left as it is

    # What the channel shall know.
    own_category = models.CharField(max_length=NAME_LENGTH, blank=True)
    category = models.CharField(max_length=NAME_LENGTH, blank=True)  # the channel's code
    content = models.TextField(blank=True)  # what would be sent, in one spelling: {"category": …, "values": {…}}
    wanted = models.CharField(max_length=HASH_LENGTH, null=True)
    wanted_at = models.DateTimeField(null=True)  # since when
    dirty = models.BooleanField(default=True)  # something it follows from has changed
    problems = models.PositiveIntegerField(default=0)  # that keep it from being sent
    superseded = models.PositiveIntegerField(default=0)

    # What it was told.
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNREAD)
    reason = models.CharField(max_length=300, blank=True)  # why it is incomplete, refused or skipped: the first of them
    sent = models.CharField(max_length=HASH_LENGTH, null=True)
    sent_content = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)
    delivery = models.ForeignKey(ListingDelivery, on_delete=models.SET_NULL, null=True, related_name="listings")
    refused = models.CharField(max_length=HASH_LENGTH, null=True)
    acknowledged = models.CharField(max_length=HASH_LENGTH, null=True)
    published = models.TextField(blank=True)  # what it took last
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "product in a channel"
        verbose_name_plural = "products in channels"
        constraints = [
            models.UniqueConstraint(fields=["link", "channel_sku"], name="listing_once"),
            models.CheckConstraint(
                condition=~Q(state="PENDING") | (Q(wanted__isnull=False) & Q(problems=0)),
                name="listing_pending_is_complete",
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "id"], condition=Q(dirty=True), name="listing_dirty"),
            models.Index(fields=["channel", "id"], condition=Q(state="PENDING"), name="listing_pending"),
            models.Index(fields=["delivery"], condition=Q(state="SENT"), name="listing_on_its_way"),
            models.Index(fields=["owner", "sku"], name="listing_by_sku"),
            models.Index(fields=["channel", "channel_sku"], name="listing_by_their_sku"),
            models.Index(fields=["link", "state", "id"], name="listing_by_state"),
            models.Index(fields=["link", "own_category"], name="listing_by_own_category"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_sku} at {self.channel}"


class Trouble(models.TextChoices):
    """What is wrong with a product, seen by the channel's wishes. The label is what people read."""

    NO_CATEGORY = "NO_CATEGORY", "No category"
    CATEGORY_GONE = "CATEGORY_GONE", "Category no longer there"
    MISSING = "MISSING", "Missing"
    NOT_ON_LIST = "NOT_ON_LIST", "Not on the list"
    SEVERAL = "SEVERAL", "More than one value"
    TOO_LONG = "TOO_LONG", "Too long"
    NOT_A_NUMBER = "NOT_A_NUMBER", "Not a number"
    NOT_WHOLE = "NOT_WHOLE", "Not a whole number"
    NOT_A_DATE = "NOT_A_DATE", "Not a date"
    NOT_YES_OR_NO = "NOT_YES_OR_NO", "Neither yes nor no"
    NOT_A_LINK = "NOT_A_LINK", "Not an address"
    UNIT = "UNIT", "Units that do not fit"
    GTIN = "GTIN", "Not a valid GTIN"
    REFUSED = "REFUSED", "Refused by the channel"


class ListingProblem(models.Model):
    """One thing that is wrong with one product in one channel. All of them are found at once."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="found")
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Trouble.choices)
    category = models.CharField(max_length=NAME_LENGTH, blank=True)  # the channel's; the owner's where there is none
    attribute = models.CharField(max_length=NAME_LENGTH, blank=True)  # the channel's code
    label = models.CharField(max_length=NAME_LENGTH, blank=True)  # as people know the attribute
    code = models.CharField(max_length=NAME_LENGTH, blank=True)  # what lacks a mapping: "colours / Navy"
    message = models.CharField(max_length=500)  # a full sentence; of a refusal, the channel's own words

    class Meta:
        indexes = [
            models.Index(fields=["link", "kind", "category", "attribute"], name="listing_problem_by_cause"),
        ]

    def __str__(self) -> str:
        return self.message
