import connectors.ports
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('mappings_app', '0001_initial')]

    initial = True

    dependencies = [
        ('connectors', '0001_tables'),
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(
        ),
        django.contrib.postgres.operations.TrigramExtension(
        ),
        migrations.CreateModel(
            name='ImportPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32)),
                ('origin', models.CharField(choices=[('FILE', 'A file'), ('SUGGESTIONS', 'Certain suggestions')], default='FILE', max_length=12)),
                ('file_name', models.CharField(max_length=200)),
                ('file_hash', models.CharField(blank=True, max_length=64)),
                ('notices', models.JSONField(default=list)),
                ('counts', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('READY', 'To be confirmed'), ('APPLIED', 'Applied'), ('UNDONE', 'Undone'), ('DROPPED', 'Dropped')], default='READY', max_length=8)),
                ('made_at', models.DateTimeField(default=connectors.ports.now, verbose_name='read')),
                ('made_by', models.CharField(max_length=150)),
                ('planned_at', models.DateTimeField(default=connectors.ports.now)),
                ('change', models.CharField(blank=True, max_length=32)),
                ('applied_at', models.DateTimeField(null=True)),
                ('applied_by', models.CharField(blank=True, max_length=150)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('undone_at', models.DateTimeField(null=True)),
                ('undone_by', models.CharField(blank=True, max_length=150)),
                ('undo_reason', models.CharField(blank=True, max_length=500)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mapping_imports', to='connectors.brand')),
            ],
            options={
                'verbose_name': 'import of mappings',
                'verbose_name_plural': 'imports of mappings',
                'indexes': [models.Index(fields=['brand', '-id'], name='import_latest'), models.Index(condition=models.Q(('change', ''), _negated=True), fields=['change'], name='import_change')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('change', ''), ('state__in', ['READY', 'DROPPED'])), models.Q(('change__gt', ''), ('state__in', ['APPLIED', 'UNDONE'])), _connector='OR'), name='import_applied_is_a_change')],
            },
        ),
        migrations.CreateModel(
            name='KnownCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32)),
                ('code', models.CharField(max_length=255)),
                ('normal_code', models.CharField(max_length=255)),
                ('label', models.CharField(blank=True, max_length=255)),
                ('gtin', models.CharField(blank=True, max_length=14)),
                ('active', models.BooleanField(default=True)),
                ('seen_at', models.DateTimeField()),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='known_codes', to='connectors.connection')),
            ],
            options={
                'indexes': [models.Index(fields=['connection', 'kind', 'normal_code'], name='known_code_normal'), models.Index(condition=models.Q(('gtin', ''), _negated=True), fields=['connection', 'kind', 'gtin'], name='known_code_gtin'), django.contrib.postgres.indexes.GinIndex(fields=['normal_code'], name='known_code_like', opclasses=['gin_trgm_ops']), django.contrib.postgres.indexes.GinIndex(fields=['label'], name='known_label_like', opclasses=['gin_trgm_ops'])],
                'constraints': [models.UniqueConstraint(fields=('connection', 'kind', 'code'), name='known_code_once')],
            },
        ),
        migrations.CreateModel(
            name='MappingVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32)),
                ('from_code', models.CharField(blank=True, max_length=255)),
                ('to_code', models.CharField(blank=True, max_length=255)),
                ('from_label', models.CharField(blank=True, max_length=255)),
                ('to_label', models.CharField(blank=True, max_length=255)),
                ('attributes', models.JSONField(blank=True, default=dict)),
                ('retired', models.BooleanField(default=False)),
                ('valid_from', models.DateTimeField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateTimeField(blank=True, null=True, verbose_name='valid until')),
                ('recorded_at', models.DateTimeField(default=connectors.ports.now, verbose_name='changed')),
                ('recorded_by', models.CharField(max_length=150, verbose_name='changed by')),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('change', models.CharField(max_length=32)),
                ('superseded_at', models.DateTimeField(blank=True, null=True)),
                ('superseded_in', models.CharField(blank=True, max_length=32)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mapping_versions', to='connectors.brand')),
                ('link', models.ForeignKey(blank=True, help_text='Empty: for every link of the brand that has no mapping of its own.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mapping_versions', to='connectors.link')),
            ],
            options={
                'verbose_name': 'mapping',
                'indexes': [models.Index(condition=models.Q(('superseded_at__isnull', True)), fields=['brand', 'kind', 'from_code', 'link'], name='mapping_from_current'), models.Index(condition=models.Q(('superseded_at__isnull', True)), fields=['brand', 'kind', 'to_code'], name='mapping_to_current'), models.Index(fields=['brand', 'kind', 'from_code', '-id'], name='mapping_history'), models.Index(fields=['change'], name='mapping_change'), models.Index(condition=models.Q(('superseded_at__isnull', True), _negated=True), fields=['superseded_in'], name='mapping_superseded_in')],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('superseded_at__isnull', True)), expressions=[('kind', '='), ('brand', '='), (django.db.models.functions.comparison.Coalesce('link_id', models.Value(0, output_field=models.BigIntegerField())), '='), ('from_code', '='), (models.Func(models.F('valid_from'), models.F('valid_to'), models.Value('[)'), function='TSTZRANGE', output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField()), '&&')], name='mapping_one_current_meaning'), models.CheckConstraint(condition=models.Q(('valid_from__isnull', True), ('valid_to__isnull', True), ('valid_from__lt', models.F('valid_to')), _connector='OR'), name='mapping_time_runs_forward'), models.CheckConstraint(condition=models.Q(models.Q(('retired', True), ('to_code', '')), models.Q(('retired', False), models.Q(('to_code', ''), _negated=True)), _connector='OR'), name='mapping_has_target_unless_retired'), models.CheckConstraint(condition=models.Q(models.Q(('superseded_at__isnull', True), ('superseded_in', '')), models.Q(('superseded_at__isnull', False), models.Q(('superseded_in', ''), _negated=True)), _connector='OR'), name='mapping_superseded_by_a_change')],
            },
        ),
        migrations.CreateModel(
            name='SeenCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32)),
                ('code', models.CharField(blank=True, max_length=255)),
                ('label', models.CharField(blank=True, max_length=255)),
                ('gtin', models.CharField(blank=True, max_length=14)),
                ('first_seen_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('times', models.PositiveBigIntegerField(default=1)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='seen_codes', to='connectors.brand')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='seen_codes', to='connectors.link')),
            ],
            options={
                'indexes': [models.Index(fields=['brand', 'kind', '-last_seen_at'], name='seen_code_latest')],
                'constraints': [models.UniqueConstraint(fields=('link', 'kind', 'code'), name='seen_code_once')],
            },
        ),
        migrations.CreateModel(
            name='UseMark',
            fields=[
                ('id', models.BooleanField(default=True, primary_key=True, serialize=False)),
                ('attempt_id', models.BigIntegerField(default=0)),
                ('counted_at', models.DateTimeField(default=connectors.ports.now)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', True)), name='use_mark_is_one_row')],
            },
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('verdict', models.CharField(choices=[('NEW', 'new'), ('CHANGED', 'changed'), ('UNCHANGED', 'unchanged'), ('WRONG', 'wrong'), ('DUPLICATE', 'said twice'), ('CONFLICT', 'contradicts another row')], max_length=10)),
                ('why', models.TextField(blank=True)),
                ('from_code', models.TextField(blank=True)),
                ('to_code', models.TextField(blank=True)),
                ('from_label', models.CharField(blank=True, max_length=255)),
                ('to_label', models.CharField(blank=True, max_length=255)),
                ('attributes', models.JSONField(null=True)),
                ('valid_from', models.DateTimeField(null=True)),
                ('valid_to', models.DateTimeField(null=True)),
                ('retired', models.BooleanField(default=False)),
                ('old_code', models.CharField(blank=True, max_length=255)),
                ('standing', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('differs', models.BooleanField(default=False)),
                ('link', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='connectors.link')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='mappings_app.importplan')),
            ],
            options={
                'indexes': [models.Index(fields=['plan', 'verdict', 'number'], name='import_row_by_verdict')],
                'constraints': [models.UniqueConstraint(fields=('plan', 'number'), name='import_row_once')],
            },
        ),
        migrations.CreateModel(
            name='MappingUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record', models.CharField(max_length=160)),
                ('used_at', models.DateTimeField()),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='mappings_app.mappingversion')),
            ],
            options={
                'indexes': [models.Index(fields=['version', '-used_at'], name='mapping_use_latest'), models.Index(fields=['record'], name='mapping_use_by_record')],
                'constraints': [models.UniqueConstraint(fields=('version', 'record'), name='mapping_use_once_per_record')],
            },
        ),
        migrations.CreateModel(
            name='CarrierMapping',
            fields=[
            ],
            options={
                'verbose_name': 'carrier mapping',
                'verbose_name_plural': 'carrier mappings',
                'proxy': True,
            },
            bases=('mappings_app.mappingversion',),
        ),
        migrations.CreateModel(
            name='MarketMapping',
            fields=[
            ],
            options={
                'verbose_name': 'market mapping',
                'verbose_name_plural': 'market mappings',
                'proxy': True,
            },
            bases=('mappings_app.mappingversion',),
        ),
        migrations.CreateModel(
            name='PaymentMethodMapping',
            fields=[
            ],
            options={
                'verbose_name': 'payment method mapping',
                'verbose_name_plural': 'payment method mappings',
                'proxy': True,
            },
            bases=('mappings_app.mappingversion',),
        ),
        migrations.CreateModel(
            name='PriceListMapping',
            fields=[
            ],
            options={
                'verbose_name': 'price list mapping',
                'verbose_name_plural': 'price list mappings',
                'proxy': True,
            },
            bases=('mappings_app.mappingversion',),
        ),
        migrations.CreateModel(
            name='RefundReasonMapping',
            fields=[
            ],
            options={
                'verbose_name': 'refund reason mapping',
                'verbose_name_plural': 'refund reason mappings',
                'proxy': True,
            },
            bases=('mappings_app.mappingversion',),
        ),
        migrations.CreateModel(
            name='ShippingServiceMapping',
            fields=[
            ],
            options={
                'verbose_name': 'delivery method mapping',
                'verbose_name_plural': 'delivery method mappings',
                'proxy': True,
            },
            bases=('mappings_app.mappingversion',),
        ),
        migrations.CreateModel(
            name='SkuMapping',
            fields=[
            ],
            options={
                'verbose_name': 'SKU mapping',
                'verbose_name_plural': 'SKU mappings',
                'proxy': True,
            },
            bases=('mappings_app.mappingversion',),
        ),
    ]
