import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connectors', '0002_rules'),
        ('mappings_app', '0005_tax_mappings'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='importplan',
            name='import_applied_is_a_change',
        ),
        migrations.AddField(
            model_name='importplan',
            name='read_up_to',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='importplan',
            name='rows_expected',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='importplan',
            name='repeats_up_to',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='importplan',
            name='openings',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='importplan',
            name='undo_change',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AlterField(
            model_name='importplan',
            name='state',
            field=models.CharField(choices=[('READING', 'Being read'), ('REFUSED', 'Could not be read'), ('READY', 'To be confirmed'), ('APPLYING', 'Being saved'), ('APPLIED', 'Applied'), ('UNDOING', 'Being undone'), ('UNDONE', 'Undone'), ('DROPPED', 'Dropped')], default='READY', max_length=8),
        ),
        migrations.AddConstraint(
            model_name='importplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('change', ''), ('state__in', ['READING', 'REFUSED', 'READY', 'DROPPED'])), models.Q(('change__gt', ''), ('state__in', ['APPLYING', 'APPLIED', 'UNDOING', 'UNDONE'])), _connector='OR'), name='import_applied_is_a_change'),
        ),
        migrations.CreateModel(
            name='ImportFile',
            fields=[
                ('plan', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='file', serialize=False, to='mappings_app.importplan')),
                ('content', models.BinaryField()),
            ],
        ),
    ]
