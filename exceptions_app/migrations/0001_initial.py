import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import connectors.ports


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("connectors", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExceptionCase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cause", models.CharField(max_length=60)),
                ("mapping_kind", models.CharField(blank=True, max_length=32)),
                ("code", models.CharField(blank=True, max_length=255)),
                ("object_key", models.CharField(blank=True, max_length=255)),
                ("context", models.JSONField(blank=True, default=dict)),
                ("platform_words", models.TextField(blank=True, verbose_name="the platform's own words")),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "Open"), ("SNOOZED", "Snoozed"), ("CLOSED", "Closed")],
                        default="OPEN",
                        max_length=8,
                    ),
                ),
                (
                    "team",
                    models.CharField(
                        choices=[
                            ("OPS", "Operations"),
                            ("ECOMMERCE", "Ecommerce"),
                            ("FINANCE", "Finance"),
                            ("ADMIN", "Administrators"),
                        ],
                        max_length=20,
                    ),
                ),
                ("opened_at", models.DateTimeField(default=connectors.ports.now)),
                ("last_seen_at", models.DateTimeField(default=connectors.ports.now)),
                ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                ("wake_at_count", models.PositiveIntegerField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_by", models.CharField(blank=True, max_length=150)),
                ("close_reason", models.CharField(blank=True, max_length=500)),
                ("regression", models.BooleanField(default=False, verbose_name="came back")),
                ("waiting_count", models.PositiveIntegerField(default=0, verbose_name="waiting")),
                (
                    "waiting_value",
                    models.DecimalField(decimal_places=6, default=0, max_digits=20, verbose_name="value"),
                ),
                ("oldest_at", models.DateTimeField(blank=True, null=True, verbose_name="oldest")),
                ("next_deadline_at", models.DateTimeField(blank=True, null=True, verbose_name="deadline")),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="connectors.brand"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="cases",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "previous",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returns",
                        to="exceptions_app.exceptioncase",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        blank=True,
                        help_text="The connection that refuses, or that the missing code belongs to.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="connectors.connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "case",
            },
        ),
        migrations.CreateModel(
            name="CaseLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("platform_words", models.TextField(blank=True, verbose_name="the platform's own words")),
                ("first_seen_at", models.DateTimeField(default=connectors.ports.now)),
                ("last_seen_at", models.DateTimeField(default=connectors.ports.now)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="case_links", to="connectors.link"
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="case_links",
                        to="exceptions_app.exceptioncase",
                    ),
                ),
            ],
            options={
                "verbose_name": "channel of a case",
                "verbose_name_plural": "channels of a case",
                "ordering": ["first_seen_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="CaseEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=connectors.ports.now)),
                ("actor", models.CharField(max_length=150)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("OPENED", "Opened"),
                            ("RETURNED", "Came back"),
                            ("SPREAD", "Seen in another channel"),
                            ("ASSIGNED", "Assigned"),
                            ("HANDED_OVER", "Handed over"),
                            ("COMMENTED", "Comment"),
                            ("SNOOZED", "Snoozed"),
                            ("WOKEN", "Snooze ended"),
                            ("RETRIED", "Retry asked for"),
                            ("CLOSED", "Closed"),
                            ("REOPENED", "Reopened"),
                        ],
                        max_length=12,
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("data", models.JSONField(blank=True, default=dict)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="exceptions_app.exceptioncase",
                    ),
                ),
            ],
            options={
                "verbose_name": "event of a case",
                "verbose_name_plural": "events of a case",
                "ordering": ["pk"],
            },
        ),
        migrations.AddIndex(
            model_name="exceptioncase",
            index=models.Index(
                models.OrderBy(models.F("next_deadline_at"), nulls_last=True),
                models.OrderBy(models.F("waiting_value"), descending=True),
                models.F("id"),
                condition=models.Q(("state", "CLOSED"), _negated=True),
                name="case_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="exceptioncase",
            index=models.Index(condition=models.Q(("state", "SNOOZED")), fields=["snoozed_until"], name="case_snoozed"),
        ),
        migrations.AddIndex(
            model_name="exceptioncase",
            index=models.Index(fields=["brand", "cause", "object_key", "-id"], name="case_history_by_object"),
        ),
        migrations.AddIndex(
            model_name="exceptioncase",
            index=models.Index(
                condition=models.Q(("mapping_kind", ""), _negated=True),
                fields=["brand", "mapping_kind", "code", "-id"],
                name="case_history_by_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptioncase",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    models.Q(("state", "CLOSED"), _negated=True), models.Q(("mapping_kind", ""), _negated=True)
                ),
                fields=("brand", "mapping_kind", "target", "code"),
                name="case_open_once_per_code",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptioncase",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("state", "CLOSED"), _negated=True), ("mapping_kind", "")),
                fields=("brand", "cause", "object_key"),
                name="case_open_once_per_object",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptioncase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "CLOSED"), _negated=True),
                    models.Q(
                        ("closed_at__isnull", False),
                        models.Q(("closed_by", ""), _negated=True),
                        models.Q(("close_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="case_closed_by_someone_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptioncase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "SNOOZED"), _negated=True), ("snoozed_until__isnull", False), _connector="OR"
                ),
                name="case_snooze_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptioncase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("regression", True), _negated=True), ("previous__isnull", False), _connector="OR"
                ),
                name="case_regression_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="caselink",
            constraint=models.UniqueConstraint(fields=("case", "link"), name="case_link_once"),
        ),
        migrations.AddIndex(
            model_name="caseevent",
            index=models.Index(fields=["case", "id"], name="case_event_story"),
        ),
    ]
