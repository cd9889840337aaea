from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("triage", "0019_waiting_among_many")]

    operations = [
        migrations.AddField("purge", "before", models.DateTimeField(null=True)),
        migrations.AddField("purgedrecord", "submitted_on", models.DateField(null=True)),
    ]
