"""The price ledger: what the owner's lists ask, what each channel was told, took and shows. Amounts are never floats."""

from typing import Any

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from connectors.models import Connection, Link
from integrationhub.inventory.models import SKU_LENGTH
from integrationhub.sync.deliveries import Delivery
from integrationhub.sync.holding import Hold

CODE_LENGTH = 255  # of a price list, as mappings spell it


def amount(**options: Any) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=20, decimal_places=6, null=True, **options)


class PriceReading(models.Model):
    """What one price list of the owner asked for one SKU when it was read last."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the owner
    price_list = models.CharField(max_length=CODE_LENGTH)
    sku = models.CharField(max_length=SKU_LENGTH)
    amount = amount()  # exact; empty: the list has no price for it
    currency = models.CharField(max_length=3, blank=True)  # empty where there is no price
    as_of = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "price_list", "sku"], name="price_read_once")]

    def __str__(self) -> str:
        return f"{self.sku}: {self.amount} {self.currency}"


class KnownPriceList(models.Model):
    """A list that a mapping names, and what its owner said of it when it was asked last."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the owner
    code = models.CharField(max_length=CODE_LENGTH)  # as the mapping spells it
    currency = models.CharField(max_length=3, blank=True)  # empty: the owner does not know the list

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "code"], name="price_list_known_once")]

    def __str__(self) -> str:
        return f"{self.code} ({self.currency or 'unknown'})"


class PriceTerms(models.Model):
    """By which list a channel is priced, in which currency it sells, and when its breaker stops what would be sent."""

    link = models.OneToOneField(Link, on_delete=models.CASCADE, primary_key=True, related_name="price_terms")
    currency = models.CharField(
        max_length=3,
        blank=True,
        validators=[RegexValidator("^[A-Z]{3}$", "Three capital letters, such as GBP.")],
        help_text="Of the channel's offers. Empty: as the channel shows them.",
    )
    change_percent = models.PositiveSmallIntegerField(
        "changes, % of prices", default=30, help_text="More than that many prices changing at once are stopped ..."
    )
    move_percent = models.PositiveSmallIntegerField(
        "by more than, %", default=20, help_text="... where they change by more than this."
    )
    fall_percent = models.PositiveSmallIntegerField(
        "falls by, %",
        default=50,
        validators=[MaxValueValidator(100)],
        help_text="A price that would fall by more than this is stopped by itself.",
    )
    least = models.PositiveIntegerField(
        "at least, prices", default=20, help_text="Fewer changes than that pass, unless one falls too far."
    )
    # Machine-written.
    seen_currency = models.CharField(max_length=3, blank=True, editable=False)
    price_list = models.CharField(max_length=CODE_LENGTH, blank=True, editable=False)  # what mappings answer now
    list_currency = models.CharField(max_length=3, blank=True, editable=False)
    live = models.PositiveIntegerField(default=0, editable=False)  # prices the channel has, rolled up
    live_counted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "price terms"
        verbose_name_plural = "price terms"

    def __str__(self) -> str:
        return f"Prices of {self.link}"

    @property
    def sells_in(self) -> str:
        return self.currency or self.seen_currency


class PriceDelivery(Delivery):
    """One batch of prices on its way to a channel's account. There is at most one on its way."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="price_deliveries")

    class Meta:
        verbose_name_plural = "price deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=["SENDING", "FOLLOWED"]),
                name="price_delivery_one_on_its_way",
            )
        ]
        indexes = [models.Index(fields=["connection", "-id"], name="price_delivery_latest")]

    def __str__(self) -> str:
        return f"{self.lines} prices for {self.connection}"


class ListingPrice(models.Model):
    """The price of one SKU in one channel: what it shall be, what the channel was told, what it took, what it shows."""

    class State(models.TextChoices):
        UNREAD = "UNREAD", "Not read yet"  # the owner has not said what it asks: nothing is sent
        PENDING = "PENDING", "Waiting to be sent"
        SENT = "SENT", "Sent"
        ACKNOWLEDGED = "ACKNOWLEDGED", "Acknowledged"
        REFUSED = "REFUSED", "Refused by the channel"
        SKIPPED = "SKIPPED", "Skipped"

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="prices")
    channel = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # link.source
    owner = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # link.target
    channel_sku = models.CharField("their SKU", max_length=SKU_LENGTH)
    sku = models.CharField("our SKU", max_length=SKU_LENGTH)
    title = models.CharField(max_length=255, blank=True)
    retired = models.BooleanField(default=False)  # its mapping has ended: its price is left as it is

    # What it shall be, and where that is from.
    price_list = models.CharField(max_length=CODE_LENGTH, blank=True)
    listed = amount()  # exact, as read
    listed_currency = models.CharField(max_length=3, blank=True)
    as_of = models.DateTimeField(null=True)  # of that reading
    wanted = amount()  # rounded to the currency's digits; empty: nothing is sent, and `reason` says why
    currency = models.CharField(max_length=3, blank=True)  # of the offer, and so of every amount but `listed`
    wanted_at = models.DateTimeField(null=True)  # since when
    dirty = models.BooleanField(default=True)  # something it follows from has changed
    released = amount()  # what a person let through the breaker
    turned_down = amount()  # what a person refused there
    superseded = models.PositiveIntegerField(default=0)  # prices that were replaced before they were sent

    # What it was told.
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNREAD)
    reason = models.CharField(max_length=300, blank=True)  # why it was refused or skipped
    sent = amount()
    sent_currency = models.CharField(max_length=3, blank=True)
    sent_at = models.DateTimeField(null=True)
    delivery = models.ForeignKey(PriceDelivery, on_delete=models.SET_NULL, null=True, related_name="prices")
    acknowledged = amount()  # what it took last; before it took anything, what it shows
    acknowledged_at = models.DateTimeField(null=True)

    # What it shows, as read back since it took something last.
    shown = amount()
    shown_currency = models.CharField(max_length=3, blank=True)
    shown_at = models.DateTimeField(null=True)
    drifted_at = models.DateTimeField(null=True)  # shows something else than it acknowledged, since
    healed = models.PositiveSmallIntegerField(default=0)  # times it was sent again for that

    class Meta:
        verbose_name = "price in a channel"
        verbose_name_plural = "prices in channels"
        constraints = [
            models.UniqueConstraint(fields=["link", "channel_sku"], name="listing_price_once"),
            models.CheckConstraint(
                condition=(Q(wanted__isnull=True) | Q(wanted__gt=0)) & (Q(sent__isnull=True) | Q(sent__gt=0)),
                name="listing_price_above_zero",
            ),
            models.CheckConstraint(
                condition=~Q(state="PENDING") | Q(wanted__isnull=False), name="listing_price_pending_has_a_price"
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "id"], condition=Q(dirty=True), name="listing_price_dirty"),
            models.Index(fields=["channel", "id"], condition=Q(state="PENDING"), name="listing_price_pending"),
            models.Index(fields=["channel", "reason"], condition=Q(state="REFUSED"), name="listing_price_refused"),
            models.Index(fields=["channel", "id"], condition=Q(drifted_at__isnull=False), name="listing_price_drifted"),
            models.Index(fields=["delivery"], condition=Q(state="SENT"), name="listing_price_on_its_way"),
            models.Index(fields=["owner", "sku"], name="listing_price_by_sku"),
            models.Index(fields=["channel", "channel_sku"], name="listing_price_by_their_sku"),
            models.Index(fields=["link", "state", "id"], name="listing_price_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_sku} at {self.channel}"


class PriceHold(Hold):
    """The breaker has stopped prices that would have been sent to a channel, and asks."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="price_holds")
    live = models.PositiveIntegerField()  # prices the channel has now
    moved = models.PositiveIntegerField()  # of these, how many would change by more than the limit
    fallen = models.PositiveIntegerField()  # of these, how many would fall by more than the limit

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link"], condition=Q(state="OPEN"), name="price_hold_one_open"),
            models.CheckConstraint(
                condition=Q(state__in=["OPEN", "ENDED"]) | (~Q(decided_by="") & ~Q(reason="")),
                name="price_hold_decided_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.link}: {self.because}"


class PriceHoldLine(models.Model):
    """One price that the breaker stopped, as it was then."""

    hold = models.ForeignKey(PriceHold, on_delete=models.CASCADE, related_name="lines")
    price = models.ForeignKey(ListingPrice, on_delete=models.CASCADE, related_name="+")
    amount = models.DecimalField(max_digits=20, decimal_places=6)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hold", "price"], name="price_hold_line_once")]
