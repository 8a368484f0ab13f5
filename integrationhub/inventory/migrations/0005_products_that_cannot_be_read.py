import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0002_rules"),
        ("inventory", "0004_orders_first_and_overwrites"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProductFault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=120)),
                ("name", models.CharField(max_length=255)),
                ("key", models.CharField(max_length=255)),
                ("words", models.CharField(max_length=500)),
                ("seen_at", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="connectors.connection"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "external_id"), name="product_fault_once")
                ],
            },
        ),
    ]
