from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('mappings_app', '0004_kinds_of_listings'),
    ]

    operations = [
        migrations.CreateModel(
            name='TaxMapping',
            fields=[
            ],
            options={
                'verbose_name': 'tax mapping',
                'verbose_name_plural': 'tax mappings',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('mappings_app.mappingversion',),
        ),
    ]
