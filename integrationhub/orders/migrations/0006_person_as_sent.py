"""What the target was told of the customer, so that a later change of it is seen."""

from django.db import migrations

from connectors.fields import EncryptedJSONField


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_number_at_target")]

    operations = [migrations.AddField("orderperson", "sent", EncryptedJSONField(null=True))]
