from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("triage", "0019_waiting_among_many")]

    operations = [
        migrations.AlterModelOptions(
            "triagesession",
            options={
                "ordering": ["-turn", "waits_since", "id"],
                "permissions": [
                    ("export_triagesession", "Can export submissions"),
                    ("export_reviews", "Can export reviews"),
                    ("overview_triagesession", "Can see the overview"),
                    ("rights_triagesession", "Can disclose and erase a patient’s submission"),
                ],
                "verbose_name": "submission",
            },
        ),
        migrations.AddField("purge", "before", models.DateTimeField(null=True)),
        migrations.AddField("purgedrecord", "submitted_on", models.DateField(null=True)),
    ]
