import connectors.ports
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('inventory', '0001_initial'), ('inventory', '0002_differing_stock')]

    initial = True

    dependencies = [
        ('connectors', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='StockLimits',
            fields=[
                ('link', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='stock_limits', serialize=False, to='connectors.link')),
                ('zero_percent', models.PositiveSmallIntegerField(default=20, help_text='Of the SKUs for sale now: more than that many at 0 at once are stopped.', verbose_name='ends at 0, %')),
                ('move_percent', models.PositiveSmallIntegerField(default=60, help_text='Of the SKUs for sale now: more than that many changes at once are stopped.', verbose_name='changes, %')),
                ('least', models.PositiveIntegerField(default=20, help_text='Fewer changes than that always pass: a small shop moves in large shares.', verbose_name='at least, SKUs')),
                ('live', models.PositiveIntegerField(default=0, editable=False)),
                ('live_counted_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'verbose_name': 'stock limits',
                'verbose_name_plural': 'stock limits',
            },
        ),
        migrations.CreateModel(
            name='StockDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('SENDING', 'Being sent'), ('FOLLOWED', 'The channel works on it'), ('DONE', 'Done'), ('FAILED', 'Refused as a whole')], default='SENDING', max_length=10)),
                ('ticket', models.CharField(blank=True, max_length=80)),
                ('lines', models.PositiveIntegerField()),
                ('refused', models.PositiveIntegerField(default=0)),
                ('words', models.CharField(blank=True, max_length=500)),
                ('made_at', models.DateTimeField(default=connectors.ports.now)),
                ('sent_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stock_deliveries', to='connectors.connection')),
            ],
            options={
                'verbose_name_plural': 'stock deliveries',
                'indexes': [models.Index(fields=['connection', '-id'], name='stock_delivery_latest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['SENDING', 'FOLLOWED'])), fields=('connection',), name='stock_delivery_one_on_its_way')],
            },
        ),
        migrations.CreateModel(
            name='StockHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('OPEN', 'Waiting for a decision'), ('RELEASED', 'Released'), ('REFUSED', 'Refused'), ('ENDED', 'Ended by itself')], default='OPEN', max_length=10)),
                ('because', models.CharField(max_length=200)),
                ('sample', models.JSONField(default=list)),
                ('opened_at', models.DateTimeField(default=connectors.ports.now)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=150)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('live', models.PositiveIntegerField()),
                ('zeroed', models.PositiveIntegerField()),
                ('moved', models.PositiveIntegerField()),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stock_holds', to='connectors.link')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'OPEN')), fields=('link',), name='stock_hold_one_open'), models.CheckConstraint(condition=models.Q(('state__in', ['OPEN', 'ENDED']), models.Q(models.Q(('decided_by', ''), _negated=True), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='stock_hold_decided_for_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='StockReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sku', models.CharField(max_length=255)),
                ('available', models.IntegerField(null=True)),
                ('as_of', models.DateTimeField(null=True)),
                ('asked_at', models.DateTimeField(null=True)),
                ('missed_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('asked_at__isnull', False)), fields=['connection', 'asked_at'], name='stock_asked'), models.Index(fields=['connection', 'as_of'], name='stock_oldest_reading')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'sku'), name='stock_counted_once')],
            },
        ),
        migrations.CreateModel(
            name='StockRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(blank=True, help_text="The channel's category code. Empty: every one.", max_length=120)),
                ('sku', models.CharField(blank=True, help_text='Empty: every SKU.', max_length=255, verbose_name='our SKU')),
                ('buffer_units', models.PositiveIntegerField(default=0, verbose_name='buffer, units')),
                ('buffer_percent', models.DecimalField(decimal_places=2, default=0, help_text='Of what is free, rounded up. The larger of the two buffers counts.', max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='buffer, %')),
                ('floor', models.PositiveIntegerField(default=0, help_text='Fewer than so many are not shown at all.')),
                ('cap', models.PositiveIntegerField(blank=True, help_text='Never show more than so many.', null=True)),
                ('changed_at', models.DateTimeField(default=connectors.ports.now)),
                ('changed_by', models.CharField(max_length=150)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stock_rules', to='connectors.brand')),
                ('link', models.ForeignKey(blank=True, help_text='Empty: every channel.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='stock_rules', to='connectors.link')),
            ],
            options={
                'verbose_name': 'stock rule',
                'constraints': [models.UniqueConstraint(fields=('brand', 'link', 'category', 'sku'), name='stock_rule_once_per_scope', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('category', ''), ('sku', ''), _connector='OR'), name='stock_rule_category_or_sku'), models.CheckConstraint(condition=models.Q(('buffer_percent__gte', 0), ('buffer_percent__lte', 100)), name='stock_rule_percent')],
            },
        ),
        migrations.CreateModel(
            name='StockSwitch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('HOLD', 'Hold: send nothing'), ('ZERO', 'Zero: show nothing for sale'), ('LAST_GOOD', 'Last known good: keep what each channel took last')], max_length=10)),
                ('reason', models.CharField(max_length=500)),
                ('set_at', models.DateTimeField(default=connectors.ports.now)),
                ('set_by', models.CharField(max_length=150)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stock_switches', to='connectors.brand')),
                ('link', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='stock_switches', to='connectors.link')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('brand', 'link'), name='stock_switch_once_per_scope', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='DriftScan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('token', models.CharField(blank=True, max_length=200)),
                ('offers', models.PositiveIntegerField(default=0)),
                ('drifted', models.PositiveIntegerField(default=0)),
                ('explained', models.PositiveIntegerField(default=0)),
                ('healed', models.PositiveIntegerField(default=0)),
                ('left', models.PositiveIntegerField(default=0)),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drift_scans', to='connectors.connection')),
            ],
            options={
                'indexes': [models.Index(fields=['channel', '-id'], name='drift_scan_latest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('channel',), name='drift_scan_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=80)),
                ('sku', models.CharField(max_length=255)),
                ('quantity', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('HELD', 'Held'), ('COUNTED', 'Counted by the owner of stock'), ('RELEASED', 'Released')], default='HELD', max_length=10)),
                ('reason', models.CharField(blank=True, max_length=120)),
                ('held_at', models.DateTimeField(default=connectors.ports.now)),
                ('known_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.link')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'HELD')), fields=['connection', 'sku'], include=('quantity',), name='promised_held')],
                'constraints': [models.UniqueConstraint(fields=('link', 'reference', 'sku'), name='promised_once_per_sku')],
            },
        ),
        migrations.CreateModel(
            name='ChannelStock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel_sku', models.CharField(max_length=255, verbose_name='their SKU')),
                ('sku', models.CharField(max_length=255, verbose_name='our SKU')),
                ('title', models.CharField(blank=True, max_length=255)),
                ('category', models.CharField(blank=True, max_length=120)),
                ('retired', models.BooleanField(default=False)),
                ('available', models.IntegerField(null=True)),
                ('as_of', models.DateTimeField(null=True)),
                ('reserved', models.IntegerField(default=0)),
                ('buffer', models.IntegerField(default=0)),
                ('computed', models.IntegerField(null=True)),
                ('computed_at', models.DateTimeField(null=True)),
                ('dirty', models.BooleanField(default=True)),
                ('released', models.IntegerField(null=True)),
                ('superseded', models.PositiveIntegerField(default=0)),
                ('state', models.CharField(choices=[('UNREAD', 'Not read yet'), ('PENDING', 'Waiting to be sent'), ('SENT', 'Sent'), ('ACKNOWLEDGED', 'Acknowledged'), ('REFUSED', 'Refused by the channel'), ('SKIPPED', 'Skipped')], default='UNREAD', max_length=12)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('sent', models.IntegerField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('acknowledged', models.IntegerField(null=True)),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('shown', models.IntegerField(null=True)),
                ('shown_at', models.DateTimeField(null=True)),
                ('drifted_at', models.DateTimeField(null=True)),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stock', to='connectors.link')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
                ('delivery', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='stock', to='inventory.stockdelivery')),
            ],
            options={
                'verbose_name': 'stock in a channel',
                'verbose_name_plural': 'stock in channels',
                'indexes': [models.Index(condition=models.Q(('dirty', True)), fields=['channel', 'id'], name='channel_stock_dirty'), models.Index(condition=models.Q(('state', 'PENDING')), fields=['channel', 'id'], name='channel_stock_pending'), models.Index(condition=models.Q(('state', 'SENT')), fields=['delivery'], name='channel_stock_on_its_way'), models.Index(fields=['owner', 'sku'], name='channel_stock_by_sku'), models.Index(fields=['link', 'state', 'id'], name='channel_stock_by_state'), models.Index(fields=['channel', 'shown_at'], name='channel_stock_read_back'), models.Index(condition=models.Q(('drifted_at__isnull', False)), fields=['link', 'id'], name='channel_stock_differs'), models.Index(condition=models.Q(('shown__gt', models.F('computed')), ('acknowledged__gt', models.F('computed')), _connector='OR'), fields=['link', 'id'], name='channel_stock_oversold')],
                'constraints': [models.UniqueConstraint(fields=('link', 'channel_sku'), name='channel_stock_once'), models.CheckConstraint(condition=models.Q(('computed__isnull', True), ('computed__gte', 0), _connector='OR'), name='channel_stock_positive')],
            },
        ),
        migrations.CreateModel(
            name='StockHoldLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.IntegerField()),
                ('hold', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='inventory.stockhold')),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inventory.channelstock')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('hold', 'stock'), name='stock_hold_line_once')],
            },
        ),
    ]
