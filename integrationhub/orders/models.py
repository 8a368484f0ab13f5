"""The ledgers: each sold order on its two sides, what was dispatched of it, what comes back of it."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from connectors import ports
from connectors.canonical.orders import OrderState, TargetState
from connectors.fields import EncryptedJSONField
from connectors.models import Brand, Connection, Link
from mappings_app.models import MappingVersion

ORDER_STATE_LABELS = {
    OrderState.STAGING: "Being checked where it was sold",
    OrderState.AWAITING_ACCEPTANCE: "Waiting to be accepted",
    OrderState.AWAITING_PAYMENT: "Waiting for the customer's payment",
    OrderState.READY_TO_SHIP: "Ready to ship",
    OrderState.SHIPPED: "Shipped",
    OrderState.RECEIVED: "Received",
    OrderState.CLOSED: "Closed",
    OrderState.REFUSED: "Refused",
    OrderState.CANCELLED: "Cancelled",
    OrderState.UNKNOWN: "In a state the hub does not know",
}
TARGET_STATE_LABELS = {
    "": "Not there yet",
    TargetState.PENDING: "Created, not confirmed",
    TargetState.CONFIRMED: "Confirmed",
    TargetState.PROCESSING: "Being shipped",
    TargetState.SHIPPED: "Shipped",
    TargetState.CANCELLED: "Cancelled",
    TargetState.UNKNOWN: "In a state the hub does not know",
}


class SoldOrder(models.Model):
    """One marketplace order, as sold and as it stands where it is fulfilled."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="orders")
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="orders")
    target = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="orders_to_fulfil")
    reference = models.CharField(max_length=80)  # the marketplace order id
    target_reference = models.CharField(max_length=100)  # what the target is told: the link's prefix and the reference
    commercial_reference = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=20, choices=[(state.value, ORDER_STATE_LABELS[state]) for state in OrderState])
    source_state = models.CharField(max_length=60)
    channel = models.CharField(max_length=60, blank=True)
    country = models.CharField(max_length=2, blank=True)
    customer_initials = models.CharField(max_length=8, blank=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=20, decimal_places=6)
    shipping = models.DecimalField(max_digits=20, decimal_places=6)
    tax = models.DecimalField(max_digits=20, decimal_places=6)
    value_reporting = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    placed_at = models.DateTimeField()
    source_updated_at = models.DateTimeField()
    ship_by = models.DateTimeField(null=True)
    accept_by = models.DateTimeField(null=True)  # when the marketplace refuses it by itself
    accept_sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)  # as the marketplace shows it
    refused_by_us_at = models.DateTimeField(null=True)
    record_id = models.BigIntegerField(null=True)  # the inbox record it was last read from

    target_external_id = models.CharField(max_length=60, blank=True)
    target_number = models.CharField(
        max_length=60, blank=True, db_default=""
    )  # what people there call it, where another
    target_state = models.CharField(
        max_length=12, blank=True, choices=[(str(state), label) for state, label in TARGET_STATE_LABELS.items()]
    )
    target_total = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    target_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    created_units = models.PositiveIntegerField(
        null=True
    )  # units that live at the target, as the hub made or left them
    tax_differs = models.BooleanField(default=False)
    target_on_hold = models.BooleanField(default=False)
    target_created_at = models.DateTimeField(null=True)
    target_confirmed_at = models.DateTimeField(null=True)
    target_seen_at = models.DateTimeField(null=True)
    target_shipping = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    target_lines = models.JSONField(null=True)  # as last seen there: [{"sku", "quantity", "unit_price", "line_total"}]
    first_seen_at = models.DateTimeField(default=ports.now)

    held_at = models.DateTimeField(null=True)  # a person holds it: nothing is sent for it meanwhile
    held_by = models.CharField(max_length=150, blank=True, db_default="")
    hold_reason = models.CharField(max_length=300, blank=True, db_default="")
    cancel_wanted_at = models.DateTimeField(null=True)  # a person wants it cancelled: it is created nowhere any more
    cancel_wanted_by = models.CharField(max_length=150, blank=True, db_default="")
    mappings_as_of = models.DateTimeField(null=True)  # a person wants it mapped by what counted then; null: by today's

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "reference"], name="order_once_per_link"),
            models.UniqueConstraint(fields=["target", "target_reference"], name="order_once_per_target"),
        ]
        indexes = [
            models.Index(fields=["reference"], name="order_by_reference", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["commercial_reference"], name="order_by_basket", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["target", "target_external_id"], name="order_by_target_id"),
            models.Index(
                fields=["target_number"],
                name="order_by_target_number",
                opclasses=["varchar_pattern_ops"],
                condition=~Q(target_number=""),
            ),
            models.Index(fields=["brand", "state", "-placed_at"], name="order_by_state"),
            models.Index(fields=["accept_by"], condition=Q(state="AWAITING_ACCEPTANCE"), name="order_to_accept"),
            models.Index(fields=["-placed_at", "-id"], name="order_by_time"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def number_there(self) -> str:
        """What people call it where it is fulfilled; "" while it is not there."""
        return self.target_number or self.target_external_id

    @property
    def created_units_wanted(self) -> bool:
        """Whether every unit that was created at the target is still wanted at the source."""
        return self.created_units is None or self.created_units <= sum(
            line.quantity for line in self.lines.all() if not line.cancelled
        )


class SoldLine(models.Model):
    order = models.ForeignKey(SoldOrder, on_delete=models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=100)
    sku = models.CharField(max_length=100)  # as the marketplace spells it
    target_sku = models.CharField(max_length=100, blank=True)  # after mapping
    mapping_version = models.ForeignKey(MappingVersion, on_delete=models.PROTECT, null=True, related_name="+")
    title = models.CharField(max_length=250, blank=True)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=20, decimal_places=6)
    line_total = models.DecimalField(max_digits=20, decimal_places=6)
    tax = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    cancelled = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "line_id"], name="line_once_per_order")]
        ordering = ["id"]
        indexes = [models.Index(fields=["sku"], name="line_by_sku", opclasses=["varchar_pattern_ops"])]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class OrderPerson(models.Model):
    """Who bought it and where it goes: the one table that holds it, encrypted; erasing empties it."""

    order = models.OneToOneField(SoldOrder, on_delete=models.CASCADE, primary_key=True, related_name="person")
    data = EncryptedJSONField(null=True)
    sent = EncryptedJSONField(null=True)  # as `data` stood when the order was sent on, or was last carried over
    erased_at = models.DateTimeField(null=True)


class SoldDispatch(models.Model):
    """One dispatch of an order: seen where it was packed, sent to where it was sold, shown there."""

    class State(models.TextChoices):
        SEEN = "SEEN", "Left the warehouse"
        SENT = "SENT", "Told where it was sold"
        SHOWN = "SHOWN", "Shown where it was sold"

    order = models.ForeignKey(SoldOrder, on_delete=models.PROTECT, related_name="dispatches")
    dispatch_id = models.CharField(max_length=60)
    number = models.CharField(max_length=60, blank=True)
    carrier = models.CharField(max_length=120, blank=True)  # as it was packed
    service = models.CharField(max_length=120, blank=True)
    carrier_code = models.CharField(max_length=120, blank=True)  # as its source was told
    carrier_version = models.ForeignKey(MappingVersion, on_delete=models.PROTECT, null=True, related_name="+")
    tracking_number = models.CharField(max_length=120, blank=True)
    packed = models.JSONField(default=dict)  # units by SKU, as they left
    lines = models.JSONField(default=list)  # as its source was told: [{"sku", "line_id", "quantity"}]
    dispatched_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.SEEN)
    external_id = models.CharField(max_length=80, blank=True)  # the source's shipment id, where it has one
    sent_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "dispatch_id"], name="dispatch_once_per_order")]
        indexes = [
            models.Index(fields=["tracking_number"], name="dispatch_by_tracking", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.number or self.dispatch_id

    @property
    def standing(self) -> str:
        """How far it is, with the name of where it was sold: "Sent to Centra"."""
        place = self.order.link.source.name
        words = {
            self.State.SEEN.value: "Left the warehouse",
            self.State.SENT.value: f"Sent to {place}",
            self.State.SHOWN.value: f"Shown by {place}",
        }
        return words[self.state]


class SoldReturn(models.Model):
    """What comes back of an order, and what is given back for it: where it was sold, and where the goods and the books are.

    A refund without goods (delivery, goodwill) is one too, with no lines. Money goes one of two ways. Where the target takes
    returns, the source gives it back and the target credits it. Where the target makes the returns itself, it is *credited*
    once the target has completed its return, and given back where it was sold after that: due, sent, shown as paid.
    """

    class State(models.TextChoices):
        REQUESTED = "REQUESTED", "Announced where it was sold"
        ANNOUNCED = "ANNOUNCED", "Announced to the warehouse"
        RECEIVED = "RECEIVED", "Received, not inspected yet"
        INSPECTED = "INSPECTED", "Inspected"
        CREDITED = "CREDITED", "Credited, not refunded yet"
        MADE = "MADE", "Made where it is fulfilled, not complete yet"
        DUE = "DUE", "To be refunded where it was sold"
        BY_HAND = "BY_HAND", "To be refunded by hand"
        SENT = "SENT", "Refund sent, not paid yet"
        REFUNDED = "REFUNDED", "Refunded where it was sold only"
        COMPLETED = "COMPLETED", "Completed on both sides"
        CANCELLED = "CANCELLED", "Withdrawn"

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="returns")
    order = models.ForeignKey(SoldOrder, on_delete=models.PROTECT, related_name="returns")
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    currency = models.CharField(max_length=3)
    first_seen_at = models.DateTimeField(default=ports.now)

    # Where it was sold. Amounts are tax included; null: it does not say.
    source_id = models.CharField(max_length=100, blank=True)  # "" for a return that only the target has
    source_state = models.CharField(max_length=60, blank=True)  # its own word
    source_completed_at = models.DateTimeField(null=True)  # when the hub first saw it refunded or closed
    source_created_at = models.DateTimeField(null=True)
    source_seen_at = models.DateTimeField(null=True)
    source_total = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    source_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    source_shipping = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    source_cost = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # kept back for returning
    source_refunded = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # what has been paid back
    source_refunds = models.JSONField(default=list)  # [{"transaction", "state", "amount", "at"}]
    returned_to_stock = models.BooleanField(default=False)  # the source put the goods into its own stock by itself
    answer_by = models.DateTimeField(null=True)  # when the source decides by itself
    value_reporting = models.DecimalField(max_digits=20, decimal_places=6, null=True)

    refund_sent_at = models.DateTimeField(null=True)  # when the hub asked the source to give it back
    by_hand_why = models.CharField(max_length=20, blank=True)  # ByHand: why a person gives it back at the source
    source_left = models.DecimalField(
        max_digits=20, decimal_places=6, null=True
    )  # what could still be, when too little

    # Where the goods and the books are. Where the target makes the returns: its own number, and what it gave back.
    target_reference = models.CharField(max_length=120, blank=True)  # what the target was told it is
    target_id = models.CharField(max_length=60, blank=True)  # its return order
    announced_at = models.DateTimeField(null=True)
    announced_shipping = models.DecimalField(
        max_digits=20, decimal_places=6, null=True
    )  # delivery told with it, either way
    by_hand = models.DecimalField(
        max_digits=20, decimal_places=6, default=Decimal(0)
    )  # what the target has no call for
    parcels = models.JSONField(
        default=dict
    )  # {"17": {"number", "state", "lines": {line: [sku, units, received, restocked]}}}
    received_at = models.DateTimeField(null=True)  # when the hub first saw it whole
    inspected_at = models.DateTimeField(null=True)
    credit_notes = models.JSONField(default=dict)  # {"9": {"number", "posted", "total", "tax", "date"}}
    credited = models.DecimalField(
        max_digits=20, decimal_places=6, null=True
    )  # by posted credit notes, or complete returns
    credited_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    credited_at = models.DateTimeField(null=True)
    target_seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "source_id"], name="return_once_per_order", condition=~Q(source_id="")
            ),
            models.UniqueConstraint(
                fields=["order", "target_reference"], name="return_reference_once", condition=~Q(target_reference="")
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "-first_seen_at", "-id"], name="return_by_time"),
            models.Index(
                fields=["order"], condition=~Q(state__in=["COMPLETED", "CANCELLED"]), name="return_open_by_order"
            ),
        ]

    def __str__(self) -> str:
        return self.source_id or self.target_reference or self.target_id


class ReturnedLine(models.Model):
    """A line of a return as it was announced, and what the warehouse did with its units."""

    sold_return = models.ForeignKey(SoldReturn, on_delete=models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=100)  # the source's
    order_line_id = models.CharField(max_length=100, blank=True)  # `SoldLine.line_id`
    sku = models.CharField(max_length=100, blank=True)  # as the source spells it
    quantity = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # given back, tax included
    tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    reason = models.CharField(max_length=200, blank=True)
    received = models.PositiveIntegerField(default=0)
    restocked = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sold_return", "line_id"], name="return_line_once")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"
