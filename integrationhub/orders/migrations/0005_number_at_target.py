from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_returns")]

    operations = [
        migrations.AddField(
            model_name="soldorder",
            name="target_number",
            field=models.CharField(blank=True, db_default="", max_length=60),
        ),
        migrations.AddIndex(
            model_name="soldorder",
            index=models.Index(
                condition=models.Q(("target_number", ""), _negated=True),
                fields=["target_number"],
                name="order_by_target_number",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.AlterField(
            model_name="solddispatch",
            name="state",
            field=models.CharField(
                choices=[
                    ("SEEN", "Left the warehouse"),
                    ("SENT", "Told where it was sold"),
                    ("SHOWN", "Shown where it was sold"),
                ],
                default="SEEN",
                max_length=8,
            ),
        ),
    ]
