import connectors.fields
import connectors.ports
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('orders', '0001_initial'), ('orders', '0002_indexes'), ('orders', '0003_decisions'), ('orders', '0004_stock_moved')]

    initial = True

    dependencies = [
        ('connectors', '0001_tables'),
        ('mappings_app', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='SoldOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=80)),
                ('target_reference', models.CharField(max_length=100)),
                ('commercial_reference', models.CharField(blank=True, max_length=80)),
                ('state', models.CharField(choices=[('STAGING', 'Being checked by the marketplace'), ('AWAITING_ACCEPTANCE', 'Waiting to be accepted'), ('AWAITING_PAYMENT', "Waiting for the customer's payment"), ('READY_TO_SHIP', 'Ready to ship'), ('SHIPPED', 'Shipped'), ('RECEIVED', 'Received'), ('CLOSED', 'Closed'), ('REFUSED', 'Refused'), ('CANCELLED', 'Cancelled'), ('UNKNOWN', 'In a state the hub does not know')], max_length=20)),
                ('source_state', models.CharField(max_length=60)),
                ('channel', models.CharField(blank=True, max_length=60)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('customer_initials', models.CharField(blank=True, max_length=8)),
                ('currency', models.CharField(max_length=3)),
                ('total', models.DecimalField(decimal_places=6, max_digits=20)),
                ('shipping', models.DecimalField(decimal_places=6, max_digits=20)),
                ('tax', models.DecimalField(decimal_places=6, max_digits=20)),
                ('value_reporting', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('placed_at', models.DateTimeField()),
                ('source_updated_at', models.DateTimeField()),
                ('ship_by', models.DateTimeField(null=True)),
                ('accept_by', models.DateTimeField(null=True)),
                ('accept_sent_at', models.DateTimeField(null=True)),
                ('accepted_at', models.DateTimeField(null=True)),
                ('refused_by_us_at', models.DateTimeField(null=True)),
                ('record_id', models.BigIntegerField(null=True)),
                ('target_external_id', models.CharField(blank=True, max_length=60)),
                ('target_state', models.CharField(blank=True, choices=[('', 'Not there yet'), ('PENDING', 'Created, not confirmed'), ('CONFIRMED', 'Confirmed'), ('PROCESSING', 'Being shipped'), ('SHIPPED', 'Shipped'), ('CANCELLED', 'Cancelled'), ('UNKNOWN', 'In a state the hub does not know')], max_length=12)),
                ('target_total', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('target_tax', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('created_units', models.PositiveIntegerField(null=True)),
                ('tax_differs', models.BooleanField(default=False)),
                ('target_on_hold', models.BooleanField(default=False)),
                ('target_created_at', models.DateTimeField(null=True)),
                ('target_confirmed_at', models.DateTimeField(null=True)),
                ('target_seen_at', models.DateTimeField(null=True)),
                ('target_shipping', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('target_lines', models.JSONField(null=True)),
                ('first_seen_at', models.DateTimeField(default=connectors.ports.now)),
                ('held_at', models.DateTimeField(null=True)),
                ('held_by', models.CharField(blank=True, db_default='', max_length=150)),
                ('hold_reason', models.CharField(blank=True, db_default='', max_length=300)),
                ('cancel_wanted_at', models.DateTimeField(null=True)),
                ('cancel_wanted_by', models.CharField(blank=True, db_default='', max_length=150)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='connectors.brand')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='connectors.link')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders_to_fulfil', to='connectors.connection')),
            ],
            options={
                'indexes': [models.Index(fields=['reference'], name='order_by_reference', opclasses=['varchar_pattern_ops']), models.Index(fields=['commercial_reference'], name='order_by_basket', opclasses=['varchar_pattern_ops']), models.Index(fields=['target', 'target_external_id'], name='order_by_target_id'), models.Index(fields=['brand', 'state', '-placed_at'], name='order_by_state'), models.Index(condition=models.Q(('state', 'AWAITING_ACCEPTANCE')), fields=['accept_by'], name='order_to_accept'), models.Index(fields=['-placed_at', '-id'], name='order_by_time')],
                'constraints': [models.UniqueConstraint(fields=('link', 'reference'), name='order_once_per_link'), models.UniqueConstraint(fields=('target', 'target_reference'), name='order_once_per_target')],
            },
        ),
        migrations.CreateModel(
            name='OrderPerson',
            fields=[
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='person', serialize=False, to='orders.soldorder')),
                ('data', connectors.fields.EncryptedJSONField(null=True)),
                ('erased_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SoldDispatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('dispatch_id', models.CharField(max_length=60)),
                ('number', models.CharField(blank=True, max_length=60)),
                ('carrier', models.CharField(blank=True, max_length=120)),
                ('service', models.CharField(blank=True, max_length=120)),
                ('carrier_code', models.CharField(blank=True, max_length=120)),
                ('tracking_number', models.CharField(blank=True, max_length=120)),
                ('packed', models.JSONField(default=dict)),
                ('lines', models.JSONField(default=list)),
                ('dispatched_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('SEEN', 'Left the warehouse'), ('SENT', 'Sent to the marketplace'), ('SHOWN', 'Shown by the marketplace')], default='SEEN', max_length=8)),
                ('external_id', models.CharField(blank=True, max_length=80)),
                ('sent_at', models.DateTimeField(null=True)),
                ('shown_at', models.DateTimeField(null=True)),
                ('carrier_version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mappings_app.mappingversion')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dispatches', to='orders.soldorder')),
            ],
            options={
                'indexes': [models.Index(fields=['tracking_number'], name='dispatch_by_tracking', opclasses=['varchar_pattern_ops'])],
                'constraints': [models.UniqueConstraint(fields=('order', 'dispatch_id'), name='dispatch_once_per_order')],
            },
        ),
        migrations.CreateModel(
            name='SoldLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line_id', models.CharField(max_length=100)),
                ('sku', models.CharField(max_length=100)),
                ('target_sku', models.CharField(blank=True, max_length=100)),
                ('title', models.CharField(blank=True, max_length=250)),
                ('quantity', models.PositiveIntegerField()),
                ('unit_price', models.DecimalField(decimal_places=6, max_digits=20)),
                ('line_total', models.DecimalField(decimal_places=6, max_digits=20)),
                ('tax', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                ('cancelled', models.BooleanField(default=False)),
                ('mapping_version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mappings_app.mappingversion')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='orders.soldorder')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['sku'], name='line_by_sku', opclasses=['varchar_pattern_ops'])],
                'constraints': [models.UniqueConstraint(fields=('order', 'line_id'), name='line_once_per_order')],
            },
        ),
    ]
