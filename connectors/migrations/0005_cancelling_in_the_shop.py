"""Whether a shop's order follows a cancellation in the warehouse by itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connectors", "0004_link_between_shop_and_warehouse")]

    operations = [
        migrations.AddField(
            model_name=model,
            name="cancels_in_shop",
            field=models.BooleanField(
                default=False,
                help_text="For links from a shop. Otherwise a person is asked first.",
                verbose_name="what is cancelled where it is fulfilled is cancelled in the shop too",
            ),
        )
        for model in ("link", "historicallink")
    ]
