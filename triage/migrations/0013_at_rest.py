"""Staff's sessions are found by the hash of their key from now on: those from before open nothing, and go."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('otp_totp', '0003_add_timestamps'),
        ('sessions', '0001_initial'),
        ('triage', '0012_rows_of_the_worklist'),
    ]

    operations = [
        migrations.CreateModel(
            name='StaffDevice',
            fields=[
            ],
            options={
                'proxy': True,
                'default_permissions': (),
                'indexes': [],
                'constraints': [],
            },
            bases=('otp_totp.totpdevice',),
        ),
        migrations.RunSQL('DELETE FROM django_session', migrations.RunSQL.noop),
    ]
