import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.comparison
from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations, models

import connectors.ports


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("connectors", "0001_initial"),
    ]

    operations = [
        BtreeGistExtension(),  # equality beside ranges in the exclusion constraint
        TrigramExtension(),  # suggestions by likeness
        migrations.CreateModel(
            name="MappingVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=32)),
                ("from_code", models.CharField(blank=True, max_length=255)),
                ("to_code", models.CharField(blank=True, max_length=255)),
                ("from_label", models.CharField(blank=True, max_length=255)),
                ("to_label", models.CharField(blank=True, max_length=255)),
                ("attributes", models.JSONField(blank=True, default=dict)),
                ("retired", models.BooleanField(default=False)),
                ("valid_from", models.DateTimeField(blank=True, null=True, verbose_name="valid from")),
                ("valid_to", models.DateTimeField(blank=True, null=True, verbose_name="valid until")),
                ("recorded_at", models.DateTimeField(default=connectors.ports.now, verbose_name="changed")),
                ("recorded_by", models.CharField(max_length=150, verbose_name="changed by")),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("change", models.CharField(max_length=32)),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                ("superseded_in", models.CharField(blank=True, max_length=32)),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mapping_versions",
                        to="connectors.brand",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: for every link of the brand that has no mapping of its own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mapping_versions",
                        to="connectors.link",
                    ),
                ),
            ],
            options={
                "verbose_name": "mapping",
            },
        ),
        migrations.CreateModel(
            name="CarrierMapping",
            fields=[],
            options={
                "verbose_name": "carrier mapping",
                "verbose_name_plural": "carrier mappings",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("mappings_app.mappingversion",),
        ),
        migrations.CreateModel(
            name="MarketMapping",
            fields=[],
            options={
                "verbose_name": "market mapping",
                "verbose_name_plural": "market mappings",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("mappings_app.mappingversion",),
        ),
        migrations.CreateModel(
            name="ShippingServiceMapping",
            fields=[],
            options={
                "verbose_name": "delivery method mapping",
                "verbose_name_plural": "delivery method mappings",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("mappings_app.mappingversion",),
        ),
        migrations.CreateModel(
            name="SkuMapping",
            fields=[],
            options={
                "verbose_name": "SKU mapping",
                "verbose_name_plural": "SKU mappings",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("mappings_app.mappingversion",),
        ),
        migrations.CreateModel(
            name="SeenCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=32)),
                ("code", models.CharField(blank=True, max_length=255)),
                ("label", models.CharField(blank=True, max_length=255)),
                ("gtin", models.CharField(blank=True, max_length=14)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("times", models.PositiveBigIntegerField(default=1)),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="seen_codes", to="connectors.brand"
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="seen_codes", to="connectors.link"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KnownCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=32)),
                ("code", models.CharField(max_length=255)),
                ("normal_code", models.CharField(max_length=255)),
                ("label", models.CharField(blank=True, max_length=255)),
                ("gtin", models.CharField(blank=True, max_length=14)),
                ("active", models.BooleanField(default=True)),
                ("seen_at", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="known_codes",
                        to="connectors.connection",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["connection", "kind", "normal_code"], name="known_code_normal"),
                    models.Index(
                        condition=models.Q(("gtin", ""), _negated=True),
                        fields=["connection", "kind", "gtin"],
                        name="known_code_gtin",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["normal_code"], name="known_code_like", opclasses=["gin_trgm_ops"]
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["label"], name="known_label_like", opclasses=["gin_trgm_ops"]
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("connection", "kind", "code"), name="known_code_once")],
            },
        ),
        migrations.AddIndex(
            model_name="mappingversion",
            index=models.Index(
                condition=models.Q(("superseded_at__isnull", True)),
                fields=["brand", "kind", "from_code", "link"],
                name="mapping_from_current",
            ),
        ),
        migrations.AddIndex(
            model_name="mappingversion",
            index=models.Index(
                condition=models.Q(("superseded_at__isnull", True)),
                fields=["brand", "kind", "to_code"],
                name="mapping_to_current",
            ),
        ),
        migrations.AddIndex(
            model_name="mappingversion",
            index=models.Index(fields=["brand", "kind", "from_code", "-id"], name="mapping_history"),
        ),
        migrations.AddIndex(
            model_name="mappingversion",
            index=models.Index(fields=["change"], name="mapping_change"),
        ),
        migrations.AddIndex(
            model_name="mappingversion",
            index=models.Index(
                condition=models.Q(("superseded_at__isnull", True), _negated=True),
                fields=["superseded_in"],
                name="mapping_superseded_in",
            ),
        ),
        migrations.AddConstraint(
            model_name="mappingversion",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("superseded_at__isnull", True)),
                expressions=[
                    ("kind", "="),
                    ("brand", "="),
                    (
                        django.db.models.functions.comparison.Coalesce(
                            "link_id", models.Value(0, output_field=models.BigIntegerField())
                        ),
                        "=",
                    ),
                    ("from_code", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="TSTZRANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="mapping_one_current_meaning",
            ),
        ),
        migrations.AddConstraint(
            model_name="mappingversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from__isnull", True),
                    ("valid_to__isnull", True),
                    ("valid_from__lt", models.F("valid_to")),
                    _connector="OR",
                ),
                name="mapping_time_runs_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="mappingversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("retired", True), ("to_code", "")),
                    models.Q(("retired", False), models.Q(("to_code", ""), _negated=True)),
                    _connector="OR",
                ),
                name="mapping_has_target_unless_retired",
            ),
        ),
        migrations.AddConstraint(
            model_name="mappingversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("superseded_at__isnull", True), ("superseded_in", "")),
                    models.Q(("superseded_at__isnull", False), models.Q(("superseded_in", ""), _negated=True)),
                    _connector="OR",
                ),
                name="mapping_superseded_by_a_change",
            ),
        ),
        migrations.AddIndex(
            model_name="seencode",
            index=models.Index(fields=["brand", "kind", "-last_seen_at"], name="seen_code_latest"),
        ),
        migrations.AddConstraint(
            model_name="seencode",
            constraint=models.UniqueConstraint(fields=("link", "kind", "code"), name="seen_code_once"),
        ),
    ]
