"""What an order is called that its source does not let go yet: not every source is a marketplace. No column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_mappings_as_of")]

    operations = [
        migrations.AlterField(
            model_name="soldorder",
            name="state",
            field=models.CharField(
                choices=[
                    ("STAGING", "Being checked where it was sold"),
                    ("AWAITING_ACCEPTANCE", "Waiting to be accepted"),
                    ("AWAITING_PAYMENT", "Waiting for the customer's payment"),
                    ("READY_TO_SHIP", "Ready to ship"),
                    ("SHIPPED", "Shipped"),
                    ("RECEIVED", "Received"),
                    ("CLOSED", "Closed"),
                    ("REFUSED", "Refused"),
                    ("CANCELLED", "Cancelled"),
                    ("UNKNOWN", "In a state the hub does not know"),
                ],
                max_length=20,
            ),
        ),
    ]
