from django.db import migrations, models


def forget(apps, schema_editor):
    """The longer places do not fit the column of before; they would be gone within the hour anyway."""
    apps.get_model("triage", "WrongCodes").objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('triage', '0002_worklist_by_several_filters'),
    ]

    operations = [
        migrations.AddField(
            model_name='wrongcodes',
            name='last_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='wrongcodes',
            name='place',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget),
    ]
