"""The stock ledger: the owner's readings, what is promised, what each channel was told and what it took."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from connectors import ports
from connectors.models import Brand, Connection, Link
from exceptions_app.grouping import KEY_LENGTH
from integrationhub.sync.deliveries import Delivery
from integrationhub.sync.holding import Hold

SKU_LENGTH = 255


class StockReading(models.Model):
    """What the owner of stock said of one SKU when it last counted."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the owner
    sku = models.CharField(max_length=SKU_LENGTH)
    available = models.IntegerField(null=True)  # empty: never read, or the owner does not know the SKU
    as_of = models.DateTimeField(null=True)  # by the owner's count
    told_at = models.DateTimeField(null=True)  # the latest change that was told of, by the owner's clock
    asked_at = models.DateTimeField(null=True)  # told that it changed; read again since then: empty
    missed_at = models.DateTimeField(null=True)  # since then no reading that asked for it held it
    looked_at = models.DateTimeField(null=True)  # ... and when one asked last

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "sku"], name="stock_counted_once")]
        indexes = [
            models.Index(fields=["connection", "asked_at"], condition=Q(asked_at__isnull=False), name="stock_asked"),
            models.Index(fields=["connection", "as_of"], name="stock_oldest_reading"),
            models.Index(fields=["connection", "looked_at"], condition=Q(missed_at__isnull=False), name="stock_missed"),
        ]

    def __str__(self) -> str:
        return f"{self.sku}: {self.available}"


class StockTelling(models.Model):
    """An event named an order, a shipment or a return, and not the SKUs whose stock it moved. Gone once they are known.

    Or it moved stock in a channel: then the SKU, until it was looked at there.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the owner, or the channel
    kind = models.CharField(max_length=20)  # as events have it, or one of `tellings.LOOKS`
    external_id = models.CharField(max_length=80)
    told_at = models.DateTimeField()  # the last time

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="stock_telling_once")]


class Reservation(models.Model):
    """Units promised to an order that the owner of stock does not count yet."""

    class State(models.TextChoices):
        HELD = "HELD", "Held"
        COUNTED = "COUNTED", "Counted by the owner of stock"
        RELEASED = "RELEASED", "Released"

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="+")  # where it was sold
    reference = models.CharField(max_length=80)  # the order's
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the owner of stock
    sku = models.CharField(max_length=SKU_LENGTH)
    quantity = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    reason = models.CharField(max_length=120, blank=True)
    held_at = models.DateTimeField(default=ports.now)
    known_at = models.DateTimeField(null=True)  # the owner has the order since; a count taken later holds it
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "reference", "sku"], name="promised_once_per_sku")]
        indexes = [
            models.Index(
                fields=["connection", "sku"],
                condition=Q(state="HELD"),
                include=["quantity"],
                name="promised_held",
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.sku} for {self.reference}"


class StockRule(models.Model):
    """What is kept back of a SKU, a category or everything, in one channel or in all of the brand's."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="stock_rules")
    link = models.ForeignKey(
        Link,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="stock_rules",
        help_text="Empty: every channel.",
    )
    category = models.CharField(max_length=120, blank=True, help_text="The channel's category code. Empty: every one.")
    sku = models.CharField("our SKU", max_length=SKU_LENGTH, blank=True, help_text="Empty: every SKU.")
    buffer_units = models.PositiveIntegerField("buffer, units", default=0)
    buffer_percent = models.DecimalField(
        "buffer, %",
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Of what is free, rounded up. The larger of the two buffers counts.",
    )
    floor = models.PositiveIntegerField(default=0, help_text="Fewer than so many are not shown at all.")
    cap = models.PositiveIntegerField(null=True, blank=True, help_text="Never show more than so many.")
    changed_at = models.DateTimeField(default=ports.now)
    changed_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "stock rule"
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "link", "category", "sku"], nulls_distinct=False, name="stock_rule_once_per_scope"
            ),
            models.CheckConstraint(condition=Q(category="") | Q(sku=""), name="stock_rule_category_or_sku"),
            models.CheckConstraint(
                condition=Q(buffer_percent__gte=0) & Q(buffer_percent__lte=100), name="stock_rule_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.sku or self.category or "everything"


class StockDelivery(Delivery):
    """One batch of quantities on its way to a channel's account. There is at most one on its way."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="stock_deliveries")
    orders_known_at = models.DateTimeField(null=True)  # the orders in its figures; empty: nobody reads any

    class Meta:
        verbose_name_plural = "stock deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=["SENDING", "FOLLOWED"]),
                name="stock_delivery_one_on_its_way",
            )
        ]
        indexes = [models.Index(fields=["connection", "-id"], name="stock_delivery_latest")]

    def __str__(self) -> str:
        return f"{self.lines} quantities for {self.connection}"


class StockTurn(models.Model):
    """The next batch for a channel waits for orders to be read. Gone when it went out."""

    channel = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True, related_name="+")
    began_at = models.DateTimeField()


class ChannelStock(models.Model):
    """One SKU in one channel: what it may show, what it was told, what it took, what it shows."""

    class State(models.TextChoices):
        UNREAD = "UNREAD", "Not read yet"  # the owner has not said how many there are: nothing is sent
        PENDING = "PENDING", "Waiting to be sent"
        SENT = "SENT", "Sent"
        ACKNOWLEDGED = "ACKNOWLEDGED", "Acknowledged"
        REFUSED = "REFUSED", "Refused by the channel"
        SKIPPED = "SKIPPED", "Skipped"

    # Each change of a SKU writes its row three times, and each time every index: no key has one that another one covers, and
    # no index holds a state that rows only pass through.
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="stock", db_index=False)
    channel = models.ForeignKey(  # link.source; rows are found by their link
        Connection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    owner = models.ForeignKey(  # link.target
        Connection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    channel_sku = models.CharField("their SKU", max_length=SKU_LENGTH)
    sku = models.CharField("our SKU", max_length=SKU_LENGTH)
    title = models.CharField(max_length=255, blank=True)
    category = models.CharField(max_length=120, blank=True)  # the channel's code
    retired = models.BooleanField(default=False)  # its mapping has ended: nothing of it is for sale any more

    # What it may show.
    available = models.IntegerField(null=True)  # the owner's, when it was computed
    as_of = models.DateTimeField(null=True)
    reserved = models.IntegerField(default=0)
    buffer = models.IntegerField(default=0)
    computed = models.IntegerField(null=True)
    computed_at = models.DateTimeField(null=True)
    dirty = models.BooleanField(default=True)  # something it is computed from has changed; or a StockMark says so

    released = models.IntegerField(null=True)  # the value a person let through the breaker
    superseded = models.PositiveIntegerField(default=0)  # values that were replaced before they were sent

    # What it was told.
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNREAD)
    reason = models.CharField(max_length=300, blank=True)  # why it was refused or skipped
    sent = models.IntegerField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivery = models.ForeignKey(  # unchecked: each batch would look its own row up once for each of its lines
        StockDelivery, on_delete=models.SET_NULL, null=True, related_name="stock", db_index=False, db_constraint=False
    )
    acknowledged = models.IntegerField(null=True)
    acknowledged_at = models.DateTimeField(null=True)

    # What it shows, as read back since it took something last.
    shown = models.IntegerField(null=True)
    shown_at = models.DateTimeField(null=True)
    drifted_at = models.DateTimeField(null=True)  # shows something else than it acknowledged, since

    class Meta:
        verbose_name = "stock in a channel"
        verbose_name_plural = "stock in channels"
        constraints = [
            models.UniqueConstraint(fields=["link", "channel_sku"], name="channel_stock_once"),
            models.CheckConstraint(
                condition=Q(computed__isnull=True) | Q(computed__gte=0), name="channel_stock_positive"
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "id"], condition=Q(dirty=True), name="channel_stock_dirty"),
            models.Index(fields=["channel", "id"], condition=Q(state="PENDING"), name="channel_stock_pending"),
            models.Index(fields=["delivery"], condition=Q(delivery__isnull=False), name="channel_stock_delivered_in"),
            models.Index(fields=["owner", "sku"], name="channel_stock_by_sku"),
            models.Index(
                fields=["link", "state", "id"],
                condition=Q(state__in=["UNREAD", "REFUSED", "SKIPPED"]),
                name="channel_stock_by_state",
            ),
            models.Index(fields=["link", "id"], condition=Q(drifted_at__isnull=False), name="channel_stock_differs"),
            # Shows more than is free: the watch over overselling reads these alone.
            models.Index(
                fields=["link", "id"],
                condition=Q(shown__gt=F("computed")) | Q(acknowledged__gt=F("computed")),
                name="channel_stock_oversold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel_sku} at {self.channel}"


class StockLimits(models.Model):
    """When the breaker of a channel stops what would be sent."""

    link = models.OneToOneField(Link, on_delete=models.CASCADE, primary_key=True, related_name="stock_limits")
    zero_percent = models.PositiveSmallIntegerField(
        "ends at 0, %", default=20, help_text="Of the SKUs for sale now: more than that many at 0 at once are stopped."
    )
    move_percent = models.PositiveSmallIntegerField(
        "changes, %", default=60, help_text="Of the SKUs for sale now: more than that many changes at once are stopped."
    )
    least = models.PositiveIntegerField(
        "at least, SKUs",
        default=20,
        help_text="Fewer changes than that always pass: a small shop moves in large shares.",
    )
    # How many SKUs are for sale there, rolled up: counting them at each push would cost as much as the catalogue is long.
    live = models.PositiveIntegerField(default=0, editable=False)
    live_counted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "stock limits"
        verbose_name_plural = "stock limits"

    def __str__(self) -> str:
        return f"Limits of {self.link}"


class StockSwitch(models.Model):
    """What a channel is told whatever is computed; without a channel: every channel of the brand."""

    class Mode(models.TextChoices):
        HOLD = "HOLD", "Hold: send nothing"
        ZERO = "ZERO", "Zero: show nothing for sale"
        LAST_GOOD = "LAST_GOOD", "Last known good: keep what each channel took last"

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="stock_switches")
    link = models.ForeignKey(Link, on_delete=models.CASCADE, null=True, blank=True, related_name="stock_switches")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    reason = models.CharField(max_length=500)
    set_at = models.DateTimeField(default=ports.now)
    set_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "link"], nulls_distinct=False, name="stock_switch_once_per_scope")
        ]

    def __str__(self) -> str:
        return f"{self.get_mode_display()} ({self.link or self.brand})"


class StockHold(Hold):
    """The breaker has stopped what would have been sent to a channel, and asks."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="stock_holds")
    live = models.PositiveIntegerField()  # SKUs the channel has for sale now
    zeroed = models.PositiveIntegerField()  # of these, how many would end at 0
    moved = models.PositiveIntegerField()  # how many would change at all

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link"], condition=Q(state="OPEN"), name="stock_hold_one_open"),
            models.CheckConstraint(
                condition=Q(state__in=["OPEN", "ENDED"]) | (~Q(decided_by="") & ~Q(reason="")),
                name="stock_hold_decided_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.link}: {self.because}"


class StockHoldLine(models.Model):
    """One quantity that the breaker stopped, as it was then."""

    hold = models.ForeignKey(StockHold, on_delete=models.CASCADE, related_name="lines")
    stock = models.ForeignKey(ChannelStock, on_delete=models.CASCADE, related_name="+")
    quantity = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hold", "stock"], name="stock_hold_line_once")]


class StockMark(models.Model):
    """Something that a row is computed from has changed. Gone once it was computed.

    Beside the row: whoever changes something writes few bytes here, and not the row with all its indexes.
    """

    stock = models.OneToOneField(
        ChannelStock, on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)

    class Meta:
        indexes = [models.Index(fields=["link", "stock"], name="stock_marked")]

    def __str__(self) -> str:
        return f"{self.stock_id} changed"


class StockOverwrite(models.Model):
    """Somebody else changed what a channel shows of a SKU after it was told. Kept for a day."""

    stock = models.ForeignKey(ChannelStock, on_delete=models.CASCADE, related_name="overwrites", db_index=False)
    channel = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+", db_index=False)
    told = models.IntegerField()
    shown = models.IntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["channel", "seen_at"], name="stock_overwritten_lately"),
            models.Index(fields=["stock", "seen_at"], name="stock_overwritten"),
        ]

    def __str__(self) -> str:
        return f"{self.told} became {self.shown}"


class DriftScan(models.Model):
    """One reading back of all that a channel shows, and what of it was not as it should be."""

    channel = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="drift_scans")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # empty: still reading
    token = models.TextField(blank=True)  # where reading goes on
    offers = models.PositiveIntegerField(default=0)
    drifted = models.PositiveIntegerField(default=0)  # show something else than they took
    explained = models.PositiveIntegerField(default=0)  # ... because something is on its way, or was sold meanwhile
    healed = models.PositiveIntegerField(default=0)  # ... and are sent again
    left = models.PositiveIntegerField(default=0)  # ... and wait for a person, or for the next scan

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel"], condition=Q(ended_at=None), name="drift_scan_one_at_a_time")
        ]
        indexes = [models.Index(fields=["channel", "-id"], name="drift_scan_latest")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.drifted} of {self.offers}"


class ProductFault(models.Model):
    """A product of an owner that could not be read when it was read last. It is gone as soon as it can be."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the owner
    external_id = models.CharField(max_length=120)
    name = models.CharField(max_length=255)  # as people know it
    key = models.CharField(max_length=KEY_LENGTH)  # one for all that break the same rules in the same fields
    words = models.CharField(max_length=500)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "external_id"], name="product_fault_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"
