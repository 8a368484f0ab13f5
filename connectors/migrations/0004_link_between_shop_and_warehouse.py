"""A link between a shop and its warehouse speaks other codes than the links of marketplaces."""

from django.db import migrations, models

_ALONE = {
    "name": "own_mappings_only",
    "field": models.BooleanField(
        default=False,
        help_text="Mappings made for every channel of the brand do not count here.",
        verbose_name="only mappings of its own",
    ),
}
_ALIKE = {
    "name": "equal_skus",
    "field": models.BooleanField(
        default=False,
        help_text="A SKU without a mapping means itself, once the product is known where orders are fulfilled.",
        verbose_name="SKUs are spelled alike on both sides",
    ),
}


class Migration(migrations.Migration):
    dependencies = [("connectors", "0003_key_age")]

    operations = [
        migrations.AddField(model_name=model, **values)
        for model in ("link", "historicallink")
        for values in (_ALONE, _ALIKE)
    ]
