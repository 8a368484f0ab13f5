import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connectors', '0002_rules'),
        ('exceptions_app', '0003_escalation'),
    ]

    operations = [
        migrations.CreateModel(
            name='DigestDay',
            fields=[
                ('brand', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='connectors.brand')),
                ('day', models.DateField()),
            ],
        ),
    ]
