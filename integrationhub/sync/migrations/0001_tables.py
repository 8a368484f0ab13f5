import connectors.fields
import connectors.ports
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('sync', '0001_initial')]

    initial = True

    dependencies = [
        ('auth', '__first__'),
        ('connectors', '0001_tables'),
        ('exceptions_app', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Beat',
            fields=[
                ('name', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('detail', models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='CallBody',
            fields=[
                ('call_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('request', models.BinaryField()),
                ('response', models.BinaryField()),
            ],
            options={
                'db_table': 'sync_callbody',
            },
        ),
        migrations.CreateModel(
            name='CountUnderWay',
            fields=[
                ('link', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='count_under_way', serialize=False, to='connectors.link')),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('next_token', models.TextField()),
                ('marks', models.JSONField(default=list)),
                ('began_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='InboxBody',
            fields=[
                ('record_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('body', models.BinaryField()),
            ],
            options={
                'db_table': 'sync_inboxbody',
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('external_id', models.CharField(max_length=120)),
                ('digest', models.CharField(max_length=64)),
                ('version', models.PositiveIntegerField(default=1)),
                ('updated_at', models.DateTimeField(null=True)),
                ('corrected', models.BooleanField(db_default=False)),
                ('erased_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='documents', to='connectors.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'kind', 'external_id'), name='document_once_per_connection')],
            },
        ),
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('cursor_at', models.DateTimeField(null=True)),
                ('reading_until', models.DateTimeField(null=True)),
                ('next_token', models.TextField(blank=True)),
                ('last_read_at', models.DateTimeField(null=True)),
                ('last_success_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='feeds', to='connectors.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'name'), name='feed_once_per_connection')],
            },
        ),
        migrations.CreateModel(
            name='HourCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('hour', models.DateTimeField()),
                ('count', models.PositiveIntegerField(default=0)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('name', 'connection', 'hour'), name='hour_count_once')],
            },
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('flow', models.CharField(max_length=40)),
                ('mode', models.CharField(choices=[('LIVE', 'Live'), ('SHADOW', 'Shadow: does everything but send'), ('HELD', 'Held')], default='LIVE', max_length=8)),
                ('mode_reason', models.CharField(blank=True, max_length=300)),
                ('paused_reason', models.CharField(blank=True, max_length=300)),
                ('cadence_seconds', models.PositiveIntegerField(help_text='Empty: runs when something happens, not by the clock.', null=True)),
                ('next_due_at', models.DateTimeField(null=True)),
                ('last_success_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='schedules', to='connectors.connection')),
                ('link', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='schedules', to='connectors.link')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_due_at__isnull', False)), fields=['next_due_at'], name='schedule_due')],
                'constraints': [models.UniqueConstraint(fields=('flow', 'connection', 'link'), name='schedule_once_per_flow_and_link', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='Switch',
            fields=[
                ('id', models.BooleanField(default=True, primary_key=True, serialize=False)),
                ('calls_allowed', models.BooleanField(default=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('changed_at', models.DateTimeField(default=connectors.ports.now)),
                ('changed_by', models.CharField(blank=True, max_length=150)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', True)), name='switch_is_one_row')],
            },
        ),
        migrations.CreateModel(
            name='SyncAttempt',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('job_id', models.BigIntegerField()),
                ('fence', models.PositiveBigIntegerField()),
                ('owner', models.CharField(max_length=80)),
                ('started_at', models.DateTimeField(default=connectors.ports.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('result', models.CharField(choices=[('STARTED', 'Started'), ('DONE', 'Done'), ('SKIPPED', 'Nothing to do'), ('LATER', 'Put off'), ('TRANSIENT', 'Failed for the moment'), ('UNKNOWN', 'Outcome unknown'), ('BLOCKED', 'Waiting for a person'), ('REFUSED', 'Refused'), ('ERRORED', 'Stopped by a fault in the hub'), ('OVERTAKEN', 'Lost its lease')], default='STARTED', max_length=10)),
                ('message', models.CharField(blank=True, max_length=500)),
                ('mapping_versions', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('traceback', models.TextField(blank=True)),
            ],
            options={
                'db_table': 'sync_attempt',
                'indexes': [models.Index(fields=['job_id', 'id'], name='attempt_by_job')],
            },
        ),
        migrations.CreateModel(
            name='SyncCall',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('attempt_id', models.BigIntegerField(null=True)),
                ('job_id', models.BigIntegerField(null=True)),
                ('operation', models.CharField(max_length=60)),
                ('write', models.BooleanField()),
                ('method', models.CharField(max_length=8)),
                ('url', models.CharField(max_length=500)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('started_at', models.DateTimeField()),
                ('seconds', models.FloatField()),
                ('error', models.CharField(blank=True, max_length=300)),
                ('costs', models.JSONField(default=dict)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connectors.connection')),
            ],
            options={
                'db_table': 'sync_call',
                'indexes': [models.Index(fields=['job_id', 'id'], name='call_by_job'), models.Index(fields=['connection', 'started_at'], name='call_by_connection')],
            },
        ),
        migrations.CreateModel(
            name='WriteIntent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('operation', models.CharField(max_length=40)),
                ('reference', models.CharField(max_length=160)),
                ('state', models.CharField(choices=[('SENDING', 'Being sent'), ('SENT', 'Sent, to be finished'), ('DONE', 'Done'), ('NOT_SENT', 'Not sent'), ('UNKNOWN', 'Outcome unknown'), ('REFUSED', 'Refused')], default='SENDING', max_length=8)),
                ('token', models.CharField(max_length=32)),
                ('job_id', models.BigIntegerField()),
                ('sent_at', models.DateTimeField()),
                ('tries', models.PositiveIntegerField(default=1)),
                ('sent_twice', models.BooleanField(default=False)),
                ('external_id', models.CharField(blank=True, max_length=120)),
                ('settled_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='intents', to='connectors.connection')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['SENDING', 'UNKNOWN'])), fields=['sent_at'], name='intent_unsettled')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'operation', 'reference'), name='intent_once_per_effect')],
            },
        ),
        migrations.CreateModel(
            name='DayCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('source_count', models.PositiveIntegerField()),
                ('source_value', models.DecimalField(decimal_places=6, max_digits=20)),
                ('hub_count', models.PositiveIntegerField()),
                ('hub_value', models.DecimalField(decimal_places=6, max_digits=20)),
                ('target_count', models.PositiveIntegerField()),
                ('target_value', models.DecimalField(decimal_places=6, max_digits=20)),
                ('missing_count', models.PositiveIntegerField(default=0)),
                ('missing', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, size=None)),
                ('waiting_count', models.PositiveIntegerField(default=0)),
                ('waiting', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, size=None)),
                ('differing', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, size=None)),
                ('as_of', models.DateTimeField()),
                ('counted_at', models.DateTimeField()),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='day_counts', to='connectors.link')),
            ],
            options={
                'indexes': [models.Index(fields=['day'], name='day_count_by_day')],
                'constraints': [models.UniqueConstraint(fields=('link', 'day', 'currency'), name='day_counted_once')],
            },
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record_id', models.BigIntegerField()),
                ('job_id', models.BigIntegerField()),
                ('token', models.CharField(max_length=40, unique=True)),
                ('changes', connectors.fields.EncryptedJSONField(null=True)),
                ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), default=list, size=None)),
                ('money', models.BooleanField()),
                ('reason', models.CharField(max_length=500)),
                ('state', models.CharField(choices=[('PROPOSED', 'Waits for a second person'), ('APPROVED', 'Counts'), ('REJECTED', 'Turned down'), ('WITHDRAWN', 'Taken back'), ('LAPSED', 'Lapsed: the platform sent something else')], default='PROPOSED', max_length=10)),
                ('lapsed_fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), default=list, size=None)),
                ('proposed_at', models.DateTimeField(default=connectors.ports.now)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decision_reason', models.CharField(blank=True, max_length=500)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='connectors.brand')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='corrections', to='sync.document')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['document', 'id'], name='correction_by_document'), models.Index(condition=models.Q(('state', 'PROPOSED')), fields=['brand', 'id'], name='correction_waiting')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'PROPOSED')), fields=('document',), name='correction_waits_once_per_document'), models.CheckConstraint(condition=models.Q(('money', False), models.Q(('state__in', ['APPROVED', 'LAPSED']), _negated=True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='correction_money_takes_two_people'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by__isnull', True), ('state', 'PROPOSED')), models.Q(models.Q(('state', 'PROPOSED'), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='correction_decided_by_someone'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='correction_has_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='InboxRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(null=True)),
                ('kind', models.CharField(max_length=20)),
                ('external_id', models.CharField(max_length=120)),
                ('origin', models.CharField(choices=[('POLL', 'Read by the hub'), ('EVENT', 'Queue of changes'), ('WEBHOOK', 'Webhook'), ('BACKFILL', 'Back-fill'), ('EDIT', 'Corrected by a person')], max_length=10)),
                ('state', models.CharField(choices=[('STORED', 'Stored'), ('TAKEN', 'Taken up'), ('IGNORED', 'Nothing to do'), ('UNREADABLE', 'Cannot be read')], default='STORED', max_length=10)),
                ('state_reason', models.CharField(blank=True, max_length=300)),
                ('delivery_key', models.CharField(max_length=128, null=True)),
                ('received_at', models.DateTimeField(default=connectors.ports.now)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='inbox', to='connectors.connection')),
                ('document', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='sync.document')),
            ],
            options={
                'indexes': [models.Index(fields=['connection', 'kind', 'external_id', '-id'], name='inbox_by_object'), models.Index(condition=models.Q(('state', 'STORED')), fields=['id'], name='inbox_not_taken')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('delivery_key__isnull', False)), fields=('connection', 'delivery_key'), name='inbox_delivery_once')],
            },
        ),
        migrations.CreateModel(
            name='FlowHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('finished', models.PositiveIntegerField(default=0)),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hours', to='sync.schedule')),
            ],
            options={
                'indexes': [models.Index(fields=['hour'], name='flow_hour_by_time')],
                'constraints': [models.UniqueConstraint(fields=('schedule', 'hour'), name='flow_hour_once')],
            },
        ),
        migrations.CreateModel(
            name='SyncJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('flow', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=120)),
                ('serial_key', models.CharField(max_length=160)),
                ('lane', models.PositiveSmallIntegerField(choices=[(10, 'Acceptance'), (20, 'Orders'), (30, 'Dispatch'), (40, 'Refunds'), (50, 'Stock'), (60, 'Catalogue'), (70, 'Finance'), (80, 'Bulk')])),
                ('state', models.CharField(choices=[('QUEUED', 'Queued'), ('RUNNING', 'Running'), ('RETRYING', 'Will try again'), ('UNKNOWN', 'Outcome unknown, looking it up'), ('BLOCKED', 'Waiting for a person'), ('FAILED', 'Refused'), ('ERRORED', 'Stopped by a fault in the hub'), ('DONE', 'Done'), ('SKIPPED', 'Nothing to do')], default='QUEUED', max_length=10)),
                ('due_at', models.DateTimeField(default=connectors.ports.now)),
                ('wanted', models.PositiveIntegerField(default=1)),
                ('argument', models.JSONField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('lease_owner', models.CharField(blank=True, max_length=80)),
                ('fence', models.PositiveBigIntegerField(default=0)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('kills', models.PositiveSmallIntegerField(default=0)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('occurred_at', models.DateTimeField(null=True)),
                ('deadline_at', models.DateTimeField(null=True)),
                ('value', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('value_currency', models.CharField(blank=True, max_length=3)),
                ('value_reporting', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('created_at', models.DateTimeField(default=connectors.ports.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='connectors.brand')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='connectors.connection')),
                ('link', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='connectors.link')),
                ('record', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='sync.inboxrecord')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='sync.schedule')),
            ],
            options={
                'indexes': [models.Index(models.F('connection'), models.F('lane'), models.F('due_at'), models.F('id'), condition=models.Q(('state__in', ['QUEUED', 'RETRYING', 'UNKNOWN'])), name='job_claimable'), models.Index(condition=models.Q(('state', 'RUNNING')), fields=['lease_until'], name='job_leased'), models.Index(fields=['flow', 'key', '-id'], name='job_by_key'), models.Index(fields=['serial_key', '-id'], name='job_by_serial_key'), models.Index(condition=models.Q(('state__in', ['DONE', 'SKIPPED']), _negated=True), fields=['schedule', 'state'], name='job_open_by_schedule'), models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['finished_at'], name='job_finished')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['DONE', 'SKIPPED']), _negated=True), fields=('schedule', 'key'), name='job_open_once_per_key'), models.UniqueConstraint(condition=models.Q(('state', 'RUNNING')), fields=('serial_key',), name='job_running_once_per_serial_key'), models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state', 'RUNNING')), models.Q(('state', 'RUNNING'), _negated=True), _connector='OR'), name='job_running_has_lease')],
            },
        ),
        migrations.CreateModel(
            name='Blocker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(default=connectors.ports.now)),
                ('released_at', models.DateTimeField(null=True)),
                ('released_by', models.CharField(blank=True, max_length=150)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='blockers', to='exceptions_app.exceptioncase')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='blockers', to='sync.syncjob')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('released_at__isnull', True)), fields=['case'], name='blocker_open_by_case')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('released_at__isnull', True)), fields=('job', 'case'), name='blocker_once')],
            },
        ),
    ]
