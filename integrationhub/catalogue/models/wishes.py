"""What was read on both sides: the owner's products, and what each channel wants to know of one."""

from django.db import models

from connectors.canonical.listings import AttributeKind, Requirement
from connectors.models import Connection
from integrationhub.inventory.models import SKU_LENGTH

NAME_LENGTH = 255  # of a code or a label


class ProductReading(models.Model):
    """A product of the owner as it was read last. Only what a channel lists is kept."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the owner
    sku = models.CharField(max_length=SKU_LENGTH)
    category = models.CharField(max_length=NAME_LENGTH, blank=True)  # the owner's code
    active = models.BooleanField(default=True)
    content = models.JSONField(default=dict)  # the canonical product, field by field
    as_of = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "sku"], name="product_read_once")]

    def __str__(self) -> str:
        return self.sku


class KnownCategory(models.Model):
    """One category of a channel's tree."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the channel
    code = models.CharField(max_length=NAME_LENGTH)
    label = models.CharField(max_length=NAME_LENGTH, blank=True)
    parent = models.CharField(max_length=NAME_LENGTH, blank=True)  # code; empty at the top
    attributes_read_at = models.DateTimeField(null=True)  # empty: nobody has asked what it wants here
    ask_anew = models.BooleanField(default=False)  # before its day is over; what is known stands meanwhile

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "code"], name="category_known_once")]

    def __str__(self) -> str:
        return self.label or self.code


class KnownAttribute(models.Model):
    """What a channel wants to know of a product in one category. Kept for each category that was asked for, whole."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the channel
    category = models.CharField(max_length=NAME_LENGTH)  # that was asked for
    position = models.PositiveIntegerField()  # as the channel orders them
    code = models.CharField(max_length=NAME_LENGTH)
    label = models.CharField(max_length=NAME_LENGTH, blank=True)
    requirement = models.CharField(max_length=12, choices=[(one.value, one.value.capitalize()) for one in Requirement])
    kind = models.CharField(max_length=20, choices=[(one.value, one.value) for one in AttributeKind])
    list_code = models.CharField(max_length=NAME_LENGTH, blank=True)
    max_length = models.PositiveIntegerField(null=True)  # characters
    unit = models.CharField(max_length=40, blank=True)
    role = models.CharField(max_length=80, blank=True)  # in the channel's own words
    variant = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "category", "code"], name="attribute_known_once")]

    def __str__(self) -> str:
        return self.label or self.code


class ValueList(models.Model):
    """A value list that attributes in use name."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")  # the channel
    code = models.CharField(max_length=NAME_LENGTH)
    read_at = models.DateTimeField(null=True)  # empty: not read yet
    ask_anew = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "code"], name="value_list_once")]

    def __str__(self) -> str:
        return self.code


class KnownValue(models.Model):
    value_list = models.ForeignKey(ValueList, on_delete=models.CASCADE, related_name="values")
    code = models.CharField(max_length=NAME_LENGTH)
    label = models.CharField(max_length=NAME_LENGTH, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["value_list", "code"], name="value_known_once")]

    def __str__(self) -> str:
        return self.label or self.code
