from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('triage', '0007_drafts'),
    ]

    operations = [
        migrations.AddField(
            model_name='triagesession',
            name='room',
            field=models.CharField(blank=True, choices=[('', 'no waiting room'), ('room', 'a waiting room'), ('room-prints', 'a waiting room with a printer')], db_default='', editable=False, max_length=11),
        ),
    ]
