import connectors.ports
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('exceptions_app', '0001_initial')]

    initial = True

    dependencies = [
        ('auth', '__first__'),
        ('connectors', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('RETRY', 'Try again'), ('ASSIGN', 'Assign'), ('HAND_OVER', 'Hand over'), ('SNOOZE', 'Snooze'), ('CLOSE', 'Close with a reason')], max_length=10)),
                ('state', models.CharField(choices=[('PLANNED', 'Planned'), ('RUNNING', 'Under way'), ('PAUSED', 'Paused'), ('CANCELLED', 'Cancelled'), ('DONE', 'Done')], default='PLANNED', max_length=10)),
                ('choice', models.JSONField(default=dict)),
                ('back_to', models.CharField(blank=True, max_length=500)),
                ('calls', models.PositiveIntegerField(null=True)),
                ('seconds', models.PositiveIntegerField(null=True)),
                ('planned_at', models.DateTimeField(default=connectors.ports.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('brands', models.ManyToManyField(related_name='+', to='connectors.brand')),
                ('planner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='case_runs', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['planner', 'state'], name='case_run_of_person')],
            },
        ),
        migrations.CreateModel(
            name='ExceptionCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(max_length=60)),
                ('mapping_kind', models.CharField(blank=True, max_length=32)),
                ('code', models.CharField(blank=True, max_length=255)),
                ('object_key', models.CharField(blank=True, max_length=255)),
                ('context', models.JSONField(blank=True, default=dict)),
                ('platform_words', models.TextField(blank=True, verbose_name="the platform's own words")),
                ('state', models.CharField(choices=[('OPEN', 'Open'), ('SNOOZED', 'Snoozed'), ('CLOSED', 'Closed')], default='OPEN', max_length=8)),
                ('team', models.CharField(choices=[('OPS', 'Operations'), ('ECOMMERCE', 'Ecommerce'), ('FINANCE', 'Finance'), ('ADMIN', 'Administrators')], max_length=20)),
                ('opened_at', models.DateTimeField(default=connectors.ports.now)),
                ('last_seen_at', models.DateTimeField(default=connectors.ports.now)),
                ('snoozed_until', models.DateTimeField(blank=True, null=True)),
                ('wake_at_count', models.PositiveIntegerField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('closed_by', models.CharField(blank=True, max_length=150)),
                ('close_reason', models.CharField(blank=True, max_length=500)),
                ('regression', models.BooleanField(default=False, verbose_name='came back')),
                ('team_since', models.DateTimeField(default=connectors.ports.now)),
                ('target_at', models.DateTimeField(blank=True, null=True, verbose_name='to be decided by')),
                ('placed_by_hand', models.BooleanField(default=False)),
                ('reroute_above', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                ('waiting_count', models.PositiveIntegerField(default=0, verbose_name='waiting')),
                ('waiting_value', models.DecimalField(decimal_places=6, default=0, max_digits=20, verbose_name='value')),
                ('oldest_at', models.DateTimeField(blank=True, null=True, verbose_name='oldest')),
                ('next_deadline_at', models.DateTimeField(blank=True, null=True, verbose_name='deadline')),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='connectors.brand')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='cases', to=settings.AUTH_USER_MODEL)),
                ('previous', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='exceptions_app.exceptioncase')),
                ('target', models.ForeignKey(blank=True, help_text='The connection that refuses, or that the missing code belongs to.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='connectors.connection')),
            ],
            options={
                'verbose_name': 'case',
                'indexes': [models.Index(models.OrderBy(models.F('next_deadline_at'), nulls_last=True), models.OrderBy(models.F('waiting_value'), descending=True), models.F('id'), condition=models.Q(('state', 'CLOSED'), _negated=True), name='case_queue'), models.Index(condition=models.Q(('state', 'SNOOZED')), fields=['snoozed_until'], name='case_snoozed'), models.Index(condition=models.Q(('state', 'CLOSED')), fields=['-closed_at', '-id'], name='case_closed'), models.Index(fields=['brand', 'cause', 'object_key', '-id'], name='case_history_by_object'), models.Index(condition=models.Q(('mapping_kind', ''), _negated=True), fields=['brand', 'mapping_kind', 'code', '-id'], name='case_history_by_code')],
                'constraints': [models.UniqueConstraint(condition=models.Q(models.Q(('state', 'CLOSED'), _negated=True), models.Q(('mapping_kind', ''), _negated=True)), fields=('brand', 'mapping_kind', 'target', 'code'), name='case_open_once_per_code', nulls_distinct=False), models.UniqueConstraint(condition=models.Q(models.Q(('state', 'CLOSED'), _negated=True), ('mapping_kind', '')), fields=('brand', 'cause', 'object_key'), name='case_open_once_per_object'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'CLOSED'), _negated=True), models.Q(('closed_at__isnull', False), models.Q(('closed_by', ''), _negated=True), models.Q(('close_reason', ''), _negated=True)), _connector='OR'), name='case_closed_by_someone_for_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'SNOOZED'), _negated=True), ('snoozed_until__isnull', False), _connector='OR'), name='case_snooze_ends'), models.CheckConstraint(condition=models.Q(models.Q(('regression', True), _negated=True), ('previous__isnull', False), _connector='OR'), name='case_regression_of_one')],
            },
        ),
        migrations.CreateModel(
            name='RoutingRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=10, help_text='The lowest comes first; the first that fits decides.')),
                ('cause', models.CharField(blank=True, max_length=60)),
                ('mapping_kind', models.CharField(blank=True, max_length=32, verbose_name='kind of mapping')),
                ('value_over', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True, verbose_name='value over')),
                ('team', models.CharField(choices=[('OPS', 'Operations'), ('ECOMMERCE', 'Ecommerce'), ('FINANCE', 'Finance'), ('ADMIN', 'Administrators')], max_length=20)),
                ('active', models.BooleanField(default=True)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='routing_rules', to='connectors.brand')),
                ('channel', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='routing_rules', to='connectors.connection')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='routing_rules', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['brand__name', 'position', 'pk'],
                'indexes': [models.Index(condition=models.Q(('active', True)), fields=['brand', 'position', 'id'], name='routing_in_order')],
                'constraints': [models.CheckConstraint(condition=models.Q(('value_over', None), ('value_over__gte', 0), _connector='OR'), name='routing_value_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('query', models.CharField(max_length=500)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='case_views', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='case_view_once_per_name')],
            },
        ),
        migrations.CreateModel(
            name='TeamTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team', models.CharField(choices=[('OPS', 'Operations'), ('ECOMMERCE', 'Ecommerce'), ('FINANCE', 'Finance'), ('ADMIN', 'Administrators')], max_length=20)),
                ('hours', models.PositiveSmallIntegerField(verbose_name='working hours')),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='team_targets', to='connectors.brand')),
            ],
            options={
                'ordering': ['brand__name', 'team'],
                'constraints': [models.UniqueConstraint(fields=('brand', 'team'), name='team_target_once'), models.CheckConstraint(condition=models.Q(('hours__gte', 1)), name='team_target_at_least_an_hour')],
            },
        ),
        migrations.CreateModel(
            name='CaseRunItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('work_id', models.BigIntegerField(null=True)),
                ('state', models.CharField(choices=[('TO_DO', 'Not begun'), ('GIVEN', 'Given to the hub'), ('DONE', 'Done'), ('REFUSED', 'Refused'), ('LEFT', 'Left as it was')], default='TO_DO', max_length=8)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('was', models.CharField(blank=True, max_length=10)),
                ('was_reason', models.CharField(blank=True, max_length=500)),
                ('fence', models.PositiveBigIntegerField(null=True)),
                ('wanted', models.PositiveIntegerField(null=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='exceptions_app.caserun')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exceptions_app.exceptioncase')),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['run', 'state', 'id'], name='case_run_item_by_state')],
                'constraints': [models.UniqueConstraint(fields=('run', 'case', 'work_id'), name='case_run_item_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='CaseLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('platform_words', models.TextField(blank=True, verbose_name="the platform's own words")),
                ('first_seen_at', models.DateTimeField(default=connectors.ports.now)),
                ('last_seen_at', models.DateTimeField(default=connectors.ports.now)),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='case_links', to='connectors.link')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='case_links', to='exceptions_app.exceptioncase')),
            ],
            options={
                'verbose_name': 'channel of a case',
                'verbose_name_plural': 'channels of a case',
                'ordering': ['first_seen_at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('case', 'link'), name='case_link_once')],
            },
        ),
        migrations.CreateModel(
            name='CaseEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=connectors.ports.now)),
                ('actor', models.CharField(max_length=150)),
                ('kind', models.CharField(choices=[('OPENED', 'Opened'), ('RETURNED', 'Came back'), ('SPREAD', 'Seen in another channel'), ('ASSIGNED', 'Assigned'), ('HANDED_OVER', 'Handed over'), ('COMMENTED', 'Comment'), ('SNOOZED', 'Snoozed'), ('WOKEN', 'Snooze ended'), ('RETRIED', 'Retry asked for'), ('CLOSED', 'Closed'), ('REOPENED', 'Reopened'), ('CHOSEN', 'Chosen which one stays')], max_length=12)),
                ('text', models.TextField(blank=True)),
                ('data', models.JSONField(blank=True, default=dict)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='exceptions_app.exceptioncase')),
            ],
            options={
                'verbose_name': 'event of a case',
                'verbose_name_plural': 'events of a case',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['case', 'id'], name='case_event_story')],
            },
        ),
    ]
