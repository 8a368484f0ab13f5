from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_tellings_and_fewer_indexes")]

    operations = [
        migrations.AddField(
            model_name="stockreading",
            name="told_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="driftscan",
            name="token",
            field=models.TextField(blank=True),
        ),
    ]
