import connectors.fields
import connectors.models
import connectors.ports
import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('connectors', '0001_initial')]

    initial = True

    dependencies = [
        ('auth', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Brand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(unique=True, verbose_name='short name')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('timezone', models.CharField(default='Europe/London', max_length=64, validators=[connectors.models.validate_timezone], verbose_name='time zone')),
                ('reporting_currency', models.CharField(default='GBP', help_text='Values at risk are shown in this currency.', max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$', 'Three capital letters, such as GBP.')], verbose_name='reporting currency')),
                ('working_days', models.CharField(default='12345', max_length=7, validators=[django.core.validators.RegexValidator('^1?2?3?4?5?6?7?$', 'Digits 1 (Monday) to 7 (Sunday), in order.')], verbose_name='working days')),
                ('working_from', models.TimeField(default='09:00', verbose_name='working day starts')),
                ('working_until', models.TimeField(default='17:30', verbose_name='working day ends')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.BooleanField(default=True, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(default=0)),
                ('seal', models.CharField(blank=True, max_length=64)),
                ('sealed_at', models.DateTimeField(null=True)),
                ('checked_position', models.BigIntegerField(default=0)),
                ('checked_seal', models.CharField(blank=True, max_length=64)),
                ('checked_at', models.DateTimeField(null=True)),
                ('broken', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', True)), name='audit_head_is_one_row')],
            },
        ),
        migrations.CreateModel(
            name='ConsoleSession',
            fields=[
                ('session_key', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='session key')),
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('address', models.CharField(blank=True, max_length=45)),
                ('browser', models.CharField(blank=True, max_length=200)),
                ('started_at', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='console_sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'session',
                'verbose_name_plural': 'sessions',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('platform', models.CharField(max_length=20, verbose_name='platform')),
                ('name', models.CharField(help_text='What people call it: “Northgate”.', max_length=80, verbose_name='name')),
                ('base_url', models.CharField(max_length=300, verbose_name='address')),
                ('credentials', connectors.fields.EncryptedJSONField(default=dict)),
                ('settings', models.JSONField(blank=True, default=dict, verbose_name='settings')),
                ('timezone', models.CharField(default='UTC', max_length=64, validators=[connectors.models.validate_timezone], verbose_name='time zone of its naive times')),
                ('state', models.CharField(choices=[('ACTIVE', 'Active'), ('REFUSED', 'Needs attention'), ('SWITCHED_OFF', 'Switched off')], default='ACTIVE', max_length=16)),
                ('state_reason', models.CharField(blank=True, max_length=300)),
                ('state_changed_at', models.DateTimeField(default=connectors.ports.now)),
                ('webhook_path', models.CharField(default=connectors.ports.new_id, editable=False, max_length=64, unique=True)),
                ('credentials_expire_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=connectors.ports.now, editable=False)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='connections', to='connectors.brand')),
            ],
            options={
                'ordering': ['brand__name', 'name'],
                'constraints': [models.UniqueConstraint(fields=('brand', 'name'), name='connection_name_per_brand')],
            },
        ),
        migrations.CreateModel(
            name='ConversionRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('rate_date', models.DateField(verbose_name='date')),
                ('rate', models.DecimalField(decimal_places=10, max_digits=20)),
                ('source', models.CharField(max_length=60)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conversion_rates', to='connectors.brand')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('brand', 'currency', 'rate_date'), name='conversion_rate_once_a_day'), models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='conversion_rate_positive')],
            },
        ),
        migrations.CreateModel(
            name='HistoricalConnection',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('platform', models.CharField(max_length=20, verbose_name='platform')),
                ('name', models.CharField(help_text='What people call it: “Northgate”.', max_length=80, verbose_name='name')),
                ('base_url', models.CharField(max_length=300, verbose_name='address')),
                ('settings', models.JSONField(blank=True, default=dict, verbose_name='settings')),
                ('timezone', models.CharField(default='UTC', max_length=64, validators=[connectors.models.validate_timezone], verbose_name='time zone of its naive times')),
                ('state', models.CharField(choices=[('ACTIVE', 'Active'), ('REFUSED', 'Needs attention'), ('SWITCHED_OFF', 'Switched off')], default='ACTIVE', max_length=16)),
                ('state_reason', models.CharField(blank=True, max_length=300)),
                ('state_changed_at', models.DateTimeField(default=connectors.ports.now)),
                ('webhook_path', models.CharField(db_index=True, default=connectors.ports.new_id, editable=False, max_length=64)),
                ('credentials_expire_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=connectors.ports.now, editable=False)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('brand', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connectors.brand')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical connection',
                'verbose_name_plural': 'historical connections',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='RoleGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('VIEWER', 'Viewer'), ('OPS', 'Operations'), ('ECOMMERCE', 'Ecommerce'), ('FINANCE', 'Finance'), ('FINANCE_APPROVER', 'Finance approver'), ('ADMIN', 'Administrator'), ('AUDITOR', 'Auditor')], max_length=20)),
                ('granted_at', models.DateTimeField(default=connectors.ports.now, editable=False)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='role_grants', to='connectors.brand')),
                ('granted_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='role_grants', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'brand', 'role'), name='role_granted_once')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=connectors.ports.now)),
                ('actor', models.CharField(max_length=150)),
                ('action', models.CharField(max_length=60)),
                ('subject_kind', models.CharField(max_length=40)),
                ('subject_id', models.CharField(max_length=80)),
                ('subject', models.CharField(max_length=200)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('position', models.BigIntegerField(editable=False, null=True)),
                ('seal', models.CharField(blank=True, db_default='', editable=False, max_length=64)),
                ('sealed_at', models.DateTimeField(editable=False, null=True)),
                ('brand', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='connectors.brand')),
            ],
            options={
                'verbose_name_plural': 'audit trail',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['subject_kind', 'subject_id', '-id'], name='audit_subject'), models.Index(fields=['-at', '-id'], name='audit_by_time'), models.Index(fields=['actor', '-at', '-id'], name='audit_by_actor'), models.Index(fields=['subject_kind', '-at', '-id'], name='audit_by_kind'), models.Index(condition=models.Q(('position__isnull', True)), fields=['id'], name='audit_unsealed')],
                'constraints': [models.UniqueConstraint(fields=('position',), name='audit_position_once'), models.CheckConstraint(condition=models.Q(models.Q(('position', None), ('seal', ''), ('sealed_at', None)), models.Q(('position__gte', 1), ('sealed_at__isnull', False), models.Q(('seal', ''), _negated=True)), _connector='OR'), name='audit_sealed_whole_or_not')],
            },
        ),
        migrations.CreateModel(
            name='HistoricalLink',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('acceptance_policy', models.CharField(choices=[('CREATE_FIRST', 'Create the order first, then accept'), ('RESERVE_FIRST', 'Reserve the stock, accept, create when the address is known')], default='RESERVE_FIRST', max_length=16)),
                ('acceptance_window_hours', models.PositiveIntegerField(default=24, help_text='After this the marketplace refuses an order by itself.', verbose_name='acceptance window, hours')),
                ('dispatch_confirmed_within_hours', models.PositiveIntegerField(default=4, verbose_name='dispatch shown at the marketplace within, hours')),
                ('fallback_email', models.EmailField(default='orders@marketplace.invalid', max_length=254, verbose_name='customer e-mail when the marketplace gives none')),
                ('tax_difference', models.CharField(choices=[('WARN', 'Tell me, let the order go on'), ('HOLD', 'Hold the order')], default='WARN', max_length=8, verbose_name='when the tax differs')),
                ('reference_prefix', models.CharField(blank=True, help_text='Only where two marketplaces number orders alike: keeps them apart in the target.', max_length=12, verbose_name='prefix of order references')),
                ('cancellation_reason', models.CharField(blank=True, help_text="One of the marketplace's own codes: for an order that is not paid yet and was cancelled by us.", max_length=60, verbose_name='reason code for a cancellation')),
                ('refund_reason', models.CharField(blank=True, help_text="One of the marketplace's own codes: for an order that is paid and was cancelled by us.", max_length=60, verbose_name='reason code for a refund before dispatch')),
                ('order_number_from', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='agreed order numbers from')),
                ('order_number_until', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='agreed order numbers until')),
                ('started_at', models.DateTimeField(default=connectors.ports.now, help_text='Older orders come in only by a back-fill.', verbose_name='starts with orders changed after')),
                ('active', models.BooleanField(default=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('brand', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connectors.brand')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('source', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connectors.connection', verbose_name='sold at')),
                ('target', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connectors.connection', verbose_name='fulfilled in')),
            ],
            options={
                'verbose_name': 'historical link',
                'verbose_name_plural': 'historical links',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('acceptance_policy', models.CharField(choices=[('CREATE_FIRST', 'Create the order first, then accept'), ('RESERVE_FIRST', 'Reserve the stock, accept, create when the address is known')], default='RESERVE_FIRST', max_length=16)),
                ('acceptance_window_hours', models.PositiveIntegerField(default=24, help_text='After this the marketplace refuses an order by itself.', verbose_name='acceptance window, hours')),
                ('dispatch_confirmed_within_hours', models.PositiveIntegerField(default=4, verbose_name='dispatch shown at the marketplace within, hours')),
                ('fallback_email', models.EmailField(default='orders@marketplace.invalid', max_length=254, verbose_name='customer e-mail when the marketplace gives none')),
                ('tax_difference', models.CharField(choices=[('WARN', 'Tell me, let the order go on'), ('HOLD', 'Hold the order')], default='WARN', max_length=8, verbose_name='when the tax differs')),
                ('reference_prefix', models.CharField(blank=True, help_text='Only where two marketplaces number orders alike: keeps them apart in the target.', max_length=12, verbose_name='prefix of order references')),
                ('cancellation_reason', models.CharField(blank=True, help_text="One of the marketplace's own codes: for an order that is not paid yet and was cancelled by us.", max_length=60, verbose_name='reason code for a cancellation')),
                ('refund_reason', models.CharField(blank=True, help_text="One of the marketplace's own codes: for an order that is paid and was cancelled by us.", max_length=60, verbose_name='reason code for a refund before dispatch')),
                ('order_number_from', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='agreed order numbers from')),
                ('order_number_until', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='agreed order numbers until')),
                ('started_at', models.DateTimeField(default=connectors.ports.now, help_text='Older orders come in only by a back-fill.', verbose_name='starts with orders changed after')),
                ('active', models.BooleanField(default=True)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='connectors.brand')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links_as_source', to='connectors.connection', verbose_name='sold at')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links_as_target', to='connectors.connection', verbose_name='fulfilled in')),
            ],
            options={
                'ordering': ['source__name'],
                'constraints': [models.UniqueConstraint(fields=('source', 'target'), name='link_once_per_pair'), models.CheckConstraint(condition=models.Q(('source', models.F('target')), _negated=True), name='link_joins_two_connections'), models.CheckConstraint(condition=models.Q(('acceptance_window_hours__gte', 1)), name='link_window_at_least_an_hour')],
            },
        ),
    ]
