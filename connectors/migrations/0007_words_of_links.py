"""Words of a link that are right for a shop as for a marketplace."""

from django.db import migrations, models

_WITHIN = {
    "name": "dispatch_confirmed_within_hours",
    "field": models.PositiveIntegerField(
        default=4, verbose_name="dispatch shown where it was sold within, hours"
    ),
}
_EMAIL = {
    "name": "fallback_email",
    "field": models.EmailField(
        default="orders@marketplace.invalid",
        max_length=254,
        verbose_name="customer e-mail when the order names none",
    ),
}
_PREFIX = {
    "name": "reference_prefix",
    "field": models.CharField(
        blank=True,
        help_text="Only where two channels number orders alike: keeps them apart where they are fulfilled.",
        max_length=12,
        verbose_name="prefix of order references",
    ),
}


class Migration(migrations.Migration):
    dependencies = [("connectors", "0006_refunds_of_links")]

    operations = [
        migrations.AlterField(model_name=model, **values)
        for model in ("link", "historicallink")
        for values in (_WITHIN, _EMAIL, _PREFIX)
    ]
