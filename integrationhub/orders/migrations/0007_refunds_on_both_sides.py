"""The ledger of returns tells refunds that begin where an order is fulfilled, too."""

from django.db import migrations, models

_STATES = [
    ("REQUESTED", "Announced where it was sold"),
    ("ANNOUNCED", "Announced to the warehouse"),
    ("RECEIVED", "Received, not inspected yet"),
    ("INSPECTED", "Inspected"),
    ("CREDITED", "Credited, not refunded yet"),
    ("MADE", "Made where it is fulfilled, not complete yet"),
    ("DUE", "To be refunded where it was sold"),
    ("BY_HAND", "To be refunded by hand"),
    ("SENT", "Refund sent, not paid yet"),
    ("REFUNDED", "Refunded where it was sold only"),
    ("COMPLETED", "Completed on both sides"),
    ("CANCELLED", "Withdrawn"),
]


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_person_as_sent")]

    operations = [
        migrations.AddField("soldreturn", "refund_sent_at", models.DateTimeField(null=True)),
        migrations.AddField("soldreturn", "by_hand_why", models.CharField(blank=True, default="", max_length=20), preserve_default=False),
        migrations.AddField("soldreturn", "source_left", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
        migrations.AlterField(
            "soldreturn", "state", models.CharField(choices=_STATES, default="REQUESTED", max_length=10)
        ),
    ]
