"""Whether a link gives refunds where its orders were sold, and with which reason."""

from django.db import migrations, models

import connectors.ports

_GIVES = {
    "name": "gives_refunds",
    "field": models.BooleanField(
        default=False,
        help_text="A return that is completed where orders are fulfilled is refunded at the marketplace by the hub, once."
        " Off: a case asks a person to do it.",
        verbose_name="refunds are given where it was sold, too",
    ),
}
_REASON = {
    "name": "return_reason",
    "field": models.CharField(
        blank=True,
        help_text="One of the marketplace's own codes: for goods that came back.",
        max_length=60,
        verbose_name="reason code for a refund after dispatch",
    ),
}
_SINCE = {
    "name": "refunds_since",
    "field": models.DateTimeField(default=connectors.ports.now, editable=False),
}


class Migration(migrations.Migration):
    dependencies = [("connectors", "0005_cancelling_in_the_shop")]

    operations = [
        migrations.AddField(model_name=model, **values)
        for model in ("link", "historicallink")
        for values in (_GIVES, _REASON, _SINCE)
    ]
