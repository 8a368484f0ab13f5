import connectors.ports
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('catalogue', '0001_initial')]

    initial = True

    dependencies = [
        ('connectors', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceTerms',
            fields=[
                ('link', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='price_terms', serialize=False, to='connectors.link')),
                ('currency', models.CharField(blank=True, help_text="Of the channel's offers. Empty: as the channel shows them.", max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$', 'Three capital letters, such as GBP.')])),
                ('change_percent', models.PositiveSmallIntegerField(default=30, help_text='More than that many prices changing at once are stopped ...', verbose_name='changes, % of prices')),
                ('move_percent', models.PositiveSmallIntegerField(default=20, help_text='... where they change by more than this.', verbose_name='by more than, %')),
                ('fall_percent', models.PositiveSmallIntegerField(default=50, help_text='A price that would fall by more than this is stopped by itself.', validators=[django.core.validators.MaxValueValidator(100)], verbose_name='falls by, %')),
                ('least', models.PositiveIntegerField(default=20, help_text='Fewer changes than that pass, unless one falls too far.', verbose_name='at least, prices')),
                ('seen_currency', models.CharField(blank=True, editable=False, max_length=3)),
                ('price_list', models.CharField(blank=True, editable=False, max_length=255)),
                ('list_currency', models.CharField(blank=True, editable=False, max_length=3)),
                ('live', models.PositiveIntegerField(default=0, editable=False)),
                ('live_counted_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'verbose_name': 'price terms',
                'verbose_name_plural': 'price terms',
            },
        ),
        migrations.CreateModel(
            name='PriceDelivery',
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
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='price_deliveries', to='connectors.connection')),
            ],
            options={
                'verbose_name_plural': 'price deliveries',
                'indexes': [models.Index(fields=['connection', '-id'], name='price_delivery_latest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['SENDING', 'FOLLOWED'])), fields=('connection',), name='price_delivery_one_on_its_way')],
            },
        ),
        migrations.CreateModel(
            name='PriceHold',
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
                ('moved', models.PositiveIntegerField()),
                ('fallen', models.PositiveIntegerField()),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='price_holds', to='connectors.link')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'OPEN')), fields=('link',), name='price_hold_one_open'), models.CheckConstraint(condition=models.Q(('state__in', ['OPEN', 'ENDED']), models.Q(models.Q(('decided_by', ''), _negated=True), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='price_hold_decided_for_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='PriceReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('price_list', models.CharField(max_length=255)),
                ('sku', models.CharField(max_length=255)),
                ('amount', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('as_of', models.DateTimeField()),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'price_list', 'sku'), name='price_read_once')],
            },
        ),
        migrations.CreateModel(
            name='KnownPriceList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=255)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'code'), name='price_list_known_once')],
            },
        ),
        migrations.CreateModel(
            name='ListingPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel_sku', models.CharField(max_length=255, verbose_name='their SKU')),
                ('sku', models.CharField(max_length=255, verbose_name='our SKU')),
                ('title', models.CharField(blank=True, max_length=255)),
                ('retired', models.BooleanField(default=False)),
                ('price_list', models.CharField(blank=True, max_length=255)),
                ('listed', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('listed_currency', models.CharField(blank=True, max_length=3)),
                ('as_of', models.DateTimeField(null=True)),
                ('wanted', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('wanted_at', models.DateTimeField(null=True)),
                ('dirty', models.BooleanField(default=True)),
                ('released', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('turned_down', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('superseded', models.PositiveIntegerField(default=0)),
                ('state', models.CharField(choices=[('UNREAD', 'Not read yet'), ('PENDING', 'Waiting to be sent'), ('SENT', 'Sent'), ('ACKNOWLEDGED', 'Acknowledged'), ('REFUSED', 'Refused by the channel'), ('SKIPPED', 'Skipped')], default='UNREAD', max_length=12)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('sent', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('sent_currency', models.CharField(blank=True, max_length=3)),
                ('sent_at', models.DateTimeField(null=True)),
                ('acknowledged', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('shown', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('shown_currency', models.CharField(blank=True, max_length=3)),
                ('shown_at', models.DateTimeField(null=True)),
                ('drifted_at', models.DateTimeField(null=True)),
                ('healed', models.PositiveSmallIntegerField(default=0)),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='connectors.link')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
                ('delivery', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='prices', to='catalogue.pricedelivery')),
            ],
            options={
                'verbose_name': 'price in a channel',
                'verbose_name_plural': 'prices in channels',
                'indexes': [models.Index(condition=models.Q(('dirty', True)), fields=['channel', 'id'], name='listing_price_dirty'), models.Index(condition=models.Q(('state', 'PENDING')), fields=['channel', 'id'], name='listing_price_pending'), models.Index(condition=models.Q(('state', 'REFUSED')), fields=['channel', 'reason'], name='listing_price_refused'), models.Index(condition=models.Q(('drifted_at__isnull', False)), fields=['channel', 'id'], name='listing_price_drifted'), models.Index(condition=models.Q(('state', 'SENT')), fields=['delivery'], name='listing_price_on_its_way'), models.Index(fields=['owner', 'sku'], name='listing_price_by_sku'), models.Index(fields=['channel', 'channel_sku'], name='listing_price_by_their_sku'), models.Index(fields=['link', 'state', 'id'], name='listing_price_by_state')],
                'constraints': [models.UniqueConstraint(fields=('link', 'channel_sku'), name='listing_price_once'), models.CheckConstraint(condition=models.Q(models.Q(('wanted__isnull', True), ('wanted__gt', 0), _connector='OR'), models.Q(('sent__isnull', True), ('sent__gt', 0), _connector='OR')), name='listing_price_above_zero'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'PENDING'), _negated=True), ('wanted__isnull', False), _connector='OR'), name='listing_price_pending_has_a_price')],
            },
        ),
        migrations.CreateModel(
            name='PriceHoldLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.DecimalField(decimal_places=6, max_digits=20)),
                ('hold', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='catalogue.pricehold')),
                ('price', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalogue.listingprice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('hold', 'price'), name='price_hold_line_once')],
            },
        ),
    ]
